/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "tests/client/client-check.h"

/* Logs until it works again; returns how many did not. */
static size_t log_until_it_works(void) {
    size_t n = 0;
    while (log_one() < 0) {
        ck_assert_uint_lt(n++, 60000);
        usleep(1000);
    }
    return n;
}

/* --- no daemon, or none of ours --- */

START_TEST(without_a_daemon_calls_fail_at_once_and_are_counted) {
    setenv("TRACEX_SOCKET", "/nonexistent/socket", 1);
    int64_t start = tx_clock_boot();
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(log_one(), -ENOTCONN);
    ck_assert_int_lt(tx_clock_boot() - start, INT64_C(60) * 1000000000);
    ck_assert_uint_eq(stats().lost, 1000);
    ck_assert_uint_eq(stats().logged, 0);
    ck_assert_int_eq(stats().connect_error, ENOENT);
    ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, NULL), -ENOTCONN);
    ck_assert_int_eq(tx_flush(0), 0); /* nothing waits */
}
END_TEST

START_TEST(a_daemon_that_comes_later_is_found_and_sees_the_gap) {
    char elsewhere[120];
    size_t n;

    snprintf(elsewhere, sizeof(elsewhere), "%s-away", stand_in_path(daemon_));
    ck_assert_int_eq(rename(stand_in_path(daemon_), elsewhere), 0);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(log_one(), -ENOTCONN);
    ck_assert_int_eq(rename(elsewhere, stand_in_path(daemon_)), 0);
    size_t missed = 5 + log_until_it_works();
    ck_assert_uint_eq(stand_in_seen(daemon_, 1, &n)[0].n, missed);
    ck_assert_uint_eq(stats().lost, missed);
}
END_TEST

static int try_path(const char *path) {
    struct tx_options options = TX_OPTIONS_INIT;
    options.socket_path = path;
    options.connect_ms = 20;
    int r = tx_open(&options);
    ck_assert_int_eq(log_one(), r);
    tx_close();
    return r;
}

START_TEST(rubbish_where_the_socket_should_be_is_no_daemon) {
    char path[120];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(try_path("/"), -ENOTCONN);
    ck_assert_int_eq(try_path("/dev/null"), -ENOTCONN);
    ck_assert_int_eq(try_path("/dev/null/x"), -ENOTCONN);
    snprintf(path, sizeof(path), "%s-stream", stand_in_path(daemon_));
    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(try_path(path), -ENOTCONN); /* nobody listens */
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(try_path(path), -ENOTCONN); /* of another type */
    close(fd);
    unlink(path);

    static char much_too_long[300];
    memset(much_too_long, 'a', sizeof(much_too_long) - 1);
    setenv("TRACEX_SOCKET", much_too_long, 1);
    ck_assert_int_eq(log_one(), -ENOTCONN);
    tx_close();
    ck_assert_int_eq(try_path(stand_in_path(daemon_)), 0); /* the control */
}
END_TEST

START_TEST(a_daemon_that_does_not_answer_is_waited_for_and_not_for_long) {
    struct manners manners = MANNERS_INIT;
    manners.keeps_quiet = true;
    stand_in_behave(daemon_, manners);
    int64_t start = tx_clock_boot();
    ck_assert_int_eq(try_path(stand_in_path(daemon_)), -ENOTCONN);
    ck_assert_int_ge(tx_clock_boot() - start, 20000000);
    ck_assert_int_eq(stats().connect_error, ETIMEDOUT);
}
END_TEST

START_TEST(a_full_queue_of_connections_is_waited_for_and_not_for_long) {
    struct manners manners = MANNERS_INIT;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fds[100], n = 0;

    manners.keeps_quiet = true;
    stand_in_behave(daemon_, manners);
    strcpy(address.sun_path, stand_in_path(daemon_));
    for (; n < 100; n++) {
        fds[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(fds[n], (struct sockaddr *)&address, sizeof(address)) < 0)
            break;
    }
    ck_assert_int_lt(n, 100);
    ck_assert_int_eq(try_path(stand_in_path(daemon_)), -ENOTCONN);
    for (int i = 0; i <= n; i++)
        close(fds[i]);
}
END_TEST

