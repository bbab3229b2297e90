/* SPDX-License-Identifier: MIT */
#include "libaudit-client/fork.h"

#include <sys/mman.h>

#include "libaudit-client/kept-fd.h"

/* Written in an order that makes sense at any moment: the first member last, and taken back first.
 */
static struct tx_client *the_client;
static struct {
    void *p;
    size_t n;
} ring;
static struct tx_kept_fd kept;

int tx_fork_map(size_t n, void **ret) {
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return -errno;
    if (madvise(p, n, MADV_WIPEONFORK) < 0) {
        int error = errno;
        munmap(p, n);
        return -error;
    }
    madvise(p, n, MADV_DONTDUMP); /* as good as it can be had */
    *ret = p;
    return 0;
}

void tx_fork_unmap(void *p, size_t n) {
    munmap(p, n);
}

struct tx_client *tx_fork_client_if_any(void) {
    return __atomic_load_n(&the_client, __ATOMIC_ACQUIRE);
}

int tx_fork_client(struct tx_client **ret) {
    struct tx_client *client = tx_fork_client_if_any(), *other = NULL;
    void *p = NULL;

    if (!client) {
        int r = tx_fork_map(sizeof(*client), &p);
        if (r < 0)
            return r;
        client = p;
        if (!__atomic_compare_exchange_n(&the_client, &other, client, 0, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE)) {
            munmap(p, sizeof(*client)); /* another thread was first */
            client = other;
        }
    }
    *ret = client;
    return 0;
}

int tx_fork_memory(size_t n, void **ret) {
    void *p = __atomic_load_n(&ring.p, __ATOMIC_ACQUIRE);

    if (p && ring.n == n) {
        *ret = p;
        return 0;
    }
    if (p) {
        __atomic_store_n(&ring.p, NULL, __ATOMIC_RELEASE);
        munmap(p, ring.n);
    }
    int r = tx_fork_map(n, &p);
    if (r < 0)
        return r;
    ring.n = n;
    __atomic_store_n(&ring.p, p, __ATOMIC_RELEASE);
    *ret = p;
    return 0;
}

void tx_fork_keep_fd(int fd) {
    tx_kept_fd_set(&kept, fd);
}

bool tx_fork_is_kept(int fd) {
    return tx_kept_fd_is(&kept, fd);
}

void tx_fork_close_fd(bool wake) {
    tx_kept_fd_close(&kept, wake);
}
