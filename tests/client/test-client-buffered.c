/* SPDX-License-Identifier: MIT */
/* TX_BUFFERED: what waits in the process, and who sends it when. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libaudit-client/client.h"
#include "libaudit-client/fork.h"
#include "tests/client/client-check.h"

#define PROGRAM "--program"
#define PROGRAM_FULL "--program-full"

static int log_buffered(void) {
    return tx_audit_log_buffered("x", TX_SUCCESS, TX_STR("text", "some text of a usual length"));
}

static void *call(void *data) {
    return (void *)(intptr_t)(log_buffered() + *(int *)data);
}

static struct tx_client *client_of_process(void) {
    struct tx_client *client = tx_fork_client_if_any();
    ck_assert_ptr_nonnull(client);
    return client;
}

static void assert_in_order(const struct seen *seen, size_t n) {
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(seen[i].n, i);
}

/* Threads that wait for the lock, and whose records the one that gets it buffers in one go: nobody
 * sends in between. */
static void buffer_at_once(size_t n) {
    struct tx_client *client = client_of_process();
    pthread_t threads[TX_COMBINE_SLOTS];
    int zero = 0;
    void *result;

    tx_lock_take(&client->lock);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call, &zero), 0);
    while ((size_t)__builtin_popcountll(
               __atomic_load_n(&client->combine.pending, __ATOMIC_SEQ_CST)) < n)
        usleep(1000);
    tx_combine_unlock(client);
    for (size_t i = 0; i < n; i++) {
        pthread_join(threads[i], &result);
        ck_assert_int_eq((intptr_t)result, 0);
    }
}

START_TEST(buffered_records_share_a_datagram_and_a_full_one_goes_at_once) {
    size_t n;

    log_and_flush();
    buffer_at_once(20);
    ck_assert_int_eq(tx_flush(60000), 0);
    const struct seen *seen = stand_in_seen(daemon_, 21, &n);
    assert_in_order(seen, 21);
    for (size_t i = 1; i < 21; i++)
        ck_assert_uint_eq(seen[i].datagram, 1);
    buffer_at_once(50);
    ck_assert_int_eq(tx_flush(60000), 0);
    seen = stand_in_seen(daemon_, 71, &n);
    assert_in_order(seen, 71);
    for (size_t i = 21; i < 53; i++)
        ck_assert_uint_eq(seen[i].datagram, 2);
    ck_assert_uint_gt(seen[53].datagram, 2);
    ck_assert_uint_eq(stats().logged, 71);
    ck_assert_uint_eq(stats().pending, 0);
}
END_TEST

START_TEST(the_last_record_of_a_quiet_program_does_not_stay) {
    size_t n;

    for (size_t i = 1; i <= 20; i++) { /* also after the thread has gone to sleep */
        ck_assert_int_eq(log_buffered(), 0);
        stand_in_seen(daemon_, i, &n); /* and nobody calls meanwhile */
        usleep((useconds_t)i * 1000);
    }
}
END_TEST

START_TEST(a_queued_or_durable_record_comes_behind_what_was_buffered_before_it) {
    size_t n;

    for (int i = 0; i < 300; i++) {
        ck_assert_int_eq(log_buffered(), 0);
        if (i % 7 == 0)
            ck_assert_int_eq(log_one(), 0);
        if (i % 50 == 0)
            ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, NULL), 0);
    }
    ck_assert_int_eq(tx_flush(60000), 0);
    assert_in_order(stand_in_seen(daemon_, 349, &n), 349);
}
END_TEST

