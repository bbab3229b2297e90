/* SPDX-License-Identifier: MIT */
#include "libtx/mask/json-text.h"
#include "libtx/mask/json-walk.h"

/*
 * A JSON field: taken as a whole when a rule names the field itself, by its parts otherwise. Its
 * first slot is for the field; those of its parts follow when it is walked.
 */

static bool is_container(struct tx_text json) {
    return json.p[0] == '{' || json.p[0] == '[';
}

static const struct tx_verdict *decide(struct tx_mask *mask, const struct tx_json_field *field,
                                       struct tx_text json) {
    const struct tx_condition_value value = {.record = &mask->holding,
                                             .names = field->names,
                                             .label = field->label,
                                             .type = tx_json_type_of(json)};
    return tx_slots_decide(mask, &value, NULL);
}

/* A string is masked as what it says, not as how it is written. */
static struct tx_text say(struct tx_mask *mask, struct tx_text json) {
    struct tx_json_text j = {.in = json};
    bool escaped;

    if (json.p[0] != '"')
        return json;
    struct tx_text raw = tx_json_take_string(&j, &escaped);
    if (!escaped)
        return raw;
    struct tx_buf b = tx_arena_open(&mask->scratch);
    tx_json_unescape(raw, &b);
    struct tx_text text = tx_arena_close(&mask->scratch, &b);
    return b.full ? json : text;
}

static const struct tx_slot *add_whole(struct tx_mask *mask, const struct tx_json_field *field,
                                       const struct tx_verdict *verdict, struct tx_text json) {
    unsigned type = tx_json_type_of(json);
    bool nothing = type == TX_CONDITION_NULL || type == 4;
    const struct tx_asked asked = {
        .detectors = nothing ? NULL : &mask->all, .text = say(mask, json), .name = field->name};
    return tx_slots_add(mask, verdict, &asked);
}

static const struct tx_slot *add_marker(struct tx_mask *mask, const struct tx_verdict *verdict) {
    const struct tx_asked asked = {.text = {.p = NULL}};
    return tx_slots_add(mask, verdict, &asked);
}

bool tx_json_field_collect(struct tx_mask *mask, const struct tx_json_field *field,
                           struct tx_text json) {
    const struct tx_verdict *verdict = decide(mask, field, json);
    size_t n_slots = mask->n_slots, n_values = mask->n_values;

    if (!verdict)
        return true;
    if (tx_json_is_taken_whole(verdict)) {
        add_whole(mask, field, verdict, json);
        return true;
    }
    if (!add_marker(mask, verdict))
        return true;
    if (tx_json_walk_collect(mask, field, json)) {
        mask->slots[n_slots].behind = mask->n_slots;
        return true;
    }
    mask->n_slots = n_slots;
    mask->n_values = n_values;
    return false;
}

static enum tx_outcome mask_whole(struct tx_mask *mask, const struct tx_slot *slot,
                                  struct tx_text json, struct tx_text *ret_text) {
    unsigned type = tx_json_type_of(json);

    if (type == TX_CONDITION_NULL) {
        *ret_text = json;
        return tx_claim_drops(&slot->verdict->whole) ? tx_value_drop(mask, &slot->verdict->whole)
                                                     : TX_KEPT;
    }
    enum tx_form form = is_container(json) ? TX_FORM_OPAQUE
                        : json.p[0] == '"' ? TX_FORM_TEXT
                                           : TX_FORM_NUMBER;
    return tx_value_mask(mask, slot, form, &mask->values, ret_text);
}

/* Nothing becomes of any part: the field stays as it is, without being written anew. */
static bool is_clean(const struct tx_mask *mask, const struct tx_slot *slot) {
    if (mask->one_by_one || mask->trace || tx_json_is_taken_whole(slot->verdict))
        return false;
    for (const struct tx_slot *part = slot; part < &mask->slots[slot->behind]; part++)
        if (!tx_slot_is_clean(mask, part))
            return false;
    return true;
}

enum tx_outcome tx_json_field_mask(struct tx_mask *mask, const struct tx_json_field *field,
                                   struct tx_text json, struct tx_text *ret_text,
                                   bool *ret_is_json) {
    const struct tx_slot *slot;

    *ret_is_json = false;
    *ret_text = json;
    if (mask->one_by_one) {
        const struct tx_verdict *verdict = decide(mask, field, json);
        slot = tx_json_is_taken_whole(verdict) ? add_whole(mask, field, verdict, json)
                                               : add_marker(mask, verdict);
    } else {
        slot = tx_slots_next(mask);
    }
    if (json.n <= mask->masking->limits.field_bytes && is_clean(mask, slot)) {
        mask->next_slot = slot->behind;
        *ret_is_json = true;
        return TX_KEPT;
    }
    if (tx_json_is_taken_whole(slot->verdict)) {
        enum tx_outcome outcome = mask_whole(mask, slot, json, ret_text);
        *ret_is_json = outcome == TX_KEPT;
        return outcome;
    }
    enum tx_outcome outcome = json.n > mask->masking->limits.field_bytes
                                  ? tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret_text)
                                  : tx_json_walk_mask(mask, field, json, &mask->values, ret_text);
    if (!mask->one_by_one) /* a field that is dropped, or fails, is not walked to its end */
        mask->next_slot = slot->behind;
    *ret_is_json = outcome == TX_KEPT;
    return outcome;
}
