/* SPDX-License-Identifier: MIT */
#ifndef TX_AUDITVERIFY_PROGRESS_H
#define TX_AUDITVERIFY_PROGRESS_H

/*
 * A bar on stderr while the work takes longer than a second.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tools/auditverify/options.h"

struct tx_progress {
    atomic_uint_least64_t done;
    atomic_uint_least64_t total;
    bool running;
    bool ending;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    int64_t start; /* ns, boot clock */
};

/* Starts it, when the mode and stderr want it. Without a thread there is no bar. */
void tx_progress_begin(struct tx_progress *progress, enum tx_progress_mode mode);
/* Ends it and wipes the line. */
void tx_progress_end(struct tx_progress *progress);

#endif
