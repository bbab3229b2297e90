/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_SOCKETS_H
#define TX_SUPERVISOR_SOCKETS_H

/*
 * Whether the listening sockets can still be reached: somebody may remove their names, or put
 * something else there. One of ours is made anew; what cannot be mended is told, once.
 */

#include "libtx/base/error.h"

struct tx_supervisor;

/* Now and then. */
TX_MUST_USE int tx_sockets_check(struct tx_supervisor *supervisor);

#endif
