/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/random.h>

#include "libtx/base/limits.h"
#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action-parts.h"

/*
 * txe1:<ref>:<nonce>:<ciphertext ‖ tag>, each in base64url (docs/format.md section 8): AES-256-GCM
 * under the key of a person, with a random nonce, bound to its place: the record, the field, which
 * of the field's ciphertexts it is, and the policy. When that key is destroyed, nobody can read it.
 * The key is asked for anew each time, so that it is for its owner to say that there is none any
 * more; only setting it up is spared.
 */

#define TEXT_BYTES_MAX (1u << 20)
#define BOUND_BYTES (13 + 16 + 2 + TX_LIMIT_NAME_BYTES + 8 + 2)
#define PREFIX TX_TEXT("txe1:")
#define REF_CHARS 22
#define NONCE_CHARS 16
#define TAG_CHARS 22

static size_t base64url_length(size_t n) {
    return n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

/* --- keys --- */

int tx_action_seals_new(struct tx_action_tools *tools) {
    static const uint8_t none[TX_AEAD_KEY_BYTES];
    _cleanup_(tx_aead_freep) struct tx_aead *aead = NULL;

    if (tools->seals[0].aead)
        return 0;
    int r = tx_aead_new(&aead);
    for (size_t i = 0; i < TX_COUNT_OF(tools->seals) && r == 0; i++)
        r = tx_aead_key_new(aead, none, &tools->seals[i].aead);
    return r;
}

void tx_action_seals_free(struct tx_action_tools *tools) {
    for (size_t i = 0; i < TX_COUNT_OF(tools->seals); i++)
        tx_aead_key_free(tools->seals[i].aead);
}

void tx_action_tools_forget(struct tx_action_tools *tools) {
    static const uint8_t none[TX_AEAD_KEY_BYTES];
    for (size_t i = 0; i < TX_COUNT_OF(tools->seals); i++) {
        struct tx_action_seal *seal = &tools->seals[i];
        if (seal->used > 0)
            tx_aead_key_set(seal->aead, none);
        tx_wipe(&seal->key, sizeof(seal->key));
        seal->used = 0;
    }
}

/* The key, set up: of those that are, or in place of the one whose last use is longest ago. */
static struct tx_aead_key *find_seal(struct tx_action_tools *tools,
                                     const struct tx_subject_key *key) {
    struct tx_action_seal *found = NULL, *oldest = &tools->seals[0];
    for (size_t i = 0; i < TX_COUNT_OF(tools->seals) && !found; i++) {
        struct tx_action_seal *seal = &tools->seals[i];
        if (seal->used > 0 && memcmp(&seal->key, key, sizeof(*key)) == 0)
            found = seal;
        if (seal->used < oldest->used)
            oldest = seal;
    }
    if (!found) {
        found = oldest;
        tx_aead_key_set(found->aead, key->key);
        found->key = *key;
    }
    found->used = ++tools->calls;
    return found->aead;
}

/* --- the token --- */

static void put_u16(struct tx_buf *b, size_t v) {
    uint8_t bytes[2];
    tx_action_big_endian(v, sizeof(bytes), bytes);
    tx_buf_put(b, bytes, sizeof(bytes));
}

static bool put_bound(const struct tx_action_subject *subject, struct tx_buf *b) {
    tx_buf_str(b, "tracex-enc-v1");
    tx_buf_put(b, subject->record_id, 16);
    put_u16(b, subject->field.n);
    tx_buf_put(b, subject->field.p, subject->field.n);
    tx_buf_put(b, subject->policy, 8);
    put_u16(b, subject->ordinal);
    return !b->full && subject->ordinal <= UINT16_MAX;
}

/* The sealed bytes are put at the end of the room for their base64, which is written from its
 * beginning: four characters need three bytes, so it never comes past what is still to be read. */
static void put_sealed(struct tx_aead_key *key, const uint8_t *nonce, const struct tx_buf *bound,
                       struct tx_text text, struct tx_buf *out) {
    size_t n = text.n + TX_AEAD_TAG_BYTES, length = base64url_length(n);
    uint8_t *room = tx_buf_reserve(out, length);
    if (!room)
        return;
    uint8_t *sealed = room + length - n;
    struct tx_buf b = tx_buf_of(room, length);
    tx_aead_seal(key, nonce, bound->data, bound->len, text.p, text.n, sealed);
    tx_buf_base64url(&b, sealed, n);
}

static int put_token(struct tx_action_tools *tools, const struct tx_action_subject *subject,
                     const struct tx_buf *bound, struct tx_buf *out) {
    uint8_t nonce[TX_AEAD_NONCE_BYTES];
    struct tx_subject_key key;

    if (getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
        return TX_ACTION_E_FAILED;
    if (tools->subjects->get(tools->subjects->data, subject->person, &key) != 0) {
        tx_wipe(&key, sizeof(key));
        return TX_ACTION_E_FAILED;
    }
    tx_buf_put(out, PREFIX.p, PREFIX.n);
    tx_buf_base64url(out, key.ref, sizeof(key.ref));
    tx_buf_char(out, ':');
    tx_buf_base64url(out, nonce, sizeof(nonce));
    tx_buf_char(out, ':');
    put_sealed(find_seal(tools, &key), nonce, bound, subject->text, out);
    tx_wipe(&key, sizeof(key));
    return 0;
}

/* What can be searched for, though the value cannot be read. */
static int put_index(struct tx_action_tools *tools, char *key,
                     const struct tx_action_subject *subject, struct tx_buf *out) {
    const struct tx_masking_action action = {
        .kind = TX_ACTION_PSEUDONYM,
        .pseudonym = {.key = key, .bits = 128, .canonical = true},
    };
    int r = tx_action_pseudonym(tools, &action, subject, out);
    tx_buf_char(out, ';');
    return r;
}

int tx_action_encrypt(struct tx_action_tools *tools, const struct tx_masking_action *action,
                      const struct tx_action_subject *subject, struct tx_buf *out) {
    uint8_t memory[BOUND_BYTES];
    struct tx_buf bound = tx_buf_of(memory, sizeof(memory));

    if (!tools->subjects || !tools->seals[0].aead || subject->person.n == 0 ||
        subject->text.n > TEXT_BYTES_MAX || !put_bound(subject, &bound))
        return TX_ACTION_E_FAILED;
    if (action->encrypt.also_index) {
        int r = put_index(tools, action->encrypt.also_index, subject, out);
        if (r != 0)
            return r;
    }
    return put_token(tools, subject, &bound, out);
}

/* --- telling it --- */

static bool take_base64url(struct tx_text *text, size_t n) {
    if (text->n < n || !tx_action_is_base64url((struct tx_text){text->p, n}))
        return false;
    *text = (struct tx_text){text->p + n, text->n - n};
    return true;
}

static bool take_colon(struct tx_text *text) {
    if (text->n == 0 || text->p[0] != ':')
        return false;
    *text = (struct tx_text){text->p + 1, text->n - 1};
    return true;
}

bool tx_ciphertext_is(struct tx_text text) {
    const char *index = text.n ? memchr(text.p, ';', text.n) : NULL;
    if (index) {
        size_t n = (size_t)(index - text.p);
        if (!tx_pseudonym_is((struct tx_text){text.p, n}))
            return false;
        text = (struct tx_text){index + 1, text.n - n - 1};
    }
    if (!tx_text_starts(text, PREFIX))
        return false;
    text = (struct tx_text){text.p + PREFIX.n, text.n - PREFIX.n};
    return take_base64url(&text, REF_CHARS) && take_colon(&text) &&
           take_base64url(&text, NONCE_CHARS) && take_colon(&text) && text.n >= TAG_CHARS &&
           tx_action_is_base64url(text);
}
