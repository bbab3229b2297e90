/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/clock.h"
#include "libtx/base/error.h"
#include "libtx/base/limits.h"
#include "libtx/record/json.h"

static char memory[512 * 1024];

static int canonical(const char *in, size_t n, const char **ret) {
    struct tx_buf b = tx_buf_of(memory, n);
    int r = tx_json_canonical((struct tx_text){in, n}, &b);
    memory[b.len] = '\0';
    *ret = memory;
    return r;
}

START_TEST(a_value_is_written_in_the_logs_spelling) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"null", "null"},
        {" true ", "true"},
        {"\t[ 1 , -0.5e+7, [ ] , { } ]\r\n", "[1,-0.5e+7,[],{}]"},
        {"{ \"a\" : { \"a\" : 1 } , \"b\" : [ { \"a\" : 2 } ] }",
         "{\"a\":{\"a\":1},\"b\":[{\"a\":2}]}"},
        {"\"\\u0041\\/\\u00e9\\ud83d\\ude00\"", "\"A/é😀\""},
        {"\"\\u000A\\u001F\\u0022\\u005C\\u007f\"", "\"\\n\\u001f\\\"\\\\\x7f\""},
        {"\"\\u0000\"", "\"\\u0000\""},
        {"1E400", "1E400"},
        {"-0", "-0"},
        {"\"\\uffff\"", "\"\xef\xbf\xbf\""},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        const char *out;
        ck_assert_msg(canonical(cases[i].in, strlen(cases[i].in), &out) == 0, "%s", cases[i].in);
        ck_assert_str_eq(out, cases[i].out);
    }
}
END_TEST

START_TEST(what_is_not_json_is_refused) {
    static const char *const bad[] = {
        "",
        " ",
        "nul",
        "truex",
        "1 2",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "-",
        "0x10",
        "NaN",
        "'a'",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\x01\"",
        "\"\n\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xe2\x82\"",
        "\"\xff\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{\"a\" 1}",
        "{1:1}",
        "[}",
        "{]",
        "{\"a\":}",
        "[1]]",
        "\xef\xbb\xbf"
        "1",
    };
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        const char *out;
        ck_assert_msg(canonical(bad[i], strlen(bad[i]), &out) == -EBADMSG, "%s", bad[i]);
    }
}
END_TEST

START_TEST(a_lone_surrogate_is_told_apart) {
    static const char *const lone[] = {"\"\\ud800\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"",
                                       "\"\\udc00\""};
    for (size_t i = 0; i < TX_COUNT_OF(lone); i++) {
        const char *out;
        ck_assert_msg(canonical(lone[i], strlen(lone[i]), &out) == -EILSEQ, "%s", lone[i]);
    }
}
END_TEST

START_TEST(a_cut_or_changed_text_never_reads_too_far) {
    static const char whole[] = "{\"a\":[1,2.5e3,\"x\\u00e9\\n\"],\"b\":{\"c\":null},\"d\":true}";
    size_t n = sizeof(whole) - 1;
    const char *out;

    ck_assert_int_eq(canonical(whole, n, &out), 0);
    for (size_t i = 0; i < n; i++) {
        /* In memory of exactly that size, so that a sanitizer sees a byte too many. */
        char *cut = malloc(i + 1);
        memcpy(cut, whole, i);
        ck_assert_int_eq(canonical(cut, i, &out), -EBADMSG);
        free(cut);
    }
    for (size_t bit = 0; bit < 8 * n; bit++) {
        char changed[sizeof(whole)];
        memcpy(changed, whole, n);
        changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << (bit % 8)));
        int r = canonical(changed, n, &out);
        ck_assert(r == 0 || r == -EBADMSG || r == -EILSEQ || r == -EEXIST);
    }
}
END_TEST

START_TEST(repeated_keys_are_found_after_unescaping_and_only_within_one_object) {
    const char *out;
    static const char *const bad[] = {
        "{\"a\":1,\"a\":2}",         "{\"a\":1,\"\\u0061\":2}",
        "{\"/\":1,\"\\/\":2}",       "{\"x\":{\"a\":1,\"b\":2,\"a\":3}}",
        "{\"x\":{\"a\":1},\"x\":2}", "[{\"\":1,\"\":1}]",
    };
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_int_eq(canonical(bad[i], strlen(bad[i]), &out), -EEXIST);
    static const char good[] = "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}],\"A\":1}";
    ck_assert_int_eq(canonical(good, sizeof(good) - 1, &out), 0);
}
END_TEST

static size_t nest(char *text, size_t depth) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return 2 * depth;
}

START_TEST(nesting_has_a_limit) {
    static char text[200000];
    const char *out;
    ck_assert_int_eq(canonical(text, nest(text, TX_LIMIT_JSON_DEPTH), &out), 0);
    ck_assert_int_eq(canonical(text, nest(text, TX_LIMIT_JSON_DEPTH + 1), &out), -E2BIG);
    ck_assert_int_eq(canonical(text, nest(text, 100000), &out), -E2BIG);
}
END_TEST

START_TEST(twenty_thousand_keys_are_no_burden) {
    static char text[TX_LIMIT_FIELDS_BYTES * 4];
    enum { N = 20000 };
    size_t n = 0;
    const char *out;

    text[n++] = '{';
    for (int i = 0; i < N; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\"%05d\":1", i ? "," : "", i);
    text[n++] = '}';
    int64_t start = tx_clock_get(CLOCK_PROCESS_CPUTIME_ID);
    ck_assert_int_eq(canonical(text, n, &out), 0);
    /* Comparing each with each would be 200 million comparisons. */
    ck_assert_int_lt(tx_clock_get(CLOCK_PROCESS_CPUTIME_ID) - start, 1000000000);
    memcpy(text + 2, text + n - 9, 5);
    ck_assert_int_eq(canonical(text, n, &out), -EEXIST);
}
END_TEST

START_TEST(a_full_buffer_is_said) {
    char small[4];
    struct tx_buf b = tx_buf_of(small, sizeof(small));
    ck_assert_int_eq(tx_json_canonical(TX_TEXT("[1,2,3]"), &b), -ENOBUFS);
    b = tx_buf_of(small, sizeof(small));
    ck_assert_int_eq(tx_json_canonical(TX_TEXT("{\"abcdef\":1}"), &b), -ENOBUFS);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("record-json");
    TCase *tests = tcase_create("json");
    tcase_add_test(tests, a_value_is_written_in_the_logs_spelling);
    tcase_add_test(tests, what_is_not_json_is_refused);
    tcase_add_test(tests, a_lone_surrogate_is_told_apart);
    tcase_add_test(tests, a_cut_or_changed_text_never_reads_too_far);
    tcase_add_test(tests, repeated_keys_are_found_after_unescaping_and_only_within_one_object);
    tcase_add_test(tests, nesting_has_a_limit);
    tcase_add_test(tests, twenty_thousand_keys_are_no_burden);
    tcase_add_test(tests, a_full_buffer_is_said);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
