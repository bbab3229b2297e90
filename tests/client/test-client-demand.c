/* SPDX-License-Identifier: MIT */
/* What the daemon demands of classes of events: how the client keeps to it. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "libtx/wire/policy.h"
#include "tests/client/client-check.h"

static uint8_t memory[TX_WIRE_POLICY_BYTES];
static struct tx_buf b;

static void put_length(void) {
    struct tx_buf length = tx_buf_of(memory + 4, 4);
    tx_buf_u32(&length, (uint32_t)b.len);
}

static void begin_policy(uint16_t n_classes) {
    b = tx_buf_of(memory, sizeof(memory));
    tx_buf_str(&b, "TX");
    tx_buf_u8(&b, 1);
    tx_buf_u8(&b, TX_WIRE_POLICY);
    tx_buf_u32(&b, 0);
    tx_buf_u16(&b, n_classes);
    put_length();
}

static void add_class(const char *event, unsigned level, unsigned unavailable, int ms) {
    tx_buf_u8(&b, (uint8_t)level);
    tx_buf_u8(&b, (uint8_t)unavailable);
    tx_buf_u8(&b, ms >= 0);
    tx_buf_u8(&b, 0);
    tx_buf_u32(&b, ms >= 0 ? (uint32_t)ms : 0);
    tx_buf_u16(&b, 1);
    tx_buf_u16(&b, (uint16_t)strlen(event));
    tx_buf_str(&b, event);
    put_length();
}

static struct manners with_policy(void) {
    struct manners manners = MANNERS_INIT;

    manners.policy = memory;
    manners.n_policy = b.len;
    return manners;
}

/* What the tests below demand. */
static void demand_all(int ms) {
    begin_policy(4);
    add_class("d.*", TX_WIRE_DURABLE, TX_WIRE_FAIL, ms);
    add_class("drop.*", TX_WIRE_QUEUED, TX_WIRE_DROP, ms);
    add_class("drop.durable", TX_WIRE_DURABLE, TX_WIRE_DROP, ms);
    add_class("block.*", TX_WIRE_DURABLE, TX_WIRE_BLOCK, -1);
    stand_in_behave(daemon_, with_policy());
}

static void open_with(int block_ms, enum tx_when_full when_full) {
    struct tx_options options = TX_OPTIONS_INIT;

    options.connect_ms = 60000;
    options.block_ms = block_ms;
    options.durable_ms = 50;
    options.when_full = when_full;
    ck_assert_int_eq(tx_open(&options), 0);
}

static int log_named(const char *name) {
    return tx_audit_log_list(name, TX_SUCCESS, (const struct tx_kv[]){tx_kv_end()});
}

struct caller {
    pthread_t thread;
    const char *name;
    int result;
    bool ended;
};

static void *call(void *data) {
    struct caller *caller = data;
    caller->result = log_named(caller->name);
    __atomic_store_n(&caller->ended, true, __ATOMIC_SEQ_CST);
    return NULL;
}

static void start(struct caller *caller, const char *name) {
    *caller = (struct caller){.name = name};
    ck_assert_int_eq(pthread_create(&caller->thread, NULL, call, caller), 0);
}

static bool has_ended(struct caller *caller) {
    return __atomic_load_n(&caller->ended, __ATOMIC_SEQ_CST);
}

START_TEST(a_queued_call_of_a_class_that_is_to_be_durable_waits_for_its_receipt) {
    size_t n;

    demand_all(-1);
    ck_assert_int_eq(log_named("d.x"), 0);
    ck_assert_int_eq(log_named("other"), 0);
    const struct seen *seen = stand_in_seen(daemon_, 2, &n);
    ck_assert(seen[0].wants_receipt); /* also the first one, whose call made the connection */
    ck_assert(!seen[1].wants_receipt);
}
END_TEST

START_TEST(what_is_demanded_is_never_buffered) {
    size_t n;

    begin_policy(2);
    add_class("q.*", TX_WIRE_QUEUED, TX_WIRE_FAIL, -1);
    add_class("d.*", TX_WIRE_DURABLE, TX_WIRE_FAIL, -1);
    stand_in_behave(daemon_, with_policy());
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(tx_audit_log_buffered("q.x", TX_SUCCESS, TX_BOOL("b", true)), 0);
        ck_assert_int_eq(tx_audit_log_buffered("d.x", TX_SUCCESS, TX_BOOL("b", true)), 0);
        const struct seen *seen = stand_in_seen(daemon_, 2 * i + 2, &n);
        ck_assert_uint_eq(seen[2 * i].datagram, 2 * i); /* each on its way when its call returned */
        ck_assert_uint_eq(seen[2 * i + 1].datagram, 2 * i + 1);
        ck_assert(seen[2 * i + 1].wants_receipt);
    }
}
END_TEST

