/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/mask/compare/compare-parts.h"
#include "libtx/mask/policy/masking-cover.h"

/*
 * Each rule that claims something must be covered: by one rule that claims all of it as strictly,
 * or, by its fields and detectors one by one, by several.
 */

static bool claims(const struct tx_masking_rule *rule) {
    return !rule->shadow && rule->action.kind != TX_ACTION_ALLOW;
}

static bool names(const struct tx_masking_list *list, const char *item) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->item[i], item) == 0)
            return true;
    return false;
}

static const struct tx_masking_rule *find(const struct tx_masking *masking, const char *id) {
    for (size_t i = 0; i < masking->n_rules; i++)
        if (strcmp(masking->rules[i].id, id) == 0)
            return &masking->rules[i];
    return NULL;
}

static bool is_set_aside(const struct tx_masking *masking, const char *id) {
    for (size_t i = 0; i < masking->n_rules; i++)
        if (!masking->rules[i].shadow && names(&masking->rules[i].replaces, id))
            return true;
    return false;
}

/* Where a rule is set aside it covers nothing, but what it covered before it was: that is looked
 * at by itself. */
static bool may_cover(const struct tx_comparison *c, const struct tx_masking_rule *old,
                      const struct tx_masking_rule *new) {
    return claims(new) && (!old->locked || new->locked) &&
           (new->type_to_null || !old->type_to_null) &&
           !tx_comparison_action_weaker(c, &old->action, &new->action) &&
           (strcmp(old->id, new->id) == 0 || !is_set_aside(c->now, new->id));
}

static bool is_covered(const struct tx_comparison *c, const struct tx_masking_rule *old,
                       const struct tx_masking_match *match) {
    for (size_t i = 0; i < c->now->n_rules; i++)
        if (may_cover(c, old, &c->now->rules[i]) &&
            tx_masking_covers(&c->now->rules[i].match, match))
            return true;
    return false;
}

static bool is_covered_in_parts(const struct tx_comparison *c, const struct tx_masking_rule *old) {
    struct tx_masking_match part = old->match;
    size_t n_fields = part.fields.n ? part.fields.n : 1;
    size_t n_detectors = part.detectors.n ? part.detectors.n : 1;

    for (size_t f = 0; f < n_fields; f++)
        for (size_t d = 0; d < n_detectors; d++) {
            if (old->match.fields.n)
                part.fields = (struct tx_masking_list){1, &old->match.fields.item[f]};
            if (old->match.detectors.n)
                part.detectors = (struct tx_masking_list){1, &old->match.detectors.item[d]};
            if (!is_covered(c, old, &part))
                return false;
        }
    return true;
}

static void tell_uncovered(struct tx_comparison *c, const struct tx_masking_rule *old) {
    _cleanup_(tx_freep) char *what = tx_comparison_name(c, "rule '%s'", old->id);
    const struct tx_masking_rule *new = find(c->now, old->id);

    if (new &&claims(new) && old->locked && !new->locked)
        tx_comparison_tell(c, what, "locked", "not locked");
    else if (new &&tx_comparison_action_weaker(c, &old->action, &new->action))
        tx_comparison_tell_actions(c, what, &old->action, &new->action);
    else if (new &&new->shadow)
        tx_comparison_tell_actions(c, what, &old->action, NULL);
    else if (new)
        tx_comparison_tell(c, what, "as it matched", "it matches less, or otherwise");
    else
        tx_comparison_tell(c, what, tx_masking_action_name(old->action.kind),
                           "no rule that matches as much and is as strict");
}

/* --- what sets aside, what exempts --- */

static bool claims_all_of(const struct tx_masking_rule *rule, const struct tx_masking_rule *other) {
    const struct tx_masking_match all = {.detectors = other->match.detectors};
    const struct tx_masking_match own = {.detectors = rule->match.detectors,
                                         .min_confidence = rule->match.min_confidence,
                                         .min_count = rule->match.min_count};
    return tx_masking_covers(&own, &all);
}

