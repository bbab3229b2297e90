/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "libtx/base/buf.h"
#include "libtx/base/bytes.h"
#include "libtx/base/fd.h"
#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/control.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

static char directory[64];
static int dirfd = -1;

static void make_directory(void) {
    strcpy(directory, "/tmp/tracex-follow-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dirfd, 0);
}

static void remove_directory(void) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
    tx_fd_closep(&dirfd);
}

/* Appends to the plain segment that begins at `first`. */
static void append(uint64_t first, const void *p, size_t n) {
    char name[TX_SEGMENT_NAME_BYTES];
    tx_segment_name(first, ".jsonl", name);
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(tx_fd_write_all(fd, p, n), 0);
    close(fd);
}

static void append_text(uint64_t first, const char *text) {
    append(first, text, strlen(text));
}

static void append_records(uint64_t first, uint64_t begin, uint64_t end) {
    for (uint64_t seq = begin; seq < end; seq++) {
        char line[128];
        snprintf(line, sizeof(line), "{\"seq\":%llu,\"id\":\"x\",\"event\":\"e\"}\n",
                 (unsigned long long)seq);
        append_text(first, line);
    }
}

static struct tx_text note_of(uint64_t size, struct tx_buf *b) {
    struct tx_checkpoint checkpoint = {.origin = TX_TEXT("a\\nb.example/audit"), .size = size};
    tx_checkpoint_render(&checkpoint, b);
    tx_buf_str(b, "\n\xe2\x80\x94 name AAAAAAAA\n");
    return (struct tx_text){(const char *)b->data, b->len};
}

static void append_checkpoint(uint64_t first, uint64_t size) {
    char note_memory[512], memory[1024];
    struct tx_buf note = tx_buf_of(note_memory, sizeof(note_memory));
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_control_checkpoint checkpoint = {.note = note_of(size, &note)};
    tx_control_render_checkpoint(&checkpoint, &b);
    tx_buf_char(&b, '\n');
    append(first, b.data, b.len);
}

static void append_seal(uint64_t first, uint64_t size) {
    char note_memory[512], memory[1024];
    struct tx_buf note = tx_buf_of(note_memory, sizeof(note_memory));
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_control_seal seal = {.first = first, .size = size, .note = note_of(size, &note)};
    tx_control_render_seal(&seal, &b);
    tx_buf_char(&b, '\n');
    append(first, b.data, b.len);
}

static void compress_segment(uint64_t first) {
    char name[TX_SEGMENT_NAME_BYTES], compressed[TX_SEGMENT_NAME_BYTES];
    tx_segment_name(first, ".jsonl", name);
    tx_segment_name(first, ".jsonl.zst", compressed);
    _cleanup_(tx_fd_closep) int in = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ck_assert_int_eq(fstat(in, &st), 0);
    size_t n = (size_t)st.st_size, cap = ZSTD_compressBound(n);
    _cleanup_(tx_freep) char *plain = malloc(n), *packed = malloc(cap);
    ck_assert_int_eq(tx_fd_read_full(in, plain, n, &n), 0);
    size_t n_packed = ZSTD_compress(packed, cap, plain, n, 3);
    ck_assert(!ZSTD_isError(n_packed));
    _cleanup_(tx_fd_closep) int out =
        openat(dirfd, compressed, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(tx_fd_write_all(out, packed, n_packed), 0);
    ck_assert_int_eq(unlinkat(dirfd, name, 0), 0);
}

static struct tx_follow *follow_from(uint64_t first, bool unproven) {
    struct tx_follow_options options = {.dirfd = dirfd, .first = first, .unproven = unproven};
    struct tx_follow *follow;
    ck_assert_int_eq(tx_follow_new(&options, &follow), 0);
    return follow;
}

/* What comes until the end, as "0 1 2 [3] 3": records, and checkpoints in brackets. */
static const char *drain(struct tx_follow *follow) {
    static char text[4096];
    struct tx_follow_item item;
    int r;

    text[0] = '\0';
    while ((r = tx_follow_next(follow, &item)) == 0) {
        char word[64];
        ck_assert_uint_eq(item.line.p[0], '{');
        ck_assert_uint_eq(item.line.p[item.line.n - 1], '}');
        snprintf(word, sizeof(word), item.kind == TX_FOLLOW_RECORD ? "%llu " : "[%llu] ",
                 (unsigned long long)item.number);
        strcat(text, word);
    }
    ck_assert_int_eq(r, TX_FOLLOW_E_END);
    return text;
}

START_TEST(records_come_once_and_only_up_to_the_last_checkpoint) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);

    ck_assert_str_eq(drain(follow), "");
    append_text(0, "{\"tracex\":\"segment\",\"version\":1}\n");
    append_records(0, 0, 3);
    ck_assert_str_eq(drain(follow), "");
    append_checkpoint(0, 3);
    append_records(0, 3, 5);
    ck_assert_str_eq(drain(follow), "0 1 2 [3] ");
    ck_assert_str_eq(drain(follow), "");
    append_checkpoint(0, 5);
    append_checkpoint(0, 5);
    ck_assert_str_eq(drain(follow), "3 4 [5] ");
    ck_assert_uint_eq(tx_follow_counts(follow).unreadable, 0);
    ck_assert_uint_eq(tx_follow_counts(follow).missing, 0);
}
END_TEST

