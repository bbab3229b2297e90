/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/record/escape.h"
#include "libtx/record/line.h"
#include "libtx/record/number.h"

static char memory[TX_LIMIT_BODY_BYTES + 2];
static struct tx_field fields[TX_LIMIT_FIELDS];
static char names[TX_LIMIT_FIELDS][TX_LIMIT_NAME_BYTES + 1];
static char large[400 * 1024];

static struct tx_text text(const char *p) {
    return (struct tx_text){.p = p, .n = strlen(p)};
}

static struct tx_record plain_record(void) {
    struct tx_record record = {
        .n = 42,
        .time = INT64_C(1764000000000000001),
        .received = INT64_C(1764000000000123001),
        .outcome = TX_OUTCOME_SUCCESS,
        .severity = TX_SEVERITY_INFO,
        .event = TX_TEXT("payment.refund"),
        .source = {.client = {0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3},
                   .pid = 812,
                   .uid = 1000,
                   .gid = 100},
        .fields = fields,
        .policy = {1, 2, 3, 4, 5, 6, 7, 8},
    };
    for (size_t i = 0; i < sizeof(record.id); i++)
        record.id[i] = (uint8_t)(0x11 * i);
    return record;
}

static struct tx_field *add_str(struct tx_record *record, const char *name, struct tx_text value) {
    struct tx_field *field = &fields[record->n_fields++];
    *field = (struct tx_field){.name = text(name), .type = TX_VALUE_STR, .text = value};
    return field;
}

static struct tx_field *add(struct tx_record *record, const char *name, enum tx_value_type type) {
    struct tx_field *field = add_str(record, name, (struct tx_text){NULL, 0});
    field->type = type;
    return field;
}

static const char *write_with_host(const struct tx_record *record, struct tx_text host) {
    struct tx_buf b = tx_buf_of(memory, TX_LIMIT_BODY_BYTES);
    memory[TX_LIMIT_BODY_BYTES] = '#';
    ck_assert_int_eq(tx_line_write_body(record, host, &b), 0);
    ck_assert_int_eq(memory[TX_LIMIT_BODY_BYTES], '#');
    memory[b.len] = '\0';
    return memory;
}

static const char *write(const struct tx_record *record) {
    return write_with_host(record, (struct tx_text){NULL, 0});
}

/* The line read by somebody else's parser. */
static json_t *write_and_read(const struct tx_record *record) {
    static char line[sizeof(memory) + 1];
    json_error_t error;
    line[0] = '{';
    strcpy(line + 1, write(record));
    bool has_control = false;
    for (const char *c = line; *c; c++)
        has_control |= (unsigned char)*c < 0x20;
    ck_assert(!has_control);
    json_t *parsed = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    ck_assert_msg(parsed, "%s at %d", error.text, error.position);
    return parsed;
}

static const char *mark(json_t *line, const char *name) {
    return json_string_value(json_object_get(json_object_get(line, "masked"), name));
}

START_TEST(a_record_without_anything_optional) {
    struct tx_record record = plain_record();
    ck_assert_str_eq(
        write(&record),
        "\"id\":\"00112233-4455-6677-8899-aabbccddeeff\",\"time\":\"2025-11-24T16:00:00."
        "000000001Z\","
        "\"lag_us\":123,\"event\":\"payment.refund\",\"outcome\":\"success\",\"severity\":\"info\","
        "\"source\":{\"client\":\"deadbeef00010203\",\"n\":42,\"pid\":812,\"uid\":1000,\"gid\":100}"
        ","
        "\"policy\":\"0102030405060708\"}");
}
END_TEST

