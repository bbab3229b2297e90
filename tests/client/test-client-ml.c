/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tracex/ml.h>
#include <unistd.h>

#include "libtx/merkle/proof.h"
#include "libtx/merkle/range.h"
#include "tests/client/client-check.h"

#define CHUNK (1024u * 1024u)

static const struct seen *recorded(size_t at_least) {
    size_t n;
    ck_assert_int_eq(tx_flush(60000), 0);
    return stand_in_seen(daemon_, at_least, &n);
}

static void assert_field(const struct seen *seen, const char *name, const char *value) {
    const char *is = seen_field(seen, name);
    ck_assert_msg(is && strcmp(is, value) == 0, "%s: %s is %s, not %s", seen->event, name, is,
                  value);
}

/* --- runs and stages --- */

/* Spans go another way than records, and are in order among themselves only: behind them here. */
static void put_in_order(const struct seen *seen, size_t n, struct seen *ret) {
    size_t at = 0;

    for (int spans = 0; spans < 2; spans++)
        for (size_t i = 0; i < n; i++)
            if ((strcmp(seen[i].event, "span") == 0) == (spans == 1))
                ret[at++] = seen[i];
}

START_TEST(a_run_and_its_stages_tell_what_was_done_in_which) {
    struct tx_run run = TX_RUN_INIT;
    struct tx_stage stage = TX_STAGE_INIT;
    char id[TX_ML_ID_SIZE];

    ck_assert_int_eq(tx_run_begin(&run, "credit-score"), 0);
    ck_assert_int_eq(tx_run_id(&run, id), 0);
    ck_assert_int_eq(tx_param(TX_KV("depth", 7)), 0);
    ck_assert_int_eq(tx_stage_begin(&stage, "clean", 120000, 17), 0);
    ck_assert_int_eq(tx_metric("dropped", 0.25, 3), 0);
    ck_assert_int_eq(tx_stage_end(&stage, 90000, -1), 0);
    ck_assert_int_eq(tx_run_end(&run, TX_RUN_FINISHED), 0);
    static struct seen seen[7];
    put_in_order(recorded(7), 7, seen);
    static const char *const events[] = {"ml.run.begin", "ml.param", "ml.metric", "ml.stage",
                                         "ml.run",       "span",     "span"};
    for (size_t i = 0; i < TX_COUNT_OF(events); i++) {
        ck_assert_str_eq(seen[i].event, events[i]);
        ck_assert_mem_eq(seen[i].trace_id, seen[0].trace_id, 16);
        if (i < 5)
            assert_field(&seen[i], "ml.run.id", id);
    }
    assert_field(&seen[0], "ml.run.name", "credit-score");
    assert_field(&seen[1], "ml.name", "depth");
    assert_field(&seen[1], "ml.value", "7");
    ck_assert_ptr_null(seen_field(&seen[1], "ml.stage.id"));
    assert_field(&seen[2], "ml.value", "0.25");
    assert_field(&seen[2], "ml.step", "3");
    assert_field(&seen[2], "ml.stage.id", seen_field(&seen[3], "ml.stage.id"));
    assert_field(&seen[3], "ml.rows_in", "120000");
    assert_field(&seen[3], "ml.columns_in", "17");
    assert_field(&seen[3], "ml.rows_out", "90000");
    ck_assert_ptr_null(seen_field(&seen[3], "ml.columns_out"));
    ck_assert_mem_eq(seen[3].span_id, seen[5].span_id, 8);
    ck_assert_mem_eq(seen[5].parent_span_id, seen[6].span_id, 8);
    assert_field(&seen[4], "ml.status", "finished");
    ck_assert_int_ge(atoll(seen_field(&seen[4], "duration_ns")), 0);
    ck_assert_ptr_null(seen_field(&seen[4], "ml.stage.id"));
}
END_TEST

