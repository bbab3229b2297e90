/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/conf/masking-action.h"

static void set_key(struct tx_masking_reader *r, const struct tx_conf_node *node, char **key) {
    char *id = tx_masking_key_named(r, node);
    if (!id)
        return;
    free(*key);
    *key = id;
}

void tx_masking_action_refuse_unkeyed(struct tx_masking_reader *r,
                                      const struct tx_conf_node *node) {
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

void tx_masking_action_read_pseudonym(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                      struct tx_masking_action *ret) {
    static const char *const known[] = {"key",      "domain",      "scope", "canonical", "bits",
                                        "encoding", "keep_domain", "hash",  NULL};
    const struct tx_conf_node *part;

    if (node->kind == TX_CONF_SCALAR) { /* {pseudonym: sha256} */
        tx_masking_action_refuse_unkeyed(r, node);
        return;
    }
    if (!tx_masking_node_map(r, node, "{key: …, domain: …}", known))
        return;
    if ((part = tx_masking_node_get(node, "hash")))
        tx_masking_action_refuse_unkeyed(r, part);
    if ((part = tx_masking_node_get(node, "key")))
        set_key(r, part, &ret->pseudonym.key);
    if ((part = tx_masking_node_get(node, "domain")))
        read_domain(r, part, &ret->pseudonym.domain);
    read_pseudonym_form(r, node, ret);
}

void tx_masking_action_read_commit(struct tx_masking_reader *r, const struct tx_conf_node *node,
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

void tx_masking_action_read_encrypt(struct tx_masking_reader *r, const struct tx_conf_node *node,
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
