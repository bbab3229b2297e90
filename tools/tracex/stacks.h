/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_STACKS_H
#define TX_TRACEX_STACKS_H

/*
 * All stacks of functions and spans that ran, and of operations on files within them, each once,
 * with the time in it: what a flame graph shows. At the bottom of each is its process.
 */

#include "tools/tracex/model.h"

/* What ran deeper counts for the frame at this depth: a folded line has all frames. */
#define TX_STACKS_DEPTH_MAX 1024u

struct tx_frame {
    uint32_t parent; /* TX_NODE_NONE: a process; else the number of an earlier frame */
    uint32_t name;   /* in the model's names */
    uint32_t depth;  /* of a process 0 */
    uint64_t self;   /* ns */
    uint64_t total;  /* with all above it */
};

struct tx_stacks {
    struct tx_names keys;
    struct tx_frame *items; /* owned; parents before their children */
    size_t cap;
};

static inline uint32_t tx_stacks_n(const struct tx_stacks *stacks) {
    return stacks->keys.n;
}

/* Of a linked model. -ENOMEM. */
TX_MUST_USE int tx_stacks_make(const struct tx_model *model, struct tx_stacks *ret);
void tx_stacks_deinit(struct tx_stacks *stacks);

/* To standard output: "process;outer;inner nanoseconds" a line (the form of flamegraph.pl). */
TX_MUST_USE int tx_stacks_print_folded(const struct tx_model *model,
                                       const struct tx_stacks *stacks);

/* To standard output: an SVG image. */
TX_MUST_USE int tx_stacks_print_svg(const struct tx_model *model, const struct tx_stacks *stacks);

#endif
