/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_POINTER_H
#define TX_MASK_POINTER_H

/*
 * Places within a record's data: JSON pointers (RFC 6901) whose first part is the field's name, as
 * patterns. A part is a glob of names as in glob.h, with `*` for any one; `**` is any number of
 * parts, none too, and at the end all that is below. A pattern is walked part by part; where it
 * stands is a set of places in it, one bit each, so that no way is tried twice.
 */

#include "libtx/mask/policy/glob.h"

#define TX_POINTER_PARTS_MAX 62

struct tx_pointer;

/* The pattern begins with '/'; `loose` as in tx_glob_new, for each part. -EINVAL when it has too
 * many parts, or one that is empty, too long, or holds a '~' that is neither ~0 nor ~1. */
TX_MUST_USE int tx_pointer_new(const char *pattern, bool loose, struct tx_pointer **ret);
void tx_pointer_free(struct tx_pointer *pointer);
TX_DEFINE_CLEANUP(struct tx_pointer *, tx_pointer_free);

bool tx_pointer_is_loose(const struct tx_pointer *pointer);

/* Before the first part. */
uint64_t tx_pointer_begin(const struct tx_pointer *pointer);

/* Behind one more part. */
uint64_t tx_pointer_step(const struct tx_pointer *pointer, uint64_t places,
                         const struct tx_name *part);

/* Whether the pattern may end here. */
bool tx_pointer_fits(const struct tx_pointer *pointer, uint64_t places);

#endif
