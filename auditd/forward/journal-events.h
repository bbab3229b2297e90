/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_JOURNAL_EVENTS_H
#define TX_FORWARD_JOURNAL_EVENTS_H

/*
 * The fixed MESSAGE_IDs, and how grave each event of the daemon itself is (docs/journald.md lists
 * both; the ids never change).
 */

#include "libtx/base/text.h"
#include "libtx/record/record.h"

#define TX_JOURNAL_ID_RECORD "320d7636ab874434b8078a1e9b6dc42f"
#define TX_JOURNAL_ID_CHECKPOINT "6e0fb1f3cfa34381a66bff3800de0ab2"
/* An event of the daemon that this version does not know. */
#define TX_JOURNAL_ID_OTHER "3d18ea1baf294347b29c5782a4677c3e"

struct tx_journal_event {
    const char *name;
    const char *id;
    enum tx_record_severity severity;
};

/* An event of the daemon itself; never NULL. */
const struct tx_journal_event *tx_journal_event_find(struct tx_text name);

/* For tests: the table. */
extern const struct tx_journal_event tx_journal_events[];
extern const size_t tx_n_journal_events;

#endif
