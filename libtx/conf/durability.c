/* SPDX-License-Identifier: MIT */
#include "libtx/conf/durability.h"

#include <string.h>

#include "libtx/base/limits.h"
#include "libtx/conf/masking-read.h"
#include "libtx/conf/value.h"
#include "libtx/mask/policy/yaml.h"

#define TIMEOUT_MIN 0
#define TIMEOUT_MAX (INT64_C(3600) * 1000000000)

static const char *const levels[] = {"queued", "durable", NULL};
static const char *const unavailables[] = {"drop", "fail", "block", NULL};

static void deinit_list(struct tx_masking_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free(list->item[i]);
    free(list->item);
}

void tx_durability_deinit(struct tx_durability *durability) {
    for (size_t i = 0; i < durability->n; i++)
        deinit_list(&durability->classes[i].events);
    free(durability->classes);
    *durability = (struct tx_durability){.n = 0};
}

static bool same_list(const struct tx_masking_list *a, const struct tx_masking_list *b) {
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = strcmp(a->item[i], b->item[i]) == 0;
    return same;
}

bool tx_durability_equal(const struct tx_durability *a, const struct tx_durability *b) {
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        const struct tx_durability_class *x = &a->classes[i], *y = &b->classes[i];
        same = same_list(&x->events, &y->events) && x->level == y->level &&
               x->unavailable == y->unavailable && x->has_timeout == y->has_timeout &&
               x->timeout_ns == y->timeout_ns;
    }
    return same;
}

/* --- reading --- */

static const struct tx_conf_node *get(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                      const char *key) {
    const struct tx_conf_node *value = tx_masking_node_get(node, key);
    if (!value)
        tx_masking_node_error(r, node, "'%s' is missing", key);
    return value;
}

static void read_timeout(struct tx_masking_reader *r, const struct tx_conf_node *node,
                         struct tx_durability_class *ret) {
    if (ret->unavailable == TX_UNAVAILABLE_BLOCK) {
        tx_masking_node_error(
            r, node, "'when_unavailable: block' waits without limit, so it has no timeout");
        return;
    }
    if (!tx_masking_node_time(r, node, TIMEOUT_MIN, TIMEOUT_MAX, &ret->timeout_ns))
        return;
    if (ret->timeout_ns % 1000000 != 0)
        tx_masking_node_expected(r, node, "whole milliseconds");
    ret->has_timeout = true;
}

static void read_class(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_durability_class *ret) {
    static const char *const known[] = {"events", "level", "when_unavailable", "timeout", NULL};
    const struct tx_conf_node *value;

    if (!tx_masking_node_map(r, node,
                             "a class, such as {events: [payment.*], level: durable, "
                             "when_unavailable: fail}",
                             known))
        return;
    if ((value = get(r, node, "events")))
        tx_masking_glob_read_events(r, value, &ret->events);
    if ((value = get(r, node, "level")))
        (void)tx_masking_node_word(r, value, levels, &ret->level);
    if ((value = get(r, node, "when_unavailable")))
        (void)tx_masking_node_word(r, value, unavailables, &ret->unavailable);
    if ((value = tx_masking_node_get(node, "timeout")))
        read_timeout(r, value, ret);
}

/* Each client keeps the table and looks through it. */
static void check_size(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       const struct tx_durability *durability) {
    size_t n_events = 0, n_text = 0;

    for (size_t i = 0; i < durability->n; i++) {
        const struct tx_masking_list *events = &durability->classes[i].events;
        n_events += events->n;
        for (size_t k = 0; k < events->n; k++) {
            size_t n = strlen(events->item[k]);
            n_text += n;
            if (n > TX_LIMIT_EVENT_BYTES)
                tx_masking_node_error(r, node,
                                      "the pattern '%.32s…' is longer than the name of an "
                                      "event may be (%u bytes)",
                                      events->item[k], TX_LIMIT_EVENT_BYTES);
        }
    }
    if (n_events > TX_LIMIT_POLICY_EVENTS || n_text > TX_LIMIT_POLICY_TEXT_BYTES)
        tx_masking_node_error(r, node,
                              "all classes together may have %u patterns of %u bytes in all: these "
                              "are %zu of %zu",
                              TX_LIMIT_POLICY_EVENTS, TX_LIMIT_POLICY_TEXT_BYTES, n_events, n_text);
}

void tx_conf_durability_read(const struct tx_conf_node *node, struct tx_conf_errors *errors,
                             struct tx_durability *ret) {
    struct tx_masking_reader r = {.errors = errors};
    size_t n;

    if (tx_masking_node_is_null(node) || (node->kind == TX_CONF_LIST && node->n == 0))
        return;
    if (node->kind != TX_CONF_LIST) {
        tx_masking_node_expected(&r, node, "a list of classes, each with '- events:'");
        return;
    }
    n = node->n;
    if (n > TX_LIMIT_POLICY_CLASSES) {
        tx_masking_node_error(&r, node, "there are more than %u classes here",
                              TX_LIMIT_POLICY_CLASSES);
        return;
    }
    ret->classes = tx_masking_node_alloc(&r, n, sizeof(*ret->classes));
    if (!ret->classes)
        return;
    ret->n = n;
    for (size_t i = 0; i < n; i++)
        read_class(&r, tx_masking_node_item(node, i), &ret->classes[i]);
    check_size(&r, node, ret);
}

/* --- writing --- */

static int put(struct tx_bytes *b, const char *text) {
    return tx_bytes_append(b, text, strlen(text));
}

static int put_events(struct tx_bytes *b, const struct tx_masking_list *events) {
    int r = put(b, "  - events: [");
    for (size_t i = 0; r == 0 && i < events->n; i++) {
        r = put(b, i > 0 ? ", " : "");
        if (r == 0)
            r = tx_yaml_put_string(b, events->item[i]);
    }
    return r == 0 ? put(b, "]\n    level: ") : r;
}

static int put_timeout(struct tx_bytes *b, int64_t ns) {
    char memory[64];
    struct tx_buf text = tx_buf_of(memory, sizeof(memory));

    tx_buf_str(&text, "\n    timeout: ");
    tx_conf_value_put_time(&text, ns);
    return tx_bytes_append(b, memory, text.len);
}

static int put_class(struct tx_bytes *b, const struct tx_durability_class *class) {
    int r = put_events(b, &class->events);
    if (r == 0)
        r = put(b, levels[class->level]);
    if (r == 0)
        r = put(b, "\n    when_unavailable: ");
    if (r == 0)
        r = put(b, unavailables[class->unavailable]);
    if (r == 0 && class->has_timeout)
        r = put_timeout(b, class->timeout_ns);
    return r == 0 ? put(b, "\n") : r;
}

int tx_conf_durability_render(const struct tx_durability *durability, struct tx_bytes *b) {
    int r = put(b, durability->n > 0 ? "durability:\n" : "durability: []\n");
    for (size_t i = 0; r == 0 && i < durability->n; i++)
        r = put_class(b, &durability->classes[i]);
    return r;
}
