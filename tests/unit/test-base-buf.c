/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

static char memory[256];

static const char *finish(struct tx_buf *b) {
    tx_buf_char(b, '\0');
    ck_assert(!b->full);
    return (const char *)b->data;
}

START_TEST(a_full_buffer_stays_full_and_writes_nothing_more) {
    char small[4] = "....";
    struct tx_buf b = tx_buf_of(small, 3);
    tx_buf_str(&b, "ab");
    tx_buf_str(&b, "cd");
    ck_assert(b.full);
    tx_buf_char(&b, 'x');
    ck_assert_uint_eq(b.len, 2);
    ck_assert_int_eq(small[3], '.');
}
END_TEST

START_TEST(numbers_are_written_in_full) {
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_dec(&b, 0);
    tx_buf_char(&b, ' ');
    tx_buf_dec(&b, UINT64_MAX);
    tx_buf_char(&b, ' ');
    tx_buf_dec_signed(&b, INT64_MIN);
    ck_assert_str_eq(finish(&b), "0 18446744073709551615 -9223372036854775808");
}
END_TEST

START_TEST(an_uuid_is_read_as_it_was_written) {
    static const char text[] = "01931f00-aaaa-7bcd-8123-456789abcdef";
    uint8_t id[16];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    ck_assert_int_eq(tx_uuid_decode((struct tx_text){text, 36}, id), 0);
    tx_buf_uuid(&b, id);
    ck_assert_str_eq(finish(&b), text);
    for (size_t i = 0; i < 36; i++) {
        char changed[36];
        memcpy(changed, text, 36);
        changed[i] = changed[i] == '-' ? '0' : '-';
        ck_assert_int_eq(tx_uuid_decode((struct tx_text){changed, 36}, id), -EBADMSG);
        ck_assert_int_eq(tx_uuid_decode((struct tx_text){text, i}, id), -EBADMSG);
    }
}
END_TEST

START_TEST(json_escapes_are_the_shortest) {
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_json_string(&b, "a\"\\\b\t\n\f\r\x01\x1f\x7fé", 13);
    ck_assert_str_eq(finish(&b), "\"a\\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001f\x7fé\"");
}
END_TEST

START_TEST(times_are_rfc3339_with_nine_digits) {
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000000Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {INT64_C(951782400000000001), "2000-02-29T00:00:00.000000001Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145224192Z"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        int64_t back;
        tx_buf_time(&b, cases[i].ns);
        ck_assert_str_eq(finish(&b), cases[i].text);
        ck_assert_int_eq(
            tx_time_decode((struct tx_text){cases[i].text, strlen(cases[i].text)}, &back),
            i < 4 ? 0 : -ERANGE);
        if (i < 4)
            ck_assert_int_eq(back, cases[i].ns);
    }
}
END_TEST

START_TEST(base64_has_one_spelling) {
    static const char *const bad[] = {"A", "AA", "AB==", "AAB=", "AA=A", "====", "AAA\n", "AA-_"};
    for (size_t n = 0; n < 64; n++) {
        uint8_t bytes[64], back[64];
        size_t n_back;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(i * 37 + n);
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        tx_buf_base64(&b, bytes, n);
        ck_assert_int_eq(
            tx_base64_decode((struct tx_text){memory, b.len}, back, sizeof(back), &n_back), 0);
        ck_assert_uint_eq(n_back, n);
        ck_assert_mem_eq(back, bytes, n);
    }
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        uint8_t back[8];
        size_t n_back;
        ck_assert_int_eq(
            tx_base64_decode((struct tx_text){bad[i], strlen(bad[i])}, back, sizeof(back), &n_back),
            -EBADMSG);
    }
}
END_TEST

START_TEST(characters_are_read_as_they_are_written) {
    static const struct {
        uint32_t code;
        const char *bytes;
    } cases[] = {{'a', "a"},
                 {0x7f, "\x7f"},
                 {0x80, "\xc2\x80"},
                 {0x7ff, "\xdf\xbf"},
                 {0x800, "\xe0\xa0\x80"},
                 {0x20ac, "\xe2\x82\xac"},
                 {0xffff, "\xef\xbf\xbf"},
                 {0x10000, "\xf0\x90\x80\x80"},
                 {0x10ffff, "\xf4\x8f\xbf\xbf"}};
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        char bytes[4];
        size_t n = tx_utf8_put(cases[i].code, bytes);
        ck_assert_uint_eq(n, strlen(cases[i].bytes));
        ck_assert_mem_eq(bytes, cases[i].bytes, n);
        ck_assert_uint_eq(tx_utf8_code(bytes, n), cases[i].code);
    }
}
END_TEST

