/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

static char *rendered(const char *masking, struct tx_digest *ret_policy) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    _cleanup_(tx_mask_freep) struct tx_mask *mask = NULL;
    struct tx_bytes b = TX_BYTES_INIT;
    char text[4096];
    int n = snprintf(text, sizeof(text), "version: 1\nmasking: %s\n", masking);
    ck_assert_int_eq(tx_conf_parse("t", (struct tx_text){text, (size_t)n}, &errors, &conf), 0);
    ck_assert_int_eq(tx_mask_rules_render(&conf->masking, &b), 0);
    ck_assert_int_eq(tx_mask_new(&conf->masking, mask_key, sizeof(mask_key), &mask), 0);
    *ret_policy = *tx_mask_policy(mask);
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    struct tx_digest digest;
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    tx_hash(hasher, b.data, b.len, NULL, 0, NULL, 0, &digest);
    ck_assert_mem_eq(digest.bytes, ret_policy->bytes, TX_HASH_BYTES);
    ck_assert_int_eq(tx_bytes_append(&b, "", 1), 0);
    return (char *)b.data;
}

START_TEST(one_meaning_has_one_text_and_one_hash) {
    static const char *const same[][2] = {
        {"{}", "{preset: secure-default, rules: []}"},
        {"{rules: [{id: a, match: {fields: [x, y]}, action: drop}]}",
         "{rules: [{id: a, match: {fields: [y, x, y]}, action: drop}]}"},
        {"{rules: [{id: a, match: {fields: [\"A-b*\"]}, action: mask}]}",
         "{rules: [{id: a, match: {fields: [\"a.b**\"]}, action: {mask: {keep_last: 0}}}]}"},
        {"{rules: [{id: a, match: {labels: [pii, secret]}, action: drop}]}",
         "{rules: [{id: a, match: {labels: [secret, pii]}, action: drop}]}"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(same); i++) {
        struct tx_digest a, b;
        _cleanup_(tx_freep) char *one = rendered(same[i][0], &a), *other = rendered(same[i][1], &b);
        ck_assert_str_eq(one, other);
        ck_assert_mem_eq(a.bytes, b.bytes, TX_HASH_BYTES);
    }
}
END_TEST

START_TEST(what_masks_differently_has_another_hash) {
    static const char *const different[] = {
        "{}",
        "{preset: none}",
        "{rules: [{id: a, match: {fields: [x]}, action: drop}]}",
        "{rules: [{id: b, match: {fields: [x]}, action: drop}]}",
        "{rules: [{id: a, match: {fields: [y]}, action: drop}]}",
        "{rules: [{id: a, match: {events: [x]}, action: drop}]}",
        "{rules: [{id: a, match: {fields: [x]}, action: redact}]}",
        "{rules: [{id: a, match: {fields: [x]}, action: mask}]}",
        "{rules: [{id: a, match: {fields: [x]}, action: {mask: {keep_last: 1}}}]}",
        "{rules: [{id: a, match: {fields: [x]}, action: {mask: {keep_first: 1}}}]}",
        "{rules: [{id: a, match: {fields: [x], labels: [pii]}, action: drop}]}",
        "{rules: [{id: a, match: {fields: [x], detect: [credit_card]}, action: drop}]}",
        "{rules: [{id: a, match: {fields: [x, \"y\\\"]\"]}, action: drop}]}",
    };
    struct tx_digest hashes[TX_COUNT_OF(different)];
    for (size_t i = 0; i < TX_COUNT_OF(different); i++) {
        _cleanup_(tx_freep) char *text = rendered(different[i], &hashes[i]);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(memcmp(&hashes[i], &hashes[k], sizeof(hashes[i])) != 0, "%s and %s",
                          different[i], different[k]);
    }
}
END_TEST

START_TEST(the_text_says_the_rules_in_force) {
    struct tx_digest policy;
    _cleanup_(tx_freep) char *text = rendered(
        "{rules: [{id: mine, match: {events: [\"a.*\"], fields: [cardNumber], labels: [pii], "
        "detect: [credit_card]}, action: {mask: {keep_first: 6, keep_last: 4}}}]}",
        &policy);
    static const char *const parts[] = {"\"mine\"",         "\"a.*\"",       "\"credit_card\"",
                                        "\"pii\"",          "keep_first: 6", "\"builtin-card\"",
                                        "\"builtin-email\""};
    for (size_t i = 0; i < TX_COUNT_OF(parts); i++)
        ck_assert_msg(strstr(text, parts[i]), "%s", parts[i]);
    ck_assert(strstr(text, "\"mine\"") < strstr(text, "builtin-"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: the policy's text");
    TCase *tests = tcase_create("render");
    tcase_add_test(tests, one_meaning_has_one_text_and_one_hash);
    tcase_add_test(tests, what_masks_differently_has_another_hash);
    tcase_add_test(tests, the_text_says_the_rules_in_force);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
