/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/mask/policy/pointer.h"

/* `path` is parts with '/' between them. */
static bool fits(const char *pattern, const char *path) {
    _cleanup_(tx_pointer_freep) struct tx_pointer *pointer = NULL;
    struct tx_name part;
    ck_assert_int_eq(tx_pointer_new(pattern, true, &pointer), 0);
    uint64_t places = tx_pointer_begin(pointer);
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        ck_assert(tx_name_fold((struct tx_text){p, n}, &part));
        places = tx_pointer_step(pointer, places, &part);
        p += n + (p[n] == '/');
    }
    return tx_pointer_fits(pointer, places);
}

START_TEST(a_pointer_is_walked_part_by_part) {
    static const struct {
        const char *pattern, *path;
        bool fits;
    } cases[] = {
        {"/a", "a", true},
        {"/a", "a/b", false},
        {"/a/b", "a", false},
        {"/cardNumber", "card_number", true},
        {"/a/*/c", "a/b/c", true},
        {"/a/*/c", "a/c", false},
        {"/a/*/c", "a/b/b/c", false},
        {"/a/b*/c", "a/bb/c", true},
        {"/a/b*/c", "a/cb/c", false},
        {"/**/c", "c", true},
        {"/**/c", "a/b/c", true},
        {"/**/c", "c/a", false},
        {"/a/**/b/**/c", "a/x/b/y/b/c", true},
        {"/a/**/b/**/c", "a/x/c", false},
        {"/a/**", "a", false}, /* all that is below */
        {"/a/**", "a/b", true},
        {"/a/**", "a/b/c/d", true},
        {"/a/**", "b/a", false},
        {"/**", "a", true},
        {"/a/1", "a/1", true},
        {"/a~1b/m~0n", "a", false},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        ck_assert_msg(fits(cases[i].pattern, cases[i].path) == cases[i].fits, "%s and %s",
                      cases[i].pattern, cases[i].path);
}
END_TEST

START_TEST(a_malformed_pointer_is_refused) {
    static char many[200], deep[200];
    static const char *const bad[] = {"", "a", "/", "/a//b", "/a/", "/a~2", "/a~", many};
    struct tx_pointer *pointer = NULL;
    for (size_t i = 0; i <= TX_POINTER_PARTS_MAX; i++)
        strcat(many, "/a");
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(tx_pointer_new(bad[i], true, &pointer) == -EINVAL, "%s", bad[i]);
    ck_assert_ptr_null(pointer);
    memcpy(deep, many, strlen(many) - 2);
    ck_assert(fits(deep, deep + 1));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: places in JSON");
    TCase *tests = tcase_create("pointer");
    tcase_add_test(tests, a_pointer_is_walked_part_by_part);
    tcase_add_test(tests, a_malformed_pointer_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