START_TEST(the_note_comes_unescaped_and_whole) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);
    char memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_follow_item item;

    append_checkpoint(0, 12);
    ck_assert_int_eq(tx_follow_next(follow, &item), 0);
    ck_assert(tx_text_equal(item.note, note_of(12, &b)));
}
END_TEST

START_TEST(unproven_records_come_too_when_they_are_wanted) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, true);

    append_records(0, 0, 2);
    ck_assert_str_eq(drain(follow), "0 1 ");
    append_text(0, "{\"seq\":2,\"id\":\"ha");
    ck_assert_str_eq(drain(follow), "");
    append_text(0, "lf\"}\n");
    append_checkpoint(0, 3);
    ck_assert_str_eq(drain(follow), "2 [3] ");
}
END_TEST

START_TEST(it_goes_on_across_rotation_whenever_the_seal_is_written) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);

    append_records(0, 0, 2);
    append_checkpoint(0, 2);
    ck_assert_str_eq(drain(follow), "0 1 [2] ");
    append_records(0, 2, 3);
    append_seal(0, 3);
    append_records(3, 3, 4);
    ck_assert_str_eq(drain(follow), "2 [3] ");
    append_checkpoint(3, 4);
    append_seal(3, 4);
    ck_assert_str_eq(drain(follow), "3 [4] ");
}
END_TEST

START_TEST(a_sealed_segment_is_read_compressed_and_also_when_it_changes_under_the_reader) {
    _cleanup_(tx_follow_freep) struct tx_follow *early = follow_from(0, false);
    struct tx_follow_item item;

    append_records(0, 0, 3);
    append_seal(0, 3);
    append_records(3, 3, 5);
    append_seal(3, 5);
    ck_assert_int_eq(tx_follow_next(early, &item), 0);
    compress_segment(0);
    ck_assert_str_eq(drain(early), "1 2 [3] 3 4 [5] ");
    compress_segment(3);
    _cleanup_(tx_follow_freep) struct tx_follow *late = follow_from(1, false);
    ck_assert_str_eq(drain(late), "1 2 [3] 3 4 [5] ");
    append_records(5, 5, 6);
    append_checkpoint(5, 6);
    ck_assert_str_eq(drain(late), "5 [6] ");
    ck_assert_str_eq(drain(early), "5 [6] ");
}
END_TEST

START_TEST(what_was_given_up_comes_once_from_where_it_stands_again) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);

    append_records(0, 0, 2);
    append_checkpoint(0, 2);
    append_records(0, 2, 4);
    append_checkpoint(0, 4);
    append_records(0, 4, 6);
    append_text(0, "{\"seq\":6,\"ha");
    append_records(2, 2, 7);
    append_checkpoint(2, 7);
    ck_assert_str_eq(drain(follow), "0 1 [2] 2 3 [4] 4 5 6 [7] ");
    _cleanup_(tx_follow_freep) struct tx_follow *later = follow_from(3, false);
    ck_assert_str_eq(drain(later), "3 4 5 6 [7] ");
}
END_TEST

START_TEST(nul_bytes_are_the_end_until_they_are_written_over) {
    static const char space[64];
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);
    char name[TX_SEGMENT_NAME_BYTES];
    struct stat st;

    append_records(0, 0, 1);
    append_checkpoint(0, 1);
    tx_segment_name(0, ".jsonl", name);
    ck_assert_int_eq(fstatat(dirfd, name, &st, 0), 0);
    append(0, space, sizeof(space));
    ck_assert_str_eq(drain(follow), "0 [1] ");
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    ck_assert_int_eq(truncate(path, st.st_size), 0);
    append_records(0, 1, 2);
    append_checkpoint(0, 2);
    append(0, space, sizeof(space));
    ck_assert_str_eq(drain(follow), "1 [2] ");
}
END_TEST

