/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_STATUS_H
#define TX_INGEST_STATUS_H

/*
 * What ingest has to say of itself when it is asked (docs/operations.md): one JSON object.
 */

#include "auditd/ingest/ingest.h"
#include "libtx/base/buf.h"

#define TX_INGEST_STATUS_BYTES 8192

/* `b` has room for TX_INGEST_STATUS_BYTES. */
void tx_ingest_status_render(const struct tx_ingest *ingest, struct tx_buf *b);

#endif
