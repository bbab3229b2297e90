/* SPDX-License-Identifier: MIT */
/* Threads that call while another one has the client: here that is the test itself, which holds the
 * lock until all of them wait. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libaudit-client/client.h"
#include "libaudit-client/fork.h"
#include "tests/client/client-check.h"

enum { THREADS_MAX = 100 };

struct caller {
    pthread_t thread;
    const char *event;
    enum tx_durability durability;
    size_t n_text;
    int result;
    struct tx_receipt receipt;
};

static char text[128 * 1024];
static struct caller callers[THREADS_MAX];

static struct caller caller_of(const char *event, enum tx_durability durability, size_t n_text) {
    return (struct caller){.event = event, .durability = durability, .n_text = n_text};
}

static void *call(void *data) {
    struct caller *caller = data;
    const struct tx_kv field = TX_STRN("text", text, caller->n_text);
    struct tx_event event = TX_EVENT_INIT;

    event.name = caller->event;
    event.fields = &field;
    event.n_fields = 1;
    event.durability = caller->durability;
    event.ret_receipt = &caller->receipt;
    caller->result = tx_audit_emit(&event);
    return NULL;
}

static struct tx_client *client_of_process(void) {
    struct tx_client *client = tx_fork_client_if_any();
    ck_assert_ptr_nonnull(client);
    return client;
}

/* All have put their jobs into slots, or as many as there are slots. */
static void start_and_await_slots(struct tx_client *client, size_t n) {
    int n_slots = n < TX_COMBINE_SLOTS ? (int)n : TX_COMBINE_SLOTS;

    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    while (__builtin_popcountll(__atomic_load_n(&client->combine.pending, __ATOMIC_SEQ_CST)) <
           n_slots)
        usleep(1000);
}

static void join_all(size_t n) {
    for (size_t i = 0; i < n; i++)
        pthread_join(callers[i].thread, NULL);
}

/* The threads call while the client is held, and end. */
static void call_at_the_same_moment(size_t n) {
    struct tx_client *client = client_of_process();

    tx_lock_take(&client->lock);
    start_and_await_slots(client, n);
    tx_combine_unlock(client);
    join_all(n);
    ck_assert_uint_eq(client->combine.used, 0);
    ck_assert_uint_eq(client->combine.pending, 0);
}

static void fill(size_t n, const char *event, enum tx_durability durability, size_t n_text) {
    for (size_t i = 0; i < n; i++)
        callers[i] = caller_of(event, durability, n_text);
}

static void open_and_log_one(int block_ms) {
    struct tx_options options = TX_OPTIONS_INIT;

    memset(text, 't', sizeof(text));
    options.connect_ms = 60000;
    options.block_ms = block_ms;
    options.durable_ms = 60000;
    ck_assert_int_eq(tx_open(&options), 0);
    log_and_flush();
}

static const struct seen *assert_in_order(size_t n_expected) {
    size_t n;
    const struct seen *seen = stand_in_seen(daemon_, n_expected, &n);
    ck_assert_uint_eq(n, n_expected);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(seen[i].n, i);
    return seen;
}

START_TEST(records_of_threads_that_call_at_the_same_moment_share_one_datagram) {
    open_and_log_one(60000);
    fill(8, "x", TX_QUEUED, 30);
    call_at_the_same_moment(8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(callers[i].result, 0);
    const struct seen *seen = assert_in_order(9);
    for (size_t i = 1; i < 9; i++)
        ck_assert_uint_eq(seen[i].datagram, 1);
    ck_assert_int_eq(tx_flush(60000), 0);
    ck_assert_uint_eq(stats().logged, 9);
    ck_assert_uint_eq(stats().pending, 0);
}
END_TEST

START_TEST(a_thread_alone_sends_at_once_what_it_logs) {
    open_and_log_one(60000);
    ck_assert_int_eq(log_one(), 0);
    ck_assert_int_eq(log_one(), 0);
    const struct seen *seen = assert_in_order(3);
    ck_assert_uint_eq(seen[1].datagram, 1);
    ck_assert_uint_eq(seen[2].datagram, 2);
}
END_TEST

START_TEST(each_durable_call_of_a_shared_datagram_gets_its_own_receipt) {
    struct manners manners = MANNERS_INIT;

    open_and_log_one(60000);
    fill(20, "x", TX_DURABLE, 30);
    callers[7].durability = callers[8].durability = TX_QUEUED;
    call_at_the_same_moment(20);
    const struct seen *seen = assert_in_order(21);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(callers[i].result, 0);
        if (callers[i].durability != TX_DURABLE)
            continue;
        uint64_t n = callers[i].receipt.seq - 1000;
        char id[37];
        ck_assert_uint_lt(n, 21);
        tx_uuid_render(seen[n].id, id);
        ck_assert_str_eq(callers[i].receipt.id, id);
        ck_assert_uint_eq(seen[n].datagram, 1);
    }
    manners.rejects_with = EDOM;
    stand_in_behave(daemon_, manners);
    call_at_the_same_moment(20);
    for (size_t i = 0; i < 20; i++)
        ck_assert_int_eq(callers[i].result, callers[i].durability == TX_DURABLE ? -EDOM : 0);
}
END_TEST

