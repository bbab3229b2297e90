/* SPDX-License-Identifier: MIT */
#ifndef TX_MERKLE_PROOF_H
#define TX_MERKLE_PROOF_H

/*
 * Inclusion and consistency proofs of RFC 9162 section 2.1.3 and 2.1.4: checking them, and building
 * an inclusion path from leaf hashes.
 */

#include "libtx/crypto/hash.h"

#define TX_PROOF_MAX_NODES 64

enum { TX_PROOF_E_BAD = 1 };

/* 0 when `leaf` at `index` is in the tree of `size` leaves with `root`; TX_PROOF_E_BAD when the
 * path says otherwise or has the wrong length. */
TX_MUST_USE int tx_proof_check_inclusion(struct tx_hasher *hasher, const struct tx_digest *leaf,
                                         uint64_t index, uint64_t size,
                                         const struct tx_digest *path, size_t n_path,
                                         const struct tx_digest *root);

/* 0 when the tree of size m with root_m is a prefix of that of size n with root_n. m <= n. */
TX_MUST_USE int tx_proof_check_consistency(struct tx_hasher *hasher, uint64_t m,
                                           const struct tx_digest *root_m, uint64_t n,
                                           const struct tx_digest *root_n,
                                           const struct tx_digest *path, size_t n_path);

/* The path for the last leaf (index size - 1) of a tree: it is [0, size - 1)'s compact range, right
 * to left. `nodes` are those of [0, size - 1). Returns the number of hashes in ret_path. */
size_t tx_proof_of_last(const struct tx_digest *nodes, size_t n_nodes,
                        struct tx_digest ret_path[TX_PROOF_MAX_NODES]);

#endif
