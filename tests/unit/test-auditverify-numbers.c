/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tools/auditverify/numbers.h"

static struct tx_numbers *numbers;
static uint64_t next_seq;

static void begin_at(uint64_t begin) {
    tx_numbers_free(numbers);
    next_seq = begin;
    ck_assert_int_eq(tx_numbers_new(begin, &numbers), 0);
}

static void set_up(void) {
    begin_at(0);
}

static void tear_down(void) {
    tx_numbers_free(numbers);
    numbers = NULL;
}

static void take(const char *line) {
    ck_assert_int_eq(tx_numbers_take(numbers, next_seq++, (struct tx_text){line, strlen(line)}), 0);
}

static void record(uint64_t client, uint64_t n) {
    char line[160];
    snprintf(line, sizeof(line),
             "{\"seq\":%llu,\"id\":\"x\",\"event\":\"e\",\"source\":{\"client\":\"%016llx\",\"n\":%"
             "llu,\"pid\":1}}",
             (unsigned long long)next_seq, (unsigned long long)client, (unsigned long long)n);
    take(line);
}

static void lost(uint64_t client, uint64_t first, uint64_t last) {
    char line[200];
    snprintf(line, sizeof(line),
             "{\"seq\":%llu,\"by\":\"ingest\",\"time\":\"t\",\"event\":\"tracex.lost\",\"data\":{"
             "\"client\":\"%016llx\","
             "\"first\":%llu,\"last\":%llu,\"why\":\"client\"}}",
             (unsigned long long)next_seq, (unsigned long long)client, (unsigned long long)first,
             (unsigned long long)last);
    take(line);
}

static void assert_clients(uint64_t complete, uint64_t declared, uint64_t later,
                           uint64_t undeclared) {
    struct tx_numbers_totals totals;
    tx_numbers_total(numbers, &totals);
    ck_assert_uint_eq(totals.clients[TX_NUMBERS_COMPLETE], complete);
    ck_assert_uint_eq(totals.clients[TX_NUMBERS_DECLARED], declared);
    ck_assert_uint_eq(totals.clients[TX_NUMBERS_LATER], later);
    ck_assert_uint_eq(totals.clients[TX_NUMBERS_UNDECLARED], undeclared);
}

START_TEST(each_client_is_judged_by_itself) {
    for (uint64_t n = 0; n < 100; n++)
        for (uint64_t client = 0; client < 5000; client++)
            if (client != 17 || n != 50)
                record(client, n);
    assert_clients(4999, 0, 0, 1);
    struct tx_numbers_totals totals;
    tx_numbers_total(numbers, &totals);
    ck_assert_uint_eq(totals.n_faults, 1);
    ck_assert_int_eq(totals.faults[0].kind, TX_NUMBERS_MISSING);
    ck_assert_uint_eq(totals.faults[0].first, 50);
    ck_assert_uint_eq(totals.faults[0].last, 50);
}
END_TEST

START_TEST(a_declared_gap_is_none) {
    record(1, 0);
    lost(1, 1, 9);
    record(1, 10);
    lost(2, 0, 0);
    assert_clients(0, 2, 0, 0);
}
END_TEST

START_TEST(a_log_whose_beginning_is_gone_says_nothing_of_what_was_before) {
    begin_at(1000);
    record(1, 7);
    record(1, 8);
    record(2, 0); /* a new one */
    record(3, 5);
    record(3, 7);
    assert_clients(1, 0, 1, 1);
}
END_TEST

START_TEST(the_same_is_a_gap_in_a_whole_log) {
    record(1, 7);
    record(1, 8);
    assert_clients(0, 0, 0, 1);
}
END_TEST

START_TEST(lines_that_are_none_say_nothing) {
    take("");
    take("{");
    take("{\"seq\":0,\"by\":\"ledger\",\"event\":\"tracex.lost\",\"data\":{\"client\":"
         "\"0000000000000001\","
         "\"first\":1,\"last\":2,\"why\":\"x\"}}");
    take("{\"seq\":0,\"id\":\"x\",\"source\":{\"client\":\"00000001\",\"n\":1}}");
    take("{\"seq\":0,\"id\":\"x\",\"source\":{\"client\":\"0000000000000001\",\"n\":}}");
    take("{\"seq\":0,\"id\":\"x\",\"source\":{\"client\":\"0000000000000001\",\"n\":"
         "18446744073709551615}}");
    take("{\"seq\":0,\"by\":\"ingest\",\"event\":\"tracex.lost\",\"data\":{\"client\":"
         "\"0000000000000001\","
         "\"first\":5,\"last\":2,\"why\":\"x\"}}");
    assert_clients(0, 0, 0, 0);
}
END_TEST

START_TEST(more_clients_than_there_is_room_for_are_counted) {
    struct tx_numbers_totals totals;
    for (uint64_t client = 0; client < TX_NUMBERS_CLIENTS_MAX + 10; client++)
        record(client, 0);
    record(3, 1); /* one that is followed still is */
    assert_clients(TX_NUMBERS_CLIENTS_MAX, 0, 0, 0);
    tx_numbers_total(numbers, &totals);
    ck_assert_uint_eq(totals.unseen, 10);
}
END_TEST

START_TEST(faults_past_the_list_are_counted) {
    struct tx_numbers_totals totals;
    for (uint64_t i = 0; i < TX_NUMBERS_FAULTS_MAX + 10; i++)
        record(1, 1 + 2 * i);
    tx_numbers_total(numbers, &totals);
    ck_assert_uint_eq(totals.n_faults, TX_NUMBERS_FAULTS_MAX + 10);
    ck_assert_uint_eq(totals.n_listed, TX_NUMBERS_FAULTS_MAX);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("auditverify-numbers");
    TCase *tests = tcase_create("numbers");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, each_client_is_judged_by_itself);
    tcase_add_test(tests, a_declared_gap_is_none);
    tcase_add_test(tests, a_log_whose_beginning_is_gone_says_nothing_of_what_was_before);
    tcase_add_test(tests, the_same_is_a_gap_in_a_whole_log);
    tcase_add_test(tests, lines_that_are_none_say_nothing);
    tcase_add_test(tests, more_clients_than_there_is_room_for_are_counted);
    tcase_add_test(tests, faults_past_the_list_are_counted);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
