/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/alphabet.h"

#include <string.h>

#include "libtx/pattern/grow.h"
#include "libtx/pattern/refuse.h"

/* Intervals times classes: what building may cost. */
#define WORK_MAX (8u * 1024u * 1024u)

void tx_alphabet_deinit(struct tx_alphabet *alphabet) {
    free(alphabet->above);
    free(alphabet->class);
    *alphabet = (struct tx_alphabet){.above = NULL};
}

/* --- what is told apart --- */

/* Whether all assertions take the one for the other, on both sides. */
static bool are_same(const struct tx_syntax *syntax, enum tx_kind a, enum tx_kind b) {
    for (size_t i = 0; i < syntax->n_nodes; i++) {
        if (syntax->node[i].kind != TX_NODE_ASSERT)
            continue;
        unsigned gap = syntax->node[i].gap;
        for (unsigned x = 0; x < TX_KIND_N; x++)
            if (!(gap & TX_GAP(a, x)) != !(gap & TX_GAP(b, x)) ||
                !(gap & TX_GAP(x, a)) != !(gap & TX_GAP(x, b)))
                return false;
    }
    return true;
}

struct cuts {
    size_t n, cap;
    uint32_t *cut;
};

static int add_cut(struct cuts *cuts, uint32_t at) {
    int r = tx_grow(&cuts->cut, &cuts->cap, cuts->n + 1, sizeof(cuts->cut[0]));
    if (r == 0)
        cuts->cut[cuts->n++] = at;
    return r;
}

static int add_cuts(struct cuts *cuts, const struct tx_range *range, size_t n) {
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        r = add_cut(cuts, range[i].from);
        if (r == 0)
            r = add_cut(cuts, range[i].to + 1);
    }
    return r;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Where one interval of characters ends and the next begins, ascending. */
static int find_cuts(const struct tx_syntax *syntax, bool has_words, struct cuts *ret) {
    static const uint32_t always[] = {1, 0x80, TX_CODE_POINT_MAX + 1};
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; i < TX_COUNT_OF(always) && r == 0; i++)
        r = add_cut(ret, always[i]);
    if (r == 0 && has_words)
        r = add_cuts(ret, tx_word_ranges, tx_n_word_ranges);
    for (size_t i = 0; i < syntax->n_classes && r == 0; i++)
        r = add_cuts(ret, syntax->class[i].range, syntax->class[i].n);
    if (r < 0)
        return r;
    qsort(ret->cut, ret->n, sizeof(ret->cut[0]), compare);
    for (size_t i = 0; i < ret->n; i++)
        if (n == 0 || ret->cut[i] != ret->cut[n - 1])
            ret->cut[n++] = ret->cut[i];
    ret->n = n;
    return 0;
}

static bool is_word(uint32_t c) {
    for (size_t i = 0; i < tx_n_word_ranges && tx_word_ranges[i].from <= c; i++)
        if (c <= tx_word_ranges[i].to)
            return true;
    return false;
}

/* --- symbols --- */

struct builder {
    const struct tx_syntax *syntax;
    struct tx_alphabet *alphabet;
    bool has_words;
    uint32_t first[TX_SYMBOLS_MAX]; /* a character of each symbol */
};

static bool is_same_symbol(const struct builder *b, uint32_t c, unsigned symbol) {
    uint32_t other = b->first[symbol];
    if (b->has_words && is_word(c) != is_word(other))
        return false;
    for (size_t i = 0; i < b->syntax->n_classes; i++)
        if (tx_ranges_have(&b->syntax->class[i], c) !=
            tx_symbols_have(&b->alphabet->class[i], symbol))
            return false;
    return true;
}

static int symbol_of(struct builder *b, uint32_t c, struct tx_pattern_error *error, unsigned *ret) {
    struct tx_alphabet *alphabet = b->alphabet;
    for (unsigned symbol = TX_SYMBOL_FIRST; symbol < alphabet->n; symbol++)
        if (is_same_symbol(b, c, symbol)) {
            *ret = symbol;
            return 0;
        }
    if (alphabet->n == TX_SYMBOLS_MAX)
        return tx_refuse(error, 0,
                         "the pattern tells more than %d characters apart; words can "
                         "stand in `literal` or `words_file`",
                         TX_SYMBOLS_MAX);
    unsigned symbol = alphabet->n++;
    b->first[symbol] = c;
    alphabet->kind[symbol] = b->has_words && is_word(c) ? TX_KIND_WORD : TX_KIND_OTHER;
    for (size_t i = 0; i < b->syntax->n_classes; i++)
        if (tx_ranges_have(&b->syntax->class[i], c))
            alphabet->class[i].word[symbol / 64] |= UINT64_C(1) << (symbol % 64);
    *ret = symbol;
    return 0;
}

