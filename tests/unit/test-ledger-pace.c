/* SPDX-License-Identifier: MIT */
/* How much may be on its way to the disk while somebody waits. */
#include <check.h>
#include <stdlib.h>

#include "auditd/ledger/pace.h"

enum { US = 1000, MS = 1000 * US };

/* A disk with so much for a sync and for each byte; batches of both kinds. */
static struct tx_pace measure(int64_t sync_ns, int64_t byte_ns) {
    struct tx_pace pace = {0};
    for (int i = 0; i < 200; i++) {
        tx_pace_synced(&pace, 600, sync_ns + 600 * byte_ns);
        tx_pace_synced(&pace, 100000, sync_ns + 100000 * byte_ns);
    }
    return pace;
}

START_TEST(nothing_known_is_little) {
    struct tx_pace pace = {0};
    ck_assert_uint_eq(tx_pace_window(&pace), TX_PACE_LEAST);
    tx_pace_synced(&pace, 0, 100);
    tx_pace_synced(&pace, 100, 0);
    ck_assert_uint_eq(tx_pace_window(&pace), TX_PACE_LEAST);
}
END_TEST

START_TEST(it_takes_as_long_as_a_small_sync_does_a_quarter_to_half_a_millisecond) {
    struct tx_pace quick = measure(100 * US, 5), slow = measure(400 * US, 10);
    struct tx_pace slower = measure(8 * MS, 10);
    ck_assert_uint_ge(tx_pace_window(&quick), 250 * US / 5 * 9 / 10);
    ck_assert_uint_le(tx_pace_window(&quick), 250 * US / 5 * 11 / 10);
    ck_assert_uint_ge(tx_pace_window(&slow), 400 * US / 10 * 9 / 10);
    ck_assert_uint_le(tx_pace_window(&slow), 400 * US / 10 * 11 / 10);
    ck_assert_uint_ge(tx_pace_window(&slower), 500 * US / 10 * 9 / 10);
    ck_assert_uint_le(tx_pace_window(&slower), 500 * US / 10 * 11 / 10);
}
END_TEST

START_TEST(it_has_a_least_and_a_most) {
    struct tx_pace tape = measure(100 * US, 1000), memory = measure(100 * US, 0);
    ck_assert_uint_eq(tx_pace_window(&tape), TX_PACE_LEAST);
    ck_assert_uint_eq(tx_pace_window(&memory), TX_PACE_MOST);
}
END_TEST

START_TEST(one_sync_that_had_to_wait_changes_little) {
    struct tx_pace pace = measure(100 * US, 5);
    size_t before = tx_pace_window(&pace);
    tx_pace_synced(&pace, 100000, 4 * MS);
    ck_assert_uint_ge(tx_pace_window(&pace), before / 3);
    ck_assert_uint_lt(tx_pace_window(&pace), before);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ledger-pace");
    TCase *tests = tcase_create("pace");
    tcase_add_test(tests, nothing_known_is_little);
    tcase_add_test(tests, it_takes_as_long_as_a_small_sync_does_a_quarter_to_half_a_millisecond);
    tcase_add_test(tests, it_has_a_least_and_a_most);
    tcase_add_test(tests, one_sync_that_had_to_wait_changes_little);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
