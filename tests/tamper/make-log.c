/* SPDX-License-Identifier: MIT */
/*
 * Writes a small valid log for tests of the command line, and prints its keys.
 *   make-log DIRECTORY SEED [SEGMENTS [TAIL-RECORDS]]
 *   make-log DIRECTORY SEED --bodies < BODIES    a segment of these records, one a line, without
 * seq
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/lib/log-writer.h"

static void print_key(const struct tx_vkey *vkey) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vkey_render(vkey, &b);
    printf("%.*s\n", (int)b.len, memory);
}

static struct log_writer *read_bodies(uint8_t seed) {
    struct log_writer *w = log_writer_new("cli.example/audit", seed);
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    while ((n = getline(&line, &cap, stdin)) > 1)
        log_writer_body(w, (struct tx_text){line, (size_t)n - 1});
    log_writer_checkpoint(w);
    free(line);
    return w;
}

static struct log_writer *invent(int argc, char **argv, uint8_t seed) {
    struct log_shape shape = {.n_segments = argc > 3 ? strtoul(argv[3], NULL, 10) : 3,
                              .n_batches = 4,
                              .n_records = 5,
                              .n_bytes = 300,
                              .batches_per_epoch = 3};
    struct log_writer *w = log_writer_of("cli.example/audit", seed, &shape);
    for (unsigned long n = argc > 4 ? strtoul(argv[4], NULL, 10) : 0; n > 0; n--)
        log_writer_record(w, 300);
    return w;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    uint8_t seed = (uint8_t)strtoul(argv[2], NULL, 10);
    bool bodies = argc > 3 && strcmp(argv[3], "--bodies") == 0;
    _cleanup_(log_writer_freep) struct log_writer *w =
        bodies ? read_bodies(seed) : invent(argc, argv, seed);
    if (mkdir(argv[1], 0755) < 0)
        return 1;
    log_writer_store(w, argv[1]);
    print_key(tx_signing_key_vkey(w->identity));
    print_key(&w->epoch0);
    return 0;
}
