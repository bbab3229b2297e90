/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/conf/masking-read.h"

struct parts {
    const struct tx_conf_node *id, *match, *action, *except, *mode, *locked, *reason, *approved_by,
        *expires, *until, *replaces, *on_type_change;
};

/* --- what names it --- */

static void read_id(struct tx_masking_reader *r, const struct tx_conf_node *node,
                    const struct tx_masking_rule *rules, size_t n, struct tx_masking_rule *rule) {
    char id[2 * TX_MASKING_ID_BYTES + 2];
    const char *text = tx_masking_node_id(r, node, "a rule's id");

    if (!text)
        return;
    snprintf(id, sizeof(id), "%.*s%s", TX_MASKING_ID_BYTES, r->prefix ? r->prefix : "", text);
    for (size_t i = 0; i < n; i++)
        if (rules[i].id && strcmp(rules[i].id, id) == 0)
            tx_masking_node_error(
                r, node, "a rule before this one has the id '%s' too: give each its own", text);
    rule->id = tx_masking_node_copy(r, id);
}

static const struct tx_masking_rule *find_given(const struct tx_masking_reader *r, const char *id) {
    for (size_t i = 0; i < r->n_given; i++)
        if (r->given[i].id && strcmp(r->given[i].id, id) == 0)
            return &r->given[i];
    return NULL;
}

/* "card" may be meant for "secure-default/card". */
static void no_such_rule(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    const char **ids = tx_masking_node_alloc(r, r->n_given + 1, sizeof(*ids));
    const char *nearest = node->text;
    if (!ids)
        return;
    for (size_t i = 0; i < r->n_given; i++) {
        ids[i] = r->given[i].id ? r->given[i].id : "";
        const char *slash = strchr(ids[i], '/');
        if (slash && strcmp(slash + 1, node->text) == 0)
            nearest = ids[i];
    }
    tx_masking_node_error_meant(r, node, nearest, ids,
                                "there is no rule '%s' of a preset or pack that is in force",
                                node->text);
    free(ids);
}

