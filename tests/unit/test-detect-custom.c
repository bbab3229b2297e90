/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "libtx/detect/custom.h"
#include "tests/unit/fail-alloc.h"

#define CAP 200000u

#define LIST(...)                                                                                  \
    ((struct tx_custom_list){.n = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),          \
                             .item = (char *const *)(const char *[]){__VA_ARGS__}})

static struct tx_matches matches;

static struct tx_custom *make(const struct tx_custom_spec *specs, size_t n) {
    struct tx_custom_error error;
    struct tx_custom *custom = NULL;
    int r = tx_custom_new(specs, n, &(struct tx_custom_options){.cap = CAP}, &error, &custom);
    ck_assert_msg(r == 0, "%d: %zu: %s: %zu: %s", r, error.detector, error.where, error.at,
                  error.reason);
    return custom;
}

static struct tx_detector_set wanted_from(uint64_t custom_bits) {
    struct tx_detector_set set = {.word = {0}};
    for (size_t i = 0; i < 64; i++)
        if (custom_bits >> i & 1)
            tx_detectors_add(&set, (enum tx_detector)(TX_DETECT_N + i));
    return set;
}

static void find(const struct tx_custom *custom, struct tx_text text, const char *name,
                 uint64_t wanted) {
    _cleanup_(tx_detect_memory_freep) struct tx_detect_memory *memory = NULL;
    struct tx_detect_options options = {.wanted = wanted_from(wanted),
                                        .name = {name, strlen(name)},
                                        .custom = tx_custom_hook(custom)};
    ck_assert_int_eq(tx_detect_memory_new(CAP, &memory), 0);
    tx_detect(memory, text, &options, &matches);
}

/* "number:start-end" of all matches. */
static void expect_in(const struct tx_custom_spec *specs, size_t n, const char *text,
                      const char *name, const char *expected) {
    _cleanup_(tx_custom_freep) struct tx_custom *custom = make(specs, n);
    char told[4096] = "";

    find(custom, (struct tx_text){text, strlen(text)}, name, UINT64_MAX);
    ck_assert(!matches.overflow);
    for (size_t i = 0; i < matches.n; i++) {
        size_t used = strlen(told);
        snprintf(told + used, sizeof(told) - used, "%s%d:%u-%u", used ? " " : "",
                 (int)matches.match[i].detector - TX_DETECT_N, matches.match[i].start,
                 matches.match[i].end);
    }
    ck_assert_msg(strcmp(told, expected) == 0, "%s: %s, not %s", text, told, expected);
}

static void expect(struct tx_custom_spec spec, const char *text, const char *expected) {
    expect_in(&spec, 1, text, "", expected);
}

START_TEST(patterns_and_words_are_found_in_one_text) {
    struct tx_custom_spec specs[] = {
        {.regex = "acme_[a-z0-9]{4}", .confidence = 70},
        {.literals = LIST("Project Falcon", "falcon"), .ignore_case = true, .confidence = 80},
        {.regex = "\\bE[0-9]{6}\\b", .confidence = 60}};
    expect_in(specs, 3, "acme_ab12 PROJECT falcon E123456", "", "0:0-9 1:10-24 2:25-32");
    ck_assert_uint_eq(matches.match[0].confidence, 70);
    ck_assert_uint_eq(matches.match[2].confidence, 60);
    expect_in(specs, 3, "nothing", "", "");
}
END_TEST

START_TEST(only_what_is_wanted_is_found) {
    struct tx_custom_spec specs[] = {
        {.regex = "ab"}, {.regex = "abc"}, {.regex = "bc"}, {.regex = "abcd"}, {.regex = "[x]"}};
    _cleanup_(tx_custom_freep) struct tx_custom *custom = make(specs, 5);
    find(custom, TX_TEXT("abcdx"), "", 0x1a);
    ck_assert_uint_eq(matches.n, 3);
    find(custom, TX_TEXT("abcdx"), "", 0x1f);
    ck_assert_uint_eq(matches.n, 5);
    find(custom, TX_TEXT("abcdx"), "", 0);
    ck_assert_uint_eq(matches.n, 0);
}
END_TEST

START_TEST(a_folded_text_is_looked_into_and_so_is_an_encoded_one) {
    struct tx_custom_spec spec = {.regex = "E[0-9]{6}"};
    expect(spec,
           "E\xef\xbc\x91"
           "23456",
           "0:0-9");                                      /* a full-width 1 */
    expect(spec, "x=RTEyMzQ1NiBvZiBzdGFmZg==", "0:2-26"); /* E123456 of staff */
}
END_TEST

