/* SPDX-License-Identifier: MIT */
#include "libtx/mask/json-walk.h"

#include <assert.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/json-text.h"
#include "libtx/record/json.h"

struct level {
    bool is_object;
    size_t n;                   /* members or items written */
    size_t seen;                /* of the input */
    size_t path;                /* length of the path to here */
    const struct tx_rule *keep; /* whose action names the members that stay */
    size_t keep_index;
    struct tx_set names, keys, spent;
};

enum mode {
    COLLECT,
    COUNT,      /* slots are made on the way, and what is in them is counted */
    TAKE,       /* slots that were collected */
    ONE_BY_ONE, /* slots are made on the way */
};

struct tx_json_walker {
    struct tx_mask *mask;
    const struct tx_json_field *field;
    enum mode mode;
    struct tx_json_text j;
    struct tx_buf out;
    uint32_t *counts; /* COUNT */
    bool key_changed;
    bool limit; /* it fails */
    size_t n_words;

    /* Of the next value: */
    const struct tx_slot *slot; /* TAKE */
    bool has_key;
    bool key_is_raw; /* as it stands in the input, with quotes; else to be escaped */
    struct tx_text key;
    struct tx_set names, keys, spent;

    size_t depth;
    size_t n_path;
    size_t n_named; /* of the path, for which `name` was made; SIZE_MAX: for none */
    struct tx_text name;
    char path[TX_GLOB_NAME_BYTES];
    struct level levels[TX_LIMIT_JSON_DEPTH];
};

#define WALKER struct tx_json_walker

/* Otherwise nothing is changed and nothing noted. */
static bool is_masking(const WALKER *w) {
    return w->mode == TAKE || w->mode == ONE_BY_ONE;
}

int tx_json_walker_new(struct tx_json_walker **ret) {
    *ret = tx_secret_alloc(sizeof(**ret));
    return *ret ? 0 : -ENOMEM;
}

void tx_json_walker_free(struct tx_json_walker *walker) {
    tx_secret_free(walker, sizeof(*walker));
}

/* --- slots --- */

/* The names that lead to a value are context for what stands in it. */
static struct tx_text context_name(WALKER *w) {
    const struct tx_text path = {.p = w->path, .n = w->n_path};

    if (w->mode != COLLECT)
        return path;
    if (w->n_named == w->n_path)
        return w->name;
    struct tx_buf b = tx_arena_open(&w->mask->scratch);
    tx_buf_put(&b, path.p, path.n);
    w->name = tx_arena_close(&w->mask->scratch, &b);
    w->mask->overflow = w->mask->overflow || b.full;
    w->n_named = w->n_path;
    return b.full ? (struct tx_text){.p = NULL} : w->name;
}

static struct tx_condition_value value_of(WALKER *w, const struct tx_set *names,
                                          const struct tx_set *keys, unsigned type) {
    return (struct tx_condition_value){.record = &w->mask->holding,
                                       .names = names,
                                       .keys = keys,
                                       .label = w->field->label,
                                       .type = type};
}

/* NULL: there is no room, and the record is gone through one by one. */
static const struct tx_verdict *verdict_of(WALKER *w, unsigned type) {
    const struct tx_condition_value value = value_of(w, &w->names, &w->keys, type);
    w->mask->part++;
    if (w->mode != TAKE)
        return tx_slots_decide(w->mask, &value, &w->spent);
    w->slot = tx_slots_next(w->mask);
    return w->slot->verdict;
}

static const struct tx_slot *slot_of(WALKER *w, const struct tx_verdict *verdict,
                                     struct tx_text text, const struct tx_detector_set *detectors) {
    if (w->mode == TAKE)
        return w->slot;
    const struct tx_asked asked = {.detectors = detectors, .text = text, .name = context_name(w)};
    return tx_slots_add(w->mask, verdict, &asked);
}

