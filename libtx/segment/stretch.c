/* SPDX-License-Identifier: MIT */
#include "libtx/segment/stretch.h"

#include <assert.h>
#include <string.h>

int tx_stretch_init(struct tx_stretch *stretch, struct tx_hasher *hasher) {
    *stretch = (struct tx_stretch){.hasher = hasher};
    stretch->text = malloc(TX_STRETCH_TEXT_BYTES);
    if (!stretch->text)
        return -ENOMEM;
    struct tx_range empty;
    tx_range_init(&empty, 0);
    tx_stretch_begin(stretch, &empty);
    return 0;
}

void tx_stretch_deinit(struct tx_stretch *stretch) {
    free(stretch->leaves);
    free(stretch->text);
    *stretch = (struct tx_stretch){.hasher = NULL};
}

static void forget(struct tx_stretch *stretch) {
    stretch->n_leaves = 0;
    stretch->n_text = 0;
    stretch->overflow = false;
    stretch->in_order = true;
}

static void copy_range(struct tx_range *to, const struct tx_range *from) {
    to->begin = from->begin;
    to->end = from->end;
    to->n_nodes = from->n_nodes;
    memcpy(to->nodes, from->nodes, from->n_nodes * sizeof(*from->nodes));
}

void tx_stretch_begin(struct tx_stretch *stretch, const struct tx_range *base) {
    copy_range(&stretch->base, base);
    copy_range(&stretch->now, base);
    forget(stretch);
}

uint64_t tx_stretch_end(const struct tx_stretch *stretch) {
    return stretch->overflow ? stretch->now.end : stretch->base.end + stretch->n_leaves;
}

/* Room for n leaves. Without it the stretch keeps the range only. */
static bool make_room(struct tx_stretch *stretch, uint64_t n) {
    if (n <= stretch->cap)
        return true;
    if (n > TX_STRETCH_LEAVES_MAX)
        return false;
    size_t cap = stretch->cap ? stretch->cap : 256;
    while (cap < n)
        cap *= 2;
    struct tx_stretch_leaf *leaves = realloc(stretch->leaves, cap * sizeof(*leaves));
    if (!leaves)
        return false;
    stretch->leaves = leaves;
    stretch->cap = cap;
    return true;
}

static void keep_text(struct tx_stretch *stretch, struct tx_stretch_leaf *leaf,
                      struct tx_text text) {
    if (text.n == 0 || text.n > TX_STRETCH_TEXT_BYTES - stretch->n_text)
        return;
    leaf->text_at = (uint32_t)stretch->n_text;
    leaf->n_text = (uint32_t)text.n;
    memcpy(stretch->text + stretch->n_text, text.p, text.n);
    stretch->n_text += text.n;
}

int tx_stretch_add(struct tx_stretch *stretch, uint64_t index, struct tx_text text, uint64_t line,
                   uint64_t offset) {
    uint64_t end = tx_stretch_end(stretch);
    struct tx_digest hash;

    if (index < stretch->base.end || (stretch->overflow && index != end) ||
        (!stretch->overflow && index - stretch->base.end > TX_STRETCH_LEAVES_MAX))
        return -ERANGE;
    uint64_t at = index - stretch->base.end;
    if (index < end && stretch->leaves[at].known)
        return -ERANGE;
    tx_hash_leaf(stretch->hasher, text.p, text.n, &hash);
    if (index != end)
        stretch->in_order = false;
    else if (stretch->in_order)
        tx_range_append(&stretch->now, stretch->hasher, &hash);
    if (stretch->overflow)
        return 0;
    if (!make_room(stretch, at + 1)) {
        if (!stretch->in_order)
            return -ERANGE;
        stretch->overflow = true;
        return 0;
    }
    for (; stretch->n_leaves <= at; stretch->n_leaves++)
        stretch->leaves[stretch->n_leaves] = (struct tx_stretch_leaf){.known = false};
    struct tx_stretch_leaf *leaf = &stretch->leaves[at];
    *leaf = (struct tx_stretch_leaf){.hash = hash, .known = true, .line = line, .offset = offset};
    keep_text(stretch, leaf, text);
    return 0;
}

struct tx_stretch_leaf *tx_stretch_leaf(struct tx_stretch *stretch, uint64_t index) {
    if (stretch->overflow || index < stretch->base.end || index >= tx_stretch_end(stretch))
        return NULL;
    return &stretch->leaves[index - stretch->base.end];
}

struct tx_text tx_stretch_text(const struct tx_stretch *stretch,
                               const struct tx_stretch_leaf *leaf) {
    return (struct tx_text){.p = stretch->text + leaf->text_at, .n = leaf->n_text};
}

int tx_stretch_range(const struct tx_stretch *stretch, uint64_t size, struct tx_range *ret) {
    if (stretch->overflow || size < stretch->base.end || size > tx_stretch_end(stretch))
        return TX_STRETCH_E_UNKNOWN;
    copy_range(ret, &stretch->base);
    for (size_t i = 0; ret->end < size; i++) {
        if (!stretch->leaves[i].known)
            return TX_STRETCH_E_UNKNOWN;
        tx_range_append(ret, stretch->hasher, &stretch->leaves[i].hash);
    }
    return 0;
}

static bool is_all(const struct tx_stretch *stretch, uint64_t size) {
    return stretch->in_order && size == stretch->now.end;
}

int tx_stretch_root(const struct tx_stretch *stretch, uint64_t size, struct tx_digest *ret) {
    if (is_all(stretch, size)) {
        tx_range_root(&stretch->now, stretch->hasher, ret);
        return 0;
    }
    struct tx_range range;
    int r = tx_stretch_range(stretch, size, &range);
    if (r == 0)
        tx_range_root(&range, stretch->hasher, ret);
    return r;
}

void tx_stretch_advance(struct tx_stretch *stretch, uint64_t size) {
    if (is_all(stretch, size)) {
        copy_range(&stretch->base, &stretch->now);
        forget(stretch);
        return;
    }
    struct tx_range range;
    int r = tx_stretch_range(stretch, size, &range);
    assert(r == 0);
    size_t n = (size_t)(size - stretch->base.end);
    stretch->n_leaves -= n;
    memmove(stretch->leaves, stretch->leaves + n, stretch->n_leaves * sizeof(*stretch->leaves));
    if (stretch->n_leaves == 0)
        stretch->n_text = 0;
    copy_range(&stretch->base, &range);
    copy_range(&stretch->now, &range);
    stretch->in_order = true;
    for (size_t i = 0; i < stretch->n_leaves && stretch->in_order; i++) {
        stretch->in_order = stretch->leaves[i].known;
        if (stretch->in_order)
            tx_range_append(&stretch->now, stretch->hasher, &stretch->leaves[i].hash);
    }
}
