/* SPDX-License-Identifier: MIT */
/* Whose datagram is processed next. */
#include <check.h>
#include <stdlib.h>

#include "auditd/ingest/inbox.h"
#include "auditd/ingest/work.h"

enum { SIZE = 1024, MANY = 64 };

static struct tx_users users;
static struct tx_inbox_entry entries[4 * MANY];
static size_t n_entries;

static bool anybody(void *data, const struct tx_user *user) {
    (void)data, (void)user;
    return true;
}

static bool not_this_one(void *data, const struct tx_user *user) {
    return user->uid != *(uint32_t *)data;
}

static void begin(void) {
    tx_users_init(&users);
    n_entries = 0;
}

/* Entries are told apart by their `connection`, which is the uid here, and their order. */
static void say(uint32_t uid, size_t n, uint32_t size) {
    struct tx_user *user = tx_users_get(&users, uid);
    for (size_t i = 0; i < n; i++) {
        struct tx_inbox_entry *entry = &entries[n_entries++];
        *entry = (struct tx_inbox_entry){.size = size, .connection = uid};
        tx_work_add(&users, user, entry);
    }
}

static struct tx_inbox_entry *next(tx_work_may_go may_go, void *data) {
    struct tx_user *user = NULL;
    struct tx_inbox_entry *entry = tx_work_next(&users, may_go, data, &user);
    if (entry)
        ck_assert_uint_eq(user->uid, entry->connection);
    return entry;
}

/* How many of another's are taken before all of this one's are. */
static size_t others_before_all_of(uint32_t uid, size_t n) {
    size_t others = 0;
    while (n > 0) {
        struct tx_inbox_entry *entry = next(anybody, NULL);
        ck_assert_ptr_nonnull(entry);
        if (entry->connection == uid)
            n--;
        else
            others++;
    }
    return others;
}

START_TEST(one_user_has_his_datagrams_in_their_order) {
    begin();
    say(1001, MANY, SIZE);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_ptr_eq(next(anybody, NULL), &entries[i]);
    ck_assert_ptr_null(next(anybody, NULL));
    tx_users_deinit(&users);
}
END_TEST

START_TEST(who_seldom_says_something_waits_for_nobody) {
    begin();
    say(1001, MANY, SIZE);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(next(anybody, NULL)->connection, 1001);
    say(1002, 1, SIZE);
    ck_assert_uint_eq(next(anybody, NULL)->connection, 1002);
    tx_users_deinit(&users);
}
END_TEST

START_TEST(who_says_much_shares_equally_by_bytes) {
    begin();
    say(1001, 2 * MANY, SIZE);
    say(1002, MANY, 2 * SIZE);
    size_t others = others_before_all_of(1002, MANY);
    ck_assert_uint_ge(others, 2 * MANY - 2 * TX_WORK_TURN / SIZE);
    tx_users_deinit(&users);
}
END_TEST

START_TEST(who_takes_long_pays_for_it) {
    begin();
    say(1001, MANY, SIZE);
    say(1002, MANY, SIZE);
    struct tx_user *slow = tx_users_find(&users, 1001);
    size_t n_slow = 0;
    for (size_t left = MANY; left > 0;) {
        struct tx_inbox_entry *entry = next(anybody, NULL);
        if (entry->connection == 1002) {
            left--;
            continue;
        }
        n_slow++;
        tx_work_charge(slow, SIZE, 2000000);
    }
    ck_assert_uint_ge(n_slow, MANY / 3 - TX_WORK_TURN / SIZE); /* but not for all of the time */
    ck_assert_uint_le(n_slow, MANY / 3 + TX_WORK_TURN / SIZE);
    tx_users_deinit(&users);
}
END_TEST

START_TEST(who_owes_much_is_not_kept_out_for_ever) {
    begin();
    struct tx_user *slow = tx_users_get(&users, 1001);
    tx_work_charge(slow, (size_t)1 << 40, INT64_C(3600) * 1000000000);
    say(1001, 1, SIZE);
    say(1002, 3 * MANY, 8 * SIZE);
    ck_assert_uint_le(others_before_all_of(1001, 1), 2 * MANY);
    tx_users_deinit(&users);
}
END_TEST

START_TEST(who_may_not_go_keeps_his_place_and_others_go) {
    uint32_t uid = 1001;
    begin();
    say(1001, 2, SIZE);
    say(1002, 1, SIZE);
    ck_assert_uint_eq(next(not_this_one, &uid)->connection, 1002);
    ck_assert_ptr_null(next(not_this_one, &uid));
    ck_assert_ptr_eq(next(anybody, NULL), &entries[0]);
    ck_assert_ptr_eq(next(anybody, NULL), &entries[1]);
    tx_users_deinit(&users);
}
END_TEST

START_TEST(what_is_forgotten_can_be_added_again) {
    begin();
    say(1001, 3, SIZE);
    say(1002, 3, SIZE);
    tx_work_forget(&users);
    ck_assert_ptr_null(next(anybody, NULL));
    say(1002, 1, SIZE);
    ck_assert_uint_eq(next(anybody, NULL)->connection, 1002);
    tx_users_deinit(&users);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ingest-work");
    TCase *tests = tcase_create("work");
    tcase_add_test(tests, one_user_has_his_datagrams_in_their_order);
    tcase_add_test(tests, who_seldom_says_something_waits_for_nobody);
    tcase_add_test(tests, who_says_much_shares_equally_by_bytes);
    tcase_add_test(tests, who_takes_long_pays_for_it);
    tcase_add_test(tests, who_owes_much_is_not_kept_out_for_ever);
    tcase_add_test(tests, who_may_not_go_keeps_his_place_and_others_go);
    tcase_add_test(tests, what_is_forgotten_can_be_added_again);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
