/* SPDX-License-Identifier: MIT */
/*
 * Looks for canaries, whole or in pieces (canary-search.h), in the memory of processes and in
 * files. Prints for each place `WHERE canary NUMBER at ADDRESS in MAPPING`, and at last `looked`.
 *
 *   find-canaries PID|/PATH... < canaries in hex, one a line
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/canary-search.h"

static void fail(const char *what, const char *why) {
    fprintf(stderr, "find-canaries: %s: %s\n", what, why);
    exit(2);
}

static void tell(void *data, const char *mapping, uint64_t address, int canary) {
    printf("%s canary %d at %lx in %s\n", (const char *)data, canary, (unsigned long)address,
           mapping);
}

static size_t from_hex(const char *line, uint8_t *ret, size_t n_ret) {
    unsigned byte;
    size_t n = 0;
    while (n < n_ret && sscanf(line + 2 * n, "%2x", &byte) == 1)
        ret[n++] = (uint8_t)byte;
    return n;
}

static void read_canaries(struct tx_canary_search *search) {
    static char line[8192];
    static uint8_t canary[sizeof(line) / 2];
    while (fgets(line, sizeof(line), stdin))
        if (!tx_canary_add(search, canary, from_hex(line, canary, sizeof(canary))))
            fail("canaries", "one is too short, or there are too many");
    explicit_bzero(line, sizeof(line));
    explicit_bzero(canary, sizeof(canary));
}

static void look_at_file(const struct tx_canary_search *search, char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        fail(path, strerror(errno));
    size_t n = (size_t)st.st_size;
    void *p = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (p == MAP_FAILED)
        fail(path, strerror(errno));
    int canary;
    for (size_t at = 0; n && (canary = tx_canary_find(search, p, n, &at)) >= 0; at++)
        tell(path, "file", at, canary);
    if (n)
        munmap(p, n);
    close(fd);
}

int main(int argc, char **argv) {
    struct tx_canary_search *search = calloc(1, sizeof(*search));

    if (!search)
        fail("start", strerror(errno));
    read_canaries(search);
    for (int i = 1; i < argc; i++) {
        int r = 0;
        if (argv[i][0] == '/')
            look_at_file(search, argv[i]);
        else
            r = tx_canary_find_in_process(search, atoi(argv[i]), tell, argv[i]);
        if (r < 0)
            fail(argv[i], strerror(-r));
    }
    free(search);
    puts("looked");
    return 0;
}