START_TEST(words_and_patterns_are_read_like_the_text) {
    struct tx_custom_spec words = {.literals = LIST("M\xc3\xbcller\xe2\x80\x93Meier")};
    struct tx_custom_spec dash = {.regex = "M\xc3\xbcller[\xe2\x80\x93]Meier"};
    struct tx_custom_error error;
    _cleanup_(tx_custom_freep) struct tx_custom *custom = NULL;
    struct tx_custom_options options = {.cap = 100};

    expect(words, "M\xc3\xbcller-Meier M\xc3\xbcller\xe2\x80\x93Meier", "0:0-13 0:14-29");
    ck_assert_int_eq(tx_custom_new(&dash, 1, &options, &error, &custom), TX_CUSTOM_E_REFUSED);
    ck_assert_str_eq(error.where, "regex");
    ck_assert_uint_eq(error.at, 8);
    dash.regex = "M\xc3\xbcller-Meier";
    expect(dash, "M\xc3\xbcller\xe2\x80\x93Meier", "0:0-15");
}
END_TEST

START_TEST(context_words_must_stand_near) {
    struct tx_custom_spec spec = {.regex = "\\bE[0-9]{6}\\b",
                                  .context = LIST("employee", "staff number"),
                                  .exclude = LIST("error"),
                                  .before = 20,
                                  .after = 8,
                                  .field_names = true};
    expect(spec, "E123456", "");
    expect(spec, "employee E123456", "0:9-16");
    expect(spec, "EMPLOYEE:E123456", "0:9-16");
    expect(spec, "E123456 (employee)", "");
    expect(spec, "E123456 employee", "");
    expect(spec, "E123456 (staff no)", "");
    expect(spec, "staff_number=E123456", "0:13-20");
    expect(spec, "staffNumber=E123456", "0:12-19");
    expect(spec, "employees E123456", "");
    expect(spec, "employee 123456789012345678 E123456", "0:28-35");
    expect(spec, "employee 1234567890123456789 E123456", "");
    expect(spec, "employee error E123456", "");
    expect(spec, "employee E123456 E654321 and much later E111111 employee E222222",
           "0:9-16 0:17-24 0:57-64");
    expect_in(&spec, 1, "E123456", "employeeId", "0:0-7");
    expect_in(&spec, 1, "E123456", "employees", "");
    spec.field_names = false;
    expect_in(&spec, 1, "E123456", "employeeId", "");
    spec.after = 20;
    expect(spec, "E123456 (employee)", "0:0-7");
}
END_TEST

START_TEST(validators_refuse_wrong_digits) {
    struct tx_custom_spec luhn = {.regex = "[0-9][0-9 ]+[0-9]", .validator = TX_CUSTOM_LUHN};
    struct tx_custom_spec verhoeff = {.regex = "[0-9]+", .validator = TX_CUSTOM_VERHOEFF};
    struct tx_custom_spec mod11_10 = {.regex = "[0-9]+", .validator = TX_CUSTOM_MOD11_10};
    struct tx_custom_spec mod97 = {.regex = "[A-Z0-9][A-Z0-9 ]+", .validator = TX_CUSTOM_MOD97};
    expect(luhn, "4111 1111 1111 1111", "0:0-19");
    expect(luhn, "4111 1111 1111 1112", "");
    expect(verhoeff, "234123412346", "0:0-12");
    expect(verhoeff, "234123412347", "");
    expect(mod11_10, "86095742719", "0:0-11");
    expect(mod11_10, "86095742718", "");
    expect(mod97, "DE89 3704 0044 0532 0130 00", "0:0-27");
    expect(mod97, "DE89 3704 0044 0532 0130 01", "");
    expect(mod97, "5493001KJTIIGC8Y1R12", "0:0-20"); /* an LEI of GLEIF's examples */
    expect(mod97, "5493001KJTIIGC8Y1R13", "");
}
END_TEST

/* The tokens of the material, with the check of GitHub's (github.blog, 2021-04-05). */
START_TEST(a_crc_in_base62_is_checked) {
    struct tx_custom_spec spec = {.regex = "\\bghp_[A-Za-z0-9]{36}\\b",
                                  .validator = TX_CUSTOM_CRC32_BASE62,
                                  .over_from = 4,
                                  .over_to = 34,
                                  .check_from = 34,
                                  .check_to = 40};
    expect(spec, "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", "0:0-40");
    expect(spec, "ghp_M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V3", "");
    spec.check_to = 41;
    expect(spec, "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", "");
}
END_TEST

