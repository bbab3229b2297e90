/* SPDX-License-Identifier: MIT */
/* Cases of the W3C's own tests (github.com/w3c/trace-context, test/test.py and
 * test/tracecontext/test_tracestate.py, 2025), and the rules of Trace Context level 2 that they
 * leave out. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtx/context/tracestate.h"

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

/* Up to three headers, and what comes of them; NULL: they are dropped. */
static void assert_becomes(const char *a, const char *b, const char *c, const char *expected) {
    const char *const headers[] = {a, b, c};
    struct tx_tracestate state = {.n = 0};
    char memory[40000];
    struct tx_buf out = tx_buf_of(memory, sizeof(memory) - 1);
    int r = 0;

    for (size_t i = 0; i < 3 && r == 0; i++)
        if (headers[i])
            r = tx_tracestate_read(&state, text_of(headers[i]));
    ck_assert_msg((r == 0) == (expected != NULL), "%s: %d", a, r);
    if (r != 0)
        return;
    tx_tracestate_render(&state, &out);
    memory[out.len] = '\0';
    ck_assert_str_eq(memory, expected);
}

/* A member of that many characters before and behind its `=`. */
static const char *member_of(char key, size_t n_key, size_t n_value) {
    static char memory[8][600];
    static size_t at;
    char *text = memory[at++ % 8];
    memset(text, key, n_key);
    text[n_key] = '=';
    memset(text + n_key + 1, 'v', n_value);
    text[n_key + 1 + n_value] = '\0';
    return text;
}

START_TEST(members_of_all_headers_are_one_list_in_their_order) {
    assert_becomes("foo=1,bar=2", NULL, NULL, "foo=1,bar=2");
    assert_becomes("foo=1,bar=2", "rojo=1,congo=2", "baz=3", "foo=1,bar=2,rojo=1,congo=2,baz=3");
    assert_becomes("foo=1", "", NULL, "foo=1");
    assert_becomes("", "foo=1", NULL, "foo=1");
    assert_becomes("", NULL, NULL, "");
    assert_becomes(" \t , ,", NULL, NULL, "");
}
END_TEST

START_TEST(white_space_around_members_is_passed_over) {
    assert_becomes("foo=1 \t , \t bar=2, \t baz=3", NULL, NULL, "foo=1,bar=2,baz=3");
    assert_becomes("foo=1\t \t,\t \tbar=2,\t \tbaz=3", NULL, NULL, "foo=1,bar=2,baz=3");
    assert_becomes(" foo=1", NULL, NULL, "foo=1");
    assert_becomes("\tfoo=1", NULL, NULL, "foo=1");
    assert_becomes("foo=1 ", NULL, NULL, "foo=1");
    assert_becomes("foo=1\t", NULL, NULL, "foo=1");
    assert_becomes("\t foo=1 \t", NULL, NULL, "foo=1");
    assert_becomes("foo= 1 2 ", NULL, NULL, "foo= 1 2"); /* spaces before a value are its own */
}
END_TEST

START_TEST(of_a_key_that_stands_twice_the_first_is_kept) {
    assert_becomes("foo=1,foo=1", NULL, NULL, "foo=1");
    assert_becomes("foo=1,foo=2", NULL, NULL, "foo=1");
    assert_becomes("foo=1", "foo=2", NULL, "foo=1");
    assert_becomes("foo=1,bar=1,foo=2", NULL, NULL, "foo=1,bar=1");
}
END_TEST

START_TEST(every_character_that_is_allowed_is_kept) {
    char text[256] = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/=";
    size_t n = strlen(text);
    for (char c = 0x20; c < 0x7f; c++)
        if (c != ',' && c != '=')
            text[n++] = c;
    text[n] = '\0';
    assert_becomes(text, NULL, NULL, text);
}
END_TEST

START_TEST(a_malformed_key_drops_all) {
    static const char *const keys[] = {"foo =1", "FOO=1", "foo.bar=1", "@foo=1,bar=2",
                                       "=1",     "_a=1",  "foo",       "f\xc3\xa4=1"};
    for (size_t i = 0; i < TX_COUNT_OF(keys); i++)
        assert_becomes(keys[i], NULL, NULL, NULL);
    assert_becomes("good=1", "BAD=1", NULL, NULL);
    assert_becomes("foo@=1,bar=2", NULL, NULL, "foo@=1,bar=2"); /* level 2: no key of two parts */
    assert_becomes("foo@@bar=1,bar=2", NULL, NULL, "foo@@bar=1,bar=2");
    assert_becomes("foo@bar@baz=1,bar=2", NULL, NULL, "foo@bar@baz=1,bar=2");
    assert_becomes("1a=1", NULL, NULL, "1a=1");
}
END_TEST

START_TEST(a_malformed_value_drops_all) {
    static const char *const values[] = {"foo=bar=baz", "foo=,bar=3",   "foo=a\tb",
                                         "foo=\x7f",    "foo=\xc3\xa4", "foo=a\r\nEvil: yes",
                                         "foo=   "};
    for (size_t i = 0; i < TX_COUNT_OF(values); i++)
        assert_becomes(values[i], NULL, NULL, NULL);
}
END_TEST

