/* SPDX-License-Identifier: MIT */
#ifndef TX_AUDITVERIFY_OPTIONS_H
#define TX_AUDITVERIFY_OPTIONS_H

/*
 * The command line.
 */

#include <stdbool.h>

#include "libtx/crypto/vkey.h"

#define TX_ACCEPTED_BREAKS_MAX 64
#define TX_RECEIPT_FILES_MAX 256

enum tx_output { TX_OUTPUT_TEXT, TX_OUTPUT_JSON };
enum tx_progress_mode { TX_PROGRESS_AUTO, TX_PROGRESS_ALWAYS, TX_PROGRESS_NEVER };

struct tx_options {
    bool has_identity;
    struct tx_vkey identity;
    bool has_epoch0;
    struct tx_vkey epoch0;
    const char *state; /* borrowed from argv */
    unsigned n_threads;
    enum tx_output output;
    enum tx_progress_mode progress;
    bool quiet;
    bool upto_checkpoint;
    bool whole;
    bool clients;
    uint64_t accepted_breaks[TX_ACCEPTED_BREAKS_MAX];
    size_t n_accepted_breaks;
    const char *receipts[TX_RECEIPT_FILES_MAX]; /* borrowed from argv */
    size_t n_receipts;
    size_t n_paths;
    char **paths; /* borrowed from argv */
};

/* TX_OPTIONS_E_DONE: help or version was asked for and printed. TX_OPTIONS_E_USAGE: what is wrong
 * was said on stderr. */
enum { TX_OPTIONS_E_DONE = 1, TX_OPTIONS_E_USAGE };
TX_MUST_USE int tx_options_parse(int argc, char **argv, struct tx_hasher *hasher,
                                 struct tx_options *ret);

#endif
