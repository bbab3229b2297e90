/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/record/receipt.h"

/* Its check sum is Python's zlib.crc32 of what stands before " crc=". */
#define KNOWN                                                                                      \
    "tracex-receipt/1 seq=7 leaf=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
    " id=01931f6e-1234-7abc-8def-0123456789ab crc=72c84f1e"

static struct tx_receipt_line known(void) {
    struct tx_receipt_line receipt = {.seq = 7,
                                      .id = {0x01, 0x93, 0x1f, 0x6e, 0x12, 0x34, 0x7a, 0xbc, 0x8d,
                                             0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab}};
    for (size_t i = 0; i < sizeof(receipt.leaf); i++)
        receipt.leaf[i] = (uint8_t)i;
    return receipt;
}

static int parse(struct tx_text text, struct tx_receipt_line *ret, size_t *ret_at) {
    const char *expected = NULL;
    int r = tx_receipt_line_parse(text, ret, ret_at, &expected);
    ck_assert_int_eq(r < 0, expected != NULL);
    return r;
}

static void assert_fails_at(const char *text, size_t place) {
    struct tx_receipt_line receipt;
    size_t at = 0;
    ck_assert_int_eq(parse((struct tx_text){text, strlen(text)}, &receipt, &at), -EBADMSG);
    ck_assert_uint_eq(at, place);
}

START_TEST(a_receipt_is_written_as_the_format_says_and_read_back) {
    struct tx_receipt_line receipt = known(), back;
    char memory[TX_RECEIPT_LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    size_t at;

    tx_receipt_line_render(&receipt, &b);
    ck_assert(!b.full);
    ck_assert_uint_eq(b.len, strlen(KNOWN));
    ck_assert_mem_eq(memory, KNOWN, b.len);
    ck_assert_int_eq(parse((struct tx_text){memory, b.len}, &back, &at), 0);
    ck_assert_uint_eq(back.seq, 7);
    ck_assert_mem_eq(back.leaf, receipt.leaf, sizeof(back.leaf));
    ck_assert_mem_eq(back.id, receipt.id, sizeof(back.id));
}
END_TEST

START_TEST(the_longest_has_room_and_no_byte_more) {
    struct tx_receipt_line receipt = known();
    char memory[TX_RECEIPT_LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    receipt.seq = UINT64_MAX;
    tx_receipt_line_render(&receipt, &b);
    ck_assert(!b.full);
    ck_assert_uint_eq(b.len, TX_RECEIPT_LINE_BYTES);
    b = tx_buf_of(memory, sizeof(memory) - 1);
    tx_receipt_line_render(&receipt, &b);
    ck_assert(b.full);
}
END_TEST

START_TEST(every_changed_character_is_noticed) {
    struct tx_receipt_line receipt;
    char text[] = KNOWN;
    size_t at;

    for (size_t i = 0; i < strlen(KNOWN); i++)
        for (int c = 0; c < 256; c++) {
            if ((char)c == KNOWN[i])
                continue;
            text[i] = (char)c;
            ck_assert_int_eq(parse((struct tx_text){text, strlen(KNOWN)}, &receipt, &at), -EBADMSG);
            ck_assert_uint_le(at, strlen(KNOWN));
            text[i] = KNOWN[i];
        }
    ck_assert_int_eq(parse((struct tx_text){text, strlen(KNOWN)}, &receipt, &at), 0);
}
END_TEST

START_TEST(every_cut_is_noticed_and_anything_behind_it) {
    struct tx_receipt_line receipt;
    size_t at;

    for (size_t n = 0; n < strlen(KNOWN); n++)
        ck_assert_int_eq(parse((struct tx_text){KNOWN, n}, &receipt, &at), -EBADMSG);
    assert_fails_at(KNOWN " ", strlen(KNOWN));
    assert_fails_at(KNOWN KNOWN, strlen(KNOWN));
}
END_TEST

START_TEST(the_place_of_a_mistake_is_told) {
    assert_fails_at("", 0);
    assert_fails_at("hello", 0);
    assert_fails_at("tracex-receipt/2 seq=7", 15);
    assert_fails_at("tracex-receipt/1 seq=07 leaf=", 21);
    assert_fails_at("tracex-receipt/1 seq=-1", 21);
    assert_fails_at("tracex-receipt/1 seq=18446744073709551616 ", 21);
    assert_fails_at("tracex-receipt/1 seq=7 leaf=00g", 30);
    assert_fails_at("tracex-receipt/1 seq=7  leaf=", 23);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("record-receipt");
    TCase *tests = tcase_create("receipts as text");
    tcase_add_test(tests, a_receipt_is_written_as_the_format_says_and_read_back);
    tcase_add_test(tests, the_longest_has_room_and_no_byte_more);
    tcase_add_test(tests, every_changed_character_is_noticed);
    tcase_add_test(tests, every_cut_is_noticed_and_anything_behind_it);
    tcase_add_test(tests, the_place_of_a_mistake_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
