/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "libtx/mask/policy/glob.h"
#include "libtx/wire/policy.h"

static struct tx_wire_policy policy;
static uint8_t memory[2 * TX_WIRE_POLICY_BYTES];
static struct tx_buf b;

static void begin(uint16_t n_classes) {
    b = tx_buf_of(memory, sizeof(memory));
    tx_buf_str(&b, "TX");
    tx_buf_u8(&b, 1);
    tx_buf_u8(&b, TX_WIRE_POLICY);
    tx_buf_u32(&b, 0);
    tx_buf_u16(&b, n_classes);
}

static void class(unsigned level, unsigned unavailable, unsigned flags, uint32_t ms, uint16_t n) {
    tx_buf_u8(&b, (uint8_t)level);
    tx_buf_u8(&b, (uint8_t)unavailable);
    tx_buf_u8(&b, (uint8_t)flags);
    tx_buf_u8(&b, 0);
    tx_buf_u32(&b, ms);
    tx_buf_u16(&b, n);
}

static void event(const char *pattern) {
    tx_buf_u16(&b, (uint16_t)strlen(pattern));
    tx_buf_str(&b, pattern);
}

static int parse(void) {
    struct tx_buf length = tx_buf_of(memory + 4, 4);
    tx_buf_u32(&length, (uint32_t)b.len);
    ck_assert(!b.full);
    return tx_wire_policy_parse(memory, b.len, &policy);
}

static void two_classes(void) {
    begin(2);
    class(TX_WIRE_DURABLE, TX_WIRE_BLOCK, 0, 0, 2);
    event("payment.*");
    event("auth.login");
    class(TX_WIRE_QUEUED, TX_WIRE_DROP, 1, 250, 1);
    event("debug.**");
}

START_TEST(what_holds_for_an_event_is_that_of_its_class) {
    struct tx_wire_demand demand = {.timeout_ms = 77};

    two_classes();
    ck_assert_int_eq(parse(), 0);
    ck_assert(!tx_wire_policy_find(&policy, TX_TEXT("user.login"), &demand));
    ck_assert_uint_eq(demand.timeout_ms, 77);
    ck_assert(tx_wire_policy_find(&policy, TX_TEXT("auth.login"), &demand));
    ck_assert_int_eq((int)demand.level, TX_WIRE_DURABLE);
    ck_assert_int_eq((int)demand.unavailable, TX_WIRE_BLOCK);
    ck_assert(!demand.has_timeout);
    ck_assert(tx_wire_policy_find(&policy, TX_TEXT("debug.a.b"), &demand));
    ck_assert_int_eq((int)demand.level, TX_WIRE_QUEUED);
    ck_assert_int_eq((int)demand.unavailable, TX_WIRE_DROP);
    ck_assert(demand.has_timeout);
    ck_assert_uint_eq(demand.timeout_ms, 250);
    ck_assert(!tx_wire_policy_find(&policy, TX_TEXT("payment.card.refund"), &demand));
}
END_TEST

START_TEST(of_several_classes_the_strictest_holds_whatever_their_order) {
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct tx_wire_demand demand;

    for (size_t k = 0; k < 6; k++) {
        begin(3);
        for (size_t i = 0; i < 3; i++) {
            if (orders[k][i] == 0)
                class(TX_WIRE_DURABLE, TX_WIRE_DROP, 1, 9000, 1);
            else
                class(TX_WIRE_QUEUED, TX_WIRE_FAIL, 1, orders[k][i] * 100, 1);
            event("*");
        }
        ck_assert_int_eq(parse(), 0);
        ck_assert(tx_wire_policy_find(&policy, TX_TEXT("x"), &demand));
        ck_assert_int_eq((int)demand.level, TX_WIRE_DURABLE);
        ck_assert_int_eq((int)demand.unavailable, TX_WIRE_FAIL);
        ck_assert_uint_eq(demand.timeout_ms, 200); /* not that of the class that drops */
    }
}
END_TEST

START_TEST(no_classes_are_a_policy_too) {
    struct tx_wire_demand demand;

    begin(0);
    ck_assert_int_eq(parse(), 0);
    ck_assert(!tx_wire_policy_find(&policy, TX_TEXT("x"), &demand));
}
END_TEST