START_TEST(a_record_with_everything_has_its_keys_in_order) {
    struct tx_record record = plain_record();
    record.message = TX_TEXT("a \"b\"");
    record.correlation_id = TX_TEXT("c-1");
    record.source.comm = TX_TEXT("shop");
    record.source.exe = TX_TEXT("/usr/bin/shop");
    record.source.unit = TX_TEXT("shop.service");
    record.has_trace = record.has_parent = true;
    memset(record.trace_id, 0xaa, sizeof(record.trace_id));
    memset(record.span_id, 0xbb, sizeof(record.span_id));
    memset(record.parent_span_id, 0xcc, sizeof(record.parent_span_id));
    add_str(&record, "user", TX_TEXT("**"))->masked = "mask:u";
    add(&record, "nothing", TX_VALUE_NULL);
    struct tx_field *bytes = add(&record, "bytes", TX_VALUE_BYTES);
    bytes->text = TX_TEXT("\x00\xff");
    add(&record, "i", TX_VALUE_I64)->i64 = INT64_MIN;
    add(&record, "u", TX_VALUE_U64)->u64 = UINT64_MAX;
    add(&record, "f", TX_VALUE_F64)->f64 = 0.1;
    add(&record, "b", TX_VALUE_BOOL)->boolean = true;
    add(&record, "j", TX_VALUE_JSON)->text = TX_TEXT("{\"x\":[1,2]}");
    struct tx_field *gone = add_str(&record, "gone", TX_TEXT("secret"));
    gone->masked = "drop:g";
    gone->dropped = true;
    record.masked.message = "mask:m";
    ck_assert_str_eq(
        write_with_host(&record, TX_TEXT("web1")),
        "\"id\":\"00112233-4455-6677-8899-aabbccddeeff\",\"time\":\"2025-11-24T16:00:00."
        "000000001Z\","
        "\"lag_us\":123,\"event\":\"payment.refund\",\"outcome\":\"success\",\"severity\":\"info\","
        "\"message\":\"a \\\"b\\\"\",\"host\":\"web1\","
        "\"source\":{\"client\":\"deadbeef00010203\",\"n\":42,\"pid\":812,\"uid\":1000,\"gid\":100,"
        "\"comm\":\"shop\",\"exe\":\"/usr/bin/shop\",\"unit\":\"shop.service\"},"
        "\"correlation_id\":\"c-1\",\"trace_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"span_id\":\"bbbbbbbbbbbbbbbb\",\"parent_span_id\":\"cccccccccccccccc\","
        "\"data\":{\"user\":\"**\",\"nothing\":null,\"bytes\":\"AP8=\",\"i\":-9223372036854775808,"
        "\"u\":18446744073709551615,\"f\":0.1,\"b\":true,\"j\":{\"x\":[1,2]}},"
        "\"masked\":{\"message\":\"mask:m\",\"user\":\"mask:u\",\"gone\":\"drop:g\"},"
        "\"policy\":\"0102030405060708\"}");
}
END_TEST

START_TEST(a_dropped_record_leaves_no_text) {
    struct tx_record record = plain_record();
    add_str(&record, "secret", TX_TEXT("hunter2"))->masked = "mask:s";
    record.message = TX_TEXT("hunter2");
    record.correlation_id = TX_TEXT("hunter2");
    record.masked.message = "mask:m";
    record.dropped_by = "drop:noise";
    const char *line = write(&record);
    ck_assert(!strstr(line, "hunter2"));
    ck_assert(strstr(line, ",\"data\":{},\"masked\":{\"*\":\"drop:noise\"},\"policy\""));
}
END_TEST

START_TEST(a_field_named_like_a_text_shares_its_entry) {
    struct tx_record record = plain_record();
    record.message = TX_TEXT("m");
    record.masked.message = "mask:a";
    add_str(&record, "message", TX_TEXT("x"))->masked = "hash:b";
    add_str(&record, "comm", TX_TEXT("x"))->masked = "hash:c";
    ck_assert(
        strstr(write(&record), "\"masked\":{\"message\":\"mask:a,hash:b\",\"comm\":\"hash:c\"}"));
}
END_TEST

START_TEST(any_time_gives_a_lag) {
    static const struct {
        int64_t time, received;
        const char *lag;
    } cases[] = {
        {INT64_MIN, INT64_MAX, "\"lag_us\":18446744073709550,"},
        {INT64_MAX, INT64_MIN, "\"lag_us\":-18446744073709550,"},
        {2000000, 1000000, "\"lag_us\":-1000,"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        struct tx_record record = plain_record();
        record.time = cases[i].time;
        record.received = cases[i].received;
        ck_assert(strstr(write(&record), cases[i].lag));
    }
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_replaced_one_by_one) {
    struct tx_record record = plain_record();
    add_str(&record, "x",
            TX_TEXT("a\xff\xfe"
                    "b\xc3\xa9\xe2\x82"));
    ck_assert(strstr(write(&record), "\"x\":\"a\xef\xbf\xbd\xef\xbf\xbd"
                                     "b\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\""));
}
END_TEST

START_TEST(every_byte_is_escaped_as_base_does_it) {
    /* At each place of texts of each length, since several bytes are looked at together. */
    for (unsigned c = 0; c < 128; c++) {
        for (size_t n = 1; n <= 20; n++) {
            for (size_t at = 0; at < n; at++) {
                char in[20], out[64], expected[64];
                struct tx_text source = {in, n};
                memset(in, 'a', sizeof(in));
                in[at] = (char)c;
                struct tx_buf b = tx_buf_of(out, sizeof(out));
                struct tx_buf e = tx_buf_of(expected, sizeof(expected));
                tx_escape_put(&b, source);
                tx_buf_json(&e, in, n);
                ck_assert_uint_eq(b.len, e.len);
                ck_assert_mem_eq(out, expected, e.len);
                ck_assert_uint_eq(tx_escape_size(source), e.len);
            }
        }
    }
}
END_TEST

START_TEST(doubles_are_the_shortest_that_read_back) {
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-17, "-17"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e20, "1e+20"},
        {1e300, "1e+300"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {123456789012.0, "123456789012"},
        {NAN, "\"NaN\""},
        {-NAN, "\"NaN\""},
        {INFINITY, "\"Infinity\""},
        {-INFINITY, "\"-Infinity\""},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        struct tx_buf b = tx_buf_of(memory, TX_NUMBER_F64_BYTES);
        tx_buf_f64(&b, cases[i].v);
        tx_buf_char(&b, '\0');
        ck_assert_str_eq(memory, cases[i].text);
    }
    srandom(1);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
        double v;
        memcpy(&v, &bits, sizeof(v));
        if (!isfinite(v))
            continue;
        struct tx_buf b = tx_buf_of(memory, TX_NUMBER_F64_BYTES);
        tx_buf_f64(&b, v);
        tx_buf_char(&b, '\0');
        ck_assert(!b.full && strtod(memory, NULL) == v);
    }
}
END_TEST

