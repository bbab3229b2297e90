/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "auditd/ingest/inbox-parts.h"

/* Of all that is there, the landing has a quarter at most. */
#define SHARE 4

static size_t place_bytes(void) {
    return tx_inbox_entry_size(TX_INBOX_IDENTITY_BYTES, TX_LIMIT_DATAGRAM_BYTES);
}

static struct tx_inbox_entry *place_at(const struct tx_inbox *inbox, size_t i) {
    return (struct tx_inbox_entry *)(void *)(inbox->landing + i * place_bytes());
}

void tx_inbox_divide(struct tx_inbox *inbox, size_t n) {
    size_t most = n / SHARE / place_bytes();

    inbox->n_landing = most < TX_INBOX_LANDING ? most : TX_INBOX_LANDING;
    inbox->capacity = n - inbox->n_landing * place_bytes();
    inbox->landing = inbox->ring + inbox->capacity;
}

/* Each needs its room in one piece, so that up to one of them is left free where the ring ends, and
 * up to one where it begins. */
static size_t n_fitting(const struct tx_inbox *inbox, size_t n_identity) {
    size_t largest = tx_inbox_entry_size(n_identity, TX_LIMIT_DATAGRAM_BYTES);
    size_t n = (inbox->capacity - inbox->used) / largest;

    return n > 2 ? n - 2 : 0;
}

size_t tx_inbox_prepare_many(struct tx_inbox *inbox, uint64_t connection, struct tx_text identity,
                             size_t most, struct tx_inbox_entry *ret[TX_INBOX_LANDING]) {
    size_t fitting = n_fitting(inbox, identity.n);
    size_t n = most < inbox->n_landing ? most : inbox->n_landing;

    assert(identity.n <= TX_INBOX_IDENTITY_BYTES);
    n = n < fitting ? n : fitting;
    for (size_t i = 0; i < n; i++) {
        ret[i] = place_at(inbox, i);
        tx_inbox_set_up(ret[i], connection, identity);
    }
    return n;
}

static size_t used_bytes(struct tx_inbox_entry *entry, size_t n_datagram) {
    return (size_t)(tx_inbox_datagram(entry) - (uint8_t *)entry) + n_datagram;
}

/* NULL: no room. */
static struct tx_inbox_entry *move(struct tx_inbox *inbox, struct tx_inbox_entry *entry, size_t n,
                                   int64_t received) {
    if (!tx_inbox_make_room(inbox, tx_inbox_entry_size(entry->n_identity, n)))
        return NULL;
    struct tx_inbox_entry *to = (struct tx_inbox_entry *)(void *)(inbox->ring + inbox->tail);
    memcpy(to + 1, entry + 1, used_bytes(entry, n) - sizeof(*entry));
    to->connection = entry->connection;
    to->n_identity = entry->n_identity;
    tx_inbox_commit(inbox, to, n, received);
    tx_inbox_abandon(entry, n);
    return to;
}

struct tx_inbox_entry *tx_inbox_land(struct tx_inbox *inbox, struct tx_inbox_entry *entry, size_t n,
                                     int64_t received) {
    struct tx_inbox_entry *landed = move(inbox, entry, n, received);
    assert(landed);
    return landed;
}

/* One that had been completed by a process that died over it is completed once more. */
static bool has_come(struct tx_inbox_entry *entry) {
    return (entry->state == TX_INBOX_RECEIVING || entry->state == TX_INBOX_RECEIVED) &&
           tx_inbox_complete(entry, place_bytes());
}

bool tx_inbox_land_rest(struct tx_inbox *inbox) {
    bool all = true;

    for (size_t i = 0; i < inbox->n_landing; i++) {
        struct tx_inbox_entry *entry = place_at(inbox, i);
        if (has_come(entry))
            all &= move(inbox, entry, entry->n_datagram, entry->received) != NULL;
        explicit_bzero(entry, place_bytes());
    }
    return all;
}
