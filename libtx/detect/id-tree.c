/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/ids.h"

static struct tx_id_tree tree;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint16_t add_node(enum tx_id_separator separator, size_t n) {
    assert(tree.n_nodes < TX_COUNT_OF(tree.nodes) && n > 0 && n <= TX_ID_WORD_MAX);
    tree.nodes[tree.n_nodes] = (struct tx_id_node){.separator = (uint8_t)separator,
                                                   .n = (uint8_t)n,
                                                   .digits = UINT64_MAX,
                                                   .letters = UINT64_MAX};
    return (uint16_t)tree.n_nodes++;
}

/* The node of a word of n characters behind those of `parent` (0: the first word). */
static uint16_t child_of(uint16_t parent, enum tx_id_separator separator, size_t n) {
    assert(n <= TX_ID_WORD_MAX);
    uint16_t *link = parent == 0 ? &tree.roots[n] : &tree.nodes[parent].child;
    while (*link && !(tree.nodes[*link].separator == separator && tree.nodes[*link].n == n))
        link = &tree.nodes[*link].sibling;
    if (!*link)
        *link = add_node(separator, n);
    if (parent)
        tree.nodes[parent].next[separator] |= UINT64_C(1) << n;
    if (parent && tree.roots[tree.nodes[parent].n] == parent) {
        tree.pairs[tree.nodes[parent].n][separator][n] = *link;
        tree.seconds[tree.nodes[parent].n][separator] |= UINT32_C(1) << n;
    }
    return *link;
}

static enum tx_id_separator separator_of(char c) {
    switch (c) {
    case ' ':
        return TX_ID_SPACE;
    case '-':
        return TX_ID_DASH;
    case '.':
        return TX_ID_DOT;
    case '/':
        return TX_ID_SLASH;
    default:
        return TX_ID_NONE;
    }
}

/* `any` stands for each `~`. */
static void fill_row(struct tx_id_row *row, const struct tx_id_shape *shape, char any) {
    *row = (struct tx_id_row){.shape = shape, .single = true};
    for (const char *c = shape->shape; *c; c++) {
        if (separator_of(*c == '~' ? any : *c) != TX_ID_NONE) {
            row->single = false;
            continue;
        }
        assert(row->n < TX_ID_CHARS_MAX && strchr("9AX", *c));
        row->digits |= (uint64_t)(*c == '9') << row->n;
        row->letters |= (uint64_t)(*c == 'A') << row->n;
        row->n++;
    }
}

/* The node of its last word. What it has in common with others is noted on the way, of the
 * characters up to there. */
static uint16_t add_path(const struct tx_id_row *row, const char *shape, char any) {
    enum tx_id_separator before = TX_ID_NONE;
    uint16_t node = 0;
    for (size_t n = 0;; shape++) {
        size_t n_word = strcspn(shape, " -./~");
        n += n_word;
        node = child_of(node, before, n_word);
        tree.nodes[node].digits &= row->digits & ((UINT64_C(1) << n) - 1);
        tree.nodes[node].letters &= row->letters & ((UINT64_C(1) << n) - 1);
        shape += n_word;
        if (!*shape)
            return node;
        before = separator_of(*shape == '~' ? any : *shape);
    }
}

static void add_shape(const struct tx_id_shape *shape, char any) {
    assert(tree.n_rows < TX_COUNT_OF(tree.rows));
    struct tx_id_row *row = &tree.rows[tree.n_rows++];

    fill_row(row, shape, any);
    uint16_t node = add_path(row, shape->shape, any);
    if (shape->context == TX_ID_CONTEXT)
        tx_detectors_add(&tree.nodes[node].doubtful, shape->detector);
    else
        tree.nodes[node].has_sure = true;
    row->next = tree.nodes[node].first_row;
    tree.nodes[node].first_row = (uint16_t)tree.n_rows;
    size_t n_first = strcspn(shape->shape, " -./~");
    char behind = shape->shape[n_first] == '~' ? any : shape->shape[n_first];
    uint64_t word = (UINT64_C(1) << n_first) - 1;
    tree.starts[n_first][row->single ? TX_ID_NONE : separator_of(behind)] &=
        (row->digits & word) | (row->letters & word) << 32;
}

static void build(void) {
    static const struct tx_id_family *const families[] = {
        &tx_ids_europe_west, &tx_ids_europe_north, &tx_ids_europe_east, &tx_ids_europe_more,
        &tx_ids_america,     &tx_ids_america_more, &tx_ids_asia,        &tx_ids_asia_more,
        &tx_ids_common,      &tx_ids_people};
    tree.n_nodes = 1; /* 0 is none */
    memset(tree.starts, 0xff, sizeof(tree.starts));
    for (unsigned c = 0; c < 256; c++)
        tree.separators[c] = (uint8_t)separator_of((char)c);
    for (size_t i = 0; i < TX_COUNT_OF(families); i++)
        for (size_t k = 0; k < families[i]->n_shapes; k++) {
            const struct tx_id_shape *shape = &families[i]->shapes[k];
            if (strchr(shape->shape, '~'))
                for (const char *any = " -."; *any; any++)
                    add_shape(shape, *any);
            else
                add_shape(shape, 0);
        }
}

const struct tx_id_tree *tx_id_tree(void) {
    pthread_once(&once, build);
    return &tree;
}
