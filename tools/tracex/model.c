/* SPDX-License-Identifier: MIT */
#include "tools/tracex/model.h"

#include <string.h>

#include "tools/tracex/detail.h"

void tx_model_init(struct tx_model *model, size_t n_max, bool with_details) {
    *model =
        (struct tx_model){.n_max = n_max, .with_details = with_details, .names = TX_NAMES_INIT};
}

void tx_model_deinit(struct tx_model *model) {
    free(model->nodes);
    free(model->order);
    free(model->spans);
    tx_names_deinit(&model->names);
    tx_bytes_deinit(&model->details);
}

/* --- adding --- */

static int make_room(struct tx_model *model) {
    if (model->n == model->n_max)
        return -E2BIG;
    if (model->n < model->cap)
        return 0;
    size_t cap = model->cap ? model->cap * 2 : 1024;
    void *nodes = reallocarray(model->nodes, cap, sizeof(*model->nodes));
    if (!nodes)
        return -ENOMEM;
    model->nodes = nodes;
    model->cap = cap;
    return 0;
}

static int add_detail(struct tx_model *model, const struct tx_item *item, struct tx_node *node) {
    char memory[TX_DETAIL_BYTES];
    size_t n = tx_detail_render(item, memory);

    if (model->details.len + n > UINT32_MAX)
        return -E2BIG;
    node->detail = (uint32_t)model->details.len;
    node->n_detail = (uint16_t)n;
    return tx_bytes_append(&model->details, memory, n);
}

/* What else has a duration tells of one that a span has already, as ml.run does. */
static bool takes_time(const struct tx_item *item) {
    return item->has_duration && (item->is_span || item->kind == TX_ITEM_FILE);
}

int tx_model_add(struct tx_model *model, const struct tx_item *item) {
    struct tx_node node = {
        .time = item->time,
        .has_duration = takes_time(item),
        .duration = takes_time(item) ? item->duration : 0,
        .pid = (uint32_t)item->pid,
        .kind = (uint8_t)item->kind,
        .failed = item->failed,
        .is_span = item->is_span,
        .has_parent = item->has_parent,
        .has_trace = item->has_trace,
        .parent = TX_NODE_NONE,
        .first_child = TX_NODE_NONE,
        .next = TX_NODE_NONE,
    };
    memcpy(node.trace_id, item->trace_id, sizeof(node.trace_id));
    memcpy(node.span_id, item->span_id, sizeof(node.span_id));
    memcpy(node.parent_span_id, item->parent_span_id, sizeof(node.parent_span_id));

    int r = make_room(model);
    if (r == 0)
        r = tx_names_add(&model->names, item->name, &node.name);
    if (r == 0)
        r = tx_names_add(&model->names, item->process.p ? item->process : TX_TEXT("?"),
                         &node.process);
    if (r == 0 && model->with_details)
        r = add_detail(model, item, &node);
    if (r == 0)
        model->nodes[model->n++] = node;
    return r;
}

int tx_model_take(void *model, const struct tx_read *record, struct tx_text line) {
    struct tx_item item;
    (void)line;
    return tx_item_read(record, &item) != 0 ? 0 : tx_model_add(model, &item);
}

/* --- linking --- */

static int compare_time(const void *a, const void *b, void *data) {
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct tx_node *nodes = data, *x = &nodes[i], *y = &nodes[k];

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->duration != y->duration)
        return x->duration > y->duration ? -1 : 1;
    return i < k ? -1 : i > k;
}

static int compare_key(const struct tx_node *node, const uint8_t trace_id[16],
                       const uint8_t span_id[8]) {
    int r = memcmp(node->trace_id, trace_id, sizeof(node->trace_id));
    return r != 0 ? r : memcmp(node->span_id, span_id, sizeof(node->span_id));
}

static int compare_id(const void *a, const void *b, void *data) {
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct tx_node *nodes = data;
    int r = compare_key(&nodes[i], nodes[k].trace_id, nodes[k].span_id);
    return r != 0 ? r : i < k ? -1 : i > k;
}

/* The first span of that id. */
static uint32_t find_span(const struct tx_model *model, const uint8_t trace_id[16],
                          const uint8_t span_id[8]) {
    size_t low = 0, high = model->n_spans;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_key(&model->nodes[model->spans[middle]], trace_id, span_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == model->n_spans ||
        compare_key(&model->nodes[model->spans[low]], trace_id, span_id) != 0)
        return TX_NODE_NONE;
    return model->spans[low];
}

