/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_FAIL_ALLOC_H
#define TX_TESTS_FAIL_ALLOC_H

/*
 * Allocations that fail when a test says so, for executables that are linked with `wrap_alloc`
 * (meson.build). Between fail_alloc_after and fail_alloc_end one fails; what is alive of those made
 * since is counted.
 */

#include <stdbool.h>
#include <stddef.h>

/* The next `n` succeed, the one behind them fails, and all later ones succeed. */
void fail_alloc_after(unsigned n);
/* Whether it did. */
bool fail_alloc_end(void);
/* Blocks that were allocated since fail_alloc_after and are not free. */
size_t fail_alloc_alive(void);

#endif
