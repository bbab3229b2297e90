/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/mask/policy/glob.h"

static bool event_matches(const char *pattern, const char *name) {
    return tx_glob_match_event(pattern, (struct tx_text){name, strlen(name)});
}

static bool field_matches(const char *pattern, const char *name) {
    _cleanup_(tx_glob_freep) struct tx_glob *glob = NULL;
    struct tx_name folded;
    ck_assert_int_eq(tx_glob_new(pattern, &glob), 0);
    ck_assert(tx_name_fold((struct tx_text){name, strlen(name)}, &folded));
    return tx_glob_match(glob, &folded);
}

START_TEST(a_star_stays_within_a_part_of_an_events_name) {
    static const char *const fits[][2] = {
        {"pay.done", "pay.done"}, {"pay.*", "pay.done"},
        {"pay.*", "pay."},        {"*", "a"},
        {"*", "a.b.c"},           {"**", "a.b.c"},
        {"pay.**", "pay.a.b"},    {"*.done", "pay.done"},
        {"**.done", "a.b.done"},  {"a*c.*", "abbc.x"},
        {"a.*.c", "a.b.c"},       {"a**c", "a.b.c"},
        {"*.b*.c", "a.bb.c"},     {"**a**b", "x.a.a.b"},
    };
    static const char *const misfits[][2] = {
        {"pay.done", "pay.done2"},
        {"pay.*", "pay.a.b"},
        {"pay.*", "pay"},
        {"*.done", "a.b.done"},
        {"a*c", "a.c"},
        {"a.*.c", "a.c"},
        {"pay", "pay.done"},
        {"Pay.*", "pay.x"},
        {"pay.**", "pays.a"},
        {"a*b", "a.b"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(fits); i++)
        ck_assert_msg(event_matches(fits[i][0], fits[i][1]), "%s %s", fits[i][0], fits[i][1]);
    for (size_t i = 0; i < TX_COUNT_OF(misfits); i++)
        ck_assert_msg(!event_matches(misfits[i][0], misfits[i][1]), "%s %s", misfits[i][0],
                      misfits[i][1]);
}
END_TEST

START_TEST(names_of_fields_are_folded) {
    static const char *const fits[][2] = {
        {"card_number", "cardNumber"},
        {"cardNumber", "card-number"},
        {"card.number", "CARD_NUMBER"},
        {"*password*", "userPassWord"},
        {"*password*", "PASSWORD2"},
        {"api_key", "APIKey"},
        {"*.pan", "card.pan"},
        {"*.pan", "cardPan"},
        {"*", "x"},
        {"a*b*c", "a_xb_yc"},
        {"set_cookie", "Set-Cookie"},
        {"security_code", "Security Code"},
        {"card number", "cardNumber"},
    };
    static const char *const misfits[][2] = {
        {"card_number", "card_number2"},
        {"pin", "spinning"},
        {"*.pan", "japan"},
        {"a*b*c", "acb"},
        {"card", "ca-rd"},
        {"card", "ca rd"},
        {"*ab*ba*", "aba"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(fits); i++)
        ck_assert_msg(field_matches(fits[i][0], fits[i][1]), "%s %s", fits[i][0], fits[i][1]);
    for (size_t i = 0; i < TX_COUNT_OF(misfits); i++)
        ck_assert_msg(!field_matches(misfits[i][0], misfits[i][1]), "%s %s", misfits[i][0],
                      misfits[i][1]);
}
END_TEST

/* A name is folded eight bytes at a time, a pattern that is written down byte by byte. */
START_TEST(each_byte_of_a_name_is_folded_as_in_a_pattern) {
    for (int c = 1; c < 256; c++) {
        char pattern[2] = {(char)c, '\0'}, text[11], canonical[2];
        struct tx_name name;
        memset(text, c, sizeof(text));
        ck_assert(tx_name_fold((struct tx_text){text, sizeof(text)}, &name));
        tx_glob_canonical_field(pattern, canonical);
        for (size_t i = 0; i < sizeof(text); i++)
            ck_assert_msg(name.plain[i] == canonical[0], "byte %d", c);
    }
}
END_TEST

START_TEST(lengths_are_bounded) {
    char text[TX_GLOB_NAME_BYTES + 2];
    struct tx_glob *glob = NULL;
    struct tx_name folded;
    memset(text, 'A', sizeof(text));
    text[TX_GLOB_PATTERN_BYTES + 1] = '\0';
    ck_assert_int_eq(tx_glob_new(text, &glob), -EINVAL);
    ck_assert_int_eq(tx_glob_new("", &glob), -EINVAL);
    ck_assert_ptr_null(glob);
    ck_assert(tx_name_fold((struct tx_text){text, TX_GLOB_NAME_BYTES}, &folded));
    ck_assert(!tx_name_fold((struct tx_text){text, TX_GLOB_NAME_BYTES + 1}, &folded));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: patterns of names");
    TCase *tests = tcase_create("glob");
    tcase_add_test(tests, a_star_stays_within_a_part_of_an_events_name);
    tcase_add_test(tests, names_of_fields_are_folded);
    tcase_add_test(tests, each_byte_of_a_name_is_folded_as_in_a_pattern);
    tcase_add_test(tests, lengths_are_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
