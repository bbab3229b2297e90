/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_CONTEXT_CHECK_H
#define TX_TESTS_CONTEXT_CHECK_H

/*
 * A trace for tests, and what of a thread's context the daemon gets.
 */

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <tracex/context.h>
#include <unistd.h>

#include "tests/client/client-check.h"

#define TRACE "12345678901234567890123456789012"
#define PARENT "00-" TRACE "-1234567890123456-01"

static inline struct tx_context_stats figures(void) {
    struct tx_context_stats s = {.size = sizeof(s)};
    ck_assert_int_eq(tx_context_stats(&s), 0);
    return s;
}

static inline struct tx_context parsed(const char *parent, const char *state, const char *baggage) {
    struct tx_context context;
    ck_assert_int_eq(tx_context_parse(parent, state, baggage, &context), 0);
    return context;
}

static inline const char *parent_of(const struct tx_context *context) {
    static char text[TX_TRACEPARENT_SIZE];
    int r = tx_context_traceparent(context, text, sizeof(text));
    return r == 0 ? text : "none";
}

/* The trace of the thread's last record, as the daemon had it. */
static inline const struct seen *logged(const char *event) {
    size_t n;
    int r = tx_audit_log(event, TX_SUCCESS);
    ck_assert_int_eq(r, 0);
    const struct seen *seen = stand_in_seen(daemon_, stats().logged, &n);
    ck_assert_str_eq(seen[n - 1].event, event);
    return &seen[n - 1];
}

static inline void assert_trace(const struct seen *seen, bool has_trace, const char *correlation) {
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

static inline void *in_thread(void *(*f)(void *), void *data) {
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, f, data), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result;
}

/* What `f` writes in a child. */
static inline void in_child(void (*f)(char *, size_t), char *ret, size_t n) {
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

static inline void tell_context(char *ret, size_t n) {
    char id[TX_CORRELATION_SIZE] = "none";
    (void)!tx_correlation_get(id, sizeof(id));
    snprintf(ret, n, "%s %s", parent_of(NULL), id);
}

#endif