START_TEST(pruned_records_are_counted_as_missing) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);
    append_records(7, 7, 9);
    append_checkpoint(7, 9);
    ck_assert_str_eq(drain(follow), "7 8 [9] ");
    ck_assert_uint_eq(tx_follow_counts(follow).missing, 7);
}
END_TEST

START_TEST(damage_is_counted_and_passed_by) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);
    _cleanup_(tx_freep) char *lots = malloc(TX_LIMIT_CONTROL_LINE_BYTES * 3);

    append_records(0, 0, 1);
    append_text(0, "rubbish\n{\"tracex\":\"what\"}\n{\"tracex\":\"checkpoint\",\"note\":5}\n\n");
    append_text(0,
                "{\"seq\":99999999999,\"id\":\"far\"}\n{\"seq\":18446744073709551615,\"a\":1}\n");
    memset(lots, 'x', TX_LIMIT_CONTROL_LINE_BYTES * 3);
    lots[TX_LIMIT_CONTROL_LINE_BYTES * 3 - 1] = '\n';
    append(0, lots, TX_LIMIT_CONTROL_LINE_BYTES * 3);
    append_records(0, 3, 4);
    append_checkpoint(0, 4);
    ck_assert_str_eq(drain(follow), "0 3 [4] ");
    ck_assert_uint_eq(tx_follow_counts(follow).missing, 2);
    ck_assert_uint_eq(tx_follow_counts(follow).unreadable, 7);
}
END_TEST

START_TEST(a_damaged_compressed_segment_is_left_for_the_next_one) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = follow_from(0, false);
    char name[TX_SEGMENT_NAME_BYTES];
    append_records(0, 0, 3000);
    append_seal(0, 3000);
    compress_segment(0);
    tx_segment_name(0, ".jsonl.zst", name);
    int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(ftruncate(fd, 200), 0);
    close(fd);
    ck_assert_str_eq(drain(follow), "");
    ck_assert_str_eq(drain(follow), "");
    ck_assert_uint_eq(tx_follow_counts(follow).unreadable, 1);
    append_records(3000, 3000, 3001);
    append_checkpoint(3000, 3001);
    ck_assert_str_eq(drain(follow), "3000 [3001] ");
    ck_assert_uint_eq(tx_follow_counts(follow).missing, 3000);
}
END_TEST

START_TEST(other_files_in_the_directory_are_passed_by) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n;

    append_records(12, 12, 13);
    append_records(3, 3, 4);
    compress_segment(3);
    append_records(3, 3, 4);
    close(openat(dirfd, "log.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    close(openat(dirfd, "00000000000000000099.jsonl.torn-1", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ck_assert_int_eq(tx_segment_list(dirfd, &firsts, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(firsts[0], 3);
    ck_assert_uint_eq(firsts[1], 12);
    ck_assert_int_eq(mkfifoat(dirfd, "00000000000000000020.jsonl", 0600), 0);
    struct tx_lines *lines = NULL;
    ck_assert_int_eq(tx_lines_open(dirfd, 20, &lines), -EINVAL);
    ck_assert_int_eq(tx_lines_open(dirfd, 21, &lines), -ENOENT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-follow");
    TCase *tests = tcase_create("follow and lines");
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, records_come_once_and_only_up_to_the_last_checkpoint);
    tcase_add_test(tests, the_note_comes_unescaped_and_whole);
    tcase_add_test(tests, unproven_records_come_too_when_they_are_wanted);
    tcase_add_test(tests, it_goes_on_across_rotation_whenever_the_seal_is_written);
    tcase_add_test(tests,
                   a_sealed_segment_is_read_compressed_and_also_when_it_changes_under_the_reader);
    tcase_add_test(tests, what_was_given_up_comes_once_from_where_it_stands_again);
    tcase_add_test(tests, nul_bytes_are_the_end_until_they_are_written_over);
    tcase_add_test(tests, pruned_records_are_counted_as_missing);
    tcase_add_test(tests, damage_is_counted_and_passed_by);
    tcase_add_test(tests, a_damaged_compressed_segment_is_left_for_the_next_one);
    tcase_add_test(tests, other_files_in_the_directory_are_passed_by);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
