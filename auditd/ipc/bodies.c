/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/bodies.h"

void tx_bodies_render_header(const struct tx_bodies_frame *frame, struct tx_buf *b) {
    tx_buf_u32(b, (uint32_t)frame->payload.n);
    tx_buf_u8(b, (uint8_t)frame->type);
    tx_buf_u8(b, frame->flags);
    tx_buf_u16(b, 0);
    tx_buf_put(b, frame->client, sizeof(frame->client));
    tx_buf_u64(b, frame->first);
    tx_buf_u64(b, frame->last);
}

/* What each type may carry. */
static const struct {
    uint8_t type;
    uint8_t flags;
    uint32_t min_payload;
    uint32_t max_payload;
} types[] = {
    {TX_BODIES_BODY, TX_BODIES_FLAG_RECEIPT | TX_BODIES_FLAG_CLIENT, 1, TX_LIMIT_BODY_BYTES},
    {TX_BODIES_QUERY, 0, 0, 0},
    {TX_BODIES_POLICY, 0, 1, TX_BODIES_PAYLOAD_BYTES},
    {TX_BODIES_DURABLE, 0, 0, 0},
    {TX_BODIES_RECEIPT, 0, 32, 32},
    {TX_BODIES_LAST, TX_BODIES_FLAG_KNOWN | TX_BODIES_FLAG_FORGOTTEN, 0, 0},
    {TX_BODIES_PACE, 0, 0, 0},
};

static bool allowed(uint8_t type, uint8_t flags, uint32_t n_payload) {
    for (size_t i = 0; i < TX_COUNT_OF(types); i++)
        if (types[i].type == type)
            return !(flags & ~types[i].flags) && n_payload >= types[i].min_payload &&
                   n_payload <= types[i].max_payload;
    return false;
}

int tx_bodies_parse(struct tx_cursor *c, struct tx_bodies_frame *ret, size_t *ret_need) {
    struct tx_cursor at = *c;
    struct tx_bodies_frame frame = {.flags = 0};
    const uint8_t *client, *payload;
    uint32_t n_payload;
    uint16_t zero;
    uint8_t type;

    *ret_need = TX_BODIES_HEADER_BYTES;
    if (at.n < TX_BODIES_HEADER_BYTES)
        return TX_BODIES_E_MORE;
    if (tx_cursor_u32(&at, &n_payload) < 0 || tx_cursor_u8(&at, &type) < 0 ||
        tx_cursor_u8(&at, &frame.flags) < 0 || tx_cursor_u16(&at, &zero) < 0 ||
        tx_cursor_bytes(&at, sizeof(frame.client), &client) < 0 ||
        tx_cursor_u64(&at, &frame.first) < 0 || tx_cursor_u64(&at, &frame.last) < 0)
        return -EBADMSG;
    if (zero || !allowed(type, frame.flags, n_payload))
        return -EBADMSG;
    if (type == TX_BODIES_BODY && frame.flags & TX_BODIES_FLAG_CLIENT && frame.first > frame.last)
        return -EBADMSG;
    *ret_need = TX_BODIES_HEADER_BYTES + (size_t)n_payload;
    if (tx_cursor_bytes(&at, n_payload, &payload) < 0)
        return TX_BODIES_E_MORE;
    memcpy(frame.client, client, sizeof(frame.client));
    frame.type = (enum tx_bodies_type)type;
    frame.payload = (struct tx_text){.p = (const char *)payload, .n = n_payload};
    *ret = frame;
    *c = at;
    return 0;
}

bool tx_bodies_body_valid(struct tx_text body) {
    if (body.n == 0 || body.n > TX_LIMIT_BODY_BYTES || body.p[body.n - 1] != '}')
        return false;
    if (!tx_text_starts(body, TX_TEXT("\"id\":\"")) &&
        !tx_text_starts(body, TX_TEXT("\"by\":\"ingest\",")))
        return false;
    uint8_t low = 0;
    for (size_t i = 0; i < body.n; i++)
        low |= (uint8_t)body.p[i] < 0x20;
    return !low;
}
