/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <tracex/audit.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "tests/client/stand-in.h"

static struct stand_in *daemon_;

static void set_up(void) {
    daemon_ = stand_in_start();
}

static void tear_down(void) {
    tx_close();
    stand_in_stop(daemon_);
}

static struct tx_stats stats(void) {
    struct tx_stats s = {.size = sizeof(s)};
    ck_assert_int_eq(tx_stats(&s), 0);
    return s;
}

static int log_one(void) {
    return tx_audit_log("x", TX_SUCCESS, TX_STR("text", "some text of a usual length"));
}

static void log_and_flush(void) {
    ck_assert_int_eq(log_one(), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
}

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

START_TEST(what_was_not_acknowledged_is_sent_again_in_order) {
    struct manners manners = MANNERS_INIT;
    size_t n, again = 0;

    log_and_flush(); /* 0 is acknowledged */
    manners.reads_nothing = true;
    stand_in_behave(daemon_, manners);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(log_one(), 0); /* 1 … 100 stay in the socket */
    stand_in_hang_up(daemon_);
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(log_one(), 0); /* 101 */
    ck_assert_int_eq(tx_flush(60000), 0);
    const struct seen *seen = stand_in_seen(daemon_, 102, &n);
    ck_assert_uint_eq(n, 102);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(seen[i].n, i);
        ck_assert_mem_eq(seen[i].secret, seen[0].secret, sizeof(seen[0].secret));
        again += seen[i].connection == 1;
    }
    ck_assert_uint_eq(again, 101);
    ck_assert_uint_eq(stats().connects, 2);
    ck_assert_uint_eq(stats().lost, 0);
}
END_TEST

START_TEST(what_was_read_and_not_acknowledged_is_sent_again_with_its_number_and_id) {
    struct manners manners = MANNERS_INIT;
    size_t n;

    log_and_flush();
    manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(log_one(), 0);
    stand_in_seen(daemon_, 2, &n);
    stand_in_hang_up(daemon_);
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(tx_flush(60000), 0); /* it reconnects by itself */
    const struct seen *seen = stand_in_seen(daemon_, 3, &n);
    ck_assert_uint_eq(seen[1].n, 1);
    ck_assert_uint_eq(seen[2].n, 1);
    ck_assert_mem_eq(seen[1].id, seen[2].id, sizeof(seen[1].id));
}
END_TEST

static void *log_durable(void *data) {
    return (void *)(intptr_t)tx_audit_log_durable("x", TX_SUCCESS, data);
}

START_TEST(a_durable_call_outlives_the_daemon_that_it_was_sent_to) {
    struct manners manners = MANNERS_INIT;
    struct tx_receipt receipt = {.seq = 0};
    pthread_t thread;
    void *result;
    size_t n;

    log_and_flush();
    manners.gives_no_receipt = manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    pthread_create(&thread, NULL, log_durable, &receipt);
    stand_in_seen(daemon_, 2, &n);
    stand_in_behave(daemon_, MANNERS_INIT);
    stand_in_hang_up(daemon_);
    pthread_join(thread, &result);
    ck_assert_int_eq((intptr_t)result, 0);
    ck_assert_uint_eq(receipt.seq, 1001);
}
END_TEST

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

/* --- too much --- */

START_TEST(a_full_socket_is_waited_for_and_then_counted_as_a_loss) {
    struct manners manners = MANNERS_INIT;
    struct tx_options options = TX_OPTIONS_INIT;
    size_t n, sent = 0;

    manners.reads_nothing = true;
    manners.send_buffer = 20000;
    stand_in_behave(daemon_, manners);
    options.block_ms = 30;
    ck_assert_int_eq(tx_open(&options), 0);
    int64_t start;
    do
        start = tx_clock_boot();
    while (log_one() == 0 && ++sent < 100000);
    ck_assert_int_ge(tx_clock_boot() - start, 30000000);
    ck_assert_int_eq(log_one(), -EAGAIN);
    ck_assert_uint_eq(stats().lost, 2);
    ck_assert_uint_eq(stats().logged, sent);

    stand_in_behave(daemon_, MANNERS_INIT);
    stand_in_seen(daemon_, sent, &n);
    ck_assert_int_eq(log_one(), 0);
    ck_assert_uint_eq(stand_in_seen(daemon_, sent + 1, &n)[sent].n, sent + 2);
}
END_TEST

START_TEST(a_call_that_may_not_wait_does_not_and_one_that_may_drop_says_nothing) {
    struct manners manners = MANNERS_INIT;
    struct tx_options options = TX_OPTIONS_INIT;
    size_t sent = 0;

    manners.reads_nothing = true;
    manners.send_buffer = 20000;
    stand_in_behave(daemon_, manners);
    options.block_ms = -1;
    options.when_full = TX_FULL_DROP;
    ck_assert_int_eq(tx_open(&options), 0);
    while (stats().lost == 0 && ++sent < 100000)
        ck_assert_int_eq(log_one(), 0);
    ck_assert_uint_eq(stats().lost, 1);
    ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, NULL), -EAGAIN);
}
END_TEST

