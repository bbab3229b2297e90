/* SPDX-License-Identifier: MIT */
/* What the vault is told, and what stands in its table and in the log: one spelling for what
 * parses. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/vault/slot.h"
#include "auditd/vault/token.h"

static uint8_t rendered[65536];

static void check_messages(struct tx_text text) {
    struct tx_vault_message message;
    struct tx_vault_erasure erasure;
    struct tx_vault_reveal reveal;
    struct tx_buf b = tx_buf_of(rendered, sizeof(rendered));
    struct tx_cursor c = tx_cursor_of(text.p, text.n);

    if (tx_vault_message_parse(text, &message) == 0) {
        tx_vault_message_render(&message, &b);
        assert(!b.full && b.len == text.n && memcmp(rendered, text.p, text.n) == 0);
    }
    b.len = 0;
    if (tx_vault_erasure_parse(&c, &erasure) == 0) {
        tx_vault_erasure_render(&erasure, &b);
        assert(!b.full && b.len == text.n - c.n && memcmp(rendered, text.p, b.len) == 0);
    }
    c = tx_cursor_of(text.p, text.n);
    b.len = 0;
    if (tx_vault_reveal_parse(&c, &reveal) == 0) {
        tx_vault_reveal_render(&reveal, &b);
        assert(!b.full && b.len == text.n - c.n && memcmp(rendered, text.p, b.len) == 0);
    }
}

/* As if the checksum were right: a forger can make it so. */
static void check_table(struct tx_hasher *hasher, const uint8_t *data, size_t n) {
    static struct tx_intent intent;
    struct tx_slot slot;
    uint8_t slot_bytes[TX_SLOT_BYTES] = {0}, intent_bytes[TX_SLOT_INTENT_BYTES] = {0}, again[256];
    struct tx_digest digest;
    const uint8_t place[8] = {0};

    memcpy(slot_bytes, data, n < sizeof(slot_bytes) - 16 ? n : sizeof(slot_bytes) - 16);
    tx_hash(hasher, place, 8, slot_bytes, sizeof(slot_bytes) - 16, NULL, 0, &digest);
    memcpy(slot_bytes + sizeof(slot_bytes) - 16, digest.bytes, 16);
    if (tx_slot_parse(hasher, 0, slot_bytes, &slot) == 0) {
        tx_slot_render(hasher, 0, &slot, again);
        assert(memcmp(again, slot_bytes, 16 + 16 + TX_SLOT_SECRET_BYTES) == 0);
    }
    memcpy(intent_bytes, data, n < sizeof(intent_bytes) - 16 ? n : sizeof(intent_bytes) - 16);
    tx_hash(hasher, place, 8, intent_bytes, sizeof(intent_bytes) - 16, NULL, 0, &digest);
    memcpy(intent_bytes + sizeof(intent_bytes) - 16, digest.bytes, 16);
    if (tx_intent_parse(hasher, 0, intent_bytes, &intent) == 0)
        assert(intent.used && intent.erasure.reference.n <= TX_VAULT_REFERENCE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct tx_hasher *hasher;
    struct tx_token token;
    uint8_t *memory = malloc(n + 1); /* exactly, so that a byte too many is found */

    if (!memory || (!hasher && tx_hasher_new(&hasher) < 0))
        abort();
    check_messages((struct tx_text){.p = (const char *)data, .n = n});
    check_table(hasher, data, n);
    if (tx_token_parse((struct tx_text){.p = (const char *)data, .n = n}, memory, &token) == 0)
        assert(token.n_sealed >= TX_AEAD_TAG_BYTES && token.n_sealed < n);
    free(memory);
    return 0;
}
