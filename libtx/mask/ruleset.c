/* SPDX-License-Identifier: MIT */
#include "libtx/mask/ruleset.h"

#include <assert.h>

#include "libtx/mask/builtin.h"
#include "libtx/mask/glob.h"

struct tx_compiled_rule {
    char *id;
    char **events; /* NULL at its end; so are the globs */
    struct tx_glob **fields;
    struct tx_mask_action action;
};

int tx_mask_strictness(enum tx_mask_action_kind kind) {
    static const int strictness[] = {
        [TX_MASK_KEEP] = 0, [TX_MASK_HASH] = 1,        [TX_MASK_REDACT] = 2,
        [TX_MASK_DROP] = 3, [TX_MASK_DROP_RECORD] = 4,
    };
    return strictness[kind];
}

const char *tx_ruleset_id(const struct tx_ruleset *set, size_t rule) {
    assert(rule < set->n_rules);
    return set->rule[rule].id;
}

/* --- compiling --- */

static int copy_events(const struct tx_mask_rule *rule, struct tx_compiled_rule *ret) {
    ret->events = calloc(rule->n_events + 1, sizeof(*ret->events));
    if (!ret->events)
        return -ENOMEM;
    for (size_t i = 0; i < rule->n_events; i++) {
        size_t n = strlen(rule->events[i]);
        if (n == 0 || n > TX_GLOB_PATTERN_BYTES)
            return -EINVAL;
        ret->events[i] = strdup(rule->events[i]);
        if (!ret->events[i])
            return -ENOMEM;
    }
    return 0;
}

