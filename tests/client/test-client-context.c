/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <tracex/context.h>
#include <tracex/trace.h>
#include <unistd.h>

#include "libaudit-client/context/current.h"
#include "tests/client/client-check.h"

#define TRACE "12345678901234567890123456789012"
#define PARENT "00-" TRACE "-1234567890123456-01"

static struct tx_context_stats figures(void) {
    struct tx_context_stats s = {.size = sizeof(s)};
    ck_assert_int_eq(tx_context_stats(&s), 0);
    return s;
}

static struct tx_context parsed(const char *parent, const char *state, const char *baggage) {
    struct tx_context context;
    ck_assert_int_eq(tx_context_parse(parent, state, baggage, &context), 0);
    return context;
}

static const char *parent_of(const struct tx_context *context) {
    static char text[TX_TRACEPARENT_SIZE];
    int r = tx_context_traceparent(context, text, sizeof(text));
    return r == 0 ? text : "none";
}

/* The trace of the thread's last record, as the daemon had it. */
static const struct seen *logged(const char *event) {
    size_t n;
    int r = tx_audit_log(event, TX_SUCCESS);
    ck_assert_int_eq(r, 0);
    const struct seen *seen = stand_in_seen(daemon_, stats().logged, &n);
    ck_assert_str_eq(seen[n - 1].event, event);
    return &seen[n - 1];
}

static void assert_trace(const struct seen *seen, bool has_trace, const char *correlation) {
    static const uint8_t trace[16] = {0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56,
                                      0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12};
    ck_assert_int_eq(seen->has_trace, has_trace);
    if (has_trace) {
        ck_assert_mem_eq(seen->trace_id, trace, 16);
        ck_assert_mem_eq(seen->span_id, trace, 8);
    }
    ck_assert(!seen->has_parent);
    ck_assert_str_eq(seen->correlation, correlation);
}

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

static void *in_thread(void *(*f)(void *), void *data) {
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, f, data), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result;
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

/* What `f` writes in a child. */
static void in_child(void (*f)(char *, size_t), char *ret, size_t n) {
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        char text[1000] = "";
        f(text, sizeof(text));
        _exit(write(ends[1], text, strlen(text) + 1) > 0 ? 0 : 1);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], ret, n);
    close(ends[0]);
    ck_assert_int_gt(got, 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void tell_context(char *ret, size_t n) {
    char id[TX_CORRELATION_SIZE] = "none";
    (void)!tx_correlation_get(id, sizeof(id));
    snprintf(ret, n, "%s %s", parent_of(NULL), id);
}

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
    tcase_add_test(tests, headers_are_found_by_their_names);
    tcase_add_test(tests, a_malformed_traceparent_restarts_the_trace);
    tcase_add_test(tests, what_else_is_malformed_is_left_out_and_told);
    tcase_add_test(tests, entries_are_put_into_tracestate_and_baggage);
    tcase_add_test(tests, a_damaged_context_is_refused);
    tcase_add_test(tests, a_process_begins_with_what_its_environment_says);
    tcase_add_test(tests, a_malformed_environment_restarts_the_trace_and_none_begins_none);
    tcase_add_test(tests, a_context_is_handed_to_a_child_in_its_environment);
    tcase_add_test(tests, errno_is_kept);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
