/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

/* Of longer ones nobody asks which one spelling they have. */
#define SPELT_BYTES 256

/* A text whose replacements still make something new after so many is redacted. */
#define SETTLE_ROUNDS 4

void tx_value_tell(const struct tx_mask *mask, const struct tx_mask_event *event) {
    if (!mask->trace)
        return;
    struct tx_mask_event told = *event;
    told.field = mask->field;
    told.part = mask->part;
    mask->trace->tell(mask->trace->data, &told);
}

/* --- what is left out, what fails --- */

bool tx_claim_drops(const struct tx_claim *claim) {
    return claim->any && claim->action.kind >= TX_ACTION_DROP_FIELD;
}

static void tell_whole(const struct tx_mask *mask, const struct tx_claim *claim, bool failed) {
    tx_value_tell(mask, &(struct tx_mask_event){.step = TX_STEP_SPAN,
                                                .detector = TX_NO_DETECTOR,
                                                .by = mask->rules.rule[claim->rule].id,
                                                .action = claim->action.kind,
                                                .failed = failed});
}

enum tx_outcome tx_value_drop(struct tx_mask *mask, const struct tx_claim *claim) {
    tx_marks_reset(&mask->marks);
    tx_marks_add(mask, claim->action.kind, claim->rule);
    if (claim->action.kind == TX_ACTION_DROP_RECORD && !mask->dropped) {
        mask->dropped = true;
        mask->dropped_by_error = false;
        mask->dropped_rule = claim->rule;
    }
    tell_whole(mask, claim, false);
    return TX_DROPPED;
}

enum tx_outcome tx_value_fail(struct tx_mask *mask, enum tx_mask_error error, struct tx_text *ret) {
    mask->counters.errors[error]++;
    mask->marks.errors |= 1u << error;
    *ret = TX_REDACTED;
    if (mask->masking->on_error == TX_ON_ERROR_MASK_FIELD)
        return TX_CHANGED;
    if (mask->masking->on_error == TX_ON_ERROR_REJECT_RECORD && !mask->dropped) {
        mask->dropped = mask->dropped_by_error = true;
        mask->dropped_error = error;
    }
    return TX_DROPPED;
}

/* --- one replacement --- */

struct part {
    struct tx_text text;
    bool is_new; /* it is as somebody sent it, whatever it looks like */
};

/* TX_NO_DETECTOR: none or several. An IPv4 address at the end of an IPv6 one is a part of it. */
static enum tx_detector only_one(const struct tx_detector_set *set) {
    size_t i = 0;
    if (tx_detectors_count(set) == 2 && tx_detectors_have(set, TX_DETECT_IPV4) &&
        tx_detectors_have(set, TX_DETECT_IPV6))
        return TX_DETECT_IPV6;
    if (tx_detectors_count(set) != 1)
        return TX_NO_DETECTOR;
    while (!set->word[i])
        i++;
    return (enum tx_detector)(64 * i + (size_t)__builtin_ctzll(set->word[i]));
}

/* Of several, the one that the rule asked for. */
static enum tx_detector detector_of(const struct tx_mask *mask, const struct tx_claim *claim,
                                    const struct tx_detector_set *found) {
    struct tx_detector_set asked = *found;
    enum tx_detector detector = only_one(found);
    if (detector != TX_NO_DETECTOR || !mask->rules.rule[claim->rule].has_detectors)
        return detector;
    tx_detectors_and(&asked, &mask->rules.rule[claim->rule].detectors);
    return only_one(&asked);
}

static int apply(struct tx_mask *mask, const struct tx_claim *claim, const struct part *part,
                 enum tx_detector detector, struct tx_buf *b) {
    const struct tx_action_subject subject = {
        .text = part->text,
        .is_new = part->is_new,
        .detector = detector < TX_DETECT_N ? detector : TX_DETECT_N,
        .detector_name =
            detector == TX_NO_DETECTOR ? "value" : tx_mask_detector_name(mask->masking, detector),
        .rule = mask->rules.rule[claim->rule].id,
        .event = mask->record->event,
        .field = mask->field,
        .record_id = mask->record->id,
        .policy = mask->policy.bytes,
        .received = mask->record->received,
        .n = mask->n_replaced,
        .ordinal = mask->n_sealed + 1,
        .person = tx_persons_of(&mask->persons, claim->rule),
    };
    return claim->action.kind == TX_ACTION_ENCRYPT && subject.person.n == 0
               ? TX_ACTION_E_FAILED
               : tx_action_apply(mask->tools, &claim->action, &subject, b);
}

