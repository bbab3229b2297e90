/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "libtx/wire/wire.h"

static uint8_t memory[TX_LIMIT_DATAGRAM_BYTES];
static struct tx_field decoded_fields[TX_LIMIT_FIELDS];
static const uint8_t secret[TX_WIRE_SECRET_BYTES] = "0123456789abcde";

static struct tx_field fields[] = {
    {.name = TX_TEXT("card"),
     .type = TX_VALUE_STR,
     .label = TX_LABEL_PII,
     .text = TX_TEXT("4111 1111 1111 1111")},
    {.name = TX_TEXT("raw"), .type = TX_VALUE_BYTES, .text = TX_TEXT("\0\xff")},
    {.name = TX_TEXT("i"), .type = TX_VALUE_I64, .i64 = INT64_MIN},
    {.name = TX_TEXT("u"), .type = TX_VALUE_U64, .u64 = UINT64_MAX},
    {.name = TX_TEXT("f"), .type = TX_VALUE_F64, .f64 = -0.1},
    {.name = TX_TEXT("b"), .type = TX_VALUE_BOOL, .boolean = true},
    {.name = TX_TEXT("j"), .type = TX_VALUE_JSON, .label = TX_LABEL_SECRET, .text = TX_TEXT("{}")},
    {.name = TX_TEXT("nothing"), .type = TX_VALUE_NULL},
};

static struct tx_record full_record(void) {
    return (struct tx_record){
        .n = 7,
        .id = {1, 2, 3, 255},
        .time = -5,
        .wants_receipt = true,
        .outcome = TX_OUTCOME_DENIED,
        .severity = TX_SEVERITY_WARNING,
        .event = TX_TEXT("payment.refund"),
        .message = TX_TEXT("refused"),
        .correlation_id = TX_TEXT("c-1"),
        .has_trace = true,
        .has_parent = true,
        .trace_id = {9},
        .span_id = {8},
        .parent_span_id = {7},
        .n_fields = TX_COUNT_OF(fields),
        .fields = fields,
    };
}

static struct tx_record bare_record(void) {
    return (struct tx_record){.n = 8, .event = TX_TEXT("x")};
}

/* A datagram of the two records above. */
static size_t render_two(void) {
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_record one = full_record(), two = bare_record();
    tx_wire_records_begin(&b, secret);
    tx_wire_records_add(&b, &one);
    tx_wire_records_add(&b, &two);
    ck_assert_int_eq(tx_wire_records_end(&b, 2), 0);
    return b.len;
}

static void put_number(uint8_t *at, size_t width, uint64_t v) {
    struct tx_buf b = tx_buf_of(at, width);
    tx_buf_uint(&b, width, v);
}

/* Reads everything; the last result is what ended it. */
static int read_all(const void *datagram, size_t n, size_t *ret_count) {
    struct tx_wire_records records;
    struct tx_record record;
    int r = tx_wire_records_open(datagram, n, &records);
    for (*ret_count = 0; r == 0; ++*ret_count)
        r = tx_wire_records_next(&records, decoded_fields, &record);
    return r;
}

/* In memory of exactly n bytes, so that a sanitizer sees each byte that is read too far. */
static int read_copy(const uint8_t *datagram, size_t n) {
    size_t count;
    uint8_t *copy = malloc(n ? n : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, datagram, n);
    int r = read_all(copy, n, &count);
    struct tx_wire_reply reply;
    int r2 = tx_wire_reply_parse(copy, n, &reply);
    ck_assert(r2 == 0 || r2 == -EBADMSG);
    free(copy);
    return r;
}

static void assert_text(struct tx_text a, struct tx_text b) {
    ck_assert_uint_eq(a.n, b.n);
    ck_assert_int_eq(a.p == NULL, b.p == NULL);
    if (a.n)
        ck_assert_mem_eq(a.p, b.p, a.n);
}

static void assert_field(const struct tx_field *a, const struct tx_field *b) {
    assert_text(a->name, b->name);
    ck_assert_int_eq(a->type, b->type);
    ck_assert_int_eq(a->label, b->label);
    if (a->type == TX_VALUE_STR || a->type == TX_VALUE_BYTES || a->type == TX_VALUE_JSON)
        assert_text(a->text, b->text);
    else if (a->type == TX_VALUE_BOOL)
        ck_assert_int_eq(a->boolean, b->boolean);
    else if (a->type != TX_VALUE_NULL)
        ck_assert_mem_eq(&a->u64, &b->u64, sizeof(a->u64));
}

