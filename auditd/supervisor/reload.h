/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_RELOAD_H
#define TX_SUPERVISOR_RELOAD_H

/*
 * SIGHUP and the control socket's `reload`: the file is read and checked here; good rules go to
 * ingest, which switches between two records. A bad file changes nothing. Only masking is reloaded;
 * what else has changed in the file is named, since it needs a restart.
 */

#include "libtx/base/buf.h"
#include "libtx/conf/conf.h"

struct tx_supervisor;

struct tx_reload {
    int config_fd;           /* what ingest is asked to take; -1: no reload is under way */
    bool again;              /* SIGHUP came meanwhile */
    char needs_restart[512]; /* JSON: ["log.dir",…] */
};

#define TX_RELOAD_INIT ((struct tx_reload){.config_fd = -1})

/* Begins. Tells the operator what is wrong, and puts it into *errors too. -EINVAL: the file is bad;
 * -EBUSY: one is under way (it is done again after it). The end is told to the control server. */
TX_MUST_USE int tx_reload_begin(struct tx_supervisor *supervisor, struct tx_bytes *errors);

/* Ingest's answer: an empty text is consent. */
TX_MUST_USE int tx_reload_answered(struct tx_supervisor *supervisor, struct tx_text why_not);

/* Ingest ended, perhaps because of the new rules: the next one starts with those before. */
TX_MUST_USE int tx_reload_ingest_ended(struct tx_supervisor *supervisor);

/* Appends a JSON list of the keys other than masking in which the two differ. */
void tx_reload_compare(const struct tx_conf *a, const struct tx_conf *b, struct tx_buf *names);

#endif
