/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_NOTIFY_H
#define TX_SUPERVISOR_NOTIFY_H

/*
 * What the service manager is told (sd_notify(3)); nothing where there is none. The watchdog is fed
 * only while every child that a record needs answers.
 */

#include <stdbool.h>

#include "auditd/ipc/loop.h"
#include "libtx/base/error.h"

struct tx_supervisor;

struct tx_notify {
    struct tx_source_handle *timer;
    bool watchdog; /* the service manager waits for us */
};

/* A child that has not answered for this long is not well. */
#define TX_NOTIFY_ANSWER_SECONDS 15

/* Starts the round of PINGs. */
TX_MUST_USE int tx_notify_init(struct tx_supervisor *supervisor);
void tx_notify_ready(struct tx_notify *notify);
void tx_notify_status(struct tx_notify *notify, const char *text);
void tx_notify_reloading(struct tx_notify *notify);
void tx_notify_stopping(struct tx_notify *notify);

/* Whether the child has answered within the time; one that is not ready does not have to. */
bool tx_notify_child_answers(const struct tx_supervisor *supervisor, int id, int64_t now_ns);

#endif