START_TEST(a_full_ring_is_waited_for_until_there_are_acknowledgements) {
    struct manners manners = MANNERS_INIT;
    struct tx_options options = TX_OPTIONS_INIT;
    static char text[60000];
    size_t sent = 0;

    memset(text, 't', sizeof(text) - 1);
    options.resend_bytes = 256 * 1024;
    options.block_ms = 20;
    ck_assert_int_eq(tx_open(&options), 0);
    manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    while (tx_audit_log("x", TX_SUCCESS, TX_STR("t", text)) == 0)
        ck_assert_uint_lt(sent++, 100);
    ck_assert_uint_eq(sent, 4); /* of 60 KB in 256 KiB */
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS, TX_STR("t", text)), -EAGAIN);
    ck_assert_int_eq(log_one(), 0); /* a small one fits still */
    stand_in_behave(daemon_, MANNERS_INIT);
    stand_in_send(daemon_, &(struct tx_wire_reply){.type = TX_WIRE_ACK, .n = 2});
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS, TX_STR("t", text)), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
}
END_TEST

START_TEST(the_largest_record_fits_into_the_smallest_ring_however_it_is_filled) {
    struct tx_options options = TX_OPTIONS_INIT;
    static char text[128 * 1024 - 16];
    size_t n, count = 0;

    memset(text, 't', sizeof(text) - 1);
    options.resend_bytes = 256 * 1024;
    options.block_ms = 60000;
    ck_assert_int_eq(tx_open(&options), 0);
    for (int i = 0; i < 50; i++) {
        for (int j = 0; j < i % 7; j++, count++)
            ck_assert_int_eq(log_one(), 0);
        ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS, TX_STR("t", text)), 0);
        count++;
    }
    const struct seen *seen = stand_in_seen(daemon_, count, &n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(seen[i].n, i);
}
END_TEST

START_TEST(a_smaller_socket_after_a_reconnect_gets_everything_in_order) {
    struct manners manners = MANNERS_INIT;
    size_t n;

    log_and_flush();
    manners.reads_nothing = true;
    stand_in_behave(daemon_, manners);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(log_one(), 0);
    stand_in_hang_up(daemon_);
    manners.send_buffer = 5000;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(log_one(), -EAGAIN); /* the older ones come first */
    stand_in_behave(daemon_, MANNERS_INIT);
    stand_in_seen(daemon_, 2, &n); /* it has read, and there is room */
    ck_assert_int_eq(log_one(), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
    const struct seen *seen = stand_in_seen(daemon_, 102, &n);
    ck_assert_uint_eq(n, 102);
    for (size_t i = 0; i < 101; i++)
        ck_assert_uint_eq(seen[i].n, i);
    ck_assert_uint_eq(seen[101].n, 102); /* 101 is the loss */
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

START_TEST(what_a_dead_daemon_did_not_take_is_sent_again_when_the_program_ends) {
    int go[2];
    size_t n;

    ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        log_and_flush();
        ck_assert_int_eq(read(go[0], &byte, 1), 1);
        ck_assert_int_eq(log_one(), 0);
        ck_assert_int_eq(read(go[0], &byte, 1), 1);
        exit(0);
    }
    stand_in_seen(daemon_, 1, &n);
    stand_in_behave(
        daemon_, (struct manners){.n_passed = 1, .passes_this = -1, .acknowledges_nothing = true});
    ck_assert_int_eq(write(go[1], "", 1), 1);
    stand_in_seen(daemon_, 2, &n);
    stand_in_hang_up(daemon_);
    ck_assert_int_eq(write(go[1], "", 1), 1);
    const struct seen *seen = stand_in_seen(daemon_, 3, &n);
    ck_assert_uint_eq(seen[2].n, 1);
    ck_assert_uint_eq(seen[2].connection, 1);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
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
    tcase_add_test(tests, what_was_not_acknowledged_is_sent_again_in_order);
    tcase_add_test(tests, what_was_read_and_not_acknowledged_is_sent_again_with_its_number_and_id);
    tcase_add_test(tests, a_durable_call_outlives_the_daemon_that_it_was_sent_to);
    tcase_add_test(tests, a_connection_that_never_answered_is_not_tried_again_at_once);
    tcase_add_test(tests, a_daemon_that_answers_rubbish_is_left_and_found_again);
    tcase_add_test(tests, an_acknowledgement_of_what_was_never_sent_is_rubbish);
    tcase_add_test(tests, a_full_socket_is_waited_for_and_then_counted_as_a_loss);
    tcase_add_test(tests, a_call_that_may_not_wait_does_not_and_one_that_may_drop_says_nothing);
    tcase_add_test(tests, a_full_ring_is_waited_for_until_there_are_acknowledgements);
    tcase_add_test(tests, the_largest_record_fits_into_the_smallest_ring_however_it_is_filled);
    tcase_add_test(tests, a_smaller_socket_after_a_reconnect_gets_everything_in_order);
    tcase_add_test(tests, a_program_that_closes_every_descriptor_is_no_obstacle);
    tcase_add_test(tests, a_number_that_means_something_else_by_now_is_not_closed);
    tcase_add_test(tests, a_close_forgets_nothing_but_the_connection);
    tcase_add_test(tests, a_close_tells_when_records_are_lost_with_it);
    tcase_add_test(tests, a_close_ends_a_wait_of_another_thread);
    tcase_add_test(tests, what_a_dead_daemon_did_not_take_is_sent_again_when_the_program_ends);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
