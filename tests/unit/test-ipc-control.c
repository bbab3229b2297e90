/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ipc/child.h"
#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "libtx/base/limits.h"

static int ends[2];
static uint8_t memory[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];

static void set_up(void) {
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
                     0);
}

static void tear_down(void) {
    close(ends[0]);
    close(ends[1]);
}

static int receive(struct tx_control *ret) {
    return tx_control_receive(ends[1], memory, sizeof(memory), ret);
}

START_TEST(a_message_arrives_with_its_argument_payload_and_descriptor) {
    struct tx_control message = {.type = TX_CONTROL_CONNECTION,
                                 .argument = UINT64_MAX,
                                 .payload = TX_TEXT("who"),
                                 .fd = STDIN_FILENO};
    struct tx_control got;
    ck_assert_int_eq(tx_control_send(ends[0], &message), 0);
    ck_assert_int_eq(receive(&got), 0);
    ck_assert_int_eq((int)got.type, TX_CONTROL_CONNECTION);
    ck_assert(got.argument == UINT64_MAX);
    ck_assert(tx_text_equal(got.payload, TX_TEXT("who")));
    ck_assert_int_ge(got.fd, 0);
    ck_assert_int_eq(fcntl(got.fd, F_GETFD), FD_CLOEXEC);
    close(got.fd);
}
END_TEST

START_TEST(the_end_an_empty_socket_and_a_full_one_are_told_apart) {
    static char payload[TX_CONTROL_PAYLOAD_BYTES];
    struct tx_control message = {
        .type = TX_CONTROL_STATUS, .payload = {.p = payload, .n = sizeof(payload)}, .fd = -1};
    struct tx_control got;
    int r = 0;
    ck_assert_int_eq(receive(&got), -EAGAIN);
    for (int i = 0; i < 1000 && r == 0; i++)
        r = tx_control_send(ends[0], &message);
    ck_assert_int_eq(r, -EAGAIN);
    while (receive(&got) == 0)
        ck_assert_uint_eq(got.payload.n, sizeof(payload));
    close(ends[0]);
    ends[0] = -1;
    ck_assert_int_eq(receive(&got), TX_CONTROL_E_CLOSED);
    message.payload.n = 0;
    ends[0] = ends[1];
    ck_assert_int_eq(tx_control_send(ends[0], &message), -EPIPE);
    ends[1] = -1;
}
END_TEST

/* The kernel tells of what was left unread before it hands over what was said. */
START_TEST(last_words_are_heard_also_of_one_that_had_not_read_everything) {
    struct tx_control message = {
        .type = TX_CONTROL_FATAL, .argument = 7, .payload = TX_TEXT("why"), .fd = -1};
    struct tx_control got;
    ck_assert_int_eq(tx_control_send(ends[1], &message), 0);
    ck_assert_int_eq(tx_control_send(ends[0], &message), 0);
    message.type = TX_CONTROL_STOPPED;
    ck_assert_int_eq(tx_control_send(ends[0], &message), 0);
    close(ends[0]);
    ends[0] = -1;
    ck_assert_int_eq(receive(&got), 0);
    ck_assert_int_eq((int)got.type, TX_CONTROL_FATAL);
    ck_assert(tx_text_equal(got.payload, TX_TEXT("why")));
    ck_assert_int_eq(receive(&got), 0);
    ck_assert_int_eq((int)got.type, TX_CONTROL_STOPPED);
    ck_assert_int_eq(receive(&got), TX_CONTROL_E_CLOSED);
    ck_assert_int_eq(receive(&got), TX_CONTROL_E_CLOSED);
}
END_TEST

START_TEST(every_malformed_message_is_refused) {
    struct tx_control message = {
        .type = TX_CONTROL_PING, .argument = 1, .payload = TX_TEXT("x"), .fd = -1};
    uint8_t good[64];
    struct tx_control got;
    ck_assert_int_eq(tx_control_send(ends[0], &message), 0);
    ssize_t n = recv(ends[1], good, sizeof(good), 0);
    ck_assert_int_eq((int)n, TX_CONTROL_HEADER_BYTES + 1);

    for (ssize_t cut = 1; cut < n; cut++) {
        ck_assert_int_eq((int)send(ends[0], good, (size_t)cut, 0), (int)cut);
        ck_assert_int_eq(receive(&got), -EBADMSG);
    }
    /* Type, zero and length: each bit of theirs but those that give another known type. */
    for (size_t bit = 0; bit < 64; bit++) {
        uint8_t bad[64];
        memcpy(bad, good, sizeof(bad));
        bad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        ck_assert_int_eq((int)send(ends[0], bad, (size_t)n, 0), (int)n);
        int r = receive(&got);
        bool known = bit < 16 && r == 0 && got.type != TX_CONTROL_PING;
        ck_assert_msg(r == -EBADMSG || known, "bit %zu", bit);
    }
    ck_assert_int_eq((int)send(ends[0], good, (size_t)n, 0), (int)n);
    ck_assert_int_eq(receive(&got), 0);
}
END_TEST

