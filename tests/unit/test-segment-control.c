/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "libtx/segment/control.h"

#define LINE_BYTES 4096

static struct tx_hasher *hasher;
static char line_memory[LINE_BYTES], scratch_memory[LINE_BYTES];
static struct tx_buf scratch;

static void set_up(void) {
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    scratch = tx_buf_of(scratch_memory, sizeof(scratch_memory));
}

static void tear_down(void) {
    tx_hasher_free(hasher);
}

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

static struct tx_vkey vkey(const char *name, uint8_t type) {
    static const uint8_t public_key[TX_PUBLIC_KEY_BYTES] = {7};
    struct tx_vkey ret;
    ck_assert_int_eq(tx_vkey_make(hasher, text_of(name), type, public_key, &ret), 0);
    return ret;
}

static struct tx_control_header header_example(void) {
    struct tx_control_header header = {
        .origin = TX_TEXT("a\"\\é/audit"),
        .epoch = 3,
        .epoch_vkey = vkey("a\"\\é/audit/epoch/3", TX_KEY_COSIGNATURE),
        .n_checkpoints = 12,
        .previous = TX_TEXT("a\"\\é/audit\n5\nroot\n\n\u2014 x y\n"),
    };
    tx_range_init(&header.range, 0);
    for (uint8_t i = 0; i < 5; i++) {
        struct tx_digest leaf = {{i}};
        tx_range_append(&header.range, hasher, &leaf);
    }
    header.first = header.range.end;
    header.digest.bytes[31] = 9;
    return header;
}

static struct tx_text render_header(const struct tx_control_header *header) {
    struct tx_buf b = tx_buf_of(line_memory, sizeof(line_memory));
    tx_control_render_header(header, &b);
    ck_assert(!b.full);
    return (struct tx_text){line_memory, b.len};
}

START_TEST(a_header_is_read_as_it_was_written) {
    struct tx_control_header header = header_example(), back;
    struct tx_text line = render_header(&header);
    ck_assert_int_eq(tx_control_parse_header(hasher, line, &scratch, &back), 0);
    ck_assert(tx_text_equal(back.origin, header.origin));
    ck_assert(tx_text_equal(back.previous, header.previous));
    ck_assert(tx_vkey_equal(&back.epoch_vkey, &header.epoch_vkey));
    ck_assert_uint_eq(back.first, 5);
    ck_assert_uint_eq(back.range.n_nodes, 2);
    ck_assert_mem_eq(back.range.nodes, header.range.nodes, 2 * TX_HASH_BYTES);
    ck_assert_uint_eq(back.epoch, 3);
    ck_assert_uint_eq(back.n_checkpoints, 12);
    ck_assert_mem_eq(back.digest.bytes, header.digest.bytes, TX_HASH_BYTES);
}
END_TEST

START_TEST(the_first_header_has_no_previous_note) {
    struct tx_control_header header = {.origin = TX_TEXT("log"),
                                       .epoch_vkey = vkey("log/epoch/0", TX_KEY_COSIGNATURE)};
    struct tx_control_header back;
    tx_range_init(&header.range, 0);
    struct tx_text line = render_header(&header);
    ck_assert(tx_text_starts(
        line,
        TX_TEXT("{\"tracex\":\"segment\",\"version\":1,\"origin\":\"log\",\"hash\":\"sha256\","
                "\"first\":0,\"range\":[],\"epoch\":0,\"epoch_vkey\":\"log/epoch/0+")));
    ck_assert_int_eq(tx_control_parse_header(hasher, line, &scratch, &back), 0);
    ck_assert_ptr_null(back.previous.p);
}
END_TEST

