/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_FOLD_NAME_H
#define TX_DETECT_FOLD_NAME_H

/*
 * The name of a member of JSON as somebody reads it: what looks like a letter of ASCII is that
 * letter, in whatever script and style it is written, Latin letters are without what stands on
 * them, and what nobody sees is left out. So pаssword with a Cyrillic а is password, and número is
 * numero. Other letters stay as they are. For names of fields there is nothing to do: they are
 * ASCII.
 */

#include "libtx/base/text.h"

/* Writes the folded name, which is never longer, and returns its length. Folding it again changes
 * nothing. */
size_t tx_fold_name(struct tx_text name, char *ret);

#endif
