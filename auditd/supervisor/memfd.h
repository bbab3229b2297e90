/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_MEMFD_H
#define TX_SUPERVISOR_MEMFD_H

/*
 * Memory that is handed to children as a descriptor.
 */

#include "libtx/base/error.h"

/* A file of exactly these bytes that nobody can change any more. Owned by the caller. */
TX_MUST_USE int tx_memfd_sealed(const char *name, const void *p, size_t n, int *ret_fd);

/* Zeroes that can be written but neither grow nor shrink, so that who maps them is safe from
 * SIGBUS. */
TX_MUST_USE int tx_memfd_fixed(const char *name, size_t n, int *ret_fd);

#endif
