/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

#include <assert.h>

#include "libtx/record/json.h"
#include "libtx/record/number.h"

/* From here on an integer has TX_NUMBER_DIGITS_MIN digits, and up to here it is one. */
#define NUMBER_MIN 1e7
#define NUMBER_END 1e19

/* --- what a value is before masking --- */

static void plan_fails(struct tx_plan *plan, enum tx_mask_error error) {
    plan->failed = true;
    plan->error = error;
}

/* docs/format.md section 4: U+FFFD for each byte that is not part of valid UTF-8. */
static void plan_text(struct tx_mask *mask, struct tx_text text, struct tx_plan *plan) {
    plan->failed = false;
    plan->text = text;
    if (tx_utf8_valid(text.p, text.n))
        return;
    struct tx_buf b = tx_arena_open(&mask->values);
    for (size_t i = 0; i < text.n;) {
        size_t n = tx_utf8_char(text.p + i, text.n - i);
        tx_buf_put(&b, n ? text.p + i : "\xef\xbf\xbd", n ? n : 3);
        i += n ? n : 1;
    }
    plan->text = tx_arena_close(&mask->values, &b);
    if (b.full)
        plan_fails(plan, TX_MASK_ERROR_LIMIT);
}

static void plan_json(struct tx_mask *mask, struct tx_text json, struct tx_plan *plan) {
    plan_text(mask, json, plan);
    if (plan->failed)
        return;
    struct tx_buf b = tx_arena_open(&mask->values);
    int r = tx_json_canonical(plan->text, &b);
    plan->text = tx_arena_close(&mask->values, &b);
    if (r < 0)
        plan_fails(plan, tx_json_error_of(r));
}

static void plan_field(struct tx_mask *mask, const struct tx_field *field, struct tx_plan *plan) {
    *plan = (struct tx_plan){.failed = false};
    if (field->type == TX_VALUE_STR)
        plan_text(mask, field->text, plan);
    else if (field->type == TX_VALUE_JSON)
        plan_json(mask, field->text, plan);
    else if (field->type == TX_VALUE_BYTES)
        plan->text = field->text;
}

/* --- asking --- */

static unsigned type_of(enum tx_value_type type) {
    static const unsigned types[TX_VALUE_N] = {
        [TX_VALUE_STR] = 0,   [TX_VALUE_I64] = 1,
        [TX_VALUE_U64] = 1,   [TX_VALUE_F64] = 2,
        [TX_VALUE_BYTES] = 3, [TX_VALUE_BOOL] = 4,
        [TX_VALUE_JSON] = 5,  [TX_VALUE_NULL] = TX_CONDITION_NULL,
    };
    return types[type];
}

/* A double that is a card's number is written with a point in it; as an integer it is found. */
static void render_f64(struct tx_buf *b, double v, bool whole) {
    double magnitude = v < 0 ? -v : v;
    if (!whole && magnitude >= NUMBER_MIN && magnitude < NUMBER_END)
        tx_buf_dec(b, (uint64_t)magnitude);
    else
        tx_buf_f64(b, v);
}

static bool is_large(const struct tx_field *field) {
    double size = field->type == TX_VALUE_I64   ? (double)field->i64
                  : field->type == TX_VALUE_U64 ? (double)field->u64
                  : field->type == TX_VALUE_F64 ? field->f64
                                                : 0;
    return size >= NUMBER_MIN || size <= -NUMBER_MIN;
}

/* Its digits, when somebody will look at them. */
static struct tx_text render_number(struct tx_mask *mask, const struct tx_field *field,
                                    bool whole) {
    struct tx_buf b = tx_arena_open(&mask->scratch);
    if (field->type == TX_VALUE_I64)
        tx_buf_dec_signed(&b, field->i64);
    else if (field->type == TX_VALUE_U64)
        tx_buf_dec(&b, field->u64);
    else if (field->type == TX_VALUE_F64)
        render_f64(&b, field->f64, whole);
    else
        tx_buf_str(&b, field->boolean ? "true" : "false");
    struct tx_text text = tx_arena_close(&mask->scratch, &b);
    mask->overflow = mask->overflow || b.full;
    return text;
}

