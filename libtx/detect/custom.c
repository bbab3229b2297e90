/* SPDX-License-Identifier: MIT */
#include "libtx/detect/custom.h"

#include <assert.h>
#include <stdio.h>

#include "libtx/detect/custom-check.h"
#include "libtx/detect/fold.h"
#include "libtx/pattern/contains.h"
#include "libtx/pattern/pattern.h"

/*
 * text → which literals are in it, of all patterns in one pass → each pattern whose literal is
 * there → each match → valid, near a word → claimed.
 */

struct detector {
    struct tx_custom_spec spec; /* its numbers and flags only */
    struct tx_pattern *pattern; /* or: */
    struct tx_words *words;
    struct tx_literal required;
    struct tx_words *context, *exclude;
    bool is_filtered; /* one of its literals is in the filter */
};

struct tx_custom {
    struct tx_custom_detectors hook;
    size_t cap, n;
    struct tx_reading reading; /* for the examples */
    struct tx_pattern_memory *memory;
    struct tx_words *filter; /* its words are numbered like the detectors in filter_of */
    uint8_t filter_of[TX_DETECT_CUSTOM_MAX];
    struct detector detector[TX_DETECT_CUSTOM_MAX];
};

/* For fewer, looking for each by itself is as fast. */
#define FILTER_MIN 3

void tx_custom_free(struct tx_custom *custom) {
    if (!custom)
        return;
    for (size_t i = 0; i < custom->n; i++) {
        tx_pattern_free(custom->detector[i].pattern);
        tx_words_free(custom->detector[i].words);
        tx_words_free(custom->detector[i].context);
        tx_words_free(custom->detector[i].exclude);
    }
    tx_pattern_memory_free(custom->memory);
    tx_words_free(custom->filter);
    free(custom);
}

/* --- finding --- */

/* One detector in one text. */
struct run {
    struct tx_scan *s;
    const struct detector *detector;
    enum tx_detector number;
    bool is_named; /* a word of the context stands in the field's name */
    struct tx_near context, exclude;
    size_t last_start, last_end; /* of the word that was claimed last */
};

static bool is_believable(struct run *run, size_t start, size_t end) {
    struct tx_scan *s = run->s;
    s->near_start = s->near_end = 0;
    if (!run->detector->context || run->is_named)
        return true;
    if (!tx_near_has(&run->context, s, start, end))
        return false;
    s->near_start = (uint32_t)run->context.start;
    s->near_end = (uint32_t)run->context.end;
    return true;
}

static bool take(void *userdata, size_t start, size_t end) {
    struct run *run = userdata;
    const struct detector *d = run->detector;

    run->s->matches->work += end - start;
    if (!tx_custom_is_valid(&d->spec, run->s, start, end))
        tx_scan_refuse(run->s, run->number, start, end, TX_FATE_INVALID);
    else if (!is_believable(run, start, end) || tx_near_has(&run->exclude, run->s, start, end))
        tx_scan_refuse(run->s, run->number, start, end, TX_FATE_NO_CONTEXT);
    else
        tx_scan_claim_sure(run->s, run->number, start, end, d->context != NULL, d->spec.confidence);
    return !run->s->matches->overflow;
}

static bool is_part(uint8_t c) {
    return tx_is_alnum(c) || c >= 0x80;
}

static bool is_word(const struct tx_scan *s, const struct tx_words_found *found) {
    return !(is_part(tx_scan_before(s, found->start)) && is_part(s->p[found->start])) &&
           !(is_part(tx_scan_at(s, found->end)) && is_part(s->p[found->end - 1]));
}

/* All places of all words, but what lies within one that was claimed. */
static void find_words(struct run *run) {
    const struct tx_scan *s = run->s;
    struct tx_words_search search = {.words = run->detector->words,
                                     .text = {(const char *)s->p, s->n}};
    struct tx_words_found found;

    s->matches->work += s->n;
    while (!s->matches->overflow && tx_words_next(&search, s->n, &found)) {
        bool is_within = found.start >= run->last_start && found.end <= run->last_end;
        if (is_within || (run->detector->spec.whole_words && !is_word(s, &found)))
            continue;
        run->last_start = found.start;
        run->last_end = found.end;
        take(run, found.start, found.end);
    }
}

static void find_one(const struct tx_custom *custom, size_t index, struct tx_scan *s) {
    const struct detector *d = &custom->detector[index];
    struct tx_text text = {(const char *)s->p, s->n};
    struct run run = {.s = s, .detector = d, .number = (enum tx_detector)(TX_DETECT_N + index)};

    if (!tx_literal_is_in(&d->required, text))
        return;
    run.is_named = s->options->assume_context ||
                   (d->spec.field_names && tx_near_in_name(d->context, s->options->name));
    tx_near_init(&run.context, d->context, s, &d->spec);
    tx_near_init(&run.exclude, d->exclude, s, &d->spec);
    if (d->words) {
        find_words(&run);
        return;
    }
    uint64_t steps = tx_pattern_memory_steps(custom->memory);
    if (tx_pattern_find_all(d->pattern, custom->memory, text, take, &run) < 0)
        s->matches->overflow = true;
    s->matches->work += tx_pattern_memory_steps(custom->memory) - steps;
}

