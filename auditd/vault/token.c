/* SPDX-License-Identifier: MIT */
#include "auditd/vault/token.h"

/* Up to the colon, which is taken too; at the end of the text, all that is left. */
static struct tx_text take_part(struct tx_text *text) {
    const char *colon = text->n ? memchr(text->p, ':', text->n) : NULL;
    size_t n = colon ? (size_t)(colon - text->p) : text->n;
    struct tx_text part = {.p = text->p, .n = n};
    text->p += n + (colon != NULL);
    text->n -= n + (colon != NULL);
    return part;
}

int tx_token_parse(struct tx_text text, uint8_t *memory, struct tx_token *ret) {
    struct tx_token token = {.sealed = memory};
    size_t n;

    if (!tx_text_equal(take_part(&text), TX_TEXT("txe1")))
        return -EBADMSG;
    struct tx_text ref = take_part(&text), nonce = take_part(&text);
    if (ref.n != 22 || tx_base64url_decode(ref, token.ref, sizeof(token.ref), &n) < 0 ||
        nonce.n != 16 || tx_base64url_decode(nonce, token.nonce, sizeof(token.nonce), &n) < 0 ||
        tx_base64url_decode(text, memory, text.n, &token.n_sealed) < 0 ||
        token.n_sealed < TX_AEAD_TAG_BYTES)
        return -EBADMSG;
    *ret = token;
    return 0;
}

static void put_big_endian(struct tx_buf *b, size_t v) {
    tx_buf_u8(b, (uint8_t)(v >> 8));
    tx_buf_u8(b, (uint8_t)v);
}

void tx_token_render_bound(const struct tx_vault_reveal *reveal, uint16_t ordinal,
                           struct tx_buf *b) {
    tx_buf_str(b, "tracex-enc-v1");
    tx_buf_put(b, reveal->record, sizeof(reveal->record));
    put_big_endian(b, reveal->field.n);
    tx_buf_put(b, reveal->field.p, reveal->field.n);
    tx_buf_put(b, reveal->policy, sizeof(reveal->policy));
    put_big_endian(b, ordinal);
}
