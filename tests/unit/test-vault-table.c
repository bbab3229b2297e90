/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/vault/lookup.h"
#include "auditd/vault/table.h"

static char directory[64];
static int dirfd_vault;
static struct tx_hasher *hasher;
static const uint8_t mark[16] = "mark of this key";

static void setup(void) {
    strcpy(directory, "/tmp/tx-table-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_vault = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
}

static void teardown(void) {
    unlinkat(dirfd_vault, TX_TABLE_FILE, 0);
    close(dirfd_vault);
    ck_assert_int_eq(rmdir(directory), 0);
    tx_hasher_free(hasher);
}

static struct tx_table *open_table(void) {
    struct tx_table *table = NULL;
    int r = tx_table_open(dirfd_vault, hasher, mark, &table);
    if (r == -ENOENT) {
        ck_assert_int_eq(tx_table_create(dirfd_vault, hasher, mark), 0);
        r = tx_table_open(dirfd_vault, hasher, mark, &table);
    }
    ck_assert_int_eq(r, 0);
    return table;
}

/* Different ones for each number, as if random. */
static void fill(void *p, size_t n, const char *what, unsigned number) {
    struct tx_digest digest;
    tx_hash(hasher, what, strlen(what), &number, sizeof(number), NULL, 0, &digest);
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)p)[i] = digest.bytes[i % sizeof(digest.bytes)];
}

static struct tx_slot slot_of(unsigned number) {
    struct tx_slot slot = {.state = TX_SLOT_LIVE, .time = 1000 + number};
    fill(slot.ref, sizeof(slot.ref), "ref", number);
    fill(slot.index, sizeof(slot.index), "index", number);
    fill(slot.sealed, sizeof(slot.sealed), "sealed", number);
    return slot;
}

static void check_live(struct tx_table *table, unsigned number) {
    struct tx_slot expected = slot_of(number), found;
    ck_assert_int_eq(tx_table_find(table, expected.index, &found), 0);
    ck_assert_mem_eq(found.ref, expected.ref, sizeof(found.ref));
    ck_assert_mem_eq(found.secret, expected.secret, sizeof(found.secret));
    ck_assert_int_eq(found.time, expected.time);
    ck_assert_int_eq(tx_table_find_ref(table, expected.ref, &found), 0);
    ck_assert_int_eq((int)found.state, TX_SLOT_LIVE);
}

static struct tx_vault_erasure erasure_of(unsigned number) {
    struct tx_vault_erasure erasure = {
        .time = 5000 + number, .uid = 7, .pid = 9, .reference = TX_TEXT("DSR-17")};
    fill(erasure.request, sizeof(erasure.request), "request", number);
    return erasure;
}

static bool file_has(const void *part, size_t n) {
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", directory, TX_TABLE_FILE);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &st), 0);
    char *bytes = malloc((size_t)st.st_size);
    ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
    bool found = memmem(bytes, (size_t)st.st_size, part, n) != NULL;
    free(bytes);
    close(fd);
    return found;
}

static void flip(off_t at) {
    uint8_t byte;
    int fd = openat(dirfd_vault, TX_TABLE_FILE, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

START_TEST(what_was_added_is_found_also_by_the_next_process) {
    for (unsigned round = 0; round < 3; round++) {
        _cleanup_(tx_table_closep) struct tx_table *table = open_table();
        struct tx_slot slot, absent = slot_of(100000);
        for (unsigned i = 0; i < round * 3000; i++)
            check_live(table, i);
        for (unsigned i = round * 3000; i < (round + 1) * 3000; i++) {
            slot = slot_of(i);
            ck_assert_int_eq(tx_table_find(table, slot.index, &slot), TX_TABLE_E_ABSENT);
            slot = slot_of(i);
            ck_assert_int_eq(tx_table_add(table, &slot), 0);
        }
        check_live(table, round * 3000);
        ck_assert_int_eq(tx_table_find(table, absent.index, &slot), TX_TABLE_E_ABSENT);
        ck_assert_int_eq(tx_table_find_ref(table, absent.ref, &slot), TX_TABLE_E_ABSENT);
        ck_assert_uint_eq(tx_table_counts(table).live, (round + 1) * 3000);
        ck_assert_uint_eq(tx_table_counts(table).damaged, 0);
    }
}
END_TEST

START_TEST(an_erased_key_is_gone_from_the_file_and_its_ref_says_when) {
    struct tx_table *table = open_table();
    struct tx_vault_erasure erasure = erasure_of(1);
    struct tx_slot slot, found;
    for (unsigned i = 0; i < 3; i++) {
        slot = slot_of(i);
        ck_assert_int_eq(tx_table_add(table, &slot), 0);
    }
    slot = slot_of(1);
    ck_assert(file_has(slot.sealed, sizeof(slot.sealed)));
    ck_assert_int_eq(tx_table_erase(table, slot.index, &erasure), 0);
    ck_assert_mem_eq(erasure.ref, slot.ref, sizeof(slot.ref));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i + 8 <= sizeof(slot.secret); i++) /* not a part of it either */
            ck_assert(!file_has(slot.secret + i, 8));
        ck_assert_int_eq(tx_table_find(table, slot.index, &found), TX_TABLE_E_ABSENT);
        ck_assert_int_eq(tx_table_find_ref(table, slot.ref, &found), 0);
        ck_assert_int_eq((int)found.state, TX_SLOT_ERASED);
        ck_assert_int_eq(found.time, erasure.time);
        check_live(table, 0);
        check_live(table, 2);
        struct tx_table_counts counts = tx_table_counts(table);
        ck_assert_uint_eq(counts.live, 2);
        ck_assert_uint_eq(counts.erased, 1);
        ck_assert_uint_eq(counts.unrecorded, 1);
        tx_table_close(table);
        table = open_table();
    }
    ck_assert_int_eq(tx_table_erase(table, slot.index, &erasure), TX_TABLE_E_ABSENT);
    tx_table_close(table);
}
END_TEST

