/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "libtx/pattern/pattern.h"
#include "tests/unit/fail-alloc.h"
#include "tests/unit/pattern-check.h"

#define CAP (1u << 17)

struct spans {
    char text[8192];
    size_t n;
    size_t stop_after;
};

static bool note(void *userdata, size_t start, size_t end) {
    struct spans *spans = userdata;
    size_t used = strlen(spans->text);
    snprintf(spans->text + used, sizeof(spans->text) - used, "%s%zu-%zu", used ? " " : "", start,
             end);
    return ++spans->n != spans->stop_after;
}

static void find(const char *pattern_text, struct tx_pattern_options options, struct tx_text text,
                 struct spans *ret) {
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern = compile(pattern_text, options);
    _cleanup_(tx_pattern_memory_freep) struct tx_pattern_memory *memory = NULL;
    ck_assert_int_eq(tx_pattern_memory_new(CAP, &memory), 0);
    ck_assert_int_eq(tx_pattern_find_all(pattern, memory, text, note, ret), 0);
}

static void expect_with(const char *pattern, struct tx_pattern_options options, struct tx_text text,
                        const char *expected) {
    struct spans spans = {.n = 0};
    find(pattern, options, text, &spans);
    ck_assert_msg(strcmp(spans.text, expected) == 0, "%s on %.*s: %s, not %s", pattern, (int)text.n,
                  text.p, spans.text, expected);
}

static void expect(const char *pattern, const char *text, const char *expected) {
    expect_with(pattern, (struct tx_pattern_options){.states = 0}, text_of(text), expected);
}

static void expect_refused(const char *pattern, struct tx_pattern_options options, size_t at,
                           const char *reason) {
    _cleanup_(tx_pattern_freep) struct tx_pattern *compiled = NULL;
    struct tx_pattern_error error = {.at = 9999};
    int r = tx_pattern_new(text_of(pattern), &options, &error, &compiled);
    ck_assert_msg(r == TX_PATTERN_E_REFUSED, "%s is not refused", pattern);
    ck_assert_ptr_null(compiled);
    ck_assert_msg(error.at == at && strstr(error.reason, reason), "%s: %zu: %s", pattern, error.at,
                  error.reason);
}

START_TEST(all_matches_are_found_leftmost_and_longest) {
    expect("E[0-9]{6}", "E123456, E1234567, e123456", "0-7 9-16");
    expect("a|ab|abc", "abcab", "0-3 3-5");
    expect("a+", "aaabaa", "0-3 4-6");
    expect("(?:ab)+|b", "ababb", "0-4 4-5");
    expect("x", "abc", "");
    expect("x", "", "");
    expect("\\bE\\d{6}\\b", "E123456 xE123456 E1234567 E654321", "0-7 26-33");
    expect("^a|b$", "aab b", "0-1 4-5");
    expect("^a$", "a", "0-1");
    expect("^a$", "aa", "");
    expect("a.c", "abc a\nc a.c", "0-3 8-11");
    expect("[^a]+", "abca", "1-3");
}
END_TEST

START_TEST(characters_of_utf8_are_whole) {
    expect(".", "\xc3\xa9", "0-2");
    expect("[^a]", "a\xe2\x82\xac", "1-4");
    expect("[à-ÿ]+", "caf\xc3\xa9\xc3\xbc!", "3-7");
    expect("\\x{20ac}|\\u00e9|\\x41", "A\xc3\xa9\xe2\x82\xac", "0-1 1-3 3-6");
    expect("\xf0\x9f\x98\x80{2}", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "0-8");
    /* Bytes that are no character are never part of a match. */
    expect(".+",
           "a\x80"
           "b\xe2\x82"
           "c",
           "0-1 2-3 5-6");
    expect("[^a]", "\xff\xed\xa0\x80\xc0\xaf", "");
    expect("\\W", "\x80", "");
    expect("\\xff", "\xff", "");
    /* Letters beyond ASCII are letters; other signs are none. */
    expect("\\bM\xc3\xbcller\\b", "M\xc3\xbcller M\xc3\xbcllers \xc3\xa9M\xc3\xbcller", "0-7");
    expect("\\b\xc3\x84rger", "viel \xc3\x84rger", "5-11");
    expect("\\w+",
           "Jos\xc3\xa9 Jose\xcc\x81 \xe2\x80\x9c"
           "a\xe2\x82\xac",
           "0-5 6-12 16-17");
}
END_TEST

