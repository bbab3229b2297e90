/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/conf/masking-read.h"
#include "libtx/mask/policy/masking-cover.h"
#include "libtx/mask/policy/masking-write.h"

/*
 * Rules that cannot do anything are mistakes: one whose conditions exclude each other, and one of
 * two with the same match.
 */

#define OTHER_TYPES (TX_TYPE_STRING | TX_TYPE_BYTES | TX_TYPE_MAP)

/* In numbers, only some detectors look; in booleans none does. */
static bool types_exclude(const struct tx_masking_match *match) {
    struct tx_detector_set found;

    if (match->detectors.n == 0 || match->types == 0 || match->types & OTHER_TYPES)
        return false;
    if (!(match->types & (TX_TYPE_INT | TX_TYPE_FLOAT)))
        return true;
    if (!tx_masking_built_in(&match->detectors, &found))
        return false;
    tx_detectors_and(&found, &tx_detectors_of_numbers);
    return !tx_detectors_any(&found);
}

void tx_masking_check_rule(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const struct tx_masking_rule *rule) {
    if (types_exclude(&rule->match))
        tx_masking_node_error(r, node,
                              "this rule never applies: its detectors find nothing in "
                              "values of its types");
    if (tx_masking_excludes(&rule->match))
        tx_masking_node_error(r, node,
                              "this rule never applies: except (or not) takes away all "
                              "that its match matches");
}

/* --- two rules with one match --- */

static bool competes(const struct tx_masking_rule *rule) {
    return rule->id && !rule->shadow && rule->action.kind != TX_ACTION_ALLOW;
}

/* An exemption may take the winner away and leave a locked loser. */
static bool wins(const struct tx_masking_rule *winner, const struct tx_masking_rule *loser) {
    return winner->locked || !loser->locked;
}

static void tell(struct tx_masking_reader *r, const struct tx_conf_node *node,
                 const struct tx_masking_rule *earlier, const struct tx_masking_rule *later) {
    if (later->action.kind > earlier->action.kind && wins(later, earlier))
        tx_masking_node_error(r, node,
                              "this rule leaves nothing to '%s' in line %zu, which has the same "
                              "match and is less strict: remove that one",
                              earlier->id, earlier->line);
    else if (later->action.kind <= earlier->action.kind && wins(earlier, later))
        tx_masking_node_error(r, node,
                              "this rule never wins: '%s' in line %zu has the same match and is as "
                              "strict or stricter",
                              earlier->id, earlier->line);
}

static int match_text(const struct tx_masking *masking, const struct tx_masking_rule *rule,
                      struct tx_bytes *ret) {
    struct tx_masking_writer w = {.b = ret, .masking = masking, .is_policy = true};
    tx_masking_write_match(&w, &rule->match);
    return w.failed;
}

static bool same_text(const struct tx_bytes *a, const struct tx_bytes *b) {
    return a->len > 0 && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

void tx_masking_check_rules(struct tx_masking_reader *r, const struct tx_conf_node *list) {
    const struct tx_masking_rule *rules = r->to->rules;
    size_t n = r->to->n_rules;
    struct tx_bytes *texts = tx_masking_node_alloc(r, n + 1, sizeof(*texts));

    for (size_t i = 0; texts && i < n; i++) {
        if (!competes(&rules[i]))
            continue;
        if (match_text(r->to, &rules[i], &texts[i]) < 0)
            r->errors->failed = -ENOMEM;
        for (size_t k = 0; k < i; k++)
            if (same_text(&texts[k], &texts[i])) {
                tell(r, list->entries[i].value, &rules[k], &rules[i]);
                break;
            }
    }
    for (size_t i = 0; texts && i < n; i++)
        tx_bytes_deinit(&texts[i]);
    free(texts);
}
