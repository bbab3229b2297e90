/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_NAME_H
#define TX_MASK_NAME_H

/*
 * The name of a field or of a member of JSON, folded so that it can be compared: small letters, one
 * separator, with and without the humps of camelCase. It knows no pattern.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/text.h"

/* Longer names are not matched but treated as a limit hit. */
#define TX_GLOB_NAME_BYTES 512

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

#endif