START_TEST(flushing_and_closing_send_what_is_buffered) {
    struct manners manners = MANNERS_INIT;
    size_t n;

    ck_assert_int_eq(log_buffered(), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
    ck_assert_uint_eq(stats().pending, 0);
    stand_in_seen(daemon_, 1, &n);
    manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(log_buffered(), 0);
    ck_assert_uint_eq(stats().pending, 1);
    ck_assert_int_eq(tx_close(), 0);
    stand_in_seen(daemon_, 2, &n);
}
END_TEST

START_TEST(what_was_accepted_arrives_although_the_socket_was_full) {
    struct manners manners = MANNERS_INIT;
    struct tx_options options = TX_OPTIONS_INIT;
    size_t accepted = 0, n;
    int r;

    manners.reads_nothing = true;
    manners.send_buffer = 20000;
    stand_in_behave(daemon_, manners);
    options.connect_ms = 60000;
    options.block_ms = 30;
    ck_assert_int_eq(tx_open(&options), 0);
    while ((r = log_buffered()) == 0)
        ck_assert_uint_lt(accepted++, 100000);
    ck_assert_int_eq(r, -EAGAIN);
    ck_assert_uint_eq(stats().logged, accepted);
    ck_assert_uint_eq(stats().lost, 1);
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(tx_flush(60000), 0);
    assert_in_order(stand_in_seen(daemon_, accepted, &n), accepted);
    ck_assert_int_eq(log_buffered(), 0);
    ck_assert_uint_eq(stand_in_seen(daemon_, accepted + 1, &n)[accepted].n, accepted + 1);
}
END_TEST

START_TEST(a_gap_is_never_within_a_datagram) {
    struct manners manners = MANNERS_INIT;
    struct tx_options options = TX_OPTIONS_INIT;
    static char text[60000];
    size_t n;

    memset(text, 't', sizeof(text) - 1);
    options.connect_ms = 60000;
    options.resend_bytes = 256 * 1024;
    options.block_ms = -1;
    ck_assert_int_eq(tx_open(&options), 0);
    manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    for (int i = 0; i < 40; i++) { /* the large ones are lost when the ring is full */
        (void)!tx_audit_log_buffered("x", TX_SUCCESS, TX_STR("t", text));
        (void)!log_buffered();
    }
    struct tx_stats s = stats();
    ck_assert_uint_gt(s.lost, 10);
    ck_assert_uint_eq(s.logged + s.lost, 80);
    stand_in_behave(daemon_, MANNERS_INIT);
    const struct seen *seen = stand_in_seen(daemon_, s.logged, &n);
    ck_assert_uint_eq(n, s.logged);
    for (size_t i = 1; i < n; i++) {
        ck_assert_uint_gt(seen[i].n, seen[i - 1].n);
        if (seen[i].datagram == seen[i - 1].datagram)
            ck_assert_uint_eq(seen[i].n, seen[i - 1].n + 1);
    }
}
END_TEST

START_TEST(nothing_is_lost_while_the_connection_breaks) {
    size_t n, accepted = 0;

    log_and_flush(); /* proven: it connects again at once */
    for (int i = 0; i < 3000; i++) {
        if (i % 300 == 0)
            stand_in_hang_up(daemon_);
        accepted += log_buffered() == 0;
    }
    while (tx_flush(100) == -ETIMEDOUT)
        ;
    struct tx_stats s = stats();
    ck_assert_uint_eq(s.logged, accepted + 1);
    const struct seen *seen = stand_in_seen(daemon_, s.logged, &n);
    bool *came = calloc(s.logged + s.lost, sizeof(*came));
    size_t different = 0;
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_lt(seen[i].n, s.logged + s.lost);
        different += !came[seen[i].n];
        came[seen[i].n] = true;
    }
    free(came);
    ck_assert_uint_eq(different, s.logged);
}
END_TEST

START_TEST(many_threads_of_all_levels_arrive_once_each_in_the_order_of_their_numbers) {
    pthread_t threads[8];
    int zero = 0;
    size_t n;
    void *result;

    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 8; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, call, &zero), 0);
        ck_assert_int_eq(log_one(), 0);
        for (int i = 0; i < 8; i++) {
            pthread_join(threads[i], &result);
            ck_assert_int_eq((intptr_t)result, 0);
        }
    }
    ck_assert_int_eq(tx_flush(60000), 0);
    assert_in_order(stand_in_seen(daemon_, 1800, &n), 1800);
    ck_assert_uint_eq(n, 1800);
}
END_TEST

