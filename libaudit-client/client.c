/* SPDX-License-Identifier: MIT */
#include "libaudit-client/client.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "libaudit-client/buffer.h"
#include "libaudit-client/connection.h"
#include "libaudit-client/fork.h"
#include "libaudit-client/replies.h"
#include "libaudit-client/trace/lane.h"
#include "libaudit-client/wait.h"
#include "libtx/base/clock.h"

/* A signal handler that interrupted one of our calls must not wait for the lock that it holds. */
static _Thread_local bool is_inside __attribute__((tls_model("initial-exec")));

/* --- around each call --- */

static int get_ready(struct tx_client *client) {
    struct tx_settings settings;
    void *ring;

    if (client->is_ready)
        return 0;
    tx_fork_close_fd(false); /* the parent's */
    tx_settings_get(&settings);
    int r = tx_fork_memory(settings.resend_bytes, &ring);
    if (r == 0)
        r = tx_random_take(&client->random, client->secret, sizeof(client->secret));
    if (r < 0)
        return r;
    client->settings = settings;
    tx_resend_init(&client->resend, ring, settings.resend_bytes);
    client->is_ready = true;
    return 0;
}

static int enter(struct tx_call *call) {
    call->is_locked = false;
    if (is_inside)
        return -EDEADLK;
    int r = tx_fork_client(&call->client);
    if (r < 0)
        return r;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel_state);
    is_inside = true;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return 0;
}

/* The lock is held. */
static int begin(struct tx_call *call) {
    call->is_locked = true;
    int r = get_ready(call->client);
    if (r < 0)
        tx_call_leave(call);
    return r;
}

int tx_call_enter(struct tx_call *call) {
    call->saved_errno = errno;
    int r = enter(call);
    if (r < 0) {
        errno = call->saved_errno;
        return r;
    }
    tx_lock_take(&call->client->lock);
    return begin(call);
}

int tx_call_enter_with(struct tx_call *call, struct tx_job *job) {
    call->saved_errno = errno;
    int r = enter(call);
    if (r < 0) {
        errno = call->saved_errno;
        return r;
    }
    r = tx_combine_lock(call->client, job);
    if (r == TX_COMBINE_E_DONE)
        return r;
    r = begin(call);
    if (r < 0)
        tx_combine_leave(call->client, job);
    return r;
}

void tx_call_lock(struct tx_call *call) {
    if (!call->is_locked)
        tx_lock_take(&call->client->lock);
    call->is_locked = true;
}

void tx_call_unlock(struct tx_call *call) {
    if (call->is_locked)
        tx_combine_unlock(call->client);
    call->is_locked = false;
}

void tx_call_leave(struct tx_call *call) {
    tx_call_unlock(call);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    is_inside = false;
    pthread_setcancelstate(call->cancel_state, NULL);
    errno = call->saved_errno;
}

/* --- tx_open, tx_close --- */

int tx_open(const struct tx_options *options) {
    struct tx_settings settings;
    struct tx_call call;
    void *ring;

    int r = tx_settings_read(options, &settings);
    if (r < 0)
        return r;
    r = tx_call_enter(&call);
    if (r < 0)
        return r;
    struct tx_client *client = call.client;
    if (client->connection.is_open || client->resend.n > 0 ||
        (client->next_n > 0 && !client->is_closed))
        r = -EALREADY;
    if (r == 0)
        r = tx_fork_memory(settings.resend_bytes, &ring);
    if (r == 0) {
        tx_settings_set(&settings);
        client->settings = settings;
        client->is_closed = false;
        client->connection.due = client->connection.delay = 0;
        tx_resend_init(&client->resend, ring, settings.resend_bytes);
        r = tx_connection_ensure(client);
    }
    tx_call_leave(&call);
    return r;
}

static void end_waiters(struct tx_client *client) {
    while (client->waiters.first)
        tx_waiters_end(&client->waiters, client->waiters.first, -ECANCELED);
    if (client->n_sleepers)
        tx_bell_ring(&client->bell);
}

