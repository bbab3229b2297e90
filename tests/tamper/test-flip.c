/* SPDX-License-Identifier: MIT */
/*
 * Every single bit of a segment of 64 KiB is flipped, one at a time. Each is found, as tampering,
 * and the place that is named is the right one.
 */
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/tamper/tamper.h"

static struct tamper_cache *cache;
static struct tx_hasher *hasher;
static struct log_writer *w;
static struct tx_segment_result result;
static struct tx_verify_options options;

static void set_up(void) {
    /* Otherwise each verification maps and unmaps its buffers. */
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    cache = tamper_cache_new();
    ck_assert_int_eq(tx_hasher_new(&hasher), 0);
    w = log_writer_of("flip.example/audit", 3, &tamper_shape);
    options = (struct tx_verify_options){.name = "segment",
                                         .origin = {w->origin, strlen(w->origin)},
                                         .identity = tx_signing_key_vkey(w->identity),
                                         .watch = {TX_NO_SEQ, TX_NO_SEQ},
                                         .checker = tamper_cache_checker(cache)};
}

static void tear_down(void) {
    tx_segment_result_deinit(&result);
    log_writer_free(w);
    tx_hasher_free(hasher);
    tamper_cache_free(cache);
}

static enum tx_finding_class verify(const void *p, size_t n) {
    _cleanup_(tx_reader_closep) struct tx_reader *reader = NULL;
    tx_segment_result_deinit(&result);
    ck_assert_int_eq(tx_reader_of_memory(p, n, &reader), 0);
    ck_assert_int_eq(tx_segment_verify(hasher, reader, &options, &result), 0);
    return tx_findings_gravest(&result.findings);
}

/* A finding at this line, at the one after it (when its newline was changed), or about its record.
 */
static bool is_named(const struct log_line *line, uint64_t number) {
    for (size_t i = 0; i < result.findings.n; i++) {
        const struct tx_finding *f = &result.findings.items[i];
        if (f->withdrawn || f->class != TX_CLASS_TAMPERED)
            continue;
        if (f->line == number || f->line == number + 1)
            return true;
        if (line->kind == TX_LINE_RECORD && f->first_seq <= line->number &&
            line->number <= f->last_seq)
            return true;
    }
    return false;
}

static void show(size_t offset, unsigned bit) {
    fprintf(stderr, "byte %zu bit %u\n", offset, bit);
    for (size_t i = 0; i < result.findings.n; i++)
        fprintf(stderr, "%s line %llu: %s\n", tx_finding_name(result.findings.items[i].kind),
                (unsigned long long)result.findings.items[i].line, result.findings.items[i].text);
}

static void flip_bit(uint8_t *data, size_t n, size_t offset, unsigned bit,
                     const struct log_line *line, uint64_t number) {
    data[offset] ^= (uint8_t)(1u << bit);
    enum tx_finding_class class = verify(data, n);
    bool named = is_named(line, number);
    if (!named) { /* the first finding need not be the one that names the place */
        options.until_tampered = false;
        class = verify(data, n);
        named = is_named(line, number);
        options.until_tampered = true;
    }
    if (class != TX_CLASS_TAMPERED || !named)
        show(offset, bit);
    ck_assert_int_eq(class, TX_CLASS_TAMPERED);
    ck_assert(named);
    data[offset] ^= (uint8_t)(1u << bit);
}

static bool is_checkpoint(const struct log_line *line) {
    return line->kind == TX_LINE_CHECKPOINT || line->kind == TX_LINE_SEAL;
}

/* All bits of the lines from `from` on. What stands before the last checkpoint is the same each
 * time, so it is verified once, and each flip from there. */
