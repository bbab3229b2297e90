/* SPDX-License-Identifier: MIT */
#include "tools/tracex/groups.h"

static int compare_nodes(const void *a, const void *b, void *data) {
    const struct tx_node *nodes = data;
    const struct tx_node *x = &nodes[*(const uint32_t *)a], *y = &nodes[*(const uint32_t *)b];

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return x->duration < y->duration ? -1 : x->duration > y->duration;
}

static int compare_groups(const void *a, const void *b) {
    const struct tx_group *x = a, *y = b;

    if (x->self != y->self)
        return x->self > y->self ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static uint64_t add(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* `order` holds the n nodes of one group, by duration. */
static struct tx_group group_of(const struct tx_model *model, const uint32_t *order, size_t n) {
    const struct tx_node *nodes = model->nodes, *last = &nodes[order[n - 1]];
    struct tx_group group = {
        .kind = last->kind,
        .name = last->name,
        .count = n,
        .p50 = nodes[order[(n - 1) / 2]].duration,
        .p99 = nodes[order[(n - 1) - (n - 1) / 100]].duration,
        .max = last->duration,
    };
    for (size_t i = 0; i < n; i++) {
        group.failed += nodes[order[i]].failed;
        group.total = add(group.total, nodes[order[i]].duration);
        group.self = add(group.self, nodes[order[i]].self);
    }
    return group;
}

static int add_group(struct tx_groups *groups, size_t *cap, const struct tx_group *group) {
    if (groups->n == *cap) {
        size_t more = *cap ? *cap * 2 : 64;
        void *items = reallocarray(groups->items, more, sizeof(*groups->items));
        if (!items)
            return -ENOMEM;
        groups->items = items;
        *cap = more;
    }
    groups->items[groups->n++] = *group;
    return 0;
}

int tx_groups_make(const struct tx_model *model, struct tx_groups *ret) {
    struct tx_groups groups = {.items = NULL};
    size_t cap = 0, begin = 0;
    int r = 0;
    _cleanup_(tx_freep) uint32_t *order = calloc(model->n + 1, sizeof(*order));

    if (!order)
        return -ENOMEM;
    for (size_t i = 0; i < model->n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, model->n, sizeof(*order), compare_nodes, model->nodes);
    for (size_t i = 1; r == 0 && i <= model->n; i++) {
        const struct tx_node *node = &model->nodes[order[begin]];
        const struct tx_node *next = i < model->n ? &model->nodes[order[i]] : NULL;
        if (next && next->kind == node->kind && next->name == node->name)
            continue;
        struct tx_group group = group_of(model, order + begin, i - begin);
        r = add_group(&groups, &cap, &group);
        begin = i;
    }
    if (r < 0) {
        tx_groups_deinit(&groups);
        return r;
    }
    if (groups.n > 0)
        qsort(groups.items, groups.n, sizeof(*groups.items), compare_groups);
    *ret = groups;
    return 0;
}

void tx_groups_deinit(struct tx_groups *groups) {
    free(groups->items);
}
