/* SPDX-License-Identifier: MIT */
#include "libtx/ring/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "libtx/base/limits.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int tx_ring_file_make(size_t capacity, int *ret_fd) {
    _cleanup_(tx_fd_closep) int fd = memfd_create("tracex-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)(TX_RING_HEADER_BYTES + capacity)) < 0 ||
        fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return -errno;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

/* Seals that forbid writing would keep us from telling how far it is drained. */
int tx_ring_file_check(int fd, size_t *ret_capacity) {
    struct stat st;

    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS)
        return -EINVAL;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size < TX_RING_HEADER_BYTES + (off_t)TX_LIMIT_RING_LEAST ||
        st.st_size > TX_RING_HEADER_BYTES + (off_t)TX_LIMIT_RING_MOST)
        return -EINVAL;
    size_t capacity = (size_t)st.st_size - TX_RING_HEADER_BYTES;
    if (capacity & (capacity - 1))
        return -EINVAL;
    *ret_capacity = capacity;
    return 0;
}

static int map_at(void *at, size_t n, int fd, size_t offset, int flags) {
    void *p = mmap(at, n, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, (off_t)offset);
    return p == MAP_FAILED ? -errno : 0;
}

int tx_ring_file_map_twice(int fd, size_t capacity, struct tx_ring_header **ret) {
    size_t once = TX_RING_HEADER_BYTES + capacity;
    uint8_t *p = mmap(NULL, once + capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return -errno;
    int r = map_at(p, once, fd, 0, MAP_FIXED);
    if (r == 0)
        r = map_at(p + once, capacity, fd, TX_RING_HEADER_BYTES, MAP_FIXED);
    if (r == 0 && madvise(p, once + capacity, MADV_DONTFORK) < 0)
        r = -errno;
    if (r < 0) {
        munmap(p, once + capacity);
        return r;
    }
    (void)madvise(p, once + capacity, MADV_DONTDUMP);
    *ret = (struct tx_ring_header *)(void *)p;
    return 0;
}

void tx_ring_file_unmap_twice(struct tx_ring_header *header, size_t capacity) {
    munmap(header, TX_RING_HEADER_BYTES + 2 * capacity);
}

int tx_ring_file_map(int fd, size_t capacity, struct tx_ring_header **ret) {
    void *p =
        mmap(NULL, TX_RING_HEADER_BYTES + capacity, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED)
        return -errno;
    (void)madvise(p, TX_RING_HEADER_BYTES + capacity, MADV_DONTDUMP);
    *ret = p;
    return 0;
}

void tx_ring_file_unmap(struct tx_ring_header *header, size_t capacity) {
    munmap(header, TX_RING_HEADER_BYTES + capacity);
}
