/* SPDX-License-Identifier: MIT */
#ifndef TX_AUDITVERIFY_NUMBERS_H
#define TX_AUDITVERIFY_NUMBERS_H

/*
 * Whether each client's numbers stand in the log once, in order and without a gap that no
 * tracex.lost record declares (docs/format.md section 4). It takes the records' lines one after the
 * other and knows nothing of files and signatures. Bounded: clients past TX_NUMBERS_CLIENTS_MAX are
 * only counted as records that were not looked at.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

/* 24 bytes each in a table that is at most half full, and copied when it grows. */
#define TX_NUMBERS_CLIENTS_MAX (1024u * 1024u)
/* What is wrong is listed so often, and counted beyond. */
#define TX_NUMBERS_FAULTS_MAX 1000u

enum tx_numbers_status {
    TX_NUMBERS_COMPLETE, /* 0, 1, 2 … */
    TX_NUMBERS_DECLARED, /* what is missing, tracex.lost says */
    TX_NUMBERS_LATER,    /* it begins later, and so does the log: its older records were removed */
    TX_NUMBERS_UNDECLARED, /* something is missing without a word, or stands twice */
    TX_NUMBERS_STATUS_N,
};

enum tx_numbers_fault_kind { TX_NUMBERS_MISSING, TX_NUMBERS_AGAIN };

struct tx_numbers_fault {
    uint8_t client[8];
    enum tx_numbers_fault_kind kind;
    uint64_t seq; /* of the record that shows it */
    uint64_t first, last;
};

struct tx_numbers_totals {
    uint64_t clients[TX_NUMBERS_STATUS_N];
    uint64_t lost;      /* numbers that are declared lost */
    uint64_t forgotten; /* numbers of which the daemon could not tell */
    uint64_t unseen;    /* records of clients that there was no room for */
    uint64_t n_faults;
    const struct tx_numbers_fault *faults; /* borrowed; as many as are listed */
    size_t n_listed;
};

struct tx_numbers;

/* `begin`: the first record that will come; after 0 what clients had before may have been removed.
 */
TX_MUST_USE int tx_numbers_new(uint64_t begin, struct tx_numbers **ret);
void tx_numbers_free(struct tx_numbers *numbers);
TX_DEFINE_CLEANUP(struct tx_numbers *, tx_numbers_free);

TX_MUST_USE int tx_numbers_take(struct tx_numbers *numbers, uint64_t seq, struct tx_text line);
void tx_numbers_total(const struct tx_numbers *numbers, struct tx_numbers_totals *ret);

#endif
