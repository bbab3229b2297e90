/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/conf/conf.h"
#include "libtx/conf/schema.h"
#include "libtx/conf/value.h"

#define VALUE_BYTES 8192

struct writer {
    struct tx_bytes *b;
    int failed;
};

static void put(struct writer *w, const char *text, size_t n) {
    int r = tx_bytes_append(w->b, text, n);
    if (r < 0)
        w->failed = r;
}

static void put_str(struct writer *w, const char *text) {
    put(w, text, strlen(text));
}

/* A double-quoted scalar: JSON's escapes are YAML's too. */
static void put_quoted(struct writer *w, const char *text) {
    char memory[VALUE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_json_string(&b, text, strlen(text));
    if (b.full)
        w->failed = -ENOSPC;
    else
        put(w, memory, b.len);
}

static void put_value(struct writer *w, const struct tx_conf *conf, const struct tx_conf_key *key) {
    const void *at = (const char *)conf + key->offset;
    char memory[128];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    switch (key->type) {
    case TX_CONF_TYPE_PATH:
    case TX_CONF_TYPE_NAME:
    case TX_CONF_TYPE_ORIGIN:
        put_quoted(w, *(char *const *)at);
        return;
    case TX_CONF_TYPE_SIZE:
        tx_conf_value_put_size(&b, *(const uint64_t *)at);
        break;
    case TX_CONF_TYPE_COUNT:
        tx_buf_dec(&b, *(const uint64_t *)at);
        break;
    case TX_CONF_TYPE_TIME_OR_OFF:
        if (*(const int64_t *)at == 0) {
            tx_buf_str(&b, "off");
            break;
        }
        /* fall through */
    case TX_CONF_TYPE_TIME:
        tx_conf_value_put_time(&b, *(const int64_t *)at);
        break;
    case TX_CONF_TYPE_BOOL:
        tx_buf_str(&b, *(const bool *)at ? "true" : "false");
        break;
    case TX_CONF_TYPE_MODE:
        b.len = (size_t)snprintf(memory, sizeof(memory), "\"%04o\"", *(const mode_t *)at);
        break;
    case TX_CONF_TYPE_WORD:
        tx_buf_str(&b, key->words[*(const int *)at]);
        break;
    case TX_CONF_TYPE_FIXED:
        tx_buf_str(&b, key->default_text);
        break;
    }
    put(w, memory, b.len);
}

/* Opens the sections of a key that the one before did not have, and names the key. */
static void put_key(struct writer *w, const char *path, const char *before) {
    size_t shared = 0, depth = 0;

    for (size_t i = 0; path[i] && path[i] == before[i]; i++)
        if (path[i] == '.') {
            shared = i + 1;
            depth++;
        }
    for (const char *part = path + shared;; depth++) {
        size_t n = strcspn(part, ".");
        for (size_t i = 0; i < depth; i++)
            put_str(w, "  ");
        put(w, part, n);
        put_str(w, part[n] ? ":\n" : ": ");
        if (!part[n])
            return;
        part += n + 1;
    }
}

static bool is_unset(const struct tx_conf *conf, const struct tx_conf_key *key) {
    return key->type == TX_CONF_TYPE_NAME && !*(char *const *)((const char *)conf + key->offset);
}

static void put_list(struct writer *w, const char *name, char *const *words, size_t n,
                     const char *separator) {
    if (n == 0)
        return;
    put_str(w, separator);
    put_str(w, name);
    put_str(w, ": [");
    for (size_t i = 0; i < n; i++) {
        if (i)
            put_str(w, ", ");
        put_quoted(w, words[i]);
    }
    put_str(w, "]");
}

static void put_action(struct writer *w, const struct tx_mask_action *action) {
    static const char *const words[] = {[TX_MASK_REDACT] = "redact",
                                        [TX_MASK_HASH] = "hash",
                                        [TX_MASK_DROP] = "drop",
                                        [TX_MASK_DROP_RECORD] = "drop_record"};
    char text[64];

    if (action->kind != TX_MASK_KEEP) {
        put_str(w, words[action->kind]);
        return;
    }
    snprintf(text, sizeof(text), "{mask: {keep_first: %u, keep_last: %u}}", action->keep_first,
             action->keep_last);
    put_str(w, text);
}

static void put_rule(struct writer *w, const struct tx_mask_rule *rule) {
    char *labels[2];
    size_t n_labels = 0;
    size_t start;

    if (rule->label_pii)
        labels[n_labels++] = (char *)"pii";
    if (rule->label_secret)
        labels[n_labels++] = (char *)"secret";
    put_str(w, "    - {id: ");
    put_quoted(w, rule->id);
    put_str(w, ", match: {");
    start = w->b->len;
    put_list(w, "events", rule->events, rule->n_events, "");
    put_list(w, "fields", rule->fields, rule->n_fields, w->b->len > start ? ", " : "");
    put_list(w, "labels", labels, n_labels, w->b->len > start ? ", " : "");
    put_list(w, "detect", rule->detectors, rule->n_detectors, w->b->len > start ? ", " : "");
    put_str(w, "}, action: ");
    put_action(w, &rule->action);
    put_str(w, "}\n");
}

static void put_masking(struct writer *w, const struct tx_mask_rules *rules) {
    put_str(w, "masking:\n  preset: ");
    put_str(w, rules->preset_none ? "none\n" : "secure-default\n");
    put_str(w, rules->n_rules ? "  rules:\n" : "  rules: []\n");
    for (size_t i = 0; i < rules->n_rules; i++)
        put_rule(w, &rules->rules[i]);
}

int tx_conf_render(const struct tx_conf *conf, struct tx_bytes *b) {
    struct writer w = {.b = b};
    const char *before = "";

    for (const struct tx_conf_key *key = tx_conf_keys; key->path; key++) {
        if (is_unset(conf, key))
            continue;
        put_key(&w, key->path, before);
        put_value(&w, conf, key);
        put_str(&w, "\n");
        before = key->path;
    }
    put_masking(&w, &conf->masking);
    return w.failed;
}
