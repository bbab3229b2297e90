/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auditd/ingest/inbox.h"
#include "auditd/ipc/fds.h"
#include "libtx/base/buf.h"

/* Small, so that it wraps often: eleven datagrams of the largest size, and three places behind it
 * where such may be received at once. */
#define INBOX_BYTES (4096u * 480u)
#define N_PLACES 3u

static int memfd;
static struct tx_inbox inbox;
static const struct tx_text identity = TX_TEXT("an identity of some length");

static void open_inbox(void) {
    bool sane;
    ck_assert_int_eq(tx_inbox_open(memfd, &inbox, &sane), 0);
    ck_assert(sane);
}

static void setup(void) {
    memfd = memfd_create("inbox", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(memfd, INBOX_BYTES), 0);
    open_inbox();
}

static void teardown(void) {
    tx_inbox_close(&inbox);
    close(memfd);
}

/* What a kill -9 does: nothing of the process stays but the memory. */
static void die_and_open(void) {
    tx_inbox_close(&inbox);
    open_inbox();
}

/* A datagram as the kernel would write it. */
static void write_into(struct tx_inbox_entry *entry, uint64_t connection, size_t n) {
    uint8_t *p = tx_inbox_datagram(entry);
    struct tx_buf b = tx_buf_of(p, n);
    tx_buf_str(&b, "TX\x01\x01");
    tx_buf_u32(&b, (uint32_t)n);
    memset(p + 8, (int)(connection % 255 + 1), n - 8);
    struct cmsghdr header = {CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS};
    struct ucred sender = {.pid = 12, .uid = 1000, .gid = 100};
    memcpy(tx_inbox_control(entry), &header, sizeof(header));
    memcpy(tx_inbox_control(entry) + CMSG_LEN(0), &sender, sizeof(sender));
}

static struct tx_inbox_entry *write_datagram(uint64_t connection, size_t n) {
    struct tx_inbox_entry *entry = tx_inbox_prepare(&inbox, connection, identity);
    if (entry)
        write_into(entry, connection, n);
    return entry;
}

static struct tx_inbox_entry *receive(uint64_t connection, size_t n) {
    struct tx_inbox_entry *entry = write_datagram(connection, n);
    if (entry)
        tx_inbox_commit(&inbox, entry, n, 77);
    return entry;
}

static void expect(uint64_t connection, size_t n) {
    struct tx_inbox_entry *entry = tx_inbox_take(&inbox);
    ck_assert_ptr_nonnull(entry);
    ck_assert_uint_eq(entry->connection, connection);
    ck_assert_uint_eq(entry->n_datagram, n);
    if (n > 8) /* else it is a header alone */
        ck_assert_uint_eq(tx_inbox_datagram(entry)[n - 1], connection % 255 + 1);
    ck_assert(tx_text_equal(tx_inbox_identity(entry), identity));
    struct ucred sender;
    ck_assert(tx_inbox_credentials(entry, &sender));
    ck_assert_int_eq(sender.pid, 12);
}

static bool all_zero(void) {
    for (const uint8_t *p = inbox.ring; p < (uint8_t *)inbox.header + INBOX_BYTES; p++)
        if (*p)
            return false;
    return true;
}

START_TEST(what_was_received_is_taken_in_order_and_wiped_when_freed) {
    struct tx_inbox_entry *a = receive(1, 100), *b = receive(2, 5000);
    expect(1, 100);
    expect(2, 5000);
    ck_assert_ptr_null(tx_inbox_take(&inbox));
    tx_inbox_free(&inbox, b);
    ck_assert_uint_gt(inbox.used, 0); /* the older one still stands before it */
    tx_inbox_free(&inbox, a);
    ck_assert_uint_eq(inbox.used, 0);
    ck_assert(all_zero());
}
END_TEST

START_TEST(a_receive_that_brought_nothing_leaves_nothing) {
    struct tx_inbox_entry *entry = write_datagram(1, TX_LIMIT_DATAGRAM_BYTES);
    tx_inbox_abandon(entry, TX_LIMIT_DATAGRAM_BYTES);
    ck_assert(all_zero());
    ck_assert_ptr_null(tx_inbox_take(&inbox));
}
END_TEST

START_TEST(a_full_inbox_takes_no_more_until_the_oldest_is_freed) {
    uint64_t n = 0;
    while (receive(n, TX_LIMIT_DATAGRAM_BYTES))
        n++;
    ck_assert_uint_ge(n, 10);
    for (uint64_t i = 0; i < n; i++)
        expect(i, TX_LIMIT_DATAGRAM_BYTES);
    tx_inbox_rewind(&inbox);
    struct tx_inbox_entry *first = tx_inbox_take(&inbox), *second = tx_inbox_take(&inbox);
    tx_inbox_free(&inbox, second);
    ck_assert_ptr_null(receive(n, 100));
    tx_inbox_free(&inbox, first);
    ck_assert_ptr_nonnull(receive(n, 100));
}
END_TEST

