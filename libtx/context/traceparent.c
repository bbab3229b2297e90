/* SPDX-License-Identifier: MIT */
#include "libtx/context/traceparent.h"

#include "libtx/base/cursor.h"

bool tx_trace_id_valid(const uint8_t *id, size_t n) {
    uint8_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= id[i];
    return any != 0;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

struct tx_text tx_text_trimmed(struct tx_text text) {
    while (text.n > 0 && is_blank(text.p[0])) {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && is_blank(text.p[text.n - 1]))
        text.n--;
    return text;
}

/* n bytes as lower-case hex, and the dash behind them. */
static int take_hex(struct tx_cursor *c, uint8_t *ret, size_t n) {
    const uint8_t *p;

    if (tx_cursor_bytes(c, 2 * n, &p) < 0)
        return -EBADMSG;
    return tx_hex_decode((struct tx_text){.p = (const char *)p, .n = 2 * n}, ret, n);
}

static int take_dash(struct tx_cursor *c) {
    uint8_t dash;

    return tx_cursor_u8(c, &dash) < 0 || dash != '-' ? -EBADMSG : 0;
}

static int take_id(struct tx_cursor *c, uint8_t *ret, size_t n) {
    int r = take_hex(c, ret, n);

    if (r == 0)
        r = take_dash(c);
    return r < 0 || !tx_trace_id_valid(ret, n) ? -EBADMSG : 0;
}

int tx_traceparent_parse(struct tx_text text, struct tx_traceparent *ret) {
    struct tx_traceparent parent;
    uint8_t version;

    text = tx_text_trimmed(text);
    struct tx_cursor c = tx_cursor_of(text.p, text.n);
    if (take_hex(&c, &version, 1) < 0 || take_dash(&c) < 0 || version == 0xff)
        return TX_TRACEPARENT_E_VERSION;
    if (text.n < TX_TRACEPARENT_BYTES || (version == 0 && text.n > TX_TRACEPARENT_BYTES))
        return TX_TRACEPARENT_E_LENGTH;
    if (take_id(&c, parent.trace_id, sizeof(parent.trace_id)) < 0)
        return TX_TRACEPARENT_E_TRACE_ID;
    if (take_id(&c, parent.span_id, sizeof(parent.span_id)) < 0)
        return TX_TRACEPARENT_E_SPAN_ID;
    if (take_hex(&c, &parent.flags, 1) < 0 || (c.n > 0 && take_dash(&c) < 0))
        return TX_TRACEPARENT_E_FLAGS;
    parent.flags &= TX_TRACE_SAMPLED | TX_TRACE_RANDOM; /* others are for later versions: 0 */
    *ret = parent;
    return 0;
}

void tx_traceparent_render(const struct tx_traceparent *parent, struct tx_buf *b) {
    tx_buf_str(b, "00-");
    tx_buf_hex(b, parent->trace_id, sizeof(parent->trace_id));
    tx_buf_char(b, '-');
    tx_buf_hex(b, parent->span_id, sizeof(parent->span_id));
    tx_buf_char(b, '-');
    tx_buf_hex(b, &parent->flags, 1);
}
