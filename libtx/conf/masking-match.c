/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/conf/masking-read.h"

/* How deep `any`, `all` and `not` are nested, and how many stand in one. */
#define NESTING_MAX 3
#define PARTS_MAX 64

/* From the front: those of a class, of a match within another, of a rule's own. */
static const char *const class_keys[] = {"events", "fields", "keys",   "types",
                                         "tags",   "labels", "sender", NULL};
static const char *const nested_keys[] = {"events", "fields", "keys", "types", "tags", "labels",
                                          "sender", "class",  "any",  "all",   "not",  NULL};
static const char *const own_keys[] = {
    "events", "fields", "keys", "types",  "tags",           "labels",    "sender", "class",
    "any",    "all",    "not",  "detect", "min_confidence", "min_count", "regex",  NULL};
#define N_NESTED_KEYS (TX_COUNT_OF(nested_keys) - 1)

static void read_conditions(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            unsigned depth, struct tx_masking_match *ret);
static void read_simple(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_match *ret);

/* --- simple conditions --- */

static void read_types(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_match *ret) {
    static const char *const words[] = {"string", "int", "float", "bytes", "bool", "map", NULL};
    int word = 0;

    if (!tx_masking_node_items(r, node, "a list of types, such as [string, int]", 6))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++)
        if (tx_masking_node_word(r, tx_masking_node_item(node, i), words, &word))
            ret->types |= 1u << word;
}

static void read_labels(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_match *ret) {
    if (!tx_masking_node_items(r, node, "a list of labels: pii, secret", 2))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        if (item->kind == TX_CONF_SCALAR && strcmp(item->text, "pii") == 0)
            ret->label_pii = true;
        else if (item->kind == TX_CONF_SCALAR && strcmp(item->text, "secret") == 0)
            ret->label_secret = true;
        else
            tx_masking_node_expected(r, item, "a label: pii or secret");
    }
}

/* --- matches within a match --- */

/* One more at the end of the list; NULL when there is no memory. */
static struct tx_masking_match *grow(struct tx_masking_reader *r, struct tx_masking_match **list,
                                     size_t *n) {
    struct tx_masking_match *more = reallocarray(*list, *n + 1, sizeof(*more));
    if (!more) {
        r->errors->failed = -ENOMEM;
        return NULL;
    }
    *list = more;
    more[*n] = (struct tx_masking_match){.types = 0};
    return &more[(*n)++];
}

