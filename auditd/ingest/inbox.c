/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/inbox.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "auditd/ingest/inbox-parts.h"
#include "libtx/base/clock.h"
#include "libtx/base/cursor.h"

#define MAGIC UINT64_C(0x31786f626e497854) /* "TxInbox1" */
#define HEADER_BYTES 4096
#define ALIGNMENT 64u

struct tx_inbox_header {
    uint64_t magic;
    uint64_t head;
};

static_assert(sizeof(struct tx_inbox_entry) == ALIGNMENT, "datagrams begin where they did");

static size_t aligned(size_t n) {
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t datagram_offset(size_t n_identity) {
    return sizeof(struct tx_inbox_entry) + TX_INBOX_CONTROL_BYTES + (n_identity + 7) / 8 * 8;
}

size_t tx_inbox_entry_size(size_t n_identity, size_t n_datagram) {
    return aligned(datagram_offset(n_identity) + n_datagram);
}

uint8_t *tx_inbox_control(struct tx_inbox_entry *entry) {
    return (uint8_t *)(entry + 1);
}

uint8_t *tx_inbox_datagram(struct tx_inbox_entry *entry) {
    return (uint8_t *)entry + datagram_offset(entry->n_identity);
}

struct tx_text tx_inbox_identity(struct tx_inbox_entry *entry) {
    return (struct tx_text){.p = (const char *)tx_inbox_control(entry) + TX_INBOX_CONTROL_BYTES,
                            .n = entry->n_identity};
}

bool tx_inbox_credentials(struct tx_inbox_entry *entry, struct ucred *ret) {
    struct cmsghdr header;

    static_assert(CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int)) ==
                      TX_INBOX_CONTROL_BYTES,
                  "credentials come first");
    memcpy(&header, tx_inbox_control(entry), sizeof(header));
    if (header.cmsg_len != CMSG_LEN(sizeof(*ret)) || header.cmsg_level != SOL_SOCKET ||
        header.cmsg_type != SCM_CREDENTIALS)
        return false;
    memcpy(ret, tx_inbox_control(entry) + CMSG_LEN(0), sizeof(*ret));
    return true;
}

static struct tx_inbox_entry *entry_at(struct tx_inbox *inbox, size_t offset) {
    return (struct tx_inbox_entry *)(void *)(inbox->ring + offset);
}

/* What the next process reads must not come to memory before what it relies on. A process that is
 * killed leaves its stores in the order of the program, so the compiler alone is held to it. */
static void in_order(void) {
    __asm__ volatile("" ::: "memory");
}

void tx_inbox_set_state(struct tx_inbox_entry *entry, enum tx_inbox_state state) {
    in_order();
    entry->state = state;
    in_order();
}

static void set_head(struct tx_inbox *inbox, size_t head) {
    inbox->head = head;
    inbox->header->head = head;
    in_order();
}

/* --- reading back --- */

/* How long the datagram in an entry that was RECEIVING is; 0 when it did not come. */
static size_t received_length(struct tx_inbox_entry *entry, size_t room) {
    struct tx_cursor c = tx_cursor_of(tx_inbox_datagram(entry), room);
    const uint8_t *start;
    uint32_t length;

    if (tx_cursor_bytes(&c, 4, &start) < 0 || tx_cursor_u32(&c, &length) < 0)
        return 0;
    if (start[0] == 0 || length < 8 || length > room || length > TX_LIMIT_DATAGRAM_BYTES)
        return 0;
    return length;
}

bool tx_inbox_complete(struct tx_inbox_entry *entry, size_t room) {
    struct ucred credentials;

    if (entry->n_identity > TX_INBOX_IDENTITY_BYTES || datagram_offset(entry->n_identity) > room)
        return false;
    size_t n = received_length(entry, room - datagram_offset(entry->n_identity));
    if (n == 0 || !tx_inbox_credentials(entry, &credentials) ||
        tx_inbox_entry_size(entry->n_identity, n) > room)
        return false;
    entry->n_datagram = (uint32_t)n;
    entry->size = (uint32_t)tx_inbox_entry_size(entry->n_identity, n);
    entry->received = tx_clock_wall();
    tx_inbox_set_state(entry, TX_INBOX_RECEIVED);
    return true;
}

