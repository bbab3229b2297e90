/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "libtx/mask/engine.h"
#include "libtx/mask/glob.h"
#include "libtx/record/json.h"

/*
 * A JSON field: brought into the log's spelling, then written anew token by token with its texts
 * masked. Rules with fields see a member by its path from the field's name, by that without the
 * field's name, and by its own name; what a container matched holds for all within it. A value that
 * a rule names as a whole becomes a string.
 */

struct level {
    bool is_object;
    size_t n;    /* members or items written */
    size_t path; /* length of the path to here */
    struct tx_set names;
};

struct walker {
    struct tx_mask *mask;
    const struct tx_json_field *field;
    struct tx_text in; /* valid and canonical */
    size_t at;
    struct tx_buf out;
    bool key_changed;
    bool limit;

    /* Of the next value: */
    bool has_key;
    bool key_is_raw;    /* as it stands in `in`, with quotes; else to be escaped */
    struct tx_text key; /* may lie in the scratch arena */
    struct tx_set names;

    size_t depth;
    struct level levels[TX_LIMIT_JSON_DEPTH];
    size_t n_path;
    char path[TX_GLOB_NAME_BYTES];
};

/* --- strings --- */

/* The string at `at` without its quotes. */
static struct tx_text take_raw_string(struct walker *w, bool *ret_escaped) {
    size_t start = ++w->at;
    *ret_escaped = false;
    for (; w->in.p[w->at] != '"'; w->at++)
        if (w->in.p[w->at] == '\\') {
            *ret_escaped = true;
            w->at++;
        }
    return (struct tx_text){.p = w->in.p + start, .n = w->at++ - start};
}

static unsigned hex_value(char c) {
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* The log's spelling has these escapes only, and \u00xx for other control characters. */
static struct tx_text unescape(struct walker *w, struct tx_text raw) {
    static const char plain[128] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
                                    ['t'] = '\t', ['"'] = '"',  ['\\'] = '\\'};
    struct tx_buf b = tx_arena_open(&w->mask->scratch);

    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] != '\\') {
            tx_buf_char(&b, raw.p[i]);
        } else if (raw.p[++i] == 'u') {
            tx_buf_char(&b, (char)(hex_value(raw.p[i + 3]) << 4 | hex_value(raw.p[i + 4])));
            i += 4;
        } else {
            tx_buf_char(&b, plain[(unsigned char)raw.p[i] & 127]);
        }
    }
    w->limit = w->limit || b.full;
    return tx_arena_close(&w->mask->scratch, &b);
}

static struct tx_text take_string(struct walker *w, struct tx_text *ret_quoted) {
    bool escaped;
    struct tx_text raw = take_raw_string(w, &escaped);
    *ret_quoted = (struct tx_text){.p = raw.p - 1, .n = raw.n + 2};
    return escaped ? unescape(w, raw) : raw;
}

/* --- writing --- */

