/* SPDX-License-Identifier: MIT */
/* Which words are worth more than a look: with every shape of an identifier those are by which it
 * is found, and few others. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/classify.h"
#include "libtx/detect/ids.h"
#include "libtx/detect/scan.h"
#include "tests/unit/detect-texts.h"

#define CAP 256

static uint64_t words[16 * 1024];
static struct tx_bits bits;
static struct tx_id_word found[TX_ID_WORDS];
static struct tx_matches matches;
static struct tx_scan scan;

/* How many words of the text are worth it. */
static size_t look(const struct tx_classifier *way, const char *text) {
    static const struct tx_detect_options options = {.wanted = {.word = {UINT64_MAX}}};
    size_t b = 0;
    ck_assert_uint_le(tx_bits_words(CAP), TX_COUNT_OF(words));
    tx_bits_init(&bits, words, CAP);
    way->classify((const uint8_t *)text, strlen(text), &bits);
    way->anchors(&bits, strlen(text));
    scan = (struct tx_scan){.p = (const uint8_t *)text,
                            .n = strlen(text),
                            .bits = &bits,
                            .options = &options,
                            .matches = &matches,
                            .ids = tx_id_tree(),
                            .vendor_words = tx_vendor_words()};
    return way->words(&scan, &b, found);
}

/* A number of the shape at the end of `text`; `any` for each `~`. Where letters and digits may
 * stand, every second one is a digit. */
static void put(uint64_t *state, char *text, const char *shape, char any) {
    char *p = text + strlen(text);
    for (const char *c = shape; *c; c++) {
        char kind = *c == 'X' ? (c - shape) % 2 && detect_random(state, 2) ? 'A' : '9' : *c;
        *p++ = kind == '9'   ? (char)('0' + detect_random(state, 10))
               : kind == 'A' ? (char)("Aa"[detect_random(state, 2)] + detect_random(state, 26))
               : kind == '~' ? any
                             : kind;
    }
    *p = '\0';
}

/* The end of its first word with a digit; whether that is the first one. */
static size_t first_digits(const char *text, size_t start, bool *ret_is_first) {
    size_t end = start;
    for (*ret_is_first = true;; end++, *ret_is_first = false) {
        bool has_digit = false;
        for (; tx_is_alnum((uint8_t)text[end]); end++)
            has_digit |= tx_is_digit((uint8_t)text[end]);
        if (has_digit)
            return end;
    }
}

static void check_shape(const struct tx_classifier *way, uint64_t *state, const char *shape,
                        char any) {
    static const char *const around[][2] = {{"", ""}, {"x ", " y"}, {"(", ")"}, {"no 7 ", " 9 1"}};
    for (size_t i = 0; i < TX_COUNT_OF(around); i++) {
        char text[CAP];
        bool is_first, seen = false;
        strcpy(text, around[i][0]);
        put(state, text, shape, any);
        size_t end = first_digits(text, strlen(around[i][0]), &is_first);
        strcat(text, around[i][1]);
        unsigned kinds = is_first ? TX_ID_SINGLE | TX_ID_MORE : TX_ID_PREFIX;
        for (size_t n = look(way, text), k = 0; k < n; k++)
            seen |= found[k].end == end && (found[k].what & kinds);
        ck_assert_msg(seen, "%s in: %s", shape, text);
    }
}

static const struct tx_classifier *ways[3];

static void set_up(void) {
    ways[0] = &tx_classify_portable;
    ways[1] = tx_classify_avx2();
    ways[2] = tx_classify_avx512();
}

START_TEST(no_shape_is_passed_by) {
    const struct tx_id_tree *tree = tx_id_tree();
    uint64_t state = 20261129;
    for (size_t k = 0; k < TX_COUNT_OF(ways); k++)
        for (size_t r = 0; ways[k] && r < tree->n_rows; r++)
            for (const char *any = " -."; *any; any++)
                for (size_t round = 0; round < 4; round++)
                    check_shape(ways[k], &state, tree->rows[r].shape->shape, *any);
}
END_TEST

START_TEST(most_short_numbers_and_clocks_are) {
    static const char *const texts[] = {
        "45 EUR",       "17.50 EUR",   "v2.17.3",
        "shelf 345 by", "4200 items",  "{\"n\":4711,\"m\":12}",
        "10 off, 20",   "12 retries.", "2026-11-23T18:04:51.123456Z"};
    for (size_t k = 0; k < TX_COUNT_OF(ways); k++)
        for (size_t i = 0; ways[k] && i < TX_COUNT_OF(texts); i++)
            ck_assert_msg(look(ways[k], texts[i]) == 0, "%s", texts[i]);
}
END_TEST

/* The same behind a number that is worth it, on which each of them can end a block. */
START_TEST(all_ways_see_the_same_words) {
    uint64_t state = 3;
    for (size_t round = 0; round < 20000; round++) {
        char text[CAP] = "";
        struct tx_id_word expected[TX_ID_WORDS];
        static const char characters[] =
            "0123456789012345678901234567890123456789 - .  -/_:+~ABuqsx";
        size_t n = 1 + detect_random(&state, CAP - 2);
        for (size_t i = 0; i < n; i++)
            text[i] = characters[detect_random(&state, sizeof(characters) - 1)];
        size_t n_expected = look(ways[0], text);
        memcpy(expected, found, sizeof(expected));
        for (size_t k = 1; k < TX_COUNT_OF(ways); k++) {
            if (!ways[k])
                continue;
            ck_assert_msg(look(ways[k], text) == n_expected, "%s", text);
            for (size_t i = 0; i < n_expected; i++)
                ck_assert_msg(
                    found[i].start == expected[i].start && found[i].end == expected[i].end &&
                        found[i].what == expected[i].what && found[i].digits == expected[i].digits,
                    "%s", text);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect-id-words");
    TCase *tests = tcase_create("words");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, no_shape_is_passed_by);
    tcase_add_test(tests, most_short_numbers_and_clocks_are);
    tcase_add_test(tests, all_ways_see_the_same_words);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
