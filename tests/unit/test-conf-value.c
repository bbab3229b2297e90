/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "libtx/conf/value.h"

START_TEST(a_size_is_an_integer_with_a_unit) {
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0B", 0},
        {"512B", 512},
        {"1kB", 1000},
        {"64MiB", UINT64_C(64) << 20},
        {"16GiB", UINT64_C(16) << 30},
        {"18446744073709551615B", UINT64_MAX},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        uint64_t bytes;
        ck_assert_int_eq(tx_conf_value_size(cases[i].text, &bytes), 0);
        ck_assert_uint_eq(bytes, cases[i].bytes);
    }
}
END_TEST

START_TEST(what_is_no_size_is_refused) {
    static const char *const bad[] = {"",     "64",    "MiB",    "64 MiB", "64mib",
                                      "-1kB", "1.5GB", "064MiB", "1kB ",   "0x10B"};
    uint64_t bytes = 7;
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(tx_conf_value_size(bad[i], &bytes) == -EINVAL, "%s", bad[i]);
    ck_assert_int_eq(tx_conf_value_size("18446744073709551615kB", &bytes), -ERANGE);
    ck_assert_int_eq(tx_conf_value_size("18446744073709551616B", &bytes), -ERANGE);
    ck_assert_uint_eq(bytes, 7);
}
END_TEST

START_TEST(a_space_is_a_size_or_a_share) {
    static const char *const shown[] = {"64MiB", "5%", "100%", "1B"};
    uint64_t v;
    for (size_t i = 0; i < TX_COUNT_OF(shown); i++) {
        char memory[64];
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        ck_assert_int_eq(tx_conf_value_space(shown[i], &v), 0);
        tx_conf_value_put_space(&b, v);
        tx_buf_char(&b, '\0');
        ck_assert_str_eq(memory, shown[i]);
    }
    ck_assert_int_eq(tx_conf_value_space("101%", &v), -ERANGE);
    ck_assert_int_eq(tx_conf_value_space("9999999999GiB", &v), -ERANGE);
    ck_assert_int_eq(tx_conf_value_space("9000000000GiB", &v), -ERANGE); /* the mark's bit */
    ck_assert_int_eq(tx_conf_value_space("%", &v), -EINVAL);
    ck_assert_int_eq(tx_conf_value_space("", &v), -EINVAL);
    ck_assert_int_eq(tx_conf_value_space("-5%", &v), -EINVAL);
    ck_assert_int_eq(tx_conf_value_space("5 %", &v), -EINVAL);
    ck_assert_int_eq(tx_conf_value_space("5", &v), -EINVAL);
}
END_TEST

START_TEST(a_time_is_an_integer_with_a_unit) {
    int64_t ns;
    ck_assert_int_eq(tx_conf_value_time("5ms", &ns), 0);
    ck_assert_int_eq(ns, 5000000);
    ck_assert_int_eq(tx_conf_value_time("15min", &ns), 0);
    ck_assert_int_eq(ns, INT64_C(900000000000));
    ck_assert_int_eq(tx_conf_value_time("1d", &ns), 0);
    ck_assert_int_eq(ns, INT64_C(86400000000000));
    ck_assert_int_eq(tx_conf_value_time("15m", &ns), -EINVAL);
    ck_assert_int_eq(tx_conf_value_time("15", &ns), -EINVAL);
    ck_assert_int_eq(tx_conf_value_time("9223372036854775808ns", &ns), -ERANGE);
}
END_TEST

START_TEST(a_mode_is_three_or_four_octal_digits) {
    static const char *const bad[] = {"", "66", "0888", "1777", "00666", "0666 ", "rw-", "-066"};
    uint32_t mode;
    ck_assert_int_eq(tx_conf_value_mode("0660", &mode), 0);
    ck_assert_uint_eq(mode, 0660);
    ck_assert_int_eq(tx_conf_value_mode("777", &mode), 0);
    ck_assert_uint_eq(mode, 0777);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(tx_conf_value_mode(bad[i], &mode) == -EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(a_bool_is_one_of_two_words) {
    static const char *const bad[] = {"yes", "no", "on", "True", "1", ""};
    bool value = false;
    ck_assert_int_eq(tx_conf_value_bool("true", &value), 0);
    ck_assert(value);
    ck_assert_int_eq(tx_conf_value_bool("false", &value), 0);
    ck_assert(!value);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(tx_conf_value_bool(bad[i], &value) == -EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(what_is_written_is_read_back_the_same) {
    static const uint64_t numbers[] = {0,    1,       999,
                                       1000, 1024,    1536,
                                       4096, 1000000, UINT64_C(64) << 20,
                                       3600, 86400,   UINT64_C(86400000000000)};
    char memory[64];
    for (size_t i = 0; i < TX_COUNT_OF(numbers); i++) {
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        uint64_t bytes;
        int64_t ns;
        tx_conf_value_put_size(&b, numbers[i]);
        tx_buf_char(&b, '\0');
        ck_assert_int_eq(tx_conf_value_size(memory, &bytes), 0);
        ck_assert_uint_eq(bytes, numbers[i]);
        b = tx_buf_of(memory, sizeof(memory));
        tx_conf_value_put_time(&b, (int64_t)numbers[i]);
        tx_buf_char(&b, '\0');
        ck_assert_int_eq(tx_conf_value_time(memory, &ns), 0);
        ck_assert_int_eq(ns, (int64_t)numbers[i]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: values");
    TCase *tests = tcase_create("values");
    tcase_add_test(tests, a_size_is_an_integer_with_a_unit);
    tcase_add_test(tests, what_is_no_size_is_refused);
    tcase_add_test(tests, a_space_is_a_size_or_a_share);
    tcase_add_test(tests, a_time_is_an_integer_with_a_unit);
    tcase_add_test(tests, a_mode_is_three_or_four_octal_digits);
    tcase_add_test(tests, a_bool_is_one_of_two_words);
    tcase_add_test(tests, what_is_written_is_read_back_the_same);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
