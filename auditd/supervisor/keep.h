/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_KEEP_H
#define TX_SUPERVISOR_KEEP_H

/*
 * What outlives this process: the inbox, a duplicate of each connection and of each ring, and who
 * it is lie with the service manager (its descriptor store), which gives them to the next daemon
 * that it starts for this service. So what the kernel has queued, and what ingest has received, is
 * there still, and no client notices. Of each child a pidfd lies there, too: what is left of them
 * is ended before others take their place.
 *
 * It is used where the service manager says that there is such a store: $FDSTORE (systemd has it
 * from version 254 on; the unit sets it for older ones). Nothing here waits for the service manager
 * for longer than a moment: what it does not take is counted, and is not kept.
 */

#include "auditd/supervisor/keep-table.h"
#include "libtx/base/error.h"

enum tx_keep_kind {
    TX_KEEP_CONNECTION, /* its text is a rendered identity */
    TX_KEEP_RING,       /* a rendered tx_ipc_ring */
    TX_KEEP_KINDS,
};

/* Memory that ingest writes. */
enum tx_keep_memory_kind {
    TX_KEEP_INBOX,
    TX_KEEP_POSITIONS, /* of rings */
};

struct tx_keep {
    int fd; /* to the service manager; -1: nobody keeps anything */
    size_t limit;
    struct tx_keep_table tables[TX_KEEP_KINDS];
    size_t n_kept;
    size_t n_refused; /* that are not kept */
    size_t n_ended;   /* slots of which it is still to be told */
};

#define TX_KEEP_INIT ((struct tx_keep){.fd = -1, .tables = {{.fd = -1}, {.fd = -1}}})

/* Finds the service manager. Nothing is kept where there is none, or where it cannot. */
TX_MUST_USE int tx_keep_init(struct tx_keep *keep);
void tx_keep_deinit(struct tx_keep *keep);

static inline bool tx_keep_is_used(const struct tx_keep *keep) {
    return keep->fd >= 0;
}

/* Ends the children that an earlier daemon left, and waits for it. */
void tx_keep_end_children(struct tx_keep *keep);
/* That of an earlier daemon, when it has this size, or -1. Owned by the caller. */
int tx_keep_take_memory(struct tx_keep *keep, enum tx_keep_memory_kind kind, size_t n);
/* Keeps it from now on; one that lay there is dropped. */
void tx_keep_memory(struct tx_keep *keep, enum tx_keep_memory_kind kind, int fd);
void tx_keep_child(struct tx_keep *keep, const char *name, int pidfd);

/* Each that an earlier daemon left: `fd` is taken when `take` returns 0. */
typedef int (*tx_keep_take)(void *data, uint64_t id, int fd, uid_t uid, struct tx_text text);
TX_MUST_USE int tx_keep_restore(struct tx_keep *keep, enum tx_keep_kind kind, tx_keep_take take,
                                void *data);
/* The largest id of all, ever. */
uint64_t tx_keep_last_id(const struct tx_keep *keep, enum tx_keep_kind kind);

void tx_keep_add(struct tx_keep *keep, enum tx_keep_kind kind, uint64_t id, int fd, uid_t uid,
                 struct tx_text text);
void tx_keep_drop(struct tx_keep *keep, enum tx_keep_kind kind, uint64_t id);

/* Now and then: what could not be told is told again. */
void tx_keep_retry(struct tx_keep *keep);

#endif
