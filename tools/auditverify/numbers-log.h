/* SPDX-License-Identifier: MIT */
#ifndef TX_AUDITVERIFY_NUMBERS_LOG_H
#define TX_AUDITVERIFY_NUMBERS_LOG_H

/*
 * The numbers of clients in a log directory that was verified: its files are read once more, up to
 * the last proven record. Of a segment that was given up only what is part of the log counts.
 */

#include "tools/auditverify/numbers.h"

/* Records before `end`. -errno when the directory or a file in it cannot be read. */
TX_MUST_USE int tx_numbers_read_log(const char *path, uint64_t end, struct tx_numbers **ret);

#endif