static int count_descriptors(void) {
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void send_with_descriptors(size_t n_fds) {
    uint8_t header[TX_CONTROL_HEADER_BYTES] = {TX_CONTROL_PING};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(16 * sizeof(int))];
    } ancillary = {0};
    struct iovec part = {.iov_base = header, .iov_len = sizeof(header)};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = ancillary.bytes,
                       .msg_controllen = CMSG_SPACE(n_fds * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    for (size_t i = 0; i < n_fds; i++)
        memcpy(CMSG_DATA(c) + i * sizeof(int), &ends[0], sizeof(int));
    ck_assert_int_gt((int)sendmsg(ends[0], &m, 0), 0);
}

START_TEST(more_than_one_descriptor_is_refused_and_none_leaks) {
    struct tx_control got;
    int before = count_descriptors();
    for (size_t n = 2; n <= 16; n++) {
        send_with_descriptors(n);
        ck_assert_int_eq(receive(&got), -EBADMSG);
    }
    ck_assert_int_eq(count_descriptors(), before);
    send_with_descriptors(1);
    ck_assert_int_eq(receive(&got), 0);
    ck_assert_int_eq(count_descriptors(), before + 1);
    close(got.fd);
}
END_TEST

START_TEST(an_identity_comes_back_as_it_was_and_cut_ones_are_refused) {
    char bytes[TX_IPC_IDENTITY_BYTES];
    struct tx_buf b = tx_buf_of(bytes, sizeof(bytes));
    struct tx_ipc_identity identity = {.pid = 1,
                                       .uid = 2,
                                       .gid = 3,
                                       .comm = TX_TEXT("shop"),
                                       .exe = TX_TEXT("/usr/bin/shop"),
                                       .unit = TX_TEXT("shop.service")};
    struct tx_ipc_identity got;
    tx_ipc_identity_render(&identity, &b);
    ck_assert(!b.full);
    ck_assert_int_eq(tx_ipc_identity_parse((struct tx_text){bytes, b.len}, &got), 0);
    ck_assert_uint_eq(got.pid, 1);
    ck_assert_uint_eq(got.gid, 3);
    ck_assert(tx_text_equal(got.comm, identity.comm));
    ck_assert(tx_text_equal(got.exe, identity.exe));
    ck_assert(tx_text_equal(got.unit, identity.unit));
    for (size_t n = 0; n < b.len; n++)
        ck_assert_int_eq(tx_ipc_identity_parse((struct tx_text){bytes, n}, &got), -EBADMSG);
    ck_assert_int_eq(tx_ipc_identity_parse((struct tx_text){bytes, b.len + 1}, &got), -EBADMSG);
}
END_TEST

START_TEST(the_longest_identity_fits_its_limit) {
    static char letters[TX_LIMIT_EXE_BYTES];
    char bytes[TX_IPC_IDENTITY_BYTES];
    struct tx_buf b = tx_buf_of(bytes, sizeof(bytes));
    struct tx_ipc_identity got, identity = {.comm = {letters, TX_LIMIT_COMM_BYTES},
                                            .exe = {letters, TX_LIMIT_EXE_BYTES},
                                            .unit = {letters, TX_LIMIT_UNIT_BYTES}};
    memset(letters, 'x', sizeof(letters));
    tx_ipc_identity_render(&identity, &b);
    ck_assert(!b.full);
    ck_assert_int_eq(tx_ipc_identity_parse((struct tx_text){bytes, b.len}, &got), 0);
    bytes[12]++; /* comm one byte longer than it may be */
    ck_assert_int_eq(tx_ipc_identity_parse((struct tx_text){bytes, b.len}, &got), -EBADMSG);
}
END_TEST