static int compile_fields(const struct tx_mask_rule *rule, struct tx_compiled_rule *ret) {
    ret->fields = calloc(rule->n_fields + 1, sizeof(*ret->fields));
    if (!ret->fields)
        return -ENOMEM;
    for (size_t i = 0; i < rule->n_fields; i++) {
        int r = tx_glob_new(rule->fields[i], &ret->fields[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_detectors(struct tx_ruleset *set, const struct tx_mask_rule *rule, size_t i) {
    for (size_t k = 0; k < rule->n_detectors; k++) {
        struct tx_detector_set found;
        if (!tx_mask_detectors_named(rule->detectors[k], &found))
            return -EINVAL;
        for (size_t d = 0; d < TX_DETECT_N; d++)
            if (tx_detectors_have(&found, (enum tx_detector)d))
                tx_set_add(&set->detecting[d], i);
    }
    return 0;
}

static void sort_into_sets(struct tx_ruleset *set, const struct tx_mask_rule *rule, size_t i) {
    bool labels = rule->label_pii || rule->label_secret;

    tx_set_add(&set->all, i);
    if (!rule->builtin)
        tx_set_add(&set->file, i);
    if (rule->n_detectors == 0)
        tx_set_add(&set->whole, i);
    if (rule->n_fields || labels)
        tx_set_add(&set->naming, i);
    if (rule->n_events)
        tx_set_add(&set->with_events, i);
    if (rule->n_fields)
        tx_set_add(&set->with_fields, i);
    if (!labels)
        tx_set_add(&set->labelled[TX_LABEL_NONE], i);
    if (!labels || rule->label_pii)
        tx_set_add(&set->labelled[TX_LABEL_PII], i);
    if (!labels || rule->label_secret)
        tx_set_add(&set->labelled[TX_LABEL_SECRET], i);
    if (rule->action.kind == TX_MASK_DROP_RECORD && !rule->n_fields && !labels &&
        !rule->n_detectors)
        tx_set_add(&set->event_drops, i);
    set->has_fields = set->has_fields || rule->n_fields > 0;
    set->has_hash = set->has_hash || rule->action.kind == TX_MASK_HASH;
}

static int compile(struct tx_ruleset *set, const struct tx_mask_rule *rule, size_t i) {
    struct tx_compiled_rule *compiled = &set->rule[i];

    if (!rule->n_events && !rule->n_fields && !rule->n_detectors && !rule->label_pii &&
        !rule->label_secret)
        return -EINVAL;
    compiled->action = rule->action;
    compiled->id = strdup(rule->id);
    if (!compiled->id)
        return -ENOMEM;
    int r = copy_events(rule, compiled);
    if (r == 0)
        r = compile_fields(rule, compiled);
    if (r == 0)
        r = add_detectors(set, rule, i);
    if (r == 0)
        sort_into_sets(set, rule, i);
    return r;
}

int tx_ruleset_init(struct tx_ruleset *set, const struct tx_mask_rules *rules) {
    *set = (struct tx_ruleset){.n_rules = 0};
    if (rules->n_rules > TX_MASK_RULES_MAX)
        return -EINVAL;
    assert(tx_mask_n_builtin <= TX_MASK_BUILTIN_MAX);
    set->n_rules = tx_mask_rules_count(rules);
    set->n_words = tx_set_words(set->n_rules);
    set->rule = calloc(set->n_rules + 1, sizeof(*set->rule));
    set->names = calloc(TX_CACHED_NAMES, sizeof(*set->names));
    set->events = calloc(TX_CACHED_EVENTS, sizeof(*set->events));
    set->verdicts = calloc(TX_CACHED_VERDICTS, sizeof(*set->verdicts));
    if (!set->rule || !set->names || !set->events || !set->verdicts)
        return -ENOMEM;
    for (size_t i = 0; i < set->n_rules; i++) {
        int r = compile(set, tx_mask_rules_get(rules, i), i);
        if (r < 0)
            return r;
    }
    return 0;
}

static void free_rule(struct tx_compiled_rule *rule) {
    for (char **event = rule->events; event && *event; event++)
        free(*event);
    for (struct tx_glob **glob = rule->fields; glob && *glob; glob++)
        tx_glob_free(*glob);
    free(rule->events);
    free(rule->fields);
    free(rule->id);
}

void tx_ruleset_deinit(struct tx_ruleset *set) {
    for (size_t i = 0; set->rule && i < set->n_rules; i++)
        free_rule(&set->rule[i]);
    free(set->rule);
    free(set->names);
    free(set->events);
    free(set->verdicts);
    *set = (struct tx_ruleset){.n_rules = 0};
}

/* --- names --- */

static size_t hash_bytes(const void *p, size_t n) {
    const uint8_t *bytes = p;
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001b3;
    return (size_t)(h ^ h >> 29);
}

/* The slot that is the name's, which may hold another one now; NULL for names that are not kept. */
static struct tx_cached_set *slot_of(struct tx_cached_set *cache, size_t n_slots,
                                     struct tx_text name) {
    if (name.n == 0 || name.n > sizeof(cache->name))
        return NULL;
    return &cache[hash_bytes(name.p, name.n) % n_slots];
}

static bool holds(const struct tx_cached_set *slot, struct tx_text name) {
    return slot && slot->n == name.n && memcmp(slot->name, name.p, name.n) == 0;
}

static void keep(struct tx_cached_set *slot, struct tx_text name, const struct tx_set *found) {
    if (!slot)
        return;
    slot->n = name.n;
    memcpy(slot->name, name.p, name.n);
    slot->set = *found;
}

static bool any_event_matches(const struct tx_compiled_rule *rule, struct tx_text event) {
    for (char **pattern = rule->events; *pattern; pattern++)
        if (tx_glob_match_event(*pattern, event))
            return true;
    return false;
}

void tx_ruleset_match_event(struct tx_ruleset *set, struct tx_text event, struct tx_set *ret) {
    struct tx_cached_set *slot = slot_of(set->events, TX_CACHED_EVENTS, event);

    *ret = set->all;
    if (!tx_set_any(&set->with_events, set->n_words))
        return;
    if (holds(slot, event)) {
        *ret = slot->set;
        return;
    }
    for (size_t i = 0; i < set->n_rules; i++)
        if (tx_set_has(&set->with_events, i) && !any_event_matches(&set->rule[i], event))
            ret->word[i / 64] &= ~(UINT64_C(1) << (i % 64));
    keep(slot, event, ret);
}

static bool any_field_matches(const struct tx_compiled_rule *rule, const struct tx_name *name) {
    for (struct tx_glob **glob = rule->fields; *glob; glob++)
        if (tx_glob_match(*glob, name))
            return true;
    return false;
}

/* Apart from the usual way, so that its large variables cost nothing there. */
static __attribute__((noinline)) bool match_anew(struct tx_ruleset *set, struct tx_text name,
                                                 struct tx_cached_set *slot, struct tx_set *names) {
    struct tx_set found = {.word = {0}};
    struct tx_name folded;

    if (!tx_name_fold(name, &folded))
        return false;
    for (size_t i = 0; i < set->n_rules; i++)
        if (tx_set_has(&set->with_fields, i) && any_field_matches(&set->rule[i], &folded))
            tx_set_add(&found, i);
    keep(slot, name, &found);
    tx_set_or(names, &found, set->n_words);
    return true;
}

bool tx_ruleset_match_name(struct tx_ruleset *set, struct tx_text name, struct tx_set *names) {
    struct tx_cached_set *slot = slot_of(set->names, TX_CACHED_NAMES, name);

    if (!set->has_fields)
        return true;
    if (holds(slot, name)) {
        tx_set_or(names, &slot->set, set->n_words);
        return true;
    }
    return match_anew(set, name, slot, names);
}

/* --- verdicts --- */

void tx_claim_add(const struct tx_ruleset *set, struct tx_claim *claim,
                  const struct tx_claim *other) {
    if (!other->any)
        return;
    int mine = claim->any ? tx_mask_strictness(claim->action.kind) : -1;
    int theirs = tx_mask_strictness(other->action.kind);
    if (mine < theirs)
        *claim = *other;
    if (mine != theirs)
        return;
    struct tx_mask_action *a = &claim->action;
    const struct tx_mask_action *b = &other->action;
    a->keep_first = a->keep_first < b->keep_first ? a->keep_first : b->keep_first;
    a->keep_last = a->keep_last < b->keep_last ? a->keep_last : b->keep_last;
    tx_set_or(&claim->rules, &other->rules, set->n_words);
}

static void claim_all(const struct tx_ruleset *set, const struct tx_set *rules,
                      struct tx_claim *ret) {
    for (size_t w = 0; w < set->n_words; w++)
        for (uint64_t bits = rules->word[w]; bits; bits &= bits - 1) {
            size_t i = w * 64 + (size_t)__builtin_ctzll(bits);
            struct tx_claim claim = {.any = true, .action = set->rule[i].action};
            tx_set_add(&claim.rules, i);
            tx_claim_add(set, ret, &claim);
        }
}

/* A rule of the file wins over the built-in ones for what it names: one with fields or labels for
 * the whole value, one with a detector for what that finds. */
static void decide(const struct tx_ruleset *set, struct tx_verdict *v) {
    size_t n_words = set->n_words;
    struct tx_set rules = v->matched, named = v->matched;

    tx_set_and(&named, &set->file, n_words);
    tx_set_and(&named, &set->naming, n_words);
    bool is_named = tx_set_meets(&named, &set->whole, n_words);
    if (is_named)
        tx_set_and(&rules, &set->file, n_words);
    struct tx_set whole = rules;
    tx_set_and(&whole, &set->whole, n_words);
    claim_all(set, &whole, &v->whole);
    for (size_t d = 0; d < TX_DETECT_N; d++) {
        struct tx_set found = rules;
        tx_set_and(&found, &set->detecting[d], n_words);
        if (tx_set_meets(&found, &set->file, n_words))
            tx_set_and(&found, &set->file, n_words);
        claim_all(set, &found, &v->found[d]);
        if (!v->found[d].any)
            continue;
        tx_detectors_add(&v->wanted, (enum tx_detector)d);
        int strictness = tx_mask_strictness(v->found[d].action.kind);
        v->strictest = strictness > v->strictest ? strictness : v->strictest;
    }
}

static size_t hash_set(const struct tx_set *rules, size_t n_words) {
    uint64_t h = 0;
    for (size_t i = 0; i < n_words; i++)
        h = (h ^ rules->word[i]) * 0x9e3779b97f4a7c15;
    return (size_t)(h >> 40);
}

const struct tx_verdict *tx_ruleset_decide(struct tx_ruleset *set, const struct tx_set *event,
                                           const struct tx_set *names, enum tx_value_label label) {
    size_t n_words = set->n_words;
    struct tx_set matched;

    for (size_t i = 0; i < n_words; i++)
        matched.word[i] = event->word[i] & set->labelled[label].word[i] &
                          (names->word[i] | ~set->with_fields.word[i]);
    struct tx_verdict *v = &set->verdicts[hash_set(&matched, n_words) % TX_CACHED_VERDICTS];
    if (v->used && tx_set_equal(&v->matched, &matched, n_words))
        return v;
    memset(v, 0, sizeof(*v));
    v->used = true;
    v->strictest = -1;
    memcpy(v->matched.word, matched.word, n_words * sizeof(matched.word[0]));
    decide(set, v);
    return v;
}
