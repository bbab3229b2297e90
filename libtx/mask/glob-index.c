/* SPDX-License-Identifier: MIT */
#include "libtx/mask/glob-index.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS 4096

/* A text of a pattern, and the pair in it by which it is found. */
struct anchor {
    struct tx_text piece;
    size_t at; /* of the pair's second byte */
    size_t glob;
};

struct tx_glob_index {
    const struct tx_named_glob *globs;
    size_t n_always, n_anchors;
    size_t *always;             /* those that have no pair */
    struct anchor *anchors;     /* by their pair */
    uint64_t pairs[PAIRS / 64]; /* those that some anchor has */
    uint32_t first[PAIRS + 1];  /* of each pair, the first of `anchors` */
};

/* Of letters, digits and '_', which names are made of, most have their own. */
static size_t pair_of(const char *second) {
    return ((size_t)second[-1] & 63) << 6 | ((size_t)second[0] & 63);
}

/* --- compiling --- */

/* The rarer a letter is in words, the more it says. */
static size_t rareness(char c) {
    static const char common[] = "etaoinsrdlcuhmpfgyb_w";
    const char *p = c ? strchr(common, c) : NULL;
    return p ? (size_t)(p - common) : sizeof(common);
}

/* Takes the pair of a piece that says most, when it says more than the one that was taken. */
static void choose(struct tx_text piece, size_t *most, struct anchor *ret) {
    for (size_t i = 1; i < piece.n; i++) {
        size_t says = 1 + rareness(piece.p[i - 1]) + rareness(piece.p[i]);
        if (says <= *most)
            continue;
        *most = says;
        ret->piece = piece;
        ret->at = i;
    }
}

/* One that has no pair is always asked. */
static void add(struct tx_glob_index *index, size_t i) {
    struct anchor anchor = {.glob = i};
    struct tx_text part;
    size_t most = 0;

    for (size_t k = 0; tx_glob_part(index->globs[i].glob, k, &part); k++)
        choose(part, &most, &anchor);
    if (most > 0)
        index->anchors[index->n_anchors++] = anchor;
    else
        index->always[index->n_always++] = i;
}

static size_t pair_of_anchor(const struct anchor *anchor) {
    return pair_of(anchor->piece.p + anchor->at);
}

static int compare_anchors(const void *a, const void *b) {
    const struct anchor *x = a, *y = b;
    size_t p = pair_of_anchor(x), q = pair_of_anchor(y);
    if (p != q)
        return p < q ? -1 : 1;
    return x->glob < y->glob ? -1 : x->glob > y->glob;
}

static void sort(struct tx_glob_index *index) {
    qsort(index->anchors, index->n_anchors, sizeof(*index->anchors), compare_anchors);
    for (size_t i = 0; i < index->n_anchors; i++) {
        size_t pair = pair_of_anchor(&index->anchors[i]);
        index->pairs[pair / 64] |= UINT64_C(1) << (pair % 64);
        index->first[pair + 1]++;
    }
    for (size_t pair = 0; pair < PAIRS; pair++)
        index->first[pair + 1] += index->first[pair];
}

int tx_glob_index_new(const struct tx_named_glob *globs, size_t n, struct tx_glob_index **ret) {
    struct tx_glob_index *index = *ret = calloc(1, sizeof(*index));
    if (!index)
        return -ENOMEM;
    index->globs = globs;
    index->always = calloc(n + 1, sizeof(*index->always));
    index->anchors = calloc(n + 1, sizeof(*index->anchors));
    if (!index->always || !index->anchors)
        return -ENOMEM; /* *ret is freed with what holds it */
    for (size_t i = 0; i < n; i++)
        add(index, i);
    sort(index);
    return 0;
}

void tx_glob_index_free(struct tx_glob_index *index) {
    if (!index)
        return;
    free(index->always);
    free(index->anchors);
    free(index);
}

/* --- asking --- */

struct asking {
    const struct tx_glob_index *index;
    const struct tx_name_asked *asked;
    struct tx_set *ret;
};

static void ask(const struct asking *a, size_t i) {
    const struct tx_named_glob *glob = &a->index->globs[i];
    if (!tx_glob_is_asked(a->asked->which, tx_glob_is_loose(glob->glob)))
        return;
    for (size_t k = 0; k < a->asked->n_from && !tx_set_has(a->ret, glob->condition); k++)
        if (tx_glob_match_from(glob->glob, a->asked->name, a->asked->from[k]))
            tx_set_add(a->ret, glob->condition);
}

/* Asks those of which an anchor's piece stands around the pair that ends at `at`. */
static __attribute__((noinline)) void ask_all(const struct asking *a, size_t pair, const char *p,
                                              size_t n, size_t at) {
    const struct tx_glob_index *index = a->index;
    for (size_t k = index->first[pair]; k < index->first[pair + 1]; k++) {
        const struct anchor *anchor = &index->anchors[k];
        if (at >= anchor->at && n - (at - anchor->at) >= anchor->piece.n &&
            p[at - anchor->at] == anchor->piece.p[0] &&
            memcmp(p + at - anchor->at, anchor->piece.p, anchor->piece.n) == 0)
            ask(a, anchor->glob);
    }
}

static void go_through(const struct asking *a, const char *p, size_t n) {
    const uint64_t *pairs = a->index->pairs;
    size_t pair = n > 0 ? (size_t)p[0] & 63 : 0;
    for (size_t i = 1; i < n; i++) {
        pair = (pair << 6 | ((size_t)p[i] & 63)) % PAIRS; /* as pair_of */
        if (pairs[pair / 64] >> (pair % 64) & 1)
            ask_all(a, pair, p, n, i);
    }
}

void tx_glob_index_match(const struct tx_glob_index *index, const struct tx_name_asked *asked,
                         struct tx_set *ret) {
    const struct asking a = {index, asked, ret};
    const struct tx_name *name = asked->name;

    for (size_t i = 0; i < index->n_always; i++)
        ask(&a, index->always[i]);
    go_through(&a, name->plain, name->n_plain);
    if (!name->same)
        go_through(&a, name->camel, name->n_camel);
}
