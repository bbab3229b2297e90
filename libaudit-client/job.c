/* SPDX-License-Identifier: MIT */
#include "libaudit-client/job.h"

#include <string.h>

#include "libaudit-client/event.h"

/* Once, so that a record that is sent again keeps its id. */
static int make_id(struct tx_client *client, struct tx_job *job) {
    uint8_t random[10];

    if (job->has_id)
        return 0;
    if (tx_random_take(&client->random, random, sizeof(random)) < 0)
        return -EAGAIN;
    tx_uuid7_make(job->time, random, job->id);
    job->has_id = true;
    return 0;
}

void tx_job_classify(struct tx_job *job, struct tx_record *record) {
    uint32_t generation = tx_demand_generation();

    if (!job->is_classified || job->generation != generation)
        job->has_demand = tx_demand_find(record->event, &job->demand);
    job->is_classified = true;
    job->generation = generation;
    job->is_durable = job->event->durability == TX_DURABLE ||
                      (job->has_demand && job->demand.level == TX_WIRE_DURABLE);
    job->is_buffered = job->event->durability == TX_BUFFERED && !job->has_demand;
    record->wants_receipt = job->is_durable;
}

int tx_job_read(struct tx_client *client, struct tx_job *job, struct tx_record *ret) {
    int r = tx_event_read(job->event, client->fields, client->names, ret);

    if (r == 0 && tx_wire_fields_bytes(ret) > TX_LIMIT_FIELDS_BYTES)
        r = -EMSGSIZE;
    if (r == 0)
        r = make_id(client, job);
    if (r < 0)
        return r;
    ret->time = job->time;
    ret->n = client->next_n;
    memcpy(ret->id, job->id, sizeof(ret->id));
    tx_job_classify(job, ret);
    return 0;
}

void tx_job_wipe(struct tx_client *client, const struct tx_record *record) {
    explicit_bzero(client->fields, record->n_fields * sizeof(client->fields[0]));
}

static int64_t patience(const struct tx_job *job, int64_t by_options) {
    if (!job->has_demand)
        return by_options;
    if (job->demand.unavailable == TX_WIRE_BLOCK)
        return INT64_MAX;
    return job->demand.has_timeout ? (int64_t)job->demand.timeout_ms * 1000000 : by_options;
}

void tx_job_sent(struct tx_client *client, struct tx_job *job, uint64_t n) {
    client->stats.logged++;
    if (!job->is_durable)
        return;
    job->is_awaited = true;
    job->receipt_patience = patience(job, client->settings.durable);
    job->waiter.n = n;
    if (!job->waiter.word)
        job->waiter.word = &job->waiter.own;
    tx_waiters_add(&client->waiters, &job->waiter);
    tx_word_set_sent(job->waiter.word);
}

bool tx_job_is_refused(int error) {
    return error == -EINVAL || error == -EEXIST || error == -EPERM || error == -E2BIG ||
           error == -EMSGSIZE;
}

/* Whoever asks for a receipt himself is never told that all is well without one. What is demanded
 * of the event comes before the program's options. */
static bool may_drop(const struct tx_client *client, const struct tx_job *job) {
    if (job->event->durability == TX_DURABLE)
        return false;
    return job->has_demand ? job->demand.unavailable == TX_WIRE_DROP
                           : client->settings.when_full == TX_FULL_DROP;
}

int tx_job_failed(struct tx_client *client, const struct tx_job *job, int error) {
    if (tx_job_is_refused(error)) {
        client->stats.refused++;
        return error;
    }
    tx_batch_close(client);
    client->next_n++; /* the daemon sees the gap, and records it as a loss */
    client->stats.lost++;
    return may_drop(client, job) ? 0 : error;
}

int tx_job_waited(const struct tx_client *client, const struct tx_job *job, int error) {
    if (error == -ENODATA && job->event->durability != TX_DURABLE)
        return 0; /* it is durable, and nobody asked for the receipt */
    return error == -ETIMEDOUT && may_drop(client, job) ? 0 : error;
}

int64_t tx_job_patience(const struct tx_client *client, const struct tx_job *job) {
    return patience(job, client->settings.block);
}

bool tx_job_waits_for_daemon(const struct tx_job *job) {
    return job->has_demand && (job->demand.unavailable == TX_WIRE_BLOCK || job->demand.has_timeout);
}
