/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <tracex/context.h>
#include <tracex/trace.h>
#include <unistd.h>

#include "libaudit-client/context/current.h"
#include "tests/client/context-check.h"

/* --- records pick it up --- */

START_TEST(a_record_carries_the_threads_context) {
    struct tx_context context = parsed(PARENT, NULL, NULL);

    assert_trace(logged("before"), false, "");
    ck_assert_int_eq(tx_context_set(&context), 0);
    assert_trace(logged("within"), true, "");
    ck_assert_int_eq(tx_correlation_set("request-7"), 0);
    assert_trace(logged("both"), true, "request-7");
    ck_assert_int_eq(tx_context_set(NULL), 0);
    assert_trace(logged("after"), false, "");
    ck_assert_int_eq(tx_correlation_set("alone"), 0);
    assert_trace(logged("one"), false, "alone");
    ck_assert_int_eq(tx_correlation_set(NULL), 0);
    assert_trace(logged("none"), false, "");
}
END_TEST

START_TEST(what_an_event_says_itself_comes_first) {
    struct tx_context context = parsed(PARENT, NULL, NULL);
    static const uint8_t mine[16] = {7};
    struct tx_event event = TX_EVENT_INIT;
    size_t n;

    ck_assert_int_eq(tx_context_set(&context), 0);
    ck_assert_int_eq(tx_correlation_set("of the thread"), 0);
    event.name = "own";
    event.trace_id = mine;
    event.span_id = mine;
    event.correlation_id = "my own";
    ck_assert_int_eq(tx_audit_emit(&event), 0);
    event.trace_id = NULL; /* half a trace is still a wrong call */
    ck_assert_int_eq(tx_audit_emit(&event), -EINVAL);
    const struct seen *seen = stand_in_seen(daemon_, 1, &n);
    ck_assert_mem_eq(seen[0].trace_id, mine, 16);
    ck_assert_str_eq(seen[0].correlation, "my own");
}
END_TEST

START_TEST(a_trace_event_carries_it_too) {
    struct tx_context context = parsed(PARENT, NULL, NULL);
    struct tx_event event = TX_EVENT_INIT;
    size_t n;

    ck_assert_int_eq(tx_context_set(&context), 0);
    event.name = "traced";
    ck_assert_int_eq(tx_trace_emit(&event), 0);
    ck_assert_int_eq(tx_flush(60000), 0);
    assert_trace(&stand_in_seen(daemon_, 1, &n)[0], true, "");
}
END_TEST

/* --- attach and detach --- */