START_TEST(nul_ends_a_value_and_is_in_no_match) {
    static const char values[] = "ab\0b\0ab";
    struct tx_text text = {values, sizeof(values) - 1};
    struct tx_pattern_options none = {.states = 0};
    expect_with("^b$", none, text, "3-4");
    expect_with("[^x]+", none, text, "0-2 3-4 5-7");
    expect_with("\\w+$", none, text, "0-2 3-4 5-7");
}
END_TEST

START_TEST(letters_of_either_case_are_the_same_on_request) {
    struct tx_pattern_options i = {.ignore_case = true};
    expect_with("kunde", i, text_of("KUNDE Kunde kUnDe"), "0-5 6-11 12-17");
    expect_with("m\xc3\xbcller", i, text_of("M\xc3\x9cLLER"), "0-7");
    expect_with("\xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd", i, text_of("\xd0\x98\xd0\x92\xd0\x90\xd0\x9d"),
                "0-8");                                     /* Cyrillic */
    expect_with("\xce\xac", i, text_of("\xce\x86"), "0-2"); /* Greek */
    expect_with("[^k]", i, text_of("kKx"), "2-3");
    expect("(?i)[a-c]+", "aBCd", "0-3");
    expect("kunde", "KUNDE", "");
}
END_TEST

START_TEST(flags_bind_a_match_to_words_and_to_the_value) {
    struct tx_pattern_options w = {.whole_words = true}, v = {.whole_value = true};
    expect_with("anna|-x", w, text_of("anna annab xanna a-x -xy"), "0-4 18-20");
    expect_with("a|ab", v, text_of("ab"), "0-2");
    expect_with("a|ab", v, text_of("abc"), "");
}
END_TEST

START_TEST(a_whole_value_matches_or_does_not) {
    struct tx_pattern_options v = {.whole_value = true};
    _cleanup_(tx_pattern_freep) struct tx_pattern *word = compile("[a-z]+|\xc3\xa9", v);
    _cleanup_(tx_pattern_freep) struct tx_pattern *any = compile(".*", v);
    ck_assert(tx_pattern_is_whole(word, text_of("abc")));
    ck_assert(tx_pattern_is_whole(word, text_of("\xc3\xa9")));
    ck_assert(!tx_pattern_is_whole(word, text_of("abc1")));
    ck_assert(!tx_pattern_is_whole(word, text_of("\xc3")));
    ck_assert(!tx_pattern_is_whole(word, text_of("")));
    ck_assert(tx_pattern_is_whole(any, text_of("")));
    ck_assert(tx_pattern_is_whole(any, text_of("a b")));
    ck_assert(!tx_pattern_is_whole(any, (struct tx_text){"a\0b", 3}));
}
END_TEST

START_TEST(the_first_group_is_what_is_found_on_request) {
    struct tx_pattern_options c = {.capture = true};
    expect_with("key=(\\w+);", c, text_of("key=abc; key=; key=d;"), "4-7 19-20");
    expect_with("(?:(\\d+)-)+x", c, text_of("12-345-x"), "0-2 3-6");
    expect_with("(a)|b", c, text_of("ab"), "0-1");
    expect_with("a(\xc3\xa9+)b", c,
                text_of("a\xc3\xa9\xc3\xa9"
                        "b"),
                "1-5");
    /* More than one way: what any of them puts into it. */
    expect_with("x.*(\\d+)", c, text_of("x123"), "1-4");
    expect_with("((b)c)d", c, text_of("bcd"), "0-2");
    expect_with("\\b(\\w+)\\b@(\\w+)", c, text_of("me@you"), "0-2");
    expect_refused("abc", c, 0, "wants a group");
}
END_TEST

