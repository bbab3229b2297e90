/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_PERSONS_H
#define TX_MASK_PERSONS_H

/*
 * Whom a record is about, for `encrypt`: the field, or the member of a JSON field, that a rule's
 * `subject` names, as it is before masking. Texts are borrowed from what was seen, or lie in the
 * arena.
 */

#include "libtx/mask/arena.h"
#include "libtx/mask/policy/masking.h"
#include "libtx/record/record.h"

struct tx_person; /* see persons.c */

struct tx_persons {
    size_t n;
    struct tx_person *person;
    uint16_t *of_rule; /* UINT16_MAX: its action does not encrypt */
};

/* `masking` is borrowed until _deinit. -EINVAL: a subject is malformed. */
TX_MUST_USE int tx_persons_init(struct tx_persons *persons, const struct tx_masking *masking);
void tx_persons_deinit(struct tx_persons *persons);

/* A new record; then each of its fields with its text (canonical, of JSON), before any is masked.
 * Of several that a subject names the first counts. What does not fit into the arena is not known.
 */
void tx_persons_begin(struct tx_persons *persons);
void tx_persons_see(struct tx_persons *persons, const struct tx_field *field, struct tx_text text,
                    struct tx_arena *arena);

/* n == 0: the record does not say. */
struct tx_text tx_persons_of(const struct tx_persons *persons, size_t rule);

#endif
