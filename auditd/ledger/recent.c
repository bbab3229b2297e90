/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/recent.h"

#include <stdlib.h>
#include <string.h>

struct place {
    bool used;
    uint8_t client[8];
    uint64_t n;
    uint64_t seq;
    struct tx_digest leaf;
};

struct tx_recent {
    struct place places[TX_RECENT_MAX];
};

int tx_recent_new(struct tx_recent **ret) {
    *ret = calloc(1, sizeof(**ret));
    return *ret ? 0 : -ENOMEM;
}

void tx_recent_free(struct tx_recent *recent) {
    free(recent);
}

/* A client's name is a hash already; its numbers follow each other, and so fill the table. */
static size_t place_of(const uint8_t client[8], uint64_t n) {
    uint64_t v;
    memcpy(&v, client, sizeof(v));
    return (size_t)((v + n) % TX_RECENT_MAX);
}

void tx_recent_put(struct tx_recent *recent, const uint8_t client[8], uint64_t n, uint64_t seq,
                   const struct tx_digest *leaf) {
    struct place *place = &recent->places[place_of(client, n)];
    place->used = true;
    memcpy(place->client, client, sizeof(place->client));
    place->n = n;
    place->seq = seq;
    place->leaf = *leaf;
}

bool tx_recent_get(const struct tx_recent *recent, const uint8_t client[8], uint64_t n,
                   uint64_t *ret_seq, struct tx_digest *ret_leaf) {
    const struct place *place = &recent->places[place_of(client, n)];
    if (!place->used || place->n != n || memcmp(place->client, client, sizeof(place->client)) != 0)
        return false;
    *ret_seq = place->seq;
    *ret_leaf = place->leaf;
    return true;
}
