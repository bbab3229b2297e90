/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/pattern/grow.h"
#include "libtx/pattern/parser.h"

/* --- sets --- */

static int add_all(struct tx_ranges *ranges, const struct tx_range *from, size_t n) {
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = tx_ranges_add(ranges, from[i].from, from[i].to);
    return r;
}

static int add_negated(struct tx_ranges *ranges, const struct tx_range *from, size_t n) {
    _cleanup_(tx_ranges_deinit) struct tx_ranges other = {.range = NULL};
    int r = add_all(&other, from, n);
    tx_ranges_normalise(&other);
    if (r == 0)
        r = tx_ranges_negate(&other);
    return r < 0 ? r : add_all(ranges, other.range, other.n);
}

/* d, w, s and their opposites; 1 when the letter is none of these. */
static int add_shorthand(struct tx_ranges *ranges, int letter) {
    static const struct tx_range digits[] = {{'0', '9'}};
    static const struct tx_range spaces[] = {{'\t', '\r'}, {' ', ' '}};
    switch (letter) {
    case 'd':
        return add_all(ranges, digits, TX_COUNT_OF(digits));
    case 'D':
        return add_negated(ranges, digits, TX_COUNT_OF(digits));
    case 'w':
        return add_all(ranges, tx_word_ranges, tx_n_word_ranges);
    case 'W':
        return add_negated(ranges, tx_word_ranges, tx_n_word_ranges);
    case 's':
        return add_all(ranges, spaces, TX_COUNT_OF(spaces));
    case 'S':
        return add_negated(ranges, spaces, TX_COUNT_OF(spaces));
    default:
        return 1;
    }
}

/* Takes `ranges`. Equal sets are one class. */
static int class_node(struct tx_parser *p, struct tx_ranges *ranges, uint32_t *ret_node) {
    struct tx_syntax *syntax = p->syntax;
    struct tx_node node = {.kind = TX_NODE_CLASS, .in_group_1 = p->in_group_1};

    for (size_t i = 0; i < syntax->n_classes; i++)
        if (tx_ranges_equal(&syntax->class[i], ranges)) {
            node.class = (uint32_t)i;
            return tx_parser_new_node(p, node, ret_node);
        }
    int r = tx_grow(&syntax->class, &syntax->cap_classes, syntax->n_classes + 1,
                    sizeof(syntax->class[0]));
    if (r < 0)
        return r;
    node.class = (uint32_t)syntax->n_classes;
    syntax->class[syntax->n_classes++] = *ranges;
    *ranges = (struct tx_ranges){.range = NULL};
    return tx_parser_new_node(p, node, ret_node);
}

static int finish_class(struct tx_parser *p, struct tx_ranges *ranges, bool negated, size_t start,
                        uint32_t *ret_node) {
    int r = 0;
    tx_ranges_normalise(ranges);
    if (p->ignore_case) {
        r = tx_ranges_fold(ranges);
        tx_ranges_normalise(ranges);
    }
    if (r == 0 && negated)
        r = tx_ranges_negate(ranges);
    if (r < 0)
        return r;
    if (ranges->n == 0)
        return tx_refuse(p->error, start, "this class has no character in it");
    return class_node(p, ranges, ret_node);
}

/* --- characters --- */

