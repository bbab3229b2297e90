/* SPDX-License-Identifier: MIT */
#include "libaudit-client/connection.h"

#include <sys/socket.h>

#include "libaudit-client/demand.h"
#include "libaudit-client/dial.h"
#include "libaudit-client/fork.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define DELAY_FIRST INT64_C(100000000)
#define DELAY_MAX INT64_C(2000000000)

/* So long a silence is odd: the daemon answers within milliseconds of a record's being durable. */
#define SILENCE INT64_C(1000000000)

/* --- connect, WELCOME --- */

/* Behind WELCOME; a daemon that knows none hangs up instead, and what was learned before holds no
 * more. */
static int receive_policy(int fd, int64_t until) {
    struct tx_wire_policy *policy = tx_demand_prepare();
    static uint8_t datagram[TX_WIRE_POLICY_BYTES + 1]; /* callers' stacks may be small */

    int r = tx_dial_await(fd, until);
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

static int attempt(struct tx_client *client) {
    struct tx_connection *connection = &client->connection;
    int64_t until = tx_clock_boot() + client->settings.connect;
    _cleanup_(tx_fd_closep) int fd = -1, lane = -1;

    int r = tx_dial(&client->settings, &fd);
    if (r == 0)
        r = tx_dial_welcome(fd, until, &lane, &connection->max_bytes);
    if (r == 0)
        r = receive_policy(fd, until);
    if (r < 0)
        return r;
    connection->fd_and_one = tx_dial_move_up(tx_fd_steal(&lane)) + 1;
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
