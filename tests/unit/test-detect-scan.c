/* SPDX-License-Identifier: MIT */
/* How the detectors are run: all paths alike, many values at once, without an allocation, and with
 * an amount of work that no text changes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtx/detect/classify.h"
#include "libtx/detect/detect.h"
#include "tests/unit/detect-texts.h"
#include "tests/unit/fail-alloc.h"

#define CAP 262144

static struct tx_detect_memory *fast, *avx2, *portable;
static struct tx_matches found, other;

static void set_up(void) {
    ck_assert_int_eq(tx_detect_memory_new(CAP, &fast), 0);
    ck_assert_int_eq(tx_detect_memory_new(CAP, &avx2), 0);
    ck_assert_int_eq(tx_detect_memory_new(CAP, &portable), 0);
    tx_detect_use_portable(portable);
    if (!tx_detect_use_avx2(avx2))
        tx_detect_use_portable(avx2);
}

static void tear_down(void) {
    tx_detect_memory_free(fast);
    tx_detect_memory_free(avx2);
    tx_detect_memory_free(portable);
}

static void check_equal(const char *what, const char *text, size_t n, const struct tx_matches *a,
                        const struct tx_matches *b) {
    ck_assert_msg(a->overflow == b->overflow && (a->overflow || a->n == b->n), "%s: %.*s", what,
                  (int)n, text);
    for (size_t i = 0; i < a->n && !a->overflow; i++) {
        const struct tx_match *x = &a->match[i], *y = &b->match[i];
        ck_assert_msg(x->start == y->start && x->end == y->end && x->detector == y->detector &&
                          x->confidence == y->confidence,
                      "%s: %u to %u, %s in: %.*s", what, x->start, x->end,
                      tx_detector_infos[x->detector].name, (int)n, text);
    }
}

/* A copy of exactly n bytes, so that the address sanitizer sees a read past its end. */
static void by_all_paths(const char *text, size_t n, const struct tx_detect_options *options) {
    char *copy = malloc(n ? n : 1);
    ck_assert_ptr_nonnull(copy);
    if (n)
        memcpy(copy, text, n);
    tx_detect(fast, (struct tx_text){copy, n}, options, &found);
    tx_detect(portable, (struct tx_text){copy, n}, options, &other);
    check_equal("the paths", text, n, &found, &other);
    tx_detect(avx2, (struct tx_text){copy, n}, options, &other);
    check_equal("the paths", text, n, &found, &other);
    free(copy);
}

static const struct tx_detect_options all = {.wanted = {.word = {UINT64_MAX, UINT64_MAX}}};

START_TEST(all_paths_find_the_same) {
    char text[2048];
    uint64_t state = 1, n_found = 0;
    for (size_t i = 0; i < 30000; i++) {
        struct tx_detect_options options = all;
        size_t n = detect_random_text(&state, text, sizeof(text));
        options.assume_context = i % 3 == 0;
        options.name = i % 5 == 0 ? TX_TEXT("tax_id") : TX_TEXT("");
        by_all_paths(text, n, &options);
        n_found += found.n;
    }
    ck_assert_uint_gt(n_found, 30000);
}
END_TEST

static void repeat(const char *atom, char *ret, size_t n) {
    size_t n_atom = strlen(atom);
    for (size_t i = 0; i < n; i++)
        ret[i] = atom[i % n_atom];
}

START_TEST(all_paths_find_the_same_in_texts_made_to_be_slow) {
    static char text[8192];
    for (size_t i = 0; i < DETECT_ATOMS; i++) {
        repeat(detect_atoms[i], text, sizeof(text));
        by_all_paths(text, sizeof(text), &all);
    }
}
END_TEST

