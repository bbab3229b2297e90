/* SPDX-License-Identifier: MIT */
/* What a hijacked ingest can send, and what the ledger takes of it. */
#include <check.h>
#include <stdlib.h>

#include "auditd/ipc/bodies.h"

static uint8_t memory[4096];

static struct tx_buf render(const struct tx_bodies_frame *frame) {
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_bodies_render_header(frame, &b);
    tx_buf_put(&b, frame->payload.p, frame->payload.n);
    ck_assert(!b.full);
    return b;
}

START_TEST(a_frame_is_read_as_it_was_written) {
    struct tx_bodies_frame frame = {.type = TX_BODIES_BODY,
                                    .flags = TX_BODIES_FLAG_CLIENT | TX_BODIES_FLAG_RECEIPT,
                                    .client = {1, 2, 3, 4, 5, 6, 7, 8},
                                    .first = 41,
                                    .last = 42,
                                    .payload = TX_TEXT("\"id\":\"x\"}")};
    struct tx_buf b = render(&frame);
    struct tx_cursor c = tx_cursor_of(b.data, b.len);
    struct tx_bodies_frame back;
    size_t need;
    ck_assert_int_eq(tx_bodies_parse(&c, &back, &need), 0);
    ck_assert_uint_eq(c.n, 0);
    ck_assert_int_eq(back.type, frame.type);
    ck_assert_int_eq(back.flags, frame.flags);
    ck_assert_mem_eq(back.client, frame.client, 8);
    ck_assert_uint_eq(back.first, 41);
    ck_assert_uint_eq(back.last, 42);
    ck_assert(tx_text_equal(back.payload, frame.payload));
}
END_TEST

START_TEST(a_frame_that_is_not_whole_says_how_much_it_needs) {
    struct tx_bodies_frame frame = {.type = TX_BODIES_POLICY, .payload = TX_TEXT("text")};
    struct tx_buf b = render(&frame);
    for (size_t n = 0; n < b.len; n++) {
        struct tx_cursor c = tx_cursor_of(b.data, n);
        struct tx_bodies_frame back;
        size_t need = 0;
        ck_assert_int_eq(tx_bodies_parse(&c, &back, &need), TX_BODIES_E_MORE);
        ck_assert_uint_eq(need, n < TX_BODIES_HEADER_BYTES ? TX_BODIES_HEADER_BYTES : b.len);
        ck_assert_uint_eq(c.n, n);
    }
}
END_TEST

START_TEST(lying_headers_are_refused_before_their_payload_is_waited_for) {
    static const struct {
        struct tx_bodies_frame frame;
        uint32_t n_payload;
    } lies[] = {
        {{.type = (enum tx_bodies_type)0}, 0},
        {{.type = (enum tx_bodies_type)77}, 0},
        {{.type = TX_BODIES_BODY}, 0},
        {{.type = TX_BODIES_BODY}, TX_LIMIT_BODY_BYTES + 1},
        {{.type = TX_BODIES_BODY, .flags = TX_BODIES_FLAG_KNOWN}, 5},
        {{.type = TX_BODIES_BODY, .flags = TX_BODIES_FLAG_CLIENT, .first = 2, .last = 1}, 5},
        {{.type = TX_BODIES_POLICY}, TX_BODIES_PAYLOAD_BYTES + 1},
        {{.type = TX_BODIES_QUERY}, 1},
        {{.type = TX_BODIES_QUERY, .flags = TX_BODIES_FLAG_FORGOTTEN}, 0},
        {{.type = TX_BODIES_RECEIPT}, 31},
        {{.type = TX_BODIES_DURABLE}, UINT32_MAX},
    };
    for (size_t i = 0; i < TX_COUNT_OF(lies); i++) {
        struct tx_bodies_frame frame = lies[i].frame, back;
        struct tx_buf b = render(&frame);
        struct tx_buf length = tx_buf_of(memory, 4);
        size_t need;
        tx_buf_u32(&length, lies[i].n_payload);
        struct tx_cursor c = tx_cursor_of(b.data, b.len);
        ck_assert_int_eq(tx_bodies_parse(&c, &back, &need), -EBADMSG);
    }
}
END_TEST

