/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/conf/masking-action.h"

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

void tx_masking_action_read_mask(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_replace(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_ip(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_date(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_bucket(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_round(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_url(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_keep_only(struct tx_masking_reader *r, const struct tx_conf_node *node,
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
