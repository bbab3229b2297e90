/* SPDX-License-Identifier: MIT */
#include "libtx/mask/ruleset.h"

#include <assert.h>
#include <string.h>

#include "libtx/mask/named.h"

/* --- compiling --- */

static size_t find_rule(const struct tx_masking *masking, const char *id) {
    size_t i = 0;
    while (i < masking->n_rules && strcmp(masking->rules[i].id, id) != 0)
        i++;
    return i;
}

/* Only what is of a preset or pack and not locked can be set aside. */
static int take_replaces(const struct tx_masking *masking, const struct tx_masking_rule *rule,
                         struct tx_rule *ret) {
    ret->replaces = calloc(rule->replaces.n + 1, sizeof(*ret->replaces));
    if (!ret->replaces)
        return -ENOMEM;
    for (size_t i = 0; i < rule->replaces.n; i++) {
        size_t k = find_rule(masking, rule->replaces.item[i]);
        if (k == masking->n_rules)
            return -EINVAL;
        if (masking->rules[k].source == TX_FROM_FILE || masking->rules[k].locked)
            return -EINVAL;
        ret->replaces[ret->n_replaces++] = (uint16_t)k;
    }
    return 0;
}

static int take_detectors(const struct tx_masking *masking, const struct tx_masking_rule *rule,
                          struct tx_rule *ret) {
    for (size_t i = 0; i < rule->match.detectors.n; i++) {
        struct tx_detector_set found;
        if (!tx_mask_detectors_of(masking, rule->match.detectors.item[i], &found))
            return -EINVAL;
        tx_detectors_or(&ret->detectors, &found);
    }
    ret->has_detectors = rule->match.detectors.n > 0;
    return 0;
}

static void sort_into_sets(struct tx_ruleset *set, size_t i) {
    const struct tx_rule *rule = &set->rule[i];

    tx_set_add(&set->rules, i);
    if (!rule->has_detectors)
        tx_set_add(&set->whole, i);
    if (rule->shadow)
        tx_set_add(&set->shadow, i);
    if (rule->action.kind == TX_ACTION_ALLOW)
        tx_set_add(&set->allowing, i);
    if (rule->locked)
        tx_set_add(&set->locked, i);
    if (rule->has_detectors && rule->min_count > 1)
        tx_set_add(&set->counted, i);
    if (rule->n_replaces > 0 && !rule->shadow)
        tx_set_add(&set->replacing, i);
    if (!rule->has_detectors && !rule->shadow && rule->action.kind == TX_ACTION_DROP_RECORD &&
        !tx_set_has(&set->conditions.of_value, i))
        tx_set_add(&set->drop_records, i);
}

static int compile(struct tx_ruleset *set, const struct tx_masking *masking, size_t i) {
    const struct tx_masking_rule *rule = &masking->rules[i];
    struct tx_rule *ret = &set->rule[i];

    *ret = (struct tx_rule){
        .id = rule->id,
        .source = rule->source,
        .action = rule->action,
        .locked = rule->locked,
        .shadow = rule->shadow || masking->shadow,
        .type_to_null = rule->type_to_null,
        .min_confidence = rule->match.min_confidence,
        .min_count = rule->match.min_count,
    };
    int r = take_detectors(masking, rule, ret);
    if (r == 0)
        r = take_replaces(masking, rule, ret);
    if (r == 0)
        r = tx_conditions_add(
            &set->conditions, &rule->match,
            &(struct tx_condition_options){.expires = rule->expires,
                                           .exempts = rule->action.kind == TX_ACTION_ALLOW ||
                                                      rule->replaces.n > 0});
    if (r == 0)
        sort_into_sets(set, i);
    return r;
}

static int add_allow(struct tx_ruleset *set, const struct tx_masking_allow *allow) {
    const struct tx_masking_match match = {.events = allow->events, .fields = allow->fields};
    const struct tx_condition_options options = {.expires = allow->expires, .exempts = true};
    return tx_conditions_add(&set->conditions, &match, &options);
}