START_TEST(what_failed_is_a_failure_and_what_ended_has_ended) {
    struct tx_run run = TX_RUN_INIT, never = TX_RUN_INIT;
    struct tx_stage stage = TX_STAGE_INIT;

    ck_assert_int_eq(tx_run_begin(&run, "x"), 0);
    ck_assert_int_eq(tx_run_end(&run, (enum tx_run_status)3), -EINVAL);
    ck_assert_int_eq(tx_run_end(&run, TX_RUN_KILLED), 0);
    ck_assert_int_eq(tx_run_end(&run, TX_RUN_FINISHED), -EALREADY);
    ck_assert_int_eq(tx_run_end(&never, TX_RUN_FINISHED), -EALREADY);
    ck_assert_int_eq(tx_stage_end(&stage, 0, 0), -EALREADY);
    ck_assert_int_eq(tx_run_begin(NULL, "x"), -EINVAL);
    ck_assert_int_eq(tx_run_begin(&run, NULL), -EINVAL);
    ck_assert_int_eq(tx_param((struct tx_kv){.name = NULL}), -EINVAL);
    ck_assert_int_eq(tx_metric(NULL, 1, 1), -EINVAL);
    run.size = 100;
    ck_assert_int_eq(tx_run_begin(&run, "x"), -EINVAL);
    const struct seen *seen = recorded(3);
    ck_assert_int_eq(seen[1].outcome, TX_OUTCOME_FAILURE);
    assert_field(&seen[1], "ml.status", "killed");
    assert_field(&seen[2], "span.status", "error");
    ck_assert_int_eq(tx_metric("no.run", NAN, -1), 0);
    ck_assert_ptr_null(seen_field(&recorded(4)[3], "ml.run.id"));
}
END_TEST

static void *work(void *run) {
    ck_assert_int_eq(tx_run_attach(run), 0);
    ck_assert_int_eq(tx_metric("of.thread", 1, 1), 0);
    return NULL;
}

START_TEST(another_thread_works_for_a_run_that_it_attaches) {
    struct tx_run run = TX_RUN_INIT;
    pthread_t thread;
    char id[TX_ML_ID_SIZE];

    ck_assert_int_eq(tx_run_begin(&run, "x"), 0);
    ck_assert_int_eq(tx_run_id(&run, id), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, work, &run), 0);
    pthread_join(thread, NULL);
    const struct seen *seen = recorded(2);
    assert_field(&seen[1], "ml.run.id", id);
    ck_assert_mem_eq(seen[1].span_id, seen[0].span_id, 8);
    ck_assert_int_eq(tx_run_end(&run, TX_RUN_FINISHED), 0);
    ck_assert_int_eq(tx_run_attach(&run), -EALREADY);
}
END_TEST

/* --- files --- */

static char dir[] = "/tmp/tracex-ml-XXXXXX";
static char path[64];

static void set_up_dir(void) {
    set_up();
    strcpy(dir, "/tmp/tracex-ml-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
}

static void tear_down_dir(void) {
    unlink(path);
    rmdir(dir);
    tear_down();
}

static uint8_t byte_at(size_t i) {
    return (uint8_t)(i * 2654435761u >> 16);
}

static uint8_t *write_file(size_t n) {
    uint8_t *memory = malloc(n + 1);
    ck_assert_ptr_nonnull(memory);
    for (size_t i = 0; i < n; i++)
        memory[i] = byte_at(i);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, memory, n), n);
    close(fd);
    return memory;
}

/* The tree as the log's own code makes it, and a path by the definition of RFC 9162. */
static size_t leaves_of(struct tx_hasher *hasher, const uint8_t *p, size_t n,
                        struct tx_digest *ret) {
    size_t count = 0;
    for (size_t at = 0; at < n; at += CHUNK, count++)
        tx_hash_leaf(hasher, p + at, n - at < CHUNK ? n - at : CHUNK, &ret[count]);
    return count;
}

static void root_of(struct tx_hasher *hasher, const struct tx_digest *leaves, size_t n,
                    struct tx_digest *ret) {
    struct tx_range range;
    tx_range_init(&range, 0);
    for (size_t i = 0; i < n; i++)
        tx_range_append(&range, hasher, &leaves[i]);
    tx_range_root(&range, hasher, ret);
}

static size_t path_of(struct tx_hasher *hasher, size_t i, const struct tx_digest *leaves, size_t n,
                      struct tx_digest *ret) {
    size_t half = 1;
    if (n == 1)
        return 0;
    while (half * 2 < n)
        half *= 2;
    size_t count = i < half ? path_of(hasher, i, leaves, half, ret)
                            : path_of(hasher, i - half, leaves + half, n - half, ret);
    if (i < half)
        root_of(hasher, leaves + half, n - half, &ret[count]);
    else
        root_of(hasher, leaves, half, &ret[count]);
    return count + 1;
}

