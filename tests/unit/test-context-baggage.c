/* SPDX-License-Identifier: MIT */
/* Cases of the W3C's own tests (github.com/w3c/baggage, test/test_baggage.py, 2024), the examples
 * of the specification, and its rules that they leave out. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtx/context/baggage.h"

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

static const char *rendered(const struct tx_baggage *baggage) {
    static char memory[TX_BAGGAGE_BYTES + 1];
    struct tx_buf b = tx_buf_of(memory, TX_BAGGAGE_BYTES);
    tx_baggage_render(baggage, &b);
    ck_assert(!b.full);
    memory[b.len] = '\0';
    return memory;
}

/* What is kept of a header, and how many members are not. */
static void assert_becomes(const char *header, const char *expected, size_t n_dropped) {
    struct tx_baggage baggage = {.n = 0};
    tx_baggage_read(&baggage, text_of(header));
    ck_assert_str_eq(rendered(&baggage), expected);
    ck_assert_msg(baggage.n_dropped == n_dropped, "%s: %zu", header, baggage.n_dropped);
}

static void assert_decodes(const char *value, const char *expected) {
    char memory[200];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_baggage_decode(text_of(value), &b);
    tx_buf_u8(&b, 0);
    ck_assert_str_eq(memory, expected);
}

START_TEST(members_and_properties_are_kept_without_blanks) {
    assert_becomes("SomeKey=SomeValue", "SomeKey=SomeValue", 0);
    assert_becomes("SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal",
                   "SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal", 0);
    assert_becomes("SomeKey \t = \t SomeValue \t ; \t SomeProp \t , \t SomeKey2 \t = \t SomeValue2 "
                   "\t ; \t ValueProp \t = \t PropVal",
                   "SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal", 0);
    assert_becomes("key1=value1;property1;property2, key2 = value2, key3=value3; "
                   "propertyKey=propertyValue",
                   "key1=value1;property1;property2,key2=value2,key3=value3;propertyKey="
                   "propertyValue",
                   0);
    assert_becomes("SomeKey=SomeValue;SomeProp;SomeProp=PropValue;SomeProp=AnotherPropValue",
                   "SomeKey=SomeValue;SomeProp;SomeProp=PropValue;SomeProp=AnotherPropValue", 0);
    assert_becomes("SomeKey=SomeValue=equals", "SomeKey=SomeValue=equals", 0);
    assert_becomes("SomeKey=SomeValue;ValueProp%20%09%20%3D%20%09%20PropVal",
                   "SomeKey=SomeValue;ValueProp%20%09%20%3D%20%09%20PropVal", 0);
    assert_becomes("a=", "a=", 0);
    assert_becomes("a=1,a=2", "a=1,a=2", 0); /* keys may stand twice */
    assert_becomes("", "", 0);
    assert_becomes(" , ,", "", 0);
}
END_TEST

START_TEST(a_malformed_member_is_dropped_alone) {
    assert_becomes("a=1,b,c=3", "a=1,c=3", 1);
    assert_becomes("a=1,=2,c=3", "a=1,c=3", 1);
    assert_becomes("a b=1,c=3", "c=3", 1);
    assert_becomes("a=1 2,c=3", "c=3", 1);
    assert_becomes("a=\"1\",c=3", "c=3", 1);
    assert_becomes("a=\\,c=3", "c=3", 1);
    assert_becomes("\xc3\xa4=1,c=3", "c=3", 1);
    assert_becomes("a=\xc3\xa4,c=3", "c=3", 1);
    assert_becomes("a=1;,c=3", "c=3", 1);
    assert_becomes("a=1;;p,c=3", "c=3", 1);
    assert_becomes("a=1;p;,c=3", "c=3", 1);
    assert_becomes("a=1;p q,c=3", "c=3", 1);
    assert_becomes("a=1;=q,c=3", "c=3", 1);
    assert_becomes("a=1\r\nSet-Cookie: evil,c=3", "c=3", 1);
}
END_TEST

