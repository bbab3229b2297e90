/* SPDX-License-Identifier: MIT */
#include "auditd/vault/table.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auditd/vault/lookup.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

/* The file grows by so many bytes at once. */
#define STEP_BYTES (1024u * 1024u)
#define READ_SLOTS 8192u

/* A predecessor that lost its supervisor ends within some seconds. */
#define LOCK_TRIES 100
#define LOCK_PAUSE_NS 50000000L

struct tx_table {
    int fd;
    struct tx_hasher *hasher; /* borrowed */
    uint32_t n_slots;         /* the next new one's number */
    uint64_t n_bytes;         /* of the file */
    struct tx_lookup by_index;
    struct tx_lookup by_ref;
    struct tx_table_counts counts;
    struct tx_intent intents[TX_SLOT_N_INTENTS];
};

static off_t slot_at(uint64_t number) {
    return (off_t)(TX_SLOTS_AT + number * TX_SLOT_BYTES);
}

/* --- writing --- */

static int write_synced(const struct tx_table *table, const void *p, size_t n, off_t at) {
    int r = tx_fd_pwrite_all(table->fd, p, n, at);
    if (r < 0)
        return r;
    return fdatasync(table->fd) < 0 ? -errno : 0;
}

static int write_slot(const struct tx_table *table, uint32_t number, const struct tx_slot *slot) {
    uint8_t bytes[TX_SLOT_BYTES];
    tx_slot_render(table->hasher, number, slot, bytes);
    return write_synced(table, bytes, sizeof(bytes), slot_at(number));
}

static int write_intent(const struct tx_table *table, size_t place) {
    uint8_t bytes[TX_SLOT_INTENT_BYTES];
    tx_intent_render(table->hasher, place, &table->intents[place], bytes);
    return write_synced(table, bytes, sizeof(bytes),
                        (off_t)(TX_SLOT_INTENTS_AT + place * TX_SLOT_INTENT_BYTES));
}

