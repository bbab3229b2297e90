/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

#include "libtx/record/number.h"

/* All fields of a record fit three times over: bytes that are no UTF-8 become three each. What
 * masks make longer still is redacted. */
#define VALUES_BYTES (4u * TX_LIMIT_FIELDS_BYTES)
#define SCRATCH_BYTES (3u * TX_LIMIT_FIELDS_BYTES)

/* From here on an integer has as many digits as the shortest number that a detector knows. */
#define NUMBER_MIN 1e7
#define NUMBER_END 1e19

/* --- making one --- */

static int hash_policy(const struct tx_mask_rules *rules, struct tx_digest *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;

    int r = tx_mask_rules_render(rules, &text);
    if (r == 0)
        r = tx_hasher_new(&hasher);
    if (r == 0)
        tx_hash(hasher, text.data, text.len, NULL, 0, NULL, 0, ret);
    return r;
}

static int take_key(struct tx_mask *mask, const void *key, size_t n_key) {
    if (!mask->rules.has_hash)
        return 0;
    return n_key < TX_MASK_KEY_BYTES_MIN ? -EINVAL : tx_hmac_new(key, n_key, &mask->hmac);
}

int tx_mask_new(const struct tx_mask_rules *rules, const void *key, size_t n_key,
                struct tx_mask **ret) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = calloc(1, sizeof(*mask));
    if (!mask)
        return -ENOMEM;
    int r = tx_ruleset_init(&mask->rules, rules);
    if (r == 0)
        r = take_key(mask, key, n_key);
    if (r == 0)
        r = hash_policy(rules, &mask->policy);
    if (r == 0)
        r = tx_arena_init(&mask->values, VALUES_BYTES);
    if (r == 0)
        r = tx_arena_init(&mask->scratch, SCRATCH_BYTES);
    if (r == 0)
        r = tx_detect_memory_new(SCRATCH_BYTES, &mask->detect_memory);
    if (r < 0)
        return r;
    *ret = TX_STEAL(mask);
    return 0;
}

void tx_mask_free(struct tx_mask *mask) {
    if (!mask)
        return;
    tx_ruleset_deinit(&mask->rules);
    tx_hmac_free(mask->hmac);
    tx_arena_deinit(&mask->values);
    tx_arena_deinit(&mask->scratch);
    tx_detect_memory_free(mask->detect_memory);
    free(mask);
}

const struct tx_digest *tx_mask_policy(const struct tx_mask *mask) {
    return &mask->policy;
}

void tx_mask_assume_context(struct tx_mask *mask, bool assume) {
    mask->assume_context = assume;
}

void tx_mask_wipe(struct tx_mask *mask) {
    tx_arena_wipe(&mask->values, 0);
    tx_arena_wipe(&mask->scratch, 0);
}

/* --- one value --- */

/* docs/format.md section 4: U+FFFD for each byte that is not part of valid UTF-8. */
static bool clean_utf8(struct tx_mask *mask, struct tx_text *text) {
    if (tx_utf8_valid(text->p, text->n))
        return true;
    struct tx_buf b = tx_arena_open(&mask->values);
    for (size_t i = 0; i < text->n;) {
        size_t n = tx_utf8_char(text->p + i, text->n - i);
        tx_buf_put(&b, n ? text->p + i : "\xef\xbf\xbd", n ? n : 3);
        i += n ? n : 1;
    }
    *text = tx_arena_close(&mask->values, &b);
    if (b.full)
        *text = tx_value_limit(mask);
    return !b.full;
}

static enum tx_outcome mask_text(struct tx_mask *mask, const struct tx_verdict *verdict,
                                 struct tx_text *text) {
    return clean_utf8(mask, text)
               ? tx_value_mask(mask, verdict, &tx_detectors_all, *text, &mask->values, text)
               : TX_CHANGED;
}

static enum tx_outcome mask_rendered(struct tx_mask *mask, const struct tx_verdict *verdict,
                                     const struct tx_buf *b, struct tx_text *ret) {
    struct tx_text text = tx_arena_close(&mask->values, b);
    if (!b->full)
        return tx_value_mask(mask, verdict, &tx_detectors_of_numbers, text, &mask->values, ret);
    *ret = tx_value_limit(mask);
    return TX_CHANGED;
}

/* A double that is a card's number is written with a point in it; as an integer it is found. */
static void render_f64(struct tx_buf *b, double v, bool whole) {
    double magnitude = v < 0 ? -v : v;
    if (!whole && magnitude >= NUMBER_MIN && magnitude < NUMBER_END)
        tx_buf_dec(b, (uint64_t)magnitude);
    else
        tx_buf_f64(b, v);
}

static enum tx_outcome mask_number(struct tx_mask *mask, const struct tx_verdict *verdict,
                                   const struct tx_field *field, struct tx_text *ret) {
    struct tx_buf b = tx_arena_open(&mask->values);
    bool whole = verdict->whole.any;
    double size = field->type == TX_VALUE_I64   ? (double)field->i64
                  : field->type == TX_VALUE_U64 ? (double)field->u64
                  : field->type == TX_VALUE_F64 ? field->f64
                                                : 0;

    if (!whole && !(size >= NUMBER_MIN || size <= -NUMBER_MIN))
        return TX_KEPT;
    if (field->type == TX_VALUE_I64)
        tx_buf_dec_signed(&b, field->i64);
    else if (field->type == TX_VALUE_U64)
        tx_buf_dec(&b, field->u64);
    else if (field->type == TX_VALUE_F64)
        render_f64(&b, field->f64, whole);
    else
        tx_buf_str(&b, field->boolean ? "true" : "false");
    return mask_rendered(mask, verdict, &b, ret);
}