static enum tx_mask_error error_of(enum tx_masking_action_kind kind) {
    switch (kind) {
    case TX_ACTION_ENCRYPT:
        return TX_MASK_ERROR_VAULT;
    case TX_ACTION_PSEUDONYM:
    case TX_ACTION_COMMIT:
        return TX_MASK_ERROR_KEY;
    default:
        return TX_MASK_ERROR_LIMIT;
    }
}

/* What stands in place of `text`; the claim drops nothing. An action that would show the text, or
 * is for another kind of text, redacts; so does KEEP_ONLY, which is for members of an object.
 * TX_KEPT, or what a failure means for the value. */
static enum tx_outcome put_replacement(struct tx_mask *mask, const struct tx_claim *claim,
                                       const struct part *part, enum tx_detector detector,
                                       struct tx_buf *b) {
    enum tx_masking_action_kind kind = claim->action.kind;
    struct tx_text failed;
    int r = TX_ACTION_E_SHOWS;

    mask->n_replaced++;
    if (kind != TX_ACTION_REDACT && kind != TX_ACTION_KEEP_ONLY)
        r = apply(mask, claim, part, detector, b);
    if (r != 0)
        tx_buf_put(b, TX_REDACTED.p, TX_REDACTED.n);
    if (r != TX_ACTION_E_SHOWS && r != 0) {
        enum tx_mask_error error = b->full ? TX_MASK_ERROR_LIMIT : error_of(kind);
        return tx_value_fail(mask, error, &failed) == TX_DROPPED ? TX_DROPPED : TX_KEPT;
    }
    if (r == 0 && kind == TX_ACTION_ENCRYPT)
        mask->n_sealed += part->is_new || !tx_action_is_output(part->text);
    tx_marks_add(mask, r == 0 ? kind : TX_ACTION_REDACT, claim->rule);
    return TX_KEPT;
}

static enum tx_outcome finish(struct tx_mask *mask, enum tx_outcome outcome, struct tx_buf *b,
                              struct tx_arena *to, struct tx_text *ret) {
    struct tx_text text = tx_arena_close(to, b);
    if (outcome == TX_DROPPED)
        return TX_DROPPED;
    if (b->full)
        return tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret);
    *ret = text;
    return TX_CHANGED;
}

/* --- the whole --- */

/* The detector that would find just this text in a longer one, whatever it is made of. */
static enum tx_detector what_is(struct tx_mask *mask, struct tx_text text) {
    struct tx_detector_set found = {.word = {0}};

    if (text.n > SPELT_BYTES)
        return TX_NO_DETECTOR;
    tx_slots_look(mask, &mask->all, text, (struct tx_text){.p = NULL});
    for (size_t i = 0; i < mask->few.n && !mask->few.overflow; i++) {
        const struct tx_match *match = &mask->few.match[i];
        if (match->start == 0 && match->end == text.n)
            tx_detectors_add(&found, match->detector);
    }
    return only_one(&found);
}

static bool wants_spelling(enum tx_masking_action_kind kind) {
    return kind == TX_ACTION_PSEUDONYM || kind == TX_ACTION_COMMIT || kind == TX_ACTION_ENCRYPT;
}

static bool shows_parts(enum tx_masking_action_kind kind) {
    return kind > TX_ACTION_REPLACE && kind < TX_ACTION_COMMIT;
}

/* An opaque value has no first characters, no year and no network: it is redacted. So is what is
 * longer than texts may be, when a part of it would stay. */
static struct tx_claim for_form(const struct tx_mask *mask, const struct tx_claim *claim,
                                enum tx_form form, struct tx_text text) {
    struct tx_claim ret = *claim;
    bool too_long = text.n > mask->masking->limits.field_bytes;
    if (shows_parts(ret.action.kind) && (form == TX_FORM_OPAQUE || too_long))
        ret.action = (struct tx_masking_action){.kind = TX_ACTION_REDACT};
    return ret;
}

