/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/clients.h"

#include <string.h>

enum { N_BUCKETS = TX_CLIENTS_MAX };

int tx_clients_init(struct tx_clients *clients, uint64_t seed) {
    *clients = (struct tx_clients){
        .pool = calloc(TX_CLIENTS_MAX, sizeof(*clients->pool)),
        .buckets = calloc(N_BUCKETS, sizeof(struct tx_client *)),
        .seed = seed,
    };
    if (!clients->pool || !clients->buckets) {
        tx_clients_deinit(clients);
        return -ENOMEM;
    }
    TAILQ_INIT(&clients->by_use);
    TAILQ_INIT(&clients->ready);
    return 0;
}

void tx_clients_deinit(struct tx_clients *clients) {
    free(clients->pool);
    free(clients->buckets);
    *clients = (struct tx_clients){.pool = NULL};
}

static struct tx_client **bucket_of(struct tx_clients *clients, const uint8_t id[8]) {
    uint64_t v;
    memcpy(&v, id, sizeof(v));
    v = (v ^ clients->seed) * UINT64_C(0x9e3779b97f4a7c15);
    v = (v ^ (v >> 32)) * (clients->seed | 1);
    return &clients->buckets[(v >> 32) % N_BUCKETS];
}

static struct tx_client *find(struct tx_clients *clients, const uint8_t id[8]) {
    struct tx_client *client = *bucket_of(clients, id);
    while (client && memcmp(client->id, id, sizeof(client->id)) != 0)
        client = client->next_in_bucket;
    return client;
}

static void unlink_from_bucket(struct tx_clients *clients, struct tx_client *client) {
    struct tx_client **at = bucket_of(clients, client->id);
    while (*at != client)
        at = &(*at)->next_in_bucket;
    *at = client->next_in_bucket;
}

/* The one not used for longest that waits for nothing: of this user when he has many, else of all.
 */
static struct tx_client *find_oldest(struct tx_clients *clients, uint32_t uid) {
    struct tx_client *client, *oldest = NULL, *his_oldest = NULL;
    size_t n_his = 0;

    TAILQ_FOREACH(client, &clients->by_use, by_use) {
        n_his += client->uid == uid;
        if (!client->known || client->parked)
            continue;
        if (!oldest)
            oldest = client;
        if (!his_oldest && client->uid == uid)
            his_oldest = client;
    }
    return n_his > TX_CLIENTS_OF_ONE_UID ? his_oldest : oldest;
}

static struct tx_client *make_free(struct tx_clients *clients, uint32_t uid) {
    if (clients->n_pool < TX_CLIENTS_MAX)
        return &clients->pool[clients->n_pool++];
    struct tx_client *client = find_oldest(clients, uid);
    if (!client)
        return NULL;
    TAILQ_REMOVE(&clients->by_use, client, by_use);
    unlink_from_bucket(clients, client);
    return client;
}

struct tx_client *tx_clients_get(struct tx_clients *clients, const uint8_t id[8], uint32_t uid,
                                 bool *ret_new) {
    struct tx_client *client = find(clients, id);

    *ret_new = !client;
    if (client) {
        TAILQ_REMOVE(&clients->by_use, client, by_use);
        TAILQ_INSERT_TAIL(&clients->by_use, client, by_use);
        return client;
    }
    client = make_free(clients, uid);
    if (!client)
        return NULL;
    struct tx_client **bucket = bucket_of(clients, id);
    *client = (struct tx_client){.uid = uid, .next_in_bucket = *bucket};
    memcpy(client->id, id, sizeof(client->id));
    *bucket = client;
    TAILQ_INSERT_TAIL(&clients->by_use, client, by_use);
    return client;
}

static void update_ready(struct tx_clients *clients, struct tx_client *client) {
    bool ready = client->known && client->parked;
    if (ready == client->is_ready)
        return;
    client->is_ready = ready;
    if (ready)
        TAILQ_INSERT_TAIL(&clients->ready, client, by_ready);
    else
        TAILQ_REMOVE(&clients->ready, client, by_ready);
}

struct tx_client *tx_clients_learn(struct tx_clients *clients, const uint8_t id[8],
                                   uint64_t expected) {
    struct tx_client *client = find(clients, id);
    if (!client || client->known)
        return NULL;
    client->known = true;
    client->expected = expected;
    update_ready(clients, client);
    return client;
}

void tx_clients_park(struct tx_clients *clients, struct tx_client *client,
                     struct tx_inbox_entry *entry) {
    entry->next = NULL;
    if (client->parked)
        client->parked_last->next = entry;
    else
        client->parked = entry;
    client->parked_last = entry;
    clients->n_parked++;
    update_ready(clients, client);
}

struct tx_inbox_entry *tx_clients_unpark(struct tx_clients *clients, struct tx_client **ret) {
    struct tx_client *client = TAILQ_FIRST(&clients->ready);
    if (!client)
        return NULL;
    struct tx_inbox_entry *entry = client->parked;
    client->parked = entry->next;
    clients->n_parked--;
    update_ready(clients, client);
    *ret = client;
    return entry;
}

void tx_clients_forget(struct tx_clients *clients) {
    memset(clients->buckets, 0, N_BUCKETS * sizeof(struct tx_client *));
    clients->n_pool = 0;
    clients->n_parked = 0;
    TAILQ_INIT(&clients->by_use);
    TAILQ_INIT(&clients->ready);
}
