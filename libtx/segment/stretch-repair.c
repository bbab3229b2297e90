/* SPDX-License-Identifier: MIT */
#include "libtx/segment/stretch.h"

#include <string.h>

#include "libtx/base/limits.h"
#include "libtx/merkle/proof.h"

/*
 * Somebody who changes an amount or a name often changes one byte. The signed root tells which:
 * each leaf's path to the root is worked out once, and then each candidate line costs its own hash
 * and those of the path.
 */

/* A long line costs more to hash. */
#define BYTES_PER_ATTEMPT 512

struct step {
    struct tx_digest sibling;
    bool is_left;
};

struct path {
    size_t n;
    struct step steps[TX_PROOF_MAX_NODES + 1];
};

struct search {
    struct tx_stretch *stretch;
    const struct tx_digest *root;
    uint64_t size;
    uint64_t attempts; /* that are left */
    char line[TX_LIMIT_LINE_BYTES + 1];
};

static void add_step(struct path *path, const struct tx_digest *sibling, bool is_left) {
    path->steps[path->n++] = (struct step){.sibling = *sibling, .is_left = is_left};
}

/* The path of leaf `index` in the tree of `size`, from the compact ranges on its left and right: up
 * to the level where index and the last leaf part, each zero bit of the index has its sibling on
 * the right (the last one is what remains there, folded), each one bit on the left. */
static void make_path(struct tx_hasher *hasher, uint64_t index, uint64_t size,
                      const struct tx_range *left, const struct tx_range *right,
                      struct path *path) {
    uint64_t differ = index ^ (size - 1);
    unsigned inner = differ ? 64u - (unsigned)__builtin_clzll(differ) : 0;
    size_t n_left = left->n_nodes, at_right = 0;

    path->n = 0;
    for (unsigned level = 0; level < inner; level++) {
        if (index >> level & 1) {
            add_step(path, &left->nodes[--n_left], true);
        } else if (level + 1 < inner) {
            add_step(path, &right->nodes[at_right++], false);
        } else {
            struct tx_digest folded = right->nodes[right->n_nodes - 1];
            for (size_t i = right->n_nodes - 1; i > at_right; i--)
                tx_hash_node(hasher, &right->nodes[i - 1], &folded, &folded);
            add_step(path, &folded, false);
        }
    }
    while (n_left > 0)
        add_step(path, &left->nodes[--n_left], true);
}

static int path_of(const struct search *s, uint64_t index, struct path *path) {
    struct tx_stretch *stretch = s->stretch;
    struct tx_range left = stretch->base, right;
    tx_range_init(&right, index + 1);
    for (uint64_t i = stretch->base.end; i < s->size; i++) {
        const struct tx_stretch_leaf *leaf = tx_stretch_leaf(stretch, i);
        if (!leaf || (!leaf->known && i != index))
            return TX_STRETCH_E_UNKNOWN;
        if (i < index)
            tx_range_append(&left, stretch->hasher, &leaf->hash);
        else if (i > index)
            tx_range_append(&right, stretch->hasher, &leaf->hash);
    }
    make_path(stretch->hasher, index, s->size, &left, &right, path);
    return 0;
}

static bool fits(struct search *s, const struct path *path, size_t n_line,
                 struct tx_digest *ret_leaf) {
    struct tx_hasher *hasher = s->stretch->hasher;
    tx_hash_leaf(hasher, s->line, n_line, ret_leaf);
    struct tx_digest r = *ret_leaf;
    for (size_t i = 0; i < path->n; i++) {
        const struct step *step = &path->steps[i];
        if (step->is_left)
            tx_hash_node(hasher, &step->sibling, &r, &r);
        else
            tx_hash_node(hasher, &r, &step->sibling, &r);
    }
    return memcmp(r.bytes, s->root->bytes, TX_HASH_BYTES) == 0;
}

/* One bit of the byte first, then each printable character. */
static bool candidate(bool bits, unsigned i, uint8_t now, uint8_t *ret) {
    unsigned byte = bits ? now ^ 1u << i : 0x20u + i;
    *ret = (uint8_t)byte;
    return bits ? i < 8 : i < 0x7f - 0x20;
}

static bool search_leaf(struct search *s, uint64_t index, bool bits,
                        struct tx_stretch_repair *ret) {
    struct tx_stretch_leaf *leaf = tx_stretch_leaf(s->stretch, index);
    struct tx_text text = tx_stretch_text(s->stretch, leaf);
    struct path path;
    struct tx_digest hash;

    if (text.n == 0 || text.n > TX_LIMIT_LINE_BYTES || path_of(s, index, &path) != 0)
        return false;
    memcpy(s->line, text.p, text.n);
    for (size_t byte = 0; byte < text.n; byte++) {
        uint8_t now = (uint8_t)text.p[byte], was;
        for (unsigned i = 0; candidate(bits, i, now, &was); i++) {
            uint64_t cost = 1 + text.n / BYTES_PER_ATTEMPT;
            if (s->attempts < cost)
                return false;
            s->attempts -= cost;
            s->line[byte] = (char)was;
            if (!fits(s, &path, text.n, &hash))
                continue;
            s->stretch->text[leaf->text_at + byte] = (char)was;
            leaf->hash = hash;
            s->stretch->in_order = false; /* `now` holds the wrong one */
            *ret = (struct tx_stretch_repair){.index = index, .byte = byte, .is = now, .was = was};
            return true;
        }
        s->line[byte] = (char)now;
    }
    return false;
}

int tx_stretch_repair(struct tx_stretch *stretch, uint64_t size, const struct tx_digest *root,
                      uint64_t attempts, struct tx_stretch_repair *ret) {
    if (stretch->overflow || attempts == 0 || size > tx_stretch_end(stretch) ||
        size <= stretch->base.end)
        return TX_STRETCH_E_UNKNOWN;
    /* Working out a path costs a hash for each leaf. */
    uint64_t n = size - stretch->base.end;
    if (n * n > attempts)
        return TX_STRETCH_E_UNKNOWN;
    _cleanup_(tx_freep) struct search *s = malloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->stretch = stretch;
    s->root = root;
    s->size = size;
    s->attempts = attempts;
    for (int bits = 1; bits >= 0; bits--)
        for (uint64_t i = stretch->base.end; i < size; i++)
            if (search_leaf(s, i, bits, ret))
                return 0;
    return TX_STRETCH_E_UNKNOWN;
}
