/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <tracex/trace.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "tests/client/client-check.h"

/* --- what arrives --- */

START_TEST(a_record_arrives_as_it_was_said) {
    int64_t before = tx_clock_wall();
    size_t n;
    ck_assert_int_eq(tx_audit_log("user.login", TX_DENIED, TX_STR("actor.id", "u-17")), 0);
    const struct seen *seen = stand_in_seen(daemon_, 1, &n);
    ck_assert_str_eq(seen[0].event, "user.login");
    ck_assert_uint_eq(seen[0].n, 0);
    ck_assert_int_eq(seen[0].outcome, TX_OUTCOME_DENIED);
    ck_assert_int_eq(seen[0].severity, TX_SEVERITY_INFO);
    ck_assert(!seen[0].wants_receipt);
    ck_assert_int_ge(seen[0].time, before);
    ck_assert_int_le(seen[0].time, tx_clock_wall());
    ck_assert_uint_eq(stats().logged, 1);
    ck_assert_int_eq(stats().connected, 1);
}
END_TEST

START_TEST(numbers_count_from_zero_and_no_two_ids_are_the_same) {
    size_t n;
    for (int i = 0; i < 600; i++)
        ck_assert_int_eq(tx_audit_log("count", TX_SUCCESS), 0);
    const struct seen *seen = stand_in_seen(daemon_, 600, &n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(seen[i].n, i);
        ck_assert_int_eq(seen[i].id[6] >> 4, 7);
        ck_assert_int_eq(seen[i].id[8] >> 6, 2);
        ck_assert_mem_eq(seen[i].secret, seen[0].secret, sizeof(seen[0].secret));
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(seen[i].id, seen[j].id, sizeof(seen[i].id));
    }
}
END_TEST

/* --- wrong calls --- */

static int log_name(const char *name) {
    return tx_audit_log(name, TX_SUCCESS);
}

static int log_field(const char *name) {
    return tx_audit_log("x", TX_SUCCESS, TX_I64(name, 1));
}

static int emit_with(void (*spoil)(struct tx_event *)) {
    struct tx_event event = TX_EVENT_INIT;
    event.name = "x";
    spoil(&event);
    return tx_audit_emit(&event);
}

static const uint8_t bytes[16] = {1};
static const struct tx_kv no_type = {.name = "a", .type = (enum tx_kv_type)99};
static const struct tx_kv no_label = {
    .name = "a", .type = TX_KV_I64, .label = (enum tx_kv_label)99};

static void outcome(struct tx_event *e) {
    e->outcome = (enum tx_outcome)4;
}
static void severity(struct tx_event *e) {
    e->severity = (enum tx_severity)9;
}
static void durability(struct tx_event *e) {
    e->durability = (enum tx_durability)3;
}
static void half_a_trace(struct tx_event *e) {
    e->trace_id = bytes;
}
static void fields_without_memory(struct tx_event *e) {
    e->n_fields = 1;
}
static void bad_type(struct tx_event *e) {
    e->fields = &no_type;
    e->n_fields = 1;
}
static void bad_label(struct tx_event *e) {
    e->fields = &no_label;
    e->n_fields = 1;
}
static void long_correlation(struct tx_event *e) {
    static char text[258];
    memset(text, 'c', 257);
    e->correlation_id = text;
}
static void no_size(struct tx_event *e) {
    e->size = 0;
}
static void endless_size(struct tx_event *e) {
    e->size = SIZE_MAX;
}

