/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_BEGIN_H
#define TX_CRYPTO_BEGIN_H

/*
 * What OpenSSL does when it is used for the first time: it reads its configuration and fills its
 * tables. That takes files, which a process that has shut itself in cannot open, and does not live
 * through a failed allocation, which must not happen to one that holds clear text.
 */

#include "libtx/base/error.h"

/* Before a process shuts itself in. -ENOTSUP: this OpenSSL lacks what we need. */
TX_MUST_USE int tx_crypto_begin(void);

#endif
