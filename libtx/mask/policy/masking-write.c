/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/masking-write.h"

#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/mask/policy/glob.h"
#include "libtx/mask/policy/yaml.h"

void tx_masking_write(struct tx_masking_writer *w, const char *text) {
    int r = tx_bytes_append(w->b, text, strlen(text));
    if (r < 0)
        w->failed = r;
}

void tx_masking_write_quoted(struct tx_masking_writer *w, const char *text) {
    int r = tx_yaml_put_string(w->b, text);
    if (r < 0)
        w->failed = r;
}

void tx_masking_write_indent(struct tx_masking_writer *w, size_t steps) {
    for (size_t i = 0; i < w->indent + steps; i++)
        tx_masking_write(w, "  ");
}

void tx_masking_write_key(struct tx_masking_writer *w, const char *name) {
    uint8_t before = w->b->len ? w->b->data[w->b->len - 1] : '{';

    if (before != '{' && before != '[')
        tx_masking_write(w, ", ");
    tx_masking_write(w, name);
    tx_masking_write(w, ": ");
}

void tx_masking_write_text(struct tx_masking_writer *w, const char *name, const char *text) {
    if (!text)
        return;
    tx_masking_write_key(w, name);
    tx_masking_write_quoted(w, text);
}

void tx_masking_write_word(struct tx_masking_writer *w, const char *name, const char *word) {
    tx_masking_write_key(w, name);
    tx_masking_write(w, word);
}

void tx_masking_write_bool(struct tx_masking_writer *w, const char *name, bool yes) {
    tx_masking_write_word(w, name, yes ? "true" : "false");
}

void tx_masking_write_number(struct tx_masking_writer *w, const char *name, uint64_t v) {
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    tx_masking_write_word(w, name, text);
}

/* The shortest digits that give the same number again. */
static void put_double(struct tx_masking_writer *w, double v) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    tx_masking_write(w, text);
}

void tx_masking_write_double(struct tx_masking_writer *w, const char *name, double v) {
    tx_masking_write_key(w, name);
    put_double(w, v);
}

void tx_masking_write_edge(struct tx_masking_writer *w, double v, bool is_first) {
    tx_masking_write(w, is_first ? "" : ", ");
    put_double(w, v);
}

void tx_masking_write_percent(struct tx_masking_writer *w, const char *name, unsigned percent) {
    tx_masking_write_double(w, name, percent / 100.0);
}

void tx_masking_write_span(struct tx_masking_writer *w, const char *name, int64_t ns) {
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"d", INT64_C(86400000000000)},
                 {"h", INT64_C(3600000000000)},
                 {"min", INT64_C(60000000000)},
                 {"s", INT64_C(1000000000)},
                 {"ms", INT64_C(1000000)},
                 {"us", INT64_C(1000)},
                 {"ns", INT64_C(1)}};
    char text[32];
    size_t i = 0;

    while (ns % units[i].ns)
        i++;
    snprintf(text, sizeof(text), "%lld%s", (long long)(ns / units[i].ns), units[i].name);
    tx_masking_write_word(w, name, text);
}

void tx_masking_write_time(struct tx_masking_writer *w, const char *name, int64_t unix_ns) {
    char text[40];
    struct tx_buf b = tx_buf_of(text, sizeof(text));

    if (unix_ns == 0)
        return;
    tx_buf_time(&b, unix_ns);
    tx_buf_char(&b, '\0');
    tx_masking_write_text(w, name, text);
}

/* --- lists --- */

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_items(struct tx_masking_writer *w, char **items, size_t n, bool quoted) {
    const char *before = NULL;

    tx_masking_write(w, "[");
    for (size_t i = 0; i < n; i++) {
        if (before && strcmp(before, items[i]) == 0)
            continue;
        tx_masking_write(w, before ? ", " : "");
        before = items[i];
        if (quoted)
            tx_masking_write_quoted(w, items[i]);
        else
            tx_masking_write(w, items[i]);
    }
    tx_masking_write(w, "]");
}

void tx_masking_write_set(struct tx_masking_writer *w, const char *name,
                          const struct tx_masking_list *list, tx_masking_canonical canonical) {
    size_t slot = 0;

    if (list->n == 0)
        return;
    for (size_t i = 0; i < list->n; i++)
        slot = 2 * strlen(list->item[i]) + 3 > slot ? 2 * strlen(list->item[i]) + 3 : slot;
    _cleanup_(tx_freep) char *memory = calloc(list->n, slot);
    _cleanup_(tx_freep) char **items = calloc(list->n, sizeof(*items));
    if (!memory || !items) {
        w->failed = -ENOMEM;
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        items[i] = memory + i * slot;
        if (canonical)
            canonical(list->item[i], items[i]);
        else
            memcpy(items[i], list->item[i], strlen(list->item[i]) + 1);
    }
    qsort(items, list->n, sizeof(*items), compare);
    tx_masking_write_key(w, name);
    put_items(w, items, list->n, true);
}

void tx_masking_write_list(struct tx_masking_writer *w, const char *name,
                           const struct tx_masking_list *list) {
    if (list->n == 0)
        return;
    tx_masking_write_key(w, name);
    tx_masking_write(w, "[");
    for (size_t i = 0; i < list->n; i++) {
        tx_masking_write(w, i ? ", " : "");
        tx_masking_write_quoted(w, list->item[i]);
    }
    tx_masking_write(w, "]");
}

void tx_masking_write_sorted(struct tx_masking_writer *w, const char *name, struct tx_bytes *texts,
                             size_t n) {
    _cleanup_(tx_freep) char **items = calloc(n + 1, sizeof(*items));

    if (!items)
        w->failed = -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int r = tx_bytes_append(&texts[i], "", 1);
        if (r < 0)
            w->failed = r;
        else if (items)
            items[i] = (char *)texts[i].data;
    }
    if (!w->failed) {
        qsort(items, n, sizeof(*items), compare);
        tx_masking_write_key(w, name);
        put_items(w, items, n, false);
    }
    for (size_t i = 0; i < n; i++)
        tx_bytes_deinit(&texts[i]);
}

void tx_masking_canonical_field(const char *text, char *ret) {
    if (text[0] == '/')
        memcpy(ret, text, strlen(text) + 1);
    else
        tx_glob_canonical_field(text, ret);
}

void tx_masking_canonical_event(const char *text, char *ret) {
    tx_glob_canonical_event(text, ret);
}