/* What a string says; taken from the slot when it is there. */
static struct tx_text say(WALKER *w, struct tx_text raw, bool escaped) {
    if (!escaped || w->mode == TAKE)
        return raw;
    struct tx_buf b = tx_arena_open(&w->mask->scratch);
    tx_json_unescape(raw, &b);
    struct tx_text text = tx_arena_close(&w->mask->scratch, &b);
    if (b.full && w->mode == COLLECT)
        w->mask->overflow = true;
    w->limit = w->limit || (b.full && w->mode != COLLECT);
    return b.full ? (struct tx_text){.p = NULL} : text;
}

/* --- writing --- */

/* What stands before a value: nothing is written of a member that is left out. */
static void begin_value(WALKER *w) {
    if (!is_masking(w))
        return;
    if (w->depth > 0 && w->levels[w->depth - 1].n++ > 0)
        tx_buf_char(&w->out, ',');
    if (!w->has_key)
        return;
    if (w->key_is_raw)
        tx_buf_put(&w->out, w->key.p, w->key.n);
    else
        tx_buf_json_string(&w->out, w->key.p, w->key.n);
    tx_buf_char(&w->out, ':');
}

/* `raw` is how the value stands in the input, for when it was kept. */
static enum tx_outcome put_value(WALKER *w, const struct tx_slot *slot, enum tx_form form,
                                 struct tx_text raw) {
    struct tx_text changed = {.p = NULL};

    if (w->mode == COUNT && slot)
        tx_claims_count_in(w->mask, slot, w->counts);
    if (!is_masking(w) || !slot)
        return TX_KEPT;
    enum tx_outcome outcome = tx_value_mask(w->mask, slot, form, &w->mask->scratch, &changed);
    if (outcome == TX_DROPPED)
        return outcome;
    begin_value(w);
    if (outcome == TX_CHANGED)
        tx_buf_json_string(&w->out, changed.p, changed.n);
    else if (outcome == TX_NULLED)
        tx_buf_put(&w->out, "null", 4);
    else
        tx_buf_put(&w->out, raw.p, raw.n);
    return TX_KEPT;
}

/* --- values --- */

const struct tx_detector_set *tx_json_number_detectors(const struct tx_mask *mask, size_t n) {
    return n >= TX_NUMBER_DIGITS_MIN || mask->has_custom ? &mask->of_numbers : NULL;
}

static enum tx_outcome put_string(WALKER *w, const struct tx_verdict *verdict) {
    bool escaped;
    struct tx_text raw = tx_json_take_string(&w->j, &escaped);
    const struct tx_slot *slot = slot_of(w, verdict, say(w, raw, escaped), &w->mask->all);
    return put_value(w, slot, TX_FORM_TEXT, (struct tx_text){.p = raw.p - 1, .n = raw.n + 2});
}

/* A number, true, false or null. */
static enum tx_outcome put_plain(WALKER *w, const struct tx_verdict *verdict, unsigned type) {
    struct tx_text raw = tx_json_take_plain(&w->j), text = raw;
    const struct tx_detector_set *detectors = NULL;

    if ((type == 1 || type == 2) && !verdict->whole.any && w->mode != TAKE) {
        detectors = tx_json_number_detectors(w->mask, raw.n);
        text = detectors ? tx_json_as_digits(raw, &w->mask->scratch) : raw;
    }
    const struct tx_slot *slot = slot_of(w, verdict, text, detectors);
    if (type != TX_CONDITION_NULL)
        return put_value(w, slot, TX_FORM_NUMBER, raw);
    if (!is_masking(w))
        return TX_KEPT;
    if (tx_claim_drops(&verdict->whole))
        return tx_value_drop(w->mask, &verdict->whole);
    begin_value(w);
    tx_buf_put(&w->out, raw.p, raw.n);
    return TX_KEPT;
}

static enum tx_outcome put_container(WALKER *w, const struct tx_verdict *verdict) {
    struct tx_text raw = tx_json_take_value(&w->j);
    return put_value(w, slot_of(w, verdict, raw, &w->mask->all), TX_FORM_OPAQUE, raw);
}

