/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_STATUS_H
#define TX_SUPERVISOR_STATUS_H

/*
 * The answer to `status` (auditd/ipc/control-socket.h; docs/operations.md names the fields).
 */

#include <stdbool.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

struct tx_supervisor;

/* Appends one JSON object. */
void tx_status_render(const struct tx_supervisor *supervisor, struct tx_buf *b);

/* Whether the text can stand within another JSON text as one object: brackets that match, no byte
 * below 0x20, nothing behind its end. What a child says of itself is not more trusted than that. */
bool tx_status_is_object(struct tx_text text);

#endif
