/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/record/read.h"

static struct tx_text text_of(const char *text) {
    return (struct tx_text){text, strlen(text)};
}

static void assert_text(struct tx_text text, const char *expected) {
    ck_assert_uint_eq(text.n, strlen(expected));
    ck_assert_mem_eq(text.p, expected, text.n);
}

static int read_fails(const char *line) {
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;
    return tx_read_new(text_of(line), &read);
}

START_TEST(a_line_is_read_with_its_members_in_order) {
    static const char line[] =
        "{\"seq\":7,\"event\":\"shop.pay\",\"source\":{\"pid\":812,\"exe\":\"/usr/bin/shop\"},"
        "\"data\":{\"z\":\"last\",\"a\":true,\"none\":null,\"list\":[1,{\"x\":\"}\"}]}}";
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;
    uint64_t v;

    ck_assert_int_eq(tx_read_new(text_of(line), &read), 0);
    ck_assert_uint_eq(tx_read_top(read).n_members, 4);
    assert_text(tx_read_string(tx_read_top(read), "event"), "shop.pay");
    ck_assert_int_eq(tx_read_u64(tx_read_top(read), "seq", &v), 0);
    ck_assert_uint_eq(v, 7);
    ck_assert_int_eq(tx_read_u64(tx_read_object(read, "source"), "pid", &v), 0);
    ck_assert_uint_eq(v, 812);
    assert_text(tx_read_string(tx_read_object(read, "source"), "exe"), "/usr/bin/shop");

    struct tx_read_object data = tx_read_object(read, "data");
    ck_assert_uint_eq(data.n_members, 4);
    assert_text(data.members[0].name, "z");
    assert_text(data.members[1].name, "a");
    ck_assert_int_eq(data.members[1].value.type, TX_READ_BOOL);
    assert_text(data.members[1].value.text, "true");
    ck_assert_int_eq(data.members[2].value.type, TX_READ_NULL);
    ck_assert_int_eq(data.members[3].value.type, TX_READ_NESTED);
    assert_text(data.members[3].value.raw, "[1,{\"x\":\"}\"}]");
}
END_TEST

START_TEST(what_is_not_there_is_told_from_what_is_of_another_kind) {
    static const char line[] = "{\"seq\":-1,\"event\":5,\"data\":\"no object\"}";
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;
    uint64_t v = 99;

    ck_assert_int_eq(tx_read_new(text_of(line), &read), 0);
    ck_assert_int_eq(tx_read_u64(tx_read_top(read), "seq", &v), -EBADMSG);
    ck_assert_int_eq(tx_read_u64(tx_read_top(read), "absent", &v), -ENOENT);
    ck_assert_int_eq(tx_read_u64(tx_read_top(read), "data", &v), -EBADMSG);
    ck_assert_uint_eq(v, 99);
    ck_assert_ptr_null(tx_read_string(tx_read_top(read), "event").p);
    ck_assert_uint_eq(tx_read_object(read, "data").n_members, 0);
    ck_assert_uint_eq(tx_read_object(read, "source").n_members, 0);
}
END_TEST

START_TEST(numbers_come_out_as_they_stand_in_the_line) {
    static const char *const numbers[] = {"18446744073709551615",
                                          "-9223372036854775808",
                                          "99999999999999999999999999999",
                                          "1e999",
                                          "-0",
                                          "0.1",
                                          "1.7976931348623157e+308",
                                          "9007199254740993"};
    for (size_t i = 0; i < TX_COUNT_OF(numbers); i++) {
        char line[256];
        _cleanup_(tx_read_freep) struct tx_read *read = NULL;
        snprintf(line, sizeof(line), "{\"seq\":1,\"data\":{\"v\":%s,\"w\":[%s]}}", numbers[i],
                 numbers[i]);
        ck_assert_int_eq(tx_read_new(text_of(line), &read), 0);
        struct tx_read_object data = tx_read_object(read, "data");
        ck_assert_int_eq(data.members[0].value.type, TX_READ_NUMBER);
        assert_text(data.members[0].value.text, numbers[i]);
    }
}
END_TEST

START_TEST(what_is_no_number_is_refused) {
    static const char *const bad[] = {"01",  "1.",     ".5",   "+1",         "-",   "1e",
                                      "1e+", "0x1",    "1 2",  "--1",        "1-1", "NaN",
                                      "1a",  "1\"a\"", "[1]2", "{\"a\":{}}3"};
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        char line[256];
        snprintf(line, sizeof(line), "{\"seq\":1,\"data\":{\"v\":%s}}", bad[i]);
        ck_assert_msg(read_fails(line) == -EBADMSG, "%s", line);
    }
}
END_TEST

START_TEST(strings_are_unescaped_and_may_hold_nul) {
    static const char line[] = "{\"message\":\"a\\u0000b\\n\\\"\\ud83d\\ude00\","
                               "\"data\":{\"deep\":{\"\\u0000\":\"\\u0000\"},\"q\\\"\":\"\\\\\"}}";
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;

    ck_assert_int_eq(tx_read_new(text_of(line), &read), 0);
    struct tx_text message = tx_read_string(tx_read_top(read), "message");
    ck_assert_uint_eq(message.n, 9);
    ck_assert_mem_eq(message.p, "a\0b\n\"\xf0\x9f\x98\x80", 9);
    struct tx_read_object data = tx_read_object(read, "data");
    assert_text(data.members[0].value.raw, "{\"\\u0000\":\"\\u0000\"}");
    assert_text(data.members[1].name, "q\"");
    assert_text(data.members[1].value.text, "\\");
}
END_TEST

