/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

/* All fields of a record fit three times over: bytes that are no UTF-8 become three each. What
 * replacements make longer still is redacted. */
#define VALUES_BYTES (4u * TX_LIMIT_FIELDS_BYTES)
#define SCRATCH_BYTES (3u * TX_LIMIT_FIELDS_BYTES)

static int hash_policy(const struct tx_masking *masking, struct tx_digest *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;

    int r = tx_masking_render(masking, &text);
    if (r == 0)
        r = tx_hasher_new(&hasher);
    if (r == 0)
        tx_hash(hasher, text.data, text.len, NULL, 0, NULL, 0, ret);
    return r;
}

static void set_reading(struct tx_mask *mask) {
    const struct tx_masking *masking = mask->masking;

    mask->reading = tx_own_detectors_reading(masking);
    mask->all = tx_detectors_all;
    mask->of_numbers = tx_detectors_of_numbers;
    mask->has_custom = masking->n_detectors > 0;
    for (size_t i = 0; i < masking->n_detectors; i++) {
        tx_detectors_add(&mask->all, (enum tx_detector)(TX_DETECT_N + i));
        tx_detectors_add(&mask->of_numbers, (enum tx_detector)(TX_DETECT_N + i));
    }
}

static bool limits_valid(const struct tx_masking *masking) {
    return masking->limits.decode_depth <= TX_READING_DEPTH_MAX && masking->limits.spans > 0 &&
           masking->limits.spans <= TX_DETECT_MATCHES_MAX && masking->limits.json_depth > 0 &&
           masking->n_detectors <= TX_DETECT_CUSTOM_MAX;
}

static int make_memory(struct tx_mask *mask) {
    mask->rule_counts = calloc(mask->rules.n_rules + 1, sizeof(*mask->rule_counts));
    mask->counts = calloc(mask->rules.n_rules + 1, sizeof(*mask->counts));
    mask->member_counts = calloc(mask->rules.n_rules + 1, sizeof(*mask->member_counts));
    if (!mask->rule_counts || !mask->counts || !mask->member_counts)
        return -ENOMEM;
    int r = tx_arena_init(&mask->values, VALUES_BYTES);
    if (r == 0)
        r = tx_arena_init(&mask->scratch, SCRATCH_BYTES);
    if (r == 0)
        r = tx_arena_init(&mask->inner, VALUES_BYTES);
    if (r == 0)
        r = tx_json_walker_new(&mask->walker);
    if (r == 0)
        r = tx_own_detectors_new(mask->masking, SCRATCH_BYTES, &mask->custom);
    if (r == 0)
        r = tx_seen_new(&mask->seen);
    return r == 0 ? tx_detect_memory_new(SCRATCH_BYTES, &mask->detect_memory) : r;
}

static int match_beside(struct tx_mask *mask) {
    bool fits = true;
    for (size_t i = 0; i < TX_BESIDE_N; i++)
        fits = fits &&
               tx_conditions_match_field(&mask->rules.conditions, tx_beside_name((enum tx_beside)i),
                                         &mask->beside_names[i]);
    return fits ? 0 : -EINVAL;
}

int tx_mask_new(const struct tx_masking *masking, const struct tx_mask_key *keys, size_t n_keys,
                const struct tx_subject_keys *subjects, struct tx_mask **ret) {
    if (!limits_valid(masking))
        return -EINVAL;
    _cleanup_(tx_mask_freep) struct tx_mask *mask = calloc(1, sizeof(*mask));
    if (!mask)
        return -ENOMEM;
    mask->masking = masking;
    set_reading(mask);
    int r = tx_ruleset_init(&mask->rules, masking);
    if (r == 0)
        r = match_beside(mask);
    if (r == 0)
        r = tx_persons_init(&mask->persons, masking);
    if (r == 0)
        r = tx_action_tools_new(masking, keys, n_keys, subjects, &mask->tools);
    if (r == 0)
        r = hash_policy(masking, &mask->policy);
    if (r == 0)
        r = make_memory(mask);
    if (r < 0)
        return r;
    *ret = TX_STEAL(mask);
    return 0;
}

void tx_mask_free(struct tx_mask *mask) {
    if (!mask)
        return;
    tx_ruleset_deinit(&mask->rules);
    tx_persons_deinit(&mask->persons);
    tx_action_tools_free(mask->tools);
    tx_arena_deinit(&mask->values);
    tx_arena_deinit(&mask->scratch);
    tx_arena_deinit(&mask->inner);
    tx_json_walker_free(mask->walker);
    tx_detect_memory_free(mask->detect_memory);
    tx_seen_free(mask->seen);
    tx_custom_free(mask->custom);
    free(mask->rule_counts);
    free(mask->counts);
    free(mask->member_counts);
    free(mask);
}

const struct tx_digest *tx_mask_policy(const struct tx_mask *mask) {
    return &mask->policy;
}

void tx_mask_assume_context(struct tx_mask *mask, bool assume) {
    mask->assume_context = assume;
}

void tx_mask_only(struct tx_mask *mask, const struct tx_detector_set *detectors) {
    tx_detectors_and(&mask->all, detectors);
    tx_detectors_and(&mask->of_numbers, detectors);
}

void tx_mask_set_trace(struct tx_mask *mask, const struct tx_mask_trace *trace) {
    mask->trace = trace;
}

const struct tx_mask_counters *tx_mask_counters(const struct tx_mask *mask) {
    return &mask->counters;
}

bool tx_mask_rule_counted(const struct tx_mask *mask, size_t i, struct tx_mask_rule_count *ret) {
    if (i >= mask->rules.n_rules)
        return false;
    *ret = (struct tx_mask_rule_count){.id = mask->rules.rule[i].id,
                                       .shadow = mask->rules.rule[i].shadow,
                                       .n = mask->rule_counts[i]};
    return true;
}

void tx_mask_forget(struct tx_mask *mask) {
    tx_action_tools_forget(mask->tools);
}

void tx_mask_wipe(struct tx_mask *mask) {
    tx_persons_begin(&mask->persons);
    tx_conditions_wipe(&mask->rules.conditions);
    tx_arena_wipe(&mask->values, 0);
    tx_arena_wipe(&mask->scratch, 0);
    tx_arena_wipe(&mask->inner, 0);
}
