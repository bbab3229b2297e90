/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

#include <assert.h>

void tx_slots_reset(struct tx_mask *mask) {
    mask->n_slots = mask->next_slot = mask->n_values = 0;
    mask->overflow = false;
}

static void tell_candidate(void *data, const struct tx_candidate *candidate) {
    const struct tx_mask *mask = data;
    tx_value_tell(mask, &(struct tx_mask_event){.step = TX_STEP_CANDIDATE,
                                                .start = candidate->start,
                                                .end = candidate->end,
                                                .detector = candidate->detector,
                                                .confidence = candidate->confidence,
                                                .candidate = candidate});
}

static void look(struct tx_mask *mask, const struct tx_detector_set *wanted, struct tx_text text,
                 struct tx_text name, bool tell, struct tx_matches *ret) {
    const struct tx_detect_trace trace = {.tell = tell_candidate, .data = mask};
    const struct tx_detect_options options = {
        .wanted = *wanted,
        .name = name,
        .assume_context = mask->assume_context,
        .reading = &mask->reading,
        .custom = mask->custom ? tx_custom_hook(mask->custom) : NULL,
        .trace = tell && mask->trace ? &trace : NULL,
    };
    tx_detect(mask->detect_memory, text, &options, ret);
}

void tx_slots_look(struct tx_mask *mask, const struct tx_detector_set *wanted, struct tx_text text,
                   struct tx_text name) {
    look(mask, wanted, text, name, false, &mask->few);
}

/* Whether what could be found would matter: to what is claimed, or to what is counted. */
static bool is_looked_at(const struct tx_verdict *verdict, const struct tx_asked *asked,
                         struct tx_detector_set *ret_wanted) {
    bool is_whole = verdict->whole.any && !asked->is_key;
    int whole = is_whole ? (int)verdict->whole.action.kind : -1;

    *ret_wanted = (struct tx_detector_set){.word = {0}};
    if (!asked->detectors || (verdict->strictest <= whole && !verdict->must_scan))
        return false;
    *ret_wanted = verdict->wanted;
    tx_detectors_and(ret_wanted, asked->detectors);
    return tx_detectors_any(ret_wanted);
}

const struct tx_verdict *tx_slots_decide(struct tx_mask *mask,
                                         const struct tx_condition_value *value,
                                         const struct tx_set *spent) {
    const struct tx_verdict *verdict = tx_ruleset_decide(
        &mask->rules, value, spent, mask->one_by_one && !mask->nested ? 0 : mask->number);
    mask->overflow = mask->overflow || !verdict;
    return verdict;
}

/* In place: a slot is too large to be made elsewhere and copied. */
static void fill(struct tx_slot *slot, const struct tx_verdict *verdict,
                 const struct tx_asked *asked) {
    slot->verdict = verdict;
    slot->text = asked->text;
    slot->value = TX_NO_VALUE;
    slot->overflow = false;
    slot->is_key = asked->is_key;
    slot->is_string = false;
    slot->name = (struct tx_text){.p = NULL};
    slot->n_matches = 0;
    slot->matches = NULL;
}

/* With what was found in it. */
static const struct tx_slot *fill_single(struct tx_mask *mask, const struct tx_verdict *verdict,
                                         const struct tx_asked *asked) {
    struct tx_matches *matches = mask->nested ? &mask->few : &mask->matches;
    struct tx_slot *slot = &mask->single;

    fill(slot, verdict, asked);
    if (is_looked_at(verdict, asked, &slot->wanted)) {
        slot->value = 0;
        slot->name = asked->name;
        look(mask, &slot->wanted, asked->text, asked->name, true, matches);
        slot->overflow = matches->overflow;
        slot->n_matches = matches->overflow ? 0 : matches->n;
        slot->matches = matches->match;
    }
    return slot;
}

