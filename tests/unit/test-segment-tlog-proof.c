/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "libtx/segment/tlog-proof.h"

#define HASH_1 "xGfT0JlYdV4UpSDDSyQDR8HAEpOx77cc9UZJNAbOA1s="
#define NOTE "example.com/log\n11\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u2014 a b\n"

static char memory[4096];

static struct tx_buf fresh(void) {
    return tx_buf_of(memory, sizeof(memory));
}

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

START_TEST(a_proof_is_written_as_the_specification_shows) {
    struct tx_tlog_proof proof = {.extra = TX_TEXT("extra information"),
                                  .index = 10,
                                  .n_path = 1,
                                  .path = {{{0}}},
                                  .note = TX_TEXT(NOTE)};
    struct tx_buf b = fresh();
    tx_tlog_proof_render(&proof, &b);
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(memory, "c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n" NOTE);
}
END_TEST

START_TEST(what_is_read_renders_to_the_same) {
    static const char *const texts[] = {
        "c2sp.org/tlog-proof@v1\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 73894\n" HASH_1 "\n" HASH_1 "\n\n" NOTE,
    };
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        char anew_memory[1024];
        struct tx_buf scratch = fresh(), anew = tx_buf_of(anew_memory, sizeof(anew_memory));
        struct tx_tlog_proof proof;
        ck_assert_int_eq(tx_tlog_proof_parse(text_of(texts[i]), &scratch, &proof), 0);
        ck_assert(tx_text_equal(proof.note, TX_TEXT(NOTE)));
        tx_tlog_proof_render(&proof, &anew);
        ck_assert(tx_text_equal((struct tx_text){anew_memory, anew.len}, text_of(texts[i])));
    }
}
END_TEST

START_TEST(malformed_proofs_are_refused) {
    static const char *const texts[] = {
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 00\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex -1\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nextra YR==\nindex 0\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\nextra YQ==\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\n" HASH_1 "\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" HASH_1 "\n\n",
        "c2sp.org/tlog-proof@v1\r\nindex 0\n\n" NOTE,
    };
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        struct tx_buf scratch = fresh();
        struct tx_tlog_proof proof;
        ck_assert_msg(tx_tlog_proof_parse(text_of(texts[i]), &scratch, &proof) == -EBADMSG, "%s",
                      texts[i]);
    }
}
END_TEST

START_TEST(more_hashes_than_a_tree_has_levels_are_refused) {
    for (size_t n = TX_PROOF_MAX_NODES; n <= TX_PROOF_MAX_NODES + 1; n++) {
        struct tx_buf b = fresh();
        struct tx_buf scratch = tx_buf_of(NULL, 0);
        struct tx_tlog_proof proof;
        tx_buf_str(&b, "c2sp.org/tlog-proof@v1\nindex 0\n");
        for (size_t i = 0; i < n; i++)
            tx_buf_str(&b, HASH_1 "\n");
        tx_buf_str(&b, "\n" NOTE);
        ck_assert_int_eq(tx_tlog_proof_parse((struct tx_text){memory, b.len}, &scratch, &proof),
                         n == TX_PROOF_MAX_NODES ? 0 : -EBADMSG);
    }
}
END_TEST

START_TEST(a_small_scratch_is_no_bad_proof) {
    char small[1];
    struct tx_buf scratch = tx_buf_of(small, sizeof(small));
    struct tx_tlog_proof proof;
    ck_assert_int_eq(
        tx_tlog_proof_parse(TX_TEXT("c2sp.org/tlog-proof@v1\nextra YWI=\nindex 0\n\n" NOTE),
                            &scratch, &proof),
        -ENOBUFS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-tlog-proof");
    TCase *tests = tcase_create("tlog-proof");
    tcase_add_test(tests, a_proof_is_written_as_the_specification_shows);
    tcase_add_test(tests, what_is_read_renders_to_the_same);
    tcase_add_test(tests, malformed_proofs_are_refused);
    tcase_add_test(tests, more_hashes_than_a_tree_has_levels_are_refused);
    tcase_add_test(tests, a_small_scratch_is_no_bad_proof);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
