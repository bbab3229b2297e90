/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auditd/forward/batch.h"
#include "auditd/forward/sink-cursor.h"
#include "libtx/base/fd.h"

static char directory[64];
static int dirfd = -1;

static void make_directory(void) {
    strcpy(directory, "/tmp/tracex-cursor-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dirfd, 0);
}

static void remove_directory(void) {
    unlinkat(dirfd, "cursor", 0);
    unlinkat(dirfd, "cursor.tmp", 0);
    tx_fd_closep(&dirfd);
    ck_assert_int_eq(rmdir(directory), 0);
}

static void write_file(const char *text) {
    int fd = openat(dirfd, "cursor", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_eq(tx_fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static const struct tx_digest log_id = {.bytes = {1, 2, 3}}, other_log = {.bytes = {9}};

START_TEST(a_cursor_comes_back_as_it_was_stored) {
    struct tx_sink_cursor cursor = {
        .log = log_id, .next = UINT64_MAX, .checkpoint = 12, .seen = {.name = "s=1;\"i\"=2"}};
    struct tx_sink_cursor back;

    ck_assert_int_eq(tx_sink_cursor_load(dirfd, &log_id, &back), TX_SINK_CURSOR_E_NONE);
    ck_assert_int_eq(tx_sink_cursor_save(dirfd, &cursor), 0);
    ck_assert_int_eq(tx_sink_cursor_load(dirfd, &log_id, &back), 0);
    ck_assert_mem_eq(&back.log, &log_id, sizeof(log_id));
    ck_assert(back.next == UINT64_MAX && back.checkpoint == 12);
    ck_assert_str_eq(back.seen.name, cursor.seen.name);
    cursor.seen.name[0] = '\0';
    ck_assert_int_eq(tx_sink_cursor_save(dirfd, &cursor), 0);
    ck_assert_int_eq(tx_sink_cursor_load(dirfd, &log_id, &back), 0);
    ck_assert_str_eq(back.seen.name, "");
}
END_TEST

START_TEST(a_cursor_of_another_log_or_a_damaged_one_is_none) {
    static const char *const bad[] = {
        "",
        "{}",
        "rubbish",
        "{\"version\":2,\"log\":\"%s\",\"next\":1,\"checkpoint\":1,\"seen\":\"\"}",
        "{\"version\":1,\"log\":\"00\",\"next\":1,\"checkpoint\":1,\"seen\":\"\"}",
    };
    struct tx_sink_cursor cursor = {.log = log_id, .next = 3}, back;

    ck_assert_int_eq(tx_sink_cursor_save(dirfd, &cursor), 0);
    ck_assert_int_eq(tx_sink_cursor_load(dirfd, &other_log, &back), TX_SINK_CURSOR_E_NONE);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        write_file(bad[i]);
        ck_assert_int_eq(tx_sink_cursor_load(dirfd, &log_id, &back), TX_SINK_CURSOR_E_NONE);
    }
}
END_TEST

START_TEST(an_item_arrives_once_and_only_with_its_own_leaf_and_seq) {
    static struct tx_batch batch = {.n_items = 3};
    for (uint8_t i = 0; i < 3; i++)
        batch.items[i] =
            (struct tx_batch_item){.kind = i == 2 ? TX_FOLLOW_CHECKPOINT : TX_FOLLOW_RECORD,
                                   .number = i,
                                   .digest = {.bytes = {i}}};
    struct tx_digest unknown = {.bytes = {77}};

    ck_assert(!tx_batch_mark(&batch, TX_FOLLOW_RECORD, 0, &unknown));
    ck_assert(!tx_batch_mark(&batch, TX_FOLLOW_RECORD, 1, &batch.items[0].digest));
    ck_assert(!tx_batch_mark(&batch, TX_FOLLOW_RECORD, 2, &batch.items[2].digest));
    ck_assert_uint_eq(batch.n_arrived, 0);
    ck_assert(tx_batch_mark(&batch, TX_FOLLOW_RECORD, 1, &batch.items[1].digest));
    ck_assert(!tx_batch_mark(&batch, TX_FOLLOW_RECORD, 1, &batch.items[1].digest));
    ck_assert(tx_batch_mark(&batch, TX_FOLLOW_RECORD, 0, &batch.items[0].digest));
    ck_assert(tx_batch_mark(&batch, TX_FOLLOW_CHECKPOINT, 0, &batch.items[2].digest));
    ck_assert_uint_eq(batch.n_arrived, 3);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("forward-sink-cursor");
    TCase *tests = tcase_create("cursor and batch");
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, a_cursor_comes_back_as_it_was_stored);
    tcase_add_test(tests, a_cursor_of_another_log_or_a_damaged_one_is_none);
    tcase_add_test(tests, an_item_arrives_once_and_only_with_its_own_leaf_and_seq);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