/* Nothing was in it when the same was asked before. Who asks why wants to hear of it, though. */
static bool is_known(struct tx_mask *mask, const struct tx_slot *slot, const struct tx_asked *asked,
                     struct tx_seen_digest *ret) {
    const struct tx_seen_question question = {.text = asked->text,
                                              .name = asked->name,
                                              .wanted = &slot->wanted,
                                              .assume_context = mask->assume_context};
    return !mask->trace && tx_seen_has(mask->seen, &question, ret);
}

const struct tx_slot *tx_slots_add(struct tx_mask *mask, const struct tx_verdict *verdict,
                                   const struct tx_asked *asked) {
    if (mask->one_by_one || mask->nested)
        return fill_single(mask, verdict, asked);
    struct tx_slot *slot = &mask->slots[mask->n_slots];
    if (mask->n_slots == TX_SLOTS_MAX) {
        mask->overflow = true;
        return NULL;
    }
    struct tx_seen_digest digest = {.is_set = false};
    bool wanted = is_looked_at(verdict, asked, &slot->wanted);
    bool looked_at = wanted && !is_known(mask, slot, asked, &digest);
    if (looked_at && mask->n_values == TX_DETECT_VALUES_MAX) {
        mask->overflow = true;
        return NULL;
    }
    mask->n_slots++;
    fill(slot, verdict, asked);
    if (wanted)
        slot->name = asked->name;
    if (!looked_at)
        return slot;
    slot->value = (uint16_t)mask->n_values;
    mask->digests[mask->n_values] = digest;
    struct tx_detect_value *value = &mask->detect_values[mask->n_values++];
    value->text = asked->text;
    value->name = asked->name;
    value->wanted = slot->wanted;
    return slot;
}

void tx_slots_is_string(struct tx_mask *mask, const struct tx_slot *slot, struct tx_text field,
                        enum tx_value_label label) {
    if (!slot || mask->one_by_one || mask->nested)
        return;
    struct tx_slot *last = &mask->slots[mask->n_slots - 1];
    assert(last == slot);
    last->is_string = true;
    last->field = field;
    last->label = label;
}

/* Matches come by value: each slot gets its own. */
static void hand_out(struct tx_mask *mask) {
    size_t at = 0;
    for (size_t i = 0; i < mask->n_slots; i++) {
        struct tx_slot *slot = &mask->slots[i];
        if (slot->value == TX_NO_VALUE)
            continue;
        slot->matches = &mask->matches.match[at];
        while (at < mask->matches.n && mask->matches.match[at].value == slot->value)
            at++;
        slot->n_matches = (size_t)(&mask->matches.match[at] - slot->matches);
        if (slot->n_matches == 0)
            tx_seen_put(mask->seen, &mask->digests[slot->value]);
    }
}

void tx_slots_detect(struct tx_mask *mask) {
    const struct tx_detect_options options = {
        .assume_context = mask->assume_context,
        .reading = &mask->reading,
        .custom = mask->custom ? tx_custom_hook(mask->custom) : NULL,
    };

    if (mask->n_values == 0)
        return;
    tx_detect_values(mask->detect_memory, mask->detect_values, mask->n_values, &options,
                     &mask->matches);
    mask->overflow = mask->overflow || mask->matches.overflow;
    if (!mask->overflow)
        hand_out(mask);
}

/* For whoever asks why, each text is looked at once more, so that it is told where it belongs. */
static void tell_candidates(struct tx_mask *mask, const struct tx_slot *slot) {
    const struct tx_detect_value *value = &mask->detect_values[slot->value];
    look(mask, &value->wanted, value->text, value->name, true, &mask->few);
}

const struct tx_slot *tx_slots_next(struct tx_mask *mask) {
    assert(mask->next_slot < mask->n_slots);
    const struct tx_slot *slot = &mask->slots[mask->next_slot++];
    if (mask->trace && slot->value != TX_NO_VALUE)
        tell_candidates(mask, slot);
    return slot;
}
