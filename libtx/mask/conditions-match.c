/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/crypto/secret.h"
#include "libtx/detect/fold-name.h"
#include "libtx/detect/fold.h"
#include "libtx/mask/condition-parts.h"

/* --- what was asked before --- */

static uint64_t mix(uint64_t h, uint64_t word) {
    h = (h ^ word) * 0x9e3779b97f4a7c15;
    return h ^ h >> 32;
}

/* The last word of several overlaps the one before. */
static size_t hash_bytes(const char *p, size_t n) {
    uint64_t h = n, word;

    if (n < sizeof(word)) {
        for (size_t i = 0; i < n; i++)
            h = h << 8 ^ (uint8_t)p[i];
        return (size_t)mix(0, h);
    }
    for (size_t i = 0; i + sizeof(word) < n; i += sizeof(word)) {
        memcpy(&word, p + i, sizeof(word));
        h = mix(h, word);
    }
    memcpy(&word, p + n - sizeof(word), sizeof(word));
    return (size_t)mix(h, word);
}

/* Names are a word or two, for which a call costs more than the work: both ends of eight bytes meet
 * in the middle. */
static inline bool is_same(const char *a, const char *b, size_t n) {
    uint64_t x, y, v, w;

    if (n < sizeof(x) || n > 2 * sizeof(x))
        return memcmp(a, b, n) == 0;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    memcpy(&v, a + n - sizeof(v), sizeof(v));
    memcpy(&w, b + n - sizeof(w), sizeof(w));
    return !((x ^ y) | (v ^ w));
}

static bool holds(const struct tx_cached_set *slot, struct tx_text name) {
    return slot && slot->n == name.n && is_same(slot->name, name.p, name.n);
}

/* The slot that is the name's, which may hold another one now; NULL for names that are not kept. A
 * name has two, so that two names that come in turn do not drive each other out: what stands in the
 * first moves to the second. */
static struct tx_cached_set *slot_of(struct tx_cached_set *cache, size_t n_slots,
                                     struct tx_text name) {
    if (name.n == 0 || name.n > sizeof(cache->name))
        return NULL;
    size_t first = hash_bytes(name.p, name.n) % n_slots, second = first ^ 1;
    if (holds(&cache[first], name))
        return &cache[first];
    if (holds(&cache[second], name))
        return &cache[second];
    if (cache[first].n > 0)
        cache[second] = cache[first];
    return &cache[first];
}

static void keep(struct tx_cached_set *slot, struct tx_text name, const struct tx_set *found,
                 size_t n_words) {
    if (!slot)
        return;
    slot->n = name.n;
    memcpy(slot->name, name.p, name.n);
    tx_set_copy(&slot->set, found, n_words);
}

/* --- the record --- */

static bool any_event_matches(const struct tx_condition *condition, struct tx_text event) {
    for (size_t i = 0; i < condition->events.n; i++)
        if (tx_glob_match_event(condition->events.item[i], event))
            return true;
    return false;
}

static void match_event(struct tx_conditions *c, struct tx_text event, struct tx_set *ret) {
    struct tx_cached_set *slot = slot_of(c->cached_events, TX_CACHED_EVENTS, event);

    if (holds(slot, event)) {
        tx_set_copy(ret, &slot->set, c->n_words);
        return;
    }
    memset(ret->word, 0xff, c->n_words * sizeof(ret->word[0]));
    TX_SET_EACH(i, &c->with_events, c->n_words)
    if (!any_event_matches(&c->condition[i], event))
        tx_set_remove(ret, i);
    keep(slot, event, ret, c->n_words);
}

static bool has_id(const struct tx_masking_ids *ids, uint32_t id) {
    for (size_t i = 0; i < ids->n; i++)
        if (ids->id[i] == id)
            return true;
    return ids->n == 0;
}

static bool any_path_matches(const struct tx_masking_list *globs, struct tx_text path) {
    for (size_t i = 0; i < globs->n && path.n > 0; i++)
        if (tx_glob_match_path(globs->item[i], path))
            return true;
    return globs->n == 0;
}

static bool sender_matches(const struct tx_condition *condition, const struct tx_source *source) {
    return has_id(&condition->uids, source->uid) && has_id(&condition->gids, source->gid) &&
           any_path_matches(&condition->units, source->unit) &&
           any_path_matches(&condition->exes, source->exe);
}