START_TEST(frames_follow_each_other_and_the_largest_are_taken) {
    static uint8_t stream[2 * (TX_BODIES_HEADER_BYTES + TX_BODIES_PAYLOAD_BYTES)];
    static char text[TX_BODIES_PAYLOAD_BYTES];
    const struct tx_bodies_frame frames[] = {
        {.type = TX_BODIES_QUERY, .client = {9}},
        {.type = TX_BODIES_LAST, .flags = TX_BODIES_FLAG_FORGOTTEN, .client = {9}},
        {.type = TX_BODIES_BODY, .payload = {text, TX_LIMIT_BODY_BYTES}},
        {.type = TX_BODIES_POLICY, .payload = {text, TX_BODIES_PAYLOAD_BYTES}},
    };
    struct tx_buf b = tx_buf_of(stream, sizeof(stream));
    for (size_t i = 0; i < TX_COUNT_OF(frames); i++) {
        tx_bodies_render_header(&frames[i], &b);
        tx_buf_put(&b, frames[i].payload.p, frames[i].payload.n);
    }
    ck_assert(!b.full);
    struct tx_cursor c = tx_cursor_of(b.data, b.len);
    struct tx_bodies_frame back;
    size_t need;
    for (size_t i = 0; i < TX_COUNT_OF(frames); i++) {
        ck_assert_int_eq(tx_bodies_parse(&c, &back, &need), 0);
        ck_assert_int_eq(back.type, frames[i].type);
        ck_assert_uint_eq(back.payload.n, frames[i].payload.n);
    }
    ck_assert_uint_eq(c.n, 0);
    ck_assert_int_eq(tx_bodies_parse(&c, &back, &need), TX_BODIES_E_MORE);
}
END_TEST

START_TEST(a_body_of_the_greatest_length_is_valid_and_one_more_byte_is_not) {
    static char text[TX_LIMIT_BODY_BYTES + 1];
    memset(text, 'x', sizeof(text));
    memcpy(text, "\"id\":\"", 6);
    text[TX_LIMIT_BODY_BYTES - 1] = text[TX_LIMIT_BODY_BYTES] = '}';
    ck_assert(tx_bodies_body_valid((struct tx_text){text, TX_LIMIT_BODY_BYTES}));
    ck_assert(!tx_bodies_body_valid((struct tx_text){text, TX_LIMIT_BODY_BYTES + 1}));
    for (size_t at = 6; at < TX_LIMIT_BODY_BYTES - 1; at += 4093) {
        text[at] = 0x1f;
        ck_assert(!tx_bodies_body_valid((struct tx_text){text, TX_LIMIT_BODY_BYTES}));
        text[at] = ' ';
        ck_assert(tx_bodies_body_valid((struct tx_text){text, TX_LIMIT_BODY_BYTES}));
    }
}
END_TEST

START_TEST(only_bodies_of_records_are_valid) {
    static const char *const good[] = {"\"id\":\"01931f\",\"time\":\"x\"}",
                                       "\"by\":\"ingest\",\"event\":\"tracex.policy\"}",
                                       "\"id\":\"with \x7f and \xc3\xa9\"}"};
    static const char *const bad[] = {
        "",
        "}",
        "\"by\":\"ledger\",\"event\":\"tracex.epoch\",\"data\":{}}",
        "\"by\":\"ingest\"}",
        "\"tracex\":\"checkpoint\",\"note\":\"x\"}",
        "{\"tracex\":\"checkpoint\",\"note\":\"x\"}",
        " \"id\":\"x\"}",
        "\"id\":\"x\"",
        "\"id\":\"x\"}\n{\"tracex\":\"checkpoint\",\"note\":\"x\"}",
        "\"id\":\"x\ty\"}",
    };
    for (size_t i = 0; i < TX_COUNT_OF(good); i++)
        ck_assert(tx_bodies_body_valid((struct tx_text){good[i], strlen(good[i])}));
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(!tx_bodies_body_valid((struct tx_text){bad[i], strlen(bad[i])}), "%s",
                      bad[i]);
    ck_assert(!tx_bodies_body_valid((struct tx_text){"\"id\":\"\0\"}", 9}));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ipc-bodies");
    TCase *tests = tcase_create("bodies");
    tcase_add_test(tests, a_frame_is_read_as_it_was_written);
    tcase_add_test(tests, a_frame_that_is_not_whole_says_how_much_it_needs);
    tcase_add_test(tests, lying_headers_are_refused_before_their_payload_is_waited_for);
    tcase_add_test(tests, frames_follow_each_other_and_the_largest_are_taken);
    tcase_add_test(tests, only_bodies_of_records_are_valid);
    tcase_add_test(tests, a_body_of_the_greatest_length_is_valid_and_one_more_byte_is_not);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
