/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/supervisor/accept.h"
#include "auditd/supervisor/listener.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/wire/policy.h"
#include "libtx/wire/wire.h"

static char top[] = "/tmp/tx-accept-XXXXXX";
static char path[64];
static struct tx_listener listener = TX_LISTENER_INIT;
static struct tx_accept acceptor;

static char *events[] = {(char *)"payment.*", (char *)"auth.login"}, *rest[] = {(char *)"**"};
static struct tx_durability_class classes[] = {
    {.events = {.n = 2, .item = events},
     .level = TX_LEVEL_DURABLE,
     .unavailable = TX_UNAVAILABLE_BLOCK},
    {.events = {.n = 1, .item = rest},
     .unavailable = TX_UNAVAILABLE_DROP,
     .has_timeout = true,
     .timeout_ns = 250000000},
};
static const struct tx_durability durability = {.n = 2, .classes = classes};

/* The first step of reading a process (SO_PEERPIDFD) is counted on its way to the kernel. */
static size_t n_processes_read;

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict n) {
    n_processes_read += level == SOL_SOCKET && name == 77;
    return (int)syscall(SYS_getsockopt, fd, level, name, value, n);
}

static void set_up(void) {
    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(path, sizeof(path), "%s/run/audit.sock", top);
    ck_assert_int_eq(tx_listener_open(path, 0666, &listener), 0);
    ck_assert_int_eq(tx_accept_init(&acceptor, &durability, 4, 3), 0);
}

static void tear_down(void) {
    char command[64];
    tx_accept_deinit(&acceptor);
    tx_listener_close(&listener);
    snprintf(command, sizeof(command), "rm -rf %s", top);
    ck_assert_int_eq(system(command), 0);
}

static void connect_with(int fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int connect_to(void) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    connect_with(fd);
    return fd;
}

static struct tx_connection *accept_one(void) {
    struct tx_connection *connection;
    ck_assert_int_eq(tx_accept_one(&acceptor, listener.fd, tx_clock_boot(), &connection), 0);
    return connection;
}

/* The WELCOME datagram and the descriptor with it. 0 at the end. */
static ssize_t receive_welcome(int fd, void *memory, size_t n_memory, int *ret_fd) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary;
    struct iovec part = {.iov_base = memory, .iov_len = n_memory};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = ancillary.bytes,
                       .msg_controllen = sizeof(ancillary.bytes)};
    ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *ret_fd = -1;
    if (n > 0 && c)
        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
    return n;
}

static size_t count_descriptors(void) {
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* What the configuration says, as the wire has it. */
static void assert_policy(int fd) {
    static struct tx_wire_policy policy;
    uint8_t memory[TX_WIRE_POLICY_BYTES];
    struct tx_wire_demand demand;

    ssize_t n = recv(fd, memory, sizeof(memory), 0);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(tx_wire_policy_parse(memory, (size_t)n, &policy), 0);
    ck_assert_uint_eq(policy.n_classes, 2);
    ck_assert_uint_eq(policy.n_events, 3);
    ck_assert(tx_wire_policy_find(&policy, TX_TEXT("payment.refund"), &demand));
    ck_assert_int_eq((int)demand.level, TX_WIRE_DURABLE);
    ck_assert_int_eq((int)demand.unavailable, TX_WIRE_BLOCK);
    ck_assert(!demand.has_timeout);
    ck_assert(tx_wire_policy_find(&policy, TX_TEXT("x.y"), &demand));
    ck_assert_int_eq((int)demand.level, TX_WIRE_QUEUED);
    ck_assert_int_eq((int)demand.unavailable, TX_WIRE_DROP);
    ck_assert(demand.has_timeout);
    ck_assert_uint_eq(demand.timeout_ms, 250);
}

START_TEST(a_client_gets_a_welcome_as_the_wire_has_it_and_one_end_of_a_pair) {
    uint8_t memory[64];
    struct tx_wire_reply reply;
    int passed;
    char byte;
    int fd = connect_to();
    struct tx_connection *connection = accept_one();
    ck_assert_ptr_nonnull(connection);

    ssize_t n = receive_welcome(fd, memory, sizeof(memory), &passed);
    ck_assert_int_eq(tx_wire_reply_parse(memory, (size_t)n, &reply), 0);
    ck_assert_int_eq((int)reply.type, TX_WIRE_WELCOME);
    ck_assert_uint_eq(reply.max_bytes, TX_LIMIT_DATAGRAM_BYTES);
    assert_policy(fd);
    ck_assert_int_eq((int)recv(fd, &byte, 1, 0), 0); /* and the listening side hangs up */

    ck_assert_int_eq((int)send(passed, "x", 1, 0), 1);
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } ancillary;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = ancillary.bytes,
                       .msg_controllen = sizeof(ancillary.bytes)};
    ck_assert_int_eq((int)recvmsg(connection->fd, &m, 0), 1);
    ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&m));
    ck_assert_int_eq(CMSG_FIRSTHDR(&m)->cmsg_type, SCM_CREDENTIALS);
    close(passed);
    close(fd);
}
END_TEST

