/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/segment/found.h"

#define LINE "{\"seq\":12,\"id\":\"01931f6e-1234-7abc-8def-0123456789ab\",\"time\":\"\"}"

START_TEST(what_is_wanted_is_known_wherever_it_stands_in_the_list) {
    const uint64_t wanted[] = {0, 3, 3, 9, UINT64_MAX};
    for (uint64_t seq = 0; seq < 20; seq++)
        ck_assert_int_eq(tx_found_is_wanted(wanted, 5, seq), seq == 0 || seq == 3 || seq == 9);
    ck_assert(tx_found_is_wanted(wanted, 5, UINT64_MAX));
    ck_assert(!tx_found_is_wanted(NULL, 0, 0));
}
END_TEST

START_TEST(leaves_are_found_by_their_seq_with_the_id_of_their_record) {
    static const char *const others[] = {"{\"seq\":4}", "", "{\"seq\":4,\"id\":\"short\"}",
                                         "{\"seq\":4,\"event\":\"tracex.epoch\"}"};
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    struct tx_found found = {.items = NULL}, all = {.items = NULL};
    struct tx_digest leaf;

    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    ck_assert_int_eq(tx_found_add(&found, hasher, 12, TX_TEXT(LINE)), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(
            tx_found_add(&found, hasher, 4, (struct tx_text){others[i], strlen(others[i])}), 0);
    ck_assert_int_eq(tx_found_move(&all, &found), 0);
    ck_assert_uint_eq(found.n, 0);
    for (uint64_t seq = 100; seq > 50; seq--)
        ck_assert_int_eq(tx_found_add(&all, hasher, seq, TX_TEXT("{}")), 0);
    tx_found_drop_from(&all, 90);
    tx_found_sort(&all);
    ck_assert_uint_eq(all.n, 5 + 39);
    ck_assert_uint_eq(tx_found_first(&all, 4), 0);
    ck_assert_uint_eq(tx_found_first(&all, 51), 5);
    ck_assert_uint_eq(tx_found_first(&all, 90), all.n);
    ck_assert_uint_eq(tx_found_first(&all, 5), all.n);
    const struct tx_found_leaf *twelve = &all.items[tx_found_first(&all, 12)];
    tx_hash_leaf(hasher, LINE, strlen(LINE), &leaf);
    ck_assert_mem_eq(twelve->leaf.bytes, leaf.bytes, TX_HASH_BYTES);
    ck_assert(twelve->has_id && twelve->id[0] == 0x01 && twelve->id[15] == 0xab);
    for (size_t i = 0; i < 4; i++)
        ck_assert(!all.items[i].has_id);
    tx_found_deinit(&all);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-found");
    TCase *tests = tcase_create("wanted leaves");
    tcase_add_test(tests, what_is_wanted_is_known_wherever_it_stands_in_the_list);
    tcase_add_test(tests, leaves_are_found_by_their_seq_with_the_id_of_their_record);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
