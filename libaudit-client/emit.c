/* SPDX-License-Identifier: MIT */

/*
 * The way of one record: event → checked → encoded right into the ring → handed to the kernel. Its
 * number is the next one at that very moment, so that numbers reach the daemon in order, whatever
 * threads waited in between; a record that could not be delivered takes its number with it, and so
 * leaves the gap that the daemon writes down as a loss.
 */

#include <string.h>

#include "libaudit-client/client.h"
#include "libaudit-client/connection.h"
#include "libaudit-client/event.h"
#include "libaudit-client/replies.h"
#include "libaudit-client/wait.h"
#include "libtx/base/clock.h"

/* So often answers are looked for, when nothing else asks for it; a look costs a system call. */
#define CALLS_PER_LOOK 512

/* A kernel out of memory says that a socket is writable, and then takes nothing. */
#define TURNS_AT_ONCE 4

enum { E_RING_FULL = 1, E_SOCKET_FULL };

struct job {
    const struct tx_event *event;
    uint8_t id[16];
    int64_t time;
    uint64_t n; /* when it was sent */
};

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
    tx_resend_commit(&client->resend, n, record->n);
    return 0;
}

static size_t fields_bytes(const struct tx_record *record) {
    struct tx_record without = *record;
    without.n_fields = 0;
    return tx_wire_record_bytes(record) - tx_wire_record_bytes(&without);
}

/* The event as a record; what is wrong with it is the caller's fault, and no loss. */
static int read_event(struct tx_client *client, const struct job *job, struct tx_record *ret) {
    int r = tx_event_read(job->event, client->fields, client->names, ret);

    if (r == 0 && fields_bytes(ret) > TX_LIMIT_FIELDS_BYTES)
        r = -EMSGSIZE;
    if (r < 0)
        return r;
    ret->time = job->time;
    ret->n = client->next_n;
    memcpy(ret->id, job->id, sizeof(ret->id));
    return 0;
}

static bool is_look_due(struct tx_client *client) {
    const struct tx_resend *resend = &client->resend;
    uint32_t calls = ++client->connection.calls;

    return calls >= CALLS_PER_LOOK || (calls >= 32 && resend->used > resend->capacity / 2);
}

static int deliver(struct tx_client *client, const struct tx_record *record) {
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
    return r == 0 ? encode_and_send(client, record) : r;
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

/* The record is read anew after each wait: others have used the memory that it stood in. */
static int deliver_in_time(struct tx_client *client, struct job *job, struct tx_record *record) {
    int64_t until = 0;

    for (unsigned turn = 0;; turn++) {
        int r = deliver(client, record);
        if (r == 0)
            job->n = client->next_n++;
        if (r == -EPIPE)
            r = tx_connection_ensure(client); /* the next turn, if there is a new one */
        else if (r <= 0)
            return r;
        if (r < 0)
            return r;
        if (r > 0) {
            int64_t now = tx_clock_boot();
            until = until ? until : now + client->settings.block;
            if (now >= until)
                return -EAGAIN;
            make_room(client, r, until);
            if (turn >= TURNS_AT_ONCE)
                tx_wait_moment(client);
        }
        r = read_event(client, job, record);
        if (r < 0)
            return r; /* the caller's other thread changes it under our hands */
    }
}

static void lose(struct tx_client *client) {
    client->next_n++;
    client->stats.lost++;
}

static int start(struct tx_client *client, struct job *job, struct tx_record *ret_record) {
    uint8_t random[10];

    int r = read_event(client, job, ret_record);
    if (r < 0) {
        client->stats.refused++;
        return r;
    }
    r = tx_random_take(&client->random, random, sizeof(random));
    if (r < 0) {
        lose(client);
        return r;
    }
    tx_uuid7_make(job->time, random, job->id);
    memcpy(ret_record->id, job->id, sizeof(job->id));
    return 0;
}

/* Returns what the application is told. */
static int count_loss(struct tx_client *client, enum tx_durability durability, int error) {
    if (error == -EMSGSIZE) {
        client->stats.refused++;
        return error;
    }
    lose(client);
    bool drop = client->settings.when_full == TX_FULL_DROP && durability == TX_QUEUED;
    return drop ? 0 : error;
}

/* --- until it is durable --- */

static void remove_waiter(struct tx_client *client, struct tx_waiter *waiter) {
    struct tx_waiter **at = &client->waiters;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
}

static bool is_acknowledged(const struct tx_client *client, uint64_t n) {
    return n < client->resend.acknowledged;
}

static int await_receipt(struct tx_client *client, const struct job *job,
                         struct tx_receipt *ret_receipt) {
    struct tx_waiter waiter = {.next = client->waiters, .n = job->n};
    int64_t until = tx_clock_boot() + client->settings.durable;

    client->waiters = &waiter;
    while (!waiter.done && client->is_ready && tx_clock_boot() < until)
        tx_wait_answer(client, until);
    if (!client->is_ready)
        return -ECANCELED; /* a signal handler has forked, and this is the child */
    remove_waiter(client, &waiter);
    if (!waiter.done)
        return is_acknowledged(client, job->n) ? -ENODATA : -ETIMEDOUT;
    if (waiter.result == 0 && ret_receipt) {
        ret_receipt->seq = waiter.seq;
        memcpy(ret_receipt->leaf, waiter.leaf, sizeof(waiter.leaf));
        tx_uuid_render(job->id, ret_receipt->id);
    }
    return waiter.result;
}

/* --- all of it --- */

static int emit(struct tx_client *client, struct job *job) {
    struct tx_record record;

    int r = start(client, job, &record);
    if (r < 0)
        return r;
    if (client->is_closed) {
        tx_settings_get(&client->settings);
        client->is_closed = false;
    }
    r = deliver_in_time(client, job, &record);
    explicit_bzero(client->fields, record.n_fields * sizeof(client->fields[0]));
    if (r < 0)
        return count_loss(client, job->event->durability, r);
    client->stats.logged++;
    if (job->event->durability != TX_DURABLE)
        return 0;
    return await_receipt(client, job, job->event->ret_receipt);
}

int tx_audit_emit(const struct tx_event *event) {
    struct job job = {.event = event, .time = tx_clock_wall()};
    struct tx_event known;
    struct tx_call call;

    if (!event)
        return -EINVAL;
    if (event->size != sizeof(*event)) {
        int r = tx_sized_read(event, offsetof(struct tx_event, outcome), &known, sizeof(known));
        if (r < 0)
            return r;
        job.event = &known;
    }
    int r = tx_call_enter(&call);
    if (r < 0)
        return r;
    r = emit(call.client, &job);
    tx_call_leave(&call);
    return r;
}
