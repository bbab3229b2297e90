/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_RECOVERY_H
#define TX_LEDGER_RECOVERY_H

/*
 * What the parts of opening a log share: recover.c coordinates, recover-line.c takes a line,
 * recover-segment.c reads segments, recover-file.c goes on with the last one's file. Nothing here
 * changes a file before the log is known to be the one that was signed, and to have all of it.
 */

#include "auditd/ledger/ledger.h"
#include "libtx/segment/lines.h"

/* What the last segment's file is to those who go on with it. */
enum tx_last_segment {
    TX_LAST_NONE,   /* there is none with a whole header */
    TX_LAST_OPEN,   /* more can be appended */
    TX_LAST_SEALED, /* the next one begins at its end */
};

struct tx_recovery {
    struct tx_ledger *ledger;
    const char *new_log; /* the options of tracex-auditd that begin one, for messages */
    char *why;

    struct tx_notary_state signer; /* its texts are copied to: */
    struct tx_bytes note;
    struct tx_bytes pending_line;
    uint64_t signed_size;  /* what the signer has; grows by REPLAY */
    uint64_t clients_size; /* what the table of clients covers */
    bool read_all;         /* of the segment where reading begins */
    bool resumed;          /* it was not */
    bool compared;         /* the log has reached that size, and is the same tree */

    struct tx_bytes scratch;
    struct tx_bytes epoch_line;

    /* The last segment. */
    enum tx_last_segment last;
    uint64_t first;
    uint64_t anchor_offset; /* after its last checkpoint line (or its header) */
    uint64_t end_offset;    /* after its last line that is whole */
    uint64_t note_offset;   /* of its last checkpoint line */
    struct tx_tip older;    /* the anchor before that line */
    uint64_t older_offset;
    bool sealed;
    bool stopped; /* the last record is tracex.stop */
};

/* Says why, and what to do next; returns TX_LEDGER_E_REFUSED. */
int tx_recovery_refuse(struct tx_recovery *r, const char *format, ...) TX_PRINTF(2, 3);
int tx_recovery_refuse_other_log(struct tx_recovery *r);

/* Records that the signer signed, or counts on. */
static inline uint64_t tx_recovery_signed(const struct tx_recovery *r) {
    return r->signed_size - (r->pending_line.len > 0 ? 1 : 0);
}

static inline struct tx_text tx_recovery_origin(const struct tx_recovery *r) {
    return (struct tx_text){(char *)r->ledger->origin.data, r->ledger->origin.len};
}

/* Beside 0, TX_LEDGER_E_REFUSED and -errno: the line ends what can be used. */
enum { TX_RECOVERY_E_TORN = 2 };

/* recover-line.c. When the log stands where the signer does: is it the same tree? */
TX_MUST_USE int tx_recovery_compare(struct tx_recovery *r);
TX_MUST_USE int tx_recovery_take_line(struct tx_recovery *r, struct tx_text line);
/* The note of a checkpoint's or seal's line; it lies in r->scratch. */
bool tx_recovery_note_of(struct tx_recovery *r, struct tx_text line, struct tx_text *ret);
/* The size that a note says, when it is a checkpoint of this log. */
bool tx_recovery_note_size(const struct tx_recovery *r, struct tx_text text, uint64_t *ret);

/* recover-segment.c. Reads segments `start` … n-1 into ledger->now and ledger->anchor. *ret_n: how
 * many have a whole header; those after them are torn. */
TX_MUST_USE int tx_recovery_reread(struct tx_recovery *r, const uint64_t *firsts, size_t n,
                                   size_t start, size_t *ret_n);

/* resume.c. When reading may begin within the segment: the state there is in ledger->now and
 * ledger->anchor, and *ret_offset where it is; else that is 0. */
TX_MUST_USE int tx_resume_load(struct tx_recovery *r, uint64_t first, uint64_t *ret_offset);

/* recover-file.c. The last segment's tail is in memory again, and its file open, or given up. */
TX_MUST_USE int tx_recovery_reopen(struct tx_recovery *r);
/* A file whose header was cut by a crash. */
TX_MUST_USE int tx_recovery_set_aside(struct tx_recovery *r, uint64_t first);

#endif