/* What stands before a value: nothing is written of a member that is left out. */
static void begin_value(struct walker *w) {
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

/* `raw` is how the value stands in `in`, for when it was kept. */
static enum tx_outcome put_value(struct walker *w, enum tx_outcome outcome, struct tx_text raw,
                                 struct tx_text changed) {
    if (outcome == TX_DROPPED)
        return outcome;
    begin_value(w);
    if (outcome == TX_CHANGED)
        tx_buf_json_string(&w->out, changed.p, changed.n);
    else
        tx_buf_put(&w->out, raw.p, raw.n);
    return TX_KEPT;
}

/* --- values --- */

static const struct tx_verdict *decide(struct walker *w, const struct tx_set *names) {
    return tx_ruleset_decide(&w->mask->rules, &w->mask->event, names, w->field->label);
}

/* The names that lead to the value are context for what stands in it. */
static void name_value(struct walker *w) {
    w->mask->name = (struct tx_text){.p = w->path, .n = w->n_path};
}

static enum tx_outcome put_string(struct walker *w, const struct tx_verdict *verdict) {
    struct tx_text quoted, changed = {.p = NULL};
    name_value(w);
    struct tx_text text = take_string(w, &quoted);
    enum tx_outcome outcome =
        tx_value_mask(w->mask, verdict, &tx_detectors_all, text, &w->mask->scratch, &changed);
    return put_value(w, outcome, quoted, changed);
}

/* 4.111111111111111E15 is a card's number as some languages write a double: as digits, where it
 * is as large as one. */
static struct tx_text as_digits(struct tx_text raw, char memory[32]) {
    struct tx_buf b = tx_buf_of(memory, 32);
    char number[64], *end;

    if (raw.n >= sizeof(number) ||
        !(memchr(raw.p, 'e', raw.n) || memchr(raw.p, 'E', raw.n) || memchr(raw.p, '.', raw.n)))
        return raw;
    memcpy(number, raw.p, raw.n);
    number[raw.n] = '\0';
    double v = strtod(number, &end), magnitude = v < 0 ? -v : v;
    if (*end || !(magnitude >= 1e8 && magnitude < 1e19))
        return raw;
    tx_buf_dec(&b, (uint64_t)magnitude);
    return (struct tx_text){.p = memory, .n = b.len};
}

/* A number or a word. */
static enum tx_outcome put_plain(struct walker *w, const struct tx_verdict *verdict) {
    struct tx_text raw = {.p = w->in.p + w->at}, changed = {.p = NULL};
    enum tx_outcome outcome = TX_KEPT;
    char digits[32];

    name_value(w);

    while (w->at < w->in.n && !strchr(",]}", w->in.p[w->at]))
        w->at++;
    raw.n = (size_t)(w->in.p + w->at - raw.p);
    if (!tx_text_equal(raw, TX_TEXT("null")))
        outcome = tx_value_mask(w->mask, verdict, &tx_detectors_of_numbers, as_digits(raw, digits),
                                &w->mask->scratch, &changed);
    return put_value(w, outcome, raw, changed);
}

/* Moves past the array or object at `at`. */
static struct tx_text skip_container(struct walker *w) {
    size_t start = w->at, depth = 0;
    bool escaped;
    do {
        char c = w->in.p[w->at];
        if (c == '"') {
            take_raw_string(w, &escaped);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        w->at++;
    } while (depth > 0);
    return (struct tx_text){.p = w->in.p + start, .n = w->at - start};
}

static enum tx_outcome put_container(struct walker *w, const struct tx_verdict *verdict) {
    struct tx_text raw = skip_container(w), changed = {.p = NULL};
    enum tx_outcome outcome =
        tx_value_mask_opaque(w->mask, verdict, raw, &w->mask->scratch, &changed);
    return put_value(w, outcome, raw, changed);
}

static enum tx_outcome open_container(struct walker *w) {
    char c = w->in.p[w->at++];

    begin_value(w);
    tx_buf_char(&w->out, c);
    assert(w->depth < TX_LIMIT_JSON_DEPTH);
    w->levels[w->depth++] =
        (struct level){.is_object = c == '{', .path = w->n_path, .names = w->names};
    return TX_KEPT;
}

/* A member that a rule drops is left out; a dropped item or a dropped whole value is the field's
 * end. */
static bool is_left_out(const struct walker *w, const struct tx_verdict *verdict) {
    return verdict->whole.any && verdict->whole.action.kind == TX_MASK_DROP && w->has_key;
}

static enum tx_outcome leave_out(struct walker *w, const struct tx_verdict *verdict) {
    bool escaped;
    char c = w->in.p[w->at];

    tx_value_mark(w->mask, &verdict->whole);
    if (c == '{' || c == '[')
        skip_container(w);
    else if (c == '"')
        take_raw_string(w, &escaped);
    else
        while (w->at < w->in.n && !strchr(",]}", w->in.p[w->at]))
            w->at++;
    return TX_KEPT;
}

static enum tx_outcome take_value(struct walker *w) {
    const struct tx_verdict *verdict = decide(w, &w->names);
    char c = w->in.p[w->at];

    if (is_left_out(w, verdict))
        return leave_out(w, verdict);
    if (c == '"')
        return put_string(w, verdict);
    if (c != '{' && c != '[')
        return put_plain(w, verdict);
    return verdict->whole.any ? put_container(w, verdict) : open_container(w);
}

/* --- keys --- */

static bool match_name(struct walker *w, struct tx_text name) {
    return tx_ruleset_match_name(&w->mask->rules, name, &w->names);
}

static void match_key(struct walker *w, const struct level *level, struct tx_text key) {
    size_t n_field = w->field->name.n + 1;

    w->names = level->names;
    if (!w->mask->rules.has_fields)
        return;
    if (level->path + 1 + key.n > sizeof(w->path)) {
        w->limit = true;
        return;
    }
    w->path[level->path] = '.';
    memcpy(w->path + level->path + 1, key.p, key.n);
    w->n_path = level->path + 1 + key.n;
    bool fits = match_name(w, (struct tx_text){.p = w->path, .n = w->n_path}) &&
                match_name(w, (struct tx_text){.p = w->path + n_field, .n = w->n_path - n_field}) &&
                match_name(w, key);
    w->limit = w->limit || !fits;
}

static enum tx_outcome take_key(struct walker *w) {
    const struct level *level = &w->levels[w->depth - 1];
    struct tx_text changed;
    struct tx_text key = take_string(w, &w->key);

    w->at++; /* ':' */
    match_key(w, level, key);
    enum tx_outcome outcome = tx_value_mask(w->mask, decide(w, &level->names), &tx_detectors_all,
                                            key, &w->mask->scratch, &changed);
    w->has_key = w->key_is_raw = true;
    if (outcome == TX_CHANGED) {
        w->key = changed;
        w->key_is_raw = false;
        w->key_changed = true;
    }
    return outcome == TX_DROPPED ? outcome : TX_KEPT;
}

/* --- the whole --- */

static void close_containers(struct walker *w) {
    while (w->depth > 0 && (w->in.p[w->at] == ']' || w->in.p[w->at] == '}')) {
        tx_buf_char(&w->out, w->in.p[w->at++]);
        w->depth--;
    }
}

/* Goes to the next value and says what it is called. */
static enum tx_outcome next_value(struct walker *w) {
    const struct level *level = &w->levels[w->depth - 1];

    if (w->in.p[w->at] == ',')
        w->at++;
    if (level->is_object)
        return take_key(w);
    w->has_key = false;
    w->names = level->names;
    w->n_path = level->path;
    return TX_KEPT;
}

static enum tx_outcome walk(struct walker *w) {
    for (;;) {
        enum tx_outcome outcome = take_value(w);
        tx_arena_wipe(&w->mask->scratch, 0);
        if (outcome == TX_DROPPED || w->limit)
            return outcome;
        close_containers(w);
        if (w->depth == 0)
            return TX_KEPT;
        outcome = next_value(w);
        if (outcome == TX_DROPPED || w->limit)
            return outcome;
    }
}

/* Masked keys may have become the same. */
static bool is_still_json(struct tx_mask *mask, struct tx_text text) {
    struct tx_buf b = tx_arena_open(&mask->scratch);
    int r = tx_json_canonical(text, &b);
    tx_arena_close(&mask->scratch, &b);
    tx_arena_wipe(&mask->scratch, 0);
    return r == 0;
}

static enum tx_outcome mask_inside(struct tx_mask *mask, const struct tx_json_field *field,
                                   struct tx_text json, struct tx_text *ret_text,
                                   bool *ret_is_json) {
    struct walker w = {.mask = mask, .field = field, .in = json, .names = field->names};

    w.limit = field->name.n > sizeof(w.path);
    w.n_path = w.limit ? 0 : field->name.n;
    memcpy(w.path, field->name.p, w.n_path);
    w.out = tx_arena_open(&mask->values);
    enum tx_outcome outcome = w.limit ? TX_KEPT : walk(&w);
    *ret_text = tx_arena_close(&mask->values, &w.out);
    tx_arena_wipe(&mask->scratch, 0);
    if (outcome == TX_DROPPED)
        return outcome;
    *ret_is_json = !w.limit && !w.out.full && (!w.key_changed || is_still_json(mask, *ret_text));
    if (!*ret_is_json)
        *ret_text = tx_value_limit(mask);
    return *ret_is_json ? TX_KEPT : TX_CHANGED;
}

/* A rule names the field itself. A string is masked as what it says, not as how it is written. */
static enum tx_outcome mask_as_whole(struct tx_mask *mask, const struct tx_verdict *verdict,
                                     struct tx_text json, struct tx_text *ret_text) {
    struct walker w = {.mask = mask, .in = json};
    struct tx_text quoted;
    enum tx_outcome outcome;

    if (json.p[0] == '{' || json.p[0] == '[')
        return tx_value_mask_opaque(mask, verdict, json, &mask->values, ret_text);
    if (tx_text_equal(json, TX_TEXT("null")))
        return verdict->whole.action.kind == TX_MASK_DROP ||
                       verdict->whole.action.kind == TX_MASK_DROP_RECORD
                   ? tx_value_drop(mask, &verdict->whole)
                   : TX_KEPT;
    struct tx_text text = json.p[0] == '"' ? take_string(&w, &quoted) : json;
    outcome = tx_value_mask(mask, verdict, &tx_detectors_all, text, &mask->values, ret_text);
    tx_arena_wipe(&mask->scratch, 0);
    if (outcome != TX_DROPPED && w.limit)
        *ret_text = tx_value_limit(mask);
    return outcome;
}

/* 0, or a positive number with what stands in the field's place. */
static bool to_canonical(struct tx_mask *mask, struct tx_text json, struct tx_text *ret_text) {
    struct tx_buf b = tx_arena_open(&mask->values);
    int r = tx_json_canonical(json, &b);
    *ret_text = tx_arena_close(&mask->values, &b);
    if (r == 0)
        return true;
    *ret_text = tx_value_limit(mask);
    mask->marks.error_limit = r != -EBADMSG;
    mask->marks.error_json = r == -EBADMSG;
    return false;
}

enum tx_outcome tx_json_field_mask(struct tx_mask *mask, const struct tx_json_field *field,
                                   struct tx_text json, struct tx_text *ret_text,
                                   bool *ret_is_json) {
    const struct tx_verdict *verdict =
        tx_ruleset_decide(&mask->rules, &mask->event, &field->names, field->label);
    struct tx_text text;

    *ret_is_json = false;
    if (!to_canonical(mask, json, ret_text))
        return verdict->whole.any && tx_mask_strictness(verdict->whole.action.kind) >=
                                         tx_mask_strictness(TX_MASK_DROP)
                   ? tx_value_drop(mask, &verdict->whole)
                   : TX_CHANGED;
    text = *ret_text;
    if (!verdict->whole.any)
        return mask_inside(mask, field, text, ret_text, ret_is_json);
    enum tx_outcome outcome = mask_as_whole(mask, verdict, text, ret_text);
    *ret_is_json = outcome == TX_KEPT;
    return outcome;
}