void tx_conditions_match_record(struct tx_conditions *c, const struct tx_record *record,
                                struct tx_set *ret) {
    match_event(c, record->event, ret);
    TX_SET_EACH(i, &c->with_sender, c->n_words)
    if (!sender_matches(&c->condition[i], &record->source))
        tx_set_remove(ret, i);
    TX_SET_EACH(i, &c->with_expiry, c->n_words)
    if (record->received >= c->condition[i].expires)
        tx_set_remove(ret, i);
}

static bool parts_hold(const struct tx_condition *condition, const struct tx_set *holding) {
    bool any = condition->any.n == 0;

    for (size_t i = 0; i < condition->all.n; i++)
        if (!tx_set_has(holding, condition->all.index[i]))
            return false;
    for (size_t i = 0; i < condition->none.n; i++)
        if (tx_set_has(holding, condition->none.index[i]))
            return false;
    for (size_t i = 0; i < condition->any.n; i++)
        any = any || tx_set_has(holding, condition->any.index[i]);
    return any;
}

/* Takes those out of which the parts do not hold. */
static void combine(const struct tx_conditions *c, struct tx_set *holding) {
    for (size_t k = 0; k < c->n_composite; k++) {
        size_t i = c->composite[k];
        if (tx_set_has(holding, i) && !parts_hold(&c->condition[i], holding))
            tx_set_remove(holding, i);
    }
}

void tx_conditions_of_record(const struct tx_conditions *c, const struct tx_set *record,
                             struct tx_set *ret) {
    tx_set_copy(ret, record, c->n_words);
    tx_set_subtract(ret, &c->of_value, c->n_words);
    combine(c, ret);
    tx_set_and(ret, &c->roots, c->n_words);
}

/* --- names --- */

static uint64_t *places_at(const struct tx_conditions *c, size_t depth) {
    assert(depth < TX_PLACES_DEPTH);
    return c->places + depth * c->n_pointers;
}

/* From the places at depth - 1 to those at `depth`. */
static void step_pointers(struct tx_conditions *c, const struct tx_name *part,
                          enum tx_glob_which which, size_t depth, struct tx_set *names) {
    const uint64_t *from = depth > 0 ? places_at(c, depth - 1) : NULL;
    uint64_t *to = places_at(c, depth);
    for (size_t i = 0; i < c->n_pointers; i++) {
        const struct tx_pointer *pointer = c->pointers[i].pointer;
        if (!tx_glob_is_asked(which, tx_pointer_is_loose(pointer)))
            continue;
        to[i] = tx_pointer_step(pointer, from ? from[i] : tx_pointer_begin(pointer), part);
        if (names && tx_pointer_fits(pointer, to[i]))
            tx_set_add(names, c->pointers[i].condition);
    }
}

/* Apart from the usual way, so that its large variables cost nothing there. */
static __attribute__((noinline)) bool match_anew(struct tx_conditions *c, struct tx_text name,
                                                 struct tx_cached_set *slot, struct tx_set *names) {
    TX_UNINITIALIZED struct tx_set found;
    TX_UNINITIALIZED struct tx_name folded;

    if (!tx_name_fold(name, &folded))
        return false;
    tx_set_clear(&found, c->n_words);
    const struct tx_name_asked asked = {.name = &folded, .n_from = 1};
    tx_glob_index_match(c->name_index, &asked, &found);
    step_pointers(c, &folded, TX_GLOBS_ALL, 0, &found);
    keep(slot, name, &found, c->n_words);
    tx_set_or(names, &found, c->n_words);
    return true;
}

bool tx_conditions_match_field(struct tx_conditions *c, struct tx_text name, struct tx_set *names) {
    struct tx_cached_set *slot = slot_of(c->cached_names, TX_CACHED_NAMES, name);

    if (c->n_names == 0 && c->n_pointers == 0)
        return true;
    if (!holds(slot, name))
        return match_anew(c, name, slot, names);
    tx_set_or(names, &slot->set, c->n_words);
    return true;
}

void tx_conditions_enter_field(struct tx_conditions *c, struct tx_text name) {
    TX_UNINITIALIZED struct tx_name folded;
    if (c->n_pointers == 0)
        return;
    if (tx_name_fold(name, &folded))
        step_pointers(c, &folded, TX_GLOBS_ALL, 0, NULL);
    else
        memset(places_at(c, 0), 0, c->n_pointers * sizeof(*c->places));
}