int tx_ruleset_init(struct tx_ruleset *set, const struct tx_masking *masking) {
    *set = (struct tx_ruleset){.n_rules = 0};
    if (masking->n_rules > TX_RULES_MAX || masking->n_allows > TX_CONDITIONS_MAX)
        return -EINVAL;
    set->rule = calloc(masking->n_rules + 1, sizeof(*set->rule));
    set->verdicts = calloc(TX_CACHED_VERDICTS, sizeof(*set->verdicts));
    if (!set->rule || !set->verdicts)
        return -ENOMEM;
    set->n_rules = masking->n_rules;
    set->n_words = tx_set_words(masking->n_rules + masking->n_allows);
    int r = tx_conditions_init(&set->conditions, masking->n_rules + masking->n_allows);
    for (size_t i = 0; r == 0 && i < masking->n_rules; i++)
        r = compile(set, masking, i);
    for (size_t i = 0; r == 0 && i < masking->n_allows; i++)
        r = add_allow(set, &masking->allows[i]);
    if (r == 0)
        r = tx_conditions_finish(&set->conditions);
    return r == 0 ? tx_allows_init(&set->allows, masking) : r;
}

void tx_ruleset_deinit(struct tx_ruleset *set) {
    for (size_t i = 0; set->rule && i < set->n_rules; i++)
        free(set->rule[i].replaces);
    free(set->rule);
    free(set->verdicts);
    tx_conditions_deinit(&set->conditions);
    tx_allows_deinit(&set->allows);
    *set = (struct tx_ruleset){.n_rules = 0};
}

/* --- claims --- */

static void merge_masks(struct tx_masking_action *a, const struct tx_masking_action *b) {
    if (b->mask.keep_first < a->mask.keep_first)
        a->mask.keep_first = b->mask.keep_first;
    if (b->mask.keep_last < a->mask.keep_last)
        a->mask.keep_last = b->mask.keep_last;
    if (b->mask.min_hidden > a->mask.min_hidden)
        a->mask.min_hidden = b->mask.min_hidden;
    if (b->mask.fixed_length && !a->mask.fixed_length)
        a->mask.fixed_length = b->mask.fixed_length;
    a->mask.keep_separators = a->mask.keep_separators && b->mask.keep_separators;
}

void tx_claim_add(struct tx_claim *claim, const struct tx_claim *other) {
    if (!other->any)
        return;
    if (!claim->any || other->action.kind > claim->action.kind) {
        *claim = *other;
        return;
    }
    if (other->action.kind < claim->action.kind)
        return;
    struct tx_claim merged = other->rule < claim->rule ? *other : *claim;
    if (merged.action.kind == TX_ACTION_MASK)
        merge_masks(&merged.action, other->rule < claim->rule ? &claim->action : &other->action);
    *claim = merged;
}

static void add_rule(const struct tx_ruleset *set, size_t i, struct tx_claim *claim) {
    const struct tx_claim one = {.any = true, .rule = (uint16_t)i, .action = set->rule[i].action};
    tx_claim_add(claim, &one);
}

static void set_aside(const struct tx_rule *rule, struct tx_set *rules) {
    for (size_t i = 0; i < rule->n_replaces; i++)
        tx_set_remove(rules, rule->replaces[i]);
}

bool tx_rule_seeks(const struct tx_rule *rule, const struct tx_found *found) {
    return tx_detectors_have(&rule->detectors, found->detector) &&
           found->confidence >= rule->min_confidence && (!found->allowed || rule->locked);
}

static bool claims(const struct tx_rule *rule, size_t i, const struct tx_found *found) {
    return tx_rule_seeks(rule, found) &&
           (rule->min_count <= 1 || !found->counts || found->counts[i] >= rule->min_count);
}

