/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/ingest/lost.h"

static const uint8_t a[8] = {1}, b[8] = {2};
static struct tx_lost lost;

static void set_up(void) {
    memset(&lost, 0, sizeof(lost));
}

static void assert_taken(const uint8_t client[8], uint64_t from, uint64_t first, uint64_t last) {
    struct tx_lost_range range;
    ck_assert(tx_lost_take(&lost, client, from, &range));
    ck_assert_uint_eq(range.first, first);
    ck_assert_uint_eq(range.last, last);
}

START_TEST(numbers_in_a_row_are_one_range) {
    struct tx_lost_range range;
    for (uint64_t n = 5; n <= 9; n++)
        ck_assert_uint_eq(tx_lost_add(&lost, a, n, n), 1);
    ck_assert_uint_eq(lost.n, 1);
    assert_taken(a, 0, 5, 9);
    ck_assert(!tx_lost_take(&lost, a, 0, &range));
}
END_TEST

START_TEST(what_was_not_dropped_in_between_is_not_declared) {
    tx_lost_add(&lost, a, 1, 1);
    tx_lost_add(&lost, b, 1, 3);
    tx_lost_add(&lost, a, 3, 4);
    ck_assert_uint_eq(lost.n, 3);
    assert_taken(a, 0, 1, 1);
    assert_taken(a, 0, 3, 4);
    assert_taken(b, 0, 1, 3);
    ck_assert_uint_eq(lost.n, 0);
}
END_TEST

START_TEST(what_is_dropped_again_is_not_counted_again) {
    ck_assert_uint_eq(tx_lost_add(&lost, a, 1, 4), 4);
    ck_assert_uint_eq(tx_lost_add(&lost, a, 2, 3), 0);
    ck_assert_uint_eq(tx_lost_add(&lost, a, 4, 6), 2);
    assert_taken(a, 0, 1, 6);
}
END_TEST

START_TEST(what_the_ledger_has_is_not_declared) {
    struct tx_lost_range range;
    tx_lost_add(&lost, a, 1, 3);
    tx_lost_add(&lost, a, 5, 9);
    assert_taken(a, 7, 7, 9);
    ck_assert_uint_eq(lost.n, 0);
    tx_lost_add(&lost, a, 1, 3);
    ck_assert(!tx_lost_take(&lost, a, 4, &range));
}
END_TEST

START_TEST(a_full_table_says_that_it_is_not_exact) {
    struct tx_lost_range range;
    for (uint64_t i = 0; i < TX_LOST_MAX; i++)
        tx_lost_add(&lost, a, 10 + 2 * i, 10 + 2 * i);
    ck_assert_uint_eq(lost.n, TX_LOST_MAX);
    tx_lost_add(&lost, a, 5000, 5001);
    ck_assert_uint_eq(lost.n, TX_LOST_MAX);
    ck_assert_uint_eq(lost.n_untold, 0);
    tx_lost_add(&lost, b, 7, 8);
    ck_assert_uint_eq(lost.n_untold, 2);
    bool stretched = false;
    while (tx_lost_take(&lost, a, 0, &range))
        stretched = range.is_stretched;
    ck_assert(stretched);
    ck_assert_uint_eq(range.last, 5001);
    ck_assert(!tx_lost_take(&lost, b, 0, &range));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ingest: what is dropped and to be declared");
    TCase *tests = tcase_create("lost");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, numbers_in_a_row_are_one_range);
    tcase_add_test(tests, what_was_not_dropped_in_between_is_not_declared);
    tcase_add_test(tests, what_is_dropped_again_is_not_counted_again);
    tcase_add_test(tests, what_the_ledger_has_is_not_declared);
    tcase_add_test(tests, a_full_table_says_that_it_is_not_exact);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
