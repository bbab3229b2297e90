/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/vault.h"

#include <assert.h>

static void put_text(struct tx_buf *b, struct tx_text text) {
    tx_buf_u16(b, (uint16_t)text.n);
    tx_buf_put(b, text.p, text.n);
}

static int take_text(struct tx_cursor *c, size_t limit, struct tx_text *ret) {
    uint16_t n;
    const uint8_t *p;
    if (tx_cursor_u16(c, &n) < 0 || n > limit || tx_cursor_bytes(c, n, &p) < 0)
        return -EBADMSG;
    *ret = (struct tx_text){.p = (const char *)p, .n = n};
    return 0;
}

static int take_bytes(struct tx_cursor *c, uint8_t *ret, size_t n) {
    const uint8_t *p;
    if (tx_cursor_bytes(c, n, &p) < 0)
        return -EBADMSG;
    memcpy(ret, p, n);
    return 0;
}

void tx_vault_message_render(const struct tx_vault_message *message, struct tx_buf *b) {
    tx_buf_u8(b, (uint8_t)message->type);
    tx_buf_u32(b, message->number);
    switch (message->type) {
    case TX_VAULT_GET:
        tx_buf_put(b, message->person.p, message->person.n);
        break;
    case TX_VAULT_KEY:
        tx_buf_put(b, message->ref, sizeof(message->ref));
        tx_buf_put(b, message->key, sizeof(message->key));
        break;
    default:
        assert(message->type == TX_VAULT_ERROR);
        tx_buf_u8(b, (uint8_t)message->error);
    }
}

static int take_error(struct tx_cursor *c, enum tx_vault_error *ret) {
    uint8_t error;
    if (tx_cursor_u8(c, &error) < 0 || error < TX_VAULT_E_PERSON || error > TX_VAULT_E_STORAGE)
        return -EBADMSG;
    *ret = error;
    return 0;
}

int tx_vault_message_parse(struct tx_text bytes, struct tx_vault_message *ret) {
    struct tx_cursor c = tx_cursor_of(bytes.p, bytes.n);
    struct tx_vault_message message = {.number = 0};
    uint8_t type;
    int r = 0;

    if (tx_cursor_u8(&c, &type) < 0 || tx_cursor_u32(&c, &message.number) < 0)
        return -EBADMSG;
    message.type = type;
    switch (type) {
    case TX_VAULT_GET:
        message.person = (struct tx_text){.p = (const char *)c.p, .n = c.n};
        c.n = 0;
        break;
    case TX_VAULT_KEY:
        r = take_bytes(&c, message.ref, sizeof(message.ref));
        if (r == 0)
            r = take_bytes(&c, message.key, sizeof(message.key));
        break;
    case TX_VAULT_ERROR:
        r = take_error(&c, &message.error);
        break;
    default:
        r = -EBADMSG;
    }
    if (r == 0 && c.n == 0)
        *ret = message;
    explicit_bzero(message.key, sizeof(message.key));
    return r == 0 && c.n > 0 ? -EBADMSG : r;
}

void tx_vault_erasure_render(const struct tx_vault_erasure *erasure, struct tx_buf *b) {
    tx_buf_put(b, erasure->request, sizeof(erasure->request));
    tx_buf_put(b, erasure->ref, sizeof(erasure->ref));
    tx_buf_u64(b, (uint64_t)erasure->time);
    tx_buf_u32(b, erasure->uid);
    tx_buf_u32(b, erasure->pid);
    put_text(b, erasure->reference);
}

int tx_vault_erasure_parse(struct tx_cursor *c, struct tx_vault_erasure *ret) {
    struct tx_vault_erasure erasure;
    uint64_t time;
    if (take_bytes(c, erasure.request, sizeof(erasure.request)) < 0 ||
        take_bytes(c, erasure.ref, sizeof(erasure.ref)) < 0 || tx_cursor_u64(c, &time) < 0 ||
        tx_cursor_u32(c, &erasure.uid) < 0 || tx_cursor_u32(c, &erasure.pid) < 0 ||
        take_text(c, TX_VAULT_REFERENCE_BYTES, &erasure.reference) < 0)
        return -EBADMSG;
    erasure.time = (int64_t)time;
    *ret = erasure;
    return 0;
}

void tx_vault_reveal_render(const struct tx_vault_reveal *reveal, struct tx_buf *b) {
    tx_buf_put(b, reveal->request, sizeof(reveal->request));
    tx_buf_u64(b, reveal->seq);
    tx_buf_put(b, reveal->record, sizeof(reveal->record));
    tx_buf_put(b, reveal->policy, sizeof(reveal->policy));
    tx_buf_u32(b, reveal->uid);
    tx_buf_u32(b, reveal->pid);
    put_text(b, reveal->field);
    put_text(b, reveal->reason);
}

int tx_vault_reveal_parse(struct tx_cursor *c, struct tx_vault_reveal *ret) {
    struct tx_vault_reveal reveal;
    if (take_bytes(c, reveal.request, sizeof(reveal.request)) < 0 ||
        tx_cursor_u64(c, &reveal.seq) < 0 ||
        take_bytes(c, reveal.record, sizeof(reveal.record)) < 0 ||
        take_bytes(c, reveal.policy, sizeof(reveal.policy)) < 0 ||
        tx_cursor_u32(c, &reveal.uid) < 0 || tx_cursor_u32(c, &reveal.pid) < 0 ||
        take_text(c, TX_LIMIT_NAME_BYTES, &reveal.field) < 0 ||
        take_text(c, TX_VAULT_REASON_BYTES, &reveal.reason) < 0)
        return -EBADMSG;
    *ret = reveal;
    return 0;
}
