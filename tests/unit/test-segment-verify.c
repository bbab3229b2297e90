/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtx/segment/verify.h"
#include "tests/lib/log-writer.h"

static struct tx_hasher *hasher;
static struct tx_segment_result result;

static void set_up(void) {
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
}

static void tear_down(void) {
    tx_segment_result_deinit(&result);
    tx_hasher_free(hasher);
}

static struct tx_verify_options options_of(const struct log_writer *w) {
    return (struct tx_verify_options){.name = "test.jsonl",
                                      .origin = {w->origin, strlen(w->origin)},
                                      .identity = tx_signing_key_vkey(w->identity),
                                      .repair_attempts = 200000,
                                      .watch = {TX_NO_SEQ, TX_NO_SEQ}};
}

static void verify_bytes(const struct log_writer *w, const void *p, size_t n) {
    struct tx_verify_options options = options_of(w);
    _cleanup_(tx_reader_closep) struct tx_reader *reader = NULL;
    tx_segment_result_deinit(&result);
    ck_assert_int_eq(tx_reader_of_memory(p, n, &reader), 0);
    ck_assert_int_eq(tx_segment_verify(hasher, reader, &options, &result), 0);
}

static void verify(const struct log_writer *w, size_t segment) {
    struct tx_bytes b = TX_BYTES_INIT;
    log_segment_bytes(&w->segments[segment], &b);
    verify_bytes(w, b.data, b.len);
    tx_bytes_deinit(&b);
}

static size_t n_findings(void) {
    size_t n = 0;
    for (size_t i = 0; i < result.findings.n; i++)
        n += !result.findings.items[i].withdrawn;
    return n;
}

/* The i-th that stands. */
static const struct tx_finding *finding(size_t i) {
    for (size_t j = 0; j < result.findings.n; j++)
        if (!result.findings.items[j].withdrawn && i-- == 0)
            return &result.findings.items[j];
    ck_abort_msg("no such finding");
    return NULL;
}

static void expect_one(enum tx_finding_kind kind, uint64_t first, uint64_t last) {
    for (size_t i = 0; i < n_findings() && n_findings() != 1; i++)
        fprintf(stderr, "finding: %s %llu-%llu %s\n", tx_finding_name(finding(i)->kind),
                (unsigned long long)finding(i)->first_seq, (unsigned long long)finding(i)->last_seq,
                finding(i)->text);
    ck_assert_uint_eq(n_findings(), 1);
    ck_assert_str_eq(tx_finding_name(finding(0)->kind), tx_finding_name(kind));
    ck_assert_uint_eq(finding(0)->first_seq, first);
    ck_assert_uint_eq(finding(0)->last_seq, last);
}

static void expect_proven(uint64_t begin, uint64_t end) {
    ck_assert_uint_eq(result.n_proven, 1);
    ck_assert_uint_eq(result.proven[0].begin, begin);
    ck_assert_uint_eq(result.proven[0].end, end);
}

static void expect_proven_but(uint64_t begin, uint64_t end, uint64_t changed) {
    ck_assert_uint_eq(result.n_proven, 2);
    ck_assert_uint_eq(result.proven[0].begin, begin);
    ck_assert_uint_eq(result.proven[0].end, changed);
    ck_assert_uint_eq(result.proven[1].begin, changed + 1);
    ck_assert_uint_eq(result.proven[1].end, end);
}

static const struct log_shape shape = {
    .n_segments = 2, .n_batches = 4, .n_records = 5, .n_bytes = 300, .batches_per_epoch = 3};

/* Line numbers of `shape`: line 0 is the header; a batch is five records and a checkpoint. */
static size_t line_of(const struct log_segment *segment, enum tx_line_kind kind, uint64_t number) {
    for (size_t i = 0; i < segment->n_lines; i++)
        if (segment->lines[i].kind == kind && segment->lines[i].number == number)
            return i;
    ck_abort_msg("no such line");
    return 0;
}

