/* SPDX-License-Identifier: MIT */
/*
 * How fast personal data is found, all detectors on. Prints JSON: records as applications log them,
 * of about 300 bytes and 5 % with personal data; short values; texts that are made to be slow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libtx/detect/detect.h"

#define N_RECORDS 20000
#define RECORD_BYTES 400
#define ADVERSARIAL_BYTES 65536

static struct tx_detect_memory *memory;
static struct tx_matches matches;
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next_random(void) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static double now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void detect(struct tx_text text) {
    const struct tx_detect_options options = {.wanted = tx_detectors_all};
    tx_detect(memory, text, &options, &matches);
}

static int make_record(char *ret) {
    static const char *const events[] = {"cart.add", "payment.refund", "user.login", "item.view"};
    static const char *const personal[] = {"alice.smith@mail.example.org",
                                           "4111 1111 1111 1111",
                                           "DE89370400440532013000",
                                           "192.0.2.17",
                                           "+49 30 901820",
                                           "536-90-4399",
                                           "2001:db8::8a2e:370:7334",
                                           "password=hunter2"};
    bool is_personal = next_random() % 100 < 5;
    return snprintf(
        ret, RECORD_BYTES,
        "{\"time\":\"2026-11-%02uT%02u:%02u:%02u.%06uZ\",\"event\":\"%s\",\"request\":\"%08llx-%"
        "04llx-4"
        "%03llx-a%03llx-%012llx\",\"order\":%llu,\"amount\":\"%llu.%02llu "
        "EUR\",\"version\":\"2.%llu.%llu\","
        "\"digest\":\"%016llx%016llx\",\"text\":\"the item was moved to shelf %llu by %s of the "
        "store\"}",
        (unsigned)(1 + next_random() % 28), (unsigned)(next_random() % 24),
        (unsigned)(next_random() % 60), (unsigned)(next_random() % 60),
        (unsigned)(next_random() % 1000000), events[next_random() % 4],
        (unsigned long long)(next_random() & 0xffffffff),
        (unsigned long long)(next_random() & 0xffff), (unsigned long long)(next_random() & 0xfff),
        (unsigned long long)(next_random() & 0xfff),
        (unsigned long long)(next_random() & 0xffffffffffff),
        (unsigned long long)(next_random() % 100000000), (unsigned long long)(next_random() % 1000),
        (unsigned long long)(next_random() % 100), (unsigned long long)(next_random() % 30),
        (unsigned long long)(next_random() % 100), (unsigned long long)next_random(),
        (unsigned long long)next_random(), (unsigned long long)(next_random() % 500),
        is_personal ? personal[next_random() % TX_COUNT_OF(personal)] : "the clerk");
}

static void bench_records(void) {
    static char records[N_RECORDS][RECORD_BYTES];
    static int lengths[N_RECORDS];
    uint64_t bytes = 0, found = 0;
    double best = 1e9;

    for (size_t i = 0; i < N_RECORDS; i++)
        bytes += (uint64_t)(lengths[i] = make_record(records[i]));
    for (int round = 0; round < 15; round++) {
        double start = now();
        found = 0;
        for (size_t i = 0; i < N_RECORDS; i++) {
            detect((struct tx_text){records[i], (size_t)lengths[i]});
            found += matches.n;
        }
        double took = now() - start;
        best = took < best ? took : best;
    }
    printf("{\"records\": {\"ns\": %.0f, \"mb_per_s\": %.0f, \"bytes\": %.0f, \"found\": %llu},\n",
           best / N_RECORDS * 1e9, (double)bytes / best / 1e6, (double)bytes / N_RECORDS,
           (unsigned long long)found);
}

static void bench_short(void) {
    static const char *const values[] = {"order 4711 ready", "shop.example/abc", "0123456789abcdef",
                                         "a plain sentence"};
    double best = 1e9;
    for (int round = 0; round < 15; round++) {
        double start = now();
        for (size_t i = 0; i < 400000; i++)
            detect((struct tx_text){values[i % 4], 16});
        double took = now() - start;
        best = took < best ? took : best;
    }
    printf(" \"value_of_16_bytes_ns\": %.0f,\n \"adversarial_mb_per_s\": {", best / 400000 * 1e9);
}

static void bench_adversarial(void) {
    static const char *const atoms[] = {
        "password=", "://a:", "::",          "1:",      "1.",      "1.1.",        "3.3.3-",
        "4",         "4111 ", "4-",          "DE89 ",   "a@",      "a@b.",        "@",
        "eyJ",       "+1",    "(",           "<",       "Bearer ", "-----BEGIN ", "ghp_",
        "AKIA",      "0x",    "123-45-6789", "secret ", "%40",     "\\u0040",     "QUJD",
        "é",         "dob ",  "021000021 ",  "A1 ",     "xox-"};
    static char text[ADVERSARIAL_BYTES];
    for (size_t i = 0; i < TX_COUNT_OF(atoms); i++) {
        size_t n = strlen(atoms[i]);
        double best = 1e9;
        for (size_t k = 0; k < sizeof(text); k++)
            text[k] = atoms[i][k % n];
        for (int round = 0; round < 15; round++) {
            double start = now();
            detect((struct tx_text){text, sizeof(text)});
            double took = now() - start;
            best = took < best ? took : best;
        }
        printf("%s\"%s\": %.0f", i ? ", " : "",
               strcmp(atoms[i], "\\u0040") ? atoms[i] : "\\\\u0040",
               (double)sizeof(text) / best / 1e6);
    }
    printf("}}\n");
}

int main(void) {
    if (tx_detect_memory_new(262144, &memory) < 0)
        return EXIT_FAILURE;
    bench_records();
    bench_short();
    bench_adversarial();
    tx_detect_memory_free(memory);
    return EXIT_SUCCESS;
}
