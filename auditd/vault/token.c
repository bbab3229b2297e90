/* SPDX-License-Identifier: MIT */
#include "auditd/vault/token.h"

static int digit_of(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* RFC 4648 section 5, without padding; the bits that are left over are zero. */
static int decode(struct tx_text text, uint8_t *ret, size_t *ret_n) {
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        int digit = digit_of(text.p[i]);
        if (digit < 0)
            return -EBADMSG;
        bits = bits << 6 | (uint32_t)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            ret[n++] = (uint8_t)(bits >> n_bits);
            bits &= (1u << n_bits) - 1;
        }
    }
    if (n_bits >= 6 || bits != 0)
        return -EBADMSG;
    *ret_n = n;
    return 0;
}

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
    if (ref.n != 22 || decode(ref, token.ref, &n) < 0 || nonce.n != 16 ||
        decode(nonce, token.nonce, &n) < 0 || decode(text, memory, &token.n_sealed) < 0 ||
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
