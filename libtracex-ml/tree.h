/* SPDX-License-Identifier: MIT */
#ifndef TX_ML_TREE_H
#define TX_ML_TREE_H

/*
 * The root of the RFC 6962 tree over leaves that come one after the other, and the digest of all of
 * their bytes. It knows no file. libtx/merkle does the same with asserts, which a library in other
 * people's programs must not have.
 */

#include <openssl/evp.h>

#include "libtx/base/error.h"

#define TX_TREE_HASH_BYTES 32

struct tx_tree {
    EVP_MD_CTX *whole, *leaf, *node; /* owned */
    uint64_t n_leaves;
    uint8_t roots[64][TX_TREE_HASH_BYTES]; /* of the perfect subtrees, the largest first */
    size_t n_roots;
};

/* -ENOMEM. Also after a failure, tx_tree_deinit is to be called. */
TX_MUST_USE int tx_tree_init(struct tx_tree *tree);
void tx_tree_deinit(struct tx_tree *tree);

/* A leaf begins; its bytes; it ends. -EIO: libcrypto refused. */
TX_MUST_USE int tx_tree_leaf_begin(struct tx_tree *tree);
TX_MUST_USE int tx_tree_leaf_bytes(struct tx_tree *tree, const void *p, size_t n);
TX_MUST_USE int tx_tree_leaf_end(struct tx_tree *tree);

/* The empty tree's root is H(""). */
TX_MUST_USE int tx_tree_finish(struct tx_tree *tree, uint8_t ret_whole[TX_TREE_HASH_BYTES],
                               uint8_t ret_root[TX_TREE_HASH_BYTES]);

#endif
