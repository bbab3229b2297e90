/* SPDX-License-Identifier: MIT */
/*
 * How fast personal data is found, all detectors on, on one thread. Prints JSON: records as
 * applications log them, of about 300 bytes and 5 % with personal data, with vectors and without;
 * a record's values, alone and all at once; short values; texts that are made to be slow.
 *
 *   bench-detect [RECORDS [FILE]]    FILE gets the records, one a line, for the peers
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/detect/detect.h"
#include "tests/bench/peer.h"
#include "tests/unit/detect-texts.h"

#define RECORD_BYTES 640
#define ADVERSARIAL_BYTES 65536
#define ROUNDS 5
#define MEMORY_BYTES 262144

static struct tx_detect_memory *memory;
static struct tx_matches matches;
static const struct tx_detect_options all = {.wanted = {.word = {UINT64_MAX, UINT64_MAX}}};
static uint64_t seed = 0x9e3779b97f4a7c15;

static unsigned long long below(uint64_t n) {
    return detect_random(&seed, n);
}

static void detect(struct tx_text text) {
    tx_detect(memory, text, &all, &matches);
}

/* --- records --- */

static const char *a_find(void) {
    static const char *const personal[] = {"alice.smith@mail.example.org",
                                           "4111 1111 1111 1111",
                                           "DE89370400440532013000",
                                           "192.0.2.17",
                                           "+49 30 901820",
                                           "536-90-4399",
                                           "2001:db8::8a2e:370:7334",
                                           "password=hunter2",
                                           "00:1A:2b:3c:4D:5e",
                                           "Bearer abcdef0123456789",
                                           "AB 12 34 56 C",
                                           "378282246310005",
                                           "postgres://app:s3cr3t@db1"};
    return below(100) < 5 ? personal[below(sizeof(personal) / sizeof(personal[0]))] : "the clerk";
}

static int make_record(char *ret) {
    static const char *const events[] = {"cart.add", "payment.refund", "user.login", "item.view"};
    return snprintf(
        ret, RECORD_BYTES,
        "{\"time\":\"2026-11-%02lluT%02llu:%02llu:%02llu.%06lluZ\",\"event\":\"%s\",\"request\":\""
        "%08llx-%04llx-4%03llx-a%03llx-%012llx\",\"order\":%llu,\"amount\":\"%llu.%02llu EUR\","
        "\"version\":\"2.%llu.%llu\",\"digest\":\"%016llx%016llx\",\"text\":\"the item was moved "
        "to shelf %llu by %s of the store\"}",
        1 + below(28), below(24), below(60), below(60), below(1000000), events[below(4)],
        below(1ull << 32), below(1ull << 16), below(1ull << 12), below(1ull << 12),
        below(1ull << 48), below(100000000), below(1000), below(100), below(30), below(100),
        below(1ull << 48) << 16 | below(1ull << 16), below(1ull << 48) << 16 | below(1ull << 16),
        below(500), a_find());
}

static struct peer_records make_records(size_t n, const char *path) {
    struct peer_records records = {
        .n = n, .text = malloc(n * RECORD_BYTES), .at = malloc((n + 1) * sizeof(*records.at))};
    if (!records.text || !records.at)
        exit(EXIT_FAILURE);
    records.at[0] = 0;
    for (size_t i = 0; i < n; i++) {
        int length = make_record(records.text + records.at[i]);
        records.text[records.at[i] + (size_t)length] = '\n';
        records.at[i + 1] = records.at[i] + (size_t)length + 1;
    }
    FILE *file = path ? fopen(path, "wb") : NULL;
    if (path && (!file || fwrite(records.text, 1, records.at[n], file) != records.at[n] ||
                 fclose(file) != 0)) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return records;
}

static uint64_t find_all(const struct peer_records *records, void *data) {
    uint64_t found = 0;
    (void)data;
    for (size_t i = 0; i < records->n; i++) {
        detect(peer_record(records, i));
        found += matches.n;
    }
    return found;
}

/* --- values --- */

#define VALUES 12