static struct tx_text last(struct tx_text text, size_t n) {
    return (struct tx_text){.p = text.p + text.n - n, .n = n};
}

/* What is asked of a member: its path, and where in it the path without the field's name and the
 * key begin. */
struct member {
    struct tx_text path;
    size_t inner, key;
    size_t depth;
    enum tx_glob_which which;
    struct tx_set *names, *keys;
};

static bool match_member(struct tx_conditions *c, const struct member *m) {
    struct tx_name *folded = &c->folded;

    if (!tx_name_fold(m->path, folded))
        return false;
    c->n_folded = m->path.n > c->n_folded ? m->path.n : c->n_folded;
    const struct tx_name_asked path = {
        .which = m->which,
        .name = folded,
        .n_from = m->inner == m->key ? 2 : 3,
        .from = {{.plain = 0},
                 tx_name_place_of(folded, m->inner),
                 tx_name_place_of(folded, m->key)},
    };
    tx_glob_index_match(c->name_index, &path, m->names);
    if (c->n_keys == 0 && c->n_pointers == 0)
        return true;
    if (!tx_name_fold(last(m->path, m->path.n - m->key), folded))
        return false;
    const struct tx_name_asked key = {.which = m->which, .name = folded, .n_from = 1};
    tx_glob_index_match(c->key_index, &key, m->keys);
    step_pointers(c, folded, m->which, m->depth, m->names);
    return true;
}

/* A name with letters beyond ASCII: patterns that mask see it as somebody reads it, those that let
 * something through as it is. Each part is folded by itself, so that they keep their places. */
static __attribute__((noinline)) bool match_as_read(struct tx_conditions *c,
                                                    const struct member *m) {
    TX_UNINITIALIZED char text[TX_GLOB_NAME_BYTES];
    struct member as_read = *m, as_is = *m;
    const char *p = m->path.p;

    if (m->path.n > sizeof(text))
        return false;
    size_t n = tx_fold_name((struct tx_text){p, m->inner}, text);
    as_read.inner = n;
    n += tx_fold_name((struct tx_text){p + m->inner, m->key - m->inner}, text + n);
    as_read.key = n;
    n += tx_fold_name((struct tx_text){p + m->key, m->path.n - m->key}, text + n);
    as_read.path = (struct tx_text){text, n};
    as_read.which = TX_GLOBS_LOOSE;
    as_is.which = TX_GLOBS_EXACT;
    bool fits = match_member(c, &as_read) && match_member(c, &as_is);
    tx_wipe(text, n);
    return fits;
}

bool tx_conditions_match_member(struct tx_conditions *c, struct tx_text path, size_t n_inner,
                                size_t n_key, size_t depth, struct tx_set *names,
                                struct tx_set *keys) {
    const struct member member = {.path = path,
                                  .inner = path.n - n_inner,
                                  .key = path.n - n_key,
                                  .depth = depth,
                                  .names = names,
                                  .keys = keys};
    if (c->n_names == 0 && c->n_keys == 0 && c->n_pointers == 0)
        return true;
    return tx_fold_needed(path) ? match_as_read(c, &member) : match_member(c, &member);
}

void tx_conditions_match_item(struct tx_conditions *c, uint32_t index, size_t depth,
                              struct tx_set *names) {
    char memory[16];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    if (c->n_pointers == 0)
        return;
    tx_buf_dec(&b, index);
    tx_name_fold((struct tx_text){.p = memory, .n = b.len}, &c->folded);
    step_pointers(c, &c->folded, TX_GLOBS_ALL, depth, names);
}

void tx_conditions_wipe(struct tx_conditions *c) {
    tx_wipe(c->folded.plain, c->n_folded);
    tx_wipe(c->folded.camel, 2 * c->n_folded);
    c->n_folded = 0;
}

/* --- values --- */

void tx_conditions_match_value(const struct tx_conditions *c,
                               const struct tx_condition_value *value, struct tx_set *ret) {
    const struct tx_set *labelled = &c->labelled[value->label], *typed = &c->typed[value->type];

    for (size_t i = 0; i < c->n_words; i++) {
        uint64_t keys = value->keys ? value->keys->word[i] : 0;
        ret->word[i] = value->record->word[i] & labelled->word[i] & typed->word[i] &
                       (value->names->word[i] | ~c->with_names.word[i]) &
                       (keys | ~c->with_keys.word[i]);
    }
    combine(c, ret);
    tx_set_and(ret, &c->roots, c->n_words);
}
