/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_OLD_LOG_H
#define TX_SUPERVISOR_OLD_LOG_H

/*
 * What a log that is there says of itself: the two things that the supervisor has to know of it. It
 * verifies nothing; the ledger does.
 */

#include "libtx/base/bytes.h"
#include "libtx/base/text.h"

/* The origin that log.json names (owned by the caller). -ENOENT: no such file, -EBADMSG: it does
 * not begin as docs/format.md section 2 says. */
TX_MUST_USE int tx_old_log_origin(int log_fd, char **ret);

/* Appends the latest checkpoint (a signed note). -ENOENT, -EBADMSG: no note of that origin. */
TX_MUST_USE int tx_old_log_checkpoint(int log_fd, const char *origin, struct tx_bytes *b);

#endif
