/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_LISTENER_H
#define TX_SUPERVISOR_LISTENER_H

/*
 * A listening SEQPACKET socket in the file system: the service manager's when it hands us one for
 * that path (activated.h), else our own. A stale one is replaced, a live one is another daemon's.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "libtx/base/error.h"

struct tx_listener {
    int fd;
    const char *path; /* borrowed */
    bool activated;   /* the service manager's: it stays when we end */
    bool is_lost;     /* it cannot be reached, and that was told */
    dev_t dev;        /* of the name in the file system, so that nobody else's is removed */
    ino_t ino;
};

#define TX_LISTENER_INIT ((struct tx_listener){.fd = -1})

/* -EADDRINUSE: somebody listens there; -EEXIST: something else than a socket has the name;
 * -ENAMETOOLONG. `path` is borrowed until close. Non-blocking. */
TX_MUST_USE int tx_listener_open(const char *path, mode_t mode, struct tx_listener *ret);

/* Whether its name still leads to it. */
bool tx_listener_is_there(const struct tx_listener *listener);
/* Makes our own anew under its name; whoever waited at the old one is hung up. As open; the old one
 * stays when it fails. */
TX_MUST_USE int tx_listener_renew(struct tx_listener *listener, mode_t mode);

/* Removes the socket's name when it is our own. */
void tx_listener_close(struct tx_listener *listener);

#endif
