/* SPDX-License-Identifier: MIT */
/*
 * Each line of a log is dropped, doubled, swapped, moved, forged and cut at; segments are swapped
 * between logs and removed. Each is found, with the right class, and the mended log is proven.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "libtx/merkle/checkpoint.h"
#include "tests/tamper/tamper.h"

static struct tamper_log log_, *const L = &log_;

static void set_up(void) {
    tamper_log_init(L, "lines.example/audit", 4);
}

static void tear_down(void) {
    tamper_log_deinit(L);
}

/* The segment's lines in another order: order[i] is the line that stands i-th. */
static void store_in_order(size_t segment, const size_t *order, size_t n) {
    const struct log_segment *s = &L->w->segments[segment];
    struct tx_bytes b = TX_BYTES_INIT;
    for (size_t i = 0; i < n; i++) {
        const struct tx_bytes *text = &s->lines[order[i]].text;
        ck_assert_int_eq(tx_bytes_append(&b, text->data, text->len), 0);
    }
    tamper_log_store_bytes(L, segment, b.data, b.len);
    tx_bytes_deinit(&b);
}

static void expect(enum tx_finding_class class, const char *what, size_t at) {
    enum tx_finding_class is = tamper_log_verify(L);
    if (is != class) {
        fprintf(stderr, "%s at line %zu\n", what, at + 1);
        tamper_log_show(L);
    }
    ck_assert_str_eq(tx_finding_class_name(is), tx_finding_class_name(class));
}

static void expect_mended(size_t segment) {
    tamper_log_store(L, segment);
    expect(TX_CLASS_NOTE, "mended", 0);
    ck_assert_uint_eq(L->verdict.findings.n, 0);
    ck_assert_uint_eq(L->verdict.n_proven, 1);
}

static size_t in_order(size_t segment, size_t order[]) {
    size_t n = L->w->segments[segment].n_lines;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    return n;
}

/* A checkpoint of the epoch that has not ended, in the segment that is open: nothing counts it yet,
 * and the next one covers its records. */
static bool is_uncounted(size_t segment, size_t at) {
    const struct log_segment *s = &L->w->segments[segment];
    size_t last = s->n_lines - 1;
    if (segment != 2 || s->lines[at].kind != TX_LINE_CHECKPOINT || at == last)
        return false;
    for (size_t i = at - 1; i < s->n_lines; i++) {
        const struct tx_bytes *text = &s->lines[i].text;
        if (tx_line_is_epoch((struct tx_text){(char *)text->data, text->len}))
            return false;
    }
    return true;
}

/* Removing the last line of an open segment is a cut, and the checkpoint file tells. */
START_TEST(each_dropped_line_is_found) {
    size_t order[1024];
    for (size_t segment = 0; segment < 3; segment++) {
        size_t n = in_order(segment, order);
        for (size_t at = 0; at < n; at++) {
            (void)in_order(segment, order);
            memmove(&order[at], &order[at + 1], (n - at - 1) * sizeof(*order));
            store_in_order(segment, order, n - 1);
            expect(is_uncounted(segment, at) ? TX_CLASS_NOTE : TX_CLASS_TAMPERED, "dropped", at);
        }
        expect_mended(segment);
    }
}
END_TEST

START_TEST(each_doubled_line_is_found) {
    size_t order[1024];
    for (size_t segment = 1; segment < 3; segment++) {
        size_t n = in_order(segment, order);
        for (size_t at = 0; at < n; at++) {
            (void)in_order(segment, order);
            memmove(&order[at + 1], &order[at], (n - at) * sizeof(*order));
            store_in_order(segment, order, n + 1);
            /* A record at the end of an open segment is not covered by a checkpoint; but that its
             * seq was there is seen. */
            expect(TX_CLASS_TAMPERED, "doubled", at);
        }
        expect_mended(segment);
    }
}
END_TEST

START_TEST(each_pair_of_swapped_lines_is_found) {
    size_t order[1024];
    for (size_t distance = 1; distance < 40; distance += 19) {
        size_t n = in_order(1, order);
        for (size_t at = 0; at + distance < n; at++) {
            (void)in_order(1, order);
            order[at] = at + distance;
            order[at + distance] = at;
            store_in_order(1, order, n);
            expect(TX_CLASS_TAMPERED, "swapped", at);
        }
    }
    expect_mended(1);
}
END_TEST

