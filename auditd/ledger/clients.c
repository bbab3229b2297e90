/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/clients.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "auditd/ledger/evicted.h"
#include "libtx/base/buf.h"
#include "libtx/base/file.h"

#define N_BUCKETS TX_CLIENTS_ROOM
#define FILE_NAME "clients"
#define FILE_HEAD "tracex-clients 2 "
#define FILE_FORGOTTEN " forgotten"
#define FILE_LINE_BYTES (16 + 1 + 20 + 1 + 20 + 1)

struct client {
    uint8_t name[8];
    uint64_t last;
    uint64_t seq;                  /* of the record that has it */
    struct client *next_in_bucket; /* or the next free one */
    TAILQ_ENTRY(client) by_use;    /* heard of longest ago first */
};

TAILQ_HEAD(client_list, client);

/* A client's name is a hash already. */
struct tx_clients {
    size_t n;
    size_t n_pool; /* so many have been used */
    struct client *free;
    bool has_forgotten;
    struct tx_evicted *evicted; /* owned; NULL before it was loaded */
    struct client_list by_use;
    struct client *buckets[N_BUCKETS];
    struct client pool[TX_CLIENTS_ROOM];
};

static void clear(struct tx_clients *clients) {
    memset(clients->buckets, 0, sizeof(clients->buckets));
    clients->n = clients->n_pool = 0;
    clients->free = NULL;
    clients->has_forgotten = false;
    TAILQ_INIT(&clients->by_use);
}

int tx_clients_new(struct tx_clients **ret) {
    struct tx_clients *clients = calloc(1, sizeof(*clients)); /* untouched pages cost nothing */
    if (!clients)
        return -ENOMEM;
    TAILQ_INIT(&clients->by_use);
    *ret = clients;
    return 0;
}

void tx_clients_free(struct tx_clients *clients) {
    if (clients)
        tx_evicted_free(clients->evicted);
    free(clients);
}

size_t tx_clients_count(const struct tx_clients *clients) {
    return clients->n;
}

bool tx_clients_has_forgotten(const struct tx_clients *clients) {
    return clients->has_forgotten;
}

void tx_clients_note_forgotten(struct tx_clients *clients) {
    clients->has_forgotten = true;
}

static size_t bucket_of(const uint8_t name[8]) {
    uint64_t v;
    memcpy(&v, name, sizeof(v));
    return (size_t)(v % N_BUCKETS);
}

static struct client *find(const struct tx_clients *clients, const uint8_t name[8]) {
    struct client *client = clients->buckets[bucket_of(name)];
    while (client && memcmp(client->name, name, sizeof(client->name)) != 0)
        client = client->next_in_bucket;
    return client;
}

static void remove_client(struct tx_clients *clients, struct client *client) {
    struct client **at = &clients->buckets[bucket_of(client->name)];
    while (*at != client)
        at = &(*at)->next_in_bucket;
    *at = client->next_in_bucket;
    TAILQ_REMOVE(&clients->by_use, client, by_use);
    client->next_in_bucket = clients->free;
    clients->free = client;
    clients->n--;
}

static struct client *take_free(struct tx_clients *clients) {
    if (clients->n == TX_CLIENTS_ROOM) {
        clients->has_forgotten = true;
        remove_client(clients, TAILQ_FIRST(&clients->by_use));
    }
    struct client *client = clients->free;
    if (!client)
        return &clients->pool[clients->n_pool++];
    clients->free = client->next_in_bucket;
    return client;
}

static struct client *add(struct tx_clients *clients, const uint8_t name[8], uint64_t last,
                          uint64_t seq) {
    struct client *client = take_free(clients);
    struct client **bucket = &clients->buckets[bucket_of(name)];

    client->last = last;
    client->seq = seq;
    memcpy(client->name, name, sizeof(client->name));
    client->next_in_bucket = *bucket;
    *bucket = client;
    TAILQ_INSERT_TAIL(&clients->by_use, client, by_use);
    clients->n++;
    return client;
}

/* One that went to disk comes back. What cannot be read there is as if it were forgotten. */
static struct client *bring_back(struct tx_clients *clients, const uint8_t name[8]) {
    struct tx_evicted_client evicted;