START_TEST(a_files_digests_are_those_of_its_content_and_each_part_is_provable) {
    static const size_t sizes[] = {0,         1,         CHUNK - 1,     CHUNK,    CHUNK + 1,
                                   2 * CHUNK, 3 * CHUNK, 5 * CHUNK + 7, 8 * CHUNK};
    struct tx_digest leaves[9], root, whole, inclusion[8];
    struct tx_file_digest digest;
    struct tx_hasher *hasher;

    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    for (size_t s = 0; s < TX_COUNT_OF(sizes); s++) {
        uint8_t *content = write_file(sizes[s]);
        ck_assert_int_eq(tx_digest_file(path, &digest), 0);
        tx_hash(hasher, content, sizes[s], NULL, 0, NULL, 0, &whole);
        size_t n = leaves_of(hasher, content, sizes[s], leaves);
        root_of(hasher, leaves, n, &root);
        ck_assert_mem_eq(digest.sha256, whole.bytes, 32);
        ck_assert_mem_eq(digest.chunks_root, root.bytes, 32);
        ck_assert_uint_eq(digest.bytes, sizes[s]);
        ck_assert_uint_eq(digest.chunk_bytes, CHUNK);
        ck_assert_int_eq(digest.is_changed, 0);
        for (size_t i = 0; i < n; i++) {
            size_t n_path = path_of(hasher, i, leaves, n, inclusion);
            ck_assert_int_eq(
                tx_proof_check_inclusion(hasher, &leaves[i], i, n, inclusion, n_path, &root), 0);
            ck_assert(n == 1 || tx_proof_check_inclusion(hasher, &leaves[i], (i + 1) % n, n,
                                                         inclusion, n_path, &root) != 0);
        }
        free(content);
    }
    tx_hasher_free(hasher);
}
END_TEST

START_TEST(what_is_no_file_is_refused_and_does_not_keep_us) {
    struct tx_file_digest digest = {.bytes = 77};

    ck_assert_int_eq(tx_digest_file(path, &digest), -ENOENT);
    ck_assert_int_eq(tx_digest_file(dir, &digest), -EISDIR);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(tx_digest_file(path, &digest), -EINVAL);
    ck_assert_int_eq(tx_digest_file("/dev/zero", &digest), -EINVAL);
    ck_assert_int_eq(tx_digest_file(NULL, &digest), -EINVAL);
    ck_assert_uint_eq(digest.bytes, 77);
}
END_TEST

static bool ends;

static void *append_on(void *fd) {
    while (!__atomic_load_n(&ends, __ATOMIC_RELAXED))
        ck_assert_int_eq(pwrite((int)(intptr_t)fd, "x", 1, 0), 1);
    return NULL;
}

