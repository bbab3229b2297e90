/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/ids.h"

static struct tx_id_tree tree;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint16_t add_node(void) {
    static const struct tx_id_kinds none = {UINT64_MAX, UINT64_MAX};
    assert(tree.n_nodes < TX_COUNT_OF(tree.nodes));
    for (size_t k = 0; k < 2; k++)
        tree.nodes[tree.n_nodes].common[k] = (struct tx_id_common){none, none, none};
    return (uint16_t)tree.n_nodes++;
}

/* The node of a word of n characters behind those of `parent` (0: the first word). */
static uint16_t child_of(uint16_t parent, enum tx_id_separator separator, size_t n) {
    assert(n > 0 && n <= TX_ID_WORD_MAX);
    uint16_t *link = parent == 0 ? &tree.roots[n] : &tree.next[parent][separator][n];
    if (!*link)
        *link = add_node();
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
        row->kinds.digits |= (uint64_t)(*c == '9') << row->n;
        row->kinds.letters |= (uint64_t)(*c == 'A') << row->n;
        row->n++;
    }
}

/* The first n characters of a row are of these kinds. */
static void have_in_common(struct tx_id_kinds *kinds, const struct tx_id_row *row, size_t n) {
    kinds->digits &= row->kinds.digits & ((UINT64_C(1) << n) - 1);
    kinds->letters &= row->kinds.letters & ((UINT64_C(1) << n) - 1);
}

/* The node of its last word. What it has in common with others is noted on the way. */
static uint16_t add_path(const struct tx_id_row *row, const char *shape, char any) {
    enum tx_id_separator before = TX_ID_NONE;
    uint16_t at = 0;
    for (size_t n = 0;; shape++) {
        size_t n_word = strcspn(shape, " -./~");
        n += n_word;
        at = child_of(at, before, n_word);
        struct tx_id_common *common = &tree.nodes[at].common[!(row->kinds.digits & 1)];
        have_in_common(&common->all, row, n);
        if (row->shape->context == TX_ID_ALONE)
            have_in_common(&common->alone, row, n);
        if (row->shape->context == TX_ID_APART)
            have_in_common(&common->apart, row, n);
        shape += n_word;
        if (!*shape)
            return at;
        before = separator_of(*shape == '~' ? any : *shape);
    }
}

static bool has_kinds(const struct tx_id_row *row, const struct tx_id_row *other) {
    return row->kinds.digits == other->kinds.digits && row->kinds.letters == other->kinds.letters;
}

/* Behind one of the same kinds, or in front. */
static void link_row(struct tx_id_node *node, struct tx_id_row *row) {
    uint16_t *link = &node->first_row, number = (uint16_t)(row - tree.rows + 1);
    for (uint16_t *at = link; *at; at = &tree.rows[*at - 1].next) {
        const struct tx_id_row *other = &tree.rows[*at - 1];
        bool doubtful = other->shape->context == TX_ID_CONTEXT;
        if (has_kinds(row, other) && doubtful == (row->shape->context == TX_ID_CONTEXT))
            link = at;
    }
    row->next = *link;
    *link = number;
}

static void add_shape(const struct tx_id_shape *shape, char any) {
    assert(tree.n_rows < TX_COUNT_OF(tree.rows));
    struct tx_id_row *row = &tree.rows[tree.n_rows++];

    assert(strlen(shape->shape) < TX_ID_SPAN_MAX - TX_ID_WORD_MAX);
    fill_row(row, shape, any);
    struct tx_id_node *node = &tree.nodes[add_path(row, shape->shape, any)];
    node->has_sure |= shape->context != TX_ID_CONTEXT;
    if (shape->context != TX_ID_ALONE)
        tx_detectors_add(&node->doubtful, shape->detector);
    link_row(node, row);
    size_t n_first = strcspn(shape->shape, " -./~");
    char behind = shape->shape[n_first] == '~' ? any : shape->shape[n_first];
    uint64_t word = (UINT64_C(1) << n_first) - 1;
    tree.starts[tx_id_start(n_first, row->single ? TX_ID_NONE : separator_of(behind))].must &=
        (row->kinds.digits & word) | (row->kinds.letters & word) << 32;
}

/* Each is put in front of the others. */
static void add_shapes(const struct tx_id_family *family, bool doubtful) {
    for (size_t k = 0; k < family->n_shapes; k++) {
        const struct tx_id_shape *shape = &family->shapes[k];
        if ((shape->context == TX_ID_CONTEXT) != doubtful)
            continue;
        if (!strchr(shape->shape, '~'))
            add_shape(shape, 0);
        for (const char *any = " -."; *any && strchr(shape->shape, '~'); any++)
            add_shape(shape, *any);
    }
}

