/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_SPACE_H
#define TX_LEDGER_SPACE_H

/*
 * Room on the log's disk: two warning levels, what is done when there is none or when the disk
 * fails, and a file that keeps some room back, so that the record of that can always be written.
 * While the reserve is spent nothing is taken from ingest; what the ledger has to say of itself is.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/conf/stream.h"

struct tx_ledger;

enum tx_space_level { TX_SPACE_OK, TX_SPACE_WARN, TX_SPACE_LOW, TX_SPACE_LEVELS };

struct tx_space {
    bool held;      /* the reserve's file is there */
    bool spent;     /* it was given up for what could not be written otherwise */
    bool told_full; /* and the log says so */
    bool told_none; /* the operator knows that there is no reserve */

    enum tx_space_level level;
    enum tx_space_level told;         /* the level that was told last */
    int64_t told_at[TX_SPACE_LEVELS]; /* boot clock, ns: when it was told last */
    uint64_t free_bytes;
    uint64_t all_bytes;

    int halt_error; /* the daemon is to end for this errno: 0: no; ENOSPC: too little room */
    const char *halt_key;
};

/* The level for so much room. One that was entered is left when there is a tenth more. */
enum tx_space_level tx_space_level_of(const struct tx_stream *stream, enum tx_space_level before,
                                      uint64_t free_bytes, uint64_t all_bytes);
const char *tx_space_level_name(enum tx_space_level level);
/* A level of the configuration in bytes, of a disk of so many; 0: there is no such level. */
uint64_t tx_space_bytes(uint64_t level, uint64_t all_bytes);

/* Each second. */
TX_MUST_USE int tx_space_tick(struct tx_ledger *ledger);
/* The disk failed, or was full: what the configuration wants then. */
void tx_space_failed(struct tx_ledger *ledger, int error);
/* Tells what trouble there was, when it can be told. */
TX_MUST_USE int tx_space_tell(struct tx_ledger *ledger);
/* When the daemon is to end: ends it, once what led to it is in the log or cannot get there. */
TX_MUST_USE int tx_space_halt(struct tx_ledger *ledger);
/* Trouble in which a start makes no sense: a text for people, or NULL. */
const char *tx_space_hopeless(const struct tx_ledger *ledger);

/* reserve.c. Lays it out when there is room for it twice. */
void tx_reserve_fill(struct tx_ledger *ledger);
/* True when `error` is want of room, and there is some now: the reserve's. */
bool tx_reserve_spend(struct tx_ledger *ledger, int error);
const char *tx_reserve_state(const struct tx_ledger *ledger);

#endif