START_TEST(the_longest_texts_are_cut_and_marked) {
    struct tx_record record = plain_record();
    memset(large, 'x', sizeof(large));
    record.message = (struct tx_text){large, 40000};
    record.masked.message = "mask:m";
    add_str(&record, "long", (struct tx_text){large, 90000});
    add_str(&record, "short", (struct tx_text){large, 1000});
    add(&record, "bytes", TX_VALUE_BYTES)->text = (struct tx_text){large, 60000};
    json_t *line = write_and_read(&record);
    json_t *data = json_object_get(line, "data");
    ck_assert_str_eq(mark(line, "message"), "mask:m,cut:40000");
    ck_assert_str_eq(mark(line, "long"), "cut:90000");
    ck_assert_str_eq(mark(line, "bytes"), "cut:60000");
    ck_assert(!mark(line, "short"));
    ck_assert_uint_eq(json_string_length(json_object_get(data, "short")), 1000);
    ck_assert_uint_eq(json_string_length(json_object_get(data, "bytes")) % 4, 0);
    ck_assert_uint_eq(json_string_length(json_object_get(data, "long")),
                      json_string_length(json_object_get(line, "message")));
    ck_assert_uint_gt(strlen(memory), TX_LIMIT_BODY_BYTES - 300);
    json_decref(line);
}
END_TEST

START_TEST(a_line_that_just_fits_is_not_cut) {
    struct tx_record record = plain_record();
    memset(large, 'x', sizeof(large));
    add_str(&record, "x", (struct tx_text){large, 0});
    size_t rest = strlen(write(&record));
    fields[0].text.n = TX_LIMIT_BODY_BYTES - rest;
    ck_assert_uint_eq(strlen(write(&record)), TX_LIMIT_BODY_BYTES);
    ck_assert(!strstr(memory, "cut:"));
    fields[0].text.n++;
    ck_assert_uint_le(strlen(write(&record)), TX_LIMIT_BODY_BYTES);
    ck_assert(strstr(memory, "\"masked\":{\"x\":\"cut:"));
}
END_TEST

START_TEST(a_cut_falls_between_characters_and_escapes) {
    static const char *const patterns[] = {"\x01", "é", "😀", "\"", "\xff", "a\n€"};
    for (size_t p = 0; p < TX_COUNT_OF(patterns); p++) {
        size_t n = strlen(patterns[p]);
        for (size_t i = 0; i < sizeof(large); i++)
            large[i] = patterns[p][i % n];
        for (size_t offset = 0; offset < 8; offset++) {
            struct tx_record record = plain_record();
            add_str(&record, "x", (struct tx_text){large, (131072 - offset) / n * n});
            json_t *line = write_and_read(&record);
            ck_assert(mark(line, "x"));
            json_decref(line);
        }
    }
}
END_TEST

START_TEST(json_that_does_not_fit_becomes_a_cut_string) {
    struct tx_record record = plain_record();
    memset(large, '7', sizeof(large));
    large[0] = '[';
    large[1] = large[3] = '"';
    large[4] = ',';
    large[99999] = ']';
    add(&record, "j", TX_VALUE_JSON)->text = (struct tx_text){large, 100000};
    json_t *line = write_and_read(&record);
    json_t *value = json_object_get(json_object_get(line, "data"), "j");
    ck_assert_str_eq(mark(line, "j"), "cut:100000");
    ck_assert(json_is_string(value));
    ck_assert_int_eq(strncmp(json_string_value(value), "[\"7\",777", 8), 0);
    json_decref(line);
}
END_TEST

