/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "libtx/segment/finding.h"

START_TEST(each_kind_has_a_name_of_its_own_and_exit_codes_follow_gravity) {
    static const int codes[] = {0, 5, 4, 6, 1};
    for (int i = 0; i < TX_FINDING_KINDS; i++) {
        ck_assert_ptr_nonnull(tx_finding_name((enum tx_finding_kind)i));
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(tx_finding_name((enum tx_finding_kind)i),
                             tx_finding_name((enum tx_finding_kind)j));
    }
    for (int class = TX_CLASS_NOTE; class <= TX_CLASS_TAMPERED; class ++)
        ck_assert_int_eq(tx_finding_exit_code((enum tx_finding_class) class), codes[class]);
}
END_TEST

START_TEST(what_is_past_the_limit_is_counted_and_its_gravity_kept) {
    struct tx_findings findings = {.items = NULL}, all = {.items = NULL};
    struct tx_finding finding = {.kind = TX_FINDING_UNSIGNED_TAIL, .class = TX_CLASS_INCOMPLETE};
    for (size_t i = 0; i < TX_FINDINGS_MAX; i++)
        ck_assert_ptr_nonnull(tx_findings_add(&findings, &finding));
    ck_assert_int_eq(tx_findings_gravest(&findings), TX_CLASS_INCOMPLETE);
    finding.class = TX_CLASS_TAMPERED;
    ck_assert_ptr_null(tx_findings_add(&findings, &finding));
    ck_assert_int_eq(tx_findings_gravest(&findings), TX_CLASS_TAMPERED);
    findings.items[0].withdrawn = true;
    tx_findings_move(&all, &findings);
    ck_assert_uint_eq(all.n, TX_FINDINGS_MAX - 1);
    ck_assert_uint_eq(all.n_more, 1);
    ck_assert_int_eq(tx_findings_gravest(&all), TX_CLASS_TAMPERED);
    ck_assert_uint_eq(findings.n, 0);
    tx_findings_deinit(&all);
}
END_TEST

START_TEST(a_withdrawn_finding_does_not_count) {
    struct tx_findings findings = {.items = NULL};
    struct tx_finding finding = {.kind = TX_FINDING_CHANGED, .class = TX_CLASS_TAMPERED};
    tx_findings_add(&findings, &finding)->withdrawn = true;
    ck_assert_int_eq(tx_findings_gravest(&findings), TX_CLASS_NOTE);
    tx_findings_deinit(&findings);
}
END_TEST

START_TEST(an_events_name_is_taken_from_hostile_lines_only_when_it_is_one) {
    static const struct {
        const char *line;
        const char *event;
    } cases[] = {
        {"{\"seq\":1,\"event\":\"payment.refund\",\"x\":1}", "payment.refund"},
        {"{\"seq\":1,\"event\":\"\",\"x\":1}", ""},
        {"{\"seq\":1,\"event\":\"abc", ""},
        {"{\"seq\":1,\"event\":\"\x1b[31m\"}", ""},
        {"", ""},
    };
    char event[TX_FINDING_EVENT_BYTES];
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        tx_finding_take_event((struct tx_text){cases[i].line, __builtin_strlen(cases[i].line)},
                              event);
        ck_assert_str_eq(event, cases[i].event);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-finding");
    TCase *tests = tcase_create("finding");
    tcase_add_test(tests, each_kind_has_a_name_of_its_own_and_exit_codes_follow_gravity);
    tcase_add_test(tests, what_is_past_the_limit_is_counted_and_its_gravity_kept);
    tcase_add_test(tests, a_withdrawn_finding_does_not_count);
    tcase_add_test(tests, an_events_name_is_taken_from_hostile_lines_only_when_it_is_one);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
