/* SPDX-License-Identifier: MIT */
/* Datagrams of the audit lane: what decodes encodes to the same bytes. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/wire/policy.h"
#include "libtx/wire/wire.h"

static uint8_t memory[TX_LIMIT_DATAGRAM_BYTES];

static void check_records(const uint8_t *data, size_t n) {
    static struct tx_field fields[TX_LIMIT_FIELDS];
    struct tx_wire_records records;
    struct tx_record record;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    uint16_t count = 0;
    int r;

    if (tx_wire_records_open(data, n, &records) < 0)
        return;
    tx_wire_records_begin(&b, records.secret);
    while ((r = tx_wire_records_next(&records, fields, &record)) == 0) {
        tx_wire_records_add(&b, &record);
        count++;
    }
    if (r != TX_WIRE_E_END)
        return;
    r = tx_wire_records_end(&b, count);
    assert(r == 0 && b.len == n && memcmp(memory, data, n) == 0);
}

static void check_reply(const uint8_t *data, size_t n) {
    struct tx_wire_reply reply;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    if (tx_wire_reply_parse(data, n, &reply) < 0)
        return;
    tx_wire_reply_render(&reply, &b);
    assert(!b.full && b.len == n && memcmp(memory, data, n) == 0);
}

/* What was read can be asked for any event, also for one that the bytes made up. */
static void check_policy(const uint8_t *data, size_t n) {
    static struct tx_wire_policy policy;
    struct tx_text made_up = {.p = (const char *)data, .n = n < 128 ? n : 128};
    struct tx_wire_demand demand = {.level = TX_WIRE_LEVELS};

    if (tx_wire_policy_parse(data, n, &policy) < 0)
        return;
    assert(n <= TX_WIRE_POLICY_BYTES && policy.n_classes <= TX_LIMIT_POLICY_CLASSES);
    for (size_t i = 0; i < policy.n_events; i++) {
        struct tx_text event = {.p = policy.text + policy.events[i].at, .n = policy.events[i].n};
        assert((size_t)policy.events[i].at + event.n <= policy.n_text);
        assert(tx_wire_policy_find(&policy, event, &demand)); /* a pattern is in its own class */
    }
    if (tx_wire_policy_find(&policy, made_up, &demand))
        assert(demand.level < TX_WIRE_LEVELS && demand.unavailable < TX_WIRE_UNAVAILABLES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    check_records(data, n);
    check_reply(data, n);
    check_policy(data, n);
    return 0;
}
