/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_SIGNING_H
#define TX_CRYPTO_SIGNING_H

/*
 * Secrets that sign. Only auditd/signer includes this header (a test of the layer table sees to
 * it). A secret is one opaque type: locked in memory, left out of core dumps, wiped when freed,
 * never copied out except into the file that keeps it.
 */

#include "libtx/crypto/vkey.h"

struct tx_signing_key;

/* Draws a new Ed25519 key. name and type as for a vkey. */
TX_MUST_USE int tx_signing_key_generate(struct tx_hasher *hasher, struct tx_text name, uint8_t type,
                                        struct tx_signing_key **ret);

/* From a 32-byte Ed25519 seed (RFC 8032 section 5.1.5). */
TX_MUST_USE int tx_signing_key_from_seed(struct tx_hasher *hasher, struct tx_text name,
                                         uint8_t type, const uint8_t seed[32],
                                         struct tx_signing_key **ret);
void tx_signing_key_free(struct tx_signing_key *key);
TX_DEFINE_CLEANUP(struct tx_signing_key *, tx_signing_key_free);

const struct tx_vkey *tx_signing_key_vkey(const struct tx_signing_key *key);

/* The file form, one line: "PRIVATE+KEY+<name>+<id>+<base64(type ‖ seed)>\n", as Go's
 * golang.org/x/mod/sumdb/note writes it. Load: mode must not let group or others read (-EPERM).
 * Store: 0600, synced, replaced atomically. Erase: overwrites, syncs, unlinks; a best effort on
 * storage that copies. -ENOENT when it is not there. */
TX_MUST_USE int tx_signing_key_load_at(struct tx_hasher *hasher, int dirfd, const char *name,
                                       struct tx_signing_key **ret);
TX_MUST_USE int tx_signing_key_store_at(const struct tx_signing_key *key, int dirfd,
                                        const char *name);
TX_MUST_USE int tx_signing_key_erase_at(int dirfd, const char *name);

/* Appends the signature line over `text` (with its last newline) to *b. For type 0x04 `time` (POSIX
 * seconds) is signed too; for 0x01 it is not used. */
TX_MUST_USE int tx_signing_key_sign_note(const struct tx_signing_key *key, struct tx_text text,
                                         uint64_t time, struct tx_buf *b);

#endif
