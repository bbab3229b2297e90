/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_OPTIONS_H
#define TX_SUPERVISOR_OPTIONS_H

/*
 * What stands on the command line of tracex-auditd.
 */

#include <stdbool.h>

#include "libtx/conf/stream.h"

enum tx_options_task {
    TX_TASK_RUN,
    TX_TASK_CHECK,   /* -t */
    TX_TASK_SHOW,    /* -T */
    TX_TASK_HELP,    /* --help */
    TX_TASK_VERSION, /* --version */
};

struct tx_options {
    enum tx_options_task task;
    const char *config; /* borrowed from argv */
    bool new_log;
    enum tx_stream_id new_log_of;
};

/* -EINVAL after a message with the usage on standard error. */
TX_MUST_USE int tx_options_read(int argc, char **argv, struct tx_options *ret);

/* --help */
void tx_options_print_help(void);

#endif