START_TEST(values_are_decoded_and_encoded) {
    static const char text[] = "\t \"';=asdf!@#$%^&*()";
    char memory[200];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    assert_decodes("%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29", text);
    assert_decodes("Am%C3%A9lie", "Am\xc3\xa9lie");
    assert_decodes("DF%2028", "DF 28");
    assert_decodes("am%c3%a9", "am\xc3\xa9");
    tx_baggage_encode(text_of(text), &b);
    ck_assert(tx_baggage_is_value((struct tx_text){.p = memory, .n = b.len}));
    tx_buf_u8(&b, 0);
    ck_assert_str_eq(memory, "%09%20%22'%3B=asdf!@#$%25^&*()");
    assert_decodes(memory, text);
}
END_TEST

START_TEST(what_is_not_utf_8_becomes_the_replacement_character) {
    assert_decodes("a%FFb", "a\xef\xbf\xbd"
                            "b");
    assert_decodes("%C3", "\xef\xbf\xbd");
    assert_decodes("%C3x", "\xef\xbf\xbdx");
    assert_decodes("%ED%A0%80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
    assert_decodes("100%", "100%");
    assert_decodes("%zz%4", "%zz%4");
    assert_decodes("%F0%9F%98%80", "\xf0\x9f\x98\x80");
}
END_TEST

START_TEST(there_are_64_members_and_8192_bytes_at_most) {
    static char text[20000];
    struct tx_baggage baggage = {.n = 0};

    for (int i = 0; i < 65; i++)
        sprintf(text + strlen(text), "%skey%d=value", i ? "," : "", i);
    tx_baggage_read(&baggage, text_of(text));
    ck_assert_uint_eq(baggage.n, 64);
    ck_assert_uint_eq(baggage.n_dropped, 1);

    baggage = (struct tx_baggage){.n = 0};
    strcpy(text, "a=");
    memset(text + 2, '0', 8190);
    text[8192] = '\0';
    tx_baggage_read(&baggage, text_of(text));
    ck_assert_uint_eq(baggage.n_dropped, 0);
    ck_assert_uint_eq(strlen(rendered(&baggage)), 8192);
    tx_baggage_read(&baggage, text_of("b="));
    ck_assert_uint_eq(baggage.n_dropped, 1); /* whole members or none */

    baggage = (struct tx_baggage){.n = 0};
    strcat(text, "0");
    tx_baggage_read(&baggage, text_of(text));
    ck_assert_uint_eq(baggage.n, 0);
    ck_assert_uint_eq(baggage.n_dropped, 1);
}
END_TEST

START_TEST(members_are_found_taken_out_and_added) {
    struct tx_baggage baggage = {.n = 0};

    tx_baggage_read(&baggage, text_of("a=1,b=2;p,a=3"));
    ck_assert_mem_eq(tx_baggage_find(&baggage, text_of("a"))->value.p, "1", 1);
    ck_assert_ptr_null(tx_baggage_find(&baggage, text_of("A")));
    tx_baggage_remove(&baggage, text_of("a"));
    ck_assert_str_eq(rendered(&baggage), "b=2;p");
    ck_assert_uint_eq(baggage.n_bytes, strlen("b=2;p,"));
    ck_assert_int_eq(tx_baggage_add(&baggage, text_of("c"), text_of("%20")), 0);
    ck_assert_int_eq(tx_baggage_add(&baggage, text_of("c d"), text_of("1")), -EINVAL);
    ck_assert_int_eq(tx_baggage_add(&baggage, text_of("c"), text_of("1\r\n")), -EINVAL);
    ck_assert_str_eq(rendered(&baggage), "b=2;p,c=%20");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("context-baggage");
    TCase *tests = tcase_create("baggage");
    tcase_add_test(tests, members_and_properties_are_kept_without_blanks);
    tcase_add_test(tests, a_malformed_member_is_dropped_alone);
    tcase_add_test(tests, values_are_decoded_and_encoded);
    tcase_add_test(tests, what_is_not_utf_8_becomes_the_replacement_character);
    tcase_add_test(tests, there_are_64_members_and_8192_bytes_at_most);
    tcase_add_test(tests, members_are_found_taken_out_and_added);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
