/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/ids.h"

static struct tx_id_tree tree;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint16_t add_node(enum tx_id_separator separator, size_t n) {
    assert(tree.n_nodes < TX_COUNT_OF(tree.nodes));
    tree.nodes[tree.n_nodes] =
        (struct tx_id_node){.separator = (uint8_t)separator, .n = (uint8_t)n};
    return (uint16_t)tree.n_nodes++;
}

static uint16_t child_of(uint16_t parent, enum tx_id_separator separator, size_t n) {
    uint16_t *link = separator == TX_ID_FIRST ? &tree.roots[n] : &tree.nodes[parent].child;
    while (*link && !(tree.nodes[*link].separator == separator && tree.nodes[*link].n == n))
        link = &tree.nodes[*link].sibling;
    if (!*link)
        *link = add_node(separator, n);
    return *link;
}

enum tx_id_separator tx_id_separator_of(char c) {
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

static void add_shape(const struct tx_id_shape *shape, char any) {
    assert(tree.n_rows < TX_COUNT_OF(tree.rows));
    struct tx_id_row *row = &tree.rows[tree.n_rows++];
    enum tx_id_separator before = TX_ID_FIRST;
    size_t n_word = 0, n_words = 0;
    uint16_t node = 0;

    *row = (struct tx_id_row){.shape = shape};
    for (const char *c = shape->shape;; c++) {
        enum tx_id_separator separator = tx_id_separator_of(*c == '~' ? any : *c);
        if (*c && separator == TX_ID_NONE) {
            assert(row->n < TX_ID_CHARS_MAX && strchr("9AX", *c));
            row->pattern[row->n++] = *c;
            n_word++;
            continue;
        }
        node = child_of(node, before, n_word);
        n_words++;
        before = separator;
        n_word = 0;
        if (!*c)
            break;
    }
    row->single = n_words == 1;
    row->next = tree.nodes[node].first_row;
    tree.nodes[node].first_row = (uint16_t)tree.n_rows;
}

static void build(void) {
    static const struct tx_id_family *const families[] = {
        &tx_ids_europe_west, &tx_ids_europe_north, &tx_ids_europe_east, &tx_ids_europe_more,
        &tx_ids_america,     &tx_ids_america_more, &tx_ids_asia,        &tx_ids_asia_more,
        &tx_ids_common,      &tx_ids_people};
    tree.n_nodes = 1; /* 0 is none */
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
