/* SPDX-License-Identifier: MIT */
#include "auditd/vault/vault.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "auditd/vault/token.h"
#include "libtx/base/clock.h"
#include "libtx/crypto/secret.h"

static void index_of(const struct tx_vault *vault, struct tx_text person,
                     uint8_t ret[TX_SLOT_INDEX_BYTES]) {
    struct tx_digest digest;
    tx_hmac(vault->kek.index, person.p, person.n, &digest);
    memcpy(ret, digest.bytes, TX_SLOT_INDEX_BYTES);
}

/* --- a slot's key --- */

#define BOUND_BYTES (TX_SLOT_INDEX_BYTES + TX_VAULT_REF_BYTES)

/* A wrapped key cannot be moved to another person or another ref. */
static void bound_of(const struct tx_slot *slot, uint8_t ret[BOUND_BYTES]) {
    memcpy(ret, slot->index, TX_SLOT_INDEX_BYTES);
    memcpy(ret + TX_SLOT_INDEX_BYTES, slot->ref, TX_VAULT_REF_BYTES);
}

static void wrap(struct tx_vault *vault, const uint8_t key[TX_VAULT_KEY_BYTES],
                 struct tx_slot *slot) {
    uint8_t bound[BOUND_BYTES];
    bound_of(slot, bound);
    tx_aead_seal(vault->kek.wrap, slot->sealed, bound, sizeof(bound), key, TX_VAULT_KEY_BYTES,
                 slot->sealed + TX_AEAD_NONCE_BYTES);
}

static int unwrap(struct tx_vault *vault, const struct tx_slot *slot,
                  uint8_t ret_key[TX_VAULT_KEY_BYTES]) {
    uint8_t bound[BOUND_BYTES];
    bound_of(slot, bound);
    int r = tx_aead_open(vault->kek.wrap, slot->sealed, bound, sizeof(bound),
                         slot->sealed + TX_AEAD_NONCE_BYTES,
                         sizeof(slot->sealed) - TX_AEAD_NONCE_BYTES, ret_key);
    return r == 0 ? 0 : -EBADMSG;
}

static int draw(void *p, size_t n) {
    return getrandom(p, n, 0) == (ssize_t)n ? 0 : -EIO;
}

static int make_key(struct tx_vault *vault, const uint8_t index[TX_SLOT_INDEX_BYTES],
                    struct tx_vault_message *ret) {
    struct tx_slot slot = {.state = TX_SLOT_LIVE, .time = tx_clock_wall()};

    memcpy(slot.index, index, sizeof(slot.index));
    if (draw(slot.ref, sizeof(slot.ref)) < 0 || draw(slot.sealed, TX_AEAD_NONCE_BYTES) < 0 ||
        draw(ret->key, sizeof(ret->key)) < 0)
        return -EIO;
    wrap(vault, ret->key, &slot);
    int r = tx_table_add(vault->table, &slot);
    if (r < 0)
        return r;
    memcpy(ret->ref, slot.ref, sizeof(ret->ref));
    vault->n_made++;
    return 0;
}

/* --- ingest's question --- */

static int get(struct tx_vault *vault, struct tx_text person, struct tx_vault_message *ret) {
    uint8_t index[TX_SLOT_INDEX_BYTES];
    struct tx_slot slot;

    index_of(vault, person, index);
    int r = tx_table_find(vault->table, index, &slot);
    if (r == TX_TABLE_E_ABSENT)
        return make_key(vault, index, ret);
    if (r == 0)
        r = unwrap(vault, &slot, ret->key);
    if (r == 0)
        memcpy(ret->ref, slot.ref, sizeof(ret->ref));
    return r;
}

int tx_vault_serve(struct tx_vault *vault, struct tx_text message, struct tx_buf *reply) {
    struct tx_vault_message question, answer = {.type = TX_VAULT_ERROR};

    if (tx_vault_message_parse(message, &question) < 0 || question.type != TX_VAULT_GET)
        return -EBADMSG;
    answer.number = question.number;
    if (question.person.n == 0 || question.person.n > TX_VAULT_PERSON_BYTES) {
        answer.error = TX_VAULT_E_PERSON;
    } else if (get(vault, question.person, &answer) < 0) {
        answer.error = TX_VAULT_E_STORAGE;
    } else {
        answer.type = TX_VAULT_KEY;
        vault->n_given++;
    }
    tx_vault_message_render(&answer, reply);
    tx_wipe(&answer, sizeof(answer));
    assert(!reply->full);
    return 0;
}