START_TEST(without_a_receipt_in_time_it_fails_or_not_as_the_class_says) {
    struct manners manners;

    demand_all(30);
    manners = with_policy();
    manners.gives_no_receipt = manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    open_with(1000, TX_FULL_FAIL);
    ck_assert_int_eq(log_named("d.x"), -ETIMEDOUT);
    ck_assert_int_eq(log_named("drop.durable"), 0);
    ck_assert_int_eq(tx_audit_log_durable("drop.durable", TX_SUCCESS, NULL), -ETIMEDOUT);
    ck_assert_uint_eq(stats().lost, 0); /* all of them may still become durable */
    ck_assert_uint_eq(stats().logged, 3);
}
END_TEST

START_TEST(a_receipt_that_nobody_asked_for_may_get_lost_on_its_way) {
    struct manners manners;
    struct caller queued;
    size_t n;

    demand_all(60000);
    ck_assert_int_eq(tx_open(NULL), 0);
    log_and_flush();
    manners = with_policy();
    manners.gives_no_receipt = true;
    stand_in_behave(daemon_, manners);
    start(&queued, "d.x");
    stand_in_seen(daemon_, 2, &n);
    /* It is acknowledged, and then the connection breaks: no receipt will ever come. */
    while (stats().pending > 0)
        usleep(1000);
    stand_in_hang_up(daemon_);
    pthread_join(queued.thread, NULL);
    ck_assert_int_eq(queued.result, 0);
}
END_TEST

static void fill_socket(void) {
    struct manners manners = with_policy();

    manners.send_buffer = 20000;
    manners.reads_nothing = true;
    stand_in_behave(daemon_, manners);
}

START_TEST(a_full_socket_is_waited_for_as_the_class_says) {
    int64_t start;

    demand_all(30);
    fill_socket();
    open_with(-1, TX_FULL_FAIL); /* the program itself would not wait at all, and be told */
    while (log_one() == 0)
        ;
    uint64_t lost = stats().lost;
    start = tx_clock_boot();
    ck_assert_int_eq(log_named("d.x"), -EAGAIN);
    ck_assert_int_ge(tx_clock_boot() - start, 30000000);
    ck_assert_int_eq(log_named("drop.x"), 0);
    ck_assert_int_eq(tx_audit_log_durable("drop.x", TX_SUCCESS, NULL), -EAGAIN);
    ck_assert_int_eq(log_one(), -EAGAIN);
    ck_assert_uint_eq(stats().lost, lost + 4); /* dropped or not: counted, and a gap */
}
END_TEST

START_TEST(what_a_class_says_comes_before_the_programs_options) {
    demand_all(0);
    fill_socket();
    open_with(-1, TX_FULL_DROP);
    while (stats().lost == 0)
        ck_assert_int_eq(log_one(), 0);
    ck_assert_int_eq(log_named("d.x"), -EAGAIN);
    ck_assert_int_eq(log_named("drop.x"), 0);
}
END_TEST

/* Long enough for any other call to have given up: 50 ms for a receipt, none for the socket. */
static void assert_waits(struct caller *caller) {
    usleep(400000);
    ck_assert(!has_ended(caller));
}

START_TEST(a_class_that_blocks_waits_for_a_full_socket_and_for_its_receipt) {
    struct caller caller;

    demand_all(-1);
    fill_socket();
    open_with(-1, TX_FULL_FAIL);
    while (log_one() == 0)
        ;
    start(&caller, "block.x");
    assert_waits(&caller);
    struct manners manners = with_policy();
    manners.gives_no_receipt = manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    assert_waits(&caller);
    stand_in_behave(daemon_, with_policy());
    stand_in_hang_up(daemon_); /* and it is sent again, and this time answered */
    pthread_join(caller.thread, NULL);
    ck_assert_int_eq(caller.result, 0);
}
END_TEST

START_TEST(a_class_that_blocks_waits_for_a_daemon_that_is_away_and_fail_may_too) {
    struct manners manners = MANNERS_INIT;
    struct caller blocks, fails;
    struct tx_options options = TX_OPTIONS_INIT;

    begin_policy(2);
    add_class("block.*", TX_WIRE_QUEUED, TX_WIRE_BLOCK, -1);
    add_class("d.*", TX_WIRE_QUEUED, TX_WIRE_FAIL, 60000);
    stand_in_behave(daemon_, with_policy());
    options.connect_ms = 1000;
    ck_assert_int_eq(tx_open(&options), 0);
    manners.closes_at_once = true;
    stand_in_behave(daemon_, manners);
    stand_in_hang_up(daemon_);
    while (log_one() != -ENOTCONN)
        usleep(1000);
    start(&blocks, "block.x");
    start(&fails, "d.x");
    assert_waits(&blocks);
    ck_assert(!has_ended(&fails));
    ck_assert_int_eq(log_one(), -ENOTCONN); /* others go on */
    stand_in_behave(daemon_, with_policy());
    pthread_join(blocks.thread, NULL);
    pthread_join(fails.thread, NULL);
    ck_assert_int_eq(blocks.result, 0);
    ck_assert_int_eq(fails.result, 0);
}
END_TEST

