/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_GLOB_H
#define TX_MASK_GLOB_H

/*
 * Patterns of names. Of event names: `*` stays within a dotted part, `**` does not, and a lone `*`
 * is any name. Of paths and units likewise, with `/` between the parts. Of field names: `*` is
 * anything; upper and lower case are the same, so are `_`, `-`, `.` and a space, cardNumber is
 * card_number, and where a pattern has a separator between two parts of its own, a name may do
 * without: CARDNUMBER is card_number, but cardnumber is a pattern that card_number does not match.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"
#include "libtx/mask/policy/name.h"

#define TX_GLOB_PATTERN_BYTES 256

bool tx_glob_match_event(const char *pattern, struct tx_text name);
bool tx_glob_match_path(const char *pattern, struct tx_text path);

struct tx_glob; /* a pattern of field names, compiled */

/* `loose`, for what masks: of a pattern that ends in a letter, a number may stand behind the name,
 * which only says which of several it is (card_number2, card_number_2); and the pattern is read as
 * tx_fold_name reads a name, which it is then to be asked with. -EINVAL when the pattern is empty
 * or longer than TX_GLOB_PATTERN_BYTES. */
TX_MUST_USE int tx_glob_new(const char *pattern, bool loose, struct tx_glob **ret);
void tx_glob_free(struct tx_glob *glob);
TX_DEFINE_CLEANUP(struct tx_glob *, tx_glob_free);

bool tx_glob_is_loose(const struct tx_glob *glob);

bool tx_glob_match(const struct tx_glob *glob, const struct tx_name *name);

/* Matches what stands in the name from there on. */
bool tx_glob_match_from(const struct tx_glob *glob, const struct tx_name *name,
                        struct tx_name_place from);

/* A text of the pattern that each name that it matches has, in one of its forms: the k-th. False
 * when there are no more. */
bool tx_glob_part(const struct tx_glob *glob, size_t k, struct tx_text *ret);

/* Of two patterns of fields: whether each name that `small` matches
 * is one that `big` matches; false also when that is not certain. */
bool tx_glob_covers(const char *big, const char *small);

/* The one spelling of all patterns that mean the same. */
#define TX_GLOB_CANONICAL_BYTES (2 * TX_GLOB_PATTERN_BYTES + 1)
void tx_glob_canonical_field(const char *pattern, char ret[TX_GLOB_CANONICAL_BYTES]);
void tx_glob_canonical_event(const char *pattern, char ret[TX_GLOB_CANONICAL_BYTES]);

#endif