static void remove_line(struct log_segment *segment, size_t at) {
    tx_bytes_deinit(&segment->lines[at].text);
    segment->n_lines--;
    memmove(&segment->lines[at], &segment->lines[at + 1],
            (segment->n_lines - at) * sizeof(*segment->lines));
}

static void move_line(struct log_segment *segment, size_t from, size_t to) {
    struct log_line line = segment->lines[from];
    memmove(&segment->lines[from], &segment->lines[from + 1],
            (segment->n_lines - from - 1) * sizeof(line));
    memmove(&segment->lines[to + 1], &segment->lines[to],
            (segment->n_lines - to - 1) * sizeof(line));
    segment->lines[to] = line;
}

static void change(struct log_segment *segment, size_t line, const char *from, const char *to) {
    struct tx_bytes *text = &segment->lines[line].text;
    uint8_t *at = memmem(text->data, text->len, from, strlen(from));
    ck_assert_ptr_nonnull(at);
    memcpy(at, to, strlen(to));
}

START_TEST(an_untouched_segment_is_proven_whole) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    verify(w, 0);
    ck_assert_uint_eq(n_findings(), 0);
    expect_proven(0, 21);
    ck_assert(result.sealed);
    ck_assert(!result.lost);
    ck_assert_uint_eq(result.n_tail_records, 0);
    ck_assert_uint_eq(result.n_epochs, 1);
    ck_assert_uint_eq(result.epochs[0].seq, 15);
    struct tx_log_state end = result.end;

    verify(w, 1);
    ck_assert_uint_eq(n_findings(), 0);
    expect_proven(21, 42);
    ck_assert(!result.sealed);
    ck_assert_ptr_null(tx_log_state_difference(&end, &result.start));
    ck_assert_str_eq(result.last_event, "test.event");
}
END_TEST

START_TEST(one_changed_byte_is_named_and_the_rest_is_proven) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct log_segment *segment = &w->segments[0];
    change(segment, line_of(segment, TX_LINE_RECORD, 7), "success", "succeSs");
    verify(w, 0);
    expect_one(TX_FINDING_CHANGED, 7, 7);
    ck_assert_str_eq(finding(0)->event, "test.event");
    ck_assert_ptr_nonnull(strstr(finding(0)->text, "it is 'S', and what was signed has 's'"));
    expect_proven_but(0, 21, 7);
}
END_TEST

START_TEST(more_changed_bytes_are_narrowed_down_to_a_checkpoint) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct log_segment *segment = &w->segments[0];
    change(segment, line_of(segment, TX_LINE_RECORD, 7), "success", "failure");
    verify(w, 0);
    expect_one(TX_FINDING_CHANGED, 5, 9);
    expect_proven(0, 5);
    ck_assert(result.lost);
}
END_TEST

START_TEST(a_changed_seq_names_its_record) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct log_segment *segment = &w->segments[0];
    change(segment, line_of(segment, TX_LINE_RECORD, 12), "\"seq\":12", "\"seq\":52");
    verify(w, 0);
    expect_one(TX_FINDING_CHANGED, 12, 12);
    expect_proven_but(0, 21, 12);
}
END_TEST

START_TEST(a_missing_record_is_named) {
    for (uint64_t seq = 0; seq < 21; seq++) {
        _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
        struct log_segment *segment = &w->segments[0];
        remove_line(segment, line_of(segment, TX_LINE_RECORD, seq));
        verify(w, 0);
        ck_assert_uint_ge(n_findings(), 1);
        expect_one(TX_FINDING_MISSING, seq, seq);
    }
}
END_TEST

START_TEST(moved_records_are_named_and_proven) {
    static const struct {
        uint64_t from;
        uint64_t before; /* it is put where this one stood */
        uint64_t first;
    } cases[] = {{7, 9, 7}, {9, 7, 9}, {5, 6, 5}, {9, 5, 9}, {7, 8, 7}};
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
        struct log_segment *segment = &w->segments[0];
        move_line(segment, line_of(segment, TX_LINE_RECORD, cases[i].from),
                  line_of(segment, TX_LINE_RECORD, cases[i].before));
        verify(w, 0);
        ck_assert_uint_eq(n_findings(), 1);
        ck_assert_int_eq(finding(0)->kind, TX_FINDING_OUT_OF_ORDER);
        expect_proven(0, 21);
    }
}
END_TEST