static bool was_set_aside(const struct tx_comparison *c, const struct tx_masking_rule *by,
                          const char *id) {
    for (size_t i = 0; i < c->before->n_rules; i++) {
        const struct tx_masking_rule *old = &c->before->rules[i];
        if (!old->shadow && names(&old->replaces, id) &&
            tx_masking_covers(&old->match, &by->match) &&
            (by->action.kind == TX_ACTION_ALLOW
                 ? old->action.kind == TX_ACTION_ALLOW
                 : !tx_comparison_action_weaker(c, &old->action, &by->action)))
            return true;
    }
    return false;
}

static void compare_replaced(struct tx_comparison *c, const struct tx_masking_rule *by) {
    for (size_t i = 0; i < by->replaces.n; i++) {
        const struct tx_masking_rule *old = find(c->before, by->replaces.item[i]);
        if (!old || !claims(old) || was_set_aside(c, by, old->id))
            continue;
        if (by->action.kind != TX_ACTION_ALLOW && claims_all_of(by, old) &&
            !tx_comparison_action_weaker(c, &old->action, &by->action))
            continue;
        _cleanup_(tx_freep) char *what =
            tx_comparison_name(c, "rule '%s' sets '%s' aside", by->id, old->id);
        tx_comparison_tell_actions(c, what, &old->action, &by->action);
    }
}

static bool lasts(int64_t before, int64_t now) {
    return before == 0 || (now != 0 && now <= before);
}

static void compare_exemption(struct tx_comparison *c, const struct tx_masking_rule *new) {
    for (size_t i = 0; i < c->before->n_rules; i++) {
        const struct tx_masking_rule *old = &c->before->rules[i];
        if (old->action.kind == TX_ACTION_ALLOW && !old->shadow &&
            lasts(old->expires, new->expires) && tx_masking_covers(&old->match, &new->match))
            return;
    }
    const struct tx_masking_rule *old = find(c->before, new->id);
    _cleanup_(tx_freep) char *what = tx_comparison_name(c, "rule '%s'", new->id);
    if (old && old->action.kind == TX_ACTION_ALLOW && !lasts(old->expires, new->expires))
        tx_comparison_tell(c, what, "an exemption that expires", "one that lasts longer");
    else
        tx_comparison_tell(c, what, "no exemption that goes as far", "allow");
}

void tx_comparison_rules(struct tx_comparison *c) {
    for (size_t i = 0; i < c->before->n_rules && !c->failed; i++) {
        const struct tx_masking_rule *old = &c->before->rules[i];
        if (claims(old) && !is_covered(c, old, &old->match) && !is_covered_in_parts(c, old))
            tell_uncovered(c, old);
    }
    for (size_t i = 0; i < c->now->n_rules && !c->failed; i++) {
        const struct tx_masking_rule *new = &c->now->rules[i];
        if (new->shadow)
            continue;
        if (new->action.kind == TX_ACTION_ALLOW)
            compare_exemption(c, new);
        compare_replaced(c, new);
    }
}

/* --- allow: --- */

static bool list_within(const struct tx_masking_list *small, const struct tx_masking_list *big) {
    for (size_t i = 0; i < small->n; i++)
        if (!names(big, small->item[i]))
            return false;
    return true;
}

static bool domain_within(const char *small, const char *big) {
    size_t n_small = strlen(small), n_big = strlen(big);
    return strcmp(small, big) == 0 || (n_small > n_big && small[n_small - n_big - 1] == '.' &&
                                       strcmp(small + n_small - n_big, big) == 0);
}

static bool domains_within(const struct tx_masking_allow *small,
                           const struct tx_masking_allow *big) {
    for (size_t i = 0; i < small->domains.n; i++) {
        size_t k = 0;
        while (k < big->domains.n && !domain_within(small->domains.item[i], big->domains.item[k]))
            k++;
        if (k == big->domains.n)
            return false;
    }
    return true;
}

static bool cidr_within(const struct tx_masking_cidr *small, const struct tx_masking_cidr *big) {
    size_t whole = big->bits / 8, rest = big->bits % 8;

    if (small->bits < big->bits || memcmp(small->address, big->address, whole) != 0)
        return false;
    uint8_t keep = (uint8_t)(0xff00 >> rest);
    return rest == 0 || (small->address[whole] & keep) == (big->address[whole] & keep);
}

