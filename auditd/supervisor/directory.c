/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/* tile/<level>/x001/x234: nothing of ours is deeper. */
#define DEPTH_MAX 8

/* Clients pass through the one of the socket, whatever the umask is. EROFS and EACCES come for
 * directories that are there, too; the first use of one that is not tells. */
static int make_one(const char *path) {
    if (mkdir(path, 0755) == 0)
        return chmod(path, 0755) < 0 ? -errno : 0;
    return errno == EEXIST || errno == EROFS || errno == EACCES ? 0 : -errno;
}

static int make_parents(char *path) {
    int r = 0;
    for (char *slash = strchr(path + 1, '/'); slash && r == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        r = make_one(path);
        *slash = '/';
    }
    return r;
}

int tx_directory_make_above(const char *path) {
    _cleanup_(tx_freep) char *copy = strdup(path);
    return copy ? make_parents(copy) : -ENOMEM;
}

/* --- giving what lies in a directory to another user --- */

/* A file with a second name may be somebody's trap; a link is never followed. */
static int give_entry(int dirfd, const char *name, const struct stat *st,
                      const struct tx_directory_wish *wish) {
    if (S_ISREG(st->st_mode) && st->st_nlink > 1)
        return 0;
    if (st->st_uid == wish->uid && st->st_gid == wish->gid)
        return 0;
    return fchownat(dirfd, name, wish->uid, wish->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int open_level(int dirfd, const char *name, DIR **ret) {
    _cleanup_(tx_fd_closep) int fd =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    DIR *dir = fdopendir(fd);
    if (!dir)
        return -errno;
    tx_fd_steal(&fd);
    *ret = dir;
    return 0;
}

static int give_content(int fd, const struct tx_directory_wish *wish) {
    DIR *levels[DEPTH_MAX] = {NULL};
    int r = open_level(fd, ".", &levels[0]);
    size_t n = r < 0 ? 0 : 1;

    while (r >= 0 && n > 0) {
        DIR *dir = levels[n - 1];
        struct dirent *entry = readdir(dir);
        struct stat st;
        if (!entry) {
            closedir(dir);
            n--;
            continue;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue; /* it went away */
        r = give_entry(dirfd(dir), entry->d_name, &st, wish);
        if (r >= 0 && S_ISDIR(st.st_mode) && n < DEPTH_MAX) {
            r = open_level(dirfd(dir), entry->d_name, &levels[n]);
            if (r >= 0)
                n++;
        }
    }
    while (n > 0)
        closedir(levels[--n]);
    return r;
}

static int grant(int fd, const struct tx_directory_wish *wish) {
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (wish->set_owner && st.st_uid != wish->uid) {
        int r = give_content(fd, wish);
        if (r < 0)
            return r;
        if (fchown(fd, wish->uid, wish->gid) < 0)
            return -errno;
    }
    if ((st.st_mode & wish->forbidden) && fchmod(fd, st.st_mode & 07777 & ~wish->forbidden) < 0)
        return -errno;
    return 0;
}

/* In place of fd. The mount lives as long as the descriptor. */
static void detach(int *fd) {
    _cleanup_(tx_fd_closep) int tree =
        (int)syscall(SYS_open_tree, *fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (tree < 0)
        return; /* no CAP_SYS_ADMIN */
    int detached = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (detached < 0)
        return;
    tx_fd_closep(fd);
    *fd = detached;
}

int tx_directory_open(const char *path, const struct tx_directory_wish *wish, int *ret_fd) {
    int r = tx_directory_make_above(path);
    if (r < 0)
        return r;
    bool made = mkdir(path, wish->mode) == 0;
    if (!made && errno != EEXIST && errno != EROFS && errno != EACCES)
        return -errno;
    _cleanup_(tx_fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (made && fchmod(fd, wish->mode) < 0) /* whatever the umask is */
        return -errno;
    r = grant(fd, wish);
    if (r < 0)
        return r;
    if (wish->detached)
        detach(&fd);
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

int tx_directory_lock(int fd, int64_t wait_ns) {
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    int64_t end = tx_clock_boot() + wait_ns;

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return -errno;
        if (tx_clock_boot() >= end)
            return -EBUSY;
        nanosleep(&pause, NULL);
    }
    return 0;
}
