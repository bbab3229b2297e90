/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"
#include "libtx/merkle/range.h"

#define N_LEAVES 70

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

/* RFC 6962 section 2.1 as it is written, without ranges. */
static struct tx_digest root_of(const struct tx_digest *leaf, size_t n) {
    struct tx_digest left, right;
    if (n == 1)
        return leaf[0];
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    left = root_of(leaf, k);
    right = root_of(leaf + k, n - k);
    tx_hash_node(hasher, &left, &right, &left);
    return left;
}

static struct tx_range range_of(uint64_t begin, uint64_t end) {
    struct tx_range range;
    tx_range_init(&range, begin);
    for (uint64_t i = begin; i < end; i++)
        tx_range_append(&range, hasher, &leaves[i]);
    return range;
}

static FILE *open_vectors(const char *name) {
    char path[1024];
    snprintf(path, sizeof(path), "%s/tree/%s", TX_TEST_VECTORS, name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s", path);
    return file;
}

START_TEST(roots_of_zero_to_eight_leaves_are_the_known_ones) {
    static const struct tx_text rfc_leaves[] = {
        TX_TEXT(""),
        TX_TEXT("\x00"),
        TX_TEXT("\x10"),
        TX_TEXT("\x20\x21"),
        TX_TEXT("\x30\x31"),
        TX_TEXT("\x40\x41\x42\x43"),
        TX_TEXT("\x50\x51\x52\x53\x54\x55\x56\x57"),
        TX_TEXT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
    };
    struct tx_range range;
    char expected[2 * TX_HASH_BYTES + 1], text[2 * TX_HASH_BYTES + 1];
    unsigned size;
    FILE *file = open_vectors("rfc6962.txt");
    tx_range_init(&range, 0);
    for (unsigned i = 0; i <= 8; i++) {
        struct tx_digest digest;
        struct tx_buf b = tx_buf_of(text, sizeof(text));
        ck_assert_int_eq(fscanf(file, "%u %64s", &size, expected), 2);
        ck_assert_uint_eq(size, i);
        tx_range_root(&range, hasher, &digest);
        tx_buf_hex(&b, digest.bytes, sizeof(digest.bytes));
        tx_buf_char(&b, '\0');
        ck_assert_str_eq(text, expected);
        if (i < 8) {
            tx_hash_leaf(hasher, rfc_leaves[i].p, rfc_leaves[i].n, &digest);
            tx_range_append(&range, hasher, &digest);
        }
    }
    fclose(file);
}
END_TEST

START_TEST(roots_of_many_leaves_are_the_known_ones) {
    struct tx_range range;
    char expected[64], text[64], leaf[32];
    unsigned long long size;
    FILE *file = open_vectors("leaves.txt");
    tx_range_init(&range, 0);
    for (int round = 0; round < 3; round++) {
        struct tx_digest digest;
        struct tx_buf b = tx_buf_of(text, sizeof(text));
        ck_assert_int_eq(fscanf(file, "%llu %63s", &size, expected), 2);
        while (range.end < size) {
            int n = snprintf(leaf, sizeof(leaf), "leaf %llu", (unsigned long long)range.end);
            tx_hash_leaf(hasher, leaf, (size_t)n, &digest);
            tx_range_append(&range, hasher, &digest);
        }
        tx_range_root(&range, hasher, &digest);
        tx_buf_base64(&b, digest.bytes, sizeof(digest.bytes));
        tx_buf_char(&b, '\0');
        ck_assert_str_eq(text, expected);
    }
    fclose(file);
}
END_TEST

START_TEST(a_range_from_zero_has_a_node_for_each_set_bit) {
    for (uint64_t n = 0; n < 5000; n++)
        ck_assert_uint_eq(tx_range_count_nodes(0, n), (unsigned)__builtin_popcountll(n));
    ck_assert_uint_eq(tx_range_count_nodes(0, (uint64_t)INT64_MAX), 63);
    ck_assert_uint_eq(tx_range_count_nodes(1, (uint64_t)INT64_MAX), 62 + 62);
    ck_assert_uint_eq(tx_range_count_nodes(3, 8), 2);
    ck_assert_uint_eq(tx_range_count_nodes(5, 5), 0);
}
END_TEST

START_TEST(any_two_neighbours_merge_into_what_their_leaves_give) {
    for (uint64_t begin = 0; begin < 20; begin++)
        for (uint64_t middle = begin; middle < N_LEAVES; middle++)
            for (uint64_t end = middle; end < N_LEAVES; end += 3) {
                struct tx_range whole = range_of(begin, end);
                struct tx_range left = range_of(begin, middle), right = range_of(middle, end);
                ck_assert_uint_eq(whole.n_nodes, tx_range_count_nodes(begin, end));
                ck_assert_int_eq(tx_range_merge(&left, hasher, &right), 0);
                ck_assert_uint_eq(left.begin, begin);
                ck_assert_uint_eq(left.end, end);
                ck_assert_uint_eq(left.n_nodes, whole.n_nodes);
                ck_assert_mem_eq(left.nodes, whole.nodes, whole.n_nodes * sizeof(whole.nodes[0]));
            }
}
END_TEST

START_TEST(the_root_is_that_of_the_definition) {
    for (size_t n = 1; n < N_LEAVES; n++) {
        struct tx_range range = range_of(0, n);
        struct tx_digest root, expected = root_of(leaves, n);
        tx_range_root(&range, hasher, &root);
        ck_assert_mem_eq(&root, &expected, sizeof(root));
        range.nodes[0].bytes[31] ^= 1;
        tx_range_root(&range, hasher, &root);
        ck_assert_mem_ne(&root, &expected, sizeof(root));
    }
}
END_TEST

START_TEST(ranges_that_do_not_meet_are_not_merged) {
    struct tx_range left = range_of(0, 5), right = range_of(6, 9), overlap = range_of(4, 9);
    ck_assert_int_eq(tx_range_merge(&left, hasher, &right), -EINVAL);
    ck_assert_int_eq(tx_range_merge(&left, hasher, &overlap), -EINVAL);
    ck_assert_uint_eq(left.end, 5);
}
END_TEST

START_TEST(a_range_from_outside_has_exactly_its_nodes) {
    struct tx_range range, from = range_of(3, 9);
    ck_assert_int_eq(tx_range_set(&range, 3, 9, from.nodes, from.n_nodes), 0);
    ck_assert_mem_eq(range.nodes, from.nodes, from.n_nodes * sizeof(from.nodes[0]));
    ck_assert_int_eq(tx_range_set(&range, 3, 9, from.nodes, from.n_nodes - 1), -EBADMSG);
    ck_assert_int_eq(tx_range_set(&range, 3, 9, from.nodes, from.n_nodes + 1), -EBADMSG);
    ck_assert_int_eq(tx_range_set(&range, 9, 3, from.nodes, 0), -EBADMSG);
    ck_assert_int_eq(tx_range_set(&range, 0, UINT64_C(1) << 63, from.nodes, 1), -EBADMSG);
    ck_assert_int_eq(tx_range_set(&range, UINT64_MAX, UINT64_MAX, NULL, 0), -EBADMSG);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("merkle-range");
    TCase *tests = tcase_create("compact ranges");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, roots_of_zero_to_eight_leaves_are_the_known_ones);
    tcase_add_test(tests, roots_of_many_leaves_are_the_known_ones);
    tcase_add_test(tests, a_range_from_zero_has_a_node_for_each_set_bit);
    tcase_add_test(tests, any_two_neighbours_merge_into_what_their_leaves_give);
    tcase_add_test(tests, the_root_is_that_of_the_definition);
    tcase_add_test(tests, ranges_that_do_not_meet_are_not_merged);
    tcase_add_test(tests, a_range_from_outside_has_exactly_its_nodes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
