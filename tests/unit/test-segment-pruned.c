/* SPDX-License-Identifier: MIT */
#include "libtx/segment/pruned.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char line_text[] =
    "{\"seq\":900,\"by\":\"ledger\",\"time\":\"2026-11-23T17:00:15.000000001Z\","
    "\"event\":\"tracex.pruned\",\"data\":{\"first\":10,\"last\":499,\"segments\":2,"
    "\"bytes\":81920,\"root\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\",\"why\":\"size\"}}";

static struct tx_text line(void) {
    return TX_TEXT(line_text);
}

START_TEST(a_record_is_read_as_it_is_written) {
    char memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_pruned pruned;

    ck_assert_int_eq(tx_pruned_parse(line(), &pruned), 0);
    ck_assert_uint_eq(pruned.seq, 900);
    ck_assert_uint_eq(pruned.first, 10);
    ck_assert_uint_eq(pruned.end, 500);
    ck_assert_uint_eq(pruned.n_segments, 2);
    ck_assert_uint_eq(pruned.n_bytes, 81920);
    ck_assert_uint_eq(pruned.root.bytes[31], 1);
    ck_assert(tx_text_equal(pruned.why, TX_TEXT("size")));
    tx_pruned_render(&pruned, &b);
    ck_assert(!b.full);
    const char *data = strstr(line_text, "\"first\"");
    ck_assert_mem_eq(memory, data, b.len);
    ck_assert_str_eq(data + b.len, "}}");
}
END_TEST

START_TEST(no_other_spelling_is_taken) {
    const size_t root = (size_t)(strstr(line_text, "\"root\":\"") - line_text) + 8;
    for (size_t i = 0; i < line().n; i++) {
        char changed[sizeof(line_text)];
        struct tx_pruned pruned;
        memcpy(changed, line_text, sizeof(changed));
        for (int bit = 0; bit < 7; bit++) {
            changed[i] = (char)(line_text[i] ^ (1 << bit));
            int r = tx_pruned_parse((struct tx_text){changed, line().n}, &pruned);
            /* Another digit or letter of a number, time or root is another record of the kind. */
            if (r == 0)
                ck_assert_msg((line_text[i] >= '0' && line_text[i] <= '9') ||
                                  (i >= root && i < root + 43),
                              "byte %zu, bit %d: %s", i, bit, changed);
        }
        ck_assert_int_ne(tx_pruned_parse((struct tx_text){line_text, i}, &pruned), 0);
    }
}
END_TEST

START_TEST(a_record_tells_only_of_what_stands_before_it) {
    char text[512];
    struct tx_pruned pruned;
    snprintf(text, sizeof(text), "{\"seq\":499%s", line_text + 10);
    ck_assert_int_eq(tx_pruned_parse((struct tx_text){text, strlen(text)}, &pruned), -EBADMSG);
    snprintf(text, sizeof(text), "{\"seq\":500%s", line_text + 10);
    ck_assert_int_eq(tx_pruned_parse((struct tx_text){text, strlen(text)}, &pruned), 0);
}
END_TEST

START_TEST(others_records_are_none_of_it) {
    struct tx_pruned pruned;
    static const struct tx_text others[] = {
        {"", 0},
        TX_TEXT("{\"seq\":1,\"by\":\"ledger\",\"event\":\"tracex.epoch\"}"),
        TX_TEXT("{\"seq\":1,\"by\":\"ledger\",\"time\":\"2026-11-23T17:00:15.000000001Z\","
                "\"event\":\"tracex.disk\",\"data\":{}}"),
        TX_TEXT("{\"seq\":1,\"id\":\"a\",\"event\":\"tracex.pruned\"}"),
    };
    for (size_t i = 0; i < TX_COUNT_OF(others); i++)
        ck_assert_int_eq(tx_pruned_parse(others[i], &pruned), TX_PRUNED_E_OTHER);
    ck_assert(tx_line_is_own(others[1]) && tx_line_is_own(others[2]) && tx_line_is_own(line()));
    ck_assert(!tx_line_is_own(others[0]) && !tx_line_is_own(others[3]));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-pruned");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_record_is_read_as_it_is_written);
    tcase_add_test(tests, no_other_spelling_is_taken);
    tcase_add_test(tests, a_record_tells_only_of_what_stands_before_it);
    tcase_add_test(tests, others_records_are_none_of_it);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
