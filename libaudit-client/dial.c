/* SPDX-License-Identifier: MIT */
#include "libaudit-client/dial.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/wire/wire.h"

/* A high number is not what a program that closes and opens low ones comes by. */
#define FD_LEAST 800
/* Where that is more than is allowed: so far below the end. */
#define FD_SPARE 16

/* Less is no daemon of ours. */
#define MAX_BYTES_LEAST 4096

/* The daemon hands out one; room for more, so that those are closed and not lost. */
#define PASSED_FDS_MAX 4

static struct timespec timespec_of(int64_t ns) {
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

/* A full queue of connections is waited for, up to the time. */
int tx_dial(const struct tx_settings *settings, int *ret_fd) {
    _cleanup_(tx_fd_closep) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int64_t us = settings->connect / 1000 + 1; /* 0 would be without limit */
    struct timeval limit = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    memcpy(address.sun_path, settings->path, sizeof(settings->path));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

int tx_dial_await(int fd, int64_t until) {
    for (;;) {
        int64_t left = until - tx_clock_boot();
        struct timespec ts = timespec_of(left > 0 ? left : 0);
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        int r = ppoll(&poll_fd, 1, &ts, NULL);
        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

/* The one descriptor of the message; any other number of them is closed. */
static int take_fd(struct msghdr *message, int *ret_fd) {
    int fds[PASSED_FDS_MAX + 1], n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n_bytes = c->cmsg_len - CMSG_LEN(0);
        if (n_bytes > sizeof(fds) - (size_t)n * sizeof(int))
            n_bytes = sizeof(fds) - (size_t)n * sizeof(int);
        memcpy(fds + n, CMSG_DATA(c), n_bytes);
        n += (int)(n_bytes / sizeof(int));
    }
    if (n == 1 && !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        *ret_fd = fds[0];
        return 0;
    }
    for (int i = 0; i < n; i++)
        close(fds[i]);
    /* Descriptors that there was no number for are left out and marked so. */
    return n == 0 && message->msg_flags & MSG_CTRUNC ? -EMFILE : -EPROTO;
}

/* What comes with WELCOME must be what records may be written to. */
static int check_lane(int fd) {
    int domain, type;
    socklen_t n = sizeof(domain);

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) < 0)
        return -EPROTO;
    n = sizeof(type);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0)
        return -EPROTO;
    return domain == AF_UNIX && type == SOCK_SEQPACKET ? 0 : -EPROTO;
}

int tx_dial_welcome(int fd, int64_t until, int *ret_lane, size_t *ret_max_bytes) {
    _cleanup_(tx_fd_closep) int lane = -1;
    uint8_t datagram[TX_WIRE_REPLY_BYTES];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * PASSED_FDS_MAX)];
    } control;
    struct iovec iov = {.iov_base = datagram, .iov_len = sizeof(datagram)};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    struct tx_wire_reply reply;

    int r = tx_dial_await(fd, until);
    if (r < 0)
        return r;
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    r = take_fd(&message, &lane);
    if (n == 0)
        return -ECONNRESET;
    if (r == 0)
        r = check_lane(lane);
    if (r < 0)
        return r;
    if (tx_wire_reply_parse(datagram, (size_t)n, &reply) < 0 || reply.type != TX_WIRE_WELCOME ||
        reply.max_bytes < MAX_BYTES_LEAST)
        return -EPROTO;
    *ret_max_bytes = reply.max_bytes;
    *ret_lane = tx_fd_steal(&lane);
    return 0;
}

int tx_dial_move_up(int fd) {
    struct rlimit limit;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_LEAST);
    if (high < 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > FD_SPARE)
        high = fcntl(fd, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - FD_SPARE);
    if (high < 0)
        return fd; /* hardly any are allowed here */
    close(fd);
    return high;
}
