/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_NEW_LOG_H
#define TX_SUPERVISOR_NEW_LOG_H

/*
 * --new-log: sets one of the present logs and the signer's files aside and puts an empty log
 * directory in its place, with a file `continues` from which the ledger takes what the new log.json
 * says of the old log. Nothing is deleted.
 *
 *   <log dir>.new is made, with `continues`
 *   the signer's files    → <keys dir>/set-aside-<time>/
 *   the ledger's cursors  → <state dir>/set-aside-<time>/
 *   <log dir>.new and <log dir> change places in one step
 *   <log dir>.new (the old log) → <log dir>.set-aside-<time>
 *
 * A crash at any point leaves the old log or the new one in place; tx_new_log_recover finishes what
 * was begun, and after a crash before the exchange --new-log is given again.
 */

#include "auditd/supervisor/setup.h"

/* Directories are open and locked; on return those of `setup` are the new ones. Tells the operator
 * what it did, or what failed. */
TX_MUST_USE int tx_new_log_begin(const struct tx_conf *conf, enum tx_stream_id id,
                                 struct tx_setup *setup);

/* At each start, when the log is locked. */
TX_MUST_USE int tx_new_log_recover(const struct tx_conf *conf, enum tx_stream_id id);

#endif