/* What an ALLOW rule matches belongs to locked rules alone. */
static bool is_let_through(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                           const struct tx_found *found) {
    for (size_t k = 0; k < verdict->n_seeking; k++) {
        size_t i = verdict->seeking[k];
        const struct tx_rule *rule = &set->rule[i];
        if (rule->action.kind == TX_ACTION_ALLOW && !rule->shadow && claims(rule, i, found))
            return true;
    }
    return false;
}

static bool is_replaced(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                        const struct tx_found *found, size_t which) {
    for (size_t k = 0; k < verdict->n_seeking; k++) {
        size_t i = verdict->seeking[k];
        const struct tx_rule *rule = &set->rule[i];
        if (rule->n_replaces == 0 || rule->shadow || !claims(rule, i, found))
            continue;
        for (size_t j = 0; j < rule->n_replaces; j++)
            if (rule->replaces[j] == which)
                return true;
    }
    return false;
}

bool tx_ruleset_allows(struct tx_ruleset *set, const struct tx_verdict *verdict,
                       enum tx_detector detector, struct tx_text text, size_t *ret_entry) {
    for (size_t i = 0; i < set->allows.n; i++)
        if (tx_set_has(&verdict->matched, set->n_rules + i) &&
            tx_allows_have(&set->allows, i, detector, text)) {
            *ret_entry = i;
            return true;
        }
    return false;
}

void tx_ruleset_claim(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                      const struct tx_found *found, void (*shadowed)(void *data, size_t rule),
                      void *data, struct tx_claim *ret) {
    bool let_through = is_let_through(set, verdict, found);
    bool replacing = tx_set_meets(&verdict->matched, &set->replacing, set->n_words);

    *ret = (struct tx_claim){.any = false};
    for (size_t k = 0; k < verdict->n_seeking; k++) {
        size_t i = verdict->seeking[k];
        const struct tx_rule *rule = &set->rule[i];
        if (rule->action.kind == TX_ACTION_ALLOW || !claims(rule, i, found) ||
            (let_through && !rule->locked) || (replacing && is_replaced(set, verdict, found, i)))
            continue;
        if (!rule->shadow)
            add_rule(set, i, ret);
        else if (shadowed)
            shadowed(data, i);
    }
}

/* --- verdicts --- */

/* Which rules stay, when those that hold set others aside or let the value through. */
static void remove_set_aside(const struct tx_ruleset *set, struct tx_set *rules) {
    TX_UNINITIALIZED struct tx_set by;

    tx_set_copy(&by, rules, set->n_words);
    tx_set_and(&by, &set->replacing, set->n_words);
    tx_set_and(&by, &set->whole, set->n_words);
    TX_SET_EACH(i, &by, set->n_words)
    set_aside(&set->rule[i], rules);
    tx_set_copy(&by, rules, set->n_words);
    tx_set_and(&by, &set->allowing, set->n_words);
    tx_set_and(&by, &set->whole, set->n_words);
    tx_set_subtract(&by, &set->shadow, set->n_words);
    if (tx_set_any(&by, set->n_words))
        tx_set_and(rules, &set->locked, set->n_words);
}

static void add_seeking(const struct tx_ruleset *set, size_t i, struct tx_verdict *v) {
    const struct tx_rule *rule = &set->rule[i];
    int strictness = rule->shadow ? -1 : (int)rule->action.kind;

    v->seeking[v->n_seeking++] = (uint16_t)i;
    tx_detectors_or(&v->wanted, &rule->detectors);
    v->strictest = strictness > v->strictest ? strictness : v->strictest;
    v->must_scan = v->must_scan || rule->shadow || rule->min_count > 1;
}