START_TEST(swapped_records_are_named_and_proven) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct log_segment *segment = &w->segments[0];
    size_t a = line_of(segment, TX_LINE_RECORD, 5), b = line_of(segment, TX_LINE_RECORD, 9);
    struct log_line line = segment->lines[a];
    segment->lines[a] = segment->lines[b];
    segment->lines[b] = line;
    verify(w, 0);
    ck_assert_uint_eq(n_findings(), 2);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(finding(i)->kind, TX_FINDING_OUT_OF_ORDER);
    expect_proven(0, 21);
}
END_TEST

static void insert_copy(struct log_segment *segment, size_t of, size_t at) {
    struct log_line *copy = &segment->lines[segment->n_lines];
    ck_assert_uint_lt(segment->n_lines, segment->cap);
    *copy = segment->lines[of];
    copy->text = TX_BYTES_INIT;
    ck_assert_int_eq(
        tx_bytes_append(&copy->text, segment->lines[of].text.data, segment->lines[of].text.len), 0);
    segment->n_lines++;
    move_line(segment, segment->n_lines - 1, at);
}

START_TEST(a_doubled_record_is_named_and_the_rest_is_proven) {
    for (uint64_t seq = 0; seq < 20; seq++) {
        _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
        struct log_segment *segment = &w->segments[0];
        size_t at = line_of(segment, TX_LINE_RECORD, seq);
        if (seq == 15)
            continue;
        insert_copy(segment, at, at);
        verify(w, 0);
        expect_one(TX_FINDING_INSERTED, seq, seq);
        expect_proven(0, 21);
    }
}
END_TEST

START_TEST(an_inserted_record_is_told_from_the_true_one) {
    for (int behind = 0; behind < 2; behind++) {
        _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
        struct log_segment *segment = &w->segments[0];
        size_t at = line_of(segment, TX_LINE_RECORD, 7);
        insert_copy(segment, at, at);
        change(segment, at + (size_t)behind, "success", "failure");
        verify(w, 0);
        expect_one(TX_FINDING_INSERTED, 7, 7);
        ck_assert_uint_eq(finding(0)->line, at + (size_t)behind + 1);
        expect_proven(0, 21);
    }
}
END_TEST

START_TEST(removed_and_moved_checkpoints_are_found) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct log_segment *segment = &w->segments[0];
    remove_line(segment, line_of(segment, TX_LINE_CHECKPOINT, 10));
    verify(w, 0);
    expect_one(TX_FINDING_MISSING, TX_NO_SEQ, TX_NO_SEQ); /* by the digest in the epoch's record */
    expect_proven(0, 21);

    _cleanup_(log_writer_freep) struct log_writer *moved = log_writer_of("log", 1, &shape);
    segment = &moved->segments[0];
    size_t at = line_of(segment, TX_LINE_CHECKPOINT, 10);
    move_line(segment, at, at + 2);
    verify(moved, 0);
    expect_one(TX_FINDING_OUT_OF_ORDER, TX_NO_SEQ, TX_NO_SEQ);
    expect_proven(0, 21);
}
END_TEST

START_TEST(a_seal_does_not_stand_for_an_epochs_first_checkpoint) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct log_segment *segment = &w->segments[1];
    log_writer_epoch(w, NULL);
    log_writer_seal(w);
    verify(w, 1);
    ck_assert_uint_eq(n_findings(), 0);
    remove_line(segment, segment->n_lines - 2);
    verify(w, 1);
    expect_one(TX_FINDING_MISSING, TX_NO_SEQ, TX_NO_SEQ);
    ck_assert_ptr_nonnull(strstr(finding(0)->text, "the checkpoint that follows"));
}
END_TEST

START_TEST(a_changed_header_is_found_without_and_with_the_state_before) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    change(&w->segments[1], 0, "\"epoch\":1", "\"epoch\":2");
    verify(w, 1);
    ck_assert_int_eq(tx_findings_gravest(&result.findings), TX_CLASS_TAMPERED);
}
END_TEST

