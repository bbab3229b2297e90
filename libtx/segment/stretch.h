/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_STRETCH_H
#define TX_SEGMENT_STRETCH_H

/*
 * The leaves since the last proven checkpoint, so that a verifier can put them into another order,
 * try another line for one of them, or find the one byte that was changed, until the root is the
 * signed one. In the usual case it only grows a compact range. Of a stretch that is too long only
 * the range is kept: then a wrong root stays a wrong root.
 */

#include <stdbool.h>

#include "libtx/base/text.h"
#include "libtx/merkle/range.h"

/* Checkpoints come at most 100 ms apart, so this is a third of a million records a second. */
#define TX_STRETCH_LEAVES_MAX 32768u
/* Lines are kept for the search for a changed byte, which is quadratic in them. */
#define TX_STRETCH_TEXT_BYTES (64u * 1024u)

struct tx_stretch_leaf {
    struct tx_digest hash;
    bool known;
    uint64_t line; /* in the file, from 1 */
    uint64_t offset;
    uint32_t text_at; /* in `text` */
    uint32_t n_text;  /* 0: not kept */
};

struct tx_stretch {
    struct tx_hasher *hasher; /* borrowed */
    struct tx_range base;     /* [0, begin): proven */
    struct tx_range now;      /* base and all leaves, when in_order */
    bool in_order;            /* every leaf came after the one before it */
    bool overflow;            /* only `now` is kept */
    struct tx_stretch_leaf *leaves;
    size_t n_leaves;
    size_t cap;
    char *text; /* TX_STRETCH_TEXT_BYTES */
    size_t n_text;
};

TX_MUST_USE int tx_stretch_init(struct tx_stretch *stretch, struct tx_hasher *hasher);
void tx_stretch_deinit(struct tx_stretch *stretch);

/* Empty, after [0, n). */
void tx_stretch_begin(struct tx_stretch *stretch, const struct tx_range *base);

/* The index after the last leaf. */
uint64_t tx_stretch_end(const struct tx_stretch *stretch);

/* The leaf of `index`, which is the next one, a later one (then those between are unknown), or an
 * unknown one. -ERANGE when it is before the stretch, known already, or too far away. */
TX_MUST_USE int tx_stretch_add(struct tx_stretch *stretch, uint64_t index, struct tx_text text,
                               uint64_t line, uint64_t offset);

/* The leaf of an index, or NULL when it is not kept. */
struct tx_stretch_leaf *tx_stretch_leaf(struct tx_stretch *stretch, uint64_t index);
struct tx_text tx_stretch_text(const struct tx_stretch *stretch,
                               const struct tx_stretch_leaf *leaf);

/* Root of [0, size). TX_STRETCH_E_UNKNOWN: a leaf before it is not known, or not kept. */
enum { TX_STRETCH_E_UNKNOWN = 1 };
TX_MUST_USE int tx_stretch_root(const struct tx_stretch *stretch, uint64_t size,
                                struct tx_digest *ret);

/* [0, size), the same. */
TX_MUST_USE int tx_stretch_range(const struct tx_stretch *stretch, uint64_t size,
                                 struct tx_range *ret);

/* After tx_stretch_root(size) gave the signed root: the leaves before size become the base. */
void tx_stretch_advance(struct tx_stretch *stretch, uint64_t size);

struct tx_stretch_repair {
    uint64_t index; /* of the leaf */
    size_t byte;    /* in its line */
    uint8_t is;
    uint8_t was; /* what was signed */
};

/* Looks for one byte whose change makes the root of [0, size) `root`, and sets that leaf right.
 * Tries at most `attempts` lines. TX_STRETCH_E_UNKNOWN when there is none. */
TX_MUST_USE int tx_stretch_repair(struct tx_stretch *stretch, uint64_t size,
                                  const struct tx_digest *root, uint64_t attempts,
                                  struct tx_stretch_repair *ret);

#endif
