/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"
#include "libtx/mask/standing.h"

static void tell(struct tx_mask *mask, const struct tx_slot *slot, size_t i,
                 const struct tx_found *found, struct tx_mask_event event) {
    const struct tx_rule *rule = &mask->rules.rule[i];
    size_t other;

    event.step = TX_STEP_RULE;
    event.by = rule->id;
    event.action = rule->action.kind;
    event.locked = rule->locked;
    event.standing = tx_standing_of(&mask->rules, slot->verdict, i, found, &other);
    if (other != TX_NO_RULE)
        event.other = mask->rules.rule[other].id;
    tx_value_tell(mask, &event);
}

static void tell_of_match(struct tx_mask *mask, const struct tx_slot *slot,
                          const struct tx_match *match) {
    struct tx_found found = {.detector = match->detector,
                             .confidence = match->confidence,
                             .counts = mask->one_by_one ? NULL : mask->counts};
    struct tx_mask_event event = {.start = match->start,
                                  .end = match->end,
                                  .detector = match->detector,
                                  .confidence = match->confidence};
    const struct tx_text text = {slot->text.p + match->start, match->end - match->start};
    size_t entry;

    found.allowed = tx_ruleset_allows(&mask->rules, slot->verdict, match->detector, text, &entry);
    TX_SET_EACH(i, &slot->verdict->matched, mask->rules.n_words) {
        if (i >= mask->rules.n_rules ||
            !tx_detectors_have(&mask->rules.rule[i].detectors, match->detector))
            continue;
        event.other = found.allowed ? mask->masking->allows[entry].name : NULL;
        tell(mask, slot, i, &found, event);
    }
}

void tx_why_tell(struct tx_mask *mask, const struct tx_slot *slot) {
    const struct tx_mask_event event = {.detector = TX_NO_DETECTOR};

    TX_SET_EACH(i, &slot->verdict->matched, mask->rules.n_words)
    if (!slot->is_key && i < mask->rules.n_rules && tx_set_has(&mask->rules.whole, i))
        tell(mask, slot, i, NULL, event);
    for (size_t k = 0; k < slot->n_matches; k++)
        tell_of_match(mask, slot, &slot->matches[k]);
}
