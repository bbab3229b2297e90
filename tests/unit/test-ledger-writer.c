/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auditd/ledger/writer.h"
#include "libtx/base/fd.h"

static struct tx_writer *new_writer(void) {
    struct tx_writer *writer;
    ck_assert_int_eq(tx_writer_new(&writer), 0);
    return writer;
}

static bool is_readable(const struct tx_writer *writer, int ms) {
    struct pollfd p = {.fd = tx_writer_fd(writer), .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

START_TEST(a_job_is_written_where_it_belongs_and_told_once) {
    struct tx_writer *writer = new_writer();
    int fd = memfd_create("segment", MFD_CLOEXEC);
    char all[12];

    ck_assert(!is_readable(writer, 0));
    for (int i = 0; i < 3; i++) {
        struct tx_writer_job job = {
            .fd = fd, .p = "abcdefgh" + i, .n = 4, .offset = (off_t)(4 * i)};
        tx_writer_begin(writer, &job);
        ck_assert(is_readable(writer, 10000));
        ck_assert(tx_writer_is_done(writer));
        ck_assert_int_eq(tx_writer_take(writer), 0);
        ck_assert(!is_readable(writer, 0));
        ck_assert(!tx_writer_is_done(writer));
    }
    ck_assert_int_eq(pread(fd, all, sizeof(all), 0), 12);
    ck_assert_mem_eq(all, "abcdbcdecdef", 12);
    tx_writer_free(writer);
    close(fd);
}
END_TEST

START_TEST(zeros_are_written_for_no_bytes) {
    struct tx_writer *writer = new_writer();
    int fd = memfd_create("segment", MFD_CLOEXEC);
    static char all[200000];
    struct tx_writer_job job = {.fd = fd, .n = sizeof(all) - 1, .offset = 1};

    memset(all, 'x', sizeof(all));
    ck_assert_int_eq(tx_fd_pwrite_all(fd, all, sizeof(all), 0), 0);
    tx_writer_begin(writer, &job);
    tx_writer_wait(writer);
    ck_assert_int_eq(tx_writer_take(writer), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), sizeof(all));
    ck_assert_int_eq(pread(fd, all, sizeof(all), 0), sizeof(all));
    ck_assert_int_eq(all[0], 'x');
    for (size_t i = 1; i < sizeof(all); i++)
        ck_assert_int_eq(all[i], 0);
    tx_writer_free(writer);
    close(fd);
}
END_TEST

START_TEST(what_fails_is_told_and_the_next_job_goes_on) {
    struct tx_writer *writer = new_writer();
    int fd = memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int full = memfd_create("full", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct tx_writer_job bad = {.fd = full, .p = "abcd", .n = 4};
    struct tx_writer_job good = {.fd = fd, .p = "abcd", .n = 4};
    int64_t took = -1;

    ck_assert_int_eq(fcntl(full, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_WRITE), 0);
    tx_writer_begin(writer, &bad);
    ck_assert_int_eq(tx_writer_take(writer), -EPERM);
    ck_assert_int_eq(tx_writer_do(&bad, &took), -EPERM);
    tx_writer_begin(writer, &good);
    ck_assert_int_eq(took, -1);
    ck_assert_int_eq(tx_writer_take(writer), 0);
    ck_assert_int_gt(tx_writer_took(writer), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), 4);
    tx_writer_begin(writer, &good); /* and it may be freed in the midst of one */
    tx_writer_free(writer);
    close(full);
    close(fd);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ledger-writer");
    TCase *tests = tcase_create("writer");
    tcase_add_test(tests, a_job_is_written_where_it_belongs_and_told_once);
    tcase_add_test(tests, zeros_are_written_for_no_bytes);
    tcase_add_test(tests, what_fails_is_told_and_the_next_job_goes_on);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