START_TEST(what_was_there_before_comes_back) {
    struct tx_context outer = parsed(PARENT, "a=1", "user=alice");
    struct tx_context inner = parsed("00-" TRACE "-00f067aa0ba902b7-00", NULL, NULL);
    struct tx_context_token one, two;
    char text[TX_BAGGAGE_SIZE];

    ck_assert_int_eq(tx_context_attach(&outer, &one), 0);
    ck_assert_int_eq(tx_correlation_set("c-1"), 0);
    ck_assert_int_eq(tx_context_attach(&inner, &two), 0);
    ck_assert_str_eq(parent_of(NULL), "00-" TRACE "-00f067aa0ba902b7-00");
    ck_assert_int_eq(tx_context_baggage(NULL, text, sizeof(text)), -ENODATA);
    ck_assert_int_eq(tx_correlation_get(text, sizeof(text)), -ENODATA);
    ck_assert_int_eq(tx_context_detach(&two), 0);
    ck_assert_str_eq(parent_of(NULL), PARENT);
    ck_assert_int_eq(tx_context_baggage(NULL, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "user=alice");
    ck_assert_int_eq(tx_context_tracestate(NULL, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "a=1");
    ck_assert_int_eq(tx_correlation_get(text, sizeof(text)), 0);
    ck_assert_str_eq(text, "c-1");
    ck_assert_int_eq(tx_context_detach(&one), 0);
    ck_assert_str_eq(parent_of(NULL), "none");
    ck_assert_uint_eq(figures().misnested, 0);
}
END_TEST

START_TEST(detaching_out_of_order_is_counted_and_harmless) {
    struct tx_context a = parsed(PARENT, NULL, NULL);
    struct tx_context b = parsed("00-" TRACE "-00f067aa0ba902b7-00", NULL, NULL);
    struct tx_context_token outer, inner, never = {.serial_ = 0};

    ck_assert_int_eq(tx_context_attach(&a, &outer), 0);
    ck_assert_int_eq(tx_context_attach(&b, &inner), 0);
    ck_assert_int_eq(tx_context_detach(&outer), 0); /* takes the inner one with it */
    ck_assert_str_eq(parent_of(NULL), "none");
    ck_assert_int_eq(tx_context_detach(&inner), -EALREADY);
    ck_assert_int_eq(tx_context_detach(&outer), -EALREADY);
    ck_assert_int_eq(tx_context_detach(&never), -EALREADY);
    ck_assert_int_eq(tx_context_detach(NULL), -EINVAL);
    ck_assert_str_eq(parent_of(NULL), "none");
    ck_assert_uint_eq(figures().misnested, 4);
}
END_TEST

static void *detach_here(void *token) {
    return (void *)(intptr_t)tx_context_detach(token);
}

static void *tell_parent(void *context) {
    static char text[TX_TRACEPARENT_SIZE];
    struct tx_context_token token;
    strcpy(text, parent_of(NULL));
    if (context) {
        ck_assert_int_eq(tx_context_attach(context, &token), 0);
        ck_assert_int_eq(tx_correlation_set("of this thread"), 0);
        strcpy(text, parent_of(NULL));
    }
    return text;
}

START_TEST(a_thread_has_the_context_that_it_attaches_and_no_other) {
    struct tx_context context = parsed(PARENT, NULL, "user=alice");
    struct tx_context_token token;

    ck_assert_int_eq(tx_context_attach(&context, &token), 0);
    ck_assert_str_eq(in_thread(tell_parent, NULL), "none");
    ck_assert_str_eq(in_thread(tell_parent, &context), PARENT);
    ck_assert_int_eq((int)(intptr_t)in_thread(detach_here, &token), -EALREADY);
    ck_assert_str_eq(parent_of(NULL), PARENT);
    ck_assert_int_eq(tx_context_detach(&token), 0);
}
END_TEST

static void attach_deep(const struct tx_context *context, int depth) {
    struct tx_context_token token;
    ck_assert_int_eq(tx_context_attach(context, &token), 0);
    if (depth > 0)
        attach_deep(context, depth - 1);
    ck_assert_int_eq(tx_context_detach(&token), 0);
}

START_TEST(it_nests_as_deep_as_the_stack_has_room) {
    struct tx_context context = parsed(PARENT, "a=1", "user=alice");
    attach_deep(&context, 500);
    ck_assert_str_eq(parent_of(NULL), "none");
    ck_assert_uint_eq(figures().misnested, 0);
}
END_TEST

static void work_in_scopes(const struct tx_context *context) {
    TX_CONTEXT_SCOPE(context);
    TX_CORRELATION_SCOPE("c-2");
    assert_trace(logged("scoped"), true, "c-2");
}

START_TEST(a_scope_ends_with_its_block) {
    struct tx_context context = parsed(PARENT, NULL, NULL);

    ck_assert_int_eq(tx_correlation_set("c-1"), 0);
    work_in_scopes(&context);
    assert_trace(logged("behind"), false, "c-1");
    ck_assert_uint_eq(figures().misnested, 0);
}
END_TEST

/* --- what becomes current for a while --- */

START_TEST(a_span_that_is_entered_is_of_the_threads_trace_or_of_a_new_one) {
    struct tx_context context = parsed(PARENT, NULL, NULL);
    struct tx_current *current = tx_current();
    struct tx_current_before one, two;

    ck_assert_int_eq(tx_current_enter(current, &one), 0);
    const struct seen root = *logged("root");
    ck_assert(root.has_trace && tx_trace_id_valid(root.trace_id, 16));
    ck_assert_int_eq(tx_current_enter(current, &two), 0);
    const struct seen child = *logged("child");
    ck_assert_mem_eq(child.trace_id, root.trace_id, 16);
    ck_assert_mem_ne(child.span_id, root.span_id, 8);
    tx_current_leave(current, &two);
    ck_assert_mem_eq(logged("root.again")->span_id, root.span_id, 8);
    tx_current_leave(current, &one);
    assert_trace(logged("none"), false, "");

    ck_assert_int_eq(tx_context_set(&context), 0);
    ck_assert_int_eq(tx_current_enter(current, &one), 0);
    ck_assert_mem_eq(logged("within")->trace_id, one.trace_id, 16);
    tx_current_leave(current, &one);
    assert_trace(logged("behind"), true, "");
}
END_TEST

static void *attach_texts(void *context) {
    ck_assert_int_eq(tx_context_set(context), 0);
    return NULL;
}

static size_t mapped_pages(void) {
    size_t pages;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(file, "%zu", &pages), 1);
    fclose(file);
    return pages;
}

START_TEST(a_thread_that_ends_leaves_no_memory_behind) {
    struct tx_context context = parsed(PARENT, "a=1", "user=alice");

    in_thread(attach_texts, &context);
    size_t before = mapped_pages();
    for (int i = 0; i < 1000; i++)
        in_thread(attach_texts, &context);
    ck_assert_uint_le(mapped_pages(), before + 100); /* 3000 if each left its texts */
}
END_TEST

/* --- forks --- */

START_TEST(a_forked_child_keeps_the_context) {
    struct tx_context context = parsed(PARENT, NULL, NULL);
    char text[1000];

    ck_assert_int_eq(tx_context_set(&context), 0);
    ck_assert_int_eq(tx_correlation_set("c-3"), 0);
    in_child(tell_context, text, sizeof(text));
    ck_assert_str_eq(text, PARENT " c-3");
}
END_TEST

static void tell_ids(char *ret, size_t n) {
    uint64_t id;
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(tx_current_span_id(tx_current(), (uint8_t *)&id), 0);
        snprintf(ret + strlen(ret), n - strlen(ret), "%016llx ", (unsigned long long)id);
    }
}

