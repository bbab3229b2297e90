/* SPDX-License-Identifier: MIT */
#ifndef TX_VAULT_VAULT_H
#define TX_VAULT_VAULT_H

/*
 * The process's one struct, and what it does for others: a person's key, made when there is none;
 * its end; and clear text for a caller whom the log knows of. Who a person is never stands on disk:
 * a slot is found by a keyed hash of the name. It knows no socket.
 */

#include "auditd/vault/kek.h"
#include "auditd/vault/table.h"

/* Room for the sentence that a person gets when the start is refused. */
#define TX_VAULT_WHY_BYTES 2048

struct tx_vault_options {
    int dirfd;             /* stays the caller's */
    int kek_fd;            /* a credential; -1: the key lies in the directory */
    const char *directory; /* its name, for messages */
};

struct tx_vault {
    struct tx_vault_options options;
    struct tx_hasher *hasher;
    struct tx_aead *aead;
    struct tx_aead_key *work; /* set anew for each value */
    struct tx_kek kek;
    struct tx_table *table;
    uint64_t n_made, n_given, n_revealed;
};

/* In an empty directory it makes the key-encryption key and the table. TX_VAULT_E_REFUSED: a person
 * has to decide; ret_why (TX_VAULT_WHY_BYTES) says what was found and what to do. < 0: a restart
 * may mend it. */
enum { TX_VAULT_E_REFUSED = 1 };
TX_MUST_USE int tx_vault_start(const struct tx_vault_options *options, struct tx_vault **ret,
                               char *ret_why);
void tx_vault_free(struct tx_vault *vault);
TX_DEFINE_CLEANUP(struct tx_vault *, tx_vault_free);

/* Answers one message of ingest; what cannot be done is answered too. -EBADMSG: it is not one. The
 * caller wipes *reply. */
TX_MUST_USE int tx_vault_serve(struct tx_vault *vault, struct tx_text message,
                               struct tx_buf *reply);

/* Destroys the person's key; `erasure` has request, uid, pid and reference, and gets time and ref.
 * < 0: the process ends, and its next start finishes what has begun. */
TX_MUST_USE int tx_vault_erase(struct tx_vault *vault, struct tx_text person,
                               struct tx_vault_erasure *erasure, enum tx_vault_erased *ret);

/* Opens one token of what `reveal` names into `clear`, an empty buffer of TX_VAULT_TOKEN_BYTES that
 * the caller wipes. ERASED: *ret_time is when. */
enum tx_vault_result tx_vault_open_token(struct tx_vault *vault,
                                         const struct tx_vault_reveal *reveal,
                                         const struct tx_vault_question *question,
                                         struct tx_buf *clear, int64_t *ret_time);

/* Appends the status as a JSON object. */
void tx_vault_render_status(const struct tx_vault *vault, struct tx_buf *b);

#endif
