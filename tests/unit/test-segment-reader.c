/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "libtx/base/fd.h"
#include "libtx/base/limits.h"
#include "libtx/segment/reader.h"

static int file_of(const void *p, size_t n) {
    int fd = memfd_create("segment", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(tx_fd_write_all(fd, p, n), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Reads all pieces; every byte is in one of them. Returns their kinds as letters. */
static const char *kinds_of(struct tx_reader *reader, uint64_t n) {
    static const char letters[] = "LlTHE";
    static char kinds[65536];
    size_t n_kinds = 0;
    uint64_t offset = 0;
    struct tx_piece piece;
    do {
        ck_assert_int_eq(tx_reader_next(reader, &piece), 0);
        ck_assert_uint_eq(piece.offset, offset);
        offset += piece.n_bytes;
        kinds[n_kinds++] = letters[piece.kind];
        ck_assert_uint_lt(n_kinds, sizeof(kinds));
    } while (piece.kind != TX_PIECE_END);
    ck_assert_uint_eq(offset, n);
    kinds[n_kinds] = '\0';
    tx_reader_close(reader);
    return kinds;
}

static const char *read_memory(const void *p, size_t n) {
    struct tx_reader *reader;
    ck_assert_int_eq(tx_reader_of_memory(p, n, &reader), 0);
    return kinds_of(reader, n);
}

static const char *read_file(const void *p, size_t n) {
    struct tx_reader *reader;
    ck_assert_int_eq(tx_reader_open(file_of(p, n), false, &reader), 0);
    return kinds_of(reader, n);
}

START_TEST(lines_come_one_after_the_other_and_a_torn_end_is_told) {
    static const struct {
        const char *text;
        const char *kinds;
    } cases[] = {{"", "E"}, {"a\n", "LE"}, {"a\n\nbc\n", "LLLE"}, {"a\nbc", "LTE"}, {"a", "TE"}};
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        ck_assert_str_eq(read_memory(cases[i].text, strlen(cases[i].text)), cases[i].kinds);
        ck_assert_str_eq(read_file(cases[i].text, strlen(cases[i].text)), cases[i].kinds);
    }
}
END_TEST

/* Lines of 64 bytes, and zeros behind them up to n bytes. */
static int file_with_zeros(size_t n_lines, size_t n) {
    char *bytes = calloc(1, n);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < n_lines; i++) {
        memset(bytes + 64 * i, 'x', 63);
        bytes[64 * i + 63] = '\n';
    }
    int fd = file_of(bytes, n);
    free(bytes);
    return fd;
}

static void put_line(int fd, size_t offset) {
    char line[64];
    memset(line, 'y', 63);
    line[63] = '\n';
    ck_assert_int_eq(tx_fd_pwrite_all(fd, line, sizeof(line), (off_t)offset), 0);
}

#define MANY_ZEROS (4u * 1024u * 1024u)

static enum tx_piece_kind next_kind(struct tx_reader *reader) {
    struct tx_piece piece;
    ck_assert_int_eq(tx_reader_next(reader, &piece), 0);
    return piece.kind;
}

START_TEST(what_is_written_over_zeros_while_they_are_read_is_no_hole) {
    struct tx_reader *reader;
    int fd = file_with_zeros(3, MANY_ZEROS);
    ck_assert_int_eq(tx_reader_open(fd, false, &reader), 0);
    ck_assert_int_eq(next_kind(reader), TX_PIECE_LINE); /* zeros are in the buffer now */
    put_line(fd, 3 * 64);
    put_line(fd, 4096);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(next_kind(reader), TX_PIECE_LINE);
    ck_assert_int_eq(next_kind(reader), TX_PIECE_HOLE); /* of the disk, between the two */
    ck_assert_int_eq(next_kind(reader), TX_PIECE_LINE);
    tx_reader_close(reader);
}
END_TEST

START_TEST(zeros_that_were_read_before_something_came_behind_them_end_the_file) {
    for (int filled = 0; filled < 2; filled++) {
        struct tx_reader *reader;
        int fd = file_with_zeros(3, MANY_ZEROS);
        ck_assert_int_eq(tx_reader_open(fd, false, &reader), 0);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(next_kind(reader), TX_PIECE_LINE);
        ck_assert_int_eq(next_kind(reader), TX_PIECE_HOLE); /* up to the buffer's end */
        if (filled)
            put_line(fd, 3 * 64);
        put_line(fd, MANY_ZEROS - 4096);
        enum tx_piece_kind kind;
        while ((kind = next_kind(reader)) == TX_PIECE_HOLE)
            ;
        ck_assert_int_eq(kind, filled ? TX_PIECE_END : TX_PIECE_LINE);
        tx_reader_close(reader);
    }
}
END_TEST

START_TEST(holes_are_whole_sectors_or_reach_the_end) {
    static char bytes[8192];
    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 63; i < sizeof(bytes); i += 64)
        bytes[i] = '\n';
    size_t n_lines = sizeof(bytes) / 64;
    ck_assert_uint_eq(strlen(read_memory(bytes, sizeof(bytes))), n_lines + 1);
    /* One NUL within a line is a byte like another. */
    bytes[100] = '\0';
    ck_assert_uint_eq(strlen(read_memory(bytes, sizeof(bytes))), n_lines + 1);
    bytes[100] = 'x';
    /* To the end: space laid out ahead, in the midst of a line or between two. */
    memset(bytes + 4100, 0, sizeof(bytes) - 4100);
    ck_assert_str_eq(read_memory(bytes, sizeof(bytes)) + 64, "THE");
    memset(bytes + 4096, 0, 64);
    ck_assert_str_eq(read_memory(bytes, sizeof(bytes)) + 64, "HE");
    ck_assert_str_eq(read_file(bytes, sizeof(bytes)) + 64, "HE");
    /* A sector, and lines behind it. */
    memset(bytes + 4096, 'x', 4096);
    for (size_t i = 4096 + 63; i < sizeof(bytes); i += 64)
        bytes[i] = '\n';
    memset(bytes + 1024, 0, 512);
    const char *kinds = read_memory(bytes, sizeof(bytes));
    ck_assert_int_eq(kinds[16], 'H');
    ck_assert_int_eq(kinds[17], 'L');
}
END_TEST

