/* SPDX-License-Identifier: MIT */
#ifndef TX_BENCH_PEER_H
#define TX_BENCH_PEER_H

/*
 * What finds something in records: the time that one record takes, in the best of several rounds.
 * The time is that of the thread, so that what else runs on the machine counts as little as can be.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libtx/base/text.h"

/* One a line; record i is [at[i], at[i + 1] - 1). */
struct peer_records {
    size_t n;
    char *text;
    size_t *at;
};

static inline struct tx_text peer_record(const struct peer_records *records, size_t i) {
    struct tx_text record = {records->text + records->at[i],
                             records->at[i + 1] - records->at[i] - 1};
    return record;
}

static inline double peer_now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct peer_figures {
    double ns, mb_per_s;
    uint64_t found;
};

static inline struct peer_figures
peer_measure(const struct peer_records *records, int rounds,
             uint64_t (*find_all)(const struct peer_records *records, void *data), void *data) {
    struct peer_figures best = {1e18, 0, 0};
    double n = (double)records->n;
    for (int i = 0; i < rounds; i++) {
        double start = peer_now();
        uint64_t found = find_all(records, data);
        double took = peer_now() - start;
        if (took / n * 1e9 >= best.ns)
            continue;
        best.ns = took / n * 1e9;
        best.mb_per_s = ((double)records->at[records->n] - n) / took / 1e6;
        best.found = found;
    }
    return best;
}

static inline void peer_print(struct peer_figures figures) {
    printf("{\"ns\": %.0f, \"mb_per_s\": %.1f, \"found\": %llu}\n", figures.ns, figures.mb_per_s,
           (unsigned long long)figures.found);
}

/* The first n records of a file that bench-detect wrote. */
static inline struct peer_records peer_read(const char *path, size_t n) {
    struct peer_records records = {0, NULL, NULL};
    FILE *file = fopen(path, "rb");
    size_t cap = n * 640, size;
    records.text = (char *)malloc(cap);
    records.at = (size_t *)malloc((n + 1) * sizeof(size_t));
    if (!file || !records.text || !records.at) {
        perror(path);
        exit(2);
    }
    size = fread(records.text, 1, cap, file);
    fclose(file);
    records.at[0] = 0;
    for (size_t i = 0; i < size && records.n < n; i++)
        if (records.text[i] == '\n')
            records.at[++records.n] = i + 1;
    return records;
}

/* patterns.tsv: a name, flags and a pattern a line. */
#define PEER_PATTERNS_MAX 100
struct peer_patterns {
    size_t n;
    char *pattern[PEER_PATTERNS_MAX];
    unsigned ignore_case[PEER_PATTERNS_MAX];
};

static inline struct peer_patterns peer_patterns(const char *path) {
    struct peer_patterns patterns = {0, {NULL}, {0}};
    char line[4096];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof(line), file) && patterns.n < PEER_PATTERNS_MAX) {
        char *flags = strchr(line, '\t'), *pattern = flags ? strchr(flags + 1, '\t') : NULL;
        if (line[0] == '#' || !pattern)
            continue;
        pattern[1 + strcspn(pattern + 1, "\n")] = '\0';
        patterns.ignore_case[patterns.n] = flags[1] == 'i';
        patterns.pattern[patterns.n++] = strdup(pattern + 1);
    }
    fclose(file);
    return patterns;
}

#endif
