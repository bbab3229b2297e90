/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_CLIENT_H
#define TX_CLIENT_CLIENT_H

/*
 * The one client of a process. It lies in memory that a fork wipes (fork.h), so all zero is a valid
 * state: nothing has happened yet. Everything here but `combine` is touched under the lock only,
 * and no lock is held while anybody waits for the daemon, but for the bounded wait of connecting.
 *
 * Life: first call → ready (a secret of its own, n = 0) → connected ⇄ lost, with what is not
 * acknowledged kept and sent again → closed by tx_close, from where the next call goes on with the
 * same secret and numbers.
 */

#include <tracex/audit.h>

#include "libaudit-client/batch.h"
#include "libaudit-client/combine.h"
#include "libaudit-client/flusher.h"
#include "libaudit-client/lock.h"
#include "libaudit-client/random.h"
#include "libaudit-client/resend.h"
#include "libaudit-client/settings.h"
#include "libaudit-client/waiter.h"
#include "libtx/record/record.h"
#include "libtx/wire/wire.h"

struct tx_connection {
    bool is_open;
    bool is_proven;   /* it has answered */
    int fd_and_one;   /* 0: none, also in memory that a fork has wiped */
    size_t max_bytes; /* of a datagram */
    int64_t heard;    /* boot clock, ns: the last answer, or the last time that one was asked for */
    int64_t delay;    /* boot clock, ns: until the attempt after the next failure */
    int64_t due;      /* no attempt before that time */
    uint32_t calls;   /* since replies were last looked for */
};

/* -1: none. */
static inline int tx_connection_fd(const struct tx_connection *connection) {
    return connection->fd_and_one - 1;
}

struct tx_client {
    struct tx_lock lock; /* given by tx_combine_unlock only */
    struct tx_combine combine;
    struct tx_bell bell; /* rung when a thread has read for the others */
    bool is_read;        /* a thread waits in poll, without the lock, and reads for the others */
    uint32_t n_sleepers; /* threads that wait for the bell */
    struct tx_waiters waiters;

    bool is_ready;
    bool is_closed;
    uint32_t n_closes; /* who waits in vain ends when it grows */
    struct tx_settings settings;
    uint8_t secret[TX_WIRE_SECRET_BYTES];
    uint64_t next_n;
    struct tx_connection connection;
    struct tx_resend resend;
    struct tx_batch batch;
    struct tx_flusher flusher;
    struct tx_random random;
    struct tx_stats stats;

    /* One call's fields, while it holds the lock. */
    struct tx_field fields[TX_LIMIT_FIELDS];
    struct tx_text names[TX_LIMIT_FIELDS];
};

/* Around each public function: cancellation off, errno kept, the client locked and ready. */
struct tx_call {
    struct tx_client *client;
    int saved_errno;
    int cancel_state;
    bool is_locked;
};

static inline bool tx_client_is_read(const struct tx_client *client) {
    return __atomic_load_n(&client->is_read, __ATOMIC_SEQ_CST);
}

/* -EDEADLK from a signal handler that interrupted such a call. On failure nothing is to be left. */
TX_MUST_USE int tx_call_enter(struct tx_call *call);
/* The same for a job, that another thread may do meanwhile: TX_COMBINE_E_DONE, and the client is
 * not locked (combine.h). */
TX_MUST_USE int tx_call_enter_with(struct tx_call *call, struct tx_job *job);
/* From here on the client is locked, or not. */
void tx_call_lock(struct tx_call *call);
void tx_call_unlock(struct tx_call *call);
void tx_call_leave(struct tx_call *call);

#endif
