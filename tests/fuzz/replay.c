/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target on each file of a corpus directory, on every truncation of it, and on
 * mutations of it by a generator with a fixed seed, so that the ordinary test run is the same each
 * time. replay-x CORPUS-DIRECTORY TX_MUTATIONS in the environment says how many a file gets; 2000
 * otherwise.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (256u * 1024u)

static uint64_t state = 0x9e3779b97f4a7c15u;

/* xorshift64* */
static uint64_t random_below(uint64_t n) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 0x2545f4914f6cdd1du >> 16) % n;
}

/* A copy of exactly n bytes, so that the address sanitizer sees a read past its end. */
static void run(const uint8_t *data, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        exit(2);
    if (n)
        memcpy(copy, data, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static size_t mutate(uint8_t *data, size_t n) {
    static const uint8_t special[] = {0,    1,   0x7f, 0x80, 0xff, '"', '\\',
                                      '\n', '+', '{',  '}',  '0',  ' '};

    for (uint64_t changes = 1 + random_below(4); changes > 0 && n > 0; changes--) {
        size_t at = (size_t)random_below(n);
        size_t length = 1 + (size_t)random_below(n - at < 16 ? n - at : 16);
        switch (random_below(6)) {
        case 0:
            data[at] ^= (uint8_t)(1u << random_below(8));
            break;
        case 1:
            data[at] = special[random_below(sizeof(special))];
            break;
        case 2: /* take a piece out */
            memmove(data + at, data + at + length, n - at - length);
            n -= length;
            break;
        case 3: /* double a piece */
            if (n + length > INPUT_MAX)
                break;
            memmove(data + at + length, data + at, n - at);
            n += length;
            break;
        case 4:
            memset(data + at, special[random_below(sizeof(special))], length);
            break;
        default:
            n = at;
        }
    }
    return n;
}

static void run_file(const char *path, uint64_t mutations) {
    static uint8_t original[INPUT_MAX], work[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    size_t n = fread(original, 1, sizeof(original), file);
    fclose(file);
    run(original, n);
    size_t step = n / 512 + 1;
    for (size_t cut = 0; cut < n; cut += step)
        run(original, cut);
    for (uint64_t i = 0; i < mutations; i++) {
        memcpy(work, original, n);
        run(work, mutate(work, n));
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
        return 2;
    }
    const char *many = getenv("TX_MUTATIONS");
    uint64_t mutations = many ? strtoull(many, NULL, 10) : 2000;
    struct dirent **names;
    int n = scandir(argv[1], &names, NULL, alphasort), files = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        if (names[i]->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
            run_file(path, mutations);
            files++;
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    if (files == 0) {
        fprintf(stderr, "%s: no corpus in %s\n", argv[0], argv[1]);
        return 1;
    }
    return 0;
}
