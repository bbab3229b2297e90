/* SPDX-License-Identifier: MIT */
#include "libtx/mask/seen.h"
#include "mask-check.h"

static struct tx_seen *seen_new(void) {
    struct tx_seen *seen;
    ck_assert_int_eq(tx_seen_new(&seen), 0);
    return seen;
}

static struct tx_seen_question question_of(struct tx_text text, struct tx_text name) {
    return (struct tx_seen_question){.text = text, .name = name, .wanted = &tx_detectors_all};
}

static void put(struct tx_seen *seen, const struct tx_seen_question *question) {
    struct tx_seen_digest digest;
    ck_assert(!tx_seen_has(seen, question, &digest));
    ck_assert(digest.is_set);
    tx_seen_put(seen, &digest);
}

static bool has(struct tx_seen *seen, struct tx_seen_question question) {
    struct tx_seen_digest digest;
    return tx_seen_has(seen, &question, &digest);
}

START_TEST(what_was_put_is_known_and_nothing_else) {
    _cleanup_(tx_seen_freep) struct tx_seen *seen = seen_new();
    const struct tx_seen_question question =
        question_of(TX_TEXT("eu-central-1"), TX_TEXT("region"));
    struct tx_seen_question other = question;
    struct tx_detector_set fewer = tx_detectors_all;

    ck_assert(!has(seen, question));
    put(seen, &question);
    ck_assert(has(seen, question));
    other.text = TX_TEXT("eu-central-2");
    ck_assert(!has(seen, other));
    other = question;
    other.name = TX_TEXT("regiom");
    ck_assert(!has(seen, other));
    other.name = (struct tx_text){.p = NULL};
    ck_assert(!has(seen, other));
    other = question;
    fewer.word[0] &= ~UINT64_C(1);
    other.wanted = &fewer;
    ck_assert(!has(seen, other));
    other = question;
    other.assume_context = true;
    ck_assert(!has(seen, other));
    /* The same bytes, with another one as the name's first. */
    other = question;
    other.text = TX_TEXT("eu-central-1r");
    other.name = TX_TEXT("egion");
    ck_assert(!has(seen, other));
    ck_assert(has(seen, question));
}
END_TEST

START_TEST(a_text_of_any_length_is_another_when_one_byte_is) {
    char text[TX_SEEN_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 23);
    for (size_t n = 0; n <= sizeof(text); n++) {
        _cleanup_(tx_seen_freep) struct tx_seen *seen = seen_new();
        const struct tx_seen_question question =
            question_of((struct tx_text){text, n}, TX_TEXT("x"));
        struct tx_seen_digest digest;

        put(seen, &question);
        for (size_t i = 0; i < n; i++) {
            text[i] ^= 1;
            ck_assert_msg(!tx_seen_has(seen, &question, &digest), "%zu of %zu", i, n);
            text[i] ^= 1;
        }
        if (n > 0)
            ck_assert(!has(seen, question_of((struct tx_text){text, n - 1}, TX_TEXT("x"))));
        for (size_t i = 0; i < 600 && !has(seen, question); i++)
            ;
        ck_assert(has(seen, question));
    }
}
END_TEST

START_TEST(what_is_longer_than_it_keeps_is_never_known) {
    _cleanup_(tx_seen_freep) struct tx_seen *seen = seen_new();
    static const char zeros[TX_SEEN_TEXT_BYTES + 1];
    struct tx_seen_digest digest;
    const struct tx_seen_question question =
        question_of((struct tx_text){zeros, sizeof(zeros)}, TX_TEXT("x"));
    ck_assert(!tx_seen_has(seen, &question, &digest));
    ck_assert(!digest.is_set);
    tx_seen_put(seen, &digest);
    ck_assert(!tx_seen_has(seen, &question, &digest));
}
END_TEST

START_TEST(what_comes_again_stays_while_others_come_once) {
    _cleanup_(tx_seen_freep) struct tx_seen *seen = seen_new();
    const struct tx_seen_question again = question_of(TX_TEXT("admin"), TX_TEXT("role"));
    char text[32];

    put(seen, &again);
    ck_assert(has(seen, again));
    for (size_t i = 0; i < 100000; i++) {
        struct tx_seen_digest digest;
        int n = snprintf(text, sizeof(text), "order %zu", i);
        const struct tx_seen_question once =
            question_of((struct tx_text){text, (size_t)n}, TX_TEXT("id"));
        ck_assert(!tx_seen_has(seen, &once, &digest));
        tx_seen_put(seen, &digest);
        ck_assert(i % 1000 != 0 || has(seen, again));
    }
}
END_TEST

START_TEST(two_of_them_have_nothing_in_common) {
    _cleanup_(tx_seen_freep) struct tx_seen *a = seen_new(), *b = seen_new();
    const struct tx_seen_question question = question_of(TX_TEXT("admin"), TX_TEXT("role"));
    struct tx_seen_digest of_a, of_b;
    ck_assert(!tx_seen_has(a, &question, &of_a) && !tx_seen_has(b, &question, &of_b));
    ck_assert(memcmp(of_a.word, of_b.word, sizeof(of_a.word)) != 0);
}
END_TEST

/* --- in the engine --- */

START_TEST(a_value_is_masked_each_time_and_a_clean_one_kept_each_time) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    for (size_t i = 0; i < 5; i++) {
        check_masked(mask, "note", "eu-central-1", "eu-central-1", NULL);
        check_masked(mask, "note", "378282246310005", "***********0005",
                     "mask:secure-default/card");
    }
}
END_TEST

START_TEST(a_value_that_is_clean_under_one_name_is_masked_under_another) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{preset: none, i_accept_unmasked: true, rules: [{id: s, match: {detect: "
                "[us_ssn]}, action: redact}]}");
    for (size_t i = 0; i < 3; i++) {
        check_masked(mask, "note", "536904399", "536904399", NULL);
        check_masked(mask, "ssn", "536904399", "[redacted]", "redact:s");
    }
}
END_TEST

START_TEST(detectors_of_the_file_are_asked_of_what_comes_again) {
    _cleanup_(tx_mask_freep) struct tx_mask *with = mask_of(
        "{preset: none, i_accept_unmasked: true, detectors: {staff: {regex: 'EMP-[0-9]{6}'}}, "
        "rules: [{id: s, match: {detect: [staff]}, action: redact}]}");
    for (size_t i = 0; i < 3; i++) {
        check_masked(with, "note", "XMP-123456", "XMP-123456", NULL);
        check_masked(with, "note", "EMP-123456", "[redacted]", "redact:s");
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask-seen");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, what_was_put_is_known_and_nothing_else);
    tcase_add_test(tcase, a_text_of_any_length_is_another_when_one_byte_is);
    tcase_add_test(tcase, what_is_longer_than_it_keeps_is_never_known);
    tcase_add_test(tcase, what_comes_again_stays_while_others_come_once);
    tcase_add_test(tcase, two_of_them_have_nothing_in_common);
    tcase_add_test(tcase, a_value_is_masked_each_time_and_a_clean_one_kept_each_time);
    tcase_add_test(tcase, a_value_that_is_clean_under_one_name_is_masked_under_another);
    tcase_add_test(tcase, detectors_of_the_file_are_asked_of_what_comes_again);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
