/* SPDX-License-Identifier: MIT */
#include "tests/lib/canary-search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VEIL 0xa5
#define CHUNK_BYTES (1u << 20)

static uint16_t slot_of(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return (uint16_t)(v * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

static bool is_letter(uint8_t c) {
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* What is shorter than a piece of digits is a piece as a whole. */
static size_t piece_bytes(const uint8_t *p, size_t n) {
    size_t letters = 0;
    for (size_t i = 0; i < TX_PIECE_BYTES; i++)
        letters += is_letter(p[i]);
    if (letters >= TX_PIECE_BYTES / 2)
        return TX_PIECE_BYTES;
    return n < TX_PIECE_DIGITS ? n : TX_PIECE_DIGITS;
}

static bool add_piece(struct tx_canary_search *search, const uint8_t *p, size_t n) {
    if (search->n_pieces == TX_CANARY_PIECES || p[0] == 0)
        return false;
    uint16_t *slot = &search->slot[slot_of(p)];
    struct tx_canary_piece *piece = &search->piece[search->n_pieces];
    *piece = (struct tx_canary_piece){
        .n = (uint8_t)n, .canary = (uint16_t)search->n_canaries, .next = *slot};
    for (size_t i = 0; i < n; i++)
        piece->veiled[i] = p[i] ^ VEIL;
    *slot = (uint16_t)++search->n_pieces;
    return true;
}

bool tx_canary_add(struct tx_canary_search *search, const void *canary, size_t n) {
    const uint8_t *p = canary;
    size_t before = search->n_pieces;

    for (size_t at = 0; at + TX_PIECE_BYTES <= n; at++) {
        size_t length = piece_bytes(p + at, n);
        if (at + length <= n && !add_piece(search, p + at, length))
            return false;
    }
    search->n_canaries++;
    return search->n_pieces > before;
}

static bool is_piece(const struct tx_canary_piece *piece, const uint8_t *p, size_t n) {
    size_t i = 0;
    while (i < piece->n && i < n && (p[i] ^ VEIL) == piece->veiled[i])
        i++;
    return i == piece->n;
}

/* Most of memory; no piece begins so. */
#define BLOCK_BYTES 64

static bool is_zero(const uint8_t *p) {
    uint64_t word[BLOCK_BYTES / 8], any = 0;
    memcpy(word, p, sizeof(word));
    for (size_t i = 0; i < BLOCK_BYTES / 8; i++)
        any |= word[i];
    return any == 0;
}

int tx_canary_find(const struct tx_canary_search *search, const void *bytes, size_t n, size_t *at) {
    const uint8_t *p = bytes;

    for (size_t i = *at; i + TX_PIECE_BYTES <= n; i++) {
        if (i + BLOCK_BYTES <= n && is_zero(p + i)) {
            i += BLOCK_BYTES - 1;
            continue;
        }
        for (size_t k = search->slot[slot_of(p + i)]; k; k = search->piece[k - 1].next)
            if (is_piece(&search->piece[k - 1], p + i, n - i)) {
                *at = i;
                return search->piece[k - 1].canary;
            }
    }
    return -1;
}

/* --- the memory of a process --- */

struct mapping {
    uint64_t start, end;
    char text[256]; /* its line */
};

/* Of the memory that is looked through; forgotten after each look, so that it holds no copy when
 * its own turn comes. */
static uint8_t chunk[CHUNK_BYTES + TX_PIECE_DIGITS];

static void look_through(const struct tx_canary_search *search, const struct mapping *m,
                         const uint8_t *p, size_t n, uint64_t address, tx_canary_tell *tell,
                         void *data) {
    size_t last = 0;
    bool any = false;
    int canary;
    for (size_t at = 0; (canary = tx_canary_find(search, p, n, &at)) >= 0; at++) {
        if (!any || at > last + 1)
            tell(data, m->text, address + at, canary);
        any = true;
        last = at;
    }
}

static void look_into(const struct tx_canary_search *search, int fd, const struct mapping *m,
                      tx_canary_tell *tell, void *data) {
    for (uint64_t at = m->start; at < m->end; at += CHUNK_BYTES) {
        size_t n = m->end - at < sizeof(chunk) ? (size_t)(m->end - at) : sizeof(chunk);
        ssize_t got = pread(fd, chunk, n, (off_t)at);
        if (got <= 0)
            return;
        look_through(search, m, chunk, (size_t)got, at, tell, data);
        explicit_bzero(chunk, (size_t)got);
    }
}

/* A sanitizer's shadow is larger than anything of ours. */
#define MAPPING_MAX (UINT64_C(1) << 32)

static bool is_to_be_read(const struct mapping *m) {
    const char *mode = strchr(m->text, ' ');
    if (!mode || mode[1] != 'r' || m->end - m->start >= MAPPING_MAX)
        return false;
    /* A program's constants hold examples, and nothing is written there. */
    bool is_constant = mode[2] == '-' && mode[4] == 'p' && strchr(mode, '/');
    return !is_constant && !strstr(m->text, "[vvar") && !strstr(m->text, "[vsyscall");
}

static bool take_line(int fd, struct mapping *ret) {
    size_t n = 0;
    char c;
    while (read(fd, &c, 1) == 1 && c != '\n')
        if (n + 1 < sizeof(ret->text))
            ret->text[n++] = c;
    ret->text[n] = '\0';
    return n > 0 && sscanf(ret->text, "%lx-%lx", &ret->start, &ret->end) == 2;
}

static int open_of(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

int tx_canary_find_in_process(const struct tx_canary_search *search, pid_t pid,
                              tx_canary_tell *tell, void *data) {
    struct mapping m;
    int maps = open_of(pid, "maps"), mem = open_of(pid, "mem"), error = errno;

    if (maps >= 0 && mem >= 0) {
        error = 0;
        while (take_line(maps, &m))
            if (is_to_be_read(&m))
                look_into(search, mem, &m, tell, data);
    }
    if (maps >= 0)
        close(maps);
    if (mem >= 0)
        close(mem);
    return -error;
}
