/* SPDX-License-Identifier: MIT */
/*
 * End to end: N calls of one client, shared by its threads, timed to the return of tx_flush, when
 * all are durable.
 *     bench-throughput [N [THREADS [queued|durable|buffered [same]]]]
 * Each record is of another actor and another order, unless all are to be the same. Prints one JSON
 * object.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/record.h"

enum { THREADS_MAX = 256 };

static struct job {
    unsigned long n; /* for each thread */
    enum tx_durability durability;
    bool same;
} job;

static double now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int fail(const char *what, int r) {
    fprintf(stderr, "bench-throughput: %s: %s\n", what, strerror(-r));
    return 1;
}

static void *run(void *data) {
    int *ret_r = data;
    struct bench_ids ids = bench_ids_first();

    for (unsigned long i = 0; i < job.n && *ret_r == 0; i++) {
        *ret_r = bench_log_of(job.durability, &ids);
        if (!job.same)
            bench_ids_next(&ids);
    }
    return NULL;
}

static int run_all(unsigned long n_threads) {
    pthread_t threads[THREADS_MAX];
    int results[THREADS_MAX] = {0}, r = 0;

    for (unsigned long i = 1; i < n_threads; i++)
        if (pthread_create(&threads[i], NULL, run, &results[i]) != 0)
            return -1;
    run(&results[0]);
    for (unsigned long i = 1; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    for (unsigned long i = 0; i < n_threads; i++)
        r = results[i] < 0 ? results[i] : r;
    return r;
}

static int read_level(const char *name, enum tx_durability *ret) {
    static const char *const names[] = {
        [TX_QUEUED] = "queued", [TX_DURABLE] = "durable", [TX_BUFFERED] = "buffered"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum tx_durability)i;
            return 0;
        }
    return -1;
}

int main(int argc, char **argv) {
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    unsigned long n_threads = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    struct tx_options options = TX_OPTIONS_INIT;

    job.same = argc > 4 && strcmp(argv[4], "same") == 0;
    if (n_threads < 1 || n_threads > THREADS_MAX ||
        read_level(argc > 3 ? argv[3] : "queued", &job.durability) < 0) {
        fputs("usage: bench-throughput [N [THREADS [queued|durable|buffered [same]]]]\n", stderr);
        return 2;
    }
    job.n = n / n_threads;
    n = job.n * n_threads;
    options.block_ms = options.durable_ms = 60000; /* every record is to arrive */
    int r = tx_open(&options);
    if (r < 0)
        return fail("tx_open", r);
    double start = now();
    r = run_all(n_threads);
    if (r < 0)
        return fail("tx_audit_emit", r);
    double queued = now();
    r = tx_flush(600000);
    if (r < 0)
        return fail("tx_flush", r);
    double end = now();
    printf("{\"records\":%lu,\"threads\":%lu,\"seconds\":%.6f,\"seconds_queued\":%.6f,"
           "\"records_per_second\":%.1f}\n",
           n, n_threads, end - start, queued - start, (double)n / (end - start));
    return 0;
}
