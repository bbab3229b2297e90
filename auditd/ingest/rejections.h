/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_REJECTIONS_H
#define TX_INGEST_REJECTIONS_H

/*
 * Counting what was rejected, by user id, and when a record should say so: at once, and then at
 * most once a second for each user id. Those past the table's end are counted together.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

#define TX_REJECTIONS_UIDS 64
#define TX_REJECTIONS_INTERVAL_NS 1000000000

struct tx_rejection {
    bool in_use;
    bool several; /* not of one user id */
    uint32_t uid;
    uint64_t count;     /* since it was last said */
    const char *reason; /* the latest; a constant */
    int64_t due;        /* not to be said before; boot clock */
};

struct tx_rejections {
    struct tx_rejection slots[TX_REJECTIONS_UIDS + 1];
};

void tx_rejections_count(struct tx_rejections *rejections, uint32_t uid, const char *reason,
                         int64_t now);

/* One that is to be said now (or with `all`, that was not said yet), or NULL. The caller says it,
 * then calls tx_rejections_said. */
struct tx_rejection *tx_rejections_due(struct tx_rejections *rejections, int64_t now, bool all);
void tx_rejections_said(struct tx_rejection *rejection, int64_t now);

/* When the next one is due; 0: none. */
int64_t tx_rejections_next(const struct tx_rejections *rejections);

#endif