START_TEST(a_hole_larger_than_the_buffer_needs_no_memory) {
    size_t n = 5u << 20;
    char *bytes = calloc(1, n);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, "line\n", 5);
    const char *kinds = read_file(bytes, n);
    ck_assert_int_eq(kinds[0], 'L');
    ck_assert_int_eq(kinds[1], 'H');
    ck_assert_ptr_null(strchr(kinds, 'T'));
    free(bytes);
}
END_TEST

START_TEST(a_line_without_end_is_given_in_parts_and_reading_goes_on) {
    size_t n = 4 * TX_LIMIT_CONTROL_LINE_BYTES;
    char *bytes = malloc(n + 5);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', n);
    memcpy(bytes + n, "\nabc\n", 5);
    const char *kinds = read_file(bytes, n + 5);
    size_t n_kinds = strlen(kinds);
    ck_assert_str_eq(kinds + n_kinds - 2, "LE");
    for (size_t i = 0; i < n_kinds - 2; i++)
        ck_assert_int_eq(kinds[i], 'l');
    free(bytes);
}
END_TEST

START_TEST(what_is_compressed_reads_the_same_and_damage_is_told) {
    size_t n = 3u << 20;
    char *bytes = malloc(n);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = i % 300 == 299 ? '\n' : (char)('a' + i * i % 23);
    size_t cap = ZSTD_compressBound(n);
    char *compressed = malloc(cap);
    ck_assert_ptr_nonnull(compressed);
    size_t n_compressed = ZSTD_compress(compressed, cap, bytes, n, 3);
    ck_assert(!ZSTD_isError(n_compressed));
    struct tx_reader *reader;
    ck_assert_int_eq(tx_reader_open(file_of(compressed, n_compressed), true, &reader), 0);
    ck_assert_uint_eq(strlen(kinds_of(reader, n)), n / 300 + (n % 300 ? 1 : 0) + 1);

    for (int cut = 0; cut < 2; cut++) {
        struct tx_piece piece = {.kind = TX_PIECE_LINE};
        if (cut == 0)
            compressed[0] ^= 1;
        int fd = file_of(compressed, cut ? n_compressed / 2 : n_compressed);
        compressed[0] ^= cut == 0;
        ck_assert_int_eq(tx_reader_open(fd, true, &reader), 0);
        int r = 0;
        while (r == 0 && piece.kind != TX_PIECE_END)
            r = tx_reader_next(reader, &piece);
        ck_assert_int_eq(r, -EBADMSG);
        tx_reader_close(reader);
    }
    free(bytes);
    free(compressed);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-reader");
    TCase *tests = tcase_create("reader");
    tcase_add_test(tests, lines_come_one_after_the_other_and_a_torn_end_is_told);
    tcase_add_test(tests, holes_are_whole_sectors_or_reach_the_end);
    tcase_add_test(tests, what_is_written_over_zeros_while_they_are_read_is_no_hole);
    tcase_add_test(tests, zeros_that_were_read_before_something_came_behind_them_end_the_file);
    tcase_add_test(tests, a_hole_larger_than_the_buffer_needs_no_memory);
    tcase_add_test(tests, a_line_without_end_is_given_in_parts_and_reading_goes_on);
    tcase_add_test(tests, what_is_compressed_reads_the_same_and_damage_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
