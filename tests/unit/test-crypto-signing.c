/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/file.h"
#include "libtx/crypto/note.h"
#include "libtx/crypto/signing.h"

/* golang.org/x/mod/sumdb/note's published example key */
#define PETER_FILE                                                                                 \
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
#define PETER_TEXT                                                                                 \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define PETER_LINE                                                                                   \
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ" \
    "b6KE6RyyBwJnAM=\n"
/* docs/format.md section 7 */
#define WITNESS "example.org/witness+cacf2e50+BGbguFjkYqYJ5m/nE3DIFtiEb/ED1UmaIqf+w3/bxCSn"
#define WITNESS_TEXT "example.org/log\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define WITNESS_LINE                                                                               \
    "— example.org/witness "                                                                     \
    "ys8uUAAAAAAAAATSftMzceM8zssdZ9jin9SjwIxzx9iADMf63VqirX2hafol9RsqNqbofIz"                      \
    "0LVRqHXI2kpEBSki5RTXFtxz1vo9+Cg==\n"

static char directory[64];
static int dirfd_keys;
static struct tx_hasher *hasher;
static char memory[1024];

static void setup(void) {
    strcpy(directory, "/tmp/tx-signing-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_keys = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dirfd_keys, 0);
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
}

static void teardown(void) {
    static const char *const names[] = {"key", "key.tmp", "link"};
    for (size_t i = 0; i < TX_COUNT_OF(names); i++)
        unlinkat(dirfd_keys, names[i], 0);
    close(dirfd_keys);
    ck_assert_int_eq(rmdir(directory), 0);
    tx_hasher_free(hasher);
}

static void write_file(const char *name, const char *content, mode_t mode) {
    ck_assert_int_eq(tx_file_replace_at(dirfd_keys, name, content, strlen(content), mode), 0);
}

START_TEST(a_stored_key_signs_as_its_known_answer) {
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = NULL;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    write_file("key", PETER_FILE, 0600);
    ck_assert_int_eq(tx_signing_key_load_at(hasher, dirfd_keys, "key", &key), 0);
    ck_assert_int_eq(tx_signing_key_sign_note(key, TX_TEXT(PETER_TEXT), 77, &b), 0);
    ck_assert(!b.full);
    ck_assert(tx_text_equal((struct tx_text){memory, b.len}, TX_TEXT(PETER_LINE)));
}
END_TEST

START_TEST(a_cosigner_signs_the_time_with_the_text) {
    static const uint8_t seed[32] = {0x11};
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = NULL;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    ck_assert_int_eq(tx_signing_key_from_seed(hasher, TX_TEXT("example.org/witness"),
                                              TX_KEY_COSIGNATURE, seed, &key),
                     0);
    tx_vkey_render(tx_signing_key_vkey(key), &b);
    ck_assert(tx_text_equal((struct tx_text){memory, b.len}, TX_TEXT(WITNESS)));
    b.len = 0;
    ck_assert_int_eq(tx_signing_key_sign_note(key, TX_TEXT(WITNESS_TEXT), 1234, &b), 0);
    ck_assert(tx_text_equal((struct tx_text){memory, b.len}, TX_TEXT(WITNESS_LINE)));
    b.len = 0;
    ck_assert_int_eq(tx_signing_key_sign_note(key, TX_TEXT(WITNESS_TEXT), 1235, &b), 0);
    ck_assert(!tx_text_equal((struct tx_text){memory, b.len}, TX_TEXT(WITNESS_LINE)));
}
END_TEST

START_TEST(a_key_is_stored_and_loaded_again) {
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = NULL, *again = NULL, *other = NULL;
    struct stat st;
    struct tx_text name = TX_TEXT("web1.example/audit/epoch/7");
    ck_assert_int_eq(tx_signing_key_generate(hasher, name, TX_KEY_COSIGNATURE, &key), 0);
    ck_assert_int_eq(tx_signing_key_store_at(key, dirfd_keys, "key"), 0);
    ck_assert_int_eq(fstatat(dirfd_keys, "key", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(tx_signing_key_load_at(hasher, dirfd_keys, "key", &again), 0);
    ck_assert(tx_vkey_equal(tx_signing_key_vkey(key), tx_signing_key_vkey(again)));
    ck_assert_int_eq(tx_signing_key_generate(hasher, name, TX_KEY_COSIGNATURE, &other), 0);
    ck_assert(!tx_vkey_equal(tx_signing_key_vkey(key), tx_signing_key_vkey(other)));
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused) {
    struct tx_signing_key *key = NULL;
    write_file("key", PETER_FILE, 0600);
    ck_assert_int_eq(fchmodat(dirfd_keys, "key", 0640, 0), 0);
    ck_assert_int_eq(tx_signing_key_load_at(hasher, dirfd_keys, "key", &key), -EPERM);
    ck_assert_int_eq(fchmodat(dirfd_keys, "key", 0604, 0), 0);
    ck_assert_int_eq(tx_signing_key_load_at(hasher, dirfd_keys, "key", &key), -EPERM);
    ck_assert_int_eq(symlinkat("key", dirfd_keys, "link"), 0);
    ck_assert_int_eq(tx_signing_key_load_at(hasher, dirfd_keys, "link", &key), -ELOOP);
    ck_assert_int_eq(tx_signing_key_load_at(hasher, dirfd_keys, "none", &key), -ENOENT);
    ck_assert_ptr_null(key);
}
END_TEST

START_TEST(a_changed_bit_in_a_key_file_is_found) {
    char text[sizeof(PETER_FILE)];
    for (size_t bit = 0; bit < 8 * (sizeof(PETER_FILE) - 1); bit += 3) {
        struct tx_signing_key *key = NULL;
        memcpy(text, PETER_FILE, sizeof(PETER_FILE));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        int fd = openat(dirfd_keys, "key", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_eq(write(fd, text, sizeof(PETER_FILE) - 1), sizeof(PETER_FILE) - 1);
        close(fd);
        ck_assert_msg(tx_signing_key_load_at(hasher, dirfd_keys, "key", &key) == -EBADMSG,
                      "bit %zu", bit);
    }
}
END_TEST

START_TEST(a_key_file_cut_anywhere_is_refused) {
    for (size_t n = 0; n < sizeof(PETER_FILE) - 1; n++) {
        struct tx_signing_key *key = NULL;
        int fd = openat(dirfd_keys, "key", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_eq(write(fd, PETER_FILE, n), (ssize_t)n);
        close(fd);
        ck_assert_msg(tx_signing_key_load_at(hasher, dirfd_keys, "key", &key) == -EBADMSG, "%zu",
                      n);
    }
}
END_TEST

/* Another name of the same file shows what unlink alone would have left on the disk. */
START_TEST(an_erased_key_is_overwritten_before_it_is_unlinked) {
    char left[256] = "";
    write_file("key", PETER_FILE, 0600);
    write_file("key.tmp", PETER_FILE, 0600);
    ck_assert_int_eq(linkat(dirfd_keys, "key", dirfd_keys, "link", 0), 0);
    ck_assert_int_eq(tx_signing_key_erase_at(dirfd_keys, "key"), 0);
    ck_assert_int_eq(faccessat(dirfd_keys, "key", F_OK, 0), -1);
    ck_assert_int_eq(faccessat(dirfd_keys, "key.tmp", F_OK, 0), -1);
    int fd = openat(dirfd_keys, "link", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(fd, left, sizeof(left)), sizeof(PETER_FILE) - 1);
    close(fd);
    for (size_t i = 0; i < sizeof(PETER_FILE) - 1; i++)
        ck_assert_int_eq(left[i], 0);
    ck_assert_int_eq(tx_signing_key_erase_at(dirfd_keys, "key"), -ENOENT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("crypto-signing");
    TCase *tests = tcase_create("secrets that sign");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_stored_key_signs_as_its_known_answer);
    tcase_add_test(tests, a_cosigner_signs_the_time_with_the_text);
    tcase_add_test(tests, a_key_is_stored_and_loaded_again);
    tcase_add_test(tests, a_key_that_others_may_read_is_refused);
    tcase_add_test(tests, a_changed_bit_in_a_key_file_is_found);
    tcase_add_test(tests, a_key_file_cut_anywhere_is_refused);
    tcase_add_test(tests, an_erased_key_is_overwritten_before_it_is_unlinked);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