START_TEST(entropy_and_groups_narrow_what_is_found) {
    struct tx_custom_spec spec = {.regex = "key=([a-z0-9]{16})", .capture = true, .entropy = 3};
    expect(spec, "key=k3jq9x0m2vb7wz5t", "0:4-20");
    expect(spec, "key=aaaaaaaaaaaaaaaa", "");
}
END_TEST

START_TEST(words_are_whole_on_request_and_none_hides_another) {
    struct tx_custom_spec whole = {
        .literals = LIST("anna", "anna b", "b smith"), .ignore_case = true, .whole_words = true};
    struct tx_custom_spec part = {.literals = LIST("aa")};
    expect(whole, "Anna annab hanna anna_1", "0:0-4 0:17-21");
    expect(whole, "anna b smith", "0:0-4 0:0-6 0:5-12");
    expect(part, "aaa", "0:0-2 0:1-3");
}
END_TEST

START_TEST(a_required_literal_is_looked_for_first) {
    struct tx_custom_spec spec = {.regex = "[a-z]+_Acme[0-9]+", .required_literal = "_Acme"};
    expect(spec, "the_acme1", "");
    expect(spec, "the_Acme1", "0:0-9");
    spec.ignore_case = true;
    expect(spec, "the_ACME1", "0:0-9");
}
END_TEST

START_TEST(what_is_too_much_is_an_overflow) {
    struct tx_custom_spec spec = {.regex = "a"};
    struct tx_custom_error error;
    _cleanup_(tx_custom_freep) struct tx_custom *custom = NULL;
    static char text[10000];
    memset(text, 'a', sizeof(text));
    ck_assert_int_eq(
        tx_custom_new(&spec, 1, &(struct tx_custom_options){.cap = 5000}, &error, &custom), 0);
    find(custom, (struct tx_text){text, 5001}, "", 1);
    ck_assert(matches.overflow);
    find(custom, (struct tx_text){text, 5000}, "", 1);
    ck_assert(matches.overflow); /* more than TX_DETECT_MATCHES_MAX */
    find(custom, (struct tx_text){text, 2000}, "", 1);
    ck_assert(!matches.overflow && matches.n == 2000);
}
END_TEST

START_TEST(the_work_is_linear) {
    struct tx_custom_spec specs[] = {
        {.regex = "E[0-9]",
         .context = LIST("employee", "never"),
         .exclude = LIST("e9"),
         .before = 200},
        {.literals = LIST("e", "ee", "eee", "eeeeeeee"), .context = LIST("never")},
        {.regex = "(a+)+b|e", .validator = TX_CUSTOM_LUHN}};
    _cleanup_(tx_custom_freep) struct tx_custom *custom = make(specs, 3);
    static char text[CAP];
    static const char *const atoms[] = {"E1 ", "e", "a", "employee E2 ", "E9e"};
    for (size_t k = 0; k < TX_COUNT_OF(atoms); k++) {
        double each[2];
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = atoms[k][i % strlen(atoms[k])];
        for (size_t i = 0; i < 2; i++) {
            size_t n = i ? 180000 : 1800; /* few enough matches that none is left out */
            find(custom, (struct tx_text){text, n}, "", 7);
            each[i] = (double)matches.work / (double)n;
        }
        ck_assert_msg(each[1] < 1.1 * each[0] + 1, "%s: %g, %g", atoms[k], each[0], each[1]);
    }
}
END_TEST

static void expect_refused(struct tx_custom_spec spec, const char *where, size_t at,
                           const char *reason) {
    struct tx_custom_spec specs[] = {{.regex = "x"}, spec};
    struct tx_custom_error error = {.detector = 9};
    _cleanup_(tx_custom_freep) struct tx_custom *custom = NULL;
    ck_assert_int_eq(
        tx_custom_new(specs, 2, &(struct tx_custom_options){.cap = CAP}, &error, &custom),
        TX_CUSTOM_E_REFUSED);
    ck_assert_ptr_null(custom);
    ck_assert_uint_eq(error.detector, 1);
    ck_assert_str_eq(error.where, where);
    ck_assert_uint_eq(error.at, at);
    ck_assert_msg(strstr(error.reason, reason), "%s", error.reason);
}

