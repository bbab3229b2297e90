/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_ID_H
#define TX_DETECT_ID_H

/*
 * Identifiers that are written in one of a few shapes and carry a check: national numbers, bank and
 * vehicle numbers. A family of them is a table of shapes; the scanner finds what has a shape and
 * asks its check. A check sees no text around it and knows no scanner.
 */

#include <stdbool.h>
#include <stddef.h>

#include "libtx/detect/detector.h"

/* `id` is what stands in the text without its separators: letters (upper case) and digits, as many
 * as the shape has, and a NUL. */
typedef bool (*tx_id_check)(const char *id);

enum tx_id_context {
    TX_ID_ALONE,   /* shape and check are proof enough */
    TX_ID_APART,   /* so they are where it is no part of a longer row of numbers with the same
                      separators */
    TX_ID_CONTEXT, /* many numbers pass by chance: a word of the detector must stand near */
};

/*
 * In a shape, `9` is a digit, `A` a letter, `X` either; ` `, `-`, `.` and `/` are themselves, and
 * `~` is a space, a dash or a dot, the same one everywhere in the shape. No other characters. The
 * characters before and after are no letters, digits or `_`.
 */
struct tx_id_shape {
    enum tx_detector detector;
    const char *shape;
    enum tx_id_context context;
    tx_id_check check;
};

/* Numbers in which a '+' stands for the century; `id` has it not. */
bool tx_id_is_fi_of_1800(const char *id);
bool tx_id_is_se_with_plus(const char *id);

/* Nine digits. */
bool tx_id_is_ssn(const char *id);

struct tx_id_family {
    const struct tx_id_shape *shapes;
    size_t n_shapes;
};

extern const struct tx_id_family tx_ids_europe_west, tx_ids_europe_north, tx_ids_europe_east,
    tx_ids_europe_more, tx_ids_america, tx_ids_america_more, tx_ids_asia, tx_ids_asia_more,
    tx_ids_common, tx_ids_people;

#endif
