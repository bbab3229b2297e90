/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <tracex/trace.h>
#include <unistd.h>

#include "libaudit-client/span/span.h"
#include "libtx/base/clock.h"
#include "tests/client/client-check.h"

#define TRACE "12345678901234567890123456789012"
#define PARENT "00-" TRACE "-1234567890123456-01"

static struct tx_span_stats figures(void) {
    struct tx_span_stats s = {.size = sizeof(s)};
    ck_assert_int_eq(tx_span_stats(&s), 0);
    return s;
}

static const struct seen *recorded(size_t at_least) {
    size_t n;
    ck_assert_int_eq(tx_flush(60000), 0);
    return stand_in_seen(daemon_, at_least, &n);
}

static struct tx_context parsed(const char *parent) {
    struct tx_context context;
    ck_assert_int_eq(tx_context_parse(parent, NULL, NULL, &context), 0);
    return context;
}

static const char *parent_of(const struct tx_context *context) {
    static char text[2][TX_TRACEPARENT_SIZE];
    static int at;
    at ^= 1;
    int r = tx_context_traceparent(context, text[at], sizeof(text[at]));
    return r == 0 ? text[at] : "none";
}

static int begin_current(struct tx_span *span, const char *name) {
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;
    options.is_current = 1;
    return tx_span_begin(span, name, &options);
}

/* --- records --- */