START_TEST(each_moved_line_is_found) {
    size_t order[1024];
    uint64_t state = 5;
    size_t n = in_order(1, order);
    for (size_t from = 0; from < n; from++) {
        size_t to = (size_t)tamper_random(&state, n);
        if (to == from)
            continue;
        (void)in_order(1, order);
        memmove(&order[from], &order[from + 1], (n - from - 1) * sizeof(*order));
        memmove(&order[to + 1], &order[to], (n - to - 1) * sizeof(*order));
        order[to] = from;
        store_in_order(1, order, n);
        expect(TX_CLASS_TAMPERED, "moved", from);
    }
    expect_mended(1);
}
END_TEST

static void store_with(size_t segment, size_t at, const char *line) {
    const struct log_segment *s = &L->w->segments[segment];
    struct tx_bytes b = TX_BYTES_INIT;
    for (size_t i = 0; i <= s->n_lines; i++) {
        if (i == at)
            ck_assert_int_eq(tx_bytes_append(&b, line, strlen(line)), 0);
        if (i < s->n_lines)
            ck_assert_int_eq(tx_bytes_append(&b, s->lines[i].text.data, s->lines[i].text.len), 0);
    }
    tamper_log_store_bytes(L, segment, b.data, b.len);
    tx_bytes_deinit(&b);
}

START_TEST(each_forged_line_is_found_wherever_it_is_put) {
    char record[128];
    const char *const forged[] = {
        record,
        "\n",
        "{}\n",
        "{\"tracex\":\"note\",\"text\":\"x\"}\n",
        "{\"tracex\":\"checkpoint\",\"note\":\"lines.example/audit\\n1\\n\"}\n",
        "rubbish\n",
    };
    const struct log_segment *s = &L->w->segments[1];
    for (size_t i = 0; i < TX_COUNT_OF(forged); i++) {
        uint64_t seq = s->first;
        for (size_t at = 0; at <= s->n_lines; at += i == 0 ? 1 : 7) {
            snprintf(record, sizeof(record), "{\"seq\":%llu,\"id\":\"\",\"event\":\"forged\"}\n",
                     (unsigned long long)seq);
            store_with(1, at, forged[i]);
            expect(TX_CLASS_TAMPERED, forged[i], at);
            if (at < s->n_lines && s->lines[at].kind == TX_LINE_RECORD)
                seq = s->lines[at].number + 1;
        }
    }
    expect_mended(1);
}
END_TEST

/* A forged record whose followers are renumbered, as somebody would who knows the format. */
START_TEST(a_forged_record_with_renumbered_followers_is_found) {
    const struct log_segment *s = &L->w->segments[1];
    struct tx_bytes b = TX_BYTES_INIT;
    uint64_t seq = s->first;
    char prefix[64];
    for (size_t i = 0; i < s->n_lines; i++) {
        const struct log_line *line = &s->lines[i];
        const uint8_t *rest = memchr(line->text.data, ',', line->text.len);
        if (i == 20) {
            int n = snprintf(prefix, sizeof(prefix), "{\"seq\":%llu,\"event\":\"forged\"}\n",
                             (unsigned long long)seq++);
            ck_assert_int_eq(tx_bytes_append(&b, prefix, (size_t)n), 0);
        }
        if (line->kind != TX_LINE_RECORD) {
            ck_assert_int_eq(tx_bytes_append(&b, line->text.data, line->text.len), 0);
            continue;
        }
        int n = snprintf(prefix, sizeof(prefix), "{\"seq\":%llu", (unsigned long long)seq++);
        ck_assert_int_eq(tx_bytes_append(&b, prefix, (size_t)n), 0);
        ck_assert_int_eq(
            tx_bytes_append(&b, rest, line->text.len - (size_t)(rest - line->text.data)), 0);
    }
    tamper_log_store_bytes(L, 1, b.data, b.len);
    expect(TX_CLASS_TAMPERED, "forged", 20);
    tx_bytes_deinit(&b);
}
END_TEST

