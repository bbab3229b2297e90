/* SPDX-License-Identifier: MIT */
/* What C++ has in place of C's cleanup attribute: scopes that end with their blocks, by an
 * exception too. */
#include <check.h>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <tracex/trace.h>

#define PARENT "00-12345678901234567890123456789012-1234567890123456-01"

static const char *parent() {
    static char text[TX_TRACEPARENT_SIZE];
    return tx_context_traceparent(nullptr, text, sizeof(text)) == 0 ? text : "none";
}

static tx_context parsed() {
    tx_context context;
    ck_assert_int_eq(tx_context_parse(PARENT, nullptr, nullptr, &context), 0);
    return context;
}

static void throw_within(const tx_context &context) {
    TX_CONTEXT_SCOPE(&context);
    TX_CORRELATION_SCOPE("c-1");
    TX_SPAN_SCOPE(span, "thrown");
    char id[TX_CORRELATION_SIZE];
    ck_assert_int_eq(tx_correlation_get(id, sizeof(id)), 0);
    ck_assert_str_eq(id, "c-1");
    ck_assert_int_eq(tx_span_set(&span, TX_KV("a", 1), TX_KV("b", std::string("text"))), 0);
    ck_assert_int_eq(strncmp(parent(), PARENT, 36), 0); /* the trace; the span is the new one */
    ck_assert_str_ne(parent(), PARENT);
    throw std::runtime_error("out of here");
}

START_TEST(scopes_end_by_an_exception) {
    bool is_caught = false;
    char id[TX_CORRELATION_SIZE];
    struct tx_span_stats stats;

    try {
        throw_within(parsed());
    } catch (const std::runtime_error &) {
        is_caught = true;
    }
    ck_assert(is_caught);
    ck_assert_str_eq(parent(), "none");
    ck_assert_int_eq(tx_correlation_get(id, sizeof(id)), -ENODATA);
    stats.size = sizeof(stats);
    ck_assert_int_eq(tx_span_stats(&stats), 0);
    ck_assert_uint_eq(stats.begun, 1);
    ck_assert_uint_eq(stats.ended + stats.lost, 1);
    ck_assert_uint_eq(stats.misnested, 0);
}
END_TEST

START_TEST(a_scope_that_is_left_alone_is_noticed) {
    tx_context context = parsed();
    tx_context_token token;

    ck_assert_int_eq(tx_context_attach(&context, &token),
                     0); /* the control: by hand, without end */
    ck_assert_str_eq(parent(), PARENT);
}
END_TEST

int main() {
    setenv("TRACEX_SOCKET", "/nowhere/at/all", 1);
    Suite *suite = suite_create("client-cpp");
    TCase *tests = tcase_create("scopes");
    tcase_add_test(tests, scopes_end_by_an_exception);
    tcase_add_test(tests, a_scope_that_is_left_alone_is_noticed);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
