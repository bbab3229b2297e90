/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/retain-clock.h"

void tx_retain_clock_init(struct tx_retain_clock *clock, int64_t boot, int64_t wall) {
    *clock = (struct tx_retain_clock){.offset = wall - boot};
}

int64_t tx_retain_clock_now(struct tx_retain_clock *clock, int64_t boot, int64_t wall) {
    int64_t offset = wall - boot;

    if (offset - clock->offset <= TX_RETAIN_CLOCK_SLACK_NS) {
        clock->offset = offset;
        clock->doubted_since = 0;
        return wall;
    }
    if (clock->doubted_since == 0)
        clock->doubted_since = boot;
    if (boot - clock->doubted_since >= TX_RETAIN_CLOCK_DOUBT_NS) {
        clock->offset = offset;
        clock->doubted_since = 0;
        return wall;
    }
    return boot + clock->offset;
}