START_TEST(a_rewind_gives_out_again_what_was_not_freed) {
    struct tx_inbox_entry *entries[6];
    for (uint64_t i = 0; i < 6; i++)
        entries[i] = receive(i, 200);
    for (uint64_t i = 0; i < 6; i++)
        expect(i, 200);
    tx_inbox_free(&inbox, entries[1]);
    tx_inbox_free(&inbox, entries[4]);
    tx_inbox_free(&inbox, entries[5]);
    tx_inbox_rewind(&inbox);
    expect(0, 200);
    tx_inbox_free(&inbox, entries[0]); /* the head goes past what was freed before */
    receive(6, 200);
    expect(2, 200);
    expect(3, 200);
    tx_inbox_free(&inbox, entries[2]);
    tx_inbox_free(&inbox, entries[3]);
    receive(7, 200);
    expect(6, 200);
    expect(7, 200);
    ck_assert_ptr_null(tx_inbox_take(&inbox));
}
END_TEST

START_TEST(a_new_process_finds_what_the_old_one_had_received) {
    receive(1, 100);
    struct tx_inbox_entry *second = receive(2, 100);
    receive(3, 100);
    tx_inbox_free(&inbox, second);
    die_and_open();
    expect(1, 100);
    expect(3, 100);
    ck_assert_ptr_null(tx_inbox_take(&inbox));
}
END_TEST

START_TEST(a_datagram_that_the_kernel_wrote_counts_even_if_nobody_saw_it) {
    receive(1, 100);
    write_datagram(2, 300);
    die_and_open();
    expect(1, 100);
    expect(2, 300);
    receive(3, 100);
    expect(3, 100);
}
END_TEST

START_TEST(a_receive_that_was_cut_short_by_death_counts_for_nothing) {
    static const char *const starts[] = {"", "T", "TX\x01\x01\xff\xff\xff\xff",
                                         "TX\x01\x01\x07\0\0\0"};
    for (size_t i = 0; i < TX_COUNT_OF(starts); i++) {
        receive(1, 100);
        struct tx_inbox_entry *entry = write_datagram(2, 300);
        memset(tx_inbox_datagram(entry), 0, 300);
        memcpy(tx_inbox_datagram(entry), starts[i], i < 2 ? i : 8);
        die_and_open();
        struct tx_inbox_entry *first = tx_inbox_take(&inbox);
        ck_assert_uint_eq(first->connection, 1);
        ck_assert_ptr_null(tx_inbox_take(&inbox));
        tx_inbox_free(&inbox, first);
        ck_assert(all_zero());
    }
}
END_TEST

START_TEST(no_credentials_no_datagram) {
    struct tx_inbox_entry *entry = write_datagram(2, 300);
    memset(tx_inbox_control(entry), 0, TX_INBOX_CONTROL_BYTES);
    die_and_open();
    ck_assert_ptr_null(tx_inbox_take(&inbox));
    ck_assert(all_zero());
}
END_TEST

/* --- several at once --- */

START_TEST(what_is_received_at_once_comes_in_order_behind_what_was_before) {
    struct tx_inbox_entry *many[TX_INBOX_LANDING];
    receive(1, 100);
    ck_assert_uint_eq(tx_inbox_prepare_many(&inbox, 2, identity, TX_INBOX_LANDING, many), N_PLACES);
    write_into(many[0], 2, 300);
    write_into(many[1], 2, 131000);
    for (size_t i = 0; i < 2; i++)
        ck_assert_ptr_nonnull(tx_inbox_land(&inbox, many[i], i == 0 ? 300 : 131000, 77));
    tx_inbox_abandon(many[2], 0);
    receive(3, 100);
    expect(1, 100);
    expect(2, 300);
    expect(2, 131000);
    expect(3, 100);
    ck_assert_ptr_null(tx_inbox_take(&inbox));
    tx_inbox_rewind(&inbox);
    for (size_t i = 0; i < 4; i++)
        tx_inbox_free(&inbox, tx_inbox_take(&inbox));
    ck_assert(all_zero());
}
END_TEST