static struct tx_asked asked_of(struct tx_mask *mask, const struct tx_field *field,
                                const struct tx_plan *plan, const struct tx_verdict *verdict) {
    struct tx_asked asked = {.text = plan->text, .name = field->name};
    bool whole = verdict->whole.any;

    if (plan->failed || field->type == TX_VALUE_NULL)
        return asked;
    if (field->type == TX_VALUE_STR || field->type == TX_VALUE_BYTES) {
        asked.detectors = &mask->all;
        return asked;
    }
    if (field->type != TX_VALUE_BOOL && (is_large(field) || mask->has_custom))
        asked.detectors = &mask->of_numbers;
    if (whole || asked.detectors)
        asked.text = render_number(mask, field, whole);
    return asked;
}

/* The slot of a field that is not walked; NULL while collecting when there is no room. */
static const struct tx_slot *ask_field(struct tx_mask *mask, const struct tx_field *field,
                                       const struct tx_plan *plan, const struct tx_set *names) {
    const struct tx_condition_value value = {.record = &mask->holding,
                                             .names = names,
                                             .label = field->label,
                                             .type = type_of(field->type)};
    const struct tx_verdict *verdict = tx_slots_decide(mask, &value, NULL);
    if (!verdict)
        return NULL;
    const struct tx_asked asked = asked_of(mask, field, plan, verdict);
    return tx_slots_add(mask, verdict, &asked);
}

/* A name that is too long to be matched is a limit's hit. */
static void match_names(struct tx_mask *mask, const struct tx_field *field, struct tx_plan *plan,
                        struct tx_set *ret) {
    tx_set_clear(ret, mask->rules.conditions.n_words);
    if (!tx_conditions_match_field(&mask->rules.conditions, field->name, ret))
        plan_fails(plan, TX_MASK_ERROR_LIMIT);
}

static void collect_field(struct tx_mask *mask, const struct tx_field *field,
                          struct tx_plan *plan) {
    TX_UNINITIALIZED struct tx_set names;

    plan_field(mask, field, plan);
    match_names(mask, field, plan, &names);
    if (!plan->failed && mask->persons.n > 0)
        tx_persons_see(&mask->persons, field, plan->text, &mask->values);
    if (field->type == TX_VALUE_JSON && !plan->failed) {
        const struct tx_json_field json = {
            .name = field->name, .label = field->label, .names = &names};
        if (tx_json_field_collect(mask, &json, plan->text))
            return;
        plan_fails(plan, TX_MASK_ERROR_LIMIT);
    }
    const struct tx_slot *slot = ask_field(mask, field, plan, &names);
    if (field->type == TX_VALUE_STR)
        tx_slots_is_string(mask, slot, field->name, field->label);
}

/* --- changing a field --- */

static enum tx_outcome mask_json(struct tx_mask *mask, struct tx_field *field,
                                 const struct tx_plan *plan, const struct tx_set *names,
                                 struct tx_text *text) {
    const struct tx_json_field json = {.name = field->name, .label = field->label, .names = names};
    bool is_json;
    enum tx_outcome outcome = tx_json_field_mask(mask, &json, plan->text, text, &is_json);

    if (outcome != TX_DROPPED && is_json) {
        field->text = *text;
        return TX_KEPT;
    }
    return outcome;
}

static enum tx_outcome mask_failed(struct tx_mask *mask, const struct tx_slot *slot,
                                   const struct tx_plan *plan, struct tx_text *text) {
    if (mask->trace)
        tx_why_tell(mask, slot);
    return tx_claim_drops(&slot->verdict->whole) ? tx_value_drop(mask, &slot->verdict->whole)
                                                 : tx_value_fail(mask, plan->error, text);
}

