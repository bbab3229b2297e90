/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auditd/signer/state.h"

#define SLOT_BYTES 16384
#define FILE_BYTES (3 * SLOT_BYTES)

static char directory[64];
static int dirfd_keys;
static struct tx_hasher *hasher;
static struct tx_state state, loaded;

static void setup(void) {
    strcpy(directory, "/tmp/tx-state-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_keys = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    tx_state_init(&state);
}

static void teardown(void) {
    unlinkat(dirfd_keys, TX_STATE_FILE, 0);
    close(dirfd_keys);
    ck_assert_int_eq(rmdir(directory), 0);
    tx_hasher_free(hasher);
}

static void fill_state(void) {
    static const uint8_t key[TX_PUBLIC_KEY_BYTES] = {1};
    static struct tx_digest nodes[3];
    ck_assert_int_eq(tx_vkey_make(hasher, TX_TEXT("a"), TX_KEY_ED25519, key, &state.identity), 0);
    ck_assert_int_eq(
        tx_vkey_make(hasher, TX_TEXT("a/epoch/0"), TX_KEY_COSIGNATURE, key, &state.epoch0), 0);
    ck_assert_int_eq(
        tx_vkey_make(hasher, TX_TEXT("a/epoch/6"), TX_KEY_COSIGNATURE, key, &state.epoch_vkey), 0);
    state.pending_vkey = state.epoch_vkey;
    memset(nodes, 0x77, sizeof(nodes));
    ck_assert_int_eq(tx_range_set(&state.range, 0, 7, nodes, 3), 0);
    state.ready = state.last_was_seal = state.has_first = state.pending = state.broken = true;
    state.epoch = 6;
    state.n_checkpoints = 3;
    memset(&state.digest, 0x5a, sizeof(state.digest));
    state.last_time = 1234;
    state.epoch_begin = 5;
    state.first_boot_ns = -9;
    state.first_wall_ns = INT64_MAX;
    memset(state.boot_id, 0xb0, sizeof(state.boot_id));
    state.n_note = sizeof(state.note);
    memset(state.note, 'n', state.n_note);
    state.n_line = sizeof(state.line);
    memset(state.line, 'l', state.n_line);
}

static int load(void) {
    _cleanup_(tx_state_file_closep) struct tx_state_file *file = NULL;
    return tx_state_file_open(dirfd_keys, hasher, &file, &loaded);
}

static void read_file(uint8_t bytes[FILE_BYTES]) {
    int fd = openat(dirfd_keys, TX_STATE_FILE, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(fd, bytes, FILE_BYTES), FILE_BYTES);
    close(fd);
}

static void write_file(const uint8_t bytes[FILE_BYTES], size_t n) {
    int fd = openat(dirfd_keys, TX_STATE_FILE, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
    close(fd);
}

START_TEST(a_state_is_loaded_as_it_was_saved) {
    _cleanup_(tx_state_file_closep) struct tx_state_file *file = NULL;
    ck_assert_int_eq(load(), -ENOENT);
    ck_assert_int_eq(tx_state_file_create(dirfd_keys, hasher, &state, &file), 0);
    ck_assert_int_eq(load(), 0);
    ck_assert(!loaded.ready);
    fill_state();
    ck_assert_int_eq(tx_state_file_save(file, hasher, &state, true), 0);
    ck_assert_int_eq(load(), 0);
    ck_assert(tx_vkey_equal(&loaded.identity, &state.identity));
    ck_assert(tx_vkey_equal(&loaded.epoch0, &state.epoch0));
    ck_assert(tx_vkey_equal(&loaded.epoch_vkey, &state.epoch_vkey));
    ck_assert(tx_vkey_equal(&loaded.pending_vkey, &state.pending_vkey));
    ck_assert_uint_eq(loaded.range.end, 7);
    ck_assert_mem_eq(loaded.range.nodes, state.range.nodes, 3 * sizeof(state.range.nodes[0]));
    ck_assert(loaded.ready && loaded.last_was_seal && loaded.has_first);
    ck_assert(loaded.pending && loaded.broken);
    ck_assert_uint_eq(loaded.epoch, 6);
    ck_assert_uint_eq(loaded.n_checkpoints, 3);
    ck_assert_mem_eq(&loaded.digest, &state.digest, sizeof(state.digest));
    ck_assert_uint_eq(loaded.last_time, 1234);
    ck_assert_uint_eq(loaded.epoch_begin, 5);
    ck_assert_int_eq(loaded.first_boot_ns, -9);
    ck_assert_int_eq(loaded.first_wall_ns, INT64_MAX);
    ck_assert_mem_eq(loaded.boot_id, state.boot_id, sizeof(state.boot_id));
    ck_assert_uint_eq(loaded.n_note, state.n_note);
    ck_assert_mem_eq(loaded.note, state.note, state.n_note);
    ck_assert_uint_eq(loaded.n_line, state.n_line);
    ck_assert_mem_eq(loaded.line, state.line, state.n_line);
}
END_TEST

/* Whichever of the saves was synced, and wherever the next is torn. */
START_TEST(a_torn_save_leaves_the_one_before) {
    static uint8_t before[FILE_BYTES], after[FILE_BYTES], torn[FILE_BYTES];
    _cleanup_(tx_state_file_closep) struct tx_state_file *file = NULL;
    ck_assert_int_eq(tx_state_file_create(dirfd_keys, hasher, &state, &file), 0);
    for (uint64_t i = 1; i < 20; i++) {
        size_t changed = 0;
        read_file(before);
        state.epoch = i;
        ck_assert_int_eq(tx_state_file_save(file, hasher, &state, i % 3 == 0), 0);
        read_file(after);
        for (size_t at = 0; at < FILE_BYTES; at += 13) {
            if (memcmp(before + at, after + at, FILE_BYTES - at < 13 ? FILE_BYTES - at : 13) == 0)
                continue;
            memcpy(torn, after, at);
            memcpy(torn + at, before + at, FILE_BYTES - at);
            changed++;
            write_file(torn, FILE_BYTES);
            ck_assert_int_eq(load(), 0);
            ck_assert_msg(loaded.epoch == i || loaded.epoch == i - 1, "%llu torn at %zu",
                          (unsigned long long)i, at);
        }
        ck_assert_uint_gt(changed, 0);
        write_file(after, FILE_BYTES);
        ck_assert_int_eq(load(), 0);
        ck_assert_uint_eq(loaded.epoch, i);
    }
}
END_TEST

/* A power cut may lose or tear everything that was not synced. */
START_TEST(what_was_synced_outlives_all_saves_after_it) {
    static uint8_t bytes[FILE_BYTES];
    _cleanup_(tx_state_file_closep) struct tx_state_file *file = NULL;
    ck_assert_int_eq(tx_state_file_create(dirfd_keys, hasher, &state, &file), 0);
    state.epoch = 1;
    ck_assert_int_eq(tx_state_file_save(file, hasher, &state, true), 0);
    read_file(bytes);
    size_t synced = 0;
    for (size_t slot = 0; slot < 3; slot++)
        if (bytes[slot * SLOT_BYTES + 16] == 2) /* its generation */
            synced = slot;
    for (uint64_t i = 2; i < 9; i++) {
        state.epoch = i;
        ck_assert_int_eq(tx_state_file_save(file, hasher, &state, false), 0);
    }
    read_file(bytes);
    for (size_t slot = 0; slot < 3; slot++)
        if (slot != synced)
            memset(bytes + slot * SLOT_BYTES, 0xff, SLOT_BYTES);
    write_file(bytes, FILE_BYTES);
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(loaded.epoch, 1);
}
END_TEST

START_TEST(a_file_without_a_whole_slot_is_corrupt) {
    static uint8_t bytes[FILE_BYTES], changed[FILE_BYTES];
    _cleanup_(tx_state_file_closep) struct tx_state_file *file = NULL;
    ck_assert_int_eq(tx_state_file_create(dirfd_keys, hasher, &state, &file), 0);
    read_file(bytes);
    size_t used = SLOT_BYTES;
    while (used > 0 && bytes[used - 1] == 0)
        used--;
    for (size_t bit = 0; bit < 8 * used; bit++) {
        memcpy(changed, bytes, sizeof(bytes));
        changed[bit / 8] = (uint8_t)(changed[bit / 8] ^ (1u << (bit % 8)));
        write_file(changed, FILE_BYTES);
        ck_assert_msg(load() == TX_STATE_E_CORRUPT, "bit %zu", bit);
    }
    for (size_t n = 0; n < used; n += 7) {
        write_file(bytes, n);
        ck_assert_int_eq(load(), TX_STATE_E_CORRUPT);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signer-state");
    TCase *tests = tcase_create("the state file");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_state_is_loaded_as_it_was_saved);
    tcase_add_test(tests, a_torn_save_leaves_the_one_before);
    tcase_add_test(tests, what_was_synced_outlives_all_saves_after_it);
    tcase_add_test(tests, a_file_without_a_whole_slot_is_corrupt);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