/* The segment before was given up behind its epoch's first checkpoint, which three keys sign. */
START_TEST(the_old_epochs_name_in_the_previous_note_is_looked_at) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_new("s.example/audit", 1);
    log_writer_record(w, 200);
    log_writer_epoch(w, NULL);
    log_writer_give_up(w, 3);
    log_writer_record(w, 200);
    log_writer_checkpoint(w);
    verify(w, 1);
    ck_assert_uint_eq(n_findings(), 0);

    change(&w->segments[1], 0, "/epoch/0 ", "/epoch/5 ");
    verify(w, 1);
    ck_assert_uint_eq(n_findings(), 1);
    ck_assert_str_eq(tx_finding_name(finding(0)->kind), tx_finding_name(TX_FINDING_CHANGED));
}
END_TEST

START_TEST(a_torn_end_is_a_tail_and_nothing_worse) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct tx_bytes b = TX_BYTES_INIT;
    log_writer_record(w, 300);
    log_writer_record(w, 300);
    log_segment_bytes(&w->segments[1], &b);
    verify_bytes(w, b.data, b.len - 10);
    ck_assert_uint_eq(n_findings(), 0);
    ck_assert_uint_eq(result.n_tail_records, 1);
    ck_assert_uint_gt(result.n_tail_bytes, 300);
    ck_assert(!result.clean_end);
    expect_proven(21, 42);
    tx_bytes_deinit(&b);
}
END_TEST

START_TEST(space_laid_out_ahead_is_no_tail) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct tx_bytes b = TX_BYTES_INIT;
    static const uint8_t zero[5000];
    log_segment_bytes(&w->segments[1], &b);
    ck_assert_int_eq(tx_bytes_append(&b, zero, sizeof(zero)), 0);
    verify_bytes(w, b.data, b.len);
    ck_assert_uint_eq(n_findings(), 0);
    ck_assert_uint_eq(result.n_tail_bytes, 0);
    ck_assert(result.clean_end);
    tx_bytes_deinit(&b);
}
END_TEST

START_TEST(nul_bytes_before_a_signed_checkpoint_are_no_power_cut) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct tx_bytes b = TX_BYTES_INIT;
    log_segment_bytes(&w->segments[0], &b);
    memset(b.data + 1024, 0, 1024);
    verify_bytes(w, b.data, b.len);
    ck_assert_int_eq(tx_findings_gravest(&result.findings), TX_CLASS_TAMPERED);
    tx_bytes_deinit(&b);
}
END_TEST

START_TEST(keys_of_other_logs_and_epochs_are_told_from_changes) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    _cleanup_(log_writer_freep) struct log_writer *other = log_writer_of("log", 2, &shape);
    _cleanup_(log_writer_freep) struct log_writer *foreign = log_writer_of("gol", 1, &shape);
    struct tx_bytes b = TX_BYTES_INIT;
    log_segment_bytes(&other->segments[0], &b);
    verify_bytes(w, b.data, b.len);
    ck_assert_int_eq(finding(0)->kind, TX_FINDING_WRONG_KEY);
    ck_assert_int_eq(tx_findings_gravest(&result.findings), TX_CLASS_TRUST);
    ck_assert_uint_eq(result.n_proven, 0);
    b.len = 0;
    log_segment_bytes(&foreign->segments[0], &b);
    verify_bytes(w, b.data, b.len);
    expect_one(TX_FINDING_FOREIGN, TX_NO_SEQ, TX_NO_SEQ);
    tx_bytes_deinit(&b);
}
END_TEST

START_TEST(an_older_or_newer_epochs_key_is_refused) {
    for (uint64_t epoch = 1; epoch <= 3; epoch += 2) {
        _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
        tx_signing_key_free(w->epoch_key);
        w->epoch_key = log_writer_epoch_key(w, epoch);
        log_writer_record(w, 300);
        log_writer_checkpoint(w);
        verify(w, 1);
        expect_one(TX_FINDING_WRONG_EPOCH, TX_NO_SEQ, TX_NO_SEQ);
        expect_proven(21, 42);
        ck_assert_uint_eq(result.n_tail_records, 1);
    }
}
END_TEST