static void read_nested(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        unsigned depth, struct tx_masking_match **list, size_t *n) {
    static const char what[] = "a match or a list of them, such as [{fields: [\"card*\"]}]";

    if (depth >= NESTING_MAX) {
        tx_masking_node_error(r, node, "any, all and not are nested more than %d deep",
                              NESTING_MAX);
        return;
    }
    if (!tx_masking_node_items(r, node, what, PARTS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        if (item->kind != TX_CONF_MAP) {
            tx_masking_node_expected(r, item, "%s", what);
            continue;
        }
        struct tx_masking_match *match = grow(r, list, n);
        if (match)
            read_conditions(r, item, depth + 1, match);
    }
}

static struct tx_masking_class *find_class(struct tx_masking_reader *r, const char *id) {
    for (size_t i = 0; i < r->n_classes; i++)
        if (strcmp(r->classes[i].id, id) == 0)
            return &r->classes[i];
    return NULL;
}

static void no_such_class(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    const char **ids = tx_masking_node_alloc(r, r->n_classes + 1, sizeof(*ids));
    if (!ids)
        return;
    for (size_t i = 0; i < r->n_classes; i++)
        ids[i] = r->classes[i].id;
    tx_masking_node_error_meant(r, node, node->text, ids,
                                "there is no class '%s' under masking.classes", node->text);
    free(ids);
}

/* A class stands for its conditions: they are read anew, which tells nothing a second time. */
static void read_class(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_match *ret) {
    if (!tx_masking_node_text(r, node, "the name of a class", TX_MASKING_ID_BYTES))
        return;
    struct tx_masking_class *class = find_class(r, node->text);
    if (!class)
        no_such_class(r, node);
    if (!class || class->broken)
        return;
    struct tx_masking_match *match = grow(r, &ret->all, &ret->n_all);
    if (match)
        read_simple(r, class->node, match);
}

/* --- a match --- */

static void refuse_findings(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    for (size_t i = 0; i < node->n; i++)
        for (size_t k = N_NESTED_KEYS; own_keys[k]; k++)
            if (strcmp(node->entries[i].key->text, own_keys[k]) == 0)
                tx_masking_node_error(
                    r, node->entries[i].key,
                    "'%s' can stand in a rule's own match only, not within any, all, not or except",
                    own_keys[k]);
}

/* All but what nests. */
static void read_simple(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_match *ret) {
    const struct tx_conf_node *part;

    if ((part = tx_masking_node_get(node, "events")))
        tx_masking_glob_read_events(r, part, &ret->events);
    if ((part = tx_masking_node_get(node, "fields")))
        tx_masking_glob_read_fields(r, part, &ret->fields);
    if ((part = tx_masking_node_get(node, "keys")))
        tx_masking_glob_read_keys(r, part, &ret->keys);
    if ((part = tx_masking_node_get(node, "types")))
        read_types(r, part, ret);
    if ((part = tx_masking_node_get(node, "tags")))
        read_labels(r, part, ret);
    if ((part = tx_masking_node_get(node, "labels")))
        read_labels(r, part, ret);
    if ((part = tx_masking_node_get(node, "sender"))) {
        ret->has_sender = true;
        tx_masking_sender_read(r, part, &ret->sender);
    }
}

static void read_conditions(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            unsigned depth, struct tx_masking_match *ret) {
    const struct tx_conf_node *part;

    if (!tx_masking_node_map(r, node, "what is matched, such as {fields: [\"card*\"]}", own_keys))
        return;
    if (node->n == 0)
        tx_masking_node_expected(r, node,
                                 "at least one of events, fields, keys, types, labels, sender, "
                                 "class, any, all, not%s",
                                 depth == 0 ? ", detect, regex" : "");
    if (depth > 0)
        refuse_findings(r, node);
    read_simple(r, node, ret);
    if ((part = tx_masking_node_get(node, "class")))
        read_class(r, part, ret);
    if ((part = tx_masking_node_get(node, "any")))
        read_nested(r, part, depth, &ret->any, &ret->n_any);
    if ((part = tx_masking_node_get(node, "all")))
        read_nested(r, part, depth, &ret->all, &ret->n_all);
    if ((part = tx_masking_node_get(node, "not")))
        read_nested(r, part, depth, &ret->none, &ret->n_none);
}

static void read_findings(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          const char *rule, struct tx_masking_match *ret) {
    const struct tx_conf_node *detect = tx_masking_node_get(node, "detect");
    const struct tx_conf_node *regex = tx_masking_node_get(node, "regex");
    const struct tx_conf_node *part;

    if (detect && regex)
        tx_masking_node_error(r, regex,
                              "a match has either detect or regex: give the regex a name under "
                              "masking.detectors and put that into detect");
    if (detect)
        tx_masking_detect_read(r, detect, &ret->detectors);
    else if (regex)
        tx_masking_regex_read(r, regex, rule, &ret->detectors);
    if ((part = tx_masking_node_get(node, "min_confidence")))
        tx_masking_node_percent(r, part, &ret->min_confidence);
    if (part && !detect && !regex)
        tx_masking_node_error(r, part, "min_confidence needs detect or regex beside it");
    if ((part = tx_masking_node_get(node, "min_count")))
        tx_masking_node_count(r, part, 1, 1000000, &ret->min_count);
    if (part && !detect && !regex)
        tx_masking_node_error(r, part, "min_count needs detect or regex beside it");
}

void tx_masking_match_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *rule, struct tx_masking_match *ret) {
    read_conditions(r, node, 0, ret);
    if (node->kind == TX_CONF_MAP)
        read_findings(r, node, rule, ret);
}

void tx_masking_match_read_except(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                  struct tx_masking_match *match) {
    read_nested(r, node, 0, &match->none, &match->n_none);
}

/* --- classes --- */

void tx_masking_classes_read(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    if (tx_masking_node_is_null(node))
        return;
    if (node->kind != TX_CONF_MAP || node->n > TX_MASKING_ITEMS_MAX) {
        tx_masking_node_expected(r, node, "classes by name, such as {person: {fields: [name]}}");
        return;
    }
    r->classes = tx_masking_node_alloc(r, node->n + 1, sizeof(*r->classes));
    for (size_t i = 0; r->classes && i < node->n; i++) {
        const struct tx_conf_entry *entry = &node->entries[i];
        struct tx_masking_match match = {.types = 0};
        size_t told = r->errors->n, patterns = r->n_patterns;
        if (tx_masking_node_map(r, entry->value, "conditions, such as {fields: [name]}",
                                class_keys))
            read_simple(r, entry->value, &match);
        if (entry->value->kind == TX_CONF_MAP && entry->value->n == 0)
            tx_masking_node_expected(r, entry->value,
                                     "at least one of events, fields, keys, "
                                     "types, labels, sender");
        (void)tx_masking_node_id(r, entry->key, "a class's name");
        tx_masking_match_deinit(&match);
        r->n_patterns = patterns;
        r->classes[r->n_classes++] = (struct tx_masking_class){
            .id = entry->key->text, .node = entry->value, .broken = r->errors->n > told};
    }
}
