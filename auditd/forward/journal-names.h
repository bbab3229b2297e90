/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_JOURNAL_NAMES_H
#define TX_FORWARD_JOURNAL_NAMES_H

/*
 * Names of data fields as the journal takes them: TRACEX_DATA_ and the name in upper case, other
 * characters than A-Z 0-9 as _, at most 64 bytes. Within one record no name comes twice: a clash
 * gets _2, _3 … in the record's order. The time is linear, whatever names a client chooses.
 */

#include "libtx/base/text.h"

#define TX_JOURNAL_NAME_BYTES 64
/* More than the parts of one message leave room for: see journal-entry.h. */
#define TX_JOURNAL_DATA_FIELDS 512

struct tx_journal_names {
    size_t n_names;
    char names[TX_JOURNAL_DATA_FIELDS][TX_JOURNAL_NAME_BYTES + 1];
    unsigned next_number[TX_JOURNAL_DATA_FIELDS]; /* for the next clash with that name */
    uint16_t slots[2048];                         /* hash → index + 1; 0: free */
};

void tx_journal_names_reset(struct tx_journal_names *names);

/* The name for the next data field; borrowed until the next reset. NULL when there are
 * TX_JOURNAL_DATA_FIELDS already. */
const char *tx_journal_names_add(struct tx_journal_names *names, struct tx_text name);

#endif
