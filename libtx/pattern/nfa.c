/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/nfa.h"

#include "libtx/pattern/grow.h"
#include "libtx/pattern/refuse.h"

struct list {
    size_t n, cap;
    struct tx_edge *item;
};

/* A part of the pattern: the positions that it can begin and end with, the gaps that allow that,
 * and those in which it can be empty. */
struct part {
    struct list first, last;
    unsigned empty;
    uint32_t longest;
};

struct arc {
    uint16_t from, to, gap;
};

struct builder {
    const struct tx_syntax *syntax;
    struct tx_pattern_error *error;
    size_t n, cap_class, cap_group;
    uint32_t *class;
    bool *in_group_1;
    size_t n_arcs, cap_arcs;
    struct arc *arc;
    uint64_t work; /* parts built and positions handed on */
};

#define WORK_MAX (16u * 1024u * 1024u)

static void part_deinit(struct part *part) {
    free(part->first.item);
    free(part->last.item);
    *part = (struct part){.empty = 0};
}

static void builder_deinit(struct builder *b) {
    free(b->class);
    free(b->in_group_1);
    free(b->arc);
}

static int too_large(struct builder *b) {
    return tx_refuse(b->error, 0,
                     "with its repeats written out the pattern is too large (%d characters, %u "
                     "ways from one to another)",
                     TX_NFA_POSITIONS_MAX - 2, TX_NFA_EDGES_MAX);
}

/* --- lists and arcs --- */

static int add(struct list *list, uint32_t position, unsigned gap) {
    int r = gap ? tx_grow(&list->item, &list->cap, list->n + 1, sizeof(list->item[0])) : 0;
    if (r == 0 && gap)
        list->item[list->n++] = (struct tx_edge){(uint16_t)position, (uint16_t)gap};
    return r;
}

static int add_all(struct builder *b, struct list *list, const struct list *from, unsigned gap) {
    int r = 0;
    b->work += from->n;
    for (size_t i = 0; i < from->n && r == 0; i++)
        r = add(list, from->item[i].to, from->item[i].gap & gap);
    return r;
}

static int connect(struct builder *b, const struct list *from, const struct list *to) {
    if (from->n * to->n > TX_NFA_EDGES_MAX - b->n_arcs)
        return too_large(b);
    int r = tx_grow(&b->arc, &b->cap_arcs, b->n_arcs + from->n * to->n, sizeof(b->arc[0]));
    if (r < 0)
        return r;
    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; k < to->n; k++) {
            unsigned gap = from->item[i].gap & to->item[k].gap;
            if (gap)
                b->arc[b->n_arcs++] = (struct arc){from->item[i].to, to->item[k].to, (uint16_t)gap};
        }
    return 0;
}

static int add_position(struct builder *b, uint32_t class, bool in_group_1, uint32_t *ret) {
    if (b->n == TX_NFA_POSITIONS_MAX)
        return too_large(b);
    int r = tx_grow(&b->class, &b->cap_class, b->n + 1, sizeof(b->class[0]));
    if (r == 0)
        r = tx_grow(&b->in_group_1, &b->cap_group, b->n + 1, sizeof(b->in_group_1[0]));
    if (r < 0)
        return r;
    b->class[b->n] = class;
    b->in_group_1[b->n] = in_group_1;
    *ret = (uint32_t)b->n++;
    return 0;
}

/* --- parts --- */

static int build(struct builder *b, uint32_t node, struct part *ret);

