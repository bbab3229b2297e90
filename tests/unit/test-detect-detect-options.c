/* SPDX-License-Identifier: MIT */
/* What a caller of tx_detect may ask for: what became of candidates, how the text is read,
 * detectors of a configuration. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/detect/detect.h"
#include "libtx/detect/scan.h"
#include "tests/unit/detect-check.h"

/* --- what is told of candidates --- */

#define TOLD_MAX 64
struct told {
    size_t n;
    struct tx_candidate candidate[TOLD_MAX];
};

static void tell(void *data, const struct tx_candidate *candidate) {
    struct told *told = data;
    if (told->n < TOLD_MAX)
        told->candidate[told->n++] = *candidate;
}

static struct told trace(const char *text, struct tx_text name) {
    struct told told = {.n = 0};
    const struct tx_detect_trace trace = {.tell = tell, .data = &told};
    const struct tx_detect_options options = {
        .wanted = tx_detectors_all, .name = name, .trace = &trace};
    detect_all("");
    tx_detect(memory, (struct tx_text){text, strlen(text)}, &options, &matches);
    return told;
}

static const struct tx_candidate *of(const struct told *told, enum tx_detector detector) {
    for (size_t i = 0; i < told->n; i++)
        if (told->candidate[i].detector == detector)
            return &told->candidate[i];
    ck_abort_msg("no candidate of %s", tx_detector_infos[detector].name);
}

START_TEST(a_trace_is_told_what_became_of_each_candidate) {
    static const struct {
        const char *text;
        enum tx_detector detector;
        enum tx_fate fate;
        uint32_t start, end;
    } cases[] = {
        {"card 4111 1111 1111 1111", TX_DETECT_CREDIT_CARD, TX_FATE_CLAIMED, 5, 24},
        {"card 4111 1111 1111 1112", TX_DETECT_CREDIT_CARD, TX_FATE_INVALID, 5, 24},
        {"d2a4111111111111111", TX_DETECT_CREDIT_CARD, TX_FATE_IN_HEX, 3, 19},
        {"6f03675a-16a0-1a11-4111-111111111111", TX_DETECT_CREDIT_CARD, TX_FATE_IN_UUID, 19, 36},
        {"n 219099871", TX_DETECT_US_SSN, TX_FATE_NO_CONTEXT, 2, 11},
        {"n 219099871.5", TX_DETECT_US_SSN, TX_FATE_IN_DECIMAL, 2, 11},
        {"n_219099871", TX_DETECT_US_SSN, TX_FATE_IN_NAME, 2, 11},
        {"n 000000000", TX_DETECT_US_SSN, TX_FATE_INVALID, 2, 11},
        {"root@localhost", TX_DETECT_EMAIL, TX_FATE_INVALID, 0, 5},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        struct told told = trace(cases[i].text, TX_TEXT(""));
        const struct tx_candidate *c = of(&told, cases[i].detector);
        ck_assert_msg(c->fate == cases[i].fate, "%s: %d", cases[i].text, c->fate);
        ck_assert_uint_eq(c->start, cases[i].start);
        ck_assert_uint_eq(c->end, cases[i].end);
        ck_assert_uint_eq(c->depth, 0);
        ck_assert(c->fate == TX_FATE_CLAIMED ? c->confidence > 0 : c->confidence == 0);
    }
    struct told nothing = trace("an ordinary sentence, with nothing in it", TX_TEXT(""));
    ck_assert_uint_eq(nothing.n, 0);
}
END_TEST

START_TEST(four_numbers_of_a_field_that_is_a_version_are_no_address) {
    static const char *const versions[] = {"version", "app.version", "App_Version", "fw-ver"};
    static const char *const others[] = {"", "server", "subversion", "client"};
    for (size_t i = 0; i < 4; i++) {
        const struct tx_text name = {versions[i], strlen(versions[i])};
        const struct tx_text other = {others[i], strlen(others[i])};
        struct told told = trace("192.0.2.17", name), address = trace("192.0.2.17", other),
                    later = trace("1.2.3 at 192.0.2.17", name);
        ck_assert_msg(of(&told, TX_DETECT_IPV4)->fate == TX_FATE_INVALID, "%s", versions[i]);
        ck_assert_msg(of(&address, TX_DETECT_IPV4)->fate == TX_FATE_CLAIMED, "%s", others[i]);
        ck_assert_msg(of(&later, TX_DETECT_IPV4)->fate == TX_FATE_CLAIMED, "%s", versions[i]);
    }
}
END_TEST

