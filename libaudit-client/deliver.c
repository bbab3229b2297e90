/* SPDX-License-Identifier: MIT */
#include "libaudit-client/deliver.h"

#include "libaudit-client/connection.h"
#include "libaudit-client/replies.h"
#include "libaudit-client/wait.h"
#include "libtx/base/clock.h"

/* So often answers are looked for, when nothing else asks for it; a look costs a system call. */
#define CALLS_PER_LOOK 512

/* A kernel out of memory says that a socket is writable, and then takes nothing. */
#define TURNS_AT_ONCE 4

enum { E_SOCKET_FULL = TX_DELIVER_E_SOCKET_FULL, E_RING_FULL };

/* --- one attempt --- */

static int encode(struct tx_client *client, const struct tx_record *record, uint8_t *to,
                  size_t n_to) {
    struct tx_buf b = tx_buf_of(to, n_to);

    tx_wire_records_begin(&b, client->secret);
    tx_wire_records_add(&b, record);
    return tx_wire_records_end(&b, 1);
}

static int encode_and_send(struct tx_client *client, const struct tx_record *record) {
    size_t n = TX_WIRE_RECORDS_BYTES + tx_wire_record_bytes(record);

    if (n > TX_LIMIT_DATAGRAM_BYTES || n > client->connection.max_bytes)
        return -EMSGSIZE;
    uint8_t *to = tx_resend_reserve(&client->resend, n);
    if (!to)
        return E_RING_FULL;
    int r = encode(client, record, to, n);
    if (r == 0)
        r = tx_connection_send(client, to, n);
    if (r < 0) {
        tx_resend_abandon(&client->resend, n);
        return r == -EAGAIN ? E_SOCKET_FULL : r;
    }
    tx_resend_commit(&client->resend, n, record->n, 1);
    return 0;
}

static bool is_look_due(struct tx_client *client) {
    const struct tx_resend *resend = &client->resend;
    uint32_t calls = ++client->connection.calls;

    return calls >= CALLS_PER_LOOK || (calls >= 32 && resend->used > resend->capacity / 2);
}

static void open_again(struct tx_client *client) {
    tx_settings_get(&client->settings);
    client->is_closed = false;
}

int tx_deliver_connect(struct tx_client *client) {
    if (client->is_closed)
        open_again(client);
    int r = tx_connection_ensure(client);

    if (r == 0 && is_look_due(client) && !client->is_read) {
        tx_replies_drain(client);
        r = tx_connection_ensure(client);
    }
    if (r == 0 && client->resend.n_unsent > 0) { /* those come first */
        r = tx_connection_resend(client);
        if (r == -EAGAIN)
            return E_SOCKET_FULL;
    }
    return r;
}

int tx_deliver_prepare(struct tx_client *client) {
    tx_batch_close(client);
    return tx_deliver_connect(client);
}

static int deliver(struct tx_client *client, struct tx_job *job) {
    struct tx_record record;

    int r = tx_job_read(client, job, &record);
    if (r < 0)
        return r;
    r = tx_deliver_prepare(client);
    record.n = client->next_n;
    tx_job_classify(job, &record);
    if (r == 0)
        r = encode_and_send(client, &record);
    tx_job_wipe(client, &record);
    if (r == 0)
        tx_job_sent(client, job, client->next_n++);
    return r;
}

/* --- until it is sent, or not --- */

static void make_room(struct tx_client *client, int why, int64_t until) {
    size_t n = client->resend.n;

    if (why == E_SOCKET_FULL)
        tx_wait_writable(client, until);
    if (!client->is_read)
        tx_replies_drain(client);
    if (why == E_RING_FULL && client->resend.n == n && client->connection.is_open)
        tx_wait_answer(client, until);
}

static void wait_for(struct tx_client *client, int why, unsigned turn, int64_t until) {
    if (why == -ENOTCONN) {
        tx_wait_connection(client, until);
        return;
    }
    make_room(client, why, until);
    if (turn >= TURNS_AT_ONCE)
        tx_wait_moment(client);
}

static int64_t end_of(int64_t patience) {
    return patience == INT64_MAX ? patience : tx_clock_boot() + patience;
}

/* The event is read anew after each wait: others have used the memory that its fields stood in. */
int tx_deliver(struct tx_client *client, struct tx_job *job) {
    uint32_t n_closes = client->n_closes;
    int64_t until = 0;

    for (unsigned turn = 0;; turn++) {
        int r = deliver(client, job);
        if (r == -EPIPE && (r = tx_connection_ensure(client)) == 0)
            continue; /* there is a new one */
        if (r == 0 || (r < 0 && (r != -ENOTCONN || !tx_job_waits_for_daemon(job))))
            return r;
        until = until ? until : end_of(tx_job_patience(client, job));
        if (tx_clock_boot() >= until)
            return r < 0 ? r : -EAGAIN;
        wait_for(client, r, turn, until);
        if (!client->is_ready || client->n_closes != n_closes)
            return -ECANCELED; /* in a child of a signal handler; or closed */
    }
}
