/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/conf/masking-read.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)
#define EPOCH_MIN (3600 * SECOND)
#define EPOCH_MAX (3660 * DAY)

/* What a TPM or a token holds does not leave it, and pseudonyms need the bytes. */
static void refuse_hardware(struct tx_masking_reader *r, const struct tx_conf_node *source) {
    tx_masking_node_error(r, source,
                          "keys from %s are not supported: use {source: file, path: …}, or "
                          "{source: credential, name: …}, which systemd-creds can seal to the TPM",
                          source->text);
}

static bool read_source(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_key *ret) {
    static const char *const words[] = {[TX_KEY_INSTALLATION] = "installation",
                                        [TX_KEY_CREDENTIAL] = "credential",
                                        [TX_KEY_FILE] = "file",
                                        NULL};
    const struct tx_conf_node *source = tx_masking_node_get(node, "source");
    int word = 0;

    if (!source) {
        tx_masking_node_error(r, node, "the key has no 'source': credential, file or installation");
        return false;
    }
    bool is_text = source->kind == TX_CONF_SCALAR;
    if (is_text && (strcmp(source->text, "pkcs11") == 0 || strcmp(source->text, "tpm") == 0)) {
        refuse_hardware(r, source);
        return false;
    }
    if (!tx_masking_node_word(r, source, words, &word))
        return false;
    ret->source = (enum tx_masking_key_source)word;
    return true;
}

static void read_credential(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            struct tx_masking_key *ret) {
    static const char what[] = "the credential's name, as in LoadCredential= of the unit";
    const struct tx_conf_node *name = tx_masking_node_get(node, "name");
    const char *text;

    if (!name) {
        tx_masking_node_error(r, node, "the key has no 'name': %s", what);
        return;
    }
    if (!(text = tx_masking_node_text(r, name, what, 255)))
        return;
    if (strchr(text, '/') || text[0] == '.')
        tx_masking_node_expected(r, name, "%s, without '/'", what);
    ret->name = tx_masking_node_copy(r, text);
}

static void read_file(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      struct tx_masking_key *ret) {
    const struct tx_conf_node *path = tx_masking_node_get(node, "path");
    const char *text;

    if (!path)
        tx_masking_node_error(r, node, "the key has no 'path': a file of 32 to 64 random bytes");
    else if ((text = tx_masking_node_text(r, path, "the path of a file of 32 to 64 random bytes",
                                          4000)))
        ret->name = tx_masking_node_path(r, text);
}

static void read_epoch(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_key *ret) {
    const struct tx_conf_node *epoch = tx_masking_node_get(node, "epoch");
    const struct tx_conf_node *overlap = tx_masking_node_get(node, "overlap");

    if (epoch && !(epoch->kind == TX_CONF_SCALAR && strcmp(epoch->text, "none") == 0))
        tx_masking_node_time(r, epoch, EPOCH_MIN, EPOCH_MAX, &ret->epoch_ns);
    if (!overlap || !tx_masking_node_time(r, overlap, 0, EPOCH_MAX, &ret->overlap_ns))
        return;
    if (ret->overlap_ns > ret->epoch_ns)
        tx_masking_node_error(r, overlap, "overlap is longer than the key's epoch");
}

static void read_key(struct tx_masking_reader *r, const struct tx_conf_node *node, bool is_default,
                     struct tx_masking_key *ret) {
    static const char *const known[] = {"source", "name", "path", "uri", "epoch", "overlap", NULL};

    if (!tx_masking_node_map(r, node, "a key, such as {source: credential, name: tracex-pn}",
                             known))
        return;
    ret->line = node->line;
    ret->column = node->column;
    read_epoch(r, node, ret);
    if (!read_source(r, node, ret))
        return;
    if (ret->source == TX_KEY_INSTALLATION && !is_default)
        tx_masking_node_error(r, node, "the installation's key has the name '%s'",
                              TX_MASKING_DEFAULT_KEY);
    if (ret->source == TX_KEY_CREDENTIAL)
        read_credential(r, node, ret);
    else if (ret->source == TX_KEY_FILE)
        read_file(r, node, ret);
    for (size_t i = 0; i < node->n; i++) {
        const char *key = node->entries[i].key->text;
        if (strcmp(key, "uri") == 0 ||
            (strcmp(key, "name") == 0 && ret->source != TX_KEY_CREDENTIAL) ||
            (strcmp(key, "path") == 0 && ret->source != TX_KEY_FILE))
            tx_masking_node_error(r, node->entries[i].key, "'%s' does not belong to this source",
                                  key);
    }
}

/* The default key is the first, whether the file says something of it or not. */
static struct tx_masking_key *place(struct tx_masking *to, const char *id) {
    if (strcmp(id, TX_MASKING_DEFAULT_KEY) == 0)
        return &to->keys[0];
    return &to->keys[to->n_keys++];
}

static void read_keys(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    for (size_t i = 0; i < node->n; i++) {
        const char *id = tx_masking_node_id(r, node->entries[i].key, "a key's name");
        struct tx_masking_key *key = id ? place(r->to, id) : NULL;
        if (!key)
            continue;
        if (!key->id)
            key->id = tx_masking_node_copy(r, id);
        read_key(r, node->entries[i].value, key == &r->to->keys[0], key);
    }
}

void tx_masking_keys_read(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    bool none = !node || tx_masking_node_is_null(node);
    struct tx_masking *to = r->to;

    if (!none && (node->kind != TX_CONF_MAP || node->n >= TX_MASKING_KEYS_MAX)) {
        tx_masking_node_expected(r, node,
                                 "up to %d keys by name, such as {pn: {source: "
                                 "credential, name: tracex-pn}}",
                                 TX_MASKING_KEYS_MAX - 1);
        none = true;
    }
    to->keys = tx_masking_node_alloc(r, 1 + (none ? 0 : node->n), sizeof(*to->keys));
    if (!to->keys)
        return;
    to->n_keys = 1;
    to->keys[0].id = tx_masking_node_copy(r, TX_MASKING_DEFAULT_KEY);
    if (!none)
        read_keys(r, node);
}

char *tx_masking_key_named(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    const char *ids[TX_MASKING_KEYS_MAX + 1] = {NULL};
    const char *id = tx_masking_node_text(r, node, "a key's name", TX_MASKING_ID_BYTES);

    if (!id)
        return NULL;
    for (size_t i = 0, n = 0; i < r->to->n_keys; i++) {
        if (!r->to->keys[i].id)
            continue;
        if (strcmp(r->to->keys[i].id, id) == 0)
            return tx_masking_node_copy(r, id);
        ids[n++] = r->to->keys[i].id;
    }
    tx_masking_node_error_meant(r, node, id, ids, "there is no key '%s' under masking.keys", id);
    return NULL;
}
