/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_TREE_H
#define TX_CONF_TREE_H

/*
 * A YAML document as a tree of nodes with their places, from libyaml's events. Scalars are text:
 * what they mean is the schema's to say. Anchors, aliases, tags, duplicate keys, keys that are not
 * scalars and a second document are errors.
 */

#include "libtx/conf/errors.h"

enum tx_conf_kind { TX_CONF_SCALAR, TX_CONF_MAP, TX_CONF_LIST };

struct tx_conf_node {
    enum tx_conf_kind kind;
    size_t line, column; /* from 1 */
    char *text;          /* SCALAR; NUL-terminated, holds no NUL */
    bool quoted;         /* SCALAR in quotes or a block: "" is a text, and nothing is not */
    size_t n;            /* MAP: entries; LIST: items */
    struct tx_conf_entry *entries;
};

struct tx_conf_entry {
    struct tx_conf_node *key; /* MAP only */
    struct tx_conf_node *value;
};

/* NULL (and an error) when the text is not one YAML document in this subset. */
struct tx_conf_node *tx_conf_tree_new(struct tx_text text, struct tx_conf_errors *errors);
void tx_conf_tree_free(struct tx_conf_node *node);
TX_DEFINE_CLEANUP(struct tx_conf_node *, tx_conf_tree_free);

#endif
