/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/ipc/vault.h"

static uint8_t memory[2 * TX_VAULT_MESSAGE_BYTES];

static struct tx_text rendered(const struct tx_vault_message *message) {
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vault_message_render(message, &b);
    ck_assert(!b.full);
    return (struct tx_text){(char *)memory, b.len};
}

START_TEST(each_message_is_read_as_it_was_written) {
    struct tx_vault_message got, get = {.type = TX_VAULT_GET, .number = 7, .person = {"ada", 3}};
    struct tx_vault_message key = {.type = TX_VAULT_KEY, .number = UINT32_MAX};
    struct tx_vault_message error = {.type = TX_VAULT_ERROR, .error = TX_VAULT_E_STORAGE};
    memset(key.ref, 'r', sizeof(key.ref));
    memset(key.key, 'k', sizeof(key.key));
    ck_assert_int_eq(tx_vault_message_parse(rendered(&get), &got), 0);
    ck_assert(got.type == TX_VAULT_GET && got.number == 7);
    ck_assert(tx_text_equal(got.person, TX_TEXT("ada")));
    ck_assert_int_eq(tx_vault_message_parse(rendered(&key), &got), 0);
    ck_assert(got.type == TX_VAULT_KEY && got.number == UINT32_MAX);
    ck_assert_mem_eq(got.ref, key.ref, sizeof(key.ref));
    ck_assert_mem_eq(got.key, key.key, sizeof(key.key));
    ck_assert_int_eq(tx_vault_message_parse(rendered(&error), &got), 0);
    ck_assert(got.type == TX_VAULT_ERROR && got.error == TX_VAULT_E_STORAGE);
}
END_TEST

START_TEST(what_is_too_short_too_long_or_unknown_is_refused) {
    struct tx_vault_message got, key = {.type = TX_VAULT_KEY};
    struct tx_vault_message error = {.type = TX_VAULT_ERROR, .error = TX_VAULT_E_PERSON};
    struct tx_text text = rendered(&key);
    memory[text.n] = 0;
    for (size_t n = 0; n <= text.n + 1; n++)
        ck_assert_int_eq(tx_vault_message_parse((struct tx_text){text.p, n}, &got),
                         n == text.n ? 0 : -EBADMSG);
    text = rendered(&error);
    for (unsigned byte = 0; byte < 256; byte++) {
        memory[text.n - 1] = (uint8_t)byte;
        ck_assert_int_eq(tx_vault_message_parse(text, &got), byte == 1 || byte == 2 ? 0 : -EBADMSG);
    }
    memory[0] = 2;
    ck_assert_int_eq(tx_vault_message_parse(text, &got), -EBADMSG);
}
END_TEST

START_TEST(an_erasure_and_a_revelation_are_read_as_they_were_written) {
    struct tx_vault_erasure erasure = {.time = INT64_MIN, .uid = 1, .pid = 2}, e;
    struct tx_vault_reveal reveal = {.seq = UINT64_MAX, .uid = 3, .pid = 4}, v;
    static char text[TX_VAULT_REASON_BYTES + 1];
    memset(text, 't', sizeof(text));
    memset(erasure.request, 'q', sizeof(erasure.request));
    memset(erasure.ref, 'r', sizeof(erasure.ref));
    erasure.reference = (struct tx_text){text, TX_VAULT_REFERENCE_BYTES};
    memset(reveal.request, 'q', sizeof(reveal.request));
    memset(reveal.record, 'i', sizeof(reveal.record));
    memset(reveal.policy, 'p', sizeof(reveal.policy));
    reveal.field = (struct tx_text){text, TX_LIMIT_NAME_BYTES};
    reveal.reason = (struct tx_text){text, TX_VAULT_REASON_BYTES};

    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vault_erasure_render(&erasure, &b);
    ck_assert_uint_eq(b.len, TX_VAULT_ERASURE_BYTES);
    struct tx_cursor c = tx_cursor_of(memory, b.len);
    ck_assert_int_eq(tx_vault_erasure_parse(&c, &e), 0);
    ck_assert(c.n == 0 && e.time == INT64_MIN && e.uid == 1 && e.pid == 2);
    ck_assert(tx_text_equal(e.reference, erasure.reference));
    for (size_t n = 0; n < b.len; n++) {
        c = tx_cursor_of(memory, n);
        ck_assert_int_eq(tx_vault_erasure_parse(&c, &e), -EBADMSG);
    }
    b.len = 0;
    tx_vault_reveal_render(&reveal, &b);
    ck_assert_uint_eq(b.len, TX_VAULT_REVEAL_BYTES);
    c = tx_cursor_of(memory, b.len);
    ck_assert_int_eq(tx_vault_reveal_parse(&c, &v), 0);
    ck_assert(c.n == 0 && v.seq == UINT64_MAX && v.uid == 3 && v.pid == 4);
    ck_assert(tx_text_equal(v.field, reveal.field) && tx_text_equal(v.reason, reveal.reason));
    for (size_t n = 0; n < b.len; n++) {
        c = tx_cursor_of(memory, n);
        ck_assert_int_eq(tx_vault_reveal_parse(&c, &v), -EBADMSG);
    }
}
END_TEST

START_TEST(texts_over_their_limits_are_refused) {
    static char text[TX_VAULT_REASON_BYTES + 1];
    struct tx_vault_erasure e = {.reference = {text, TX_VAULT_REFERENCE_BYTES + 1}};
    struct tx_vault_reveal v = {.reason = {text, TX_VAULT_REASON_BYTES + 1}};
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vault_erasure_render(&e, &b);
    struct tx_cursor c = tx_cursor_of(memory, b.len);
    ck_assert_int_eq(tx_vault_erasure_parse(&c, &e), -EBADMSG);
    b.len = 0;
    tx_vault_reveal_render(&v, &b);
    c = tx_cursor_of(memory, b.len);
    ck_assert_int_eq(tx_vault_reveal_parse(&c, &v), -EBADMSG);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ipc-vault");
    TCase *tests = tcase_create("vault");
    tcase_add_test(tests, each_message_is_read_as_it_was_written);
    tcase_add_test(tests, what_is_too_short_too_long_or_unknown_is_refused);
    tcase_add_test(tests, an_erasure_and_a_revelation_are_read_as_they_were_written);
    tcase_add_test(tests, texts_over_their_limits_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
