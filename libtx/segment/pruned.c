/* SPDX-License-Identifier: MIT */
#include "libtx/segment/pruned.h"

#include "libtx/segment/control.h"

#define TIME_BYTES 30

/* Takes `literal` off the beginning. */
static bool skip(struct tx_text *text, struct tx_text literal) {
    if (!tx_text_starts(*text, literal))
        return false;
    text->p += literal.n;
    text->n -= literal.n;
    return true;
}

static bool take_number(struct tx_text *text, uint64_t *ret) {
    size_t n = 0;
    while (n < text->n && text->p[n] >= '0' && text->p[n] <= '9')
        n++;
    if (tx_dec_decode((struct tx_text){text->p, n}, ret) < 0 || *ret > TX_CONTROL_INDEX_MAX)
        return false;
    text->p += n;
    text->n -= n;
    return true;
}

/* {"seq":N,"by":"ledger", */
static bool take_head(struct tx_text *text, uint64_t *ret_seq) {
    return skip(text, TX_TEXT("{\"seq\":")) && take_number(text, ret_seq) &&
           skip(text, TX_TEXT(",\"by\":\"ledger\","));
}

bool tx_line_is_own(struct tx_text line) {
    uint64_t seq;
    return take_head(&line, &seq);
}

void tx_pruned_render(const struct tx_pruned *pruned, struct tx_buf *b) {
    tx_buf_str(b, "\"first\":");
    tx_buf_dec(b, pruned->first);
    tx_buf_str(b, ",\"last\":");
    tx_buf_dec(b, pruned->end - 1);
    tx_buf_str(b, ",\"segments\":");
    tx_buf_dec(b, pruned->n_segments);
    tx_buf_str(b, ",\"bytes\":");
    tx_buf_dec(b, pruned->n_bytes);
    tx_buf_str(b, ",\"root\":\"");
    tx_buf_base64(b, pruned->root.bytes, TX_HASH_BYTES);
    tx_buf_str(b, "\",\"why\":");
    tx_buf_json_string(b, pruned->why.p, pruned->why.n);
}

static bool take_root(struct tx_text *text, struct tx_digest *ret) {
    enum { N_BASE64 = 44 };
    size_t n;
    if (text->n < N_BASE64 ||
        tx_base64_decode((struct tx_text){text->p, N_BASE64}, ret->bytes, TX_HASH_BYTES, &n) < 0 ||
        n != TX_HASH_BYTES)
        return false;
    text->p += N_BASE64;
    text->n -= N_BASE64;
    return true;
}

static bool take_why(struct tx_text *text, struct tx_text *ret) {
    static const struct tx_text words[] = {{"age", 3}, {"size", 4}, {"space", 5}};
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (skip(text, words[i])) {
            *ret = words[i];
            return true;
        }
    return false;
}

static bool take_data(struct tx_text *text, struct tx_pruned *ret) {
    uint64_t last;
    if (!skip(text, TX_TEXT("\"first\":")) || !take_number(text, &ret->first) ||
        !skip(text, TX_TEXT(",\"last\":")) || !take_number(text, &last) ||
        !skip(text, TX_TEXT(",\"segments\":")) || !take_number(text, &ret->n_segments) ||
        !skip(text, TX_TEXT(",\"bytes\":")) || !take_number(text, &ret->n_bytes) ||
        !skip(text, TX_TEXT(",\"root\":\"")) || !take_root(text, &ret->root) ||
        !skip(text, TX_TEXT("\",\"why\":\"")) || !take_why(text, &ret->why))
        return false;
    ret->end = last + 1;
    /* A record tells of what stands before it. */
    return ret->first <= last && last < ret->seq;
}

int tx_pruned_parse(struct tx_text line, struct tx_pruned *ret) {
    struct tx_pruned pruned = {.seq = 0};
    int64_t time;

    if (!take_head(&line, &pruned.seq) || !skip(&line, TX_TEXT("\"time\":\"")) ||
        line.n < TIME_BYTES)
        return TX_PRUNED_E_OTHER;
    struct tx_text stamp = {line.p, TIME_BYTES};
    line.p += TIME_BYTES;
    line.n -= TIME_BYTES;
    if (!skip(&line, TX_TEXT("\",\"event\":\"tracex.pruned\"")))
        return TX_PRUNED_E_OTHER;
    if (tx_time_decode(stamp, &time) < 0 || !skip(&line, TX_TEXT(",\"data\":{")) ||
        !take_data(&line, &pruned) || !tx_text_equal(line, TX_TEXT("\"}}")))
        return -EBADMSG;
    *ret = pruned;
    return 0;
}