static enum tx_outcome open_container(WALKER *w, const struct tx_verdict *verdict) {
    char c = tx_json_peek(&w->j);

    slot_of(w, verdict, (struct tx_text){.p = NULL}, NULL);
    if (w->depth >= w->mask->masking->limits.json_depth || w->depth >= TX_LIMIT_JSON_DEPTH) {
        w->limit = true;
        return TX_KEPT;
    }
    w->j.at++;
    begin_value(w);
    if (is_masking(w))
        tx_buf_char(&w->out, c);
    struct level *level = &w->levels[w->depth++];
    level->is_object = c == '{';
    level->n = level->seen = 0;
    level->path = w->n_path;
    level->keep = NULL;
    if (w->mode != TAKE) {
        tx_set_copy(&level->names, &w->names, w->n_words);
        tx_set_copy(&level->keys, &w->keys, w->n_words);
        tx_set_copy(&level->spent, &w->spent, w->n_words);
    }
    if (c == '{' && verdict->whole.any && verdict->whole.action.kind == TX_ACTION_KEEP_ONLY) {
        level->keep_index = verdict->whole.rule;
        level->keep = &w->mask->rules.rule[level->keep_index];
        tx_set_add(&level->spent, level->keep_index);
    }
    return TX_KEPT;
}

/* A member that a rule drops is left out; a dropped item or a dropped whole value is the field's
 * end. */
static bool is_left_out(const WALKER *w, const struct tx_verdict *verdict) {
    return verdict->whole.any && verdict->whole.action.kind == TX_ACTION_DROP_FIELD && w->has_key;
}

static enum tx_outcome leave_out(WALKER *w, const struct tx_verdict *verdict) {
    const struct tx_slot *slot = slot_of(w, verdict, (struct tx_text){.p = NULL}, NULL);
    tx_json_take_value(&w->j);
    if (is_masking(w) && w->mask->trace)
        tx_why_tell(w->mask, slot);
    if (is_masking(w))
        tx_marks_add(w->mask, TX_ACTION_DROP_FIELD, verdict->whole.rule);
    return TX_KEPT;
}

static enum tx_outcome take_value(WALKER *w) {
    char c = tx_json_peek(&w->j);
    unsigned type =
        tx_json_type_of((struct tx_text){.p = w->j.in.p + w->j.at, .n = w->j.in.n - w->j.at});
    const struct tx_verdict *verdict = verdict_of(w, type);

    if (!verdict) {
        w->limit = w->mode != COLLECT;
        return TX_KEPT;
    }
    if (is_left_out(w, verdict))
        return leave_out(w, verdict);
    if (c == '"')
        return put_string(w, verdict);
    if (c != '{' && c != '[')
        return put_plain(w, verdict, type);
    return tx_json_is_taken_whole(verdict) ? put_container(w, verdict) : open_container(w, verdict);
}

/* --- keys --- */

/* What the member's names match, beside what its container's did. */
static void match_member(WALKER *w, const struct level *level, struct tx_text key) {
    size_t n_field = w->field->name.n + 1;

    if (level->path + 1 + key.n > sizeof(w->path)) {
        w->limit = true;
        return;
    }
    w->path[level->path] = '.';
    memcpy(w->path + level->path + 1, key.p, key.n);
    w->n_path = level->path + 1 + key.n;
    w->n_named = SIZE_MAX;
    const struct tx_text path = {.p = w->path, .n = w->n_path};
    bool fits = tx_conditions_match_member(&w->mask->rules.conditions, path, w->n_path - n_field,
                                           key.n, w->depth, &w->names, &w->keys);
    w->limit = w->limit || !fits;
}

static void inherit(WALKER *w, const struct level *level) {
    if (w->mode == TAKE)
        return;
    w->n_path = level->path;
    tx_set_copy(&w->names, &level->names, w->n_words);
    tx_set_copy(&w->keys, &level->keys, w->n_words);
    tx_set_copy(&w->spent, &level->spent, w->n_words);
}

