/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_SECRET_H
#define TX_CRYPTO_SECRET_H

/*
 * Memory for secrets and clear text: its own pages, locked where the limit allows, left out of core
 * dumps, zero in a process that is forked, wiped when freed.
 */

#include "libtx/base/error.h"

/* At least n zero bytes, or NULL. */
void *tx_secret_alloc(size_t n);

/* Wipes and frees what tx_secret_alloc(n) gave; p may be NULL. */
void tx_secret_free(void *p, size_t n);

/* Overwrites n bytes in a way that is not optimised away. */
void tx_wipe(void *p, size_t n);

/* Overwrites what calls that have returned left behind: TX_TRACES_BYTES of the stack below the
 * caller, and the vector registers. For whoever has had clear text in many calls, once at the end.
 */
#define TX_TRACES_BYTES (64u * 1024u)
void tx_wipe_traces(void);
/* The registers alone: those through which wide copies pass. */
void tx_wipe_registers(void);

#endif