static void read_replaces(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          struct tx_masking_rule *rule) {
    static const char what[] = "the id of a preset's rule, such as secure-default/card, or a list";

    if (!tx_masking_node_items(r, node, what, TX_MASKING_ITEMS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        if (!tx_masking_node_text(r, item, what, 2 * TX_MASKING_ID_BYTES))
            continue;
        const struct tx_masking_rule *given = find_given(r, item->text);
        if (!given)
            no_such_rule(r, item);
        else if (given->locked)
            tx_masking_node_error(r, item, "'%s' is locked: no rule can replace it", item->text);
        else
            tx_masking_node_add(r, &rule->replaces, item->text);
    }
}

/* --- what belongs together --- */

static void check_allow(struct tx_masking_reader *r, const struct parts *parts,
                        const struct tx_masking_rule *rule) {
    bool allows = rule->action.kind == TX_ACTION_ALLOW;

    if (allows && !parts->reason)
        tx_masking_node_error(r, parts->action, "a rule with action: allow needs a 'reason'");
    if (allows && rule->locked)
        tx_masking_node_error(r, parts->locked, "a rule with action: allow cannot be locked");
    if (allows && rule->shadow)
        tx_masking_node_error(r, parts->mode, "a rule in shadow can only add masking, not allow");
    if (!allows && parts->expires)
        tx_masking_node_error(r, parts->expires,
                              "only an allow expires: what masks stays until it is removed");
}

static void check_rule(struct tx_masking_reader *r, const struct parts *parts,
                       const struct tx_masking_rule *rule, bool is_default) {
    bool finds = rule->match.detectors.n > 0;

    if (parts->match && parts->action)
        check_allow(r, parts, rule);
    if (rule->locked && rule->shadow)
        tx_masking_node_error(r, parts->locked,
                              "a rule in shadow claims nothing, so it cannot be "
                              "locked");
    if (parts->until && !rule->shadow)
        tx_masking_node_error(r, parts->until, "'until' is for rules with mode: shadow");
    if (is_default && (finds || rule->match.fields.n || rule->match.keys.n))
        tx_masking_node_error(r, parts->action,
                              "{default: …} is for all values that `except` does not name: take "
                              "fields, keys and detect out of the match");
    if (rule->action.kind == TX_ACTION_KEEP_ONLY && finds)
        tx_masking_node_error(r, parts->action,
                              "keep_only is for whole JSON values: take detect "
                              "out of the match");
    if (rule->replaces.n && rule->shadow)
        tx_masking_node_error(r, parts->replaces, "a rule in shadow replaces nothing");
}

/* --- a rule --- */

static void read_parts(struct tx_masking_reader *r, const struct parts *parts,
                       struct tx_masking_rule *rule, bool *is_default) {
    static const char *const modes[] = {"enforce", "shadow", NULL};
    static const char *const changes[] = {"string", "null", NULL};
    const char *text;
    int word;

    if (parts->match)
        tx_masking_match_read(r, parts->match, rule->id ? rule->id : "rule", &rule->match);
    if (parts->except)
        tx_masking_match_read_except(r, parts->except, &rule->match);
    if (parts->action)
        tx_masking_action_read(r, parts->action, &rule->action, is_default);
    if (parts->mode && tx_masking_node_word(r, parts->mode, modes, &word))
        rule->shadow = word == 1;
    if (parts->on_type_change && tx_masking_node_word(r, parts->on_type_change, changes, &word))
        rule->type_to_null = word == 1;
    if (parts->locked)
        tx_masking_node_bool(r, parts->locked, &rule->locked);
    if (parts->reason &&
        (text = tx_masking_node_text(r, parts->reason, "a reason", TX_MASKING_TEXT_BYTES)))
        rule->reason = tx_masking_node_copy(r, text);
    if (parts->approved_by &&
        (text = tx_masking_node_text(r, parts->approved_by, "who approved it", 256)))
        rule->approved_by = tx_masking_node_copy(r, text);
    if (parts->expires)
        tx_masking_node_date(r, parts->expires, &rule->expires);
    if (parts->until)
        tx_masking_node_date(r, parts->until, &rule->expires);
    if (parts->replaces)
        read_replaces(r, parts->replaces, rule);
}

static void read_rule(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      const struct tx_masking_rule *before, size_t n_before,
                      struct tx_masking_rule *rule) {
    static const char *const known[] = {
        "id",          "match",   "action", "except",   "mode",           "locked", "reason",
        "approved_by", "expires", "until",  "replaces", "on_type_change", NULL};
    bool is_default = false;

    rule->source = r->source;
    rule->line = r->prefix ? 0 : node->line;
    if (!tx_masking_node_map(r, node, "a rule: {id: …, match: {…}, action: …}", known))
        return;
    for (size_t i = 0; i < 3; i++)
        if (!tx_masking_node_get(node, known[i]))
            tx_masking_node_error(r, node, "the rule has no '%s'", known[i]);
    struct parts parts = {.id = tx_masking_node_get(node, "id"),
                          .match = tx_masking_node_get(node, "match"),
                          .action = tx_masking_node_get(node, "action"),
                          .except = tx_masking_node_get(node, "except"),
                          .mode = tx_masking_node_get(node, "mode"),
                          .locked = tx_masking_node_get(node, "locked"),
                          .reason = tx_masking_node_get(node, "reason"),
                          .approved_by = tx_masking_node_get(node, "approved_by"),
                          .expires = tx_masking_node_get(node, "expires"),
                          .until = tx_masking_node_get(node, "until"),
                          .replaces = tx_masking_node_get(node, "replaces"),
                          .on_type_change = tx_masking_node_get(node, "on_type_change")};
    if (parts.id)
        read_id(r, parts.id, before, n_before, rule);
    size_t told = r->errors->n;
    read_parts(r, &parts, rule, &is_default);
    if (r->errors->n == told)
        check_rule(r, &parts, rule, is_default);
    if (r->errors->n == told && !r->errors->failed)
        tx_masking_check_rule(r, parts.id ? parts.id : node, rule);
}

void tx_masking_rules_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           struct tx_masking_rule **ret, size_t *ret_n) {
    if (tx_masking_node_is_null(node))
        return;
    if (node->kind != TX_CONF_LIST || node->n > TX_MASKING_RULES_MAX) {
        tx_masking_node_expected(r, node, "a list of at most %d rules", TX_MASKING_RULES_MAX);
        return;
    }
    struct tx_masking_rule *rules = reallocarray(*ret, *ret_n + node->n + 1, sizeof(*rules));
    if (!rules) {
        r->errors->failed = -ENOMEM;
        return;
    }
    *ret = rules;
    for (size_t i = 0; i < node->n; i++) {
        struct tx_masking_rule *rule = &rules[*ret_n];
        *rule = (struct tx_masking_rule){.action = {.kind = TX_ACTION_REDACT}};
        read_rule(r, node->entries[i].value, rules, *ret_n, rule);
        (*ret_n)++;
    }
}
