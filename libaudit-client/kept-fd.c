/* SPDX-License-Identifier: MIT */
#include "libaudit-client/kept-fd.h"

#include <sys/socket.h>
#include <unistd.h>

void tx_kept_fd_set(struct tx_kept_fd *kept, int fd) {
    struct stat st;

    if (fstat(fd, &st) < 0)
        return;
    kept->device = st.st_dev;
    kept->inode = st.st_ino;
    __atomic_store_n(&kept->fd_and_one, fd + 1, __ATOMIC_RELEASE);
}

bool tx_kept_fd_is(const struct tx_kept_fd *kept, int fd) {
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_dev == kept->device && st.st_ino == kept->inode;
}

void tx_kept_fd_close(struct tx_kept_fd *kept, bool wake) {
    int fd = __atomic_exchange_n(&kept->fd_and_one, 0, __ATOMIC_ACQ_REL) - 1;

    if (fd < 0 || !tx_kept_fd_is(kept, fd))
        return;
    if (wake)
        shutdown(fd, SHUT_RDWR);
    close(fd);
}