START_TEST(a_wrong_call_is_refused_and_takes_no_number) {
    static const char long_name[130] = {[0 ... 128] = 'a'};
    void (*const spoilers[])(struct tx_event *) = {
        outcome,   severity,        durability, half_a_trace, bad_type, fields_without_memory,
        bad_label, long_correlation};
    static const char *const bad_events[] = {"", "Upper", "sp ace", "ü", long_name, NULL};
    static const char *const bad_fields[] = {"", "1a", "sp ace", ".a", long_name, NULL};
    size_t n;

    for (size_t i = 0; i < TX_COUNT_OF(bad_events); i++)
        ck_assert_int_eq(log_name(bad_events[i]), -EINVAL);
    for (size_t i = 0; i < TX_COUNT_OF(bad_fields); i++)
        ck_assert_int_eq(log_field(bad_fields[i]), -EINVAL);
    for (size_t i = 0; i < TX_COUNT_OF(spoilers); i++)
        ck_assert_int_eq(emit_with(spoilers[i]), -EINVAL);
    ck_assert_int_eq(log_name("tracex.start"), -EPERM);
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS, TX_I64("a", 1), TX_STR("a", "2")), -EEXIST);
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS, TX_BYTES("a", NULL, 1)), -EINVAL);
    ck_assert_uint_eq(stats().refused, TX_COUNT_OF(bad_events) + TX_COUNT_OF(bad_fields) +
                                           TX_COUNT_OF(spoilers) + 3);
    ck_assert_int_eq(tx_audit_emit(NULL), -EINVAL);
    ck_assert_uint_eq(stats().lost, 0);
    ck_assert_uint_eq(stand_in_connections(daemon_), 0);

    ck_assert_int_eq(log_field("_A-z.9"), 0);
    ck_assert_uint_eq(stand_in_seen(daemon_, 1, &n)[0].n, 0);
}
END_TEST

START_TEST(the_most_fields_are_1024) {
    static struct tx_kv fields[1026];
    static char names[1026][8];
    struct tx_event event = TX_EVENT_INIT;

    for (size_t i = 0; i < 1025; i++) {
        snprintf(names[i], sizeof(names[i]), "f%zu", i);
        fields[i] = TX_U64(names[i], i);
    }
    event.name = "many";
    event.fields = fields;
    event.n_fields = 1024;
    ck_assert_int_eq(tx_audit_emit(&event), 0);
    event.n_fields = 1025;
    ck_assert_int_eq(tx_audit_emit(&event), -E2BIG);
    event.n_fields = SIZE_MAX; /* up to the end marker, which calloc'ed memory is */
    ck_assert_int_eq(tx_audit_emit(&event), -E2BIG);
    fields[1024] = tx_kv_end();
    ck_assert_int_eq(tx_audit_emit(&event), 0);
    strcpy(names[1023], names[0]);
    ck_assert_int_eq(tx_audit_emit(&event), -EEXIST);
}
END_TEST

START_TEST(more_than_128_KiB_of_fields_is_EMSGSIZE) {
    static char text[128 * 1024 + 1];
    size_t overhead = 2 + 2 + 1 + 4, n;

    memset(text, 'x', sizeof(text) - 1);
    ck_assert_int_eq(
        tx_audit_log("large", TX_SUCCESS, TX_STRN("t", text, sizeof(text) - 1 - overhead)), 0);
    ck_assert_int_eq(tx_audit_log("large", TX_SUCCESS, TX_STRN("t", text, sizeof(text) - overhead)),
                     -EMSGSIZE);
    ck_assert_int_eq(tx_audit_log("large", TX_SUCCESS, TX_STRN("t", text, SIZE_MAX)), -EMSGSIZE);
    ck_assert_int_eq(tx_audit_log("small", TX_SUCCESS), 0);
    const struct seen *seen = stand_in_seen(daemon_, 2, &n);
    ck_assert_uint_eq(seen[1].n, 1); /* the refused ones took no number */
    ck_assert_uint_eq(stats().lost, 0);
}
END_TEST

/* --- structs that grow --- */

START_TEST(an_event_may_say_when_it_was) {
    struct tx_event event = TX_EVENT_INIT;
    size_t n;

    event.name = "earlier";
    event.time_ns = 1234567890123456789;
    ck_assert_int_eq(tx_audit_emit(&event), 0);
    event.time_ns = -1;
    ck_assert_int_eq(tx_audit_emit(&event), -EINVAL);
    const struct seen *seen = stand_in_seen(daemon_, 1, &n);
    ck_assert_int_eq(seen[0].time, 1234567890123456789);
}
END_TEST