    int r = clients->evicted ? tx_evicted_find(clients->evicted, name, &evicted) : -ENOENT;
    if (r == 0)
        return add(clients, name, evicted.last, evicted.seq);
    if (r != -ENOENT)
        clients->has_forgotten = true;
    return NULL;
}

bool tx_clients_get(struct tx_clients *clients, const uint8_t client[8], uint64_t *ret_last) {
    const struct client *found = find(clients, client);
    if (!found)
        found = bring_back(clients, client);
    if (found)
        *ret_last = found->last;
    return found != NULL;
}

/* Whoever is not in memory is not looked for on disk: what is set is the last of all. */
void tx_clients_set(struct tx_clients *clients, const uint8_t client[8], uint64_t last,
                    uint64_t seq) {
    struct client *found = find(clients, client);

    if (!found) {
        add(clients, client, last, seq);
        return;
    }
    if (last > found->last) {
        found->last = last;
        found->seq = seq;
    }
    TAILQ_REMOVE(&clients->by_use, found, by_use);
    TAILQ_INSERT_TAIL(&clients->by_use, found, by_use);
}

/* --- to disk --- */

bool tx_clients_is_large(const struct tx_clients *clients) {
    return clients->n > TX_CLIENTS_MAX;
}

size_t tx_clients_n_runs(const struct tx_clients *clients) {
    return clients->evicted ? tx_evicted_n_runs(clients->evicted) : 0;
}

static size_t choose(const struct tx_clients *clients, uint64_t durable, size_t max,
                     struct tx_evicted_client *ret) {
    const struct client *client;
    size_t n = 0;

    TAILQ_FOREACH(client, &clients->by_use, by_use) {
        if (n == max)
            break;
        if (client->seq >= durable)
            continue;
        memcpy(ret[n].name, client->name, sizeof(ret[n].name));
        ret[n].last = client->last;
        ret[n++].seq = client->seq;
    }
    return n;
}

int tx_clients_evict(struct tx_clients *clients, uint64_t durable, uint64_t oldest) {
    size_t max = clients->n / 2;
    _cleanup_(tx_freep) struct tx_evicted_client *chosen = calloc(max + 1, sizeof(*chosen));
    bool dropped = false;

    if (!chosen)
        return -ENOMEM;
    if (!clients->evicted)
        return -ENOENT;
    size_t n = choose(clients, durable, max, chosen);
    int r = tx_evicted_add(clients->evicted, chosen, n, oldest, &dropped);
    clients->has_forgotten |= dropped;
    for (size_t i = 0; r == 0 && i < n; i++)
        remove_client(clients, find(clients, chosen[i].name));
    return r;
}

/* --- a line's own words --- */

/* What follows `key` at its first occurrence; false when it is not there. */
static bool after(struct tx_text text, struct tx_text key, struct tx_text *ret) {
    const char *at = memmem(text.p, text.n, key.p, key.n);
    if (!at)
        return false;
    at += key.n;
    *ret = (struct tx_text){.p = at, .n = text.n - (size_t)(at - text.p)};
    return true;
}

static bool take_client(struct tx_text *text, uint8_t ret_client[8]) {
    if (text->n < 17 || tx_hex_decode((struct tx_text){text->p, 16}, ret_client, 8) < 0)
        return false;
    text->p += 16;
    text->n -= 16;
    return true;
}

static bool number_at(struct tx_text text, uint64_t *ret) {
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    return tx_dec_decode((struct tx_text){text.p, n}, ret) == 0;
}

bool tx_clients_scan(struct tx_text line, uint8_t ret_client[8], uint64_t *ret_n) {
    struct tx_text rest;

    /* Quotes within strings are escaped, and `data` comes after `source`: the first one is it. */
    if (after(line, TX_TEXT(",\"source\":{\"client\":\""), &rest))
        return take_client(&rest, ret_client) && tx_text_starts(rest, TX_TEXT("\",\"n\":")) &&
               number_at((struct tx_text){rest.p + 6, rest.n - 6}, ret_n);
    if (!after(line, TX_TEXT(",\"by\":\"ingest\","), &rest) ||
        !after(rest, TX_TEXT("\"event\":\"tracex.lost\",\"data\":{\"client\":\""), &rest))
        return false;
    return take_client(&rest, ret_client) && after(rest, TX_TEXT(",\"last\":"), &rest) &&
           number_at(rest, ret_n);
}

