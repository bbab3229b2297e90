/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_JOB_H
#define TX_CLIENT_JOB_H

/*
 * One call's record: what the application said, and what became of it. It lies on the stack of the
 * thread that called, which may wait while another thread does the work (combine.h). It knows no
 * connection.
 */

#include "libaudit-client/client.h"

struct tx_job {
    const struct tx_event *event;
    int64_t time;
    bool has_id;
    bool is_awaited; /* sent, and `waiter` is registered for its receipt */
    uint8_t id[16];
    unsigned slot_and_one; /* combine.h; 0: none */
    struct tx_waiter waiter;
};

/* The event as a record with the client's next number, in the client's memory for fields, until the
 * next call. What is wrong with the event is the caller's fault, and no loss. */
TX_MUST_USE int tx_job_read(struct tx_client *client, struct tx_job *job, struct tx_record *ret);
/* Wipes what tx_job_read made. */
void tx_job_wipe(struct tx_client *client, const struct tx_record *record);

/* It was sent with that number: counts it, and registers who waits for its receipt. */
void tx_job_sent(struct tx_client *client, struct tx_job *job, uint64_t n);
/* The caller's fault, by tx_job_read's result. */
bool tx_job_is_refused(int error);
/* It was not. Returns what the application is told. */
TX_MUST_USE int tx_job_failed(struct tx_client *client, const struct tx_job *job, int error);

static inline bool tx_job_is_durable(const struct tx_job *job) {
    return job->event->durability == TX_DURABLE;
}

#endif
