/* SPDX-License-Identifier: MIT */
#include "libaudit-client/buffer.h"

#include "libaudit-client/connection.h"
#include "libaudit-client/deliver.h"

void tx_buffer_send(struct tx_client *client) {
    tx_batch_close(client);
    if (client->resend.n_unsent > 0 && client->connection.is_open)
        (void)!tx_connection_resend(client);
}

static int add(struct tx_client *client, struct tx_record *record) {
    int r = tx_batch_add(client, record);

    if (r != TX_BATCH_E_FULL)
        return r;
    tx_buffer_send(client);
    record->n = client->next_n;
    return tx_batch_add(client, record);
}

/* The clock may have been set back, too. */
static bool is_due(const struct tx_batch *batch, int64_t now) {
    return batch->count >= TX_BATCH_RECORDS ||
           (uint64_t)now - (uint64_t)batch->since >= (uint64_t)TX_BUFFER_NS;
}

static int add_in_time(struct tx_client *client, struct tx_job *job, struct tx_record *record,
                       int64_t now) {
    int r = tx_deliver_connect(client);
    if (r != 0)
        return r == -ENOTCONN ? r : TX_BUFFER_E_SEND;
    tx_job_classify(job, record); /* it may be known only now */
    if (!job->is_buffered || tx_flusher_start(client) < 0)
        return TX_BUFFER_E_SEND;
    if (add(client, record) != 0)
        return TX_BUFFER_E_SEND;
    if (client->batch.count == 1) {
        client->batch.since = now;
        tx_flusher_wake(client);
    } else if (is_due(&client->batch, now)) {
        tx_buffer_send(client);
    }
    return 0;
}

int tx_buffer_add(struct tx_client *client, struct tx_job *job, int64_t now) {
    struct tx_record record;

    int r = tx_job_read(client, job, &record);
    if (r < 0)
        return r;
    r = job->is_buffered ? add_in_time(client, job, &record, now) : TX_BUFFER_E_SEND;
    tx_job_wipe(client, &record);
    if (r == 0)
        tx_job_sent(client, job, client->next_n - 1);
    return r;
}
