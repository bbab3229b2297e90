/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "libtx/mask/condition-parts.h"

#define POINTERS_MAX 4096

/* Roots have the first numbers: their parts come behind the last of them. */
int tx_conditions_init(struct tx_conditions *c, size_t n_roots) {
    *c = (struct tx_conditions){.n = 0};
    if (n_roots > TX_CONDITIONS_MAX)
        return -EINVAL;
    c->n = n_roots;
    c->n_words = tx_set_words(n_roots);
    c->condition = calloc(TX_CONDITIONS_MAX, sizeof(*c->condition));
    c->composite = calloc(TX_CONDITIONS_MAX, sizeof(*c->composite));
    c->cached_names = calloc(TX_CACHED_NAMES, sizeof(*c->cached_names));
    c->cached_events = calloc(TX_CACHED_EVENTS, sizeof(*c->cached_events));
    return c->condition && c->composite && c->cached_names && c->cached_events ? 0 : -ENOMEM;
}

static int copy_list(const struct tx_masking_list *list, struct tx_masking_list *ret) {
    ret->item = calloc(list->n + 1, sizeof(*ret->item));
    if (!ret->item)
        return -ENOMEM;
    for (size_t i = 0; i < list->n; i++) {
        size_t n = strlen(list->item[i]);
        if (n == 0 || n > TX_GLOB_PATTERN_BYTES)
            return -EINVAL;
        ret->item[i] = strdup(list->item[i]);
        if (!ret->item[i])
            return -ENOMEM;
        ret->n++;
    }
    return 0;
}

static int copy_ids(const struct tx_masking_ids *ids, struct tx_masking_ids *ret) {
    ret->id = calloc(ids->n + 1, sizeof(*ret->id));
    if (!ret->id)
        return -ENOMEM;
    for (; ret->n < ids->n; ret->n++)
        ret->id[ret->n] = ids->id[ret->n];
    return 0;
}

/* Grows by one when the count is a power of two, or at the beginning. */
static void *grow(void *list, size_t n, size_t size) {
    return n & (n - 1) ? list : reallocarray(list, n ? 2 * n : 1, size);
}

static int add_glob(struct tx_named_glob **list, size_t *n, const char *pattern, bool loose,
                    size_t condition) {
    struct tx_named_glob *more = grow(*list, *n, sizeof(*more));
    if (!more)
        return -ENOMEM;
    *list = more;
    more[*n] = (struct tx_named_glob){.condition = (uint16_t)condition};
    int r = tx_glob_new(pattern, loose, &more[*n].glob);
    if (r < 0)
        return r;
    ++*n;
    return 0;
}

static int add_pointer(struct tx_conditions *c, const char *pattern, bool loose, size_t condition) {
    struct tx_named_pointer *more = grow(c->pointers, c->n_pointers, sizeof(*more));
    if (!more)
        return -ENOMEM;
    c->pointers = more;
    more[c->n_pointers] = (struct tx_named_pointer){.condition = (uint16_t)condition};
    if (c->n_pointers == POINTERS_MAX)
        return -EINVAL;
    int r = tx_pointer_new(pattern, loose, &more[c->n_pointers].pointer);
    if (r == 0)
        c->n_pointers++;
    return r;
}

static int add_names(struct tx_conditions *c, const struct tx_masking_match *match, size_t i,
                     bool loose) {
    int r = 0;
    for (size_t k = 0; r == 0 && k < match->fields.n; k++) {
        const char *pattern = match->fields.item[k];
        r = pattern[0] == '/' ? add_pointer(c, pattern, loose, i)
                              : add_glob(&c->names, &c->n_names, pattern, loose, i);
    }
    for (size_t k = 0; r == 0 && k < match->keys.n; k++)
        r = add_glob(&c->keys, &c->n_keys, match->keys.item[k], loose, i);
    return r;
}

static int copy_lists(const struct tx_masking_match *match, struct tx_condition *ret) {
    int r = copy_list(&match->events, &ret->events);
    if (r == 0)
        r = copy_list(&match->sender.units, &ret->units);
    if (r == 0)
        r = copy_list(&match->sender.exes, &ret->exes);
    if (r == 0)
        r = copy_ids(&match->sender.uids, &ret->uids);
    return r == 0 ? copy_ids(&match->sender.gids, &ret->gids) : r;
}

static void sort_into_sets(struct tx_conditions *c, const struct tx_masking_match *match,
                           size_t i) {
    bool labels = match->label_pii || match->label_secret;

    if (match->events.n)
        tx_set_add(&c->with_events, i);
    if (match->fields.n)
        tx_set_add(&c->with_names, i);
    if (match->keys.n)
        tx_set_add(&c->with_keys, i);
    if (match->has_sender)
        tx_set_add(&c->with_sender, i);
    if (match->fields.n || match->keys.n || match->types || labels)
        tx_set_add(&c->of_value, i);
    if (!labels)
        tx_set_add(&c->labelled[TX_LABEL_NONE], i);
    if (!labels || match->label_pii)
        tx_set_add(&c->labelled[TX_LABEL_PII], i);
    if (!labels || match->label_secret)
        tx_set_add(&c->labelled[TX_LABEL_SECRET], i);
    for (unsigned type = 0; type < TX_CONDITION_TYPES; type++)
        if (!match->types || (match->types >> type & 1))
            tx_set_add(&c->typed[type], i);
}

