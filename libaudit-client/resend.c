/* SPDX-License-Identifier: MIT */
#include "libaudit-client/resend.h"

#include <string.h>

/* Before each datagram. One with n == 0 says that the next is at the start of the memory. */
struct entry {
    uint64_t number;
    uint32_t n;
    uint32_t count;
};

static size_t entry_bytes(size_t n) {
    return sizeof(struct entry) + ((n + 15) & ~(size_t)15);
}

static struct entry *entry_at(const struct tx_resend *resend, size_t offset) {
    return (struct entry *)(void *)(resend->memory + offset);
}

/* Where the entry really is that follows at `offset`. */
static size_t resolve(const struct tx_resend *resend, size_t offset) {
    if (offset == resend->capacity || entry_at(resend, offset)->n == 0)
        return 0;
    return offset;
}

void tx_resend_init(struct tx_resend *resend, void *memory, size_t n_memory) {
    *resend = (struct tx_resend){.memory = memory, .capacity = n_memory & ~(size_t)15};
}

/* Where n bytes with their entry fit, or SIZE_MAX. */
static size_t find_room(const struct tx_resend *resend, size_t n) {
    size_t need = entry_bytes(n);

    if (n > resend->capacity || need > resend->capacity - resend->used)
        return SIZE_MAX;
    bool wrapped = resend->used > 0 && resend->tail <= resend->head;
    size_t end = wrapped ? resend->head : resend->capacity;
    if (need <= end - resend->tail)
        return resend->tail;
    return !wrapped && need <= resend->head ? 0 : SIZE_MAX;
}

static size_t datagram_bytes(size_t n_room) {
    return n_room > sizeof(struct entry) ? n_room - sizeof(struct entry) : 0;
}

size_t tx_resend_room(const struct tx_resend *resend) {
    bool wrapped = resend->used > 0 && resend->tail <= resend->head;
    size_t end = wrapped ? resend->head : resend->capacity;

    if (resend->used == 0)
        return datagram_bytes(resend->capacity);
    size_t at_end = datagram_bytes(end - resend->tail);
    size_t at_start = wrapped ? 0 : datagram_bytes(resend->head);
    return at_end > at_start ? at_end : at_start;
}

uint8_t *tx_resend_reserve(struct tx_resend *resend, size_t n) {
    if (resend->used == 0)
        resend->head = resend->tail = 0; /* a quiet program stays in a few pages */
    size_t at = find_room(resend, n);
    if (at == SIZE_MAX)
        return NULL;
    resend->reserved_and_one = at + 1;
    return resend->memory + at + sizeof(struct entry);
}

/* SIZE_MAX when a signal handler has forked since it was reserved, and all is wiped. */
static size_t take_reserved(struct tx_resend *resend) {
    size_t at = resend->reserved_and_one - 1;
    resend->reserved_and_one = 0;
    return at;
}

/* Where it stands, or SIZE_MAX. */
static size_t commit(struct tx_resend *resend, size_t n, uint64_t number, uint32_t count) {
    size_t at = take_reserved(resend);

    if (at == SIZE_MAX)
        return at;
    if (at != resend->tail) { /* the rest up to the end is skipped; wiped memory says so */
        resend->used += resend->capacity - resend->tail;
        resend->tail = 0;
    }
    *entry_at(resend, at) = (struct entry){.number = number, .n = (uint32_t)n, .count = count};
    resend->tail += entry_bytes(n);
    resend->used += entry_bytes(n);
    resend->n++;
    resend->n_records += count;
    return at;
}

void tx_resend_commit(struct tx_resend *resend, size_t n, uint64_t number, uint32_t count) {
    (void)commit(resend, n, number, count);
}

void tx_resend_commit_unsent(struct tx_resend *resend, size_t n, uint64_t number, uint32_t count) {
    size_t at = commit(resend, n, number, count);

    if (at == SIZE_MAX)
        return;
    if (resend->n_unsent == 0)
        resend->unsent = at;
    resend->n_unsent++;
    resend->n_unsent_records += count;
}

void tx_resend_abandon(struct tx_resend *resend, size_t n) {
    size_t at = take_reserved(resend);

    if (at != SIZE_MAX)
        explicit_bzero(resend->memory + at, entry_bytes(n));
}

static void drop_oldest(struct tx_resend *resend) {
    size_t at = resolve(resend, resend->head);
    size_t n = entry_bytes(entry_at(resend, at)->n);

    resend->n_records -= entry_at(resend, at)->count;
    if (at != resend->head)
        resend->used -= resend->capacity - resend->head;
    explicit_bzero(resend->memory + at, n);
    resend->head = at + n;
    resend->used -= n;
    resend->n--;
}

uint64_t tx_resend_oldest(const struct tx_resend *resend) {
    return entry_at(resend, resolve(resend, resend->head))->number;
}

static bool is_acknowledged(const struct tx_resend *resend) {
    const struct entry *oldest = entry_at(resend, resolve(resend, resend->head));
    return oldest->number + oldest->count <= resend->acknowledged;
}

static void drop_acknowledged(struct tx_resend *resend) {
    while (resend->n > resend->n_unsent && is_acknowledged(resend))
        drop_oldest(resend);
}

void tx_resend_acknowledge(struct tx_resend *resend, uint64_t next) {
    if (next > resend->acknowledged)
        resend->acknowledged = next;
    drop_acknowledged(resend);
}

static struct tx_resend_datagram datagram_at(const struct tx_resend *resend, size_t at) {
    const struct entry *entry = entry_at(resend, at);
    return (struct tx_resend_datagram){
        .number = entry->number,
        .count = entry->count,
        .p = resend->memory + at + sizeof(*entry),
        .n = entry->n,
    };
}

bool tx_resend_unacknowledged(const struct tx_resend *resend, struct tx_resend_datagram *ret) {
    if (resend->n == resend->n_unsent)
        return false;
    *ret = datagram_at(resend, resolve(resend, resend->head));
    return true;
}

void tx_resend_rewind(struct tx_resend *resend) {
    resend->unsent = resend->head;
    resend->n_unsent = resend->n;
    resend->n_unsent_records = resend->n_records;
}

bool tx_resend_next(const struct tx_resend *resend, struct tx_resend_datagram *ret) {
    if (resend->n_unsent == 0)
        return false;
    *ret = datagram_at(resend, resolve(resend, resend->unsent));
    return true;
}

void tx_resend_sent(struct tx_resend *resend) {
    size_t at = resolve(resend, resend->unsent);

    resend->unsent = at + entry_bytes(entry_at(resend, at)->n);
    resend->n_unsent--;
    resend->n_unsent_records -= entry_at(resend, at)->count;
    drop_acknowledged(resend);
}

void tx_resend_clear(struct tx_resend *resend) {
    while (resend->n > 0)
        drop_oldest(resend);
    resend->head = resend->tail = resend->used = resend->n_unsent = 0;
    resend->n_unsent_records = 0;
}
