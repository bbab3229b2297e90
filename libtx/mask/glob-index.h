/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_GLOB_INDEX_H
#define TX_MASK_GLOB_INDEX_H

/*
 * Many patterns of field names, asked at once. Each has a pair of bytes that a name must hold to be
 * matched, one that names seldom hold; a name is gone through pair by pair, and only patterns whose
 * pair, with what stands around it in the pattern, is there are matched. Most names match nothing
 * and ask no pattern. It keeps nothing of what it was asked.
 */

#include "libtx/mask/policy/glob.h"
#include "libtx/mask/set.h"

struct tx_named_glob {
    struct tx_glob *glob;
    uint16_t condition; /* what holds when it matches */
};

struct tx_glob_index;

/* The patterns are borrowed. */
TX_MUST_USE int tx_glob_index_new(const struct tx_named_glob *globs, size_t n,
                                  struct tx_glob_index **ret);
void tx_glob_index_free(struct tx_glob_index *index);

/* Which patterns are asked: a name that tx_fold_name changes is another one to loose patterns. */
enum tx_glob_which { TX_GLOBS_ALL, TX_GLOBS_LOOSE, TX_GLOBS_EXACT };

static inline bool tx_glob_is_asked(enum tx_glob_which which, bool is_loose) {
    return which == TX_GLOBS_ALL || (which == TX_GLOBS_LOOSE) == is_loose;
}

/* A name, and where in it what it is to be matched from begins. */
struct tx_name_asked {
    enum tx_glob_which which;
    const struct tx_name *name;
    size_t n_from;
    struct tx_name_place from[3];
};

/* Adds the conditions of those patterns that match the name from one of the places on. */
void tx_glob_index_match(const struct tx_glob_index *index, const struct tx_name_asked *asked,
                         struct tx_set *ret);

#endif
