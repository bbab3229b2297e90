/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/words.h"

#include <string.h>

#include "libtx/pattern/grow.h"
#include "libtx/pattern/ranges.h"

/* A node is a beginning of words; its children are a list, but those of the root a table. */
struct node {
    uint32_t child, sibling;
    uint32_t shorter; /* the longest end of it that is a node too */
    uint32_t out;     /* the longest end of it, itself included, that is a word; 0: none */
    uint32_t word;    /* 1 + index of a spelling that ends here */
    uint32_t depth;
    uint8_t byte;
};

struct tx_words {
    size_t n_nodes, cap_nodes;
    struct node *node; /* node 0 is the root, and nobody's child */
    uint32_t root[256];
    uint8_t fold[256];
    /* Words with the same spelling: 1 + index of the next one in `spelling`. */
    size_t n_spellings, cap_spellings;
    struct spelling {
        uint32_t word, next;
    } * spelling;
    struct tx_words_options options;
    size_t n_bytes;
};

void tx_words_free(struct tx_words *words) {
    if (!words)
        return;
    free(words->node);
    free(words->spelling);
    free(words);
}

static uint32_t child_of(const struct tx_words *words, uint32_t node, uint8_t byte) {
    if (node == 0)
        return words->root[byte];
    uint32_t child = words->node[node].child;
    while (child && words->node[child].byte != byte)
        child = words->node[child].sibling;
    return child;
}

/* --- adding words --- */

static int add_child(struct tx_words *words, uint32_t node, uint8_t byte, uint32_t *ret) {
    int r = tx_grow(&words->node, &words->cap_nodes, words->n_nodes + 1, sizeof(words->node[0]));
    if (r < 0)
        return r;
    uint32_t child = (uint32_t)words->n_nodes++;
    words->node[child] = (struct node){.byte = byte, .depth = words->node[node].depth + 1};
    if (node == 0) {
        words->root[byte] = child;
    } else {
        words->node[child].sibling = words->node[node].child;
        words->node[node].child = child;
    }
    *ret = child;
    return 0;
}

static int add_spelling(struct tx_words *words, const uint8_t *p, size_t n, uint32_t index) {
    uint32_t node = 0, child;
    int r = 0;

    words->n_bytes += n;
    if (words->n_bytes > 3 * TX_WORDS_BYTES) /* three spellings of each */
        return -E2BIG;
    for (size_t i = 0; i < n; i++, node = child) {
        child = child_of(words, node, words->fold[p[i]]);
        if (!child)
            r = add_child(words, node, words->fold[p[i]], &child);
        if (r < 0)
            return r;
    }
    for (uint32_t s = words->node[node].word; s; s = words->spelling[s - 1].next)
        if (words->spelling[s - 1].word == index)
            return 0;
    r = tx_grow(&words->spelling, &words->cap_spellings, words->n_spellings + 1,
                sizeof(words->spelling[0]));
    if (r < 0)
        return r;
    words->spelling[words->n_spellings] = (struct spelling){index, words->node[node].word};
    words->node[node].word = (uint32_t)++words->n_spellings;
    return 0;
}

/* Letters of two or three bytes in the case that is asked for; the other case of none of them is
 * longer. */
static void set_case(uint8_t *p, size_t n, bool first_only, bool capital) {
    for (size_t i = 0, bytes; i < n; i += bytes) {
        bytes = tx_utf8_char((const char *)p + i, n - i);
        if (bytes == 2 || bytes == 3) {
            uint32_t c = tx_utf8_code((const char *)p + i, bytes);
            uint32_t other = tx_other_case(c);
            if (other != c && (other < c) == capital)
                for (size_t k = bytes; k > 0; k--, other >>= 6)
                    p[i + k - 1] = (uint8_t)(k > 1        ? 0x80 | (other & 0x3f)
                                             : bytes == 2 ? 0xc0 | other
                                                          : 0xe0 | other);
        }
        if (bytes == 0)
            bytes = 1;
        if (first_only)
            return;
    }
}

static int add_cases(struct tx_words *words, uint8_t *p, size_t n, uint32_t index) {
    bool is_ascii = true;
    for (size_t i = 0; i < n; i++)
        is_ascii = is_ascii && p[i] < 0x80;
    if (!words->options.ignore_case || is_ascii)
        return add_spelling(words, p, n, index);
    set_case(p, n, false, false);
    int r = add_spelling(words, p, n, index);
    set_case(p, n, true, true);
    if (r == 0)
        r = add_spelling(words, p, n, index);
    set_case(p, n, false, true);
    return r < 0 ? r : add_spelling(words, p, n, index);
}

