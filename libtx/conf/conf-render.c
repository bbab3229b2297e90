/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/conf/conf.h"
#include "libtx/conf/schema.h"
#include "libtx/conf/value.h"
#include "libtx/mask/policy/yaml.h"

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

static void put_quoted(struct writer *w, const char *text) {
    int r = tx_yaml_put_string(w->b, text);
    if (r < 0)
        w->failed = r;
}

static void put_events(struct writer *w, const struct tx_masking_list *events) {
    put_str(w, "[");
    for (size_t i = 0; i < events->n; i++) {
        put_str(w, i > 0 ? ", " : "");
        put_quoted(w, events->item[i]);
    }
    put_str(w, "]");
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
    case TX_CONF_TYPE_SIZE_OR_OFF:
    case TX_CONF_TYPE_SPACE_OR_OFF:
        if (*(const uint64_t *)at == 0)
            tx_buf_str(&b, "off");
        else
            tx_conf_value_put_space(&b, *(const uint64_t *)at);
        break;
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
    case TX_CONF_TYPE_EVENTS:
        put_events(w, at);
        return;
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

/* A log that is there keeps its name; nobody said another. */
static bool keeps_its_name(const struct tx_conf *conf, const struct tx_conf_key *key) {
    for (int i = 0; i < TX_STREAM_N; i++)
        if ((const char *)conf + key->offset == (const char *)&conf->streams[i].origin)
            return conf->streams[i].origin_is_default;
    return false;
}

static int render(const struct tx_conf *conf, bool to_hand_on, struct tx_bytes *b) {
    struct writer w = {.b = b};
    const char *before = "";

    for (const struct tx_conf_key *key = tx_conf_keys; key->path; key++) {
        if (is_unset(conf, key) || (to_hand_on && keeps_its_name(conf, key)))
            continue;
        put_key(&w, key->path, before);
        put_value(&w, conf, key);
        put_str(&w, "\n");
        before = key->path;
    }
    int r = tx_conf_durability_render(&conf->durability, b);
    if (r < 0)
        w.failed = r;
    put_str(&w, "masking:\n");
    return w.failed < 0 ? w.failed : tx_masking_render_section(&conf->masking, 1, b);
}

int tx_conf_render(const struct tx_conf *conf, struct tx_bytes *b) {
    return render(conf, false, b);
}

int tx_conf_render_to_hand_on(const struct tx_conf *conf, struct tx_bytes *b) {
    return render(conf, true, b);
}
