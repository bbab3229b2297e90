/* SPDX-License-Identifier: MIT */
#include "libtx/conf/masking.h"

#include <string.h>

#include "libtx/base/limits.h"
#include "libtx/conf/masking-read.h"
#include "libtx/conf/value.h"
#include "libtx/detect/detect.h"

#define FIELD_BYTES_MIN 256
#define RENDERED_BYTES_MAX (TX_LIMIT_CONFIG_BYTES - 64 * 1024) /* the rest of a file fits too */
#define RENDERED_NODES_MAX 250000
#define MS INT64_C(1000000)

static void set_defaults(struct tx_masking *masking) {
    *masking = (struct tx_masking){.limits = {.field_bytes = 64 * 1024,
                                              .decode_depth = 2,
                                              .json_depth = 32,
                                              .spans = 1024,
                                              .regex_states = 10000},
                                   .normalise = {.digits = true, .zero_width = true},
                                   .decode = TX_DECODE_JSON | TX_DECODE_PERCENT | TX_DECODE_BASE64 |
                                             TX_DECODE_HEX};
}

/* --- settings --- */

static void read_mode(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    static const char *const words[] = {"enforce", "shadow", "lockdown", NULL};
    int word;

    if (!tx_masking_node_word(r, node, words, &word))
        return;
    r->to->shadow = word == 1;
    r->to->lockdown = word == 2;
    if (r->to->shadow && !r->accepts_unmasked)
        tx_masking_node_error(r, node,
                              "with mode: shadow nothing is masked: if that is meant, say "
                              "i_accept_unmasked: true beside it");
}

static void read_words(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    static const char *const on_error[] = {[TX_ON_ERROR_MASK_FIELD] = "mask_field",
                                           [TX_ON_ERROR_DROP_FIELD] = "drop_field",
                                           [TX_ON_ERROR_REJECT_RECORD] = "reject_record",
                                           NULL};
    static const char *const bad_config[] = {"lockdown", "refuse", NULL};
    const struct tx_conf_node *part;
    int word;

    if ((part = tx_masking_node_get(node, "on_error")) &&
        tx_masking_node_word(r, part, on_error, &word))
        r->to->on_error = (enum tx_masking_on_error)word;
    if ((part = tx_masking_node_get(node, "on_bad_config")) &&
        tx_masking_node_word(r, part, bad_config, &word))
        r->to->refuse_bad_config = word == 1;
    if ((part = tx_masking_node_get(node, "mode")))
        read_mode(r, part);
}

static void read_max_field(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    uint64_t bytes;
    if (node->kind != TX_CONF_SCALAR || tx_conf_value_size(node->text, &bytes) < 0 ||
        bytes < FIELD_BYTES_MIN || bytes > TX_LIMIT_FIELDS_BYTES)
        tx_masking_node_expected(r, node, "a size with its unit from 256B to 128KiB");
    else
        r->to->limits.field_bytes = bytes;
}

static void read_limits(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    static const char *const known[] = {
        "max_field",    "oversize", "decode_depth", "max_json_depth", "max_spans",
        "regex_states", NULL};
    static const char *const oversize[] = {"redact_tail", "redact_all", NULL};
    const struct tx_conf_node *part;
    int word;

    if (!tx_masking_node_map(r, node, "limits, such as {max_field: 64KiB}", known))
        return;
    if ((part = tx_masking_node_get(node, "max_field")))
        read_max_field(r, part);
    if ((part = tx_masking_node_get(node, "oversize")) &&
        tx_masking_node_word(r, part, oversize, &word))
        r->to->limits.redact_all = word == 1;
    if ((part = tx_masking_node_get(node, "decode_depth")))
        tx_masking_node_count(r, part, 0, 4, &r->to->limits.decode_depth);
    if ((part = tx_masking_node_get(node, "max_json_depth")))
        tx_masking_node_count(r, part, 1, TX_LIMIT_JSON_DEPTH, &r->to->limits.json_depth);
    if ((part = tx_masking_node_get(node, "max_spans")))
        tx_masking_node_count(r, part, 1, TX_DETECT_MATCHES_MAX, &r->to->limits.spans);
    if ((part = tx_masking_node_get(node, "regex_states")))
        tx_masking_node_count(r, part, 100, TX_PATTERN_STATES_MAX, &r->to->limits.regex_states);
}

static void read_normalise(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    static const char *const known[] = {"nfkc_digits", "strip_zero_width", "confusables", NULL};
    const struct tx_conf_node *part;

    if (!tx_masking_node_map(r, node, "{nfkc_digits: true, strip_zero_width: true}", known))
        return;
    if ((part = tx_masking_node_get(node, "nfkc_digits")))
        tx_masking_node_bool(r, part, &r->to->normalise.digits);
    if ((part = tx_masking_node_get(node, "strip_zero_width")))
        tx_masking_node_bool(r, part, &r->to->normalise.zero_width);
    if ((part = tx_masking_node_get(node, "confusables")))
        tx_masking_node_bool(r, part, &r->to->normalise.confusables);
}

