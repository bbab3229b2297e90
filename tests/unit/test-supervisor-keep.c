/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "auditd/supervisor/keep.h"
#include "libtx/base/fd.h"

static const struct tx_text alice = TX_TEXT("alice");
static const struct tx_text bob = TX_TEXT("bob");

static struct tx_keep_table table;

static void make_table(void) {
    ck_assert_int_eq(tx_keep_table_new(&table), 0);
}

static void close_table(void) {
    tx_keep_table_close(&table);
}

/* --- the table --- */

START_TEST(a_table_is_read_by_the_next_process) {
    struct tx_keep_table again = TX_KEEP_TABLE_INIT;

    ck_assert_ptr_nonnull(tx_keep_table_add(&table, 7, 1000, alice));
    ck_assert_ptr_nonnull(tx_keep_table_add(&table, 9, 1001, bob));
    int fd = fcntl(table.fd, F_DUPFD_CLOEXEC, 0);
    ck_assert_int_eq(tx_keep_table_open(fd, &again), 0);
    const struct tx_keep_slot *slot = tx_keep_table_find(&again, 9);
    ck_assert_ptr_nonnull(slot);
    ck_assert_uint_eq(slot->uid, 1001);
    ck_assert_mem_eq(slot->identity, bob.p, bob.n);
    ck_assert_uint_eq(slot->n_identity, bob.n);
    ck_assert_ptr_null(tx_keep_table_find(&again, 8));
    ck_assert_ptr_null(tx_keep_table_find(&again, 0));
    ck_assert_uint_eq(tx_keep_table_last(&again), 9);
    tx_keep_table_close(&again);
}
END_TEST

START_TEST(what_is_no_table_is_refused) {
    struct tx_keep_table none = TX_KEEP_TABLE_INIT;
    _cleanup_(tx_fd_closep) int empty = memfd_create("x", MFD_CLOEXEC);
    _cleanup_(tx_fd_closep) int zeros = memfd_create("x", MFD_CLOEXEC);
    off_t size = lseek(table.fd, 0, SEEK_END);

    ck_assert_int_eq(tx_keep_table_open(empty, &none), -EINVAL);
    ck_assert_int_eq(ftruncate(zeros, size), 0);
    ck_assert_int_eq(tx_keep_table_open(zeros, &none), -EINVAL);
    ck_assert_ptr_null(none.memory);
}
END_TEST

START_TEST(a_full_table_takes_no_more_until_one_goes) {
    for (uint64_t id = 1; id <= TX_KEEP_SLOTS; id++)
        ck_assert_ptr_nonnull(tx_keep_table_add(&table, id, 0, alice));
    ck_assert_ptr_null(tx_keep_table_add(&table, TX_KEEP_SLOTS + 1, 0, alice));
    tx_keep_table_free(tx_keep_table_find(&table, 5));
    ck_assert_ptr_null(tx_keep_table_find(&table, 5));
    ck_assert_ptr_nonnull(tx_keep_table_add(&table, TX_KEEP_SLOTS + 1, 0, alice));
    ck_assert_ptr_nonnull(tx_keep_table_find(&table, TX_KEEP_SLOTS + 1));
}
END_TEST

START_TEST(an_identity_that_is_too_long_is_refused) {
    static const char memory[TX_KEEP_IDENTITY_BYTES + 1];
    struct tx_text most = {memory, TX_KEEP_IDENTITY_BYTES}, more = {memory, sizeof(memory)};

    ck_assert_ptr_null(tx_keep_table_add(&table, 1, 0, more));
    ck_assert_ptr_nonnull(tx_keep_table_add(&table, 1, 0, most));
}
END_TEST

START_TEST(slots_are_walked_by_their_state) {
    size_t at = 0;

    for (uint64_t id = 1; id <= 4; id++)
        ck_assert_ptr_nonnull(tx_keep_table_add(&table, id, 0, alice));
    tx_keep_table_find(&table, 2)->state = TX_KEEP_ENDED;
    const struct tx_keep_slot *slot = tx_keep_table_next(&table, TX_KEEP_ENDED, &at);
    ck_assert_uint_eq(slot->id, 2);
    ck_assert_uint_eq(tx_keep_table_index(&table, 2), at - 1);
    ck_assert_ptr_null(tx_keep_table_next(&table, TX_KEEP_ENDED, &at));
}
END_TEST

/* --- what the service manager is told --- */

static char path[64];
static int manager = -1;
static struct tx_keep keep = TX_KEEP_INIT;

