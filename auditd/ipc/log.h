/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_LOG_H
#define TX_IPC_LOG_H

/*
 * What a process of the daemon says to its operator: lines on standard error, "tracex-ledger: …",
 * with a syslog level "<N>" in front when systemd reads them (sd-daemon(3)). Never a client's
 * bytes, never a value of a field. Only main programs call it; libtx does not.
 */

#include "libtx/base/error.h"

enum { TX_LOG_ERROR = 3, TX_LOG_WARNING = 4, TX_LOG_NOTICE = 5, TX_LOG_INFO = 6 };

/* Once, at the start: the process's name. */
void tx_log_open(const char *process);
void tx_log(int level, const char *format, ...) TX_PRINTF(2, 3);

#endif
