/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/contains.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fail-alloc.h"
#include "tests/unit/pattern-check.h"

/* `lacking`: a match without the text that is named; NULL: there is none. */
static void expect_with(const char *pattern_text, struct tx_pattern_options options,
                        const char *literal_text, bool ignore_case, const char *lacking) {
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern = compile(pattern_text, options);
    struct tx_literal literal;
    struct tx_pattern_error error = {.reason = ""};
    char expected[200] = "";

    tx_literal_set(text_of(literal_text), ignore_case, &literal);
    int r = tx_pattern_contains(pattern, &literal, &error);
    if (lacking)
        snprintf(expected, sizeof(expected), "'%s' is one without ", lacking);
    ck_assert_msg(r == (lacking ? TX_PATTERN_E_REFUSED : 0) &&
                      strncmp(error.reason, expected, strlen(expected)) == 0,
                  "%s, %s: %d %s", pattern_text, literal_text, r, error.reason);
}

static void expect(const char *pattern, const char *literal, const char *lacking) {
    expect_with(pattern, (struct tx_pattern_options){.states = 0}, literal, false, lacking);
}

START_TEST(a_text_that_each_match_contains_is_taken) {
    expect("acme_[a-z]{4}", "acme_", NULL);
    expect("acme_(?:live|test)_[a-z]{4}", "acme_", NULL);
    expect("(?:x|y+)-key-[0-9]*", "-key-", NULL);
    expect("ab+c|xabbc", "ab", NULL);
    expect("(?:ab){3}", "ababab", NULL);
    expect("a{40}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL);
    expect("\\bE[0-9]{6}\\b", "E", NULL);
    expect("[a-z]+", "", NULL);
}
END_TEST

START_TEST(a_match_that_lacks_it_is_named) {
    expect("[a-z]+", "a", "b");
    expect("tok_[a-z]+", "key_", "tok_a");
    expect("acme_?[0-9]", "acme_", "acme0");
    expect("acme_[0-9]|x{3}", "acme_", "xxx");
    expect("a(?:nan)?a", "anana", "aa");
    expect("(?:ab){2}", "ababab", "abab");
    expect("[ -~]{3}", "abc", "aaa");
    expect("^\\w+$", "a", "b");
    expect("x[\\x01-\\x02]", "y", "x\\x01");
    expect("\xc3\xa9|[\xe4\xb8\x80-\xe9\xbf\xbf]", "\xc3\xa9", "\xe4\xb8\x80");
    expect("[a-z]{60}", "q", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…");
}
END_TEST

START_TEST(characters_that_the_pattern_does_not_tell_apart_are_told_apart_by_the_text) {
    expect("[ab]c", "c", NULL);
    expect("[ab]c", "ac", "bc");
    expect("[^x]{2}y", "y", NULL);
    expect(".\xe2\x82\xac", "\xe2\x82\xac", NULL);
    expect(".\xe2\x82\xac", "\xe2\x82\xad", "a\xe2\x82\xac");
}
END_TEST

START_TEST(case_counts_unless_the_text_is_looked_for_in_any) {
    struct tx_pattern_options any_case = {.ignore_case = true};
    expect("(?i)acme", "acme", "acmE");
    expect_with("acme", any_case, "acme", false, "acmE");
    expect_with("acme", any_case, "ACME", true, NULL);
    expect_with("acme_[0-9]", any_case, "acme_1", true, "acme_0");
    /* What follows the first letter beyond ASCII is not looked for. */
    expect_with("m\xc3\xbcller", any_case, "m\xc3\xbcnchen", true, NULL);
    expect_with("m\xc3\xbcller", any_case, "n\xc3\xbc", true, "m\xc3\x9cller");
}
END_TEST

START_TEST(a_pattern_that_is_tried_at_each_place_is_known_too) {
    struct tx_pattern_options few = {.states = 300};
    expect_with("[ab]a[ab]{9}y|xa", few, "a", false, NULL);
    expect_with("[ab]a[ab]{9}y", few, "y", false, NULL);
    expect_with("[ab]a[ab]{9}y", few, "b", false, "aaaaaaaaaaay");
}
END_TEST

/* A state for each set of places that an `a` stood at, and a symbol for each character at the end.
 */
START_TEST(what_would_take_too_long_is_refused) {
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern = compile(
        "[ab]*a[ab]{14}(?:c0|d1|e2|f3|g4|h5|i6|j7|k8|l9|mA|nB|oC|pD|qE|rF|sG|tH|uI|vJ|wK|xL|"
        "yM|zN|OP|QR|ST|UV|WX|YZ)!",
        (struct tx_pattern_options){.states = TX_PATTERN_STATES_MAX});
    struct tx_literal literal;
    struct tx_pattern_error error;
    tx_literal_set(text_of("!"), false, &literal);
    ck_assert_int_eq(tx_pattern_contains(pattern, &literal, &error), TX_PATTERN_E_REFUSED);
    ck_assert_str_eq(error.reason, "the pattern is too large to tell; leave it out");
}
END_TEST

START_TEST(each_allocation_may_fail) {
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern =
        compile("[a-z]+[0-9]{2,5}x", (struct tx_pattern_options){.states = 0});
    struct tx_literal literal;
    struct tx_pattern_error error;
    unsigned failed = 0;
    tx_literal_set(text_of("x"), false, &literal);
    for (;; failed++) {
        fail_alloc_after(failed);
        int r = tx_pattern_contains(pattern, &literal, &error);
        bool did = fail_alloc_end();
        ck_assert_uint_eq(fail_alloc_alive(), 0);
        ck_assert_int_eq(r, did ? -ENOMEM : 0);
        if (!did)
            break;
    }
    ck_assert_uint_gt(failed, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pattern-contains");
    TCase *tc = tcase_create("contains");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_text_that_each_match_contains_is_taken);
    tcase_add_test(tc, a_match_that_lacks_it_is_named);
    tcase_add_test(tc, characters_that_the_pattern_does_not_tell_apart_are_told_apart_by_the_text);
    tcase_add_test(tc, case_counts_unless_the_text_is_looked_for_in_any);
    tcase_add_test(tc, a_pattern_that_is_tried_at_each_place_is_known_too);
    tcase_add_test(tc, what_would_take_too_long_is_refused);
    tcase_add_test(tc, each_allocation_may_fail);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
