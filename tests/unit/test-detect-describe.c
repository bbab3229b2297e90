/* SPDX-License-Identifier: MIT */
#include "libtx/detect/describe.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_detector_says_what_it_finds_and_what_is_checked) {
    for (size_t d = 0; d < TX_DETECT_N; d++) {
        const struct tx_description *one = tx_detector_describe((enum tx_detector)d);
        ck_assert_msg(one->what && *one->what && one->check && *one->check, "%s",
                      tx_detector_infos[d].name);
        for (size_t other = 0; other < d; other++)
            ck_assert_msg(strcmp(one->what, tx_detector_describe((enum tx_detector)other)->what) !=
                              0,
                          "%s and %s are said to find the same", tx_detector_infos[d].name,
                          tx_detector_infos[other].name);
    }
}
END_TEST

START_TEST(whether_a_word_is_needed_follows_from_the_shapes) {
    ck_assert_int_eq(tx_detector_needs(TX_DETECT_EMAIL), TX_NEEDS_NO_WORD);
    ck_assert_int_eq(tx_detector_needs(TX_DETECT_CREDIT_CARD), TX_NEEDS_A_WORD_OR_FORM);
    ck_assert_int_eq(tx_detector_needs(TX_DETECT_US_SSN), TX_NEEDS_A_WORD_OR_FORM);
    ck_assert_int_eq(tx_detector_needs(TX_DETECT_PL_PESEL), TX_NEEDS_A_WORD);
    ck_assert_int_eq(tx_detector_needs(TX_DETECT_DATE_OF_BIRTH), TX_NEEDS_A_WORD);
    for (size_t d = 0; d < TX_DETECT_N; d++)
        if (!tx_detector_infos[d].context)
            ck_assert_int_eq(tx_detector_needs((enum tx_detector)d), TX_NEEDS_NO_WORD);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect: describe");
    TCase *tests = tcase_create("describe");
    tcase_add_test(tests, every_detector_says_what_it_finds_and_what_is_checked);
    tcase_add_test(tests, whether_a_word_is_needed_follows_from_the_shapes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