static int write_zeros(int fd, off_t at, size_t n) {
    static const uint8_t zeros[65536];
    for (size_t done = 0; done < n; done += sizeof(zeros)) {
        size_t part = n - done < sizeof(zeros) ? n - done : sizeof(zeros);
        int r = tx_fd_pwrite_all(fd, zeros, part, at + (off_t)done);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Room for the next slot; a full disk is met here, not in the middle of a slot. */
static int grow(struct tx_table *table) {
    if (slot_at(table->n_slots + 1u) <= (off_t)table->n_bytes)
        return 0;
    int r = 0;
    if (fallocate(table->fd, 0, (off_t)table->n_bytes, STEP_BYTES) < 0)
        r = errno == EOPNOTSUPP ? write_zeros(table->fd, (off_t)table->n_bytes, STEP_BYTES)
                                : -errno;
    if (r == 0)
        table->n_bytes += STEP_BYTES;
    return r;
}

/* --- recovery --- */

static int index_slot(struct tx_table *table, uint32_t number, const struct tx_slot *slot) {
    int r = tx_lookup_add(&table->by_ref, slot->ref, number);
    if (r == 0 && slot->state == TX_SLOT_LIVE)
        r = tx_lookup_add(&table->by_index, slot->index, number);
    if (r < 0)
        return r;
    if (slot->state == TX_SLOT_LIVE)
        table->counts.live++;
    else
        table->counts.erased++;
    return 0;
}

/* Slots that are not whole are only counted: where erasures are finished they are looked at again,
 * and a torn one at the end was nobody's. */
static int load_slot(struct tx_table *table, uint32_t number, const uint8_t *bytes) {
    struct tx_slot slot;

    int r = tx_slot_parse(table->hasher, number, bytes, &slot);
    if (r == 0 && slot.state == TX_SLOT_FREE)
        return 0;
    table->counts.damaged += number - table->n_slots; /* we leave no free ones in between */
    table->n_slots = number + 1;
    if (r == 0)
        r = index_slot(table, number, &slot);
    else
        table->counts.damaged++;
    return r == -EBADMSG ? 0 : r;
}

static int load_slots(struct tx_table *table) {
    _cleanup_(tx_freep) uint8_t *memory = malloc(READ_SLOTS * TX_SLOT_BYTES);
    size_t n = READ_SLOTS * TX_SLOT_BYTES;
    int r = memory ? 0 : -ENOMEM;

    for (uint64_t first = 0; r == 0 && n == READ_SLOTS * TX_SLOT_BYTES; first += READ_SLOTS) {
        if (first + READ_SLOTS > TX_LOOKUP_SLOTS_MAX)
            return -EFBIG;
        r = tx_fd_pread_full(table->fd, memory, READ_SLOTS * TX_SLOT_BYTES, slot_at(first), &n);
        for (uint32_t i = 0; r == 0 && i < n / TX_SLOT_BYTES; i++)
            r = load_slot(table, (uint32_t)first + i, memory + i * TX_SLOT_BYTES);
    }
    return r;
}

static int read_slot(struct tx_table *table, uint32_t number, struct tx_slot *ret) {
    uint8_t bytes[TX_SLOT_BYTES];
    size_t n;
    int r = tx_fd_pread_full(table->fd, bytes, sizeof(bytes), slot_at(number), &n);
    if (r == 0)
        r = n == sizeof(bytes) ? tx_slot_parse(table->hasher, number, bytes, ret) : -EBADMSG;
    return r;
}

/* What has an intent is erased, whatever a crash left of its slot. */
static int overwrite(struct tx_table *table, const struct tx_intent *intent) {
    struct tx_slot slot = {.state = TX_SLOT_ERASED, .time = intent->erasure.time};
    memcpy(slot.ref, intent->erasure.ref, sizeof(slot.ref));
    if (getrandom(slot.secret, sizeof(slot.secret), 0) != (ssize_t)sizeof(slot.secret))
        return -EIO;
    return write_slot(table, intent->slot, &slot);
}

/* Before the slots are loaded, so that they are found as they are from now on. */
static int finish_erasures(struct tx_table *table) {
    uint8_t bytes[TX_SLOT_N_INTENTS * TX_SLOT_INTENT_BYTES];
    struct tx_slot slot;
    size_t n;
    int r = tx_fd_pread_full(table->fd, bytes, sizeof(bytes), TX_SLOT_INTENTS_AT, &n);
    if (r < 0 || n < sizeof(bytes))
        return r < 0 ? r : -EBADMSG;
    for (size_t i = 0; i < TX_SLOT_N_INTENTS; i++) {
        struct tx_intent *intent = &table->intents[i];
        if (tx_intent_parse(table->hasher, i, bytes + i * TX_SLOT_INTENT_BYTES, intent) < 0)
            continue; /* torn: that erasure has not begun */
        if (!intent->used)
            continue;
        table->counts.unrecorded++;
        if (slot_at(intent->slot + 1u) > (off_t)table->n_bytes)
            return -EBADMSG;
        if (read_slot(table, intent->slot, &slot) == 0 && slot.state == TX_SLOT_ERASED)
            continue;
        r = overwrite(table, intent);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The last slot, when it is torn, was never answered for. */
static int drop_torn_end(struct tx_table *table) {
    struct tx_slot slot;
    if (table->n_slots == 0)
        return 0;
    int r = read_slot(table, table->n_slots - 1, &slot);
    if (r == -EBADMSG) {
        table->n_slots--;
        table->counts.damaged--;
        r = 0;
    }
    return r;
}

/* --- opening --- */

int tx_table_create(int dirfd, struct tx_hasher *hasher, const uint8_t mark[16]) {
    _cleanup_(tx_freep) uint8_t *memory = calloc(1, TX_SLOTS_AT);
    if (!memory)
        return -ENOMEM;
    tx_slot_header_render(hasher, mark, memory);
    return tx_file_replace_at(dirfd, TX_TABLE_FILE, memory, TX_SLOTS_AT, 0600);
}

static int lock(int fd) {
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        nanosleep(&pause, NULL);
    }
    return -EBUSY;
}

static int check_header(struct tx_table *table, const uint8_t mark[16]) {
    uint8_t bytes[TX_SLOT_HEADER_BYTES], found[16];
    size_t n;
    int r = tx_fd_pread_full(table->fd, bytes, sizeof(bytes), 0, &n);
    if (r < 0)
        return r;
    if (n < sizeof(bytes) || tx_slot_header_parse(table->hasher, bytes, found) < 0 ||
        table->n_bytes < TX_SLOTS_AT)
        return TX_TABLE_E_CORRUPT;
    return memcmp(found, mark, sizeof(found)) == 0 ? 0 : TX_TABLE_E_OTHER;
}

static int recover(struct tx_table *table) {
    int r = finish_erasures(table);
    if (r == 0)
        r = load_slots(table);
    if (r == 0)
        r = drop_torn_end(table);
    /* What was read may be in memory only. */
    if (r == 0 && fdatasync(table->fd) < 0)
        r = -errno;
    return r;
}

int tx_table_open(int dirfd, struct tx_hasher *hasher, const uint8_t mark[16],
                  struct tx_table **ret) {
    _cleanup_(tx_table_closep) struct tx_table *table = calloc(1, sizeof(*table));
    struct stat st;
    if (!table)
        return -ENOMEM;
    table->hasher = hasher;
    table->fd = openat(dirfd, TX_TABLE_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (table->fd < 0 || fstat(table->fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    int r = lock(table->fd);
    if (r < 0)
        return r;
    table->n_bytes = (uint64_t)st.st_size;
    r = check_header(table, mark);
    if (r == 0)
        r = recover(table);
    if (r != 0)
        return r;
    *ret = TX_STEAL(table);
    return 0;
}

void tx_table_close(struct tx_table *table) {
    if (!table)
        return;
    tx_fd_closep(&table->fd);
    tx_lookup_deinit(&table->by_index);
    tx_lookup_deinit(&table->by_ref);
    free(table);
}

/* --- finding --- */

static int find(struct tx_table *table, const struct tx_lookup *lookup, const uint8_t id[16],
                struct tx_slot *ret, uint32_t *ret_number) {
    size_t at = 0;

    while (tx_lookup_next(lookup, id, &at, ret_number)) {
        int r = read_slot(table, *ret_number, ret);
        if (r < 0)
            return r;
        const uint8_t *own = lookup == &table->by_ref ? ret->ref : ret->index;
        if (memcmp(own, id, 16) == 0)
            return 0;
    }
    return TX_TABLE_E_ABSENT;
}

int tx_table_find(struct tx_table *table, const uint8_t index[TX_SLOT_INDEX_BYTES],
                  struct tx_slot *ret) {
    uint32_t number;
    return find(table, &table->by_index, index, ret, &number);
}

int tx_table_find_ref(struct tx_table *table, const uint8_t ref[TX_VAULT_REF_BYTES],
                      struct tx_slot *ret) {
    uint32_t number;
    return find(table, &table->by_ref, ref, ret, &number);
}

/* --- changing --- */

int tx_table_add(struct tx_table *table, const struct tx_slot *slot) {
    assert(slot->state == TX_SLOT_LIVE);
    if (table->n_slots >= TX_LOOKUP_SLOTS_MAX)
        return -ENOSPC;
    int r = tx_lookup_reserve(&table->by_index, 1);
    if (r == 0)
        r = tx_lookup_reserve(&table->by_ref, 1);
    if (r == 0)
        r = grow(table);
    if (r == 0)
        r = write_slot(table, table->n_slots, slot);
    if (r < 0)
        return r;
    return index_slot(table, table->n_slots++, slot);
}

static struct tx_intent *free_intent(struct tx_table *table) {
    for (size_t i = 0; i < TX_SLOT_N_INTENTS; i++)
        if (!table->intents[i].used)
            return &table->intents[i];
    return NULL;
}

int tx_table_erase(struct tx_table *table, const uint8_t index[TX_SLOT_INDEX_BYTES],
                   struct tx_vault_erasure *erasure) {
    struct tx_intent *intent = free_intent(table);
    struct tx_slot slot;
    uint32_t number;

    int r = find(table, &table->by_index, index, &slot, &number);
    if (r != 0)
        return r;
    if (!intent)
        return TX_TABLE_E_BUSY;
    memcpy(erasure->ref, slot.ref, sizeof(erasure->ref));
    tx_intent_set(intent, number, erasure);
    r = write_intent(table, (size_t)(intent - table->intents));
    if (r == 0)
        r = overwrite(table, intent);
    if (r < 0)
        return r;
    tx_lookup_remove(&table->by_index, index, number);
    table->counts.live--;
    table->counts.erased++;
    table->counts.unrecorded++;
    return 0;
}

const struct tx_vault_erasure *tx_table_unrecorded(const struct tx_table *table, size_t place) {
    assert(place < TX_SLOT_N_INTENTS);
    return table->intents[place].used ? &table->intents[place].erasure : NULL;
}

int tx_table_recorded(struct tx_table *table, const uint8_t request[TX_VAULT_ID_BYTES]) {
    for (size_t i = 0; i < TX_SLOT_N_INTENTS; i++) {
        struct tx_intent *intent = &table->intents[i];
        if (!intent->used ||
            memcmp(intent->erasure.request, request, sizeof(intent->erasure.request)) != 0)
            continue;
        intent->used = false;
        table->counts.unrecorded--;
        return write_intent(table, i);
    }
    return 0;
}

struct tx_table_counts tx_table_counts(const struct tx_table *table) {
    return table->counts;
}
