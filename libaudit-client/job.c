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
    return 0;
}

void tx_job_wipe(struct tx_client *client, const struct tx_record *record) {
    explicit_bzero(client->fields, record->n_fields * sizeof(client->fields[0]));
}

void tx_job_sent(struct tx_client *client, struct tx_job *job, uint64_t n) {
    client->stats.logged++;
    if (!tx_job_is_durable(job))
        return;
    job->is_awaited = true;
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

int tx_job_failed(struct tx_client *client, const struct tx_job *job, int error) {
    if (tx_job_is_refused(error)) {
        client->stats.refused++;
        return error;
    }
    client->next_n++; /* the daemon sees the gap, and records it as a loss */
    client->stats.lost++;
    bool drop = client->settings.when_full == TX_FULL_DROP && !tx_job_is_durable(job);
    return drop ? 0 : error;
}
