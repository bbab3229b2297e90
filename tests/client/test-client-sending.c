/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "tests/client/client-check.h"

#define PROGRAM "--program"

/* --- again --- */

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

START_TEST(what_nobody_answers_is_sent_again_while_somebody_waits) {
    struct manners manners = MANNERS_INIT;
    size_t n;

    log_and_flush();
    manners.acknowledges_nothing =
        true; /* it dies with its answers, and its successor has our socket */
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(log_one(), 0);
    ck_assert_int_eq(log_one(), 0);
    stand_in_seen(daemon_, 3, &n);
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(tx_flush(1), -ETIMEDOUT);
    tx_flush(2500);
    const struct seen *seen = stand_in_seen(daemon_, 4, &n);
    ck_assert_uint_eq(seen[3].n, 1);
    ck_assert_mem_eq(seen[3].id, seen[1].id, sizeof(seen[1].id));
    ck_assert_uint_eq(stats().connects, 1);
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

/* --- too much --- */

START_TEST(a_full_socket_is_waited_for_and_then_counted_as_a_loss) {
    struct manners manners = MANNERS_INIT;
    struct tx_options options = TX_OPTIONS_INIT;
    size_t n, sent = 0;

    manners.reads_nothing = true;
    manners.send_buffer = 20000;
    stand_in_behave(daemon_, manners);
    options.connect_ms = 60000;
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
    options.connect_ms = 60000;
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
    options.connect_ms = 60000;
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
    options.connect_ms = 60000;
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

/* --- the program ends --- */

/* Logs, and once more when told to; ends when told again. */
static int run_program(void) {
    char byte;

    return log_one() < 0 || tx_flush(60000) < 0 || read(STDIN_FILENO, &byte, 1) != 1 ||
           log_one() < 0 || read(STDIN_FILENO, &byte, 1) != 1;
}

START_TEST(what_a_dead_daemon_did_not_take_is_sent_again_when_the_program_ends) {
    int go[2], status;
    size_t n;

    ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) { /* a leak check hangs at the end of a fork of a process with threads */
        dup2(go[0], STDIN_FILENO);
        execl("/proc/self/exe", "program", PROGRAM, NULL);
        _exit(127);
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
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], PROGRAM) == 0)
        return run_program();

    Suite *suite = suite_create("client-sending");
    TCase *tests = tcase_create("sending");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_was_not_acknowledged_is_sent_again_in_order);
    tcase_add_test(tests, what_was_read_and_not_acknowledged_is_sent_again_with_its_number_and_id);
    tcase_add_test(tests, what_nobody_answers_is_sent_again_while_somebody_waits);
    tcase_add_test(tests, a_durable_call_outlives_the_daemon_that_it_was_sent_to);
    tcase_add_test(tests, a_full_socket_is_waited_for_and_then_counted_as_a_loss);
    tcase_add_test(tests, a_call_that_may_not_wait_does_not_and_one_that_may_drop_says_nothing);
    tcase_add_test(tests, a_full_ring_is_waited_for_until_there_are_acknowledgements);
    tcase_add_test(tests, the_largest_record_fits_into_the_smallest_ring_however_it_is_filled);
    tcase_add_test(tests, a_smaller_socket_after_a_reconnect_gets_everything_in_order);
    tcase_add_test(tests, what_a_dead_daemon_did_not_take_is_sent_again_when_the_program_ends);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
