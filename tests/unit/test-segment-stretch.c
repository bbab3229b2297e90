/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtx/segment/stretch.h"

static struct tx_hasher *hasher;
static struct tx_stretch stretch;

static void set_up(void) {
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    ck_assert_int_eq(tx_stretch_init(&stretch, hasher), 0);
}

static void tear_down(void) {
    tx_stretch_deinit(&stretch);
    tx_hasher_free(hasher);
}

static struct tx_text leaf_text(uint64_t index) {
    static char memory[64];
    int n = snprintf(memory, sizeof(memory), "leaf %llu", (unsigned long long)index);
    return (struct tx_text){memory, (size_t)n};
}

static struct tx_digest root_of(uint64_t size) {
    struct tx_range range;
    struct tx_digest leaf, root;
    tx_range_init(&range, 0);
    while (range.end < size) {
        struct tx_text text = leaf_text(range.end);
        tx_hash_leaf(hasher, text.p, text.n, &leaf);
        tx_range_append(&range, hasher, &leaf);
    }
    tx_range_root(&range, hasher, &root);
    return root;
}

static void begin_at(uint64_t size) {
    struct tx_range range;
    struct tx_digest leaf;
    tx_range_init(&range, 0);
    while (range.end < size) {
        struct tx_text text = leaf_text(range.end);
        tx_hash_leaf(hasher, text.p, text.n, &leaf);
        tx_range_append(&range, hasher, &leaf);
    }
    tx_stretch_begin(&stretch, &range);
}

static int add(uint64_t index) {
    return tx_stretch_add(&stretch, index, leaf_text(index), index + 1, 0);
}

static void expect_root(uint64_t size) {
    struct tx_digest is, should = root_of(size);
    ck_assert_int_eq(tx_stretch_root(&stretch, size, &is), 0);
    ck_assert_mem_eq(is.bytes, should.bytes, TX_HASH_BYTES);
}

START_TEST(leaves_may_come_in_any_order) {
    static const uint64_t order[] = {7, 5, 6, 9, 8};
    struct tx_digest root;
    begin_at(5);
    for (size_t i = 0; i < TX_COUNT_OF(order); i++) {
        ck_assert_int_eq(add(order[i]), 0);
        if (i < 2)
            ck_assert_int_eq(tx_stretch_root(&stretch, 8, &root), TX_STRETCH_E_UNKNOWN);
    }
    for (uint64_t size = 5; size <= 10; size++)
        expect_root(size);
    ck_assert_int_eq(add(7), -ERANGE); /* known already */
    ck_assert_int_eq(add(4), -ERANGE); /* before it */
    ck_assert_int_eq(tx_stretch_root(&stretch, 11, &root), TX_STRETCH_E_UNKNOWN);
}
END_TEST

START_TEST(what_is_proven_becomes_the_base) {
    begin_at(3);
    for (uint64_t i = 3; i < 20; i++)
        ck_assert_int_eq(add(i), 0);
    tx_stretch_advance(&stretch, 11);
    ck_assert_uint_eq(stretch.base.end, 11);
    ck_assert_uint_eq(tx_stretch_end(&stretch), 20);
    ck_assert_ptr_null(tx_stretch_leaf(&stretch, 10));
    ck_assert_uint_eq(tx_stretch_leaf(&stretch, 11)->line, 12);
    expect_root(20);
    tx_stretch_advance(&stretch, 20);
    ck_assert_uint_eq(stretch.n_leaves, 0);
    ck_assert_int_eq(add(20), 0);
    expect_root(21);
}
END_TEST

START_TEST(a_long_stretch_keeps_its_root_only) {
    uint64_t size = TX_STRETCH_LEAVES_MAX + 100;
    struct tx_digest root;
    begin_at(0);
    for (uint64_t i = 0; i < size; i++)
        ck_assert_int_eq(add(i), 0);
    ck_assert(stretch.overflow);
    expect_root(size);
    ck_assert_int_eq(tx_stretch_root(&stretch, size - 1, &root), TX_STRETCH_E_UNKNOWN);
    ck_assert_int_eq(add(size + 1), -ERANGE);
    tx_stretch_advance(&stretch, size);
    ck_assert(!stretch.overflow);
}
END_TEST

static int add_changed(uint64_t index, size_t byte, char c) {
    char memory[64];
    struct tx_text text = leaf_text(index);
    memcpy(memory, text.p, text.n);
    ck_assert_int_ne(memory[byte], c);
    memory[byte] = c;
    return tx_stretch_add(&stretch, index, (struct tx_text){memory, text.n}, index + 1, 0);
}

/* Every leaf of trees of many shapes: so every form of path. */
START_TEST(one_changed_byte_is_found_in_any_leaf_of_any_tree) {
    for (uint64_t base = 0; base < 12; base += 3) {
        for (uint64_t size = base + 1; size < base + 18; size++) {
            struct tx_digest root = root_of(size);
            for (uint64_t changed = base; changed < size; changed++) {
                struct tx_stretch_repair repair;
                begin_at(base);
                for (uint64_t i = base; i < size; i++)
                    ck_assert_int_eq(i == changed ? add_changed(i, 2, 'A') : add(i), 0);
                ck_assert_int_eq(tx_stretch_repair(&stretch, size, &root, 100000, &repair), 0);
                ck_assert_uint_eq(repair.index, changed);
                ck_assert_uint_eq(repair.byte, 2);
                ck_assert_int_eq(repair.is, 'A');
                ck_assert_int_eq(repair.was, 'a');
                expect_root(size);
            }
        }
    }
}
END_TEST

START_TEST(two_changed_bytes_are_not_found_and_nothing_is_changed) {
    struct tx_digest root = root_of(8), before, after;
    struct tx_stretch_repair repair;
    begin_at(4);
    for (uint64_t i = 4; i < 8; i++)
        ck_assert_int_eq(i < 6 ? add_changed(i, 2, 'A') : add(i), 0);
    ck_assert_int_eq(tx_stretch_root(&stretch, 8, &before), 0);
    ck_assert_int_eq(tx_stretch_repair(&stretch, 8, &root, 100000, &repair), TX_STRETCH_E_UNKNOWN);
    ck_assert_int_eq(tx_stretch_repair(&stretch, 8, &root, 0, &repair), TX_STRETCH_E_UNKNOWN);
    ck_assert_int_eq(tx_stretch_root(&stretch, 8, &after), 0);
    ck_assert_mem_eq(before.bytes, after.bytes, TX_HASH_BYTES);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-stretch");
    TCase *tests = tcase_create("stretch");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, leaves_may_come_in_any_order);
    tcase_add_test(tests, what_is_proven_becomes_the_base);
    tcase_add_test(tests, a_long_stretch_keeps_its_root_only);
    tcase_add_test(tests, one_changed_byte_is_found_in_any_leaf_of_any_tree);
    tcase_add_test(tests, two_changed_bytes_are_not_found_and_nothing_is_changed);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
