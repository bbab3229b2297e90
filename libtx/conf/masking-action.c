/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "libtx/conf/masking-action.h"

static void read_drop_record(struct tx_masking_reader *r, const struct tx_conf_node *node,
                             struct tx_masking_action *ret) {
    static const char *const known[] = {"tombstone", NULL};
    static const char *const words[] = {"true", NULL};
    const struct tx_conf_node *part;
    int word;

    (void)ret;
    if (tx_masking_node_map(r, node, "{tombstone: true}", known) &&
        (part = tx_masking_node_get(node, "tombstone")) &&
        !(part->kind == TX_CONF_SCALAR && strcmp(part->text, "true") == 0))
        tx_masking_node_word(r, part, words, &word);
}

static const struct action {
    const char *name;
    enum tx_masking_action_kind kind;
    bool alone; /* the word is enough; else it has to say more */
    void (*read)(struct tx_masking_reader *r, const struct tx_conf_node *node,
                 struct tx_masking_action *ret); /* NULL: nothing more to say */
} actions[] = {
    {"allow", TX_ACTION_ALLOW, true, NULL},
    {"redact", TX_ACTION_REDACT, true, NULL},
    {"drop_field", TX_ACTION_DROP_FIELD, true, NULL},
    {"drop_record", TX_ACTION_DROP_RECORD, true, read_drop_record},
    {"mask", TX_ACTION_MASK, true, tx_masking_action_read_mask},
    {"replace", TX_ACTION_REPLACE, false, tx_masking_action_read_replace},
    {"pseudonym", TX_ACTION_PSEUDONYM, true, tx_masking_action_read_pseudonym},
    {"encrypt", TX_ACTION_ENCRYPT, false, tx_masking_action_read_encrypt},
    {"ip", TX_ACTION_IP, true, tx_masking_action_read_ip},
    {"date", TX_ACTION_DATE, true, tx_masking_action_read_date},
    {"bucket", TX_ACTION_BUCKET, false, tx_masking_action_read_bucket},
    {"round", TX_ACTION_ROUND, false, tx_masking_action_read_round},
    {"url", TX_ACTION_URL, true, tx_masking_action_read_url},
    {"keep_only", TX_ACTION_KEEP_ONLY, false, tx_masking_action_read_keep_only},
    {"commit", TX_ACTION_COMMIT, true, tx_masking_action_read_commit},
    {"hash", TX_ACTION_PSEUDONYM, true,
     tx_masking_action_read_pseudonym}, /* as they were called before */
    {"drop", TX_ACTION_DROP_FIELD, true, NULL},
};

static void set_defaults(struct tx_masking_reader *r, struct tx_masking_action *action) {
    switch (action->kind) {
    case TX_ACTION_MASK:
        action->mask.min_hidden = 6;
        action->mask.keep_separators = true;
        strcpy(action->mask.character, "*");
        break;
    case TX_ACTION_IP:
        action->ip.v4_prefix = 24;
        action->ip.v6_prefix = 48;
        break;
    case TX_ACTION_URL:
        action->url.userinfo = action->url.fragment = TX_URL_DROP;
        action->url.query = TX_URL_REDACT;
        break;
    case TX_ACTION_COMMIT:
        action->commit.key = tx_masking_node_copy(r, TX_MASKING_DEFAULT_KEY);
        break;
    case TX_ACTION_PSEUDONYM:
        action->pseudonym.key = tx_masking_node_copy(r, TX_MASKING_DEFAULT_KEY);
        action->pseudonym.domain = tx_masking_node_copy(r, "default");
        action->pseudonym.bits = 128;
        action->pseudonym.canonical = true;
        break;
    default:
        break;
    }
}

static void no_such_action(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    const char *names[TX_COUNT_OF(actions) + 1] = {NULL};
    const char *word = node->kind == TX_CONF_SCALAR ? node->text : NULL;

    for (size_t i = 0; i < TX_COUNT_OF(actions); i++)
        names[i] = actions[i].name;
    if (word && (strncasecmp(word, "sha", 3) == 0 || strncasecmp(word, "md5", 3) == 0))
        tx_masking_action_refuse_unkeyed(r, node);
    else if (word && strncmp(word, "tokeni", 6) == 0)
        tx_masking_node_error(r, node,
                              "there are no tokens: use pseudonym, or encrypt, which can "
                              "be undone by whoever may");
    else
        tx_masking_node_error_meant(
            r, node, word, names,
            "expected an action: redact, drop_field, drop_record, pseudonym, allow, or one with "
            "its settings, such as {mask: {keep_last: 4}}, {replace: TEXT}, {encrypt: …}, {ip: …}, "
            "{date: …}, {bucket: …}, {round: …}, {url: …}, {keep_only: …}, {commit: …}");
}

static void read_named(struct tx_masking_reader *r, const struct tx_conf_node *name,
                       const struct tx_conf_node *settings, struct tx_masking_action *ret) {
    const struct action *action = NULL;

    for (size_t i = 0; name->kind == TX_CONF_SCALAR && i < TX_COUNT_OF(actions); i++)
        if (strcmp(actions[i].name, name->text) == 0)
            action = &actions[i];
    if (!action) {
        no_such_action(r, name);
        return;
    }
    ret->kind = action->kind;
    set_defaults(r, ret);
    if (!settings && !action->alone)
        tx_masking_node_error(r, name, "'%s' needs its settings: {%s: …}", name->text, name->text);
    else if (settings && !action->read)
        tx_masking_node_error(r, settings, "'%s' has no settings: write action: %s", name->text,
                              name->text);
    else if (settings)
        action->read(r, settings, ret);
}

void tx_masking_action_read(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_action *ret, bool *ret_is_default) {
    ret->kind = TX_ACTION_REDACT;
    if (node->kind == TX_CONF_MAP && node->n == 1 &&
        strcmp(node->entries[0].key->text, "default") == 0) {
        *ret_is_default = true;
        node = node->entries[0].value;
    }
    if (node->kind != TX_CONF_MAP)
        read_named(r, node, NULL, ret);
    else if (node->n == 1)
        read_named(r, node->entries[0].key, node->entries[0].value, ret);
    else
        tx_masking_node_expected(r, node, "one action");
}
