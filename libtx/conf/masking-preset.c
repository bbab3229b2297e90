/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "libtx/conf/masking-read.h"
#include "libtx/conf/value.h"

#define PRESET_DEFAULT "secure-default"
#define PACKS_MAX 32

/* --- which one --- */

/* "secure-default, none" or "pci, secrets …". */
static void put_names(bool is_pack, struct tx_buf *b) {
    for (size_t i = 0; tx_presets[i].name; i++) {
        if (tx_presets[i].is_pack != is_pack ||
            (i > 0 && strcmp(tx_presets[i].name, tx_presets[i - 1].name) == 0))
            continue;
        tx_buf_str(b, b->len ? ", " : "");
        tx_buf_str(b, tx_presets[i].name);
    }
    tx_buf_str(b, is_pack ? "" : ", none");
    tx_buf_char(b, '\0');
}

static void no_such_name(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         const char *name, bool is_pack) {
    const char *names[64] = {NULL};
    char list[512];
    struct tx_buf b = tx_buf_of(list, sizeof(list));
    bool other = false;

    put_names(is_pack, &b);
    for (size_t i = 0, n = 0; tx_presets[i].name && n + 1 < TX_COUNT_OF(names); i++) {
        other |= tx_presets[i].is_pack != is_pack && strcmp(tx_presets[i].name, name) == 0;
        if (tx_presets[i].is_pack == is_pack)
            names[n++] = tx_presets[i].name;
    }
    if (other)
        tx_masking_node_error(r, node, "'%s' is a %s: write it under '%s'", name,
                              is_pack ? "preset" : "pack", is_pack ? "preset" : "packs");
    else
        tx_masking_node_error_meant(r, node, name, names, "expected a %s: %s",
                                    is_pack ? "pack" : "preset", list);
}

static void no_such_version(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            const char *name) {
    char list[256];
    struct tx_buf b = tx_buf_of(list, sizeof(list));

    for (size_t i = 0; tx_presets[i].name; i++)
        if (strcmp(tx_presets[i].name, name) == 0) {
            tx_buf_str(&b, b.len ? ", " : "");
            tx_buf_str(&b, name);
            tx_buf_char(&b, '@');
            tx_buf_dec(&b, tx_presets[i].version);
        }
    tx_buf_char(&b, '\0');
    tx_masking_node_error(r, node, "there is no version '%s'; there is %s", node->text, list);
}

/* NAME or NAME@N; without a version the newest, which stands first. */
static const struct tx_preset *find(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                    bool is_pack) {
    const char *what = is_pack ? "a pack, such as pci@1" : "a preset: secure-default@1 or none";
    const char *text = tx_masking_node_text(r, node, what, 2 * TX_MASKING_ID_BYTES);
    char name[2 * TX_MASKING_ID_BYTES + 1];
    bool known = false;
    uint64_t version = 0;

    if (!text)
        return NULL;
    const char *at = strchr(text, '@');
    snprintf(name, sizeof(name), "%.*s", at ? (int)(at - text) : (int)strlen(text), text);
    bool has_version = at && tx_conf_value_count(at + 1, &version) == 0;
    for (size_t i = 0; tx_presets[i].name; i++) {
        const struct tx_preset *preset = &tx_presets[i];
        if (preset->is_pack != is_pack || strcmp(preset->name, name) != 0)
            continue;
        if (!at || (has_version && preset->version == version))
            return preset;
        known = true;
    }
    if (known)
        no_such_version(r, node, name);
    else
        no_such_name(r, node, name, is_pack);
    return NULL;
}

/* --- its rules --- */

/* The text is ours: what is wrong with it is a fault of the program. */
static void read_rules(struct tx_masking_reader *r, const struct tx_preset *preset) {
    char prefix[TX_MASKING_ID_BYTES + 2];
    _cleanup_(tx_bytes_deinit) struct tx_bytes told = TX_BYTES_INIT;
    struct tx_conf_errors errors = {
        .name = preset->name, .text = {preset->text, preset->n}, .to = &told};
    struct tx_masking_reader own = *r;

    snprintf(prefix, sizeof(prefix), "%s/", preset->name);
    own.errors = &errors;
    own.prefix = prefix;
    own.source = preset->is_pack ? TX_FROM_PACK : TX_FROM_PRESET;
    own.n_patterns = 0;
    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *root =
        tx_conf_tree_new(errors.text, &errors);
    const struct tx_conf_node *rules = root ? tx_masking_node_get(root, "rules") : NULL;
    assert(rules || errors.failed);
    if (rules)
        tx_masking_rules_read(&own, rules, &r->given, &r->n_given);
    assert(errors.n == 0);
    if (errors.failed)
        r->errors->failed = errors.failed;
}

static char *name_of(struct tx_masking_reader *r, const struct tx_preset *preset) {
    char text[2 * TX_MASKING_ID_BYTES];
    snprintf(text, sizeof(text), "%s@%u", preset->name, preset->version);
    return tx_masking_node_copy(r, text);
}

static void read_packs(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    static const char what[] = "a list of packs, such as [pci@1, eu-national-ids]";
    const struct tx_preset *taken[PACKS_MAX];
    size_t n = 0;

    if (tx_masking_node_is_null(node) || (node->kind == TX_CONF_LIST && node->n == 0) ||
        !tx_masking_node_items(r, node, what, PACKS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const struct tx_conf_node *item = tx_masking_node_item(node, i);
        const struct tx_preset *pack = find(r, item, true);
        if (!pack)
            continue;
        for (size_t k = 0; k < n; k++)
            if (strcmp(taken[k]->name, pack->name) == 0) {
                tx_masking_node_error(r, item, "the pack '%s' stands here twice", pack->name);
                pack = NULL;
                break;
            }
        if (!pack)
            continue;
        taken[n++] = pack;
        _cleanup_(tx_freep) char *name = name_of(r, pack);
        if (name)
            tx_masking_node_add(r, &r->to->packs, name);
        read_rules(r, pack);
    }
}

void tx_masking_preset_read(struct tx_masking_reader *r, const struct tx_conf_node *preset,
                            const struct tx_conf_node *packs) {
    static struct tx_conf_node newest = {.kind = TX_CONF_SCALAR, .text = (char *)PRESET_DEFAULT};
    bool none = preset && preset->kind == TX_CONF_SCALAR && strcmp(preset->text, "none") == 0;

    if (packs)
        read_packs(r, packs);
    if (none) {
        if (!r->accepts_unmasked)
            tx_masking_node_error(r, preset,
                                  "with preset: none, only what this file names is "
                                  "masked: if that is meant, say i_accept_unmasked: "
                                  "true beside it");
        return;
    }
    const struct tx_preset *found = find(r, preset ? preset : &newest, false);
    if (!found)
        return;
    r->to->preset = name_of(r, found);
    read_rules(r, found);
}