START_TEST(a_trace_event_is_taken_and_cannot_be_durable) {
    struct tx_event event = TX_EVENT_INIT;
    struct tx_receipt receipt;
    size_t n;

    event.name = "span";
    ck_assert_int_eq(tx_trace_emit(&event), 0);
    stand_in_seen(daemon_, 1, &n);
    ck_assert_uint_eq(stats().trace_logged, 1);
    ck_assert_uint_eq(stats().logged, 0);
    event.ret_receipt = &receipt;
    ck_assert_int_eq(tx_trace_emit(&event), -EINVAL);
    event.ret_receipt = NULL;
    event.durability = TX_DURABLE;
    ck_assert_int_eq(tx_trace_emit(&event), -EINVAL);
    ck_assert_int_eq(tx_trace_emit(NULL), -EINVAL);
    ck_assert_uint_eq(stats().trace_refused, 2);
}
END_TEST

START_TEST(a_struct_of_an_older_program_is_taken) {
    struct tx_event event = TX_EVENT_INIT;
    size_t n;

    event.name = "older";
    event.outcome = TX_FAILURE;
    event.severity = (enum tx_severity)77; /* lies behind what such a program has */
    event.size = offsetof(struct tx_event, severity);
    ck_assert_int_eq(tx_audit_emit(&event), 0);
    const struct seen *seen = stand_in_seen(daemon_, 1, &n);
    ck_assert_int_eq(seen[0].outcome, TX_OUTCOME_FAILURE);
    ck_assert_int_eq(seen[0].severity, TX_SEVERITY_INFO);
    ck_assert_int_eq(emit_with(no_size), -EINVAL);
    ck_assert_int_eq(emit_with(endless_size), -E2BIG);
}
END_TEST

START_TEST(a_struct_of_a_newer_program_is_taken_when_it_wants_nothing_new) {
    struct {
        struct tx_event event;
        uint64_t newer;
    } larger = {.event = TX_EVENT_INIT};

    larger.event.size = sizeof(larger);
    larger.event.name = "newer";
    ck_assert_int_eq(tx_audit_emit(&larger.event), 0);
    larger.newer = 1;
    ck_assert_int_eq(tx_audit_emit(&larger.event), -E2BIG);
}
END_TEST

START_TEST(figures_fill_as_much_as_the_caller_has) {
    struct {
        struct tx_stats stats;
        uint64_t newer;
    } larger;
    struct tx_stats smaller;

    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS), 0);
    memset(&larger, 0xff, sizeof(larger));
    larger.stats.size = sizeof(larger);
    ck_assert_int_eq(tx_stats(&larger.stats), 0);
    ck_assert_uint_eq(larger.stats.size, sizeof(larger));
    ck_assert_uint_eq(larger.stats.logged, 1);
    ck_assert_uint_eq(larger.newer, 0);

    memset(&smaller, 0xff, sizeof(smaller));
    smaller.size = offsetof(struct tx_stats, lost);
    ck_assert_int_eq(tx_stats(&smaller), 0);
    ck_assert_uint_eq(smaller.logged, 1);
    ck_assert_uint_eq(smaller.lost, UINT64_MAX);
    smaller.size = 0;
    ck_assert_int_eq(tx_stats(&smaller), -EINVAL);
    ck_assert_int_eq(tx_stats(NULL), -EINVAL);
}
END_TEST