START_TEST(a_wrong_call_among_them_fails_alone) {
    open_and_log_one(60000);
    fill(9, "x", TX_QUEUED, 30);
    callers[0].event = "tracex.own";
    callers[4].event = "Not Allowed";
    callers[5].n_text = sizeof(text);
    callers[8].event = NULL;
    callers[8].durability = TX_DURABLE;
    call_at_the_same_moment(9);
    for (size_t i = 0; i < 9; i++)
        ck_assert_int_eq(callers[i].result, i == 0             ? -EPERM
                                            : i == 4 || i == 8 ? -EINVAL
                                            : i == 5           ? -EMSGSIZE
                                                               : 0);
    assert_in_order(6);
    ck_assert_uint_eq(stats().refused, 4);
    ck_assert_uint_eq(stats().lost, 0);
}
END_TEST

START_TEST(what_does_not_fit_into_one_datagram_goes_into_more_and_stays_in_order) {
    open_and_log_one(60000);
    fill(40, "x", TX_QUEUED, 30); /* more than a datagram takes of records */
    for (size_t i = 0; i < 6; i++)
        callers[i].n_text = 20000;                  /* and of bytes */
    callers[6].n_text = callers[7].n_text = 100000; /* alone */
    callers[8].n_text = 64 * 1024;
    callers[39].durability = TX_DURABLE;
    call_at_the_same_moment(40);
    for (size_t i = 0; i < 40; i++)
        ck_assert_int_eq(callers[i].result, 0);
    const struct seen *seen = assert_in_order(41);
    ck_assert_uint_lt(seen[40].datagram, 10);
}
END_TEST

START_TEST(more_threads_than_slots_all_get_their_turn) {
    open_and_log_one(60000);
    fill(THREADS_MAX, "x", TX_QUEUED, 30);
    for (size_t i = 0; i < THREADS_MAX; i += 3)
        callers[i].durability = TX_DURABLE;
    call_at_the_same_moment(THREADS_MAX);
    for (size_t i = 0; i < THREADS_MAX; i++)
        ck_assert_int_eq(callers[i].result, 0);
    assert_in_order(THREADS_MAX + 1);
}
END_TEST