/* Bit for bit, in texts of all lengths around a block, with all bytes. */
static void check_bits(const struct tx_classifier *way, const uint8_t *text, size_t n) {
    const struct tx_classifier *ways[2] = {&tx_classify_portable, way};
    struct tx_bits bits[2];
    uint64_t *words[2];
    bool high[2], any[2];

    for (size_t k = 0; k < 2; k++) {
        words[k] = malloc(tx_bits_words(n) * sizeof(uint64_t));
        ck_assert_ptr_nonnull(words[k]);
        memset(words[k], 0xa5, tx_bits_words(n) * sizeof(uint64_t)); /* of the text before */
        tx_bits_init(&bits[k], words[k], n);
        high[k] = ways[k]->classify(text, n, &bits[k]);
        any[k] = ways[k]->anchors(&bits[k], n);
    }
    ck_assert(high[0] == high[1] && any[0] == any[1]);
    for (size_t m = 0; m < TX_BITS_MAPS; m++)
        for (size_t b = 0; b <= n / 64; b++)
            ck_assert_msg(((uint64_t **)&bits[0])[m][b] == ((uint64_t **)&bits[1])[m][b],
                          "map %zu, word %zu, %zu bytes", m, b, n);
    for (size_t k = 0; k < 2; k++)
        free(words[k]);
}

static void check_way(const struct tx_classifier *way, const char *name) {
    uint64_t state = 2;
    if (!way) {
        printf("skipped: this processor has no %s\n", name);
        return;
    }
    for (size_t n = 0; n < 1200; n += n < 600 ? 1 : 37)
        for (size_t round = 0; round < 20; round++) {
            uint8_t *text = malloc(n + 1); /* and of all that, no byte behind it */
            ck_assert_ptr_nonnull(text);
            for (size_t i = 0; i < n; i++)
                text[i] = (uint8_t)(round % 2 ? detect_random(&state, 256)
                                              : (uint64_t) "0123456789abcdefAJ-./:_@ps +%"
                                                           "=rekw"[detect_random(&state, 33)]);
            check_bits(way, text, n);
            free(text);
        }
}

/* Where the maps are for one word each, and all around it is zero. */
static void check_short_bits(const struct tx_classifier *way, const uint8_t *text, size_t n) {
    uint64_t *words[2];
    struct tx_bits bits[2];
    for (size_t k = 0; k < 2; k++) {
        words[k] = calloc(tx_bits_words(TX_SHORT_BYTES), sizeof(uint64_t));
        ck_assert_ptr_nonnull(words[k]);
        tx_bits_init(&bits[k], words[k], TX_SHORT_BYTES);
    }
    bool high = tx_classify_portable.classify(text, n, &bits[0]);
    tx_classify_portable.anchors(&bits[0], n);
    ck_assert(way->classify_short(text, n, &bits[1]) == high);
    bool any = tx_classify_short_anchors(&bits[1], n);
    for (size_t m = 0; m < TX_BITS_MAPS; m++)
        ck_assert_msg(((uint64_t **)&bits[0])[m][0] == ((uint64_t **)&bits[1])[m][0],
                      "map %zu, %zu bytes", m, n);
    ck_assert(any ==
              ((bits[0].anchor[0] | bits[0].card[0] | bits[0].word[0] | bits[0].coded[0]) != 0));
    for (size_t k = 0; k < 2; k++)
        free(words[k]);
}

START_TEST(short_texts_have_the_same_bits) {
    const struct tx_classifier *ways[] = {&tx_classify_portable, tx_classify_avx2(),
                                          tx_classify_avx512()};
    uint64_t state = 6;
    for (size_t round = 0; round < 100 * TX_SHORT_BYTES; round++) {
        char longer[2048];
        size_t n_longer = detect_random_text(&state, longer, sizeof(longer));
        size_t n = 1 + round % TX_SHORT_BYTES;
        uint8_t *text = malloc(n); /* no byte behind it */
        ck_assert_ptr_nonnull(text);
        for (size_t i = 0; i < n; i++)
            text[i] = (uint8_t)(i < n_longer ? longer[i] : ' ');
        for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++)
            if (ways[k])
                check_short_bits(ways[k], text, n);
        free(text);
    }
}
END_TEST

