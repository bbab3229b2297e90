/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_DELIVERY_H
#define TX_FORWARD_DELIVERY_H

/*
 * The log's way into the journal, on a thread of its own, since sd_journal_sendv blocks while
 * journald hangs. A batch's life: read from the log → sent → barrier → looked for in the journal →
 * what is missing is sent again, in order → the cursor moves past it. Only then comes the next.
 *
 * After a start the first batches are looked for before they are sent: a predecessor may have sent
 * them.
 */

#include <pthread.h>

#include "auditd/forward/batch.h"
#include "auditd/forward/journal-confirm.h"
#include "auditd/forward/journal-entry.h"
#include "auditd/forward/sink-cursor.h"
#include "libtx/base/limits.h"

struct tx_delivery_options {
    int log_fd;   /* the log directory */
    int state_fd; /* the sink's state directory */
    enum tx_record_severity min_severity;
};

enum tx_delivery_state {
    TX_DELIVERY_STARTING, /* the log is not there yet */
    TX_DELIVERY_IDLE,
    TX_DELIVERY_SENDING,
    TX_DELIVERY_NO_JOURNALD, /* tried again and again */
    TX_DELIVERY_DROPPED,     /* journald takes entries and does not store them */
    TX_DELIVERY_ENDED,
};

struct tx_delivery_status {
    enum tx_delivery_state state;
    uint64_t sent;      /* records below this seq were sent at least once */
    uint64_t confirmed; /* below this, the cursor has moved past */
    uint64_t checkpoint;
    uint64_t n_resent;
    enum tx_confirm_access access;
    struct tx_follow_counts counts;
    char error[160]; /* the last one; "" none */
};

/* What the thread works on; everything but what stands below `lock` belongs to it alone. */
struct tx_delivery {
    struct tx_delivery_options options;
    struct tx_confirm *confirm;
    struct tx_hasher *hasher;
    struct tx_follow *follow;
    struct tx_sink_cursor cursor; /* as confirmed */
    struct tx_journal_place seen; /* of what arrived; cursor.seen when all of the batch has */
    unsigned n_batches;
    int64_t saved_at; /* boot clock */
    bool unsaved;
    bool check_first;
    uint64_t check_limit; /* past this seq nothing is looked for before it is sent */
    bool ever_confirmed;
    char origin[TX_LIMIT_ORIGIN_BYTES + 1];
    struct tx_batch batch;
    struct tx_journal_entry entry;

    pthread_t thread;
    int ended_fd; /* an eventfd that becomes readable when the thread ends */
    int result;   /* of the thread */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken;
    bool stopping;
    int64_t deadline; /* boot clock; when stopping */
    struct tx_delivery_status status;
};

/* `confirm` is taken. Before the sandbox is entered. */
TX_MUST_USE int tx_delivery_new(const struct tx_delivery_options *options,
                                struct tx_confirm *confirm, struct tx_delivery **ret);
TX_MUST_USE int tx_delivery_start(struct tx_delivery *delivery);
/* Only when the thread was not started, or has ended. */
void tx_delivery_free(struct tx_delivery *delivery);

/* From any thread. */
void tx_delivery_wake(struct tx_delivery *delivery); /* the log has changed */
/* One last pass, until the boot clock says `deadline`. */
void tx_delivery_stop(struct tx_delivery *delivery, int64_t deadline);
struct tx_delivery_status tx_delivery_status(struct tx_delivery *delivery);

/* The parts of the thread's work. -ECANCELED: time is over; -ESTALE: a journal directory appeared
 * that only a new process can open. */
TX_MUST_USE int tx_delivery_open(struct tx_delivery *delivery); /* delivery-open.c */
enum { TX_DELIVERY_E_NO_LOG = 1 };
TX_MUST_USE int tx_delivery_batch(struct tx_delivery *delivery); /* delivery-batch.c */

/* Waits; a wake ends it early when `wakeable`. -ECANCELED when time is over. */
enum tx_delivery_pause { TX_PAUSE_FIXED, TX_PAUSE_WAKEABLE };
TX_MUST_USE int tx_delivery_pause(struct tx_delivery *delivery, int64_t ms,
                                  enum tx_delivery_pause kind);
void tx_delivery_say(struct tx_delivery *delivery, enum tx_delivery_state state);
void tx_delivery_fail(struct tx_delivery *delivery, const char *what, int error);
void tx_delivery_recovered(struct tx_delivery *delivery);

#endif