START_TEST(white_space_of_a_foreign_writer_belongs_to_no_value) {
    static const char line[] = " { \"seq\" : 12 , \"data\" : { \"a\" : [ 1 ] , \"b\" : true } } ";
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;
    uint64_t v;

    ck_assert_int_eq(tx_read_new(text_of(line), &read), 0);
    ck_assert_int_eq(tx_read_u64(tx_read_top(read), "seq", &v), 0);
    ck_assert_uint_eq(v, 12);
    assert_text(tx_read_object(read, "data").members[0].value.raw, "[ 1 ]");
    assert_text(tx_read_object(read, "data").members[1].value.raw, "true");
}
END_TEST

START_TEST(what_is_no_object_is_refused) {
    static const char *const bad[] = {"",
                                      "{",
                                      "}",
                                      "[]",
                                      "[1]",
                                      "5",
                                      "\"x\"",
                                      "null",
                                      "{}}",
                                      "{\"a\":1,}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"data\":{\"a\":1,\"a\":2}}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\x01\"}",
                                      "{\"a\":\"x}",
                                      "{\"a\":[}",
                                      "{\"a\":[1}}",
                                      "{\"a\":{\"b\":{]}}}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\":1}{}",
                                      "{\"a\":\"\\",
                                      "{a:1}",
                                      "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(read_fails(bad[i]) == -EBADMSG, "%s", bad[i]);
    ck_assert_int_eq(read_fails("{}"), 0);
}
END_TEST

static int read_nested(size_t depth) {
    static char line[TX_LIMIT_LINE_BYTES + 2];
    size_t n = (size_t)snprintf(line, sizeof(line), "{\"data\":{\"v\":");
    for (size_t i = 0; i < depth; i++)
        line[n++] = '[';
    for (size_t i = 0; i < depth; i++)
        line[n++] = ']';
    line[n++] = '}';
    line[n++] = '}';
    line[n] = '\0';
    return read_fails(line);
}

START_TEST(nesting_and_length_have_a_limit) {
    static char line[TX_LIMIT_LINE_BYTES + 2];

    ck_assert_int_eq(read_nested(TX_LIMIT_JSON_DEPTH), 0);
    ck_assert_int_eq(read_nested(TX_LIMIT_JSON_DEPTH + 1), -EBADMSG);
    ck_assert_int_eq(read_nested(30000), -EBADMSG);
    for (size_t extra = 0; extra < 2; extra++) {
        size_t n = TX_LIMIT_LINE_BYTES + extra;
        memset(line, 'x', n);
        memcpy(line, "{\"a\":\"", 6);
        memcpy(line + n - 2, "\"}", 3);
        ck_assert_int_eq(read_fails(line), extra ? -EMSGSIZE : 0);
    }
}
END_TEST

/* Whatever is done to a line, reading answers and stays within it (ASan watches). */
START_TEST(a_line_with_any_byte_changed_is_read_or_refused) {
    static const char line[] = "{\"seq\":7,\"event\":\"a\",\"source\":{\"pid\":1},"
                               "\"data\":{\"l\":[1,{\"x\":\"}\"}],\"s\":\"\\u0041\\n\"}}";
    static const unsigned char bytes[] = "\"\\{}[],:09-e. tn\x01\x80\xff";
    size_t n_read = 0, n_refused = 0;

    for (size_t at = 0; at < sizeof(line) - 1; at++)
        for (size_t b = 0; b < sizeof(bytes); b++)
            for (size_t cut = 0; cut < 2; cut++) {
                size_t n = cut ? at : sizeof(line) - 1;
                _cleanup_(tx_freep) char *changed = malloc(n + 1);
                _cleanup_(tx_read_freep) struct tx_read *read = NULL;
                memcpy(changed, line, n);
                if (!cut)
                    changed[at] = (char)bytes[b];
                int r = tx_read_new((struct tx_text){changed, n}, &read);
                ck_assert(r == 0 || r == -EBADMSG);
                n_read += r == 0;
                n_refused += r < 0;
                for (size_t i = 0; r == 0 && i < tx_read_top(read).n_members; i++) {
                    struct tx_text raw = tx_read_top(read).members[i].value.raw;
                    ck_assert(raw.p >= changed && raw.p + raw.n <= changed + n && raw.n > 0);
                }
            }
    ck_assert_uint_gt(n_read, 50);
    ck_assert_uint_gt(n_refused, 500);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("record-read");
    TCase *tests = tcase_create("read");
    tcase_add_test(tests, a_line_is_read_with_its_members_in_order);
    tcase_add_test(tests, what_is_not_there_is_told_from_what_is_of_another_kind);
    tcase_add_test(tests, numbers_come_out_as_they_stand_in_the_line);
    tcase_add_test(tests, what_is_no_number_is_refused);
    tcase_add_test(tests, strings_are_unescaped_and_may_hold_nul);
    tcase_add_test(tests, white_space_of_a_foreign_writer_belongs_to_no_value);
    tcase_add_test(tests, what_is_no_object_is_refused);
    tcase_add_test(tests, nesting_and_length_have_a_limit);
    tcase_add_test(tests, a_line_with_any_byte_changed_is_read_or_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