/* The wanted ones whose literal is in the text, or that have none. */
static void filter(const struct tx_custom *custom, struct tx_scan *s, bool *ret_here) {
    struct tx_words_search search = {.words = custom->filter, .text = {(const char *)s->p, s->n}};
    struct tx_words_found found;
    size_t n_open = 0;

    for (size_t i = 0; i < custom->n; i++) {
        ret_here[i] = tx_scan_wants(s, (enum tx_detector)(TX_DETECT_N + i));
        n_open += ret_here[i] && custom->detector[i].is_filtered;
    }
    if (!custom->filter || n_open < FILTER_MIN)
        return;
    for (size_t i = 0; i < custom->n; i++)
        ret_here[i] = ret_here[i] && !custom->detector[i].is_filtered;
    s->matches->work += s->n;
    while (n_open > 0 && tx_words_next(&search, s->n, &found)) {
        size_t i = custom->filter_of[found.word];
        bool is_new = !ret_here[i] && tx_scan_wants(s, (enum tx_detector)(TX_DETECT_N + i));
        ret_here[i] |= is_new;
        n_open -= is_new;
    }
}

static void find(void *data, struct tx_scan *s) {
    const struct tx_custom *custom = data;
    bool here[TX_DETECT_CUSTOM_MAX];

    if (s->n > custom->cap) {
        s->matches->overflow = true;
        return;
    }
    filter(custom, s, here);
    for (size_t i = 0; i < custom->n && !s->matches->overflow; i++)
        if (here[i])
            find_one(custom, i, s);
}

const struct tx_reading *tx_custom_reading(const struct tx_custom *custom) {
    return &custom->reading;
}

const struct tx_custom_detectors *tx_custom_hook(const struct tx_custom *custom) {
    return &custom->hook;
}

struct tx_custom_cost tx_custom_cost_of(const struct tx_custom *custom, size_t i) {
    const struct detector *d = &custom->detector[i];
    bool ignore_case;

    if (!d->pattern)
        return (struct tx_custom_cost){.steps_max = 1, .has_literal = true};
    return (struct tx_custom_cost){
        .steps_max = tx_pattern_steps_max(d->pattern),
        .has_literal = d->required.n > 0 || tx_pattern_literal(d->pattern, &ignore_case).n > 0,
    };
}

/* --- making them --- */

struct maker {
    uint32_t regex_states;
    const struct tx_reading *reading;
    struct tx_custom_error *error;
};

static int refuse(struct maker *m, const char *where, size_t at, const char *reason) {
    m->error->where = where;
    m->error->at = at;
    snprintf(m->error->reason, sizeof(m->error->reason), "%s", reason);
    return TX_CUSTOM_E_REFUSED;
}

/* Words as texts are read, in memory that the caller frees. */
static int fold_words(struct maker *m, const struct tx_custom_list *list, const char *where,
                      struct tx_text *ret, char **ret_memory) {
    _cleanup_(tx_freep) uint32_t *offsets = NULL;
    size_t n_bytes = 1, longest = 0, at = 0;

    for (size_t i = 0; i < list->n; i++) {
        size_t n = strlen(list->item[i]);
        n_bytes += n;
        longest = n > longest ? n : longest;
    }
    *ret_memory = malloc(n_bytes);
    offsets = malloc((longest + 1) * sizeof(offsets[0]));
    if (!*ret_memory || !offsets)
        return -ENOMEM;
    for (size_t i = 0; i < list->n; i++) {
        struct tx_text word = {list->item[i], strlen(list->item[i])};
        ret[i].p = *ret_memory + at;
        ret[i].n = tx_fold(word, m->reading, (uint8_t *)*ret_memory + at, offsets);
        at += ret[i].n;
        if (ret[i].n == 0)
            return refuse(m, where, i, "a word is empty");
    }
    return 0;
}

/* Leaves *ret alone when there are none. */
static int make_words(struct maker *m, const struct tx_custom_list *list,
                      const struct tx_words_options *options, const char *where,
                      struct tx_words **ret) {
    _cleanup_(tx_freep) char *memory = NULL;
    _cleanup_(tx_freep) struct tx_text *texts = NULL;
    if (list->n == 0)
        return 0;
    texts = calloc(list->n, sizeof(texts[0]));
    if (!texts)
        return -ENOMEM;
    int r = fold_words(m, list, where, texts, &memory);
    if (r == 0)
        r = tx_words_new(texts, list->n, options, ret);
    return r == -E2BIG ? refuse(m, where, 0, "the words have more than 1 MiB together") : r;
}

