/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/secret.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* 0 when it cannot be rounded. */
static size_t whole_pages(size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (n == 0)
        n = 1;
    return n > SIZE_MAX - page ? 0 : (n + page - 1) / page * page;
}

void *tx_secret_alloc(size_t n) {
    size_t length = whole_pages(n);
    if (length == 0)
        return NULL;
    void *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    /* The limit on locked memory may be small; a secret in pageable memory is better than none. */
    int ignored = mlock(p, length);
    ignored = madvise(p, length, MADV_DONTDUMP);
    ignored = madvise(p, length, MADV_WIPEONFORK);
    (void)ignored;
    return p;
}

void tx_secret_free(void *p, size_t n) {
    if (!p)
        return;
    size_t length = whole_pages(n);
    tx_wipe(p, length);
    munmap(p, length);
}

void tx_wipe(void *p, size_t n) {
    if (n > 0)
        explicit_bzero(p, n);
}

__attribute__((noinline)) void tx_wipe_traces(void) {
    TX_UNINITIALIZED uint8_t below[TX_TRACES_BYTES];

    tx_wipe(below, sizeof(below));
    tx_wipe_registers();
}
