/* SPDX-License-Identifier: MIT */
/* The way of a datagram through ingest: what decodes and passes the checks becomes, masked, a line
 * that is in the log's spelling, has no repeated key and fits. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/ingest/check-record.h"
#include "auditd/ipc/bodies.h"
#include "libtx/conf/conf.h"
#include "libtx/mask/mask.h"
#include "libtx/record/json.h"
#include "libtx/record/line.h"
#include "libtx/wire/wire.h"

static char line[1 + TX_LIMIT_BODY_BYTES];
static char canonical[sizeof(line)];

static void check_line(struct tx_mask *mask, struct tx_record *record) {
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    struct tx_buf again = tx_buf_of(canonical, sizeof(canonical));

    tx_mask_record(mask, record);
    tx_buf_char(&b, '{');
    int r = tx_line_write_body(record, TX_TEXT("host"), &b);
    assert(r == 0);
    assert(tx_bodies_body_valid((struct tx_text){.p = line + 1, .n = b.len - 1}));
    r = tx_json_canonical((struct tx_text){.p = line, .n = b.len}, &again);
    assert(r == 0 && again.len == b.len && memcmp(line, canonical, b.len) == 0);
    tx_mask_wipe(mask);
}

static struct tx_mask *mask;
static struct tx_conf *conf; /* the mask borrows from it */

static void free_mask(void) {
    tx_mask_free(mask);
    tx_conf_free(conf);
}

/* By the preset alone. */
static void make_mask(void) {
    static const char bytes[32] = "0123456789abcdef0123456789abcde";
    static const struct tx_mask_key key = {TX_MASKING_DEFAULT_KEY, bytes, sizeof(bytes)};
    struct tx_bytes errors = TX_BYTES_INIT;

    int r = tx_conf_parse("t.yaml", TX_TEXT("version: 1\n"), &errors, &conf);
    assert(r == 0);
    r = tx_mask_new(&conf->masking, &key, 1, NULL, &mask);
    assert(r == 0);
    atexit(free_mask); /* what it owns lies in pages where nobody looks for pointers */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct tx_field fields[TX_LIMIT_FIELDS];
    struct tx_wire_records records;
    struct tx_record record;
    int r;

    if (!mask)
        make_mask();
    if (tx_wire_records_open(data, n, &records) < 0)
        return 0;
    while ((r = tx_wire_records_next(&records, fields, &record)) == 0 || r == -E2BIG) {
        record.source.exe = (struct tx_text){.p = (const char *)data, .n = n < 1024 ? n : 1024};
        if (r == 0 && !tx_record_fault(&record))
            check_line(mask, &record);
    }
    return 0;
}
