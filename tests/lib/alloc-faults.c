/* SPDX-License-Identifier: MIT */
/*
 * Lets one allocation of a process fail, or a few in a row: linked into a test program, or
 * preloaded into a program (LD_PRELOAD). It stands before malloc, calloc, realloc, reallocarray,
 * aligned_alloc, posix_memalign, memalign, mmap, mremap, mlock and madvise; what libc calls within
 * itself (strdup, asprintf, fopen …) comes by here too. It allocates nothing.
 *
 * What is to fail stands in alloc-faults.h's struct. Without TX_FAIL_CONTROL in the environment it
 * is the process's own (tx_alloc_faults()); with it, it is mapped from that file, which the test
 * maps too, so that it can be changed at any time, and so that it outlives the process.
 */
#include "tests/lib/alloc-faults.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What stands behind us: the address sanitizer where it is, else libc. */
#define BEHIND(type, name, args)                                                                   \
    extern type __interceptor_##name args __attribute__((weak));                                   \
    extern type __libc_##name args;
BEHIND(void *, malloc, (size_t))
BEHIND(void *, calloc, (size_t, size_t))
BEHIND(void *, realloc, (void *, size_t))
BEHIND(void *, memalign, (size_t, size_t))

static struct tx_alloc_faults own;
static struct tx_alloc_faults *shared; /* NULL: own */

struct tx_alloc_faults *tx_alloc_faults(void) {
    return shared ? shared : &own;
}

/* Before anything of the program runs. */
__attribute__((constructor(101))) static void open_control(void) {
    const char *path = getenv("TX_FAIL_CONTROL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    long p = syscall(SYS_mmap, NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
    close(fd);
    if (p > 0 || p < -4095)
        shared = (struct tx_alloc_faults *)p;
}

static bool fails(void) {
    struct tx_alloc_faults *f = tx_alloc_faults();
    uint64_t n = __atomic_add_fetch(&f->count, 1, __ATOMIC_RELAXED);
    uint64_t first = __atomic_load_n(&f->first, __ATOMIC_RELAXED);

    if (first == 0 || n < first || n - first >= f->many)
        return false;
    __atomic_add_fetch(&f->failed, 1, __ATOMIC_RELAXED);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n) {
    if (fails())
        return NULL;
    return __interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
    if (fails())
        return NULL;
    return __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
    if (fails())
        return NULL;
    return __interceptor_realloc ? __interceptor_realloc(p, n) : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size) {
    if (size && n > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, n * size);
}

void *memalign(size_t alignment, size_t n) {
    if (fails())
        return NULL;
    return __interceptor_memalign ? __interceptor_memalign(alignment, n)
                                  : __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n) {
    return memalign(alignment, n);
}

int posix_memalign(void **ret, size_t alignment, size_t n) {
    int saved = errno;
    void *p = memalign(alignment, n);
    errno = saved;
    if (!p)
        return ENOMEM;
    *ret = p;
    return 0;
}

/* Those that are system calls go past the sanitizer, which needs not know of them. */
void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset) {
    if (fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset);
}

void *mremap(void *p, size_t n, size_t to, int flags, ...) {
    va_list args;
    va_start(args, flags);
    void *at = flags & MREMAP_FIXED ? va_arg(args, void *) : NULL;
    va_end(args);
    if (fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mremap, p, n, to, flags, at);
}

int mlock(const void *p, size_t n) {
    return fails() ? -1 : (int)syscall(SYS_mlock, p, n);
}

int madvise(void *p, size_t n, int advice) {
    return fails() ? -1 : (int)syscall(SYS_madvise, p, n, advice);
}
