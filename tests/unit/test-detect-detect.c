/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/detect/detect.h"
#include "libtx/detect/scan.h"
#include "tests/unit/detect-check.h"

/* In each text the part between « and » is found, and nothing else; without them, nothing. */
static void check_marked(enum tx_detector detector, const char *const *cases, size_t n_cases) {
    for (size_t i = 0; i < n_cases; i++) {
        char text[512], found[600];
        const char *open = strstr(cases[i], "«"), *close = strstr(cases[i], "»");
        size_t start = open ? (size_t)(open - cases[i]) : 0;
        size_t end = open ? (size_t)(close - open) - 2 + start : 0;

        ck_assert(!open == !close);
        if (open)
            snprintf(text, sizeof(text), "%.*s%.*s%s", (int)start, cases[i],
                     (int)(close - open - 2), open + 2, close + 2);
        else
            snprintf(text, sizeof(text), "%s", cases[i]);
        detect(text, detector);
        snprintf(found, sizeof(found), "%zu in: %s", n_spans, text);
        ck_assert_msg(n_spans == (open ? 1 : 0), "%s found %s", tx_detector_infos[detector].name,
                      found);
        if (open)
            ck_assert_msg(spans[0].start == start && spans[0].end == end, "%u to %u in %s",
                          spans[0].start, spans[0].end, text);
    }
}
#define CHECK(detector, ...)                                                                       \
    do {                                                                                           \
        static const char *const cases[] = {__VA_ARGS__};                                          \
        check_marked(detector, cases, TX_COUNT_OF(cases));                                         \
    } while (0)

START_TEST(an_email_has_a_local_part_and_a_domain_with_a_top_level) {
    CHECK(TX_DETECT_EMAIL, "«alice.smith+tag@mail.example.co.uk»", "«a@xn--d1acufc.xn--p1ai»",
          "mail to <«bob@example.org»>.", "user=«o'neil@example.com», next", "«müller@exämple.org»",
          "'«bob@example.org»'", "at the end «bob@example.org».", "«a@b.example.com».123",
          "«git@github.com»:tx/tracex.git", "«bob@example.org»、2024", "«bob@example.org»é1.");
    CHECK(TX_DETECT_EMAIL, "icon@2x.png", "root@localhost", "@handle", "a@b", "getty@tty1.service",
          "pkg@1.2.3", "x@.org", "@", "a@@b", "");
}
END_TEST

START_TEST(a_card_passes_luhn_and_begins_as_some_network_issues_them) {
    CHECK(TX_DETECT_CREDIT_CARD, "«4111 1111 1111 1111»", "«378282246310005»",
          "«5555-5555-5555-4444»", "«2223003122003222»", "«6011111111111117»",
          "pan=«4222222222222»;", "«3782 822463 10005»", "«4111-1111 1111-1111»",
          "card«4111111111111111»", "«4111111111111111»EUR", "12 «4111 1111 1111 1111» 5",
          "no 0000 «4111 1111 1111 1111»", "«30569309025904»");
    CHECK(TX_DETECT_CREDIT_CARD, "4111 1111 1111 1112", "1234567812345670", "1735689600000",
          "1763917200000000000", "4111  1111 1111 1111", "411111111111", "a4111111111111111f",
          "d2a4111111111111111", "2026-11-23 18:04:51.123456789",
          "6f03675a-4111-1111-1111-111111111111");
}
END_TEST

START_TEST(no_digits_in_front_hide_a_card) {
    char text[400], zeros[] = "00000000000000000000000000000000000000000000000000000000000000000";
    for (size_t n = 0; n < strlen(zeros); n++) {
        snprintf(text, sizeof(text), "%.*s4111111111111111", (int)n, zeros);
        detect(text, TX_DETECT_CREDIT_CARD);
        if (n == 0 || n > 3) { /* up to 19 digits are a number of their own */
            ck_assert_uint_eq(n_spans, 1);
            ck_assert_uint_eq(spans[0].end, n + 16);
        }
        snprintf(text, sizeof(text), "%.*s 4111 1111 1111 1111", (int)n, zeros);
        detect(text, TX_DETECT_CREDIT_CARD);
        ck_assert_uint_eq(n_spans, 1);
        ck_assert_uint_eq(spans[0].end, n + 20);
    }
}
END_TEST

