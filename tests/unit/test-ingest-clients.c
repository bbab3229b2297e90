/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/ingest/clients.h"

static void make_id(uint64_t i, uint8_t id[8]) {
    memcpy(id, &i, 8);
}

static struct tx_client *get(struct tx_clients *clients, uint64_t i, bool *ret_new) {
    uint8_t id[8];
    make_id(i, id);
    return tx_clients_get(clients, id, (uint32_t)(i >> 32), ret_new);
}

static void learn(struct tx_clients *clients, uint64_t i, uint64_t expected) {
    uint8_t id[8];
    make_id(i, id);
    ck_assert_ptr_nonnull(tx_clients_learn(clients, id, 0, expected, false));
}

START_TEST(what_an_unknown_client_sent_waits_until_the_ledger_has_answered) {
    struct tx_clients clients;
    struct tx_inbox_entry a = {.size = 1}, b = {.size = 2};
    struct tx_client *known;
    bool is_new;

    ck_assert_int_eq(tx_clients_init(&clients, 99, NULL, NULL), 0);
    struct tx_client *client = get(&clients, 7, &is_new);
    ck_assert(is_new && !client->known);
    tx_clients_park(&clients, client, &a);
    ck_assert_ptr_eq(get(&clients, 7, &is_new), client);
    ck_assert(!is_new);
    tx_clients_park(&clients, client, &b);
    ck_assert_ptr_null(tx_clients_unpark(&clients, &known));
    learn(&clients, 7, 42);
    ck_assert_ptr_eq(tx_clients_unpark(&clients, &known), &a);
    ck_assert_ptr_eq(known, client);
    ck_assert_uint_eq(known->expected, 42);
    ck_assert_ptr_eq(tx_clients_unpark(&clients, &known), &b);
    ck_assert_ptr_null(tx_clients_unpark(&clients, &known));
    ck_assert_uint_eq(clients.n_parked, 0);
    tx_clients_deinit(&clients);
}
END_TEST

START_TEST(the_client_not_heard_of_for_longest_is_forgotten) {
    struct tx_clients clients;
    bool is_new;

    ck_assert_int_eq(tx_clients_init(&clients, 3, NULL, NULL), 0);
    for (uint64_t i = 0; i < TX_CLIENTS_MAX; i++) {
        ck_assert_ptr_nonnull(get(&clients, i, &is_new));
        learn(&clients, i, i);
    }
    get(&clients, 0, &is_new);
    ck_assert(!is_new);
    ck_assert_ptr_nonnull(get(&clients, TX_CLIENTS_MAX, &is_new));
    ck_assert_uint_eq(get(&clients, 0, &is_new)->expected, 0);
    ck_assert(!is_new);
    get(&clients, 2, &is_new);
    ck_assert(!is_new);
    get(&clients, 1, &is_new);
    ck_assert(is_new); /* it was the oldest */
    tx_clients_deinit(&clients);
}
END_TEST

START_TEST(a_client_that_is_waited_for_is_not_forgotten) {
    struct tx_clients clients;
    bool is_new;

    ck_assert_int_eq(tx_clients_init(&clients, 3, NULL, NULL), 0);
    for (uint64_t i = 0; i < TX_CLIENTS_MAX; i++)
        ck_assert_ptr_nonnull(get(&clients, i, &is_new));
    ck_assert_ptr_null(get(&clients, TX_CLIENTS_MAX, &is_new));
    learn(&clients, 1234, 1);
    ck_assert_ptr_nonnull(get(&clients, TX_CLIENTS_MAX, &is_new));
    tx_clients_forget(&clients);
    get(&clients, 1, &is_new);
    ck_assert(is_new);
    tx_clients_deinit(&clients);
}
END_TEST

/* Ids of the same user share their upper half here. */
START_TEST(who_invents_clients_is_forgotten_himself) {
    const uint64_t mallory = UINT64_C(1) << 32;
    struct tx_clients clients;
    bool is_new;

    ck_assert_int_eq(tx_clients_init(&clients, 3, NULL, NULL), 0);
    for (uint64_t i = 0; i < 100; i++) {
        get(&clients, i, &is_new);
        learn(&clients, i, i);
    }
    for (uint64_t i = 0; i < 3 * TX_CLIENTS_MAX; i++) {
        ck_assert_ptr_nonnull(get(&clients, mallory + i, &is_new));
        learn(&clients, mallory + i, 0);
    }
    for (uint64_t i = 0; i < 100; i++) {
        get(&clients, i, &is_new);
        ck_assert(!is_new);
    }
    get(&clients, mallory, &is_new);
    ck_assert(is_new);
    tx_clients_deinit(&clients);
}
END_TEST

