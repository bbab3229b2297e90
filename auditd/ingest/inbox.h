/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_INBOX_H
#define TX_INGEST_INBOX_H

/*
 * The inbox: a ring of received datagrams in memory that the supervisor also holds, so that what
 * the kernel has handed over survives any death of this process. It knows nothing of what is in a
 * datagram but the length in its header.
 *
 * Life of an entry: prepare (RECEIVING: the kernel may write into it) → commit (RECEIVED) → take →
 * free, when the ledger has all of it. Entries are freed in any order, the room comes back in the
 * order of receipt. Invariant: every byte that does not belong to an entry is zero, so clear text
 * stays no longer than needed, and the walk over the entries ends by itself.
 *
 * Many at once are received into a few places behind the ring, each for a datagram of any size, and
 * moved into the ring one by one: prepare_many → land, or abandon (inbox-landing.c). Who dies in
 * between has each of them in its place, or in the ring, or in both; never in none.
 *
 * After a crash the ring is read back with suspicion: who wrote it had handled hostile bytes. An
 * entry that was RECEIVING counts when its datagram has a whole header (the kernel writes all of a
 * datagram or nothing that we could see); entries are then given out again, oldest first.
 */

#include <stdbool.h>
#include <sys/socket.h>

#include "libtx/base/error.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"

/* Room for one SCM_CREDENTIALS, and behind it for the descriptor of a ring (rings.h). */
#define TX_INBOX_CONTROL_BYTES 56
/* A rendered identity (auditd/ipc/control.h). */
#define TX_INBOX_IDENTITY_BYTES 2048

/* So many are received at once. */
#define TX_INBOX_LANDING 7

/* Logs that an entry can have records for. */
#define TX_INBOX_OUTLETS 2

/* The first 64 bytes of an entry, which is a multiple of 64 long. The second half is this process's
 * own and means nothing to the next one. */
struct tx_inbox_entry {
    uint32_t state;
    uint32_t size;
    uint64_t connection;
    int64_t received; /* wall clock, ns */
    uint16_t n_identity;
    uint16_t attempts; /* deaths while this one was in work, if it is not 0 */
    uint32_t n_datagram;

    uint8_t client[8];
    /* Durable when so many tickets of each are, modulo 2^32. */
    uint32_t ticket_end[TX_INBOX_OUTLETS];
    uint64_t ack; /* what its client may be told then */
    struct tx_inbox_entry *next;
};

struct tx_inbox {
    struct tx_inbox_header *header; /* the mapping */
    size_t n_mapped;
    uint8_t *ring; /* behind the header */
    size_t capacity;
    uint8_t *landing; /* behind the ring */
    size_t n_landing; /* places; 0: it is too small for any */
    size_t head;      /* offset of the oldest entry */
    size_t tail;      /* where the next one goes */
    size_t used;      /* bytes from head to tail, around the end */
    size_t untaken_at;
    size_t n_untaken;
    size_t n_received;
};

/* Maps the memfd and takes what is in it. -EINVAL when its size is wrong. *ret_sane is false when
 * there was something that made no sense; it and what followed was given up. */
TX_MUST_USE int tx_inbox_open(int fd, struct tx_inbox *ret, bool *ret_sane);
void tx_inbox_close(struct tx_inbox *inbox);

/* An entry that is RECEIVING, of this connection; the kernel may write TX_LIMIT_DATAGRAM_BYTES into
 * its datagram. NULL when there is no room. Must be committed or abandoned before the next. */
struct tx_inbox_entry *tx_inbox_prepare(struct tx_inbox *inbox, uint64_t connection,
                                        struct tx_text identity);
/* n <= TX_LIMIT_DATAGRAM_BYTES bytes have been received. */
void tx_inbox_commit(struct tx_inbox *inbox, struct tx_inbox_entry *entry, size_t n,
                     int64_t received);
/* Nothing was received, or nothing that is wanted; n bytes may have been written. */
void tx_inbox_abandon(struct tx_inbox_entry *entry, size_t n);

/* Entries that are RECEIVING, outside the ring: at most `most`, and no more than the ring has room
 * for, whatever comes. 0: there is none, but tx_inbox_prepare may have one. Each is landed or
 * abandoned, in this order, before any other is prepared. */
size_t tx_inbox_prepare_many(struct tx_inbox *inbox, uint64_t connection, struct tx_text identity,
                             size_t most, struct tx_inbox_entry *ret[TX_INBOX_LANDING]);
/* n bytes have been received into one of those: gives the entry in the ring that it is now. */
struct tx_inbox_entry *tx_inbox_land(struct tx_inbox *inbox, struct tx_inbox_entry *entry, size_t n,
                                     int64_t received);

/* The oldest entry that was not taken yet, or NULL. */
struct tx_inbox_entry *tx_inbox_take(struct tx_inbox *inbox);
/* All entries that are not freed are given out again, from the oldest on. */
void tx_inbox_rewind(struct tx_inbox *inbox);
/* Wipes the entry. */
void tx_inbox_free(struct tx_inbox *inbox, struct tx_inbox_entry *entry);

uint8_t *tx_inbox_control(struct tx_inbox_entry *entry);
uint8_t *tx_inbox_datagram(struct tx_inbox_entry *entry);
struct tx_text tx_inbox_identity(struct tx_inbox_entry *entry);
/* What the kernel wrote of the sender. False when it wrote nothing. */
bool tx_inbox_credentials(struct tx_inbox_entry *entry, struct ucred *ret);

#endif
