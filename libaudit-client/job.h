/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_JOB_H
#define TX_CLIENT_JOB_H

/*
 * One call's record: what the application said, and what became of it. It lies on the stack of the
 * thread that called, which may wait while another thread does the work (combine.h). It knows no
 * connection.
 */

#include "libaudit-client/client.h"
#include "libaudit-client/demand.h"

struct tx_job {
    const struct tx_event *event;
    int64_t called;   /* wall clock, ns */
    int64_t time;     /* the same, unless the event says when it was */
    bool is_buffered; /* the caller wants it so, and nothing more is demanded */
    bool is_durable;  /* the caller, or what is demanded of such events, wants it so */
    bool is_classified;
    bool has_demand;
    uint32_t generation; /* of what is demanded, by which it was classified */
    struct tx_wire_demand demand;
    int64_t
        receipt_patience; /* when sent: so long its receipt is waited for; INT64_MAX: for ever */
    bool has_id;
    bool is_awaited; /* sent, and `waiter` is registered for its receipt */
    uint8_t id[16];
    unsigned slot_and_one; /* combine.h; 0: none */
    struct tx_waiter waiter;
};

/* The event as a record with the client's next number, in the client's memory for fields, until the
 * next call. What is wrong with the event is the caller's fault, and no loss. */
TX_MUST_USE int tx_job_read(struct tx_client *client, struct tx_job *job, struct tx_record *ret);
/* Applies what is demanded of such events. It may have been learned since tx_job_read: before the
 * record is encoded, once more. */
void tx_job_classify(struct tx_job *job, struct tx_record *record);
/* Wipes what tx_job_read made. */
void tx_job_wipe(struct tx_client *client, const struct tx_record *record);

/* It was sent with that number: counts it, and registers who waits for its receipt. */
void tx_job_sent(struct tx_client *client, struct tx_job *job, uint64_t n);
/* The caller's fault, by tx_job_read's result. */
bool tx_job_is_refused(int error);
/* It was not. Returns what the application is told. */
TX_MUST_USE int tx_job_failed(struct tx_client *client, const struct tx_job *job, int error);

/* What the application is told when the record was sent, and waiting for its receipt ended so. */
TX_MUST_USE int tx_job_waited(const struct tx_client *client, const struct tx_job *job, int error);

/* How long it may wait to be sent; in ns, INT64_MAX: without limit. */
int64_t tx_job_patience(const struct tx_client *client, const struct tx_job *job);
/* It may wait for a daemon that is away, too. */
bool tx_job_waits_for_daemon(const struct tx_job *job);

#endif
