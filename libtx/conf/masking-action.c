/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "libtx/conf/masking-read.h"

#define KEEP_MAX 64
#define EDGES_MAX 256

/* --- mask, replace, ip, date --- */

static void read_character(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           char ret[5]) {
    static const char what[] = "one character that is no digit, such as \"*\"";
    const char *text = tx_masking_node_text(r, node, what, 4);

    if (!text)
        return;
    unsigned char c = (unsigned char)text[0];
    bool is_control = c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[1] < 0xa0);
    if (tx_utf8_char(text, strlen(text)) != strlen(text) || is_control || (c >= '0' && c <= '9'))
        tx_masking_node_expected(r, node, "%s", what);
    else
        memcpy(ret, text, strlen(text) + 1);
}

static void read_mask(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      struct tx_masking_action *ret) {
    static const char *const known[] = {"keep_first",   "keep_last",       "char", "min_hidden",
                                        "fixed_length", "keep_separators", NULL};
    const struct tx_conf_node *part;

    if (!tx_masking_node_map(r, node, "{keep_first: N, keep_last: N}", known))
        return;
    if ((part = tx_masking_node_get(node, "keep_first")))
        tx_masking_node_count(r, part, 0, KEEP_MAX, &ret->mask.keep_first);
    if ((part = tx_masking_node_get(node, "keep_last")))
        tx_masking_node_count(r, part, 0, KEEP_MAX, &ret->mask.keep_last);
    if ((part = tx_masking_node_get(node, "min_hidden")))
        tx_masking_node_count(r, part, 1, KEEP_MAX, &ret->mask.min_hidden);
    if ((part = tx_masking_node_get(node, "fixed_length")))
        tx_masking_node_count(r, part, 0, KEEP_MAX, &ret->mask.fixed_length);
    if ((part = tx_masking_node_get(node, "keep_separators")))
        tx_masking_node_bool(r, part, &ret->mask.keep_separators);
    if ((part = tx_masking_node_get(node, "char")))
        read_character(r, part, ret->mask.character);
}

static void check_variables(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    static const char *const known[] = {"${detector}", "${rule}", "${n}"};

    for (const char *p = node->text; (p = strstr(p, "${")); p += 2) {
        bool found = false;
        for (size_t i = 0; i < TX_COUNT_OF(known); i++)
            found |= strncmp(p, known[i], strlen(known[i])) == 0;
        if (!found) {
            int n = (int)strcspn(p, "}") + 1;
            tx_masking_node_error(r, node,
                                  "'%.*s' stands for nothing: there are ${detector}, "
                                  "${rule} and ${n}",
                                  n > 40 ? 40 : n, p);
        }
    }
}

static void read_replace(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         struct tx_masking_action *ret) {
    if (!tx_masking_node_text(r, node, "a text, such as \"[${detector}]\"", TX_MASKING_TEXT_BYTES))
        return;
    check_variables(r, node);
    for (const char *p = node->text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            tx_masking_node_expected(r, node, "a text without control characters");
            break;
        }
    ret->replace.text = tx_masking_node_copy(r, node->text);
}

static void read_ip(struct tx_masking_reader *r, const struct tx_conf_node *node,
                    struct tx_masking_action *ret) {
    static const char *const known[] = {"v4_prefix", "v6_prefix", "pfx", NULL};
    const struct tx_conf_node *part;
    uint32_t bits;

    if (!tx_masking_node_map(r, node, "{v4_prefix: 24, v6_prefix: 48}", known))
        return;
    if ((part = tx_masking_node_get(node, "v4_prefix")) &&
        tx_masking_node_count(r, part, 0, 32, &bits))
        ret->ip.v4_prefix = (uint8_t)bits;
    if ((part = tx_masking_node_get(node, "v6_prefix")) &&
        tx_masking_node_count(r, part, 0, 128, &bits))
        ret->ip.v6_prefix = (uint8_t)bits;
    if ((part = tx_masking_node_get(node, "pfx")))
        tx_masking_node_error(r, part,
                              "encrypting addresses by prefix (pfx) is not supported: use "
                              "v4_prefix and v6_prefix, or pseudonym");
}

