/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_DIAL_H
#define TX_CLIENT_DIAL_H

/*
 * The steps of getting a connection (docs/wire.md, "Connecting"), each bounded. It knows no client
 * and keeps nothing.
 */

#include "libaudit-client/settings.h"

/* Connects. A full queue of connections is waited for, up to the time. */
TX_MUST_USE int tx_dial(const struct tx_settings *settings, int *ret_fd);

/* Until something can be read; -ETIMEDOUT from `until` on (boot clock, ns). */
TX_MUST_USE int tx_dial_await(int fd, int64_t until);

/* WELCOME, with the descriptor that records are written to. */
TX_MUST_USE int tx_dial_welcome(int fd, int64_t until, int *ret_lane, size_t *ret_max_bytes);

/* The descriptor with a high number, if it can have one. Taken. */
int tx_dial_move_up(int fd);

#endif