START_TEST(what_is_not_linear_is_refused_with_its_place_and_reason) {
    static const struct {
        const char *pattern;
        size_t at;
        const char *reason;
    } refused[] = {
        {"(a)\\1", 3, "back-references"},
        {"ab(?=c)", 2, "look-ahead"},
        {"a(?!b)", 1, "look-ahead"},
        {"(?<=a)b", 0, "look-behind"},
        {"(?<!a)b", 0, "look-behind"},
        {"(?>a+)b", 0, "atomic"},
        {"a(?(1)b|c)", 1, "conditionals"},
        {"a(?R)", 1, "recursion"},
        {"a++b", 1, "possessive"},
        {"a{2}+", 1, "possessive"},
        {"(?P<n>a)", 0, "no names"},
        {"a(?i)b", 1, "beginning"},
        {"\\p{L}", 0, "Unicode properties"},
        {"a*", 0, "empty text"},
        {"a|", 0, "empty text"},
        {"", 0, "empty text"},
        {"\\b", 0, "empty text"},
        {"^$", 0, "empty text"},
        {"a{2,1}", 1, "at least 2 and at most 1"},
        {"a{1001}", 2, "at most 1000"},
        {"a{,3}", 2, "a repeat is"},
        {"a{b", 2, "a repeat is"},
        {"*a", 0, "nothing to repeat"},
        {"a**", 2, "repeat of a repeat"},
        {"\\b+a", 2, "cannot be repeated"},
        {"(a", 0, "not closed"},
        {"a)", 1, "no ( for this"},
        {"[a", 2, "not closed"},
        {"[]a]", 0, "no character in it"},
        {"[^\\d\\D]", 0, "no character in it"},
        {"[z-a]", 1, "a range goes"},
        {"[a-\\d]", 1, "a range goes"},
        {"[\\d-z]", 1, "a range begins"},
        {"[[:alpha:]]", 1, "names of classes"},
        {"[\\b]", 1, "not known"},
        {"a\\", 1, "behind the last"},
        {"\\q", 0, "not known"},
        {"\\Aa", 0, "written ^"},
        {"\\x0", 0, "two hex digits"},
        {"\\x00", 0, "NUL"},
        {"\\x{d800}", 0, "no character"},
        {"\\x{110000}", 0, "no character"},
        {"\xff", 0, "UTF-8"},
        {"a\\bb", 0, "never match"},
        {"\".*?\"", 2, "lazy"},
        {"(?:a{1000}){1000}", 0, "too large"},
        {"(?:(?:(?:(?:){1000}){1000}){1000}){1000}a", 0, "too large"},
        {"(*SKIP)a", 0, "verbs"},
    };
    struct tx_pattern_options none = {.states = 0};
    for (size_t i = 0; i < TX_COUNT_OF(refused); i++)
        expect_refused(refused[i].pattern, none, refused[i].at, refused[i].reason);
}
END_TEST

START_TEST(too_much_is_refused) {
    static char text[TX_PATTERN_BYTES + 2];
    struct tx_pattern_options none = {.states = 0}, few = {.states = 20};
    memset(text, 'a', TX_PATTERN_BYTES + 1);
    expect_refused(text, none, TX_PATTERN_BYTES, "longer than 4096");
    memset(text, '(', 65);
    memset(text + 65, 'a', 1);
    memset(text + 66, ')', 65);
    text[66 + 65] = '\0';
    expect_refused(text, none, 64, "64 deep");
    memmove(text, text + 1, 64 + 1 + 64);
    text[64 + 1 + 64] = '\0';
    expect(text, "a", "0-1"); /* the control */
    expect_refused("a.{1000}b+", none, 0, "states");
    expect_refused("[0-9a-f]{32}", few, 0, "more than 20 states");
    tx_pattern_free(compile("[0-9a-f]{8}", few));
}
END_TEST

START_TEST(a_lazy_repeat_is_taken_where_it_changes_nothing) {
    expect("\"[^\"]*?\"", "\"a\" \"b\"", "0-3 4-7");
    expect("\\d+?\\b", "12 3", "0-2 3-4");
    expect("a{2}?b", "aab", "0-3");
}
END_TEST

