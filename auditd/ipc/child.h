/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_CHILD_H
#define TX_IPC_CHILD_H

/*
 * What every child of the supervisor does in the same way at its start. Each main() takes these
 * steps, in this order: options → descriptors → own state → sandbox → READY → loop.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "libtx/base/error.h"

struct tx_child_options {
    bool change_user; /* --uid and --gid were given */
    uid_t uid;
    gid_t gid;
    const char *config_name; /* --config-name: the file's path, for messages and relative paths */

    /* Only the signer's: it reads no configuration. */
    const char *origin;     /* --origin */
    int64_t epoch_ns;       /* --epoch-ns */
    uint64_t epoch_records; /* --epoch-records */

    const char *stream; /* --stream, of ledger and signer: which log of the configuration; NULL: the
                           audit log */
    char new_log[32];   /* the option of tracex-auditd that begins this log anew */

    bool kept; /* --kept, only ingest's: inbox and connections outlive its supervisor */

    bool kek_given; /* --kek-given, only the vault's: TX_FD_VAULT_KEK is there */
};

/* How long a child may go on after its supervisor has died; a new daemon waits longer for the log's
 * lock, which the ledger's descriptor of the log directory keeps. */
#define TX_CHILD_GRACE_SECONDS 3

/* Opens the process's log and reads the options that the supervisor gives; refuses (-EINVAL, with a
 * message on standard error) what it does not know, and a start by hand without the supervisor's
 * descriptors. Signals that are meant for the supervisor (SIGHUP, SIGINT, SIGTERM of a terminal or
 * a service manager) and SIGPIPE are ignored from here on. Strings are borrowed from argv. */
TX_MUST_USE int tx_child_start(const char *process, int argc, char **argv,
                               struct tx_child_options *ret);

/* Between the two, files are opened and made as the user whom the process becomes in its sandbox,
 * who may do what root without capabilities may not. Nothing changes where that is the same user.
 */
TX_MUST_USE int tx_child_user_enter(const struct tx_child_options *child);
TX_MUST_USE int tx_child_user_leave(const struct tx_child_options *child);

#endif
