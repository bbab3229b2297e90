/* SPDX-License-Identifier: MIT */
/* The log's own lines, and tlog-proofs: what parses has one spelling, whatever the bytes. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/segment/control.h"
#include "libtx/segment/pruned.h"
#include "libtx/segment/tlog-proof.h"

#define MEMORY_BYTES (2u * TX_LIMIT_CONTROL_LINE_BYTES)

static char scratch_memory[MEMORY_BYTES], render_memory[MEMORY_BYTES];

static struct tx_buf scratch(void) {
    return tx_buf_of(scratch_memory, sizeof(scratch_memory));
}

static void check_proof(struct tx_text text) {
    static struct tx_tlog_proof proof;
    struct tx_buf s = scratch(), b = tx_buf_of(render_memory, sizeof(render_memory));
    if (tx_tlog_proof_parse(text, &s, &proof) < 0)
        return;
    tx_tlog_proof_render(&proof, &b);
    assert(!b.full && b.len == text.n && memcmp(render_memory, text.p, text.n) == 0);
}

static void check_pruned(struct tx_text line) {
    struct tx_pruned pruned;
    struct tx_buf b = tx_buf_of(render_memory, sizeof(render_memory));
    if (tx_pruned_parse(line, &pruned) != 0)
        return;
    assert(tx_line_is_own(line) && !tx_line_is_epoch(line) && pruned.first < pruned.end &&
           pruned.end <= pruned.seq);
    tx_pruned_render(&pruned, &b);
    assert(!b.full && b.len + 2 < line.n);
    assert(memcmp(render_memory, line.p + line.n - 2 - b.len, b.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct tx_hasher *hasher;
    static struct tx_control_header header;
    struct tx_control_checkpoint checkpoint;
    struct tx_control_epoch epoch;
    struct tx_control_seal seal;
    struct tx_control_log log;
    struct tx_text line = {.p = (const char *)data, .n = n};
    struct tx_buf s;

    if (!hasher && tx_hasher_new(&hasher) < 0)
        return 0;
    s = scratch();
    if (tx_control_parse_header(hasher, line, &s, &header) == 0)
        assert(header.range.begin == 0 && header.range.end == header.first);
    s = scratch();
    if (tx_control_parse_checkpoint(line, &s, &checkpoint) == 0)
        assert(tx_line_kind(line) == TX_LINE_CHECKPOINT);
    s = scratch();
    if (tx_control_parse_seal(line, &s, &seal) == 0)
        assert(tx_line_kind(line) == TX_LINE_SEAL);
    s = scratch();
    if (tx_control_parse_epoch(hasher, line, &s, &epoch) == 0)
        assert(tx_line_is_epoch(line) && tx_line_kind(line) == TX_LINE_RECORD);
    s = scratch();
    if (tx_control_parse_log(hasher, line, &s, &log) == 0)
        assert(log.origin.n <= n);
    check_proof(line);
    check_pruned(line);
    return 0;
}
