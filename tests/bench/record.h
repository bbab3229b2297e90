/* SPDX-License-Identifier: MIT */
#ifndef TX_BENCH_RECORD_H
#define TX_BENCH_RECORD_H

/* The record of the figures: its names and values are 300 bytes. */

#include <tracex/audit.h>

#define BENCH_EVENT "payment.refund"
#define BENCH_ACTOR "u-1234567890"
#define BENCH_ORDER "order-2026-11-23-000000017"
#define BENCH_REASON                                                                               \
    "the customer sent the goods back within the time that the law gives and they were whole, as " \
    "the warehouse has seen and written down in its own book on the same day"
#define BENCH_REGION "eu-central-1"
#define BENCH_AGENT "shop/4.2 (checkout)"
#define BENCH_AMOUNT 4200

/* Who did it, and to which order: what is another in each record of a real log. */
struct bench_ids {
    char actor[sizeof(BENCH_ACTOR)], order[sizeof(BENCH_ORDER)];
};

static inline struct bench_ids bench_ids_first(void) {
    return (struct bench_ids){BENCH_ACTOR, BENCH_ORDER};
}

/* The next number, in the digits at the end. */
static inline void bench_count(char *text, size_t n) {
    char *p = text + n - 1;
    while (*p == '9')
        *p-- = '0';
    ++*p;
}

static inline void bench_ids_next(struct bench_ids *ids) {
    bench_count(ids->actor, sizeof(ids->actor) - 1);
    bench_count(ids->order, sizeof(ids->order) - 1);
}

static inline int bench_log_of(enum tx_durability durability, const struct bench_ids *ids) {
    const struct tx_kv fields[] = {
        TX_STR("actor.id", ids->actor), TX_STR("order", ids->order),
        TX_STR("reason", BENCH_REASON), TX_STR("region", BENCH_REGION),
        TX_STR("agent", BENCH_AGENT),   TX_I64("amount_cents", BENCH_AMOUNT),
    };
    struct tx_event event = TX_EVENT_INIT;

    event.name = BENCH_EVENT;
    event.fields = fields;
    event.n_fields = sizeof(fields) / sizeof(fields[0]);
    event.durability = durability;
    return tx_audit_emit(&event);
}

static inline int bench_log_at(enum tx_durability durability) {
    static const struct bench_ids ids = {BENCH_ACTOR, BENCH_ORDER};
    return bench_log_of(durability, &ids);
}

static inline int bench_log(void) {
    return bench_log_at(TX_QUEUED);
}

#endif