START_TEST(utf8_refuses_overlong_forms_surrogates_and_cut_characters) {
    static const char *const good[] = {"", "abcdefghij", "é€𐍈", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\xc0\x80",         "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf0\x80\x80\x80", "\xe2\x82",     "abcdefgh\x80", "\xff"};
    for (size_t i = 0; i < TX_COUNT_OF(good); i++)
        ck_assert(tx_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert(!tx_utf8_valid(bad[i], strlen(bad[i])));
}
END_TEST

START_TEST(decimals_have_no_sign_no_leading_zero_and_a_limit) {
    uint64_t v;
    ck_assert_int_eq(tx_dec_decode(TX_TEXT("18446744073709551615"), &v), 0);
    ck_assert(v == UINT64_MAX);
    ck_assert_int_eq(tx_dec_decode(TX_TEXT("18446744073709551616"), &v), -ERANGE);
    ck_assert_int_eq(tx_dec_decode(TX_TEXT("01"), &v), -EBADMSG);
    ck_assert_int_eq(tx_dec_decode(TX_TEXT("+1"), &v), -EBADMSG);
    ck_assert_int_eq(tx_dec_decode(TX_TEXT(""), &v), -EBADMSG);
}
END_TEST

/* RFC 4648 section 10, without padding; and the two characters that are others than base64's. */
START_TEST(base64url_has_no_padding_and_no_plus_or_slash) {
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff", "-_8"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        char text[16];
        struct tx_buf b = tx_buf_of(text, sizeof(text));
        tx_buf_base64url(&b, cases[i][0], strlen(cases[i][0]));
        tx_buf_char(&b, '\0');
        ck_assert_str_eq(text, cases[i][1]);
    }
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        uint8_t bytes[8];
        size_t n, expected = strlen(cases[i][0]);
        const struct tx_text text = {cases[i][1], strlen(cases[i][1])};
        ck_assert_int_eq(tx_base64url_decode(text, bytes, expected, &n), 0);
        ck_assert_uint_eq(n, expected);
        ck_assert_mem_eq(bytes, cases[i][0], n);
        if (n > 0)
            ck_assert_int_eq(tx_base64url_decode(text, bytes, n - 1, &n), -ENOBUFS);
    }
    static const char *const bad[] = {"Z", "Zm9vY", "Zh", "Zm9", "-/8", "Zg==", "Z g", "+_8A"};
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        uint8_t bytes[8];
        size_t n;
        ck_assert_msg(tx_base64url_decode((struct tx_text){bad[i], strlen(bad[i])}, bytes,
                                          sizeof(bytes), &n) == -EBADMSG,
                      "%s", bad[i]);
    }
    char little[7];
    struct tx_buf b = tx_buf_of(little, sizeof(little));
    tx_buf_base64url(&b, "foobar", 6);
    ck_assert(b.full);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base-buf");
    TCase *tests = tcase_create("buf and text");
    tcase_add_test(tests, a_full_buffer_stays_full_and_writes_nothing_more);
    tcase_add_test(tests, numbers_are_written_in_full);
    tcase_add_test(tests, an_uuid_is_read_as_it_was_written);
    tcase_add_test(tests, json_escapes_are_the_shortest);
    tcase_add_test(tests, times_are_rfc3339_with_nine_digits);
    tcase_add_test(tests, base64_has_one_spelling);
    tcase_add_test(tests, characters_are_read_as_they_are_written);
    tcase_add_test(tests, utf8_refuses_overlong_forms_surrogates_and_cut_characters);
    tcase_add_test(tests, decimals_have_no_sign_no_leading_zero_and_a_limit);
    tcase_add_test(tests, base64url_has_no_padding_and_no_plus_or_slash);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
