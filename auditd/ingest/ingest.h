/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_INGEST_H
#define TX_INGEST_INGEST_H

/*
 * The process that reads hostile bytes, as one struct. A datagram goes this way:
 *
 *   socket → inbox (receive.c)
 *   → decode, check, mask, encode (process.c) → the link of its log (outlet.c) → ledger
 *   the ledger says durable → inbox entry wiped, client told (settle.c)
 *
 * An event of the trace lane goes from its ring to that link (rings-drain.c). Inbox and rings
 * survive this process; everything else is made anew from them and from what the ledger says. So
 * nothing here is written down, and a new stream to the ledger (settle.c, tx_settle_connect) is the
 * same as a new start.
 */

#include <assert.h>
#include <stdbool.h>

#include "auditd/ingest/clients.h"
#include "auditd/ingest/connections.h"
#include "auditd/ingest/inbox.h"
#include "auditd/ingest/outlet.h"
#include "auditd/ingest/policy.h"
#include "auditd/ingest/rejections.h"
#include "auditd/ingest/rings.h"
#include "auditd/ingest/vault-link.h"
#include "auditd/ipc/control.h"
#include "auditd/ipc/loop.h"
#include "libtx/crypto/hash.h"
#include "libtx/record/record.h"
#include "libtx/wire/wire.h"

/* The datagram that is being processed; a full link can interrupt it between two records. */
struct tx_job {
    struct tx_inbox_entry *entry; /* NULL: none */
    struct tx_client *client;
    struct tx_wire_records records;
    struct tx_source source;     /* texts borrow from the entry */
    bool is_let_in[TX_STREAM_N]; /* a record of it went there: so do the others */
    struct tx_user *user;        /* who pays for it; NULL: nobody, or he is alone */
    int64_t began;               /* boot clock, ns: since when */
};

struct tx_ingest_counters {
    uint64_t decoded; /* records, and ends of datagrams */
    uint64_t records;
    uint64_t rejected;
    uint64_t lost;
    uint64_t replies_dropped;
};

static_assert(TX_STREAM_N == TX_INBOX_OUTLETS, "each entry knows how far each log has it");

struct tx_ingest {
    struct tx_loop *loop;
    const char *config_name; /* borrowed */
    struct tx_text host;
    char host_memory[256];

    int control_fd;
    struct tx_source_handle *control;
    uint8_t *control_memory; /* owned: TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES */
    struct tx_bytes answers; /* that the supervisor did not have room for, in order */
    struct tx_bytes closed;  /* ids of connections that the supervisor is to be told of */
    struct tx_bytes ended;   /* of rings, likewise */

    struct tx_inbox inbox;
    size_t n_inherited; /* entries that an earlier process received, the oldest */
    struct tx_connections connections;
    struct tx_clients clients;
    struct tx_rings rings;

    struct tx_outlet outlets[TX_STREAM_N];
    struct tx_stream
        routes[TX_STREAM_N]; /* of the start: what goes where; owned, nothing else set */
    bool has_connections;    /* all that were there at the start; else no link is made */

    struct tx_vault_link vault;

    struct tx_policy *policy; /* owned */
    struct tx_hasher *hasher; /* owned */

    struct tx_job job;
    struct tx_inbox_entry *held; /* comes next, when there is room to ask for its client */
    struct tx_field fields[TX_LIMIT_FIELDS];

    struct tx_source_handle *work_timer; /* there is more to process */
    struct tx_source_handle *drain_timer;
    bool drain_is_armed;
    bool waits_for_room; /* in the inbox */
    size_t n_round;      /* bytes that this round has brought */
    struct tx_rejections rejections;
    struct tx_source_handle *rejections_timer;

    bool stopping;
    bool orphaned; /* the supervisor is gone */
    bool kept;     /* the next one will have inbox and connections */
    struct tx_ingest_counters counters;
};

#endif
