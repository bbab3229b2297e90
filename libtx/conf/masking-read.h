/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_MASKING_READ_H
#define TX_CONF_MASKING_READ_H

/*
 * What the readers of the parts of `masking:` share. Each reads a node into plain data, tells what
 * is wrong with it and goes on, so that one run tells all. A partly read struct can be freed.
 * Invariant: once something was told or memory failed, nobody uses what was read.
 */

#include "libtx/conf/masking.h"
#include "libtx/pattern/pattern.h"

#define TX_MASKING_PATTERNS_MAX 20000 /* of all rules, classes written out */
#define TX_MASKING_ITEMS_MAX 1000     /* of one list */
#define TX_MASKING_ID_BYTES 64
#define TX_MASKING_TEXT_BYTES 1000 /* a reason, a replacement */

struct tx_masking_class {
    const char *id; /* borrowed from the tree */
    const struct tx_conf_node *node;
    bool broken; /* its errors have been told */
};

struct tx_masking_reader {
    struct tx_conf_errors *errors;
    struct tx_text directory;
    struct tx_masking *to;
    size_t n_classes;
    struct tx_masking_class *classes; /* owned */
    size_t n_given;
    struct tx_masking_rule *given; /* owned: packs' and the preset's */
    const char *prefix;            /* "pci/": its rules are being read; NULL: the file's */
    enum tx_masking_source source;
    size_t n_patterns;
    bool accepts_unmasked;
};

/* --- nodes: masking-node.c --- */

/* "expected …" */
void tx_masking_node_expected(struct tx_masking_reader *r, const struct tx_conf_node *node,
                              const char *format, ...) TX_PRINTF(3, 4);
void tx_masking_node_error(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *format, ...) TX_PRINTF(3, 4);
/* The same, and ": did you mean" with the nearest of the candidates. */
void tx_masking_node_error_meant(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 const char *word, const char *const *candidates,
                                 const char *format, ...) TX_PRINTF(5, 6);

/* Nothing stands there: `rules:` and the end of the line. */
bool tx_masking_node_is_null(const struct tx_conf_node *node);
/* The entry of a map by its key, or NULL. */
const struct tx_conf_node *tx_masking_node_get(const struct tx_conf_node *map, const char *key);
/* False (and an error) when it is not a map; each key that is not in `known` is an error. */
bool tx_masking_node_map(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         const char *what, const char *const *known);
/* A list, or one thing where a list of one would stand: how many, and the i-th. */
size_t tx_masking_node_n(const struct tx_conf_node *node);
const struct tx_conf_node *tx_masking_node_item(const struct tx_conf_node *node, size_t i);
/* False (and an error) when it has no items or too many. */
bool tx_masking_node_items(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *what, size_t max);

char *tx_masking_node_copy(struct tx_masking_reader *r, const char *text);
void tx_masking_node_add(struct tx_masking_reader *r, struct tx_masking_list *list,
                         const char *text);
void *tx_masking_node_alloc(struct tx_masking_reader *r, size_t n, size_t size);

/* A scalar that is not empty, of at most `max` bytes; else an error and NULL. Borrowed. */
const char *tx_masking_node_text(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 const char *what, size_t max);
/* Such scalars, one at least. */
void tx_masking_node_list(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          const char *what, size_t max, struct tx_masking_list *ret);
/* Which of the words (NULL ends them) it is; else an error and false. */
bool tx_masking_node_word(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          const char *const *words, int *ret);
void tx_masking_node_bool(struct tx_masking_reader *r, const struct tx_conf_node *node, bool *ret);
bool tx_masking_node_count(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           uint32_t min, uint32_t max, uint32_t *ret);
bool tx_masking_node_number(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            const char *what, double min, double max, double *ret);
/* 0 to 1, as percent. */
void tx_masking_node_percent(struct tx_masking_reader *r, const struct tx_conf_node *node,
                             uint8_t *ret);
