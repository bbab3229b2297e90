/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/record/record.h"
#include "libtx/record/repeated.h"

static struct tx_text text(const char *p) {
    return (struct tx_text){.p = p, .n = strlen(p)};
}

/* The rules once more, in other words, for each byte. */
START_TEST(each_byte_is_allowed_in_names_where_the_format_says_so) {
    for (int c = 0; c < 256; c++) {
        char name[2] = {'a', (char)c};
        bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z';
        bool upper = c >= 'A' && c <= 'Z', other = c == '.' || c == '_' || c == '-';
        struct tx_text alone = {.p = name + 1, .n = 1}, behind = {.p = name, .n = 2};
        ck_assert_int_eq(tx_event_name_valid(alone), lower || digit || other);
        ck_assert_int_eq(tx_event_name_valid(behind), lower || digit || other);
        ck_assert_int_eq(tx_field_name_valid(alone), lower || upper || c == '_');
        ck_assert_int_eq(tx_field_name_valid(behind), lower || upper || digit || other);
    }
}
END_TEST

START_TEST(event_names_are_lower_case_and_dotted) {
    static const char *const good[] = {"a", "payment.refund", "a-b_c.9", "9"};
    static const char *const bad[] = {"", "A", "a b", "a/b", "a\n", "é"};
    char longest[TX_LIMIT_EVENT_BYTES + 1];

    for (size_t i = 0; i < TX_COUNT_OF(good); i++)
        ck_assert(tx_event_name_valid(text(good[i])));
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert(!tx_event_name_valid(text(bad[i])));
    memset(longest, 'x', sizeof(longest));
    ck_assert(tx_event_name_valid((struct tx_text){longest, TX_LIMIT_EVENT_BYTES}));
    ck_assert(!tx_event_name_valid((struct tx_text){longest, TX_LIMIT_EVENT_BYTES + 1}));
}
END_TEST

START_TEST(names_of_the_daemon_are_reserved) {
    ck_assert(tx_event_name_reserved(text("tracex.")));
    ck_assert(tx_event_name_reserved(text("tracex.epoch")));
    ck_assert(!tx_event_name_reserved(text("tracex")));
    ck_assert(!tx_event_name_reserved(text("tracexy.epoch")));
}
END_TEST

START_TEST(field_names_are_identifiers_with_dots_and_dashes) {
    static const char *const good[] = {"a", "_", "Actor.id", "x-1", "card_no"};
    static const char *const bad[] = {"", "1a", ".a", "-a", "a b", "a\"", "é", "a\x7f"};
    char longest[TX_LIMIT_NAME_BYTES + 1];

    for (size_t i = 0; i < TX_COUNT_OF(good); i++)
        ck_assert(tx_field_name_valid(text(good[i])));
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert(!tx_field_name_valid(text(bad[i])));
    memset(longest, 'x', sizeof(longest));
    ck_assert(tx_field_name_valid((struct tx_text){longest, TX_LIMIT_NAME_BYTES}));
    ck_assert(!tx_field_name_valid((struct tx_text){longest, TX_LIMIT_NAME_BYTES + 1}));
}
END_TEST

START_TEST(a_name_that_ends_with_a_nul_is_as_long_as_a_valid_one_or_none) {
    static const char *const names[] = {"a",         "a.b-c_9", "A", "1a", "a b",
                                        "a\xc3\xa4", "",        "_", "-"};
    char longest[TX_LIMIT_NAME_BYTES + 2] = "";

    for (size_t i = 0; i < TX_COUNT_OF(names); i++) {
        size_t n = strlen(names[i]);
        ck_assert_uint_eq(tx_field_name_length(names[i]),
                          tx_field_name_valid(text(names[i])) ? n : 0);
        ck_assert_uint_eq(tx_event_name_length(names[i]),
                          tx_event_name_valid(text(names[i])) ? n : 0);
    }
    memset(longest, 'x', TX_LIMIT_NAME_BYTES);
    ck_assert_uint_eq(tx_field_name_length(longest), TX_LIMIT_NAME_BYTES);
    ck_assert_uint_eq(tx_event_name_length(longest), TX_LIMIT_NAME_BYTES);
    longest[TX_LIMIT_NAME_BYTES] = 'x';
    ck_assert_uint_eq(tx_field_name_length(longest), 0);
    ck_assert_uint_eq(tx_event_name_length(longest), 0);
}
END_TEST

START_TEST(outcomes_and_severities_have_names) {
    ck_assert_str_eq(tx_outcome_name(TX_OUTCOME_DENIED), "denied");
    ck_assert_str_eq(tx_severity_name(TX_SEVERITY_EMERGENCY), "emergency");
    ck_assert_str_eq(tx_severity_name(TX_SEVERITY_DEBUG), "debug");
    for (unsigned i = 0; i < TX_OUTCOME_N; i++)
        ck_assert(tx_outcome_name((enum tx_record_outcome)i));
    for (unsigned i = 0; i < TX_SEVERITY_N; i++)
        ck_assert(tx_severity_name((enum tx_record_severity)i));
}
END_TEST

START_TEST(a_uuid7_holds_time_version_variant_and_74_random_bits) {
    uint8_t random[10], id[16];
    char rendered[37];

    memset(random, 0xff, sizeof(random));
    /* RFC 9562, appendix A.6: 2022-02-22 19:22:22.000 UTC */
    tx_uuid7_make(INT64_C(1645557742000) * 1000000, random, id);
    tx_uuid_render(id, rendered);
    ck_assert_str_eq(rendered, "017f22e2-79b0-7fff-bfff-ffffffffffff");
    memset(random, 0, sizeof(random));
    tx_uuid7_make(-1, random, id);
    tx_uuid_render(id, rendered);
    ck_assert_str_eq(rendered, "00000000-0000-7000-8000-000000000000");
}
END_TEST

START_TEST(a_repeated_text_is_found_wherever_it_stands) {
    enum { N = 300 };
    static char names[N][8];
    struct tx_text texts[N];

    for (size_t n = 0; n <= N; n += n < 20 ? 1 : 56) {
        for (size_t other = 0; other < n; other++) {
            for (size_t i = 0; i < n; i++) {
                int length = snprintf(names[i], sizeof(names[i]), "%zu", i * 7919 % 1000);
                texts[i] = (struct tx_text){names[i], (size_t)length};
            }
            if (other == 0) {
                ck_assert(!tx_texts_repeated(texts, n));
                continue;
            }
            texts[other] = texts[(other * 31 + 1) % other];
            ck_assert(tx_texts_repeated(texts, n));
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("record-record");
    TCase *tests = tcase_create("names and ids");
    tcase_add_test(tests, each_byte_is_allowed_in_names_where_the_format_says_so);
    tcase_add_test(tests, event_names_are_lower_case_and_dotted);
    tcase_add_test(tests, names_of_the_daemon_are_reserved);
    tcase_add_test(tests, field_names_are_identifiers_with_dots_and_dashes);
    tcase_add_test(tests, a_name_that_ends_with_a_nul_is_as_long_as_a_valid_one_or_none);
    tcase_add_test(tests, outcomes_and_severities_have_names);
    tcase_add_test(tests, a_uuid7_holds_time_version_variant_and_74_random_bits);
    tcase_add_test(tests, a_repeated_text_is_found_wherever_it_stands);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
