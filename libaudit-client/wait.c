/* SPDX-License-Identifier: MIT */
#include "libaudit-client/wait.h"

#include <poll.h>

#include "libaudit-client/connection.h"
#include "libaudit-client/replies.h"
#include "libtx/base/clock.h"

/* A wait without limit wakes up now and then; that costs nothing. */
#define STEP INT64_C(1000000000)

struct timespec tx_wait_step(int64_t until) {
    int64_t left = until - tx_clock_boot();

    left = left < 0 ? 0 : left > STEP ? STEP : left;
    return (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
}

static void poll_unlocked(struct tx_client *client, short events, int64_t until) {
    struct pollfd poll_fd = {.fd = tx_connection_fd(&client->connection), .events = events};
    struct timespec timeout = tx_wait_step(until);

    tx_combine_unlock(client);
    ppoll(&poll_fd, 1, &timeout, NULL);
    tx_lock_take(&client->lock);
}

static void sleep_unlocked(struct tx_client *client, int64_t until) {
    struct timespec timeout = tx_wait_step(until);
    uint32_t seen = tx_bell_look(&client->bell);

    client->n_sleepers++;
    tx_combine_unlock(client);
    tx_bell_wait(&client->bell, seen, &timeout);
    tx_lock_take(&client->lock);
    client->n_sleepers--;
}

static void read_for_all(struct tx_client *client, int64_t until) {
    __atomic_store_n(&client->is_read, true, __ATOMIC_SEQ_CST);
    poll_unlocked(client, client->resend.n_unsent ? POLLIN | POLLOUT : POLLIN, until);
    __atomic_store_n(&client->is_read, false, __ATOMIC_SEQ_CST);
    tx_replies_drain(client);
    if (client->connection.is_open)
        (void)!tx_connection_resend(client);
    tx_connection_probe(client);
    if (client->n_sleepers)
        tx_bell_ring(&client->bell);
}

void tx_wait_answer(struct tx_client *client, int64_t until) {
    if (client->is_read) {
        sleep_unlocked(client, until);
        return;
    }
    if (!client->is_closed && tx_connection_ensure(client) == 0) {
        read_for_all(client, until);
        return;
    }
    tx_wait_connection(client, until);
}

void tx_wait_connection(struct tx_client *client, int64_t until) {
    int64_t due = client->connection.due;
    sleep_unlocked(client, due < until ? due : until);
}

void tx_wait_moment(struct tx_client *client) {
    sleep_unlocked(client, tx_clock_boot() + 1000000);
}

void tx_wait_writable(struct tx_client *client, int64_t until) {
    if (client->connection.is_open)
        poll_unlocked(client, POLLOUT, until);
}
