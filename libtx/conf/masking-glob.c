/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/conf/masking-read.h"
#include "libtx/mask/policy/glob.h"
#include "libtx/mask/policy/pointer.h"

/* How many patterns `{a,b}` and `[ab]` may make of one. */
#define EXPANSIONS_MAX 64

struct expansion {
    struct tx_masking_reader *r;
    const struct tx_conf_node *node;
    struct tx_masking_list *ret;
    bool is_event;
    bool pointers; /* what begins with '/' is one */
    size_t n;
    bool broken;
};

static void bad(struct expansion *e, const char *why) {
    if (!e->broken)
        tx_masking_node_error(e->r, e->node, "this is no pattern: %s", why);
    e->broken = true;
}

/* Why it is none; NULL: it is a JSON pointer. */
static const char *pointer_fault(const char *text) {
    size_t n_parts = 0;

    if (text[0] != '/')
        return "a JSON pointer begins with '/'";
    for (const char *p = text; *p; p++) {
        if (*p == '~' && p[1] != '0' && p[1] != '1')
            return "in a JSON pointer, '~' is written ~0 and '/' within a name ~1";
        if (*p == '/' && (p[1] == '/' || p[1] == '\0'))
            return "a part of the JSON pointer is empty: a name, * or ** stands behind each '/'";
        n_parts += *p == '/';
    }
    return n_parts > TX_POINTER_PARTS_MAX ? "the JSON pointer has more than 62 parts" : NULL;
}

static void take(struct expansion *e, const char *pattern, size_t n) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-*";
    char text[TX_GLOB_PATTERN_BYTES + 1];

    memcpy(text, pattern, n);
    text[n] = '\0';
    const char *fault = e->pointers && text[0] == '/' ? pointer_fault(text) : NULL;
    if (n == 0)
        bad(e, "it may be empty");
    else if (fault)
        bad(e, fault);
    else if (e->is_event && strspn(text, letters) != n)
        bad(e, "names of events have a-z 0-9 . _ - only, so nothing would be met");
    else if (++e->n > EXPANSIONS_MAX)
        bad(e, "its {…} and […] make more than 64 patterns");
    else if (++e->r->n_patterns > TX_MASKING_PATTERNS_MAX)
        bad(e, "the rules have more than 20000 patterns, those of classes counted each time");
    if (!e->broken)
        tx_masking_node_add(e->r, e->ret, text);
}

static void expand(struct expansion *e, const char *done, size_t n_done, const char *rest);

/* One alternative between what stands before and behind the group. */
static void join(struct expansion *e, const char *done, size_t n_done, const char *part, size_t n,
                 const char *rest) {
    char text[TX_GLOB_PATTERN_BYTES + 1];
    memcpy(text, done, n_done);
    memcpy(text + n_done, part, n);
    expand(e, text, n_done + n, rest);
}

static void expand_braces(struct expansion *e, const char *done, size_t n_done, const char *group) {
    const char *end = strpbrk(group + 1, "{}[]");

    if (!end || *end != '}') {
        bad(e, end ? "{…} cannot hold another {…} or […]" : "'{' without '}'");
        return;
    }
    for (const char *part = group + 1; part <= end && !e->broken;) {
        size_t n = strcspn(part, ",}");
        join(e, done, n_done, part, n, end + 1);
        part += n + 1;
    }
}

static void expand_brackets(struct expansion *e, const char *done, size_t n_done,
                            const char *group) {
    const char *end = strpbrk(group + 1, "{}[]");

    if (!end || *end != ']' || end == group + 1) {
        bad(e, "expected '[', characters or ranges such as a-f, and ']'");
        return;
    }
    for (const char *c = group + 1; c < end && !e->broken; c++) {
        bool is_range = end - c >= 3 && c[1] == '-';
        if (*c & 0x80 || *c == '!' || *c == '^' || (is_range && (c[2] & 0x80 || c[2] < *c))) {
            bad(e, "[…] takes ASCII characters and ranges; it cannot say what is not: use except");
            return;
        }
        for (int v = *c; v <= (is_range ? c[2] : *c) && !e->broken; v++)
            join(e, done, n_done, &(char){(char)v}, 1, end + 1);
        c += is_range ? 2 : 0;
    }
}

/* The recursion is bounded by how many groups fit into a pattern. */
static void expand(struct expansion *e, const char *done, size_t n_done, const char *rest) {
    size_t plain = strcspn(rest, "{}[]");
    char text[TX_GLOB_PATTERN_BYTES + 1];

    memcpy(text, done, n_done);
    memcpy(text + n_done, rest, plain);
    if (rest[plain] == '{')
        expand_braces(e, text, n_done + plain, rest + plain);
    else if (rest[plain] == '[')
        expand_brackets(e, text, n_done + plain, rest + plain);
    else if (rest[plain])
        bad(e, rest[plain] == '}' ? "'}' without '{'" : "']' without '['");
    else
        take(e, text, n_done + plain);
}

bool tx_masking_glob_pointer_valid(const char *text) {
    return !pointer_fault(text);
}

static void read_one(struct expansion *e, const char *what) {
    const char *text = tx_masking_node_text(e->r, e->node, what, TX_GLOB_PATTERN_BYTES);
    if (!text)
        return;
    if (text[0] == '!')
        bad(e, "it cannot begin with '!': say what is not meant with except");
    else
        expand(e, "", 0, text);
}

static void read_list(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      const char *what, bool is_event, bool pointers, struct tx_masking_list *ret) {
    if (!tx_masking_node_items(r, node, what, TX_MASKING_ITEMS_MAX))
        return;
    for (size_t i = 0; i < tx_masking_node_n(node); i++) {
        struct expansion e = {.r = r,
                              .node = tx_masking_node_item(node, i),
                              .ret = ret,
                              .is_event = is_event,
                              .pointers = pointers};
        read_one(&e, what);
    }
}

void tx_masking_glob_read_events(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 struct tx_masking_list *ret) {
    read_list(r, node, "a list of event names, such as [\"payment.*\"]", true, false, ret);
}

void tx_masking_glob_read_fields(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                 struct tx_masking_list *ret) {
    read_list(r, node,
              "a list of field names, such as [\"card*\", \"*.pan\", \"/payment/**/iban\"]", false,
              true, ret);
}

void tx_masking_glob_read_keys(struct tx_masking_reader *r, const struct tx_conf_node *node,
                               struct tx_masking_list *ret) {
    read_list(r, node, "a list of names of JSON members, such as [\"iban*\"]", false, false, ret);
}

void tx_masking_glob_read_paths(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                const char *what, struct tx_masking_list *ret) {
    read_list(r, node, what, false, false, ret);
}
