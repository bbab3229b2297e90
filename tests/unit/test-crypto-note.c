/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/crypto/note.h"

/* docs/format.md section 7 */
#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_TEXT                                                                                 \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define PETER_LINE                                                                                   \
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ" \
    "b6KE6RyyBwJnAM=\n"
#define PETER_NOTE PETER_TEXT "\n" PETER_LINE

#define WITNESS "example.org/witness+cacf2e50+BGbguFjkYqYJ5m/nE3DIFtiEb/ED1UmaIqf+w3/bxCSn"
#define WITNESS_NOTE                                                                               \
    "example.org/log\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"                        \
    "— example.org/witness "                                                                     \
    "ys8uUAAAAAAAAATSftMzceM8zssdZ9jin9SjwIxzx9iADMf63VqirX2hafol9RsqNqbofIz"                      \
    "0LVRqHXI2kpEBSki5RTXFtxz1vo9+Cg==\n"

static struct tx_hasher *hasher;
static struct tx_vkey peter, witness;

static void setup(void) {
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    ck_assert_int_eq(tx_vkey_parse(hasher, TX_TEXT(PETER), &peter), 0);
    ck_assert_int_eq(tx_vkey_parse(hasher, TX_TEXT(WITNESS), &witness), 0);
}

static void teardown(void) {
    tx_hasher_free(hasher);
}

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

START_TEST(a_vkey_is_written_as_it_was_read) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vkey_render(&peter, &b);
    ck_assert(!b.full);
    ck_assert(tx_text_equal((struct tx_text){memory, b.len}, TX_TEXT(PETER)));
    ck_assert_uint_eq(peter.type, TX_KEY_ED25519);
    ck_assert_uint_eq(witness.type, TX_KEY_COSIGNATURE);
    ck_assert(tx_vkey_equal(&peter, &peter));
    ck_assert(!tx_vkey_equal(&peter, &witness));
}
END_TEST

START_TEST(a_changed_bit_anywhere_in_a_vkey_is_refused) {
    char text[sizeof(PETER)];
    for (size_t bit = 0; bit < 8 * (sizeof(PETER) - 1); bit++) {
        struct tx_vkey vkey;
        memcpy(text, PETER, sizeof(PETER));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        int r = tx_vkey_parse(hasher, (struct tx_text){text, sizeof(PETER) - 1}, &vkey);
        ck_assert_msg(r == -EBADMSG || r == -ENOTSUP, "bit %zu: %d", bit, r);
    }
}
END_TEST

START_TEST(other_key_types_are_not_supported) {
    struct tx_vkey vkey;
    ck_assert_int_eq(tx_vkey_parse(hasher, TX_TEXT("name+01020304+AgAAAAAA"), &vkey), -ENOTSUP);
    ck_assert_int_eq(tx_vkey_parse(hasher, TX_TEXT("name+01020304+BgAA"), &vkey), -ENOTSUP);
    ck_assert_int_eq(tx_vkey_parse(hasher, TX_TEXT("name+01020304+AQAA"), &vkey), -EBADMSG);
    ck_assert_int_eq(tx_vkey_parse(hasher, TX_TEXT("name+01020304+"), &vkey), -EBADMSG);
    ck_assert_int_eq(tx_vkey_make(hasher, TX_TEXT("name"), 2, peter.public_key, &vkey), -EINVAL);
}
END_TEST