/* Those of two words and more begin with a step that is not looked for from node to node. */
static void add_pairs(void) {
    for (size_t n = 1; n <= TX_ID_WORD_MAX; n++)
        for (size_t k = 0; tree.roots[n] && k < TX_ID_SEPARATORS; k++)
            for (size_t second = 1; second <= TX_ID_WORD_MAX; second++) {
                uint16_t node = tree.next[tree.roots[n]][k][second];
                tree.pairs[tx_id_start(n, k)][second] = node;
                tree.starts[tx_id_start(n, k)].seconds |= (uint32_t)(node != 0) << second;
            }
    /* Another gap behind it: see detect-ssn.c. */
    tree.starts[tx_id_start(3, TX_ID_SPACE)].seconds |= 1;
}

static tx_id_mask mask_of(const struct tx_id_kinds *kinds) {
    return (uint32_t)kinds->digits | kinds->letters << 32;
}

/* Node 0 leads anywhere. */
static void add_further(void) {
    memset(tree.further[0].thirds, 0xff, sizeof(tree.further[0].thirds));
    for (size_t at = 1; at < tree.n_nodes; at++) {
        struct tx_id_further *further = &tree.further[at];
        for (size_t k = 0; k < 2; k++)
            further->must[k] = mask_of(&tree.nodes[at].common[k].all);
        if (tree.nodes[at].first_row)
            memset(further->thirds, 0xff, sizeof(further->thirds));
        for (size_t k = 0; k < TX_ID_SEPARATORS; k++)
            for (size_t n = 1; n <= TX_ID_WORD_MAX; n++)
                further->thirds[k] |= (uint32_t)(tree.next[at][k][n] != 0) << n;
    }
}

static void link_others(void) {
    for (size_t i = 0; i < tree.n_rows; i++) {
        struct tx_id_row *row = &tree.rows[i];
        row->next_other = row->next;
        while (row->next_other && has_kinds(row, &tree.rows[row->next_other - 1]))
            row->next_other = tree.rows[row->next_other - 1].next;
    }
}

static void note_uniform(struct tx_id_uniform *uniform, const struct tx_id_node *node, size_t n) {
    uint64_t all = (UINT64_C(1) << n) - 1;
    char id[TX_ID_CHARS_MAX + 1] = {0};
    for (uint16_t r = node->first_row; r; r = tree.rows[r - 1].next) {
        const struct tx_id_row *row = &tree.rows[r - 1];
        if (row->shape->context != TX_ID_ALONE || row->kinds.letters & all)
            continue;
        uniform->has_alone = true;
        for (unsigned d = 0; d < 10; d++) {
            memset(id, (int)('0' + d), n);
            uniform->passing |= (uint16_t)(row->shape->check(id) << d);
        }
    }
}

/* Down the tree with one length and one separator. */
static void add_uniform(size_t n, enum tx_id_separator separator) {
    struct tx_id_uniform *uniform = &tree.uniform[n][separator];
    size_t words = 1;
    for (uint16_t at = tree.roots[n]; at; at = tree.next[at][separator][n], words++)
        if (words > 1)
            note_uniform(uniform, &tree.nodes[at], words * n);
    uniform->bytes = words * (n + 1);
    assert(uniform->bytes < TX_ID_SPAN_MAX);
    uniform->whole = (UINT64_C(1) << uniform->bytes) - 1;
    for (size_t i = 0; i < uniform->bytes; i++)
        uniform->places |= (uint64_t)(i % (n + 1) < n) << i;
}

static void build(void) {
    static const struct tx_id_family *const families[] = {
        &tx_ids_europe_west, &tx_ids_europe_north, &tx_ids_europe_east, &tx_ids_europe_more,
        &tx_ids_america,     &tx_ids_america_more, &tx_ids_asia,        &tx_ids_asia_more,
        &tx_ids_common,      &tx_ids_people};
    tree.n_nodes = 1; /* 0 is none */
    for (size_t i = 0; i < TX_ID_STARTS; i++)
        tree.starts[i].must = UINT64_MAX;
    for (unsigned c = 0; c < 256; c++)
        tree.separators[c] = (uint8_t)separator_of((char)c);
    for (size_t i = 0; i < TX_COUNT_OF(families); i++)
        add_shapes(families[i], true);
    for (size_t i = 0; i < TX_COUNT_OF(families); i++)
        add_shapes(families[i], false);
    link_others();
    add_pairs();
    add_further();
    for (size_t n = 1; n <= TX_ID_ROW_DIGITS_MAX; n++)
        for (size_t k = 0; k < TX_ID_SEPARATORS; k++)
            add_uniform(n, (enum tx_id_separator)k);
}

const struct tx_id_tree *tx_id_tree(void) {
    pthread_once(&once, build);
    return &tree;
}
