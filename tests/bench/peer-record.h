/* SPDX-License-Identifier: MIT */
#ifndef TX_BENCH_PEER_RECORD_H
#define TX_BENCH_PEER_RECORD_H

/* The record of record.h as others take it. */

#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "tests/bench/record.h"

#define PEER_FORMAT "%s actor.id=%s order=%s reason=%s region=%s agent=%s amount_cents=%d"
#define PEER_ARGS                                                                                  \
    BENCH_EVENT, BENCH_ACTOR, BENCH_ORDER, BENCH_REASON, BENCH_REGION, BENCH_AGENT, BENCH_AMOUNT

#define PEER_FIELD(text)                                                                           \
    { (char *)(uintptr_t)(text), sizeof(text) - 1 }

static inline int peer_log_to_journal(void) {
    static const struct iovec fields[] = {
        PEER_FIELD("MESSAGE=" BENCH_EVENT),  PEER_FIELD("PRIORITY=6"),
        PEER_FIELD("ACTOR_ID=" BENCH_ACTOR), PEER_FIELD("ORDER=" BENCH_ORDER),
        PEER_FIELD("REASON=" BENCH_REASON),  PEER_FIELD("REGION=" BENCH_REGION),
        PEER_FIELD("AGENT=" BENCH_AGENT),    PEER_FIELD("AMOUNT_CENTS=4200"),
    };
    return sd_journal_sendv(fields, sizeof(fields) / sizeof(fields[0]));
}

#endif