static int sort_all(struct tx_model *model) {
    model->order = calloc(model->n + 1, sizeof(*model->order));
    model->spans = calloc(model->n + 1, sizeof(*model->spans));
    if (!model->order || !model->spans)
        return -ENOMEM;
    for (size_t i = 0; i < model->n; i++) {
        model->order[i] = (uint32_t)i;
        if (model->nodes[i].is_span)
            model->spans[model->n_spans++] = (uint32_t)i;
    }
    qsort_r(model->order, model->n, sizeof(*model->order), compare_time, model->nodes);
    qsort_r(model->spans, model->n_spans, sizeof(*model->spans), compare_id, model->nodes);
    return 0;
}

static void find_parents(struct tx_model *model) {
    for (size_t i = 0; i < model->n; i++) {
        struct tx_node *node = &model->nodes[i];
        if (!node->has_trace || (node->is_span && !node->has_parent))
            continue;
        node->parent =
            find_span(model, node->trace_id, node->is_span ? node->parent_span_id : node->span_id);
    }
}

/* Each node's way up is walked until it meets an end, or a node that an earlier walk has seen. When
 * it meets one of this same walk, it has gone round. */
static int cut_circles(struct tx_model *model) {
    _cleanup_(tx_freep) uint32_t *seen_by = calloc(model->n + 1, sizeof(*seen_by));

    if (!seen_by)
        return -ENOMEM;
    for (size_t i = 0; i < model->n; i++) {
        uint32_t walk = (uint32_t)i + 1, at = (uint32_t)i;
        while (seen_by[at] == 0) {
            seen_by[at] = walk;
            uint32_t parent = model->nodes[at].parent;
            if (parent == TX_NODE_NONE)
                break;
            if (seen_by[parent] == walk) {
                model->nodes[at].parent = TX_NODE_NONE;
                break;
            }
            at = parent;
        }
    }
    return 0;
}

/* From the last to the first, so that each list begins with the earliest. */
static void list_children(struct tx_model *model) {
    for (size_t i = model->n; i > 0; i--) {
        uint32_t at = model->order[i - 1];
        struct tx_node *node = &model->nodes[at];
        if (node->parent == TX_NODE_NONE)
            continue;
        struct tx_node *parent = &model->nodes[node->parent];
        node->next = parent->first_child;
        parent->first_child = at;
    }
}

static int64_t end_of(const struct tx_node *node) {
    int64_t end;
    if (node->duration > INT64_MAX ||
        __builtin_add_overflow(node->time, (int64_t)node->duration, &end))
        return INT64_MAX;
    return end;
}

/* Children may overlap, and outlast their parent. */
static uint64_t self_of(const struct tx_model *model, const struct tx_node *node) {
    uint64_t self = node->duration;
    int64_t until = node->time, end = end_of(node);

    for (uint32_t i = node->first_child; i != TX_NODE_NONE; i = model->nodes[i].next) {
        const struct tx_node *child = &model->nodes[i];
        int64_t from = child->time > until ? child->time : until;
        int64_t to = end_of(child) < end ? end_of(child) : end;
        if (!child->has_duration || to <= from)
            continue;
        self -= (uint64_t)(to - from);
        until = to;
    }
    return self;
}

int tx_model_link(struct tx_model *model) {
    int r = sort_all(model);
    if (r < 0)
        return r;
    find_parents(model);
    r = cut_circles(model);
    if (r < 0)
        return r;
    list_children(model);
    for (size_t i = 0; i < model->n; i++)
        model->nodes[i].self = self_of(model, &model->nodes[i]);
    return 0;
}

/* --- reading --- */

struct tx_text tx_node_detail(const struct tx_model *model, const struct tx_node *node) {
    return (struct tx_text){(const char *)model->details.data + node->detail, node->n_detail};
}

const struct tx_node *tx_node_next(const struct tx_model *model, const struct tx_node *top,
                                   const struct tx_node *node, size_t *depth) {
    if (node->first_child != TX_NODE_NONE) {
        (*depth)++;
        return &model->nodes[node->first_child];
    }
    while (node != top && node->next == TX_NODE_NONE) {
        (*depth)--;
        node = &model->nodes[node->parent];
    }
    return node == top ? NULL : &model->nodes[node->next];
}
