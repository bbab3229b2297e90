/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

/*
 * What was found → who claims it → stretches. Each match is asked for by itself: entries of
 * `allow:` and rules that let through or set aside take away claims on that match, never on what
 * lies beside it. What is still claimed is united where it overlaps, and a stretch has the
 * strictest action of all that claim any of its bytes: giving each byte its own action would put
 * two replacements beside each other that together say where one match ended, and a mask of the
 * rest would show the first and last characters of a piece that is no value.
 */

struct asked {
    struct tx_mask *mask;
    const struct tx_match *match;
};

static void tell(struct tx_mask *mask, enum tx_mask_step step, const struct tx_match *match,
                 const char *by, enum tx_masking_action_kind action) {
    tx_value_tell(mask, &(struct tx_mask_event){.step = step,
                                                .start = match->start,
                                                .end = match->end,
                                                .detector = match->detector,
                                                .confidence = match->confidence,
                                                .by = by,
                                                .action = action});
}

static void note_shadow(void *data, size_t i) {
    const struct asked *asked = data;
    const struct tx_rule *rule = &asked->mask->rules.rule[i];
    asked->mask->rule_counts[i]++;
    tell(asked->mask, TX_STEP_SHADOW, asked->match, rule->id, rule->action.kind);
}

static struct tx_text text_of(const struct tx_slot *slot, const struct tx_match *match) {
    return (struct tx_text){.p = slot->text.p + match->start, .n = match->end - match->start};
}

struct tx_claim tx_claims_of(struct tx_mask *mask, const struct tx_slot *slot,
                             const struct tx_match *match) {
    struct tx_found found = {.detector = match->detector,
                             .confidence = match->confidence,
                             .counts = mask->one_by_one ? NULL : mask->counts};
    struct asked asked = {.mask = mask, .match = match};
    struct tx_claim claim;
    size_t entry;

    found.allowed = tx_ruleset_allows(&mask->rules, slot->verdict, match->detector,
                                      text_of(slot, match), &entry);
    if (found.allowed)
        tell(mask, TX_STEP_ALLOWED, match, mask->masking->allows[entry].name, TX_ACTION_ALLOW);
    tx_ruleset_claim(&mask->rules, slot->verdict, &found, note_shadow, &asked, &claim);
    /* The last characters of an encoded word are not the last ones of what it says. */
    if (claim.any && match->is_encoded && claim.action.kind == TX_ACTION_MASK)
        claim.action.kind = TX_ACTION_REDACT;
    if (claim.any)
        tell(mask, TX_STEP_CLAIM, match, mask->rules.rule[claim.rule].id, claim.action.kind);
    return claim;
}

/* Matches come by their start. */
static void unite(struct tx_mask *mask, const struct tx_match *match,
                  const struct tx_claim *claim) {
    struct tx_stretch *last =
        mask->n_stretches > 0 ? &mask->stretches[mask->n_stretches - 1] : NULL;

    if (!last || match->start >= last->end) {
        last = &mask->stretches[mask->n_stretches++];
        *last = (struct tx_stretch){.start = match->start, .end = match->end};
    }
    last->end = match->end > last->end ? match->end : last->end;
    tx_detectors_add(&last->detectors, match->detector);
    tx_claim_add(&last->claim, claim);
}

/* Rules without detectors that only would have claimed the value. */
static void note_whole_shadows(struct tx_mask *mask, const struct tx_verdict *verdict) {
    TX_UNINITIALIZED struct tx_set shadows;

    tx_set_copy(&shadows, &verdict->matched, mask->rules.n_words);
    tx_set_and(&shadows, &mask->rules.shadow, mask->rules.n_words);
    tx_set_and(&shadows, &mask->rules.whole, mask->rules.n_words);
    TX_SET_EACH(i, &shadows, mask->rules.n_words) {
        const struct tx_rule *rule = &mask->rules.rule[i];
        mask->rule_counts[i]++;
        tx_value_tell(mask, &(struct tx_mask_event){.step = TX_STEP_SHADOW,
                                                    .detector = TX_NO_DETECTOR,
                                                    .by = rule->id,
                                                    .action = rule->action.kind});
    }
}

