/* SPDX-License-Identifier: MIT */
#include "libtx/segment/signatures.h"

#include <stdio.h>
#include <string.h>

size_t tx_epoch_key_name(struct tx_text origin, uint64_t epoch, char *ret) {
    struct tx_buf b = tx_buf_of(ret, TX_KEY_NAME_BYTES);
    tx_buf_put(&b, origin.p, origin.n);
    tx_buf_str(&b, "/epoch/");
    tx_buf_dec(&b, epoch);
    return b.full ? 0 : b.len;
}

bool tx_key_is_identity(const struct tx_vkey *vkey, struct tx_text origin) {
    return vkey->type == TX_KEY_ED25519 &&
           tx_text_equal((struct tx_text){vkey->name, vkey->n_name}, origin);
}

bool tx_key_is_epoch(const struct tx_vkey *vkey, struct tx_text origin, uint64_t epoch) {
    char name[TX_KEY_NAME_BYTES];
    size_t n = tx_epoch_key_name(origin, epoch, name);
    return vkey->type == TX_KEY_COSIGNATURE && n > 0 &&
           tx_text_equal((struct tx_text){vkey->name, vkey->n_name}, (struct tx_text){name, n});
}

static int verify(const struct tx_signature_checker *checker, const struct tx_note *note,
                  const struct tx_vkey *vkey, uint64_t *ret_time) {
    if (checker && checker->verify)
        return checker->verify(checker->context, note, vkey, ret_time);
    return tx_note_verify(note, vkey, ret_time);
}

static int wrong(struct tx_signature_verdict *ret, enum tx_finding_kind kind, const char *text) {
    ret->kind = kind;
    snprintf(ret->text, sizeof(ret->text), "%s", text);
    return TX_SIGNATURES_E_WRONG;
}

static bool is_by(const struct tx_note_signature *signature, const struct tx_vkey *vkey) {
    return tx_text_equal(signature->name, (struct tx_text){vkey->name, vkey->n_name}) &&
           memcmp(signature->id, vkey->id, sizeof(vkey->id)) == 0;
}

/* One changed character of base64 can change an id's last byte and the signature's first. Of two
 * keys, three bytes are not the same. */
static bool is_nearly(const uint8_t a[4], const uint8_t b[4]) {
    int n = 0;
    for (int i = 0; i < 4; i++)
        n += a[i] == b[i];
    return n >= 3;
}

/* The signature is by another name or id. When it verifies by the key all the same, somebody
 * changed the line; when not, somebody else has signed. */
static int look_closer(const struct tx_signature_checker *checker, struct tx_note *note, size_t at,
                       const struct tx_vkey *vkey, bool is_epoch,
                       struct tx_signature_verdict *ret) {
    struct tx_note_signature kept = note->signatures[0], *first = &note->signatures[0];
    uint64_t time;

    *first = note->signatures[at];
    struct tx_text name = first->name;
    bool same_name = tx_text_equal(name, (struct tx_text){vkey->name, vkey->n_name});
    bool nearly = same_name && is_nearly(first->id, vkey->id);
    first->name = (struct tx_text){vkey->name, vkey->n_name};
    memcpy(first->id, vkey->id, sizeof(vkey->id));
    int r = verify(checker, note, vkey, &time);
    *first = kept;
    if (r < 0)
        return r;
    if (r == 0 || nearly)
        return wrong(ret, TX_FINDING_CHANGED, "a signature's key name or key id was changed");
    if (!is_epoch)
        return wrong(ret, TX_FINDING_WRONG_KEY,
                     "it is signed by another key than the identity key");
    return wrong(ret, TX_FINDING_WRONG_EPOCH,
                 same_name ? "it is signed by another key under the epoch's name"
                           : "it is signed by another epoch's key than the one that belongs here");
}

static int check_one(const struct tx_signature_checker *checker, struct tx_note *note, size_t at,
                     const struct tx_vkey *vkey, bool is_epoch, struct tx_signature_verdict *ret) {
    uint64_t time = 0;

    if (at >= note->n_signatures)
        return wrong(ret, TX_FINDING_MALFORMED,
                     is_epoch ? "the epoch key's signature is not there"
                              : "the identity key's signature is not there");
    if (!vkey)
        return 0;
    if (!is_by(&note->signatures[at], vkey))
        return look_closer(checker, note, at, vkey, is_epoch, ret);
    int r = verify(checker, note, vkey, &time);
    if (r < 0)
        return r;
    if (r > 0)
        return wrong(ret, TX_FINDING_CHANGED,
                     is_epoch ? "the epoch key's signature does not verify"
                              : "the identity key's signature does not verify");
    if (is_epoch)
        ret->time = time;
    return 0;
}

int tx_signatures_check(const struct tx_signature_checker *checker, struct tx_note *note,
                        const struct tx_signers *signers, struct tx_signature_verdict *ret) {
    size_t at = 0;
    ret->time = 0;
    int r = check_one(checker, note, at++, signers->identity, false, ret);
    if (r == 0 && signers->has_epoch)
        r = check_one(checker, note, at++, signers->epoch, true, ret);
    if (r == 0 && signers->has_next)
        r = check_one(checker, note, at++, signers->next_epoch, true, ret);
    if (r == 0 && note->n_signatures > at && !signers->allow_more)
        return wrong(ret, TX_FINDING_INSERTED, "it carries a signature that the log does not make");
    return r;
}
