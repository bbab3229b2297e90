/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/supervisor/ends.h"
#include "auditd/supervisor/streams.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/fd.h"

/*
 * What ends are taken for, in each order in which they may be seen. The children are processes that
 * do nothing, so that the test says what they say and how they end; the loop is not run, so nobody
 * starts again.
 */

#define EXITED(status) ((status) << 8)

static struct tx_supervisor s;
static struct tx_conf conf = {.streams = {{.log_dir = (char *)"log"}},
                              .socket_path = (char *)"socket"};
static const struct tx_children_events no_events;
static int peers[TX_CHILD_N]; /* the children's ends of their control sockets */

static void run(enum tx_child_id id, enum tx_child_state state) {
    struct tx_child *child = &s.children.all[id];
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
                     0);
    child->control_fd = ends[0];
    peers[id] = ends[1];
    child->pid = fork();
    if (child->pid == 0)
        for (;;)
            pause();
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    ck_assert_int_ge(child->pidfd, 0);
    child->state = state;
    child->stopping = child->stopped = false;
}

/* It is gone, and that is seen now. */
static void end(enum tx_child_id id, int wait_status) {
    struct tx_child *child = &s.children.all[id];

    tx_child_kill(child);
    ck_assert_int_eq(waitpid(child->pid, NULL, 0), child->pid);
    child->pid = 0;
    tx_fd_closep(&child->pidfd);
    tx_fd_closep(&child->control_fd);
    tx_fd_closep(&peers[id]);
    ck_assert_int_eq(tx_ends_of_child(&s, child, wait_status), 0);
}

static void end_as_told(enum tx_child_id id) {
    s.children.all[id].stopped = true;
    end(id, 0);
}

static enum tx_child_state state(enum tx_child_id id) {
    return s.children.all[id].state;
}

static unsigned untold(enum tx_child_id id) {
    return s.children.all[id].n_untold;
}

/* The messages of one type that wait for the child. */
static int received(enum tx_child_id id, enum tx_control_type type) {
    static uint8_t memory[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];
    struct tx_control message;
    int n = 0;

    while (tx_control_receive(peers[id], memory, sizeof(memory), &message) == 0)
        n += message.type == type;
    return n;
}

static void set_up(void) {
    s = (struct tx_supervisor){.conf = &conf,
                               .setup = {.streams = {{.origin = (char *)"test.example/audit"}}},
                               .listener = TX_LISTENER_INIT,
                               .reload = TX_RELOAD_INIT};
    for (int i = 0; i < TX_STREAM_N; i++)
        s.links[i] = TX_LINKS_INIT;
    memset(peers, -1, sizeof(peers));
    ck_assert_int_eq(tx_loop_new(&s.loop), 0);
    ck_assert_int_eq(tx_children_init(&s.children, s.loop, &no_events, &s), 0);
    ck_assert_int_eq(tx_ends_init(&s), 0);
    ck_assert_int_eq(tx_stop_init(&s), 0);
    for (int i = 0; i < TX_CHILD_N; i++)
        if (i != TX_CHILD_FORWARD && !tx_streams_is_other(&s.children.all[i]))
            run((enum tx_child_id)i, TX_CHILD_READY);
}

static void tear_down(void) {
    tx_children_deinit(&s.children);
    for (int i = 0; i < TX_CHILD_N; i++)
        tx_fd_closep(&peers[i]);
    for (int i = 0; i < TX_STREAM_N; i++)
        tx_loop_remove(s.loop, s.pairs[i].partner_timer);
    tx_loop_remove(s.loop, s.stop.timer);
    tx_loop_remove(s.loop, s.stop.rest_timer);
    tx_loop_free(s.loop);
}

/* --- while it runs --- */

START_TEST(ledger_and_signer_start_again_together_whichever_is_seen_first) {
    enum tx_child_id first = _i ? TX_CHILD_SIGNER : TX_CHILD_LEDGER;
    enum tx_child_id second = _i ? TX_CHILD_LEDGER : TX_CHILD_SIGNER;

    end(first, SIGKILL);
    ck_assert_int_eq((int)state(first), TX_CHILD_WAITING);
    ck_assert_uint_eq(s.children.all[first].restarts, 0);
    end(second, _i ? EXITED(1) : EXITED(0));
    ck_assert_int_eq((int)state(second), TX_CHILD_WAITING);
    ck_assert_uint_eq(s.children.all[first].restarts, 1);
    ck_assert_uint_eq(s.children.all[second].restarts, 1);
    ck_assert_uint_eq(untold(first), 1);
    ck_assert_uint_eq(untold(second), 0); /* because of the first */
}
END_TEST

