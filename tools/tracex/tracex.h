/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_TRACEX_H
#define TX_TRACEX_TRACEX_H

/*
 * The commands of `tracex` that show what was recorded. Each prints to standard output, says what
 * is wrong on standard error, and returns the exit status.
 */

#include "libtx/base/error.h"
#include "tools/tracex/options.h"
#include "tools/tracex/source.h"

enum tx_tracex_exit { TX_TRACEX_OK = 0, TX_TRACEX_FAILED = 1, TX_TRACEX_USAGE = 2 };

int tx_tracex_report(const struct tx_options *options);
int tx_tracex_tree(const struct tx_options *options);
int tx_tracex_flame(const struct tx_options *options);
int tx_tracex_export(const struct tx_options *options);

void tx_tracex_say(const char *format, ...) TX_PRINTF(1, 2);

/* Reads all that the options name. What cannot be read is said; TX_TRACEX_FAILED then, and also
 * when something was not readable, which is said too, and when `record` gave up. */
int tx_tracex_read(const struct tx_options *options, tx_source_record *record, void *data,
                   struct tx_source_counts *ret_counts);

#endif