START_TEST(the_same_person_may_have_a_new_key_after_an_erasure) {
    _cleanup_(tx_table_closep) struct tx_table *table = open_table();
    struct tx_vault_erasure erasure = erasure_of(1);
    struct tx_slot slot = slot_of(1), again = slot_of(2), found;
    memcpy(again.index, slot.index, sizeof(again.index));
    ck_assert_int_eq(tx_table_add(table, &slot), 0);
    ck_assert_int_eq(tx_table_erase(table, slot.index, &erasure), 0);
    ck_assert_int_eq(tx_table_add(table, &again), 0);
    ck_assert_int_eq(tx_table_find(table, slot.index, &found), 0);
    ck_assert_mem_eq(found.ref, again.ref, sizeof(found.ref));
    ck_assert_int_eq(tx_table_find_ref(table, slot.ref, &found), 0);
    ck_assert_int_eq((int)found.state, TX_SLOT_ERASED);
}
END_TEST

static const struct tx_vault_erasure *first_unrecorded(const struct tx_table *table) {
    for (size_t i = 0; i < TX_SLOT_N_INTENTS; i++)
        if (tx_table_unrecorded(table, i))
            return tx_table_unrecorded(table, i);
    return NULL;
}

START_TEST(an_erasure_is_remembered_until_the_log_has_it) {
    struct tx_table *table = open_table();
    struct tx_vault_erasure erasure = erasure_of(1), other = erasure_of(2);
    struct tx_slot slot = slot_of(1);
    ck_assert_int_eq(tx_table_add(table, &slot), 0);
    ck_assert_ptr_null(first_unrecorded(table));
    ck_assert_int_eq(tx_table_erase(table, slot.index, &erasure), 0);
    tx_table_close(table);
    table = open_table();
    const struct tx_vault_erasure *found = first_unrecorded(table);
    ck_assert_ptr_nonnull(found);
    ck_assert_mem_eq(found->request, erasure.request, sizeof(found->request));
    ck_assert_mem_eq(found->ref, slot.ref, sizeof(found->ref));
    ck_assert_int_eq(found->time, erasure.time);
    ck_assert_uint_eq(found->uid, 7);
    ck_assert_uint_eq(found->pid, 9);
    ck_assert(tx_text_equal(found->reference, TX_TEXT("DSR-17")));
    ck_assert_int_eq(tx_table_recorded(table, other.request), 0);
    ck_assert_ptr_nonnull(first_unrecorded(table));
    ck_assert_int_eq(tx_table_recorded(table, erasure.request), 0);
    ck_assert_int_eq(tx_table_recorded(table, erasure.request), 0);
    tx_table_close(table);
    table = open_table();
    ck_assert_ptr_null(first_unrecorded(table));
    ck_assert_uint_eq(tx_table_counts(table).unrecorded, 0);
    tx_table_close(table);
}
END_TEST

