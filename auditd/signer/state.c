/* SPDX-License-Identifier: MIT */
#include "auditd/signer/state.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libtx/base/buf.h"
#include "libtx/base/cursor.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

#define MAGIC "tracex signer 1\n"
#define N_SLOTS 3u
#define SLOT_BYTES 16384u
#define FILE_BYTES (N_SLOTS * SLOT_BYTES)

struct tx_state_file {
    int fd;
    uint64_t generation; /* the highest that was ever tried */
    unsigned newest;     /* slots */
    unsigned synced;
};

void tx_state_init(struct tx_state *state) {
    memset(state, 0, sizeof(*state));
    tx_range_init(&state->range, 0);
}

static void put_text(struct tx_buf *b, const char *p, size_t n) {
    tx_buf_u32(b, (uint32_t)n);
    tx_buf_put(b, p, n);
}

/* A key that is not there yet is an empty text. */
static void put_vkey(struct tx_buf *b, const struct tx_vkey *vkey) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf text = tx_buf_of(memory, sizeof(memory));
    if (vkey->n_name > 0)
        tx_vkey_render(vkey, &text);
    put_text(b, memory, text.len);
}

static void put_state(struct tx_buf *b, const struct tx_state *state) {
    tx_buf_u8(b, state->ready);
    put_vkey(b, &state->identity);
    put_vkey(b, &state->epoch0);
    tx_buf_u64(b, state->epoch);
    put_vkey(b, &state->epoch_vkey);
    tx_buf_u64(b, state->range.end);
    tx_buf_u32(b, (uint32_t)state->range.n_nodes);
    tx_buf_put(b, state->range.nodes, state->range.n_nodes * sizeof(state->range.nodes[0]));
    tx_buf_u64(b, state->n_checkpoints);
    tx_buf_put(b, state->digest.bytes, sizeof(state->digest.bytes));
    tx_buf_u8(b, state->last_was_seal);
    tx_buf_u64(b, state->last_time);
    tx_buf_u64(b, state->epoch_begin);
    tx_buf_u8(b, state->has_first);
    tx_buf_u64(b, (uint64_t)state->first_boot_ns);
    tx_buf_u64(b, (uint64_t)state->first_wall_ns);
    tx_buf_put(b, state->boot_id, sizeof(state->boot_id));
    put_text(b, state->note, state->n_note);
    tx_buf_u8(b, state->pending);
    tx_buf_u8(b, state->broken);
    put_vkey(b, &state->pending_vkey);
    put_text(b, state->line, state->n_line);
}

/* A slot: magic, u64 generation, u32 length, the state, SHA-256 of all before. */
static int render_slot(struct tx_hasher *hasher, const struct tx_state *state, uint64_t generation,
                       struct tx_buf *b) {
    struct tx_digest checksum;
    tx_buf_put(b, MAGIC, sizeof(MAGIC) - 1);
    tx_buf_u64(b, generation);
    uint8_t *length = tx_buf_reserve(b, 4);
    size_t start = b->len;
    put_state(b, state);
    if (b->full)
        return -ENOBUFS;
    struct tx_buf field = tx_buf_of(length, 4);
    tx_buf_u32(&field, (uint32_t)(b->len - start));
    tx_hash(hasher, b->data, b->len, NULL, 0, NULL, 0, &checksum);
    tx_buf_put(b, checksum.bytes, sizeof(checksum.bytes));
    return b->full ? -ENOBUFS : 0;
}

static int take_bool(struct tx_cursor *c, bool *ret) {
    uint8_t v;
    if (tx_cursor_u8(c, &v) < 0 || v > 1)
        return -EBADMSG;
    *ret = v == 1;
    return 0;
}

static int take_bytes(struct tx_cursor *c, void *ret, size_t n) {
    const uint8_t *p;
    if (tx_cursor_bytes(c, n, &p) < 0)
        return -EBADMSG;
    memcpy(ret, p, n);
    return 0;
}

static int take_text(struct tx_cursor *c, char *ret, size_t cap, size_t *ret_n) {
    uint32_t n;
    if (tx_cursor_u32(c, &n) < 0 || n > cap || take_bytes(c, ret, n) < 0)
        return -EBADMSG;
    *ret_n = n;
    return 0;
}

