/* SPDX-License-Identifier: MIT */
#include "libaudit-client/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "libaudit-client/demand.h"
#include "libaudit-client/fork.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define DELAY_FIRST INT64_C(100000000)
#define DELAY_MAX INT64_C(2000000000)

/* So long a silence is odd: the daemon answers within milliseconds of a record's being durable. */
#define SILENCE INT64_C(1000000000)

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

/* --- connect, WELCOME --- */

/* A full queue of connections is waited for, up to the time. */
static int dial(const struct tx_settings *settings, int *ret_fd) {
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

static int await_readable(int fd, int64_t until) {
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

static int receive_welcome(int fd, int64_t until, int *ret_lane, size_t *ret_max_bytes) {
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

    int r = await_readable(fd, until);
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

/* Behind WELCOME; a daemon that knows none hangs up instead, and what was learned before holds no
 * more. */
static int receive_policy(int fd, int64_t until) {
    struct tx_wire_policy *policy = tx_demand_prepare();
    static uint8_t datagram[TX_WIRE_POLICY_BYTES + 1]; /* callers' stacks may be small */

    int r = await_readable(fd, until);
    if (r < 0)
        return r;
    ssize_t n = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT);
    if (n < 0)
        return -errno;
    if (n == 0)
        policy->n_classes = 0;
    else if (tx_wire_policy_parse(datagram, (size_t)n, policy) < 0)
        return -EPROTO;
    tx_demand_learn();
    return 0;
}

static int move_up(int fd) {
    struct rlimit limit;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_LEAST);
    if (high < 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > FD_SPARE)
        high = fcntl(fd, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - FD_SPARE);
    if (high < 0)
        return fd; /* hardly any are allowed here */
    close(fd);
    return high;
}

static int attempt(struct tx_client *client) {
    struct tx_connection *connection = &client->connection;
    int64_t until = tx_clock_boot() + client->settings.connect;
    _cleanup_(tx_fd_closep) int fd = -1, lane = -1;

    int r = dial(&client->settings, &fd);
    if (r == 0)
        r = receive_welcome(fd, until, &lane, &connection->max_bytes);
    if (r == 0)
        r = receive_policy(fd, until);
    if (r < 0)
        return r;
    connection->fd_and_one = move_up(tx_fd_steal(&lane)) + 1;
    connection->is_open = true;
    connection->is_proven = false;
    connection->calls = 0;
    tx_fork_keep_fd(tx_connection_fd(connection));
    return 0;
}

/* --- life --- */

static void back_off(struct tx_connection *connection) {
    connection->delay = connection->delay ? connection->delay * 2 : DELAY_FIRST;
    if (connection->delay > DELAY_MAX)
        connection->delay = DELAY_MAX;
    connection->due = tx_clock_boot() + connection->delay;
}

int tx_connection_ensure(struct tx_client *client) {
    struct tx_connection *connection = &client->connection;

    if (connection->is_open)
        return 0;
    if (tx_clock_boot() < connection->due)
        return -ENOTCONN;
    int r = attempt(client);
    client->stats.connect_error = -r;
    if (r < 0) {
        back_off(connection);
        return -ENOTCONN;
    }
    client->stats.connects++;
    connection->heard = tx_clock_boot();
    tx_resend_rewind(&client->resend);
    r = tx_connection_resend(client);
    return r == -EPIPE ? -ENOTCONN : 0;
}

static void drop(struct tx_connection *connection) {
    connection->is_open = false;
    connection->fd_and_one = 0;
    tx_fork_close_fd(true);
}

/* What is acknowledged and not kept will not be sent again, so no receipt comes for it. */
static void end_acknowledged(struct tx_client *client) {
    const struct tx_resend *resend = &client->resend;

    struct tx_waiter *next;

    for (struct tx_waiter *w = client->waiters.first; w; w = next) {
        next = w->next;
        if (resend->n == 0 || w->n < tx_resend_oldest(resend))
            tx_waiters_end(&client->waiters, w, -ENODATA);
    }
}

void tx_connection_lost(struct tx_client *client, int error) {
    struct tx_connection *connection = &client->connection;

    if (!connection->is_open)
        return;
    drop(connection);
    end_acknowledged(client);
    client->stats.connect_error = -error;
    if (!connection->is_proven) {
        back_off(connection);
        return;
    }
    connection->delay = 0;
    connection->due = 0;
}

void tx_connection_close(struct tx_client *client) {
    if (client->connection.is_open)
        drop(&client->connection);
    client->connection.delay = client->connection.due = 0;
}

/* --- sending --- */

int tx_connection_send(struct tx_client *client, const void *datagram, size_t n) {
    int fd = tx_connection_fd(&client->connection);

    if (!tx_fork_is_kept(fd)) {
        tx_connection_lost(client, -EBADF);
        return -EPIPE;
    }
    ssize_t sent = send(fd, datagram, n, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent >= 0)
        return 0;
    switch (errno) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
    case EINTR:
        return -EAGAIN;
    case EMSGSIZE:
        return -EMSGSIZE;
    default:
        tx_connection_lost(client, -errno);
        return -EPIPE;
    }
}

int tx_connection_resend(struct tx_client *client) {
    struct tx_resend_datagram datagram;

    while (tx_resend_next(&client->resend, &datagram)) {
        int r = tx_connection_send(client, datagram.p, datagram.n);
        if (r == -EAGAIN || r == -EPIPE)
            return r;
        /* -EMSGSIZE: a daemon with a smaller socket than the last one. Not sent, it counts as a gap
         * in the numbers, and so as a loss. */
        if (r < 0)
            client->stats.lost += datagram.count;
        tx_resend_sent(&client->resend);
    }
    return 0;
}

void tx_connection_probe(struct tx_client *client) {
    struct tx_connection *connection = &client->connection;
    struct tx_resend_datagram datagram;
    int64_t now = tx_clock_boot();

    if (!connection->is_open || now - connection->heard < SILENCE ||
        !tx_resend_unacknowledged(&client->resend, &datagram))
        return;
    connection->heard = now;
    (void)!tx_connection_send(client, datagram.p, datagram.n);
}