START_TEST(key_names_have_no_white_space_no_plus_and_no_control_characters) {
    static const char *const good[] = {"a", "web1.example/audit", "größe", "日本", "a\x7f"};
    static const char *const bad[] = {"",
                                      "a b",
                                      "a+b",
                                      "a\tb",
                                      "a\xc2\x85",
                                      "\xc2\xa0",
                                      "\xe1\x9a\x80",
                                      "\xe2\x80\x80",
                                      "\xe2\x80\x8a",
                                      "\xe2\x80\xa8",
                                      "\xe2\x80\xaf",
                                      "\xe2\x81\x9f",
                                      "\xe3\x80\x80",
                                      "\xff",
                                      "\xc0\xaf",
                                      "\x01"};
    for (size_t i = 0; i < TX_COUNT_OF(good); i++)
        ck_assert_msg(tx_key_name_valid(text_of(good[i])), "good %zu", i);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(!tx_key_name_valid(text_of(bad[i])), "bad %zu", i);

    char long_name[TX_KEY_NAME_BYTES + 1];
    memset(long_name, 'a', sizeof(long_name));
    ck_assert(tx_key_name_valid((struct tx_text){long_name, TX_KEY_NAME_BYTES}));
    ck_assert(!tx_key_name_valid((struct tx_text){long_name, TX_KEY_NAME_BYTES + 1}));
}
END_TEST

START_TEST(a_signed_note_is_verified) {
    struct tx_note note;
    uint64_t time = 99;
    ck_assert_int_eq(tx_note_parse(TX_TEXT(PETER_NOTE), &note), 0);
    ck_assert(tx_text_equal(note.text, TX_TEXT(PETER_TEXT)));
    ck_assert_uint_eq(note.n_signatures, 1);
    ck_assert_int_eq(tx_note_verify(&note, &peter, &time), 0);
    ck_assert_uint_eq(time, 0);
    ck_assert_int_eq(tx_note_verify(&note, &peter, NULL), 0);
    ck_assert_int_eq(tx_note_verify(&note, &witness, NULL), TX_NOTE_E_ABSENT);
}
END_TEST

START_TEST(a_cosignature_is_verified_with_its_time) {
    struct tx_note note;
    uint64_t time = 0;
    ck_assert_int_eq(tx_note_parse(TX_TEXT(WITNESS_NOTE), &note), 0);
    ck_assert_int_eq(tx_note_verify(&note, &witness, &time), 0);
    ck_assert_uint_eq(time, 1234);
    note.signatures[0].blob[7] ^= 1;
    ck_assert_int_eq(tx_note_verify(&note, &witness, &time), TX_NOTE_E_BAD);
    note.signatures[0].blob[7] ^= 1;
    note.signatures[0].n_blob = TX_SIGNATURE_BYTES;
    ck_assert_int_eq(tx_note_verify(&note, &witness, &time), TX_NOTE_E_BAD);
}
END_TEST

START_TEST(a_changed_bit_anywhere_in_a_note_is_found) {
    char text[sizeof(PETER_NOTE)];
    for (size_t bit = 0; bit < 8 * (sizeof(PETER_NOTE) - 1); bit++) {
        struct tx_note note;
        memcpy(text, PETER_NOTE, sizeof(PETER_NOTE));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        int r = tx_note_parse((struct tx_text){text, sizeof(PETER_NOTE) - 1}, &note);
        if (r == 0)
            r = tx_note_verify(&note, &peter, NULL);
        ck_assert_msg(r != 0, "bit %zu", bit);
    }
}
END_TEST

START_TEST(a_note_cut_anywhere_is_malformed) {
    for (size_t n = 0; n < sizeof(PETER_NOTE) - 1; n++) {
        struct tx_note note;
        ck_assert_msg(tx_note_parse((struct tx_text){PETER_NOTE, n}, &note) == -EBADMSG, "%zu", n);
    }
}
END_TEST

