/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_VAULT_H
#define TX_IPC_VAULT_H

/*
 * What crosses to and from the vault, the keeper of persons' keys.
 *
 * Ingest → vault, one SEQPACKET message each, little-endian:
 *
 *   GET    u8 1, u32 number, the person's name            the key of that person, made and stored
 *   KEY    u8 65, u32 number, ref[16], key[32]            when there is none
 *   ERROR  u8 66, u32 number, u8 error
 *
 * The number comes back, so that an answer that comes too late is not taken for another's.
 *
 * The supervisor's messages (auditd/ipc/control.h) carry an erasure or a revelation as below.
 *
 * A caller who may have something revealed gets GO from the vault itself on his connection, then
 * sends token after token, one message each: u16 which of the field's tokens it is, from 1, and the
 * token. He gets for each a message: u8 result, and with CLEAR the clear text, with ERASED i64
 * nanoseconds since 1970.
 */

#include "libtx/base/buf.h"
#include "libtx/base/cursor.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"

/* Who a person is: an id, never a document. */
#define TX_VAULT_PERSON_BYTES 1024u
#define TX_VAULT_REF_BYTES 16
#define TX_VAULT_KEY_BYTES 32
#define TX_VAULT_ID_BYTES 16         /* of a request, of a record */
#define TX_VAULT_REFERENCE_BYTES 64u /* what the operator calls an erasure: a ticket's number */
#define TX_VAULT_REASON_BYTES 256u

enum tx_vault_type {
    TX_VAULT_GET = 1,
    TX_VAULT_KEY = 65,
    TX_VAULT_ERROR,
};

enum tx_vault_error {
    TX_VAULT_E_PERSON = 1, /* an empty name, or one that is too long */
    TX_VAULT_E_STORAGE,    /* a new key could not be stored, or an old one not read */
};

#define TX_VAULT_MESSAGE_BYTES (5u + TX_VAULT_PERSON_BYTES)

struct tx_vault_message {
    enum tx_vault_type type;
    uint32_t number;
    struct tx_text person;           /* GET; borrowed */
    uint8_t ref[TX_VAULT_REF_BYTES]; /* KEY; random, says nothing of who it is */
    uint8_t key[TX_VAULT_KEY_BYTES]; /* KEY; whoever has read it wipes it */
    enum tx_vault_error error;       /* ERROR */
};

void tx_vault_message_render(const struct tx_vault_message *message, struct tx_buf *b);
/* -EBADMSG. A person's name of any length within the message is taken here. */
TX_MUST_USE int tx_vault_message_parse(struct tx_text bytes, struct tx_vault_message *ret);

/* A person's key was destroyed, or is to be. */
struct tx_vault_erasure {
    uint8_t request[TX_VAULT_ID_BYTES]; /* a random UUID */
    uint8_t ref[TX_VAULT_REF_BYTES];    /* zero until it is known */
    int64_t time;                       /* ns since 1970; 0 until it is done */
    uint32_t uid, pid;                  /* who asked */
    struct tx_text reference;           /* borrowed */
};

#define TX_VAULT_ERASURE_BYTES (2 * 16 + 8 + 2 * 4 + 2 + TX_VAULT_REFERENCE_BYTES)

void tx_vault_erasure_render(const struct tx_vault_erasure *erasure, struct tx_buf *b);
/* Takes it from the cursor; what follows is the caller's. -EBADMSG. Texts borrow. */
TX_MUST_USE int tx_vault_erasure_parse(struct tx_cursor *c, struct tx_vault_erasure *ret);

/* How an erasure ended. */
enum tx_vault_erased {
    TX_VAULT_ERASED_DONE = 1,
    TX_VAULT_ERASED_NOTHING, /* there is no key of that person */
    TX_VAULT_ERASED_BUSY,    /* too many are not recorded yet */
    TX_VAULT_ERASED_FAILED,  /* the vault's disk; what had begun is finished at its next start */
};

/* What somebody wants to see: the values in one field of one record. */
struct tx_vault_reveal {
    uint8_t request[TX_VAULT_ID_BYTES];
    uint64_t seq;
    uint8_t record[TX_VAULT_ID_BYTES]; /* the record's id; seq is only what the caller calls it */
    uint8_t policy[8];                 /* as the record names it */
    uint32_t uid, pid;
    struct tx_text field;  /* borrowed */
    struct tx_text reason; /* borrowed */
};

#define TX_VAULT_REVEAL_BYTES                                                                      \
    (2 * 16 + 2 * 8 + 2 * 4 + 2 * 2 + TX_LIMIT_NAME_BYTES + TX_VAULT_REASON_BYTES)

void tx_vault_reveal_render(const struct tx_vault_reveal *reveal, struct tx_buf *b);
TX_MUST_USE int tx_vault_reveal_parse(struct tx_cursor *c, struct tx_vault_reveal *ret);

enum tx_vault_result {
    TX_VAULT_GO = 1, /* tokens may come */
    TX_VAULT_CLEAR,
    TX_VAULT_ERASED,   /* its key was destroyed */
    TX_VAULT_UNKNOWN,  /* no key of this vault */
    TX_VAULT_FORGED,   /* not of that record, field and place in it, or changed */
    TX_VAULT_NO_TOKEN, /* not of a token's form */
    TX_VAULT_FAILED,   /* the vault could not read its table */
};

/* A token is a part of a record's line; clear text is shorter. */
#define TX_VAULT_TOKEN_BYTES TX_LIMIT_LINE_BYTES
#define TX_VAULT_QUESTION_BYTES (2u + TX_VAULT_TOKEN_BYTES)

struct tx_vault_question {
    uint16_t ordinal;
    struct tx_text token; /* borrowed */
};

#endif
