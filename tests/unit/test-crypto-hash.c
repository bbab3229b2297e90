/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libtx/base/buf.h"
#include "libtx/crypto/hash.h"
#include "libtx/crypto/secret.h"

static const char *hex(const struct tx_digest *digest) {
    static char text[2 * TX_HASH_BYTES + 1];
    struct tx_buf b = tx_buf_of(text, sizeof(text));
    tx_buf_hex(&b, digest->bytes, sizeof(digest->bytes));
    tx_buf_char(&b, '\0');
    return text;
}

/* FIPS 180-2, appendix B */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

START_TEST(parts_are_hashed_as_if_they_were_one) {
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    struct tx_digest digest;
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    tx_hash(hasher, "abc", 3, NULL, 0, NULL, 0, &digest);
    ck_assert_str_eq(hex(&digest), ABC);
    tx_hash(hasher, "a", 1, "b", 1, "c", 1, &digest);
    ck_assert_str_eq(hex(&digest), ABC);
    tx_hash(hasher, NULL, 0, "", 0, "abc", 3, &digest);
    ck_assert_str_eq(hex(&digest), ABC);
    tx_hash(hasher, "abd", 3, NULL, 0, NULL, 0, &digest);
    ck_assert_str_ne(hex(&digest), ABC);
}
END_TEST

START_TEST(leaf_and_node_have_prefixes_of_their_own) {
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    struct tx_digest leaf, empty, node, left;
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    tx_hash_leaf(hasher, NULL, 0, &empty);
    ck_assert_str_eq(hex(&empty),
                     "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    tx_hash_leaf(hasher, "\0", 1, &leaf);
    tx_hash_node(hasher, &empty, &leaf, &node);
    ck_assert_str_eq(hex(&node),
                     "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    /* The result may overwrite either operand. */
    left = empty;
    tx_hash_node(hasher, &left, &leaf, &left);
    ck_assert_mem_eq(&left, &node, sizeof(node));
    tx_hash_node(hasher, &empty, &leaf, &leaf);
    ck_assert_mem_eq(&leaf, &node, sizeof(node));
}
END_TEST

/* RFC 4231, test cases 1, 2 and 6 */
START_TEST(hmac_gives_the_known_answers_again_and_again) {
    static const struct {
        int key_byte; /* -1: `key` */
        const char *key;
        size_t n_key;
        const char *data;
        const char *mac;
    } cases[] = {
        {0x0b, NULL, 20, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {-1, "Jefe", 4, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, NULL, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        uint8_t key[131];
        struct tx_digest mac;
        _cleanup_(tx_hmac_freep) struct tx_hmac *hmac = NULL;
        if (cases[i].key_byte < 0)
            memcpy(key, cases[i].key, cases[i].n_key);
        else
            memset(key, cases[i].key_byte, cases[i].n_key);
        ck_assert_int_eq(tx_hmac_new(key, cases[i].n_key, &hmac), 0);
        for (int round = 0; round < 2; round++) {
            tx_hmac(hmac, cases[i].data, strlen(cases[i].data), &mac);
            ck_assert_str_eq(hex(&mac), cases[i].mac);
        }
        tx_hmac(hmac, "other", 5, &mac);
        ck_assert_str_ne(hex(&mac), cases[i].mac);
    }
}
END_TEST

START_TEST(secret_memory_is_zero_and_writable_and_may_be_null_when_freed) {
    uint8_t *p = tx_secret_alloc(5000);
    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(p[i], 0);
    memset(p, 'x', 5000);
    tx_wipe(p, 4999);
    ck_assert_uint_eq(p[4998], 0);
    ck_assert_uint_eq(p[4999], 'x');
    tx_secret_free(p, 5000);
    tx_secret_free(NULL, 5000);
    ck_assert_ptr_null(tx_secret_alloc(SIZE_MAX));
}
END_TEST

START_TEST(a_fork_gets_no_secrets) {
    uint8_t *p = tx_secret_alloc(5000);
    int status;

    ck_assert_ptr_nonnull(p);
    memset(p, 'y', 5000);
    pid_t pid = fork();
    if (pid == 0)
        _exit(p[0] || p[4999]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(p[4999], 'y');
    tx_secret_free(p, 5000);
}
END_TEST

/* Where a call put it, almost as deep as is promised. */
static __attribute__((noinline)) uintptr_t leave_behind(void) {
    volatile char text[TX_TRACES_BYTES - 4096];
    uintptr_t place = (uintptr_t)text;

    text[0] = 'y';
    __asm__ volatile("" : "+r"(place)); /* the compiler knows nothing of it any more */
    return place;
}

/* Not the sanitizer's business. */
static __attribute__((noinline, no_sanitize("address"))) char look(uintptr_t place) {
    return *(const volatile char *)place;
}

START_TEST(what_calls_left_on_the_stack_is_wiped) {
    uintptr_t place = leave_behind();
    char before = look(place);
    tx_wipe_traces();
    char after = look(place);
    ck_assert_int_eq(before, 'y');
    ck_assert_int_eq(after, 0);
}
END_TEST

#ifdef __x86_64__
#define PUT(r) __asm__ volatile("vpbroadcastd %0, %%zmm" #r ::"r"(value) : "xmm" #r)
#define GET(r) __asm__ volatile("vmovd %%xmm" #r ", %0" : "=r"(value))

static __attribute__((target("avx512f"), noinline)) void put_into_registers(int value) {
    PUT(3);
    PUT(16);
    PUT(31);
}
static __attribute__((target("avx512f"), noinline)) int registers(void) {
    int all = 0, value;
    GET(3);
    all |= value;
    GET(16);
    all |= value;
    GET(31);
    return all | value;
}

START_TEST(what_calls_left_in_wide_registers_is_wiped) {
    if (!__builtin_cpu_supports("avx512f")) {
        printf("skipped: this processor has no AVX-512\n");
        return;
    }
    put_into_registers(1234);
    int before = registers();
    tx_wipe_registers();
    int after = registers();
    ck_assert_int_eq(before, 1234);
    ck_assert_int_eq(after, 0);
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("crypto-hash");
    TCase *tests = tcase_create("hashes, MACs and secret memory");
    tcase_add_test(tests, parts_are_hashed_as_if_they_were_one);
    tcase_add_test(tests, leaf_and_node_have_prefixes_of_their_own);
    tcase_add_test(tests, hmac_gives_the_known_answers_again_and_again);
    tcase_add_test(tests, secret_memory_is_zero_and_writable_and_may_be_null_when_freed);
    tcase_add_test(tests, a_fork_gets_no_secrets);
    tcase_add_test(tests, what_calls_left_on_the_stack_is_wiped);
#ifdef __x86_64__
    tcase_add_test(tests, what_calls_left_in_wide_registers_is_wiped);
#endif
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
