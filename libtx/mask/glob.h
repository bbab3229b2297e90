/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_GLOB_H
#define TX_MASK_GLOB_H

/*
 * Patterns of names. Of event names: `*` stays within a dotted part, `**` does not, and a lone `*`
 * is any name. Of paths and units likewise, with `/` between the parts. Of field names: `*` is
 * anything; upper and lower case are the same, so are `_`, `-` and `.`, and cardNumber is
 * card_number.
 */

#include <stdbool.h>

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
    bool same;
    uint64_t plain_pairs, camel_pairs; /* see tx_glob_pairs */
    char plain[TX_GLOB_NAME_BYTES];
    char camel[2 * TX_GLOB_NAME_BYTES];
};

/* False when it is too long. */
bool tx_name_fold(struct tx_text text, struct tx_name *ret);

struct tx_glob; /* a pattern of field names, compiled */

/* -EINVAL when it is empty or longer than TX_GLOB_PATTERN_BYTES. */
TX_MUST_USE int tx_glob_new(const char *pattern, struct tx_glob **ret);
void tx_glob_free(struct tx_glob *glob);
TX_DEFINE_CLEANUP(struct tx_glob *, tx_glob_free);

bool tx_glob_match(const struct tx_glob *glob, const struct tx_name *name);

/* Two bytes beside each other are a bit, and a form is the bits of all its pairs: a glob can match
 * a name only where all bits of one of its forms are bits of the name's. One look spares most of
 * the work, since most names match nothing. */
static inline uint64_t tx_name_pair(char a, char b) {
    return UINT64_C(1) << (((uint8_t)a * 7u + (uint8_t)b) & 63);
}
void tx_glob_pairs(const struct tx_glob *glob, uint64_t *ret_plain, uint64_t *ret_camel);

/* Whether it begins with `*`: it matches what ends in a name that it matches. */
bool tx_glob_begins_anyhow(const struct tx_glob *glob);

/* The one spelling of all patterns that mean the same; it is longer by one byte at most. */
void tx_glob_canonical_field(const char *pattern, char *ret);
void tx_glob_canonical_event(const char *pattern, char *ret);

#endif