static size_t size_up_to(const struct log_segment *s, size_t n_lines) {
    size_t n = 0;
    for (size_t i = 0; i < n_lines; i++)
        n += s->lines[i].text.len;
    return n;
}

START_TEST(each_cut_of_a_middle_segment_is_found) {
    const struct log_segment *s = &L->w->segments[1];
    struct tx_bytes b = TX_BYTES_INIT;
    uint64_t state = 6;
    log_segment_bytes(s, &b);
    for (size_t at = 0; at < s->n_lines; at++) {
        tamper_log_store_bytes(L, 1, b.data, size_up_to(s, at));
        expect(TX_CLASS_TAMPERED, "cut", at);
    }
    for (int i = 0; i < 120; i++) {
        size_t n = (size_t)tamper_random(&state, b.len);
        tamper_log_store_bytes(L, 1, b.data, n);
        expect(TX_CLASS_TAMPERED, "cut at a byte", n);
    }
    expect_mended(1);
    tx_bytes_deinit(&b);
}
END_TEST

/* The note of the last checkpoint line before line `at`, or nothing. */
static bool note_before(const struct log_segment *s, size_t at, struct tx_buf *scratch,
                        struct tx_control_checkpoint *ret) {
    while (at > 0 && s->lines[at - 1].kind != TX_LINE_CHECKPOINT)
        at--;
    if (at == 0)
        return false;
    const struct tx_bytes *text = &s->lines[at - 1].text;
    return tx_control_parse_checkpoint((struct tx_text){(char *)text->data, text->len - 1}, scratch,
                                       ret) == 0;
}

static void remember(void) {
    L->options.has_memory = true;
    L->options.memory_size = L->verdict.end_size;
    L->options.memory_root = L->verdict.end_root;
}

/* Who cuts the open segment back and puts the fitting checkpoint file there leaves a shorter log
 * that is right in itself. It is seen by who remembers, and the verdict names the window. */
START_TEST(each_cut_of_the_open_segment_is_found_by_checkpoint_file_or_memory) {
    static char memory[65536];
    const struct log_segment *s = &L->w->segments[2];
    struct tx_bytes b = TX_BYTES_INIT;
    uint64_t state = 7;
    log_segment_bytes(s, &b);
    ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_NOTE);
    struct tamper_log known = *L;
    for (size_t i = 1; i < s->n_lines + 100; i++) {
        bool whole = i < s->n_lines;
        size_t n = whole ? size_up_to(s, i) : 1 + (size_t)tamper_random(&state, b.len - 1);
        size_t n_lines = i;
        for (; !whole && size_up_to(s, n_lines = n_lines >= s->n_lines ? s->n_lines : n_lines) > n;)
            n_lines--;
        log_writer_store_file(L->directory, "checkpoint", L->w->note.data, L->w->note.len);
        tamper_log_store_bytes(L, 2, b.data, n);
        L->options.has_memory = false;
        bool empty = n < s->lines[0].text.len;
        expect(TX_CLASS_TAMPERED, "cut", i);

        struct tx_buf scratch = tx_buf_of(memory, sizeof(memory));
        struct tx_control_checkpoint checkpoint;
        if (empty || !note_before(s, n_lines, &scratch, &checkpoint))
            continue;
        log_writer_store_file(L->directory, "checkpoint", checkpoint.note.p, checkpoint.note.n);
        enum tx_finding_class class = tamper_log_verify(L);
        ck_assert_msg(class == TX_CLASS_NOTE || class == TX_CLASS_INCOMPLETE, "cut at %zu", n);
        ck_assert_uint_lt(L->verdict.end_size, known.verdict.end_size);
        L->options.has_memory = true;
        L->options.memory_size = known.verdict.end_size;
        L->options.memory_root = known.verdict.end_root;
        expect(TX_CLASS_TAMPERED, "cut, remembered", i);
        ck_assert(tamper_log_has(L, TX_FINDING_SHRUNK));
    }
    log_writer_store_file(L->directory, "checkpoint", L->w->note.data, L->w->note.len);
    expect_mended(2);
    tx_bytes_deinit(&b);
}
END_TEST