START_TEST(whatever_is_wrong_is_refused) {
    static const struct {
        unsigned level, unavailable, flags;
        uint32_t ms;
        uint16_t n;
    } wrong[] = {
        {TX_WIRE_LEVELS, 0, 0, 0, 1},
        {0, TX_WIRE_UNAVAILABLES, 0, 0, 1},
        {0, 0, 2, 0, 1},
        {0, 0, 0, 5, 1},
        {0, TX_WIRE_BLOCK, 1, 5, 1},
        {0, 0, 0, 0, 0},
        {0, 0, 0, 0, 2},
        {0, 0, 0, 0, UINT16_MAX},
    };

    for (size_t i = 0; i < TX_COUNT_OF(wrong); i++) {
        begin(1);
        class(wrong[i].level, wrong[i].unavailable, wrong[i].flags, wrong[i].ms, wrong[i].n);
        event("x");
        ck_assert_int_eq(parse(), -EBADMSG);
    }
    two_classes();
    tx_buf_u8(&b, 0); /* something behind it */
    ck_assert_int_eq(parse(), -EBADMSG);
    two_classes();
    memory[8] = 3; /* a class that is not there */
    ck_assert_int_eq(parse(), -EBADMSG);
    two_classes();
    memory[13] = 1; /* the byte that is 0 */
    ck_assert_int_eq(parse(), -EBADMSG);
    two_classes();
    memory[3] = TX_WIRE_ACK;
    ck_assert_int_eq(parse(), -EBADMSG);
    begin(1);
    class(0, 0, 0, 0, 1);
    event("");
    ck_assert_int_eq(parse(), -EBADMSG);
}
END_TEST

START_TEST(every_cut_is_refused) {
    two_classes();
    ck_assert_int_eq(parse(), 0);
    for (size_t n = 0; n < b.len; n++) {
        struct tx_buf length = tx_buf_of(memory + 4, 4);
        tx_buf_u32(&length, (uint32_t)n);
        ck_assert_int_eq(tx_wire_policy_parse(memory, n, &policy), -EBADMSG);
    }
}
END_TEST

START_TEST(nothing_grows_past_its_limit) {
    char longest[TX_LIMIT_EVENT_BYTES + 2];

    memset(longest, 'a', sizeof(longest) - 1);
    longest[TX_LIMIT_EVENT_BYTES + 1] = '\0';
    begin(1);
    class(0, 0, 0, 0, 1);
    event(longest);
    ck_assert_int_eq(parse(), -EBADMSG);
    longest[TX_LIMIT_EVENT_BYTES] = '\0';
    for (unsigned n = 64; n <= 65; n++) { /* 64 of 128 bytes are 8192 */
        begin(1);
        class(0, 0, 0, 0, (uint16_t)n);
        for (unsigned i = 0; i < n; i++)
            event(longest);
        ck_assert_int_eq(parse(), n == 64 ? 0 : -EBADMSG);
    }
    for (uint16_t n = TX_LIMIT_POLICY_EVENTS; n <= TX_LIMIT_POLICY_EVENTS + 1; n++) {
        begin(1);
        class(0, 0, 0, 0, n);
        for (unsigned i = 0; i < n; i++)
            event("x");
        ck_assert_int_eq(parse(), n == TX_LIMIT_POLICY_EVENTS ? 0 : -EBADMSG);
    }
    for (uint16_t n = TX_LIMIT_POLICY_CLASSES; n <= TX_LIMIT_POLICY_CLASSES + 1; n++) {
        begin(n);
        for (unsigned i = 0; i < n; i++) {
            class(0, 0, 0, 0, 1);
            event("x");
        }
        ck_assert_int_eq(parse(), n == TX_LIMIT_POLICY_CLASSES ? 0 : -EBADMSG);
    }
}
END_TEST

static size_t random_text(unsigned *seed, const char *letters, size_t most, char *ret) {
    size_t n = (size_t)rand_r(seed) % (most + 1);
    for (size_t i = 0; i < n; i++)
        ret[i] = letters[(size_t)rand_r(seed) % strlen(letters)];
    ret[n] = '\0';
    return n;
}

/* One language of patterns in the whole configuration. */
START_TEST(patterns_mean_what_they_mean_in_masking_rules) {
    unsigned seed = 1;
    size_t n_matches = 0;

    for (int i = 0; i < 300000; i++) {
        char pattern[16], name[16];
        size_t n_pattern = random_text(&seed, "ab.**", 8, pattern);
        size_t n_name = random_text(&seed, "ab.", 8, name);
        struct tx_text event_name = {name, n_name};
        bool expected = tx_glob_match_event(pattern, event_name);
        ck_assert_msg(tx_wire_policy_matches((struct tx_text){pattern, n_pattern}, event_name) ==
                          expected,
                      "%s %s", pattern, name);
        n_matches += expected;
    }
    ck_assert_uint_gt(n_matches, 10000);
    ck_assert_uint_lt(n_matches, 290000);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("wire-policy");
    TCase *tests = tcase_create("POLICY");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_holds_for_an_event_is_that_of_its_class);
    tcase_add_test(tests, of_several_classes_the_strictest_holds_whatever_their_order);
    tcase_add_test(tests, no_classes_are_a_policy_too);
    tcase_add_test(tests, whatever_is_wrong_is_refused);
    tcase_add_test(tests, every_cut_is_refused);
    tcase_add_test(tests, nothing_grows_past_its_limit);
    tcase_add_test(tests, patterns_mean_what_they_mean_in_masking_rules);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
