/* SPDX-License-Identifier: MIT */
/*
 * What masking costs a record under a policy, on this machine: the whole, without the file's own
 * detectors, and without any. The three are measured in turn, and the median of each counts.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "tools/ctl/mask.h"

#define ROUNDS 5
#define N_GENERATED 20000u
#define FIELDS 6
#define CORPUS_BYTES (256u * 1024u * 1024u)

enum variant { ALL, WITHOUT_OWN, WITHOUT_DETECTORS, N_VARIANTS };

struct bench {
    bool json;
    const char *path; /* NULL: generated */
    struct tx_bytes texts;
    size_t n_records, n_fields; /* of each */
    size_t *ends;               /* of each field's text */
    struct tx_ctl_policy policies[N_VARIANTS];
    double ns[N_VARIANTS];
};

/* --- records --- */

static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static int add(struct bench *bench, size_t i, const char *text, size_t n) {
    int r = tx_bytes_append(&bench->texts, text, n);
    bench->ends[i] = bench->texts.len;
    return r;
}

static const char *const names[FIELDS] = {"request_id", "order", "amount",
                                          "digest",     "path",  "text"};

/* About 300 bytes; something personal in one of twenty. */
static int generate_one(struct bench *bench, size_t i, unsigned long long r) {
    static const char *const personal[] = {"alice.smith@mail.example.org",
                                           "4111 1111 1111 1111",
                                           "DE89370400440532013000",
                                           "192.0.2.17",
                                           "+49 30 901820",
                                           "536-90-4399"};
    char texts[FIELDS][256];
    int failed = 0;

    snprintf(texts[0], sizeof(texts[0]), "%08llx-%04llx-4%03llx-a%03llx-%012llx", r & 0xffffffff,
             r >> 7 & 0xffff, r >> 11 & 0xfff, r >> 13 & 0xfff, r & 0xffffffffffff);
    snprintf(texts[1], sizeof(texts[1]), "A-%llu", r % 100000000);
    snprintf(texts[2], sizeof(texts[2]), "%llu.%02llu EUR", r % 1000, r % 100);
    snprintf(texts[3], sizeof(texts[3]), "%016llx%016llx", r, r * 77);
    snprintf(texts[4], sizeof(texts[4]), "/shelf/%llu/item/%llu?page=%llu", r % 1000, r % 7777,
             r % 9);
    snprintf(texts[5], sizeof(texts[5]),
             "the item was moved to shelf %llu by %s of the store in the old town, and was counted "
             "there by somebody else at the end of the day",
             r % 500, i % 20 == 0 ? personal[r % TX_COUNT_OF(personal)] : "the clerk");
    for (size_t k = 0; k < FIELDS && failed == 0; k++)
        failed = add(bench, i * FIELDS + k, texts[k], strlen(texts[k]));
    return failed;
}

static int generate(struct bench *bench) {
    uint64_t seed = 0x9e3779b97f4a7c15;
    int r = 0;

    bench->n_records = N_GENERATED;
    bench->n_fields = FIELDS;
    bench->ends = calloc(N_GENERATED * FIELDS, sizeof(bench->ends[0]));
    if (!bench->ends)
        return -ENOMEM;
    for (size_t i = 0; i < N_GENERATED && r == 0; i++)
        r = generate_one(bench, i, (unsigned long long)next_random(&seed));
    return r;
}

static int add_line(struct bench *bench, size_t *cap, struct tx_text line) {
    if (bench->n_records == *cap) {
        size_t n = *cap ? 2 * *cap : 1024;
        size_t *more = reallocarray(bench->ends, n, sizeof(*more));
        if (!more)
            return -ENOMEM;
        bench->ends = more;
        *cap = n;
    }
    return add(bench, bench->n_records++, line.p, line.n);
}

/* A record for each line; those that are too long are left out. */
static int read_lines(struct bench *bench) {
    _cleanup_(tx_fd_closep) int fd = open(bench->path, O_RDONLY | O_CLOEXEC);
    struct tx_ctl_lines lines;
    struct tx_text line;
    size_t cap = 0;
    bool too_long;

    bench->n_fields = 1;
    if (fd < 0)
        return -errno;
    int r = tx_ctl_lines_init(&lines, fd);
    while (r == 0 && (r = tx_ctl_lines_next(&lines, &line, &too_long)) > 0) {
        r = bench->texts.len + line.n > CORPUS_BYTES ? -EFBIG : 0;
        if (r == 0 && !too_long)
            r = add_line(bench, &cap, line);
    }
    tx_ctl_lines_deinit(&lines);
    return r;
}

/* --- measuring --- */

