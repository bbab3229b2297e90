/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ledger/clients.h"

static void name_of(uint64_t i, uint8_t ret[8]) {
    uint64_t v = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    memcpy(ret, &v, sizeof(v));
}

START_TEST(a_client_keeps_its_largest_number) {
    _cleanup_(tx_clients_freep) struct tx_clients *clients = NULL;
    uint8_t a[8] = "client-", b[8] = "other--";
    uint64_t last;
    ck_assert_int_eq(tx_clients_new(&clients), 0);
    ck_assert(!tx_clients_get(clients, a, &last));
    tx_clients_set(clients, a, 7, 0);
    tx_clients_set(clients, a, 5, 1);
    ck_assert(tx_clients_get(clients, a, &last));
    ck_assert_uint_eq(last, 7);
    ck_assert(!tx_clients_get(clients, b, &last));
}
END_TEST

START_TEST(the_client_that_was_heard_of_longest_ago_is_forgotten_first) {
    _cleanup_(tx_clients_freep) struct tx_clients *clients = NULL;
    uint8_t name[8];
    uint64_t last;
    ck_assert_int_eq(tx_clients_new(&clients), 0);
    for (uint64_t i = 0; i < TX_CLIENTS_ROOM; i++) {
        name_of(i, name);
        tx_clients_set(clients, name, i, i);
    }
    name_of(0, name);
    tx_clients_set(clients, name, 1000, TX_CLIENTS_ROOM); /* heard of again */
    ck_assert(!tx_clients_has_forgotten(clients));
    for (uint64_t i = TX_CLIENTS_ROOM; i < TX_CLIENTS_ROOM + 100; i++) {
        name_of(i, name);
        tx_clients_set(clients, name, i, i);
    }
    ck_assert_uint_eq(tx_clients_count(clients), TX_CLIENTS_ROOM);
    ck_assert(tx_clients_has_forgotten(clients));
    for (uint64_t i = 0; i < TX_CLIENTS_ROOM + 100; i++) {
        name_of(i, name);
        bool there = i == 0 || i > 100;
        ck_assert_int_eq(tx_clients_get(clients, name, &last), there);
        if (there)
            ck_assert_uint_eq(last, i == 0 ? 1000 : i);
    }
}
END_TEST

START_TEST(the_fixed_scan_finds_the_source_and_no_imitation_of_it) {
    static const struct {
        const char *line;
        bool found;
        uint64_t n;
    } cases[] = {
        {"{\"seq\":1,\"id\":\"x\",\"host\":\"h\",\"source\":{\"client\":\"0102030405060708\",\"n\":"
         "42,"
         "\"pid\":1}}",
         true, 42},
        {"{\"seq\":1,\"id\":\"x\",\"source\":{\"client\":\"0102030405060708\",\"n\":7,\"pid\":1},"
         "\"data\":{\"j\":{\"a\":1,\"source\":{\"client\":\"ffffffffffffffff\",\"n\":9}}}}",
         true, 7},
        {"{\"seq\":1,\"by\":\"ingest\",\"time\":\"t\",\"event\":\"tracex.lost\",\"data\":{"
         "\"client\":"
         "\"0102030405060708\",\"first\":3,\"last\":11,\"why\":\"client\"}}",
         true, 11},
        {"{\"seq\":1,\"by\":\"ledger\",\"time\":\"t\",\"event\":\"tracex.lost\",\"data\":{"
         "\"client\":"
         "\"0102030405060708\",\"first\":3,\"last\":11}}",
         false, 0},
        {"{\"seq\":1,\"by\":\"ingest\",\"time\":\"t\",\"event\":\"tracex.policy\",\"data\":{}}",
         false, 0},
        {"{\"seq\":1,\"source\":{\"client\":\"01020304\",\"n\":1}}", false, 0},
        {"{\"seq\":1,\"source\":{\"client\":\"0102030405060708\",\"n\":}}", false, 0},
        {"{\"seq\":1,\"source\":{\"client\":\"0102030405060708", false, 0},
        {"", false, 0},
    };
    static const uint8_t expected[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        uint8_t client[8];
        uint64_t n;
        struct tx_text line = {cases[i].line, strlen(cases[i].line)};
        ck_assert_msg(tx_clients_scan(line, client, &n) == cases[i].found, "%s", cases[i].line);
        if (cases[i].found) {
            ck_assert_uint_eq(n, cases[i].n);
            ck_assert_mem_eq(client, expected, 8);
        }
    }
}
END_TEST

