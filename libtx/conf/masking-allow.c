/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "libtx/conf/masking-read.h"
#include "libtx/conf/value.h"
#include "libtx/mask/policy/masking-cover.h"

/* --- networks --- */

static bool host_bits_are_zero(const struct tx_masking_cidr *cidr) {
    for (unsigned bit = cidr->bits; bit < 128; bit++)
        if (cidr->address[bit / 8] >> (7 - bit % 8) & 1)
            return false;
    return true;
}

/* False when the text is no address. */
static bool parse_address(const char *text, uint8_t ret[16], unsigned *ret_before) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    *ret_before = strchr(text, ':') ? 0 : 96;
    if (*ret_before == 0)
        return inet_pton(AF_INET6, text, ret) == 1;
    memcpy(ret, mapped, sizeof(mapped));
    return inet_pton(AF_INET, text, ret + 12) == 1;
}

static void read_cidr(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      struct tx_masking_cidr *ret, size_t *n) {
    static const char what[] = "a network or an address, such as 10.0.0.0/8 or 2001:db8::/32";
    const char *text = tx_masking_node_text(r, node, what, INET6_ADDRSTRLEN + 4);
    struct tx_masking_cidr cidr = {.bits = 128};
    char address[INET6_ADDRSTRLEN + 5];
    unsigned before;
    uint64_t bits = 0;

    if (!text)
        return;
    size_t length = strcspn(text, "/");
    snprintf(address, sizeof(address), "%.*s", (int)length, text);
    bool has_bits = text[length] != '\0';
    if (!parse_address(address, cidr.address, &before) ||
        (has_bits && (tx_conf_value_count(text + length + 1, &bits) < 0 || bits > 128 - before))) {
        tx_masking_node_expected(r, node, "%s", what);
        return;
    }
    if (has_bits)
        cidr.bits = (uint8_t)(before + bits);
    if (!host_bits_are_zero(&cidr))
        tx_masking_node_error(r, node,
                              "the address has bits behind its /%u: write the network's "
                              "own address",
                              (unsigned)bits);
    ret[(*n)++] = cidr;
}

static void read_cidrs(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_allow *ret) {
    if (!tx_masking_node_items(r, node, "a list of networks, such as [10.0.0.0/8]",
                               TX_MASKING_ITEMS_MAX))
        return;
    ret->cidrs = tx_masking_node_alloc(r, tx_masking_node_n(node), sizeof(*ret->cidrs));
    for (size_t i = 0; ret->cidrs && i < tx_masking_node_n(node); i++)
        read_cidr(r, tx_masking_node_item(node, i), ret->cidrs, &ret->n_cidrs);
}

/* --- other values --- */

static void read_sha256(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_allow *ret) {
    static const char what[] = "SHA-256 digests, each of 64 hex digits";

    if (!tx_masking_node_items(r, node, what, TX_MASKING_ITEMS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        const char *text = tx_masking_node_text(r, item, what, 1024);
        if (!text)
            continue;
        if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64) {
            tx_masking_node_expected(r, item, "%s", what);
            continue;
        }
        char hex[65];
        for (size_t k = 0; k < sizeof(hex); k++)
            hex[k] = text[k] >= 'A' && text[k] <= 'F' ? (char)(text[k] | 0x20) : text[k];
        tx_masking_node_add(r, &ret->sha256, hex);
    }
}

