/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_ACTION_CHECK_H
#define TX_TEST_ACTION_CHECK_H

/* Applying one action to a text, for tests. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/mask/action/action.h"

#define KEY_A "key a of a test, thirty-two bytes"
#define KEY_B "key b of a test, thirty-two bytes"

static const uint8_t action_record[16] = {0x01, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x73, 0x45,
                                          0x87, 0x65, 0x43, 0x21, 0x0f, 0xed, 0xcb, 0xa9};
static const uint8_t action_policy[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static inline struct tx_text text_of(const char *text) {
    return (struct tx_text){text, strlen(text)};
}

/* With the keys "default" (epochs of 90 days) and "other" (none). */
static inline struct tx_action_tools *action_tools(void) {
    static char id_a[] = "default", id_b[] = "other";
    struct tx_masking_key keys[] = {
        {.id = id_a, .epoch_ns = INT64_C(90) * 86400 * 1000000000},
        {.id = id_b},
    };
    struct tx_masking_rule rules[] = {
        {.action = {.kind = TX_ACTION_PSEUDONYM, .pseudonym = {.key = id_a}}},
        {.action = {.kind = TX_ACTION_COMMIT, .commit = {.key = id_b}}},
    };
    const struct tx_masking masking = {.n_keys = 2, .keys = keys, .n_rules = 2, .rules = rules};
    const struct tx_mask_key bytes[] = {{"default", KEY_A, strlen(KEY_A)},
                                        {"other", KEY_B, strlen(KEY_B)}};
    struct tx_action_tools *tools;
    ck_assert_int_eq(tx_action_tools_new(&masking, bytes, 2, NULL, &tools), 0);
    return tools;
}

static inline struct tx_action_subject action_subject(const char *text) {
    return (struct tx_action_subject){.text = text_of(text),
                                      .detector = TX_DETECT_N,
                                      .detector_name = "value",
                                      .rule = "a-rule",
                                      .event = TX_TEXT("user.login"),
                                      .field = TX_TEXT("a"),
                                      .record_id = action_record,
                                      .policy = action_policy,
                                      .received = INT64_C(1767225600000000000),
                                      .n = 1};
}

/* What comes out, or NULL with what was returned in *ret_r. */
static inline const char *apply(const struct tx_masking_action *action,
                                const struct tx_action_subject *subject, int *ret_r) {
    static char text[4096];
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = action_tools();
    struct tx_buf b = tx_buf_of(text, sizeof(text) - 1);
    *ret_r = tx_action_apply(tools, action, subject, &b);
    ck_assert(*ret_r == 0 || b.len == 0);
    text[b.len] = '\0';
    return *ret_r == 0 ? text : NULL;
}

static inline void check_subject(const struct tx_masking_action *action,
                                 const struct tx_action_subject *subject, const char *out) {
    int r;
    const char *got = apply(action, subject, &r);
    ck_assert_msg(got && strcmp(got, out) == 0, "%.*s became %s, not %s", (int)subject->text.n,
                  subject->text.p, got ? got : "(nothing)", out);
    struct tx_action_subject again = *subject;
    char once[4096];
    snprintf(once, sizeof(once), "%s", got);
    again.text = text_of(once);
    got = apply(action, &again, &r);
    ck_assert_msg(got && strcmp(got, once) == 0, "%.*s is %s, and masked again %s",
                  (int)subject->text.n, subject->text.p, once, got ? got : "(nothing)");
}

/* `in` becomes `out`, and stays so. */
static inline void check_action(const struct tx_masking_action *action, const char *in,
                                const char *out) {
    const struct tx_action_subject subject = action_subject(in);
    check_subject(action, &subject, out);
}

static inline void check_shows(const struct tx_masking_action *action, const char *in) {
    const struct tx_action_subject subject = action_subject(in);
    int r;
    const char *got = apply(action, &subject, &r);
    ck_assert_msg(r == TX_ACTION_E_SHOWS, "%s became %s", in, got ? got : "an error");
}

static inline int run_suite(const char *name, const TTest *const *tests, size_t n) {
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
