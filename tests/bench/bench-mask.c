/* SPDX-License-Identifier: MIT */
/*
 * What masking costs a record, the preset's rules on. Prints JSON: records of eight fields and
 * about 300 bytes, without and with personal data in them, and with a JSON field; for each the time
 * in the engine as a whole, the time that the detectors alone take for the same texts one by one,
 * and how often memory was allocated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libtx/conf/conf.h"
#include "libtx/mask/mask.h"

#define N_RECORDS 2000
#define ROUNDS 9
#define FIELDS_MAX 8

/* --- allocations, counted in the program itself --- */

static uint64_t n_allocated;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);

void *malloc(size_t n) {
    n_allocated++;
    return __libc_malloc(n);
}
void *calloc(size_t n, size_t size) {
    n_allocated++;
    return __libc_calloc(n, size);
}
void *realloc(void *p, size_t n) {
    n_allocated++;
    return __libc_realloc(p, n);
}

/* --- records --- */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next_random(void) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static double now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

enum kind { PLAIN, PERSONAL, JSON, N_KINDS };

struct texts {
    char request[40], order[24], amount[24], version[16], digest[40], text[160], json[256];
};

static void make_texts(enum kind kind, struct texts *t) {
    static const char *const personal[] = {"alice.smith@mail.example.org",
                                           "4111 1111 1111 1111",
                                           "DE89370400440532013000",
                                           "192.0.2.17",
                                           "+49 30 901820",
                                           "536-90-4399"};
    unsigned long long r = (unsigned long long)next_random();
    snprintf(t->request, sizeof(t->request), "%08llx-%04llx-4%03llx-a%03llx-%012llx",
             r & 0xffffffff, r >> 7 & 0xffff, r >> 11 & 0xfff, r >> 13 & 0xfff, r & 0xffffffffffff);
    snprintf(t->order, sizeof(t->order), "A-%llu", r % 100000000);
    snprintf(t->amount, sizeof(t->amount), "%llu.%02llu EUR", r % 1000, r % 100);
    snprintf(t->version, sizeof(t->version), "2.%llu.%llu", r % 30, r % 100);
    snprintf(t->digest, sizeof(t->digest), "%016llx%016llx", r, r * 77);
    snprintf(t->text, sizeof(t->text),
             "the item was moved to shelf %llu by %s of the store in the old town, and was counted "
             "there by somebody else",
             r % 500, kind == PERSONAL ? personal[r % TX_COUNT_OF(personal)] : "the clerk");
    snprintf(t->json, sizeof(t->json),
             "{\"path\":\"/cart/%llu\",\"headers\":{\"host\":\"shop.example\",\"accept\":\"text/"
             "html\"},\"items\":[{\"sku\":\"%llu\",\"n\":2},{\"sku\":\"%llu\",\"n\":1}]}",
             r % 1000, r % 7777, r % 8888);
}

static struct tx_field str(const char *name, const char *text) {
    return (struct tx_field){
        .name = {name, strlen(name)}, .type = TX_VALUE_STR, .text = {text, strlen(text)}};
}

static size_t make_fields(enum kind kind, const struct texts *t, struct tx_field *ret) {
    size_t n = 0;
    ret[n++] = str("request_id", t->request);
    ret[n++] = str("order", t->order);
    ret[n++] = str("amount", t->amount);
    ret[n++] = str("version", t->version);
    ret[n++] = str("digest", t->digest);
    ret[n++] = (struct tx_field){.name = TX_TEXT("duration_ms"), .type = TX_VALUE_I64, .i64 = 17};
    ret[n++] = str("text", t->text);
    ret[n] = str("payload", t->json);
    if (kind == JSON)
        ret[n].type = TX_VALUE_JSON;
    else
        ret[n] = str("action", "cart.item.moved");
    return n + 1;
}

/* --- measuring --- */

static struct texts texts[N_RECORDS];
static struct tx_mask *mask;
static struct tx_detect_memory *memory;
static struct tx_matches matches;