static int add_word(struct tx_words *words, struct tx_text text, uint32_t index) {
    _cleanup_(tx_freep) uint8_t *copy = NULL;
    size_t n = 0;

    if (text.n == 0)
        return -EINVAL;
    if (text.n > TX_WORDS_BYTES)
        return -E2BIG;
    copy = malloc(text.n);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, text.p, text.n);
    int r = add_cases(words, copy, text.n, index);
    if (r < 0 || !words->options.joints || !memchr(text.p, ' ', text.n))
        return r;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ' ')
            copy[n++] = (uint8_t)text.p[i];
    return n > 0 ? add_cases(words, copy, n, index) : 0;
}

/* --- the links --- */

/* Where the search goes on from `node` with one byte more. */
static uint32_t step(const struct tx_words *words, uint32_t node, uint8_t byte) {
    for (;;) {
        uint32_t child = child_of(words, node, byte);
        if (child || node == 0)
            return child;
        node = words->node[node].shorter;
    }
}

static void link_node(struct tx_words *words, uint32_t parent, uint32_t child) {
    struct node *node = &words->node[child];
    node->shorter = parent == 0 ? 0 : step(words, words->node[parent].shorter, node->byte);
    node->out = node->word ? child : words->node[node->shorter].out;
}

/* By depth, so that what a link goes to has its own. */
static int link_all(struct tx_words *words) {
    _cleanup_(tx_freep) uint32_t *queue = calloc(words->n_nodes, sizeof(queue[0]));
    size_t head = 0, tail = 0;
    if (!queue)
        return -ENOMEM;
    for (size_t byte = 0; byte < 256; byte++)
        if (words->root[byte]) {
            link_node(words, 0, words->root[byte]);
            queue[tail++] = words->root[byte];
        }
    while (head < tail) {
        uint32_t parent = queue[head++];
        for (uint32_t c = words->node[parent].child; c; c = words->node[c].sibling) {
            link_node(words, parent, c);
            queue[tail++] = c;
        }
    }
    return 0;
}

int tx_words_new(const struct tx_text *texts, size_t n, const struct tx_words_options *options,
                 struct tx_words **ret) {
    _cleanup_(tx_words_freep) struct tx_words *words = calloc(1, sizeof(*words));
    if (!words)
        return -ENOMEM;
    words->options = *options;
    for (unsigned c = 0; c < 256; c++) {
        bool is_joint = c == '_' || c == '-' || c == '.' || c == '/';
        bool is_capital = c >= 'A' && c <= 'Z';
        words->fold[c] = (uint8_t)(options->joints && is_joint          ? ' '
                                   : options->ignore_case && is_capital ? c | 0x20
                                                                        : c);
    }
    int r = tx_grow(&words->node, &words->cap_nodes, 1, sizeof(words->node[0]));
    if (r < 0)
        return r;
    words->node[words->n_nodes++] = (struct node){.child = 0};
    for (size_t i = 0; i < n && r == 0; i++)
        r = add_word(words, texts[i], (uint32_t)i);
    if (r == 0)
        r = link_all(words);
    if (r < 0)
        return r;
    *ret = TX_STEAL(words);
    return 0;
}

/* --- searching --- */

/* `out` is 1 + the index of the next spelling to tell, at the node `told`. */
static bool tell(struct tx_words_search *search, struct tx_words_found *ret) {
    const struct tx_words *words = search->words;
    const struct spelling *spelling = &words->spelling[search->out - 1];
    *ret = (struct tx_words_found){.start = search->at - words->node[search->told].depth,
                                   .end = search->at,
                                   .word = spelling->word};
    search->out = spelling->next;
    if (search->out == 0) {
        search->told = words->node[words->node[search->told].shorter].out;
        search->out = words->node[search->told].word;
    }
    return true;
}

bool tx_words_next(struct tx_words_search *search, size_t until, struct tx_words_found *ret) {
    const struct tx_words *words = search->words;
    const uint8_t *p = (const uint8_t *)search->text.p;
    uint32_t node = search->node;
    size_t at = search->at;

    if (search->out)
        return tell(search, ret);
    if (until > search->text.n)
        until = search->text.n;
    while (at < until && !search->out) {
        if (node == 0)
            while (at < until && !words->root[words->fold[p[at]]])
                at++;
        if (at == until)
            break;
        node = step(words, node, words->fold[p[at++]]);
        search->told = words->node[node].out;
        search->out = words->node[search->told].word;
    }
    search->at = at;
    search->node = node;
    return search->out ? tell(search, ret) : false;
}