static void decide(const struct tx_ruleset *set, struct tx_verdict *v) {
    TX_UNINITIALIZED struct tx_set rules;

    tx_set_copy(&rules, &v->matched, set->n_words);
    tx_set_and(&rules, &set->rules, set->n_words);
    remove_set_aside(set, &rules);
    TX_SET_EACH(i, &rules, set->n_words) {
        if (set->rule[i].has_detectors)
            add_seeking(set, i, v);
        else if (set->rule[i].shadow)
            v->shadows = true;
        else if (set->rule[i].action.kind != TX_ACTION_ALLOW)
            add_rule(set, i, &v->whole);
    }
}

static size_t hash_set(const struct tx_set *rules, size_t n_words) {
    uint64_t h = 0;
    for (size_t i = 0; i < n_words; i++)
        h = (h ^ rules->word[i]) * 0x9e3779b97f4a7c15;
    return (size_t)(h >> 40);
}

/* The verdict of just these rules, or a place for it. */
static struct tx_verdict *place_of(struct tx_ruleset *set, const struct tx_set *matched,
                                   uint64_t record) {
    size_t hash = hash_set(matched, set->n_words);
    struct tx_verdict *free_one = NULL;

    for (size_t k = 0; k < TX_VERDICT_PROBES; k++) {
        struct tx_verdict *v = &set->verdicts[(hash + k) % TX_CACHED_VERDICTS];
        if (v->used && tx_set_equal(&v->matched, matched, set->n_words))
            return v;
        if (!free_one && (!v->used || record == 0 || v->pinned != record))
            free_one = v;
        if (!v->used)
            break;
    }
    if (free_one)
        free_one->used = false;
    return free_one;
}

static struct tx_verdict *find(struct tx_ruleset *set, const struct tx_condition_value *value,
                               const struct tx_set *spent, uint64_t record) {
    TX_UNINITIALIZED struct tx_set matched;

    tx_conditions_match_value(&set->conditions, value, &matched);
    if (spent)
        tx_set_subtract(&matched, spent, set->n_words);
    struct tx_verdict *v = place_of(set, &matched, record);
    if (!v || v->used)
        return v;
    *v = (struct tx_verdict){.used = true, .made = ++set->n_made, .strictest = -1};
    tx_set_copy(&v->matched, &matched, set->n_words);
    decide(set, v);
    return v;
}

/* No set is as an empty one. */
static uint64_t word_of(const struct tx_set *set, size_t i) {
    return set ? set->word[i] : 0;
}

static bool is_asked_again(const struct tx_last_asked *last, const struct tx_condition_value *value,
                           const struct tx_set *spent, size_t n_words) {
    if (!last->verdict || !last->verdict->used || last->verdict->made != last->made ||
        last->label != value->label)
        return false;
    const uint64_t *words = last->words;
    for (size_t i = 0; i < n_words; i++, words += 4)
        if ((words[0] ^ value->record->word[i]) | (words[1] ^ value->names->word[i]) |
            (words[2] ^ word_of(value->keys, i)) | (words[3] ^ word_of(spent, i)))
            return false;
    return true;
}

static void remember(struct tx_last_asked *last, const struct tx_condition_value *value,
                     const struct tx_set *spent, size_t n_words) {
    uint64_t *words = last->words;
    last->made = last->verdict->made;
    last->label = value->label;
    for (size_t i = 0; i < n_words; i++) {
        *words++ = value->record->word[i];
        *words++ = value->names->word[i];
        *words++ = word_of(value->keys, i);
        *words++ = word_of(spent, i);
    }
}

const struct tx_verdict *tx_ruleset_decide(struct tx_ruleset *set,
                                           const struct tx_condition_value *value,
                                           const struct tx_set *spent, uint64_t record) {
    struct tx_last_asked *last = &set->last[value->type];
    size_t n_words = set->conditions.n_words;

    if (is_asked_again(last, value, spent, n_words)) {
        set->verdicts[last->verdict - set->verdicts].pinned = record;
        return last->verdict;
    }
    struct tx_verdict *v = find(set, value, spent, record);
    last->verdict = v;
    if (!v)
        return NULL;
    v->pinned = record;
    remember(last, value, spent, n_words);
    return v;
}
