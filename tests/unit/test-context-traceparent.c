/* SPDX-License-Identifier: MIT */
/* Cases of the W3C's own tests (github.com/w3c/trace-context, test/test.py, 2025), and the rules of
 * Trace Context level 2 that they leave out. */
#include <check.h>
#include <stdlib.h>

#include "libtx/context/traceparent.h"

#define TRACE "12345678901234567890123456789012"
#define SPAN "1234567890123456"

static int parse(const char *text, struct tx_traceparent *ret) {
    return tx_traceparent_parse((struct tx_text){.p = text, .n = strlen(text)}, ret);
}

static void assert_refused(const char *text, int why) {
    struct tx_traceparent parent = {.flags = 77};
    int r = parse(text, &parent);

    ck_assert_msg(r == why, "%s: %d, not %d", text, r, why);
    ck_assert_uint_eq(parent.flags, 77); /* untouched */
}

static void assert_is(const char *text, const char *as_written) {
    char memory[TX_TRACEPARENT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_traceparent parent;
    int r = parse(text, &parent);

    ck_assert_msg(r == 0, "%s: %d", text, r);
    tx_traceparent_render(&parent, &b);
    ck_assert(!b.full && b.len == sizeof(memory));
    ck_assert_mem_eq(memory, as_written, sizeof(memory));
}

START_TEST(one_is_read_and_written_back) {
    assert_is("00-" TRACE "-" SPAN "-01", "00-" TRACE "-" SPAN "-01");
    assert_is("00-" TRACE "-" SPAN "-00", "00-" TRACE "-" SPAN "-00");
    assert_is("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03",
              "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03");
}
END_TEST

START_TEST(the_random_flag_is_kept_and_flags_of_later_levels_are_not) {
    assert_is("00-" TRACE "-" SPAN "-02", "00-" TRACE "-" SPAN "-02");
    assert_is("00-" TRACE "-" SPAN "-ff", "00-" TRACE "-" SPAN "-03");
    assert_is("00-" TRACE "-" SPAN "-f4", "00-" TRACE "-" SPAN "-00");
}
END_TEST

START_TEST(white_space_around_it_is_passed_over) {
    static const char *const spaced[] = {" ", "\t", "\t ", "  \t \t"};
    for (size_t i = 0; i < TX_COUNT_OF(spaced); i++) {
        char text[100];
        strcpy(stpcpy(text, spaced[i]), "00-" TRACE "-" SPAN "-01");
        assert_is(text, "00-" TRACE "-" SPAN "-01");
        strcpy(stpcpy(text, "00-" TRACE "-" SPAN "-01"), spaced[i]);
        assert_is(text, "00-" TRACE "-" SPAN "-01");
    }
    assert_refused("00-" TRACE "-" SPAN "-01\n", TX_TRACEPARENT_E_LENGTH);
    assert_refused("00 -" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
}
END_TEST

START_TEST(a_higher_version_is_read_as_far_as_it_is_known) {
    assert_is("cc-" TRACE "-" SPAN "-01", "00-" TRACE "-" SPAN "-01");
    assert_is("cc-" TRACE "-" SPAN "-01-what-the-future-will-be-like", "00-" TRACE "-" SPAN "-01");
    assert_is("01-" TRACE "-" SPAN "-03-", "00-" TRACE "-" SPAN "-03");
    assert_refused("cc-" TRACE "-" SPAN "-01.what-the-future-will-be-like", TX_TRACEPARENT_E_FLAGS);
    assert_refused("cc-" TRACE "-" SPAN "-1", TX_TRACEPARENT_E_LENGTH);
    assert_refused("cc-" TRACE "." SPAN "-01", TX_TRACEPARENT_E_TRACE_ID);
    assert_refused("cc-00000000000000000000000000000000-" SPAN "-01", TX_TRACEPARENT_E_TRACE_ID);
    assert_refused("cc-" TRACE "-0000000000000000-01", TX_TRACEPARENT_E_SPAN_ID);
}
END_TEST

START_TEST(a_wrong_version_is_refused) {
    assert_refused("ff-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused("FF-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused("CC-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused(".0-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused("0.-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused("000-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused("0000-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused("0-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_VERSION);
    assert_refused("", TX_TRACEPARENT_E_VERSION);
    assert_refused("00", TX_TRACEPARENT_E_VERSION);
    assert_refused("-", TX_TRACEPARENT_E_VERSION);
}
END_TEST

START_TEST(anything_behind_version_00_is_refused) {
    assert_refused("00-" TRACE "-" SPAN "-01.", TX_TRACEPARENT_E_LENGTH);
    assert_refused("00-" TRACE "-" SPAN "-01-", TX_TRACEPARENT_E_LENGTH);
    assert_refused("00-" TRACE "-" SPAN "-01-what-the-future-will-be-like",
                   TX_TRACEPARENT_E_LENGTH);
    assert_refused("00-" TRACE "-" SPAN "-01,00-" TRACE "-" SPAN "-01", TX_TRACEPARENT_E_LENGTH);
}
END_TEST

START_TEST(wrong_ids_are_refused) {
    assert_refused("00-00000000000000000000000000000000-" SPAN "-01", TX_TRACEPARENT_E_TRACE_ID);
    assert_refused("00-.2345678901234567890123456789012-" SPAN "-01", TX_TRACEPARENT_E_TRACE_ID);
    assert_refused("00-1234567890123456789012345678901.-" SPAN "-01", TX_TRACEPARENT_E_TRACE_ID);
    assert_refused("00-1234567890123456789012345678901A-" SPAN "-01", TX_TRACEPARENT_E_TRACE_ID);
    assert_refused("00-123456789012345678901234567890123-" SPAN "-01", TX_TRACEPARENT_E_LENGTH);
    assert_refused("00-1234567890123456789012345678901-" SPAN "-01", TX_TRACEPARENT_E_LENGTH);
    assert_refused("00-" TRACE "-0000000000000000-01", TX_TRACEPARENT_E_SPAN_ID);
    assert_refused("00-" TRACE "-.234567890123456-01", TX_TRACEPARENT_E_SPAN_ID);
    assert_refused("00-" TRACE "-123456789012345.-01", TX_TRACEPARENT_E_SPAN_ID);
    assert_refused("00-" TRACE "-123456789012345F-01", TX_TRACEPARENT_E_SPAN_ID);
    assert_refused("00-" TRACE "-12345678901234567-01", TX_TRACEPARENT_E_LENGTH);
    assert_refused("00-" TRACE "-123456789012345-01", TX_TRACEPARENT_E_LENGTH);
}
END_TEST

START_TEST(wrong_flags_are_refused) {
    assert_refused("00-" TRACE "-" SPAN "-.0", TX_TRACEPARENT_E_FLAGS);
    assert_refused("00-" TRACE "-" SPAN "-0.", TX_TRACEPARENT_E_FLAGS);
    assert_refused("00-" TRACE "-" SPAN "-0A", TX_TRACEPARENT_E_FLAGS);
    assert_refused("00-" TRACE "-" SPAN "-001", TX_TRACEPARENT_E_LENGTH);
    assert_refused("00-" TRACE "-" SPAN "-1", TX_TRACEPARENT_E_LENGTH);
}
END_TEST

START_TEST(every_cut_and_every_other_byte_is_refused) {
    static const char whole[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    struct tx_traceparent parent;

    for (size_t n = 0; n < strlen(whole); n++)
        ck_assert_int_gt(tx_traceparent_parse((struct tx_text){.p = whole, .n = n}, &parent), 0);
    for (size_t i = 0; i < strlen(whole); i++) {
        char text[sizeof(whole)];
        strcpy(text, whole);
        text[i] = 'G';
        ck_assert_int_gt(parse(text, &parent), 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("context-traceparent");
    TCase *tests = tcase_create("traceparent");
    tcase_add_test(tests, one_is_read_and_written_back);
    tcase_add_test(tests, the_random_flag_is_kept_and_flags_of_later_levels_are_not);
    tcase_add_test(tests, white_space_around_it_is_passed_over);
    tcase_add_test(tests, a_higher_version_is_read_as_far_as_it_is_known);
    tcase_add_test(tests, a_wrong_version_is_refused);
    tcase_add_test(tests, anything_behind_version_00_is_refused);
    tcase_add_test(tests, wrong_ids_are_refused);
    tcase_add_test(tests, wrong_flags_are_refused);
    tcase_add_test(tests, every_cut_and_every_other_byte_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
