/* SPDX-License-Identifier: MIT */
#ifndef TX_MERKLE_RANGE_H
#define TX_MERKLE_RANGE_H

/*
 * A compact range [begin, end): the roots of the largest aligned perfect subtrees that exactly
 * cover those leaves, left to right (docs/format.md section 1; transparency-dev/merkle,
 * docs/compact_ranges). It appends leaf hashes and merges neighbours; it keeps no leaves and
 * touches no disk. Invariant: the nodes are exactly those that begin and end demand.
 */

#include "libtx/crypto/hash.h"

#define TX_RANGE_MAX_NODES 128 /* at most two for each bit of a 64-bit index */

struct tx_range {
    uint64_t begin;
    uint64_t end;
    size_t n_nodes;
    struct tx_digest nodes[TX_RANGE_MAX_NODES];
};

/* The empty range [at, at). */
void tx_range_init(struct tx_range *range, uint64_t at);

/* How many nodes [begin, end) has. begin <= end. */
size_t tx_range_count_nodes(uint64_t begin, uint64_t end);

/* From outside: -EBADMSG when n_nodes is not what [begin, end) demands. */
TX_MUST_USE int tx_range_set(struct tx_range *range, uint64_t begin, uint64_t end,
                             const struct tx_digest *nodes, size_t n_nodes);

/* Appends the leaf hash of index range->end. */
void tx_range_append(struct tx_range *range, struct tx_hasher *hasher,
                     const struct tx_digest *leaf);

/* Appends `right`, which begins where `range` ends (-EINVAL otherwise). */
TX_MUST_USE int tx_range_merge(struct tx_range *range, struct tx_hasher *hasher,
                               const struct tx_range *right);

/* Root of the tree over [0, end); range->begin must be 0. The empty tree's root is H(""). */
void tx_range_root(const struct tx_range *range, struct tx_hasher *hasher, struct tx_digest *ret);

#endif