static bool plausible(const struct tx_inbox_entry *entry, size_t room) {
    if (entry->size == 0 || entry->size % ALIGNMENT != 0 || entry->size > room)
        return false;
    if (entry->state == TX_INBOX_WRAP)
        return entry->size == room;
    if (entry->state == TX_INBOX_FREED)
        return true;
    return entry->state == TX_INBOX_RECEIVED && entry->n_identity <= TX_INBOX_IDENTITY_BYTES &&
           entry->n_datagram <= TX_LIMIT_DATAGRAM_BYTES &&
           entry->size == tx_inbox_entry_size(entry->n_identity, entry->n_datagram);
}

/* Walks from the head to the last entry. False when it met something that is none. */
static bool walk(struct tx_inbox *inbox) {
    size_t at = inbox->head;
    bool sane = true;

    while (inbox->used < inbox->capacity) {
        /* Up to the ring's end, or, around it, up to the head. */
        size_t room = at < inbox->head || (at == inbox->head && inbox->used > 0)
                          ? inbox->head - at
                          : inbox->capacity - at;
        if (room < ALIGNMENT)
            break;
        struct tx_inbox_entry *entry = entry_at(inbox, at);
        if (entry->state == TX_INBOX_EMPTY ||
            (entry->state == TX_INBOX_RECEIVING && !tx_inbox_complete(entry, room)))
            break;
        if (!plausible(entry, room)) {
            sane = false;
            break;
        }
        inbox->n_received += entry->state == TX_INBOX_RECEIVED;
        inbox->used += entry->size;
        at = (at + entry->size) % inbox->capacity;
    }
    inbox->tail = at;
    return sane;
}

/* Everything that is not part of an entry. */
static void wipe_rest(struct tx_inbox *inbox) {
    uint8_t *ring = inbox->ring;

    if (inbox->used == inbox->capacity)
        return;
    if (inbox->tail < inbox->head) {
        explicit_bzero(ring + inbox->tail, inbox->head - inbox->tail);
        return;
    }
    explicit_bzero(ring + inbox->tail, inbox->capacity - inbox->tail);
    explicit_bzero(ring, inbox->head);
}

static void wipe_freed(struct tx_inbox *inbox) {
    size_t at = inbox->head;

    for (size_t seen = 0; seen < inbox->used;) {
        struct tx_inbox_entry *entry = entry_at(inbox, at);
        if (entry->state == TX_INBOX_FREED)
            explicit_bzero(entry + 1, entry->size - sizeof(*entry));
        seen += entry->size;
        at = (at + entry->size) % inbox->capacity;
    }
}

static bool read_back(struct tx_inbox *inbox) {
    struct tx_inbox_header *header = inbox->header;
    bool sane = header->magic == 0;

    if (header->magic == MAGIC && header->head < inbox->capacity && header->head % ALIGNMENT == 0) {
        inbox->head = header->head;
        sane = walk(inbox);
    }
    wipe_rest(inbox);
    wipe_freed(inbox);
    set_head(inbox, inbox->head);
    header->magic = MAGIC;
    sane &= tx_inbox_land_rest(inbox);
    tx_inbox_rewind(inbox);
    return sane;
}

int tx_inbox_open(int fd, struct tx_inbox *ret, bool *ret_sane) {
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size <= HEADER_BYTES || st.st_size % HEADER_BYTES != 0 ||
        (size_t)st.st_size - HEADER_BYTES <
            2 * tx_inbox_entry_size(TX_INBOX_IDENTITY_BYTES, TX_LIMIT_DATAGRAM_BYTES))
        return -EINVAL;
    /* All pages now: a fault while the kernel copies a datagram could lose it to a signal. */
    uint8_t *p =
        mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    (void)madvise(p, (size_t)st.st_size, MADV_DONTDUMP);
    *ret = (struct tx_inbox){.header = (struct tx_inbox_header *)(void *)p,
                             .ring = p + HEADER_BYTES,
                             .n_mapped = (size_t)st.st_size};
    tx_inbox_divide(ret, (size_t)st.st_size - HEADER_BYTES);
    *ret_sane = read_back(ret);
    return 0;
}

void tx_inbox_close(struct tx_inbox *inbox) {
    if (inbox->header)
        munmap(inbox->header, inbox->n_mapped);
    *inbox = (struct tx_inbox){.header = NULL};
}

/* --- the ring --- */

/* An empty ring begins at its beginning, where the memory is warm. */
static void begin_anew(struct tx_inbox *inbox) {
    set_head(inbox, 0);
    inbox->tail = 0;
    inbox->untaken_at = 0;
}

