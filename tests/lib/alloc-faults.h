/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_ALLOC_FAULTS_H
#define TX_TEST_ALLOC_FAULTS_H

/* Which allocations of the process fail (alloc-faults.c). */

#include <stdint.h>

struct tx_alloc_faults {
    uint64_t count;  /* so many were asked for since this was set to 0 */
    uint64_t first;  /* the first one that fails, from 1; 0: none */
    uint64_t many;   /* so many in a row */
    uint64_t failed; /* so many have failed */
};

struct tx_alloc_faults *tx_alloc_faults(void);

#endif
