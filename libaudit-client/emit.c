/* SPDX-License-Identifier: MIT */

/*
 * The way of one record: event → checked → encoded right into the ring → handed to the kernel,
 * alone (deliver.h) or together with those of other threads that call at the same moment
 * (combine.h). A record that could not be delivered takes a number with it, and so leaves the gap
 * that the daemon writes down as a loss.
 */

#include <string.h>

#include "libaudit-client/buffer.h"
#include "libaudit-client/client.h"
#include "libaudit-client/context/current.h"
#include "libaudit-client/deliver.h"
#include "libaudit-client/job.h"
#include "libaudit-client/wait.h"
#include "libtx/base/clock.h"

/* --- until it is durable --- */

static bool is_done(const struct tx_job *job) {
    return tx_word_state(job->waiter.word) == TX_WAITER_DONE;
}

/* Unless somebody reads who will wake us, that is us. -ECANCELED: a signal handler has forked, and
 * this is the child. */
static int read_for_all(struct tx_call *call, const struct tx_job *job, int64_t until) {
    struct tx_client *client = call->client;

    tx_call_lock(call);
    while (client->is_ready && !is_done(job) && !client->is_read && tx_clock_boot() < until)
        tx_wait_answer(client, until);
    int r = client->is_ready ? 0 : -ECANCELED;
    tx_call_unlock(call);
    return r;
}

static void sleep_until_done(const struct tx_client *client, const struct tx_job *job,
                             int64_t until) {
    struct timespec timeout = tx_wait_step(until);

    tx_word_announce_sleep(job->waiter.word, TX_WAITER_SENT);
    if (tx_client_is_read(client)) /* who ceases to read after this look nudges us */
        tx_word_sleep(job->waiter.word, TX_WAITER_SENT, &timeout);
}

static int give_up(struct tx_call *call, struct tx_job *job) {
    struct tx_client *client = call->client;
    int r = -ETIMEDOUT;

    tx_call_lock(call);
    if (!client->is_ready)
        r = -ECANCELED;
    else if (is_done(job))
        r = job->waiter.result;
    else
        tx_waiters_remove(&client->waiters, &job->waiter);
    if (r == -ETIMEDOUT && job->waiter.n < client->resend.acknowledged)
        r = -ENODATA;
    tx_call_unlock(call);
    return r;
}

static int await_receipt(struct tx_call *call, struct tx_job *job) {
    int64_t patience = job->receipt_patience;
    int64_t until = patience == INT64_MAX ? patience : tx_clock_boot() + patience;
    int r = 0;

    while (r == 0 && !is_done(job) && tx_clock_boot() < until) {
        if (call->is_locked || !tx_client_is_read(call->client))
            r = read_for_all(call, job, until);
        else
            sleep_until_done(call->client, job, until);
    }
    if (r == 0)
        r = is_done(job) ? job->waiter.result : give_up(call, job);
    return r;
}

static void fill_receipt(const struct tx_job *job, struct tx_receipt *ret) {
    ret->seq = job->waiter.seq;
    memcpy(ret->leaf, job->waiter.leaf, sizeof(job->waiter.leaf));
    tx_uuid_render(job->id, ret->id);
}

/* --- all of it --- */

static int emit(struct tx_client *client, struct tx_job *job) {
    bool is_buffered = job->event->durability == TX_BUFFERED;

    if (tx_combine_is_wanted(&client->combine) && tx_combine_lead(client, job) == TX_COMBINE_E_DONE)
        return 0;
    int r = is_buffered ? tx_buffer_add(client, job, job->called) : TX_BUFFER_E_SEND;
    if (r == TX_BUFFER_E_SEND)
        r = tx_deliver(client, job);
    return r < 0 ? tx_job_failed(client, job, r) : 0;
}

static int run(struct tx_call *call, struct tx_job *job) {
    int r = tx_call_enter_with(call, job);
    if (r < 0)
        return r;
    if (r != TX_COMBINE_E_DONE)
        r = emit(call->client, job);
    else if (!job->is_awaited)
        r = job->waiter.result;
    if (job->is_awaited)
        r = await_receipt(call, job);
    tx_combine_leave(call->client, job);
    tx_call_leave(call);
    if (r == 0 && job->is_awaited && job->event->ret_receipt)
        fill_receipt(job, job->event->ret_receipt);
    return job->is_awaited ? tx_job_waited(call->client, job, r) : r;
}

int tx_audit_emit(const struct tx_event *event) {
    struct tx_job job = {.event = event, .called = tx_clock_wall()};
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
    const struct tx_current *current = tx_current();
    if (current->state == TX_CURRENT_SET) {
        known = *job.event;
        tx_current_fill(current, &known);
        job.event = &known;
    }
    job.time = job.event->time_ns ? job.event->time_ns : job.called;
    return run(&call, &job);
}
