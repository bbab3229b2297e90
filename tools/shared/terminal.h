/* SPDX-License-Identifier: MIT */
#ifndef TX_SHARED_TERMINAL_H
#define TX_SHARED_TERMINAL_H

/*
 * Printing to standard output what came from outside, for a person: what a terminal would act on is
 * shown as an escape.
 */

#include "libtx/base/text.h"

void tx_terminal_put(struct tx_text text);

/* A line of JSON, likewise; what is escaped stays JSON. */
void tx_terminal_put_json(struct tx_text line);

#endif
