/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_OUTLET_H
#define TX_INGEST_OUTLET_H

/*
 * A log as ingest sees it: the link to its ledger, our own records for it, and the entries of the
 * inbox that wait for it. The audit log is waited for. Another one may lose records rather than
 * hold up anybody:
 *
 *   NORMAL → (what waits for it has waited too long, or takes too much of the inbox) → DROPPING:
 * its records are dropped and counted → (its ledger has all that it was sent) → DECLARING: it is
 * told which numbers were dropped, and takes nothing else before → NORMAL
 *
 * Invariant: a client's numbers reach one ledger in order, tracex.lost included, since the ledger
 * takes what is not above the last for what it has.
 */

#include <stdbool.h>

#include "auditd/ingest/inbox.h"
#include "auditd/ingest/ledger-link.h"
#include "auditd/ingest/lost.h"
#include "auditd/ingest/own-records.h"
#include "auditd/ipc/loop.h"
#include "libtx/conf/stream.h"

struct tx_ingest;

struct tx_outlet {
    struct tx_ingest *ingest; /* whose it is */
    enum tx_stream_id id;

    struct tx_link link;
    int next_fd; /* for the first link; -1: it is made, or its end was closed */
    struct tx_source_handle *source;
    bool wants_out;
    struct tx_source_handle *timer; /* the audit log's: runs while there is no ledger; another's:
                                       while anything waits for it */
    struct tx_own_records own;
    struct tx_inbox_entry *sent; /* handed to the link, oldest first, by `next` */
    struct tx_inbox_entry *sent_last;

    /* Only of what may be dropped. */
    bool is_dropping;
    bool is_timed;         /* the timer runs */
    size_t n_asked;        /* questions without an answer */
    unsigned n_large;      /* looks in a row that found too much of the inbox waiting */
    uint64_t seen_durable; /* at the last look */
    int64_t moved_ns;      /* when that changed, or when waiting began */
    int64_t wanted_ns;     /* when the supervisor was last told that it is wanted */
    uint64_t n_records;
    uint64_t n_dropped;
    struct tx_lost *lost; /* owned; to be declared */
    char policy[65];      /* the one that its log was told of last */
};

TX_MUST_USE int tx_outlet_init(struct tx_outlet *outlet, struct tx_ingest *ingest,
                               enum tx_stream_id id);
void tx_outlet_deinit(struct tx_outlet *outlet);

/* Where a record goes. */
struct tx_outlet *tx_outlet_of(struct tx_ingest *ingest, enum tx_lane lane, struct tx_text event);

/* Whether records may be lost for want of it. */
static inline bool tx_outlet_may_drop(const struct tx_outlet *outlet) {
    return outlet->id != TX_STREAM_AUDIT;
}

/* Whether a record may be encoded for it now. */
bool tx_outlet_takes(const struct tx_outlet *outlet);

/* Somebody waits for it: from now on it is looked at now and then, and the supervisor is told that
 * it is wanted when there is no link. */
TX_MUST_USE int tx_outlet_wait(struct tx_outlet *outlet);

/* Asks its ledger for the last number of a client. */
TX_MUST_USE int tx_outlet_ask(struct tx_outlet *outlet, const uint8_t client[8]);

/* Instead of encoding, while it is_dropping. */
void tx_outlet_drop(struct tx_outlet *outlet, const uint8_t client[8], uint64_t first,
                    uint64_t last);

/* A new link is up, or its ledger has all that it was sent: what was dropped is declared. */
TX_MUST_USE int tx_outlet_recover(struct tx_outlet *outlet);

/* The ledger says what it has of a client: what was dropped of it can be declared; `from`: the
 * first number that it does not have. */
TX_MUST_USE int tx_outlet_declare(struct tx_outlet *outlet, const uint8_t client[8], uint64_t from);

/* The policy in force, once for each ledger. Not of the audit log, which has every change. */
TX_MUST_USE int tx_outlet_tell_policy(struct tx_outlet *outlet);

/* While stopping: whether nothing is left that it should be waited for. */
bool tx_outlet_is_settled(const struct tx_outlet *outlet);

#endif