START_TEST(what_is_written_is_read_again) {
    struct tx_wire_records records;
    struct tx_record record, one = full_record();
    size_t n = render_two();

    ck_assert_int_eq(tx_wire_records_open(memory, n, &records), 0);
    ck_assert_mem_eq(records.secret, secret, sizeof(secret));
    ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &record), 0);
    ck_assert_uint_eq(record.n, 7);
    ck_assert_mem_eq(record.id, one.id, sizeof(one.id));
    ck_assert_int_eq(record.time, -5);
    ck_assert(record.wants_receipt && record.has_trace && record.has_parent);
    ck_assert_int_eq(record.outcome, TX_OUTCOME_DENIED);
    ck_assert_int_eq(record.severity, TX_SEVERITY_WARNING);
    assert_text(record.event, one.event);
    assert_text(record.message, one.message);
    assert_text(record.correlation_id, one.correlation_id);
    ck_assert_mem_eq(record.trace_id, one.trace_id, sizeof(one.trace_id));
    ck_assert_mem_eq(record.span_id, one.span_id, sizeof(one.span_id));
    ck_assert_mem_eq(record.parent_span_id, one.parent_span_id, sizeof(one.parent_span_id));
    ck_assert_uint_eq(record.n_fields, TX_COUNT_OF(fields));
    for (size_t i = 0; i < TX_COUNT_OF(fields); i++)
        assert_field(&record.fields[i], &fields[i]);

    ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &record), 0);
    ck_assert_uint_eq(record.n, 8);
    ck_assert(!record.wants_receipt && !record.has_trace && !record.has_parent);
    ck_assert_ptr_null(record.message.p);
    ck_assert_ptr_null(record.correlation_id.p);
    ck_assert_uint_eq(record.n_fields, 0);
    ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &record), TX_WIRE_E_END);
}
END_TEST

START_TEST(the_bytes_are_those_of_the_documentation) {
    static const uint8_t expected[] = {
        'T',    'X', 1,   1,   71,  0,   0,   0, /* header */
        '0',    '1', '2', '3', '4', '5', '6', '7',
        '8',    '9', 'a', 'b', 'c', 'd', 'e', 0, /* secret */
        1,      0,                               /* count */
        41 + 0, 0,   0,   0,                     /* record */
        8,      0,   0,   0,   0,   0,   0,   0, /* n */
        0,      0,   0,   0,                     /* flags … */
        0,      0,   0,   0,   0,   0,   0,   0, /* time */
        0,      0,   0,   0,   0,   0,   0,   0,
        0,      0,   0,   0,   0,   0,   0,   0, /* id */
        1,      0,   'x',                        /* event */
        0,      0,                               /* fields */
    };
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_record record = bare_record();

    tx_wire_records_begin(&b, secret);
    tx_wire_records_add(&b, &record);
    ck_assert_int_eq(tx_wire_records_end(&b, 1), 0);
    ck_assert_uint_eq(b.len, sizeof(expected));
    ck_assert_mem_eq(memory, expected, sizeof(expected));
}
END_TEST

START_TEST(the_size_is_known_before_writing) {
    struct tx_record records[] = {full_record(), bare_record()};
    for (size_t i = 0; i < TX_COUNT_OF(records); i++) {
        size_t n = TX_WIRE_RECORDS_BYTES + tx_wire_record_bytes(&records[i]);
        struct tx_buf b = tx_buf_of(memory, n);
        tx_wire_records_begin(&b, secret);
        tx_wire_records_add(&b, &records[i]);
        ck_assert_int_eq(tx_wire_records_end(&b, 1), 0);
        ck_assert_uint_eq(b.len, n);
        b = tx_buf_of(memory, n - 1);
        tx_wire_records_begin(&b, secret);
        tx_wire_records_add(&b, &records[i]);
        ck_assert_int_eq(tx_wire_records_end(&b, 1), -EMSGSIZE);
    }
}
END_TEST

START_TEST(texts_of_all_short_lengths_come_back_as_they_were) {
    static const char bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    for (size_t n = 0; n < sizeof(bytes); n++) {
        struct tx_field field = {
            .name = {bytes, n}, .type = TX_VALUE_STR, .text = {bytes, sizeof(bytes) - 1 - n}};
        struct tx_record record = bare_record(), ret;
        struct tx_wire_records records;
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));

        record.fields = &field;
        record.n_fields = 1;
        tx_wire_records_begin(&b, secret);
        tx_wire_records_add(&b, &record);
        ck_assert_int_eq(tx_wire_records_end(&b, 1), 0);
        ck_assert_int_eq(tx_wire_records_open(memory, b.len, &records), 0);
        ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &ret), 0);
        ck_assert(tx_text_equal(ret.fields[0].name, field.name));
        ck_assert(tx_text_equal(ret.fields[0].text, field.text));
    }
}
END_TEST

