/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/syntax.h"

#include "libtx/pattern/grow.h"
#include "libtx/pattern/parser.h"

#define DEPTH_MAX 64

void tx_syntax_deinit(struct tx_syntax *syntax) {
    for (size_t i = 0; i < syntax->n_classes; i++)
        tx_ranges_deinit(&syntax->class[i]);
    free(syntax->class);
    free(syntax->node);
    *syntax = (struct tx_syntax){.node = NULL};
}

int tx_parser_new_node(struct tx_parser *p, struct tx_node node, uint32_t *ret) {
    struct tx_syntax *syntax = p->syntax;
    int r = tx_grow(&syntax->node, &syntax->cap_nodes, syntax->n_nodes + 1, sizeof(node));
    if (r < 0)
        return r;
    node.next = TX_NO_NODE;
    syntax->node[syntax->n_nodes] = node;
    *ret = (uint32_t)syntax->n_nodes++;
    return 0;
}

/* --- groups --- */

static int take_alternatives(struct tx_parser *p, uint32_t *ret_node);

static int refuse_group(struct tx_parser *p, size_t start) {
    static const struct {
        const char *opening, *reason;
    } refused[] = {
        {"(?=", "look-ahead cannot be matched in linear time; see context: for words near a match"},
        {"(?!", "look-ahead cannot be matched in linear time; see context: for words near a match"},
        {"(?<=", "look-behind cannot be matched in linear time; with `capture: 1` a group says "
                 "what of the match is meant"},
        {"(?<!", "look-behind cannot be matched in linear time; see \\b, and context: exclude"},
        {"(?>", "an atomic group has no meaning where nothing is tried twice; write (?:"},
        {"(?(", "conditionals cannot be matched in linear time"},
        {"(?P=", "back-references cannot be matched in linear time"},
        {"(?P>", "recursion cannot be matched in linear time"},
        {"(?R", "recursion cannot be matched in linear time"},
        {"(?&", "recursion cannot be matched in linear time"},
        {"(?P<", "groups have no names here; write ("},
        {"(?<", "groups have no names here; write ("},
        {"(?'", "groups have no names here; write ("},
        {"(?#", "there are no comments in a pattern"},
        {"(?i", "(?i) may only stand at the very beginning, and holds for the whole pattern"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(refused); i++)
        if (tx_parser_starts(p, refused[i].opening))
            return tx_refuse(p->error, start, "%s", refused[i].reason);
    return tx_refuse(p->error, start, "behind (? only : is known, and (?i) at the very beginning");
}

static int take_group(struct tx_parser *p, uint32_t *ret_node) {
    size_t start = p->at;
    bool captures = !tx_parser_starts(p, "(?"), was_in_group_1 = p->in_group_1;

    if (!captures && !tx_parser_starts(p, "(?:"))
        return refuse_group(p, start);
    if (tx_parser_starts(p, "(*"))
        return tx_refuse(p->error, start, "verbs, as (*SKIP), are not known");
    if (p->depth == DEPTH_MAX)
        return tx_refuse(p->error, start, "groups are nested more than %d deep", DEPTH_MAX);
    p->at += captures ? 1 : 3;
    if (captures && ++p->syntax->n_groups == 1)
        p->in_group_1 = true;
    p->depth++;
    int r = take_alternatives(p, ret_node);
    p->depth--;
    p->in_group_1 = was_in_group_1;
    if (r != 0)
        return r;
    if (tx_parser_peek(p) != ')')
        return tx_refuse(p->error, start, "this group is not closed: ) is missing");
    p->at++;
    return 0;
}

/* --- repeats --- */

static int take_number(struct tx_parser *p, uint32_t *ret) {
    size_t start = p->at;
    uint32_t value = 0;
    while (tx_parser_peek(p) >= '0' && tx_parser_peek(p) <= '9' && value <= TX_REPEAT_MAX)
        value = value * 10 + (uint32_t)(p->p[p->at++] - '0');
    if (value > TX_REPEAT_MAX)
        return tx_refuse(p->error, start, "at most %d repeats", TX_REPEAT_MAX);
    if (p->at == start)
        return tx_refuse(p->error, start,
                         "a repeat is {2}, {2,} or {2,5}; the character { is written \\{");
    *ret = value;
    return 0;
}

static int take_braces(struct tx_parser *p, uint32_t *ret_min, uint32_t *ret_max) {
    size_t start = p->at++;
    int r = take_number(p, ret_min);
    if (r != 0)
        return r;
    *ret_max = *ret_min;
    if (tx_parser_peek(p) == ',') {
        p->at++;
        *ret_max = TX_REPEAT_EVER;
        if (tx_parser_peek(p) != '}')
            r = take_number(p, ret_max);
        if (r != 0)
            return r;
    }
    if (tx_parser_peek(p) != '}')
        return tx_refuse(p->error, start,
                         "a repeat is {2}, {2,} or {2,5}; the character { is written \\{");
    p->at++;
    if (*ret_max < *ret_min)
        return tx_refuse(p->error, start, "a repeat of at least %u and at most %u times", *ret_min,
                         *ret_max);
    return 0;
}

/* False when no quantifier is there. */
static bool is_quantifier(int c) {
    return c == '*' || c == '+' || c == '?' || c == '{';
}

static int take_quantifier(struct tx_parser *p, uint32_t *ret_min, uint32_t *ret_max) {
    size_t start = p->at;
    int c = tx_parser_peek(p), r = 0;

    *ret_min = c == '+';
    *ret_max = c == '?' ? 1 : TX_REPEAT_EVER;
    if (c == '{')
        r = take_braces(p, ret_min, ret_max);
    else
        p->at++;
    if (r != 0)
        return r;
    if (tx_parser_peek(p) == '+')
        return tx_refuse(p->error, start,
                         "possessive quantifiers have no meaning where nothing is tried twice");
    if (tx_parser_peek(p) == '?') {
        if (!p->syntax->has_lazy)
            p->syntax->lazy_at = start;
        p->syntax->has_lazy = true;
        p->at++;
    }
    if (is_quantifier(tx_parser_peek(p)))
        return tx_refuse(p->error, p->at, "a repeat of a repeat: put (?: ) around the first");
    return 0;
}

static int take_item(struct tx_parser *p, uint32_t *ret_node) {
    size_t start = p->at;
    uint32_t min, max, child;
    int r;

    if (is_quantifier(tx_parser_peek(p)))
        return tx_refuse(p->error, start,
                         "there is nothing to repeat; the character %c is written \\%c",
                         tx_parser_peek(p), tx_parser_peek(p));
    r = tx_parser_peek(p) == '(' ? take_group(p, &child) : tx_parser_take_character(p, &child);
    if (r != 0)
        return r;
    *ret_node = child;
    if (!is_quantifier(tx_parser_peek(p)))
        return 0;
    if (p->syntax->node[child].kind == TX_NODE_ASSERT && p->p[start] != '(')
        return tx_refuse(p->error, p->at, "^, $, \\b and \\B cannot be repeated");
    r = take_quantifier(p, &min, &max);
    if (r != 0 || (min == 1 && max == 1))
        return r;
    struct tx_node node = {
        .kind = TX_NODE_REPEAT, .min = (uint16_t)min, .max = (uint16_t)max, .child = child};
    return tx_parser_new_node(p, node, ret_node);
}

/* --- */

/* Puts a node behind the last child of a list that begins at *first. */
static void append(struct tx_syntax *syntax, uint32_t *first, uint32_t *last, uint32_t node) {
    if (*first == TX_NO_NODE)
        *first = node;
    else
        syntax->node[*last].next = node;
    *last = node;
}

static int take_sequence(struct tx_parser *p, uint32_t *ret_node) {
    uint32_t first = TX_NO_NODE, last = TX_NO_NODE, item;
    while (tx_parser_peek(p) >= 0 && tx_parser_peek(p) != '|' && tx_parser_peek(p) != ')') {
        int r = take_item(p, &item);
        if (r != 0)
            return r;
        append(p->syntax, &first, &last, item);
    }
    if (first != TX_NO_NODE && first == last) {
        *ret_node = first;
        return 0;
    }
    struct tx_node node = {.kind = first == TX_NO_NODE ? TX_NODE_EMPTY : TX_NODE_CAT,
                           .child = first};
    return tx_parser_new_node(p, node, ret_node);
}

static int take_alternatives(struct tx_parser *p, uint32_t *ret_node) {
    uint32_t first = TX_NO_NODE, last = TX_NO_NODE, item;
    int r = take_sequence(p, &item);
    if (r != 0 || tx_parser_peek(p) != '|') {
        *ret_node = item;
        return r;
    }
    append(p->syntax, &first, &last, item);
    while (tx_parser_peek(p) == '|') {
        p->at++;
        r = take_sequence(p, &item);
        if (r != 0)
            return r;
        append(p->syntax, &first, &last, item);
    }
    return tx_parser_new_node(p, (struct tx_node){.kind = TX_NODE_ALT, .child = first}, ret_node);
}

/* The pattern between two assertions that hold on both its sides. */
static int wrap(struct tx_parser *p, uint32_t gap_before, uint32_t gap_after) {
    struct tx_syntax *syntax = p->syntax;
    struct tx_node before = {.kind = TX_NODE_ASSERT, .gap = (uint16_t)gap_before};
    struct tx_node after = {.kind = TX_NODE_ASSERT, .gap = (uint16_t)gap_after};
    uint32_t first, last, inner = syntax->root;
    int r = tx_parser_new_node(p, before, &first);
    if (r == 0)
        r = tx_parser_new_node(p, after, &last);
    if (r < 0)
        return r;
    syntax->node[first].next = inner;
    syntax->node[inner].next = last;
    return tx_parser_new_node(p, (struct tx_node){.kind = TX_NODE_CAT, .child = first},
                              &syntax->root);
}

int tx_syntax_parse(struct tx_text text, const struct tx_pattern_options *options,
                    struct tx_pattern_error *ret_error, struct tx_syntax *ret) {
    struct tx_parser p = {.p = text.p,
                          .n = text.n,
                          .ignore_case = options->ignore_case,
                          .error = ret_error,
                          .syntax = ret};

    *ret = (struct tx_syntax){.node = NULL};
    if (text.n > TX_PATTERN_BYTES)
        return tx_refuse(ret_error, TX_PATTERN_BYTES, "the pattern is longer than %d bytes",
                         TX_PATTERN_BYTES);
    if (tx_parser_starts(&p, "(?i)")) {
        p.ignore_case = true;
        p.at = 4;
    }
    int r = take_alternatives(&p, &ret->root);
    if (r != 0)
        return r;
    if (p.at < p.n)
        return tx_refuse(ret_error, p.at, "there is no ( for this ); the character is written \\)");
    if (options->capture && ret->n_groups == 0)
        return tx_refuse(ret_error, 0, "`capture: 1` wants a group ( ) in the pattern");
    if (options->whole_words)
        r = wrap(&p, TX_GAP_NOT_IN_WORD, TX_GAP_NOT_IN_WORD);
    if (r == 0 && options->whole_value)
        r = wrap(&p, TX_GAP_START, TX_GAP_END);
    return r;
}