START_TEST(an_iban_has_its_countrys_length_and_check_digits) {
    CHECK(TX_DETECT_IBAN, "«DE89370400440532013000»", "«GB82 WEST 1234 5698 7654 32»",
          "to «NO9386011117947».", "«MT84MALT011000012345MTLCAST001S»",
          "iban:«de89370400440532013000»", "«DE89-3704-0044-0532-0130-00»",
          "«DE89370400440532013000»EUR");
    CHECK(TX_DETECT_IBAN, "DE89370400440532013001", "XX82WEST12345698765432",
          "DE8937040044053201300", "xDE89370400440532013000", "DE 89 3704");
}
END_TEST

START_TEST(an_ssn_has_an_area_a_group_and_a_serial) {
    CHECK(TX_DETECT_US_SSN, "«536-90-4399»", "ssn «123-45-1203».", "«536 90 4399»",
          "SSN: «219099871»", "Social Security no. «219099871»", "«219-09-9871»");
    CHECK(TX_DETECT_US_SSN, "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000",
          "123-45 6789", "219099871", "1123-45-1203", "123-45-12034", "000-12-3456");
}
END_TEST

START_TEST(an_ipv4_address_has_four_octets) {
    CHECK(TX_DETECT_IPV4, "«192.0.2.17»", "«8.8.8.8»", "from «192.0.2.17»:8080", "«10.0.0.0»/8",
          "(«255.255.255.255»)", "end «1.2.3.4».", "ip_«192.0.2.17»");
    CHECK(TX_DETECT_IPV4, "256.1.1.1", "1.2.3", "1.2.3.4.5", "v1.2.3.4", "1.02.3.4", "1.2.3.4a",
          "1.2..3.4", "1.3.6.1.4.1.311");
}
END_TEST

START_TEST(an_ipv6_address_has_eight_groups_or_a_double_colon) {
    CHECK(TX_DETECT_IPV6, "«2001:db8::8a2e:370:7334»", "«fe80::1%eth0»", "[«2001:db8::1»]:443",
          "«1a00:c820:1180:c84c:ad3f:4024:d991:ec2e»",
          "«1a00:c820:1180:c84c:ad3f:4024:d991:ec2e:443»", "addr:«2001:db8::1»",
          "from «::1»: refused", "«fe80::», ", "ip=«2001:db8::1».");
    CHECK(TX_DETECT_IPV6, "12:34:56", "std::", "std::add", "foo::abc", "::", "a:b:c",
          "00:1A:2b:3c:4D:5e", ":::1", "12345::1x", "key: value", "2026-11-23T18:04:51+00:00",
          "Foo::bar::baz");
}
END_TEST

START_TEST(a_jwt_has_a_header_with_an_algorithm) {
    CHECK(TX_DETECT_JWT, "«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl»",
          "t=«eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.»",
          "xx«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln», done",
          "cut «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0»");
    CHECK(TX_DETECT_JWT, "eyJaaaaaaaaaaaa.bbbbbbbbbb.cccc", "eyJhbGciOiJIUzI1NiJ9", "eyJ.eyJ.eyJ",
          "eyJhbGciOiJIUzI1NiJ9.short.x");
}
END_TEST

START_TEST(a_bearer_token_is_what_follows_the_word) {
    CHECK(TX_DETECT_AUTH_HEADER, "Bearer «abcdef0123456789»",
          "Authorization: bearer   «a.b-c_d~e+f/g==», x", "Basic «dXNlcjpwYXNzd29yZA==»",
          "BEARER=«0123456789abcdef»");
    CHECK(TX_DETECT_AUTH_HEADER, "bearer of news", "basic", "Bearer authentication required.",
          "basic functionality", "forbearer abcdef0123456789", "Bearer short");
}
END_TEST