START_TEST(a_ledger_that_was_killed_is_told_of_though_the_signer_was_seen_first) {
    end(TX_CHILD_SIGNER, EXITED(0));
    end(TX_CHILD_LEDGER, SIGKILL);
    ck_assert_uint_eq(untold(TX_CHILD_LEDGER), 1);
}
END_TEST

/* However the ledger ends: here it ends by itself, since its signer was killed. */
START_TEST(what_a_ledger_had_not_confirmed_is_told_to_the_next_one) {
    struct tx_child *ingest = &s.children.all[TX_CHILD_INGEST];

    ingest->n_untold = 3;
    ingest->n_told = 2;
    end(TX_CHILD_SIGNER, SIGKILL);
    ck_assert_uint_eq(ingest->n_told, 2); /* the ledger may confirm it yet */
    end(TX_CHILD_LEDGER, EXITED(1));
    ck_assert_uint_eq(ingest->n_told, 0);
    ck_assert_uint_eq(ingest->n_untold, 3);
    tx_health_end_recorded(&s, TX_TEXT("ingest")); /* late words of the old one take nothing away */
    ck_assert_uint_eq(ingest->n_untold, 3);
}
END_TEST

START_TEST(it_is_ready_without_forward_and_vault_however_they_end) {
    enum tx_child_id id = _i ? TX_CHILD_VAULT : TX_CHILD_FORWARD;

    if (id == TX_CHILD_FORWARD)
        run(id, TX_CHILD_STARTING);
    s.children.all[id].state = TX_CHILD_STARTING;
    tx_supervisor_tell_when_ready(&s);
    ck_assert(!s.ready);
    end(id, EXITED(1));
    ck_assert(s.ready);
}
END_TEST

START_TEST(it_is_not_ready_while_one_of_the_three_is_not) {
    static const enum tx_child_id three[] = {TX_CHILD_SIGNER, TX_CHILD_LEDGER, TX_CHILD_INGEST};

    end(three[_i], SIGKILL);
    tx_supervisor_tell_when_ready(&s);
    ck_assert(!s.ready);
    end(TX_CHILD_VAULT, SIGKILL);
    ck_assert(!s.ready);
}
END_TEST

/* --- another log --- */

static void run_trace(enum tx_child_state state) {
    run(TX_CHILD_TRACE_SIGNER, state);
    run(TX_CHILD_TRACE_LEDGER, state);
}

START_TEST(the_processes_of_another_log_are_a_pair_of_their_own) {
    run_trace(TX_CHILD_READY);
    end(TX_CHILD_TRACE_LEDGER, SIGKILL);
    end(TX_CHILD_TRACE_SIGNER, EXITED(0));
    ck_assert_int_eq((int)state(TX_CHILD_TRACE_LEDGER), TX_CHILD_WAITING);
    ck_assert_int_eq((int)state(TX_CHILD_TRACE_SIGNER), TX_CHILD_WAITING);
    ck_assert_int_eq((int)state(TX_CHILD_LEDGER), TX_CHILD_READY);
    ck_assert_int_eq((int)state(TX_CHILD_SIGNER), TX_CHILD_READY);
    ck_assert_uint_eq(untold(TX_CHILD_TRACE_LEDGER), 1);
}
END_TEST

START_TEST(one_that_cannot_go_on_ends_its_own_log_and_nothing_else) {
    enum tx_child_id first = _i ? TX_CHILD_TRACE_SIGNER : TX_CHILD_TRACE_LEDGER;
    enum tx_child_id second = _i ? TX_CHILD_TRACE_LEDGER : TX_CHILD_TRACE_SIGNER;

    run_trace(TX_CHILD_READY);
    tx_streams_fail(&s, &s.children.all[first]);
    end(first, EXITED(1));
    end(second, SIGKILL);
    ck_assert_int_eq((int)state(first), TX_CHILD_FAILED);
    ck_assert_int_eq((int)state(second), TX_CHILD_FAILED);
    ck_assert_int_eq((int)state(TX_CHILD_LEDGER), TX_CHILD_READY);
    ck_assert(!tx_stop_is_under_way(&s.stop));
}
END_TEST

/* --- while the daemon ends --- */

static void begin_stop(void) {
    ck_assert_int_eq(tx_stop_begin(&s), 0);
    ck_assert_int_eq(received(TX_CHILD_INGEST, TX_CONTROL_STOP), 1);
}

static void stop_until_the_ledger_is_told(void) {
    begin_stop();
    ck_assert_int_eq(received(TX_CHILD_LEDGER, TX_CONTROL_STOP), 0);
    end_as_told(TX_CHILD_INGEST);
    ck_assert_int_eq(received(TX_CHILD_LEDGER, TX_CONTROL_STOP), 1);
    ck_assert_int_eq(received(TX_CHILD_SIGNER, TX_CONTROL_STOP), 0);
}