START_TEST(what_the_log_does_not_take_has_a_limit) {
    _cleanup_(tx_table_closep) struct tx_table *table = open_table();
    struct tx_vault_erasure erasure;
    struct tx_slot slot;
    for (unsigned i = 0; i <= TX_SLOT_N_INTENTS; i++) {
        slot = slot_of(i);
        erasure = erasure_of(i);
        ck_assert_int_eq(tx_table_add(table, &slot), 0);
        ck_assert_int_eq(tx_table_erase(table, slot.index, &erasure),
                         i < TX_SLOT_N_INTENTS ? 0 : TX_TABLE_E_BUSY);
    }
    check_live(table, TX_SLOT_N_INTENTS);
    erasure = erasure_of(5);
    ck_assert_int_eq(tx_table_recorded(table, erasure.request), 0);
    ck_assert_int_eq(tx_table_erase(table, slot.index, &erasure), 0);
}
END_TEST

START_TEST(a_torn_slot_at_the_end_was_nobodys_and_is_used_again) {
    struct tx_slot slot, found;
    struct tx_table *table = open_table();
    for (unsigned i = 0; i < 3; i++) {
        slot = slot_of(i);
        ck_assert_int_eq(tx_table_add(table, &slot), 0);
    }
    tx_table_close(table);
    for (size_t byte = 0; byte < TX_SLOT_BYTES; byte++) {
        flip((off_t)(TX_SLOTS_AT + 2 * TX_SLOT_BYTES + byte));
        table = open_table();
        slot = slot_of(2);
        ck_assert_int_eq(tx_table_find(table, slot.index, &found), TX_TABLE_E_ABSENT);
        ck_assert_uint_eq(tx_table_counts(table).live, 2);
        ck_assert_uint_eq(tx_table_counts(table).damaged, 0);
        check_live(table, 1);
        ck_assert_int_eq(tx_table_add(table, &slot), 0);
        check_live(table, 2);
        tx_table_close(table);
    }
}
END_TEST

START_TEST(a_damaged_slot_is_counted_and_does_not_harm_the_others) {
    struct tx_slot slot, found;
    struct tx_table *table = open_table();
    for (unsigned i = 0; i < 3; i++) {
        slot = slot_of(i);
        ck_assert_int_eq(tx_table_add(table, &slot), 0);
    }
    tx_table_close(table);
    flip(TX_SLOTS_AT + TX_SLOT_BYTES + 60);
    table = open_table();
    slot = slot_of(1);
    ck_assert_int_eq(tx_table_find(table, slot.index, &found), TX_TABLE_E_ABSENT);
    ck_assert_uint_eq(tx_table_counts(table).damaged, 1);
    check_live(table, 0);
    check_live(table, 2);
    slot = slot_of(3);
    ck_assert_int_eq(tx_table_add(table, &slot), 0);
    check_live(table, 2);
    tx_table_close(table);
}
END_TEST

START_TEST(a_slot_that_was_moved_is_not_taken) {
    uint8_t bytes[TX_SLOT_BYTES];
    struct tx_slot slot = slot_of(1), found;
    tx_slot_render(hasher, 1, &slot, bytes);
    ck_assert_int_eq(tx_slot_parse(hasher, 1, bytes, &found), 0);
    ck_assert_int_eq(tx_slot_parse(hasher, 2, bytes, &found), -EBADMSG);
}
END_TEST