static double now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double mask_all(const struct bench *bench, struct tx_mask *mask) {
    struct tx_field fields[FIELDS];
    size_t start = 0, at = 0;
    double begun = now();

    for (size_t i = 0; i < bench->n_records; i++) {
        for (size_t k = 0; k < bench->n_fields; k++, at++) {
            const char *name = bench->n_fields == 1 ? "text" : names[k];
            fields[k] = (struct tx_field){
                .name = {name, strlen(name)},
                .type = TX_VALUE_STR,
                .text = {(const char *)bench->texts.data + start, bench->ends[at] - start}};
            start = bench->ends[at];
        }
        struct tx_record record = {
            .event = TX_TEXT("mask.bench"), .n_fields = bench->n_fields, .fields = fields};
        tx_mask_record(mask, &record);
        tx_mask_wipe(mask);
    }
    return (now() - begun) / (double)bench->n_records;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct bench *bench) {
    double took[N_VARIANTS][ROUNDS];

    mask_all(bench, bench->policies[ALL].mask);
    for (int round = 0; round < ROUNDS; round++)
        for (int v = 0; v < N_VARIANTS; v++)
            took[v][round] = mask_all(bench, bench->policies[v].mask);
    for (int v = 0; v < N_VARIANTS; v++) {
        qsort(took[v], ROUNDS, sizeof(took[v][0]), by_value);
        bench->ns[v] = took[v][ROUNDS / 2];
    }
}

/* --- what is printed --- */

static double above(double a, double b) {
    return a > b ? a - b : 0;
}

static void print(const struct bench *bench) {
    size_t n = bench->n_records, n_own = bench->policies[ALL].conf->masking.n_detectors;
    double all = bench->ns[ALL], rules = bench->ns[WITHOUT_DETECTORS];
    double built_in = n_own > 0 ? bench->ns[WITHOUT_OWN] : all;
    double detectors = above(built_in, rules), own = above(all, built_in);
    double bytes = (double)bench->texts.len / (double)n, rate = bytes / all * 1000;

    if (bench->json) {
        printf("{\"records\":%zu,\"bytes\":%zu,\"ns\":%.0f,\"mb_s\":%.1f,\"rules_ns\":%.0f,"
               "\"detectors_ns\":%.0f,\"own_ns\":%.0f}\n",
               n, bench->texts.len, all, rate, rules, detectors, own);
        return;
    }
    printf("%zu records of %.0f bytes on average, median of %d rounds\n", n, bytes, ROUNDS);
    printf("  %-22s %8.0f ns a record, %.1f MB/s\n", "masking", all, rate);
    printf("  %-22s %8.0f ns  %3.0f %%\n", "rules and the rest", rules, rules / all * 100);
    printf("  %-22s %8.0f ns  %3.0f %%\n", "built-in detectors", detectors, detectors / all * 100);
    if (n_own > 0)
        printf("  %-22s %8.0f ns  %3.0f %%\n", "the file's detectors", own, own / all * 100);
}

/* --- the whole --- */

static bool take_options(struct tx_ctl *ctl, struct bench *bench, int argc, char **argv) {
    static const struct option options[] = {{"format", required_argument, NULL, 'f'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            tx_ctl_take_config(ctl, optarg);
        else if (option != 'f' || !tx_ctl_take_word("format", optarg, "text", "json", &bench->json))
            return false;
    }
    bench->path = optind < argc ? argv[optind++] : NULL;
    return optind == argc;
}

static int prepare(const struct tx_ctl *ctl, struct bench *bench) {
    static const struct tx_detector_set none = {.word = {0}};
    int r = bench->path ? read_lines(bench) : generate(bench);

    if (r < 0 || bench->n_records == 0) {
        tx_ctl_say("cannot use %s: %s", bench->path ? bench->path : "the records",
                   r < 0 ? strerror(-r) : "there is no line in it");
        return TX_CTL_FAILED;
    }
    int status = TX_CTL_OK;
    for (int v = 0; v < N_VARIANTS && status == TX_CTL_OK; v++)
        status = tx_ctl_policy_init(ctl, &bench->policies[v]);
    if (status == TX_CTL_OK) {
        tx_mask_only(bench->policies[WITHOUT_OWN].mask, &tx_detectors_all);
        tx_mask_only(bench->policies[WITHOUT_DETECTORS].mask, &none);
    }
    return status;
}

int tx_ctl_mask_bench(struct tx_ctl *ctl, int argc, char **argv) {
    static struct bench bench;

    if (!take_options(ctl, &bench, argc, argv))
        return TX_CTL_USAGE;
    int status = prepare(ctl, &bench);
    if (status == TX_CTL_OK) {
        measure(&bench);
        print(&bench);
    }
    for (int v = 0; v < N_VARIANTS; v++)
        tx_ctl_policy_deinit(&bench.policies[v]);
    if (bench.texts.data)
        explicit_bzero(bench.texts.data, bench.texts.cap);
    tx_bytes_deinit(&bench.texts);
    free(bench.ends);
    return status;
}
