/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/clients.h"

#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/base/file.h"

#define SLOTS (2 * TX_CLIENTS_MAX)
#define FILE_NAME "clients"
#define FILE_HEAD "tracex-clients 1 "
#define FILE_LINE_BYTES (16 + 1 + 20 + 1)

struct slot {
    uint8_t client[8];
    uint64_t last;
    uint64_t used; /* 0: free; else when it was heard of, by a counter */
};

/* Open addressing with linear probing; a client's name is a hash already. */
struct tx_clients {
    size_t n;
    uint64_t clock;
    struct slot slots[SLOTS];
};

int tx_clients_new(struct tx_clients **ret) {
    *ret = calloc(1, sizeof(**ret));
    return *ret ? 0 : -ENOMEM;
}

void tx_clients_free(struct tx_clients *clients) {
    free(clients);
}

size_t tx_clients_count(const struct tx_clients *clients) {
    return clients->n;
}

static size_t home(const uint8_t client[8]) {
    uint64_t v;
    memcpy(&v, client, sizeof(v));
    return (size_t)(v % SLOTS);
}

/* The client's slot, or the free one where it would go. */
static size_t find(const struct tx_clients *clients, const uint8_t client[8]) {
    size_t at = home(client);
    while (clients->slots[at].used && memcmp(clients->slots[at].client, client, 8) != 0)
        at = (at + 1) % SLOTS;
    return at;
}

bool tx_clients_get(const struct tx_clients *clients, const uint8_t client[8], uint64_t *ret_last) {
    const struct slot *slot = &clients->slots[find(clients, client)];
    if (slot->used)
        *ret_last = slot->last;
    return slot->used != 0;
}

/* Frees a slot and moves up what had to step aside for it. */
static void remove_slot(struct tx_clients *clients, size_t at) {
    size_t next = at;
    clients->slots[at].used = 0;
    clients->n--;
    for (;;) {
        next = (next + 1) % SLOTS;
        if (!clients->slots[next].used)
            return;
        size_t wanted = home(clients->slots[next].client);
        bool stays = at <= next ? at < wanted && wanted <= next : at < wanted || wanted <= next;
        if (stays)
            continue;
        clients->slots[at] = clients->slots[next];
        clients->slots[next].used = 0;
        at = next;
    }
}

static void forget_oldest(struct tx_clients *clients) {
    size_t oldest = SLOTS;
    for (size_t i = 0; i < SLOTS; i++)
        if (clients->slots[i].used &&
            (oldest == SLOTS || clients->slots[i].used < clients->slots[oldest].used))
            oldest = i;
    if (oldest < SLOTS)
        remove_slot(clients, oldest);
}

void tx_clients_set(struct tx_clients *clients, const uint8_t client[8], uint64_t last) {
    struct slot *slot = &clients->slots[find(clients, client)];
    if (!slot->used) {
        if (clients->n == TX_CLIENTS_MAX) {
            forget_oldest(clients);
            slot = &clients->slots[find(clients, client)];
        }
        memcpy(slot->client, client, sizeof(slot->client));
        slot->last = last;
        clients->n++;
    }
    if (last > slot->last)
        slot->last = last;
    slot->used = ++clients->clock;
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

static int compare_used(const void *a, const void *b) {
    const struct slot *x = *(const struct slot *const *)a, *y = *(const struct slot *const *)b;
    return x->used < y->used ? -1 : x->used > y->used;
}

int tx_clients_save(const struct tx_clients *clients, int dirfd, uint64_t size) {
    size_t cap = sizeof(FILE_HEAD) + 32 + clients->n * FILE_LINE_BYTES, n = 0;
    _cleanup_(tx_freep) uint8_t *memory = malloc(cap);
    _cleanup_(tx_freep) const struct slot **order = calloc(clients->n + 1, sizeof(*order));
    if (!memory || !order)
        return -ENOMEM;
    for (size_t i = 0; i < SLOTS; i++)
        if (clients->slots[i].used)
            order[n++] = &clients->slots[i];
    qsort(order, n, sizeof(*order), compare_used);
    struct tx_buf b = tx_buf_of(memory, cap);
    tx_buf_str(&b, FILE_HEAD);
    tx_buf_dec(&b, size);
    tx_buf_char(&b, '\n');
    for (size_t i = 0; i < n; i++) {
        tx_buf_hex(&b, order[i]->client, sizeof(order[i]->client));
        tx_buf_char(&b, ' ');
        tx_buf_dec(&b, order[i]->last);
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

static bool read_table(struct tx_clients *clients, struct tx_text text, uint64_t *ret_size) {
    const struct tx_text head = TX_TEXT(FILE_HEAD);
    struct tx_text line;
    uint8_t client[8];
    uint64_t v;

    if (!take_line(&text, &line) || !tx_text_starts(line, head) ||
        tx_dec_decode((struct tx_text){line.p + head.n, line.n - head.n}, ret_size) < 0)
        return false;
    while (take_line(&text, &line)) {
        if (!take_client(&line, client) || line.p[0] != ' ' ||
            tx_dec_decode((struct tx_text){line.p + 1, line.n - 1}, &v) < 0)
            return false;
        tx_clients_set(clients, client, v);
    }
    return text.n == 0;
}

int tx_clients_load(struct tx_clients *clients, int dirfd, uint64_t *ret_size) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes bytes = TX_BYTES_INIT;
    int r = tx_file_read_at(dirfd, FILE_NAME, 64 + TX_CLIENTS_MAX * FILE_LINE_BYTES, &bytes);
    *ret_size = 0;
    if (r == 0 && read_table(clients, (struct tx_text){(char *)bytes.data, bytes.len}, ret_size))
        return 0;
    if (r < 0 && r != -ENOENT && r != -EFBIG && r != -EINVAL)
        return r;
    memset(clients, 0, sizeof(*clients));
    *ret_size = 0;
    return 0;
}