static void read_date(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      struct tx_masking_action *ret) {
    static const char *const words[] = {
        [TX_DATE_YEAR] = "year", [TX_DATE_MONTH] = "month", [TX_DATE_WEEK] = "week", NULL};
    static const char *const known[] = {"to", NULL};
    int word;

    if (!tx_masking_node_map(r, node, "{to: year}", known))
        return;
    const struct tx_conf_node *to = tx_masking_node_get(node, "to");
    if (!to)
        tx_masking_node_expected(r, node, "{to: year}, {to: month} or {to: week}");
    else if (tx_masking_node_word(r, to, words, &word))
        ret->date.to = (enum tx_masking_date)word;
}

/* --- numbers --- */

static void read_edges(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_action *ret) {
    static const char what[] = "numbers in ascending order, such as [0, 18, 65]";

    if (!tx_masking_node_items(r, node, what, EDGES_MAX))
        return;
    ret->bucket.edges =
        tx_masking_node_alloc(r, tx_masking_node_n(node), sizeof(*ret->bucket.edges));
    for (size_t i = 0; ret->bucket.edges && i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        double v, before = i ? ret->bucket.edges[i - 1] : 0;
        if (!tx_masking_node_number(r, item, what, -1e15, 1e15, &v))
            return;
        if (i && v <= before) {
            tx_masking_node_expected(r, item, "%s", what);
            return;
        }
        ret->bucket.edges[ret->bucket.n_edges++] = v;
    }
}

static void read_bucket(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_action *ret) {
    static const char *const known[] = {"width", "edges", NULL};

    if (!tx_masking_node_map(r, node, "{width: N} or {edges: [...]}", known))
        return;
    const struct tx_conf_node *width = tx_masking_node_get(node, "width");
    const struct tx_conf_node *edges = tx_masking_node_get(node, "edges");
    if (!width == !edges)
        tx_masking_node_expected(r, node, "either {width: N} or {edges: [...]}");
    else if (edges)
        read_edges(r, edges, ret);
    else
        tx_masking_node_number(r, width, "a width above 0, such as 10", 1e-9, 1e15,
                               &ret->bucket.width);
}

static void read_round(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_action *ret) {
    static const char *const known[] = {"digits", NULL};
    uint32_t digits;

    if (!tx_masking_node_map(r, node, "{digits: N}", known))
        return;
    const struct tx_conf_node *part = tx_masking_node_get(node, "digits");
    if (!part)
        tx_masking_node_expected(r, node, "{digits: N}, so many behind the point");
    else if (tx_masking_node_count(r, part, 0, 9, &digits))
        ret->round.digits = (uint8_t)digits;
}

/* --- url, keep_only --- */

static const char *const url_words[] = {
    [TX_URL_KEEP] = "keep", [TX_URL_DROP] = "drop", [TX_URL_REDACT] = "redact", NULL};

static void read_url_word(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          enum tx_masking_url *ret) {
    int word;
    if (node && tx_masking_node_word(r, node, url_words, &word))
        *ret = (enum tx_masking_url)word;
}

static void read_query(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_action *ret) {
    static const char *const known[] = {"keep", "others", NULL};
    const struct tx_conf_node *part;

    if (node->kind == TX_CONF_SCALAR) {
        read_url_word(r, node, &ret->url.query);
        return;
    }
    if (!tx_masking_node_map(r, node, "keep, drop, redact or {keep: [...], others: redact}", known))
        return;
    if ((part = tx_masking_node_get(node, "keep")))
        tx_masking_node_list(r, part, "a list of parameters, such as [page, lang]", 128,
                             &ret->url.query_keep);
    read_url_word(r, tx_masking_node_get(node, "others"), &ret->url.query);
}