/* What decodes to so little is not looked at. Five bytes, and colons, show that more is. */
START_TEST(nothing_is_found_in_four_bytes_without_a_colon) {
    static const char bytes[] = "019aApwdxJ@.-=/ %<_+(\"'\\&#~\n\xc2";
    struct tx_detect_options options = all;
    char text[4];
    options.assume_context = true;
    for (size_t n = 1; n <= 4; n++) {
        size_t most = 1, n_bytes = sizeof(bytes) - 1;
        for (size_t i = 0; i < n; i++)
            most *= n_bytes;
        for (size_t k = 0; k < most; k++) {
            for (size_t i = 0, left = k; i < n; i++, left /= n_bytes)
                text[i] = bytes[left % n_bytes];
            tx_detect(fast, (struct tx_text){text, n}, &options, &found);
            ck_assert_msg(found.n == 0, "%.*s", (int)n, text);
        }
    }
    static const char *const more[] = {"pwd=x", "::1a", "%70%77%64%3d%78", "%3a%3a%31%61"};
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        tx_detect(fast, (struct tx_text){more[i], strlen(more[i])}, &options, &found);
        ck_assert_msg(found.n == 1, "%s", more[i]);
    }
}
END_TEST

START_TEST(all_paths_make_the_same_bits) {
    check_way(tx_classify_avx2(), "AVX2");
    check_way(tx_classify_avx512(), "AVX-512 (F, BW, DQ, VL, VBMI, VBMI2, GFNI)");
}
END_TEST

#define VALUES 40

static void make_value(uint64_t *state, char *text, size_t cap, struct tx_detect_value *ret) {
    static const char *const names[] = {"", "ssn", "card", "note", "tax_id", "steuer-id"};
    const char *name = names[detect_random(state, 6)];
    *ret = (struct tx_detect_value){
        .text = {text, detect_random(state, 4) ? detect_random_text(state, text, cap) : 0},
        .name = {name, strlen(name)},
        .wanted = all.wanted};
    if (detect_random(state, 5) == 0)
        ret->wanted.word[0] &= detect_random(state, UINT64_MAX);
    if (detect_random(state, 10) == 0)
        ret->wanted = (struct tx_detector_set){.word = {0}};
}

/* What tx_detect finds in each of them alone. */
static void one_by_one(const struct tx_detect_value *values, size_t n, struct tx_matches *ret) {
    ret->n = 0;
    ret->overflow = false;
    for (size_t i = 0; i < n; i++) {
        struct tx_detect_options options = {.wanted = values[i].wanted, .name = values[i].name};
        tx_detect(portable, values[i].text, &options, &other);
        for (size_t k = 0; k < other.n; k++) {
            ret->match[ret->n] = other.match[k];
            ret->match[ret->n++].value = (uint16_t)i;
        }
    }
}

START_TEST(many_values_at_once_are_as_each_alone) {
    static char texts[VALUES][600];
    static struct tx_detect_value values[VALUES];
    static struct tx_matches alone;
    uint64_t state = 3, n_found = 0;
    for (size_t round = 0; round < 2000; round++) {
        size_t n = detect_random(&state, VALUES);
        for (size_t i = 0; i < n; i++)
            make_value(&state, texts[i], sizeof(texts[i]), &values[i]);
        tx_detect_values(fast, values, n, &all, &found);
        one_by_one(values, n, &alone);
        check_equal("values", "", 0, &found, &alone);
        for (size_t i = 0; i < found.n; i++)
            ck_assert_uint_eq(found.match[i].value, alone.match[i].value);
        n_found += found.n;
    }
    ck_assert_uint_gt(n_found, 10000);
}
END_TEST

