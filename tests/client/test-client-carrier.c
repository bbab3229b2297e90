/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libaudit-client/context/current.h"
#include "tests/client/context-check.h"

/* --- headers --- */

START_TEST(headers_are_found_by_their_names) {
    struct tx_header headers[] = {{"TraceParent", PARENT}, {"tracestate", "a=1"},
                                  {"BAGGAGE", "k=v"},      {"TRACESTATE", "b=2"},
                                  {"baggage", "l=w"},      {"trace-parent", "00-bad"}};
    struct tx_context context;
    char text[TX_BAGGAGE_SIZE];

    ck_assert_int_eq(tx_context_from_headers(headers, TX_COUNT_OF(headers), &context), 0);
    ck_assert_str_eq(parent_of(&context), PARENT);
    ck_assert_int_eq(tx_context_tracestate(&context, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "a=1,b=2");
    ck_assert_int_eq(tx_context_baggage(&context, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "k=v,l=w");
    ck_assert_int_eq(tx_context_baggage(&context, text, 7), -ENOSPC);
    ck_assert_int_eq(tx_context_from_headers(NULL, 1, &context), -EINVAL);
}
END_TEST

/* The W3C's "restart": a new trace id, and of tracestate nothing. */
START_TEST(a_malformed_traceparent_restarts_the_trace) {
    struct tx_header twice[] = {{"traceparent", PARENT}, {"traceparent", PARENT}};
    struct tx_context context;
    uint8_t flags;
    char text[TX_TRACESTATE_SIZE];

    ck_assert_int_eq(tx_context_parse("00-" TRACE "-0000000000000000-01", "a=1", "k=v", &context),
                     TX_CONTEXT_RESTARTED);
    ck_assert_ptr_null(strstr(parent_of(&context), TRACE));
    ck_assert_int_eq(tx_context_ids(&context, NULL, NULL, &flags), 0);
    ck_assert_uint_eq(flags, TX_CONTEXT_SAMPLED | TX_CONTEXT_RANDOM);
    ck_assert_int_eq(tx_context_tracestate(&context, text, sizeof(text)), -ENODATA);
    ck_assert_int_eq(tx_context_baggage_get(&context, "k", text, sizeof(text)), 0);
    ck_assert_int_eq(tx_context_from_headers(twice, 2, &context), TX_CONTEXT_RESTARTED);
    ck_assert_ptr_null(strstr(parent_of(&context), TRACE));
    ck_assert_uint_eq(figures().restarted, 2);

    ck_assert_int_eq(tx_context_parse(NULL, "a=1", NULL, &context), TX_CONTEXT_STARTED);
    ck_assert_str_ne(parent_of(&context), "none");
    ck_assert_int_eq(tx_context_tracestate(&context, text, sizeof(text)), -ENODATA);
    ck_assert_uint_eq(figures().restarted, 2); /* that one was not malformed */
}
END_TEST

START_TEST(what_else_is_malformed_is_left_out_and_told) {
    static char long_text[70000];
    struct tx_context context;
    char text[TX_BAGGAGE_SIZE];

    ck_assert_int_eq(tx_context_parse(PARENT, "a=1,BAD", "k=v,bad,l=w", &context),
                     TX_CONTEXT_TRACESTATE_DROPPED | TX_CONTEXT_BAGGAGE_CUT);
    ck_assert_str_eq(parent_of(&context), PARENT);
    ck_assert_int_eq(tx_context_tracestate(&context, text, sizeof(text)), -ENODATA);
    ck_assert_int_eq(tx_context_baggage(&context, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "k=v,l=w");
    memset(long_text, 'x', sizeof(long_text) - 1);
    ck_assert_int_eq(tx_context_parse(long_text, NULL, long_text, &context),
                     TX_CONTEXT_RESTARTED | TX_CONTEXT_BAGGAGE_CUT);
    ck_assert_int_eq(tx_context_parse(PARENT, long_text, NULL, &context),
                     TX_CONTEXT_TRACESTATE_DROPPED);
    ck_assert_uint_eq(figures().tracestate_dropped, 2);
    ck_assert_uint_eq(figures().baggage_dropped, 2);
}
END_TEST

START_TEST(entries_are_put_into_tracestate_and_baggage) {
    struct tx_context context = parsed(PARENT, "a=1,b=2", NULL);
    char text[TX_BAGGAGE_SIZE];

    ck_assert_int_eq(tx_context_tracestate_put(&context, "b", "3"), 0);
    ck_assert_int_eq(tx_context_tracestate_put(&context, "B", "3"), -EINVAL);
    ck_assert_int_eq(tx_context_tracestate_put(&context, "b", "1\r\nEvil: 1"), -EINVAL);
    ck_assert_int_eq(tx_context_tracestate_put(NULL, "b", "3"), -ENODATA);
    ck_assert_int_eq(tx_context_tracestate(&context, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "b=3,a=1");

    ck_assert_int_eq(tx_context_baggage_set(&context, "user", "Amélie; 100%\r\n"), 0);
    ck_assert_int_eq(tx_context_baggage_set(&context, "no key", "1"), -EINVAL);
    ck_assert_int_eq(tx_context_baggage_set(&context, "x", "1"), 0);
    ck_assert_int_eq(tx_context_baggage(&context, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "user=Am%C3%A9lie%3B%20100%25%0D%0A,x=1");
    ck_assert_int_eq(tx_context_baggage_get(&context, "user", text, sizeof(text)), 0);
    ck_assert_str_eq(text, "Amélie; 100%\r\n");
    ck_assert_int_eq(tx_context_baggage_set(&context, "user", NULL), 0);
    ck_assert_int_eq(tx_context_baggage_get(&context, "user", text, sizeof(text)), -ENODATA);
    ck_assert_int_eq(tx_context_baggage_set(NULL, "of.thread", "1"), 0);
    ck_assert_int_eq(tx_context_baggage_get(NULL, "of.thread", text, sizeof(text)), 0);
}
END_TEST

START_TEST(a_damaged_context_is_refused) {
    struct tx_context context;
    struct tx_context_token token;
    char text[TX_BAGGAGE_SIZE];

    memset(&context, 0xff, sizeof(context));
    ck_assert_int_eq(tx_context_set(&context), -EINVAL);
    ck_assert_int_eq(tx_context_attach(&context, &token), -EINVAL);
    ck_assert_int_eq(tx_context_detach(&token), -EALREADY);
    ck_assert_int_eq(tx_context_traceparent(&context, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(tx_context_set(&(struct tx_context)TX_CONTEXT_INIT), 0);
    ck_assert_str_eq(parent_of(NULL), "none");
}
END_TEST

/* --- the environment --- */

static void *log_in_thread(void *unused) {
    assert_trace(logged("thread"), true, "");
    return unused;
}

START_TEST(a_process_begins_with_what_its_environment_says) {
    setenv("TRACEPARENT", PARENT, 1);
    setenv("TRACESTATE", "a=1", 1);
    setenv("BAGGAGE", "k=v", 1);
    assert_trace(logged("first"), true, "");
    in_thread(log_in_thread, NULL);
    ck_assert_int_eq(tx_context_set(NULL), 0);
    assert_trace(logged("not.again"), false, "");
}
END_TEST

START_TEST(a_malformed_environment_restarts_the_trace_and_none_begins_none) {
    char text[1000];
    setenv("TRACEPARENT", "rubbish", 1);
    in_child(tell_context, text, sizeof(text));
    ck_assert_mem_eq(text, "00-", 3);
    unsetenv("TRACEPARENT");
    in_child(tell_context, text, sizeof(text));
    ck_assert_str_eq(text, "none none");
}
END_TEST

START_TEST(a_context_is_handed_to_a_child_in_its_environment) {
    struct tx_context context = parsed(PARENT, "a=1", "k=v"), back, bare;
    struct tx_environment environment;
    char text[TX_BAGGAGE_SIZE];

    ck_assert_int_eq(tx_context_to_environment(&context, &environment), 0);
    ck_assert_str_eq(environment.traceparent, "TRACEPARENT=" PARENT);
    ck_assert_str_eq(environment.tracestate, "TRACESTATE=a=1");
    ck_assert_str_eq(environment.baggage, "BAGGAGE=k=v");
    ck_assert_int_eq(tx_context_setenv(&context), 0);
    ck_assert_str_eq(getenv("TRACEPARENT"), PARENT);
    ck_assert_int_eq(tx_context_from_environment(&back), 0);
    ck_assert_str_eq(parent_of(&back), PARENT);
    ck_assert_int_eq(tx_context_baggage(&back, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "k=v");

    memset(&bare, 0, sizeof(bare));
    ck_assert_int_eq(tx_context_to_environment(&bare, &environment), 0);
    ck_assert_str_eq(environment.traceparent, "");
    ck_assert_str_eq(environment.tracestate, "");
    ck_assert_str_eq(environment.baggage, "");
    ck_assert_int_eq(tx_context_setenv(&bare), 0);
    ck_assert_ptr_null(getenv("TRACEPARENT"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-carrier");
    TCase *tests = tcase_create("carrier");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, headers_are_found_by_their_names);
    tcase_add_test(tests, a_malformed_traceparent_restarts_the_trace);
    tcase_add_test(tests, what_else_is_malformed_is_left_out_and_told);
    tcase_add_test(tests, entries_are_put_into_tracestate_and_baggage);
    tcase_add_test(tests, a_damaged_context_is_refused);
    tcase_add_test(tests, a_process_begins_with_what_its_environment_says);
    tcase_add_test(tests, a_malformed_environment_restarts_the_trace_and_none_begins_none);
    tcase_add_test(tests, a_context_is_handed_to_a_child_in_its_environment);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
