/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/mask/builtin.h"
#include "libtx/mask/glob.h"

/*
 * The policy's text. One spelling for one meaning: patterns in their canonical form, lists sorted
 * and without repetitions, every text quoted. ENGINE is raised when what a detector finds or an
 * action does changes, so that the hash names that too.
 */
#define ENGINE 2

static int put(struct tx_bytes *b, const char *text) {
    return tx_bytes_append(b, text, strlen(text));
}

static int put_quoted(struct tx_bytes *b, const char *text) {
    int r = put(b, "\"");
    for (; r == 0 && *text; text++) {
        char escaped[8] = {*text, '\0'};
        if (*text == '"' || *text == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", *text);
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)*text);
        r = put(b, escaped);
    }
    return r < 0 ? r : put(b, "\"");
}

static void copy_text(const char *text, char *ret) {
    memcpy(ret, text, strlen(text) + 1);
}

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int put_sorted(struct tx_bytes *b, char **sorted, size_t n) {
    int r = put(b, "[");
    qsort(sorted, n, sizeof(*sorted), compare);
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (i > 0 && strcmp(sorted[i], sorted[i - 1]) == 0)
            continue;
        r = i > 0 ? put(b, ", ") : 0;
        if (r == 0)
            r = put_quoted(b, sorted[i]);
    }
    return r < 0 ? r : put(b, "]");
}

/* `canonical` writes an item's one spelling, which is longer by a star at most. */
static int put_list(struct tx_bytes *b, const char *name, char **list, size_t n,
                    void (*canonical)(const char *, char *)) {
    size_t slot = 0;
    for (size_t i = 0; i < n; i++)
        slot = strlen(list[i]) + 2 > slot ? strlen(list[i]) + 2 : slot;
    if (n == 0)
        return 0;
    _cleanup_(tx_freep) char *memory = calloc(n, slot);
    _cleanup_(tx_freep) char **sorted = calloc(n, sizeof(*sorted));
    if (!memory || !sorted)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        sorted[i] = memory + i * slot;
        canonical(list[i], sorted[i]);
    }
    int r = put(b, "      ");
    if (r == 0)
        r = put(b, name);
    if (r == 0)
        r = put(b, ": ");
    if (r == 0)
        r = put_sorted(b, sorted, n);
    return r < 0 ? r : put(b, "\n");
}

static int put_labels(struct tx_bytes *b, const struct tx_mask_rule *rule) {
    if (rule->label_pii && rule->label_secret)
        return put(b, "      labels: [\"pii\", \"secret\"]\n");
    if (rule->label_pii)
        return put(b, "      labels: [\"pii\"]\n");
    return rule->label_secret ? put(b, "      labels: [\"secret\"]\n") : 0;
}

static int put_action(struct tx_bytes *b, const struct tx_mask_action *action) {
    static const char *const words[] = {
        [TX_MASK_REDACT] = "redact",
        [TX_MASK_HASH] = "hash",
        [TX_MASK_DROP] = "drop",
        [TX_MASK_DROP_RECORD] = "drop_record",
    };
    char text[96];
    if (action->kind == TX_MASK_KEEP)
        snprintf(text, sizeof(text), "    action: {mask: {keep_first: %u, keep_last: %u}}\n",
                 action->keep_first, action->keep_last);
    else
        snprintf(text, sizeof(text), "    action: %s\n", words[action->kind]);
    return put(b, text);
}

static int put_rule(struct tx_bytes *b, const struct tx_mask_rule *rule) {
    int r = put(b, "  - id: ");
    if (r == 0)
        r = put_quoted(b, rule->id);
    if (r == 0)
        r = put(b, rule->builtin ? "\n    from: builtin\n    match:\n"
                                 : "\n    from: file\n    match:\n");
    if (r == 0)
        r = put_list(b, "events", rule->events, rule->n_events, tx_glob_canonical_event);
    if (r == 0)
        r = put_list(b, "fields", rule->fields, rule->n_fields, tx_glob_canonical_field);
    if (r == 0)
        r = put_labels(b, rule);
    if (r == 0)
        r = put_list(b, "detect", rule->detectors, rule->n_detectors, copy_text);
    return r < 0 ? r : put_action(b, &rule->action);
}

int tx_mask_rules_render(const struct tx_mask_rules *rules, struct tx_bytes *b) {
    char head[64];
    size_t n = tx_mask_rules_count(rules);

    snprintf(head, sizeof(head), "tracex_policy: 1\nengine: %d\nrules:%s\n", ENGINE,
             n ? "" : " []");
    int r = put(b, head);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = put_rule(b, tx_mask_rules_get(rules, i));
    return r;
}
