/* SPDX-License-Identifier: MIT */
#include "libtx/conf/rules.h"

#include <string.h>

#include "libtx/conf/value.h"
#include "libtx/mask/glob.h"

#define LIST_MAX 1000
#define ID_BYTES 64

struct reader {
    struct tx_conf_errors *errors;
};

static void wrong(struct reader *r, const struct tx_conf_node *node, const char *expected) {
    tx_conf_error(r->errors, node->line, node->column, "expected %s", expected);
}

/* The entry of a map by its key, or NULL. */
static const struct tx_conf_node *get(const struct tx_conf_node *map, const char *key) {
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->entries[i].key->text, key) == 0)
            return map->entries[i].value;
    return NULL;
}

/* False (and an error) when it is not a map; each key that is not in `known` is an error. */
static bool check_map(struct reader *r, const struct tx_conf_node *node, const char *what,
                      const char *const *known) {
    if (node->kind != TX_CONF_MAP) {
        wrong(r, node, what);
        return false;
    }
    for (size_t i = 0; i < node->n; i++) {
        const struct tx_conf_node *key = node->entries[i].key;
        size_t k = 0;
        while (known[k] && strcmp(known[k], key->text) != 0)
            k++;
        if (known[k])
            continue;
        const char *meant = tx_conf_did_you_mean(key->text, known);
        tx_conf_error(r->errors, key->line, key->column, "unknown key '%s'%s%s%s", key->text,
                      meant ? ": did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    }
    return true;
}

static char *copy(struct reader *r, const char *text) {
    char *s = strdup(text);
    if (!s)
        r->errors->failed = -ENOMEM;
    return s;
}

/* One word or a list of words. */
static void read_words(struct reader *r, const struct tx_conf_node *node, const char *what,
                       char ***ret, size_t *ret_n) {
    size_t n = node->kind == TX_CONF_LIST ? node->n : 1;

    if (node->kind == TX_CONF_MAP || n == 0 || n > LIST_MAX) {
        wrong(r, node, what);
        return;
    }
    char **words = calloc(n, sizeof(*words));
    if (!words) {
        r->errors->failed = -ENOMEM;
        return;
    }
    *ret = words;
    for (size_t i = 0; i < n; i++) {
        const struct tx_conf_node *item =
            node->kind == TX_CONF_LIST ? node->entries[i].value : node;
        if (item->kind != TX_CONF_SCALAR || !item->text[0]) {
            wrong(r, item, what);
            continue;
        }
        if (strlen(item->text) > TX_GLOB_PATTERN_BYTES) {
            wrong(r, item, "at most 256 bytes");
            continue;
        }
        words[*ret_n] = copy(r, item->text);
        if (words[*ret_n])
            (*ret_n)++;
    }
}

static void read_detectors(struct reader *r, const struct tx_conf_node *node,
                           struct tx_mask_rule *rule) {
    read_words(r, node, "a list of detectors, such as [email, credit_card]", &rule->detectors,
               &rule->n_detectors);
    size_t n = node->kind == TX_CONF_LIST ? node->n : node->kind == TX_CONF_SCALAR ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        const struct tx_conf_node *item =
            node->kind == TX_CONF_LIST ? node->entries[i].value : node;
        struct tx_detector_set found;
        if (item->kind != TX_CONF_SCALAR || tx_mask_detectors_named(item->text, &found))
            continue;
        const char *meant = tx_conf_did_you_mean(item->text, tx_detector_names);
        tx_conf_error(r->errors, item->line, item->column,
                      "there is no detector '%s'%s%s%s (docs/masking.md lists them)", item->text,
                      meant ? ": did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    }
}

static void read_labels(struct reader *r, const struct tx_conf_node *node,
                        struct tx_mask_rule *rule) {
    size_t n = node->kind == TX_CONF_LIST ? node->n : 1;
    for (size_t i = 0; i < n; i++) {
        const struct tx_conf_node *item =
            node->kind == TX_CONF_LIST ? node->entries[i].value : node;
        if (item->kind == TX_CONF_SCALAR && strcmp(item->text, "pii") == 0)
            rule->label_pii = true;
        else if (item->kind == TX_CONF_SCALAR && strcmp(item->text, "secret") == 0)
            rule->label_secret = true;
        else
            wrong(r, item, "a label: pii or secret");
    }
}

static void read_match(struct reader *r, const struct tx_conf_node *node,
                       struct tx_mask_rule *rule) {
    static const char *const known[] = {"events", "fields", "labels", "detect", NULL};
    const struct tx_conf_node *part;

    if (!check_map(r, node, "what the rule matches, such as {fields: [\"card*\"]}", known))
        return;
    if ((part = get(node, "events")))
        read_words(r, part, "a list of event names, such as [\"payment.*\"]", &rule->events,
                   &rule->n_events);
    if ((part = get(node, "fields")))
        read_words(r, part, "a list of field names, such as [\"card*\", \"*.pan\"]", &rule->fields,
                   &rule->n_fields);
    if ((part = get(node, "labels")))
        read_labels(r, part, rule);
    if ((part = get(node, "detect")))
        read_detectors(r, part, rule);
    if (node->n == 0)
        wrong(r, node, "at least one of events, fields, labels, detect");
}

static uint32_t read_keep(struct reader *r, const struct tx_conf_node *node) {
    uint64_t v = 0;
    if (node->kind != TX_CONF_SCALAR || tx_conf_value_count(node->text, &v) < 0 || v > 64) {
        wrong(r, node, "a number of characters from 0 to 64");
        return 0;
    }
    return (uint32_t)v;
}

static void read_mask_action(struct reader *r, const struct tx_conf_node *node,
                             struct tx_mask_action *ret) {
    static const char *const known[] = {"keep_first", "keep_last", NULL};
    const struct tx_conf_node *part;

    ret->kind = TX_MASK_KEEP;
    if (!check_map(r, node, "{keep_first: N, keep_last: N}", known))
        return;
    if ((part = get(node, "keep_first")))
        ret->keep_first = read_keep(r, part);
    if ((part = get(node, "keep_last")))
        ret->keep_last = read_keep(r, part);
}

static void read_action(struct reader *r, const struct tx_conf_node *node,
                        struct tx_mask_action *ret) {
    static const struct {
        const char *name;
        enum tx_mask_action_kind kind;
    } words[] = {{"redact", TX_MASK_REDACT},
                 {"mask", TX_MASK_KEEP},
                 {"hash", TX_MASK_HASH},
                 {"drop", TX_MASK_DROP},
                 {"drop_record", TX_MASK_DROP_RECORD}};
    static const char *const names[] = {"redact", "mask", "hash", "drop", "drop_record", NULL};
    static const char *const known[] = {"mask", NULL};

    if (node->kind == TX_CONF_MAP) {
        const struct tx_conf_node *mask;
        if (check_map(r, node, "an action", known) && (mask = get(node, "mask")))
            read_mask_action(r, mask, ret);
        else if (node->n == 0)
            wrong(r, node, "an action");
        return;
    }
    for (size_t i = 0; node->kind == TX_CONF_SCALAR && i < TX_COUNT_OF(words); i++)
        if (strcmp(words[i].name, node->text) == 0) {
            ret->kind = words[i].kind;
            return;
        }
    const char *meant =
        node->kind == TX_CONF_SCALAR ? tx_conf_did_you_mean(node->text, names) : NULL;
    tx_conf_error(r->errors, node->line, node->column,
                  "expected an action: redact, hash, drop, drop_record or {mask: {keep_first: N, "
                  "keep_last: N}}%s%s%s",
                  meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static bool id_valid(const char *id) {
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return n > 0 && n <= ID_BYTES && id[n] == '\0' && strncmp(id, "builtin-", 8) != 0;
}

static void read_id(struct reader *r, const struct tx_conf_node *node,
                    const struct tx_mask_rules *rules, struct tx_mask_rule *rule) {
    if (node->kind != TX_CONF_SCALAR || !id_valid(node->text)) {
        wrong(r, node, "a rule's id: 1 to 64 of a-z A-Z 0-9 _ -, not beginning with builtin-");
        return;
    }
    for (size_t i = 0; i < rules->n_rules; i++)
        if (rules->rules[i].id && strcmp(rules->rules[i].id, node->text) == 0)
            tx_conf_error(r->errors, node->line, node->column,
                          "a rule before this one has the id '%s' too: give each its own",
                          node->text);
    rule->id = copy(r, node->text);
}

static void read_rule(struct reader *r, const struct tx_conf_node *node,
                      const struct tx_mask_rules *rules, struct tx_mask_rule *rule) {
    static const char *const known[] = {"id", "match", "action", NULL};
    if (!check_map(r, node, "a rule: {id: …, match: {…}, action: …}", known))
        return;
    for (size_t i = 0; known[i]; i++)
        if (!get(node, known[i]))
            tx_conf_error(r->errors, node->line, node->column, "the rule has no '%s'", known[i]);
    const struct tx_conf_node *part;
    if ((part = get(node, "id")))
        read_id(r, part, rules, rule);
    if ((part = get(node, "match")))
        read_match(r, part, rule);
    if ((part = get(node, "action")))
        read_action(r, part, &rule->action);
}

static void read_rules(struct reader *r, const struct tx_conf_node *node,
                       struct tx_mask_rules *ret) {
    if (node->kind == TX_CONF_SCALAR && !node->text[0] && !node->quoted)
        return;
    if (node->kind != TX_CONF_LIST || node->n > TX_MASK_RULES_MAX) {
        wrong(r, node, "a list of at most 1000 rules");
        return;
    }
    if (node->n == 0)
        return;
    ret->rules = calloc(node->n, sizeof(*ret->rules));
    if (!ret->rules) {
        r->errors->failed = -ENOMEM;
        return;
    }
    for (size_t i = 0; i < node->n; i++) {
        struct tx_mask_rule *rule = &ret->rules[ret->n_rules];
        read_rule(r, node->entries[i].value, ret, rule);
        ret->n_rules++;
    }
}

void tx_conf_rules_read(const struct tx_conf_node *masking, struct tx_conf_errors *errors,
                        struct tx_mask_rules *ret) {
    static const char *const known[] = {"preset", "rules", NULL};
    struct reader r = {.errors = errors};
    const struct tx_conf_node *part;

    if (!check_map(&r, masking, "{preset: …, rules: [...]}", known))
        return;
    if ((part = get(masking, "preset"))) {
        bool word = part->kind == TX_CONF_SCALAR;
        ret->preset_none = word && strcmp(part->text, "none") == 0;
        if (!ret->preset_none && !(word && strcmp(part->text, "secure-default") == 0))
            wrong(&r, part, "a preset: secure-default or none");
    }
    if ((part = get(masking, "rules")))
        read_rules(&r, part, ret);
}