START_TEST(a_span_becomes_one_record_when_it_ends) {
    struct tx_span span = TX_SPAN_INIT;

    ck_assert_int_eq(tx_span_begin(&span, "order.place", NULL), 0);
    ck_assert_int_eq(tx_span_set(&span, TX_STR("order.id", "o-7"), TX_PII(TX_I64("age", 42)),
                                 TX_JSON("j", "{\"a\":1}"), TX_STR("null", NULL)),
                     0);
    ck_assert_int_eq(tx_span_status(&span, TX_SPAN_ERROR, "no stock"), 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    const struct seen *seen = recorded(1);
    ck_assert_str_eq(seen[0].event, "span");
    ck_assert_int_eq(seen[0].outcome, TX_OUTCOME_FAILURE);
    ck_assert_str_eq(seen[0].message, "no stock");
    ck_assert(seen[0].has_trace && !seen[0].has_parent);
    ck_assert_str_eq(seen_field(&seen[0], "span.name"), "order.place");
    ck_assert_str_eq(seen_field(&seen[0], "span.kind"), "internal");
    ck_assert_str_eq(seen_field(&seen[0], "span.status"), "error");
    ck_assert_int_ge(atoll(seen_field(&seen[0], "duration_ns")), 0);
    ck_assert_int_eq(atoll(seen_field(&seen[0], "thread.id")), getpid());
    ck_assert_str_eq(seen_field(&seen[0], "order.id"), "o-7");
    ck_assert_str_eq(seen_field(&seen[0], "age"), "42");
    ck_assert_str_eq(seen_field(&seen[0], "j"), "{\"a\":1}");
    ck_assert_str_eq(seen_field(&seen[0], "null"), "null");
    ck_assert_ptr_null(seen_field(&seen[0], "span.attributes.dropped"));
}
END_TEST

START_TEST(its_time_is_its_beginning_and_its_duration_what_passed) {
    struct tx_span span = TX_SPAN_INIT;
    struct timespec pause = {.tv_nsec = 20000000};
    int64_t before = tx_clock_wall();

    ck_assert_int_eq(tx_span_begin(&span, "slow", NULL), 0);
    int64_t after = tx_clock_wall();
    nanosleep(&pause, NULL);
    ck_assert_int_eq(tx_span_end(&span), 0);
    const struct seen *seen = recorded(1);
    ck_assert(seen[0].time >= before && seen[0].time <= after);
    ck_assert_int_ge(atoll(seen_field(&seen[0], "duration_ns")), 20000000);
}
END_TEST

START_TEST(an_attribute_of_the_same_name_replaces_the_one_before) {
    struct tx_span span = TX_SPAN_INIT;

    ck_assert_int_eq(tx_span_begin(&span, "x", NULL), 0);
    ck_assert_int_eq(tx_span_set(&span, TX_I64("a", 1), TX_STR("b", "two"), TX_I64("a", 3)), 0);
    ck_assert_int_eq(tx_span_set(&span, TX_STR("b", "longer than before")), 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    const struct seen *seen = recorded(1);
    ck_assert_str_eq(seen_field(&seen[0], "a"), "3");
    ck_assert_str_eq(seen_field(&seen[0], "b"), "longer than before");
}
END_TEST

START_TEST(what_has_no_room_or_makes_no_sense_is_counted_in_the_record) {
    struct tx_span span = TX_SPAN_INIT, many = TX_SPAN_INIT;
    static char large[5000], name[300];
    struct tx_context context = parsed(PARENT), none = TX_CONTEXT_INIT;

    memset(large, 'v', sizeof(large) - 1);
    memset(name, 'n', sizeof(name) - 1);
    ck_assert_int_eq(tx_span_begin(&span, name, NULL), 0);
    ck_assert_int_eq(tx_span_set(&span, TX_STR("large", large), TX_I64("kept", 1)), -ENOSPC);
    ck_assert_int_eq(tx_span_set(&span, TX_STR("span.name", "mine")), -EINVAL);
    ck_assert_int_eq(tx_span_set(&span, TX_I64("duration_ns", 1)), -EINVAL);
    ck_assert_int_eq(tx_span_set(&span, TX_I64("no name", 1)), -EINVAL);
    ck_assert_int_eq(tx_span_set(&span, TX_I64(NULL, 1)), -EINVAL);
    ck_assert_int_eq(tx_span_link(&span, &none), -ENODATA);
    for (int i = 0; i < 17; i++)
        ck_assert_int_eq(tx_span_link(&span, &context), i < 16 ? 0 : -ENOSPC);
    ck_assert_int_eq(tx_span_end(&span), 0);
    ck_assert_int_eq(tx_span_begin(&many, "many", NULL), 0);
    for (int i = 0; i < 65; i++) {
        char key[8];
        snprintf(key, sizeof(key), "k%d", i);
        (void)!tx_span_set(&many, TX_I64(key, i));
    }
    ck_assert_int_eq(tx_span_end(&many), 0);
    const struct seen *seen = recorded(2);
    ck_assert_uint_eq(strlen(seen_field(&seen[0], "span.name")), 255);
    ck_assert_str_eq(seen_field(&seen[0], "span.attributes.dropped"), "5");
    ck_assert_str_eq(seen_field(&seen[0], "span.links.dropped"), "1");
    ck_assert_str_eq(seen_field(&seen[0], "kept"), "1");
    ck_assert_ptr_nonnull(strstr(seen_field(&seen[0], "span.links"),
                                 "[{\"trace_id\":\"" TRACE
                                 "\",\"span_id\":\"1234567890123456\"},{"));
    ck_assert_ptr_nonnull(seen_field(&seen[1], "span.attributes.dropped"));
    ck_assert_str_eq(seen_field(&seen[1], "k0"), "0");
    ck_assert_uint_ge(figures().dropped, 7);
}
END_TEST

START_TEST(a_text_is_cut_between_characters) {
    struct tx_span span = TX_SPAN_INIT;
    char name[300];

    memset(name, 'n', 254);
    strcpy(name + 254, "ä");
    ck_assert_int_eq(tx_span_begin(&span, name, NULL), 0);
    ck_assert_int_eq(tx_span_status(&span, TX_SPAN_OK, name), 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    const struct seen *seen = recorded(1);
    ck_assert_uint_eq(strlen(seen_field(&seen[0], "span.name")), 254);
    ck_assert_uint_eq(strlen(seen[0].message), 254);
}
END_TEST

START_TEST(a_span_of_another_size_is_taken) {
    static uint64_t memory[512];
    struct tx_span *span = (struct tx_span *)memory;
    static const size_t taken[] = {1024, 1032, 2048, 4096},
                        refused[] = {0, 8, 1023, 4097, SIZE_MAX};

    for (size_t i = 0; i < TX_COUNT_OF(taken); i++) {
        memset(memory, 0xff, sizeof(memory));
        span->size = taken[i];
        ck_assert_int_eq(tx_span_begin(span, "x", NULL), 0);
        for (int j = 0; j < 100; j++) {
            char key[8];
            snprintf(key, sizeof(key), "k%d", j);
            (void)!tx_span_set(span, TX_STR(key, "some text of a usual length"));
        }
        ck_assert_int_eq(tx_span_end(span), 0);
        for (size_t at = taken[i]; at < sizeof(memory); at++)
            ck_assert_uint_eq(((uint8_t *)memory)[at], 0xff);
    }
    for (size_t i = 0; i < TX_COUNT_OF(refused); i++) {
        span->size = refused[i];
        ck_assert_int_eq(tx_span_begin(span, "x", NULL), -EINVAL);
    }
}
END_TEST

/* --- traces --- */

START_TEST(spans_and_records_within_one_have_its_ids) {
    struct tx_context context = parsed(PARENT);
    struct tx_span outer = TX_SPAN_INIT;

    ck_assert_int_eq(tx_context_set(&context), 0);
    ck_assert_int_eq(tx_correlation_set("c-1"), 0);
    ck_assert_int_eq(begin_current(&outer, "outer"), 0);
    ck_assert_int_eq(tx_correlation_set("c-2"), 0);
    {
        TX_SPAN_SCOPE(inner, "inner");
        ck_assert_int_eq(tx_span_set(&inner, TX_I64("a", 1)), 0);
        ck_assert_int_eq(log_one(), 0);
    }
    ck_assert_int_eq(tx_span_end(&outer), 0);
    ck_assert_str_eq(parent_of(NULL), PARENT);
    const struct seen *seen = recorded(3), *audit = &seen[0], *inner = &seen[1], *last = &seen[2];
    ck_assert_str_eq(audit->event, "x");
    ck_assert_mem_eq(audit->span_id, inner->span_id, 8);
    ck_assert_mem_eq(inner->parent_span_id, last->span_id, 8);
    ck_assert_mem_eq(audit->trace_id, last->trace_id, 16);
    ck_assert(last->has_parent);
    ck_assert_uint_eq(last->parent_span_id[0], 0x12);
    ck_assert_uint_eq(last->trace_id[0], 0x12);
    ck_assert_str_eq(inner->correlation, "c-2");
    ck_assert_str_eq(last->correlation, "c-1"); /* as it was when it began */
    ck_assert_uint_eq(figures().misnested, 0);
}
END_TEST

START_TEST(a_parent_may_be_named_or_denied) {
    struct tx_context context = parsed(PARENT), other = parsed("00-" TRACE "-00f067aa0ba902b7-00");
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;
    struct tx_span span = TX_SPAN_INIT;

    ck_assert_int_eq(tx_context_set(&context), 0);
    options.kind = TX_SPAN_SERVER;
    options.parent = &other;
    ck_assert_int_eq(tx_span_begin(&span, "named", &options), 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    options.is_root = 1;
    ck_assert_int_eq(tx_span_begin(&span, "root", &options), 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    const struct seen *seen = recorded(2);
    ck_assert_uint_eq(seen[0].parent_span_id[1], 0xf0);
    ck_assert_str_eq(seen_field(&seen[0], "span.kind"), "server");
    ck_assert(!seen[1].has_parent);
    ck_assert_mem_ne(seen[0].trace_id, seen[1].trace_id, 16);

    options.kind = (enum tx_span_kind)5;
    ck_assert_int_eq(tx_span_begin(&span, "x", &options), -EINVAL);
    ck_assert_int_eq(tx_span_begin(&span, NULL, NULL), -EINVAL);
    ck_assert_int_eq(tx_span_set(&span, TX_I64("a", 1)), -EALREADY);
    ck_assert_int_eq(tx_span_end(&span), -EALREADY);
}
END_TEST

/* --- threads --- */

static void *in_thread(void *(*f)(void *), void *data) {
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, f, data), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result;
}

static void *work_within(void *span) {
    struct tx_context context;
    ck_assert_int_eq(tx_span_context(span, &context), 0);
    TX_CONTEXT_SCOPE(&context);
    ck_assert_int_eq(log_one(), 0);
    return NULL;
}

static void *end_it(void *span) {
    return (void *)(intptr_t)tx_span_end(span);
}

START_TEST(another_thread_works_within_a_span_and_ends_it) {
    struct tx_span span = TX_SPAN_INIT;

    ck_assert_int_eq(tx_span_begin(&span, "across", NULL), 0);
    in_thread(work_within, &span);
    ck_assert_int_eq((int)(intptr_t)in_thread(end_it, &span), 0);
    const struct seen *seen = recorded(2);
    ck_assert_mem_eq(seen[0].span_id, seen[1].span_id, 8);
    ck_assert_int_eq(atoll(seen_field(&seen[1], "thread.id")), getpid()); /* where it began */
    ck_assert_uint_eq(figures().misnested, 0);
}
END_TEST

static void *set_many(void *span) {
    char key[16];
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "k%d", i % 10);
        ck_assert_int_eq(tx_span_set(span, TX_STR(key, "some text of a usual length")), 0);
    }
    return NULL;
}

START_TEST(several_threads_may_use_one_at_once) {
    struct tx_span span = TX_SPAN_INIT;
    pthread_t threads[4];

    ck_assert_int_eq(tx_span_begin(&span, "shared", NULL), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, set_many, &span), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(tx_span_end(&span), 0);
    ck_assert_str_eq(seen_field(&recorded(1)[0], "k9"), "some text of a usual length");
}
END_TEST

/* --- what goes wrong --- */

START_TEST(a_span_that_ends_twice_is_recorded_once) {
    struct tx_span span = TX_SPAN_INIT, never = TX_SPAN_INIT;

    ck_assert_int_eq(tx_span_begin(&span, "x", NULL), 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    ck_assert_int_eq(tx_span_end(&span), -EALREADY);
    ck_assert_int_eq(tx_span_end(&never), -EALREADY);
    ck_assert_int_eq(tx_span_end(NULL), -EINVAL);
    ck_assert_int_eq(tx_span_set(&span, TX_I64("a", 1)), -EALREADY);
    recorded(1);
    ck_assert_uint_eq(stats().trace_logged, 1);
    ck_assert_uint_eq(figures().ended, 1);
    ck_assert_uint_eq(figures().wrong_ends, 3);
}
END_TEST

START_TEST(current_spans_that_end_out_of_order_leave_what_was_before) {
    struct tx_context context = parsed(PARENT);
    struct tx_span outer = TX_SPAN_INIT, inner = TX_SPAN_INIT;

    ck_assert_int_eq(tx_context_set(&context), 0);
    ck_assert_int_eq(begin_current(&outer, "outer"), 0);
    ck_assert_int_eq(begin_current(&inner, "inner"), 0);
    ck_assert_int_eq(tx_span_end(&outer), 0);
    ck_assert_str_eq(parent_of(NULL), PARENT);
    ck_assert_int_eq(tx_span_end(&inner), 0);
    ck_assert_str_eq(parent_of(NULL), PARENT);
    ck_assert_uint_eq(figures().misnested, 2);
    ck_assert_mem_eq(recorded(2)[1].parent_span_id, recorded(2)[0].span_id, 8);
}
END_TEST

START_TEST(a_current_span_that_ends_in_another_thread_is_recorded_and_counted) {
    struct tx_span span = TX_SPAN_INIT;

    ck_assert_int_eq(begin_current(&span, "x"), 0);
    ck_assert_int_eq((int)(intptr_t)in_thread(end_it, &span), 0);
    recorded(1);
    ck_assert_uint_eq(figures().misnested, 1);
    ck_assert_int_eq(tx_context_set(NULL), 0);
}
END_TEST

START_TEST(a_context_within_a_span_that_ended_first_leaves_no_correlation_behind) {
    struct tx_context context = parsed(PARENT);
    struct tx_context_token token;
    struct tx_span span = TX_SPAN_INIT;
    char id[TX_CORRELATION_SIZE];

    ck_assert_int_eq(tx_correlation_set("outer"), 0);
    ck_assert_int_eq(begin_current(&span, "x"), 0);
    ck_assert_int_eq(tx_context_attach(&context, &token), 0);
    ck_assert_int_eq(tx_correlation_set("inner"), 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    ck_assert_int_eq(tx_context_detach(&token), 0);
    ck_assert_int_eq(tx_correlation_get(id, sizeof(id)), 0);
    ck_assert_str_eq(id, "outer");
    ck_assert_str_eq(parent_of(NULL), "none");
    ck_assert_int_eq(tx_context_detach(&token), -EALREADY);
}
END_TEST

/* Each is forgotten by the next one. */
START_TEST(a_million_spans_that_never_end_do_no_harm) {
    static struct tx_span spans[64];
    int r = 0;

    for (int i = 0; i < 1000000; i++) {
        spans[i % 64].size = sizeof(spans[0]);
        r |= begin_current(&spans[i % 64], "deep");
    }
    ck_assert_int_eq(r, 0);
    ck_assert_uint_eq(figures().begun, 1000000);
    ck_assert_uint_eq(figures().ended, 0);
    ck_assert_int_eq(tx_context_set(NULL), 0);
    ck_assert_int_eq(log_one(), 0);
    ck_assert(!recorded(1)[0].has_trace);
}
END_TEST

static void recurse(unsigned depth) {
    TX_SPAN_SCOPE(span, "deep");
    if (depth > 1)
        recurse(depth - 1);
}

static void *recurse_in_thread(void *unused) {
    recurse(20000);
    return unused;
}

START_TEST(spans_nest_as_deep_as_the_stack_has_room) {
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 256u << 20), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, recurse_in_thread, NULL), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    ck_assert_uint_eq(figures().ended + figures().lost, 20000);
    ck_assert_uint_eq(figures().misnested, 0);
}
END_TEST

START_TEST(a_span_that_was_begun_before_a_fork_is_recorded_by_the_parent_alone) {
    struct tx_span span = TX_SPAN_INIT;
    int status;

    ck_assert_int_eq(begin_current(&span, "parent"), 0);
    const char *within = parent_of(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int same = strcmp(within, parent_of(NULL)) == 0;
        struct tx_span mine = TX_SPAN_INIT;
        int r = begin_current(&mine, "child") | tx_span_end(&mine);
        _exit(same && r == 0 && tx_span_end(&span) == -EXDEV && tx_flush(60000) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_eq(tx_span_end(&span), 0);
    const struct seen *seen = recorded(2);
    ck_assert_str_eq(seen_field(&seen[0], "span.name"), "child");
    ck_assert_mem_eq(seen[0].parent_span_id, seen[1].span_id, 8);
    ck_assert_mem_ne(seen[0].secret, seen[1].secret, sizeof(seen[0].secret));
    ck_assert_int_ne(atoll(seen_field(&seen[0], "thread.id")),
                     atoll(seen_field(&seen[1], "thread.id")));
}
END_TEST

/* Until there is one they are kept, as many as there is room for. */
START_TEST(a_span_without_a_daemon_is_lost_when_there_is_no_room_and_counted) {
    struct tx_options options = TX_OPTIONS_INIT;
    int n = 0, r = 0;

    options.socket_path = "/nowhere/at/all";
    options.trace_ring_bytes = 256 * 1024;
    ck_assert_int_eq(tx_open(&options), -ENOTCONN);
    for (; r == 0 && n < 10000; n++) {
        struct tx_span span = TX_SPAN_INIT;
        ck_assert_int_eq(tx_span_begin(&span, "x", NULL), 0);
        r = tx_span_end(&span);
    }
    ck_assert_int_eq(r, -EAGAIN);
    ck_assert_int_gt(n, 100);
    ck_assert_uint_eq(figures().lost, 1);
    ck_assert_uint_eq(stats().trace_lost, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-span");
    TCase *tests = tcase_create("spans");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_span_becomes_one_record_when_it_ends);
    tcase_add_test(tests, its_time_is_its_beginning_and_its_duration_what_passed);
    tcase_add_test(tests, an_attribute_of_the_same_name_replaces_the_one_before);
    tcase_add_test(tests, what_has_no_room_or_makes_no_sense_is_counted_in_the_record);
    tcase_add_test(tests, a_text_is_cut_between_characters);
    tcase_add_test(tests, a_span_of_another_size_is_taken);
    tcase_add_test(tests, spans_and_records_within_one_have_its_ids);
    tcase_add_test(tests, a_parent_may_be_named_or_denied);
    tcase_add_test(tests, another_thread_works_within_a_span_and_ends_it);
    tcase_add_test(tests, several_threads_may_use_one_at_once);
    tcase_add_test(tests, a_span_that_ends_twice_is_recorded_once);
    tcase_add_test(tests, current_spans_that_end_out_of_order_leave_what_was_before);
    tcase_add_test(tests, a_current_span_that_ends_in_another_thread_is_recorded_and_counted);
    tcase_add_test(tests, a_context_within_a_span_that_ended_first_leaves_no_correlation_behind);
    tcase_add_test(tests, a_million_spans_that_never_end_do_no_harm);
    tcase_add_test(tests, spans_nest_as_deep_as_the_stack_has_room);
    tcase_add_test(tests, a_span_that_was_begun_before_a_fork_is_recorded_by_the_parent_alone);
    tcase_add_test(tests, a_span_without_a_daemon_is_lost_when_there_is_no_room_and_counted);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