static enum tx_outcome replace_whole(struct tx_mask *mask, const struct tx_claim *wanted,
                                     enum tx_form form, struct tx_text text, struct tx_arena *to,
                                     struct tx_text *ret) {
    struct tx_claim claim = for_form(mask, wanted, form, text);

    if (tx_claim_drops(&claim))
        return tx_value_drop(mask, &claim);
    tell_whole(mask, &claim, false);
    if (form == TX_FORM_NUMBER && mask->rules.rule[claim.rule].type_to_null) {
        tx_marks_add(mask, claim.action.kind, claim.rule);
        return TX_NULLED;
    }
    enum tx_detector detector =
        wants_spelling(claim.action.kind) ? what_is(mask, text) : TX_NO_DETECTOR;
    struct tx_buf b = tx_arena_open(to);
    const struct part part = {.text = text, .is_new = !mask->again};
    enum tx_outcome outcome = put_replacement(mask, &claim, &part, detector, &b);
    return finish(mask, outcome, &b, to, ret);
}

/* --- stretches --- */

static void tell_stretches(const struct tx_mask *mask) {
    for (size_t i = 0; i < mask->n_stretches && mask->trace; i++) {
        const struct tx_stretch *stretch = &mask->stretches[i];
        tx_value_tell(mask, &(struct tx_mask_event){
                                .step = TX_STEP_SPAN,
                                .start = stretch->start,
                                .end = stretch->end,
                                .detector = detector_of(mask, &stretch->claim, &stretch->detectors),
                                .by = mask->rules.rule[stretch->claim.rule].id,
                                .action = stretch->claim.action.kind});
    }
}

/* What was masked before is left as it is: a network that stands where an address stood goes to the
 * end of its prefix length. */
static size_t end_of(const struct tx_mask *mask, size_t i, struct tx_text text) {
    const struct tx_stretch *stretch = &mask->stretches[i];
    size_t end = stretch->claim.action.kind == TX_ACTION_IP ? tx_action_ip_end(text, stretch->end)
                                                            : stretch->end;
    bool is_free = i + 1 == mask->n_stretches || mask->stretches[i + 1].start >= end;
    return is_free ? end : stretch->end;
}

static enum tx_outcome put_stretch(struct tx_mask *mask, struct tx_stretch *stretch,
                                   struct tx_text text, size_t end, struct tx_buf *b) {
    enum tx_detector detector = detector_of(mask, &stretch->claim, &stretch->detectors);
    /* A detector finds what it left before; several find what somebody hides in that form. */
    const struct part part = {
        .text = {.p = text.p + stretch->start, .n = end - stretch->start},
        .is_new = !mask->again && tx_detectors_count(&stretch->detectors) != 1,
    };
    stretch->out_start = (uint32_t)b->len;
    enum tx_outcome outcome = put_replacement(mask, &stretch->claim, &part, detector, b);
    stretch->out_end = (uint32_t)b->len;
    return outcome;
}