START_TEST(what_does_not_fit_its_length_is_not_written) {
    struct tx_field field = {.name = {"x", 65536}, .type = TX_VALUE_NULL};
    struct tx_record record = bare_record();
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    record.fields = &field;
    record.n_fields = 1;
    tx_wire_records_add(&b, &record);
    ck_assert(b.full);
    b = tx_buf_of(memory, sizeof(memory));
    field = (struct tx_field){.name = {"x", 1}, .type = TX_VALUE_N};
    tx_wire_records_add(&b, &record);
    ck_assert(b.full);
    b = tx_buf_of(memory, sizeof(memory));
    field.type = TX_VALUE_NULL;
    tx_wire_records_add(&b, &record);
    ck_assert(!b.full);
}
END_TEST

START_TEST(every_truncation_is_refused) {
    size_t n = render_two();
    for (size_t cut = 0; cut < n; cut++) {
        ck_assert_int_eq(read_copy(memory, cut), -EBADMSG);
        if (cut < 8)
            continue;
        put_number(memory + 4, 4, cut); /* also when the length agrees */
        ck_assert_int_eq(read_copy(memory, cut), -EBADMSG);
        put_number(memory + 4, 4, n);
    }
    ck_assert_int_eq(read_copy(memory, n), TX_WIRE_E_END);
    ck_assert_int_eq(read_copy(memory, n + 1), -EBADMSG);
}
END_TEST

START_TEST(every_flipped_bit_is_refused_or_means_something_valid) {
    size_t n = render_two(), refused = 0;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int r = read_copy(memory, n);
        ck_assert(r == TX_WIRE_E_END || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -E2BIG);
        refused += r != TX_WIRE_E_END;
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(refused, 100);
    ck_assert_int_eq(read_copy(memory, n), TX_WIRE_E_END);
}
END_TEST

START_TEST(a_lying_length_reads_nothing_of_the_neighbour) {
    size_t n = render_two(), at;
    static const size_t widths[] = {1, 2, 4};
    for (size_t w = 0; w < TX_COUNT_OF(widths); w++) {
        for (at = TX_WIRE_HEADER_BYTES; at + widths[w] <= n; at++) {
            uint8_t kept[4];
            memcpy(kept, memory + at, widths[w]);
            memset(memory + at, 0xff, widths[w]);
            int r = read_copy(memory, n);
            ck_assert(r == TX_WIRE_E_END || r == -EBADMSG || r == -E2BIG);
            memcpy(memory + at, kept, widths[w]);
        }
    }
}
END_TEST

START_TEST(a_count_that_is_wrong_is_refused) {
    size_t n = render_two(), count;
    static const uint16_t wrong[] = {0, 1, 3, TX_LIMIT_BATCH_RECORDS + 1, 0xffff};
    for (size_t i = 0; i < TX_COUNT_OF(wrong); i++) {
        put_number(memory + TX_WIRE_RECORDS_BYTES - 2, 2, wrong[i]);
        ck_assert_int_eq(read_all(memory, n, &count), -EBADMSG);
    }
}
END_TEST

START_TEST(another_version_is_named_as_such) {
    size_t n = render_two(), count;
    memory[2] = 2;
    ck_assert_int_eq(read_all(memory, n, &count), -EPROTONOSUPPORT);
}
END_TEST

START_TEST(too_many_fields_lose_one_record_and_not_the_next) {
    static struct tx_field many[TX_LIMIT_FIELDS + 1];
    struct tx_wire_records records;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_record record = bare_record(), next = full_record();

    for (size_t i = 0; i < TX_COUNT_OF(many); i++)
        many[i] = (struct tx_field){.name = TX_TEXT("f"), .type = TX_VALUE_NULL};
    record.fields = many;
    record.n_fields = TX_COUNT_OF(many);
    tx_wire_records_begin(&b, secret);
    tx_wire_records_add(&b, &record);
    tx_wire_records_add(&b, &next);
    record.n_fields--;
    tx_wire_records_add(&b, &record);
    ck_assert_int_eq(tx_wire_records_end(&b, 3), 0);

    ck_assert_int_eq(tx_wire_records_open(memory, b.len, &records), 0);
    ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &record), -E2BIG);
    ck_assert_uint_eq(record.n, 8);
    ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &record), 0);
    ck_assert_uint_eq(record.n, 7);
    ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &record), 0);
    ck_assert_uint_eq(record.n_fields, TX_LIMIT_FIELDS);
    ck_assert_int_eq(tx_wire_records_next(&records, decoded_fields, &record), TX_WIRE_E_END);
}
END_TEST

