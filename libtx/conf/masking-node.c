/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libtx/conf/masking-read.h"
#include "libtx/conf/value.h"

#define MESSAGE_BYTES 1024

/* --- errors --- */

void tx_masking_node_error(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    tx_conf_error(r->errors, node->line, node->column, "%s", message);
}

void tx_masking_node_expected(struct tx_masking_reader *r, const struct tx_conf_node *node,
                              const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    tx_conf_error(r->errors, node->line, node->column, "expected %s", message);
}

void tx_masking_node_error_meant(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 const char *word, const char *const *candidates,
                                 const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    const char *meant = word ? tx_conf_did_you_mean(word, candidates) : NULL;
    tx_conf_error(r->errors, node->line, node->column, "%s%s%s%s", message,
                  meant ? ": did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

/* --- maps and lists --- */

bool tx_masking_node_is_null(const struct tx_conf_node *node) {
    return node->kind == TX_CONF_SCALAR && !node->text[0] && !node->quoted;
}

const struct tx_conf_node *tx_masking_node_get(const struct tx_conf_node *map, const char *key) {
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->entries[i].key->text, key) == 0)
            return map->entries[i].value;
    return NULL;
}

bool tx_masking_node_map(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         const char *what, const char *const *known) {
    if (node->kind != TX_CONF_MAP) {
        tx_masking_node_expected(r, node, "%s", what);
        return false;
    }
    for (size_t i = 0; i < node->n; i++) {
        const struct tx_conf_node *key = node->entries[i].key;
        size_t k = 0;
        while (known[k] && strcmp(known[k], key->text) != 0)
            k++;
        if (!known[k])
            tx_masking_node_error_meant(r, key, key->text, known, "unknown key '%s'", key->text);
    }
    return true;
}

size_t tx_masking_node_n(const struct tx_conf_node *node) {
    return node->kind == TX_CONF_LIST ? node->n : 1;
}

const struct tx_conf_node *tx_masking_node_item(const struct tx_conf_node *node, size_t i) {
    return node->kind == TX_CONF_LIST ? node->entries[i].value : node;
}

bool tx_masking_node_items(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           const char *what, size_t max) {
    size_t n = tx_masking_node_n(node);
    if (n > 0 && n <= max && !tx_masking_node_is_null(node))
        return true;
    if (n > max)
        tx_masking_node_error(r, node, "there are more than %zu here: expected %s", max, what);
    else
        tx_masking_node_expected(r, node, "%s", what);
    return false;
}

/* --- memory --- */

void *tx_masking_node_alloc(struct tx_masking_reader *r, size_t n, size_t size) {
    void *memory = calloc(n, size);
    if (!memory)
        r->errors->failed = -ENOMEM;
    return memory;
}

char *tx_masking_node_copy(struct tx_masking_reader *r, const char *text) {
    char *s = strdup(text);
    if (!s)
        r->errors->failed = -ENOMEM;
    return s;
}

void tx_masking_node_add(struct tx_masking_reader *r, struct tx_masking_list *list,
                         const char *text) {
    char **item = reallocarray(list->item, list->n + 1, sizeof(*item));
    if (!item) {
        r->errors->failed = -ENOMEM;
        return;
    }
    list->item = item;
    item[list->n] = tx_masking_node_copy(r, text);
    if (item[list->n])
        list->n++;
}

/* --- scalars --- */

const char *tx_masking_node_text(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 const char *what, size_t max) {
    if (node->kind != TX_CONF_SCALAR || !node->text[0]) {
        tx_masking_node_expected(r, node, "%s", what);
        return NULL;
    }
    if (strlen(node->text) > max) {
        tx_masking_node_expected(r, node, "at most %zu bytes", max);
        return NULL;
    }
    return node->text;
}

void tx_masking_node_list(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          const char *what, size_t max, struct tx_masking_list *ret) {
    if (!tx_masking_node_items(r, node, what, TX_MASKING_ITEMS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        const char *text = tx_masking_node_text(r, tx_masking_node_item(node, i), what, max);
        if (text)
            tx_masking_node_add(r, ret, text);
    }
}

bool tx_masking_node_word(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          const char *const *words, int *ret) {
    char memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory) - 1);
    const char *word = node->kind == TX_CONF_SCALAR ? node->text : NULL;

    for (int i = 0; words[i]; i++) {
        if (word && strcmp(words[i], word) == 0) {
            *ret = i;
            return true;
        }
        tx_buf_str(&b, i ? ", " : "");
        tx_buf_str(&b, words[i]);
    }
    memory[b.len] = '\0';
    tx_masking_node_error_meant(r, node, word, words, "expected one of %s", memory);
    return false;
}

