/* SPDX-License-Identifier: MIT */
#ifndef TX_CTL_EXPLAIN_H
#define TX_CTL_EXPLAIN_H

/*
 * What the engine tells while it masks one value, kept and written for people or as JSON. No clear
 * text is written unless `show` is set. Invariant: what did not fit is counted, and said.
 */

#include "libtx/detect/detect.h"
#include "tools/ctl/mask.h"

/* More candidates in one value explain nothing any more. */
#define TX_EXPLAIN_CANDIDATES 256
#define TX_EXPLAIN_EVENTS 1024
#define TX_EXPLAIN_UUIDS 64
#define TX_EXPLAIN_UUID_BYTES 36

struct tx_explained_candidate {
    uint32_t part;
    struct tx_candidate candidate;
    bool unasked; /* found, but no rule that holds asks for it */
};

struct tx_explained {
    struct tx_ctl_case of_value;
    const struct tx_ctl_policy *policy;
    bool show;
    struct tx_text value;
    struct tx_text out; /* borrowed from the engine */
    const char *masked; /* NULL: nothing was done */
    const char *dropped_by;
    bool field_dropped, unchanged;
    uint64_t ns;

    size_t n_candidates, n_more_candidates;
    struct tx_explained_candidate candidates[TX_EXPLAIN_CANDIDATES];
    size_t n_uuids;
    uint32_t uuids[TX_EXPLAIN_UUIDS]; /* where they begin */
    size_t n_events, n_more_events;
    struct tx_mask_event events[TX_EXPLAIN_EVENTS]; /* without candidates and shadows */
};

/* explain-words.c: plain words, into `b`. `many`: for several that are alike. */
void tx_explain_fate(const struct tx_explained *e, const struct tx_explained_candidate *c,
                     bool many, struct tx_buf *b);
void tx_explain_standing(const struct tx_explained *e, const struct tx_mask_event *rule,
                         struct tx_buf *b);
/* What an error code in `masked` means; a line each. */
void tx_explain_failures(const struct tx_explained *e, struct tx_buf *b);
/* What would have it masked, or the rule that lets it through; a line each. */
void tx_explain_advice(const struct tx_explained *e, struct tx_buf *b);

/* Detectors of numbers pass over UUIDs, so none of them tells of one: they are looked for here. */
void tx_explain_find_uuids(struct tx_explained *e);

/* The replacement that holds for what the rule asks for: NULL when nothing was done there. */
const struct tx_mask_event *tx_explain_winner(const struct tx_explained *e,
                                              const struct tx_mask_event *rule);
const char *tx_explain_outcome(const struct tx_explained *e);
const char *tx_explain_standing_name(enum tx_mask_standing standing);
const char *tx_explain_fate_name(const struct tx_explained_candidate *c);

/* What came out, as far as it may be shown: of a value that stayed as it is nothing but its length;
 * otherwise without what looks like something but was not taken. False: nothing of it. */
bool tx_explain_put_out(const struct tx_explained *e, struct tx_buf *b);

/* explain-json.c, explain-text.c */
void tx_explain_put_json(const struct tx_explained *e, struct tx_buf *b);
void tx_explain_print(const struct tx_explained *e, struct tx_buf *b);

#endif
