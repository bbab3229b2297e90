/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_JOURNAL_CONFIRM_H
#define TX_FORWARD_JOURNAL_CONFIRM_H

/*
 * Asking the journal itself what it holds. Anybody may log TRACEX_SEQ=5 as
 * SYSLOG_IDENTIFIER=tracex; an entry counts only when journald says that it came from our own user
 * (_UID) and its leaf hash is that of the record, which nobody guesses. Entries are found by
 * SYSLOG_IDENTIFIER alone, as people find them: so an entry that was cut short by a crash of
 * journald counts exactly when they see it.
 */

#include "auditd/forward/batch.h"
#include "auditd/forward/sink-cursor.h"

struct tx_confirm;

/* Reads what it needs of /etc and /proc; before the sandbox is entered. */
TX_MUST_USE int tx_confirm_new(struct tx_confirm **ret);
void tx_confirm_free(struct tx_confirm *confirm);
TX_DEFINE_CLEANUP(struct tx_confirm *, tx_confirm_free);

/* The log's name; once it is known. Copied. */
TX_MUST_USE int tx_confirm_set_origin(struct tx_confirm *confirm, struct tx_text origin);

/* Lets go of the journal's files and their memory until the next call. */
void tx_confirm_close(struct tx_confirm *confirm);

/* Before anything is sent: goes to the journal's end, so that tx_confirm_scan reads what comes
 * after it and no more. */
TX_MUST_USE int tx_confirm_prepare(struct tx_confirm *confirm);

/* The next tx_confirm_scan begins at its *seen, unless the one before ended on its way from there,
 * with everything found. */
void tx_confirm_rewind(struct tx_confirm *confirm);

struct tx_confirm_result {
    uint64_t highest_seq; /* that looked like ours, 0 for none; not checked against a leaf */
};

/* Goes on to the journal's end, or until all have arrived, and marks the items of the batch that
 * stand there; moves *seen to the last one. When it does not know where it was, it begins at
 * *seen. */
TX_MUST_USE int tx_confirm_scan(struct tx_confirm *confirm, struct tx_hasher *hasher,
                                struct tx_batch *batch, struct tx_journal_place *seen,
                                struct tx_confirm_result *ret);

struct tx_confirm_candidate {
    uint64_t seq;
    struct tx_digest leaf;
};

/* The last records in the journal that look like ours, newest first, and the oldest of these
 * entries. For when the cursor is lost. */
TX_MUST_USE int tx_confirm_recent(struct tx_confirm *confirm, struct tx_confirm_candidate *ret,
                                  size_t cap, size_t *ret_n, struct tx_journal_place *ret_oldest);

/* Whether reading the journal can tell us anything. */
enum tx_confirm_access {
    TX_CONFIRM_READABLE,
    TX_CONFIRM_PERHAPS, /* only a journal of our own user's can be read */
    TX_CONFIRM_DENIED,
    TX_CONFIRM_ABSENT, /* there is no journal file */
};
enum tx_confirm_access tx_confirm_access(const struct tx_confirm *confirm);

/* A directory that journals are kept in has appeared since tx_confirm_new: a process in a sandbox
 * cannot open it. */
bool tx_confirm_directories_changed(const struct tx_confirm *confirm);

#define TX_JOURNAL_DIRECTORIES 2
extern const char *const tx_journal_directories[TX_JOURNAL_DIRECTORIES];

#endif