static enum tx_outcome mask_text(struct tx_mask *mask, const struct tx_field *field,
                                 struct tx_text context, const struct tx_slot *slot,
                                 struct tx_text *text) {
    TX_UNINITIALIZED struct tx_set names;
    const struct tx_json_string string = {
        .field = {.name = field->name, .label = field->label, .names = &names}, .context = context};

    if (!tx_json_string_is(mask, slot->text))
        return tx_value_mask(mask, slot, TX_FORM_TEXT, &mask->values, text);
    tx_set_clear(&names, mask->rules.conditions.n_words);
    if (!tx_conditions_match_field(&mask->rules.conditions, field->name, &names))
        return tx_value_fail(mask, TX_MASK_ERROR_LIMIT, text);
    return tx_json_string_mask(mask, &string, slot, text);
}

static enum tx_outcome mask_slot(struct tx_mask *mask, const struct tx_field *field,
                                 const struct tx_slot *slot, struct tx_text *text) {
    switch (field->type) {
    case TX_VALUE_STR:
        return mask_text(mask, field, field->name, slot, text);
    case TX_VALUE_BYTES:
        return tx_value_mask(mask, slot, TX_FORM_OPAQUE, &mask->values, text);
    case TX_VALUE_NULL:
        return tx_claim_drops(&slot->verdict->whole) ? tx_value_drop(mask, &slot->verdict->whole)
                                                     : TX_KEPT;
    default:
        return tx_value_mask(mask, slot, TX_FORM_NUMBER, &mask->values, text);
    }
}

/* *text is what stands in the value's place for TX_CHANGED; otherwise the field is as it shall be.
 */
static enum tx_outcome mask_value(struct tx_mask *mask, struct tx_field *field,
                                  struct tx_plan *plan, struct tx_text *text) {
    TX_UNINITIALIZED struct tx_set names;

    if (mask->one_by_one) /* a failed plan may be one of the collecting alone */
        match_names(mask, field, plan, &names);
    if (field->type == TX_VALUE_JSON && !plan->failed)
        return mask_json(mask, field, plan, &names, text);
    const struct tx_slot *slot =
        mask->one_by_one ? ask_field(mask, field, plan, &names) : tx_slots_next(mask);
    if (plan->failed)
        return mask_failed(mask, slot, plan, text);
    enum tx_outcome outcome = mask_slot(mask, field, slot, text);
    if (outcome == TX_KEPT && field->type == TX_VALUE_STR)
        field->text = plan->text;
    return outcome;
}

/* The next slot's value, when it stays as it is. */
static bool take_clean(struct tx_mask *mask, const struct tx_plan *plan, bool is_text) {
    const struct tx_slot *slot = &mask->slots[mask->next_slot];

    if (mask->one_by_one || mask->trace || plan->failed || !tx_slot_is_clean(mask, slot) ||
        (is_text && tx_json_string_is(mask, slot->text)))
        return false;
    mask->next_slot++;
    return true;
}

static void mask_field(struct tx_mask *mask, struct tx_field *field, struct tx_plan *plan) {
    struct tx_text text = {.p = NULL};
    bool is_text = field->type == TX_VALUE_STR;

    if (field->type != TX_VALUE_JSON && take_clean(mask, plan, is_text)) {
        field->text = is_text ? plan->text : field->text;
        field->dropped = false;
        field->masked = NULL;
        return;
    }
    tx_marks_reset(&mask->marks);
    mask->field = field->name;
    mask->part = mask->n_sealed = 0;
    enum tx_outcome outcome = mask_value(mask, field, plan, &text);
    field->dropped = outcome == TX_DROPPED;
    if (outcome != TX_KEPT) {
        field->type = outcome == TX_CHANGED ? TX_VALUE_STR : TX_VALUE_NULL;
        field->text = outcome == TX_CHANGED ? text : (struct tx_text){.p = NULL};
    }
    field->masked = tx_marks_render(mask);
    if (mask->one_by_one)
        tx_arena_wipe(&mask->scratch, 0);
}

