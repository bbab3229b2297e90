/* SPDX-License-Identifier: MIT */
#include "libtx/merkle/proof.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static int compare(const struct tx_digest *a, const struct tx_digest *b) {
    return memcmp(a->bytes, b->bytes, TX_HASH_BYTES) == 0 ? 0 : TX_PROOF_E_BAD;
}

/* RFC 9162 section 2.1.3.2, with its names fn and sn. */
int tx_proof_check_inclusion(struct tx_hasher *hasher, const struct tx_digest *leaf, uint64_t index,
                             uint64_t size, const struct tx_digest *path, size_t n_path,
                             const struct tx_digest *root) {
    if (index >= size)
        return TX_PROOF_E_BAD;
    uint64_t fn = index, sn = size - 1;
    struct tx_digest r = *leaf;
    for (size_t i = 0; i < n_path; i++) {
        if (sn == 0)
            return TX_PROOF_E_BAD;
        if ((fn & 1) || fn == sn) {
            tx_hash_node(hasher, &path[i], &r, &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tx_hash_node(hasher, &r, &path[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 ? compare(&r, root) : TX_PROOF_E_BAD;
}

/* RFC 9162 section 2.1.4.2, with its names fn, sn, fr and sr; 0 < m < n. When m is a power of two,
 * the old root is the path's first node and not sent. */
static int check_strict(struct tx_hasher *hasher, uint64_t m, const struct tx_digest *root_m,
                        uint64_t n, const struct tx_digest *root_n, const struct tx_digest *path,
                        size_t n_path) {
    bool power_of_two = (m & (m - 1)) == 0;
    uint64_t fn = m - 1, sn = n - 1;

    if (n_path == 0)
        return TX_PROOF_E_BAD;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    struct tx_digest fr = power_of_two ? *root_m : path[0];
    struct tx_digest sr = fr;
    for (size_t i = power_of_two ? 0 : 1; i < n_path; i++) {
        if (sn == 0)
            return TX_PROOF_E_BAD;
        if ((fn & 1) || fn == sn) {
            tx_hash_node(hasher, &path[i], &fr, &fr);
            tx_hash_node(hasher, &path[i], &sr, &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tx_hash_node(hasher, &sr, &path[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0 || compare(&fr, root_m) != 0)
        return TX_PROOF_E_BAD;
    return compare(&sr, root_n);
}

int tx_proof_check_consistency(struct tx_hasher *hasher, uint64_t m, const struct tx_digest *root_m,
                               uint64_t n, const struct tx_digest *root_n,
                               const struct tx_digest *path, size_t n_path) {
    if (m > n)
        return TX_PROOF_E_BAD;
    if (m > 0 && m < n)
        return check_strict(hasher, m, root_m, n, root_n, path, n_path);
    if (n_path != 0)
        return TX_PROOF_E_BAD;
    if (m == n)
        return compare(root_m, root_n);
    struct tx_digest empty;
    tx_hash(hasher, NULL, 0, NULL, 0, NULL, 0, &empty);
    return compare(root_m, &empty);
}

size_t tx_proof_of_last(const struct tx_digest *nodes, size_t n_nodes,
                        struct tx_digest ret_path[TX_PROOF_MAX_NODES]) {
    assert(n_nodes <= TX_PROOF_MAX_NODES);
    for (size_t i = 0; i < n_nodes; i++)
        ret_path[i] = nodes[n_nodes - 1 - i];
    return n_nodes;
}