START_TEST(a_trace_names_the_word_of_the_context) {
    struct told told = trace("my ssn is 219099871", TX_TEXT(""));
    const struct tx_candidate *c = of(&told, TX_DETECT_US_SSN);
    ck_assert(c->fate == TX_FATE_CLAIMED && c->has_context);
    ck_assert_uint_eq(c->word_start, 3);
    ck_assert_uint_eq(c->word_end, 6);
    told = trace("219099871", TX_TEXT("ssn"));
    c = of(&told, TX_DETECT_US_SSN);
    ck_assert(c->fate == TX_FATE_CLAIMED && c->has_context);
    ck_assert_uint_eq(c->word_start, c->word_end);
}
END_TEST

START_TEST(a_trace_sees_folded_and_decoded_candidates_where_they_stand_in_the_text) {
    struct told told = trace("é ４１１１ 1111 1111 1111", TX_TEXT(""));
    const struct tx_candidate *c = of(&told, TX_DETECT_CREDIT_CARD);
    ck_assert_uint_eq(c->start, 3);
    ck_assert_uint_eq(c->end, 30);
    told = trace("x=%34111111111111111 ", TX_TEXT(""));
    for (size_t i = 0; i < told.n; i++)
        if (told.candidate[i].depth == 1 && told.candidate[i].fate == TX_FATE_CLAIMED) {
            ck_assert_uint_eq(told.candidate[i].start, 0);
            ck_assert_uint_eq(told.candidate[i].end, 20);
            return;
        }
    ck_abort_msg("nothing decoded was told of");
}
END_TEST

START_TEST(a_word_of_the_context_halves_the_doubt) {
    for (size_t d = 0; d < TX_DETECT_N; d++) {
        uint8_t alone = tx_detector_confidence((enum tx_detector)d, false);
        ck_assert_msg(alone > 0 && alone < 100, "%s: %u", tx_detector_infos[d].name, alone);
        ck_assert_uint_eq(tx_detector_confidence((enum tx_detector)d, true),
                          100u - (100u - alone) / 2);
    }
    detect_all("536-90-4399");
    ck_assert_uint_eq(matches.match[0].confidence, tx_detector_confidence(TX_DETECT_US_SSN, false));
    detect_all("ssn 536-90-4399");
    ck_assert_uint_eq(matches.match[0].confidence, tx_detector_confidence(TX_DETECT_US_SSN, true));
}
END_TEST

/* --- how a text is read --- */

static size_t found_reading(const char *text, const struct tx_reading *reading) {
    const struct tx_detect_options options = {.wanted = tx_detectors_all, .reading = reading};
    detect_all("");
    tx_detect(memory, (struct tx_text){text, strlen(text)}, &options, &matches);
    return matches.n;
}

START_TEST(each_encoding_is_undone_only_when_it_is_asked_for) {
    static const struct {
        const char *text;
        enum tx_reading_decode decode;
    } cases[] = {
        {"alice%40example.org", TX_READ_PERCENT},
        {"alice\\u0040example.org", TX_READ_ESCAPES},
        {"YWxpY2VAZXhhbXBsZS5vcmc=", TX_READ_BASE64},
        {"616c696365406578616d706c652e6f7267", TX_READ_HEX},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        struct tx_reading reading = tx_reading_default;
        ck_assert_uint_eq(found_reading(cases[i].text, &reading), 1);
        ck_assert_uint_eq(found_reading(cases[i].text, NULL), 1);
        reading.decode = cases[i].decode;
        ck_assert_uint_eq(found_reading(cases[i].text, &reading), 1);
        reading.decode = TX_READ_ALL & ~(unsigned)cases[i].decode;
        ck_assert_uint_eq(found_reading(cases[i].text, &reading), 0);
    }
}
END_TEST