START_TEST(a_private_key_ends_at_its_end_line_or_with_the_text) {
    CHECK(TX_DETECT_PRIVATE_KEY_PEM,
          "key «-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----»\nrest",
          "«-----BEGIN PRIVATE KEY-----\\nMIIE and no end»",
          "«-----BEGIN PGP PRIVATE KEY BLOCK-----\nx»",
          "«-----BEGIN EC PRIVATE KEY-----x-----END CERTIFICATE-----y-----END EC PRIVATE KEY-----» "
          "z");
    CHECK(TX_DETECT_PRIVATE_KEY_PEM, "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
          "BEGIN PRIVATE KEY", "-----BEGIN ");
}
END_TEST

START_TEST(a_password_is_the_value_after_its_name) {
    CHECK(TX_DETECT_KV_SECRET, "password=«hunter2»", "\"api_key\": \"«abc123»\"",
          "client-secret => «zzz»", "user=x&password=«hunter2»&y=1", "pwd:   «a;b,c!d» rest",
          "Password='«two words»', x", "{\"password\":\"«a\\\"b»\",\"x\":1}",
          "{\\\"token\\\":\\\"«abc»\\\"}", "db_passwd=«x»;Database=y",
          "password_confirmation=«hunter2»", "accessToken: «abcdef», next=1",
          "password = \"«never closed»");
    CHECK(TX_DETECT_URL_PASSWORD, "postgres://app:«s3cr3t»@db1");
    CHECK(TX_DETECT_KV_SECRET, "the password is required", "tokenize=1",
          "password=", "password: null", "password=[redacted]", "password=****",
          "http://host:8080/x@y", "count=5", "pass the salt: yes");
}
END_TEST

START_TEST(what_overlaps_is_one_span_of_all_that_found_it) {
    detect_all("password=4111111111111111 a 192.0.2.1");
    ck_assert_uint_eq(n_spans, 2);
    ck_assert_int_eq(tx_detectors_count(&spans[0].detectors), 2);
    ck_assert(tx_detectors_have(&spans[0].detectors, TX_DETECT_KV_SECRET));
    ck_assert(tx_detectors_have(&spans[0].detectors, TX_DETECT_CREDIT_CARD));
    ck_assert(tx_detectors_have(&spans[1].detectors, TX_DETECT_IPV4));
    detect_all("::ffff:192.0.2.17");
    ck_assert_uint_eq(n_spans, 1);
    ck_assert_uint_eq(spans[0].end, 17);
}
END_TEST

START_TEST(more_spans_than_are_kept_are_an_overflow) {
    static char text[TX_DETECT_MATCHES_MAX * 4 + 8];
    for (size_t i = 0; i <= TX_DETECT_MATCHES_MAX; i++)
        memcpy(text + 4 * i, "::1 ", 4);
    detect_text((struct tx_text){text, 4 * TX_DETECT_MATCHES_MAX}, &tx_detectors_all);
    ck_assert(!matches.overflow);
    ck_assert_uint_eq(n_spans, TX_DETECT_MATCHES_MAX);
    detect_text((struct tx_text){text, 4 * TX_DETECT_MATCHES_MAX + 4}, &tx_detectors_all);
    ck_assert(matches.overflow);
}
END_TEST

