/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/file.h"
#include "libtx/segment/chain.h"
#include "tests/lib/log-writer.h"

static char directory[64];
static struct log_writer *w;
static struct tx_chain_verdict verdict;
static struct tx_chain_options options;

/* Three segments of 21 records; epochs 1 to 4 begin within. */
static const struct log_shape shape = {
    .n_segments = 3, .n_batches = 4, .n_records = 5, .n_bytes = 300, .batches_per_epoch = 3};
enum { N_RECORDS = 64, SECOND = 21, THIRD = 42 };

static void set_up(void) {
    strcpy(directory, "/tmp/tx-chain-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    w = log_writer_of("log", 1, &shape);
    ck_assert_uint_eq(w->range.end, N_RECORDS);
    log_writer_store(w, directory);
    options = (struct tx_chain_options){.path = directory,
                                        .identity = tx_signing_key_vkey(w->identity),
                                        .epoch0 = &w->epoch0,
                                        .n_threads = 2,
                                        .repair_attempts = 100000};
}

static void tear_down(void) {
    char command[128];
    tx_chain_verdict_deinit(&verdict);
    log_writer_free(w);
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

static void segment_path(uint64_t first, const char *suffix, char ret[256]) {
    char name[TX_SEGMENT_NAME_BYTES];
    tx_segment_name(first, suffix, name);
    snprintf(ret, 256, "%s/%s", directory, name);
}

static void remove_segment(uint64_t first) {
    char path[256];
    segment_path(first, ".jsonl", path);
    ck_assert_int_eq(unlink(path), 0);
}

static void store_segment(const struct log_writer *from, size_t i) {
    char name[TX_SEGMENT_NAME_BYTES];
    _cleanup_(tx_bytes_deinit) struct tx_bytes b = TX_BYTES_INIT;
    log_segment_bytes(&from->segments[i], &b);
    tx_segment_name(from->segments[i].first, ".jsonl", name);
    log_writer_store_file(directory, name, b.data, b.len);
}

static void change_in(const char *name, const char *from, const char *to) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes b = TX_BYTES_INIT;
    int dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(tx_file_read_at(dirfd, name, 1 << 20, &b), 0);
    close(dirfd);
    uint8_t *at = memmem(b.data, b.len, from, strlen(from));
    ck_assert_ptr_nonnull(at);
    memcpy(at, to, strlen(to));
    log_writer_store_file(directory, name, b.data, b.len);
}

static void verify(void) {
    tx_chain_verdict_deinit(&verdict);
    ck_assert_int_eq(tx_chain_verify(&options, &verdict), 0);
}

static void show(void) {
    for (size_t i = 0; i < verdict.findings.n; i++) {
        const struct tx_finding *f = &verdict.findings.items[i];
        fprintf(stderr, "%s %s:%llu %llu-%llu %s\n", tx_finding_name(f->kind), f->file,
                (unsigned long long)f->line, (unsigned long long)f->first_seq,
                (unsigned long long)f->last_seq, f->text);
    }
}

static void expect(enum tx_finding_class class) {
    verify();
    if (verdict.class != class)
        show();
    ck_assert_str_eq(tx_finding_class_name(verdict.class), tx_finding_class_name(class));
}

static const struct tx_finding *find(enum tx_finding_kind kind) {
    for (size_t i = 0; i < verdict.findings.n; i++)
        if (verdict.findings.items[i].kind == kind)
            return &verdict.findings.items[i];
    show();
    ck_abort_msg("no finding %s", tx_finding_name(kind));
    return NULL;
}

static void expect_only(enum tx_finding_class class, enum tx_finding_kind kind) {
    expect(class);
    if (verdict.findings.n != 1)
        show();
    ck_assert_uint_eq(verdict.findings.n, 1);
    find(kind);
}

START_TEST(an_untouched_log_is_proven) {
    for (options.n_threads = 1; options.n_threads < 4; options.n_threads++) {
        expect(TX_CLASS_NOTE);
        ck_assert_uint_eq(verdict.findings.n, 0);
        ck_assert_uint_eq(verdict.n_proven, 1);
        ck_assert_uint_eq(verdict.proven[0].begin, 0);
        ck_assert_uint_eq(verdict.proven[0].end, N_RECORDS);
        ck_assert_uint_eq(verdict.end_size, N_RECORDS);
        ck_assert_uint_eq(verdict.end_time, w->time);
        ck_assert_uint_eq(verdict.epoch, 4);
        ck_assert_uint_eq(verdict.n_records, N_RECORDS);
        ck_assert_uint_eq(verdict.n_rewritable, 0); /* epoch 4 has just begun */
        ck_assert_mem_eq(verdict.end_note, w->note.data, w->note.len);
    }
}
END_TEST

START_TEST(without_keys_the_logs_own_copy_is_trusted_and_that_is_said) {
    options.identity = options.epoch0 = NULL;
    expect_only(TX_CLASS_NOTE, TX_FINDING_TRUSTED_COPY);
    ck_assert(verdict.trusted_copy);
}
END_TEST

START_TEST(another_key_than_the_given_one_is_no_tampering) {
    _cleanup_(log_writer_freep) struct log_writer *other = log_writer_new("log", 2);
    options.identity = tx_signing_key_vkey(other->identity);
    expect(TX_CLASS_TRUST);
    ck_assert_uint_eq(verdict.n_proven, 0);
    options.identity = tx_signing_key_vkey(w->identity);
    options.epoch0 = &other->epoch0;
    expect(TX_CLASS_TRUST);
    ck_assert_uint_eq(verdict.n_proven, 0); /* nor what follows from what is not anchored */
}
END_TEST

START_TEST(a_missing_segment_leaves_the_others_proven) {
    remove_segment(SECOND);
    options.whole = true;
    expect_only(TX_CLASS_TAMPERED, TX_FINDING_REMOVED);
    options.whole = false;
    expect_only(TX_CLASS_INCOMPLETE, TX_FINDING_MISSING_SEGMENT);
    ck_assert_uint_eq(verdict.n_proven, 2);
    ck_assert_uint_eq(find(TX_FINDING_MISSING_SEGMENT)->first_seq, SECOND);
    ck_assert_uint_eq(find(TX_FINDING_MISSING_SEGMENT)->last_seq, THIRD - 1);
}
END_TEST

START_TEST(a_pruned_log_is_anchored_by_its_epochs) {
    remove_segment(0);
    remove_segment(SECOND);
    expect_only(TX_CLASS_INCOMPLETE, TX_FINDING_MISSING_SEGMENT);
    ck_assert_uint_eq(verdict.n_proven, 1);
    ck_assert_uint_eq(verdict.proven[0].begin, THIRD);
    change_in("epochs/1.tlog-proof", "index 15", "index 14");
    expect(TX_CLASS_TRUST);
    ck_assert_uint_eq(verdict.n_proven, 0);
}
END_TEST

/* The log with a record at its end that says that [first, end) is removed. */
static void say_pruned(uint64_t first, uint64_t end, const struct tx_digest *root,
                       bool with_checkpoint) {
    log_writer_pruned(w, first, end, root);
    if (with_checkpoint)
        log_writer_checkpoint(w);
    store_segment(w, w->n_segments - 1);
    log_writer_store_file(directory, "checkpoint", w->note.data, w->note.len);
}

START_TEST(what_a_pruned_record_tells_of_is_incomplete_and_no_more) {
    const struct tx_digest *second = &w->segments[1].before;
    say_pruned(0, SECOND, second, true);
    expect(TX_CLASS_NOTE); /* nothing is gone yet */
    ck_assert_uint_eq(verdict.findings.n, 0);
    remove_segment(0);
    expect_only(TX_CLASS_INCOMPLETE, TX_FINDING_PRUNED);
    ck_assert_uint_eq(find(TX_FINDING_PRUNED)->last_seq, SECOND - 1);
    ck_assert_uint_eq(verdict.proven[0].begin, SECOND);
    remove_segment(SECOND);
    expect_only(TX_CLASS_INCOMPLETE, TX_FINDING_MISSING_SEGMENT);
    options.whole = true;
    expect_only(TX_CLASS_TAMPERED, TX_FINDING_REMOVED);
}
END_TEST

START_TEST(the_files_of_one_removal_may_go_in_any_order) {
    say_pruned(0, THIRD, &w->segments[2].before, true);
    remove_segment(SECOND);
    expect_only(TX_CLASS_INCOMPLETE, TX_FINDING_PRUNED);
    remove_segment(0);
    expect_only(TX_CLASS_INCOMPLETE, TX_FINDING_PRUNED);
}
END_TEST

START_TEST(a_pruned_record_that_nobody_signed_explains_nothing) {
    say_pruned(0, SECOND, &w->segments[1].before, false);
    remove_segment(0);
    options.whole = true;
    expect(TX_CLASS_TAMPERED);
    find(TX_FINDING_REMOVED);
}
END_TEST

START_TEST(a_pruned_record_with_another_root_is_found) {
    say_pruned(0, SECOND, &w->segments[2].before, true);
    remove_segment(0);
    expect(TX_CLASS_TAMPERED);
    find(TX_FINDING_FORKED);
}
END_TEST

START_TEST(without_epochs_a_single_segment_is_not_anchored) {
    char path[256], command[128];
    segment_path(SECOND, ".jsonl", path);
    options.path = path;
    expect(TX_CLASS_NOTE);
    ck_assert_uint_eq(verdict.n_proven, 1);
    snprintf(command, sizeof(command), "rm -rf '%s/epochs'", directory);
    ck_assert_int_eq(system(command), 0);
    expect_only(TX_CLASS_TRUST, TX_FINDING_UNKNOWN_KEY);
}
END_TEST

START_TEST(a_last_segment_that_was_removed_is_seen_by_the_checkpoint_file) {
    remove_segment(THIRD);
    expect_only(TX_CLASS_TAMPERED, TX_FINDING_CUT_OFF);
    ck_assert_uint_eq(find(TX_FINDING_CUT_OFF)->first_seq, THIRD);
    ck_assert_uint_eq(find(TX_FINDING_CUT_OFF)->last_seq, N_RECORDS - 1);
}
END_TEST

START_TEST(a_cut_that_the_checkpoint_file_hides_is_seen_by_what_was_remembered) {
    struct tx_bytes note = TX_BYTES_INIT;
    _cleanup_(log_writer_freep) struct log_writer *shorter = log_writer_new("log", 1);
    verify();
    options.has_memory = true;
    options.memory_size = verdict.end_size;
    options.memory_root = verdict.end_root;
    expect(TX_CLASS_NOTE);
    ck_assert(verdict.memory_was_checked);

    remove_segment(THIRD);
    const struct log_segment *second = &w->segments[1];
    struct tx_control_seal seal;
    static char memory[65536];
    struct tx_buf scratch = tx_buf_of(memory, sizeof(memory));
    const struct tx_bytes *line = &second->lines[second->n_lines - 1].text;
    ck_assert_int_eq(
        tx_control_parse_seal((struct tx_text){(char *)line->data, line->len - 1}, &scratch, &seal),
        0);
    log_writer_store_file(directory, "checkpoint", seal.note.p, seal.note.n);
    expect_only(TX_CLASS_TAMPERED, TX_FINDING_SHRUNK);
    options.has_memory = false;
    expect(TX_CLASS_NOTE);
    ck_assert_uint_eq(verdict.findings.n, 0);
    tx_bytes_deinit(&note);
}
END_TEST

START_TEST(a_rewritten_log_is_a_fork_of_what_was_remembered) {
    verify();
    options.has_memory = true;
    options.memory_size = 30;
    memset(&options.memory_root, 7, sizeof(options.memory_root));
    expect_only(TX_CLASS_TAMPERED, TX_FINDING_FORKED);
}
END_TEST

START_TEST(a_changed_header_is_named_and_the_segment_is_proven_all_the_same) {
    char name[TX_SEGMENT_NAME_BYTES];
    tx_segment_name(SECOND, ".jsonl", name);
    static const char *const changes[][2] = {
        {"\"checkpoints\":3", "\"checkpoints\":4"},
        {"\"epoch\":1", "\"epoch\":2"},
        {"\"first\":21", "\"first\":20"},
        {"\"origin\":\"log\"", "\"origin\":\"gol\""},
        {"{\"tracex\":\"segment\"", "{\"tracex\":\"sEgment\""},
    };
    for (size_t i = 0; i < TX_COUNT_OF(changes); i++) {
        store_segment(w, 1);
        change_in(name, changes[i][0], changes[i][1]);
        expect_only(TX_CLASS_TAMPERED, TX_FINDING_CHANGED);
        ck_assert_uint_eq(find(TX_FINDING_CHANGED)->line, 1);
        ck_assert_uint_eq(verdict.n_proven, 1);
        ck_assert_uint_eq(verdict.proven[0].end, N_RECORDS);
    }
}
END_TEST

START_TEST(a_segment_of_another_log_is_foreign) {
    _cleanup_(log_writer_freep) struct log_writer *other = log_writer_of("gol", 1, &shape);
    _cleanup_(log_writer_freep) struct log_writer *twin = log_writer_of("log", 2, &shape);
    store_segment(other, 1);
    expect(TX_CLASS_TAMPERED);
    find(TX_FINDING_FOREIGN);
    ck_assert_uint_eq(verdict.n_proven, 2);
    store_segment(twin, 1); /* the same name, other keys */
    expect(TX_CLASS_TAMPERED);
    ck_assert_uint_eq(verdict.n_proven, 2);
}
END_TEST

START_TEST(a_segment_without_its_seal_was_cut) {
    char path[256];
    const struct log_segment *second = &w->segments[1];
    struct stat st;
    segment_path(SECOND, ".jsonl", path);
    ck_assert_int_eq(stat(path, &st), 0);
    /* Without its seal it looks given up at its last checkpoint; the next header knows better. */
    ck_assert_int_eq(
        truncate(path, st.st_size - (off_t)second->lines[second->n_lines - 1].text.len), 0);
    expect(TX_CLASS_TAMPERED);
    ck_assert_int_eq(truncate(path, st.st_size / 2), 0);
    expect(TX_CLASS_TAMPERED);
    find(TX_FINDING_CUT_OFF);
    ck_assert_int_eq(truncate(path, 0), 0);
    expect(TX_CLASS_TAMPERED);
    find(TX_FINDING_CUT_OFF);
}
END_TEST

START_TEST(a_segment_that_was_given_up_is_followed_by_the_next) {
    char command[128];
    log_writer_record(w, 300);
    log_writer_checkpoint(w);
    log_writer_give_up(w, 3);
    log_writer_record(w, 400);
    log_writer_record(w, 400);
    log_writer_checkpoint(w);
    snprintf(command, sizeof(command), "rm -rf '%s'/*", directory);
    ck_assert_int_eq(system(command), 0);
    log_writer_store(w, directory);
    expect_only(TX_CLASS_NOTE, TX_FINDING_GIVEN_UP);
    ck_assert_uint_eq(verdict.n_proven, 1);
    ck_assert_uint_eq(verdict.proven[0].end, N_RECORDS + 3);
    ck_assert_uint_eq(verdict.n_records, N_RECORDS + 3);
}
END_TEST

START_TEST(records_without_a_checkpoint_are_a_tail) {
    log_writer_record(w, 300);
    log_writer_record(w, 300);
    store_segment(w, 2);
    expect_only(TX_CLASS_INCOMPLETE, TX_FINDING_UNSIGNED_TAIL);
    ck_assert_uint_eq(find(TX_FINDING_UNSIGNED_TAIL)->first_seq, N_RECORDS);
    ck_assert_uint_eq(find(TX_FINDING_UNSIGNED_TAIL)->last_seq, N_RECORDS + 1);
    ck_assert_uint_eq(verdict.n_tail, 2);
    options.upto_checkpoint = true;
    expect(TX_CLASS_NOTE);
    ck_assert_uint_eq(verdict.findings.n, 0);
}
END_TEST

START_TEST(a_compressed_segment_is_read_and_a_damaged_one_is_unreadable) {
    char command[600], path[256];
    segment_path(0, ".jsonl", path);
    snprintf(command, sizeof(command), "zstd -q --rm '%s'", path);
    ck_assert_int_eq(system(command), 0);
    expect(TX_CLASS_NOTE);
    ck_assert_uint_eq(verdict.findings.n, 0);
    segment_path(0, ".jsonl.zst", path);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(truncate(path, st.st_size / 2), 0);
    expect(TX_CLASS_UNDECIDED);
    find(TX_FINDING_UNREADABLE);
}
END_TEST

START_TEST(files_beside_the_segments_are_checked) {
    change_in("epochs/2.tlog-proof", "AA", "AB");
    expect(TX_CLASS_TAMPERED);
    ck_assert_str_eq(find(TX_FINDING_CHANGED)->file, "epochs/2.tlog-proof");
    log_writer_store_file(directory, "epochs/2.tlog-proof", w->proofs[1].data, w->proofs[1].len);
    change_in("checkpoint", "log\n64", "log\n65");
    expect(TX_CLASS_TAMPERED);
    ck_assert_str_eq(find(TX_FINDING_CHANGED)->file, "checkpoint");
    log_writer_store_file(directory, "checkpoint", w->note.data, w->note.len);
    change_in("log.json", "\"version\":1", "\"version\":2");
    expect(TX_CLASS_UNDECIDED);
    change_in("log.json", "\"version\":2", "\"Version\":1");
    expect(TX_CLASS_TAMPERED);
}
END_TEST

START_TEST(odd_paths_get_an_answer) {
    char path[256];
    snprintf(path, sizeof(path), "%s/absent", directory);
    options.path = path;
    expect_only(TX_CLASS_UNDECIDED, TX_FINDING_UNREADABLE);
    snprintf(path, sizeof(path), "%s/fifo", directory);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_only(TX_CLASS_UNDECIDED, TX_FINDING_UNREADABLE);
    snprintf(path, sizeof(path), "%s/empty", directory);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    options.identity = options.epoch0 = NULL;
    expect(TX_CLASS_UNDECIDED);
    log_writer_store_file(directory, "empty/00000000000000000000.jsonl", "", 0);
    snprintf(path, sizeof(path), "%s/empty/00000000000000000000.jsonl", directory);
    expect(TX_CLASS_UNDECIDED);
    options.path = directory;
    remove_segment(THIRD);
    segment_path(THIRD, ".jsonl", path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect(TX_CLASS_UNDECIDED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("segment-chain");
    TCase *tests = tcase_create("a log");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_untouched_log_is_proven);
    tcase_add_test(tests, without_keys_the_logs_own_copy_is_trusted_and_that_is_said);
    tcase_add_test(tests, another_key_than_the_given_one_is_no_tampering);
    tcase_add_test(tests, a_missing_segment_leaves_the_others_proven);
    tcase_add_test(tests, a_pruned_log_is_anchored_by_its_epochs);
    tcase_add_test(tests, what_a_pruned_record_tells_of_is_incomplete_and_no_more);
    tcase_add_test(tests, the_files_of_one_removal_may_go_in_any_order);
    tcase_add_test(tests, a_pruned_record_that_nobody_signed_explains_nothing);
    tcase_add_test(tests, a_pruned_record_with_another_root_is_found);
    tcase_add_test(tests, without_epochs_a_single_segment_is_not_anchored);
    tcase_add_test(tests, a_last_segment_that_was_removed_is_seen_by_the_checkpoint_file);
    tcase_add_test(tests, a_cut_that_the_checkpoint_file_hides_is_seen_by_what_was_remembered);
    tcase_add_test(tests, a_rewritten_log_is_a_fork_of_what_was_remembered);
    tcase_add_test(tests, a_changed_header_is_named_and_the_segment_is_proven_all_the_same);
    tcase_add_test(tests, a_segment_of_another_log_is_foreign);
    tcase_add_test(tests, a_segment_without_its_seal_was_cut);
    tcase_add_test(tests, a_segment_that_was_given_up_is_followed_by_the_next);
    tcase_add_test(tests, records_without_a_checkpoint_are_a_tail);
    tcase_add_test(tests, a_compressed_segment_is_read_and_a_damaged_one_is_unreadable);
    tcase_add_test(tests, files_beside_the_segments_are_checked);
    tcase_add_test(tests, odd_paths_get_an_answer);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