/* --- the thread --- */

/* How many threads of the library's there are; *ret_blocked: the signals that the last one blocks.
 */
static size_t count_flushers(uint64_t *ret_blocked) {
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    size_t n = 0;

    ck_assert_ptr_nonnull(tasks);
    while ((entry = readdir(tasks))) {
        char path[300], line[256];
        bool is_one = false;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
        FILE *f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f)) {
            is_one |= strcmp(line, "Name:\ttracex-flush\n") == 0;
            if (is_one && strncmp(line, "SigBlk:", 7) == 0)
                *ret_blocked = strtoull(line + 7, NULL, 16);
        }
        if (f)
            fclose(f);
        n += is_one;
    }
    closedir(tasks);
    return n;
}

START_TEST(there_is_a_thread_only_for_who_buffers_and_it_takes_no_signal) {
    uint64_t blocked = 0, could_block = 0;
    sigset_t before, after;

    log_and_flush();
    ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, NULL), 0);
    ck_assert_uint_eq(count_flushers(&blocked), 0);
    sigprocmask(SIG_SETMASK, NULL, &before);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(log_buffered(), 0);
    sigprocmask(SIG_SETMASK, NULL, &after);
    ck_assert_mem_eq(&before, &after, sizeof(before));
    while (count_flushers(&blocked) == 0) /* it names itself */
        usleep(1000);
    ck_assert_uint_eq(count_flushers(&blocked), 1);
    for (int signal = 1; signal <= 31; signal++)
        if (signal != SIGKILL && signal != SIGSTOP)
            could_block |= UINT64_C(1) << (signal - 1);
    ck_assert_uint_eq(blocked & could_block, could_block);
}
END_TEST

START_TEST(where_no_thread_can_be_had_records_are_queued) {
    struct tx_client *client;
    uint64_t blocked;
    size_t n;

    log_and_flush();
    client = client_of_process();
    client->flusher.is_impossible = true;
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(log_buffered(), 0);
        ck_assert_uint_eq(client->batch.count, 0);
    }
    const struct seen *seen = stand_in_seen(daemon_, 11, &n);
    ck_assert_uint_eq(seen[10].datagram, 10);
    ck_assert_uint_eq(count_flushers(&blocked), 0);
}
END_TEST

START_TEST(a_child_has_nothing_of_what_its_parent_buffered_and_a_thread_of_its_own) {
    int status;
    size_t n, of_child = 0;

    log_and_flush();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(log_buffered(), 0);
        pid_t pid = fork();
        if (pid == 0) {
            int r = log_buffered();
            while (stats().pending > 0) /* its own thread sends it; nobody else would */
                usleep(1000), tx_flush(-1);
            _exit(r < 0 || stats().logged != 1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(tx_flush(60000), 0);
    const struct seen *seen = stand_in_seen(daemon_, 41, &n);
    ck_assert_uint_eq(n, 41);
    for (size_t i = 0; i < n; i++)
        of_child += memcmp(seen[i].secret, seen[0].secret, sizeof(seen[0].secret)) != 0;
    ck_assert_uint_eq(of_child, 20);
}
END_TEST

/* --- the program ends --- */

static int run_program(void) {
    for (int i = 0; i < 5; i++)
        if (log_buffered() < 0)
            return 1;
    return 0;
}

START_TEST(what_is_buffered_is_sent_when_the_program_ends) {
    int status;
    size_t n;

    for (size_t i = 1; i <= 20; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", "program", PROGRAM, NULL);
            _exit(127);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        stand_in_seen(daemon_, 5 * i, &n);
    }
}
END_TEST

static bool is_socket_full(struct tx_client *client) {
    tx_lock_take(&client->lock);
    bool is_full = client->resend.n_unsent > 0;
    tx_combine_unlock(client);
    return is_full;
}

/* Ends when the socket is full, and says how many records were accepted. */
static int run_program_full(void) {
    struct tx_options options = TX_OPTIONS_INIT;
    uint64_t n = 0;

    options.block_ms = 60000;
    if (tx_open(&options) < 0)
        return 1;
    for (; !is_socket_full(tx_fork_client_if_any()); n++)
        if (log_buffered() < 0)
            return 1;
    return write(STDOUT_FILENO, &n, sizeof(n)) != sizeof(n);
}

START_TEST(a_program_that_ends_waits_for_a_full_socket_as_a_call_would) {
    struct manners manners = MANNERS_INIT;
    int pipe_fds[2], status;
    uint64_t accepted;
    size_t n;

    manners.reads_nothing = true;
    manners.send_buffer = 20000;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipe_fds[1], STDOUT_FILENO);
        execl("/proc/self/exe", "program", PROGRAM_FULL, NULL);
        _exit(127);
    }
    ck_assert_int_eq(read(pipe_fds[0], &accepted, sizeof(accepted)), sizeof(accepted));
    usleep(500000); /* in which one that does not wait ends */
    ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    assert_in_order(stand_in_seen(daemon_, accepted, &n), accepted);
    ck_assert_uint_eq(n, accepted);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}