/* Read backward it needs a state for each set of places where it could have begun. */
#define TRIED "\\b[A-Za-z0-9/+]{40}\\b"

START_TEST(a_pattern_that_is_tried_at_each_place_finds_the_same) {
    struct tx_pattern_options c = {.capture = true};
    expect(TRIED, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY,x", "0-40");
    expect(TRIED, "+wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "1-41");
    expect("a.{20}b", "aa_________a________bb_______b", "0-22");
    expect("a.{20}b",
           "aa__________________\xc3\xa9"
           "bb",
           "0-23");
    expect_with("a(.{20})b", c, text_of("aa_________a________bb"), "1-21");
    expect_with("a[^ab](.{20})b", c, text_of("aaaaaaaaaaaaaaaaaaaaaaaaaaa"), "");
    expect("(?:a.{20}b)$", "a____________________ba____________________b", "22-44");
    _cleanup_(tx_pattern_freep) struct tx_pattern *tried =
        compile(TRIED, (struct tx_pattern_options){.states = 0});
    _cleanup_(tx_pattern_freep) struct tx_pattern *not_tried =
        compile("a+b", (struct tx_pattern_options){.states = 0});
    ck_assert_uint_eq(tx_pattern_steps_max(tried), 41);
    ck_assert_uint_eq(tx_pattern_steps_max(not_tried), 2);
}
END_TEST

START_TEST(the_literal_is_what_each_match_contains) {
    static const struct {
        const char *pattern, *literal;
        bool ignore_case;
    } known[] = {
        {"acme_(?:live|test)_[A-Za-z0-9]{32}", "acme_", false},
        {"(?i)Acme_\\d", "acme_", true},
        {"\\bE[0-9]{6}\\b", "E", false},
        {"a(?:bc)+d", "bc", false},
        {"a(?:bc)?d", "a", false},
        {"a|b", "", false},
        {"x{3}y", "xxxy", false},
        {"x{3,}y", "xxx", false},
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9", false},
        {"(?i)\xc3\xa9toile", "toile", true},
    };
    for (size_t i = 0; i < TX_COUNT_OF(known); i++) {
        bool ignore_case;
        _cleanup_(tx_pattern_freep) struct tx_pattern *pattern =
            compile(known[i].pattern, (struct tx_pattern_options){.states = 0});
        struct tx_text literal = tx_pattern_literal(pattern, &ignore_case);
        ck_assert_msg(tx_text_equal(literal, text_of(known[i].literal)), "%s: %.*s",
                      known[i].pattern, (int)literal.n, literal.p);
        ck_assert_int_eq(ignore_case, known[i].ignore_case);
    }
    expect("(?i)Acme_\\d", "acme_ ACME_1", "6-12");
}
END_TEST

/* Steps, not time: what they are per byte must not grow with the text. */
static double steps_per_byte(const char *pattern_text, const char *atom, size_t n) {
    static char text[CAP];
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern =
        compile(pattern_text, (struct tx_pattern_options){.states = 0});
    _cleanup_(tx_pattern_memory_freep) struct tx_pattern_memory *memory = NULL;
    struct spans spans = {.stop_after = SIZE_MAX};

    for (size_t i = 0; i < n; i++)
        text[i] = atom[i % strlen(atom)];
    ck_assert_int_eq(tx_pattern_memory_new(n, &memory), 0);
    ck_assert_int_eq(tx_pattern_find_all(pattern, memory, (struct tx_text){text, n}, note, &spans),
                     0);
    return (double)tx_pattern_memory_steps(memory) / (double)n;
}

START_TEST(the_work_is_linear_whatever_pattern_and_text_are) {
    static const char *const nasty[][2] = {
        {"(a+)+$", "a"},        {"(a+)+$", "aaaaaaaab"},
        {"(a|aa)+$", "a"},      {"(\\w+\\s?)+$", "ab "},
        {"(\\w+\\s?)+$", "a!"}, {"a*b", "a"},
        {".*x", "a"},           {"a.*b|a", "a"},
        {"a[^b]*b|a", "a"},     {"(?:.*a){3}|a", "ab"},
        {"a.{0,60}b|a", "a"},   {"^(a+)+$", "a"},
        {TRIED, "a"},           {TRIED, "a/"},
        {"a.{20}b", "a"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(nasty); i++) {
        double small = steps_per_byte(nasty[i][0], nasty[i][1], 1000);
        double large = steps_per_byte(nasty[i][0], nasty[i][1], 100000);
        ck_assert_msg(large < 1.1 * small + 1 && large < 64, "%s on %s: %g, %g", nasty[i][0],
                      nasty[i][1], small, large);
    }
}
END_TEST

START_TEST(whoever_asks_can_stop) {
    struct spans spans = {.stop_after = 2};
    find("a", (struct tx_pattern_options){.states = 0}, text_of("aaaa"), &spans);
    ck_assert_str_eq(spans.text, "0-1 1-2");
}
END_TEST

START_TEST(a_text_longer_than_the_memory_is_refused) {
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern =
        compile("a", (struct tx_pattern_options){.states = 0});
    _cleanup_(tx_pattern_memory_freep) struct tx_pattern_memory *memory = NULL;
    struct spans spans = {.n = 0};
    ck_assert_int_eq(tx_pattern_memory_new(3, &memory), 0);
    ck_assert_int_eq(tx_pattern_find_all(pattern, memory, text_of("aaaa"), note, &spans), -E2BIG);
    ck_assert_int_eq(tx_pattern_find_all(pattern, memory, text_of("aaa"), note, &spans), 0);
    ck_assert_str_eq(spans.text, "0-1 1-2 2-3");
}
END_TEST

START_TEST(each_allocation_may_fail) {
    static const char *const patterns[] = {"(?i)a(b|[c-e\xc3\xa9])+\\d{2,5}?\\b", TRIED, "[^a-z]x"};
    for (size_t i = 0; i < TX_COUNT_OF(patterns); i++) {
        unsigned failed = 0;
        for (;; failed++) {
            struct tx_pattern *pattern = NULL;
            struct tx_pattern_error error;
            fail_alloc_after(failed);
            int r = tx_pattern_new(text_of(patterns[i]), &(struct tx_pattern_options){.states = 0},
                                   &error, &pattern);
            bool has_failed = fail_alloc_end();
            if (!has_failed) {
                ck_assert_int_eq(r, 0);
                tx_pattern_free(pattern);
                break;
            }
            ck_assert_int_eq(r, -ENOMEM);
            ck_assert_ptr_null(pattern);
            ck_assert_uint_eq(fail_alloc_alive(), 0);
        }
        ck_assert_uint_eq(fail_alloc_alive(), 0);
        ck_assert_uint_gt(failed, 10);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pattern-pattern");
    TCase *tc = tcase_create("pattern");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, all_matches_are_found_leftmost_and_longest);
    tcase_add_test(tc, characters_of_utf8_are_whole);
    tcase_add_test(tc, nul_ends_a_value_and_is_in_no_match);
    tcase_add_test(tc, letters_of_either_case_are_the_same_on_request);
    tcase_add_test(tc, flags_bind_a_match_to_words_and_to_the_value);
    tcase_add_test(tc, a_whole_value_matches_or_does_not);
    tcase_add_test(tc, the_first_group_is_what_is_found_on_request);
    tcase_add_test(tc, what_is_not_linear_is_refused_with_its_place_and_reason);
    tcase_add_test(tc, too_much_is_refused);
    tcase_add_test(tc, a_lazy_repeat_is_taken_where_it_changes_nothing);
    tcase_add_test(tc, a_pattern_that_is_tried_at_each_place_finds_the_same);
    tcase_add_test(tc, the_literal_is_what_each_match_contains);
    tcase_add_test(tc, the_work_is_linear_whatever_pattern_and_text_are);
    tcase_add_test(tc, whoever_asks_can_stop);
    tcase_add_test(tc, a_text_longer_than_the_memory_is_refused);
    tcase_add_test(tc, each_allocation_may_fail);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