/* A line in which any bit is another one is refused, or read as what renders to just that. */
START_TEST(every_flipped_bit_of_a_header_is_refused_or_another_header) {
    struct tx_control_header header = header_example(), back;
    struct tx_text line = render_header(&header);
    char changed[LINE_BYTES], anew_memory[LINE_BYTES];
    size_t n_refused = 0;
    for (size_t bit = 0; bit < 8 * line.n; bit++) {
        memcpy(changed, line.p, line.n);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << (bit % 8));
        scratch = tx_buf_of(scratch_memory, sizeof(scratch_memory));
        if (tx_control_parse_header(hasher, (struct tx_text){changed, line.n}, &scratch, &back) <
            0) {
            n_refused++;
            continue;
        }
        struct tx_buf anew = tx_buf_of(anew_memory, sizeof(anew_memory));
        tx_control_render_header(&back, &anew);
        ck_assert_uint_eq(anew.len, line.n);
        ck_assert_mem_eq(anew_memory, changed, line.n);
        ck_assert_mem_ne(anew_memory, line.p, line.n);
    }
    ck_assert_uint_gt(n_refused, 4 * line.n);
}
END_TEST

START_TEST(a_line_cut_anywhere_or_longer_is_refused) {
    struct tx_control_header header = header_example(), back;
    struct tx_text line = render_header(&header);
    for (size_t n = 0; n < line.n; n++) {
        char *copy = malloc(n + 1); /* so that a read past its end is seen */
        memcpy(copy, line.p, n);
        scratch = tx_buf_of(scratch_memory, sizeof(scratch_memory));
        ck_assert_int_lt(
            tx_control_parse_header(hasher, (struct tx_text){copy, n}, &scratch, &back), 0);
        free(copy);
    }
    line_memory[line.n] = ' ';
    scratch = tx_buf_of(scratch_memory, sizeof(scratch_memory));
    ck_assert_int_eq(
        tx_control_parse_header(hasher, (struct tx_text){line.p, line.n + 1}, &scratch, &back),
        -EBADMSG);
}
END_TEST

START_TEST(versions_and_hashes_that_we_do_not_know_are_named) {
    static const char *const lines[] = {
        "{\"tracex\":\"segment\",\"version\":2,\"origin\":\"log\"",
        "{\"tracex\":\"segment\",\"version\":1,\"origin\":\"log\",\"hash\":\"sha3-256\"",
    };
    struct tx_control_header back;
    for (size_t i = 0; i < TX_COUNT_OF(lines); i++)
        ck_assert_int_eq(tx_control_parse_header(hasher, text_of(lines[i]), &scratch, &back),
                         -ENOTSUP);
}
END_TEST

START_TEST(a_checkpoint_has_one_spelling) {
    static const char *const bad[] = {
        "{\"tracex\":\"checkpoint\",\"note\":\"a\\u000ab\"}", /* \n is shorter */
        "{\"tracex\":\"checkpoint\",\"note\":\"\\u001F\"}",   /* upper case */
        "{\"tracex\":\"checkpoint\",\"note\":\"\\/\"}",
        "{\"tracex\":\"checkpoint\",\"note\":\"\\u0041\"}",
        "{\"tracex\":\"checkpoint\",\"note\":\"a\nb\"}",
        "{\"tracex\":\"checkpoint\", \"note\":\"a\"}",
        "{\"tracex\":\"checkpoint\",\"note\":\"\xff\"}",
        "{\"tracex\":\"checkpoint\",\"note\":\"a\"",
        "{\"tracex\":\"checkpoint\",\"note\":\"a",
        "{\"tracex\":\"checkpoint\",\"note\":\"a\\",
        "{\"tracex\":\"checkpoint\",\"note\":\"a\\u00",
        "{\"tracex\":\"checkpoint\",\"note\":null}",
    };
    struct tx_control_checkpoint checkpoint;
    ck_assert_int_eq(tx_control_parse_checkpoint(
                         TX_TEXT("{\"tracex\":\"checkpoint\",\"note\":\"a\\nb\\u001f\\\"é\"}"),
                         &scratch, &checkpoint),
                     0);
    ck_assert(tx_text_equal(checkpoint.note, TX_TEXT("a\nb\x1f\"é")));
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(tx_control_parse_checkpoint(text_of(bad[i]), &scratch, &checkpoint) ==
                          -EBADMSG,
                      "%s", bad[i]);
}
END_TEST

