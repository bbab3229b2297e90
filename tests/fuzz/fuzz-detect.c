/* SPDX-License-Identifier: MIT */
/*
 * Personal data in any bytes: both paths find the same, each value of many what it holds alone; no
 * match is out of bounds or of a detector that is not wanted; every candidate that was claimed has
 * its bytes; and the work is of the order of the text.
 */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/detect/detect.h"

#define CAP (256u * 1024u)
#define WORK_MAX 64

static struct tx_detect_memory *fast, *portable;
static struct tx_matches found, other;
static const struct tx_detect_options all = {.wanted = {.word = {UINT64_MAX, UINT64_MAX}}};

static bool is_same(const struct tx_match *a, const struct tx_match *b) {
    return a->start == b->start && a->end == b->end && a->detector == b->detector &&
           a->confidence == b->confidence;
}

static void check_same(const struct tx_matches *a, size_t from, const struct tx_matches *b) {
    assert(a->n - from >= b->n);
    for (size_t i = 0; i < b->n; i++)
        assert(is_same(&a->match[from + i], &b->match[i]));
}

static void tell(void *data, const struct tx_candidate *candidate) {
    size_t *n_lost = data;
    bool has = found.overflow || candidate->fate != TX_FATE_CLAIMED || candidate->depth > 0;
    for (size_t i = 0; i < found.n && !has; i++)
        has = found.match[i].detector == candidate->detector &&
              found.match[i].start == candidate->start && found.match[i].end == candidate->end;
    *n_lost += !has;
}

static void check_one(struct tx_text text) {
    struct tx_detect_options traced = all;
    size_t n_lost = 0;
    const struct tx_detect_trace trace = {.tell = tell, .data = &n_lost};

    tx_detect(fast, text, &all, &found);
    tx_detect(portable, text, &all, &other);
    assert(found.overflow == other.overflow);
    assert(found.work <= WORK_MAX * (text.n + 64));
    if (found.overflow)
        return;
    assert(found.n == other.n);
    check_same(&found, 0, &other);
    for (size_t i = 0; i < found.n; i++) {
        assert(found.match[i].start < found.match[i].end && found.match[i].end <= text.n);
        assert(found.match[i].detector < TX_DETECT_N);
        assert(i == 0 || found.match[i - 1].start <= found.match[i].start);
    }
    traced.trace = &trace;
    tx_detect(portable, text, &traced, &other);
    assert(n_lost == 0);
}

/* The text cut at each newline. */
static void check_values(struct tx_text text) {
    static struct tx_detect_value values[TX_DETECT_VALUES_MAX];
    size_t n = 0, at = 0;

    for (size_t i = 0; i <= text.n && n < TX_DETECT_VALUES_MAX; i++)
        if (i == text.n || text.p[i] == '\n') {
            values[n++] = (struct tx_detect_value){
                .text = {text.p + at, i - at}, .name = {"note", 4}, .wanted = all.wanted};
            at = i + 1;
        }
    tx_detect_values(fast, values, n, &all, &found);
    if (found.overflow)
        return;
    at = 0;
    for (size_t i = 0; i < n; i++) {
        struct tx_detect_options options = {.wanted = values[i].wanted, .name = values[i].name};
        tx_detect(portable, values[i].text, &options, &other);
        check_same(&found, at, &other);
        at += other.n;
    }
    assert(at == found.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (!fast) {
        if (tx_detect_memory_new(CAP, &fast) < 0 || tx_detect_memory_new(CAP, &portable) < 0)
            abort();
        tx_detect_use_portable(portable);
    }
    check_one((struct tx_text){(const char *)data, n});
    check_values((struct tx_text){(const char *)data, n});
    return 0;
}