static void flip_all(size_t i, size_t from, const struct tx_log_state *start) {
    const struct log_segment *segment = &w->segments[i];
    struct tx_log_state state = *start;
    struct tx_bytes b = TX_BYTES_INIT;
    size_t begin = 0, begin_line = 0, offset = 0;
    log_segment_bytes(segment, &b);
    options.start = &state;
    options.headless = false;
    for (size_t at = 0; at < segment->n_lines; at++) {
        const struct log_line *line = &segment->lines[at];
        options.until_tampered = true;
        for (size_t byte = 0; at >= from && byte < line->text.len; byte++)
            for (unsigned bit = 0; bit < 8; bit++)
                flip_bit(b.data + begin, b.len - begin, offset - begin + byte, bit, line,
                         at - begin_line + 1);
        offset += line->text.len;
        if (!is_checkpoint(line))
            continue;
        options.until_tampered = false;
        ck_assert_int_eq(verify(b.data + begin, offset - begin), TX_CLASS_NOTE);
        /* Only the header says what a seal must name as the first record. */
        bool is_seal_next =
            at + 1 < segment->n_lines && segment->lines[at + 1].kind == TX_LINE_SEAL;
        state = is_seal_next ? *start : result.end;
        begin = is_seal_next ? 0 : offset;
        begin_line = is_seal_next ? 0 : at + 1;
        options.headless = !is_seal_next;
    }
    ck_assert_uint_eq(offset, b.len);
    tx_bytes_deinit(&b);
}

/* One bit of each byte, and the whole segment each time. */
static void flip_some(size_t i, const struct tx_log_state *start) {
    const struct log_segment *segment = &w->segments[i];
    struct tx_bytes b = TX_BYTES_INIT;
    size_t offset = 0;
    log_segment_bytes(segment, &b);
    options.start = start;
    ck_assert_int_eq(verify(b.data, b.len), TX_CLASS_NOTE);
    options.until_tampered = true;
    for (size_t at = 0; at < segment->n_lines; at++)
        for (size_t byte = 0; byte < segment->lines[at].text.len; byte++, offset++)
            flip_bit(b.data, b.len, offset, (unsigned)offset % 8, &segment->lines[at], at + 1);
    tx_bytes_deinit(&b);
}

/* The state that segment i begins with. */
static struct tx_log_state state_before(size_t i) {
    struct tx_bytes b = TX_BYTES_INIT;
    log_segment_bytes(&w->segments[i - 1], &b);
    ck_assert_int_eq(verify(b.data, b.len), TX_CLASS_NOTE);
    tx_bytes_deinit(&b);
    return result.end;
}

START_TEST(every_flipped_bit_of_a_sealed_segment_is_found_and_named) {
    struct tx_log_state start = state_before(1);
    struct tx_bytes b = TX_BYTES_INIT;
    log_segment_bytes(&w->segments[1], &b);
    ck_assert_uint_ge(b.len, 64 * 1024);
    tx_bytes_deinit(&b);
    flip_all(1, 0, &start);
}
END_TEST

START_TEST(a_flipped_bit_is_found_and_named_in_the_whole_segment) {
    struct tx_log_state start = state_before(1);
    flip_some(1, &start);
}
END_TEST

START_TEST(every_flipped_bit_at_the_end_of_an_open_segment_is_found_and_named) {
    struct tx_log_state start = state_before(2);
    flip_all(2, w->segments[2].n_lines - 12, &start);
}
END_TEST

START_TEST(every_flipped_bit_of_the_first_header_is_found) {
    struct tx_log_state start;
    struct tx_bytes b = TX_BYTES_INIT;
    tx_log_state_init(&start, &w->epoch0);
    options.start = &start;
    options.until_tampered = true;
    log_segment_bytes(&w->segments[0], &b);
    for (size_t bit = 0; bit < 8 * w->segments[0].lines[0].text.len; bit++)
        flip_bit(b.data, b.len, bit / 8, bit % 8, &w->segments[0].lines[0], 1);
    tx_bytes_deinit(&b);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tamper-flip");
    TCase *tests = tcase_create("bits");
    tcase_set_timeout(tests, 600);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_flipped_bit_of_a_sealed_segment_is_found_and_named);
    tcase_add_test(tests, a_flipped_bit_is_found_and_named_in_the_whole_segment);
    tcase_add_test(tests, every_flipped_bit_at_the_end_of_an_open_segment_is_found_and_named);
    tcase_add_test(tests, every_flipped_bit_of_the_first_header_is_found);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
