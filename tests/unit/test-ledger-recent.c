/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "auditd/ledger/recent.h"

static const uint8_t a[8] = "client-A", b[8] = "client-B";

START_TEST(a_record_is_found_by_its_client_and_number_alone) {
    _cleanup_(tx_recent_freep) struct tx_recent *recent = NULL;
    struct tx_digest leaf = {.bytes = {7}}, got;
    uint64_t seq = 0;
    ck_assert_int_eq(tx_recent_new(&recent), 0);
    ck_assert(!tx_recent_get(recent, a, 0, &seq, &got));
    tx_recent_put(recent, a, 5, 42, &leaf);
    ck_assert(tx_recent_get(recent, a, 5, &seq, &got));
    ck_assert_uint_eq(seq, 42);
    ck_assert_mem_eq(&got, &leaf, sizeof(leaf));
    ck_assert(!tx_recent_get(recent, a, 6, &seq, &got));
    ck_assert(!tx_recent_get(recent, b, 5, &seq, &got));
    ck_assert(!tx_recent_get(recent, a, 5 + TX_RECENT_MAX, &seq, &got));
}
END_TEST

START_TEST(of_one_client_the_latest_are_all_kept) {
    _cleanup_(tx_recent_freep) struct tx_recent *recent = NULL;
    struct tx_digest leaf = {.bytes = {0}};
    uint64_t seq, n = 3 * TX_RECENT_MAX + 17;
    ck_assert_int_eq(tx_recent_new(&recent), 0);
    for (uint64_t i = 0; i < n; i++)
        tx_recent_put(recent, a, i, 2 * i, &leaf);
    for (uint64_t i = 0; i < n; i++) {
        bool kept = i >= n - TX_RECENT_MAX;
        ck_assert_int_eq(tx_recent_get(recent, a, i, &seq, &leaf), kept);
        if (kept)
            ck_assert_uint_eq(seq, 2 * i);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ledger-recent");
    TCase *tests = tcase_create("recent");
    tcase_add_test(tests, a_record_is_found_by_its_client_and_number_alone);
    tcase_add_test(tests, of_one_client_the_latest_are_all_kept);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