START_TEST(encodings_are_undone_as_deep_as_asked) {
    /* a@b.org in base64, once to four times */
    static const char *const texts[] = {
        "YWxpY2VAYi5vcmc=",
        "WVd4cFkyVkFZaTV2Y21jPQ==",
        "V1ZkNGNGa3lWa0ZaYVRWMlkyMWpQUT09",
        "VjFaa05HTkdhM2xXYTBaYVlWUldNbGt5TVdwUVVUMDk=",
    };
    for (uint8_t depth = 0; depth <= TX_READING_DEPTH_MAX; depth++) {
        struct tx_reading reading = tx_reading_default;
        reading.depth = depth;
        for (size_t i = 0; i < TX_COUNT_OF(texts); i++)
            ck_assert_uint_eq(found_reading(texts[i], &reading), i < depth ? 1 : 0);
    }
}
END_TEST

START_TEST(what_is_folded_can_be_chosen) {
    struct tx_reading reading = tx_reading_default;
    ck_assert_uint_eq(found_reading("４１１１１１１１１１１１１１１１", &reading), 1);
    ck_assert_uint_eq(found_reading("4111\u200b1111\u200b1111\u200b1111", &reading), 1);
    ck_assert_uint_eq(found_reading("GB82 W\u0415ST 1234 5698 7654 32", &reading), 0);
    reading.digits = false;
    ck_assert_uint_eq(found_reading("４１１１１１１１１１１１１１１１", &reading), 0);
    reading.zero_width = false;
    ck_assert_uint_eq(found_reading("4111\u200b1111\u200b1111\u200b1111", &reading), 0);
    reading.confusables = true;
    ck_assert_uint_eq(found_reading("GB82 W\u0415ST 1234 5698 7654 32", &reading), 1);
}
END_TEST

/* --- detectors of a configuration --- */

#define CUSTOM ((enum tx_detector)(TX_DETECT_N + 3))

static void find_acme(void *data, struct tx_scan *s) {
    size_t *n_texts = data;
    ++*n_texts;
    for (size_t i = 0; i + 4 <= s->n; i++)
        if (tx_scan_is(s, i, "acme"))
            tx_scan_claim_sure(s, CUSTOM, i, i + 4, false, 77);
}

START_TEST(detectors_of_a_configuration_see_folded_and_decoded_text) {
    size_t n_texts = 0;
    const struct tx_custom_detectors custom = {.find = find_acme, .data = &n_texts};
    const char *text = "acme ac\u200bme YWNtZSBpcyB0aGVyZQ==";
    struct tx_detect_options options = {.wanted = {.word = {0}}, .custom = &custom};
    detect_all("");
    tx_detectors_add(&options.wanted, CUSTOM);
    tx_detect(memory, (struct tx_text){text, strlen(text)}, &options, &matches);
    ck_assert_uint_ge(n_texts, 2);
    ck_assert_uint_eq(matches.n, 3);
    ck_assert_uint_eq(matches.match[0].confidence, 77);
    ck_assert_uint_eq(matches.match[1].start, 5);
    ck_assert_uint_eq(matches.match[1].end, 12);
    ck_assert_uint_eq(matches.match[2].start, 13);
    ck_assert_uint_eq(matches.match[2].end, strlen(text));
    options.wanted = only(TX_DETECT_EMAIL);
    tx_detect(memory, (struct tx_text){text, strlen(text)}, &options, &matches);
    ck_assert_uint_eq(matches.n, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect-detect-options");
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, a_trace_is_told_what_became_of_each_candidate);
    tcase_add_test(tests, four_numbers_of_a_field_that_is_a_version_are_no_address);
    tcase_add_test(tests, a_trace_names_the_word_of_the_context);
    tcase_add_test(tests, a_trace_sees_folded_and_decoded_candidates_where_they_stand_in_the_text);
    tcase_add_test(tests, a_word_of_the_context_halves_the_doubt);
    tcase_add_test(tests, each_encoding_is_undone_only_when_it_is_asked_for);
    tcase_add_test(tests, encodings_are_undone_as_deep_as_asked);
    tcase_add_test(tests, what_is_folded_can_be_chosen);
    tcase_add_test(tests, detectors_of_a_configuration_see_folded_and_decoded_text);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
