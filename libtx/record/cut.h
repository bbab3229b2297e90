/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_CUT_H
#define TX_RECORD_CUT_H

/*
 * What of a record must be shortened so that its line fits. A plan is made only for a line that
 * turned out too long; it knows how long each part gets and nothing of how it is written.
 *
 * There is one level: texts that take more than `level` bytes in the line are cut to it, where that
 * saves more than the mark `cut:<bytes>` costs; so the longest are cut, and equally. Should names
 * and marks alone be too long (a thousand names of 128 bytes), the last fields are left out with
 * their marks, and `masked` says so once: `"*":"cut:<bytes that they would have taken in data>"`.
 */

#include <stdbool.h>

#include "libtx/record/record.h"

struct tx_cut {
    size_t level;
    size_t n_fields;         /* so many of the first fields stay */
    uint64_t left_out_bytes; /* of the others */
    bool message;            /* is cut to the level */
    bool fields[TX_LIMIT_FIELDS];
};

/* `fixed` is what the line takes without message, fields and marks of them. -ENOSPC when not even
 * that fits into `room`. */
TX_MUST_USE int tx_cut_plan(const struct tx_record *record, size_t fixed, size_t room,
                            struct tx_cut *ret);

/* The part of a value that stays in `level` bytes, and what it then is: a string, or bytes. */
struct tx_text tx_cut_text(struct tx_text text, enum tx_value_type type, size_t level);

#endif