START_TEST(when_the_socket_is_full_each_of_them_waits_and_fails_for_itself) {
    struct manners manners = MANNERS_INIT;

    manners.send_buffer = 20000;
    stand_in_behave(daemon_, manners);
    open_and_log_one(20);
    manners.reads_nothing = true;
    stand_in_behave(daemon_, manners);
    while (log_one() == 0)
        ;
    uint64_t logged = stats().logged, lost = stats().lost;
    fill(8, "x", TX_QUEUED, 3000);
    callers[3].durability = TX_DURABLE;
    call_at_the_same_moment(8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(callers[i].result, -EAGAIN);
    ck_assert_uint_eq(stats().logged, logged);
    ck_assert_uint_eq(stats().lost, lost + 8);
}
END_TEST

START_TEST(without_a_daemon_each_of_them_is_told) {
    struct tx_options options = TX_OPTIONS_INIT;

    options.socket_path = "/nonexistent/socket";
    ck_assert_int_eq(tx_open(&options), -ENOTCONN);
    fill(8, "x", TX_QUEUED, 30);
    call_at_the_same_moment(8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(callers[i].result, -ENOTCONN);
    ck_assert_uint_eq(stats().lost, 8);
}
END_TEST

START_TEST(closing_ends_those_who_wait_for_a_receipt) {
    struct manners manners = MANNERS_INIT;
    struct tx_client *client;
    size_t n;

    open_and_log_one(60000);
    manners.gives_no_receipt = manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    client = client_of_process();
    fill(8, "x", TX_DURABLE, 30);
    tx_lock_take(&client->lock);
    start_and_await_slots(client, 8);
    tx_combine_unlock(client);
    stand_in_seen(daemon_, 9, &n);
    while (__atomic_load_n(&client->is_read, __ATOMIC_SEQ_CST) == false)
        usleep(1000);
    tx_close();
    join_all(8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(callers[i].result, -ECANCELED);
}
END_TEST

/* --- forks --- */

START_TEST(a_fork_while_threads_wait_leaves_the_child_nothing_of_theirs) {
    struct tx_client *client;
    int status;

    open_and_log_one(60000);
    client = client_of_process();
    fill(8, "x", TX_QUEUED, 30);
    tx_lock_take(&client->lock);
    start_and_await_slots(client, 8);
    pid_t pid = fork();
    if (pid == 0)
        _exit(log_one() < 0 || stats().logged != 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    tx_combine_unlock(client);
    join_all(8);
    size_t n, of_child = 0;
    const struct seen *seen = stand_in_seen(daemon_, 10, &n);
    for (size_t i = 1; i < 10; i++)
        of_child += memcmp(seen[i].secret, seen[0].secret, sizeof(seen[0].secret)) != 0;
    ck_assert_uint_eq(of_child, 1);
}
END_TEST

static volatile pid_t forked = -1;

static void fork_in_handler(int number) {
    (void)number;
    forked = fork();
}

static void *call_and_end_a_child(void *data) {
    call(data);
    if (forked == 0)
        _exit(((struct caller *)data)->result == 0 ? 0 : 1);
    return NULL;
}

START_TEST(a_child_that_a_handler_forks_in_a_waiting_thread_logs_for_itself) {
    struct tx_client *client;
    int status;
    size_t n;

    open_and_log_one(60000);
    client = client_of_process();
    signal(SIGUSR1, fork_in_handler);
    callers[0] = caller_of("x", TX_QUEUED, 30);
    tx_lock_take(&client->lock);
    ck_assert_int_eq(pthread_create(&callers[0].thread, NULL, call_and_end_a_child, &callers[0]),
                     0);
    while (!(__atomic_load_n(&client->combine.slots[0].word, __ATOMIC_SEQ_CST) & TX_WAITER_ASLEEP))
        usleep(1000);
    pthread_kill(callers[0].thread, SIGUSR1);
    const struct seen *seen = stand_in_seen(daemon_, 2, &n); /* the child's: the parent's waits */
    ck_assert_mem_ne(seen[1].secret, seen[0].secret, sizeof(seen[0].secret));
    ck_assert_uint_eq(seen[1].n, 0);
    tx_combine_unlock(client);
    join_all(1);
    ck_assert_int_eq(callers[0].result, 0);
    ck_assert_int_eq(waitpid(forked, &status, 0), forked);
    ck_assert_int_eq(status, 0);
    seen = stand_in_seen(daemon_, 3, &n);
    ck_assert_mem_eq(seen[2].secret, seen[0].secret, sizeof(seen[0].secret));
    ck_assert_uint_eq(seen[2].n, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-combine");
    TCase *tests = tcase_create("threads at the same moment");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, records_of_threads_that_call_at_the_same_moment_share_one_datagram);
    tcase_add_test(tests, a_thread_alone_sends_at_once_what_it_logs);
    tcase_add_test(tests, each_durable_call_of_a_shared_datagram_gets_its_own_receipt);
    tcase_add_test(tests, a_wrong_call_among_them_fails_alone);
    tcase_add_test(tests, what_does_not_fit_into_one_datagram_goes_into_more_and_stays_in_order);
    tcase_add_test(tests, more_threads_than_slots_all_get_their_turn);
    tcase_add_test(tests, when_the_socket_is_full_each_of_them_waits_and_fails_for_itself);
    tcase_add_test(tests, without_a_daemon_each_of_them_is_told);
    tcase_add_test(tests, closing_ends_those_who_wait_for_a_receipt);
    tcase_add_test(tests, a_fork_while_threads_wait_leaves_the_child_nothing_of_theirs);
    tcase_add_test(tests, a_child_that_a_handler_forks_in_a_waiting_thread_logs_for_itself);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
