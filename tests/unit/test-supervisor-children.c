/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/supervisor/children.h"
#include "auditd/supervisor/links.h"
#include "auditd/supervisor/memfd.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/*
 * The children here are this program again: with an argument it plays a child that does what the
 * argument says.
 */

#define SECOND_NS INT64_C(1000000000)

/* --- the child's side --- */

static int say(enum tx_control_type type, uint64_t argument, struct tx_text payload) {
    struct tx_control m = {.type = type, .argument = argument, .payload = payload, .fd = -1};
    return tx_control_send(TX_FD_CONTROL, &m);
}

/* Its descriptors as a text: "0,1,2,3,". */
static void say_descriptors(void) {
    char text[512] = "";
    size_t n = 0;
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%d,", fd);
    (void)say(TX_CONTROL_STATUS, 0, (struct tx_text){text, n});
}

static void say_environment(void) {
    char text[512] = "";
    size_t n = 0;
    for (char **e = environ; *e; e++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s;", *e);
    (void)say(TX_CONTROL_STATUS, 0, (struct tx_text){text, n});
}

static int serve(void) {
    static uint8_t memory[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];
    struct tx_control m;
    while (tx_control_receive(TX_FD_CONTROL, memory, sizeof(memory), &m) == 0) {
        if (m.type == TX_CONTROL_PING && say(TX_CONTROL_PONG, m.argument, TX_TEXT("")) < 0)
            return 1;
        if (m.type == TX_CONTROL_STATUS_GET)
            (void)say(TX_CONTROL_STATUS, 0, TX_TEXT("{}"));
        if (m.type == TX_CONTROL_STOP) {
            (void)say(TX_CONTROL_STOPPED, 0, TX_TEXT(""));
            return 0;
        }
        if (m.type == TX_CONTROL_CONNECTION) {
            (void)say(TX_CONTROL_CLOSED, m.argument, TX_TEXT(""));
            tx_fd_closep(&m.fd);
        }
    }
    return 0;
}

static int play(const char *part) {
    if (strcmp(part, "crash") == 0)
        return 7;
    if (strcmp(part, "rubbish") == 0) {
        ssize_t ignored = write(TX_FD_CONTROL, "rubbish", 7);
        (void)ignored;
        pause();
    }
    if (strcmp(part, "leave") == 0) { /* when there is something for it, which it does not read */
        struct pollfd poll_fd = {.fd = TX_FD_CONTROL, .events = POLLIN};
        return poll(&poll_fd, 1, -1) == 1 && say(TX_CONTROL_FATAL, 0, TX_TEXT("")) == 0 ? 7 : 1;
    }
    if (strcmp(part, "slow") == 0)
        usleep(100000); /* messages queue up meanwhile */
    if (say(TX_CONTROL_READY, 0, TX_TEXT("{\"seccomp\":true}")) < 0)
        return 1;
    if (strcmp(part, "descriptors") == 0)
        say_descriptors();
    if (strcmp(part, "environment") == 0)
        say_environment();
    return serve();
}

/* --- the supervisor's side --- */

static struct tx_loop *loop;
static struct tx_children children;
static const char *part;
static int extra_fd = -1;
static int n_ended, last_status, n_closed, n_drained, n_ready, n_fatal;
static bool restart;
static int64_t waits[16];
static int n_failing_starts, n_said_too_late;

static int prepare(void *data, struct tx_child *child, struct tx_spawn *spawn, char **argv,
                   size_t n_argv) {
    (void)data;
    (void)child;
    if (n_ended > 0 && n_failing_starts > 0) {
        n_failing_starts--;
        return -EAGAIN;
    }
    ck_assert_uint_ge(n_argv, 2);
    argv[0] = (char *)(uintptr_t)part;
    if (extra_fd >= 0)
        spawn->fds[spawn->n_fds++] = (struct tx_spawn_fd){.fd = extra_fd, .target = 9};
    return 0;
}

static int started(void *data, struct tx_child *child) {
    (void)data;
    (void)child;
    return 0;
}

static int on_message(void *data, struct tx_child *child, struct tx_control *m) {
    (void)data;
    (void)child;
    n_ready += m->type == TX_CONTROL_READY;
    n_fatal += m->type == TX_CONTROL_FATAL;
    if (m->type == TX_CONTROL_READY && strcmp(part, "serve") == 0)
        tx_loop_stop(loop);
    if (m->type == TX_CONTROL_CLOSED)
        n_closed++;
    return 0;
}

static int on_status(void *data, struct tx_child *child) {
    (void)data;
    (void)child;
    tx_loop_stop(loop);
    return 0;
}

static int on_drained(void *data, struct tx_child *child) {
    (void)data;
    /* STOP itself may have to wait, and then there is an end of waiting once more. */
    return n_drained++ ? 0 : tx_child_send(child, TX_CONTROL_STOP, 0, (struct tx_text){0}, -1);
}

static int on_ended(void *data, struct tx_child *child, int wait_status) {
    (void)data;
    last_status = wait_status;
    n_ended++;
    if (restart && n_ended < 3) {
        waits[n_ended] = tx_child_count_crash(child);
        return tx_child_restart_after(child, waits[n_ended]);
    }
    child->state = TX_CHILD_ENDED;
    tx_loop_stop(loop);
    return 0;
}

static const struct tx_children_events events = {prepare,   started,    on_message,
                                                 on_status, on_drained, on_ended};

static struct tx_child *child_playing(const char *what) {
    struct tx_child *child = &children.all[TX_CHILD_INGEST];
    part = what;
    ssize_t n = readlink("/proc/self/exe", child->program, sizeof(child->program) - 1);
    ck_assert_int_gt((int)n, 0);
    child->program[n] = '\0';
    return child;
}

static void set_up(void) {
    ck_assert_int_eq(tx_loop_new(&loop), 0);
    ck_assert_int_eq(tx_children_init(&children, loop, &events, NULL), 0);
}

static void tear_down(void) {
    tx_children_deinit(&children);
    tx_loop_free(loop);
}

START_TEST(a_child_gets_exactly_its_descriptors) {
    struct tx_child *child = child_playing("descriptors");
    int stray = fcntl(STDIN_FILENO, F_DUPFD, 40); /* not CLOEXEC */
    extra_fd = STDIN_FILENO;
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(tx_text_equal((struct tx_text){(char *)child->status.data, child->status.len},
                            TX_TEXT("0,1,2,3,9,")));
    close(stray);
}
END_TEST

START_TEST(a_childs_environment_holds_only_what_messages_need) {
    struct tx_child *child = child_playing("environment");
    setenv("NOTIFY_SOCKET", "/run/x", 1);
    setenv("LD_PRELOAD", "", 1);
    setenv("LANG", "C", 1);
    unsetenv("JOURNAL_STREAM");
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(tx_text_equal((struct tx_text){(char *)child->status.data, child->status.len},
                            TX_TEXT("LANG=C;")));
}
END_TEST

START_TEST(a_child_stops_when_it_is_told_and_its_last_words_are_heard) {
    struct tx_child *child = child_playing("serve");
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert_int_eq((int)child->state, TX_CHILD_READY);
    ck_assert_int_eq(tx_child_send(child, TX_CONTROL_STOP, 0, (struct tx_text){0}, -1), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(child->stopped);
    ck_assert_int_eq(last_status, 0);
    ck_assert(!tx_child_runs(child));
}
END_TEST

START_TEST(last_words_are_heard_also_of_a_child_that_is_gone_and_left_something_unread) {
    struct tx_child *child = child_playing("leave");
    siginfo_t info;
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_child_send(child, TX_CONTROL_STOP, 0, (struct tx_text){0}, -1), 0);
    ck_assert_int_eq(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(WIFEXITED(last_status) && WEXITSTATUS(last_status) == 7);
    ck_assert_int_eq(n_fatal, 1);
}
END_TEST

START_TEST(a_status_is_asked_once_until_it_is_answered) {
    struct tx_child *child = child_playing("serve");
    ck_assert_int_eq(tx_child_ask_status(child), 0); /* it does not run yet */
    ck_assert(!child->status_pending);
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert_int_eq(tx_child_ask_status(child), 0);
    ck_assert(child->status_pending);
    ck_assert_int_eq(tx_child_ask_status(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(!child->status_pending);
    ck_assert_uint_eq(child->status.len, 2);
}
END_TEST

START_TEST(messages_that_do_not_fit_wait_in_order_and_none_is_lost) {
    struct tx_child *child = child_playing("slow");
    static char payload[1000];
    const int n = 2000;
    ck_assert_int_eq(tx_child_start_process(child), 0);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(tx_child_send(child, TX_CONTROL_CONNECTION, (uint64_t)i,
                                       (struct tx_text){payload, sizeof(payload)}, STDIN_FILENO),
                         0);
    ck_assert(tx_child_is_full(child));
    ck_assert_int_eq(tx_loop_run(loop), 0); /* STOP follows when they are sent */
    ck_assert_int_eq(n_closed, n);
    ck_assert_int_ge(n_drained, 1);
    ck_assert_int_eq(last_status, 0);
}
END_TEST

START_TEST(a_child_that_crashes_is_started_again) {
    struct tx_child *child = child_playing("crash");
    restart = true;
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert_int_eq(n_ended, 3);
    ck_assert_uint_eq(child->restarts, 2);
    ck_assert(WIFEXITED(last_status) && WEXITSTATUS(last_status) == 7);
    ck_assert_int_le(waits[1], SECOND_NS / 10);
}
END_TEST

START_TEST(a_crash_loop_waits_longer_each_time_up_to_half_a_minute) {
    ck_assert_int_le(tx_child_backoff_ns(1), SECOND_NS / 10);
    ck_assert_int_le(tx_child_backoff_ns(3), SECOND_NS / 10);
    ck_assert_int_eq(tx_child_backoff_ns(4), SECOND_NS);
    ck_assert_int_eq(tx_child_backoff_ns(5), 2 * SECOND_NS);
    ck_assert_int_eq(tx_child_backoff_ns(8), 16 * SECOND_NS);
    ck_assert_int_eq(tx_child_backoff_ns(9), 30 * SECOND_NS);
    ck_assert_int_eq(tx_child_backoff_ns(1000000), 30 * SECOND_NS);
    struct tx_child *child = child_playing("crash");
    child->crashes = 8;
    child->started_ns = tx_clock_boot(); /* it has just started */
    ck_assert_int_eq(tx_child_count_crash(child), 30 * SECOND_NS);
    child->started_ns = tx_clock_boot() - 60 * SECOND_NS; /* it had recovered */
    ck_assert_int_le(tx_child_count_crash(child), SECOND_NS / 10);
}
END_TEST

START_TEST(kills_now_and_then_are_no_crash_loop_and_many_in_a_row_are) {
    struct tx_child *child = child_playing("crash");
    int n = 0;

    while (tx_child_may_be_killed(child))
        ck_assert_int_lt(++n, 1000);
    ck_assert_int_ge(n, 50);
    child->kills_ns -= SECOND_NS; /* a second without any */
    for (n = 0; tx_child_may_be_killed(child); n++)
        ck_assert_int_lt(n, 20);
    ck_assert_int_ge(n, 10);
}
END_TEST

START_TEST(a_child_that_does_not_speak_as_it_should_is_killed) {
    struct tx_child *child = child_playing("rubbish");
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(WIFSIGNALED(last_status) && WTERMSIG(last_status) == SIGKILL);
    ck_assert_int_eq(n_ready, 0);
}
END_TEST

/* In each round, also between its last word and its end. */
static int say_more(void *data, uint32_t epoll_events) {
    struct tx_child *child = data;
    (void)epoll_events;
    n_said_too_late += tx_child_runs(child) && !child->control_source;
    return tx_child_send(child, TX_CONTROL_PING, 0, (struct tx_text){0}, -1);
}

START_TEST(one_that_is_given_up_while_messages_wait_for_it_is_sent_no_more) {
    struct tx_child *child = child_playing("rubbish");
    static char payload[1000];
    struct tx_source_handle *source;
    int always = eventfd(1, EFD_CLOEXEC);

    ck_assert_int_eq(tx_loop_add(loop, always, EPOLLIN, say_more, child, &source), 0);
    ck_assert_int_eq(tx_child_start_process(child), 0);
    while (!tx_child_is_full(child))
        ck_assert_int_eq(tx_child_send(child, TX_CONTROL_CONNECTION, 1,
                                       (struct tx_text){payload, sizeof(payload)}, -1),
                         0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(WIFSIGNALED(last_status));
    ck_assert_int_ge(n_said_too_late, 1);
    tx_loop_remove(loop, source);
    close(always);
}
END_TEST

START_TEST(a_start_that_fails_for_want_of_something_is_tried_again) {
    struct tx_child *child = child_playing("crash");
    restart = true;
    n_failing_starts = 1;
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert_int_eq(n_failing_starts, 0);
    ck_assert_int_eq(n_ended, 3);
    ck_assert_uint_eq(child->restarts, 3);
}
END_TEST

START_TEST(a_program_that_is_not_there_ends_with_its_own_status) {
    struct tx_child *child = child_playing("serve");
    strcpy(child->program, "/nonexistent/tracex-ingest");
    ck_assert_int_eq(tx_child_start_process(child), 0);
    ck_assert_int_eq(tx_loop_run(loop), 0);
    ck_assert(WIFEXITED(last_status) && WEXITSTATUS(last_status) == TX_SPAWN_EXIT_NO_PROGRAM);
}
END_TEST

START_TEST(children_do_not_outlive_the_table_nor_the_process) {
    int ends[2];
    char byte;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        extra_fd = ends[1];
        if (tx_child_start_process(child_playing("serve")) < 0)
            _exit(1);
        _exit(0); /* as if killed: nothing is told to the child */
    }
    close(ends[1]);
    waitpid(pid, NULL, 0);
    /* The end of the file comes when the child has ended too. */
    ck_assert_int_eq((int)read(ends[0], &byte, 1), 0);
    close(ends[0]);
}
END_TEST

/* --- what is handed to them --- */

START_TEST(both_ends_of_a_link_are_made_at_once_and_one_that_waits_is_kept) {
    struct tx_links links = TX_LINKS_INIT;
    ck_assert_int_eq(tx_links_need_bodies(&links, TX_LINK_INGEST), 0);
    int ingest = links.bodies.ends[TX_LINK_INGEST];
    int ledger = links.bodies.ends[TX_LINK_LEDGER];
    ck_assert_int_ge(ledger, 0);
    ck_assert(fcntl(ledger, F_GETFL) & O_NONBLOCK);
    ck_assert_int_eq(tx_links_need_bodies(&links, TX_LINK_LEDGER), 0);
    ck_assert_int_eq(links.bodies.ends[TX_LINK_INGEST], ingest);
    ck_assert_int_eq(links.bodies.ends[TX_LINK_LEDGER], ledger);
    tx_fd_closep(&links.bodies.ends[TX_LINK_INGEST]); /* taken; then it died */
    ck_assert_int_eq(tx_links_need_bodies(&links, TX_LINK_INGEST), 0);
    ck_assert_int_eq((int)write(links.bodies.ends[TX_LINK_INGEST], "x", 1), 1); /* a new pair */
    ck_assert_int_eq(tx_links_need_notary(&links, TX_LINK_SIGNER), 0);
    ck_assert(!(fcntl(links.notary.ends[TX_LINK_SIGNER], F_GETFL) & O_NONBLOCK));
    tx_link_drop(&links.bodies);
    tx_link_drop(&links.notary);
    ck_assert_int_eq(links.notary.ends[TX_LINK_LEDGER], -1);
}
END_TEST

START_TEST(sealed_memory_cannot_be_changed_and_the_inbox_keeps_its_size) {
    int fd;
    ck_assert_int_eq(tx_memfd_sealed("test", "abc", 3, &fd), 0);
    ck_assert_int_eq((int)pwrite(fd, "x", 1, 0), -1);
    ck_assert_int_eq(ftruncate(fd, 0), -1);
    close(fd);
    ck_assert_int_eq(tx_memfd_fixed("test", 8192, &fd), 0);
    ck_assert_int_eq((int)pwrite(fd, "x", 1, 0), 1);
    ck_assert_int_eq(ftruncate(fd, 0), -1);
    ck_assert_int_eq(ftruncate(fd, 16384), -1);
    close(fd);
}
END_TEST

int main(int argc, char **argv) {
    if (argc > 1)
        return play(argv[1]);
    Suite *suite = suite_create("supervisor-children");
    TCase *tests = tcase_create("children");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_child_gets_exactly_its_descriptors);
    tcase_add_test(tests, a_childs_environment_holds_only_what_messages_need);
    tcase_add_test(tests, a_child_stops_when_it_is_told_and_its_last_words_are_heard);
    tcase_add_test(tests,
                   last_words_are_heard_also_of_a_child_that_is_gone_and_left_something_unread);
    tcase_add_test(tests, a_status_is_asked_once_until_it_is_answered);
    tcase_add_test(tests, messages_that_do_not_fit_wait_in_order_and_none_is_lost);
    tcase_add_test(tests, a_child_that_crashes_is_started_again);
    tcase_add_test(tests, a_crash_loop_waits_longer_each_time_up_to_half_a_minute);
    tcase_add_test(tests, kills_now_and_then_are_no_crash_loop_and_many_in_a_row_are);
    tcase_add_test(tests, a_child_that_does_not_speak_as_it_should_is_killed);
    tcase_add_test(tests, one_that_is_given_up_while_messages_wait_for_it_is_sent_no_more);
    tcase_add_test(tests, a_start_that_fails_for_want_of_something_is_tried_again);
    tcase_add_test(tests, a_program_that_is_not_there_ends_with_its_own_status);
    tcase_add_test(tests, children_do_not_outlive_the_table_nor_the_process);
    tcase_add_test(tests, both_ends_of_a_link_are_made_at_once_and_one_that_waits_is_kept);
    tcase_add_test(tests, sealed_memory_cannot_be_changed_and_the_inbox_keeps_its_size);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
