/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "tests/client/client-check.h"

START_TEST(a_receipt_becomes_a_line_of_text_and_is_read_back) {
    struct tx_receipt receipt = {.seq = 0}, back;
    char text[TX_RECEIPT_TEXT_SIZE];
    size_t at = 0;

    ck_assert_int_eq(tx_audit_log_durable("x", TX_SUCCESS, &receipt), 0);
    ck_assert_int_eq(tx_receipt_render(&receipt, text, sizeof(text)), 0);
    ck_assert_str_eq(strchr(text, '\n'), "\n");
    ck_assert_int_eq(tx_receipt_parse(text, &back, &at), 0);
    ck_assert_uint_eq(back.seq, receipt.seq);
    ck_assert_mem_eq(back.leaf, receipt.leaf, sizeof(back.leaf));
    ck_assert_str_eq(back.id, receipt.id);
    *strchr(text, '\n') = '\0';
    ck_assert_int_eq(tx_receipt_parse(text, &back, NULL), 0);
    ck_assert_int_eq(tx_receipt_render(&receipt, text, strlen(text) + 2), 0);
    ck_assert_int_eq(tx_receipt_render(&receipt, text, strlen(text)), -ENOSPC);

    text[24] ^= 1; /* the record's number */
    ck_assert_int_eq(tx_receipt_parse(text, &back, &at), -EBADMSG);
    ck_assert_uint_gt(at, 100);
    ck_assert_int_eq(tx_receipt_parse("", &back, &at), -EBADMSG);
    ck_assert_uint_eq(at, 0);
    receipt.id[0] = 'x';
    ck_assert_int_eq(tx_receipt_render(&receipt, text, sizeof(text)), -EINVAL);
    memset(receipt.id, 'a', sizeof(receipt.id)); /* no NUL */
    ck_assert_int_eq(tx_receipt_render(&receipt, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(tx_receipt_render(NULL, text, sizeof(text)), -EINVAL);
    ck_assert_int_eq(tx_receipt_parse(NULL, &back, NULL), -EINVAL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-receipt");
    TCase *tests = tcase_create("receipt");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_receipt_becomes_a_line_of_text_and_is_read_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
