/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_MASKING_WRITE_H
#define TX_MASK_MASKING_WRITE_H

/*
 * struct tx_masking as YAML in the language that libtx/conf reads, one spelling for one meaning:
 * patterns in their canonical form, sets sorted and without repetitions, every text quoted, every
 * setting of an action said. The policy's text and `tracex-auditd -T` are put together of these.
 */

#include "libtx/base/bytes.h"
#include "libtx/mask/policy/masking.h"

struct tx_masking_writer {
    struct tx_bytes *b; /* borrowed */
    const struct tx_masking *masking;
    bool is_policy; /* with where a rule is from and without examples; else what a file says */
    size_t indent;
    int failed; /* sticks */
};

/* --- parts of a line: masking-write.c --- */

void tx_masking_write(struct tx_masking_writer *w, const char *text);
void tx_masking_write_quoted(struct tx_masking_writer *w, const char *text);
/* The line's spaces, `steps` more than the section has. */
void tx_masking_write_indent(struct tx_masking_writer *w, size_t steps);

/* Within {…}: a comma where one is needed, and "name: ". */
void tx_masking_write_key(struct tx_masking_writer *w, const char *name);
void tx_masking_write_text(struct tx_masking_writer *w, const char *name, const char *text);
void tx_masking_write_word(struct tx_masking_writer *w, const char *name, const char *word);
void tx_masking_write_bool(struct tx_masking_writer *w, const char *name, bool yes);
void tx_masking_write_number(struct tx_masking_writer *w, const char *name, uint64_t v);
void tx_masking_write_double(struct tx_masking_writer *w, const char *name, double v);
void tx_masking_write_edge(struct tx_masking_writer *w, double v, bool is_first);
void tx_masking_write_percent(struct tx_masking_writer *w, const char *name, unsigned percent);
void tx_masking_write_span(struct tx_masking_writer *w, const char *name, int64_t ns);
void tx_masking_write_time(struct tx_masking_writer *w, const char *name, int64_t unix_ns);

/* A set: sorted, each once. `canonical` writes an item's one spelling, twice as long
 * and two bytes more at most; NULL: as it is. Nothing when the list is empty. */
typedef void (*tx_masking_canonical)(const char *text, char *ret);
void tx_masking_write_set(struct tx_masking_writer *w, const char *name,
                          const struct tx_masking_list *list, tx_masking_canonical canonical);
/* In the list's own order. */
void tx_masking_write_list(struct tx_masking_writer *w, const char *name,
                           const struct tx_masking_list *list);
/* Patterns of fields: pointers stay as they are. */
void tx_masking_canonical_field(const char *text, char *ret);
void tx_masking_canonical_event(const char *text, char *ret);
/* Sorts finished texts and writes them once each, in [ ]. What they hold is freed. */
void tx_masking_write_sorted(struct tx_masking_writer *w, const char *name, struct tx_bytes *texts,
                             size_t n);

/* --- the parts of the section, each its lines --- */

void tx_masking_write_match(struct tx_masking_writer *w, const struct tx_masking_match *match);
void tx_masking_write_action(struct tx_masking_writer *w, const struct tx_masking_action *action);
void tx_masking_write_rules(struct tx_masking_writer *w);
void tx_masking_write_settings(struct tx_masking_writer *w);
void tx_masking_write_keys(struct tx_masking_writer *w);
void tx_masking_write_detectors(struct tx_masking_writer *w);
void tx_masking_write_allows(struct tx_masking_writer *w);
void tx_masking_write_tests(struct tx_masking_writer *w);

#endif
