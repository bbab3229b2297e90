/* SPDX-License-Identifier: MIT */
#ifndef TX_CTL_DAEMON_H
#define TX_CTL_DAEMON_H

/*
 * Asking the running daemon (auditd/ipc/control-socket.h). What fails is printed here.
 */

#include <jansson.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"
#include "tools/ctl/ctl.h"

#define TX_CTL_TIMEOUT_MS 15000

/* The parsed answer, owned by the caller; NULL when there is none, or it says no. */
json_t *tx_ctl_ask(const struct tx_ctl *ctl, struct tx_text request, struct tx_buf *b);
json_t *tx_ctl_parse_answer(const struct tx_buf *b);

void tx_ctl_say_no_answer(const char *path, int error);

#endif