/* --- the file --- */

int tx_clients_save(const struct tx_clients *clients, int dirfd, uint64_t size) {
    size_t cap = sizeof(FILE_HEAD FILE_FORGOTTEN) + 32 + clients->n * FILE_LINE_BYTES;
    _cleanup_(tx_freep) uint8_t *memory = malloc(cap);
    const struct client *client;
    if (!memory)
        return -ENOMEM;
    struct tx_buf b = tx_buf_of(memory, cap);
    tx_buf_str(&b, FILE_HEAD);
    tx_buf_dec(&b, size);
    tx_buf_str(&b, clients->has_forgotten ? FILE_FORGOTTEN "\n" : "\n");
    TAILQ_FOREACH(client, &clients->by_use, by_use) {
        tx_buf_hex(&b, client->name, sizeof(client->name));
        tx_buf_char(&b, ' ');
        tx_buf_dec(&b, client->last);
        tx_buf_char(&b, ' ');
        tx_buf_dec(&b, client->seq);
        tx_buf_char(&b, '\n');
    }
    return b.full ? -ENOBUFS : tx_file_replace_at(dirfd, FILE_NAME, b.data, b.len, 0600);
}

static bool take_line(struct tx_text *text, struct tx_text *ret) {
    const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
    if (!end)
        return false;
    *ret = (struct tx_text){.p = text->p, .n = (size_t)(end - text->p)};
    text->n -= ret->n + 1;
    text->p = end + 1;
    return true;
}

static bool read_head(struct tx_text line, bool *ret_forgotten, uint64_t *ret_size) {
    const struct tx_text head = TX_TEXT(FILE_HEAD), end = TX_TEXT(FILE_FORGOTTEN);

    if (!tx_text_starts(line, head))
        return false;
    struct tx_text size = {line.p + head.n, line.n - head.n};
    *ret_forgotten = size.n > end.n && memcmp(size.p + size.n - end.n, end.p, end.n) == 0;
    if (*ret_forgotten)
        size.n -= end.n;
    return tx_dec_decode(size, ret_size) == 0;
}

/* What follows a blank up to the next, or to the end. */
static bool take_number(struct tx_text *text, uint64_t *ret) {
    size_t n = 1;
    if (text->n < 2 || text->p[0] != ' ')
        return false;
    while (n < text->n && text->p[n] != ' ')
        n++;
    struct tx_text digits = {text->p + 1, n - 1};
    text->p += n;
    text->n -= n;
    return tx_dec_decode(digits, ret) == 0;
}

static bool read_table(struct tx_clients *clients, struct tx_text text, uint64_t *ret_size) {
    struct tx_text line;
    uint8_t client[8];
    uint64_t last, seq;

    if (!take_line(&text, &line) || !read_head(line, &clients->has_forgotten, ret_size))
        return false;
    while (take_line(&text, &line)) {
        if (!take_client(&line, client) || !take_number(&line, &last) ||
            !take_number(&line, &seq) || line.n > 0)
            return false;
        tx_clients_set(clients, client, last, seq);
    }
    return text.n == 0;
}

static int open_evicted(struct tx_clients *clients, int dirfd) {
    bool damaged = false;
    tx_evicted_free(clients->evicted);
    clients->evicted = NULL;
    int r = tx_evicted_open(dirfd, &clients->evicted, &damaged);
    clients->has_forgotten |= damaged;
    return r;
}

static int load_table(struct tx_clients *clients, int dirfd, uint64_t *ret_size) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes bytes = TX_BYTES_INIT;
    int r = tx_file_read_at(dirfd, FILE_NAME, 64 + TX_CLIENTS_ROOM * FILE_LINE_BYTES, &bytes);
    clear(clients);
    *ret_size = 0;
    if (r == 0 && read_table(clients, (struct tx_text){(char *)bytes.data, bytes.len}, ret_size))
        return 0;
    if (r < 0 && r != -ENOENT && r != -EFBIG && r != -EINVAL)
        return r;
    clear(clients);
    *ret_size = 0;
    return 0;
}

int tx_clients_load(struct tx_clients *clients, int dirfd, uint64_t *ret_size) {
    int r = load_table(clients, dirfd, ret_size);
    return r < 0 ? r : open_evicted(clients, dirfd);
}
