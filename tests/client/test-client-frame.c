/* SPDX-License-Identifier: MIT */
/* A trace event as a frame: the same bytes as of the record that the audit lane would make of it,
 * and the same answers to what is wrong. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaudit-client/event.h"
#include "libaudit-client/trace/frame.h"
#include "libtx/wire/wire.h"

static uint8_t frame[TX_LIMIT_RING_FRAME], expected[TX_LIMIT_RING_FRAME + 64];
static struct tx_field fields[TX_LIMIT_FIELDS];
static struct tx_text names[TX_LIMIT_FIELDS];
static const uint8_t trace_id[16] = "0123456789abcdef", span_id[8] = "span-id!",
                     parent_id[8] = "parent-i";

static struct tx_event event_of(const struct tx_kv *kvs, size_t n) {
    struct tx_event event = TX_EVENT_INIT;
    event.name = "some.event";
    event.fields = kvs;
    event.n_fields = n;
    return event;
}

/* What is before the id, and behind it. */
#define BEFORE_ID (8 + 4 + 8)

static size_t expect(const struct tx_record *record) {
    struct tx_buf b = tx_buf_of(expected, sizeof(expected));

    tx_wire_records_add(&b, record);
    ck_assert(!b.full);
    memmove(expected, expected + 4, BEFORE_ID);
    memmove(expected + BEFORE_ID, expected + 4 + BEFORE_ID + sizeof(record->id),
            b.len - 4 - BEFORE_ID - sizeof(record->id));
    return b.len - 4 - sizeof(record->id);
}

/* Both ways. */
static void check(const struct tx_event *event) {
    struct tx_record record, taken;
    size_t n = 0;

    int r = tx_event_read(event, fields, names, &record);
    if (r == 0 && tx_wire_fields_bytes(&record) > TX_LIMIT_FIELDS_BYTES)
        r = -EMSGSIZE;
    ck_assert_int_eq(tx_frame_write(event, 77, 1234567890, frame, sizeof(frame), &n), r);
    if (r < 0)
        return;
    record.n = 77;
    record.time = 1234567890;
    ck_assert_uint_eq(n, expect(&record));
    ck_assert_mem_eq(frame, expected, n);
    ck_assert_int_eq(tx_wire_frame_take(frame, n, fields, &taken), 0);
    ck_assert_uint_eq(taken.n, 77);
}

START_TEST(a_frame_is_the_record_without_its_id) {
    const struct tx_kv kvs[] = {
        TX_STR("text", "some text"),
        TX_BYTES("bytes", "\0\1\2", 3),
        TX_I64("i64", -5),
        TX_U64("u64", UINT64_MAX),
        TX_F64("f64", 1.5),
        TX_BOOL("yes", true),
        TX_BOOL("no", false),
        TX_JSON("json", "{\"a\":1}"),
        TX_STR("null", NULL),
        TX_BYTES("nothing", NULL, 0),
        TX_PII(TX_STR("who", "alice")),
        TX_SECRET(TX_I64("pin", 1)),
    };
    struct tx_event event = event_of(kvs, 12);

    check(&event);
    event.message = "what happened";
    event.correlation_id = "a-correlation-id";
    event.trace_id = trace_id;
    event.span_id = span_id;
    check(&event);
    event.parent_span_id = parent_id;
    event.severity = TX_SEV_ERROR;
    event.outcome = TX_DENIED;
    check(&event);
    event.fields = NULL;
    event.n_fields = 0;
    check(&event);
}
END_TEST

