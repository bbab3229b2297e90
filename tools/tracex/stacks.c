/* SPDX-License-Identifier: MIT */
#include "tools/tracex/stacks.h"

#include <stdio.h>

/* The frame of that name on that parent. */
static int find_frame(struct tx_stacks *stacks, uint32_t parent, uint32_t name, uint32_t *ret) {
    const uint32_t key[2] = {parent, name};
    uint32_t n = stacks->keys.n;

    int r = tx_names_add(&stacks->keys, (struct tx_text){(const char *)key, sizeof(key)}, ret);
    if (r == 0)
        r = tx_names_make_room(&stacks->items, &stacks->cap, sizeof(*stacks->items), *ret);
    if (r == 0 && *ret == n)
        stacks->items[n] = (struct tx_frame){
            .parent = parent,
            .name = name,
            .depth = parent == TX_NODE_NONE ? 0 : stacks->items[parent].depth + 1,
        };
    return r;
}

static int add_node(struct tx_stacks *stacks, const struct tx_model *model,
                    const struct tx_node *node, uint32_t *frames) {
    uint32_t below, frame;
    uint64_t sum;
    int r = 0;

    if (node->parent == TX_NODE_NONE)
        r = find_frame(stacks, TX_NODE_NONE, node->process, &below);
    else
        below = frames[node->parent];
    frame = below;
    if (r == 0 && node->has_duration && stacks->items[below].depth < TX_STACKS_DEPTH_MAX)
        r = find_frame(stacks, below, node->name, &frame);
    if (r < 0)
        return r;
    frames[node - model->nodes] = frame;
    if (!__builtin_add_overflow(stacks->items[frame].self, node->self, &sum))
        stacks->items[frame].self = sum;
    return 0;
}

/* Children stand behind their parents. */
static void sum_up(struct tx_stacks *stacks) {
    for (uint32_t i = 0; i < tx_stacks_n(stacks); i++)
        stacks->items[i].total = stacks->items[i].self;
    for (uint32_t i = tx_stacks_n(stacks); i > 0; i--) {
        const struct tx_frame *frame = &stacks->items[i - 1];
        if (frame->parent != TX_NODE_NONE)
            stacks->items[frame->parent].total += frame->total;
    }
}

int tx_stacks_make(const struct tx_model *model, struct tx_stacks *ret) {
    struct tx_stacks stacks = {.keys = TX_NAMES_INIT};
    _cleanup_(tx_freep) uint32_t *frames = calloc(model->n + 1, sizeof(*frames));
    int r = frames ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < model->n; i++) {
        const struct tx_node *top = &model->nodes[i];
        size_t depth = 0;
        if (top->parent != TX_NODE_NONE || !top->is_span)
            continue;
        for (const struct tx_node *node = top; node && r == 0;
             node = tx_node_next(model, top, node, &depth))
            r = add_node(&stacks, model, node, frames);
    }
    if (r < 0) {
        tx_stacks_deinit(&stacks);
        return r;
    }
    sum_up(&stacks);
    *ret = stacks;
    return 0;
}

void tx_stacks_deinit(struct tx_stacks *stacks) {
    tx_names_deinit(&stacks->keys);
    free(stacks->items);
}

/* --- folded --- */

/* What separates frames and lines is not in a name. */
static void put_name(struct tx_text name) {
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c < 0x20 || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c == ';' ? ':' : c);
    }
}

int tx_stacks_print_folded(const struct tx_model *model, const struct tx_stacks *stacks) {
    uint32_t path[TX_STACKS_DEPTH_MAX + 1];

    for (uint32_t i = 0; i < tx_stacks_n(stacks); i++) {
        size_t n = 0;
        if (stacks->items[i].self == 0)
            continue;
        for (uint32_t at = i; at != TX_NODE_NONE; at = stacks->items[at].parent)
            path[n++] = at;
        for (; n > 0; n--) {
            put_name(tx_names_text(&model->names, stacks->items[path[n - 1]].name));
            fputs(n > 1 ? ";" : " ", stdout);
        }
        printf("%llu\n", (unsigned long long)stacks->items[i].self);
    }
    return 0;
}
