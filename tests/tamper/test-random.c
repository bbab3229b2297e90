/* SPDX-License-Identifier: MIT */
/*
 * Damage at random, the same each run: pieces are overwritten, taken out, doubled, put in, moved
 * and made NUL. A closed segment's damage is always found; an open one's never ends the verifier.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/tamper/tamper.h"

#define ROUNDS 1500

static struct tamper_log log_, *const L = &log_;

static void set_up(void) {
    tamper_log_init(L, "random.example/audit", 6);
}

static void tear_down(void) {
    tamper_log_deinit(L);
}

static size_t pick(uint64_t *state, size_t below) {
    return (size_t)tamper_random(state, below);
}

/* One change within n bytes, which have room for as many again. */
static size_t damage(uint8_t *p, size_t n, uint64_t *state) {
    size_t at = pick(state, n), length = 1 + pick(state, n - at < 600 ? n - at : 600);
    switch (tamper_random(state, 6)) {
    case 0:
        for (size_t i = 0; i < length; i++)
            p[at + i] = (uint8_t)tamper_random(state, 256);
        return n;
    case 1:
        memmove(p + at, p + at + length, n - at - length);
        return n - length;
    case 2:
        memmove(p + at + length, p + at, n - at);
        return n + length;
    case 3:
        memset(p + at, 0, length);
        return n;
    case 4: { /* two pieces change places */
        size_t to = pick(state, n - length + 1);
        for (size_t i = 0; i < length; i++) {
            uint8_t c = p[at + i];
            p[at + i] = p[to + i];
            p[to + i] = c;
        }
        return n;
    }
    default:
        p[at] = (uint8_t)(p[at] + 1 + tamper_random(state, 255));
        return n;
    }
}

static void run(size_t segment, uint64_t seed, enum tx_finding_class at_least) {
    struct tx_bytes good = TX_BYTES_INIT, bad = TX_BYTES_INIT;
    uint64_t state = seed;
    log_segment_bytes(&L->w->segments[segment], &good);
    ck_assert_int_eq(tx_bytes_reserve(&bad, 4 * good.len), 0);
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(bad.data, good.data, good.len);
        bad.len = good.len;
        for (uint64_t n = 1 + tamper_random(&state, 3); n > 0; n--)
            bad.len = damage(bad.data, bad.len, &state);
        if (bad.len == good.len && memcmp(bad.data, good.data, good.len) == 0)
            continue;
        L->options.repair_attempts = i % 50 == 0 ? 20000 : 0;
        tamper_log_store_bytes(L, segment, bad.data, bad.len);
        enum tx_finding_class class = tamper_log_verify(L);
        if (class < at_least) {
            fprintf(stderr, "round %d\n", i);
            tamper_log_show(L);
        }
        ck_assert_int_ge(class, at_least);
    }
    tx_bytes_deinit(&good);
    tx_bytes_deinit(&bad);
}

START_TEST(damage_in_a_sealed_segment_is_always_found) {
    run(1, 11, TX_CLASS_TAMPERED);
}
END_TEST

START_TEST(damage_in_the_first_segment_is_always_found) {
    run(0, 12, TX_CLASS_TAMPERED);
}
END_TEST

/* The checkpoint file of the undamaged log tells also what became of the end. */
START_TEST(damage_in_the_open_segment_is_always_found) {
    run(2, 13, TX_CLASS_TAMPERED);
}
END_TEST

START_TEST(rubbish_is_no_segment_and_no_reason_to_crash) {
    uint64_t state = 14;
    static uint8_t bytes[4096];
    for (int i = 0; i < 300; i++) {
        size_t n = 1 + pick(&state, sizeof(bytes));
        for (size_t j = 0; j < n; j++)
            bytes[j] = (uint8_t)tamper_random(&state, i % 2 ? 256 : 3);
        tamper_log_store_bytes(L, 1, bytes, n);
        ck_assert_int_eq(tamper_log_verify(L), TX_CLASS_TAMPERED);
        log_writer_store_file(L->directory, "checkpoint", bytes, n);
        log_writer_store_file(L->directory, "log.json", bytes, n);
        log_writer_store_file(L->directory, "epochs/1.tlog-proof", bytes, n);
        ck_assert_int_ge(tamper_log_verify(L), TX_CLASS_UNDECIDED);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tamper-random");
    TCase *tests = tcase_create("damage");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, damage_in_a_sealed_segment_is_always_found);
    tcase_add_test(tests, damage_in_the_first_segment_is_always_found);
    tcase_add_test(tests, damage_in_the_open_segment_is_always_found);
    tcase_add_test(tests, rubbish_is_no_segment_and_no_reason_to_crash);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
