/* SPDX-License-Identifier: MIT */
#include "libtx/detect/fold-name.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void check(const char *name, const char *expected) {
    char folded[100], again[100];
    size_t n = tx_fold_name((struct tx_text){name, strlen(name)}, folded);
    ck_assert_msg(n == strlen(expected) && memcmp(folded, expected, n) == 0, "%s: %.*s, not %s",
                  name, (int)n, folded, expected);
    ck_assert_uint_le(n, strlen(name));
    ck_assert_uint_eq(tx_fold_name((struct tx_text){folded, n}, again), n);
    ck_assert_mem_eq(folded, again, n);
}

START_TEST(a_name_is_what_it_is_read_as) {
    check("password", "password");
    check("", "");
    check("p\xd0\xb0sswor\xd4\x81", "password");          /* Cyrillic */
    check("\xce\x9f\xce\xa1", "OP");                      /* Greek */
    check("\xef\xbc\xb0\xef\xbc\xa1\xef\xbc\xae", "PAN"); /* full width */
    check("c\xe2\x80\x8b"
          "v\xc2\xad"
          "v",
          "cvv");                      /* nobody sees it */
    check("n\xc3\xbamero", "numero");  /* composed */
    check("nu\xcc\x81mero", "numero"); /* and not */
    check("\xc3\x89tat \xc5\x81\xc3\xb3"
          "d\xc5\xba",
          "Etat Lodz");
    check("Stra\xc3\x9f"
          "e \xc3\x86"
          "ble \xc5\x93uvre",
          "Strasse AEble oeuvre");
    check("\xe1\xbb\x87", "e");
    check("\xf0\x9d\x90\x80\xf0\x9d\x9a\xa3\xe2\x84\xaa\xe2\x93\x92", "AzKc"); /* styles */
    check("\xe2\x85\xbd\xe2\x85\xa4", "cV");                                   /* Roman numbers */
    check("pin\xd9\xa1", "pin1"); /* a digit of Arabic */
    check("a\xe2\x80\x94"
          "b\xc2\xa0"
          "c",
          "a-b c");
}
END_TEST

START_TEST(what_looks_like_no_letter_stays) {
    check("\xe5\x90\x8d\xe5\x89\x8d", "\xe5\x90\x8d\xe5\x89\x8d");
    check("\xd0\xb6\xd1\x84", "\xd0\xb6\xd1\x84");
    check("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
    check("a\xff\xc3", "a\xff\xc3"); /* no UTF-8 */
    check("\xe2\x84\x80", "\xe2\x84\x80");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect: names as they are read");
    TCase *tests = tcase_create("fold-name");
    tcase_add_test(tests, a_name_is_what_it_is_read_as);
    tcase_add_test(tests, what_looks_like_no_letter_stays);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