START_TEST(the_table_is_saved_and_a_damaged_one_is_not_believed) {
    _cleanup_(tx_clients_freep) struct tx_clients *clients = NULL, *back = NULL;
    char path[] = "/tmp/tracex-clients-XXXXXX";
    uint8_t name[8];
    uint64_t last, size = 7;
    ck_assert_ptr_nonnull(mkdtemp(path));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(tx_clients_new(&clients), 0);
    ck_assert_int_eq(tx_clients_new(&back), 0);
    ck_assert_int_eq(tx_clients_load(back, dir, &size), 0);
    ck_assert_uint_eq(size, 0);
    for (uint64_t i = 0; i < 500; i++) {
        name_of(i, name);
        tx_clients_set(clients, name, i * 3, i);
    }
    ck_assert_int_eq(tx_clients_save(clients, dir, 10), 0);
    ck_assert_int_eq(tx_clients_load(back, dir, &size), 0);
    ck_assert_uint_eq(size, 10);
    ck_assert_uint_eq(tx_clients_count(back), 500);
    ck_assert(!tx_clients_has_forgotten(back));
    tx_clients_note_forgotten(clients);
    ck_assert_int_eq(tx_clients_save(clients, dir, 11), 0);
    ck_assert_int_eq(tx_clients_load(back, dir, &size), 0);
    ck_assert_uint_eq(size, 11);
    ck_assert_uint_eq(tx_clients_count(back), 500);
    ck_assert(tx_clients_has_forgotten(back));
    name_of(77, name);
    ck_assert(tx_clients_get(back, name, &last));
    ck_assert_uint_eq(last, 231);
    int fd = openat(dir, "clients", O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(ftruncate(fd, 1001), 0);
    close(fd);
    ck_assert_int_eq(tx_clients_load(back, dir, &size), 0);
    ck_assert_uint_eq(size, 0);
    ck_assert_uint_eq(tx_clients_count(back), 0);
    unlinkat(dir, "clients", 0);
    close(dir);
    rmdir(path);
}
END_TEST

static char top[] = "/tmp/tracex-clients-XXXXXX";

static void remove_all(int dir) {
    char command[64];
    close(dir);
    snprintf(command, sizeof(command), "rm -rf %s", top);
    ck_assert_int_eq(system(command), 0);
}

static struct tx_clients *load_at(int dir) {
    struct tx_clients *clients;
    uint64_t size;
    ck_assert_int_eq(tx_clients_new(&clients), 0);
    ck_assert_int_eq(tx_clients_load(clients, dir, &size), 0);
    return clients;
}

/* Each client's number is its own, and so is its record's. */
static void set_many(struct tx_clients *clients, uint64_t from, uint64_t to) {
    uint8_t name[8];
    for (uint64_t i = from; i < to; i++) {
        name_of(i, name);
        tx_clients_set(clients, name, i, i);
        if (tx_clients_is_large(clients))
            ck_assert_int_eq(tx_clients_evict(clients, i + 1, 0), 0);
    }
}

/* Every seventh, since it takes its time. */
static void assert_all(struct tx_clients *clients, uint64_t from, uint64_t to) {
    uint8_t name[8];
    uint64_t last;
    for (uint64_t i = from; i < to; i += 7) {
        name_of(i, name);
        ck_assert_msg(tx_clients_get(clients, name, &last), "client %llu", (unsigned long long)i);
        ck_assert_uint_eq(last, i);
        if (tx_clients_is_large(clients))
            ck_assert_int_eq(tx_clients_evict(clients, to, 0), 0);
    }
}

START_TEST(no_client_is_forgotten_however_many_come_nor_over_a_restart) {
    const uint64_t n = 6 * TX_CLIENTS_MAX;
    uint8_t name[8];
    uint64_t last;
    ck_assert_ptr_nonnull(mkdtemp(top));
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct tx_clients *clients = load_at(dir);
    set_many(clients, 0, n);
    ck_assert_uint_le(tx_clients_count(clients), TX_CLIENTS_MAX);
    ck_assert_uint_gt(tx_clients_n_runs(clients), 0);
    ck_assert_uint_lt(tx_clients_n_runs(clients), 16);
    assert_all(clients, 0, n);
    ck_assert(!tx_clients_has_forgotten(clients));
    name_of(n, name); /* the control: one that never was */
    ck_assert(!tx_clients_get(clients, name, &last));
    ck_assert_int_eq(tx_clients_save(clients, dir, n), 0);
    tx_clients_free(clients);
    clients = load_at(dir);
    assert_all(clients, 0, n);
    ck_assert(!tx_clients_get(clients, name, &last));
    ck_assert(!tx_clients_has_forgotten(clients));
    tx_clients_free(clients);
    remove_all(dir);
}
END_TEST

START_TEST(what_is_not_durable_stays_in_memory) {
    uint8_t name[8];
    uint64_t last;
    ck_assert_ptr_nonnull(mkdtemp(top));
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct tx_clients *clients = load_at(dir);
    for (uint64_t i = 0; i < TX_CLIENTS_MAX + 1; i++) {
        name_of(i, name);
        tx_clients_set(clients, name, i, i);
    }
    ck_assert_int_eq(tx_clients_evict(clients, 1000, 0), 0);
    ck_assert_uint_eq(tx_clients_count(clients), TX_CLIENTS_MAX + 1 - 1000);
    tx_clients_free(clients); /* a crash, before the table was saved */
    clients = load_at(dir);
    for (uint64_t i = 0; i < TX_CLIENTS_MAX + 1; i++) {
        name_of(i, name);
        ck_assert_int_eq(tx_clients_get(clients, name, &last), i < 1000);
    }
    tx_clients_free(clients);
    remove_all(dir);
}
END_TEST

START_TEST(a_disk_that_takes_none_makes_it_forget_and_say_so) {
    uint8_t name[8];
    uint64_t last;
    ck_assert_ptr_nonnull(mkdtemp(top));
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct tx_clients *clients = load_at(dir);
    ck_assert_int_eq(rmdir(top), 0);
    for (uint64_t i = 0; i < TX_CLIENTS_ROOM; i++) {
        name_of(i, name);
        tx_clients_set(clients, name, i, i);
    }
    ck_assert_int_lt(tx_clients_evict(clients, TX_CLIENTS_ROOM, 0), 0);
    ck_assert_uint_eq(tx_clients_count(clients), TX_CLIENTS_ROOM);
    ck_assert(!tx_clients_has_forgotten(clients));
    name_of(TX_CLIENTS_ROOM, name);
    tx_clients_set(clients, name, 1, 1);
    ck_assert(tx_clients_has_forgotten(clients));
    name_of(0, name);
    ck_assert(!tx_clients_get(clients, name, &last));
    tx_clients_free(clients);
    close(dir);
}
END_TEST

START_TEST(clients_whose_records_were_removed_leave_when_runs_are_merged) {
    uint8_t name[8];
    uint64_t last;
    ck_assert_ptr_nonnull(mkdtemp(top));
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct tx_clients *clients = load_at(dir);
    for (uint64_t i = 0; i < 6 * TX_CLIENTS_MAX; i++) {
        name_of(i, name);
        tx_clients_set(clients, name, i, i);
        if (tx_clients_is_large(clients))
            ck_assert_int_eq(tx_clients_evict(clients, i + 1, 5000), 0);
    }
    ck_assert(tx_clients_has_forgotten(clients));
    for (uint64_t i = 0; i < 10000; i++) {
        name_of(i, name);
        ck_assert_int_eq(tx_clients_get(clients, name, &last), i >= 5000);
    }
    tx_clients_free(clients);
    remove_all(dir);
}
END_TEST

START_TEST(a_run_that_is_damaged_is_not_believed) {
    ck_assert_ptr_nonnull(mkdtemp(top));
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct tx_clients *clients = load_at(dir);
    set_many(clients, 0, TX_CLIENTS_MAX + 1);
    tx_clients_free(clients);
    int fd = openat(dir, "evicted-0000000000000001", O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(ftruncate(fd, 1000), 0);
    close(fd);
    clients = load_at(dir);
    ck_assert(tx_clients_has_forgotten(clients));
    tx_clients_free(clients);
    remove_all(dir);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ledger-clients");
    TCase *tests = tcase_create("clients");
    tcase_add_test(tests, a_client_keeps_its_largest_number);
    tcase_add_test(tests, the_client_that_was_heard_of_longest_ago_is_forgotten_first);
    tcase_add_test(tests, the_fixed_scan_finds_the_source_and_no_imitation_of_it);
    tcase_add_test(tests, the_table_is_saved_and_a_damaged_one_is_not_believed);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, no_client_is_forgotten_however_many_come_nor_over_a_restart);
    tcase_add_test(tests, what_is_not_durable_stays_in_memory);
    tcase_add_test(tests, a_disk_that_takes_none_makes_it_forget_and_say_so);
    tcase_add_test(tests, clients_whose_records_were_removed_leave_when_runs_are_merged);
    tcase_add_test(tests, a_run_that_is_damaged_is_not_believed);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