START_TEST(options_are_checked) {
    struct tx_options good = TX_OPTIONS_INIT, bad;
    static char long_path[200];
    memset(long_path, 'p', sizeof(long_path) - 1);

    bad = good, bad.size = 4;
    ck_assert_int_eq(tx_open(&bad), -EINVAL);
    bad = good, bad.connect_ms = -1;
    ck_assert_int_eq(tx_open(&bad), -EINVAL);
    bad = good, bad.block_ms = -2;
    ck_assert_int_eq(tx_open(&bad), -EINVAL);
    bad = good, bad.resend_bytes = 1000;
    ck_assert_int_eq(tx_open(&bad), -EINVAL);
    bad = good, bad.when_full = (enum tx_when_full)2;
    ck_assert_int_eq(tx_open(&bad), -EINVAL);
    bad = good, bad.socket_path = long_path;
    ck_assert_int_eq(tx_open(&bad), -ENAMETOOLONG);
    ck_assert_int_eq(tx_open(&good), 0);
    ck_assert_int_eq(tx_open(&good), -EALREADY);
    ck_assert_int_eq(tx_close(), 0);
    ck_assert_int_eq(tx_open(NULL), 0);
}
END_TEST

/* --- durable --- */

START_TEST(a_durable_call_returns_its_receipt) {
    struct tx_receipt receipt;
    size_t n;

    ck_assert_int_eq(tx_audit_log("queued", TX_SUCCESS), 0);
    ck_assert_int_eq(tx_audit_log_durable("durable", TX_SUCCESS, &receipt, TX_I64("a", 1)), 0);
    const struct seen *seen = stand_in_seen(daemon_, 2, &n);
    ck_assert(seen[1].wants_receipt);
    ck_assert_uint_eq(receipt.seq, 1001);
    ck_assert_int_eq(receipt.leaf[0], 0xab);
    ck_assert_uint_eq(strlen(receipt.id), 36);
    ck_assert_int_eq(strtol((char[]){receipt.id[0], receipt.id[1], 0}, NULL, 16), seen[1].id[0]);
    ck_assert_int_eq(tx_audit_log_durable("durable", TX_SUCCESS, NULL), 0);
}
END_TEST

START_TEST(a_durable_call_tells_why_the_daemon_refused) {
    struct manners manners = MANNERS_INIT;
    struct tx_receipt receipt = {.seq = 42};

    manners.rejects_with = EPERM;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, &receipt), -EPERM);
    ck_assert_uint_eq(receipt.seq, 42);
    ck_assert_uint_eq(stats().rejected, 1);
}
END_TEST

static void open_impatient(void) {
    struct tx_options options = TX_OPTIONS_INIT;
    options.connect_ms = 60000;
    options.durable_ms = 50;
    ck_assert_int_eq(tx_open(&options), 0);
}

START_TEST(a_durable_call_gives_up_in_time) {
    struct manners manners = MANNERS_INIT;
    struct tx_receipt receipt = {.seq = 42};

    open_impatient();
    manners.gives_no_receipt = manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    int64_t start = tx_clock_boot();
    ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, &receipt), -ETIMEDOUT);
    ck_assert_int_ge(tx_clock_boot() - start, 50000000);
    ck_assert_uint_eq(receipt.seq, 42);
    ck_assert_uint_eq(stats().pending, 1);
}
END_TEST

START_TEST(a_record_without_its_receipt_is_known_to_be_durable) {
    struct manners manners = MANNERS_INIT;

    open_impatient();
    manners.gives_no_receipt = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, NULL), -ENODATA);
}
END_TEST

START_TEST(a_flush_waits_for_acknowledgement_and_not_longer_than_it_may) {
    struct manners manners = MANNERS_INIT;

    ck_assert_int_eq(tx_flush(0), 0); /* nothing was logged */
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
    ck_assert_uint_eq(stats().pending, 0);
    manners.acknowledges_nothing = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS), 0);
    ck_assert_int_eq(tx_flush(20), -ETIMEDOUT);
    ck_assert_int_eq(tx_flush(0), -ETIMEDOUT);
    stand_in_behave(daemon_, MANNERS_INIT);
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS), 0);
    ck_assert_int_eq(tx_flush(-1), 0);
}
END_TEST

/* --- a guest in somebody's process --- */