START_TEST(span_ids_of_parent_and_children_are_all_different) {
    char texts[3][1000] = {""};

    tell_ids(texts[0], 20); /* seeded before the fork */
    texts[0][0] = '\0';
    in_child(tell_ids, texts[1], sizeof(texts[1]));
    in_child(tell_ids, texts[2], sizeof(texts[2]));
    tell_ids(texts[0], sizeof(texts[0]));
    for (int i = 0; i < 3; i++)
        for (char *id = texts[i]; *id; id += 17)
            for (int j = 0; j < 3; j++)
                for (char *other = texts[j]; *other; other += 17)
                    ck_assert(id == other || memcmp(id, other, 16) != 0);
}
END_TEST

/* --- correlation --- */

START_TEST(a_correlation_id_that_is_garbage_is_refused) {
    static const char *const bad[] = {"a\nb",         "a\x1b[31m", "\xff",     "a\xc3",
                                      "\xed\xa0\x80", "\x7f",      "a\xc2\x85"};
    char text[300], small[3];

    ck_assert_int_eq(tx_correlation_set("fine"), 0);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_int_eq(tx_correlation_set(bad[i]), -EINVAL);
    memset(text, 'x', 257);
    text[257] = '\0';
    ck_assert_int_eq(tx_correlation_set(text), -EINVAL);
    ck_assert_int_eq(tx_correlation_get(text, sizeof(text)), 0);
    ck_assert_str_eq(text, "fine");
    ck_assert_int_eq(tx_correlation_get(small, sizeof(small)), -ENOSPC);
    memset(text, 'x', 256);
    text[256] = '\0';
    ck_assert_int_eq(tx_correlation_set(text), 0);
    assert_trace(logged("longest"), false, text);
    ck_assert_int_eq(tx_correlation_set("Ünïcode/7"), 0);
    ck_assert_int_eq(tx_correlation_set(""), 0);
    ck_assert_int_eq(tx_correlation_get(text, sizeof(text)), -ENODATA);
}
END_TEST

START_TEST(errno_is_kept) {
    struct tx_context context;
    struct tx_context_token token;

    errno = 77;
    ck_assert_int_eq(tx_context_parse("bad", "bad", "bad", &context),
                     TX_CONTEXT_RESTARTED | TX_CONTEXT_BAGGAGE_CUT);
    ck_assert_int_eq(tx_context_attach(&context, &token), 0);
    ck_assert_int_eq(tx_context_baggage_set(NULL, "k", "v"), 0);
    ck_assert_int_eq(tx_context_detach(&token), 0);
    ck_assert_int_eq(errno, 77);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-context");
    TCase *tests = tcase_create("context");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_record_carries_the_threads_context);
    tcase_add_test(tests, what_an_event_says_itself_comes_first);
    tcase_add_test(tests, a_trace_event_carries_it_too);
    tcase_add_test(tests, what_was_there_before_comes_back);
    tcase_add_test(tests, detaching_out_of_order_is_counted_and_harmless);
    tcase_add_test(tests, a_thread_has_the_context_that_it_attaches_and_no_other);
    tcase_add_test(tests, it_nests_as_deep_as_the_stack_has_room);
    tcase_add_test(tests, a_scope_ends_with_its_block);
    tcase_add_test(tests, a_span_that_is_entered_is_of_the_threads_trace_or_of_a_new_one);
    tcase_add_test(tests, a_thread_that_ends_leaves_no_memory_behind);
    tcase_add_test(tests, a_forked_child_keeps_the_context);
    tcase_add_test(tests, span_ids_of_parent_and_children_are_all_different);
    tcase_add_test(tests, a_correlation_id_that_is_garbage_is_refused);
    tcase_add_test(tests, errno_is_kept);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