START_TEST(malformed_notes_are_refused) {
    static const char *const bad[] = {
        PETER_TEXT PETER_LINE,                 /* no empty line */
        PETER_TEXT "\n",                       /* no signature */
        PETER_TEXT "\n" PETER_LINE "\n",       /* empty line at the end */
        "\n" PETER_LINE,                       /* no text */
        "a\x01\n\n" PETER_LINE,                /* control character */
        "a\r\n\n" PETER_LINE,                  /* carriage return */
        "\xc0\xaf\n\n" PETER_LINE,             /* overlong UTF-8 */
        PETER_TEXT "\n" PETER_LINE PETER_LINE, /* repeated */
        PETER_TEXT "\n- a AAAAAAA=\n",         /* another dash */
        PETER_TEXT "\n— a\n",                  /* no signature in the line */
        PETER_TEXT "\n— a \n",                 /* an empty one */
        PETER_TEXT "\n— a AAAAAA==\n",         /* an id and nothing after it */
        PETER_TEXT "\n— a AAAAAAA\n",          /* no padding */
        PETER_TEXT "\n— a AAAAAAB=\n",         /* pad bits */
        PETER_TEXT "\n— a AAAAAAA= \n",        /* white space */
        PETER_TEXT "\n— a  AAAAAAA=\n",        /* two spaces */
        PETER_TEXT "\n—  AAAAAAA=\n",          /* no name */
        PETER_TEXT "\n— a+b AAAAAAA=\n",       /* name */
        PETER_TEXT "\n— a "
                   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
                   "AAAA\n", /* padding within */
    };
    struct tx_note note;
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(tx_note_parse(text_of(bad[i]), &note) == -EBADMSG, "case %zu", i);
    ck_assert_int_eq(tx_note_parse(text_of(PETER_TEXT "\n— a AAAAAAA=\n"), &note), 0);
    ck_assert_int_eq(tx_note_parse(text_of("\n\n" PETER_LINE), &note), 0);
}
END_TEST

START_TEST(large_signatures_of_other_types_are_kept_by_length) {
    static char text[8192];
    struct tx_note note;
    int n = snprintf(text, sizeof(text), "text\n\n— other ");
    memset(text + n, 'A', 4000);
    snprintf(text + n + 4000, sizeof(text) - (size_t)n - 4000, "\n" PETER_LINE);
    ck_assert_int_eq(tx_note_parse(text_of(text), &note), 0);
    ck_assert_uint_eq(note.n_signatures, 2);
    ck_assert_uint_eq(note.signatures[0].n_blob, 3000 - 4);
}
END_TEST

START_TEST(more_than_a_hundred_signatures_are_refused) {
    static char text[16384];
    struct tx_note note;
    int n = snprintf(text, sizeof(text), "text\n\n");
    for (int i = 0; i < 100; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "— k%d AAAAAAA=\n", i);
    ck_assert_int_eq(tx_note_parse(text_of(text), &note), 0);
    ck_assert_uint_eq(note.n_signatures, 100);
    snprintf(text + n, sizeof(text) - (size_t)n, "— k100 AAAAAAA=\n");
    ck_assert_int_eq(tx_note_parse(text_of(text), &note), -EBADMSG);
}
END_TEST

START_TEST(a_signature_line_is_written_as_it_was_read) {
    char memory[512];
    struct tx_note note;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    ck_assert_int_eq(tx_note_parse(TX_TEXT(PETER_NOTE), &note), 0);
    tx_note_render_signature(&peter, note.signatures[0].blob, note.signatures[0].n_blob, &b);
    ck_assert(!b.full);
    ck_assert(tx_text_equal((struct tx_text){memory, b.len}, TX_TEXT(PETER_LINE)));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("crypto-note");
    TCase *tests = tcase_create("keys and notes");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_vkey_is_written_as_it_was_read);
    tcase_add_test(tests, a_changed_bit_anywhere_in_a_vkey_is_refused);
    tcase_add_test(tests, other_key_types_are_not_supported);
    tcase_add_test(tests, key_names_have_no_white_space_no_plus_and_no_control_characters);
    tcase_add_test(tests, a_signed_note_is_verified);
    tcase_add_test(tests, a_cosignature_is_verified_with_its_time);
    tcase_add_test(tests, a_changed_bit_anywhere_in_a_note_is_found);
    tcase_add_test(tests, a_note_cut_anywhere_is_malformed);
    tcase_add_test(tests, malformed_notes_are_refused);
    tcase_add_test(tests, large_signatures_of_other_types_are_kept_by_length);
    tcase_add_test(tests, more_than_a_hundred_signatures_are_refused);
    tcase_add_test(tests, a_signature_line_is_written_as_it_was_read);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
