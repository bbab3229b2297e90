/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_OWN_RECORDS_H
#define TX_INGEST_OWN_RECORDS_H

/*
 * The records that ingest writes itself (docs/format.md section 4). tracex.lost belongs to the
 * datagram that showed the loss and is made again with it; tracex.policy and tracex.rejected are
 * kept here until they are durable, so that a new stream gets them again.
 */

#include "auditd/ingest/ledger-link.h"
#include "auditd/ipc/policy.h"
#include "auditd/ipc/vault.h"

/* The body of a tracex.lost record; `why` is one word. */
void tx_own_render_lost(struct tx_buf *b, const uint8_t client[8], uint64_t first, uint64_t last,
                        const char *why);
/* `uid` NULL: of several. `reason` never holds a client's bytes. */
void tx_own_render_rejected(struct tx_buf *b, const uint32_t *uid, uint64_t count,
                            const char *reason);
/* The policy now in force; `before` is the one until now, or NULL. What of the change is not UTF-8
 * is left out. */
struct tx_own_policy {
    const char *sha256, *before; /* lower-case hex */
    bool lockdown;
    const struct tx_ipc_policy_change *change;
};
void tx_own_render_policy(struct tx_buf *b, const struct tx_own_policy *policy);
/* Of persons they name keys and requests, never who it is. Texts are UTF-8. */
void tx_own_render_erased(struct tx_buf *b, const struct tx_vault_erasure *erasure);
void tx_own_render_revealed(struct tx_buf *b, const struct tx_vault_reveal *reveal);

#define TX_OWN_BODY_BYTES 1024
/* Of tracex.policy: what was loosened, each byte escaped. */
#define TX_OWN_POLICY_BODY_BYTES (48u * 1024u)
/* Of tracex.erased and tracex.revealed: their texts, each byte escaped. */
#define TX_OWN_LONG_BODY_BYTES 4096

struct tx_own_record;

struct tx_own_records {
    struct tx_own_record *first; /* oldest first */
    struct tx_own_record *last;
    struct tx_own_record *unsent; /* from here on */
    struct tx_own_record *done;   /* durable, and somebody waits to hear of it */
    size_t n;
};

void tx_own_deinit(struct tx_own_records *own);

/* Queues a body; `policy` (n == 0: none) is sent before it in a POLICY frame. Both are copied.
 * number > 0: somebody asks by tx_own_done. */
TX_MUST_USE int tx_own_add(struct tx_own_records *own, struct tx_text body, struct tx_text policy,
                           uint64_t number);
/* Of numbers of a client that are lost: the frame says which. */
TX_MUST_USE int tx_own_add_numbered(struct tx_own_records *own, struct tx_text body,
                                    const struct tx_bodies_frame *frame);
/* The number of one that has become durable; 0: none. It is the same until it is dropped. */
uint64_t tx_own_done(const struct tx_own_records *own);
void tx_own_drop_done(struct tx_own_records *own);

/* Hands the link what it has not yet. */
TX_MUST_USE int tx_own_send(struct tx_own_records *own, struct tx_link *link);
/* Tickets below `durable` are durable. */
void tx_own_settle(struct tx_own_records *own, uint64_t durable);
/* There is a new stream: everything is to be sent again. */
void tx_own_restart(struct tx_own_records *own);

#endif
