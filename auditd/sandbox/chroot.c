/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "auditd/sandbox/parts.h"
#include "libtx/base/fd.h"

/* A directory without a name: nobody, not even root, can put anything into it. */
static int open_empty(int *ret_fd) {
    static const char *const places[] = {"/run", "/tmp", "/dev/shm"};
    int error = ENOENT;

    for (size_t i = 0; i < TX_COUNT_OF(places); i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/tracex-empty-XXXXXX", places[i]);
        if (!mkdtemp(path)) {
            error = errno;
            continue;
        }
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        error = errno;
        rmdir(path);
        if (fd >= 0) {
            *ret_fd = fd;
            return 0;
        }
    }
    return -error;
}

/* Sets the ids that the file system is asked with. They return the old ones and cannot fail but by
 * leaving them as they are; then the next call tells. */
static void ask_as(uid_t uid, gid_t gid) {
    setfsgid(gid);
    setfsuid(uid);
}

int tx_chroot_to(int fd, uid_t uid, gid_t gid) {
    _cleanup_(tx_fd_closep) int empty = -1;
    int r = 0;

    if (fd < 0) {
        r = open_empty(&empty);
        if (r < 0)
            return r;
        fd = empty;
        uid = geteuid();
        gid = getegid();
    }
    /* The directory may be closed to a root that has no CAP_DAC_OVERRIDE. */
    ask_as(uid, gid);
    if (fchdir(fd) < 0 || chroot(".") < 0)
        r = -errno;
    ask_as(geteuid(), getegid());
    return r;
}