START_TEST(more_than_a_datagram_holds_is_refused_when_written) {
    static char text[TX_LIMIT_DATAGRAM_BYTES];
    static uint8_t large[2 * TX_LIMIT_DATAGRAM_BYTES];
    struct tx_field field = {
        .name = TX_TEXT("f"), .type = TX_VALUE_STR, .text = {.p = text, .n = sizeof(text)}};
    struct tx_record record = bare_record();
    struct tx_buf b = tx_buf_of(large, sizeof(large));

    record.fields = &field;
    record.n_fields = 1;
    tx_wire_records_begin(&b, secret);
    tx_wire_records_add(&b, &record);
    ck_assert_int_eq(tx_wire_records_end(&b, 1), -EMSGSIZE);
}
END_TEST

static const struct tx_wire_reply replies[] = {
    {.type = TX_WIRE_WELCOME, .max_bytes = TX_LIMIT_DATAGRAM_BYTES},
    {.type = TX_WIRE_ACK, .n = UINT64_MAX},
    {.type = TX_WIRE_RECEIPT, .n = 3, .seq = 4, .leaf = {5, 6}},
    {.type = TX_WIRE_REJECT, .n = 9, .error = EINVAL, .reason = TX_TEXT("field name")},
};

START_TEST(replies_are_read_as_they_were_written) {
    for (size_t i = 0; i < TX_COUNT_OF(replies); i++) {
        uint8_t bytes[TX_WIRE_REPLY_BYTES];
        struct tx_buf b = tx_buf_of(bytes, sizeof(bytes));
        struct tx_wire_reply reply;
        tx_wire_reply_render(&replies[i], &b);
        ck_assert(!b.full);
        ck_assert_int_eq(tx_wire_reply_parse(bytes, b.len, &reply), 0);
        ck_assert_int_eq(reply.type, replies[i].type);
        ck_assert_uint_eq(reply.n, replies[i].n);
        ck_assert_uint_eq(reply.seq, replies[i].seq);
        ck_assert_mem_eq(reply.leaf, replies[i].leaf, sizeof(reply.leaf));
        ck_assert_uint_eq(reply.error, replies[i].error);
        ck_assert_uint_eq(reply.max_bytes, replies[i].max_bytes);
        assert_text(reply.reason, replies[i].reason);
        for (size_t cut = 0; cut < b.len; cut++) {
            put_number(bytes + 4, 4, cut);
            ck_assert_int_eq(read_copy(bytes, cut), -EBADMSG);
        }
    }
}
END_TEST

START_TEST(a_type_belongs_to_one_direction) {
    uint8_t bytes[TX_WIRE_REPLY_BYTES];
    struct tx_buf b = tx_buf_of(bytes, sizeof(bytes));
    struct tx_wire_reply reply;
    size_t n = render_two(), count;

    ck_assert_int_eq(tx_wire_reply_parse(memory, n, &reply), -EBADMSG);
    tx_wire_reply_render(&replies[1], &b);
    ck_assert_int_eq(read_all(bytes, b.len, &count), -EBADMSG);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("wire-wire");
    TCase *tests = tcase_create("datagrams");
    tcase_add_test(tests, what_is_written_is_read_again);
    tcase_add_test(tests, the_bytes_are_those_of_the_documentation);
    tcase_add_test(tests, the_size_is_known_before_writing);
    tcase_add_test(tests, texts_of_all_short_lengths_come_back_as_they_were);
    tcase_add_test(tests, what_does_not_fit_its_length_is_not_written);
    tcase_add_test(tests, every_truncation_is_refused);
    tcase_add_test(tests, every_flipped_bit_is_refused_or_means_something_valid);
    tcase_add_test(tests, a_lying_length_reads_nothing_of_the_neighbour);
    tcase_add_test(tests, a_count_that_is_wrong_is_refused);
    tcase_add_test(tests, another_version_is_named_as_such);
    tcase_add_test(tests, too_many_fields_lose_one_record_and_not_the_next);
    tcase_add_test(tests, more_than_a_datagram_holds_is_refused_when_written);
    tcase_add_test(tests, replies_are_read_as_they_were_written);
    tcase_add_test(tests, a_type_belongs_to_one_direction);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
