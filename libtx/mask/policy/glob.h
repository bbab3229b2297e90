/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_GLOB_H
#define TX_MASK_GLOB_H

/*
 * Patterns of names. Of event names: `*` stays within a dotted part, `**` does not, and a lone `*`
 * is any name. Of paths and units likewise, with `/` between the parts. Of field names: `*` is
 * anything; upper and lower case are the same, so are `_`, `-`, `.` and a space, and cardNumber is
 * card_number.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

/* Longer names are not matched but treated as a limit hit. */
#define TX_GLOB_NAME_BYTES 512
#define TX_GLOB_PATTERN_BYTES 256

bool tx_glob_match_event(const char *pattern, struct tx_text name);
bool tx_glob_match_path(const char *pattern, struct tx_text path);

/* A name in its two forms: as it is but folded, and with a `_` where camelCase has its humps. */
struct tx_name {
    size_t n_plain, n_camel;
    bool same; /* the forms are, and the second one is not written */
    char plain[TX_GLOB_NAME_BYTES + sizeof(uint64_t)]; /* it is written in words */
    char camel[2 * TX_GLOB_NAME_BYTES];
};

static inline const char *tx_name_camel(const struct tx_name *name) {
    return name->same ? name->plain : name->camel;
}

/* False when it is too long. */
bool tx_name_fold(struct tx_text text, struct tx_name *ret);

/* Where a part of a name begins, in both forms. */
struct tx_name_place {
    size_t plain, camel;
};

/* The place of what begins at that byte, behind a '.'. */
struct tx_name_place tx_name_place_of(const struct tx_name *name, size_t plain);

struct tx_glob; /* a pattern of field names, compiled */

/* -EINVAL when it is empty or longer than TX_GLOB_PATTERN_BYTES. */
TX_MUST_USE int tx_glob_new(const char *pattern, struct tx_glob **ret);
void tx_glob_free(struct tx_glob *glob);
TX_DEFINE_CLEANUP(struct tx_glob *, tx_glob_free);

bool tx_glob_match(const struct tx_glob *glob, const struct tx_name *name);

/* Matches what stands in the name from there on. */
bool tx_glob_match_from(const struct tx_glob *glob, const struct tx_name *name,
                        struct tx_name_place from);

/* The texts between the stars, of which a name that it matches has each in one of its forms: the
 * k-th of the pattern's plain form, or of its camel form. False when there are no more. */
bool tx_glob_piece(const struct tx_glob *glob, bool camel, size_t k, struct tx_text *ret);

/* The one spelling of all patterns that mean the same; it is longer by one byte at most. */
void tx_glob_canonical_field(const char *pattern, char *ret);
void tx_glob_canonical_event(const char *pattern, char *ret);

#endif
