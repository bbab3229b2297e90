/* SPDX-License-Identifier: MIT */
#include "libtx/segment/tlog-proof.h"

#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define EXTRA "extra "
#define INDEX "index "

void tx_tlog_proof_render(const struct tx_tlog_proof *proof, struct tx_buf *b) {
    tx_buf_str(b, FIRST_LINE "\n");
    if (proof->extra.p) {
        tx_buf_str(b, EXTRA);
        tx_buf_base64(b, proof->extra.p, proof->extra.n);
        tx_buf_char(b, '\n');
    }
    tx_buf_str(b, INDEX);
    tx_buf_dec(b, proof->index);
    tx_buf_char(b, '\n');
    for (size_t i = 0; i < proof->n_path; i++) {
        tx_buf_base64(b, proof->path[i].bytes, TX_HASH_BYTES);
        tx_buf_char(b, '\n');
    }
    tx_buf_char(b, '\n');
    tx_buf_put(b, proof->note.p, proof->note.n);
}

static bool take_line(struct tx_text *text, struct tx_text *ret) {
    const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
    if (!end)
        return false;
    *ret = (struct tx_text){.p = text->p, .n = (size_t)(end - text->p)};
    text->p = end + 1;
    text->n -= ret->n + 1;
    return true;
}

static bool take_prefix(struct tx_text *line, struct tx_text prefix) {
    if (!tx_text_starts(*line, prefix))
        return false;
    line->p += prefix.n;
    line->n -= prefix.n;
    return true;
}

static int decode_extra(struct tx_text base64, struct tx_buf *scratch, struct tx_text *ret) {
    uint8_t *to = scratch->data + scratch->len;
    size_t n;
    int r = tx_base64_decode(base64, to, scratch->cap - scratch->len, &n);
    if (r < 0)
        return r;
    scratch->len += n;
    *ret = (struct tx_text){.p = (const char *)to, .n = n};
    return 0;
}

/* The hashes up to the empty line. */
static int take_path(struct tx_text *text, struct tx_tlog_proof *proof) {
    struct tx_text line;
    for (;;) {
        size_t n;
        if (!take_line(text, &line))
            return -EBADMSG;
        if (line.n == 0)
            return 0;
        if (proof->n_path == TX_PROOF_MAX_NODES ||
            tx_base64_decode(line, proof->path[proof->n_path].bytes, TX_HASH_BYTES, &n) < 0 ||
            n != TX_HASH_BYTES)
            return -EBADMSG;
        proof->n_path++;
    }
}

int tx_tlog_proof_parse(struct tx_text text, struct tx_buf *scratch, struct tx_tlog_proof *ret) {
    struct tx_tlog_proof proof = {.extra = {NULL, 0}, .n_path = 0};
    struct tx_text line;

    if (text.n > TX_TLOG_PROOF_BYTES || !take_line(&text, &line) ||
        !tx_text_equal(line, TX_TEXT(FIRST_LINE)) || !take_line(&text, &line))
        return -EBADMSG;
    if (take_prefix(&line, TX_TEXT(EXTRA))) {
        int r = decode_extra(line, scratch, &proof.extra);
        if (r < 0)
            return r;
        if (!take_line(&text, &line))
            return -EBADMSG;
    }
    if (!take_prefix(&line, TX_TEXT(INDEX)) || tx_dec_decode(line, &proof.index) < 0)
        return -EBADMSG;
    int r = take_path(&text, &proof);
    if (r < 0)
        return r;
    if (text.n == 0 || text.n > TX_LIMIT_NOTE_BYTES)
        return -EBADMSG;
    proof.note = text;
    *ret = proof;
    return 0;
}