/* A character that every text is read without would never be found. */
static int check_reading(struct maker *m, const char *regex) {
    struct tx_text text = {regex, strlen(regex)};
    _cleanup_(tx_freep) uint8_t *folded = NULL;
    _cleanup_(tx_freep) uint32_t *offsets = NULL;

    if (!tx_fold_needed(text))
        return 0;
    folded = malloc(text.n + 1);
    offsets = malloc((text.n + 1) * sizeof(offsets[0]));
    if (!folded || !offsets)
        return -ENOMEM;
    size_t n = tx_fold(text, m->reading, folded, offsets), at = 0;
    while (at < n && at < text.n && folded[at] == (uint8_t)regex[at])
        at++;
    if (at == text.n && n == text.n)
        return 0;
    return refuse(m, "regex", at,
                  "this character is left out of texts that are looked into, or stands "
                  "in them as a plain one (digits, spaces, dashes, full-width letters); "
                  "write that");
}

static int make_pattern(struct maker *m, const struct tx_custom_spec *spec, struct detector *ret) {
    struct tx_pattern_options options = {.states = m->regex_states,
                                         .ignore_case = spec->ignore_case,
                                         .whole_words = spec->whole_words,
                                         .capture = spec->capture};
    struct tx_pattern_error why;
    struct tx_text text = {spec->regex, strlen(spec->regex)};
    int r = tx_pattern_new(text, &options, &why, &ret->pattern);
    if (r > 0)
        return refuse(m, "regex", why.at, why.reason);
    return r < 0 ? r : check_reading(m, spec->regex);
}

/* What is looked for first must not hide a match. */
static int set_required(struct maker *m, const struct tx_custom_spec *spec, struct detector *ret) {
    struct tx_pattern_error why;
    if (!spec->required_literal)
        return 0;
    tx_literal_set((struct tx_text){spec->required_literal, strlen(spec->required_literal)},
                   spec->ignore_case, &ret->required);
    int r = tx_pattern_contains(ret->pattern, &ret->required, &why);
    return r > 0 ? refuse(m, "literal", 0, why.reason) : r;
}

static int make(struct maker *m, const struct tx_custom_spec *spec, struct detector *ret) {
    struct tx_words_options near = {.ignore_case = true, .joints = true};
    struct tx_words_options words = {.ignore_case = spec->ignore_case};
    struct tx_custom_list none = {.n = 0};
    int r;

    ret->spec = *spec;
    if (spec->regex)
        r = make_pattern(m, spec, ret);
    else if (spec->literals.n > 0)
        r = make_words(m, &spec->literals, &words, "literal", &ret->words);
    else
        r = refuse(m, "regex", 0, "the detector has neither a regex nor words");
    if (r == 0)
        r = make_words(m, &spec->context, &near, "context", &ret->context);
    if (r == 0)
        r = make_words(m, &spec->exclude, &near, "exclude", &ret->exclude);
    if (r == 0 && spec->regex)
        r = set_required(m, spec, ret);
    ret->spec.regex = ret->spec.required_literal = NULL;
    ret->spec.literals = ret->spec.context = ret->spec.exclude = none;
    ret->spec.examples_true = ret->spec.examples_false = none;
    return r;
}

static bool is_ascii(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++)
        if ((uint8_t)text.p[i] >= 0x80)
            return false;
    return true;
}

/* In any case of letters: it only says where to look. */
static int make_filter(struct tx_custom *custom) {
    struct tx_text texts[TX_DETECT_CUSTOM_MAX];
    struct tx_words_options options = {.ignore_case = true};
    size_t n = 0;

    for (size_t i = 0; i < custom->n; i++) {
        struct detector *d = &custom->detector[i];
        bool ignore_case;
        if (!d->pattern)
            continue;
        struct tx_text literal = tx_pattern_literal(d->pattern, &ignore_case);
        if (literal.n == 0 || !is_ascii(literal))
            continue;
        d->is_filtered = true;
        texts[n] = literal;
        custom->filter_of[n++] = (uint8_t)i;
    }
    return n >= FILTER_MIN ? tx_words_new(texts, n, &options, &custom->filter) : 0;
}

int tx_custom_new(const struct tx_custom_spec *specs, size_t n,
                  const struct tx_custom_options *options, struct tx_custom_error *ret_error,
                  struct tx_custom **ret) {
    struct maker m = {.regex_states = options->regex_states,
                      .reading = options->reading ? options->reading : &tx_reading_default,
                      .error = ret_error};
    assert(n <= TX_DETECT_CUSTOM_MAX);
    _cleanup_(tx_custom_freep) struct tx_custom *custom = calloc(1, sizeof(*custom));
    if (!custom)
        return -ENOMEM;
    custom->hook = (struct tx_custom_detectors){.find = find, .data = custom};
    custom->cap = options->cap;
    custom->reading = *m.reading;
    int r = tx_pattern_memory_new(options->cap, &custom->memory);
    while (r == 0 && custom->n < n) {
        ret_error->detector = custom->n;
        r = make(&m, &specs[custom->n], &custom->detector[custom->n]);
        custom->n++;
    }
    if (r == 0)
        r = make_filter(custom);
    if (r != 0)
        return r;
    *ret = TX_STEAL(custom);
    return 0;
}
