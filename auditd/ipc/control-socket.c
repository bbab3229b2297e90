/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/control-socket.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "libtx/base/fd.h"

int tx_control_socket_open(const char *path, int timeout_ms, int *ret_fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    _cleanup_(tx_fd_closep) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

int tx_control_socket_exchange(int fd, struct tx_text request, struct tx_buf *b) {
    ssize_t n;

    do
        n = send(fd, request.p, request.n, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EPIPE) /* who is refused at once has an answer all the same */
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    do
        n = recv(fd, b->data + b->len, b->cap - b->len, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? -ETIMEDOUT : errno == ECONNRESET ? -EPIPE : -errno;
    if (n == 0)
        return -EPIPE;
    return tx_buf_reserve(b, (size_t)n) ? 0 : -EMSGSIZE;
}

int tx_control_socket_ask(const char *path, struct tx_text request, int timeout_ms,
                          struct tx_buf *b) {
    _cleanup_(tx_fd_closep) int fd = -1;

    int r = tx_control_socket_open(path, timeout_ms, &fd);
    return r < 0 ? r : tx_control_socket_exchange(fd, request, b);
}
