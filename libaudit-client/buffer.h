/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_BUFFER_H
#define TX_CLIENT_BUFFER_H

/*
 * TX_BUFFERED: records that wait in the process, in the open batch, for a millisecond or until
 * there are enough of them, and then go in one datagram. What is in it dies with the process. With
 * the lock held.
 */

#include "libaudit-client/job.h"

#define TX_BUFFER_NS INT64_C(1000000)

/* `now` is the wall clock's time when this thread called, also for another one's job.
 * 0: it is buffered, and counted as sent. TX_BUFFER_E_SEND: it is to be sent in the way of a queued
 * one: more than this is demanded of it, it is too large, or there is nobody who would send it in
 * time. Errors as tx_audit_emit has them. */
enum { TX_BUFFER_E_SEND = 1 };
TX_MUST_USE int tx_buffer_add(struct tx_client *client, struct tx_job *job, int64_t now);

/* Hands what is buffered to the kernel, as far as that takes it; the rest stays in the ring and
 * goes first. */
void tx_buffer_send(struct tx_client *client);

#endif