START_TEST(a_small_scratch_is_no_bad_line) {
    char small[2];
    struct tx_buf b = tx_buf_of(small, sizeof(small));
    struct tx_control_checkpoint checkpoint;
    ck_assert_int_eq(tx_control_parse_checkpoint(
                         TX_TEXT("{\"tracex\":\"checkpoint\",\"note\":\"abc\"}"), &b, &checkpoint),
                     -ENOBUFS);
}
END_TEST

START_TEST(a_seal_is_read_as_it_was_written) {
    struct tx_control_seal seal;
    struct tx_text line = TX_TEXT("{\"tracex\":\"seal\",\"first\":7,\"size\":9,\"note\":\"n\\n\"}");
    ck_assert_int_eq(tx_control_parse_seal(line, &scratch, &seal), 0);
    ck_assert_uint_eq(seal.first, 7);
    ck_assert_uint_eq(seal.size, 9);
    struct tx_buf b = tx_buf_of(line_memory, sizeof(line_memory));
    tx_control_render_seal(&seal, &b);
    ck_assert(tx_text_equal((struct tx_text){line_memory, b.len}, line));
    ck_assert_int_eq(tx_control_parse_seal(
                         TX_TEXT("{\"tracex\":\"seal\",\"first\":07,\"size\":9,\"note\":\"\"}"),
                         &scratch, &seal),
                     -EBADMSG);
}
END_TEST

START_TEST(an_epoch_record_is_read_as_it_was_written) {
    struct tx_control_epoch epoch = {
        .seq = 41, .epoch = 2, .vkey = vkey("log/epoch/2", TX_KEY_COSIGNATURE), .n_checkpoints = 5};
    for (int with_break = 0; with_break < 2; with_break++) {
        struct tx_control_epoch back;
        struct tx_buf b = tx_buf_of(line_memory, sizeof(line_memory));
        epoch.broken = with_break ? TX_TEXT("key lost") : (struct tx_text){NULL, 0};
        tx_control_render_epoch(&epoch, &b);
        struct tx_text line = {line_memory, b.len};
        ck_assert(tx_line_is_epoch(line));
        ck_assert_int_eq(tx_line_kind(line), TX_LINE_RECORD);
        ck_assert_int_eq(tx_control_parse_epoch(hasher, line, &scratch, &back), 0);
        ck_assert_uint_eq(back.seq, 41);
        ck_assert(tx_vkey_equal(&back.vkey, &epoch.vkey));
        ck_assert(tx_text_equal(back.broken, epoch.broken));
    }
    ck_assert(!tx_line_is_epoch(
        TX_TEXT("{\"seq\":41,\"by\":\"ingest\",\"event\":\"tracex.epoch\",\"data\":{}}")));
    ck_assert(!tx_line_is_epoch(TX_TEXT("{\"seq\":")));
}
END_TEST

START_TEST(log_json_names_the_log_that_it_continues) {
    struct tx_control_log log = {.origin = TX_TEXT("log"),
                                 .identity = vkey("log", TX_KEY_ED25519),
                                 .epoch0 = vkey("log/epoch/0", TX_KEY_COSIGNATURE)};
    for (int continues = 0; continues < 2; continues++) {
        struct tx_control_log back;
        struct tx_buf b = tx_buf_of(line_memory, sizeof(line_memory));
        log.continues_origin = continues ? TX_TEXT("old") : (struct tx_text){NULL, 0};
        log.continues_checkpoint = continues ? TX_TEXT("old\n1\n") : (struct tx_text){NULL, 0};
        tx_control_render_log(&log, &b);
        ck_assert_int_eq(
            tx_control_parse_log(hasher, (struct tx_text){line_memory, b.len}, &scratch, &back), 0);
        ck_assert(tx_vkey_equal(&back.identity, &log.identity));
        ck_assert(tx_vkey_equal(&back.epoch0, &log.epoch0));
        ck_assert(tx_text_equal(back.continues_origin, log.continues_origin));
        ck_assert(tx_text_equal(back.continues_checkpoint, log.continues_checkpoint));
    }
}
END_TEST

