/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_WRITER_H
#define TX_LEDGER_WRITER_H

/*
 * A thread that writes to one file and syncs it, while the ledger takes the records after those.
 * It has one job at a time, knows neither records nor segments, and decides nothing: what a
 * failure means is said by store.c.
 *
 * Between begin and take, the job's descriptor stays open and its bytes stay where they are and as
 * they are; that is all that both threads see, and the lock's hand-over orders it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libtx/base/error.h"

struct tx_writer;

struct tx_writer_job {
    int fd;        /* borrowed */
    const void *p; /* borrowed; NULL: zeros */
    size_t n;
    off_t offset;
};

TX_MUST_USE int tx_writer_new(struct tx_writer **ret);
/* Waits for its job. */
void tx_writer_free(struct tx_writer *writer);
TX_DEFINE_CLEANUP(struct tx_writer *, tx_writer_free);

/* Becomes readable when a job is done, until it is taken. */
int tx_writer_fd(const struct tx_writer *writer);

/* Nothing is going on. */
void tx_writer_begin(struct tx_writer *writer, const struct tx_writer_job *job);
/* It can be taken without waiting. */
bool tx_writer_is_done(struct tx_writer *writer);
/* Waits until the job is done; it stays to be taken. */
void tx_writer_wait(struct tx_writer *writer);
/* Waits until the job is done: 0 when all of it was written and synced, or -errno. */
TX_MUST_USE int tx_writer_take(struct tx_writer *writer);

/* What the job that was taken last took, ns. */
int64_t tx_writer_took(const struct tx_writer *writer);

/* The same without the thread. */
TX_MUST_USE int tx_writer_do(const struct tx_writer_job *job, int64_t *ret_ns);

#endif