START_TEST(closing_ends_a_call_that_blocks) {
    struct manners manners = MANNERS_INIT;
    struct caller caller;

    begin_policy(1);
    add_class("block.*", TX_WIRE_QUEUED, TX_WIRE_BLOCK, -1);
    stand_in_behave(daemon_, with_policy());
    ck_assert_int_eq(tx_open(NULL), 0);
    manners.closes_at_once = true;
    stand_in_behave(daemon_, manners);
    stand_in_hang_up(daemon_);
    while (log_one() != -ENOTCONN)
        usleep(1000);
    start(&caller, "block.x");
    assert_waits(&caller);
    tx_close();
    pthread_join(caller.thread, NULL);
    ck_assert_int_eq(caller.result, -ECANCELED);
}
END_TEST

START_TEST(what_was_learned_holds_without_a_connection_and_in_a_child) {
    struct manners manners = MANNERS_INIT;
    int status;

    demand_all(0);
    ck_assert_int_eq(tx_open(NULL), 0);
    manners.closes_at_once = true;
    stand_in_behave(daemon_, manners);
    stand_in_hang_up(daemon_);
    while (log_one() != -ENOTCONN)
        usleep(1000);
    ck_assert_int_eq(log_named("d.x"), -ENOTCONN);
    ck_assert_int_eq(log_named("drop.x"), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(log_named("drop.x") != 0 || log_named("d.x") != -ENOTCONN || stats().lost != 2);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_daemon_that_knows_no_policy_demands_nothing_any_more) {
    struct manners manners = MANNERS_INIT;

    demand_all(0);
    ck_assert_int_eq(tx_open(NULL), 0);
    log_and_flush();
    stand_in_behave(daemon_, manners); /* of version 1, before there was one */
    stand_in_hang_up(daemon_);
    log_and_flush();
    manners.gives_no_receipt = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(log_named("d.x"), 0);
    ck_assert_uint_eq(stats().connects, 2);
}
END_TEST

START_TEST(a_malformed_policy_is_no_daemon_of_ours) {
    static const char rubbish[] = "TX\1\105\14\0\0\0\1\0\0\0";
    struct manners manners = MANNERS_INIT;
    struct tx_options options = TX_OPTIONS_INIT;

    options.connect_ms = 60000;
    demand_all(0);
    manners = with_policy();
    for (int i = 0; i < 3; i++) {
        manners.policy = i == 0 ? "x" : i == 1 ? rubbish : (const char *)memory;
        manners.n_policy = i == 0 ? 1 : i == 1 ? sizeof(rubbish) - 1 : b.len - 1;
        stand_in_behave(daemon_, manners);
        ck_assert_int_eq(tx_open(&options), -ENOTCONN);
        ck_assert_int_eq(stats().connect_error, EPROTO);
        ck_assert_int_eq(stats().connected, 0);
        tx_close();
    }
    stand_in_behave(daemon_, with_policy());
    ck_assert_int_eq(tx_open(&options), 0); /* the control */
}
END_TEST

START_TEST(threads_that_share_a_datagram_keep_to_their_classes) {
    struct caller callers[6];
    size_t n, receipts = 0;

    demand_all(60000);
    ck_assert_int_eq(tx_open(NULL), 0);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 6; i++)
            start(&callers[i], i % 2 ? "d.x" : "other");
        for (int i = 0; i < 6; i++) {
            pthread_join(callers[i].thread, NULL);
            ck_assert_int_eq(callers[i].result, 0);
        }
    }
    const struct seen *seen = stand_in_seen(daemon_, 1200, &n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(seen[i].wants_receipt, seen[i].event[0] == 'd');
        receipts += seen[i].wants_receipt;
    }
    ck_assert_uint_eq(receipts, 600);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-demand");
    TCase *tests = tcase_create("demands");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_queued_call_of_a_class_that_is_to_be_durable_waits_for_its_receipt);
    tcase_add_test(tests, what_is_demanded_is_never_buffered);
    tcase_add_test(tests, without_a_receipt_in_time_it_fails_or_not_as_the_class_says);
    tcase_add_test(tests, a_receipt_that_nobody_asked_for_may_get_lost_on_its_way);
    tcase_add_test(tests, a_full_socket_is_waited_for_as_the_class_says);
    tcase_add_test(tests, what_a_class_says_comes_before_the_programs_options);
    tcase_add_test(tests, a_class_that_blocks_waits_for_a_full_socket_and_for_its_receipt);
    tcase_add_test(tests, a_class_that_blocks_waits_for_a_daemon_that_is_away_and_fail_may_too);
    tcase_add_test(tests, closing_ends_a_call_that_blocks);
    tcase_add_test(tests, what_was_learned_holds_without_a_connection_and_in_a_child);
    tcase_add_test(tests, a_daemon_that_knows_no_policy_demands_nothing_any_more);
    tcase_add_test(tests, a_malformed_policy_is_no_daemon_of_ours);
    tcase_add_test(tests, threads_that_share_a_datagram_keep_to_their_classes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
