/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_RETAIN_CLOCK_H
#define TX_LEDGER_RETAIN_CLOCK_H

/*
 * The time by which segments age. What is removed is gone, so a wall clock that jumps ahead is not
 * believed before it has stayed there for an hour; back, it is believed at once. It reads no clock
 * itself.
 */

#include <stdint.h>

#define TX_RETAIN_CLOCK_DOUBT_NS (INT64_C(3600) * 1000000000)
#define TX_RETAIN_CLOCK_SLACK_NS (INT64_C(60) * 1000000000)

struct tx_retain_clock {
    int64_t offset;        /* wall - boot, as it is believed */
    int64_t doubted_since; /* boot clock; 0: it is not doubted */
};

/* `wall` is when something is known to have happened last: the log's last checkpoint. */
void tx_retain_clock_init(struct tx_retain_clock *clock, int64_t boot, int64_t wall);

/* The wall clock's time, or an earlier one while it is doubted. */
int64_t tx_retain_clock_now(struct tx_retain_clock *clock, int64_t boot, int64_t wall);

#endif
