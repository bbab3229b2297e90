/* SPDX-License-Identifier: MIT */
#ifndef TX_VAULT_KEK_H
#define TX_VAULT_KEK_H

/*
 * The key-encryption key: 32 random bytes in the file `kek`, or in a descriptor that the service
 * manager's credential gave. Whoever has it and the table has every person's key that was not
 * destroyed. What it is used for are keys derived from it, one for each purpose.
 */

#include "libtx/crypto/aead.h"
#include "libtx/crypto/hash.h"

#define TX_KEK_FILE "kek"
#define TX_KEK_BYTES 32
#define TX_KEK_MARK_BYTES 16

struct tx_kek {
    struct tx_hmac *index;           /* a person's name → the index of his slot */
    struct tx_aead_key *wrap;        /* of persons' keys */
    uint8_t mark[TX_KEK_MARK_BYTES]; /* tells this one from others, and nothing else */
};

void tx_kek_deinit(struct tx_kek *kek);

/* Draws one and stores it durably, in place of none. */
TX_MUST_USE int tx_kek_make(int dirfd);

/* fd >= 0: reads it there, else from the directory. -ENOENT; TX_KEK_E_MODE: others than its owner
 * may read the file; TX_KEK_E_DAMAGED: it has not 32 bytes. */
enum { TX_KEK_E_MODE = 1, TX_KEK_E_DAMAGED };
TX_MUST_USE int tx_kek_load(int dirfd, int fd, const struct tx_aead *aead, struct tx_kek *ret);

#endif
