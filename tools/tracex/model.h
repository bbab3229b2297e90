/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_MODEL_H
#define TX_TRACEX_MODEL_H

/*
 * All that was read, as a forest: each record within the span that it names as its parent, children
 * by the time that they began. Ids are chosen by whoever sent them: one that stands twice is the
 * first one's, and where parents go round in a circle, the circle is cut.
 */

#include "libtx/base/bytes.h"
#include "tools/tracex/item.h"
#include "tools/tracex/names.h"

#define TX_NODE_NONE UINT32_MAX

struct tx_node {
    int64_t time;
    uint64_t duration; /* 0 without has_duration */
    uint64_t self;     /* of it, in which no child ran */
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8];
    uint32_t name; /* in names */
    uint32_t process;
    uint32_t parent;
    uint32_t first_child;
    uint32_t next; /* the next child of the same parent */
    uint32_t pid;
    uint32_t detail; /* where its text begins in `details` */
    uint16_t n_detail;
    uint8_t kind;          /* enum tx_item_kind */
    bool has_duration : 1; /* one of its own, in which its parent does nothing itself */
    bool failed : 1;
    bool is_span : 1;
    bool has_parent : 1;
    bool has_trace : 1;
};

struct tx_model {
    size_t n_max; /* nodes that are taken */
    bool with_details;
    struct tx_node *nodes; /* owned */
    size_t n;
    size_t cap;
    struct tx_names names;
    struct tx_bytes details;
    uint32_t *order; /* by time; of those of the same time, the longer first; owned */
    uint32_t *spans; /* those with an id of their own, by it; owned */
    size_t n_spans;
};

/* `n_max`: less than TX_NODE_NONE. */
void tx_model_init(struct tx_model *model, size_t n_max, bool with_details);
void tx_model_deinit(struct tx_model *model);

/* -E2BIG: more than n_max; -ENOMEM. */
TX_MUST_USE int tx_model_add(struct tx_model *model, const struct tx_item *item);

/* The same of a record, as tx_source_read gives it; one that is no item is passed by. */
TX_MUST_USE int tx_model_take(void *model, const struct tx_read *record, struct tx_text line);

/* Once all are added. -ENOMEM. */
TX_MUST_USE int tx_model_link(struct tx_model *model);

/* The text that tells more of it; empty without details. */
struct tx_text tx_node_detail(const struct tx_model *model, const struct tx_node *node);

/* The next one on the way through all of `top`'s tree, parents first; NULL after the last.
 * *depth, 0 at `top`, is kept. */
const struct tx_node *tx_node_next(const struct tx_model *model, const struct tx_node *top,
                                   const struct tx_node *node, size_t *depth);

#endif
