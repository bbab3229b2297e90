/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <tracex/audit.h>
#include <unistd.h>

#include "tests/client/stand-in.h"

enum { THREADS = 16, RECORDS = 10000 };

static struct stand_in *daemon_;

static void set_up(void) {
    struct tx_options options = TX_OPTIONS_INIT;

    daemon_ = stand_in_start();
    options.block_ms = options.durable_ms = 60000; /* slow machines lose nothing */
    options.connect_ms = 60000;
    ck_assert_int_eq(tx_open(&options), 0);
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

/* Each returns how many calls failed. */

static void *log_many(void *data) {
    intptr_t failed = 0;
    (void)data;
    for (int64_t i = 0; i < RECORDS; i++)
        if (tx_audit_log("threads.queued", TX_SUCCESS, TX_I64("i", i)) < 0) {
            failed++;
            usleep(1000);
        }
    return (void *)failed;
}

static void *log_durable(void *data) {
    intptr_t failed = 0;
    const size_t *n = data;
    for (size_t i = 0; i < *n; i++) {
        struct tx_receipt receipt = {.seq = 0};
        failed += tx_audit_log_durable("threads.durable", TX_SUCCESS, &receipt) < 0;
        failed += receipt.seq < 1000;
    }
    return (void *)failed;
}

static void start(pthread_t *threads, size_t n, void *(*f)(void *), void *data) {
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, f, data), 0);
}

static intptr_t join(pthread_t *threads, size_t n) {
    intptr_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        void *result;
        pthread_join(threads[i], &result);
        failed += (intptr_t)result;
    }
    return failed;
}

/* --- threads --- */

START_TEST(records_of_many_threads_arrive_once_each_in_the_order_of_their_numbers) {
    pthread_t threads[THREADS];
    size_t n;

    start(threads, THREADS, log_many, NULL);
    ck_assert_int_eq(join(threads, THREADS), 0);
    const struct seen *seen = stand_in_seen(daemon_, THREADS * RECORDS, &n);
    ck_assert_uint_eq(n, THREADS * RECORDS);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(seen[i].n, i);
    ck_assert_int_eq(tx_flush(60000), 0);
    ck_assert_uint_eq(stats().logged, n);
    ck_assert_uint_eq(stats().pending, 0);
}
END_TEST

START_TEST(durable_calls_of_many_threads_each_get_their_own_receipt_while_others_log) {
    pthread_t durable[8], queued[2];
    size_t n_each = 200, n;

    start(durable, 8, log_durable, &n_each);
    start(queued, 2, log_many, NULL);
    ck_assert_int_eq(join(durable, 8), 0);
    ck_assert_int_eq(join(queued, 2), 0);
    stand_in_seen(daemon_, 8 * n_each + 2 * RECORDS, &n);
    ck_assert_uint_eq(n, 8 * n_each + 2 * RECORDS);
}
END_TEST

START_TEST(a_thread_that_waits_for_its_receipt_keeps_nobody_from_logging) {
    struct manners manners = MANNERS_INIT;
    pthread_t thread;
    size_t one = 1, n;

    manners.gives_no_receipt = true;
    stand_in_behave(daemon_, manners);
    start(&thread, 1, log_durable, &one);
    stand_in_seen(daemon_, 1, &n);
    for (int i = 0; i < 5000; i++) /* more than the ring holds: the waiting thread reads for us */
        ck_assert_int_eq(tx_audit_log("meanwhile", TX_SUCCESS), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
    stand_in_send(daemon_, &(struct tx_wire_reply){.type = TX_WIRE_RECEIPT, .n = 0, .seq = 1000});
    ck_assert_int_eq(join(&thread, 1), 0);
}
END_TEST

START_TEST(nothing_is_lost_while_the_connection_breaks_again_and_again) {
    pthread_t threads[4], durable[2];
    size_t n_each = 300, n, first_seen = 0;

    start(threads, 4, log_many, NULL);
    start(durable, 2, log_durable, &n_each);
    for (int i = 0; i < 50; i++) {
        stand_in_hang_up(daemon_);
        usleep(5000);
    }
    intptr_t failed = join(threads, 4);
    join(durable, 2);
    while (tx_flush(100) == -ETIMEDOUT)
        ;
    /* A connection that broke before it ever answered is not tried again at once; what was called
     * meanwhile failed, and is the only thing that is missing. */
    struct tx_stats s = stats();
    ck_assert_uint_eq(s.logged + s.lost, 4 * RECORDS + 2 * n_each);
    ck_assert_uint_ge(s.lost, (uint64_t)failed);
    const struct seen *seen = stand_in_seen(daemon_, s.logged, &n);
    uint8_t *came = calloc(s.logged + s.lost, 1);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_lt(seen[i].n, s.logged + s.lost);
        first_seen += !came[seen[i].n];
        came[seen[i].n] = 1;
    }
    free(came);
    ck_assert_uint_eq(first_seen, s.logged);
}
END_TEST

