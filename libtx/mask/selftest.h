/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_SELFTEST_H
#define TX_MASK_SELFTEST_H

/*
 * A policy tried on its own examples, before it is put in force: what `tests:` says must come out
 * does come out, and what examples of its detectors say is found. What is told of a failure is the
 * file's own text, never anybody's data.
 */

#include "libtx/mask/mask.h"

/* Tests are masked at the time 0, so that entries that expire do not make a file bad by and by, and
 * persons' keys are zeros. `name` is the file's. Appends a paragraph to *errors for each failure;
 * TX_MASK_E_TESTS when there was one. */
#define TX_MASK_E_TESTS 1
TX_MUST_USE int tx_mask_run_tests(const struct tx_masking *masking, const struct tx_mask_key *keys,
                                  size_t n_keys, const char *name, struct tx_bytes *errors);

#endif
