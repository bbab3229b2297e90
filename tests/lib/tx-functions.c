/* SPDX-License-Identifier: MIT */

/* Functions that are traced. `tx-functions nested|switched|deep N|many
 * N|refused|forked|twice|long`; what each does is in its function. It prints what a program without
 * tracing prints, too. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tracex/trace.h>
#include <unistd.h>

static int leaf(const char *order, int64_t items) {
    TX_TRACE_FUNCTION_ARGS(TX_STR("order", order), TX_I64("items", items), TX_F64("price", 9.5));
    TX_TRACE_RESULT(TX_I64("result", items * 2));
    return (int)items * 2;
}

static int inner(const char *order) {
    TX_TRACE_FUNCTION();
    tx_audit_log("order.placed", TX_SUCCESS, TX_STR("order", order));
    return leaf(order, 3) + leaf(order, 4);
}

static int nested(void) {
    TX_TRACE_FUNCTION();
    char order[] = "o-17";
    {
        TX_TRACE_SCOPE("checkout");
        return inner(order);
    }
}

/* Off, on for some, for all, off again. */
static void switched(void) {
    inner("off");
    tx_function_trace("leaf,nothing");
    inner("leaf");
    tx_function_trace("*");
    inner("all");
    tx_function_trace(NULL);
    inner("off again");
}

static long deep(long n) {
    TX_TRACE_FUNCTION();
    return n == 0 ? 0 : 1 + deep(n - 1);
}

static void *many_in_thread(void *data) {
    for (long i = *(long *)data; i > 0; i--)
        leaf("x", i);
    return NULL;
}

static void many(long n) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, many_in_thread, &n);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* What cannot be is refused, and nothing changes; errno is left alone. */
static long refused(void) {
    char patterns[1025];
    memset(patterns, 'x', sizeof(patterns));
    patterns[1024] = '\0';
    errno = 4711;
    inner("on");
    bool is_kept = errno == 4711;
    int r = tx_function_trace(patterns);
    patterns[1023] = '\0';
    return is_kept && r == -E2BIG && tx_function_trace(patterns) == 0 &&
           tx_function_trace(",,,") == 0;
}

/* A child that is forked within a call returns from it, too. */
static void forked(void) {
    TX_TRACE_FUNCTION();
    pid_t pid = fork();
    leaf(pid == 0 ? "child" : "parent", 1);
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

/* Arguments that are none leave the call recorded. */
static void twice(void) {
    TX_TRACE_FUNCTION_ARGS(TX_I64("a", 1), TX_I64("a", 2));
}

static void long_text(void) {
    char text[4096];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    TX_TRACE_FUNCTION_ARGS(TX_STR("a", text), TX_STR("b", NULL), TX_STR("c", text),
                           TX_STR("d", text), TX_STR("e", text), TX_STR("f", text));
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    long n = argc > 2 ? atol(argv[2]) : 0, result = 0;

    if (strcmp(what, "nested") == 0)
        result = nested();
    else if (strcmp(what, "switched") == 0)
        switched();
    else if (strcmp(what, "deep") == 0)
        result = deep(n);
    else if (strcmp(what, "many") == 0)
        many(n);
    else if (strcmp(what, "refused") == 0)
        result = refused();
    else if (strcmp(what, "forked") == 0)
        forked();
    else if (strcmp(what, "twice") == 0)
        twice();
    else if (strcmp(what, "long") == 0)
        long_text();
    printf("%ld\n", result);
    return 0;
}
