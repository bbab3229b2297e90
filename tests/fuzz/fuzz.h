/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_FUZZ_H
#define TX_TESTS_FUZZ_H

/*
 * A fuzz target: one function that is given any bytes, and must neither crash nor break what it
 * asserts. With -Dfuzz=true it is linked with libFuzzer; always it is linked with replay.c, which
 * runs its corpus and a fixed number of mutations of it in the ordinary test run.
 */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
