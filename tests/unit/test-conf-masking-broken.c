/* SPDX-License-Identifier: MIT */
#include "libtx/conf/masking-broken.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/conf/conf.h"

static struct tx_text text_of(const char *p) {
    return (struct tx_text){p, strlen(p)};
}

START_TEST(the_sections_lines_are_found_by_how_they_begin) {
    static const char *const cases[][2] = {
        {"masking:\n", "masking:\n"},
        {"version: 1\nmasking: {}\nuser: x\n", "masking: {}\n"},
        {"masking:\n  a: [\n\n# x\n\t}\nuser: x\n", "masking:\n  a: [\n\n# x\n\t}\n"},
        {"user: x\nmasking:\r\n  a: b", "masking:\r\n  a: b"},
    };
    static const char *const none[] = {"", "version: 1\n", "  masking:\n", "xmasking:\n",
                                       "masking:\n  a\nuser: x\nmasking:\n  b\n"};
    struct tx_text lines;
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        ck_assert_msg(tx_masking_lines(text_of(cases[i][0]), &lines) &&
                          tx_text_equal(lines, text_of(cases[i][1])),
                      "%s: %.*s", cases[i][0], (int)lines.n, lines.p);
    for (size_t i = 0; i < TX_COUNT_OF(none); i++)
        ck_assert_msg(!tx_masking_lines(text_of(none[i]), &lines), "%s", none[i]);
}
END_TEST

START_TEST(a_wish_to_refuse_is_found) {
    ck_assert(tx_masking_lines_refuse(text_of("masking: {on_bad_config: refuse, [\n")));
    ck_assert(tx_masking_lines_refuse(text_of("masking:\n  \"on_bad_config\":  'refuse'\n  }")));
    ck_assert(!tx_masking_lines_refuse(text_of("masking:\n  on_bad_config: lockdown\n  refuse")));
    ck_assert(!tx_masking_lines_refuse(text_of("masking: {rules: [\n")));
    ck_assert(!tx_masking_lines_refuse(text_of("on_bad_config")));
}
END_TEST

static int parse(const char *text, struct tx_conf **ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    int r = tx_conf_parse("t.yaml", text_of(text), &errors, ret);
    ck_assert_msg((r > 0) == (errors.len > 0), "%s", text);
    return r;
}

START_TEST(what_is_no_yaml_within_masking_is_a_lockdown) {
    static const char *const broken[] = {
        "version: 1\nmasking: {rules: [\nuser: x\n",
        "version: 1\nmasking:\n  rules:\n    - {id: a, match: {fields: [x}, action: redact}\nuser: "
        "x\n",
        "user: x\nversion: 1\nmasking:\n  rules: \"a\n",
        "user: x\nversion: 1\nmasking:\n\trules: 1\n",
        "version: 1\nmasking:\n  rules: &a []\n  tests: *a\nuser: x\n",
        "version: 1\nmasking:\n rules: []\n  tests: []\nuser: x\n",
    };
    for (size_t i = 0; i < TX_COUNT_OF(broken); i++) {
        _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
        ck_assert_msg(parse(broken[i], &conf) == TX_CONF_E_MASKING, "%s", broken[i]);
        ck_assert(conf->masking.lockdown);
        ck_assert(!conf->masking.refuse_bad_config);
        ck_assert_str_eq(conf->user, "x");
    }
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    ck_assert_int_eq(parse("version: 1\nmasking: {on_bad_config: refuse, rules: [\n", &conf),
                     TX_CONF_E_MASKING);
    ck_assert(conf->masking.refuse_bad_config);
}
END_TEST

START_TEST(what_is_no_yaml_elsewhere_is_not) {
    static const char *const broken[] = {
        "version: 1\nuser: [\nmasking: {}\n",
        "version: 1\nmasking: {rules: [\nuser: {\n",
        "version: 1\nmasking: {rules: [\nusr: x\n", /* nor is the rest good */
        "version: 1\nmasking: {rules: [\nmasking: {}\n",
        "version: 1\n  masking: {rules: [\n",
        "masking: {rules: [\n", /* no version */
        "{version: 1, masking: {rules: [}\n",
    };
    for (size_t i = 0; i < TX_COUNT_OF(broken); i++) {
        struct tx_conf *conf = NULL;
        ck_assert_msg(parse(broken[i], &conf) == TX_CONF_E_INVALID, "%s", broken[i]);
        ck_assert_ptr_null(conf);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: masking that is no YAML");
    TCase *tests = tcase_create("masking-broken");
    tcase_add_test(tests, the_sections_lines_are_found_by_how_they_begin);
    tcase_add_test(tests, a_wish_to_refuse_is_found);
    tcase_add_test(tests, what_is_no_yaml_within_masking_is_a_lockdown);
    tcase_add_test(tests, what_is_no_yaml_elsewhere_is_not);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
