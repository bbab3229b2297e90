/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_STATUS_H
#define TX_FORWARD_STATUS_H

/*
 * What forward says of itself, as a JSON object. docs/journald.md names the members.
 */

#include "auditd/forward/delivery.h"
#include "libtx/base/buf.h"

/* `log_size` is the size of the log's last checkpoint. */
void tx_forward_status_render(const struct tx_delivery_status *status, uint64_t log_size,
                              struct tx_buf *b);

/* The size in the log directory's `checkpoint`; 0 when there is none that can be read. */
uint64_t tx_forward_log_size(int log_fd);

#endif