bool tx_masking_node_time(struct tx_masking_reader *r, const struct tx_conf_node *node, int64_t min,
                          int64_t max, int64_t *ret);
/* 2026-12-31 (its beginning in UTC) or RFC 3339. */
void tx_masking_node_date(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          int64_t *ret);
/* 1 to 64 of a-z A-Z 0-9 _ -; else an error, and NULL. Borrowed. */
const char *tx_masking_node_id(struct tx_masking_reader *r, const struct tx_conf_node *node,
                               const char *what);

/* Absolute: one that is not is taken from the file's directory. Owned by the caller. */
char *tx_masking_node_path(struct tx_masking_reader *r, const char *path);

/* --- patterns: masking-glob.c --- */

/* Lists of globs; `{a,b}` and `[ab]` are written out. Fields may be JSON pointers too. */
void tx_masking_glob_read_events(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 struct tx_masking_list *ret);
void tx_masking_glob_read_fields(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 struct tx_masking_list *ret);
void tx_masking_glob_read_keys(struct tx_masking_reader *r, const struct tx_conf_node *node,
                               struct tx_masking_list *ret);
void tx_masking_glob_read_paths(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                const char *what, struct tx_masking_list *ret);
/* "/a/b": what stands in that field; by RFC 6901, without empty parts. */
bool tx_masking_glob_pointer_valid(const char *text);

/* --- the parts --- */

/* masking-match.c */
void tx_masking_classes_read(struct tx_masking_reader *r, const struct tx_conf_node *node);
void tx_masking_match_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *rule, struct tx_masking_match *ret);
/* `except`: one more in match->none. */
void tx_masking_match_read_except(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                  struct tx_masking_match *match);
/* masking-sender.c */
void tx_masking_sender_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_sender *ret);
/* The number of a user or a group, by name or digits; false (and an error) when there is none. */
bool tx_masking_sender_id(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          bool is_group, uint32_t *ret);
/* masking-detect.c: names of detectors, in a `detect:` or an allow. */
void tx_masking_detect_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_list *ret);
/* A detector or a pack of ours. */
bool tx_masking_detect_is_built_in(const char *name);
/* masking-detector.c */
void tx_masking_detectors_read(struct tx_masking_reader *r, const struct tx_conf_node *node);
/* A rule's own regex becomes a detector; its name is put into *ret. */
void tx_masking_regex_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *rule, struct tx_masking_list *ret);
#define TX_MASKING_REGEX_SUFFIX "/regex" /* of such a detector's name, behind the rule's */

/* Whether the regular expression can be used, with the file's limit of states; else an error. */
void tx_masking_regex_check(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_pattern_options options);
/* masking-action.c. `is_default` is set by {default: …}. */
void tx_masking_action_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_action *ret, bool *ret_is_default);
/* masking-rule.c */
void tx_masking_rules_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           struct tx_masking_rule **ret, size_t *ret_n);
/* masking-check.c: rules that can do nothing. The first is for one without mistakes. */
void tx_masking_check_rule(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const struct tx_masking_rule *rule);
void tx_masking_check_rules(struct tx_masking_reader *r, const struct tx_conf_node *list);
/* masking-key.c */
void tx_masking_keys_read(struct tx_masking_reader *r, const struct tx_conf_node *node);
/* A key's id; an error, and NULL, when there is no such key. Owned by the caller. */
char *tx_masking_key_named(struct tx_masking_reader *r, const struct tx_conf_node *node);
/* masking-allow.c */
void tx_masking_allows_read(struct tx_masking_reader *r, const struct tx_conf_node *node);
/* masking-test.c */
void tx_masking_tests_read(struct tx_masking_reader *r, const struct tx_conf_node *node);
/* masking-preset.c: puts rules into r->given. */
void tx_masking_preset_read(struct tx_masking_reader *r, const struct tx_conf_node *preset,
                            const struct tx_conf_node *packs);

#endif
