/* SPDX-License-Identifier: MIT */
/*
 * What somebody does who holds some of the keys: older and newer epochs' keys, the identity alone,
 * a second root for a size, a broken chain.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tamper/tamper.h"

static struct tamper_log log_, *const L = &log_;

static void set_up(void) {
    tamper_log_init(L, "keys.example/audit", 8);
}

static void tear_down(void) {
    tamper_log_deinit(L);
}

/* The open segment and the checkpoint file as the writer has them now. */
static void store(void) {
    tamper_log_store(L, L->w->n_segments - 1);
    log_writer_store_file(L->directory, "checkpoint", L->w->note.data, L->w->note.len);
}

static void expect(enum tx_finding_class class, enum tx_finding_kind kind) {
    enum tx_finding_class is = tamper_log_verify(L);
    bool has = tamper_log_has(L, kind);
    if (is != class || !has)
        tamper_log_show(L);
    ck_assert_str_eq(tx_finding_class_name(is), tx_finding_class_name(class));
    ck_assert_msg(has, "%s", tx_finding_name(kind));
}

static void use_epoch_key(struct tx_signing_key *key) {
    tx_signing_key_free(L->w->epoch_key);
    L->w->epoch_key = key;
}

START_TEST(an_older_and_a_newer_epochs_key_are_refused) {
    uint64_t now = L->w->epoch;
    ck_assert_uint_ge(now, 2);
    for (uint64_t epoch = 0; epoch <= now + 2; epoch++) {
        if (epoch == now)
            continue;
        tamper_log_deinit(L);
        tamper_log_init(L, "keys.example/audit", 8);
        uint64_t proven = L->w->range.end;
        use_epoch_key(log_writer_epoch_key(L->w, epoch));
        log_writer_record(L->w, 300);
        log_writer_checkpoint(L->w);
        store();
        expect(TX_CLASS_TRUST, TX_FINDING_WRONG_EPOCH);
        ck_assert_uint_eq(L->verdict.end_size, proven);
        ck_assert_uint_eq(L->verdict.proven[0].end, proven);
    }
}
END_TEST

START_TEST(another_key_under_the_epochs_name_is_refused) {
    struct tx_signing_key *key;
    struct tx_vkey own = *tx_signing_key_vkey(L->w->epoch_key);
    static const uint8_t seed[32] = {99};
    ck_assert_int_eq(tx_signing_key_from_seed(L->w->hasher, (struct tx_text){own.name, own.n_name},
                                              TX_KEY_COSIGNATURE, seed, &key),
                     0);
    use_epoch_key(key);
    log_writer_record(L->w, 300);
    log_writer_checkpoint(L->w);
    store();
    expect(TX_CLASS_TRUST, TX_FINDING_WRONG_EPOCH);
}
END_TEST

START_TEST(the_identity_alone_signs_nothing_new) {
    use_epoch_key(NULL);
    log_writer_record(L->w, 300);
    log_writer_checkpoint(L->w);
    store();
    expect(TX_CLASS_TAMPERED, TX_FINDING_MALFORMED);
    L->w->epoch_key = log_writer_epoch_key(L->w, L->w->epoch);
}
END_TEST

START_TEST(another_identity_is_refused) {
    struct tx_signing_key *key;
    static const uint8_t seed[32] = {98};
    ck_assert_int_eq(tx_signing_key_from_seed(L->w->hasher,
                                              (struct tx_text){L->w->origin, strlen(L->w->origin)},
                                              TX_KEY_ED25519, seed, &key),
                     0);
    struct tx_signing_key *own = L->w->identity;
    L->w->identity = key;
    log_writer_record(L->w, 300);
    log_writer_checkpoint(L->w);
    L->w->identity = own;
    tamper_log_store(L, 2);
    expect(TX_CLASS_TRUST, TX_FINDING_WRONG_KEY);
    tx_signing_key_free(key);
}
END_TEST

/* Both keys of the present, and two histories. */
START_TEST(a_second_root_for_a_size_is_a_fork) {
    struct log_writer *w = L->w;
    struct tx_digest leaf = {{1}};
    uint64_t size = w->range.end;
    tx_range_init(&w->range, 0);
    while (w->range.end < size)
        tx_range_append(&w->range, w->hasher, &leaf);
    log_writer_checkpoint(w);
    tamper_log_store(L, 2);
    expect(TX_CLASS_TAMPERED, TX_FINDING_FORKED);
    /* The same in the checkpoint file alone. */
    w->segments[2].n_lines--;
    tx_bytes_deinit(&w->segments[2].lines[w->segments[2].n_lines].text);
    store();
    expect(TX_CLASS_TAMPERED, TX_FINDING_FORKED);
}
END_TEST

