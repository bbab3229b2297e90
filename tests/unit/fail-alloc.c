/* SPDX-License-Identifier: MIT */
#include "tests/unit/fail-alloc.h"

#include <errno.h>
#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void __wrap_free(void *p);

#define BLOCKS_MAX 65536

static bool is_on, has_failed;
static unsigned left;
static void *blocks[BLOCKS_MAX];
static size_t n_blocks;

static bool fails(void) {
    if (!is_on || has_failed || left-- > 0)
        return false;
    has_failed = true;
    errno = ENOMEM;
    return true;
}

static void forget(void *p) {
    for (size_t i = n_blocks; i > 0; i--)
        if (blocks[i - 1] == p) {
            blocks[i - 1] = blocks[--n_blocks];
            return;
        }
}

static void *remember(void *p) {
    if (is_on && p && n_blocks == BLOCKS_MAX)
        abort();
    if (is_on && p)
        blocks[n_blocks++] = p;
    return p;
}

void *__wrap_malloc(size_t n) {
    return fails() ? NULL : remember(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : remember(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n) {
    if (fails())
        return NULL;
    forget(p);
    return remember(__real_realloc(p, n));
}

void *__wrap_reallocarray(void *p, size_t n, size_t size) {
    if (fails())
        return NULL;
    forget(p);
    return remember(__real_reallocarray(p, n, size));
}

void __wrap_free(void *p) {
    forget(p);
    __real_free(p);
}

void fail_alloc_after(unsigned n) {
    is_on = true;
    has_failed = false;
    left = n;
    n_blocks = 0;
}

bool fail_alloc_end(void) {
    is_on = false;
    return has_failed;
}

size_t fail_alloc_alive(void) {
    return n_blocks;
}
