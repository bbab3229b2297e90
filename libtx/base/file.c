/* SPDX-License-Identifier: MIT */
#include "libtx/base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/fd.h"

int tx_file_read_fd(int fd, size_t limit, struct tx_bytes *b) {
    struct stat st;
    size_t start = b->len;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    for (;;) {
        size_t got;
        size_t want = limit - (b->len - start) + 1;
        if (want > 65536)
            want = 65536;
        int r = tx_bytes_reserve(b, want);
        if (r < 0)
            return r;
        r = tx_fd_pread_full(fd, b->data + b->len, want, (off_t)(b->len - start), &got);
        if (r < 0)
            return r;
        b->len += got;
        if (b->len - start > limit)
            return -EFBIG;
        if (got < want)
            return 0;
    }
}

int tx_file_read_at(int dirfd, const char *path, size_t limit, struct tx_bytes *b) {
    _cleanup_(tx_fd_closep) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    return tx_file_read_fd(fd, limit, b);
}

int tx_file_replace_at(int dirfd, const char *path, const void *p, size_t n, mode_t mode) {
    char temporary[512];
    int length = snprintf(temporary, sizeof(temporary), "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return -ENAMETOOLONG;

    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    _cleanup_(tx_fd_closep) int fd = openat(dirfd, temporary, flags, mode);
    if (fd < 0 && errno == EACCES && unlinkat(dirfd, temporary, 0) == 0)
        fd = openat(dirfd, temporary, flags, mode); /* a crash had left a read-only one */
    if (fd < 0)
        return -errno;
    int r = tx_fd_write_all(fd, p, n);
    if (r < 0)
        return r;
    if (fsync(fd) < 0)
        return -errno;
    if (renameat(dirfd, temporary, dirfd, path) < 0)
        return -errno;
    return fsync(dirfd) < 0 ? -errno : 0;
}
