/* SPDX-License-Identifier: MIT */
/*
 * Segments that are not there. That retention removed them is said by a tracex.pruned record, which
 * is proven before the first of them goes; the files of one removal may go in any order, and a
 * crash may leave some of them. Of what no such record explains, the files alone cannot tell
 * whether it was taken away or not handed on; who knows that all was handed on says so.
 */
#include <stdio.h>
#include <string.h>

#include "libtx/segment/chain-parts.h"

void tx_chain_take_pruned(struct tx_chain *c, const struct tx_segment_result *result) {
    if (result->has_header && !c->has_first_root) {
        c->has_first_root = true;
        c->first = result->start.range.end;
        tx_range_root(&result->start.range, c->hasher, &c->first_root);
    }
    if (!result->has_pruned || (c->has_pruned && result->pruned.end <= c->pruned.end))
        return;
    c->has_pruned = true;
    c->pruned = result->pruned;
}

static void set_kind(struct tx_finding *finding, enum tx_finding_kind kind) {
    finding->kind = kind;
    finding->class = tx_finding_class(kind);
}

static void judge(struct tx_chain *c, struct tx_finding *finding) {
    if (c->has_pruned && finding->last_seq < c->pruned.end) {
        set_kind(finding, TX_FINDING_PRUNED);
        snprintf(finding->text, sizeof(finding->text),
                 "the records were removed by the daemon, as record %llu says",
                 (unsigned long long)c->pruned.seq);
    } else {
        if (c->options->whole)
            set_kind(finding, TX_FINDING_REMOVED);
        snprintf(finding->text, sizeof(finding->text),
                 "the records are not there, and no tracex.pruned record says that they were to "
                 "go%s",
                 c->options->whole ? ""
                                   : " (where this should be the whole log, they were taken "
                                     "away: --whole)");
    }
}

void tx_chain_judge_gaps(struct tx_chain *c) {
    struct tx_findings *findings = &c->verdict->findings;
    for (size_t i = 0; i < findings->n; i++)
        if (findings->items[i].kind == TX_FINDING_MISSING_SEGMENT && !findings->items[i].withdrawn)
            judge(c, &findings->items[i]);
    if (c->has_pruned && c->has_first_root && c->first == c->pruned.end &&
        memcmp(c->first_root.bytes, c->pruned.root.bytes, TX_HASH_BYTES) != 0)
        tx_chain_find_records(c, TX_FINDING_FORKED, "", c->pruned.seq, c->pruned.seq,
                              "the record tells of removed records with another root than the one "
                              "that the next segment was built on");
}
