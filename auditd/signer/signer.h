/* SPDX-License-Identifier: MIT */
#ifndef TX_SIGNER_SIGNER_H
#define TX_SIGNER_SIGNER_H

/*
 * The process's one struct, and its life: start (load the state and keys, or make them in an empty
 * directory) → serve requests → sync. It signs only for its own tree, which can only grow.
 */

#include "auditd/ipc/notary.h"
#include "auditd/signer/epoch.h"
#include "auditd/signer/keys.h"
#include "auditd/signer/state.h"

/* Room for the sentence that a person gets when the start is refused. */
#define TX_SIGNER_WHY_BYTES 2048

struct tx_signer_options {
    int dirfd; /* the key directory; stays the caller's */
    struct tx_text origin;
    struct tx_epoch_limits limits;
    const char *directory;   /* the key directory's name, for messages */
    const char *config_name; /* the configuration's name, for messages */
    const char *new_log; /* the option of tracex-auditd that begins a new log; NULL: --new-log */
};

struct tx_signer {
    struct tx_signer_options options;
    struct tx_hasher *hasher;
    struct tx_state_file *file;
    struct tx_state state;
    struct tx_keys keys;
    uint8_t boot_id[16];
    bool has_old_secret; /* state.epoch - 1's could not be erased yet */
};

/* TX_SIGNER_E_REFUSED: a person has to decide; `ret_why` (TX_SIGNER_WHY_BYTES) says what was found
 * and what to do. < 0: a restart may mend it. Signs once, so that OpenSSL has loaded all it needs.
 */
enum { TX_SIGNER_E_REFUSED = 1 };
TX_MUST_USE int tx_signer_start(const struct tx_signer_options *options, struct tx_signer **ret,
                                char *ret_why);
void tx_signer_free(struct tx_signer *signer);
TX_DEFINE_CLEANUP(struct tx_signer *, tx_signer_free);

/* Answers one message of the ledger; appends the reply to an empty buffer of at least
 * TX_NOTARY_MESSAGE_BYTES. What it cannot do is answered too, so it cannot fail. */
void tx_signer_serve(struct tx_signer *signer, struct tx_text message, struct tx_buf *reply);

/* Makes the state survive a power cut. */
TX_MUST_USE int tx_signer_sync(struct tx_signer *signer);

/* Appends the status as a JSON object. */
void tx_signer_render_status(const struct tx_signer *signer, struct tx_buf *b);

#endif
