/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/listener.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "auditd/supervisor/activated.h"
#include "auditd/supervisor/directory.h"
#include "libtx/base/fd.h"

/* As many as may come while we start a child. */
#define BACKLOG 1024

static int make_address(const char *path, struct sockaddr_un *ret) {
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(ret->sun_path))
        return -ENAMETOOLONG;
    strcpy(ret->sun_path, path);
    return 0;
}

/* Removes a socket that nobody listens on. */
static int clear_stale(const struct sockaddr_un *address) {
    struct stat st;

    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    _cleanup_(tx_fd_closep) int fd =
        socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return -EADDRINUSE;
    if (errno != ECONNREFUSED && errno != ENOENT)
        return -EADDRINUSE; /* of another type, or too busy to take us: alive */
    return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int open_own(const char *path, mode_t mode, struct tx_listener *ret) {
    struct sockaddr_un address;
    struct stat st;

    int r = make_address(path, &address);
    if (r < 0)
        return r;
    r = tx_directory_make_above(path);
    if (r < 0)
        return r;
    r = clear_stale(&address);
    if (r < 0)
        return r;
    _cleanup_(tx_fd_closep) int fd =
        socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    mode_t before = umask(0177);
    r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    umask(before);
    if (r < 0)
        return r;
    if (chmod(path, mode) < 0 || lstat(path, &st) < 0 || listen(fd, BACKLOG) < 0) {
        r = -errno;
        unlink(path);
        return r;
    }
    *ret = (struct tx_listener){
        .fd = tx_fd_steal(&fd), .path = path, .dev = st.st_dev, .ino = st.st_ino};
    return 0;
}

int tx_listener_open(const char *path, mode_t mode, struct tx_listener *ret) {
    int fd = tx_activated_take_socket(path);
    if (fd < 0)
        return open_own(path, mode, ret);
    int r = tx_fd_set_nonblocking(fd, 1);
    if (r < 0)
        return r;
    *ret = (struct tx_listener){.fd = fd, .path = path, .activated = true};
    struct stat st;
    if (lstat(path, &st) == 0) {
        ret->dev = st.st_dev;
        ret->ino = st.st_ino;
    }
    return 0;
}

bool tx_listener_is_there(const struct tx_listener *listener) {
    struct stat st;
    return lstat(listener->path, &st) == 0 && st.st_dev == listener->dev &&
           st.st_ino == listener->ino;
}

int tx_listener_renew(struct tx_listener *listener, mode_t mode) {
    struct tx_listener made = TX_LISTENER_INIT;
    int r = open_own(listener->path, mode, &made);
    if (r < 0)
        return r;
    tx_fd_closep(&listener->fd);
    *listener = made;
    return 0;
}

void tx_listener_close(struct tx_listener *listener) {
    if (listener->fd >= 0 && !listener->activated && tx_listener_is_there(listener))
        unlink(listener->path);
    tx_fd_closep(&listener->fd);
}
