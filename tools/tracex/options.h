/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_OPTIONS_H
#define TX_TRACEX_OPTIONS_H

/*
 * What stands behind `tracex report`, `tree`, `flame` and `export`.
 */

#include "tools/shared/select.h"

enum tx_output { TX_OUTPUT_TEXT, TX_OUTPUT_JSON };
enum tx_format { TX_FORMAT_NONE, TX_FORMAT_CHROME, TX_FORMAT_FOLDED, TX_FORMAT_OTLP };

struct tx_options {
    struct tx_select select;
    enum tx_output output;
    enum tx_format format;
    size_t n_rows;      /* of a table, of trees; 0: all */
    size_t n_max;       /* records that are kept in memory */
    char *const *paths; /* borrowed */
    size_t n_paths;
    bool is_default; /* no path was given */
};

/* -EINVAL, which has been said. `command` is argv[0]. */
TX_MUST_USE int tx_options_parse(int argc, char **argv, struct tx_options *ret);

#endif