/* Where a text that is too long is cut: between two characters. */
static size_t cut_of(const struct tx_mask *mask, struct tx_text text) {
    size_t n = text.n;
    if (n <= mask->masking->limits.field_bytes)
        return n;
    n = (size_t)mask->masking->limits.field_bytes;
    while (n > 0 && ((uint8_t)text.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* All of the text was looked at: a stretch that reaches over the cut is replaced as a whole. */
static enum tx_outcome put_text(struct tx_mask *mask, struct tx_text text, size_t cut,
                                struct tx_buf *b) {
    size_t at = 0;
    for (size_t i = 0; i < mask->n_stretches && mask->stretches[i].start < cut; i++) {
        struct tx_stretch *stretch = &mask->stretches[i];
        size_t end = end_of(mask, i, text);
        tx_buf_put(b, text.p + at, stretch->start - at);
        if (put_stretch(mask, stretch, text, end, b) == TX_DROPPED)
            return TX_DROPPED;
        at = end;
    }
    if (at < cut)
        tx_buf_put(b, text.p + at, cut - at);
    if (cut < text.n && at < text.n)
        tx_buf_put(b, TX_REDACTED.p, TX_REDACTED.n);
    return TX_CHANGED;
}

static enum tx_outcome replace_once(struct tx_mask *mask, struct tx_text text, size_t cut,
                                    struct tx_arena *to, struct tx_text *ret) {
    struct tx_buf b = tx_arena_open(to);
    enum tx_outcome outcome = put_text(mask, text, cut, &b);
    return finish(mask, outcome, &b, to, ret);
}

/* Until nothing is found beside what was replaced. */
static enum tx_outcome replace_and_settle(struct tx_mask *mask, const struct tx_slot *slot,
                                          struct tx_arena *to, struct tx_text *ret) {
    const struct tx_marks marks = mask->marks;
    uint32_t n_replaced = mask->n_replaced, n_sealed = mask->n_sealed;
    size_t used = to->used;

    for (size_t round = 0; round < SETTLE_ROUNDS; round++) {
        enum tx_outcome outcome = replace_once(mask, slot->text, slot->text.n, to, ret);
        if (outcome == TX_DROPPED || mask->marks.errors != marks.errors)
            return outcome;
        enum tx_settled settled = tx_settle(mask, slot, *ret);
        if (settled == TX_SETTLED)
            return TX_CHANGED;
        tx_arena_wipe(to, used);
        mask->marks = marks;
        mask->n_replaced = n_replaced;
        mask->n_sealed = n_sealed;
        if (tx_claim_drops(&mask->strictest))
            return tx_value_drop(mask, &mask->strictest);
        if (settled == TX_SETTLED_NEVER)
            break;
    }
    return tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret);
}

static enum tx_outcome replace_stretches(struct tx_mask *mask, const struct tx_slot *slot,
                                         enum tx_form form, struct tx_arena *to,
                                         struct tx_text *ret) {
    size_t cut = cut_of(mask, slot->text);

    if (mask->n_stretches > 0 && form == TX_FORM_NUMBER &&
        mask->rules.rule[mask->strictest.rule].type_to_null) {
        tx_marks_add(mask, mask->strictest.action.kind, mask->strictest.rule);
        return TX_NULLED;
    }
    if (cut == slot->text.n)
        return replace_and_settle(mask, slot, to, ret);
    mask->counters.errors[TX_MASK_ERROR_LIMIT]++;
    mask->marks.errors |= 1u << TX_MASK_ERROR_LIMIT;
    return replace_once(mask, slot->text, cut, to, ret);
}

/* --- a value --- */

/* What is claimed of the value, with what is claimed of parts of it, when it is changed as a whole.
 */
static struct tx_claim of_whole(const struct tx_mask *mask, const struct tx_slot *slot,
                                enum tx_form form) {
    struct tx_claim claim = {.any = false}, found = mask->strictest;
    if (!slot->is_key)
        claim = slot->verdict->whole;
    if (form == TX_FORM_OPAQUE && found.any && found.action.kind < TX_ACTION_REDACT)
        found.action = (struct tx_masking_action){.kind = TX_ACTION_REDACT};
    tx_claim_add(&claim, &found);
    return claim;
}

static bool is_too_long(const struct tx_mask *mask, enum tx_form form, struct tx_text text) {
    return text.n > mask->masking->limits.field_bytes &&
           (mask->masking->limits.redact_all || form != TX_FORM_TEXT);
}

enum tx_outcome tx_value_mask(struct tx_mask *mask, const struct tx_slot *slot, enum tx_form form,
                              struct tx_arena *to, struct tx_text *ret) {
    struct tx_text text = slot->text;

    if (mask->trace)
        tx_why_tell(mask, slot);
    if (tx_slot_is_clean(mask, slot))
        return TX_KEPT;
    tx_claims_make(mask, slot);
    struct tx_claim whole = of_whole(mask, slot, form);
    bool is_whole = (slot->verdict->whole.any && !slot->is_key) || form == TX_FORM_OPAQUE;
    bool is_failed = mask->claims_overflow || is_too_long(mask, form, text);
    if (tx_claim_drops(&whole))
        return tx_value_drop(mask, &whole);
    if (is_failed && !(whole.any && whole.action.kind == TX_ACTION_REDACT))
        return tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret);
    if (is_whole || is_failed)
        return whole.any ? replace_whole(mask, &whole, form, text, to, ret) : TX_KEPT;
    if (mask->n_stretches == 0 && text.n <= mask->masking->limits.field_bytes)
        return TX_KEPT;
    enum tx_outcome outcome = replace_stretches(mask, slot, form, to, ret);
    if (outcome == TX_CHANGED)
        tell_stretches(mask);
    return outcome;
}