START_TEST(the_identity_names_this_process) {
    struct tx_ipc_identity got;
    char exe[TX_LIMIT_EXE_BYTES];
    int fd = connect_to();
    prctl(PR_SET_NAME, "a\nb\x7f");
    struct tx_connection *connection = accept_one();
    ck_assert_int_eq(
        tx_ipc_identity_parse(
            (struct tx_text){(const char *)connection->identity, connection->n_identity}, &got),
        0);
    ck_assert_uint_eq(got.pid, (uint32_t)getpid());
    ck_assert_uint_eq(got.uid, getuid());
    ck_assert(tx_text_equal(got.comm, TX_TEXT("a?b?")));
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
    ck_assert(tx_text_equal(got.exe, (struct tx_text){exe, (size_t)n}));
    close(fd);
}
END_TEST

START_TEST(of_a_process_that_exits_at_once_only_what_the_kernel_kept_is_said) {
    struct tx_ipc_identity got;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    pid_t pid = fork();
    if (pid == 0) {
        connect_with(fd);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    struct tx_connection *connection = accept_one();
    ck_assert_ptr_nonnull(connection); /* we still hold its socket */
    ck_assert_int_eq(
        tx_ipc_identity_parse(
            (struct tx_text){(const char *)connection->identity, connection->n_identity}, &got),
        0);
    ck_assert_uint_eq(got.pid, (uint32_t)pid);
    ck_assert_uint_eq(got.comm.n + got.exe.n + got.unit.n, 0);
    close(fd);
}
END_TEST

START_TEST(a_client_that_is_gone_is_counted_and_costs_nothing) {
    size_t before = count_descriptors();
    close(connect_to());
    ck_assert_ptr_null(accept_one());
    ck_assert_uint_eq(acceptor.n_refused_other, 1);
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

START_TEST(limits_hold_for_one_uid_and_in_total_and_end_with_a_connection) {
    int fds[5];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_to();
        ck_assert_ptr_nonnull(accept_one());
    }
    uint8_t memory[64];
    int passed;
    fds[3] = connect_to();
    ck_assert_ptr_null(accept_one());
    ck_assert_uint_eq(acceptor.n_refused_uid, 1);
    ck_assert_int_eq((int)receive_welcome(fds[3], memory, sizeof(memory), &passed), 0);

    acceptor.limit_per_uid = 100;
    fds[4] = connect_to();
    ck_assert_ptr_nonnull(accept_one());
    int more = connect_to();
    ck_assert_ptr_null(accept_one());
    ck_assert_uint_eq(acceptor.n_refused_total, 1);
    close(more);

    ck_assert(tx_connections_remove(&acceptor.connections, 2));
    ck_assert(!tx_connections_remove(&acceptor.connections, 2));
    ck_assert(!tx_connections_remove(&acceptor.connections, 0));
    more = connect_to();
    struct tx_connection *connection = accept_one();
    ck_assert_ptr_nonnull(connection);
    ck_assert_uint_eq(connection->id, 5); /* no id is used twice */
    close(more);
    for (int i = 0; i < 5; i++)
        close(fds[i]);
}
END_TEST

START_TEST(a_refusal_costs_no_look_at_the_process) {
    int fds[4];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_to();
        ck_assert_ptr_nonnull(accept_one());
    }
    ck_assert_uint_eq(n_processes_read, 3);
    fds[3] = connect_to();
    ck_assert_ptr_null(accept_one());
    ck_assert_uint_eq(acceptor.n_refused_uid, 1);
    ck_assert_uint_eq(n_processes_read, 3);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}
