/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_READ_BLANK_H
#define TX_RECORD_READ_BLANK_H

/*
 * A step of read.c. jansson refuses integers past 2^63 - 1, doubles past their range and NUL in the
 * keys of nested objects, all of which a record may hold. So it is given a copy of the line, of the
 * same length, in which each number and each nested value is a 0 and spaces.
 */

#include "libtx/base/error.h"
#include "libtx/base/text.h"

/* Fills `copy`, which has line.n bytes. *ret_members: at most so many members has the line with its
 * objects. -EBADMSG when a number is not one, brackets do not match or nest too deep, or a string
 * does not end. */
TX_MUST_USE int tx_read_blank(struct tx_text line, char *copy, size_t *ret_members);

#endif