START_TEST(it_ends_in_order) {
    stop_until_the_ledger_is_told();
    end_as_told(TX_CHILD_LEDGER);
    ck_assert_int_eq(received(TX_CHILD_SIGNER, TX_CONTROL_STOP), 1);
    ck_assert_int_eq(received(TX_CHILD_VAULT, TX_CONTROL_STOP), 1);
    end_as_told(TX_CHILD_VAULT);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_REST);
    end(TX_CHILD_SIGNER, 0);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_DONE);
    ck_assert(!s.ready);
}
END_TEST

START_TEST(both_logs_end_before_the_signers) {
    run_trace(TX_CHILD_READY);
    stop_until_the_ledger_is_told();
    ck_assert_int_eq(received(TX_CHILD_TRACE_LEDGER, TX_CONTROL_STOP), 1);
    end_as_told(TX_CHILD_LEDGER);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_LEDGER);
    ck_assert_int_eq(received(TX_CHILD_TRACE_SIGNER, TX_CONTROL_STOP), 0);
    end_as_told(TX_CHILD_TRACE_LEDGER);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_REST);
    ck_assert_int_eq(received(TX_CHILD_TRACE_SIGNER, TX_CONTROL_STOP), 1);
    end_as_told(TX_CHILD_SIGNER);
    end_as_told(TX_CHILD_TRACE_SIGNER);
    end_as_told(TX_CHILD_VAULT);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_DONE);
}
END_TEST

START_TEST(another_log_that_crashes_as_it_ends_is_not_started_again) {
    run_trace(TX_CHILD_READY);
    stop_until_the_ledger_is_told();
    end(TX_CHILD_TRACE_LEDGER, EXITED(1));
    end(TX_CHILD_TRACE_SIGNER, EXITED(0));
    ck_assert_int_eq((int)state(TX_CHILD_TRACE_LEDGER), TX_CHILD_ENDED);
    ck_assert_int_eq((int)state(TX_CHILD_TRACE_SIGNER), TX_CHILD_ENDED);
    end_as_told(TX_CHILD_LEDGER);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_REST);
}
END_TEST

START_TEST(another_log_that_waits_for_its_restart_is_not_waited_for) {
    run_trace(TX_CHILD_READY);
    end(TX_CHILD_TRACE_LEDGER, SIGKILL);
    end(TX_CHILD_TRACE_SIGNER, EXITED(0));
    stop_until_the_ledger_is_told();
    ck_assert_int_eq((int)state(TX_CHILD_TRACE_LEDGER), TX_CHILD_ENDED);
    end_as_told(TX_CHILD_LEDGER);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_REST);
}
END_TEST

START_TEST(it_ends_also_before_anyone_is_ready) {
    for (int i = 0; i < TX_CHILD_N; i++)
        if (tx_child_runs(&s.children.all[i]))
            s.children.all[i].state = TX_CHILD_STARTING;
    stop_until_the_ledger_is_told();
    s.children.all[TX_CHILD_SIGNER].state = TX_CHILD_READY;
    tx_supervisor_tell_when_ready(&s);
    end_as_told(TX_CHILD_LEDGER);
    end_as_told(TX_CHILD_SIGNER);
    end_as_told(TX_CHILD_VAULT);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_DONE);
    ck_assert(!s.ready);
}
END_TEST

/* The signer's end of the pipe is closed before the ledger is reaped. */
START_TEST(a_signer_that_is_seen_to_end_before_its_ledger_was_nobodys_crash) {
    stop_until_the_ledger_is_told();
    end(TX_CHILD_SIGNER, EXITED(0));
    ck_assert_uint_eq(untold(TX_CHILD_SIGNER), 0);
    end_as_told(TX_CHILD_LEDGER);
    end_as_told(TX_CHILD_VAULT);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_DONE);
}
END_TEST

