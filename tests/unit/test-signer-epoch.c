/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/signer/epoch.h"
#include "libtx/segment/control.h"

#define MINUTE INT64_C(60000000000)

static const struct tx_epoch_limits limits = {.ns = 15 * MINUTE, .records = 1000};
static struct tx_state state;

static void setup(void) {
    tx_state_init(&state);
}

/* Minutes since boot, and by a wall clock that is an hour ahead of it. */
static struct tx_epoch_now at(int64_t minutes) {
    struct tx_epoch_now now = {.boot_ns = minutes * MINUTE, .wall_ns = (minutes + 60) * MINUTE};
    memset(now.boot_id, 1, sizeof(now.boot_id));
    return now;
}

static bool is_due(struct tx_epoch_now now) {
    return tx_epoch_is_due(&state, &limits, &now);
}

static bool is_over(struct tx_epoch_now now) {
    return tx_epoch_is_over(&state, &limits, &now);
}

static void mark_first(struct tx_epoch_now now) {
    tx_epoch_mark_first(&state, &now);
}

START_TEST(an_epoch_without_a_record_does_not_age) {
    ck_assert(!is_due(at(100000)));
}
END_TEST

START_TEST(the_age_counts_from_the_first_record) {
    mark_first(at(10));
    mark_first(at(20));
    ck_assert(!is_due(at(24)));
    ck_assert(is_due(at(25)));
    ck_assert(!is_over(at(39)));
    ck_assert(is_over(at(40)));
}
END_TEST

START_TEST(the_count_ends_an_epoch_too) {
    state.epoch_begin = 500;
    state.range.end = 1499;
    ck_assert(!is_due(at(0)));
    state.range.end = 1500;
    ck_assert(is_due(at(0)));
    state.range.end = 2499;
    ck_assert(!is_over(at(0)));
    state.range.end = 2500;
    ck_assert(is_over(at(0)));
}
END_TEST

START_TEST(a_limit_of_zero_is_none) {
    struct tx_epoch_limits none = {0};
    struct tx_epoch_now later = at(1000000);
    mark_first(at(0));
    state.range.end = INT64_MAX;
    ck_assert(!tx_epoch_is_due(&state, &none, &later));
}
END_TEST

START_TEST(a_jump_of_the_wall_clock_changes_nothing_within_a_boot) {
    struct tx_epoch_now jumped = at(12);
    mark_first(at(10));
    jumped.wall_ns = INT64_MAX;
    tx_epoch_adopt_boot(&state, &jumped);
    ck_assert(!is_due(jumped));
    jumped.wall_ns = INT64_MIN;
    tx_epoch_adopt_boot(&state, &jumped);
    ck_assert(!is_due(jumped));
    ck_assert(is_due(at(25)));
}
END_TEST

static struct tx_epoch_now after_reboot(int64_t boot_minutes, int64_t wall_minutes) {
    struct tx_epoch_now now = {.boot_ns = boot_minutes * MINUTE, .wall_ns = wall_minutes * MINUTE};
    memset(now.boot_id, 2, sizeof(now.boot_id));
    return now;
}

START_TEST(after_a_reboot_the_age_goes_on_by_the_wall_clock) {
    struct tx_epoch_now now = after_reboot(1, 70 + 8);
    mark_first(at(10)); /* 70 by the wall clock */
    tx_epoch_adopt_boot(&state, &now);
    ck_assert(!is_due(now));
    ck_assert(!is_due(after_reboot(7, 0)));
    ck_assert(is_due(after_reboot(8, 0)));
    tx_epoch_adopt_boot(&state, &now); /* once for each boot */
    ck_assert(is_due(after_reboot(8, 0)));
}
END_TEST

START_TEST(after_a_reboot_with_a_clock_that_went_back_it_lasts_one_more_period) {
    struct tx_epoch_now now = after_reboot(1, 3);
    mark_first(at(10));
    tx_epoch_adopt_boot(&state, &now);
    ck_assert(!is_due(after_reboot(15, 3)));
    ck_assert(is_due(after_reboot(16, 3)));
}
END_TEST

START_TEST(after_a_reboot_with_a_clock_that_went_far_ahead_it_is_over_once) {
    struct tx_epoch_now now = after_reboot(1, 100000);
    mark_first(at(10));
    tx_epoch_adopt_boot(&state, &now);
    ck_assert(is_over(now));
    state.has_first = false; /* the next epoch */
    mark_first(now);
    ck_assert(!is_due(after_reboot(2, 3)));

    now.wall_ns = INT64_MAX;
    state.first_wall_ns = INT64_MIN;
    memset(state.boot_id, 9, sizeof(state.boot_id));
    tx_epoch_adopt_boot(&state, &now);
    ck_assert(!is_due(now));
}
END_TEST

