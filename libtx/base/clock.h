/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_CLOCK_H
#define TX_BASE_CLOCK_H

/*
 * Two clocks: the wall clock for what is written down, the boot clock (which goes on in suspend and
 * never jumps) for every interval.
 */

#include <stdint.h>
#include <time.h>

static inline int64_t tx_clock_get(clockid_t id) {
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Nanoseconds since 1970, UTC. */
static inline int64_t tx_clock_wall(void) {
    return tx_clock_get(CLOCK_REALTIME);
}

/* Nanoseconds since boot. */
static inline int64_t tx_clock_boot(void) {
    return tx_clock_get(CLOCK_BOOTTIME);
}

#endif
