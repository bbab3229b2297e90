/* SPDX-License-Identifier: MIT */
#include "action-check.h"

static struct tx_masking_action keep(uint32_t first, uint32_t last) {
    return (struct tx_masking_action){
        .kind = TX_ACTION_MASK,
        .mask = {
            .keep_first = first, .keep_last = last, .keep_separators = true, .character = "*"}};
}

START_TEST(first_and_last_characters_and_separators_stay) {
    struct tx_masking_action last_4 = keep(0, 4), both = keep(2, 2);
    check_action(&last_4, "4111 1111 1111 1111", "**** **** **** 1111");
    check_action(&last_4, "4111-1111/1111.1111", "****-****/****.1111");
    check_action(&last_4, "+49 (30) 901820", "*** **** **1820");
    check_action(&both, "Müller-Lüdenscheidt", "Mü****-**********dt");
    check_action(&both, "日本語テキストだ", "日本****トだ");
    last_4.mask.keep_separators = false;
    check_action(&last_4, "4111 1111 1111 1111", "***************1111");
}
END_TEST

START_TEST(never_more_than_half_is_shown) {
    struct tx_masking_action last_4 = keep(0, 4), both = keep(2, 2), all = keep(64, 64);
    check_action(&last_4, "12345678", "****5678");
    check_shows(&last_4, "1234567");
    check_shows(&last_4, "12345");
    check_shows(&last_4, "1-2-3-4-5-6-7");
    check_shows(&both, "äöüäöüä");
    check_action(&both, "äöüäöüäö", "äö****äö");
    check_shows(&all, "4111 1111 1111 1111");
    check_shows(&last_4, "");
    last_4.mask.min_hidden = 6;
    check_shows(&last_4, "123456789");
    check_action(&last_4, "1234567890", "******7890");
}
END_TEST

/* A text of nothing but separators would show; so would bytes that are none of UTF-8. */
START_TEST(only_single_separators_between_characters_stay) {
    struct tx_masking_action none = keep(0, 0), first_3 = keep(3, 0);
    check_action(&none, "-.-. --- .-", "***********");
    check_action(&none, "-a-b-", "**-**");
    check_action(&none, "a - b", "*****");
    check_action(&first_3, "ab--cd.ef", "ab****.**");
    check_action(&first_3,
                 "\xff\xfe"
                 "abcdef",
                 "**a*****");
}
END_TEST

START_TEST(a_fixed_length_tells_none_but_never_lets_half_be_seen) {
    struct tx_masking_action action = keep(2, 3);
    action.mask.fixed_length = 8;
    check_action(&action, "1234567890", "12********890");
    check_action(&action, "1-2345 6789-01-2", "1-2********01-2");
    check_action(&action, "1234567890123456789012345678901234567890", "12********890");
    action.mask.fixed_length = 1; /* five are shown */
    check_action(&action, "1234567890", "12*****890");
    action.mask.min_hidden = 7;
    check_shows(&action, "1234567890");
    check_action(&action, "123456789012", "12*******012");
}
END_TEST

START_TEST(any_character_may_be_the_mask) {
    struct tx_masking_action action = keep(0, 2);
    strcpy(action.mask.character, "•");
    check_action(&action, "12-345", "••-•45");
    strcpy(action.mask.character, "-");
    check_action(&action, "12-3 45", "---- 45");
    strcpy(action.mask.character, "");
    check_action(&action, "12345", "***45");
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        first_and_last_characters_and_separators_stay,
        never_more_than_half_is_shown,
        only_single_separators_between_characters_stay,
        a_fixed_length_tells_none_but_never_lets_half_be_seen,
        any_character_may_be_the_mask,
    };
    return run_suite("mask-action-mask", tests, TX_COUNT_OF(tests));
}