/* A record as it comes to the engine: field by field. */
static void bench_values(void) {
    static const char *const texts[VALUES] = {"payment.refund",
                                              "u-1234567890",
                                              "order-2026-11-23-000000017",
                                              "eu-central-1",
                                              "4200 EUR",
                                              "accepted",
                                              "shop/4.2 (checkout)",
                                              "the goods came back",
                                              "carrier 7",
                                              "0123456789abc",
                                              "web-17.example",
                                              "no"};
    struct tx_detect_value values[VALUES];
    double alone = 1e9, together = 1e9;
    const size_t n = 50000;

    for (size_t i = 0; i < VALUES; i++)
        values[i] = (struct tx_detect_value){
            .text = {texts[i], strlen(texts[i])}, .name = {"note", 4}, .wanted = all.wanted};
    for (int round = 0; round < ROUNDS; round++) {
        double start = peer_now();
        for (size_t k = 0; k < n; k++)
            for (size_t i = 0; i < VALUES; i++)
                detect(values[i].text);
        double middle = peer_now();
        for (size_t k = 0; k < n; k++)
            tx_detect_values(memory, values, VALUES, &all, &matches);
        double end = peer_now();
        alone = middle - start < alone ? middle - start : alone;
        together = end - middle < together ? end - middle : together;
    }
    printf(" \"values\": {\"n\": %d, \"alone_ns\": %.0f, \"together_ns\": %.0f},\n", VALUES,
           alone / (double)n * 1e9, together / (double)n * 1e9);
}

static void bench_short(void) {
    static const char *const values[] = {"order 4711 ready", "shop.example/abc", "0123456789abcdef",
                                         "a plain sentence"};
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = peer_now();
        for (size_t i = 0; i < 400000; i++)
            detect((struct tx_text){values[i % 4], 16});
        double took = peer_now() - start;
        best = took < best ? took : best;
    }
    printf(" \"value_of_16_bytes_ns\": %.0f,\n", best / 400000 * 1e9);
}

/* --- texts that are made to be slow --- */

static void print_string(const char *text) {
    putchar('"');
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x80 || *text == '"' ||
            *text == '\\')
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    putchar('"');
}

static void bench_adversarial(void) {
    static char text[ADVERSARIAL_BYTES];
    printf(" \"adversarial_mb_per_s\": {");
    for (size_t i = 0; i < DETECT_ATOMS; i++) {
        size_t n = strlen(detect_atoms[i]);
        double best = 1e9;
        for (size_t k = 0; k < sizeof(text); k++)
            text[k] = detect_atoms[i][k % n];
        for (int round = 0; round < 20; round++) {
            double start = peer_now();
            detect((struct tx_text){text, sizeof(text)});
            double took = peer_now() - start;
            best = took < best ? took : best;
        }
        printf(i ? ", " : "");
        print_string(detect_atoms[i]);
        printf(": %.0f", (double)sizeof(text) / best / 1e6);
    }
    printf("}}\n");
}

static void bench_records(const struct peer_records *records) {
    struct tx_detect_memory *best = memory;
    printf("{\"bytes\": %.0f,\n \"records\": ",
           (double)(records->at[records->n] - records->n) / (double)records->n);
    peer_print(peer_measure(records, ROUNDS, find_all, NULL));
    if (tx_detect_memory_new(MEMORY_BYTES, &memory) < 0)
        exit(EXIT_FAILURE);
    if (tx_detect_use_avx2(memory)) {
        printf(" ,\"avx2\": ");
        peer_print(peer_measure(records, ROUNDS, find_all, NULL));
    }
    tx_detect_use_portable(memory);
    printf(" ,\"portable\": ");
    peer_print(peer_measure(records, ROUNDS, find_all, NULL));
    printf(" ,");
    tx_detect_memory_free(memory);
    memory = best;
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    if (n == 0 || tx_detect_memory_new(MEMORY_BYTES, &memory) < 0)
        return EXIT_FAILURE;
    struct peer_records records = make_records(n, argc > 2 ? argv[2] : NULL);
    bench_records(&records);
    bench_values();
    bench_short();
    bench_adversarial();
    return EXIT_SUCCESS;
}
