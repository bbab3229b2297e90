/* SPDX-License-Identifier: MIT */
#include "libtracex-ml/tree.h"

#include <string.h>

int tx_tree_init(struct tx_tree *tree) {
    *tree = (struct tx_tree){.n_leaves = 0};
    tree->whole = EVP_MD_CTX_new();
    tree->leaf = EVP_MD_CTX_new();
    tree->node = EVP_MD_CTX_new();
    if (!tree->whole || !tree->leaf || !tree->node)
        return -ENOMEM;
    return EVP_DigestInit_ex(tree->whole, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

void tx_tree_deinit(struct tx_tree *tree) {
    EVP_MD_CTX_free(tree->whole);
    EVP_MD_CTX_free(tree->leaf);
    EVP_MD_CTX_free(tree->node);
}

static int finish(EVP_MD_CTX *ctx, uint8_t ret[TX_TREE_HASH_BYTES]) {
    return EVP_DigestFinal_ex(ctx, ret, NULL) == 1 ? 0 : -EIO;
}

static int begin(EVP_MD_CTX *ctx, uint8_t prefix) {
    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return -EIO;
    return EVP_DigestUpdate(ctx, &prefix, 1) == 1 ? 0 : -EIO;
}

/* RFC 6962 section 2.1: H(0x01 ‖ left ‖ right), into left. */
static int join(struct tx_tree *tree, uint8_t *left, const uint8_t *right) {
    int r = begin(tree->node, 0x01);

    if (r == 0 && EVP_DigestUpdate(tree->node, left, TX_TREE_HASH_BYTES) != 1)
        r = -EIO;
    if (r == 0 && EVP_DigestUpdate(tree->node, right, TX_TREE_HASH_BYTES) != 1)
        r = -EIO;
    return r < 0 ? r : finish(tree->node, left);
}

static int join_last_two(struct tx_tree *tree) {
    tree->n_roots--;
    return join(tree, tree->roots[tree->n_roots - 1], tree->roots[tree->n_roots]);
}

/* RFC 6962 section 2.1: H(0x00 ‖ leaf). */
int tx_tree_leaf_begin(struct tx_tree *tree) {
    return begin(tree->leaf, 0x00);
}

int tx_tree_leaf_bytes(struct tx_tree *tree, const void *p, size_t n) {
    if (EVP_DigestUpdate(tree->leaf, p, n) != 1 || EVP_DigestUpdate(tree->whole, p, n) != 1)
        return -EIO;
    return 0;
}

/* Two subtrees of one size become one: as often as the number of leaves has zeros at its end. */
int tx_tree_leaf_end(struct tx_tree *tree) {
    if (tree->n_roots == sizeof(tree->roots) / sizeof(tree->roots[0]))
        return -EFBIG;
    int r = finish(tree->leaf, tree->roots[tree->n_roots++]);
    tree->n_leaves++;
    for (uint64_t n = tree->n_leaves; r == 0 && n % 2 == 0; n /= 2)
        r = join_last_two(tree);
    return r;
}

int tx_tree_finish(struct tx_tree *tree, uint8_t ret_whole[TX_TREE_HASH_BYTES],
                   uint8_t ret_root[TX_TREE_HASH_BYTES]) {
    int r = finish(tree->whole, ret_whole);

    while (r == 0 && tree->n_roots > 1)
        r = join_last_two(tree);
    if (r == 0)
        memcpy(ret_root, tree->n_roots ? tree->roots[0] : ret_whole, TX_TREE_HASH_BYTES);
    return r;
}