START_TEST(errno_is_kept) {
    errno = 123;
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS), 0);
    ck_assert_int_eq(tx_audit_log("BAD", TX_SUCCESS), -EINVAL);
    ck_assert_int_eq(tx_flush(60000), 0);
    stand_in_hang_up(daemon_);
    for (int i = 0; i < 3; i++)
        (void)tx_audit_log("x", TX_SUCCESS);
    ck_assert_int_eq(tx_close(), 0);
    ck_assert_int_eq(errno, 123);
}
END_TEST

static _Atomic int from_handler = 1;

static void handler(int signal) {
    (void)signal;
    from_handler = tx_audit_log("handler", TX_SUCCESS);
}

static void *log_durable(void *data) {
    (void)data;
    return (void *)(intptr_t)tx_audit_log_durable("x", TX_SUCCESS, NULL);
}

START_TEST(a_signal_handler_within_a_call_gets_EDEADLK) {
    struct sigaction action = {.sa_handler = handler};
    struct manners manners = MANNERS_INIT;
    pthread_t thread;
    void *result;
    size_t n;

    sigaction(SIGUSR1, &action, NULL);
    manners.gives_no_receipt = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(pthread_create(&thread, NULL, log_durable, NULL), 0);
    stand_in_seen(daemon_, 1, &n);
    pthread_kill(thread, SIGUSR1);
    while (from_handler == 1)
        usleep(1000);
    ck_assert_int_eq(from_handler, -EDEADLK);
    raise(SIGUSR1); /* outside of a call it logs */
    ck_assert_int_eq(from_handler, 0);
    stand_in_send(daemon_, &(struct tx_wire_reply){.type = TX_WIRE_RECEIPT, .n = 0});
    pthread_join(thread, &result);
    ck_assert_int_eq((intptr_t)result, 0);
}
END_TEST

START_TEST(a_cancelled_thread_leaves_no_lock_behind) {
    struct manners manners = MANNERS_INIT;
    pthread_t thread;
    void *result;
    size_t n;

    manners.gives_no_receipt = true;
    stand_in_behave(daemon_, manners);
    ck_assert_int_eq(pthread_create(&thread, NULL, log_durable, NULL), 0);
    stand_in_seen(daemon_, 1, &n);
    pthread_cancel(thread);
    stand_in_send(daemon_, &(struct tx_wire_reply){.type = TX_WIRE_RECEIPT, .n = 0});
    pthread_join(thread, &result);
    ck_assert_int_eq(tx_audit_log("x", TX_SUCCESS), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-calls");
    TCase *tests = tcase_create("calls");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_record_arrives_as_it_was_said);
    tcase_add_test(tests, numbers_count_from_zero_and_no_two_ids_are_the_same);
    tcase_add_test(tests, a_wrong_call_is_refused_and_takes_no_number);
    tcase_add_test(tests, the_most_fields_are_1024);
    tcase_add_test(tests, more_than_128_KiB_of_fields_is_EMSGSIZE);
    tcase_add_test(tests, an_event_may_say_when_it_was);
    tcase_add_test(tests, a_trace_event_is_taken_and_cannot_be_durable);
    tcase_add_test(tests, a_struct_of_an_older_program_is_taken);
    tcase_add_test(tests, a_struct_of_a_newer_program_is_taken_when_it_wants_nothing_new);
    tcase_add_test(tests, figures_fill_as_much_as_the_caller_has);
    tcase_add_test(tests, options_are_checked);
    tcase_add_test(tests, a_durable_call_returns_its_receipt);
    tcase_add_test(tests, a_durable_call_tells_why_the_daemon_refused);
    tcase_add_test(tests, a_durable_call_gives_up_in_time);
    tcase_add_test(tests, a_record_without_its_receipt_is_known_to_be_durable);
    tcase_add_test(tests, a_flush_waits_for_acknowledgement_and_not_longer_than_it_may);
    tcase_add_test(tests, errno_is_kept);
    tcase_add_test(tests, a_signal_handler_within_a_call_gets_EDEADLK);
    tcase_add_test(tests, a_cancelled_thread_leaves_no_lock_behind);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
