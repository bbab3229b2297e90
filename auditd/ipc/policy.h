/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_POLICY_H
#define TX_IPC_POLICY_H

/*
 * What ingest masks by, as the supervisor hands it on: one sealed memory file with the
 * configuration in force, which names no file and no user, and the bytes of all keys. And what is
 * to be recorded of a change. Little-endian.
 */

#include <stdbool.h>

#include "libtx/base/buf.h"
#include "libtx/base/cursor.h"
#include "libtx/base/text.h"

#define TX_IPC_POLICY_KEYS_MAX 32
#define TX_IPC_POLICY_KEY_BYTES_MIN 32
#define TX_IPC_POLICY_KEY_BYTES_MAX 64
#define TX_IPC_POLICY_HASH_BYTES 32

struct tx_ipc_policy_key {
    struct tx_text id;
    const uint8_t *bytes;
    size_t n;
};

/* u32 magic, u8 has_sha256, 32 bytes sha256, u8 count of keys; of each u8 length, id, u8 length,
 * bytes; u32 length, text. */
struct tx_ipc_policy {
    bool has_sha256; /* of the policy, as whoever tried it found: ingest's must be the same */
    uint8_t sha256[TX_IPC_POLICY_HASH_BYTES];
    size_t n_keys;
    struct tx_ipc_policy_key keys[TX_IPC_POLICY_KEYS_MAX];
    struct tx_text text; /* the configuration */
};

#define TX_IPC_POLICY_OVERHEAD_BYTES 8192 /* of all that is not the text */

void tx_ipc_policy_render(const struct tx_ipc_policy *policy, struct tx_buf *b);
/* -EBADMSG. What it says borrows from the bytes. */
TX_MUST_USE int tx_ipc_policy_parse(struct tx_cursor *c, struct tx_ipc_policy *ret);

/* --- of a change, for the record --- */

#define TX_IPC_POLICY_WEAKENED_MAX 64
#define TX_IPC_POLICY_WEAKENED_BYTES 6144 /* of their texts together */

struct tx_ipc_policy_change {
    struct tx_text why;      /* "start", "reload": what it came by */
    struct tx_text rejected; /* one word: why it is not in force; n == 0: it is */
    struct tx_text place;    /* file:line:column of the first error; n == 0: not known */
    bool allowed;            /* --allow-weaker */
    bool more;               /* there was more than these */
    size_t n_weakened;
    struct tx_text weakened[TX_IPC_POLICY_WEAKENED_MAX];
};

#define TX_IPC_POLICY_CHANGE_BYTES (TX_IPC_POLICY_WEAKENED_BYTES + 4096)

/* Texts that do not fit are left out, and `more` is said. */
void tx_ipc_policy_change_render(const struct tx_ipc_policy_change *change, struct tx_buf *b);
/* -EBADMSG. Texts borrow from the payload; whether they are UTF-8 is not looked at. */
TX_MUST_USE int tx_ipc_policy_change_parse(struct tx_text payload,
                                           struct tx_ipc_policy_change *ret);

#endif
