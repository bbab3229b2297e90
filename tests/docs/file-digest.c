/* SPDX-License-Identifier: MIT */
/* file-digest FILE: prints its SHA-256 and its chunks' root, as libtracex-ml makes them. */
#include <stdio.h>
#include <tracex/ml.h>

static void print_hex(const uint8_t *p) {
    for (int i = 0; i < 32; i++)
        printf("%02x", p[i]);
    putchar('\n');
}

int main(int argc, char **argv) {
    struct tx_file_digest digest;

    if (argc != 2 || tx_digest_file(argv[1], &digest) < 0)
        return 1;
    print_hex(digest.sha256);
    print_hex(digest.chunks_root);
    return 0;
}