static int open_fds(void) {
    int n = 0;
    for (int fd = 0; fd < 2000; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

START_TEST(a_welcome_that_is_wrong_is_refused_and_leaks_no_descriptor) {
    static const uint8_t other_version[] = {'T', 'X', 2, 65, 12, 0, 0, 0, 0, 16, 2, 0};
    static const uint8_t too_short[] = {'T', 'X', 1, 65, 11, 0, 0, 0, 0, 16, 2};
    static const uint8_t tiny[] = {'T', 'X', 1, 65, 12, 0, 0, 0, 16, 0, 0, 0};
    static const uint8_t ack[] = {'T', 'X', 1, 66, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t huge[600] = {'T', 'X', 1, 65};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct manners wrong[] = {
        {.n_passed = 0, .passes_this = -1},
        {.n_passed = 2, .passes_this = -1},
        {.n_passed = 8, .passes_this = -1},
        {.n_passed = 1, .passes_this = null},
        {.n_passed = 1, .passes_this = udp},
        {.n_passed = 1, .passes_this = stream},
        {.n_passed = 1, .passes_this = -1, .welcome = "", .n_welcome = 1},
        {.n_passed = 1, .passes_this = -1, .welcome = other_version, .n_welcome = 12},
        {.n_passed = 1, .passes_this = -1, .welcome = too_short, .n_welcome = 11},
        {.n_passed = 1, .passes_this = -1, .welcome = tiny, .n_welcome = 12},
        {.n_passed = 1, .passes_this = -1, .welcome = ack, .n_welcome = 16},
        {.n_passed = 1, .passes_this = -1, .welcome = huge, .n_welcome = 500},
        {.n_passed = 1, .passes_this = -1, .closes_at_once = true},
    };
    struct tx_options options = TX_OPTIONS_INIT;
    options.connect_ms = 60000;

    int before = open_fds();
    for (size_t i = 0; i < TX_COUNT_OF(wrong); i++) {
        stand_in_behave(daemon_, wrong[i]);
        ck_assert_int_eq(tx_open(&options), -ENOTCONN);
        ck_assert_int_gt(stats().connect_error, 0);
        tx_close();
        stand_in_hang_up(daemon_);
        ck_assert_int_eq(open_fds(), before);
    }
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(tx_open(&options), 0);
    close(null);
    close(udp);
    close(stream);
}
END_TEST

/* In a process of its own: the stand-in needs descriptors too. */
static int exhaust(void) {
    struct rlimit old, low;
    int fd = open("/dev/null", O_RDONLY);

    close(fd);
    getrlimit(RLIMIT_NOFILE, &old);
    low = old;
    for (rlim_t extra = 0; extra < 2;
         extra++) { /* none for the socket; none for what comes by it */
        low.rlim_cur = (rlim_t)fd + extra;
        setrlimit(RLIMIT_NOFILE, &low);
        int r = log_one();
        setrlimit(RLIMIT_NOFILE, &old);
        if (r != -ENOTCONN || stats().connect_error != EMFILE)
            return 1 + (int)extra;
        tx_close(); /* and so it is tried again at once */
    }
    return log_one() == 0 ? 0 : 3;
}

START_TEST(without_a_free_descriptor_calls_fail_and_then_work_again) {
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(exhaust());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* --- a connection that goes --- */

START_TEST(a_connection_that_never_answered_is_not_tried_again_at_once) {
    struct manners manners = MANNERS_INIT;

    manners.reads_nothing = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(log_one(), 0);
    stand_in_hang_up(daemon_);
    ck_assert_int_eq(log_one(), -ENOTCONN);
    ck_assert_uint_eq(stand_in_connections(daemon_), 1);
    stand_in_behave(daemon_, MANNERS_INIT);
    log_until_it_works();
    ck_assert_int_eq(tx_flush(60000), 0);
}
END_TEST

START_TEST(a_daemon_that_answers_rubbish_is_left_and_found_again) {
    struct manners manners = MANNERS_INIT;
    size_t n;

    log_and_flush();
    manners.answers_rubbish = manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(log_one(), 0);
    stand_in_seen(daemon_, 2, &n);
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(tx_flush(60000), 0);
    ck_assert_uint_ge(stats().connects, 2);
}
END_TEST

START_TEST(an_acknowledgement_of_what_was_never_sent_is_rubbish) {
    log_and_flush();
    stand_in_send(daemon_, &(struct tx_wire_reply){.type = TX_WIRE_ACK, .n = 2});
    ck_assert_int_eq(tx_flush(0), 0);
    ck_assert_int_eq(stats().connected, 0);
    ck_assert_int_eq(stats().connect_error, EPROTO);
}
END_TEST

/* --- programs that close what is not theirs --- */

START_TEST(a_program_that_closes_every_descriptor_is_no_obstacle) {
    size_t n;

    log_and_flush();
    for (int fd = 700; fd < 1000; fd++)
        close(fd);
    ck_assert_int_eq(log_one(), 0);
    ck_assert_int_eq(stand_in_seen(daemon_, 2, &n)[1].connection, 1);
}
END_TEST

START_TEST(a_number_that_means_something_else_by_now_is_not_closed) {
    int other = open("/dev/null", O_RDWR | O_CLOEXEC), ours = -1;

    log_and_flush();
    for (int fd = 700; fd < 1000; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            ours = fd;
    ck_assert_int_ne(ours, -1);
    ck_assert_int_eq(fcntl(ours, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(dup2(other, ours), ours);
    ck_assert_int_eq(log_one(), 0); /* not a socket: connects anew */
    ck_assert_int_eq(fcntl(ours, F_GETFD), 0);
    close(ours);
    close(other);
}
END_TEST

/* The program's own socket has got our number: nothing of ours goes to its peer, and nothing that
 * its peer says is taken. */
START_TEST(a_strangers_socket_with_our_number_is_not_written_to_nor_read) {
    static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM};
    for (size_t i = 0; i < TX_COUNT_OF(types); i++) {
        int pair[2], ours = -1;
        char byte;
        log_and_flush();
        for (int fd = 700; fd < 1000; fd++)
            if (fcntl(fd, F_GETFD) >= 0)
                ours = fd;
        ck_assert_int_eq(socketpair(AF_UNIX, types[i], 0, pair), 0);
        ck_assert_int_eq(dup2(pair[0], ours), ours);
        ck_assert_int_eq(write(pair[1], "x", 1), 1);
        ck_assert_int_eq(log_one(), 0);
        ck_assert_int_eq(tx_flush(60000), 0);
        ck_assert_int_eq(recv(pair[1], &byte, 1, MSG_DONTWAIT), -1);
        ck_assert_int_eq(recv(ours, &byte, 1, MSG_DONTWAIT), 1);
        ck_assert_int_eq(byte, 'x');
        close(ours);
        close(pair[0]);
        close(pair[1]);
    }
    ck_assert_uint_eq(stats().lost, 0);
}
END_TEST

/* --- the end --- */

START_TEST(a_close_forgets_nothing_but_the_connection) {
    size_t n;

    log_and_flush();
    ck_assert_int_eq(tx_close(), 0);
    ck_assert_int_eq(tx_close(), 0);
    ck_assert_int_eq(stats().connected, 0);
    log_and_flush();
    const struct seen *seen = stand_in_seen(daemon_, 2, &n);
    ck_assert_uint_eq(seen[1].n, 1);
    ck_assert_mem_eq(seen[0].secret, seen[1].secret, sizeof(seen[0].secret));
}
END_TEST

START_TEST(a_close_tells_when_records_are_lost_with_it) {
    log_and_flush();
    stand_in_behave(daemon_, (struct manners){.reads_nothing = true});
    ck_assert_int_eq(log_one(), 0);
    stand_in_hang_up(daemon_);
    ck_assert_int_eq(tx_close(), -EAGAIN);
    ck_assert_uint_eq(stats().lost, 1);
    ck_assert_uint_eq(stats().pending, 0);
}
END_TEST

static void *log_durable(void *data) {
    return (void *)(intptr_t)tx_audit_log_durable("x", TX_SUCCESS, data);
}

START_TEST(a_close_ends_a_wait_of_another_thread) {
    pthread_t thread;
    void *result;
    size_t n;

    struct manners manners = MANNERS_INIT;
    manners.gives_no_receipt = manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    pthread_create(&thread, NULL, log_durable, NULL);
    stand_in_seen(daemon_, 1, &n);
    tx_close();
    pthread_join(thread, &result);
    ck_assert_int_eq((intptr_t)result, -ECANCELED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-connection");
    TCase *tests = tcase_create("connection");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, without_a_daemon_calls_fail_at_once_and_are_counted);
    tcase_add_test(tests, a_daemon_that_comes_later_is_found_and_sees_the_gap);
    tcase_add_test(tests, rubbish_where_the_socket_should_be_is_no_daemon);
    tcase_add_test(tests, a_daemon_that_does_not_answer_is_waited_for_and_not_for_long);
    tcase_add_test(tests, a_full_queue_of_connections_is_waited_for_and_not_for_long);
    tcase_add_test(tests, a_welcome_that_is_wrong_is_refused_and_leaks_no_descriptor);
    tcase_add_test(tests, without_a_free_descriptor_calls_fail_and_then_work_again);
    tcase_add_test(tests, a_connection_that_never_answered_is_not_tried_again_at_once);
    tcase_add_test(tests, a_daemon_that_answers_rubbish_is_left_and_found_again);
    tcase_add_test(tests, an_acknowledgement_of_what_was_never_sent_is_rubbish);
    tcase_add_test(tests, a_program_that_closes_every_descriptor_is_no_obstacle);
    tcase_add_test(tests, a_number_that_means_something_else_by_now_is_not_closed);
    tcase_add_test(tests, a_strangers_socket_with_our_number_is_not_written_to_nor_read);
    tcase_add_test(tests, a_close_forgets_nothing_but_the_connection);
    tcase_add_test(tests, a_close_tells_when_records_are_lost_with_it);
    tcase_add_test(tests, a_close_ends_a_wait_of_another_thread);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
