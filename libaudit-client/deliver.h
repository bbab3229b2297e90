/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_DELIVER_H
#define TX_CLIENT_DELIVER_H

/*
 * One record to the kernel, encoded right into the ring. Its number is the next one at that very
 * moment, so that numbers reach the daemon in order, whatever threads waited in between. With the
 * lock held, which is given while waiting.
 */

#include "libaudit-client/job.h"

/* The socket takes no more now. */
enum { TX_DELIVER_E_SOCKET_FULL = 1 };

/* There is a connection, nothing is to be sent again, and answers were looked for if that was due.
 * TX_DELIVER_E_SOCKET_FULL; -ENOTCONN; -EPIPE when it broke just now. */
TX_MUST_USE int tx_deliver_connect(struct tx_client *client);
/* The same, and what was buffered is sent: the next number may be given. */
TX_MUST_USE int tx_deliver_prepare(struct tx_client *client);

/* Waits for the daemon as long as the options say. 0: the kernel has it. Errors as tx_audit_emit
 * has them; the record's number is not used then. */
TX_MUST_USE int tx_deliver(struct tx_client *client, struct tx_job *job);

#endif