START_TEST(a_broken_epoch_ends_trust_unless_it_is_accepted) {
    static const uint64_t accepted[] = {0};
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_new("log", 1);
    log_writer_record(w, 300);
    log_writer_checkpoint(w);
    log_writer_record(w, 300);
    log_writer_epoch(w, "key lost");
    log_writer_record(w, 300);
    log_writer_checkpoint(w);
    verify(w, 0);
    expect_one(TX_FINDING_BROKEN_EPOCH, TX_NO_SEQ, TX_NO_SEQ);
    expect_proven(0, 1);
    ck_assert_uint_eq(result.untrusted_from, 1);

    struct tx_verify_options options = options_of(w);
    options.accepted_breaks = accepted;
    options.n_accepted_breaks = 1;
    struct tx_bytes b = TX_BYTES_INIT;
    _cleanup_(tx_reader_closep) struct tx_reader *reader = NULL;
    log_segment_bytes(&w->segments[0], &b);
    ck_assert_int_eq(tx_reader_of_memory(b.data, b.len, &reader), 0);
    tx_segment_result_deinit(&result);
    ck_assert_int_eq(tx_segment_verify(hasher, reader, &options, &result), 0);
    expect_one(TX_FINDING_ACCEPTED_BREAK, TX_NO_SEQ, TX_NO_SEQ);
    expect_proven(0, 4);
    tx_bytes_deinit(&b);
}
END_TEST

START_TEST(a_second_root_for_a_size_is_a_fork) {
    _cleanup_(log_writer_freep) struct log_writer *w = log_writer_of("log", 1, &shape);
    struct tx_range kept = w->range;
    struct tx_digest leaf = {{1}};
    w->range.n_nodes = 0;
    tx_range_init(&w->range, 0);
    while (w->range.end < kept.end)
        tx_range_append(&w->range, w->hasher, &leaf);
    log_writer_checkpoint(w);
    verify(w, 1);
    expect_one(TX_FINDING_FORKED, TX_NO_SEQ, TX_NO_SEQ);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-verify");
    TCase *tests = tcase_create("one segment");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_untouched_segment_is_proven_whole);
    tcase_add_test(tests, one_changed_byte_is_named_and_the_rest_is_proven);
    tcase_add_test(tests, more_changed_bytes_are_narrowed_down_to_a_checkpoint);
    tcase_add_test(tests, a_changed_seq_names_its_record);
    tcase_add_test(tests, a_missing_record_is_named);
    tcase_add_test(tests, moved_records_are_named_and_proven);
    tcase_add_test(tests, swapped_records_are_named_and_proven);
    tcase_add_test(tests, a_doubled_record_is_named_and_the_rest_is_proven);
    tcase_add_test(tests, an_inserted_record_is_told_from_the_true_one);
    tcase_add_test(tests, removed_and_moved_checkpoints_are_found);
    tcase_add_test(tests, a_seal_does_not_stand_for_an_epochs_first_checkpoint);
    tcase_add_test(tests, a_changed_header_is_found_without_and_with_the_state_before);
    tcase_add_test(tests, the_old_epochs_name_in_the_previous_note_is_looked_at);
    tcase_add_test(tests, a_torn_end_is_a_tail_and_nothing_worse);
    tcase_add_test(tests, space_laid_out_ahead_is_no_tail);
    tcase_add_test(tests, nul_bytes_before_a_signed_checkpoint_are_no_power_cut);
    tcase_add_test(tests, keys_of_other_logs_and_epochs_are_told_from_changes);
    tcase_add_test(tests, an_older_or_newer_epochs_key_is_refused);
    tcase_add_test(tests, a_broken_epoch_ends_trust_unless_it_is_accepted);
    tcase_add_test(tests, a_second_root_for_a_size_is_a_fork);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