START_TEST(an_epoch_record_is_recognised_by_its_first_bytes) {
    ck_assert(tx_epoch_is_line(
        TX_TEXT("{\"seq\":12,\"by\":\"ledger\",\"event\":\"tracex.epoch\",\"data\":{}}")));
    ck_assert(tx_epoch_is_line(TX_TEXT("{\"seq\":0,\"by\":\"ledger\",\"event\":\"tracex.epoch\"")));
    ck_assert(!tx_epoch_is_line(
        TX_TEXT("{\"seq\":12,\"by\":\"ingest\",\"event\":\"tracex.epoch\",\"data\":{}}")));
    ck_assert(!tx_epoch_is_line(
        TX_TEXT("{\"seq\":12,\"by\":\"ledger\",\"time\":\"\",\"event\":\"tracex.stop\"}")));
    ck_assert(!tx_epoch_is_line(TX_TEXT("{\"seq\":12")));
    ck_assert(!tx_epoch_is_line(TX_TEXT("")));
    ck_assert(!tx_epoch_is_line(TX_TEXT(
        "{\"seq\":1,\"id\":\"\",\"data\":{\"by\":\"ledger\",\"event\":\"tracex.epoch\"}}")));
}
END_TEST

/* The signer must not link what reads segments, so it writes the record by itself. */
START_TEST(the_record_is_the_one_that_segments_have) {
    static const char *const origins[] = {"web1.example/audit", "gr\"o\\ße"};
    static const uint8_t key[TX_PUBLIC_KEY_BYTES] = {7};
    char line[2048], expected[2048], name[128];
    struct tx_hasher *hasher;
    struct tx_control_epoch epoch = {.seq = UINT64_MAX, .epoch = 43, .n_checkpoints = 9};
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    state.epoch = 42;
    state.n_checkpoints = 9;
    memset(&state.digest, 0xfb, sizeof(state.digest));
    epoch.digest = state.digest;
    for (size_t i = 0; i < 2 * TX_COUNT_OF(origins); i++) {
        struct tx_buf a = tx_buf_of(line, sizeof(line));
        struct tx_buf b = tx_buf_of(expected, sizeof(expected));
        bool broken = i % 2 == 1;
        int n = snprintf(name, sizeof(name), "%s/epoch/43", origins[i / 2]);
        ck_assert_int_eq(tx_vkey_make(hasher, (struct tx_text){name, (size_t)n}, TX_KEY_COSIGNATURE,
                                      key, &epoch.vkey),
                         0);
        epoch.broken = broken ? TX_TEXT("epoch key lost") : (struct tx_text){.p = NULL};
        tx_epoch_render_line(&state, UINT64_MAX, &epoch.vkey, broken, &a);
        tx_control_render_epoch(&epoch, &b);
        ck_assert(!a.full && !b.full);
        ck_assert(tx_text_equal((struct tx_text){line, a.len}, (struct tx_text){expected, b.len}));
        ck_assert(tx_line_is_epoch((struct tx_text){line, a.len}));
        ck_assert(tx_epoch_is_line((struct tx_text){line, a.len}));
    }
    tx_hasher_free(hasher);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signer-epoch");
    TCase *tests = tcase_create("an epoch's age, and its record");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, an_epoch_without_a_record_does_not_age);
    tcase_add_test(tests, the_age_counts_from_the_first_record);
    tcase_add_test(tests, the_count_ends_an_epoch_too);
    tcase_add_test(tests, a_limit_of_zero_is_none);
    tcase_add_test(tests, a_jump_of_the_wall_clock_changes_nothing_within_a_boot);
    tcase_add_test(tests, after_a_reboot_the_age_goes_on_by_the_wall_clock);
    tcase_add_test(tests, after_a_reboot_with_a_clock_that_went_back_it_lasts_one_more_period);
    tcase_add_test(tests, after_a_reboot_with_a_clock_that_went_far_ahead_it_is_over_once);
    tcase_add_test(tests, an_epoch_record_is_recognised_by_its_first_bytes);
    tcase_add_test(tests, the_record_is_the_one_that_segments_have);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
