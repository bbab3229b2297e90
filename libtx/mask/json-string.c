/* SPDX-License-Identifier: MIT */
#include "libtx/mask/json-walk.h"
#include "libtx/record/json.h"

/*
 * A string that holds a JSON object or array: rules with names see the members of it like those of
 * a JSON field. It is walked first, each text by itself; what comes of it is then looked at as the
 * text that it is, as any string, so that nothing that is found in a text is missed in this one. As
 * long as no rule changes a member, the string stays as it was written. JSON in a string of JSON is
 * only looked at as a text. What is JSON to other readers, but not to this one (a repeated key, a
 * lone surrogate, too deep), is redacted: they would find the members.
 */

/* So often, by its members and as a text; then it is redacted. */
#define ROUNDS 4

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool tx_json_string_is(const struct tx_mask *mask, struct tx_text text) {
    const struct tx_conditions *c = &mask->rules.conditions;
    size_t start = 0, end = text.n;

    if (!(mask->masking->decode & TX_DECODE_JSON) || text.n > mask->masking->limits.field_bytes ||
        (c->n_names == 0 && c->n_keys == 0 && c->n_pointers == 0))
        return false;
    while (start < end && is_space(text.p[start]))
        start++;
    while (end > start && is_space(text.p[end - 1]))
        end--;
    return end - start > 2 && ((text.p[start] == '{' && text.p[end - 1] == '}') ||
                               (text.p[start] == '[' && text.p[end - 1] == ']'));
}

/* The slot that the text would have, with what was found in it. */
static const struct tx_slot *ask(struct tx_mask *mask, const struct tx_json_string *string,
                                 struct tx_text text) {
    const struct tx_condition_value value = {.record = &mask->holding,
                                             .names = string->field.names,
                                             .label = string->field.label,
                                             .type = 0};
    const struct tx_asked asked = {.detectors = &mask->all, .text = text, .name = string->context};
    const struct tx_verdict *verdict = tx_slots_decide(mask, &value, NULL);
    return verdict ? tx_slots_add(mask, verdict, &asked) : NULL;
}

/* TX_KEPT: no member of it is changed, or it is no JSON after all. */
static enum tx_outcome walk(struct tx_mask *mask, const struct tx_json_string *string,
                            struct tx_text text, struct tx_text *ret) {
    struct tx_buf b = tx_arena_open(&mask->inner);
    int r = tx_json_canonical(text, &b);
    struct tx_text json = tx_arena_close(&mask->inner, &b), walked;

    mask->part = 0;
    if (r == -EBADMSG)
        return TX_KEPT;
    if (r < 0)
        return tx_value_fail(mask, tx_json_error_of(r), ret);
    enum tx_outcome outcome = tx_json_walk_mask(mask, &string->field, json, &mask->inner, &walked);
    mask->part = 0;
    if (outcome == TX_KEPT && tx_text_equal(walked, json))
        return TX_KEPT;
    *ret = walked;
    return outcome == TX_KEPT ? TX_CHANGED : outcome;
}

static enum tx_outcome copy(struct tx_mask *mask, struct tx_text text, struct tx_text *ret) {
    struct tx_buf b = tx_arena_open(&mask->values);
    tx_buf_put(&b, text.p, text.n);
    *ret = tx_arena_close(&mask->values, &b);
    return b.full ? tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret) : TX_CHANGED;
}

/* As the text that it is, into `values`. */
static enum tx_outcome mask_text(struct tx_mask *mask, const struct tx_json_string *string,
                                 struct tx_text text, struct tx_text *ret) {
    const struct tx_slot *slot = ask(mask, string, text);
    return slot ? tx_value_mask(mask, slot, TX_FORM_TEXT, &mask->values, ret)
                : tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret);
}

/* Both ways, until neither finds anything more: what one leaves may be something to the other. */
static enum tx_outcome walk_and_mask(struct tx_mask *mask, const struct tx_json_string *string,
                                     const struct tx_slot *slot, struct tx_text *ret) {
    const unsigned errors = mask->marks.errors;
    struct tx_text now = slot->text;
    bool changed = false;

    for (size_t round = 0; round < ROUNDS; round++) {
        mask->again = changed;
        enum tx_outcome walked = walk(mask, string, now, &now);
        bool is_original = !changed && walked == TX_KEPT && !mask->one_by_one;
        *ret = now;
        if (walked == TX_DROPPED || mask->marks.errors != errors)
            return walked;
        changed = changed || walked == TX_CHANGED;
        mask->again = changed;
        enum tx_outcome outcome = is_original
                                      ? tx_value_mask(mask, slot, TX_FORM_TEXT, &mask->values, &now)
                                      : mask_text(mask, string, now, &now);
        if (outcome == TX_KEPT)
            return changed ? copy(mask, now, ret) : TX_KEPT;
        *ret = now;
        if (outcome == TX_DROPPED || mask->marks.errors != errors)
            return outcome;
        changed = true;
    }
    return tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret);
}

void tx_json_string_count(struct tx_mask *mask, const struct tx_slot *slot, uint32_t *counts) {
    TX_UNINITIALIZED struct tx_set names;
    const struct tx_json_field field = {.name = slot->field, .label = slot->label, .names = &names};
    struct tx_buf b = tx_arena_open(&mask->inner);

    int r = slot->verdict->whole.any ? -ECANCELED : tx_json_canonical(slot->text, &b);
    struct tx_text json = tx_arena_close(&mask->inner, &b);
    tx_set_clear(&names, mask->rules.conditions.n_words);
    if (r == 0 && tx_conditions_match_field(&mask->rules.conditions, slot->field, &names)) {
        const struct tx_mask_trace *trace = mask->trace;
        mask->trace = NULL; /* what is found is told when it is masked */
        mask->nested = true;
        tx_json_walk_count(mask, &field, json, counts);
        mask->nested = false;
        mask->trace = trace;
    }
    tx_arena_wipe(&mask->inner, 0);
}

enum tx_outcome tx_json_string_mask(struct tx_mask *mask, const struct tx_json_string *string,
                                    const struct tx_slot *slot, struct tx_text *ret) {
    if (slot->verdict->whole.any)
        return tx_value_mask(mask, slot, TX_FORM_TEXT, &mask->values, ret);
    const struct tx_slot own = *slot; /* one by one, the walk is in the same place */
    mask->nested = true;
    enum tx_outcome outcome = walk_and_mask(mask, string, &own, ret);
    mask->nested = mask->again = false;
    tx_arena_wipe(&mask->inner, 0);
    return outcome;
}
