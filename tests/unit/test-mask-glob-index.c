/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/mask/glob-index.h"

#define PATTERNS_MAX 400
#define NAME_MAX_BYTES 24

static uint64_t seed;

static size_t below(size_t n) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (size_t)(seed * UINT64_C(0x2545f4914f6cdd1d) >> 33) % n;
}

struct patterns {
    size_t n;
    struct tx_named_glob glob[PATTERNS_MAX];
    struct tx_glob_index *index;
};

static void add(struct patterns *p, const char *pattern) {
    struct tx_named_glob *glob = &p->glob[p->n];
    ck_assert_int_eq(tx_glob_new(pattern, p->n % 2, &glob->glob), 0);
    glob->condition = (uint16_t)p->n++;
}

static void finish(struct patterns *p) {
    ck_assert_int_eq(tx_glob_index_new(p->glob, p->n, &p->index), 0);
}

static void clear(struct patterns *p) {
    tx_glob_index_free(p->index);
    for (size_t i = 0; i < p->n; i++)
        tx_glob_free(p->glob[i].glob);
}

static struct tx_text make(const char *letters, size_t n, char *ret) {
    for (size_t i = 0; i < n; i++)
        ret[i] = letters[below(strlen(letters))];
    ret[n] = '\0';
    return (struct tx_text){ret, n};
}

static struct tx_text behind(struct tx_text path, size_t at) {
    return (struct tx_text){.p = path.p + at, .n = path.n - at};
}

/* The index against each pattern alone, which is asked with the path and with what stands behind
 * two of its dots. Returns how many matched. */
static size_t check_path(const struct patterns *p, struct tx_text path, size_t inner, size_t key) {
    struct tx_name whole, parts[3];
    struct tx_set found = {.word = {0}};
    size_t n = 0;

    ck_assert(tx_name_fold(path, &whole));
    ck_assert(tx_name_fold(path, &parts[0]) && tx_name_fold(behind(path, inner), &parts[1]) &&
              tx_name_fold(behind(path, key), &parts[2]));
    const struct tx_name_asked asked = {
        .name = &whole,
        .n_from = 3,
        .from = {{.plain = 0}, tx_name_place_of(&whole, inner), tx_name_place_of(&whole, key)}};
    tx_glob_index_match(p->index, &asked, &found);
    for (size_t i = 0; i < p->n; i++) {
        bool matches = false;
        for (size_t k = 0; k < 3; k++)
            matches = matches || tx_glob_match(p->glob[i].glob, &parts[k]);
        ck_assert_msg(tx_set_has(&found, i) == matches, "pattern %zu, %.*s", i, (int)path.n,
                      path.p);
        n += matches;
    }
    return n;
}

START_TEST(it_finds_what_each_pattern_alone_finds) {
    struct patterns p = {.n = 0};
    char pattern[16], path[3 * NAME_MAX_BYTES];
    size_t n = 0;

    seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    while (p.n < PATTERNS_MAX) {
        make("ab*cA_B.1-", 1 + below(6), pattern);
        add(&p, pattern);
    }
    finish(&p);
    for (size_t round = 0; round < 300; round++) {
        size_t inner = make("abAcB1_", 1 + below(7), path).n;
        path[inner++] = '.';
        size_t key = inner;
        if (below(2)) {
            key += make("abA.cB1-", 1 + below(7), path + inner).n;
            path[key++] = '.';
        }
        size_t end = key + make("abAcB1_.\xc3", below(8), path + key).n;
        n += check_path(&p, (struct tx_text){path, end}, inner, key);
    }
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_lt(n, 300 * PATTERNS_MAX);
    clear(&p);
}
END_TEST

START_TEST(a_name_is_seen_from_its_places_only) {
    struct patterns p = {.n = 0};
    add(&p, "host_name");
    add(&p, "hostName");
    add(&p, "http.hostName");
    add(&p, "*stNa*");
    add(&p, "e");
    finish(&p);
    struct tx_name name;
    struct tx_set found = {.word = {0}};
    ck_assert(tx_name_fold(TX_TEXT("myHttp.hostName"), &name));
    struct tx_name_asked asked = {.name = &name, .n_from = 1};
    tx_glob_index_match(p.index, &asked, &found);
    ck_assert_uint_eq(found.word[0], 8);
    asked.from[0] = tx_name_place_of(&name, 7);
    ck_assert_uint_eq(asked.from[0].camel, 8);
    tx_glob_index_match(p.index, &asked, &found);
    ck_assert_uint_eq(found.word[0], 11);
    clear(&p);
}
END_TEST

START_TEST(loose_patterns_and_exact_ones_are_asked_apart_on_request) {
    struct patterns p = {.n = 0};
    add(&p, "host"); /* exact */
    add(&p, "host"); /* loose */
    finish(&p);
    struct tx_name name;
    ck_assert(tx_name_fold(TX_TEXT("host"), &name));
    static const uint64_t expected[] = {
        [TX_GLOBS_ALL] = 3, [TX_GLOBS_LOOSE] = 2, [TX_GLOBS_EXACT] = 1};
    for (size_t i = 0; i < TX_COUNT_OF(expected); i++) {
        struct tx_set found = {.word = {0}};
        const struct tx_name_asked asked = {
            .which = (enum tx_glob_which)i, .name = &name, .n_from = 1};
        tx_glob_index_match(p.index, &asked, &found);
        ck_assert_uint_eq(found.word[0], expected[i]);
    }
    clear(&p);
}
END_TEST

START_TEST(without_patterns_nothing_matches) {
    struct patterns p = {.n = 0};
    struct tx_name name;
    struct tx_set found = {.word = {0}};
    const struct tx_name_asked asked = {.name = &name, .n_from = 1};
    finish(&p);
    ck_assert(tx_name_fold(TX_TEXT(""), &name));
    tx_glob_index_match(p.index, &asked, &found);
    ck_assert(!tx_set_any(&found, TX_SET_WORDS));
    clear(&p);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: many patterns of names");
    TCase *tests = tcase_create("glob-index");
    tcase_add_loop_test(tests, it_finds_what_each_pattern_alone_finds, 0, 8);
    tcase_add_test(tests, a_name_is_seen_from_its_places_only);
    tcase_add_test(tests, loose_patterns_and_exact_ones_are_asked_apart_on_request);
    tcase_add_test(tests, without_patterns_nothing_matches);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