static enum tx_outcome mask_null(struct tx_mask *mask, const struct tx_verdict *verdict) {
    if (!verdict->whole.any ||
        tx_mask_strictness(verdict->whole.action.kind) < tx_mask_strictness(TX_MASK_DROP))
        return TX_KEPT;
    return tx_value_drop(mask, &verdict->whole);
}

/* --- one field --- */

static enum tx_outcome mask_json(struct tx_mask *mask, const struct tx_set *names,
                                 struct tx_field *field, struct tx_text *text) {
    struct tx_json_field json = {.name = field->name, .label = field->label, .names = *names};
    bool is_json;

    *text = field->text;
    if (!clean_utf8(mask, text))
        return TX_CHANGED;
    enum tx_outcome outcome = tx_json_field_mask(mask, &json, *text, text, &is_json);
    if (outcome == TX_DROPPED || !is_json)
        return outcome;
    field->text = *text;
    return TX_KEPT;
}

/* *text is what stands in the value's place for TX_CHANGED; otherwise the field is as it shall be.
 */
static enum tx_outcome mask_by_type(struct tx_mask *mask, const struct tx_verdict *verdict,
                                    const struct tx_set *names, struct tx_field *field,
                                    struct tx_text *text) {
    *text = field->text;
    switch (field->type) {
    case TX_VALUE_STR: {
        enum tx_outcome outcome = mask_text(mask, verdict, text);
        if (outcome == TX_KEPT)
            field->text = *text;
        return outcome;
    }
    case TX_VALUE_BYTES:
        return tx_value_mask_opaque(mask, verdict, *text, &mask->values, text);
    case TX_VALUE_JSON:
        return mask_json(mask, names, field, text);
    case TX_VALUE_NULL:
        return mask_null(mask, verdict);
    default:
        return mask_number(mask, verdict, field, text);
    }
}

static void mask_field(struct tx_mask *mask, struct tx_field *field) {
    struct tx_set names = {.word = {0}};
    struct tx_text text = {.p = NULL};
    enum tx_outcome outcome = TX_CHANGED;

    tx_marks_reset(&mask->marks);
    mask->name = field->name;
    if (tx_ruleset_match_name(&mask->rules, field->name, &names)) {
        const struct tx_verdict *verdict =
            tx_ruleset_decide(&mask->rules, &mask->event, &names, field->label);
        outcome = mask_by_type(mask, verdict, &names, field, &text);
    } else {
        text = tx_value_limit(mask);
    }
    field->dropped = outcome == TX_DROPPED;
    if (outcome != TX_KEPT) {
        field->type = outcome == TX_DROPPED ? TX_VALUE_NULL : TX_VALUE_STR;
        field->text = outcome == TX_DROPPED ? (struct tx_text){.p = NULL} : text;
    }
    field->masked = tx_marks_render(mask);
}

/* --- what stands beside the fields --- */

static const char *mask_beside(struct tx_mask *mask, struct tx_text name, struct tx_text *text) {
    struct tx_set names = {.word = {0}};

    if (!text->p)
        return NULL;
    tx_marks_reset(&mask->marks);
    mask->name = (struct tx_text){.p = NULL};
    if (!tx_ruleset_match_name(&mask->rules, name, &names))
        return NULL;
    const struct tx_verdict *verdict =
        tx_ruleset_decide(&mask->rules, &mask->event, &names, TX_LABEL_NONE);
    if (mask_text(mask, verdict, text) == TX_DROPPED)
        *text = (struct tx_text){.p = NULL};
    return tx_marks_render(mask);
}

/* Its line tells who sent it and what it was, and nothing of what it said. */
static void drop_record(struct tx_mask *mask, struct tx_record *record) {
    record->dropped_by = mask->dropped_by;
    for (size_t i = 0; i < record->n_fields; i++) {
        struct tx_field *field = &record->fields[i];
        *field = (struct tx_field){.name = field->name, .type = TX_VALUE_NULL, .dropped = true};
    }
    record->message = record->correlation_id = (struct tx_text){.p = NULL};
    record->masked.message = record->masked.correlation_id = NULL;
}

/* The rules that do so have no say in how the record's sender is written. */
static const char *take_event_drops(struct tx_mask *mask) {
    const struct tx_ruleset *rules = &mask->rules;
    const char *id = NULL;
    if (!tx_set_meets(&mask->event, &rules->event_drops, rules->n_words))
        return NULL;
    for (size_t i = rules->n_rules; i-- > 0;)
        if (tx_set_has(&mask->event, i) && tx_set_has(&rules->event_drops, i)) {
            tx_set_remove(&mask->event, i);
            id = tx_ruleset_id(rules, i);
        }
    return id;
}

void tx_mask_record(struct tx_mask *mask, struct tx_record *record) {
    struct tx_record_masked *masked = &record->masked;

    memcpy(record->policy, mask->policy.bytes, sizeof(record->policy));
    tx_ruleset_match_event(&mask->rules, record->event, &mask->event);
    mask->dropped_by = take_event_drops(mask);
    for (size_t i = 0; i < record->n_fields && !mask->dropped_by; i++)
        mask_field(mask, &record->fields[i]);
    if (!mask->dropped_by) {
        masked->message = mask_beside(mask, TX_TEXT("message"), &record->message);
        masked->correlation_id =
            mask_beside(mask, TX_TEXT("correlation_id"), &record->correlation_id);
    }
    masked->comm = mask_beside(mask, TX_TEXT("comm"), &record->source.comm);
    masked->exe = mask_beside(mask, TX_TEXT("exe"), &record->source.exe);
    if (mask->dropped_by)
        drop_record(mask, record);
}
