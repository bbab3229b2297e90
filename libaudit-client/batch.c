/* SPDX-License-Identifier: MIT */
#include "libaudit-client/batch.h"

#include "libaudit-client/connection.h"

static int begin(struct tx_client *client, size_t n_record) {
    size_t n = tx_resend_room(&client->resend);

    n = n < TX_BATCH_BYTES ? n : TX_BATCH_BYTES;
    n = n < client->connection.max_bytes ? n : client->connection.max_bytes;
    if (TX_WIRE_RECORDS_BYTES + n_record > n)
        return TX_BATCH_E_ALONE;
    uint8_t *memory = tx_resend_reserve(&client->resend, n);
    if (!memory)
        return TX_BATCH_E_ALONE;
    client->batch = (struct tx_batch){.b = tx_buf_of(memory, n), .first = client->next_n};
    tx_wire_records_begin(&client->batch.b, client->secret);
    return 0;
}

int tx_batch_add(struct tx_client *client, const struct tx_record *record) {
    struct tx_batch *batch = &client->batch;
    size_t n = tx_wire_record_bytes(record);

    if (!batch->b.data) {
        int r = begin(client, n);
        if (r != 0)
            return r;
    } else if (batch->count == TX_BATCH_RECORDS || n > batch->b.cap - batch->b.len) {
        return TX_BATCH_E_FULL;
    }
    struct tx_buf before = batch->b;
    tx_wire_records_add(&batch->b, record);
    if (batch->b.full) { /* its program changes it under our hands */
        explicit_bzero(before.data + before.len, batch->b.len - before.len);
        batch->b = before;
        return TX_BATCH_E_ALONE;
    }
    batch->count++;
    client->next_n++;
    return 0;
}

/* None is open any more. */
static struct tx_batch take(struct tx_client *client) {
    struct tx_batch batch = client->batch;

    client->batch = (struct tx_batch){.count = 0};
    return batch;
}

static int send_it(struct tx_client *client, struct tx_batch *batch) {
    int r = tx_wire_records_end(&batch->b, (uint16_t)batch->count);

    return r < 0 ? r : tx_connection_send(client, batch->b.data, batch->b.len);
}

int tx_batch_send(struct tx_client *client) {
    struct tx_batch batch = take(client);

    if (!batch.b.data)
        return 0; /* also when a signal handler has forked, and all is wiped */
    int r = send_it(client, &batch);
    if (r < 0) {
        tx_resend_abandon(&client->resend, batch.b.len);
        client->next_n = batch.first;
        return r;
    }
    tx_resend_commit(&client->resend, batch.b.len, batch.first, batch.count);
    return 0;
}

void tx_batch_close(struct tx_client *client) {
    struct tx_batch batch = take(client);

    if (!batch.b.data)
        return;
    if (batch.count > 0 && tx_wire_records_end(&batch.b, (uint16_t)batch.count) == 0) {
        tx_resend_commit_unsent(&client->resend, batch.b.len, batch.first, batch.count);
        return;
    }
    tx_resend_abandon(&client->resend, batch.b.len); /* nothing came into it */
}
