/* SPDX-License-Identifier: MIT */
/*
 * End to end: N queued calls of one client, timed to the return of tx_flush, when all are durable.
 *     bench-throughput [N]
 * Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/record.h"

static double now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int fail(const char *what, int r) {
    fprintf(stderr, "bench-throughput: %s: %s\n", what, strerror(-r));
    return 1;
}

int main(int argc, char **argv) {
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    struct tx_options options = TX_OPTIONS_INIT;

    options.block_ms = 60000; /* every record is to arrive */
    int r = tx_open(&options);
    if (r < 0)
        return fail("tx_open", r);
    double start = now();
    for (unsigned long i = 0; i < n; i++) {
        r = bench_log();
        if (r < 0)
            return fail("tx_audit_log", r);
    }
    double queued = now();
    r = tx_flush(600000);
    if (r < 0)
        return fail("tx_flush", r);
    double end = now();
    printf(
        "{\"records\":%lu,\"seconds\":%.6f,\"seconds_queued\":%.6f,\"records_per_second\":%.1f}\n",
        n, end - start, queued - start, (double)n / (end - start));
    return 0;
}
