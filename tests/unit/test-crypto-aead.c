/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/text.h"
#include "libtx/crypto/aead.h"

#define BYTES_MAX 128

struct bytes {
    size_t n;
    uint8_t p[BYTES_MAX];
};

static struct bytes hex(const char *text) {
    struct bytes b = {.n = strlen(text) / 2};
    ck_assert_uint_le(b.n, sizeof(b.p));
    ck_assert_int_eq(tx_hex_decode((struct tx_text){text, strlen(text)}, b.p, b.n), 0);
    return b;
}

static struct tx_aead_key *key_of(const uint8_t bytes[TX_AEAD_KEY_BYTES]) {
    _cleanup_(tx_aead_freep) struct tx_aead *aead = NULL;
    struct tx_aead_key *key = NULL;
    ck_assert_int_eq(tx_aead_new(&aead), 0);
    ck_assert_int_eq(tx_aead_key_new(aead, bytes, &key), 0);
    return key;
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, appendix B: test cases 13 to 16, those of
 * AES-256 with a nonce of 96 bits. */
#define ZERO16 "00000000000000000000000000000000"
#define KEY "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define TEXT                                                                                       \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                             \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define SEALED                                                                                     \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"                             \
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
static const struct vector {
    const char *key, *nonce, *aad, *text, *sealed, *tag;
} vectors[] = {
    {ZERO16 ZERO16, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {ZERO16 ZERO16, "000000000000000000000000", "", ZERO16, "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {KEY, "cafebabefacedbaddecaf888", "", TEXT "1aafd255", SEALED "898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {KEY, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", TEXT, SEALED,
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

START_TEST(it_gives_the_known_answers) {
    const struct vector *v = &vectors[_i];
    struct bytes nonce = hex(v->nonce), aad = hex(v->aad), text = hex(v->text);
    struct bytes sealed = hex(v->sealed), tag = hex(v->tag), out;
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *key = key_of(hex(v->key).p);

    memcpy(sealed.p + sealed.n, tag.p, tag.n);
    sealed.n += tag.n;
    for (int again = 0; again < 2; again++) { /* the context is as good as new */
        tx_aead_seal(key, nonce.p, aad.p, aad.n, text.p, text.n, out.p);
        ck_assert_mem_eq(out.p, sealed.p, sealed.n);
        ck_assert_int_eq(tx_aead_open(key, nonce.p, aad.p, aad.n, sealed.p, sealed.n, out.p), 0);
        ck_assert_mem_eq(out.p, text.p, text.n);
    }
}
END_TEST

START_TEST(a_text_may_be_sealed_and_opened_in_its_place) {
    struct bytes nonce = hex(vectors[3].nonce), aad = hex(vectors[3].aad);
    struct bytes text = hex(vectors[3].text), place = text;
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *key = key_of(hex(KEY).p);
    tx_aead_seal(key, nonce.p, aad.p, aad.n, place.p, place.n, place.p);
    ck_assert_mem_eq(place.p, hex(SEALED).p, text.n);
    ck_assert_int_eq(
        tx_aead_open(key, nonce.p, aad.p, aad.n, place.p, place.n + TX_AEAD_TAG_BYTES, place.p), 0);
    ck_assert_mem_eq(place.p, text.p, text.n);
}
END_TEST

static const char phrase[] = "Ada Lovelace";
static const char context[] = "record 7, field name";
#define N_PHRASE (sizeof(phrase) - 1)
#define N_SEALED (N_PHRASE + TX_AEAD_TAG_BYTES)

START_TEST(every_changed_bit_is_found_and_nothing_of_the_text_is_left) {
    static const uint8_t none[N_PHRASE];
    uint8_t bytes[TX_AEAD_KEY_BYTES] = {7}, nonce[TX_AEAD_NONCE_BYTES] = {9};
    uint8_t sealed[N_SEALED], out[N_SEALED];
    char aad[sizeof(context)];
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *key = key_of(bytes);

    memcpy(aad, context, sizeof(aad));
    tx_aead_seal(key, nonce, aad, sizeof(aad), phrase, N_PHRASE, sealed);
    struct {
        void *p;
        size_t n;
    } parts[] = {{sealed, sizeof(sealed)}, {nonce, sizeof(nonce)}, {aad, sizeof(aad)}};
    for (size_t i = 0; i < TX_COUNT_OF(parts); i++)
        for (size_t bit = 0; bit < 8 * parts[i].n; bit++) {
            uint8_t *byte = (uint8_t *)parts[i].p + bit / 8;
            *byte ^= (uint8_t)(1u << bit % 8);
            memset(out, 0x55, sizeof(out));
            ck_assert_int_eq(tx_aead_open(key, nonce, aad, sizeof(aad), sealed, N_SEALED, out),
                             TX_AEAD_E_FORGED);
            ck_assert_mem_eq(out, none, N_PHRASE);
            *byte ^= (uint8_t)(1u << bit % 8);
        }
    ck_assert_int_eq(tx_aead_open(key, nonce, aad, sizeof(aad), sealed, N_SEALED, out), 0);
    ck_assert_mem_eq(out, phrase, N_PHRASE);
}
END_TEST

START_TEST(another_length_is_found) {
    uint8_t bytes[TX_AEAD_KEY_BYTES] = {7}, nonce[TX_AEAD_NONCE_BYTES] = {9};
    uint8_t sealed[N_SEALED + 1] = {0}, out[N_SEALED];
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *key = key_of(bytes);
    tx_aead_seal(key, nonce, context, sizeof(context), phrase, N_PHRASE, sealed);
    for (size_t n = 0; n <= sizeof(sealed); n++)
        ck_assert_int_eq(tx_aead_open(key, nonce, context, sizeof(context), sealed, n, out),
                         n == N_SEALED ? 0 : TX_AEAD_E_FORGED);
    ck_assert_int_eq(tx_aead_open(key, nonce, context, sizeof(context) - 1, sealed, N_SEALED, out),
                     TX_AEAD_E_FORGED);
}
END_TEST

START_TEST(one_object_takes_one_key_after_the_other) {
    uint8_t first[TX_AEAD_KEY_BYTES] = {1}, second[TX_AEAD_KEY_BYTES] = {2};
    uint8_t nonce[TX_AEAD_NONCE_BYTES] = {0}, sealed[N_SEALED], out[N_SEALED];
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *key = key_of(first);
    tx_aead_seal(key, nonce, NULL, 0, phrase, N_PHRASE, sealed);
    tx_aead_key_set(key, second);
    ck_assert_int_eq(tx_aead_open(key, nonce, NULL, 0, sealed, N_SEALED, out), TX_AEAD_E_FORGED);
    tx_aead_key_set(key, first);
    ck_assert_int_eq(tx_aead_open(key, nonce, NULL, 0, sealed, N_SEALED, out), 0);
    ck_assert_mem_eq(out, phrase, N_PHRASE);
}
END_TEST

int main(void) {
    TCase *tc = tcase_create("aead");
    tcase_add_loop_test(tc, it_gives_the_known_answers, 0, (int)TX_COUNT_OF(vectors));
    tcase_add_test(tc, a_text_may_be_sealed_and_opened_in_its_place);
    tcase_add_test(tc, every_changed_bit_is_found_and_nothing_of_the_text_is_left);
    tcase_add_test(tc, another_length_is_found);
    tcase_add_test(tc, one_object_takes_one_key_after_the_other);

    Suite *s = suite_create("crypto-aead");
    suite_add_tcase(s, tc);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