/* --- forks --- */

static bool same_client(const struct seen *a, const struct seen *b) {
    return memcmp(a->secret, b->secret, sizeof(a->secret)) == 0;
}

START_TEST(a_forked_child_is_a_client_of_its_own) {
    int status;
    size_t n;

    ck_assert_int_eq(tx_audit_log("parent", TX_SUCCESS), 0);
    stand_in_seen(daemon_, 1, &n);
    pid_t pid = fork();
    if (pid == 0)
        _exit(tx_audit_log("child", TX_SUCCESS) < 0 || stats().logged != 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(tx_audit_log("parent", TX_SUCCESS), 0);
    const struct seen *seen = stand_in_seen(daemon_, 3, &n);
    for (size_t i = 1; i < 3; i++) {
        bool child = strcmp(seen[i].event, "child") == 0;
        ck_assert_int_eq(same_client(&seen[0], &seen[i]), !child);
        ck_assert_uint_eq(seen[i].n, child ? 0 : 1);
    }
    ck_assert_mem_ne(seen[1].id, seen[2].id, sizeof(seen[1].id));
    ck_assert_uint_eq(stand_in_connections(daemon_), 2);
}
END_TEST

START_TEST(a_child_neither_keeps_nor_ends_its_parents_connection) {
    int status;
    size_t n;

    ck_assert_int_eq(tx_audit_log("parent", TX_SUCCESS), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int r = tx_audit_log("child", TX_SUCCESS), fds = 0;
        for (int fd = 700; fd < 1000; fd++) /* where the client keeps its own */
            fds += fcntl(fd, F_GETFD) >= 0;
        _exit(r < 0 || fds != 1 || tx_close() < 0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(tx_audit_log("parent", TX_SUCCESS), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
    stand_in_seen(daemon_, 3, &n);
    ck_assert_uint_eq(stats().connects, 1);
}
END_TEST

START_TEST(a_child_and_its_child_and_so_on_all_log) {
    int status = 0;
    size_t n, different = 0;

    pid_t pid = fork();
    if (pid == 0) {
        for (int depth = 0; depth < 5 && fork() == 0; depth++)
            if (tx_audit_log("deep", TX_SUCCESS) < 0)
                _exit(1);
        while (wait(&status) > 0)
            ;
        _exit(0);
    }
    const struct seen *seen = stand_in_seen(daemon_, 5, &n);
    waitpid(pid, &status, 0);
    for (size_t i = 1; i < 5; i++)
        different += !same_client(&seen[0], &seen[i]);
    ck_assert_uint_eq(different, 4);
}
END_TEST

START_TEST(a_fork_while_other_threads_log_leaves_the_child_no_lock_and_no_number_of_theirs) {
    enum { FORKS = 40 };
    pthread_t threads[4], durable;
    size_t n_each = 500, n, of_children = 0, expected = 4 * RECORDS + 500 + FORKS;

    start(threads, 4, log_many, NULL);
    start(&durable, 1, log_durable, &n_each);
    for (int i = 0; i < FORKS; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0)
            _exit(tx_audit_log("fork.child", TX_SUCCESS) < 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(join(threads, 4), 0);
    ck_assert_int_eq(join(&durable, 1), 0);
    const struct seen *seen = stand_in_seen(daemon_, expected, &n);
    uint64_t next = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(seen[i].event, "fork.child") == 0) {
            ck_assert_uint_eq(seen[i].n, 0);
            of_children++;
        } else {
            ck_assert_uint_eq(seen[i].n, next++);
        }
    }
    ck_assert_uint_eq(of_children, FORKS);
}
END_TEST

START_TEST(a_child_keeps_its_parents_options) {
    struct tx_options options = TX_OPTIONS_INIT;
    int status;

    tx_close();
    options.socket_path = "/nonexistent/socket";
    options.when_full = TX_FULL_DROP;
    ck_assert_int_eq(tx_open(&options), -ENOTCONN);
    pid_t pid = fork();
    if (pid == 0)
        _exit(tx_audit_log("child", TX_SUCCESS) != 0 || stats().lost != 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

static volatile pid_t forked = -1; /* 0: this is the child */
static volatile int status_of_child;

static void fork_and_wait(int number) {
    int status = 0;
    (void)number;
    forked = fork();
    if (forked == 0)
        return; /* into the call that was interrupted */
    waitpid(forked, &status, 0);
    status_of_child = status;
}

static void wait_for_a_receipt(int peer_of_0) {
    struct itimerval soon = {.it_value = {.tv_usec = 100000}};
    char byte;

    setitimer(ITIMER_REAL, &soon, NULL);
    int r = tx_audit_log_durable("waits", TX_SUCCESS, NULL);
    if (forked == 0)
        _exit(recv(peer_of_0, &byte, 1, MSG_DONTWAIT) >= 0 || r == 0 ||
              tx_audit_log("child", TX_SUCCESS) < 0);
    ck_assert_int_eq(r, -ETIMEDOUT);
}

/* What such a child finds is the wiped memory: all is 0 there, but 0 is no descriptor of ours. */
START_TEST(a_child_that_returns_from_a_handler_into_its_parents_call_gets_out_of_it) {
    struct tx_options options = TX_OPTIONS_INIT;
    struct manners manners = MANNERS_INIT;
    int pair[2];

    tx_close();
    options.durable_ms = 1000;
    ck_assert_int_eq(tx_open(&options), 0);
    manners.acknowledges_nothing = manners.gives_no_receipt = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    ck_assert_int_eq(dup2(pair[0], 0), 0);
    signal(SIGALRM, fork_and_wait);
    wait_for_a_receipt(pair[1]);
    ck_assert_int_gt(forked, 0);
    ck_assert_int_eq(status_of_child, 0);
    close(pair[0]);
    close(pair[1]);
    close(0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-threads");
    TCase *tests = tcase_create("threads and forks");
    tcase_set_timeout(tests, 250);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, records_of_many_threads_arrive_once_each_in_the_order_of_their_numbers);
    tcase_add_test(tests,
                   durable_calls_of_many_threads_each_get_their_own_receipt_while_others_log);
    tcase_add_test(tests, a_thread_that_waits_for_its_receipt_keeps_nobody_from_logging);
    tcase_add_test(tests, nothing_is_lost_while_the_connection_breaks_again_and_again);
    tcase_add_test(tests, a_forked_child_is_a_client_of_its_own);
    tcase_add_test(tests, a_child_neither_keeps_nor_ends_its_parents_connection);
    tcase_add_test(tests, a_child_and_its_child_and_so_on_all_log);
    tcase_add_test(tests,
                   a_fork_while_other_threads_log_leaves_the_child_no_lock_and_no_number_of_theirs);
    tcase_add_test(tests, a_child_keeps_its_parents_options);
    tcase_add_test(tests, a_child_that_returns_from_a_handler_into_its_parents_call_gets_out_of_it);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