static void wrap(struct tx_inbox *inbox) {
    size_t rest = inbox->capacity - inbox->tail;

    if (rest > 0) {
        struct tx_inbox_entry *entry = entry_at(inbox, inbox->tail);
        entry->size = (uint32_t)rest;
        tx_inbox_set_state(entry, TX_INBOX_WRAP);
        inbox->used += rest;
    }
    inbox->tail = 0;
}

bool tx_inbox_make_room(struct tx_inbox *inbox, size_t n) {
    if (inbox->used == 0)
        begin_anew(inbox);
    if (inbox->used == inbox->capacity)
        return false;
    if (inbox->tail < inbox->head)
        return inbox->head - inbox->tail >= n;
    if (inbox->capacity - inbox->tail >= n)
        return true;
    if (inbox->head < n)
        return false;
    wrap(inbox);
    return true;
}

void tx_inbox_set_up(struct tx_inbox_entry *entry, uint64_t connection, struct tx_text identity) {
    *entry = (struct tx_inbox_entry){.connection = connection, .n_identity = (uint16_t)identity.n};
    memset(tx_inbox_control(entry), 0, TX_INBOX_CONTROL_BYTES);
    memcpy(tx_inbox_control(entry) + TX_INBOX_CONTROL_BYTES, identity.p, identity.n);
    memset(tx_inbox_datagram(entry), 0, 8);
    tx_inbox_set_state(entry, TX_INBOX_RECEIVING);
}

struct tx_inbox_entry *tx_inbox_prepare(struct tx_inbox *inbox, uint64_t connection,
                                        struct tx_text identity) {
    assert(identity.n <= TX_INBOX_IDENTITY_BYTES);
    if (!tx_inbox_make_room(inbox, tx_inbox_entry_size(identity.n, TX_LIMIT_DATAGRAM_BYTES)))
        return NULL;
    struct tx_inbox_entry *entry = entry_at(inbox, inbox->tail);
    tx_inbox_set_up(entry, connection, identity);
    return entry;
}

void tx_inbox_commit(struct tx_inbox *inbox, struct tx_inbox_entry *entry, size_t n,
                     int64_t received) {
    assert(entry == entry_at(inbox, inbox->tail) && n <= TX_LIMIT_DATAGRAM_BYTES);
    entry->n_datagram = (uint32_t)n;
    entry->size = (uint32_t)tx_inbox_entry_size(entry->n_identity, n);
    entry->received = received;
    tx_inbox_set_state(entry, TX_INBOX_RECEIVED);
    inbox->tail += entry->size;
    inbox->used += entry->size;
    inbox->n_received++;
    inbox->n_untaken++;
}

void tx_inbox_abandon(struct tx_inbox_entry *entry, size_t n) {
    uint8_t *end = tx_inbox_datagram(entry) + n;
    tx_inbox_set_state(entry, TX_INBOX_EMPTY);
    explicit_bzero(entry, (size_t)(end - (uint8_t *)entry));
}

struct tx_inbox_entry *tx_inbox_take(struct tx_inbox *inbox) {
    if (inbox->n_untaken == 0)
        return NULL;
    for (;;) {
        struct tx_inbox_entry *entry = entry_at(inbox, inbox->untaken_at);
        inbox->untaken_at = (inbox->untaken_at + entry->size) % inbox->capacity;
        if (entry->state == TX_INBOX_RECEIVED) {
            inbox->n_untaken--;
            return entry;
        }
    }
}

void tx_inbox_rewind(struct tx_inbox *inbox) {
    inbox->untaken_at = inbox->head;
    inbox->n_untaken = inbox->n_received;
}

/* Gives back the room of the oldest entries that are freed. */
static void advance(struct tx_inbox *inbox) {
    while (inbox->used > 0) {
        struct tx_inbox_entry *entry = entry_at(inbox, inbox->head);
        if (entry->state != TX_INBOX_FREED && entry->state != TX_INBOX_WRAP)
            return;
        size_t size = entry->size;
        size_t next = (inbox->head + size) % inbox->capacity;
        if (inbox->untaken_at == inbox->head)
            inbox->untaken_at = next;
        set_head(inbox, next);
        memset(entry, 0, sizeof(*entry));
        inbox->used -= size;
    }
}

void tx_inbox_free(struct tx_inbox *inbox, struct tx_inbox_entry *entry) {
    assert(entry->state == TX_INBOX_RECEIVED);
    tx_inbox_set_state(entry, TX_INBOX_FREED);
    explicit_bzero(entry + 1, entry->size - sizeof(*entry));
    inbox->n_received--;
    advance(inbox);
}
