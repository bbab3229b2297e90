/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libtx/base/fd.h"

static int seal(int fd, int seals, int *ret_fd) {
    if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int tx_memfd_sealed(const char *name, const void *p, size_t n, int *ret_fd) {
    _cleanup_(tx_fd_closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    int r = tx_fd_pwrite_all(fd, p, n, 0);
    if (r < 0)
        return r;
    r = seal(fd, F_SEAL_WRITE, ret_fd);
    if (r == 0)
        tx_fd_steal(&fd);
    return r;
}

int tx_memfd_fixed(const char *name, size_t n, int *ret_fd) {
    _cleanup_(tx_fd_closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)n) < 0)
        return -errno;
    int r = seal(fd, 0, ret_fd);
    if (r == 0)
        tx_fd_steal(&fd);
    return r;
}
