/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_SOURCE_H
#define TX_TRACEX_SOURCE_H

/*
 * Where records are read from: log directories, segments, files of records a line, standard input.
 * Each record is given once and in its place's order. It proves nothing; tracex-auditverify does.
 */

#include "libtx/record/read.h"
#include "tools/shared/select.h"

struct tx_source_counts {
    uint64_t n_records;    /* that were given */
    uint64_t n_unreadable; /* lines that are neither a record nor a control line */
    uint64_t n_missing;    /* records that stand in no file of a directory */
};

/* Negative: enough; tx_source_read returns it. */
typedef int tx_source_record(void *data, const struct tx_read *record, struct tx_text line);

/* Reads `path` ("-": standard input) and gives what `select` lets pass. Adds to *counts. -errno:
 * reading failed, -EBADMSG: it is neither a log nor records. */
TX_MUST_USE int tx_source_read(const char *path, const struct tx_select *select,
                               tx_source_record *record, void *data,
                               struct tx_source_counts *counts);

#endif