/* The bytes that validators look at are counted: twice the text, at most twice the work. */
START_TEST(no_input_makes_the_work_more_than_linear) {
    static const char *const atoms[] = {
        "password=",
        "password=\"",
        "password='\\",
        "pwd:",
        "token=\\\"",
        "::",
        "1:",
        ":",
        "=",
        "@",
        "a@",
        "a@a.",
        "a.",
        "1",
        "4",
        "1 ",
        "1-",
        "4111111111111111",
        "4111111111111111a",
        "1.",
        "1.1.",
        "3.3.3-",
        "eyJ",
        "eyJ.",
        "eyJhbGciOi",
        "eyJhbGciOiJI.",
        "bearer ",
        "bearer=",
        "basic=",
        "basic ",
        "bearer",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN X-----",
        "-----END ",
        "DE89",
        "DE89 ",
        "://a:",
        "://",
        "\\\\\\\"=",
        "secret ",
        "secret    =",
        "a4111111111111111 ",
        "ssn 219099871",
        "123-45-6789",
        "é",
        "a:b:c:d::",
        "fe80::1%",
        ";a=",
        "password=;a",
        "password=,",
    };
    enum { SMALL = 16384, LARGE = 65536 };
    static char text[LARGE];

    for (size_t i = 0; i < TX_COUNT_OF(atoms); i++) {
        size_t n = strlen(atoms[i]);
        uint64_t work[2];
        for (size_t k = 0; k < LARGE; k++)
            text[k] = atoms[i][k % n];
        detect_text((struct tx_text){text, SMALL}, &tx_detectors_all);
        work[0] = matches.work;
        detect_text((struct tx_text){text, LARGE}, &tx_detectors_all);
        work[1] = matches.work;
        ck_assert_msg(work[1] <= 5 * work[0] + 1000, "%s: %llu, then %llu", atoms[i],
                      (unsigned long long)work[0], (unsigned long long)work[1]);
        ck_assert_msg(work[1] <= 64 * (uint64_t)LARGE, "%s: %llu", atoms[i],
                      (unsigned long long)work[1]);
    }
}
END_TEST

/* The same atoms, then a card: no amount of them hides it. */
START_TEST(no_length_hides_a_match) {
    static const char *const atoms[] = {"0",           "x",         "1 ",  "é",   "@",
                                        ":",           "bearer ",   "-",   "eyJ", "=",
                                        "0123456789 ", "password ", "DE89"};
    static const char pan[] = " 4111-1111-1111-1111";
    static char text[200000 + sizeof(pan)];
    for (size_t i = 0; i < TX_COUNT_OF(atoms); i++) {
        size_t n = strlen(atoms[i]), length = 200000 / n * n;
        for (size_t k = 0; k < length; k++)
            text[k] = atoms[i][k % n];
        memcpy(text + length, pan, sizeof(pan) - 1);
        struct tx_detector_set wanted = only(TX_DETECT_CREDIT_CARD);
        detect_text((struct tx_text){text, length + sizeof(pan) - 1}, &wanted);
        ck_assert_uint_ge(n_spans, 1);
        ck_assert_uint_eq(spans[n_spans - 1].end, length + sizeof(pan) - 1);
        ck_assert_uint_le(spans[n_spans - 1].start, length + 1);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect-detect");
    TCase *tests = tcase_create("detectors");
    tcase_add_test(tests, an_email_has_a_local_part_and_a_domain_with_a_top_level);
    tcase_add_test(tests, a_card_passes_luhn_and_begins_as_some_network_issues_them);
    tcase_add_test(tests, no_digits_in_front_hide_a_card);
    tcase_add_test(tests, an_iban_has_its_countrys_length_and_check_digits);
    tcase_add_test(tests, an_ssn_has_an_area_a_group_and_a_serial);
    tcase_add_test(tests, an_ipv4_address_has_four_octets);
    tcase_add_test(tests, an_ipv6_address_has_eight_groups_or_a_double_colon);
    tcase_add_test(tests, a_jwt_has_a_header_with_an_algorithm);
    tcase_add_test(tests, a_bearer_token_is_what_follows_the_word);
    tcase_add_test(tests, a_private_key_ends_at_its_end_line_or_with_the_text);
    tcase_add_test(tests, a_password_is_the_value_after_its_name);
    tcase_add_test(tests, what_overlaps_is_one_span_of_all_that_found_it);
    tcase_add_test(tests, more_spans_than_are_kept_are_an_overflow);
    tcase_add_test(tests, no_input_makes_the_work_more_than_linear);
    tcase_add_test(tests, no_length_hides_a_match);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
