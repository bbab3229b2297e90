/* SPDX-License-Identifier: MIT */
/* A segment's bytes, with no key known: whatever they are, the verdict on them holds together. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/segment/tlog-proof.h"
#include "libtx/segment/verify.h"

static void check_proof(struct tx_text text) {
    static uint8_t memory[TX_TLOG_PROOF_BYTES], anew[TX_TLOG_PROOF_BYTES];
    struct tx_buf scratch = tx_buf_of(memory, sizeof(memory)), b = tx_buf_of(anew, sizeof(anew));
    struct tx_tlog_proof proof;
    if (tx_tlog_proof_parse(text, &scratch, &proof) < 0)
        return;
    tx_tlog_proof_render(&proof, &b);
    assert(!b.full && b.len == text.n && memcmp(anew, text.p, b.len) == 0);
}

/* The signatures of a corpus that was changed do not verify; let them, so that more is reached. */
static int accept_all(void *context, const struct tx_note *note, const struct tx_vkey *vkey,
                      uint64_t *ret_time) {
    (void)context;
    (void)vkey;
    *ret_time = note->text.n;
    return 0;
}

static void check_segment(struct tx_hasher *hasher, const uint8_t *data, size_t n, bool accept) {
    struct tx_verify_options options = {.name = "fuzz",
                                        .repair_attempts = 200,
                                        .watch = {1, TX_NO_SEQ},
                                        .has_stop = true,
                                        .stop_at = 2};
    struct tx_segment_result result;
    struct tx_reader *reader;
    if (accept)
        options.checker.verify = accept_all;
    if (tx_reader_of_memory(data, n, &reader) < 0)
        return;
    int r = tx_segment_verify(hasher, reader, &options, &result);
    tx_reader_close(reader);
    if (r < 0)
        return;
    for (size_t i = 0; i < result.n_proven; i++) {
        assert(result.proven[i].begin < result.proven[i].end);
        assert(i == 0 || result.proven[i - 1].end < result.proven[i].begin);
        assert(result.proven[i].end <= result.end.range.end);
    }
    assert(result.has_header || result.findings.n > 0);
    tx_segment_result_deinit(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct tx_hasher *hasher;
    if (!hasher && tx_hasher_new(&hasher) < 0)
        return 0;
    check_proof((struct tx_text){(const char *)data, n});
    check_segment(hasher, data, n, true);
    check_segment(hasher, data, n, false);
    return 0;
}