START_TEST(keys_and_values_have_256_characters_at_most) {
    char expected[600] = "foo=1,";
    assert_becomes("foo=1", member_of('z', 256, 1), NULL, strcat(expected, member_of('z', 256, 1)));
    assert_becomes("foo=1", member_of('z', 257, 1), NULL, NULL);
    assert_becomes(member_of('z', 1, 256), NULL, NULL, member_of('z', 1, 256));
    assert_becomes(member_of('z', 1, 257), NULL, NULL, NULL);
}
END_TEST

START_TEST(a_list_has_32_members_at_most) {
    char text[400] = "";
    struct tx_tracestate state = {.n = 0};
    for (int i = 0; i < 32; i++)
        sprintf(text + strlen(text), "%sbar%02d=%02d", i ? "," : "", i, i);
    assert_becomes(text, NULL, NULL, text);
    assert_becomes(text, "bar07=7", NULL, text); /* that one is there already */
    ck_assert_int_eq(tx_tracestate_read(&state, text_of(text)), 0);
    ck_assert_int_eq(tx_tracestate_read(&state, text_of("one=more")), TX_TRACESTATE_E_MANY);
}
END_TEST

START_TEST(a_new_entry_stands_in_front_and_the_last_makes_room) {
    struct tx_tracestate state = {.n = 0};
    char text[400] = "", memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    ck_assert_int_eq(tx_tracestate_read(&state, text_of("a=1,b=2,c=3")), 0);
    ck_assert_int_eq(tx_tracestate_put(&state, text_of("b=9")), 0);
    ck_assert_int_eq(tx_tracestate_put(&state, text_of("B=9")), TX_TRACESTATE_E_MEMBER);
    ck_assert_int_eq(tx_tracestate_put(&state, text_of("d=4")), 0);
    tx_tracestate_render(&state, &b);
    ck_assert_uint_eq(b.len, strlen("d=4,b=9,a=1,c=3"));
    ck_assert_mem_eq(memory, "d=4,b=9,a=1,c=3", b.len);

    state.n = 0;
    for (int i = 0; i < 32; i++)
        sprintf(text + strlen(text), "k%d=%d,", i, i);
    ck_assert_int_eq(tx_tracestate_read(&state, text_of(text)), 0);
    ck_assert_int_eq(tx_tracestate_put(&state, text_of("new=1")), 0);
    ck_assert_uint_eq(state.n, 32);
    ck_assert_mem_eq(state.members[31].p, "k30=30", 6);
}
END_TEST

/* 512: large ones go first, from the end; then the others, from the end. */
START_TEST(what_is_too_long_loses_whole_members) {
    struct tx_tracestate state = {.n = 0};
    char memory[1024];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    ck_assert_int_eq(tx_tracestate_read(&state, text_of("a=1")), 0);
    for (char key = 'x'; key <= 'z'; key++)
        ck_assert_int_eq(tx_tracestate_read(&state, text_of(member_of(key, 1, 200))), 0);
    ck_assert_int_eq(tx_tracestate_read(&state, text_of("b=2")), 0);
    ck_assert_uint_eq(tx_tracestate_cut(&state), 1);
    tx_tracestate_render(&state, &b);
    ck_assert_uint_eq(state.n, 4);
    ck_assert_mem_eq(state.members[2].p, "y=", 2);
    ck_assert_mem_eq(state.members[3].p, "b=2", 3);
    ck_assert_uint_le(b.len, TX_TRACESTATE_BYTES);

    state.n = 0;
    for (char key = 'a'; key <= 'e'; key++)
        ck_assert_int_eq(tx_tracestate_read(&state, text_of(member_of(key, 1, 126))), 0);
    ck_assert_uint_eq(tx_tracestate_cut(&state), 2); /* 4 * 128 + 3 commas are 515 */
    ck_assert_uint_eq(state.n, 3);
    ck_assert_uint_eq(tx_tracestate_cut(&state), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("context-tracestate");
    TCase *tests = tcase_create("tracestate");
    tcase_add_test(tests, members_of_all_headers_are_one_list_in_their_order);
    tcase_add_test(tests, white_space_around_members_is_passed_over);
    tcase_add_test(tests, of_a_key_that_stands_twice_the_first_is_kept);
    tcase_add_test(tests, every_character_that_is_allowed_is_kept);
    tcase_add_test(tests, a_malformed_key_drops_all);
    tcase_add_test(tests, a_malformed_value_drops_all);
    tcase_add_test(tests, keys_and_values_have_256_characters_at_most);
    tcase_add_test(tests, a_list_has_32_members_at_most);
    tcase_add_test(tests, a_new_entry_stands_in_front_and_the_last_makes_room);
    tcase_add_test(tests, what_is_too_long_loses_whole_members);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
