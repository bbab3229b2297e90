/* SPDX-License-Identifier: MIT */
#include "libtx/mask/arena.h"

#include <assert.h>
#include <sys/mman.h>

#include "libtx/crypto/secret.h"

int tx_arena_init(struct tx_arena *arena, size_t cap) {
    char *p = tx_secret_alloc(cap);
    if (!p)
        return -ENOMEM;
    /* Should somebody fork, the child has none of it. What the kernel cannot do is done without. */
    int ignored = madvise(p, cap, MADV_WIPEONFORK);
    (void)ignored;
    *arena = (struct tx_arena){.p = p, .cap = cap};
    return 0;
}

void tx_arena_deinit(struct tx_arena *arena) {
    tx_secret_free(arena->p, arena->cap);
    *arena = (struct tx_arena){.p = NULL};
}

struct tx_buf tx_arena_open(const struct tx_arena *arena) {
    return tx_buf_of(arena->p + arena->used, arena->cap - arena->used);
}

struct tx_text tx_arena_close(struct tx_arena *arena, const struct tx_buf *b) {
    const char *start = arena->p + arena->used;
    assert((const char *)b->data == start);
    arena->used += b->len;
    return (struct tx_text){.p = start, .n = b->len};
}

void tx_arena_wipe(struct tx_arena *arena, size_t used) {
    assert(used <= arena->used);
    tx_wipe(arena->p + used, arena->used - used);
    arena->used = used;
}