START_TEST(segments_of_other_logs_and_places_are_found) {
    struct tamper_log other;
    for (int twin = 0; twin < 2; twin++) {
        /* Another log; and one with the same name and other keys. */
        tamper_log_init(&other, twin ? "lines.example/audit" : "other.example/audit", 9);
        for (size_t i = 0; i < 3; i++) {
            struct tx_bytes b = TX_BYTES_INIT;
            log_segment_bytes(&other.w->segments[i], &b);
            tamper_log_store_bytes(L, i, b.data, b.len);
            if (twin && i == 0) /* nothing of this segment is signed by the log */
                ck_assert_int_ge(tamper_log_verify(L), TX_CLASS_TRUST);
            else
                expect(TX_CLASS_TAMPERED, "foreign segment", i);
            expect_mended(i);
            tx_bytes_deinit(&b);
        }
        tamper_log_deinit(&other);
    }
    struct tx_bytes a = TX_BYTES_INIT, b = TX_BYTES_INIT;
    log_segment_bytes(&L->w->segments[0], &a);
    log_segment_bytes(&L->w->segments[1], &b);
    tamper_log_store_bytes(L, 0, b.data, b.len);
    tamper_log_store_bytes(L, 1, a.data, a.len);
    expect(TX_CLASS_TAMPERED, "two segments swapped", 0);
    tx_bytes_deinit(&a);
    tx_bytes_deinit(&b);
}
END_TEST

START_TEST(missing_segments_are_told_from_tampering) {
    tamper_log_remove(L, 1);
    L->options.whole = true;
    expect(TX_CLASS_TAMPERED, "a middle segment, of the whole", 1);
    ck_assert(tamper_log_has(L, TX_FINDING_REMOVED));
    L->options.whole = false;
    expect(TX_CLASS_INCOMPLETE, "a middle segment", 1);
    ck_assert(tamper_log_has(L, TX_FINDING_MISSING_SEGMENT));
    ck_assert_uint_eq(L->verdict.n_proven, 2);
    tamper_log_store(L, 1);
    tamper_log_remove(L, 0);
    expect(TX_CLASS_INCOMPLETE, "the first segment", 0);
    ck_assert(tamper_log_has(L, TX_FINDING_MISSING_SEGMENT));
    L->options.whole = true;
    expect(TX_CLASS_TAMPERED, "the first segment, of the whole", 0);
    ck_assert(tamper_log_has(L, TX_FINDING_REMOVED));
    L->options.whole = false;
    tamper_log_store(L, 0);
    tamper_log_remove(L, 2);
    expect(TX_CLASS_TAMPERED, "the last segment", 2);
    ck_assert(tamper_log_has(L, TX_FINDING_CUT_OFF));
    expect_mended(2);
}
END_TEST

START_TEST(a_log_that_was_grown_lawfully_is_no_fork) {
    ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_NOTE);
    remember();
    log_writer_record(L->w, 300);
    log_writer_checkpoint(L->w);
    tamper_log_store(L, 2);
    log_writer_store_file(L->directory, "checkpoint", L->w->note.data, L->w->note.len);
    expect(TX_CLASS_NOTE, "grown", 0);
    ck_assert(L->verdict.memory_was_checked);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tamper-lines");
    TCase *tests = tcase_create("lines and segments");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_dropped_line_is_found);
    tcase_add_test(tests, each_doubled_line_is_found);
    tcase_add_test(tests, each_pair_of_swapped_lines_is_found);
    tcase_add_test(tests, each_moved_line_is_found);
    tcase_add_test(tests, each_forged_line_is_found_wherever_it_is_put);
    tcase_add_test(tests, a_forged_record_with_renumbered_followers_is_found);
    tcase_add_test(tests, each_cut_of_a_middle_segment_is_found);
    tcase_add_test(tests, each_cut_of_the_open_segment_is_found_by_checkpoint_file_or_memory);
    tcase_add_test(tests, segments_of_other_logs_and_places_are_found);
    tcase_add_test(tests, missing_segments_are_told_from_tampering);
    tcase_add_test(tests, a_log_that_was_grown_lawfully_is_no_fork);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