static void read_domains(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         struct tx_masking_allow *ret) {
    static const char what[] = "domains, such as [example.org], which allows those below it too";

    if (!tx_masking_node_items(r, node, what, TX_MASKING_ITEMS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        const char *text = tx_masking_node_text(r, item, what, 253);
        if (!text)
            continue;
        size_t n = strlen(text);
        if (strpbrk(text, "*/@: \t") || text[0] == '.' || text[n - 1] == '.' ||
            strstr(text, "..")) {
            tx_masking_node_expected(r, item, "%s", what);
            continue;
        }
        char small[254];
        for (size_t k = 0; k <= n; k++)
            small[k] = text[k] >= 'A' && text[k] <= 'Z' ? (char)(text[k] | 0x20) : text[k];
        tx_masking_node_add(r, &ret->domains, small);
    }
}

/* Which values; one kind at least. */
static void read_values(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_allow *ret) {
    static const char *const kinds[] = {"values", "sha256", "cidr", "domains", "preset", "regex"};
    static const char *const presets[] = {"public-test-pans", NULL};
    const struct tx_conf_node *part;
    const char *text;
    bool any = false;
    int word;

    for (size_t i = 0; i < TX_COUNT_OF(kinds); i++)
        any |= tx_masking_node_get(node, kinds[i]) != NULL;
    if (!any)
        tx_masking_node_error(r, node,
                              "the allow does not say which values: values, sha256, cidr, "
                              "domains, preset or regex");
    if ((part = tx_masking_node_get(node, "values")))
        tx_masking_node_list(r, part, "a list of values", TX_MASKING_TEXT_BYTES, &ret->values);
    if ((part = tx_masking_node_get(node, "sha256")))
        read_sha256(r, part, ret);
    if ((part = tx_masking_node_get(node, "cidr")))
        read_cidrs(r, part, ret);
    if ((part = tx_masking_node_get(node, "domains")))
        read_domains(r, part, ret);
    if ((part = tx_masking_node_get(node, "preset")) &&
        tx_masking_node_word(r, part, presets, &word))
        ret->public_test_pans = true;
    if ((part = tx_masking_node_get(node, "regex")) &&
        (text = tx_masking_node_text(r, part, "a regular expression for the whole value",
                                     TX_PATTERN_BYTES))) {
        tx_masking_regex_check(r, part, (struct tx_pattern_options){.whole_value = true});
        ret->regex = tx_masking_node_copy(r, text);
    }
}

/* A network is of addresses, a domain of mail or a URL, a test card is a card: with other detectors
 * nothing is met. */
static void check_fits(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       const struct tx_masking_allow *allow) {
    struct tx_detector_set found;

    if (allow->detectors.n == 0 || !tx_masking_built_in(&allow->detectors, &found))
        return;
    if (allow->n_cidrs && !tx_detectors_have(&found, TX_DETECT_IPV4) &&
        !tx_detectors_have(&found, TX_DETECT_IPV6))
        tx_masking_node_error(r, tx_masking_node_get(node, "cidr"),
                              "networks are for the detectors ipv4 and ipv6");
    if (allow->domains.n && !tx_detectors_have(&found, TX_DETECT_EMAIL) &&
        !tx_detectors_have(&found, TX_DETECT_URL_PASSWORD))
        tx_masking_node_error(r, tx_masking_node_get(node, "domains"),
                              "domains are for the detectors email and url_password");
    if (allow->public_test_pans && !tx_detectors_have(&found, TX_DETECT_CREDIT_CARD))
        tx_masking_node_error(r, tx_masking_node_get(node, "preset"),
                              "public-test-pans is for the detector credit_card");
}

/* --- an allow --- */

static void read_name(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      struct tx_masking_allow *ret) {
    const struct tx_conf_node *name = tx_masking_node_get(node, "name");
    const char *text;

    if (!name) {
        tx_masking_node_error(r, node, "the allow has no 'name'");
        return;
    }
    if (!(text = tx_masking_node_id(r, name, "an allow's name")))
        return;
    for (size_t i = 0; i < r->to->n_allows; i++)
        if (r->to->allows[i].name && strcmp(r->to->allows[i].name, text) == 0)
            tx_masking_node_error(r, name, "an allow before this one has the name '%s' too", text);
    ret->name = tx_masking_node_copy(r, text);
}

static bool is_any(const struct tx_conf_node *node) {
    return node->kind == TX_CONF_SCALAR && strcmp(node->text, "any") == 0;
}

static void read_where(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_allow *ret) {
    const struct tx_conf_node *part = tx_masking_node_get(node, "detector");

    if (!part)
        tx_masking_node_error(r, node, "the allow has no 'detector': one, a list, or any");
    else if (!is_any(part))
        tx_masking_detect_read(r, part, &ret->detectors);
    if ((part = tx_masking_node_get(node, "events")))
        tx_masking_glob_read_events(r, part, &ret->events);
    if ((part = tx_masking_node_get(node, "fields")))
        tx_masking_glob_read_fields(r, part, &ret->fields);
}

static void read_why(struct tx_masking_reader *r, const struct tx_conf_node *node,
                     struct tx_masking_allow *ret) {
    const struct tx_conf_node *reason = tx_masking_node_get(node, "reason"), *part;
    const char *text;

    if (!reason)
        tx_masking_node_error(r, node, "the allow has no 'reason': who reads this later wants it");
    else if ((text = tx_masking_node_text(r, reason, "a reason", TX_MASKING_TEXT_BYTES)))
        ret->reason = tx_masking_node_copy(r, text);
    if ((part = tx_masking_node_get(node, "approved_by")) &&
        (text = tx_masking_node_text(r, part, "who approved it", 256)))
        ret->approved_by = tx_masking_node_copy(r, text);
    if ((part = tx_masking_node_get(node, "expires")))
        tx_masking_node_date(r, part, &ret->expires);
}

static void read_allow(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_allow *ret) {
    static const char *const known[] = {"name",    "detector",    "values",  "sha256", "cidr",
                                        "domains", "preset",      "regex",   "events", "fields",
                                        "reason",  "approved_by", "expires", NULL};

    ret->line = node->line;
    if (!tx_masking_node_map(r, node, "an allow: {name: …, detector: …, values: [...], reason: …}",
                             known))
        return;
    read_name(r, node, ret);
    read_where(r, node, ret);
    read_values(r, node, ret);
    check_fits(r, node, ret);
    read_why(r, node, ret);
}

void tx_masking_allows_read(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    if (tx_masking_node_is_null(node))
        return;
    if (node->kind != TX_CONF_LIST || node->n > TX_MASKING_ITEMS_MAX) {
        tx_masking_node_expected(r, node, "a list of at most %d allows", TX_MASKING_ITEMS_MAX);
        return;
    }
    r->to->allows = tx_masking_node_alloc(r, node->n + 1, sizeof(*r->to->allows));
    for (size_t i = 0; r->to->allows && i < node->n; i++) {
        read_allow(r, node->entries[i].value, &r->to->allows[i]);
        r->to->n_allows++;
    }
}
