/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_RETAIN_WORD_H
#define TX_LEDGER_RETAIN_WORD_H

/*
 * The file `removal` in the state directory: a word of a removal that the log tells of and that
 * could not be carried out yet, for the next start, which does not read the log as far back. It is
 * one line, `tracex-removal 1 <seq> <end>`, and only says where to look: nothing is removed unless
 * record <seq> of the log is the one that tells of it.
 */

#include "auditd/ledger/retain.h"

/* Once for each removal that was told of; what goes wrong costs a second record, and is not told.
 */
void tx_retain_word_keep(struct tx_retain *retain);
/* Takes up again what the word says, if the log says so. */
TX_MUST_USE int tx_retain_word_take(struct tx_retain *retain);
/* The files are gone. */
void tx_retain_word_drop(struct tx_retain *retain);

#endif