/* How many were in the ring when it died, of three that had come. */
START_TEST(who_dies_over_several_loses_none_and_leaves_their_order) {
    struct tx_inbox_entry *many[TX_INBOX_LANDING];
    receive(1, 100);
    ck_assert_uint_eq(tx_inbox_prepare_many(&inbox, 2, identity, 3, many), N_PLACES);
    for (size_t i = 0; i < 3; i++)
        write_into(many[i], 2, 200 + i);
    for (int i = 0; i < _i; i++)
        tx_inbox_land(&inbox, many[i], 200 + (size_t)i, 77);
    die_and_open();
    expect(1, 100);
    for (size_t i = 0; i < 3; i++)
        expect(2, 200 + i);
    ck_assert_ptr_null(tx_inbox_take(&inbox));
}
END_TEST

START_TEST(who_dies_before_one_that_landed_is_wiped_has_it_twice_and_not_never) {
    static uint8_t before[300];
    struct tx_inbox_entry *many[TX_INBOX_LANDING];
    ck_assert_uint_eq(tx_inbox_prepare_many(&inbox, 2, identity, 2, many), 2);
    write_into(many[0], 2, 100);
    write_into(many[1], 2, 101);
    memcpy(before, many[0], sizeof(before));
    tx_inbox_land(&inbox, many[0], 100, 77);
    memcpy(many[0], before, sizeof(before));
    die_and_open();
    expect(2, 100);
    expect(2, 100);
    expect(2, 101);
    ck_assert_ptr_null(tx_inbox_take(&inbox));
}
END_TEST

START_TEST(no_more_are_received_at_once_than_the_ring_has_room_for) {
    struct tx_inbox_entry *many[TX_INBOX_LANDING];
    size_t n_before = N_PLACES, n;
    for (uint64_t i = 0; receive(i, TX_LIMIT_DATAGRAM_BYTES); i++) {
        n = tx_inbox_prepare_many(&inbox, i, identity, TX_INBOX_LANDING, many);
        ck_assert_uint_le(n, n_before);
        for (size_t k = 0; k < n; k++)
            tx_inbox_abandon(many[k], 0);
        n_before = n;
    }
    ck_assert_uint_eq(n_before, 0);
}
END_TEST

/* Many random steps, with deaths, beside a plain list that says what must be there. */
START_TEST(it_holds_exactly_what_it_was_given_through_many_deaths) {
    static uint64_t ids[4096];
    static size_t sizes[4096];
    size_t n = 0;
    uint64_t next = 1;

    srandom((unsigned)_i);
    for (int step = 0; step < 3000; step++) {
        long dice = random() % 100;
        if (dice < 20) {
            struct tx_inbox_entry *many[TX_INBOX_LANDING];
            size_t n_many = tx_inbox_prepare_many(&inbox, next, identity, N_PLACES, many);
            size_t n_came = n_many ? (size_t)random() % (n_many + 1) : 0;
            size_t n_landed = dice < 15 ? n_came : (size_t)random() % (n_came + 1);
            for (size_t i = 0; i < n_came; i++) {
                sizes[n + i] = 8 + (size_t)random() % (dice % 4 == 0 ? 130000 : 900);
                many[i]->connection = ids[n + i] = next++;
                write_into(many[i], ids[n + i], sizes[n + i]);
            }
            for (size_t i = 0; i < n_landed; i++)
                tx_inbox_land(&inbox, many[i], sizes[n + i], 77);
            for (size_t i = n_came; i < n_many; i++)
                tx_inbox_abandon(many[i], 0);
            n += n_came;
            if (n_landed < n_came)
                die_and_open();
        } else if (dice < 55) {
            size_t size = 8 + (size_t)random() % (dice < 10 ? 130000 : 900);
            if (dice % 5 == 0 ? write_datagram(next, size) != NULL : receive(next, size) != NULL) {
                ids[n] = next++;
                sizes[n++] = size;
            }
            if (dice < 55 && dice % 5 == 0)
                die_and_open();
        } else if (dice < 99 && n > 0) {
            size_t which = (size_t)random() % (n < 5 ? n : 5);
            tx_inbox_rewind(&inbox);
            for (size_t i = 0; i <= which; i++) {
                struct tx_inbox_entry *entry = tx_inbox_take(&inbox);
                ck_assert_uint_eq(entry->connection, ids[i]);
                ck_assert_uint_eq(entry->n_datagram, sizes[i]);
                if (i == which)
                    tx_inbox_free(&inbox, entry);
            }
            memmove(ids + which, ids + which + 1, (n - which - 1) * sizeof(ids[0]));
            memmove(sizes + which, sizes + which + 1, (n - which - 1) * sizeof(sizes[0]));
            n--;
        } else {
            die_and_open();
        }
        tx_inbox_rewind(&inbox);
        ck_assert_uint_eq(inbox.n_received, n);
    }
    for (size_t i = 0; i < n; i++)
        expect(ids[i], sizes[i]);
    ck_assert_ptr_null(tx_inbox_take(&inbox));
    tx_inbox_rewind(&inbox);
    for (size_t i = 0; i < n; i++)
        tx_inbox_free(&inbox, tx_inbox_take(&inbox));
    ck_assert(all_zero());
}
END_TEST

