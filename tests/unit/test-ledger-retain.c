/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/retain.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/forward/sink-cursor.h"
#include "auditd/ipc/fds.h"
#include "auditd/ledger/ledger.h"
#include "auditd/ledger/sinks.h"
#include "auditd/ledger/space.h"
#include "libtx/base/file.h"
#include "libtx/conf/value.h"

#define HOUR_NS (INT64_C(3600) * 1000000000)
#define DAY_NS (24 * HOUR_NS)
#define GIB (UINT64_C(1) << 30)

static char directory[64];
static int dirfd = -1;

static void set_up(void) {
    strcpy(directory, "/tmp/tx-retain-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dirfd, 0);
}

static void tear_down(void) {
    char command[128];
    close(dirfd);
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

/* --- the clock --- */

START_TEST(a_clock_that_jumps_ahead_is_believed_after_an_hour) {
    struct tx_retain_clock clock;
    tx_retain_clock_init(&clock, 0, 1000 * DAY_NS);
    ck_assert_int_eq(tx_retain_clock_now(&clock, HOUR_NS, 1000 * DAY_NS + HOUR_NS),
                     1000 * DAY_NS + HOUR_NS);
    int64_t jumped = 1400 * DAY_NS;
    ck_assert_int_eq(tx_retain_clock_now(&clock, 2 * HOUR_NS, jumped), 1000 * DAY_NS + 2 * HOUR_NS);
    ck_assert_int_eq(tx_retain_clock_now(&clock, 3 * HOUR_NS - 1, jumped + HOUR_NS - 1),
                     1000 * DAY_NS + 3 * HOUR_NS - 1);
    ck_assert_int_eq(tx_retain_clock_now(&clock, 3 * HOUR_NS, jumped + HOUR_NS), jumped + HOUR_NS);
    ck_assert_int_eq(tx_retain_clock_now(&clock, 4 * HOUR_NS, jumped + 2 * HOUR_NS),
                     jumped + 2 * HOUR_NS);
}
END_TEST

START_TEST(one_that_comes_back_within_the_hour_was_never_believed) {
    struct tx_retain_clock clock;
    tx_retain_clock_init(&clock, 0, 1000 * DAY_NS);
    ck_assert_int_lt(tx_retain_clock_now(&clock, 1, 5000 * DAY_NS), 1001 * DAY_NS);
    ck_assert_int_eq(tx_retain_clock_now(&clock, HOUR_NS / 2, 1000 * DAY_NS + HOUR_NS / 2),
                     1000 * DAY_NS + HOUR_NS / 2);
    ck_assert_int_lt(tx_retain_clock_now(&clock, HOUR_NS, 5000 * DAY_NS), 1001 * DAY_NS);
}
END_TEST

START_TEST(a_clock_that_goes_back_is_believed_at_once) {
    struct tx_retain_clock clock;
    tx_retain_clock_init(&clock, 0, 1000 * DAY_NS);
    ck_assert_int_eq(tx_retain_clock_now(&clock, 1, 0), 0);
    ck_assert_int_eq(tx_retain_clock_now(&clock, 2, 1), 1);
}
END_TEST

/* --- files --- */

static void make(const char *name) {
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0440);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void make_of_size(const char *name, off_t n) {
    make(name);
    ck_assert_int_eq(fchmodat(dirfd, name, 0600, 0), 0);
    int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(ftruncate(fd, n), 0);
    close(fd);
}

/* The ledger finds its log at that descriptor. */
static uint64_t planned_bytes(struct tx_ledger *ledger) {
    struct tx_retain_plan plan;
    ck_assert_int_eq(dup2(dirfd, TX_FD_LEDGER_LOG), TX_FD_LEDGER_LOG);
    ck_assert_int_eq(tx_retain_plan(ledger, 0, 0, &plan), 0);
    close(TX_FD_LEDGER_LOG);
    return plan.n_bytes;
}

START_TEST(of_the_segment_that_is_written_only_what_is_written_counts) {
    static struct tx_ledger ledger;
    struct tx_stream stream = {.journald_enabled = false};

    make_of_size("00000000000000000000.jsonl.zst", 4000);
    make_of_size("00000000000000000100.jsonl", 1 << 20); /* of which the rest is zeros laid out */
    ledger = (struct tx_ledger){
        .stream = &stream, .segment_fd = dirfd, .segment_first = 100, .segment_bytes = 5000};
    ck_assert_uint_eq(planned_bytes(&ledger), 9000);
    ledger.segment_fd = -1; /* none is written: the file is what it seems */
    ck_assert_uint_eq(planned_bytes(&ledger), 4000 + (1 << 20));
}
END_TEST

static bool is_there(const char *name) {
    return faccessat(dirfd, name, F_OK, 0) == 0;
}

START_TEST(what_belongs_to_older_segments_goes_and_nothing_else) {
    static const char *const gone[] = {
        "00000000000000000000.jsonl", "00000000000000000010.jsonl.zst",
        "00000000000000000010.jsonl", "00000000000000000010.jsonl.torn-1700000000000000000",
        "00000000000000000019.jsonl.zst.tmp"};
    static const char *const kept[] = {"00000000000000000020.jsonl",
                                       "00000000000000000030.jsonl.zst",
                                       "00000000000000000020.jsonl.torn-1",
                                       "log.json",
                                       "checkpoint",
                                       "reserve",
                                       "segment.new",
                                       "00000000000000000000.json",
                                       "0000000000000000000.jsonl",
                                       "00000000000000000000.jsonlx",
                                       "x0000000000000000000.jsonl"};
    uint64_t n;
    for (size_t i = 0; i < TX_COUNT_OF(gone); i++)
        make(gone[i]);
    for (size_t i = 0; i < TX_COUNT_OF(kept); i++)
        make(kept[i]);
    ck_assert_int_eq(tx_retain_remove(dirfd, 20, &n), 0);
    ck_assert_uint_eq(n, TX_COUNT_OF(gone));
    for (size_t i = 0; i < TX_COUNT_OF(gone); i++)
        ck_assert_msg(!is_there(gone[i]), "%s", gone[i]);
    for (size_t i = 0; i < TX_COUNT_OF(kept); i++)
        ck_assert_msg(is_there(kept[i]), "%s", kept[i]);
    ck_assert_int_eq(tx_retain_remove(dirfd, 20, &n), 0);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_record_of_removal_is_remembered_and_no_other) {
    static const char text[] =
        "{\"seq\":900,\"by\":\"ledger\",\"time\":\"2026-11-23T17:00:15.000000001Z\","
        "\"event\":\"tracex.pruned\",\"data\":{\"first\":0,\"last\":499,\"segments\":2,"
        "\"bytes\":81920,\"root\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\","
        "\"why\":\"age\"}}";
    struct tx_retain retain = {.told = false};
    tx_retain_scan(&retain, TX_TEXT("{\"seq\":900,\"by\":\"ledger\",\"event\":\"tracex.epoch\"}"));
    ck_assert(!retain.told);
    tx_retain_scan(&retain, TX_TEXT(text));
    ck_assert(retain.told);
    ck_assert_uint_eq(retain.seq, 900);
    ck_assert_uint_eq(retain.end, 500);
}
END_TEST

/* --- sinks --- */

START_TEST(what_forward_stores_is_what_is_read) {
    struct tx_digest log, other;
    _cleanup_(tx_bytes_deinit) struct tx_bytes bytes = TX_BYTES_INIT;
    memset(&log, 7, sizeof(log));
    memset(&other, 8, sizeof(other));
    struct tx_sink_cursor cursor = {.log = log, .next = 123456, .checkpoint = 9};
    strcpy(cursor.seen.name, "s=\"1\"");
    ck_assert_int_eq(tx_sink_cursor_save(dirfd, &cursor), 0);
    ck_assert_int_eq(tx_file_read_at(dirfd, "cursor", 4096, &bytes), 0);
    struct tx_text line = {(char *)bytes.data, bytes.len};
    ck_assert_uint_eq(tx_sinks_parse_cursor(line, &log), 123456);
    ck_assert_uint_eq(tx_sinks_parse_cursor(line, &other), 0);
    for (size_t n = 0; n < line.n; n++) /* cut off, it never says more than it did */
        ck_assert_uint_le(tx_sinks_parse_cursor((struct tx_text){line.p, n}, &log), 123456);
}
END_TEST

/* --- space --- */

START_TEST(a_level_is_left_with_a_tenth_more_than_it_was_entered_with) {
    const struct tx_stream stream = {.space_warn = TX_CONF_SHARE | 10, .space_low = GIB};
    const uint64_t all = 100 * GIB;
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_OK, 10 * GIB, all), TX_SPACE_OK);
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_OK, 10 * GIB - 1, all), TX_SPACE_WARN);
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_WARN, 10 * GIB, all), TX_SPACE_WARN);
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_WARN, 11 * GIB, all), TX_SPACE_OK);
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_OK, GIB - 1, all), TX_SPACE_LOW);
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_LOW, GIB, all), TX_SPACE_LOW);
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_LOW, 2 * GIB, all), TX_SPACE_WARN);
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_LOW, 0, all), TX_SPACE_LOW);
}
END_TEST

START_TEST(a_level_that_is_off_is_never_reached) {
    const struct tx_stream stream = {.space_warn = 0, .space_low = 0};
    ck_assert_int_eq(tx_space_level_of(&stream, TX_SPACE_OK, 0, 100), TX_SPACE_OK);
    ck_assert_uint_eq(tx_space_bytes(TX_CONF_SHARE | 5, 1000), 50);
    ck_assert_uint_eq(tx_space_bytes(4096, 1000), 4096);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ledger-retain");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_clock_that_jumps_ahead_is_believed_after_an_hour);
    tcase_add_test(tests, one_that_comes_back_within_the_hour_was_never_believed);
    tcase_add_test(tests, a_clock_that_goes_back_is_believed_at_once);
    tcase_add_test(tests, of_the_segment_that_is_written_only_what_is_written_counts);
    tcase_add_test(tests, what_belongs_to_older_segments_goes_and_nothing_else);
    tcase_add_test(tests, a_record_of_removal_is_remembered_and_no_other);
    tcase_add_test(tests, what_forward_stores_is_what_is_read);
    tcase_add_test(tests, a_level_is_left_with_a_tenth_more_than_it_was_entered_with);
    tcase_add_test(tests, a_level_that_is_off_is_never_reached);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