START_TEST(more_than_the_memory_holds_is_taken_in_several_passes) {
    struct tx_detect_memory *small;
    struct tx_detect_value values[20];
    ck_assert_int_eq(tx_detect_memory_new(64, &small), 0);
    for (size_t i = 0; i < 20; i++)
        values[i] = (struct tx_detect_value){.text = TX_TEXT("an address: alice@example.org, x"),
                                             .wanted = all.wanted};
    values[7].text = TX_TEXT("alice@example.org 0123456789012345678901234567890123456789012345");
    ck_assert_uint_eq(values[7].text.n, 64);
    tx_detect_values(small, values, 20, &all, &found);
    ck_assert(!found.overflow);
    ck_assert_uint_eq(found.n, 20);
    ck_assert_uint_eq(found.match[19].value, 19);
    values[7].text.n++; /* is not looked at */
    tx_detect_values(small, values, 20, &all, &found);
    ck_assert(found.overflow);
    tx_detect_memory_free(small);
}
END_TEST

START_TEST(no_value_reaches_into_another) {
    static const struct tx_detect_value values[] = {
        {.text = {"4111 1111", 9}, .wanted = {.word = {UINT64_MAX, UINT64_MAX}}},
        {.text = {"1111 1111", 9}, .wanted = {.word = {UINT64_MAX, UINT64_MAX}}},
        {.text = {"ssn", 3}, .wanted = {.word = {UINT64_MAX, UINT64_MAX}}},
        {.text = {"219099871", 9}, .wanted = {.word = {UINT64_MAX, UINT64_MAX}}},
        {.text = {"password=\"a", 11}, .wanted = {.word = {UINT64_MAX, UINT64_MAX}}},
        {.text = {"b\"", 2}, .wanted = {.word = {UINT64_MAX, UINT64_MAX}}},
    };
    tx_detect_values(fast, values, 6, &all, &found);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_uint_eq(found.match[0].value, 4);
    ck_assert_uint_eq(found.match[0].end, 11);
}
END_TEST

START_TEST(nothing_is_allocated) {
    static char texts[VALUES][600];
    static struct tx_detect_value values[VALUES];
    uint64_t state = 4;
    for (size_t round = 0; round < 1000; round++) {
        for (size_t i = 0; i < VALUES; i++)
            make_value(&state, texts[i], sizeof(texts[i]), &values[i]);
        fail_alloc_after(0); /* the first one would */
        tx_detect_values(fast, values, VALUES, &all, &found);
        for (size_t i = 0; i < VALUES; i++)
            tx_detect(fast, values[i].text, &all, &found);
        ck_assert(!fail_alloc_end());
    }
    fail_alloc_after(0);
    void *p = malloc(1);
    ck_assert(fail_alloc_end());
    ck_assert_ptr_null(p);
}
END_TEST

/* Bytes that are looked at again, for each byte of the text. */
#define WORK_MAX 12

START_TEST(no_text_makes_a_byte_cost_more_than_others) {
    static char text[65536];
    for (size_t i = 0; i < DETECT_ATOMS; i++) {
        repeat(detect_atoms[i], text, sizeof(text));
        tx_detect(fast, (struct tx_text){text, sizeof(text)}, &all, &found);
        ck_assert_msg(found.work <= WORK_MAX * sizeof(text), "%s: %.1f a byte", detect_atoms[i],
                      (double)found.work / sizeof(text));
        uint64_t work = found.work;
        tx_detect(fast, (struct tx_text){text, sizeof(text) / 4}, &all, &found);
        ck_assert_msg(work <= 5 * found.work + 4096, "%s: %llu, then %llu", detect_atoms[i],
                      (unsigned long long)found.work, (unsigned long long)work);
    }
}
END_TEST

