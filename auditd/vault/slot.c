/* SPDX-License-Identifier: MIT */
#include "auditd/vault/slot.h"

#include <assert.h>
#include <string.h>

#define CHECKSUM_BYTES 16
#define MAGIC "tracex vault 1\n"
#define N_MAGIC 16 /* with its NUL */
#define N_MARK 16

static const uint8_t zeros[TX_SLOT_INTENT_BYTES];

static void checksum(struct tx_hasher *hasher, uint64_t place, const uint8_t *bytes, size_t n,
                     uint8_t ret[CHECKSUM_BYTES]) {
    uint8_t number[8];
    struct tx_digest digest;
    struct tx_buf b = tx_buf_of(number, sizeof(number));
    tx_buf_u64(&b, place);
    tx_hash(hasher, number, sizeof(number), bytes, n, NULL, 0, &digest);
    memcpy(ret, digest.bytes, CHECKSUM_BYTES);
}

static bool is_whole(struct tx_hasher *hasher, uint64_t place, const uint8_t *bytes, size_t n) {
    uint8_t expected[CHECKSUM_BYTES];
    checksum(hasher, place, bytes, n - sizeof(expected), expected);
    return memcmp(bytes + n - sizeof(expected), expected, sizeof(expected)) == 0;
}

/* --- slots --- */

void tx_slot_render(struct tx_hasher *hasher, uint64_t place, const struct tx_slot *slot,
                    uint8_t ret[TX_SLOT_BYTES]) {
    struct tx_buf b = tx_buf_of(ret, TX_SLOT_BYTES - CHECKSUM_BYTES);
    memset(ret, 0, TX_SLOT_BYTES);
    if (slot->state == TX_SLOT_FREE)
        return;
    tx_buf_u64(&b, (uint64_t)slot->state);
    tx_buf_u64(&b, (uint64_t)slot->time);
    tx_buf_put(&b, slot->ref, sizeof(slot->ref));
    tx_buf_put(&b, slot->secret, sizeof(slot->secret));
    assert(!b.full);
    checksum(hasher, place, ret, TX_SLOT_BYTES - CHECKSUM_BYTES, ret + b.cap);
}

int tx_slot_parse(struct tx_hasher *hasher, uint64_t place, const uint8_t bytes[TX_SLOT_BYTES],
                  struct tx_slot *ret) {
    struct tx_cursor c = tx_cursor_of(bytes, TX_SLOT_BYTES);
    const uint8_t *ref, *secret;
    uint64_t state, time;

    if (memcmp(bytes, zeros, TX_SLOT_BYTES) == 0) {
        *ret = (struct tx_slot){.state = TX_SLOT_FREE};
        return 0;
    }
    if (!is_whole(hasher, place, bytes, TX_SLOT_BYTES) || tx_cursor_u64(&c, &state) < 0 ||
        state < TX_SLOT_LIVE || state > TX_SLOT_ERASED || tx_cursor_u64(&c, &time) < 0 ||
        tx_cursor_bytes(&c, sizeof(ret->ref), &ref) < 0 ||
        tx_cursor_bytes(&c, sizeof(ret->secret), &secret) < 0)
        return -EBADMSG;
    ret->state = (enum tx_slot_state)state;
    ret->time = (int64_t)time;
    memcpy(ret->ref, ref, sizeof(ret->ref));
    memcpy(ret->secret, secret, sizeof(ret->secret));
    return 0;
}

/* --- intents --- */

void tx_intent_set(struct tx_intent *ret, uint32_t slot, const struct tx_vault_erasure *erasure) {
    assert(erasure->reference.n <= sizeof(ret->reference));
    ret->used = true;
    ret->slot = slot;
    ret->erasure = *erasure;
    memcpy(ret->reference, erasure->reference.p ? erasure->reference.p : "", erasure->reference.n);
    ret->erasure.reference.p = ret->reference;
}

void tx_intent_render(struct tx_hasher *hasher, uint64_t place, const struct tx_intent *intent,
                      uint8_t ret[TX_SLOT_INTENT_BYTES]) {
    struct tx_buf b = tx_buf_of(ret, TX_SLOT_INTENT_BYTES - CHECKSUM_BYTES);
    memset(ret, 0, TX_SLOT_INTENT_BYTES);
    if (!intent->used)
        return;
    tx_buf_u64(&b, intent->slot);
    tx_vault_erasure_render(&intent->erasure, &b);
    assert(!b.full);
    checksum(hasher, place, ret, TX_SLOT_INTENT_BYTES - CHECKSUM_BYTES, ret + b.cap);
}

int tx_intent_parse(struct tx_hasher *hasher, uint64_t place,
                    const uint8_t bytes[TX_SLOT_INTENT_BYTES], struct tx_intent *ret) {
    struct tx_cursor c = tx_cursor_of(bytes, TX_SLOT_INTENT_BYTES - CHECKSUM_BYTES);
    struct tx_vault_erasure erasure;
    uint64_t slot;

    if (memcmp(bytes, zeros, TX_SLOT_INTENT_BYTES) == 0) {
        ret->used = false;
        return 0;
    }
    if (!is_whole(hasher, place, bytes, TX_SLOT_INTENT_BYTES) || tx_cursor_u64(&c, &slot) < 0 ||
        slot > UINT32_MAX || tx_vault_erasure_parse(&c, &erasure) < 0)
        return -EBADMSG;
    tx_intent_set(ret, (uint32_t)slot, &erasure);
    return 0;
}

/* --- header --- */

void tx_slot_header_render(struct tx_hasher *hasher, const uint8_t mark[16],
                           uint8_t ret[TX_SLOT_HEADER_BYTES]) {
    memset(ret, 0, TX_SLOT_HEADER_BYTES);
    memcpy(ret, MAGIC, N_MAGIC);
    memcpy(ret + N_MAGIC, mark, N_MARK);
    checksum(hasher, 0, ret, N_MAGIC + N_MARK, ret + N_MAGIC + N_MARK);
}

int tx_slot_header_parse(struct tx_hasher *hasher, const uint8_t bytes[TX_SLOT_HEADER_BYTES],
                         uint8_t ret_mark[16]) {
    if (memcmp(bytes, MAGIC, N_MAGIC) != 0 ||
        !is_whole(hasher, 0, bytes, N_MAGIC + N_MARK + CHECKSUM_BYTES))
        return -EBADMSG;
    memcpy(ret_mark, bytes + N_MAGIC, N_MARK);
    return 0;
}