static void read_url(struct tx_masking_reader *r, const struct tx_conf_node *node,
                     struct tx_masking_action *ret) {
    static const char *const known[] = {"userinfo", "query", "fragment", "path_ids", NULL};
    static const char *const path_words[] = {"keep", "template", NULL};
    const struct tx_conf_node *part;
    int word;

    if (!tx_masking_node_map(r, node, "{userinfo: drop, query: redact}", known))
        return;
    read_url_word(r, tx_masking_node_get(node, "userinfo"), &ret->url.userinfo);
    read_url_word(r, tx_masking_node_get(node, "fragment"), &ret->url.fragment);
    if ((part = tx_masking_node_get(node, "query")))
        read_query(r, part, ret);
    if ((part = tx_masking_node_get(node, "path_ids")) &&
        tx_masking_node_word(r, part, path_words, &word))
        ret->url.path_ids = word == 1;
}

static void read_keep_only(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           struct tx_masking_action *ret) {
    static const char *const known[] = {"keys", NULL};
    static const char what[] = "a list of members to keep, such as [host, user-agent]";
    const struct tx_conf_node *keys = node;

    if (node->kind == TX_CONF_MAP) {
        if (!tx_masking_node_map(r, node, what, known))
            return;
        keys = tx_masking_node_get(node, "keys");
    }
    if (!keys)
        tx_masking_node_expected(r, node, "{keys: [...]}");
    else
        tx_masking_node_list(r, keys, what, 128, &ret->keep_only.keys);
}

/* --- with a key --- */

static void set_key(struct tx_masking_reader *r, const struct tx_conf_node *node, char **key) {
    char *id = tx_masking_key_named(r, node);
    if (!id)
        return;
    free(*key);
    *key = id;
}

static void refuse_unkeyed(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    tx_masking_node_error(
        r, node,
        "a pseudonym is made with HMAC-SHA-256 and a key: a hash without a key hides nothing, "
        "since "
        "all card numbers, addresses and telephone numbers can be tried within minutes; leave '%s' "
        "out",
        node->kind == TX_CONF_SCALAR ? node->text : "hash");
}

static void read_domain(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        char **domain) {
    const char *text = tx_masking_node_id(r, node, "a domain, such as person");
    if (!text)
        return;
    free(*domain);
    *domain = tx_masking_node_copy(r, text);
}

static void read_bits(struct tx_masking_reader *r, const struct tx_conf_node *node, uint16_t *ret) {
    uint32_t bits;
    if (!tx_masking_node_count(r, node, 64, 256, &bits))
        return;
    if (bits % 16)
        tx_masking_node_expected(r, node, "a multiple of 16: 64, 80, 96 … 256");
    *ret = (uint16_t)bits;
}

static void read_pseudonym_form(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                struct tx_masking_action *ret) {
    static const char *const scopes[] = {"domain", "detector", "field", "event", "global", NULL};
    static const char *const encodings[] = {"base32", "hex", NULL};
    const struct tx_conf_node *part;
    int word;

    if ((part = tx_masking_node_get(node, "scope")) && tx_masking_node_word(r, part, scopes, &word))
        ret->pseudonym.scope = word == 4 ? TX_SCOPE_DOMAIN : (enum tx_masking_scope)word;
    if ((part = tx_masking_node_get(node, "encoding")) &&
        tx_masking_node_word(r, part, encodings, &word))
        ret->pseudonym.hex = word == 1;
    if ((part = tx_masking_node_get(node, "bits")))
        read_bits(r, part, &ret->pseudonym.bits);
    if ((part = tx_masking_node_get(node, "canonical")))
        tx_masking_node_bool(r, part, &ret->pseudonym.canonical);
    if ((part = tx_masking_node_get(node, "keep_domain")))
        tx_masking_node_bool(r, part, &ret->pseudonym.keep_domain);
}

