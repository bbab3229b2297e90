/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_MASKING_CHECK_H
#define TX_TEST_MASKING_CHECK_H

/* Reading the section `masking:` of a text, for tests. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/conf/masking.h"

#define EXAMPLES TX_TEST_VECTORS "/../fuzz/corpus/conf/"

static inline int masking_parse(const char *text, struct tx_bytes *told, struct tx_masking *ret) {
    struct tx_conf_errors errors = {.name = "t.yaml", .text = {text, strlen(text)}, .to = told};
    struct tx_conf_node *root = tx_conf_tree_new(errors.text, &errors);
    const struct tx_conf_node *section = NULL;

    for (size_t i = 0; root && i < root->n; i++)
        if (strcmp(root->entries[i].key->text, "masking") == 0)
            section = root->entries[i].value;
    ck_assert_msg(root, "%s: %.*s", text, (int)told->len, (char *)told->data);
    int r = tx_conf_masking_read(section, TX_TEXT("/etc"), &errors, ret);
    tx_conf_tree_free(root);
    ck_assert_int_eq(tx_bytes_append(told, "", 1), 0); /* to be printed */
    return r;
}

static inline struct tx_masking masking_ok(const char *text) {
    struct tx_bytes told = TX_BYTES_INIT;
    struct tx_masking masking;
    int r = masking_parse(text, &told, &masking);
    ck_assert_msg(r == 0, "%s\n%s", text, (char *)told.data);
    ck_assert_uint_eq(told.len, 1);
    tx_bytes_deinit(&told);
    return masking;
}

static inline const struct tx_masking_rule *rule_of(const struct tx_masking *masking,
                                                    const char *id) {
    for (size_t i = 0; i < masking->n_rules; i++)
        if (strcmp(masking->rules[i].id, id) == 0)
            return &masking->rules[i];
    ck_abort_msg("there is no rule %s", id);
    return NULL;
}

#endif
