/* SPDX-License-Identifier: MIT */
#include "libtx/mask/selftest.h"
#include "mask-check.h"

/* What running the tests of a file says: NULL when all hold. */
static const char *told_of(const char *masking) {
    static char told[8192];
    const struct tx_masking *m = masking_of(masking);
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];
    struct tx_bytes errors = TX_BYTES_INIT;

    for (size_t i = 0; i < m->n_keys; i++)
        keys[i] = (struct tx_mask_key){m->keys[i].id, mask_key_bytes, sizeof(mask_key_bytes)};
    int r = tx_mask_run_tests(m, keys, m->n_keys, "t.yaml", &errors);
    ck_assert_msg(r == 0 || r == TX_MASK_E_TESTS, "%s: %s", masking, strerror(-r));
    ck_assert_int_eq(r != 0, errors.len > 0);
    ck_assert_uint_lt(errors.len, sizeof(told));
    memcpy(told, errors.len ? errors.data : (const uint8_t *)"", errors.len);
    told[errors.len] = '\0';
    tx_bytes_deinit(&errors);
    return r == 0 ? NULL : told;
}

START_TEST(tests_that_hold_are_silent) {
    static const char *const good[] = {
        "{}",
        "{tests: [{event: order.pay, in: {msg: \"card 4111 1111 1111 1111 ok\"}, "
        "out: {msg: \"card **** **** **** 1111 ok\"}}]}",
        "{tests: [{event: e, in: {cvv: \"123\", n: 17, f: 1.5, b: true, z: null, p: {a: [1, "
        "\"x\"]}}, "
        "out: {cvv: null, n: 17, f: 1.5, b: true, z: null, p: {a: [1, \"x\"]}}}]}",
        "{tests: [{event: e, in: {mail: \"a@b.example\"}, out_regex: {mail: "
        "\"email:k0:[a-z2-7]{26}\"}}]}",
        "{rules: [{id: d, match: {events: [debug], sender: {unit: [\"x.service\"], uid: [7]}}, "
        "action: "
        "drop_record}],"
        "tests: [{event: debug, sender: {unit: x.service, uid: 7}, in: {a: \"b\"}, dropped: true},"
        "{event: debug, sender: {unit: x.service, uid: 8}, in: {a: \"b\"}, out: {a: \"b\"}}]}",
        /* An exemption that is over does not make the file bad. */
        "{rules: [{id: a, match: {fields: [x]}, action: allow, reason: r, expires: 2020-01-01}],"
        "tests: [{event: e, in: {x: \"4111111111111111\"}, out: {x: \"4111111111111111\"}}]}",
        "{rules: [{id: e, match: {fields: [x]}, action: {encrypt: {subject: who}}}],"
        "tests: [{event: e, in: {who: \"u-1\", x: \"v\"}, out_regex: {x: \"txe1:.*\"}}]}",
    };
    for (size_t i = 0; i < TX_COUNT_OF(good); i++) {
        const char *told = told_of(good[i]);
        ck_assert_msg(!told, "%s\n%s", good[i], told);
    }
}
END_TEST

START_TEST(a_test_that_does_not_hold_is_told_with_what_came_out) {
    static const char *const bad[][2] = {
        {"{tests: [{event: order.pay, in: {msg: \"4111111111111111\"}, out: {msg: \"x\"}}]}",
         "t.yaml:2:19: a test does not hold: of the event 'order.pay', the field 'msg' was to be "
         "'x', "
         "and "
         "is '************1111'\n"},
        {"{tests: [{event: e, in: {n: 17}, out: {n: \"17\"}}]}", "'n' was to be '17', and is '17'"},
        {"{tests: [{event: e, in: {a: \"x\"}, out: {a: null}}]}",
         "'a' was to be left out, and is 'x'"},
        {"{tests: [{event: e, in: {cvv: \"x\"}, out: {cvv: \"x\"}}]}",
         "'cvv' was to be 'x', and is left out"},
        {"{tests: [{event: e, in: {a: \"x\"}, out_regex: {a: \"[0-9]\"}}]}",
         "'a' was to be as /[0-9]/ has it, and is 'x'"},
        {"{tests: [{event: e, in: {a: \"x\"}, dropped: true}]}",
         "the event 'e' was to be dropped, and is not"},
        {"{rules: [{id: d, match: {events: [e]}, action: drop_record}], tests: [{event: e, in: {a: "
         "\"x\"}, out: {a: \"x\"}}]}",
         "the event 'e' was not to be dropped, and is by 'drop:d'"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        const char *told = told_of(bad[i][0]);
        ck_assert_msg(told && strstr(told, bad[i][1]), "%s\n%s", bad[i][0],
                      told ? told : "(holds)");
    }
}
END_TEST

START_TEST(detectors_of_the_file_find_and_their_examples_must_hold) {
    static const char good[] =
        "{detectors: {acme: {literal: \"acme_\", regex: \"acme_[a-z]{4}[0-9]{4}\", examples: "
        "{true: "
        "[\"acme_abcd1234\"], false: [\"acme_12\"]}}},"
        "rules: [{id: a, match: {detect: [acme]}, action: {replace: \"[${detector}]\"}},"
        "{id: r, match: {fields: [code], regex: \"E[0-9]{6}\"}, action: redact}],"
        "allow: [{name: x, detector: acme, regex: \"acme_test.*\", reason: r}],"
        "tests: [{event: e, in: {m: \"x acme_abcd1234 y\", code: \"a E123456 b\", n: 1}, "
        "out: {m: \"x [acme] y\", code: \"a [redacted] b\"}},"
        "{event: e, in: {m: \"acme_test0001\"}, out: {m: \"acme_test0001\"}}]}";
    const char *told = told_of(good);
    ck_assert_msg(!told, "%s", told);
    told = told_of("{detectors: {acme: {regex: \"acme_[a-z]{4}\", examples: {true: [\"acme_1\"]}}},"
                   "rules: [{id: a, match: {detect: [acme]}, action: redact}]}");
    ck_assert_msg(
        told && strstr(told, "t.yaml:2:23: the detector 'acme' cannot be used: examples: true"),
        "%s", told ? told : "(holds)");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: a policy's own tests");
    TCase *tests = tcase_create("selftest");
    tcase_add_test(tests, tests_that_hold_are_silent);
    tcase_add_test(tests, a_test_that_does_not_hold_is_told_with_what_came_out);
    tcase_add_test(tests, detectors_of_the_file_find_and_their_examples_must_hold);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