START_TEST(a_ledger_that_crashes_as_it_ends_starts_again_with_its_signer_and_is_told_again) {
    stop_until_the_ledger_is_told();
    if (_i % 2) {
        end(TX_CHILD_SIGNER, EXITED(0));
        end(TX_CHILD_LEDGER, _i / 2 ? SIGKILL : EXITED(1));
    } else {
        end(TX_CHILD_LEDGER, _i / 2 ? SIGKILL : EXITED(1));
        end(TX_CHILD_SIGNER, EXITED(0));
    }
    ck_assert_uint_eq(untold(TX_CHILD_LEDGER), 1);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_LEDGER);
    ck_assert_int_eq((int)state(TX_CHILD_LEDGER), TX_CHILD_WAITING);
    ck_assert_int_eq((int)state(TX_CHILD_SIGNER), TX_CHILD_WAITING);
    ck_assert_uint_eq(s.children.all[TX_CHILD_LEDGER].restarts, 1);
    ck_assert_uint_eq(s.children.all[TX_CHILD_SIGNER].restarts, 1);
    run(TX_CHILD_SIGNER, TX_CHILD_STARTING);
    run(TX_CHILD_LEDGER, TX_CHILD_STARTING);
    ck_assert_int_eq(tx_stop_advance(&s), 0); /* as after each start */
    ck_assert_int_eq(received(TX_CHILD_LEDGER, TX_CONTROL_STOP), 1);
}
END_TEST

START_TEST(an_ingest_that_crashes_as_it_ends_is_told_again) {
    begin_stop();
    end(TX_CHILD_INGEST, SIGKILL);
    ck_assert_int_eq((int)state(TX_CHILD_INGEST), TX_CHILD_WAITING);
    ck_assert_int_eq(received(TX_CHILD_LEDGER, TX_CONTROL_STOP), 0);
    run(TX_CHILD_INGEST, TX_CHILD_STARTING);
    ck_assert_int_eq(tx_stop_advance(&s), 0);
    ck_assert_int_eq(received(TX_CHILD_INGEST, TX_CONTROL_STOP), 1);
}
END_TEST

START_TEST(one_that_waits_for_its_restart_is_not_started_any_more_when_the_log_is_whole) {
    end(TX_CHILD_VAULT, EXITED(1));
    ck_assert_int_eq((int)state(TX_CHILD_VAULT), TX_CHILD_WAITING);
    stop_until_the_ledger_is_told();
    ck_assert_int_eq((int)state(TX_CHILD_VAULT), TX_CHILD_WAITING); /* ingest may need it */
    end_as_told(TX_CHILD_LEDGER);
    ck_assert_int_eq((int)state(TX_CHILD_VAULT), TX_CHILD_ENDED);
    end_as_told(TX_CHILD_SIGNER);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_DONE);
}
END_TEST

START_TEST(what_crashes_last_is_not_started_again) {
    stop_until_the_ledger_is_told();
    end_as_told(TX_CHILD_LEDGER);
    end(TX_CHILD_SIGNER, SIGKILL);
    end(TX_CHILD_VAULT, SIGKILL);
    ck_assert_int_eq((int)state(TX_CHILD_SIGNER), TX_CHILD_ENDED);
    ck_assert_int_eq((int)state(TX_CHILD_VAULT), TX_CHILD_ENDED);
    ck_assert_int_eq((int)s.stop.phase, TX_STOP_DONE);
}
END_TEST

static TCase *make_case(void) {
    TCase *tests = tcase_create("ends");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, ledger_and_signer_start_again_together_whichever_is_seen_first, 0,
                        2);
    tcase_add_test(tests, a_ledger_that_was_killed_is_told_of_though_the_signer_was_seen_first);
    tcase_add_test(tests, what_a_ledger_had_not_confirmed_is_told_to_the_next_one);
    tcase_add_loop_test(tests, it_is_ready_without_forward_and_vault_however_they_end, 0, 2);
    tcase_add_loop_test(tests, it_is_not_ready_while_one_of_the_three_is_not, 0, 3);
    tcase_add_test(tests, the_processes_of_another_log_are_a_pair_of_their_own);
    tcase_add_loop_test(tests, one_that_cannot_go_on_ends_its_own_log_and_nothing_else, 0, 2);
    tcase_add_test(tests, it_ends_in_order);
    tcase_add_test(tests, both_logs_end_before_the_signers);
    tcase_add_test(tests, another_log_that_crashes_as_it_ends_is_not_started_again);
    tcase_add_test(tests, another_log_that_waits_for_its_restart_is_not_waited_for);
    tcase_add_test(tests, it_ends_also_before_anyone_is_ready);
    tcase_add_test(tests, a_signer_that_is_seen_to_end_before_its_ledger_was_nobodys_crash);
    tcase_add_loop_test(
        tests, a_ledger_that_crashes_as_it_ends_starts_again_with_its_signer_and_is_told_again, 0,
        4);
    tcase_add_test(tests, an_ingest_that_crashes_as_it_ends_is_told_again);
    tcase_add_test(tests,
                   one_that_waits_for_its_restart_is_not_started_any_more_when_the_log_is_whole);
    tcase_add_test(tests, what_crashes_last_is_not_started_again);
    return tests;
}

int main(void) {
    Suite *suite = suite_create("supervisor-ends");
    suite_add_tcase(suite, make_case());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