static void make_manager(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(path, sizeof(path), "/tmp/tx-keep-%d", getpid());
    strcpy(address.sun_path, path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("FDSTORE", "18", 1);
    ck_assert_int_eq(tx_keep_init(&keep), 0);
    ck_assert(tx_keep_is_used(&keep));
}

static void close_manager(void) {
    tx_keep_deinit(&keep);
    tx_fd_closep(&manager);
    unlink(path);
}

/* The next message; *ret_fds: how many descriptors came with it. */
static void assert_told(const char *expected, size_t n_fds) {
    char text[256], control[CMSG_SPACE(sizeof(int) * 4)];
    struct iovec part = {.iov_base = text, .iov_len = sizeof(text) - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(manager, &message, MSG_CMSG_CLOEXEC);
    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    ck_assert_str_eq(text, expected);
    const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    ck_assert_uint_eq(c ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0, n_fds);
    for (size_t i = 0; i < n_fds; i++)
        close(((const int *)(const void *)CMSG_DATA(c))[i]);
}

static void assert_silent(void) {
    char text[256];
    ck_assert_int_eq(recv(manager, text, sizeof(text), 0), -1);
}

static void assert_tables_told(void) {
    assert_told("FDSTOREREMOVE=1\nFDNAME=tracex-connections", 0);
    assert_told("FDSTORE=1\nFDNAME=tracex-connections\nFDPOLL=0", 1);
    assert_told("FDSTOREREMOVE=1\nFDNAME=tracex-ring-table", 0);
    assert_told("FDSTORE=1\nFDNAME=tracex-ring-table\nFDPOLL=0", 1);
}

START_TEST(connections_and_rings_are_given_and_taken_back) {
    assert_tables_told();
    tx_keep_add(&keep, TX_KEEP_CONNECTION, 4, manager, 1000, alice);
    assert_told("FDSTORE=1\nFDNAME=c4\nFDPOLL=0", 1);
    ck_assert_uint_eq(tx_keep_last_id(&keep, TX_KEEP_CONNECTION), 4);
    tx_keep_drop(&keep, TX_KEEP_CONNECTION, 4);
    assert_told("FDSTOREREMOVE=1\nFDNAME=c4", 0);
    tx_keep_drop(&keep, TX_KEEP_CONNECTION, 4);
    assert_silent();
    tx_keep_add(&keep, TX_KEEP_RING, 4, manager, 1000, alice);
    assert_told("FDSTORE=1\nFDNAME=r4\nFDPOLL=0", 1);
    tx_keep_drop(&keep, TX_KEEP_CONNECTION, 4);
    assert_silent();
    tx_keep_drop(&keep, TX_KEEP_RING, 4);
    assert_told("FDSTOREREMOVE=1\nFDNAME=r4", 0);
    ck_assert_uint_eq(keep.n_refused, 0);
}
END_TEST

START_TEST(no_more_are_given_than_it_takes) {
    assert_tables_told();
    for (uint64_t id = 1; id <= 3; id++)
        tx_keep_add(&keep, TX_KEEP_CONNECTION, id, manager, 1000, alice);
    assert_told("FDSTORE=1\nFDNAME=c1\nFDPOLL=0", 1);
    assert_told("FDSTORE=1\nFDNAME=c2\nFDPOLL=0", 1);
    assert_silent();
    ck_assert_uint_eq(keep.n_refused, 1);
}
END_TEST

START_TEST(what_could_not_be_told_is_told_later) {
    uint64_t id = 1;

    keep.limit = TX_KEEP_SLOTS;
    tx_keep_add(&keep, TX_KEEP_CONNECTION, id, manager, 1000, alice);
    while (send(keep.fd, "x", 1, MSG_DONTWAIT) == 1) /* it does not read, until its queue is full */
        ;
    tx_keep_drop(&keep, TX_KEEP_CONNECTION, id);
    ck_assert_uint_eq(keep.n_ended, 1);
    char text[256];
    while (recv(manager, text, sizeof(text), 0) > 0)
        ;
    tx_keep_retry(&keep);
    assert_told("FDSTOREREMOVE=1\nFDNAME=c1", 0);
    ck_assert_uint_eq(keep.n_ended, 0);
    ck_assert_ptr_null(tx_keep_table_find(&keep.tables[TX_KEEP_CONNECTION], id));
}
END_TEST

START_TEST(without_a_store_nothing_is_told) {
    struct tx_keep none = TX_KEEP_INIT;

    assert_tables_told();
    unsetenv("FDSTORE");
    ck_assert_int_eq(tx_keep_init(&none), 0);
    ck_assert(!tx_keep_is_used(&none));
    setenv("FDSTORE", "no number", 1);
    ck_assert_int_eq(tx_keep_init(&none), 0);
    ck_assert(!tx_keep_is_used(&none));
    tx_keep_add(&none, TX_KEEP_CONNECTION, 1, manager, 1000, alice);
    tx_keep_drop(&none, TX_KEEP_CONNECTION, 1);
    tx_keep_memory(&none, TX_KEEP_INBOX, manager);
    assert_silent();
    tx_keep_deinit(&none);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("supervisor-keep");
    TCase *of_table = tcase_create("table"), *told = tcase_create("told");

    tcase_add_checked_fixture(of_table, make_table, close_table);
    tcase_add_test(of_table, a_table_is_read_by_the_next_process);
    tcase_add_test(of_table, what_is_no_table_is_refused);
    tcase_add_test(of_table, a_full_table_takes_no_more_until_one_goes);
    tcase_add_test(of_table, an_identity_that_is_too_long_is_refused);
    tcase_add_test(of_table, slots_are_walked_by_their_state);
    tcase_add_checked_fixture(told, make_manager, close_manager);
    tcase_add_test(told, connections_and_rings_are_given_and_taken_back);
    tcase_add_test(told, no_more_are_given_than_it_takes);
    tcase_add_test(told, what_could_not_be_told_is_told_later);
    tcase_add_test(told, without_a_store_nothing_is_told);
    suite_add_tcase(suite, of_table);
    suite_add_tcase(suite, told);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
