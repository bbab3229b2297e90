/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_COMPARE_PARTS_H
#define TX_MASK_COMPARE_PARTS_H

/*
 * What the parts of the comparison share. Each tells what it finds; none knows the others.
 */

#include "libtx/mask/compare/compare.h"
#include "libtx/record/record.h"

struct tx_comparison {
    const struct tx_masking *before, *now;
    struct tx_weakenings *to;
    int failed; /* sticks */
};

/* --- compare.c --- */

/* The texts are copied; one that was told before is not told again. */
void tx_comparison_tell(struct tx_comparison *c, const char *what, const char *before,
                        const char *now);
void tx_comparison_tell_actions(struct tx_comparison *c, const char *what,
                                const struct tx_masking_action *before,
                                const struct tx_masking_action *now);
/* "rule 'x'", owned by the caller; NULL for no memory, which is noted. */
char *tx_comparison_name(struct tx_comparison *c, const char *format, ...) TX_PRINTF(2, 3);

/* --- compare-action.c --- */

/* Whether `now` may show of a value what `before` did not. */
bool tx_comparison_action_weaker(const struct tx_comparison *c,
                                 const struct tx_masking_action *before,
                                 const struct tx_masking_action *now);

/* --- compare-rules.c --- */

void tx_comparison_rules(struct tx_comparison *c);
void tx_comparison_allows(struct tx_comparison *c);
void tx_comparison_detectors(struct tx_comparison *c);

/* --- compare-contexts.c --- */

/* Where a value can stand, so that some rule speaks of it. */
struct tx_comparison_context {
    char *event, *field;
    enum tx_value_label label;
    bool has_sender;
    uint32_t uid, gid;
    char *unit, *exe; /* NULL: not known */
};

/* More are not tried: what is written is compared as well. */
#define TX_COMPARISON_CONTEXTS_MAX 1000

struct tx_comparison_contexts {
    size_t n;
    struct tx_comparison_context *item;
};

TX_MUST_USE int tx_comparison_contexts_of(const struct tx_comparison *c,
                                          struct tx_comparison_contexts *ret);
void tx_comparison_contexts_deinit(struct tx_comparison_contexts *contexts);

/* --- compare-corpus.c --- */

/* Examples of built-in detectors, one or two of each. */
struct tx_comparison_example {
    const char *detector;
    const char *text;
};
extern const struct tx_comparison_example tx_comparison_corpus[]; /* ends with NULL */

/* --- compare-examples.c --- */

void tx_comparison_examples(struct tx_comparison *c);

#endif
