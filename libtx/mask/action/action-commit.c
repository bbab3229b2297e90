/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action-parts.h"

/*
 * commit:<base64url of SHA-256(salt ‖ value)> (docs/format.md section 8). The salt is another for
 * each value, and only the key gives it: nobody can try values, and whoever has the key can open
 * one without opening another.
 */

static_assert(TX_ACTION_SALT_BYTES <= TX_HASH_BYTES, "a salt is the beginning of a MAC");

static void find_salt(const struct tx_action_key *key, const uint8_t *record_id,
                      struct tx_text field, uint32_t n, struct tx_digest *ret) {
    uint8_t n_field[4], ordinal[4];
    tx_action_big_endian(field.n, sizeof(n_field), n_field);
    tx_action_big_endian(n, sizeof(ordinal), ordinal);
    const struct tx_text parts[] = {{(const char *)record_id, 16},
                                    {(const char *)n_field, sizeof(n_field)},
                                    field,
                                    {(const char *)ordinal, sizeof(ordinal)}};
    tx_mac(&key->commit, parts, TX_COUNT_OF(parts), ret);
}

static void put_commitment(const struct tx_digest *salt, struct tx_text value, struct tx_buf *out) {
    const struct tx_text parts[] = {{(const char *)salt->bytes, TX_ACTION_SALT_BYTES}, value};
    struct tx_digest digest;
    tx_mac_hash(parts, TX_COUNT_OF(parts), &digest);
    tx_buf_str(out, "commit:");
    tx_buf_base64url(out, digest.bytes, sizeof(digest.bytes));
}

int tx_action_commit(struct tx_action_tools *tools, const struct tx_masking_action *action,
                     const struct tx_action_subject *subject, struct tx_buf *out) {
    const struct tx_action_key *key = tx_action_key_find(tools, action->commit.key);
    struct tx_digest salt;

    if (!key)
        return TX_ACTION_E_FAILED;
    find_salt(key, subject->record_id, subject->field, subject->n, &salt);
    put_commitment(&salt, subject->text, out);
    tx_wipe(&salt, sizeof(salt));
    return 0;
}

int tx_action_commit_again(const struct tx_mask_key *key, const uint8_t *record_id,
                           struct tx_text field, uint32_t n, struct tx_text value,
                           struct tx_buf *out, uint8_t ret_salt[TX_ACTION_SALT_BYTES]) {
    struct tx_action_key own;
    struct tx_digest salt;

    if (key->n < TX_MASK_KEY_BYTES_MIN)
        return -EINVAL;
    tx_action_key_init(&own, key);
    find_salt(&own, record_id, field, n, &salt);
    put_commitment(&salt, value, out);
    memcpy(ret_salt, salt.bytes, TX_ACTION_SALT_BYTES);
    tx_wipe(&own, sizeof(own));
    tx_wipe(&salt, sizeof(salt));
    return 0;
}
