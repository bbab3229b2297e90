/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_RECOVERY_H
#define TX_LEDGER_RECOVERY_H

/*
 * The parts of opening the log, for recover.c alone: one line of the last segment (recover-line.c)
 * and that segment's file (recover-segment.c).
 */

#include "auditd/ledger/ledger.h"

struct tx_recovery {
    struct tx_ledger *ledger;
    const char *config_name;
    char *why;

    struct tx_notary_state signer; /* its texts are copied to: */
    struct tx_bytes note;
    struct tx_bytes pending_line;
    uint64_t signed_size; /* what the signer has; grows by REPLAY */
    bool compared;

    struct tx_bytes scratch;
    struct tx_bytes epoch_line;
    uint64_t anchor_offset; /* after the last checkpoint line, in the segment */
    uint64_t end_offset;    /* after the last line that is whole */
    bool sealed;
    bool stopped; /* the last record is tracex.stop */
};

/* Beside 0, TX_LEDGER_E_REFUSED and -errno: the line ends what can be used. */
enum { TX_RECOVERY_E_TORN = 2 };

/* Says why, and what to do next; returns TX_LEDGER_E_REFUSED. */
int tx_recovery_refuse(struct tx_recovery *r, const char *format, ...) TX_PRINTF(2, 3);
int tx_recovery_refuse_other_log(struct tx_recovery *r);

/* Of the records that the signer has, those that stand in the log for certain: a pending one need
 * not. */
static inline uint64_t tx_recovery_signed(const struct tx_recovery *r) {
    return r->signed_size - (r->pending_line.len > 0 ? 1 : 0);
}

/* When the log stands where the signer does: is it the same tree? */
TX_MUST_USE int tx_recovery_compare(struct tx_recovery *r);

TX_MUST_USE int tx_recovery_take_line(struct tx_recovery *r, struct tx_text line);
/* The size that a note says, when it is a checkpoint of this log. */
bool tx_recovery_note_size(const struct tx_recovery *r, struct tx_text text, uint64_t *ret);

/* The last segment with a whole header; *ret_any is false when there is none. */
TX_MUST_USE int tx_recovery_read_last(struct tx_recovery *r, const uint64_t *firsts, size_t n,
                                      bool *ret_any);

#endif