START_TEST(what_cannot_be_run_is_refused) {
    expect_refused((struct tx_custom_spec){.regex = "a(?=b)"}, "regex", 1, "look-ahead");
    expect_refused((struct tx_custom_spec){.regex = NULL}, "regex", 0, "neither");
    expect_refused((struct tx_custom_spec){.literals = LIST("a", "")}, "literal", 1, "empty");
    expect_refused((struct tx_custom_spec){.regex = "a", .context = LIST("")}, "context", 0,
                   "empty");
    expect_refused((struct tx_custom_spec){.regex = "a", .capture = true}, "regex", 0, "group");
    expect_refused((struct tx_custom_spec){.regex = "(?i)acme_[0-9]", .required_literal = "acme"},
                   "literal", 0, "'acmE_0' is one without 'acme'");
}
END_TEST

static void expect_examples(struct tx_custom_spec spec, int r, const char *where, size_t at,
                            const char *reason) {
    struct tx_custom_spec specs[] = {{.regex = "x"}, spec};
    struct tx_custom_error error = {.detector = 9, .where = ""};
    _cleanup_(tx_custom_freep) struct tx_custom *custom = make(specs, 2);
    ck_assert_int_eq(tx_custom_check_examples(custom, specs, 2, &error), r);
    ck_assert_uint_eq(error.detector, 1);
    if (r == 0)
        return;
    ck_assert_str_eq(error.where, where);
    ck_assert_uint_eq(error.at, at);
    ck_assert_msg(strstr(error.reason, reason), "%s", error.reason);
}

START_TEST(examples_must_hold) {
    struct tx_custom_spec spec = {.regex = "\\bE[0-9]{6}\\b",
                                  .validator = TX_CUSTOM_LUHN,
                                  .context = LIST("employee"),
                                  .exclude = LIST("error"),
                                  .before = 40,
                                  .examples_true = LIST("E000018", "see E000026."),
                                  .examples_false = LIST("E123", "E000018")};
    expect_examples(spec, 0, "", 0, "");
    spec.examples_true = LIST("E000018", "E00001");
    expect_examples(spec, TX_CUSTOM_E_REFUSED, "examples: true", 1, "shape");
    spec.examples_true = LIST("E000017");
    expect_examples(spec, TX_CUSTOM_E_REFUSED, "examples: true", 0, "check digits");
    spec.examples_true = LIST("error E000018");
    expect_examples(spec, TX_CUSTOM_E_REFUSED, "examples: true", 0, "exclude");
    spec.examples_true = LIST("E000018");
    spec.examples_false = LIST("E123", "employee E000018");
    expect_examples(spec, TX_CUSTOM_E_REFUSED, "examples: false", 1, "it is found");
}
END_TEST

START_TEST(each_allocation_may_fail) {
    struct tx_custom_spec specs[] = {{.regex = "acme_[0-9]{4}", .context = LIST("a", "b c")},
                                     {.literals = LIST("x", "yz"), .exclude = LIST("d")},
                                     {.regex = "bcd"},
                                     {.regex = "efg"}};
    struct tx_custom_error error;
    for (unsigned failed = 0;; failed++) {
        struct tx_custom *custom = NULL;
        fail_alloc_after(failed);
        int r = tx_custom_new(specs, 4, &(struct tx_custom_options){.cap = 100}, &error, &custom);
        bool has_failed = fail_alloc_end();
        if (!has_failed) {
            ck_assert_int_eq(r, 0);
            tx_custom_free(custom);
            ck_assert_uint_gt(failed, 20);
            break;
        }
        ck_assert_int_eq(r, -ENOMEM);
        ck_assert_uint_eq(fail_alloc_alive(), 0);
    }
    ck_assert_uint_eq(fail_alloc_alive(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect: detectors of a configuration");
    TCase *tests = tcase_create("custom");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, patterns_and_words_are_found_in_one_text);
    tcase_add_test(tests, only_what_is_wanted_is_found);
    tcase_add_test(tests, a_folded_text_is_looked_into_and_so_is_an_encoded_one);
    tcase_add_test(tests, words_and_patterns_are_read_like_the_text);
    tcase_add_test(tests, context_words_must_stand_near);
    tcase_add_test(tests, validators_refuse_wrong_digits);
    tcase_add_test(tests, a_crc_in_base62_is_checked);
    tcase_add_test(tests, entropy_and_groups_narrow_what_is_found);
    tcase_add_test(tests, words_are_whole_on_request_and_none_hides_another);
    tcase_add_test(tests, a_required_literal_is_looked_for_first);
    tcase_add_test(tests, what_is_too_much_is_an_overflow);
    tcase_add_test(tests, the_work_is_linear);
    tcase_add_test(tests, what_cannot_be_run_is_refused);
    tcase_add_test(tests, examples_must_hold);
    tcase_add_test(tests, each_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
