/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_SINK_CURSOR_H
#define TX_FORWARD_SINK_CURSOR_H

/*
 * How far the journal has confirmed the log, in the file `cursor` of the sink's state directory,
 * replaced atomically and durably. It may lag behind the journal, never be ahead of it: after a
 * restart the journal is asked from `seen` on for what the cursor does not know yet.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/crypto/hash.h"

/* An entry of the journal, by the name that the journal gives it: sd_journal_get_cursor(3). "":
 * none, so look at the whole journal. */
#define TX_JOURNAL_PLACE_BYTES 256
struct tx_journal_place {
    char name[TX_JOURNAL_PLACE_BYTES];
};

struct tx_sink_cursor {
    struct tx_digest log;         /* SHA-256 of log.json: which log this is */
    uint64_t next;                /* the first seq that is not confirmed */
    uint64_t checkpoint;          /* the size of the last confirmed checkpoint */
    struct tx_journal_place seen; /* the last entry that was confirmed */
};

/* TX_SINK_CURSOR_E_NONE: there is none for the log `log`, or it is damaged. */
enum { TX_SINK_CURSOR_E_NONE = 1 };
TX_MUST_USE int tx_sink_cursor_load(int dirfd, const struct tx_digest *log,
                                    struct tx_sink_cursor *ret);
TX_MUST_USE int tx_sink_cursor_save(int dirfd, const struct tx_sink_cursor *cursor);

#endif