/* --- what stands beside the fields --- */

struct tx_text tx_beside_name(enum tx_beside which) {
    static const struct tx_text names[TX_BESIDE_N] = {
        [TX_BESIDE_MESSAGE] = {"message", 7}, [TX_BESIDE_CORRELATION_ID] = {"correlation_id", 14},
        [TX_BESIDE_COMM] = {"comm", 4},       [TX_BESIDE_EXE] = {"exe", 3},
        [TX_BESIDE_UNIT] = {"unit", 4},
    };
    return names[which];
}

struct beside {
    struct tx_text *text;
    const char **masked;
};

static struct beside beside_of(struct tx_record *record, enum tx_beside which) {
    switch (which) {
    case TX_BESIDE_MESSAGE:
        return (struct beside){&record->message, &record->masked.message};
    case TX_BESIDE_CORRELATION_ID:
        return (struct beside){&record->correlation_id, &record->masked.correlation_id};
    case TX_BESIDE_COMM:
        return (struct beside){&record->source.comm, &record->masked.comm};
    case TX_BESIDE_EXE:
        return (struct beside){&record->source.exe, &record->masked.exe};
    case TX_BESIDE_UNIT:
    default:
        return (struct beside){&record->source.unit, &record->masked.unit};
    }
}

/* As a string field of its name, but that the name is no context: it is always the same. */
static const struct tx_slot *ask_beside(struct tx_mask *mask, enum tx_beside which,
                                        const struct tx_plan *plan) {
    const struct tx_condition_value value = {.record = &mask->holding,
                                             .names = &mask->beside_names[which],
                                             .label = TX_LABEL_NONE,
                                             .type = 0};
    const struct tx_verdict *verdict = tx_slots_decide(mask, &value, NULL);
    const struct tx_asked asked = {.detectors = plan->failed ? NULL : &mask->all,
                                   .text = plan->text};
    return verdict ? tx_slots_add(mask, verdict, &asked) : NULL;
}

static void collect_beside(struct tx_mask *mask, struct tx_record *record, enum tx_beside which) {
    struct beside beside = beside_of(record, which);
    struct tx_plan *plan = &mask->beside[which];

    if (!beside.text->p)
        return;
    plan_text(mask, *beside.text, plan);
    tx_slots_is_string(mask, ask_beside(mask, which, plan), tx_beside_name(which), TX_LABEL_NONE);
}

static void mask_beside(struct tx_mask *mask, struct tx_record *record, enum tx_beside which) {
    struct beside beside = beside_of(record, which);
    const struct tx_plan *plan = &mask->beside[which];
    struct tx_text text = plan->text;

    if (!beside.text->p)
        return;
    if (take_clean(mask, plan, true)) {
        *beside.text = text;
        *beside.masked = NULL;
        return;
    }
    tx_marks_reset(&mask->marks);
    mask->field = tx_beside_name(which);
    mask->part = mask->n_sealed = 0;
    const struct tx_slot *slot =
        mask->one_by_one ? ask_beside(mask, which, plan) : tx_slots_next(mask);
    const struct tx_field field = {.name = mask->field, .type = TX_VALUE_STR};
    enum tx_outcome outcome =
        plan->failed ? mask_failed(mask, slot, plan, &text)
                     : mask_text(mask, &field, (struct tx_text){.p = NULL}, slot, &text);
    *beside.text = outcome == TX_DROPPED ? (struct tx_text){.p = NULL} : text;
    *beside.masked = tx_marks_render(mask);
}

/* --- the record --- */

