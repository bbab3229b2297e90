/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "tools/shared/terminal.h"
#include "tools/tracex/model.h"
#include "tools/tracex/table.h"
#include "tools/tracex/tracex.h"

/* Deeper is drawn at this depth, with its number. */
#define INDENT_MAX 40u

static void put_hex(const uint8_t *id, size_t n) {
    char memory[32];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_hex(&b, id, n);
    fwrite(memory, 1, b.len, stdout);
}

/* One line: when it began within its trace, for how long, what. */
static void put_node(const struct tx_model *model, const struct tx_node *top,
                     const struct tx_node *node, size_t depth) {
    struct tx_text detail = tx_node_detail(model, node);
    char began[16], lasted[16] = "";
    int64_t offset = node->time - top->time;

    tx_cell_render(TX_CELL_NS, (uint64_t)(offset < 0 ? -offset : offset), began);
    if (node->has_duration)
        tx_cell_render(TX_CELL_NS, node->duration, lasted);
    /* "µs" is a byte longer than it looks. */
    printf("  %c%*s  %*s  ", offset < 0 ? '-' : '+', strchr(began, '\xc2') ? -9 : -8, began,
           strchr(lasted, '\xc2') ? 9 : 8, lasted);
    for (size_t i = 0; i < depth && i < INDENT_MAX; i++)
        fputs("  ", stdout);
    if (depth > INDENT_MAX)
        printf("[%zu] ", depth);
    fputs(node->failed ? "FAILED " : "", stdout);
    tx_terminal_put(tx_names_text(&model->names, node->name));
    if (detail.n > 0) {
        fputs("  ", stdout);
        tx_terminal_put(detail);
    }
    /* Another process than its parent's. */
    if (node->parent == TX_NODE_NONE || model->nodes[node->parent].pid != node->pid) {
        fputs("  (", stdout);
        tx_terminal_put(tx_names_text(&model->names, node->process));
        printf("[%u])", node->pid);
    }
    putchar('\n');
}

static void put_tree(const struct tx_model *model, const struct tx_node *top) {
    size_t depth = 0;
    for (const struct tx_node *node = top; node; node = tx_node_next(model, top, node, &depth))
        put_node(model, top, node, depth);
}

static bool same_trace(const struct tx_node *a, const struct tx_node *b) {
    return memcmp(a->trace_id, b->trace_id, sizeof(a->trace_id)) == 0;
}

/* Roots by trace, and within one by time. */
static int compare_roots(const void *a, const void *b, void *data) {
    const struct tx_node *nodes = data, *x = &nodes[*(const uint32_t *)a],
                         *y = &nodes[*(const uint32_t *)b];
    int r = memcmp(x->trace_id, y->trace_id, sizeof(x->trace_id));
    if (r != 0)
        return r;
    return x->time != y->time ? (x->time < y->time ? -1 : 1) : x < y ? -1 : x > y;
}

/* Traces in the order in which the first of each began. */
static int compare_firsts(const void *a, const void *b, void *data) {
    const struct tx_node *nodes = data, *x = &nodes[**(uint32_t *const *)a],
                         *y = &nodes[**(uint32_t *const *)b];
    return x->time != y->time ? (x->time < y->time ? -1 : 1) : x < y ? -1 : x > y;
}

static size_t list_roots(const struct tx_model *model, uint32_t *roots) {
    size_t n = 0;
    for (size_t i = 0; i < model->n; i++)
        if (model->nodes[i].has_trace && model->nodes[i].parent == TX_NODE_NONE)
            roots[n++] = (uint32_t)i;
    qsort_r(roots, n, sizeof(*roots), compare_roots, model->nodes);
    return n;
}

static void put_trace(const struct tx_model *model, const uint32_t *root, const uint32_t *end) {
    const struct tx_node *first = &model->nodes[*root];
    char memory[40];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    fputs("trace ", stdout);
    put_hex(first->trace_id, sizeof(first->trace_id));
    tx_buf_time(&b, first->time);
    printf("  %.*s\n", (int)b.len, memory);
    for (; root < end && same_trace(first, &model->nodes[*root]); root++)
        put_tree(model, &model->nodes[*root]);
    putchar('\n');
}

static int print(struct tx_model *model, size_t n_rows) {
    int r = tx_model_link(model);
    if (r < 0)
        return r;
    _cleanup_(tx_freep) uint32_t *roots = calloc(model->n + 1, sizeof(*roots));
    _cleanup_(tx_freep) uint32_t **firsts = calloc(model->n + 1, sizeof(*firsts));
    if (!roots || !firsts)
        return -ENOMEM;
    size_t n = list_roots(model, roots), n_traces = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !same_trace(&model->nodes[roots[i - 1]], &model->nodes[roots[i]]))
            firsts[n_traces++] = &roots[i];
    qsort_r(firsts, n_traces, sizeof(*firsts), compare_firsts, model->nodes);
    size_t from = n_rows > 0 && n_traces > n_rows ? n_traces - n_rows : 0;
    for (size_t i = from; i < n_traces; i++)
        put_trace(model, firsts[i], roots + n);
    if (from > 0)
        printf("the last %zu of %zu traces; -n 0 shows all, -w trace_id=ID one\n", n_rows,
               n_traces);
    return 0;
}

int tx_tracex_tree(const struct tx_options *options) {
    struct tx_source_counts counts;
    struct tx_model model;

    tx_model_init(&model, options->n_max, true);
    int status = tx_tracex_read(options, tx_model_take, &model, &counts);
    if (print(&model, options->n_rows) < 0) {
        tx_tracex_say("no memory is left");
        status = TX_TRACEX_FAILED;
    }
    tx_model_deinit(&model);
    return status;
}
