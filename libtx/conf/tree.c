/* SPDX-License-Identifier: MIT */
#include "libtx/conf/tree.h"

#include <string.h>
#include <yaml.h>

/* Depth is bounded, so that building and freeing may recurse; so is the number of nodes. */
#define DEPTH_MAX 16
#define NODES_MAX 300000
#define KEYS_MAX 4096 /* of one map: each is compared with those before it */

struct builder {
    yaml_parser_t parser;
    struct tx_conf_errors *errors;
    size_t n_nodes;
};

static void parser_deletep(yaml_parser_t **parser) {
    if (*parser)
        yaml_parser_delete(*parser);
}

static void event_deletep(yaml_event_t **event) {
    yaml_event_delete(*event);
}

void tx_conf_tree_free(struct tx_conf_node *node) {
    if (!node)
        return;
    for (size_t i = 0; i < node->n; i++) {
        tx_conf_tree_free(node->entries[i].key);
        tx_conf_tree_free(node->entries[i].value);
    }
    free(node->entries);
    free(node->text);
    free(node);
}

static void syntax_error(struct builder *b) {
    const yaml_parser_t *p = &b->parser;
    if (p->error == YAML_MEMORY_ERROR) {
        b->errors->failed = -ENOMEM;
        return;
    }
    const yaml_mark_t *mark = p->problem_mark.line || p->problem_mark.column ? &p->problem_mark
                              : p->error == YAML_READER_ERROR                ? &p->mark
                                                                             : &p->problem_mark;
    tx_conf_error(b->errors, mark->line + 1, mark->column + 1, "this is not YAML: %s%s%s",
                  p->problem ? p->problem : "unreadable", p->context ? ", " : "",
                  p->context ? p->context : "");
}

/* False at the end of what can be read; the error is told. */
static bool next_event(struct builder *b, yaml_event_t *event) {
    if (yaml_parser_parse(&b->parser, event))
        return true;
    memset(event, 0, sizeof(*event));
    syntax_error(b);
    return false;
}

static bool refuse_extras(struct builder *b, const yaml_event_t *event) {
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    }
    const char *what = event->type == YAML_ALIAS_EVENT ? "an alias (*)"
                       : anchor                        ? "an anchor (&)"
                       : tag                           ? "a tag (!)"
                                                       : NULL;
    if (!what)
        return true;
    tx_conf_error(b->errors, event->start_mark.line + 1, event->start_mark.column + 1,
                  "%s is not allowed here: write the value itself", what);
    return false;
}

static struct tx_conf_node *build(struct builder *b, yaml_event_t *event, unsigned depth);

static struct tx_conf_node *node_new(struct builder *b, const yaml_event_t *event,
                                     enum tx_conf_kind kind) {
    if (++b->n_nodes > NODES_MAX) {
        tx_conf_error(b->errors, event->start_mark.line + 1, event->start_mark.column + 1,
                      "the file has more than %d values", NODES_MAX);
        return NULL;
    }
    struct tx_conf_node *node = calloc(1, sizeof(*node));
    if (!node) {
        b->errors->failed = -ENOMEM;
        return NULL;
    }
    node->kind = kind;
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
    return node;
}

static struct tx_conf_node *build_scalar(struct builder *b, const yaml_event_t *event) {
    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *node = node_new(b, event, TX_CONF_SCALAR);
    if (!node)
        return NULL;
    node->text = strndup((const char *)event->data.scalar.value, event->data.scalar.length);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!node->text) {
        b->errors->failed = -ENOMEM;
        return NULL;
    }
    if (strlen(node->text) != event->data.scalar.length) {
        tx_conf_error(b->errors, node->line, node->column,
                      "a NUL character cannot stand in a value");
        return NULL;
    }
    return TX_STEAL(node);
}

static struct tx_conf_entry *entry_new(struct builder *b, struct tx_conf_node *node) {
    struct tx_conf_entry *entries =
        reallocarray(node->entries, node->n + 1, sizeof(*node->entries));
    if (!entries) {
        b->errors->failed = -ENOMEM;
        return NULL;
    }
    node->entries = entries;
    entries[node->n] = (struct tx_conf_entry){.key = NULL, .value = NULL};
    return &entries[node->n++];
}

