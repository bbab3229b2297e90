/* SPDX-License-Identifier: MIT */
/*
 * Writes a small valid log for tests of the command line, and prints its keys.
 *   make-log DIRECTORY SEED [SEGMENTS [TAIL-RECORDS]]
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

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    struct log_shape shape = {.n_segments = argc > 3 ? strtoul(argv[3], NULL, 10) : 3,
                              .n_batches = 4,
                              .n_records = 5,
                              .n_bytes = 300,
                              .batches_per_epoch = 3};
    _cleanup_(log_writer_freep) struct log_writer *w =
        log_writer_of("cli.example/audit", (uint8_t)strtoul(argv[2], NULL, 10), &shape);
    for (unsigned long n = argc > 4 ? strtoul(argv[4], NULL, 10) : 0; n > 0; n--)
        log_writer_record(w, 300);
    if (mkdir(argv[1], 0755) < 0)
        return 1;
    log_writer_store(w, argv[1]);
    print_key(tx_signing_key_vkey(w->identity));
    print_key(&w->epoch0);
    return 0;
}