END_TEST

/* A daemon that knows of some of them only: the rest may not get lost with it. */
START_TEST(an_acknowledgement_in_the_middle_of_a_datagram_keeps_the_whole_of_it) {
    struct manners manners = MANNERS_INIT;
    size_t n;

    log_and_flush();
    manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    buffer_at_once(20);
    stand_in_seen(daemon_, 21, &n);
    stand_in_send(daemon_, &(struct tx_wire_reply){.type = TX_WIRE_ACK, .n = 11});
    ck_assert_int_eq(tx_flush(1), -ETIMEDOUT);
    ck_assert_uint_eq(stats().pending, 20);
    stand_in_behave(daemon_, MANNERS_INIT);
    stand_in_hang_up(daemon_);
    ck_assert_int_eq(tx_flush(60000), 0);
    const struct seen *seen = stand_in_seen(daemon_, 41, &n);
    for (size_t i = 21; i < 41; i++)
        ck_assert_uint_eq(seen[i].n, i - 20);
    ck_assert_uint_eq(stats().pending, 0);
}
END_TEST

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], PROGRAM) == 0)
        return run_program();
    if (argc == 2 && strcmp(argv[1], PROGRAM_FULL) == 0)
        return run_program_full();

    Suite *suite = suite_create("client-buffered");
    TCase *tests = tcase_create("buffered records");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, buffered_records_share_a_datagram_and_a_full_one_goes_at_once);
    tcase_add_test(tests, the_last_record_of_a_quiet_program_does_not_stay);
    tcase_add_test(tests, a_queued_or_durable_record_comes_behind_what_was_buffered_before_it);
    tcase_add_test(tests, flushing_and_closing_send_what_is_buffered);
    tcase_add_test(tests, what_was_accepted_arrives_although_the_socket_was_full);
    tcase_add_test(tests, a_gap_is_never_within_a_datagram);
    tcase_add_test(tests, nothing_is_lost_while_the_connection_breaks);
    tcase_add_test(tests,
                   many_threads_of_all_levels_arrive_once_each_in_the_order_of_their_numbers);
    tcase_add_test(tests, there_is_a_thread_only_for_who_buffers_and_it_takes_no_signal);
    tcase_add_test(tests, where_no_thread_can_be_had_records_are_queued);
    tcase_add_test(tests, a_child_has_nothing_of_what_its_parent_buffered_and_a_thread_of_its_own);
    tcase_add_test(tests, what_is_buffered_is_sent_when_the_program_ends);
    tcase_add_test(tests, a_program_that_ends_waits_for_a_full_socket_as_a_call_would);
    tcase_add_test(tests, an_acknowledgement_in_the_middle_of_a_datagram_keeps_the_whole_of_it);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