/* What is found in a key changes it; rules without detectors are for its value. */
static enum tx_outcome mask_key(WALKER *w, struct tx_text key) {
    struct tx_text changed = {.p = NULL};
    const struct tx_slot *slot = w->slot;

    w->mask->part++;
    if (w->mode == TAKE) {
        slot = tx_slots_next(w->mask);
    } else {
        const struct tx_condition_value value = value_of(w, &w->names, &w->keys, 0);
        const struct tx_verdict *verdict = tx_slots_decide(w->mask, &value, &w->spent);
        const struct tx_asked asked = {
            .detectors = &w->mask->all, .text = key, .name = context_name(w), .is_key = true};
        slot = verdict ? tx_slots_add(w->mask, verdict, &asked) : NULL;
        w->limit = w->limit || (!slot && w->mode != COLLECT);
    }
    if (w->mode == COUNT && slot)
        tx_claims_count_in(w->mask, slot, w->counts);
    if (!is_masking(w) || !slot)
        return TX_KEPT;
    enum tx_outcome outcome =
        tx_value_mask(w->mask, slot, TX_FORM_TEXT, &w->mask->scratch, &changed);
    if (outcome == TX_CHANGED) {
        w->key = changed;
        w->key_is_raw = false;
        w->key_changed = true;
    }
    return outcome == TX_DROPPED ? outcome : TX_KEPT;
}

static bool is_same_name(const char *name, struct tx_text key) {
    TX_UNINITIALIZED struct tx_name a, b;
    if (!tx_name_fold((struct tx_text){.p = name, .n = strlen(name)}, &a) || !tx_name_fold(key, &b))
        return false;
    bool same =
        (a.n_plain == b.n_plain && memcmp(a.plain, b.plain, a.n_plain) == 0) ||
        (a.n_camel == b.n_camel && memcmp(tx_name_camel(&a), tx_name_camel(&b), a.n_camel) == 0);
    tx_wipe(&b, sizeof(b));
    return same;
}

static bool is_kept(const struct level *level, struct tx_text key) {
    for (size_t i = 0; level->keep && i < level->keep->action.keep_only.keys.n; i++)
        if (is_same_name(level->keep->action.keep_only.keys.item[i], key))
            return true;
    return !level->keep;
}

static enum tx_outcome take_key(WALKER *w, const struct level *level, bool *ret_left_out) {
    bool escaped;
    struct tx_text raw = tx_json_take_string(&w->j, &escaped);
    enum mode mode = w->mode;

    /* To ask what it is called, what it says is needed in any case. */
    if (mode == TAKE && level->keep)
        w->mode = ONE_BY_ONE;
    struct tx_text key = say(w, raw, escaped);
    w->mode = mode;
    w->j.at++; /* ':' */
    w->has_key = w->key_is_raw = true;
    w->key = (struct tx_text){.p = raw.p - 1, .n = raw.n + 2};
    *ret_left_out = !is_kept(level, key);
    if (*ret_left_out) {
        tx_json_take_value(&w->j);
        if (is_masking(w))
            tx_marks_add(w->mask, TX_ACTION_KEEP_ONLY, level->keep_index);
        return TX_KEPT;
    }
    enum tx_outcome outcome = mask_key(w, key);
    if (mode != TAKE && outcome != TX_DROPPED)
        match_member(w, level, key);
    return outcome;
}

/* --- the whole --- */

/* Goes to the next value and says what it is called; false when the outermost container is closed.
 */
static bool next_value(WALKER *w, enum tx_outcome *ret) {
    bool left_out = true;

    *ret = TX_KEPT;
    while (w->depth > 0 && left_out && *ret != TX_DROPPED && !w->limit) {
        struct level *level = &w->levels[w->depth - 1];
        char c = tx_json_peek(&w->j);
        left_out = true;
        if (c == ']' || c == '}') {
            if (is_masking(w))
                tx_buf_char(&w->out, c);
            w->j.at++;
            w->depth--;
            continue;
        }
        w->j.at += c == ',';
        inherit(w, level);
        if (level->is_object) {
            *ret = take_key(w, level, &left_out);
        } else {
            left_out = w->has_key = false;
            if (w->mode != TAKE)
                tx_conditions_match_item(&w->mask->rules.conditions, (uint32_t)level->seen,
                                         w->depth, &w->names);
        }
        level->seen++;
    }
    return w->depth > 0;
}