static void read_pseudonym(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           struct tx_masking_action *ret) {
    static const char *const known[] = {"key",      "domain",      "scope", "canonical", "bits",
                                        "encoding", "keep_domain", "hash",  NULL};
    const struct tx_conf_node *part;

    if (node->kind == TX_CONF_SCALAR) { /* {pseudonym: sha256} */
        refuse_unkeyed(r, node);
        return;
    }
    if (!tx_masking_node_map(r, node, "{key: …, domain: …}", known))
        return;
    if ((part = tx_masking_node_get(node, "hash")))
        refuse_unkeyed(r, part);
    if ((part = tx_masking_node_get(node, "key")))
        set_key(r, part, &ret->pseudonym.key);
    if ((part = tx_masking_node_get(node, "domain")))
        read_domain(r, part, &ret->pseudonym.domain);
    read_pseudonym_form(r, node, ret);
}

static void read_commit(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_action *ret) {
    static const char *const known[] = {"key", "hash", NULL};
    static const char *const hashes[] = {"sha256", NULL};
    const struct tx_conf_node *part;
    int word;

    if (!tx_masking_node_map(r, node, "{key: …}", known))
        return;
    if ((part = tx_masking_node_get(node, "key")))
        set_key(r, part, &ret->commit.key);
    if ((part = tx_masking_node_get(node, "hash")))
        tx_masking_node_word(r, part, hashes, &word);
}

static void read_subject(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         struct tx_masking_action *ret) {
    static const char what[] = "the field that names the person, such as customer_id or "
                               "/customer/id";
    const char *text = tx_masking_node_text(r, node, what, 256);

    if (!text)
        return;
    if (strpbrk(text, "*{}[]") || (text[0] == '/' && !tx_masking_glob_pointer_valid(text)))
        tx_masking_node_expected(r, node, "%s: one field, no pattern", what);
    ret->encrypt.subject = tx_masking_node_copy(r, text);
}

static void read_encrypt(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         struct tx_masking_action *ret) {
    static const char *const known[] = {"alg", "subject", "also_index", "kek", NULL};
    static const char *const algorithms[] = {"aes-256-gcm", NULL};
    const struct tx_conf_node *part;
    int word;

    if (!tx_masking_node_map(r, node, "{subject: FIELD}", known))
        return;
    if ((part = tx_masking_node_get(node, "alg")))
        tx_masking_node_word(r, part, algorithms, &word);
    if ((part = tx_masking_node_get(node, "kek")))
        tx_masking_node_error(r, part,
                              "the key that wraps the persons' keys is the vault's own, "
                              "made when it first starts: leave 'kek' out");
    if ((part = tx_masking_node_get(node, "also_index")))
        set_key(r, part, &ret->encrypt.also_index);
    if ((part = tx_masking_node_get(node, "subject")))
        read_subject(r, part, ret);
    else
        tx_masking_node_error(r, node, "encrypt has no 'subject': the field that names the person");
}

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

/* --- all of them --- */

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
    {"mask", TX_ACTION_MASK, true, read_mask},
    {"replace", TX_ACTION_REPLACE, false, read_replace},
    {"pseudonym", TX_ACTION_PSEUDONYM, true, read_pseudonym},
    {"encrypt", TX_ACTION_ENCRYPT, false, read_encrypt},
    {"ip", TX_ACTION_IP, true, read_ip},
    {"date", TX_ACTION_DATE, true, read_date},
    {"bucket", TX_ACTION_BUCKET, false, read_bucket},
    {"round", TX_ACTION_ROUND, false, read_round},
    {"url", TX_ACTION_URL, true, read_url},
    {"keep_only", TX_ACTION_KEEP_ONLY, false, read_keep_only},
    {"commit", TX_ACTION_COMMIT, true, read_commit},
    {"hash", TX_ACTION_PSEUDONYM, true, read_pseudonym}, /* as they were called before */
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
        refuse_unkeyed(r, node);
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