START_TEST(every_changed_bit_of_an_intent_is_found) {
    uint8_t bytes[TX_SLOT_INTENT_BYTES];
    static struct tx_intent intent, found;
    struct tx_vault_erasure erasure = erasure_of(1);
    tx_intent_set(&intent, 77, &erasure);
    tx_intent_render(hasher, 3, &intent, bytes);
    ck_assert_int_eq(tx_intent_parse(hasher, 3, bytes, &found), 0);
    ck_assert(found.used && found.slot == 77);
    ck_assert_int_eq(tx_intent_parse(hasher, 4, bytes, &found), -EBADMSG);
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(tx_intent_parse(hasher, 3, bytes, &found), -EBADMSG);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

START_TEST(an_intent_that_is_whole_is_carried_out_whatever_is_in_its_slot) {
    struct tx_slot slot = slot_of(0), found;
    struct tx_vault_erasure erasure = erasure_of(1);
    static struct tx_intent intent;
    uint8_t bytes[TX_SLOT_INTENT_BYTES];
    struct tx_table *table = open_table();
    ck_assert_int_eq(tx_table_add(table, &slot), 0);
    tx_table_close(table);
    memcpy(erasure.ref, slot.ref, sizeof(erasure.ref));
    tx_intent_set(&intent, 0, &erasure);
    tx_intent_render(hasher, 9, &intent, bytes);
    int fd = openat(dirfd_vault, TX_TABLE_FILE, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(
        pwrite(fd, bytes, sizeof(bytes), TX_SLOT_INTENTS_AT + 9 * TX_SLOT_INTENT_BYTES),
        sizeof(bytes));
    close(fd);
    if (_i == 1)
        flip(TX_SLOTS_AT + 100); /* half overwritten */
    table = open_table();
    ck_assert(!file_has(slot.sealed + 20, 16));
    ck_assert_int_eq(tx_table_find(table, slot.index, &found), TX_TABLE_E_ABSENT);
    ck_assert_int_eq(tx_table_find_ref(table, slot.ref, &found), 0);
    ck_assert_int_eq((int)found.state, TX_SLOT_ERASED);
    ck_assert_ptr_nonnull(tx_table_unrecorded(table, 9));
    tx_table_close(table);
}
END_TEST

START_TEST(another_key_or_a_damaged_header_is_refused) {
    struct tx_table *table = open_table();
    static const uint8_t other[16] = "another one";
    tx_table_close(table);
    ck_assert_int_eq(tx_table_open(dirfd_vault, hasher, other, &table), TX_TABLE_E_OTHER);
    flip(3);
    ck_assert_int_eq(tx_table_open(dirfd_vault, hasher, mark, &table), TX_TABLE_E_CORRUPT);
    flip(3);
    flip(20);
    ck_assert_int_eq(tx_table_open(dirfd_vault, hasher, mark, &table), TX_TABLE_E_CORRUPT);
    flip(20);
    int fd = openat(dirfd_vault, TX_TABLE_FILE, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(ftruncate(fd, 8192), 0);
    close(fd);
    ck_assert_int_eq(tx_table_open(dirfd_vault, hasher, mark, &table), TX_TABLE_E_CORRUPT);
}
END_TEST

START_TEST(the_table_has_one_process) {
    _cleanup_(tx_table_closep) struct tx_table *table = open_table();
    struct tx_table *second = NULL;
    ck_assert_int_eq(tx_table_open(dirfd_vault, hasher, mark, &second), -EBUSY);
}
END_TEST

START_TEST(a_lookup_finds_and_forgets_what_it_was_given) {
    struct tx_lookup lookup = {.entries = NULL};
    uint8_t id[TX_LOOKUP_ID_BYTES];
    uint32_t slot;
    for (unsigned i = 0; i < 50000; i++) {
        fill(id, sizeof(id), "id", i);
        memset(id + 2, 0, 2); /* many begin alike */
        ck_assert_int_eq(tx_lookup_add(&lookup, id, i), 0);
    }
    for (unsigned i = 0; i < 50000; i += 2) {
        fill(id, sizeof(id), "id", i);
        memset(id + 2, 0, 2);
        tx_lookup_remove(&lookup, id, i);
    }
    for (unsigned i = 0; i < 50000; i++) {
        bool found = false;
        size_t at = 0;
        fill(id, sizeof(id), "id", i);
        memset(id + 2, 0, 2);
        while (tx_lookup_next(&lookup, id, &at, &slot))
            found |= slot == i;
        ck_assert_int_eq(found, i % 2);
    }
    ck_assert_uint_eq(lookup.n_used, 25000);
    tx_lookup_deinit(&lookup);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("vault-table");
    TCase *tests = tcase_create("table");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_was_added_is_found_also_by_the_next_process);
    tcase_add_test(tests, an_erased_key_is_gone_from_the_file_and_its_ref_says_when);
    tcase_add_test(tests, the_same_person_may_have_a_new_key_after_an_erasure);
    tcase_add_test(tests, an_erasure_is_remembered_until_the_log_has_it);
    tcase_add_test(tests, what_the_log_does_not_take_has_a_limit);
    tcase_add_test(tests, a_torn_slot_at_the_end_was_nobodys_and_is_used_again);
    tcase_add_test(tests, a_damaged_slot_is_counted_and_does_not_harm_the_others);
    tcase_add_test(tests, a_slot_that_was_moved_is_not_taken);
    tcase_add_test(tests, every_changed_bit_of_an_intent_is_found);
    tcase_add_loop_test(tests, an_intent_that_is_whole_is_carried_out_whatever_is_in_its_slot, 0,
                        2);
    tcase_add_test(tests, another_key_or_a_damaged_header_is_refused);
    tcase_add_test(tests, the_table_has_one_process);
    tcase_add_test(tests, a_lookup_finds_and_forgets_what_it_was_given);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
