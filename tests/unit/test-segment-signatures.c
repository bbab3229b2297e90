/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtx/segment/signatures.h"
#include "tests/lib/log-writer.h"

static struct log_writer *w;
static struct tx_signing_key *next;
static struct tx_bytes note_text;
static struct tx_note note;
static struct tx_signature_verdict verdict;

static void set_up(void) {
    w = log_writer_new("log", 1);
    next = log_writer_epoch_key(w, 1);
    note_text = TX_BYTES_INIT;
}

static void tear_down(void) {
    tx_bytes_deinit(&note_text);
    tx_signing_key_free(next);
    log_writer_free(w);
}

static struct tx_signers signers(bool with_next) {
    return (struct tx_signers){.identity = tx_signing_key_vkey(w->identity),
                               .has_epoch = true,
                               .epoch = tx_signing_key_vkey(w->epoch_key),
                               .has_next = with_next,
                               .next_epoch = tx_signing_key_vkey(next)};
}

static int check(const struct tx_signers *s) {
    ck_assert_int_eq(
        tx_note_parse((struct tx_text){(const char *)note_text.data, note_text.len}, &note), 0);
    return tx_signatures_check(NULL, &note, s, &verdict);
}

static void expect(const struct tx_signers *s, enum tx_finding_kind kind) {
    ck_assert_int_eq(check(s), TX_SIGNATURES_E_WRONG);
    ck_assert_str_eq(tx_finding_name(verdict.kind), tx_finding_name(kind));
    ck_assert(verdict.text[0] != '\0');
}

START_TEST(identity_and_epoch_and_at_a_transition_the_next_epoch) {
    struct tx_signers two = signers(false), three = signers(true);
    log_writer_sign(w, w->identity, w->epoch_key, NULL, &note_text);
    ck_assert_int_eq(check(&two), 0);
    ck_assert_uint_eq(verdict.time, w->time);
    expect(&three, TX_FINDING_MALFORMED);
    log_writer_sign(w, w->identity, w->epoch_key, next, &note_text);
    ck_assert_int_eq(check(&three), 0);
    expect(&two, TX_FINDING_INSERTED);
    two.allow_more = true;
    ck_assert_int_eq(check(&two), 0);
}
END_TEST

START_TEST(keys_that_are_not_known_are_not_checked_and_must_stand_there) {
    struct tx_signers s = signers(false);
    s.identity = NULL;
    s.epoch = NULL;
    log_writer_sign(w, w->identity, next, NULL, &note_text);
    ck_assert_int_eq(check(&s), 0);
    log_writer_sign(w, w->identity, NULL, NULL, &note_text);
    expect(&s, TX_FINDING_MALFORMED);
}
END_TEST

START_TEST(other_keys_are_told_from_changed_signatures) {
    struct tx_signers s = signers(false);
    _cleanup_(log_writer_freep) struct log_writer *other = log_writer_new("log", 2);
    log_writer_sign(w, other->identity, w->epoch_key, NULL, &note_text);
    expect(&s, TX_FINDING_WRONG_KEY);
    log_writer_sign(w, w->identity, next, NULL, &note_text);
    expect(&s, TX_FINDING_WRONG_EPOCH);
    log_writer_sign(w, w->identity, other->epoch_key, NULL, &note_text);
    expect(&s, TX_FINDING_WRONG_EPOCH);
    log_writer_sign(w, w->epoch_key, w->identity, NULL, &note_text); /* in the wrong order */
    expect(&s, TX_FINDING_WRONG_KEY);
}
END_TEST

START_TEST(a_changed_text_signature_name_or_id_is_a_change) {
    struct tx_signers s = signers(false);
    log_writer_sign(w, w->identity, w->epoch_key, NULL, &note_text);
    ck_assert_int_eq(check(&s), 0);
    struct tx_note good = note;
    note.signatures[0].blob[5] ^= 1;
    ck_assert_int_eq(tx_signatures_check(NULL, &note, &s, &verdict), TX_SIGNATURES_E_WRONG);
    ck_assert_int_eq(verdict.kind, TX_FINDING_CHANGED);
    note = good;
    note.signatures[1].id[0] ^= 1;
    ck_assert_int_eq(tx_signatures_check(NULL, &note, &s, &verdict), TX_SIGNATURES_E_WRONG);
    ck_assert_int_eq(verdict.kind, TX_FINDING_CHANGED);
    note = good;
    note.signatures[0].name = TX_TEXT("gol");
    ck_assert_int_eq(tx_signatures_check(NULL, &note, &s, &verdict), TX_SIGNATURES_E_WRONG);
    ck_assert_int_eq(verdict.kind, TX_FINDING_CHANGED);
    note = good;
    note.text.n--;
    ck_assert_int_eq(tx_signatures_check(NULL, &note, &s, &verdict), TX_SIGNATURES_E_WRONG);
    ck_assert_int_eq(verdict.kind, TX_FINDING_CHANGED);
}
END_TEST

START_TEST(a_key_fits_its_place_by_name_and_type) {
    const struct tx_text origin = TX_TEXT("log");
    const struct tx_vkey *identity = tx_signing_key_vkey(w->identity);
    const struct tx_vkey *epoch = tx_signing_key_vkey(next);
    ck_assert(tx_key_is_identity(identity, origin));
    ck_assert(!tx_key_is_identity(epoch, origin));
    ck_assert(tx_key_is_epoch(epoch, origin, 1));
    ck_assert(!tx_key_is_epoch(epoch, origin, 2));
    ck_assert(!tx_key_is_epoch(epoch, TX_TEXT("lo"), 1));
    ck_assert(!tx_key_is_epoch(identity, origin, 0));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-signatures");
    TCase *tests = tcase_create("signatures");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, identity_and_epoch_and_at_a_transition_the_next_epoch);
    tcase_add_test(tests, keys_that_are_not_known_are_not_checked_and_must_stand_there);
    tcase_add_test(tests, other_keys_are_told_from_changed_signatures);
    tcase_add_test(tests, a_changed_text_signature_name_or_id_is_a_change);
    tcase_add_test(tests, a_key_fits_its_place_by_name_and_type);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
