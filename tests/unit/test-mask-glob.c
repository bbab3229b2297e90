/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/mask/policy/glob.h"

static bool event_matches(const char *pattern, const char *name) {
    return tx_glob_match_event(pattern, (struct tx_text){name, strlen(name)});
}

static bool matches(const char *pattern, bool numbered, const char *name) {
    _cleanup_(tx_glob_freep) struct tx_glob *glob = NULL;
    struct tx_name folded;
    ck_assert_int_eq(tx_glob_new(pattern, numbered, &glob), 0);
    ck_assert(tx_name_fold((struct tx_text){name, strlen(name)}, &folded));
    return tx_glob_match(glob, &folded);
}

static bool field_matches(const char *pattern, const char *name) {
    return matches(pattern, false, name);
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

START_TEST(a_name_may_do_without_a_separator_that_a_pattern_has) {
    static const char *const fits[][2] = {
        {"card_number", "CARDNUMBER"},
        {"card_number", "cardnumber"},
        {"cardNumber", "CARDNUMBER"},
        {"*card_number*", "OLDCARDNUMBERS"},
        {"*_card_number", "userCARDNUMBER"},
        {"card_security_code", "cardSecuritycode"},
        {"card-security.code", "cardsecurity_code"},
        {"*_mot_de_passe", "user_motdepasse"},
        {"a__b*c_d", "ab_cd"},
        {"a__b", "a_b"},
        {"*a_b*", "aab"},
        {"*a_b*a_b", "aba_b"},
        {"a_*_b", "a__b"},
    };
    static const char *const misfits[][2] = {
        {"cardnumber", "card_number"}, /* what the pattern does not part is one word */
        {"*haslo*", "has_location"},
        {"*_pin", "spin"},
        {"*_pin", "pin"},
        {"pin_*", "pinning"},
        {"_id", "id"},
        {"id_", "id"},
        {"a_*_b", "a_b"},
        {"card_number", "card__number"},
        {"*a_b*a_b", "ab"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(fits); i++)
        ck_assert_msg(field_matches(fits[i][0], fits[i][1]), "%s %s", fits[i][0], fits[i][1]);
    for (size_t i = 0; i < TX_COUNT_OF(misfits); i++)
        ck_assert_msg(!field_matches(misfits[i][0], misfits[i][1]), "%s %s", misfits[i][0],
                      misfits[i][1]);
}
END_TEST

START_TEST(a_number_behind_a_name_is_passed_by_on_request) {
    static const char *const fits[][2] = {
        {"card_number", "cardNumber2"}, {"card_number", "CARD-NUMBER-12"},
        {"*_pin", "user_pin_1"},        {"email", "email2"},
        {"card.number", "card.number"}, {"*mail", "eMail007"},
    };
    static const char *const misfits[][2] = {
        {"track1", "track12"}, {"email", "email_2b"}, {"email", "email__2"},
        {"email", "email2_"},  {"email", "2"},        {"e_", "e_2"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(fits); i++)
        ck_assert_msg(matches(fits[i][0], true, fits[i][1]), "%s %s", fits[i][0], fits[i][1]);
    for (size_t i = 0; i < TX_COUNT_OF(misfits); i++)
        ck_assert_msg(!matches(misfits[i][0], true, misfits[i][1]), "%s %s", misfits[i][0],
                      misfits[i][1]);
    ck_assert(!matches("card_number", false, "card_number2"));
}
END_TEST

START_TEST(patterns_that_mean_the_same_have_one_spelling) {
    static const char *const same[][3] = {
        {"cardNumber", "Card-Number", "card_number"},
        {"*API**key", "*api*KEY", "*api*key"},
        {"a.b", "a b", "a_b"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(same); i++)
        for (size_t k = 0; k < 3; k++) {
            char canonical[TX_GLOB_CANONICAL_BYTES];
            tx_glob_canonical_field(same[i][k], canonical);
            ck_assert_str_eq(canonical, same[i][2]);
        }
    /* The other form of this one would be too long for a pattern. */
    char text[TX_GLOB_PATTERN_BYTES + 1], canonical[TX_GLOB_CANONICAL_BYTES];
    for (size_t i = 0; i < TX_GLOB_PATTERN_BYTES; i++)
        text[i] = i % 2 ? 'B' : 'a';
    text[TX_GLOB_PATTERN_BYTES] = '\0';
    tx_glob_canonical_field(text, canonical);
    ck_assert_str_eq(canonical, text);
}
END_TEST

START_TEST(what_a_pattern_covers_is_matched_by_it) {
    ck_assert(tx_glob_covers("*", "card_number"));
    ck_assert(tx_glob_covers("card*", "cardNumber"));
    ck_assert(tx_glob_covers("*card_number*", "old_card-number"));
    ck_assert(tx_glob_covers("*_pin", "user_*_pin"));
    /* cardnumber is one of the small one's names. */
    ck_assert(!tx_glob_covers("*_number", "card_number"));
    ck_assert(!tx_glob_covers("card_number", "card*"));
    ck_assert(!tx_glob_covers("cardnumber", "card_number"));
}
END_TEST

/* A name is folded eight bytes at a time, a pattern that is written down byte by byte. */
START_TEST(each_byte_of_a_name_is_folded_as_in_a_pattern) {
    for (int c = 1; c < 256; c++) {
        char pattern[2] = {(char)c, '\0'}, text[11], canonical[TX_GLOB_CANONICAL_BYTES];
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
    ck_assert_int_eq(tx_glob_new(text, true, &glob), -EINVAL);
    ck_assert_int_eq(tx_glob_new("", true, &glob), -EINVAL);
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
    tcase_add_test(tests, a_name_may_do_without_a_separator_that_a_pattern_has);
    tcase_add_test(tests, a_number_behind_a_name_is_passed_by_on_request);
    tcase_add_test(tests, patterns_that_mean_the_same_have_one_spelling);
    tcase_add_test(tests, what_a_pattern_covers_is_matched_by_it);
    tcase_add_test(tests, each_byte_of_a_name_is_folded_as_in_a_pattern);
    tcase_add_test(tests, lengths_are_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