static void damage_landing(void) {
    struct tx_inbox_entry *many[TX_INBOX_LANDING];
    size_t n = tx_inbox_prepare_many(&inbox, 9, identity, TX_INBOX_LANDING, many);

    for (size_t i = 0; i < n; i++) {
        write_into(many[i], 9, 8 + (size_t)random() % 20000);
        uint32_t value = (uint32_t)random() >> (random() % 32);
        memcpy((uint8_t *)many[i] + (size_t)random() % 200 / 4 * 4, &value, sizeof(value));
    }
}

/* The process before may have been taken over: whatever it left, reading it back ends, stays inside
 * and leaves a ring that works. */
START_TEST(a_damaged_inbox_is_read_back_without_harm) {
    srandom((unsigned)_i + 1000);
    for (int round = 0; round < 200; round++) {
        bool sane;
        for (uint64_t i = 0; i < 20; i++)
            receive(i, 8 + (size_t)random() % 20000);
        for (int i = 0; i < 8; i++) {
            size_t at = (size_t)random() % (round % 2 ? 64 : 4096 + 200000) / 4 * 4;
            uint32_t value = (uint32_t)random() >> (random() % 32);
            memcpy((uint8_t *)inbox.header + at, &value, sizeof(value));
        }
        if (round % 3 == 0)
            damage_landing();
        tx_inbox_close(&inbox);
        ck_assert_int_eq(tx_inbox_open(memfd, &inbox, &sane), 0);
        struct tx_inbox_entry *entry;
        while ((entry = tx_inbox_take(&inbox))) {
            ck_assert_uint_le(entry->n_datagram, TX_LIMIT_DATAGRAM_BYTES);
            ck_assert_uint_le(entry->n_identity, TX_INBOX_IDENTITY_BYTES);
            ck_assert((uint8_t *)entry + entry->size <= inbox.ring + inbox.capacity);
        }
        tx_inbox_rewind(&inbox);
        while ((entry = tx_inbox_take(&inbox)))
            tx_inbox_free(&inbox, entry);
        ck_assert_uint_eq(inbox.used, 0);
        ck_assert(all_zero());
        receive(5, 500);
        expect(5, 500);
        tx_inbox_rewind(&inbox);
        tx_inbox_free(&inbox, tx_inbox_take(&inbox));
    }
}
END_TEST

START_TEST(a_memfd_of_the_wrong_size_is_refused) {
    static const off_t sizes[] = {0, 4096, 8192, INBOX_BYTES + 1};
    for (size_t i = 0; i < TX_COUNT_OF(sizes); i++) {
        bool sane;
        struct tx_inbox other;
        int fd = memfd_create("other", MFD_CLOEXEC);
        ck_assert_int_eq(ftruncate(fd, sizes[i]), 0);
        ck_assert_int_eq(tx_inbox_open(fd, &other, &sane), -EINVAL);
        close(fd);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ingest-inbox");
    TCase *tests = tcase_create("inbox");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_was_received_is_taken_in_order_and_wiped_when_freed);
    tcase_add_test(tests, a_receive_that_brought_nothing_leaves_nothing);
    tcase_add_test(tests, a_full_inbox_takes_no_more_until_the_oldest_is_freed);
    tcase_add_test(tests, a_rewind_gives_out_again_what_was_not_freed);
    tcase_add_test(tests, a_new_process_finds_what_the_old_one_had_received);
    tcase_add_test(tests, a_datagram_that_the_kernel_wrote_counts_even_if_nobody_saw_it);
    tcase_add_test(tests, a_receive_that_was_cut_short_by_death_counts_for_nothing);
    tcase_add_test(tests, no_credentials_no_datagram);
    tcase_add_loop_test(tests, it_holds_exactly_what_it_was_given_through_many_deaths, 0, 8);
    tcase_add_test(tests, what_is_received_at_once_comes_in_order_behind_what_was_before);
    tcase_add_loop_test(tests, who_dies_over_several_loses_none_and_leaves_their_order, 0, 4);
    tcase_add_test(tests, who_dies_before_one_that_landed_is_wiped_has_it_twice_and_not_never);
    tcase_add_test(tests, no_more_are_received_at_once_than_the_ring_has_room_for);
    tcase_add_loop_test(tests, a_damaged_inbox_is_read_back_without_harm, 0, 4);
    tcase_add_test(tests, a_memfd_of_the_wrong_size_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
