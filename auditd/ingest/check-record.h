/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_CHECK_RECORD_H
#define TX_INGEST_CHECK_RECORD_H

/*
 * What a record must be to get into the log (docs/format.md section 4), as far as the wire format
 * leaves it open: names, and that none stands twice. It changes nothing.
 */

#include "libtx/record/record.h"

struct tx_record_fault {
    int error;          /* a positive errno */
    const char *reason; /* a constant, for people */
};

/* The first fault, or NULL. */
const struct tx_record_fault *tx_record_fault(const struct tx_record *record);

extern const struct tx_record_fault tx_fault_too_many_fields;

#endif