static int hex_value(int c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* Behind \x or \u: {…}, or so many digits. */
static int take_hex(struct tx_parser *p, size_t start, unsigned digits, uint32_t *ret) {
    uint32_t value = 0;
    unsigned n = 0;
    bool braces = tx_parser_peek(p) == '{';

    p->at += braces;
    while (n < (braces ? 8 : digits) && hex_value(tx_parser_peek(p)) >= 0) {
        value = value << 4 | (uint32_t)hex_value(tx_parser_peek(p));
        p->at++;
        n++;
    }
    if (n == 0 || (!braces && n < digits) || (braces && tx_parser_peek(p) != '}'))
        return tx_refuse(p->error, start,
                         "\\x wants two hex digits, \\u four, or any number in braces: \\x{20ac}");
    p->at += braces;
    if (value > TX_CODE_POINT_MAX || (value >= 0xd800 && value <= 0xdfff))
        return tx_refuse(p->error, start, "there is no character with this number");
    if (value == 0)
        return tx_refuse(p->error, start, "no match ever contains NUL");
    *ret = value;
    return 0;
}

static int refuse_escape(struct tx_parser *p, size_t start, int c) {
    if (c >= '1' && c <= '9')
        return tx_refuse(p->error, start, "back-references (\\%c) cannot be matched in linear time",
                         c);
    switch (c) {
    case 'k':
    case 'g':
        return tx_refuse(p->error, start, "back-references (\\%c) cannot be matched in linear time",
                         c);
    case 'p':
    case 'P':
    case 'X':
        return tx_refuse(p->error, start,
                         "Unicode properties are not known; write the ranges, as [a-zà-ÿ]");
    case 'A':
        return tx_refuse(p->error, start, "\\A is written ^ here");
    case 'z':
    case 'Z':
        return tx_refuse(p->error, start, "\\%c is written $ here", c);
    case '0':
        return tx_refuse(p->error, start, "no match ever contains NUL");
    default:
        return tx_refuse(p->error, start, "the escape \\%c is not known", c);
    }
}

/* One character that `\` makes, without the classes and assertions; `at` is behind the `\`. */
static int take_escape(struct tx_parser *p, size_t start, uint32_t *ret) {
    static const char letters[] = "ntrfv", values[] = "\n\t\r\f\v";
    int c = tx_parser_peek(p);

    if (c < 0)
        return tx_refuse(p->error, start, "nothing stands behind the last \\");
    const char *letter = strchr(letters, c);
    bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (c == 'x' || c == 'u') {
        p->at++;
        return take_hex(p, start, c == 'x' ? 2 : 4, ret);
    }
    if (letter && c)
        *ret = (uint8_t)values[letter - letters];
    else if (is_alnum || c >= 0x80 || c < ' ')
        return is_alnum ? refuse_escape(p, start, c)
                        : tx_refuse(p->error, start, "this needs no \\ before it");
    else
        *ret = (uint32_t)c;
    p->at++;
    return 0;
}

static int take_utf8(struct tx_parser *p, uint32_t *ret) {
    size_t n = tx_utf8_char(p->p + p->at, p->n - p->at);

    if (n == 0)
        return tx_refuse(p->error, p->at, "the pattern is not valid UTF-8");
    if (p->p[p->at] == 0)
        return tx_refuse(p->error, p->at, "no match ever contains NUL");
    *ret = tx_utf8_code(p->p + p->at, n);
    p->at += n;
    return 0;
}

/* --- [ … ] --- */

/* One character, or a shorthand, which is added (*ret_is_set). */
static int take_member(struct tx_parser *p, struct tx_ranges *ranges, uint32_t *ret,
                       bool *ret_is_set) {
    size_t start = p->at;

    *ret_is_set = false;
    if (tx_parser_peek(p) < 0)
        return tx_refuse(p->error, p->n, "a class is not closed: ] is missing");
    if (tx_parser_starts(p, "[:") || tx_parser_starts(p, "[.") || tx_parser_starts(p, "[="))
        return tx_refuse(p->error, start,
                         "names of classes are not known; write \\d, \\w, \\s or "
                         "the ranges, and \\[ for the character");
    if (tx_parser_peek(p) != '\\')
        return take_utf8(p, ret);
    p->at++;
    int r = add_shorthand(ranges, tx_parser_peek(p));
    if (r <= 0) {
        p->at++;
        *ret_is_set = true;
        return r;
    }
    return take_escape(p, start, ret);
}

static int take_members(struct tx_parser *p, size_t open, struct tx_ranges *ranges) {
    while (tx_parser_peek(p) != ']') {
        size_t start = p->at;
        uint32_t from, to;
        bool is_set;
        int r = take_member(p, ranges, &from, &is_set);
        if (r != 0)
            return r;
        bool is_range = tx_parser_peek(p) == '-' && p->at + 1 < p->n && p->p[p->at + 1] != ']';
        to = from;
        if (is_set && is_range)
            return tx_refuse(p->error, start, "a range begins with one character");
        if (is_set)
            continue;
        if (is_range) {
            p->at++;
            r = take_member(p, ranges, &to, &is_set);
            if (r != 0)
                return r;
            if (is_set || to < from)
                return tx_refuse(p->error, start, "a range goes from one character up to another");
        }
        r = tx_ranges_add(ranges, from, to);
        if (r < 0)
            return r;
    }
    p->at++;
    if (p->at == open + 2 || (p->at == open + 3 && p->p[open + 1] == '^'))
        return tx_refuse(p->error, open, "this class has no character in it; ] is written \\]");
    return 0;
}

static int take_class(struct tx_parser *p, uint32_t *ret_node) {
    _cleanup_(tx_ranges_deinit) struct tx_ranges ranges = {.range = NULL};
    size_t open = p->at++;
    bool negated = tx_parser_peek(p) == '^';

    p->at += negated;
    int r = take_members(p, open, &ranges);
    return r != 0 ? r : finish_class(p, &ranges, negated, open, ret_node);
}

/* --- */

static int take_backslash(struct tx_parser *p, uint32_t *ret_node) {
    _cleanup_(tx_ranges_deinit) struct tx_ranges ranges = {.range = NULL};
    size_t start = p->at++;
    int c = tx_parser_peek(p), r;
    uint32_t character;

    if (c == 'b' || c == 'B') {
        p->at++;
        struct tx_node node = {.kind = TX_NODE_ASSERT,
                               .gap = c == 'b' ? TX_GAP_WORD_EDGE : TX_GAP_ANY & ~TX_GAP_WORD_EDGE};
        return tx_parser_new_node(p, node, ret_node);
    }
    r = add_shorthand(&ranges, c);
    if (r == 0)
        p->at++;
    if (r == 1) {
        r = take_escape(p, start, &character);
        if (r == 0)
            r = tx_ranges_add(&ranges, character, character);
    }
    return r != 0 ? r : finish_class(p, &ranges, false, start, ret_node);
}

int tx_parser_take_character(struct tx_parser *p, uint32_t *ret_node) {
    static const struct tx_range newline[] = {{'\n', '\n'}};
    _cleanup_(tx_ranges_deinit) struct tx_ranges ranges = {.range = NULL};
    size_t start = p->at;
    uint32_t character;
    int r;

    switch (tx_parser_peek(p)) {
    case '^':
    case '$': {
        struct tx_node node = {.kind = TX_NODE_ASSERT,
                               .gap = p->p[p->at++] == '^' ? TX_GAP_START : TX_GAP_END};
        return tx_parser_new_node(p, node, ret_node);
    }
    case '[':
        return take_class(p, ret_node);
    case '\\':
        return take_backslash(p, ret_node);
    case '.':
        p->at++;
        r = add_negated(&ranges, newline, TX_COUNT_OF(newline));
        break;
    default:
        r = take_utf8(p, &character);
        if (r == 0)
            r = tx_ranges_add(&ranges, character, character);
    }
    return r != 0 ? r : finish_class(p, &ranges, false, start, ret_node);
}
