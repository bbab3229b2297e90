/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auditd/supervisor/options.h"
#include "auditd/supervisor/status.h"

START_TEST(only_one_whole_object_stands_within_a_status) {
    static const char *const good[] = {"{}", "{\"a\":[1,{\"b\":\"}]\\\"\"}]}"};
    static const char *const bad[] = {"",       "{",          "[]",         "{}}", "{},\"x\":1",
                                      "{\"a\"", "{\"a\":[}]", "{\"\x01\"}", "{]",  "{\"\xff\"}"};
    for (size_t i = 0; i < TX_COUNT_OF(good); i++)
        ck_assert_msg(tx_status_is_object((struct tx_text){good[i], strlen(good[i])}), "%s",
                      good[i]);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(!tx_status_is_object((struct tx_text){bad[i], strlen(bad[i])}), "%s", bad[i]);
    char deep[201];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    deep[0] = '{';
    deep[199] = '}';
    ck_assert(!tx_status_is_object((struct tx_text){deep, 200}));
}
END_TEST

static int read_options(int argc, char **argv, struct tx_options *ret) {
    int saved = dup(STDERR_FILENO);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, STDERR_FILENO);
    int r = tx_options_read(argc, argv, ret);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(null);
    return r;
}

#define A(text) ((char *)(uintptr_t)(text))

START_TEST(the_command_line_names_a_task_a_file_and_nothing_else) {
    struct tx_options options;
    ck_assert_int_eq(read_options(1, (char *[]){A("x"), NULL}, &options), 0);
    ck_assert_str_eq(options.config, "/etc/tracex.yaml");
    ck_assert_int_eq((int)options.task, TX_TASK_RUN);
    ck_assert_int_eq(read_options(4, (char *[]){A("x"), A("-t"), A("-c"), A("f"), NULL}, &options),
                     0);
    ck_assert_int_eq((int)options.task, TX_TASK_CHECK);
    ck_assert_str_eq(options.config, "f");
    ck_assert_int_eq(read_options(2, (char *[]){A("x"), A("--new-log"), NULL}, &options), 0);
    ck_assert(options.new_log);
    ck_assert_int_eq(read_options(2, (char *[]){A("x"), A("--frobnicate"), NULL}, &options),
                     -EINVAL);
    ck_assert_int_eq(read_options(2, (char *[]){A("x"), A("more"), NULL}, &options), -EINVAL);
    ck_assert_int_eq(read_options(3, (char *[]){A("x"), A("-t"), A("--new-log"), NULL}, &options),
                     -EINVAL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("supervisor: command line and status");
    TCase *tests = tcase_create("forms");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, only_one_whole_object_stands_within_a_status);
    tcase_add_test(tests, the_command_line_names_a_task_a_file_and_nothing_else);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
