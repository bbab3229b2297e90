/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libaudit-client/resend.h"

static uint8_t memory[1024];
static struct tx_resend resend;

static void set_up(void) {
    memset(memory, 0, sizeof(memory));
    tx_resend_init(&resend, memory, sizeof(memory));
}

/* Written into a place that was reserved for n_reserved bytes. */
static bool add_in(uint64_t number, uint32_t count, size_t n, size_t n_reserved) {
    size_t room = tx_resend_room(&resend);
    uint8_t *to = tx_resend_reserve(&resend, n_reserved);
    ck_assert_int_eq(to != NULL, n_reserved > 0 && n_reserved <= room);
    if (!to)
        return false;
    memset(to, (int)number + 1, n);
    tx_resend_commit(&resend, n, number, count);
    return true;
}

static bool add(uint64_t number, size_t n) {
    return add_in(number, 1, n, n);
}

/* All of it has been wiped. */
static void assert_clean(void) {
    ck_assert_uint_eq(resend.n, 0);
    for (size_t i = 0; i < sizeof(memory); i++)
        ck_assert_uint_eq(memory[i], 0);
}

static void assert_sends(uint64_t number, size_t n) {
    struct tx_resend_datagram d;
    ck_assert(tx_resend_next(&resend, &d));
    ck_assert_uint_eq(d.number, number);
    ck_assert_uint_eq(d.n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(d.p[i], (uint8_t)(number + 1));
    tx_resend_sent(&resend);
}

START_TEST(datagrams_come_back_in_order_and_are_wiped_when_acknowledged) {
    struct tx_resend_datagram d;
    ck_assert(add(3, 10) && add(4, 100) && add(9, 1));
    ck_assert(!tx_resend_next(&resend, &d)); /* all are sent */
    tx_resend_rewind(&resend);
    assert_sends(3, 10);
    assert_sends(4, 100);
    assert_sends(9, 1);
    ck_assert(!tx_resend_next(&resend, &d));
    tx_resend_acknowledge(&resend, 4);
    ck_assert_uint_eq(resend.n, 2);
    ck_assert_uint_eq(tx_resend_oldest(&resend), 4);
    tx_resend_acknowledge(&resend, 3); /* an older one says nothing */
    ck_assert_uint_eq(resend.n, 2);
    tx_resend_acknowledge(&resend, 10);
    assert_clean();
}
END_TEST

START_TEST(what_does_not_fit_is_refused_and_changes_nothing) {
    ck_assert(!add(0, sizeof(memory)));
    ck_assert(!add(0, SIZE_MAX));
    ck_assert(!add(0, SIZE_MAX - 15));
    ck_assert(add(0, sizeof(memory) - 16));
    ck_assert(!add(1, 0));
    tx_resend_acknowledge(&resend, 1);
    assert_clean();
}
END_TEST

START_TEST(what_is_abandoned_is_wiped) {
    uint8_t *to = tx_resend_reserve(&resend, 100);
    memset(to, 0xee, 100);
    tx_resend_abandon(&resend, 100);
    assert_clean();
}
END_TEST

START_TEST(an_unsent_one_stays_although_it_is_acknowledged) {
    ck_assert(add(0, 8) && add(1, 8));
    tx_resend_rewind(&resend);
    tx_resend_acknowledge(&resend, 2);
    ck_assert_uint_eq(resend.n, 2);
    assert_sends(0, 8);
    ck_assert_uint_eq(resend.n, 1);
    assert_sends(1, 8);
    assert_clean();
}
END_TEST

START_TEST(a_datagram_of_several_records_stays_until_the_last_is_acknowledged) {
    ck_assert(add_in(0, 3, 30, 30) && add_in(3, 2, 20, 200));
    ck_assert_uint_eq(resend.n_records, 5);
    tx_resend_acknowledge(&resend, 2);
    ck_assert_uint_eq(resend.n, 2);
    tx_resend_rewind(&resend);
    ck_assert_uint_eq(resend.n_unsent_records, 5);
    assert_sends(0, 30);
    ck_assert_uint_eq(resend.n_unsent_records, 2);
    tx_resend_acknowledge(&resend, 3);
    ck_assert_uint_eq(tx_resend_oldest(&resend), 3);
    assert_sends(3, 20);
    tx_resend_acknowledge(&resend, 5);
    assert_clean();
    ck_assert_uint_eq(resend.n_records, 0);
}
END_TEST

START_TEST(clearing_wipes_everything) {
    ck_assert(add(0, 300) && add(1, 300) && add(2, 200));
    tx_resend_acknowledge(&resend, 1);
    ck_assert(add(3, 250)); /* around the end */
    tx_resend_clear(&resend);
    assert_clean();
    ck_assert(add(4, 1000));
}
END_TEST

/* Against a plain list, with every size and every moment of acknowledging. */
START_TEST(it_behaves_like_a_list_for_twenty_thousand_random_steps) {
    struct {
        uint64_t number;
        uint32_t count;
        size_t n;
    } list[256];
    size_t n_list = 0;
    uint64_t next = 0;
    unsigned seed = 1;

    for (int step = 0; step < 20000; step++) {
        size_t n = 1 + (size_t)rand_r(&seed) % 400;
        size_t used = 0, room;
        uint64_t n_records = 0;
        uint32_t count;
        for (size_t i = 0; i < n_list; i++)
            used += 16 + ((list[i].n + 15) & ~(size_t)15);
        switch (rand_r(&seed) % 4) {
        case 0:
        case 1:
            count = 1 + (uint32_t)rand_r(&seed) % 3;
            room = tx_resend_room(&resend);
            if (add_in(next, count, n, rand_r(&seed) % 2 && room > n ? room : n)) {
                list[n_list].number = next;
                list[n_list].count = count;
                list[n_list++].n = n;
                next += count;
                ck_assert_uint_le(used + n, sizeof(memory));
            } else {
                ck_assert_uint_gt(n_list, 0);
            }
            break;
        case 2: {
            size_t drop = n_list ? (size_t)rand_r(&seed) % n_list : 0;
            /* Also one in the middle of a datagram, which is kept. */
            uint64_t acknowledged = n_list ? list[drop].number : 0;
            if (n_list && list[drop].count > 1)
                acknowledged += (uint64_t)rand_r(&seed) % list[drop].count;
            tx_resend_acknowledge(&resend, acknowledged);
            memmove(list, list + drop, (n_list - drop) * sizeof(list[0]));
            n_list -= drop;
            break;
        }
        default:
            tx_resend_rewind(&resend);
            for (size_t i = 0; i < n_list; i++)
                assert_sends(list[i].number, list[i].n);
        }
        ck_assert_uint_eq(resend.n, n_list);
        for (size_t i = 0; i < n_list; i++)
            n_records += list[i].count;
        ck_assert_uint_eq(resend.n_records, n_records);
        if (n_list)
            ck_assert_uint_eq(tx_resend_oldest(&resend), list[0].number);
    }
    tx_resend_acknowledge(&resend, next);
    assert_clean();
}
END_TEST

/* A signal handler forks between the reservation and what follows: the child finds all 0. */
START_TEST(in_wiped_memory_a_commit_and_an_abandon_do_nothing) {
    struct tx_resend wiped = {.memory = NULL};

    tx_resend_abandon(&wiped, 100);
    tx_resend_commit(&wiped, 100, 7, 1);
    ck_assert_uint_eq(wiped.n, 0);
    ck_assert_uint_eq(wiped.used, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-resend");
    TCase *tests = tcase_create("ring");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, datagrams_come_back_in_order_and_are_wiped_when_acknowledged);
    tcase_add_test(tests, what_does_not_fit_is_refused_and_changes_nothing);
    tcase_add_test(tests, what_is_abandoned_is_wiped);
    tcase_add_test(tests, an_unsent_one_stays_although_it_is_acknowledged);
    tcase_add_test(tests, a_datagram_of_several_records_stays_until_the_last_is_acknowledged);
    tcase_add_test(tests, clearing_wipes_everything);
    tcase_add_test(tests, it_behaves_like_a_list_for_twenty_thousand_random_steps);
    tcase_add_test(tests, in_wiped_memory_a_commit_and_an_abandon_do_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