START_TEST(what_is_wrong_is_wrong_in_both_lanes) {
    static char long_name[200], long_text[300];
    const struct tx_kv bad[] = {
        TX_I64("9", 1),        TX_I64("", 1),   TX_I64("a b", 1),
        TX_I64("\xc3\xa9", 1), TX_I64(NULL, 1), TX_I64(long_name, 1),
        TX_STRN("x", NULL, 5), TX_I64("-", 1),  TX_I64("a/b", 1),
    };
    const char *const events[] = {"",        "A",  "a b", "tracex.lost", "tracex.",
                                  long_name, NULL, "a/b", "tracex"};
    struct tx_kv kv = TX_I64("x", 1);

    memset(long_name, 'a', 129);
    memset(long_text, 'c', 257);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        struct tx_event event = event_of(&bad[i], 1);
        size_t n;
        ck_assert_int_eq(tx_frame_write(&event, 0, 1, frame, sizeof(frame), &n), -EINVAL);
        check(&event);
    }
    for (size_t i = 0; i < TX_COUNT_OF(events); i++) {
        struct tx_event event = event_of(&kv, 1);
        event.name = events[i];
        check(&event);
    }
    struct tx_event event = event_of(&kv, 1);
    event.correlation_id = long_text;
    check(&event);
    event = event_of(&kv, 1);
    event.trace_id = trace_id; /* without a span */
    check(&event);
    event = event_of(NULL, 1);
    check(&event);
    event = event_of(&kv, 1);
    event.time_ns = -1;
    check(&event);
    kv.label = (enum tx_kv_label)9;
    event = event_of(&kv, 1);
    check(&event);
    kv = TX_I64("x", 1);
    kv.type = (enum tx_kv_type)99;
    check(&event);
}
END_TEST

/* Also among so many that each name was perhaps seen. */
START_TEST(a_name_that_stands_twice_is_found) {
    static struct tx_kv many[TX_LIMIT_FIELDS + 1];
    static char texts[TX_LIMIT_FIELDS + 1][16];

    for (size_t i = 0; i < TX_COUNT_OF(many); i++) {
        snprintf(texts[i], sizeof(texts[i]), "name%zu", i);
        many[i] = TX_I64(texts[i], (int64_t)i);
    }
    struct tx_event event = event_of(many, TX_LIMIT_FIELDS);
    check(&event);
    event.n_fields = TX_LIMIT_FIELDS + 1;
    check(&event); /* -E2BIG */
    event.n_fields = TX_LIMIT_FIELDS;
    for (size_t i = 1; i < TX_LIMIT_FIELDS; i += 31) {
        size_t n;
        many[i].name = "name0";
        ck_assert_int_eq(tx_frame_write(&event, 0, 1, frame, sizeof(frame), &n), -EEXIST);
        many[i].name = texts[i];
    }
}
END_TEST

START_TEST(what_does_not_fit_is_not_written_beyond_the_end) {
    static char text[3000];
    const struct tx_kv kvs[] = {TX_STRN("a", text, 700), TX_STRN("b", text, 1000), TX_I64("c", 1)};
    struct tx_event event = event_of(kvs, 3);
    size_t n, whole;

    ck_assert_int_eq(tx_frame_write(&event, 0, 1, frame, sizeof(frame), &whole), 0);
    for (size_t room = 0; room < 4000; room++) {
        frame[room] = 0xa5;
        int r = tx_frame_write(&event, 0, 1, frame, room, &n);
        ck_assert(r == TX_FRAME_E_ROOM || (r == 0 && n == whole && n <= room));
        ck_assert_uint_eq(frame[room], 0xa5);
    }
}
END_TEST

START_TEST(the_largest_event_of_the_audit_lane_fits) {
    static char text[TX_LIMIT_FIELDS_BYTES + 1];

    memset(text, 't', sizeof(text));
    for (size_t i = 0; i < 3; i++) {
        const struct tx_kv kv =
            TX_STRN("a", text, TX_LIMIT_FIELDS_BYTES - 10 + i); /* 9 beside it */
        struct tx_event event = event_of(&kv, 1);
        check(&event);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-frame");
    TCase *tests = tcase_create("frame");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_frame_is_the_record_without_its_id);
    tcase_add_test(tests, what_is_wrong_is_wrong_in_both_lanes);
    tcase_add_test(tests, a_name_that_stands_twice_is_found);
    tcase_add_test(tests, what_does_not_fit_is_not_written_beyond_the_end);
    tcase_add_test(tests, the_largest_event_of_the_audit_lane_fits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