static bool cidrs_within(const struct tx_masking_allow *small, const struct tx_masking_allow *big) {
    for (size_t i = 0; i < small->n_cidrs; i++) {
        size_t k = 0;
        while (k < big->n_cidrs && !cidr_within(&small->cidrs[i], &big->cidrs[k]))
            k++;
        if (k == big->n_cidrs)
            return false;
    }
    return true;
}

static bool allow_within(const struct tx_masking_allow *small, const struct tx_masking_allow *big) {
    const struct tx_masking_match small_match = {
        .events = small->events, .fields = small->fields, .detectors = small->detectors};
    const struct tx_masking_match big_match = {
        .events = big->events, .fields = big->fields, .detectors = big->detectors};

    return tx_masking_covers(&big_match, &small_match) && lasts(big->expires, small->expires) &&
           list_within(&small->values, &big->values) && list_within(&small->sha256, &big->sha256) &&
           domains_within(small, big) && cidrs_within(small, big) &&
           (!small->public_test_pans || big->public_test_pans) &&
           (!small->regex || (big->regex && strcmp(small->regex, big->regex) == 0));
}

void tx_comparison_allows(struct tx_comparison *c) {
    for (size_t i = 0; i < c->now->n_allows && !c->failed; i++) {
        const struct tx_masking_allow *new = &c->now->allows[i];
        size_t k = 0;
        while (k < c->before->n_allows && !allow_within(new, &c->before->allows[k]))
            k++;
        if (k < c->before->n_allows)
            continue;
        _cleanup_(tx_freep) char *what = tx_comparison_name(c, "allow '%s'", new->name);
        tx_comparison_tell(c, what, "no entry that goes as far", "allow");
    }
}

/* --- detectors: --- */

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_check(const struct tx_masking_detector *a, const struct tx_masking_detector *b) {
    return a->validator == b->validator &&
           (a->validator != TX_VALID_CRC32_BASE62 ||
            (a->over_from == b->over_from && a->over_to == b->over_to &&
             a->check_from == b->check_from && a->check_to == b->check_to));
}

/* `new` finds all that `old` found, as sure as that; as far as can be told without trying. */
static bool finds_as_much(const struct tx_masking_detector *old,
                          const struct tx_masking_detector *new) {
    bool context =
        new->context.n == 0 || (old->context.n > 0 && list_within(&old->context, &new->context) &&
                                new->before >= old->before &&new->after >= old->after &&
                                (new->field_names || !old->field_names));
    bool exclude = list_within(&new->exclude, &old->exclude) &&
                   (new->exclude.n == 0 || (new->before <= old->before &&new->after <= old->after));

    return same_text(old->regex, new->regex) && list_within(&old->literals, &new->literals) &&
           (!new->required_literal || same_text(old->required_literal, new->required_literal)) &&
           (new->ignore_case || !old->ignore_case) && (!new->whole_words || old->whole_words) &&
           (new->capture == 0 || new->capture == old->capture) &&
           (new->validator == TX_VALID_NONE || same_check(old, new)) &&
           new->entropy <= old->entropy &&context &&exclude &&new->confidence >= old->confidence;
}

static const struct tx_masking_detector *find_detector(const struct tx_masking *masking,
                                                       const char *id) {
    for (size_t i = 0; i < masking->n_detectors; i++)
        if (strcmp(masking->detectors[i].id, id) == 0)
            return &masking->detectors[i];
    return NULL;
}

/* One that is gone cannot be named: the rules that named it are told. */
void tx_comparison_detectors(struct tx_comparison *c) {
    for (size_t i = 0; i < c->before->n_detectors && !c->failed; i++) {
        const struct tx_masking_detector *old = &c->before->detectors[i];
        const struct tx_masking_detector *new = find_detector(c->now, old->id);
        if (!new || finds_as_much(old, new))
            continue;
        _cleanup_(tx_freep) char *what = tx_comparison_name(c, "detector '%s'", old->id);
        tx_comparison_tell(c, what, "as it was written", "it may find less");
    }
}