static int close_client(struct tx_client *client) {
    tx_buffer_send(client);
    /* What a dead connection did not take is lost; the rest is with the kernel. */
    bool was_open = client->connection.is_open;
    if (was_open && !client->is_read)
        tx_replies_drain(client);
    uint64_t n_lost =
        client->connection.is_open ? client->resend.n_unsent_records : client->resend.n_records;

    tx_connection_close(client);
    tx_resend_clear(&client->resend);
    client->stats.lost += n_lost;
    client->is_closed = true;
    client->n_closes++;
    end_waiters(client);
    tx_settings_set(NULL);
    return n_lost ? -EAGAIN : 0;
}

int tx_close(void) {
    struct tx_call call;

    tx_trace_close();
    if (!tx_fork_client_if_any())
        return 0;
    int r = tx_call_enter(&call);
    if (r < 0)
        return r;
    r = close_client(call.client);
    tx_call_leave(&call);
    return r;
}

/* --- tx_flush, tx_stats --- */

static bool is_durable(const struct tx_client *client, uint64_t target) {
    return client->resend.n == 0 || tx_resend_oldest(&client->resend) >= target;
}

static int flush(struct tx_client *client, int64_t until) {
    uint64_t target = client->next_n;

    tx_buffer_send(client);
    if (!client->is_read)
        tx_replies_drain(client);
    while (!is_durable(client, target)) {
        if (tx_clock_boot() >= until)
            return -ETIMEDOUT;
        tx_wait_answer(client, until);
    }
    return 0;
}

int tx_flush(int timeout_ms) {
    int64_t until = timeout_ms < 0 ? INT64_MAX : tx_clock_boot() + (int64_t)timeout_ms * 1000000;
    struct tx_call call;
    int r = 0;

    if (tx_fork_client_if_any()) {
        r = tx_call_enter(&call);
        if (r < 0)
            return r;
        r = flush(call.client, until);
        tx_call_leave(&call);
    }
    int r_trace = tx_trace_flush(until);
    return r < 0 ? r : r_trace;
}

int tx_stats(struct tx_stats *ret_stats) {
    struct tx_call call;

    if (!ret_stats)
        return -EINVAL;
    int r = tx_call_enter(&call);
    if (r < 0)
        return r;
    struct tx_client *client = call.client;
    struct tx_stats stats = client->stats;
    stats.pending = client->resend.n_records + client->batch.count;
    stats.connected = client->connection.is_open;
    tx_trace_count(&stats);
    tx_call_leave(&call);
    return tx_sized_write(ret_stats, &stats, sizeof(stats));
}

/* --- the process ends --- */

/* Other threads still run. Where records are buffered, one of them may have the lock just now, and
 * it is worth to wait for it. */
static bool take_lock_at_exit(struct tx_client *client) {
    static const struct timespec moment = {.tv_nsec = 1000000};
    int n_left = __atomic_load_n(&client->flusher.is_started, __ATOMIC_RELAXED) ? 200 : 0;

    while (!tx_lock_try(&client->lock)) {
        if (n_left-- == 0)
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

/* What a full socket did not take of what is buffered. */
static void wait_at_exit(struct tx_client *client) {
    int64_t until = tx_clock_boot() + client->settings.block;

    while (client->resend.n_unsent > 0 && client->connection.is_open && tx_clock_boot() < until) {
        tx_wait_writable(client, until);
        if (client->connection.is_open)
            (void)!tx_connection_resend(client);
    }
}

/* What is queued is with the kernel, unless the daemon died and nobody called since: then it is
 * sent once more, to whoever listens by now. What is buffered goes now. */
__attribute__((destructor)) static void send_at_exit(void) {
    struct tx_client *client = tx_fork_client_if_any();

    if (!client || is_inside || !take_lock_at_exit(client))
        return;
    is_inside = true;
    if (client->is_ready)
        tx_buffer_send(client);
    if (client->is_ready && client->resend.n > 0 && !client->is_read) {
        tx_replies_drain(client);
        if (!client->connection.is_open)
            (void)!tx_connection_ensure(client);
    }
    if (client->is_ready && client->flusher.is_started)
        wait_at_exit(client);
    tx_combine_unlock(client);
    is_inside = false;
}