static int take_index(struct tx_conditions *c, size_t *ret) {
    if (c->n == TX_CONDITIONS_MAX)
        return -EINVAL;
    *ret = c->n++;
    c->n_words = tx_set_words(c->n);
    return 0;
}

/* Where a match stands in others. */
struct nesting {
    size_t depth;
    bool exempts; /* where it holds, less is masked */
};

static int add_match(struct tx_conditions *c, const struct tx_masking_match *match, size_t i,
                     struct nesting nesting);

static int add_parts(struct tx_conditions *c, const struct tx_masking_match *parts, size_t n,
                     size_t i, struct nesting nesting, struct tx_condition_parts *ret) {
    ret->index = calloc(n + 1, sizeof(*ret->index));
    if (!ret->index)
        return -ENOMEM;
    nesting.depth++;
    for (size_t k = 0; k < n; k++) {
        size_t part;
        int r = take_index(c, &part);
        if (r == 0)
            r = add_match(c, &parts[k], part, nesting);
        if (r < 0)
            return r;
        ret->index[ret->n++] = (uint16_t)part;
        if (tx_set_has(&c->of_value, part))
            tx_set_add(&c->of_value, i);
    }
    return 0;
}

static int add_match(struct tx_conditions *c, const struct tx_masking_match *match, size_t i,
                     struct nesting nesting) {
    struct tx_condition *condition = &c->condition[i];
    const struct nesting less = {.depth = nesting.depth, .exempts = !nesting.exempts};

    if (nesting.depth > TX_CONDITIONS_DEPTH)
        return -EINVAL;
    sort_into_sets(c, match, i);
    int r = copy_lists(match, condition);
    if (r == 0)
        r = add_names(c, match, i, !nesting.exempts);
    if (r == 0)
        r = add_parts(c, match->all, match->n_all, i, nesting, &condition->all);
    if (r == 0)
        r = add_parts(c, match->any, match->n_any, i, nesting, &condition->any);
    if (r == 0)
        r = add_parts(c, match->none, match->n_none, i, less, &condition->none);
    if (r == 0 && (match->n_all || match->n_any || match->n_none))
        c->composite[c->n_composite++] = (uint16_t)i;
    return r;
}

int tx_conditions_add(struct tx_conditions *c, const struct tx_masking_match *match,
                      const struct tx_condition_options *options) {
    size_t i = c->n_roots;

    assert(i < c->n);
    c->n_roots++;
    c->condition[i].expires = options->expires;
    tx_set_add(&c->roots, i);
    if (options->expires)
        tx_set_add(&c->with_expiry, i);
    return add_match(c, match, i, (struct nesting){.exempts = options->exempts});
}

int tx_conditions_finish(struct tx_conditions *c) {
    assert(c->n_roots <= c->n);
    c->places = calloc(TX_PLACES_DEPTH * (c->n_pointers + 1), sizeof(*c->places));
    if (!c->places)
        return -ENOMEM;
    int r = tx_glob_index_new(c->names, c->n_names, &c->name_index);
    return r == 0 ? tx_glob_index_new(c->keys, c->n_keys, &c->key_index) : r;
}

static void free_list(struct tx_masking_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free(list->item[i]);
    free(list->item);
}

static void free_condition(struct tx_condition *condition) {
    free_list(&condition->events);
    free_list(&condition->units);
    free_list(&condition->exes);
    free(condition->uids.id);
    free(condition->gids.id);
    free(condition->all.index);
    free(condition->any.index);
    free(condition->none.index);
}

void tx_conditions_deinit(struct tx_conditions *c) {
    for (size_t i = 0; c->condition && i < c->n; i++)
        free_condition(&c->condition[i]);
    for (size_t i = 0; i < c->n_names; i++)
        tx_glob_free(c->names[i].glob);
    for (size_t i = 0; i < c->n_keys; i++)
        tx_glob_free(c->keys[i].glob);
    for (size_t i = 0; i < c->n_pointers; i++)
        tx_pointer_free(c->pointers[i].pointer);
    free(c->condition);
    free(c->composite);
    tx_glob_index_free(c->name_index);
    tx_glob_index_free(c->key_index);
    free(c->names);
    free(c->keys);
    free(c->pointers);
    free(c->places);
    free(c->cached_names);
    free(c->cached_events);
    *c = (struct tx_conditions){.n = 0};
}
