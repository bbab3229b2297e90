/* SPDX-License-Identifier: MIT */
#include "libtx/base/fd.h"

#include <fcntl.h>
#include <unistd.h>

void tx_fd_closep(int *fd) {
    int saved = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

int tx_fd_write_all(int fd, const void *p, size_t n) {
    const uint8_t *from = p;
    while (n > 0) {
        ssize_t w = write(fd, from, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        if (w == 0)
            return -EIO;
        from += w;
        n -= (size_t)w;
    }
    return 0;
}

int tx_fd_pwrite_all(int fd, const void *p, size_t n, off_t offset) {
    const uint8_t *from = p;
    while (n > 0) {
        ssize_t w = pwrite(fd, from, n, offset);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        if (w == 0)
            return -EIO;
        from += w;
        offset += w;
        n -= (size_t)w;
    }
    return 0;
}

int tx_fd_read_full(int fd, void *p, size_t n, size_t *ret_n) {
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, (uint8_t *)p + got, n - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    *ret_n = got;
    return 0;
}

int tx_fd_pread_full(int fd, void *p, size_t n, off_t offset, size_t *ret_n) {
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, (uint8_t *)p + got, n - got, offset + (off_t)got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    *ret_n = got;
    return 0;
}

int tx_fd_set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}