/* --- erasure --- */

int tx_vault_erase(struct tx_vault *vault, struct tx_text person, struct tx_vault_erasure *erasure,
                   enum tx_vault_erased *ret) {
    uint8_t index[TX_SLOT_INDEX_BYTES];

    index_of(vault, person, index);
    erasure->time = tx_clock_wall();
    int r = tx_table_erase(vault->table, index, erasure);
    if (r < 0)
        return r;
    *ret = r == 0                   ? TX_VAULT_ERASED_DONE
           : r == TX_TABLE_E_ABSENT ? TX_VAULT_ERASED_NOTHING
                                    : TX_VAULT_ERASED_BUSY;
    return 0;
}

/* --- revelation --- */

static enum tx_vault_result open_with(struct tx_vault *vault, const struct tx_slot *slot,
                                      const struct tx_vault_reveal *reveal,
                                      const struct tx_token *token, uint16_t ordinal,
                                      struct tx_buf *clear) {
    uint8_t key[TX_VAULT_KEY_BYTES], bound[TX_TOKEN_BOUND_BYTES];
    struct tx_buf b = tx_buf_of(bound, sizeof(bound));

    if (unwrap(vault, slot, key) < 0)
        return TX_VAULT_FAILED;
    tx_aead_key_set(vault->work, key);
    tx_wipe(key, sizeof(key));
    tx_token_render_bound(reveal, ordinal, &b);
    assert(!b.full);
    uint8_t *out = tx_buf_reserve(clear, token->n_sealed - TX_AEAD_TAG_BYTES);
    int r = out ? tx_aead_open(vault->work, token->nonce, bound, b.len, token->sealed,
                               token->n_sealed, out)
                : -ENOBUFS;
    tx_aead_key_set(vault->work, key); /* zeros: what was used does not stay there */
    if (r != 0)
        return TX_VAULT_FORGED;
    vault->n_revealed++;
    return TX_VAULT_CLEAR;
}

enum tx_vault_result tx_vault_open_token(struct tx_vault *vault,
                                         const struct tx_vault_reveal *reveal,
                                         const struct tx_vault_question *question,
                                         struct tx_buf *clear, int64_t *ret_time) {
    _cleanup_(tx_freep) uint8_t *memory = malloc(question->token.n + 1);
    struct tx_token token;
    struct tx_slot slot;

    if (!memory)
        return TX_VAULT_FAILED;
    if (tx_token_parse(question->token, memory, &token) < 0)
        return TX_VAULT_NO_TOKEN;
    int r = tx_table_find_ref(vault->table, token.ref, &slot);
    if (r != 0)
        return r == TX_TABLE_E_ABSENT ? TX_VAULT_UNKNOWN : TX_VAULT_FAILED;
    if (slot.state == TX_SLOT_ERASED) {
        *ret_time = slot.time;
        return TX_VAULT_ERASED;
    }
    return open_with(vault, &slot, reveal, &token, question->ordinal, clear);
}

/* --- status --- */

static void put_number(struct tx_buf *b, const char *name, uint64_t v) {
    tx_buf_str(b, b->data[b->len - 1] == '{' ? "\"" : ",\"");
    tx_buf_str(b, name);
    tx_buf_str(b, "\":");
    tx_buf_dec(b, v);
}

void tx_vault_render_status(const struct tx_vault *vault, struct tx_buf *b) {
    struct tx_table_counts counts = tx_table_counts(vault->table);
    tx_buf_char(b, '{');
    put_number(b, "keys", counts.live);
    put_number(b, "erased", counts.erased);
    put_number(b, "unrecorded", counts.unrecorded);
    put_number(b, "damaged", counts.damaged);
    put_number(b, "made", vault->n_made);
    put_number(b, "given", vault->n_given);
    put_number(b, "revealed", vault->n_revealed);
    tx_buf_char(b, '}');
}