START_TEST(a_file_that_changes_while_it_is_read_is_told) {
    struct tx_file_digest digest;
    pthread_t thread;

    free(write_file(8 * CHUNK));
    int fd = open(path, O_WRONLY);
    ck_assert_int_eq(pthread_create(&thread, NULL, append_on, (void *)(intptr_t)fd), 0);
    do /* until it was at it meanwhile */
        ck_assert_int_eq(tx_digest_file(path, &digest), 0);
    while (!digest.is_changed);
    __atomic_store_n(&ends, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    close(fd);
    ck_assert_int_eq(tx_digest_file(path, &digest), 0);
    ck_assert_int_eq(digest.is_changed, 0);
}
END_TEST

START_TEST(data_sets_and_models_are_recorded_with_their_digests) {
    static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct tx_file_digest digest;

    free(write_file(0));
    ck_assert_int_eq(tx_dataset("applications", TX_DATASET_TRAIN, path, 120000, 17), 0);
    ck_assert_int_eq(tx_dataset("stream", TX_DATASET_INPUT, NULL, -1, -1), 0);
    ck_assert_int_eq(tx_model("credit", "1.2", path, &digest), 0);
    ck_assert_int_eq(tx_model("credit", NULL, "/nowhere", &digest), -ENOENT);
    ck_assert_int_eq(tx_dataset("x", (enum tx_dataset_role)6, NULL, 0, 0), -EINVAL);
    const struct seen *seen = recorded(4);
    assert_field(&seen[0], "ml.name", "applications");
    assert_field(&seen[0], "ml.role", "train");
    assert_field(&seen[0], "ml.path", path);
    assert_field(&seen[0], "ml.bytes", "0");
    assert_field(&seen[0], "ml.rows", "120000");
    assert_field(&seen[0], "ml.columns", "17");
    assert_field(&seen[0], "ml.sha256", empty);
    assert_field(&seen[0], "ml.chunks_root", empty);
    assert_field(&seen[0], "ml.chunk_bytes", "1048576");
    ck_assert_ptr_null(seen_field(&seen[0], "ml.changed"));
    ck_assert_ptr_null(seen_field(&seen[1], "ml.path"));
    ck_assert_ptr_null(seen_field(&seen[1], "ml.rows"));
    assert_field(&seen[2], "ml.version", "1.2");
    assert_field(&seen[3], "error", "ENOENT");
    ck_assert_int_eq(seen[3].outcome, TX_OUTCOME_FAILURE);
}
END_TEST

/* --- use --- */

START_TEST(an_inference_and_what_people_decided_on_it) {
    static const uint8_t model[32] = {0xab};
    const struct tx_kv more[] = {TX_STR("applicant", "a-1"), tx_kv_end()};
    struct tx_inference inference = TX_INFERENCE_INIT;
    char id[TX_ML_ID_SIZE] = "";

    inference.model = "credit";
    inference.version = "1.2";
    inference.model_sha256 = model;
    inference.input = "abc";
    inference.n_input = 3;
    inference.output = "";
    inference.duration_ns = 12345;
    inference.confidence = 0.5;
    inference.reference = "watchlist";
    inference.match = TX_MATCH_YES;
    inference.fields = more;
    inference.n_fields = SIZE_MAX;
    inference.time_ns = 1700000000000000000;
    inference.ret_id = id;
    ck_assert_int_eq(tx_inference(&inference), 0);
    ck_assert_int_eq(tx_human_review(id, "r-1", TX_REVIEW_ACCEPTED, NULL), 0);
    ck_assert_int_eq(tx_human_review(id, "r-2", TX_REVIEW_OVERRIDDEN, "other person"), 0);
    ck_assert_int_eq(tx_human_review(id, NULL, TX_REVIEW_ACCEPTED, NULL), -EINVAL);
    const struct seen *seen = recorded(3);
    ck_assert_uint_eq(strlen(id), 36);
    assert_field(&seen[0], "ml.inference.id", id);
    assert_field(&seen[0], "ml.model.sha256",
                 "ab00000000000000000000000000000000000000000000000000000000000000");
    /* FIPS 180-4, example B.1 */
    assert_field(&seen[0], "ml.input.sha256",
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_field(&seen[0], "ml.output.sha256",
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_field(&seen[0], "duration_ns", "12345");
    assert_field(&seen[0], "ml.confidence", "0.5");
    assert_field(&seen[0], "ml.reference", "watchlist");
    assert_field(&seen[0], "ml.match", "true");
    assert_field(&seen[0], "applicant", "a-1");
    ck_assert_int_eq(seen[0].time, 1700000000000000000);
    assert_field(&seen[1], "ml.inference.id", id);
    assert_field(&seen[1], "ml.reviewer", "r-1");
    assert_field(&seen[1], "ml.decision", "accepted");
    assert_field(&seen[2], "ml.decision", "overridden");
    assert_field(&seen[2], "ml.reason", "other person");
}
END_TEST

START_TEST(an_inference_of_an_older_or_newer_program_is_taken) {
    struct {
        struct tx_inference known;
        uint64_t more[4];
    } newer = {.known = TX_INFERENCE_INIT};
    struct tx_inference older = TX_INFERENCE_INIT;

    newer.known.size = sizeof(newer);
    ck_assert_int_eq(tx_inference(&newer.known), 0);
    newer.more[3] = 1;
    ck_assert_int_eq(tx_inference(&newer.known), -E2BIG);
    older.size = offsetof(struct tx_inference, confidence);
    ck_assert_int_eq(tx_inference(&older), 0);
    older.size = 0;
    ck_assert_int_eq(tx_inference(&older), -EINVAL);
    ck_assert_int_eq(tx_inference(NULL), -EINVAL);
    ck_assert_ptr_null(seen_field(&recorded(2)[1], "ml.confidence"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("client-ml");
    TCase *tests = tcase_create("ml");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, set_up_dir, tear_down_dir);
    tcase_add_test(tests, a_run_and_its_stages_tell_what_was_done_in_which);
    tcase_add_test(tests, what_failed_is_a_failure_and_what_ended_has_ended);
    tcase_add_test(tests, another_thread_works_for_a_run_that_it_attaches);
    tcase_add_test(tests, a_files_digests_are_those_of_its_content_and_each_part_is_provable);
    tcase_add_test(tests, what_is_no_file_is_refused_and_does_not_keep_us);
    tcase_add_test(tests, a_file_that_changes_while_it_is_read_is_told);
    tcase_add_test(tests, data_sets_and_models_are_recorded_with_their_digests);
    tcase_add_test(tests, an_inference_and_what_people_decided_on_it);
    tcase_add_test(tests, an_inference_of_an_older_or_newer_program_is_taken);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