/* Its line tells who sent it and what it was, and nothing of what it said. */
static void drop_record(struct tx_mask *mask, struct tx_record *record) {
    mask->counters.dropped++;
    record->dropped_by = tx_marks_render_drop(mask);
    for (size_t i = 0; i < record->n_fields; i++) {
        struct tx_field *field = &record->fields[i];
        *field = (struct tx_field){.name = field->name, .type = TX_VALUE_NULL, .dropped = true};
    }
    record->message = record->correlation_id = (struct tx_text){.p = NULL};
    record->masked.message = record->masked.correlation_id = NULL;
}

/* A rule that asks for nothing but the record takes it before any value is looked at; it has no say
 * in how the record's sender is written. */
static void take_drops(struct tx_mask *mask) {
    struct tx_ruleset *rules = &mask->rules;
    TX_UNINITIALIZED struct tx_set drops;

    if (!tx_set_any(&rules->drop_records, rules->n_words))
        return;
    tx_conditions_of_record(&rules->conditions, &mask->holding, &drops);
    tx_set_and(&drops, &rules->drop_records, rules->n_words);
    size_t first = tx_set_next(&drops, 0, rules->n_words);
    if (first == TX_CONDITIONS_MAX)
        return;
    mask->dropped = true;
    mask->dropped_by_error = false;
    mask->dropped_rule = (uint16_t)first;
    mask->rule_counts[first]++;
    tx_set_subtract(&mask->holding, &rules->drop_records, rules->n_words);
}

static void begin_record(struct tx_mask *mask, const struct tx_record *record) {
    mask->counters.records++;
    mask->record = record;
    mask->number++;
    mask->dropped = mask->dropped_by_error = false;
    mask->n_replaced = 0;
    mask->one_by_one = false;
    tx_slots_reset(mask);
    tx_persons_begin(&mask->persons);
    tx_conditions_match_record(&mask->rules.conditions, record, &mask->holding);
    take_drops(mask);
}

static void collect(struct tx_mask *mask, struct tx_record *record) {
    size_t n_fields = mask->dropped ? 0 : record->n_fields;

    for (size_t i = 0; i < n_fields; i++)
        collect_field(mask, &record->fields[i], &mask->plans[i]);
    for (size_t which = mask->dropped ? TX_BESIDE_COMM : 0; which < TX_BESIDE_N; which++)
        collect_beside(mask, record, (enum tx_beside)which);
}

/* When a field drops the record, what the others say does not matter any more; the sender's slots
 * are the last ones. */
static void skip_to_sender(struct tx_mask *mask, const struct tx_record *record) {
    size_t n = 0;
    for (size_t which = TX_BESIDE_COMM; which < TX_BESIDE_N; which++)
        n += beside_of((struct tx_record *)record, (enum tx_beside)which).text->p != NULL;
    if (!mask->one_by_one)
        mask->next_slot = mask->n_slots - n;
}

static void apply(struct tx_mask *mask, struct tx_record *record) {
    for (size_t i = 0; i < record->n_fields && !mask->dropped; i++)
        mask_field(mask, &record->fields[i], &mask->plans[i]);
    for (size_t which = 0; which < TX_BESIDE_COMM && !mask->dropped; which++)
        mask_beside(mask, record, (enum tx_beside)which);
    skip_to_sender(mask, record);
    for (size_t which = TX_BESIDE_COMM; which < TX_BESIDE_N; which++)
        mask_beside(mask, record, (enum tx_beside)which);
}

void tx_mask_record(struct tx_mask *mask, struct tx_record *record) {
    assert(record->n_fields <= TX_LIMIT_FIELDS);
    memcpy(record->policy, mask->policy.bytes, sizeof(record->policy));
    begin_record(mask, record);
    if (mask->masking->lockdown) {
        tx_lockdown_record(record);
        return;
    }
    collect(mask, record);
    if (!mask->overflow) {
        tx_slots_detect(mask);
        tx_claims_count(mask);
    }
    mask->one_by_one = mask->overflow;
    if (mask->one_by_one)
        tx_arena_wipe(&mask->scratch, 0);
    apply(mask, record);
    if (mask->dropped)
        drop_record(mask, record);
    mask->record = NULL;
}