START_TEST(a_root_that_is_not_that_of_the_records_is_found) {
    struct log_writer *w = L->w;
    struct tx_digest leaf = {{1}};
    log_writer_record(w, 300);
    tx_range_init(&w->range, w->range.end - 1);
    w->range.begin = 0;
    w->range.end++;
    w->range.n_nodes = tx_range_count_nodes(0, w->range.end);
    w->range.nodes[0] = leaf;
    log_writer_checkpoint(w);
    store();
    expect(TX_CLASS_TAMPERED, TX_FINDING_CHANGED);
}
END_TEST

START_TEST(wrong_counts_and_digests_in_an_epochs_record_are_found) {
    for (int i = 0; i < 3; i++) {
        tamper_log_deinit(L);
        tamper_log_init(L, "keys.example/audit", 8);
        log_writer_record(L->w, 300);
        log_writer_checkpoint(L->w);
        if (i < 2)
            L->w->n_checkpoints = i == 0 ? L->w->n_checkpoints + 1 : L->w->n_checkpoints - 1;
        else
            L->w->digest.bytes[0] ^= 1;
        log_writer_epoch(L->w, NULL);
        store();
        expect(TX_CLASS_TAMPERED, i == 0   ? TX_FINDING_MISSING
                                  : i == 1 ? TX_FINDING_INSERTED
                                           : TX_FINDING_CHANGED);
    }
}
END_TEST

/* The identity key alone: an epoch record of his own, and the checkpoint behind it without the old
 * epoch's signature, or none at all. */
START_TEST(an_epoch_that_the_one_before_did_not_sign_for_proves_nothing) {
    for (int without = 0; without < 2; without++) {
        tamper_log_deinit(L);
        tamper_log_init(L, "keys.example/audit", 8);
        uint64_t proven = L->w->range.end;
        use_epoch_key(log_writer_epoch_key(L->w, 77));
        log_writer_epoch(L->w, NULL);
        struct log_segment *s = &L->w->segments[L->w->n_segments - 1];
        if (without)
            tx_bytes_deinit(&s->lines[--s->n_lines].text);
        log_writer_record(L->w, 300);
        log_writer_checkpoint(L->w);
        store();
        ck_assert_int_ge(tamper_log_verify(L), TX_CLASS_TRUST);
        ck_assert_uint_eq(L->verdict.proven[L->verdict.n_proven - 1].end, proven);
        ck_assert_uint_eq(L->verdict.end_size, proven);
    }
}
END_TEST

START_TEST(files_that_were_set_aside_do_not_hide_what_was_changed) {
    struct log_segment *s = &L->w->segments[1];
    char name[64];
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof(name), "00000000000000000000.jsonl.torn-%d", i);
        log_writer_store_file(L->directory, name, "", 0);
    }
    s->lines[3].text.data[40] ^= 1;
    tamper_log_store(L, 1);
    expect(TX_CLASS_TAMPERED, TX_FINDING_CHANGED);
}
END_TEST

START_TEST(a_broken_epoch_is_a_matter_of_trust) {
    static uint64_t accepted[1];
    uint64_t lost = L->w->epoch, proven = L->w->range.end;
    log_writer_record(L->w, 300);
    log_writer_epoch(L->w, "epoch key lost");
    log_writer_record(L->w, 300);
    log_writer_checkpoint(L->w);
    store();
    char name[64];
    snprintf(name, sizeof(name), "epochs/%zu.tlog-proof", L->w->n_proofs);
    log_writer_store_file(L->directory, name, L->w->proofs[L->w->n_proofs - 1].data,
                          L->w->proofs[L->w->n_proofs - 1].len);
    expect(TX_CLASS_TRUST, TX_FINDING_BROKEN_EPOCH);
    ck_assert_uint_eq(L->verdict.proven[L->verdict.n_proven - 1].end, proven);
    ck_assert_uint_eq(L->verdict.end_size, proven);

    accepted[0] = lost + 1;
    L->options.accepted_breaks = accepted;
    L->options.n_accepted_breaks = 1;
    expect(TX_CLASS_TRUST, TX_FINDING_BROKEN_EPOCH);
    accepted[0] = lost;
    expect(TX_CLASS_NOTE, TX_FINDING_ACCEPTED_BREAK);
    ck_assert_uint_eq(L->verdict.proven[0].end, L->w->range.end);
}
END_TEST

