/* SPDX-License-Identifier: MIT */
#include "libtx/merkle/range.h"

#include <assert.h>
#include <string.h>

/* So that no index, and no sum of two, overflows. */
#define END_MAX ((uint64_t)INT64_MAX)

/* The level of the first node of [at, end): as large as alignment and end allow. at < end. */
static unsigned first_level(uint64_t at, uint64_t end) {
    unsigned fits = 63u - (unsigned)__builtin_clzll(end - at);
    unsigned aligned = at == 0 ? 63u : (unsigned)__builtin_ctzll(at);
    return aligned < fits ? aligned : fits;
}

void tx_range_init(struct tx_range *range, uint64_t at) {
    assert(at <= END_MAX);
    range->begin = at;
    range->end = at;
    range->n_nodes = 0;
}

size_t tx_range_count_nodes(uint64_t begin, uint64_t end) {
    size_t n = 0;
    for (uint64_t at = begin; at < end; n++)
        at += UINT64_C(1) << first_level(at, end);
    return n;
}

int tx_range_set(struct tx_range *range, uint64_t begin, uint64_t end,
                 const struct tx_digest *nodes, size_t n_nodes) {
    if (begin > end || end > END_MAX || n_nodes > TX_RANGE_MAX_NODES ||
        n_nodes != tx_range_count_nodes(begin, end))
        return -EBADMSG;
    range->begin = begin;
    range->end = end;
    range->n_nodes = n_nodes;
    if (n_nodes > 0)
        memmove(range->nodes, nodes, n_nodes * sizeof(*nodes));
    return 0;
}

/* Appends the root of the 2^level leaves that begin at range->end, and joins it with the node
 * before it as long as both are halves of one larger subtree that lies within the range. */
static void push(struct tx_range *range, struct tx_hasher *hasher, const struct tx_digest *node,
                 unsigned level) {
    struct tx_digest joined = *node;
    uint64_t at = range->end >> level;

    assert(range->end <= END_MAX - (UINT64_C(1) << level));
    range->end += UINT64_C(1) << level;
    while ((at & 1) && (at - 1) << level >= range->begin) {
        assert(range->n_nodes > 0);
        range->n_nodes--;
        tx_hash_node(hasher, &range->nodes[range->n_nodes], &joined, &joined);
        at >>= 1;
        level++;
    }
    assert(range->n_nodes < TX_RANGE_MAX_NODES);
    range->nodes[range->n_nodes++] = joined;
}

void tx_range_append(struct tx_range *range, struct tx_hasher *hasher,
                     const struct tx_digest *leaf) {
    push(range, hasher, leaf, 0);
}

int tx_range_merge(struct tx_range *range, struct tx_hasher *hasher, const struct tx_range *right) {
    if (right->begin != range->end)
        return -EINVAL;
    uint64_t at = right->begin;
    for (size_t i = 0; i < right->n_nodes; i++) {
        unsigned level = first_level(at, right->end);
        push(range, hasher, &right->nodes[i], level);
        at += UINT64_C(1) << level;
    }
    return 0;
}

void tx_range_root(const struct tx_range *range, struct tx_hasher *hasher, struct tx_digest *ret) {
    assert(range->begin == 0);
    if (range->n_nodes == 0) {
        tx_hash(hasher, NULL, 0, NULL, 0, NULL, 0, ret);
        return;
    }
    struct tx_digest root = range->nodes[range->n_nodes - 1];
    for (size_t i = range->n_nodes - 1; i > 0; i--)
        tx_hash_node(hasher, &range->nodes[i - 1], &root, &root);
    *ret = root;
}
