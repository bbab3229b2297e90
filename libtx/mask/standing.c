/* SPDX-License-Identifier: MIT */
#include "libtx/mask/standing.h"

static bool replaces(const struct tx_rule *rule, size_t which) {
    for (size_t i = 0; i < rule->n_replaces; i++)
        if (rule->replaces[i] == which)
            return true;
    return false;
}

/* A rule without detectors that sets it aside wherever it holds. */
static size_t replacer_of_value(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                                size_t which) {
    TX_SET_EACH(i, &verdict->matched, set->n_words)
    if (tx_set_has(&set->replacing, i) && tx_set_has(&set->whole, i) &&
        replaces(&set->rule[i], which))
        return i;
    return TX_NO_RULE;
}

static size_t exempter_of_value(const struct tx_ruleset *set, const struct tx_verdict *verdict) {
    TX_SET_EACH(i, &verdict->matched, set->n_words)
    if (tx_set_has(&set->allowing, i) && tx_set_has(&set->whole, i) &&
        !tx_set_has(&set->shadow, i) && replacer_of_value(set, verdict, i) == TX_NO_RULE)
        return i;
    return TX_NO_RULE;
}

static bool has_enough(const struct tx_rule *rule, size_t i, const struct tx_found *found) {
    return rule->min_count <= 1 || !found->counts || found->counts[i] >= rule->min_count;
}

/* The same of rules with detectors, which do it for what they claim. */
static size_t replacer_of_match(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                                const struct tx_found *found, size_t which) {
    for (size_t k = 0; k < verdict->n_seeking; k++) {
        size_t i = verdict->seeking[k];
        const struct tx_rule *rule = &set->rule[i];
        if (!rule->shadow && tx_rule_seeks(rule, found) && has_enough(rule, i, found) &&
            replaces(rule, which))
            return i;
    }
    return TX_NO_RULE;
}

static size_t exempter_of_match(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                                const struct tx_found *found) {
    for (size_t k = 0; k < verdict->n_seeking; k++) {
        size_t i = verdict->seeking[k];
        const struct tx_rule *rule = &set->rule[i];
        if (rule->action.kind == TX_ACTION_ALLOW && !rule->shadow && tx_rule_seeks(rule, found) &&
            has_enough(rule, i, found))
            return i;
    }
    return TX_NO_RULE;
}

static enum tx_mask_standing of_value(const struct tx_ruleset *set,
                                      const struct tx_verdict *verdict, size_t i,
                                      size_t *ret_other) {
    const struct tx_rule *rule = &set->rule[i];

    *ret_other = replacer_of_value(set, verdict, i);
    if (*ret_other != TX_NO_RULE)
        return TX_STANDING_REPLACED;
    size_t exempter = exempter_of_value(set, verdict);
    if (!rule->locked && exempter != TX_NO_RULE && rule->action.kind != TX_ACTION_ALLOW) {
        *ret_other = exempter;
        return TX_STANDING_EXEMPTED;
    }
    if (rule->shadow)
        return TX_STANDING_SHADOW;
    return rule->action.kind == TX_ACTION_ALLOW ? TX_STANDING_EXEMPTS : TX_STANDING_CLAIMS;
}

enum tx_mask_standing tx_standing_of(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                                     size_t i, const struct tx_found *found, size_t *ret_other) {
    const struct tx_rule *rule = &set->rule[i];
    enum tx_mask_standing standing = of_value(set, verdict, i, ret_other);

    if (!found || standing == TX_STANDING_REPLACED || standing == TX_STANDING_EXEMPTED)
        return standing;
    if (found->confidence < rule->min_confidence)
        return TX_STANDING_UNSURE;
    if (found->allowed && !rule->locked)
        return TX_STANDING_ALLOWED;
    if (!has_enough(rule, i, found))
        return TX_STANDING_FEW;
    if (rule->action.kind == TX_ACTION_ALLOW)
        return standing;
    *ret_other = rule->locked ? TX_NO_RULE : exempter_of_match(set, verdict, found);
    if (*ret_other != TX_NO_RULE)
        return TX_STANDING_EXEMPTED;
    *ret_other = replacer_of_match(set, verdict, found, i);
    return *ret_other != TX_NO_RULE ? TX_STANDING_REPLACED : standing;
}