/* Our own key holds another log's place: its signature behind ours. */
START_TEST(a_signature_behind_ours_stands_in_the_checkpoint_file_only) {
    _cleanup_(log_writer_freep) struct log_writer *witness = log_writer_new("witness.example", 5);
    static char memory[65536];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_note note;
    struct tx_text ours = {(const char *)L->w->note.data, L->w->note.len};
    ck_assert_int_eq(tx_note_parse(ours, &note), 0);
    tx_buf_put(&b, ours.p, ours.n);
    ck_assert_int_eq(tx_signing_key_sign_note(witness->epoch_key, note.text, 1234, &b), 0);
    log_writer_store_file(L->directory, "checkpoint", memory, b.len);
    ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_NOTE);
    ck_assert_uint_eq(L->verdict.findings.n, 0);

    /* The same note as the segment's last checkpoint. */
    struct log_segment *s = &L->w->segments[2];
    struct log_line *last = &s->lines[s->n_lines - 1];
    static char line_memory[65536];
    struct tx_buf line = tx_buf_of(line_memory, sizeof(line_memory));
    tx_control_render_checkpoint(&(struct tx_control_checkpoint){.note = {memory, b.len}}, &line);
    tx_buf_char(&line, '\n');
    last->text.len = 0;
    ck_assert_int_eq(tx_bytes_append(&last->text, line_memory, line.len), 0);
    tamper_log_store(L, 2);
    expect(TX_CLASS_TAMPERED, TX_FINDING_INSERTED);
}
END_TEST

START_TEST(a_signature_behind_ours_may_stand_in_an_epochs_proof_and_nothing_else) {
    _cleanup_(log_writer_freep) struct log_writer *witness = log_writer_new("witness.example", 5);
    static char memory[65536];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_note note;
    const struct tx_bytes *ours = &L->w->proofs[0];
    ck_assert_int_eq(
        tx_note_parse((struct tx_text){(char *)L->w->note.data, L->w->note.len}, &note), 0);
    tx_buf_put(&b, ours->data, ours->len);
    ck_assert_int_eq(tx_signing_key_sign_note(witness->epoch_key, note.text, 1234, &b), 0);
    log_writer_store_file(L->directory, "epochs/1.tlog-proof", memory, b.len);
    ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_NOTE);
    ck_assert_uint_eq(L->verdict.findings.n, 0);

    tx_buf_str(&b, "not a signature\n");
    log_writer_store_file(L->directory, "epochs/1.tlog-proof", memory, b.len);
    expect(TX_CLASS_TAMPERED, TX_FINDING_CHANGED);
    log_writer_store_file(L->directory, "epochs/1.tlog-proof", ours->data, ours->len - 1);
    expect(TX_CLASS_TAMPERED, TX_FINDING_CHANGED);
    b.len = ours->len; /* our signatures as a part of the text */
    tx_buf_char(&b, '\n');
    ck_assert_int_eq(tx_signing_key_sign_note(witness->epoch_key, note.text, 1234, &b), 0);
    log_writer_store_file(L->directory, "epochs/1.tlog-proof", memory, b.len);
    expect(TX_CLASS_TAMPERED, TX_FINDING_CHANGED);
}
END_TEST

static size_t next_checkpoint(const struct log_segment *s, size_t at) {
    while (at < s->n_lines && s->lines[at].kind != TX_LINE_CHECKPOINT)
        at++;
    return at;
}

/* A line at the end of the note that looks like the next epoch's signature. */
static void add_signature_line(struct log_line *line, uint64_t epoch) {
    uint8_t junk[4 + 8 + 64] = {1, 2, 3, 4};
    char text[512];
    struct tx_buf b = tx_buf_of(text, sizeof(text));
    tx_buf_str(&b, "\u2014 keys.example/audit/epoch/");
    tx_buf_dec(&b, epoch);
    tx_buf_char(&b, ' ');
    tx_buf_base64(&b, junk, sizeof(junk));
    tx_buf_str(&b, "\\n\"}\n");
    ck_assert(!b.full);
    line->text.len -= strlen("\"}\n");
    ck_assert_int_eq(tx_bytes_append(&line->text, text, b.len), 0);
}

