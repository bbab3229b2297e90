/* SPDX-License-Identifier: MIT */
#ifndef TX_CTL_CTL_H
#define TX_CTL_CTL_H

/*
 * tracexctl's commands. Each prints to standard output, says what is wrong on standard error, and
 * returns the exit status.
 */

#include <stdio.h>

#include "libtx/base/bytes.h"
#include "libtx/conf/conf.h"

enum tx_ctl_exit { TX_CTL_OK = 0, TX_CTL_FAILED = 1, TX_CTL_USAGE = 2 };

struct tx_ctl {
    const char *config_path;
    bool config_given;   /* -c */
    const char *log_dir; /* -D; NULL: the configuration's */
};

int tx_ctl_status(const struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_log(const struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_keys(const struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_config(const struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_mask(const struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_erase(const struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_reveal(const struct tx_ctl *ctl, int argc, char **argv);
int tx_ctl_reload(const struct tx_ctl *ctl, int argc, char **argv);

/* All commands, or those that begin with a command's words (usage.c). */
void tx_ctl_usage(FILE *to);
void tx_ctl_usage_of(char *const *words, FILE *to);

/* Loads the configuration; what is wrong with it is printed. NULL then. */
struct tx_conf *tx_ctl_load(const struct tx_ctl *ctl);

/* Opens the log directory that is meant; -1 when it cannot be, which is printed. */
int tx_ctl_open_log(const struct tx_ctl *ctl);

void tx_ctl_say(const char *format, ...) TX_PRINTF(1, 2);

#endif