/* tx_child_start in a process of its own; its exit status says what came of it. */
static int start_child(bool with_socket, char **argv) {
    int status, argc = 0;
    while (argv[argc])
        argc++;
    pid_t pid = fork();
    if (pid == 0) {
        struct tx_child_options options;
        close(STDERR_FILENO);
        if (with_socket)
            dup2(ends[1], TX_FD_CONTROL);
        else
            close(TX_FD_CONTROL);
        int r = tx_child_start("tracex-test", argc, argv, &options);
        if (r < 0)
            _exit(1);
        _exit(options.change_user && options.uid == 12 && options.epoch_ns == 900 ? 2 : 3);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define ARGV(...) ((char *[]){(char *)(uintptr_t) "test", __VA_ARGS__, NULL})
#define A(text) ((char *)(uintptr_t)(text))

START_TEST(a_child_takes_its_options_and_refuses_others) {
    ck_assert_int_eq(start_child(true, ARGV(A("--uid"), A("12"), A("--gid"), A("12"),
                                            A("--epoch-ns"), A("900"), A("--origin"), A("x"))),
                     2);
    ck_assert_int_eq(start_child(true, ARGV(A("--config-name"), A("/etc/tracex.yaml"))), 3);
    ck_assert_int_eq(start_child(true, ARGV(A("--frobnicate"), A("1"))), 1);
    ck_assert_int_eq(start_child(true, ARGV(A("--uid"))), 1);
    ck_assert_int_eq(start_child(true, ARGV(A("--uid"), A("12"))), 1);
    ck_assert_int_eq(start_child(true, ARGV(A("--uid"), A("-1"), A("--gid"), A("1"))), 1);
    ck_assert_int_eq(start_child(true, ARGV(A("--uid"), A("4294967295"), A("--gid"), A("1"))), 1);
}
END_TEST

START_TEST(progress_and_ends_come_back_as_they_were_and_cut_ones_are_refused) {
    struct tx_control_progress progress = {.done = 1234567890123, .has_work = true}, got = {0};
    struct tx_control_end end = {.process = TX_TEXT("ingest"), .how = TX_TEXT("was killed")},
                          got_end;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_control_progress_render(&progress, &b);
    ck_assert_uint_eq(b.len, TX_CONTROL_PROGRESS_BYTES);
    for (size_t n = 0; n < b.len; n++)
        ck_assert_int_lt(tx_control_progress_parse((struct tx_text){(char *)memory, n}, &got), 0);
    ck_assert_int_eq(tx_control_progress_parse((struct tx_text){(char *)memory, b.len}, &got), 0);
    ck_assert_uint_eq(got.done, progress.done);
    ck_assert(got.has_work);

    b = tx_buf_of(memory, sizeof(memory));
    tx_control_end_render(&end, &b);
    for (size_t n = 0; n < b.len; n++)
        ck_assert_int_lt(tx_control_end_parse((struct tx_text){(char *)memory, n}, &got_end), 0);
    ck_assert_int_eq(tx_control_end_parse((struct tx_text){(char *)memory, b.len}, &got_end), 0);
    ck_assert(tx_text_equal(got_end.process, end.process));
    ck_assert(tx_text_equal(got_end.how, end.how));
}
END_TEST

START_TEST(a_child_that_is_started_by_hand_says_so) {
    ck_assert_int_eq(start_child(false, ARGV(A("--config-name"), A("x"))), 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ipc-control");
    TCase *tests = tcase_create("control and child");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_message_arrives_with_its_argument_payload_and_descriptor);
    tcase_add_test(tests, the_end_an_empty_socket_and_a_full_one_are_told_apart);
    tcase_add_test(tests, last_words_are_heard_also_of_one_that_had_not_read_everything);
    tcase_add_test(tests, every_malformed_message_is_refused);
    tcase_add_test(tests, more_than_one_descriptor_is_refused_and_none_leaks);
    tcase_add_test(tests, an_identity_comes_back_as_it_was_and_cut_ones_are_refused);
    tcase_add_test(tests, the_longest_identity_fits_its_limit);
    tcase_add_test(tests, a_child_takes_its_options_and_refuses_others);
    tcase_add_test(tests, progress_and_ends_come_back_as_they_were_and_cut_ones_are_refused);
    tcase_add_test(tests, a_child_that_is_started_by_hand_says_so);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