END_TEST

START_TEST(a_thousand_connections_leave_no_descriptor_behind) {
    size_t before = count_descriptors();
    for (int i = 0; i < 1000; i++) {
        uint8_t memory[64];
        int passed = -1;
        int fd = connect_to();
        struct tx_connection *connection = accept_one();
        ck_assert_ptr_nonnull(connection);
        if (i % 2) /* every other client never reads its welcome */
            receive_welcome(fd, memory, sizeof(memory), &passed);
        tx_fd_closep(&passed);
        close(fd);
        ck_assert(tx_connections_remove(&acceptor.connections, connection->id));
    }
    ck_assert_uint_eq(count_descriptors(), before);
    int fd = connect_to(); /* the count does see one that stays */
    ck_assert_ptr_nonnull(accept_one());
    ck_assert_uint_gt(count_descriptors(), before);
    close(fd);
}
END_TEST

START_TEST(a_client_that_never_reads_holds_up_nobody) {
    int silent[2] = {connect_to(), connect_to()};
    ck_assert_ptr_nonnull(accept_one());
    ck_assert_ptr_nonnull(accept_one());
    uint8_t memory[64];
    int passed;
    int fd = connect_to();
    ck_assert_ptr_nonnull(accept_one());
    ck_assert_int_gt((int)receive_welcome(fd, memory, sizeof(memory), &passed), 0);
    struct tx_connection *none;
    ck_assert_int_eq(tx_accept_one(&acceptor, listener.fd, tx_clock_boot(), &none), -EAGAIN);
    close(passed);
    close(fd);
    close(silent[0]);
    close(silent[1]);
}
END_TEST

START_TEST(a_new_ingest_is_given_every_connection_again_the_oldest_first) {
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_to();
        tx_connections_mark_handed(&acceptor.connections, accept_one());
    }
    ck_assert_ptr_null(tx_connections_next_unhanded(&acceptor.connections));
    tx_connections_unhand_all(&acceptor.connections);
    ck_assert(tx_connections_remove(&acceptor.connections, 1));
    for (uint64_t id = 2; id <= 3; id++) {
        struct tx_connection *next = tx_connections_next_unhanded(&acceptor.connections);
        ck_assert_uint_eq(next->id, id);
        tx_connections_mark_handed(&acceptor.connections, next);
    }
    ck_assert_ptr_null(tx_connections_next_unhanded(&acceptor.connections));
    ck_assert_uint_eq(acceptor.connections.n_unhanded, 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}
END_TEST

/* --- the listening socket --- */

START_TEST(a_stale_socket_is_replaced_and_a_live_one_is_an_error) {
    struct tx_listener other = TX_LISTENER_INIT;
    struct stat st;
    ck_assert_int_eq(tx_listener_open(path, 0666, &other), -EADDRINUSE);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0666);

    close(listener.fd); /* as a kill -9 leaves it */
    listener.fd = -1;
    ck_assert_int_eq(tx_listener_open(path, 0600, &other), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    tx_listener_close(&other);
    ck_assert_int_eq(stat(path, &st), -1);
}
END_TEST

