/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_JOURNAL_SEND_H
#define TX_FORWARD_JOURNAL_SEND_H

/*
 * Handing entries to systemd-journald, and knowing when it has gone through all of them. That
 * sd_journal_sendv returns 0 says nothing: journald may be away, may drop the entry, may lose its
 * queue. So a barrier is sent behind the entries: an empty datagram, which journald passes by. Its
 * queue is in order and it takes one datagram at a time, so when the barrier is gone from the
 * queue, each entry before it is in the journal or never will be.
 */

#include "auditd/forward/journal-entry.h"

/* A socket connected to journald. -ENOENT, -ECONNREFUSED: it is away. */
TX_MUST_USE int tx_barrier_open(int *ret_fd);

/* -EAGAIN: the queue is full; poll for POLLOUT. -ECONNREFUSED: journald went away; what was queued
 * is gone. */
TX_MUST_USE int tx_barrier_send(int fd);

/* 0: journald has taken the barrier, or went away with its queue. TX_BARRIER_E_WAITING else. */
enum { TX_BARRIER_E_WAITING = 1 };
TX_MUST_USE int tx_barrier_check(int fd);

/* Blocks while journald's queue is full. */
TX_MUST_USE int tx_journal_send(const struct tx_journal_entry *entry);

#endif