START_TEST(kinds_are_told_by_the_first_bytes) {
    ck_assert_int_eq(tx_line_kind(TX_TEXT("{\"tracex\":\"segment\",")), TX_LINE_HEADER);
    ck_assert_int_eq(tx_line_kind(TX_TEXT("{\"tracex\":\"checkpoint\",")), TX_LINE_CHECKPOINT);
    ck_assert_int_eq(tx_line_kind(TX_TEXT("{\"tracex\":\"seal\",")), TX_LINE_SEAL);
    ck_assert_int_eq(tx_line_kind(TX_TEXT("{\"tracex\":1}")), TX_LINE_UNKNOWN_CONTROL);
    ck_assert_int_eq(tx_line_kind(TX_TEXT("{\"seq\":0,")), TX_LINE_RECORD);
    ck_assert_int_eq(tx_line_kind(TX_TEXT("")), TX_LINE_RECORD);
}
END_TEST

START_TEST(the_digest_chains_notes_in_order) {
    struct tx_digest ab = {{0}}, ba = {{0}}, expected;
    tx_control_digest_note(hasher, &ab, TX_TEXT("a"));
    tx_hash(hasher, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, "a", 1,
            NULL, 0, &expected);
    ck_assert_mem_eq(ab.bytes, expected.bytes, TX_HASH_BYTES);
    tx_control_digest_note(hasher, &ab, TX_TEXT("b"));
    tx_control_digest_note(hasher, &ba, TX_TEXT("b"));
    tx_control_digest_note(hasher, &ba, TX_TEXT("a"));
    ck_assert_mem_ne(ab.bytes, ba.bytes, TX_HASH_BYTES);
}
END_TEST

START_TEST(segment_names_have_twenty_digits) {
    static const char *const bad[] = {"",
                                      "0.jsonl",
                                      "00000000000000000000",
                                      "00000000000000000000.json",
                                      "00000000000000000000.jsonl.torn-1",
                                      "0000000000000000000x.jsonl",
                                      "99999999999999999999.jsonl",
                                      "000000000000000000000.jsonl"};
    char name[TX_SEGMENT_NAME_BYTES];
    uint64_t first;
    bool compressed;
    tx_segment_name(131072, ".jsonl.zst", name);
    ck_assert_str_eq(name, "00000000000000131072.jsonl.zst");
    ck_assert_int_eq(tx_segment_name_parse(name, &first, &compressed), 0);
    ck_assert_uint_eq(first, 131072);
    ck_assert(compressed);
    tx_segment_name(UINT64_MAX, ".jsonl", name);
    ck_assert_int_eq(tx_segment_name_parse(name, &first, &compressed), 0);
    ck_assert(first == UINT64_MAX && !compressed);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_int_eq(tx_segment_name_parse(bad[i], &first, &compressed), -EBADMSG);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-control");
    TCase *tests = tcase_create("control lines");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_header_is_read_as_it_was_written);
    tcase_add_test(tests, the_first_header_has_no_previous_note);
    tcase_add_test(tests, every_flipped_bit_of_a_header_is_refused_or_another_header);
    tcase_add_test(tests, a_line_cut_anywhere_or_longer_is_refused);
    tcase_add_test(tests, versions_and_hashes_that_we_do_not_know_are_named);
    tcase_add_test(tests, a_checkpoint_has_one_spelling);
    tcase_add_test(tests, a_small_scratch_is_no_bad_line);
    tcase_add_test(tests, a_seal_is_read_as_it_was_written);
    tcase_add_test(tests, an_epoch_record_is_read_as_it_was_written);
    tcase_add_test(tests, log_json_names_the_log_that_it_continues);
    tcase_add_test(tests, kinds_are_told_by_the_first_bytes);
    tcase_add_test(tests, the_digest_chains_notes_in_order);
    tcase_add_test(tests, segment_names_have_twenty_digits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
