/* SPDX-License-Identifier: MIT */
#include "libaudit-client/fork.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Each pair is written in an order that makes sense at any moment: the first member last, and taken
 * back first. */
static struct tx_client *the_client;
static struct {
    void *p;
    size_t n;
} ring;
static struct {
    int fd_and_one; /* 0: none */
    dev_t device;
    ino_t inode;
} kept;

static int map_private(size_t n, void **ret) {
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

struct tx_client *tx_fork_client_if_any(void) {
    return __atomic_load_n(&the_client, __ATOMIC_ACQUIRE);
}

int tx_fork_client(struct tx_client **ret) {
    struct tx_client *client = tx_fork_client_if_any(), *other = NULL;
    void *p = NULL;

    if (!client) {
        int r = map_private(sizeof(*client), &p);
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
    int r = map_private(n, &p);
    if (r < 0)
        return r;
    ring.n = n;
    __atomic_store_n(&ring.p, p, __ATOMIC_RELEASE);
    *ret = p;
    return 0;
}

void tx_fork_keep_fd(int fd) {
    struct stat st;

    if (fstat(fd, &st) < 0)
        return;
    kept.device = st.st_dev;
    kept.inode = st.st_ino;
    __atomic_store_n(&kept.fd_and_one, fd + 1, __ATOMIC_RELEASE);
}

bool tx_fork_is_kept(int fd) {
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_dev == kept.device && st.st_ino == kept.inode;
}

void tx_fork_close_fd(bool wake) {
    int fd = __atomic_exchange_n(&kept.fd_and_one, 0, __ATOMIC_ACQ_REL) - 1;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != kept.device || st.st_ino != kept.inode)
        return;
    if (wake)
        shutdown(fd, SHUT_RDWR);
    close(fd);
}