static int add_interval(struct tx_alphabet *alphabet, uint32_t from, uint32_t end,
                        unsigned symbol) {
    for (uint32_t c = from; c < end && c < 0x80; c++)
        alphabet->ascii[c] = (uint8_t)symbol;
    if (from < 0x80 ||
        (alphabet->n_above > 0 && alphabet->above[alphabet->n_above - 1].symbol == symbol))
        return 0;
    int r = tx_grow(&alphabet->above, &alphabet->cap_above, alphabet->n_above + 1,
                    sizeof(alphabet->above[0]));
    if (r == 0)
        alphabet->above[alphabet->n_above++] = (struct tx_above){from, (uint8_t)symbol};
    return r;
}

static int build(struct builder *b, const struct cuts *cuts, struct tx_pattern_error *error) {
    if (cuts->n * (b->syntax->n_classes + 1) > WORK_MAX)
        return tx_refuse(error, 0, "the classes of the pattern are too many and too large");
    for (size_t i = 0; i + 1 < cuts->n; i++) {
        unsigned symbol;
        int r = symbol_of(b, cuts->cut[i], error, &symbol);
        if (r == 0)
            r = add_interval(b->alphabet, cuts->cut[i], cuts->cut[i + 1], symbol);
        if (r != 0)
            return r;
    }
    return 0;
}

int tx_alphabet_init(const struct tx_syntax *syntax, struct tx_pattern_error *ret_error,
                     struct tx_alphabet *ret) {
    struct cuts cuts = {.cut = NULL};
    struct builder b = {.syntax = syntax,
                        .alphabet = ret,
                        .has_words = !are_same(syntax, TX_KIND_WORD, TX_KIND_OTHER)};
    bool has_bounds = !are_same(syntax, TX_KIND_BOUND, TX_KIND_OTHER);

    *ret = (struct tx_alphabet){.n = TX_SYMBOL_FIRST};
    ret->ascii[0] = TX_SYMBOL_NUL;
    ret->kind[TX_SYMBOL_NUL] = has_bounds ? TX_KIND_BOUND : TX_KIND_OTHER;
    ret->kind[TX_SYMBOL_INVALID] = TX_KIND_OTHER;
    ret->class = calloc(syntax->n_classes + 1, sizeof(ret->class[0]));
    if (!ret->class)
        return -ENOMEM;
    int r = find_cuts(syntax, b.has_words, &cuts);
    if (r == 0)
        r = build(&b, &cuts, ret_error);
    free(cuts.cut);
    return r;
}

/* --- reading --- */

/* n >= 1, and the first byte is not ASCII. */
unsigned tx_alphabet_above(const struct tx_alphabet *alphabet, const uint8_t *p, size_t n,
                           size_t *ret_bytes) {
    size_t bytes = tx_utf8_char((const char *)p, n), low = 0, high = alphabet->n_above;
    if (bytes == 0) {
        *ret_bytes = 1;
        return TX_SYMBOL_INVALID;
    }
    uint32_t c = tx_utf8_code((const char *)p, bytes);
    *ret_bytes = bytes;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (alphabet->above[middle].from <= c)
            low = middle;
        else
            high = middle;
    }
    return alphabet->above[low].symbol;
}

/* How many bytes the character before `at` has: a first byte stands in no other character, so where
 * one makes a valid character up to `at`, reading forwards found it too. */
size_t tx_alphabet_back(const uint8_t *p, size_t at) {
    for (size_t bytes = 2; bytes <= 4 && bytes <= at; bytes++) {
        const uint8_t *first = p + at - bytes;
        if (*first >= 0xc0)
            return tx_utf8_char((const char *)first, bytes) == bytes ? bytes : 1;
        if (*first < 0x80)
            return 1;
    }
    return 1;
}