static int take_vkey(struct tx_cursor *c, struct tx_hasher *hasher, struct tx_vkey *ret) {
    char text[TX_VKEY_TEXT_BYTES];
    size_t n;
    if (take_text(c, text, sizeof(text), &n) < 0)
        return -EBADMSG;
    if (n == 0)
        return 0;
    return tx_vkey_parse(hasher, (struct tx_text){text, n}, ret) == 0 ? 0 : -EBADMSG;
}

static int take_i64(struct tx_cursor *c, int64_t *ret) {
    uint64_t v;
    int r = tx_cursor_u64(c, &v);
    if (r == 0)
        *ret = (int64_t)v;
    return r;
}

static int take_range(struct tx_cursor *c, struct tx_range *ret) {
    struct tx_digest nodes[TX_RANGE_MAX_NODES];
    uint64_t end;
    uint32_t n;
    if (tx_cursor_u64(c, &end) < 0 || tx_cursor_u32(c, &n) < 0 || n > TX_RANGE_MAX_NODES ||
        take_bytes(c, nodes, n * sizeof(nodes[0])) < 0)
        return -EBADMSG;
    return tx_range_set(ret, 0, end, nodes, n);
}

static int take_keys_and_tree(struct tx_cursor *c, struct tx_hasher *hasher, struct tx_state *ret) {
    if (take_bool(c, &ret->ready) < 0 || take_vkey(c, hasher, &ret->identity) < 0 ||
        take_vkey(c, hasher, &ret->epoch0) < 0 || tx_cursor_u64(c, &ret->epoch) < 0 ||
        take_vkey(c, hasher, &ret->epoch_vkey) < 0 || take_range(c, &ret->range) < 0 ||
        tx_cursor_u64(c, &ret->n_checkpoints) < 0 ||
        take_bytes(c, ret->digest.bytes, sizeof(ret->digest.bytes)) < 0 ||
        take_bool(c, &ret->last_was_seal) < 0 || tx_cursor_u64(c, &ret->last_time) < 0)
        return -EBADMSG;
    return 0;
}

static int take_state(struct tx_cursor *c, struct tx_hasher *hasher, struct tx_state *ret) {
    tx_state_init(ret);
    if (take_keys_and_tree(c, hasher, ret) < 0 || tx_cursor_u64(c, &ret->epoch_begin) < 0 ||
        take_bool(c, &ret->has_first) < 0 || take_i64(c, &ret->first_boot_ns) < 0 ||
        take_i64(c, &ret->first_wall_ns) < 0 ||
        take_bytes(c, ret->boot_id, sizeof(ret->boot_id)) < 0 ||
        take_text(c, ret->note, sizeof(ret->note), &ret->n_note) < 0 ||
        take_bool(c, &ret->pending) < 0 || take_bool(c, &ret->broken) < 0 ||
        take_vkey(c, hasher, &ret->pending_vkey) < 0 ||
        take_text(c, ret->line, sizeof(ret->line), &ret->n_line) < 0 || c->n != 0)
        return -EBADMSG;
    return ret->epoch_begin <= ret->range.end ? 0 : -EBADMSG;
}

static int parse_slot(const uint8_t *slot, struct tx_hasher *hasher, uint64_t *ret_generation,
                      struct tx_state *ret) {
    struct tx_cursor c = tx_cursor_of(slot, SLOT_BYTES);
    struct tx_digest checksum;
    const uint8_t *magic, *state, *stored;
    uint64_t generation;
    uint32_t n;
    if (tx_cursor_bytes(&c, sizeof(MAGIC) - 1, &magic) < 0 ||
        memcmp(magic, MAGIC, sizeof(MAGIC) - 1) != 0 || tx_cursor_u64(&c, &generation) < 0 ||
        tx_cursor_u32(&c, &n) < 0 || tx_cursor_bytes(&c, n, &state) < 0)
        return -EBADMSG;
    tx_hash(hasher, slot, (size_t)(state - slot) + n, NULL, 0, NULL, 0, &checksum);
    if (tx_cursor_bytes(&c, sizeof(checksum.bytes), &stored) < 0 ||
        memcmp(stored, checksum.bytes, sizeof(checksum.bytes)) != 0)
        return -EBADMSG;
    struct tx_cursor inner = tx_cursor_of(state, n);
    *ret_generation = generation;
    return take_state(&inner, hasher, ret);
}