/* Alice has fewer clients than Mallory, and so loses none, whoever comes. */
START_TEST(who_has_most_clients_loses_the_first) {
    const uint64_t mallory = UINT64_C(1) << 32, carol = UINT64_C(2) << 32;
    const size_t n_of_alice = TX_CLIENTS_MAX / 2 - 100;
    struct tx_clients clients;
    bool is_new;

    ck_assert_int_eq(tx_clients_init(&clients, 3, NULL, NULL), 0);
    for (uint64_t i = 0; i < TX_CLIENTS_MAX; i++) {
        uint64_t name = i < n_of_alice ? i : mallory + i;
        get(&clients, name, &is_new);
        learn(&clients, name, i);
    }
    for (uint64_t i = 0; i < 100; i++) {
        get(&clients, carol + i, &is_new);
        learn(&clients, carol + i, i);
        get(&clients, mallory + TX_CLIENTS_MAX + i, &is_new);
        learn(&clients, mallory + TX_CLIENTS_MAX + i, i);
    }
    for (uint64_t i = 0; i < n_of_alice; i++) {
        get(&clients, i, &is_new);
        ck_assert(!is_new);
    }
    tx_clients_deinit(&clients);
}
END_TEST

static bool has_a_small_id(void *data, const struct tx_client *client) {
    uint64_t id;
    memcpy(&id, client->id, sizeof(id));
    return id < *(uint64_t *)data;
}

START_TEST(a_client_whose_connection_is_open_is_forgotten_last) {
    uint64_t n_open = 100;
    struct tx_clients clients;
    bool is_new;

    ck_assert_int_eq(tx_clients_init(&clients, 3, has_a_small_id, &n_open), 0);
    for (uint64_t i = 0; i < 2 * TX_CLIENTS_MAX; i++) {
        get(&clients, i, &is_new);
        learn(&clients, i, i);
    }
    for (uint64_t i = 0; i < n_open; i++) {
        get(&clients, i, &is_new);
        ck_assert(!is_new);
    }
    get(&clients, n_open, &is_new);
    ck_assert(is_new);
    n_open = UINT64_MAX; /* all are: somebody must go */
    ck_assert_ptr_nonnull(get(&clients, 3 * TX_CLIENTS_MAX, &is_new));
    tx_clients_deinit(&clients);
}
END_TEST

/* All of Mallory's wait for the ledger: then his next one does, and Alice, who waits for nothing,
 * loses none. */
START_TEST(nobody_pays_for_who_keeps_the_ledger_busy) {
    const uint64_t mallory = UINT64_C(1) << 32;
    struct tx_clients clients;
    bool is_new;

    ck_assert_int_eq(tx_clients_init(&clients, 3, NULL, NULL), 0);
    get(&clients, 7, &is_new);
    learn(&clients, 7, 1);
    for (uint64_t i = 1; i < TX_CLIENTS_MAX; i++)
        ck_assert_ptr_nonnull(get(&clients, mallory + i, &is_new));
    ck_assert_ptr_null(get(&clients, mallory, &is_new));
    get(&clients, 7, &is_new);
    ck_assert(!is_new);
    learn(&clients, mallory + 1, 0);
    ck_assert_ptr_nonnull(get(&clients, mallory, &is_new));
    tx_clients_deinit(&clients);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ingest-clients");
    TCase *tests = tcase_create("clients");
    tcase_add_test(tests, what_an_unknown_client_sent_waits_until_the_ledger_has_answered);
    tcase_add_test(tests, the_client_not_heard_of_for_longest_is_forgotten);
    tcase_add_test(tests, a_client_that_is_waited_for_is_not_forgotten);
    tcase_add_test(tests, who_invents_clients_is_forgotten_himself);
    tcase_add_test(tests, who_has_most_clients_loses_the_first);
    tcase_add_test(tests, a_client_whose_connection_is_open_is_forgotten_last);
    tcase_add_test(tests, nobody_pays_for_who_keeps_the_ledger_busy);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
