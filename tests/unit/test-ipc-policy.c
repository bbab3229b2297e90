/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/policy.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t key_a[32] = {1, 2, 3}, key_b[64] = {4, 5, 6};

static struct tx_buf render(uint8_t *memory, size_t cap) {
    const struct tx_ipc_policy policy = {
        .has_sha256 = true,
        .sha256 = {7},
        .n_keys = 2,
        .keys = {{TX_TEXT("default"), key_a, sizeof(key_a)}, {TX_TEXT("pn"), key_b, sizeof(key_b)}},
        .text = TX_TEXT("version: 1\n")};
    struct tx_buf b = tx_buf_of(memory, cap);
    tx_ipc_policy_render(&policy, &b);
    return b;
}

static int parse(const void *p, size_t n, struct tx_ipc_policy *ret) {
    struct tx_cursor c = tx_cursor_of(p, n);
    return tx_ipc_policy_parse(&c, ret);
}

START_TEST(a_policy_comes_out_as_it_went_in) {
    uint8_t memory[512];
    struct tx_buf b = render(memory, sizeof(memory));
    struct tx_ipc_policy policy;

    ck_assert(!b.full);
    ck_assert_int_eq(parse(memory, b.len, &policy), 0);
    ck_assert(policy.has_sha256);
    ck_assert_uint_eq(policy.sha256[0], 7);
    ck_assert_uint_eq(policy.n_keys, 2);
    ck_assert(tx_text_equal(policy.keys[0].id, TX_TEXT("default")));
    ck_assert_mem_eq(policy.keys[0].bytes, key_a, sizeof(key_a));
    ck_assert_uint_eq(policy.keys[1].n, 64);
    ck_assert_mem_eq(policy.keys[1].bytes, key_b, sizeof(key_b));
    ck_assert(tx_text_equal(policy.text, TX_TEXT("version: 1\n")));
}
END_TEST

START_TEST(what_is_cut_or_has_more_is_refused) {
    uint8_t memory[512];
    struct tx_buf b = render(memory, sizeof(memory));
    struct tx_ipc_policy policy;

    for (size_t n = 0; n < b.len; n++)
        ck_assert_int_eq(parse(memory, n, &policy), -EBADMSG);
    ck_assert_int_eq(parse(memory, b.len + 1, &policy), -EBADMSG);
}
END_TEST

START_TEST(a_key_that_is_too_short_or_too_long_is_refused) {
    static const uint8_t bytes[65];
    struct tx_ipc_policy policy;
    uint8_t memory[512];

    for (size_t n = 31; n <= 65; n++) {
        const struct tx_ipc_policy one = {.n_keys = 1, .keys = {{TX_TEXT("k"), bytes, n}}};
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        tx_ipc_policy_render(&one, &b);
        ck_assert_int_eq(parse(memory, b.len, &policy), n >= 32 && n <= 64 ? 0 : -EBADMSG);
    }
}
END_TEST

/* Each bit of the frame; those of hash, keys' bytes and texts say something else, and that is all.
 */
START_TEST(no_flipped_bit_reads_beyond_the_end) {
    uint8_t memory[512];
    struct tx_buf b = render(memory, sizeof(memory));

    for (size_t bit = 0; bit < 8 * b.len; bit++) {
        _Alignas(8) uint8_t copy[512];
        struct tx_ipc_policy policy = {.n_keys = 0};
        memcpy(copy, memory, b.len);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (parse(copy, b.len, &policy) < 0)
            continue;
        for (size_t i = 0; i < policy.n_keys; i++)
            ck_assert(policy.keys[i].bytes + policy.keys[i].n <= copy + b.len);
        ck_assert_ptr_eq(policy.text.p + policy.text.n, (char *)copy + b.len);
        ck_assert(bit / 8 >= 4); /* the magic is checked */
    }
}
END_TEST

START_TEST(a_change_comes_out_as_it_went_in_or_not_at_all) {
    const struct tx_ipc_policy_change change = {.why = TX_TEXT("reload"),
                                                .rejected = TX_TEXT("weaker"),
                                                .place = TX_TEXT("f:1:2"),
                                                .n_weakened = 2,
                                                .weakened = {TX_TEXT("a"), TX_TEXT("bc")}};
    struct tx_ipc_policy_change again;
    char memory[TX_IPC_POLICY_CHANGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_ipc_policy_change_render(&change, &b);
    ck_assert_int_eq(tx_ipc_policy_change_parse((struct tx_text){memory, b.len}, &again), 0);
    ck_assert(tx_text_equal(again.rejected, TX_TEXT("weaker")));
    ck_assert(tx_text_equal(again.weakened[1], TX_TEXT("bc")));
    ck_assert(!again.allowed && !again.more);
    for (size_t n = 0; n < b.len; n++)
        ck_assert_int_eq(tx_ipc_policy_change_parse((struct tx_text){memory, n}, &again), -EBADMSG);
    ck_assert_int_eq(tx_ipc_policy_change_parse((struct tx_text){memory, b.len + 1}, &again),
                     -EBADMSG);
}
END_TEST

START_TEST(texts_that_do_not_fit_are_left_out_and_that_is_said) {
    static char text[TX_IPC_POLICY_WEAKENED_BYTES];
    struct tx_ipc_policy_change change = {.n_weakened = 2,
                                          .weakened = {{text, sizeof(text)}, {text, 1}}};
    char memory[TX_IPC_POLICY_CHANGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_ipc_policy_change_render(&change, &b);
    ck_assert_int_eq(tx_ipc_policy_change_parse((struct tx_text){memory, b.len}, &change), 0);
    ck_assert_uint_eq(change.n_weakened, 1);
    ck_assert(change.more);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ipc: policies");
    TCase *tcase = tcase_create("policy");
    tcase_add_test(tcase, a_policy_comes_out_as_it_went_in);
    tcase_add_test(tcase, what_is_cut_or_has_more_is_refused);
    tcase_add_test(tcase, a_key_that_is_too_short_or_too_long_is_refused);
    tcase_add_test(tcase, no_flipped_bit_reads_beyond_the_end);
    tcase_add_test(tcase, a_change_comes_out_as_it_went_in_or_not_at_all);
    tcase_add_test(tcase, texts_that_do_not_fit_are_left_out_and_that_is_said);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
