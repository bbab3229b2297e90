/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/clients.h"

#include <string.h>

enum { N_BUCKETS = TX_CLIENTS_MAX };

struct tx_client_owner {
    uint32_t uid;
    size_t n;
    struct tx_client_list by_use; /* not heard of for longest first */
    struct tx_client_owner *next;
};

static void free_owners(struct tx_clients *clients) {
    while (clients->owners) {
        struct tx_client_owner *owner = clients->owners;
        clients->owners = owner->next;
        free(owner);
    }
}

int tx_clients_init(struct tx_clients *clients, uint64_t seed, tx_client_is_open is_open,
                    void *data) {
    *clients = (struct tx_clients){
        .pool = calloc(TX_CLIENTS_MAX, sizeof(*clients->pool)),
        .buckets = calloc(N_BUCKETS, sizeof(struct tx_client *)),
        .seed = seed,
        .is_open = is_open,
        .data = data,
    };
    if (!clients->pool || !clients->buckets) {
        tx_clients_deinit(clients);
        return -ENOMEM;
    }
    TAILQ_INIT(&clients->ready);
    TAILQ_INIT(&clients->waiting);
    return 0;
}

void tx_clients_deinit(struct tx_clients *clients) {
    free_owners(clients);
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

/* --- owners --- */

static struct tx_client_owner *get_owner(struct tx_clients *clients, uint32_t uid) {
    struct tx_client_owner *owner = clients->owners;

    while (owner && owner->uid != uid)
        owner = owner->next;
    if (owner)
        return owner;
    owner = calloc(1, sizeof(*owner));
    if (!owner)
        return NULL;
    owner->uid = uid;
    TAILQ_INIT(&owner->by_use);
    owner->next = clients->owners;
    clients->owners = owner;
    return owner;
}

/* He has one less. */
static void release(struct tx_clients *clients, struct tx_client_owner *owner) {
    struct tx_client_owner **at = &clients->owners;

    if (--owner->n > 0)
        return;
    while (*at != owner)
        at = &(*at)->next;
    *at = owner->next;
    free(owner);
}

/* --- forgetting --- */

/* Of this owner, the one not heard of for longest that waits for nothing. */
static struct tx_client *find_oldest(struct tx_clients *clients, struct tx_client_owner *owner,
                                     bool also_open) {
    struct tx_client *client;

    TAILQ_FOREACH(client, &owner->by_use, by_use)
    if (client->known && !client->parked &&
        (also_open || !clients->is_open || !clients->is_open(clients->data, client)))
        return client;
    return NULL;
}

static struct tx_client_owner *who_has_most(struct tx_clients *clients) {
    struct tx_client_owner *most = clients->owners;

    for (struct tx_client_owner *owner = most; owner; owner = owner->next)
        if (owner->n > most->n)
            most = owner;
    return most;
}

/* Should all of his be waiting for the ledger, so does the new one: nobody else pays for it. */
static struct tx_client *make_free(struct tx_clients *clients) {
    if (clients->n_pool < TX_CLIENTS_MAX)
        return &clients->pool[clients->n_pool++];
    struct tx_client_owner *most = who_has_most(clients);
    struct tx_client *client = find_oldest(clients, most, false);
    if (!client)
        client = find_oldest(clients, most, true);
    if (!client)
        return NULL;
    TAILQ_REMOVE(&client->owner->by_use, client, by_use);
    release(clients, client->owner);
    unlink_from_bucket(clients, client);
    return client;
}

/* --- the table --- */

static struct tx_client *add(struct tx_clients *clients, const uint8_t id[8], uint32_t uid) {
    struct tx_client_owner *owner = get_owner(clients, uid);
    if (!owner)
        return NULL;
    owner->n++; /* so that it stays when its last client is forgotten for this one */
    struct tx_client *client = make_free(clients);
    if (!client) {
        release(clients, owner);
        return NULL;
    }
    struct tx_client **bucket = bucket_of(clients, id);
    *client = (struct tx_client){.owner = owner, .next_in_bucket = *bucket};
    memcpy(client->id, id, sizeof(client->id));
    *bucket = client;
    TAILQ_INSERT_TAIL(&owner->by_use, client, by_use);
    return client;
}

struct tx_client *tx_clients_get(struct tx_clients *clients, const uint8_t id[8], uint32_t uid,
                                 bool *ret_new) {
    struct tx_client *client = find(clients, id);

    *ret_new = !client;
    if (!client)
        return add(clients, id, uid);
    TAILQ_REMOVE(&client->owner->by_use, client, by_use);
    TAILQ_INSERT_TAIL(&client->owner->by_use, client, by_use);
    return client;
}

static void update_ready(struct tx_clients *clients, struct tx_client *client) {
    bool ready = client->known && client->parked && !client->waits;
    if (ready == client->is_ready)
        return;
    client->is_ready = ready;
    if (ready)
        TAILQ_INSERT_TAIL(&clients->ready, client, by_ready);
    else
        TAILQ_REMOVE(&clients->ready, client, by_ready);
}

struct tx_client *tx_clients_learn(struct tx_clients *clients, const uint8_t id[8], unsigned ledger,
                                   uint64_t expected, bool forgotten) {
    struct tx_client *client = find(clients, id);
    if (!client || client->known)
        return NULL;
    client->asked &= (uint8_t) ~(1u << ledger);
    client->expected = expected > client->expected ? expected : client->expected;
    client->forgotten = client->forgotten || forgotten;
    client->known = client->asked == 0;
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

void tx_clients_put_back(struct tx_clients *clients, struct tx_client *client,
                         struct tx_inbox_entry *entry) {
    entry->next = client->parked;
    if (!client->parked)
        client->parked_last = entry;
    client->parked = entry;
    clients->n_parked++;
    update_ready(clients, client);
}

void tx_clients_suspend(struct tx_clients *clients, struct tx_client *client,
                        struct tx_inbox_entry *entry) {
    client->waits = true;
    tx_clients_put_back(clients, client, entry);
    TAILQ_INSERT_TAIL(&clients->waiting, client, by_ready);
}

void tx_clients_resume(struct tx_clients *clients) {
    struct tx_client *client;

    while ((client = TAILQ_FIRST(&clients->waiting))) {
        TAILQ_REMOVE(&clients->waiting, client, by_ready);
        client->waits = false;
        update_ready(clients, client);
    }
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
    free_owners(clients);
    TAILQ_INIT(&clients->ready);
    TAILQ_INIT(&clients->waiting);
}