static enum tx_outcome walk(WALKER *w) {
    size_t used = w->mask->scratch.used;
    enum tx_outcome outcome;

    for (;;) {
        outcome = take_value(w);
        if (w->mode != COLLECT)
            tx_arena_wipe(&w->mask->scratch, used);
        if (outcome == TX_DROPPED || w->limit || (w->mode == COLLECT && w->mask->overflow))
            return outcome;
        if (!next_value(w, &outcome) || outcome == TX_DROPPED || w->limit)
            return outcome;
    }
}

static void begin(WALKER *w, struct tx_mask *mask, const struct tx_json_field *field,
                  struct tx_text json, enum mode mode) {
    w->mask = mask;
    w->field = field;
    w->mode = mode;
    w->j = (struct tx_json_text){.in = json};
    w->key_changed = w->has_key = false;
    w->n_words = mask->rules.conditions.n_words;
    w->limit = field->name.n > sizeof(w->path);
    w->depth = 0;
    w->n_named = SIZE_MAX;
    w->n_path = w->limit ? 0 : field->name.n;
    memcpy(w->path, field->name.p, w->n_path);
    tx_set_clear(&w->keys, w->n_words);
    tx_set_clear(&w->spent, w->n_words);
    if (mode == TAKE)
        return;
    tx_set_copy(&w->names, field->names, w->n_words);
    tx_conditions_enter_field(&mask->rules.conditions, field->name);
}

/* Names of members are content. */
static void end(WALKER *w) {
    tx_wipe(w->path, sizeof(w->path));
}

bool tx_json_walk_collect(struct tx_mask *mask, const struct tx_json_field *field,
                          struct tx_text json) {
    WALKER *w = mask->walker;
    begin(w, mask, field, json, COLLECT);
    if (!w->limit)
        walk(w);
    end(w);
    return !w->limit;
}

void tx_json_walk_count(struct tx_mask *mask, const struct tx_json_field *field,
                        struct tx_text json, uint32_t *counts) {
    WALKER *w = mask->walker;
    begin(w, mask, field, json, COUNT);
    w->counts = counts;
    if (!w->limit)
        walk(w);
    end(w);
}

/* Masked keys may have become the same. */
static bool is_still_json(struct tx_mask *mask, struct tx_text text) {
    size_t used = mask->scratch.used;
    struct tx_buf b = tx_arena_open(&mask->scratch);
    int r = tx_json_canonical(text, &b);
    tx_arena_close(&mask->scratch, &b);
    tx_arena_wipe(&mask->scratch, used);
    return r == 0;
}

enum tx_outcome tx_json_walk_mask(struct tx_mask *mask, const struct tx_json_field *field,
                                  struct tx_text json, struct tx_arena *to, struct tx_text *ret) {
    WALKER *w = mask->walker;
    size_t used = mask->scratch.used;

    begin(w, mask, field, json, mask->one_by_one || mask->nested ? ONE_BY_ONE : TAKE);
    w->out = tx_arena_open(to);
    enum tx_outcome outcome = w->limit ? TX_KEPT : walk(w);
    struct tx_text text = tx_arena_close(to, &w->out);
    tx_arena_wipe(&mask->scratch, used);
    end(w);
    if (outcome == TX_DROPPED)
        return TX_DROPPED;
    if (w->limit || w->out.full || (w->key_changed && !is_still_json(mask, text)))
        return tx_value_fail(mask, TX_MASK_ERROR_LIMIT, ret);
    *ret = text;
    return TX_KEPT;
}