static bool check_key(struct builder *b, const struct tx_conf_node *map,
                      const struct tx_conf_node *key) {
    if (key->kind != TX_CONF_SCALAR) {
        tx_conf_error(b->errors, key->line, key->column, "a key must be a word");
        return false;
    }
    if (map->n > KEYS_MAX) {
        tx_conf_error(b->errors, key->line, key->column, "more than %d keys stand here", KEYS_MAX);
        return false;
    }
    for (size_t i = 0; i + 1 < map->n; i++) {
        const struct tx_conf_node *other = map->entries[i].key;
        if (strcmp(other->text, key->text) == 0)
            tx_conf_error(b->errors, key->line, key->column,
                          "'%s' stands here a second time; it was set in line %zu: remove one",
                          key->text, other->line);
    }
    return true;
}

static struct tx_conf_node *build_next(struct builder *b, yaml_event_type_t end, unsigned depth,
                                       bool *ret_end) {
    yaml_event_t memory;
    if (!next_event(b, &memory))
        return NULL;
    _cleanup_(event_deletep) yaml_event_t *event = &memory;
    *ret_end = event->type == end;
    return *ret_end ? NULL : build(b, event, depth);
}

static struct tx_conf_node *build_collection(struct builder *b, const yaml_event_t *event,
                                             unsigned depth) {
    bool is_map = event->type == YAML_MAPPING_START_EVENT, end = false;
    yaml_event_type_t end_type = is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

    if (depth >= DEPTH_MAX) {
        tx_conf_error(b->errors, event->start_mark.line + 1, event->start_mark.column + 1,
                      "values are nested more than %d deep", DEPTH_MAX);
        return NULL;
    }
    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *node =
        node_new(b, event, is_map ? TX_CONF_MAP : TX_CONF_LIST);
    if (!node)
        return NULL;
    for (;;) {
        struct tx_conf_node *first = build_next(b, end_type, depth + 1, &end);
        if (end)
            return TX_STEAL(node);
        if (!first)
            return NULL;
        struct tx_conf_entry *entry = entry_new(b, node);
        if (!entry) {
            tx_conf_tree_free(first);
            return NULL;
        }
        if (!is_map) {
            entry->value = first;
            continue;
        }
        entry->key = first;
        if (!check_key(b, node, first))
            return NULL;
        entry->value = build_next(b, YAML_NO_EVENT, depth + 1, &end);
        if (!entry->value)
            return NULL;
    }
}

static struct tx_conf_node *build(struct builder *b, yaml_event_t *event, unsigned depth) {
    if (!refuse_extras(b, event))
        return NULL;
    if (event->type == YAML_SCALAR_EVENT)
        return build_scalar(b, event);
    if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)
        return build_collection(b, event, depth);
    tx_conf_error(b->errors, event->start_mark.line + 1, event->start_mark.column + 1,
                  "a value is missing here");
    return NULL;
}

/* Takes one event and says whether it is of that type. */
static bool expect(struct builder *b, yaml_event_type_t type, const char *otherwise) {
    yaml_event_t memory;
    if (!next_event(b, &memory))
        return false;
    _cleanup_(event_deletep) yaml_event_t *event = &memory;
    if (event->type == type)
        return true;
    tx_conf_error(b->errors, event->start_mark.line + 1, event->start_mark.column + 1, "%s",
                  otherwise);
    return false;
}

struct tx_conf_node *tx_conf_tree_new(struct tx_text text, struct tx_conf_errors *errors) {
    struct builder b = {.errors = errors};
    bool end = false;

    if (!yaml_parser_initialize(&b.parser)) {
        errors->failed = -ENOMEM;
        return NULL;
    }
    _cleanup_(parser_deletep) yaml_parser_t *parser = &b.parser;
    yaml_parser_set_input_string(parser, (const unsigned char *)text.p, text.n);
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    if (!expect(&b, YAML_STREAM_START_EVENT, "the file cannot be read") ||
        !expect(&b, YAML_DOCUMENT_START_EVENT, "the file is empty: it needs at least 'version: 1'"))
        return NULL;
    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *root =
        build_next(&b, YAML_DOCUMENT_END_EVENT, 0, &end);
    if (!root || !expect(&b, YAML_DOCUMENT_END_EVENT, "the document goes on where it should end") ||
        !expect(&b, YAML_STREAM_END_EVENT, "a second document is not allowed: remove it and '---'"))
        return NULL;
    return TX_STEAL(root);
}
