/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/crypto/vkey.h"
#include "libtx/merkle/checkpoint.h"
#include "libtx/merkle/proof.h"
#include "libtx/merkle/range.h"

#define N_LEAVES 40

static struct tx_hasher *hasher;
static struct tx_digest leaves[N_LEAVES];

static void setup(void) {
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    for (uint8_t i = 0; i < N_LEAVES; i++)
        tx_hash_leaf(hasher, &i, 1, &leaves[i]);
}

static void teardown(void) {
    tx_hasher_free(hasher);
}

static size_t largest_power_below(size_t n) {
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static struct tx_digest root_of(const struct tx_digest *leaf, size_t n) {
    struct tx_digest left, right;
    if (n == 0)
        tx_hash(hasher, NULL, 0, NULL, 0, NULL, 0, &left);
    if (n == 0)
        return left;
    if (n == 1)
        return leaf[0];
    size_t k = largest_power_below(n);
    left = root_of(leaf, k);
    right = root_of(leaf + k, n - k);
    tx_hash_node(hasher, &left, &right, &left);
    return left;
}

/* PATH(m, D[n]) of RFC 9162 section 2.1.3.1 */
static size_t inclusion(size_t m, const struct tx_digest *leaf, size_t n, struct tx_digest *path) {
    if (n <= 1)
        return 0;
    size_t k = largest_power_below(n);
    size_t count = m < k ? inclusion(m, leaf, k, path) : inclusion(m - k, leaf + k, n - k, path);
    path[count] = m < k ? root_of(leaf + k, n - k) : root_of(leaf, k);
    return count + 1;
}

/* SUBPROOF(m, D[n], b) of RFC 9162 section 2.1.4.1 */
static size_t consistency(size_t m, const struct tx_digest *leaf, size_t n, int whole,
                          struct tx_digest *path) {
    size_t count;
    if (m == n) {
        if (!whole)
            path[0] = root_of(leaf, n);
        return whole ? 0 : 1;
    }
    size_t k = largest_power_below(n);
    if (m <= k) {
        count = consistency(m, leaf, k, whole, path);
        path[count] = root_of(leaf + k, n - k);
    } else {
        count = consistency(m - k, leaf + k, n - k, 0, path);
        path[count] = root_of(leaf, k);
    }
    return count + 1;
}

START_TEST(every_inclusion_path_is_accepted_and_no_other) {
    struct tx_digest path[TX_PROOF_MAX_NODES];
    for (size_t n = 1; n <= N_LEAVES; n++)
        for (size_t m = 0; m < n; m++) {
            struct tx_digest root = root_of(leaves, n);
            size_t count = inclusion(m, leaves, n, path);
            ck_assert_int_eq(tx_proof_check_inclusion(hasher, &leaves[m], m, n, path, count, &root),
                             0);
            for (size_t other = 0; other < n; other++)
                ck_assert_int_eq(
                    tx_proof_check_inclusion(hasher, &leaves[m], other, n, path, count, &root),
                    other == m ? 0 : TX_PROOF_E_BAD);
            path[count] = root;
            ck_assert_int_eq(
                tx_proof_check_inclusion(hasher, &leaves[m], m, n, path, count + 1, &root),
                TX_PROOF_E_BAD);
            if (count == 0)
                continue;
            ck_assert_int_eq(
                tx_proof_check_inclusion(hasher, &leaves[m], m, n, path, count - 1, &root),
                TX_PROOF_E_BAD);
            path[count / 2].bytes[0] ^= 1;
            ck_assert_int_eq(tx_proof_check_inclusion(hasher, &leaves[m], m, n, path, count, &root),
                             TX_PROOF_E_BAD);
        }
    ck_assert_int_eq(tx_proof_check_inclusion(hasher, &leaves[0], 1, 1, path, 0, &leaves[0]),
                     TX_PROOF_E_BAD);
    ck_assert_int_eq(tx_proof_check_inclusion(hasher, &leaves[0], 0, 0, path, 0, &leaves[0]),
                     TX_PROOF_E_BAD);
}
END_TEST

START_TEST(every_consistency_path_is_accepted_and_no_other) {
    struct tx_digest path[TX_PROOF_MAX_NODES];
    for (size_t n = 1; n <= N_LEAVES; n++)
        for (size_t m = 0; m <= n; m++) {
            struct tx_digest old = root_of(leaves, m), new = root_of(leaves, n);
            size_t count = m == 0 ? 0 : consistency(m, leaves, n, 1, path);
            ck_assert_int_eq(tx_proof_check_consistency(hasher, m, &old, n, &new, path, count), 0);
            path[count] = new;
            ck_assert_int_eq(tx_proof_check_consistency(hasher, m, &old, n, &new, path, count + 1),
                             TX_PROOF_E_BAD);
            old.bytes[5] ^= 1;
            ck_assert_int_eq(tx_proof_check_consistency(hasher, m, &old, n, &new, path, count),
                             TX_PROOF_E_BAD);
            old.bytes[5] ^= 1;
            if (m == 0)
                continue; /* anything begins with nothing */
            new.bytes[5] ^= 1;
            ck_assert_int_eq(tx_proof_check_consistency(hasher, m, &old, n, &new, path, count),
                             TX_PROOF_E_BAD);
            new.bytes[5] ^= 1;
            if (count > 0)
                ck_assert_int_eq(
                    tx_proof_check_consistency(hasher, m, &old, n, &new, path, count - 1),
                    TX_PROOF_E_BAD);
        }
    ck_assert_int_eq(tx_proof_check_consistency(hasher, 2, &leaves[0], 1, &leaves[0], path, 0),
                     TX_PROOF_E_BAD);
}
END_TEST

START_TEST(the_range_before_the_last_leaf_is_its_path) {
    struct tx_digest path[TX_PROOF_MAX_NODES];
    struct tx_range range;
    tx_range_init(&range, 0);
    for (size_t n = 0; n < N_LEAVES; n++) {
        struct tx_digest root = root_of(leaves, n + 1);
        size_t count = tx_proof_of_last(range.nodes, range.n_nodes, path);
        ck_assert_int_eq(tx_proof_check_inclusion(hasher, &leaves[n], n, n + 1, path, count, &root),
                         0);
        tx_range_append(&range, hasher, &leaves[n]);
    }
}
END_TEST

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

START_TEST(a_checkpoint_is_written_as_it_was_read) {
    struct tx_text text = TX_TEXT("web1.example/audit\n18446744073709551615\n" ROOT "\n");
    char memory[TX_CHECKPOINT_TEXT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_checkpoint checkpoint;
    ck_assert_int_eq(tx_checkpoint_parse(text, &checkpoint), 0);
    ck_assert_uint_eq(checkpoint.size, UINT64_MAX);
    ck_assert(tx_text_equal(checkpoint.origin, TX_TEXT("web1.example/audit")));
    tx_checkpoint_render(&checkpoint, &b);
    ck_assert(!b.full);
    ck_assert(tx_text_equal((struct tx_text){memory, b.len}, text));
}
END_TEST

START_TEST(anything_but_three_lines_is_no_checkpoint) {
    static const char *const bad[] = {
        "",
        "a\n1\n" ROOT,
        "a\n1\n" ROOT "\nextension\n",
        "a\n1\n" ROOT "\n\n",
        "\n1\n" ROOT "\n",
        "a b\n1\n" ROOT "\n",
        "a+b\n1\n" ROOT "\n",
        "a\n01\n" ROOT "\n",
        "a\n-1\n" ROOT "\n",
        "a\n\n" ROOT "\n",
        "a\n18446744073709551616\n" ROOT "\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", /* pad bits */
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
        "a\n1\n\n",
    };
    struct tx_checkpoint checkpoint;
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        struct tx_text text = {.p = bad[i], .n = strlen(bad[i])};
        ck_assert_msg(tx_checkpoint_parse(text, &checkpoint) == -EBADMSG, "case %zu", i);
    }
    ck_assert_int_eq(tx_checkpoint_parse(TX_TEXT("a\n1\n" ROOT "\n"), &checkpoint), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("merkle-proof");
    TCase *tests = tcase_create("proofs and checkpoints");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_inclusion_path_is_accepted_and_no_other);
    tcase_add_test(tests, every_consistency_path_is_accepted_and_no_other);
    tcase_add_test(tests, the_range_before_the_last_leaf_is_its_path);
    tcase_add_test(tests, a_checkpoint_is_written_as_it_was_read);
    tcase_add_test(tests, anything_but_three_lines_is_no_checkpoint);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
