/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/mask/policy/masking-write.h"

/* --- match --- */

static void put_types(struct tx_masking_writer *w, unsigned types) {
    static const char *const words[] = {"string", "int", "float", "bytes", "bool", "map"};
    bool first = true;

    if (!types)
        return;
    tx_masking_write_key(w, "types");
    tx_masking_write(w, "[");
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (types >> i & 1) {
            tx_masking_write(w, first ? "" : ", ");
            tx_masking_write(w, words[i]);
            first = false;
        }
    tx_masking_write(w, "]");
}

static void put_labels(struct tx_masking_writer *w, const struct tx_masking_match *match) {
    if (match->label_pii && match->label_secret)
        tx_masking_write_word(w, "labels", "[pii, secret]");
    else if (match->label_pii || match->label_secret)
        tx_masking_write_word(w, "labels", match->label_pii ? "[pii]" : "[secret]");
}

static int compare_ids(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void put_ids(struct tx_masking_writer *w, const char *name,
                    const struct tx_masking_ids *ids) {
    if (ids->n == 0)
        return;
    _cleanup_(tx_freep) uint32_t *sorted = calloc(ids->n, sizeof(*sorted));
    if (!sorted) {
        w->failed = -ENOMEM;
        return;
    }
    memcpy(sorted, ids->id, ids->n * sizeof(*sorted));
    qsort(sorted, ids->n, sizeof(*sorted), compare_ids);
    tx_masking_write_key(w, name);
    tx_masking_write(w, "[");
    for (size_t i = 0; i < ids->n; i++) {
        char text[16];
        if (i && sorted[i] == sorted[i - 1])
            continue;
        snprintf(text, sizeof(text), "%s%u", i ? ", " : "", sorted[i]);
        tx_masking_write(w, text);
    }
    tx_masking_write(w, "]");
}

static void put_sender(struct tx_masking_writer *w, const struct tx_masking_match *match) {
    if (!match->has_sender)
        return;
    tx_masking_write_word(w, "sender", "{");
    put_ids(w, "uid", &match->sender.uids);
    put_ids(w, "gid", &match->sender.gids);
    tx_masking_write_set(w, "unit", &match->sender.units, NULL);
    tx_masking_write_set(w, "exe", &match->sender.exes, NULL);
    tx_masking_write(w, "}");
}

/* Their order means nothing, so each is written aside and they are sorted. The reader bounds how
 * deep they are nested. */
static void put_matches(struct tx_masking_writer *w, const char *name,
                        const struct tx_masking_match *matches, size_t n) {
    if (n == 0)
        return;
    _cleanup_(tx_freep) struct tx_bytes *texts = calloc(n, sizeof(*texts));
    if (!texts) {
        w->failed = -ENOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct tx_masking_writer part = *w;
        part.b = &texts[i];
        tx_masking_write_match(&part, &matches[i]);
        w->failed = part.failed;
    }
    tx_masking_write_sorted(w, name, texts, n);
}

/* A rule's own regex is a detector of the rule's name; a file says it where it stands. */
static const char *own_regex(const struct tx_masking_writer *w,
                             const struct tx_masking_match *match) {
    const char *name = match->detectors.n == 1 ? match->detectors.item[0] : NULL;

    if (w->is_policy || !name || !strchr(name, '/'))
        return NULL;
    for (size_t i = 0; i < w->masking->n_detectors; i++)
        if (strcmp(w->masking->detectors[i].id, name) == 0)
            return w->masking->detectors[i].regex;
    return NULL;
}

static void put_findings(struct tx_masking_writer *w, const struct tx_masking_match *match) {
    const char *regex = own_regex(w, match);

    if (regex)
        tx_masking_write_text(w, "regex", regex);
    else
        tx_masking_write_set(w, "detect", &match->detectors, NULL);
    if (match->min_confidence)
        tx_masking_write_percent(w, "min_confidence", match->min_confidence);
    if (match->min_count > 1)
        tx_masking_write_number(w, "min_count", match->min_count);
}

void tx_masking_write_match(struct tx_masking_writer *w, const struct tx_masking_match *match) {
    tx_masking_write(w, "{");
    tx_masking_write_set(w, "events", &match->events, tx_masking_canonical_event);
    tx_masking_write_set(w, "fields", &match->fields, tx_masking_canonical_field);
    tx_masking_write_set(w, "keys", &match->keys, tx_masking_canonical_field);
    put_types(w, match->types);
    put_labels(w, match);
    put_sender(w, match);
    put_findings(w, match);
    put_matches(w, "all", match->all, match->n_all);
    put_matches(w, "any", match->any, match->n_any);
    put_matches(w, "not", match->none, match->n_none);
    tx_masking_write(w, "}");
}

/* --- rule --- */

static void put_rule(struct tx_masking_writer *w, const struct tx_masking_rule *rule) {
    static const char *const from[] = {
        [TX_FROM_PRESET] = "preset", [TX_FROM_PACK] = "pack", [TX_FROM_FILE] = "file"};

    tx_masking_write_indent(w, 1);
    tx_masking_write(w, "- {");
    tx_masking_write_text(w, "id", rule->id);
    if (w->is_policy)
        tx_masking_write_word(w, "from", from[rule->source]);
    tx_masking_write_key(w, "match");
    tx_masking_write_match(w, &rule->match);
    tx_masking_write_key(w, "action");
    tx_masking_write_action(w, &rule->action);
    if (rule->locked)
        tx_masking_write_bool(w, "locked", true);
    if (rule->shadow)
        tx_masking_write_word(w, "mode", "shadow");
    if (rule->type_to_null)
        tx_masking_write_word(w, "on_type_change", "\"null\"");
    tx_masking_write_set(w, "replaces", &rule->replaces, NULL);
    tx_masking_write_text(w, "reason", rule->reason);
    tx_masking_write_text(w, "approved_by", rule->approved_by);
    tx_masking_write_time(w, rule->shadow ? "until" : "expires", rule->expires);
    tx_masking_write(w, "}\n");
}

void tx_masking_write_rules(struct tx_masking_writer *w) {
    const struct tx_masking *masking = w->masking;
    size_t n = 0;

    while (n < masking->n_rules && (w->is_policy || masking->rules[n].source == TX_FROM_FILE))
        n++;
    tx_masking_write_indent(w, 0);
    tx_masking_write(w, n ? "rules:\n" : "rules: []\n");
    for (size_t i = 0; i < n; i++)
        put_rule(w, &masking->rules[i]);
}