/* The bitmaps know the first letters of these; whoever adds a name to kv-names.c adds it here. */
START_TEST(every_name_of_a_secret_is_seen_by_its_letters) {
    static const char *const names[] = {
        "password",     "passwd",     "passphrase", "passwort", "pwd",         "secret",
        "token",        "apikey",     "accesskey",  "passcode", "secretkey",   "privatekey",
        "authkey",      "accountkey", "sharedkey",  "PassWord", "api_key",     "API-KEY",
        "se_cret",      "to-ken",     "sec-ret",    "p_wd",     "pw-d",        "pass_word",
        "p_assword",    "pa_ssword",  "secre_t",    "toke-n",   "api_ke_y",    "access__key",
        "s_e_c_r_e_t",  "my-token_",  "Kennwort",   "Senha",    "contraseña",  "CONTRASEÑA",
        "contrasena",   "hasło",      "HASŁO",      "haslo",    "wachtwoord",  "nova_senha",
        "mot de passe", "db_pass",    "DbPass",     "oldpwd",   "signing_key",
    };
    char text[128];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), "{\"x\": 1, \"%s\": \"hunter2hunter3hunter4\"}", names[i]);
        tx_detect(fast, (struct tx_text){text, strlen(text)}, &all, &found);
        bool seen = false;
        for (size_t k = 0; k < found.n; k++)
            seen |= found.match[k].detector == TX_DETECT_KV_SECRET;
        ck_assert_msg(seen, "%s", names[i]);
    }
}
END_TEST

START_TEST(no_identifier_begins_in_a_uuid_or_a_time_but_beside_them) {
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {
        {"6f03675a-1600-a35a-0999-409831722549", 0},
        {"born 2026-11-23T18:04:51Z", 0},
        {"born 1984-02-29 2026-11-23T18:04:51Z", 1},
        {"6f03675a-1600-a35a-0999-409831722549 536-90-4399", 1},
        {"536-90-4399 6f03675a-1600-a35a-0999-409831722549", 1},
        {"x=2026-11-23T18:04:51Z 536-90-4399", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tx_detect(fast, (struct tx_text){cases[i].text, strlen(cases[i].text)}, &all, &found);
        size_t n = 0;
        for (size_t k = 0; k < found.n; k++)
            n += found.match[k].detector == TX_DETECT_US_SSN ||
                 found.match[k].detector == TX_DETECT_DATE_OF_BIRTH ||
                 found.match[k].detector == TX_DETECT_IN_AADHAAR;
        ck_assert_msg(n == cases[i].n, "%zu in: %s", n, cases[i].text);
    }
}
END_TEST

START_TEST(base64_is_found_among_dashes_and_slashes) {
    static const char *const texts[] = {
        "/api/YWxpY2VAZXhhbXBsZS5vcmc=/x",   "id-YWxpY2VAZXhhbXBsZS5vcmc=",
        "a/b-c/YWxpY2VAZXhhbXBsZS5vcmc-d/e", "x-eHggL2FsaWNlQGV4YW1wbGUub3JnIC8/Pw==-y",
        "v1_YWxpY2VAZXhhbXBsZS5vcmc",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tx_detect(fast, (struct tx_text){texts[i], strlen(texts[i])}, &all, &found);
        ck_assert_msg(found.n == 1 && found.match[0].detector == TX_DETECT_EMAIL, "%zu in %s",
                      found.n, texts[i]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect-scan");
    TCase *tests = tcase_create("scan");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, all_paths_find_the_same);
    tcase_add_test(tests, all_paths_find_the_same_in_texts_made_to_be_slow);
    tcase_add_test(tests, all_paths_make_the_same_bits);
    tcase_add_test(tests, short_texts_have_the_same_bits);
    tcase_add_test(tests, nothing_is_found_in_four_bytes_without_a_colon);
    tcase_add_test(tests, many_values_at_once_are_as_each_alone);
    tcase_add_test(tests, more_than_the_memory_holds_is_taken_in_several_passes);
    tcase_add_test(tests, no_value_reaches_into_another);
    tcase_add_test(tests, nothing_is_allocated);
    tcase_add_test(tests, no_text_makes_a_byte_cost_more_than_others);
    tcase_add_test(tests, every_name_of_a_secret_is_seen_by_its_letters);
    tcase_add_test(tests, no_identifier_begins_in_a_uuid_or_a_time_but_beside_them);
    tcase_add_test(tests, base64_is_found_among_dashes_and_slashes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
