/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/crypto/mac.h"

static struct tx_text text_of(const char *text) {
    return (struct tx_text){text, strlen(text)};
}

static const char *hex(const void *p, size_t n) {
    static char text[256];
    struct tx_buf b = tx_buf_of(text, sizeof(text));
    tx_buf_hex(&b, p, n);
    tx_buf_char(&b, '\0');
    return text;
}

/* RFC 4231, test cases 1, 2 and 6 */
START_TEST(a_mac_gives_the_known_answers_whatever_the_parts) {
    static const struct {
        const char *key;
        int key_byte; /* -1: `key` */
        size_t n_key;
        const char *data, *mac;
    } cases[] = {
        {NULL, 0x0b, 20, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", -1, 4, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {NULL, 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        uint8_t key[131];
        struct tx_mac mac;
        struct tx_digest digest;
        struct tx_text whole = text_of(cases[i].data);
        if (cases[i].key_byte < 0)
            memcpy(key, cases[i].key, cases[i].n_key);
        else
            memset(key, cases[i].key_byte, cases[i].n_key);
        tx_mac_init(&mac, key, cases[i].n_key);
        for (size_t cut = 0; cut <= whole.n; cut++) {
            struct tx_text parts[] = {{whole.p, cut}, {NULL, 0}, {whole.p + cut, whole.n - cut}};
            tx_mac(&mac, parts, TX_COUNT_OF(parts), &digest);
            ck_assert_str_eq(hex(digest.bytes, sizeof(digest.bytes)), cases[i].mac);
        }
        whole.n--;
        tx_mac(&mac, &whole, 1, &digest);
        ck_assert_str_ne(hex(digest.bytes, sizeof(digest.bytes)), cases[i].mac);
    }
}
END_TEST

/* FIPS 180-2, appendix B.1 */
START_TEST(a_hash_of_parts_is_that_of_the_whole) {
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const struct tx_text parts[] = {TX_TEXT("a"), {NULL, 0}, TX_TEXT("bc")};
    struct tx_digest digest;
    tx_mac_hash(parts, 3, &digest);
    ck_assert_str_eq(hex(digest.bytes, sizeof(digest.bytes)), abc);
    tx_mac_hash(parts, 2, &digest);
    ck_assert_str_ne(hex(digest.bytes, sizeof(digest.bytes)), abc);
}
END_TEST

static void fill(char *to, int from, int upto) {
    for (int v = from; v <= upto; v++)
        *to++ = (char)v;
}

/* RFC 5869, appendix A.1 to A.3 */
START_TEST(derived_keys_are_those_of_the_rfc) {
    static char key_1[22], salt_1[13], info_1[10], key_2[80], salt_2[80], info_2[80];
    memset(key_1, 0x0b, sizeof(key_1));
    fill(salt_1, 0x00, 0x0c);
    fill(info_1, 0xf0, 0xf9);
    fill(key_2, 0x00, 0x4f);
    fill(salt_2, 0x60, 0xaf);
    fill(info_2, 0xb0, 0xff);
    const struct {
        struct tx_text key, salt, info;
        size_t n;
        const char *okm;
    } cases[] = {
        {{key_1, 22},
         {salt_1, 13},
         {info_1, 10},
         42,
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {{key_2, 80},
         {salt_2, 80},
         {info_2, 80},
         82,
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65"
         "e"
         "590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {{key_1, 22},
         {NULL, 0},
         {NULL, 0},
         42,
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        struct tx_mac pseudorandom;
        uint8_t okm[82];
        tx_hkdf_extract(cases[i].salt, cases[i].key, &pseudorandom);
        tx_hkdf_expand(&pseudorandom, &cases[i].info, 1, okm, cases[i].n);
        ck_assert_str_eq(hex(okm, cases[i].n), cases[i].okm);
        struct tx_text infos[] = {cases[i].info, TX_TEXT("x")};
        tx_hkdf_expand(&pseudorandom, infos, 2, okm, cases[i].n);
        ck_assert_str_ne(hex(okm, cases[i].n), cases[i].okm);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("crypto-mac");
    TCase *tests = tcase_create("MACs and derived keys");
    tcase_add_test(tests, a_mac_gives_the_known_answers_whatever_the_parts);
    tcase_add_test(tests, a_hash_of_parts_is_that_of_the_whole);
    tcase_add_test(tests, derived_keys_are_those_of_the_rfc);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