static void read_decode(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    static const char *const words[] = {"json", "percent", "base64", "hex", NULL};
    int word;

    r->to->decode = 0;
    if (node->kind == TX_CONF_LIST && node->n == 0)
        return;
    if (!tx_masking_node_items(r, node, "a list of json, percent, base64, hex", 4))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++)
        if (tx_masking_node_word(r, tx_masking_node_item(node, i), words, &word))
            r->to->decode |= 1u << word;
}

static void read_settings(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    const struct tx_conf_node *part;

    read_words(r, node);
    if ((part = tx_masking_node_get(node, "limits")))
        read_limits(r, part);
    if ((part = tx_masking_node_get(node, "normalise")))
        read_normalise(r, part);
    if ((part = tx_masking_node_get(node, "decode")))
        read_decode(r, part);
}

/* --- the section --- */

/* The file's rules first, then packs', then the preset's. */
static void append_given(struct tx_masking_reader *r) {
    struct tx_masking *to = r->to;
    struct tx_masking_rule *rules =
        reallocarray(to->rules, to->n_rules + r->n_given + 1, sizeof(*rules));

    if (!rules) {
        r->errors->failed = -ENOMEM;
        return;
    }
    to->rules = rules;
    for (size_t i = 0; i < r->n_given; i++)
        rules[to->n_rules++] = r->given[i];
    r->n_given = 0;
}

/* Nodes of the text, or more. */
static size_t count_nodes(const struct tx_bytes *text) {
    size_t n = 0;
    bool quoted = false;

    for (size_t i = 0; i < text->len; i++) {
        char c = (char)text->data[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else
            n += !quoted && strchr("[{,:\n", c) != NULL;
    }
    return n;
}

/* What is in force can be written as a file again, and is handed on like that. */
static void check_size(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;

    int result = tx_masking_render_section(r->to, 1, &text);
    if (result < 0)
        r->errors->failed = result;
    else if (text.len > RENDERED_BYTES_MAX || count_nodes(&text) > RENDERED_NODES_MAX)
        tx_masking_node_error(r, node,
                              "with its classes and files of words written out, the "
                              "section is longer than a configuration may be (1 MiB)");
}

/* What others name comes first: keys, detectors, classes, presets; then who names them. */
static void read_section(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    const struct tx_conf_node *part;

    if ((part = tx_masking_node_get(node, "i_accept_unmasked")))
        tx_masking_node_bool(r, part, &r->accepts_unmasked);
    read_settings(r, node);
    tx_masking_keys_read(r, tx_masking_node_get(node, "keys"));
    if ((part = tx_masking_node_get(node, "detectors")))
        tx_masking_detectors_read(r, part);
    if ((part = tx_masking_node_get(node, "classes")))
        tx_masking_classes_read(r, part);
    tx_masking_preset_read(r, tx_masking_node_get(node, "preset"),
                           tx_masking_node_get(node, "packs"));
    if ((part = tx_masking_node_get(node, "allow")))
        tx_masking_allows_read(r, part);
    size_t told = r->errors->n;
    if ((part = tx_masking_node_get(node, "rules")))
        tx_masking_rules_read(r, part, &r->to->rules, &r->to->n_rules);
    if (part && r->errors->n == told && !r->errors->failed)
        tx_masking_check_rules(r, part);
    if ((part = tx_masking_node_get(node, "tests")))
        tx_masking_tests_read(r, part);
    append_given(r);
}

static void free_reader(struct tx_masking_reader *r) {
    for (size_t i = 0; i < r->n_given; i++)
        tx_masking_rule_deinit(&r->given[i]);
    free(r->given);
    free(r->classes);
}

void tx_conf_masking_lock_down(struct tx_masking *masking) {
    bool refuse = masking->refuse_bad_config;
    tx_masking_deinit(masking);
    set_defaults(masking);
    masking->lockdown = true;
    masking->refuse_bad_config = refuse;
}

int tx_conf_masking_read(const struct tx_conf_node *node, struct tx_text directory,
                         struct tx_conf_errors *errors, struct tx_masking *ret) {
    static const char *const known[] = {
        "preset",    "packs",  "mode", "i_accept_unmasked", "on_error", "on_bad_config", "limits",
        "normalise", "decode", "keys", "detectors",         "classes",  "allow",         "rules",
        "tests",     NULL};
    static const struct tx_conf_node empty = {.kind = TX_CONF_MAP};
    struct tx_masking_reader r = {
        .errors = errors, .directory = directory, .to = ret, .source = TX_FROM_FILE};
    size_t told = errors->n;

    set_defaults(ret);
    if (!node || tx_masking_node_is_null(node))
        node = &empty;
    if (tx_masking_node_map(&r, node, "{preset: …, rules: [...]}", known))
        read_section(&r, node);
    if (errors->n == told && !errors->failed)
        check_size(&r, node);
    free_reader(&r);
    if (errors->n == told && !errors->failed)
        return 0;
    if (errors->failed) {
        tx_masking_deinit(ret);
        return errors->failed;
    }
    tx_conf_masking_lock_down(ret);
    return TX_CONF_E_MASKING;
}
