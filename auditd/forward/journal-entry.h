/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_JOURNAL_ENTRY_H
#define TX_FORWARD_JOURNAL_ENTRY_H

/*
 * A record's line, or a checkpoint's note, as the fields of a journal entry (docs/journald.md). It
 * sends nothing and asks nobody: from bytes to fields. What stands in a line may be tampered with:
 * whatever it is, an entry comes out.
 */

#include <stdbool.h>
#include <sys/uio.h>

#include "auditd/forward/journal-names.h"
#include "libtx/base/buf.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"
#include "libtx/crypto/hash.h"
#include "libtx/record/record.h"

/* A line unescaped twice over (its message stands in MESSAGE, its values in their fields), and the
 * fields' names. */
#define TX_JOURNAL_ENTRY_BYTES (4u * TX_LIMIT_LINE_BYTES)
#define TX_JOURNAL_ENTRY_FIELDS (TX_JOURNAL_DATA_FIELDS + 16u)
/* sd_journal_sendv passes an entry to the kernel in parts, of which that takes 1024 at once: 2 for
 * a field of one line, 5 for any other; a few it adds itself. Data fields past that are left out,
 * and TRACEX_LEFT_OUT says how many. */
#define TX_JOURNAL_ENTRY_PARTS 1000u

struct tx_journal_entry {
    size_t n_fields;
    size_t n_parts;
    struct iovec fields[TX_JOURNAL_ENTRY_FIELDS]; /* "NAME=value"; borrow from `memory` */
    struct tx_journal_names names;
    struct tx_buf text; /* over `memory` */
    uint8_t memory[TX_JOURNAL_ENTRY_BYTES];
};

/* syslog's number of a record's severity, as far as its line says it: for what is filtered before
 * it is sent. Records of the daemon have the one that docs/journald.md lists. */
unsigned tx_journal_priority(struct tx_text line);

/* Makes the entry of a record. `leaf` is the line's leaf hash. With `reduced` it has the fields
 * that identify the record only, for a journal that does not take the whole. */
void tx_journal_entry_record(struct tx_journal_entry *entry, struct tx_text origin, uint64_t seq,
                             struct tx_text line, const struct tx_digest *leaf, bool reduced);

/* Makes the entry of a checkpoint. */
void tx_journal_entry_checkpoint(struct tx_journal_entry *entry, struct tx_text origin,
                                 uint64_t size, struct tx_text note,
                                 enum tx_record_severity severity);

#endif