static uint32_t sum(uint32_t a, uint32_t b) {
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* a becomes ab; b is used up. */
static int concatenate(struct builder *builder, struct part *a, struct part *b) {
    int r = connect(builder, &a->last, &b->first);
    if (r == 0)
        r = add_all(builder, &a->first, &b->first, a->empty);
    if (r == 0)
        r = add_all(builder, &b->last, &a->last, b->empty);
    if (r != 0)
        return r;
    free(a->last.item);
    a->last = b->last;
    b->last = (struct list){.item = NULL};
    a->empty &= b->empty;
    a->longest = sum(a->longest, b->longest);
    return 0;
}

static int build_class(struct builder *b, const struct tx_node *node, struct part *ret) {
    uint32_t position;
    int r = add_position(b, node->class, node->in_group_1, &position);
    ret->longest = 1;
    if (r == 0)
        r = add(&ret->first, position, TX_GAP_ANY);
    if (r == 0)
        r = add(&ret->last, position, TX_GAP_ANY);
    return r;
}

static int build_sequence(struct builder *b, uint32_t child, struct part *ret) {
    ret->empty = TX_GAP_ANY;
    for (; child != TX_NO_NODE; child = b->syntax->node[child].next) {
        _cleanup_(part_deinit) struct part part = {.empty = 0};
        int r = build(b, child, &part);
        if (r == 0)
            r = concatenate(b, ret, &part);
        if (r != 0)
            return r;
    }
    return 0;
}

static int build_alternatives(struct builder *b, uint32_t child, struct part *ret) {
    for (; child != TX_NO_NODE; child = b->syntax->node[child].next) {
        _cleanup_(part_deinit) struct part part = {.empty = 0};
        int r = build(b, child, &part);
        if (r == 0)
            r = add_all(b, &ret->first, &part.first, TX_GAP_ANY);
        if (r == 0)
            r = add_all(b, &ret->last, &part.last, TX_GAP_ANY);
        if (r != 0)
            return r;
        ret->empty |= part.empty;
        if (part.longest > ret->longest)
            ret->longest = part.longest;
    }
    return 0;
}

/* As often as one likes. */
static int repeat(struct builder *b, struct part *part) {
    if (part->longest > 0)
        part->longest = UINT32_MAX;
    return connect(b, &part->last, &part->first);
}

/* x* behind the copies that must be there, or x(x(x)?)?. */
static int build_optional(struct builder *b, const struct tx_node *node, struct part *ret) {
    bool ever = node->max == TX_REPEAT_EVER;
    unsigned n = ever ? node->min == 0 : node->max - node->min;
    ret->empty = TX_GAP_ANY;
    for (unsigned i = 0; i < n; i++) {
        _cleanup_(part_deinit) struct part part = {.empty = 0};
        int r = build(b, node->child, &part);
        if (r == 0 && ever)
            r = repeat(b, &part);
        if (r == 0)
            r = concatenate(b, &part, ret);
        if (r != 0)
            return r;
        part_deinit(ret);
        *ret = part;
        ret->empty = TX_GAP_ANY;
        part = (struct part){.empty = 0};
    }
    return 0;
}

static int build_repeat(struct builder *b, const struct tx_node *node, struct part *ret) {
    _cleanup_(part_deinit) struct part optional = {.empty = 0};
    ret->empty = TX_GAP_ANY;
    for (unsigned i = 0; i < node->min; i++) {
        _cleanup_(part_deinit) struct part part = {.empty = 0};
        int r = build(b, node->child, &part);
        if (r == 0 && i + 1 == node->min && node->max == TX_REPEAT_EVER)
            r = repeat(b, &part);
        if (r == 0)
            r = concatenate(b, ret, &part);
        if (r != 0)
            return r;
    }
    int r = build_optional(b, node, &optional);
    return r != 0 ? r : concatenate(b, ret, &optional);
}

/* As deep as groups are nested, which is bounded. */
static int build(struct builder *b, uint32_t index, struct part *ret) {
    const struct tx_node *node = &b->syntax->node[index];
    if (b->work++ > WORK_MAX)
        return too_large(b);
    switch (node->kind) {
    case TX_NODE_CLASS:
        return build_class(b, node, ret);
    case TX_NODE_CAT:
        return build_sequence(b, node->child, ret);
    case TX_NODE_ALT:
        return build_alternatives(b, node->child, ret);
    case TX_NODE_REPEAT:
        return build_repeat(b, node, ret);
    case TX_NODE_ASSERT:
        ret->empty = node->gap;
        return 0;
    case TX_NODE_EMPTY:
    default:
        ret->empty = TX_GAP_ANY;
        return 0;
    }
}

/* --- the whole --- */

/* By the position that they leave. */
static int sort_arcs(const struct builder *b, bool backward, struct tx_edges *ret) {
    ret->at = calloc(b->n + 2, sizeof(ret->at[0]));
    ret->edge = calloc(b->n_arcs + 1, sizeof(ret->edge[0]));
    if (!ret->at || !ret->edge)
        return -ENOMEM;
    for (size_t i = 0; i < b->n_arcs; i++)
        ret->at[(backward ? b->arc[i].to : b->arc[i].from) + 2]++;
    for (size_t q = 2; q < b->n + 2; q++)
        ret->at[q] += ret->at[q - 1];
    for (size_t i = 0; i < b->n_arcs; i++) {
        const struct arc *arc = &b->arc[i];
        uint32_t *to = &ret->at[(backward ? arc->to : arc->from) + 1];
        ret->edge[(*to)++] = (struct tx_edge){backward ? arc->from : arc->to, arc->gap};
    }
    return 0;
}

void tx_nfa_deinit(struct tx_nfa *nfa) {
    free(nfa->class);
    free(nfa->in_group_1);
    free(nfa->forward.at);
    free(nfa->forward.edge);
    free(nfa->backward.at);
    free(nfa->backward.edge);
    *nfa = (struct tx_nfa){.n = 0};
}

static int build_whole(struct builder *b, struct tx_nfa *ret) {
    _cleanup_(part_deinit) struct part part = {.empty = 0};
    struct tx_edge ends[2] = {{TX_NFA_START, TX_GAP_ANY}, {TX_NFA_ACCEPT, TX_GAP_ANY}};
    struct list start = {.n = 1, .item = &ends[0]}, accept = {.n = 1, .item = &ends[1]};
    uint32_t position;

    int r = add_position(b, 0, false, &position);
    if (r == 0)
        r = add_position(b, 0, false, &position);
    if (r == 0)
        r = build(b, b->syntax->root, &part);
    if (r == 0)
        r = connect(b, &start, &part.first);
    if (r == 0)
        r = connect(b, &part.last, &accept);
    ret->empty = part.empty;
    ret->longest = part.longest;
    return r;
}

int tx_nfa_init(const struct tx_syntax *syntax, struct tx_pattern_error *ret_error,
                struct tx_nfa *ret) {
    _cleanup_(builder_deinit) struct builder b = {.syntax = syntax, .error = ret_error};

    *ret = (struct tx_nfa){.n = 0};
    int r = build_whole(&b, ret);
    if (r == 0)
        r = sort_arcs(&b, false, &ret->forward);
    if (r == 0)
        r = sort_arcs(&b, true, &ret->backward);
    if (r != 0)
        return r;
    ret->n = b.n;
    ret->n_edges = b.n_arcs;
    ret->class = TX_STEAL(b.class);
    ret->in_group_1 = TX_STEAL(b.in_group_1);
    return 0;
}