void tx_masking_node_bool(struct tx_masking_reader *r, const struct tx_conf_node *node, bool *ret) {
    if (node->kind != TX_CONF_SCALAR || tx_conf_value_bool(node->text, ret) < 0)
        tx_masking_node_expected(r, node, "true or false");
}

bool tx_masking_node_count(struct tx_masking_reader *r, const struct tx_conf_node *node,
                           uint32_t min, uint32_t max, uint32_t *ret) {
    uint64_t v;
    if (node->kind != TX_CONF_SCALAR || tx_conf_value_count(node->text, &v) < 0 || v < min ||
        v > max) {
        tx_masking_node_expected(r, node, "a whole number from %u to %u", min, max);
        return false;
    }
    *ret = (uint32_t)v;
    return true;
}

/* As JSON writes numbers: no hex digits, no "inf", no white space. */
static bool is_number(const char *text) {
    return text[0] && text[strspn(text, "0123456789+-.eE")] == '\0' && !strchr("eE+.", text[0]);
}

bool tx_masking_node_number(struct tx_masking_reader *r, const struct tx_conf_node *node,
                            const char *what, double min, double max, double *ret) {
    char *end = NULL;
    double v = 0;

    if (node->kind == TX_CONF_SCALAR && is_number(node->text))
        v = strtod(node->text, &end);
    if (!end || *end || !isfinite(v) || v < min || v > max) {
        tx_masking_node_expected(r, node, "%s", what);
        return false;
    }
    *ret = v + 0.0; /* -0 is 0 */
    return true;
}

void tx_masking_node_percent(struct tx_masking_reader *r, const struct tx_conf_node *node,
                             uint8_t *ret) {
    double v;
    if (tx_masking_node_number(r, node, "a confidence from 0 to 1, such as 0.6", 0, 1, &v))
        *ret = (uint8_t)lround(v * 100);
}

bool tx_masking_node_time(struct tx_masking_reader *r, const struct tx_conf_node *node, int64_t min,
                          int64_t max, int64_t *ret) {
    char memory[128];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory) - 1);
    int64_t v;

    if (node->kind == TX_CONF_SCALAR && tx_conf_value_time(node->text, &v) == 0 && v >= min &&
        v <= max) {
        *ret = v;
        return true;
    }
    tx_conf_value_put_time(&b, min);
    tx_buf_str(&b, " to ");
    tx_conf_value_put_time(&b, max);
    memory[b.len] = '\0';
    tx_masking_node_expected(r, node, "a time with its unit (ns us ms s min h d) from %s", memory);
    return false;
}

void tx_masking_node_date(struct tx_masking_reader *r, const struct tx_conf_node *node,
                          int64_t *ret) {
    char text[64];
    int64_t v = 0;
    int n = 0;

    if (node->kind == TX_CONF_SCALAR)
        n = snprintf(text, sizeof(text), strlen(node->text) == 10 ? "%sT00:00:00Z" : "%s",
                     node->text);
    if (n <= 0 || n >= (int)sizeof(text) ||
        tx_time_decode((struct tx_text){text, (size_t)n}, &v) < 0 || v <= 0) {
        tx_masking_node_expected(
            r, node, "a day such as 2026-12-31, or a time such as 2026-12-31T18:00:00Z");
        return;
    }
    *ret = v;
}

const char *tx_masking_node_id(struct tx_masking_reader *r, const struct tx_conf_node *node,
                               const char *what) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t n = node->kind == TX_CONF_SCALAR ? strspn(node->text, letters) : 0;

    if (n > 0 && n <= TX_MASKING_ID_BYTES && !node->text[n])
        return node->text;
    tx_masking_node_expected(r, node, "%s: 1 to %d of a-z A-Z 0-9 _ -", what, TX_MASKING_ID_BYTES);
    return NULL;
}

char *tx_masking_node_path(struct tx_masking_reader *r, const char *path) {
    char *joined = NULL;
    if (path[0] == '/')
        return tx_masking_node_copy(r, path);
    if (asprintf(&joined, "%.*s/%s", (int)r->directory.n, r->directory.p, path) < 0) {
        r->errors->failed = -ENOMEM;
        return NULL;
    }
    return joined;
}
