/* SPDX-License-Identifier: MIT */
/* Datagrams of the audit lane: what decodes encodes to the same bytes. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    check_records(data, n);
    check_reply(data, n);
    return 0;
}