void tx_claims_make(struct tx_mask *mask, const struct tx_slot *slot) {
    mask->n_stretches = 0;
    mask->strictest = (struct tx_claim){.any = false};
    mask->claims_overflow = slot->overflow || slot->n_matches > mask->masking->limits.spans;
    if (slot->verdict->shadows)
        note_whole_shadows(mask, slot->verdict);
    for (size_t i = 0; i < slot->n_matches && !mask->claims_overflow; i++) {
        struct tx_claim claim = tx_claims_of(mask, slot, &slot->matches[i]);
        if (!claim.any)
            continue;
        unite(mask, &slot->matches[i], &claim);
        tx_claim_add(&mask->strictest, &claim);
    }
}

/* --- rules that ask for a number --- */

struct counter {
    struct tx_mask *mask;
    const struct tx_slot *slot;
    size_t rule;
};

/* Matches of one rule that overlap are one. */
static uint32_t count_in(const struct counter *c) {
    const struct tx_rule *rule = &c->mask->rules.rule[c->rule];
    uint32_t n = 0, end = 0;
    size_t entry;

    for (size_t i = 0; i < c->slot->n_matches; i++) {
        const struct tx_match *match = &c->slot->matches[i];
        struct tx_found found = {.detector = match->detector, .confidence = match->confidence};
        if (!tx_rule_seeks(rule, &found))
            continue;
        found.allowed = tx_ruleset_allows(&c->mask->rules, c->slot->verdict, match->detector,
                                          text_of(c->slot, match), &entry);
        if (!tx_rule_seeks(rule, &found))
            continue;
        n += n == 0 || match->start >= end;
        end = match->end > end ? match->end : end;
    }
    return n;
}

void tx_claims_count_in(struct tx_mask *mask, const struct tx_slot *slot, uint32_t *counts) {
    const struct tx_ruleset *rules = &mask->rules;
    struct counter counter = {.mask = mask, .slot = slot};

    if (slot->n_matches == 0)
        return;
    TX_SET_EACH(rule, &rules->counted, rules->n_words) {
        counter.rule = rule;
        if (tx_set_has(&slot->verdict->matched, rule))
            counts[rule] += count_in(&counter);
    }
}

/* The same may be found in a string as the text that it is, and in the JSON that it holds. */
static void count_string(struct tx_mask *mask, const struct tx_slot *slot) {
    const size_t n_bytes = mask->rules.n_rules * sizeof(*mask->member_counts);
    uint32_t *counts = mask->member_counts;

    memset(counts, 0, n_bytes);
    tx_json_string_count(mask, slot, counts);
    TX_SET_EACH(rule, &mask->rules.counted, mask->rules.n_words) {
        struct counter counter = {.mask = mask, .slot = slot, .rule = rule};
        bool holds = tx_set_has(&slot->verdict->matched, rule);
        uint32_t n = holds && slot->n_matches ? count_in(&counter) : 0;
        mask->counts[rule] += n > counts[rule] ? n : counts[rule];
    }
}

void tx_claims_count(struct tx_mask *mask) {
    const struct tx_ruleset *rules = &mask->rules;

    if (!tx_set_any(&rules->counted, rules->n_words))
        return;
    memset(mask->counts, 0, rules->n_rules * sizeof(*mask->counts));
    for (size_t i = 0; i < mask->n_slots && !mask->overflow; i++) {
        const struct tx_slot *slot = &mask->slots[i];
        if (slot->is_string && tx_json_string_is(mask, slot->text))
            count_string(mask, slot);
        else
            tx_claims_count_in(mask, slot, mask->counts);
    }
}