static struct tx_record record_of(enum kind kind, size_t i, struct tx_field *fields) {
    return (struct tx_record){.event = TX_TEXT("cart.item.move"),
                              .source = {.uid = 1000,
                                         .comm = TX_TEXT("shop"),
                                         .exe = TX_TEXT("/usr/bin/shop"),
                                         .unit = TX_TEXT("shop.service")},
                              .n_fields = make_fields(kind, &texts[i], fields),
                              .fields = fields};
}

static double mask_all(enum kind kind, uint64_t *ret_allocated) {
    struct tx_field fields[FIELDS_MAX];
    double took = 0;
    uint64_t before = n_allocated;
    for (size_t i = 0; i < N_RECORDS; i++) {
        struct tx_record record = record_of(kind, i, fields);
        double start = now();
        tx_mask_record(mask, &record);
        tx_mask_wipe(mask);
        took += now() - start;
    }
    *ret_allocated = n_allocated - before;
    return took;
}

static double detect_all(enum kind kind) {
    const struct tx_detect_options options = {.wanted = tx_detectors_all};
    struct tx_field fields[FIELDS_MAX];
    double took = 0;
    for (size_t i = 0; i < N_RECORDS; i++) {
        struct tx_record record = record_of(kind, i, fields);
        struct tx_detect_value values[FIELDS_MAX + 3];
        size_t n = 0;
        for (size_t k = 0; k < record.n_fields; k++)
            if (fields[k].type == TX_VALUE_STR || fields[k].type == TX_VALUE_JSON)
                values[n++] =
                    (struct tx_detect_value){fields[k].text, fields[k].name, tx_detectors_all};
        values[n++] =
            (struct tx_detect_value){.text = record.source.comm, .wanted = tx_detectors_all};
        values[n++] =
            (struct tx_detect_value){.text = record.source.exe, .wanted = tx_detectors_all};
        values[n++] =
            (struct tx_detect_value){.text = record.source.unit, .wanted = tx_detectors_all};
        double start = now();
        tx_detect_values(memory, values, n, &options, &matches);
        took += now() - start;
    }
    return took;
}

static double clock_cost(void) {
    double took = 0;
    for (size_t i = 0; i < N_RECORDS; i++) {
        double start = now();
        took += now() - start;
    }
    return took;
}

static void bench(enum kind kind, const char *name, bool last) {
    double best = 1e9, best_detect = 1e9, best_clock = 1e9;
    uint64_t allocated = 0;

    for (size_t i = 0; i < N_RECORDS; i++)
        make_texts(kind, &texts[i]);
    for (int round = 0; round < ROUNDS; round++) {
        double took = mask_all(kind, &allocated), detect = detect_all(kind), clock = clock_cost();
        best = took < best ? took : best;
        best_detect = detect < best_detect ? detect : best_detect;
        best_clock = clock < best_clock ? clock : best_clock;
    }
    printf(" \"%s\": {\"ns\": %.0f, \"detect_ns\": %.0f, \"allocations\": %.3f}%s\n", name,
           (best - best_clock) / N_RECORDS * 1e9, (best_detect - best_clock) / N_RECORDS * 1e9,
           (double)allocated / N_RECORDS, last ? "}" : ",");
}

int main(int argc, char **argv) {
    static const uint8_t bytes[TX_MASK_KEY_BYTES_MIN];
    const struct tx_mask_key key = {TX_MASKING_DEFAULT_KEY, bytes, sizeof(bytes)};
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;

    if (tx_conf_parse("bench", TX_TEXT("version: 1\n"), &errors, &conf) != 0 ||
        tx_mask_new(&conf->masking, &key, 1, NULL, &mask) < 0 ||
        tx_detect_memory_new(65536, &memory) < 0)
        return EXIT_FAILURE;
    printf("{\n");
    if (argc > 1) {
        bench((enum kind)(atoi(argv[1]) % N_KINDS), "one", true);
    } else {
        bench(PLAIN, "plain", false);
        bench(PERSONAL, "personal", false);
        bench(JSON, "json", true);
    }
    tx_mask_free(mask);
    tx_detect_memory_free(memory);
    return EXIT_SUCCESS;
}
