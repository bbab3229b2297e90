/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_RETAIN_H
#define TX_LEDGER_RETAIN_H

/*
 * Removing the log's oldest segments. A removal's life: planned (what is too old or too much, and
 * every sink has passed) → told in a tracex.pruned record → that is durable and under a checkpoint
 * → the files are unlinked. A crash anywhere on the way leaves a log whose next ledger goes on from
 * there: it reads the record again, or there was none. The segment that is being written is never
 * removed.
 */

#include <stdbool.h>

#include "auditd/ledger/retain-clock.h"
#include "libtx/segment/pruned.h"

struct tx_ledger;

struct tx_retain {
    struct tx_retain_clock clock;
    int64_t check_at;      /* boot clock, ns: the next look at what is there */
    uint64_t seen_segment; /* the open segment at the last look */
    uint64_t wanted_bytes; /* so much is to be free again, whatever the age */

    bool told;         /* a record stands in the log whose files are still there */
    uint64_t seq;      /* of it */
    uint64_t end;      /* its files hold records before this one */
    bool has_word;     /* the file of retain-word.h is there */
    bool failed;       /* they could not be removed, and the operator knows */
    int64_t remove_at; /* boot clock, ns: not tried before this */

    /* For the status. */
    uint64_t first; /* the log's oldest record */
    uint64_t n_segments, n_bytes;
    uint64_t n_removed;    /* segments, since the start */
    uint64_t n_held;       /* segments that would go, but for: */
    uint64_t n_held_bytes; /* … */
    const char *held_by;   /* this sink; NULL: nothing is held */
    uint64_t held_at;      /* the first record that it has not confirmed */
};

/* What is to go now, by age, size and space. end == first: nothing. */
struct tx_retain_plan {
    struct tx_pruned pruned;
    uint64_t n_segments, n_bytes; /* of the whole log */
    uint64_t log_first;
    uint64_t n_held, n_held_bytes;
    const char *held_by;
    uint64_t held_at;
};
TX_MUST_USE int tx_retain_plan(struct tx_ledger *ledger, int64_t now, uint64_t wanted_bytes,
                               struct tx_retain_plan *ret);

/* The time stamp of a checkpoint, which is that of its epoch's key: POSIX seconds. -EBADMSG. */
TX_MUST_USE int tx_retain_time_of(struct tx_text note, uint64_t *ret);

/* Once, when the log is open. */
TX_MUST_USE int tx_retain_start(struct tx_ledger *ledger);
/* A record of the log that is read again at the start. */
void tx_retain_scan(struct tx_retain *retain, struct tx_text line);
/* Each second: tells of what is to go. */
TX_MUST_USE int tx_retain_tick(struct tx_ledger *ledger);
/* After each checkpoint: removes what was told of. Trouble is told and tried again later. */
TX_MUST_USE int tx_retain_carry_out(struct tx_ledger *ledger);
/* So many bytes should be free again: the oldest segments go before their time. */
void tx_retain_want(struct tx_ledger *ledger, uint64_t bytes);

/* Unlinks whatever belongs to segments of records before `end`, oldest first. */
TX_MUST_USE int tx_retain_remove(int dirfd, uint64_t end, uint64_t *ret_n);

#endif