int tx_state_file_create(int dirfd, struct tx_hasher *hasher, const struct tx_state *state,
                         struct tx_state_file **ret) {
    _cleanup_(tx_freep) uint8_t *memory = calloc(1, FILE_BYTES);
    _cleanup_(tx_state_file_closep) struct tx_state_file *file = calloc(1, sizeof(*file));
    if (!memory || !file)
        return -ENOMEM;
    file->fd = -1;
    file->generation = 1;
    struct tx_buf b = tx_buf_of(memory, SLOT_BYTES);
    int r = render_slot(hasher, state, file->generation, &b);
    if (r < 0)
        return r;
    /* Whole and filled, so that a save never has to find room on the disk. */
    r = tx_file_replace_at(dirfd, TX_STATE_FILE, memory, FILE_BYTES, 0600);
    if (r < 0)
        return r;
    file->fd = openat(dirfd, TX_STATE_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file->fd < 0)
        return -errno;
    *ret = TX_STEAL(file);
    return 0;
}

/* TX_STATE_E_CORRUPT when there is none that is whole. */
static int find_newest(const uint8_t *slots, struct tx_hasher *hasher, struct tx_state_file *file,
                       struct tx_state *ret) {
    _cleanup_(tx_freep) struct tx_state *state = malloc(sizeof(*state));
    if (!state)
        return -ENOMEM;
    for (unsigned i = 0; i < N_SLOTS; i++) {
        uint64_t generation;
        if (parse_slot(slots + i * SLOT_BYTES, hasher, &generation, state) < 0 ||
            generation <= file->generation)
            continue;
        file->generation = generation;
        file->newest = i;
        *ret = *state;
    }
    return file->generation > 0 ? 0 : TX_STATE_E_CORRUPT;
}

int tx_state_file_open(int dirfd, struct tx_hasher *hasher, struct tx_state_file **ret_file,
                       struct tx_state *ret_state) {
    _cleanup_(tx_freep) uint8_t *memory = calloc(1, FILE_BYTES);
    _cleanup_(tx_state_file_closep) struct tx_state_file *file = calloc(1, sizeof(*file));
    size_t n;
    if (!memory || !file)
        return -ENOMEM;
    file->fd = openat(dirfd, TX_STATE_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file->fd < 0)
        return -errno;
    int r = tx_fd_pread_full(file->fd, memory, FILE_BYTES, 0, &n);
    if (r < 0)
        return r;
    r = find_newest(memory, hasher, file, ret_state);
    if (r != 0)
        return r;
    /* What was read may be in memory only; now the slot that we go on from is on disk. */
    if (fdatasync(file->fd) < 0)
        return -errno;
    file->synced = file->newest;
    *ret_file = TX_STEAL(file);
    return 0;
}

void tx_state_file_close(struct tx_state_file *file) {
    if (!file)
        return;
    tx_fd_closep(&file->fd);
    free(file);
}

static unsigned free_slot(const struct tx_state_file *file) {
    unsigned slot = 0;
    while (slot == file->newest || slot == file->synced)
        slot++;
    return slot;
}

int tx_state_file_save(struct tx_state_file *file, struct tx_hasher *hasher,
                       const struct tx_state *state, bool sync) {
    uint8_t memory[SLOT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    unsigned slot = free_slot(file);
    /* Never used twice, also when this save fails. */
    file->generation++;
    int r = render_slot(hasher, state, file->generation, &b);
    if (r < 0)
        return r;
    r = tx_fd_pwrite_all(file->fd, b.data, b.len, (off_t)slot * (off_t)SLOT_BYTES);
    if (r < 0)
        return r;
    if (sync && fdatasync(file->fd) < 0)
        return -errno;
    file->newest = slot;
    if (sync)
        file->synced = slot;
    return 0;
}
