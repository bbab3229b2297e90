/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "libtx/pattern/words.h"
#include "tests/unit/fail-alloc.h"

#define WORDS_MAX 64

static struct tx_text text_of(const char *p) {
    return (struct tx_text){p, strlen(p)};
}

static int make(const char *list, const struct tx_words_options *options, struct tx_words **ret) {
    struct tx_text words[WORDS_MAX];
    size_t n = 0;
    for (const char *p = list; *p; p += words[n - 1].n + (p[words[n - 1].n] == '|'))
        words[n++] = (struct tx_text){p, strcspn(p, "|")};
    return tx_words_new(words, n, options, ret);
}

/* "index:start-end" of all, in the order in which they are told. */
static void expect_with(const char *list, struct tx_words_options options, const char *text,
                        const char *expected) {
    _cleanup_(tx_words_freep) struct tx_words *words = NULL;
    struct tx_words_found found;
    char told[4096] = "";

    ck_assert_int_eq(make(list, &options, &words), 0);
    struct tx_words_search search = {.words = words, .text = text_of(text)};
    while (tx_words_next(&search, SIZE_MAX, &found)) {
        size_t n = strlen(told);
        snprintf(told + n, sizeof(told) - n, "%s%u:%zu-%zu", n ? " " : "", found.word, found.start,
                 found.end);
    }
    ck_assert_msg(strcmp(told, expected) == 0, "%s in %s: %s, not %s", list, text, told, expected);
}

static void expect(const char *list, const char *text, const char *expected) {
    expect_with(list, (struct tx_words_options){.joints = false}, text, expected);
}

START_TEST(all_places_of_all_words_are_told) {
    expect("he|she|his|hers", "ushers", "1:1-4 0:2-4 3:2-6");
    expect("a|aa|aaa", "aaa", "0:0-1 1:0-2 0:1-2 2:0-3 1:1-3 0:2-3");
    expect("abcd|bc", "abce", "1:1-3");
    expect("ab|ab", "ab", "1:0-2 0:0-2");
    expect("x", "", "");
    expect("x", "abc", "");
    expect("Ab", "ab", "");
}
END_TEST

START_TEST(case_and_joints_do_not_matter_on_request) {
    struct tx_words_options any = {.ignore_case = true}, near = {true, true};
    expect_with("Anna", any, "ANNA anna", "0:0-4 0:5-9");
    expect_with("\xc3\xa9l\xc3\xa9onore", any,
                "\xc3\x89l\xc3\xa9onore \xc3\x89L\xc3\x89ONORE \xc3\xa9l\xc3\xa9onore",
                "0:0-10 0:11-21 0:22-32");
    expect_with("tax id", near, "tax_id taxId TAX-ID tax.id taxes", "0:0-6 0:7-12 0:13-19 0:20-26");
    expect_with("tax id", any, "tax_id tax id", "0:7-13");
}
END_TEST

START_TEST(a_search_goes_on_where_it_stopped) {
    _cleanup_(tx_words_freep) struct tx_words *words = NULL;
    struct tx_words_found found;
    ck_assert_int_eq(make("ab|b", &(struct tx_words_options){.joints = false}, &words), 0);
    struct tx_words_search search = {.words = words, .text = text_of("abab")};
    ck_assert(!tx_words_next(&search, 1, &found));
    ck_assert(tx_words_next(&search, 2, &found) && found.start == 0 && found.word == 0);
    ck_assert(tx_words_next(&search, 2, &found) && found.start == 1 && found.word == 1);
    ck_assert(!tx_words_next(&search, 3, &found));
    ck_assert(tx_words_next(&search, 4, &found) && found.start == 2);
}
END_TEST

/* Against looking for each at each place. */
START_TEST(random_words_are_where_they_are) {
    uint32_t state = 12345;
    for (unsigned round = 0; round < 500; round++) {
        _cleanup_(tx_words_freep) struct tx_words *words = NULL;
        char bytes[8][4], text[41] = "";
        struct tx_text list[8];
        struct tx_words_found found;
        size_t n_told = 0, n_expected = 0;

        for (size_t i = 0; i < 8; i++) {
            list[i] = (struct tx_text){bytes[i], 1 + (state = state * 1664525 + 1013904223) % 4};
            for (size_t k = 0; k < 4; k++)
                bytes[i][k] = (char)('a' + ((state = state * 1664525 + 1013904223) >> 16) % 3);
        }
        for (size_t i = 0; i < 40; i++)
            text[i] = (char)('a' + ((state = state * 1664525 + 1013904223) >> 16) % 3);
        struct tx_words_options none = {.joints = false};
        ck_assert_int_eq(tx_words_new(list, 8, &none, &words), 0);
        struct tx_words_search search = {.words = words, .text = text_of(text)};
        for (; tx_words_next(&search, 40, &found); n_told++) {
            ck_assert_uint_eq(found.end - found.start, list[found.word].n);
            ck_assert(memcmp(text + found.start, list[found.word].p, list[found.word].n) == 0);
        }
        for (size_t i = 0; i < 8; i++)
            for (size_t at = 0; at + list[i].n <= 40; at++)
                n_expected += memcmp(text + at, list[i].p, list[i].n) == 0;
        ck_assert_uint_eq(n_told, n_expected);
    }
}
END_TEST

START_TEST(too_many_and_empty_words_are_refused) {
    _cleanup_(tx_words_freep) struct tx_words *words = NULL;
    struct tx_words_options none = {.joints = false};
    static char large[TX_WORDS_BYTES + 1];
    memset(large, 'x', sizeof(large));
    struct tx_text empty = {"", 0}, long_one = {large, sizeof(large)};
    ck_assert_int_eq(tx_words_new(&empty, 1, &none, &words), -EINVAL);
    ck_assert_int_eq(tx_words_new(&long_one, 1, &none, &words), -E2BIG);
    struct tx_text halves[8];
    for (size_t i = 0; i < 8; i++)
        halves[i] = (struct tx_text){large, sizeof(large) / 2};
    ck_assert_int_eq(tx_words_new(halves, 8, &none, &words), -E2BIG);
    ck_assert_ptr_null(words);
}
END_TEST

START_TEST(each_allocation_may_fail) {
    struct tx_words_options near = {true, true};
    for (unsigned failed = 0;; failed++) {
        struct tx_words *words = NULL;
        fail_alloc_after(failed);
        int r = make("tax id|\xc3\xa9t\xc3\xa9|customer number|abcdefghijklm", &near, &words);
        bool has_failed = fail_alloc_end();
        if (!has_failed) {
            ck_assert_int_eq(r, 0);
            tx_words_free(words);
            ck_assert_uint_gt(failed, 5);
            break;
        }
        ck_assert_int_eq(r, -ENOMEM);
        ck_assert_uint_eq(fail_alloc_alive(), 0);
    }
    ck_assert_uint_eq(fail_alloc_alive(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pattern: many words");
    TCase *tests = tcase_create("words");
    tcase_add_test(tests, all_places_of_all_words_are_told);
    tcase_add_test(tests, case_and_joints_do_not_matter_on_request);
    tcase_add_test(tests, a_search_goes_on_where_it_stopped);
    tcase_add_test(tests, random_words_are_where_they_are);
    tcase_add_test(tests, too_many_and_empty_words_are_refused);
    tcase_add_test(tests, each_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
