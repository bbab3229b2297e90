/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/literal.h"

#include <string.h>

struct walk {
    const struct tx_syntax *syntax;
    struct tx_literal run;
    struct tx_literal *best;
};

static void end_run(struct walk *w) {
    if (w->run.n > w->best->n)
        *w->best = w->run;
    w->run = (struct tx_literal){.n = 0};
}

static bool is_small(uint32_t c) {
    return c >= 'a' && c <= 'z';
}

/* One character, or a letter of ASCII in both its cases; 0 otherwise. */
static uint32_t character_of(const struct tx_ranges *class, bool *ret_ignore_case) {
    const struct tx_range *r = class->range;
    *ret_ignore_case = false;
    if (class->n == 1 && r[0].from == r[0].to)
        return r[0].from;
    *ret_ignore_case = true;
    bool both = class->n == 2 && r[0].from == r[0].to && r[1].from == r[1].to;
    return both && is_small(r[1].from) && r[0].from == (r[1].from & ~0x20u) ? r[1].from : 0;
}

static void add_class(struct walk *w, const struct tx_ranges *class) {
    bool ignore_case;
    char bytes[4];
    uint32_t c = character_of(class, &ignore_case);
    size_t n = c ? tx_utf8_put(c, bytes) : 0;

    if (n == 0 || w->run.n + n > TX_LITERAL_BYTES) {
        end_run(w);
        return;
    }
    memcpy(w->run.text + w->run.n, bytes, n);
    w->run.n += n;
    w->run.ignore_case |= ignore_case;
}

static void visit(struct walk *w, uint32_t index);

static void visit_repeat(struct walk *w, const struct tx_node *node) {
    bool is_class = w->syntax->node[node->child].kind == TX_NODE_CLASS;
    if (node->min == 0) {
        end_run(w);
        return;
    }
    if (is_class)
        for (unsigned i = 0; i < node->min && i < TX_LITERAL_BYTES; i++)
            visit(w, node->child);
    else {
        end_run(w);
        visit(w, node->child);
        end_run(w);
    }
    if (node->max != node->min)
        end_run(w);
}

/* As deep as groups are nested, which is bounded. */
static void visit(struct walk *w, uint32_t index) {
    const struct tx_node *node = &w->syntax->node[index];
    switch (node->kind) {
    case TX_NODE_CLASS:
        add_class(w, &w->syntax->class[node->class]);
        break;
    case TX_NODE_CAT:
        for (uint32_t i = node->child; i != TX_NO_NODE; i = w->syntax->node[i].next)
            visit(w, i);
        break;
    case TX_NODE_REPEAT:
        visit_repeat(w, node);
        break;
    case TX_NODE_ALT:
        end_run(w);
        break;
    case TX_NODE_ASSERT:
    case TX_NODE_EMPTY:
    default:
        break;
    }
}

void tx_literal_find(const struct tx_syntax *syntax, struct tx_literal *ret) {
    *ret = (struct tx_literal){.n = 0};
    struct walk w = {.syntax = syntax, .best = ret};
    visit(&w, syntax->root);
    end_run(&w);
    if (!ret->ignore_case)
        return;
    for (size_t i = 0; i < ret->n; i++)
        if (ret->text[i] >= 'A' && ret->text[i] <= 'Z')
            ret->text[i] = (char)(ret->text[i] | 0x20);
}

/* --- */

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* A character that does not fit is left out whole. */
void tx_literal_set(struct tx_text text, bool ignore_case, struct tx_literal *ret) {
    size_t bytes;
    *ret = (struct tx_literal){.ignore_case = ignore_case};
    for (size_t at = 0; at < text.n; at += bytes) {
        bytes = tx_utf8_char(text.p + at, text.n - at);
        if (bytes == 0 || (bytes > 1 && ignore_case) || at + bytes > TX_LITERAL_BYTES)
            return;
        memcpy(ret->text + at, text.p + at, bytes);
        if (ignore_case)
            ret->text[at] = lower(ret->text[at]);
        ret->n = at + bytes;
    }
}

/* The next place of the first byte in either case, or NULL. */
static const char *find_first(const char *p, const char *end, char c) {
    if (!is_small((uint8_t)c))
        return memchr(p, c, (size_t)(end - p));
    while (p < end && (*p | 0x20) != c)
        p++;
    return p < end ? p : NULL;
}

bool tx_literal_is_in(const struct tx_literal *literal, struct tx_text text) {
    if (literal->n == 0)
        return true;
    if (!literal->ignore_case)
        return memmem(text.p, text.n, literal->text, literal->n) != NULL;
    if (text.n < literal->n)
        return false;
    const char *p = text.p, *end = text.p + text.n - literal->n + 1;
    for (; (p = find_first(p, end, literal->text[0])) != NULL; p++) {
        size_t i = 1;
        while (i < literal->n && lower(p[i]) == literal->text[i])
            i++;
        if (i == literal->n)
            return true;
    }
    return false;
}