static uint8_t *last_of_signature(struct log_line *line) {
    return line->text.data + line->text.len - strlen("AA==\\n\"}\n") - 4;
}

/* Nobody needs a key for it, and it must not lead away from the key that belongs here. */
START_TEST(a_line_that_looks_like_the_next_epochs_signature_gives_no_key_up) {
    for (size_t i = 0; i < L->w->n_segments; i++) {
        struct log_segment *s = &L->w->segments[i];
        for (size_t at = 0; (at = next_checkpoint(s, at)) < s->n_lines; at++) {
            size_t later = next_checkpoint(s, at + 1);
            for (uint64_t epoch = 1; epoch <= L->w->epoch + 1; epoch++) {
                struct log_line first = s->lines[at], second = {.number = 0};
                s->lines[at].text = TX_BYTES_INIT;
                ck_assert_int_eq(
                    tx_bytes_append(&s->lines[at].text, first.text.data, first.text.len), 0);
                add_signature_line(&s->lines[at], epoch);
                tamper_log_store(L, i);
                ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_TAMPERED);
                if (later < s->n_lines) {
                    second = s->lines[later];
                    uint8_t *c = last_of_signature(&second), was = *c;
                    *c = was == 'A' ? 'B' : 'A';
                    tamper_log_store(L, i);
                    expect(TX_CLASS_TAMPERED, TX_FINDING_CHANGED);
                    for (size_t k = 0; k < L->verdict.n_proven; k++)
                        ck_assert(L->verdict.proven[k].end <= first.number ||
                                  L->verdict.proven[k].begin >= second.number ||
                                  L->verdict.proven[k].end >= second.number);
                    *c = was;
                }
                tx_bytes_deinit(&s->lines[at].text);
                s->lines[at] = first;
            }
        }
        tamper_log_store(L, i);
    }
    ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_NOTE);
}
END_TEST

START_TEST(the_window_is_what_the_present_key_could_rewrite) {
    log_writer_epoch(L->w, NULL);
    char name[64];
    snprintf(name, sizeof(name), "epochs/%zu.tlog-proof", L->w->n_proofs);
    log_writer_store_file(L->directory, name, L->w->proofs[L->w->n_proofs - 1].data,
                          L->w->proofs[L->w->n_proofs - 1].len);
    store();
    ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_NOTE);
    ck_assert_uint_eq(L->verdict.n_rewritable, 0);
    for (int i = 0; i < 5; i++)
        log_writer_record(L->w, 300);
    log_writer_checkpoint(L->w);
    log_writer_record(L->w, 300);
    store();
    ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_INCOMPLETE);
    ck_assert_uint_eq(L->verdict.n_rewritable, 5);
    ck_assert_uint_eq(L->verdict.n_tail, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tamper-keys");
    TCase *tests = tcase_create("keys and epochs");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_older_and_a_newer_epochs_key_are_refused);
    tcase_add_test(tests, another_key_under_the_epochs_name_is_refused);
    tcase_add_test(tests, the_identity_alone_signs_nothing_new);
    tcase_add_test(tests, another_identity_is_refused);
    tcase_add_test(tests, a_second_root_for_a_size_is_a_fork);
    tcase_add_test(tests, a_root_that_is_not_that_of_the_records_is_found);
    tcase_add_test(tests, wrong_counts_and_digests_in_an_epochs_record_are_found);
    tcase_add_test(tests, an_epoch_that_the_one_before_did_not_sign_for_proves_nothing);
    tcase_add_test(tests, files_that_were_set_aside_do_not_hide_what_was_changed);
    tcase_add_test(tests, a_broken_epoch_is_a_matter_of_trust);
    tcase_add_test(tests, a_signature_behind_ours_stands_in_the_checkpoint_file_only);
    tcase_add_test(tests, a_signature_behind_ours_may_stand_in_an_epochs_proof_and_nothing_else);
    tcase_add_test(tests, a_line_that_looks_like_the_next_epochs_signature_gives_no_key_up);
    tcase_add_test(tests, the_window_is_what_the_present_key_could_rewrite);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
