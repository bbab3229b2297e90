/* SPDX-License-Identifier: MIT */
/*
 * What one call costs the program that makes it, beside sd_journal_sendv and syslog of the same
 * record.
 *     bench-client [--mode tight|alternating|paused] [--rounds N]
 * tight: a thousand calls of one kind, then of the next; alternating: one of each in turn; paused:
 * the same, and 2 ms before each, so that whoever listens sleeps. Prints one JSON object: name →
 * nanoseconds (p50, p99, mean) and how many calls failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "tests/bench/peer-record.h"

enum { TIGHT = 1000, PAUSE_NS = 2000000 };

static int call_syslog(void) {
    syslog(LOG_INFO, PEER_FORMAT, PEER_ARGS);
    return 0;
}

static struct kind {
    const char *name;
    int (*call)(void);
    long *ns;
    size_t n;
    size_t failed;
} kinds[] = {
    {.name = "tx_audit_log", .call = bench_log},
    {.name = "sd_journal_sendv", .call = peer_log_to_journal},
    {.name = "syslog", .call = call_syslog},
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static long now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void measure(struct kind *kind) {
    long start = now();
    int r = kind->call();
    kind->ns[kind->n++] = now() - start;
    kind->failed += r < 0;
}

static void run(const char *mode, size_t rounds) {
    const struct timespec pause = {.tv_nsec = strcmp(mode, "paused") == 0 ? PAUSE_NS : 0};
    size_t in_a_row = strcmp(mode, "tight") == 0 ? TIGHT : 1;
    for (size_t done = 0; done < rounds; done += in_a_row)
        for (size_t k = 0; k < N_KINDS; k++)
            for (size_t i = 0; i < in_a_row; i++) {
                if (pause.tv_nsec > 0)
                    nanosleep(&pause, NULL);
                measure(&kinds[k]);
            }
}

static int compare(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static void print(struct kind *kind, const char *end) {
    double sum = 0;
    for (size_t i = 0; i < kind->n; i++)
        sum += (double)kind->ns[i];
    qsort(kind->ns, kind->n, sizeof(kind->ns[0]), compare);
    printf("\"%s\":{\"p50\":%ld,\"p99\":%ld,\"mean\":%.1f,\"calls\":%zu,\"failed\":%zu}%s",
           kind->name, kind->ns[kind->n / 2], kind->ns[kind->n - 1 - kind->n / 100],
           sum / (double)kind->n, kind->n, kind->failed, end);
}

int main(int argc, char **argv) {
    const char *mode = "tight";
    size_t rounds = 20000;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--mode") == 0)
            mode = argv[i + 1];
        else if (strcmp(argv[i], "--rounds") == 0)
            rounds = strtoul(argv[i + 1], NULL, 10);
    }
    rounds = rounds < TIGHT ? TIGHT : rounds / TIGHT * TIGHT;
    for (size_t k = 0; k < N_KINDS; k++) {
        kinds[k].ns = calloc(rounds, sizeof(long));
        if (!kinds[k].ns || kinds[k].call() < 0) { /* connects, and touches memory, untimed */
            fprintf(stderr, "bench-client: %s does not work here\n", kinds[k].name);
            return 1;
        }
    }
    run(mode, rounds);
    for (size_t k = 0; k < N_KINDS; k++) {
        printf("%s", k ? "" : "{");
        print(&kinds[k], k + 1 < N_KINDS ? "," : "}\n");
        free(kinds[k].ns);
    }
    return 0;
}