START_TEST(what_is_not_our_socket_is_neither_replaced_nor_removed) {
    struct tx_listener other = TX_LISTENER_INIT;
    char file[64], longer[200];
    struct stat st;
    snprintf(file, sizeof(file), "%s/file", top);
    close(open(file, O_CREAT | O_WRONLY, 0644));
    ck_assert_int_eq(tx_listener_open(file, 0666, &other), -EEXIST);
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    ck_assert_int_eq(tx_listener_open(longer, 0666, &other), -ENAMETOOLONG);

    ck_assert_int_eq(unlink(path), 0); /* a successor took the name */
    close(open(path, O_CREAT | O_WRONLY, 0644));
    tx_listener_close(&listener);
    ck_assert_int_eq(stat(path, &st), 0);
}
END_TEST

/* --- texts of /proc --- */

static struct tx_text unit_of(const char *cgroup) {
    static char unit[TX_LIMIT_UNIT_BYTES];
    size_t n = tx_identity_unit((struct tx_text){cgroup, strlen(cgroup)}, unit);
    return (struct tx_text){unit, n};
}

START_TEST(the_unit_is_the_first_part_of_the_path_that_is_no_slice) {
    ck_assert(tx_text_equal(unit_of("0::/system.slice/shop.service\n"), TX_TEXT("shop.service")));
    ck_assert(tx_text_equal(unit_of("0::/system.slice/system-shop.slice/shop@1.service/worker\n"),
                            TX_TEXT("shop@1.service")));
    ck_assert(tx_text_equal(unit_of("12:cpu:/x\n1:name=systemd:/system.slice/a.service\n0::/b\n"),
                            TX_TEXT("a.service")));
    ck_assert(tx_text_equal(
        unit_of("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n"),
        TX_TEXT("user@1000.service")));
    ck_assert(tx_text_equal(unit_of("0::/_cpu.service\n"), TX_TEXT("cpu.service")));
    static const char *const without[] = {
        "",       "0::/\n", "0::/docker/1234.service\n", "0::/a.slice\n",
        "::::\n", "x",      "1:cpu:/a.service\n"};
    for (size_t i = 0; i < TX_COUNT_OF(without); i++)
        ck_assert_msg(unit_of(without[i]).n == 0, "%s", without[i]);
}
END_TEST

START_TEST(the_start_of_a_process_is_read_behind_any_name) {
    int64_t ns;
    static const char text[] = "7 (a) b) 1 (c) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4200 9 9";
    ck_assert_int_eq(tx_identity_start(TX_TEXT(text), &ns), 0);
    ck_assert_int_eq(ns, 4200 * (1000000000 / sysconf(_SC_CLK_TCK)));
    ck_assert_int_eq(tx_identity_start(TX_TEXT("7 (a"), &ns), -EBADMSG);
    ck_assert_int_eq(tx_identity_start(TX_TEXT("7 (a) S 1 2 3"), &ns), -EBADMSG);
    ck_assert_int_eq(tx_identity_start(TX_TEXT(""), &ns), -EBADMSG);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("supervisor-accept");
    TCase *tests = tcase_create("accept");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_client_gets_a_welcome_as_the_wire_has_it_and_one_end_of_a_pair);
    tcase_add_test(tests, the_identity_names_this_process);
    tcase_add_test(tests, of_a_process_that_exits_at_once_only_what_the_kernel_kept_is_said);
    tcase_add_test(tests, a_client_that_is_gone_is_counted_and_costs_nothing);
    tcase_add_test(tests, limits_hold_for_one_uid_and_in_total_and_end_with_a_connection);
    tcase_add_test(tests, a_refusal_costs_no_look_at_the_process);
    tcase_add_test(tests, a_thousand_connections_leave_no_descriptor_behind);
    tcase_add_test(tests, a_client_that_never_reads_holds_up_nobody);
    tcase_add_test(tests, a_new_ingest_is_given_every_connection_again_the_oldest_first);
    tcase_add_test(tests, a_stale_socket_is_replaced_and_a_live_one_is_an_error);
    tcase_add_test(tests, what_is_not_our_socket_is_neither_replaced_nor_removed);
    tcase_add_test(tests, the_unit_is_the_first_part_of_the_path_that_is_no_slice);
    tcase_add_test(tests, the_start_of_a_process_is_read_behind_any_name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
