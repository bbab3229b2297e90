/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_ACTIVATED_H
#define TX_SUPERVISOR_ACTIVATED_H

/*
 * The descriptors that the service manager gave us at the start (sd_listen_fds(3)): sockets that it
 * listens on, and what an earlier daemon left with it (keep.h). Each is taken once, by whoever
 * knows what it is; what nobody took is closed.
 */

#include "libtx/base/error.h"

/* Call it once, while the process has one thread. All are CLOEXEC from then on. */
void tx_activated_init(void);
/* A listening SEQPACKET socket of that path, or -1. Owned by the caller. */
int tx_activated_take_socket(const char *path);
/* The next one whose name begins so, or -1; *ret_rest is what follows in the name, borrowed until
 * deinit. Owned by the caller. */
int tx_activated_take_named(const char *prefix, const char **ret_rest);
/* Closes what nobody took. */
void tx_activated_deinit(void);

#endif