static void name_all_fields(size_t n_name) {
    for (size_t i = 0; i < TX_LIMIT_FIELDS; i++)
        snprintf(names[i], sizeof(names[i]), "%0*zu", (int)n_name, i);
}

START_TEST(a_thousand_long_names_leave_out_the_last_fields_and_say_so) {
    struct tx_record record = plain_record();
    name_all_fields(TX_LIMIT_NAME_BYTES);
    for (size_t i = 0; i < TX_LIMIT_FIELDS; i++)
        add(&record, names[i], TX_VALUE_BOOL);
    json_t *line = write_and_read(&record);
    size_t kept = json_object_size(json_object_get(line, "data"));
    ck_assert_uint_gt(kept, 300);
    ck_assert_uint_lt(kept, TX_LIMIT_FIELDS);
    ck_assert(json_object_get(json_object_get(line, "data"), names[kept - 1]));
    ck_assert_int_eq(strncmp(mark(line, "*"), "cut:", 4), 0);
    ck_assert_uint_eq(json_object_size(json_object_get(line, "masked")), 1);
    json_decref(line);
}
END_TEST

/* Whatever the limits of libtx/base/limits.h allow becomes a line, and a valid one. */
START_TEST(no_record_is_too_much) {
    static char worst[TX_LIMIT_EXE_BYTES];
    memset(worst, 1, sizeof(worst));
    memset(large, 1, sizeof(large));
    for (unsigned n_name = 4; n_name <= TX_LIMIT_NAME_BYTES; n_name += 62) {
        name_all_fields(n_name);
        for (size_t n = 0; n <= 3000; n = n * 7 + 1) {
            struct tx_record record = plain_record();
            record.event = (struct tx_text){worst, TX_LIMIT_EVENT_BYTES};
            record.message = (struct tx_text){large, 131072};
            record.correlation_id = (struct tx_text){worst, TX_LIMIT_CORRELATION_BYTES};
            record.source.comm = (struct tx_text){worst, TX_LIMIT_COMM_BYTES};
            record.source.exe = (struct tx_text){worst, TX_LIMIT_EXE_BYTES};
            record.source.unit = (struct tx_text){worst, TX_LIMIT_UNIT_BYTES};
            record.time = record.received = INT64_MIN;
            for (size_t i = 0; i < TX_LIMIT_FIELDS; i++) {
                struct tx_field *field = add_str(&record, names[i], (struct tx_text){large, n});
                field->type = (enum tx_value_type)(i % TX_VALUE_JSON);
                field->masked = i % 3 ? NULL : "mask:a-rule-with-quite-a-long-name";
                field->dropped = i % 9 == 0;
                if (field->type > TX_VALUE_BYTES)
                    field->u64 = UINT64_MAX >> 1;
                if (field->type == TX_VALUE_F64)
                    field->f64 = -DBL_MAX;
                if (field->type == TX_VALUE_BOOL)
                    field->boolean = false;
            }
            json_t *line = write_and_read(&record);
            ck_assert(mark(line, "message"));
            json_decref(line);
        }
    }
}
END_TEST

START_TEST(a_buffer_without_room_is_refused) {
    struct tx_record record = plain_record();
    struct tx_buf b = tx_buf_of(memory, 100);
    ck_assert_int_eq(tx_line_write_body(&record, (struct tx_text){NULL, 0}, &b), -ENOSPC);
    ck_assert_uint_eq(b.len, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("record-line");
    TCase *tests = tcase_create("line");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_record_without_anything_optional);
    tcase_add_test(tests, a_record_with_everything_has_its_keys_in_order);
    tcase_add_test(tests, a_dropped_record_leaves_no_text);
    tcase_add_test(tests, a_field_named_like_a_text_shares_its_entry);
    tcase_add_test(tests, any_time_gives_a_lag);
    tcase_add_test(tests, bytes_that_are_not_utf8_are_replaced_one_by_one);
    tcase_add_test(tests, every_byte_is_escaped_as_base_does_it);
    tcase_add_test(tests, doubles_are_the_shortest_that_read_back);
    tcase_add_test(tests, the_longest_texts_are_cut_and_marked);
    tcase_add_test(tests, a_line_that_just_fits_is_not_cut);
    tcase_add_test(tests, a_cut_falls_between_characters_and_escapes);
    tcase_add_test(tests, json_that_does_not_fit_becomes_a_cut_string);
    tcase_add_test(tests, a_thousand_long_names_leave_out_the_last_fields_and_say_so);
    tcase_add_test(tests, no_record_is_too_much);
    tcase_add_test(tests, a_buffer_without_room_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
