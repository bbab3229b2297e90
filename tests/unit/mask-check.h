/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_MASK_CHECK_H
#define TX_TEST_MASK_CHECK_H

/* Masking one field by rules that are written as YAML, for tests. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/conf/conf.h"
#include "libtx/mask/mask.h"

/* A mask borrows from its configuration: they stay until the process ends. */
#define MASK_CONFS_MAX 256
static struct tx_conf *mask_confs[MASK_CONFS_MAX];
static size_t n_mask_confs;

static const uint8_t mask_key_bytes[32] = "a key of a test, thirty-two byte";

static inline const struct tx_masking *masking_of(const char *masking) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_freep) char *text = NULL;
    int n = asprintf(&text, "version: 1\nmasking: %s\n", masking);
    ck_assert_int_gt(n, 0);
    ck_assert_uint_lt(n_mask_confs, MASK_CONFS_MAX);
    struct tx_conf **conf = &mask_confs[n_mask_confs++];
    int r = tx_conf_parse("t.yaml", (struct tx_text){text, (size_t)n}, &errors, conf);
    ck_assert_msg(r == 0, "%s: %.*s", masking, (int)errors.len, (char *)errors.data);
    return &(*conf)->masking;
}

/* Each key that the file names, and "default", has these bytes. */
static inline int mask_new(const struct tx_masking *masking, const void *bytes, size_t n,
                           const struct tx_subject_keys *subjects, struct tx_mask **ret) {
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];
    for (size_t i = 0; i < masking->n_keys; i++)
        keys[i] = (struct tx_mask_key){masking->keys[i].id, bytes, n};
    return tx_mask_new(masking, keys, masking->n_keys, subjects, ret);
}

/* `masking` is what stands below `masking:`, e.g. "{preset: none, i_accept_unmasked: true}". */
static inline struct tx_mask *mask_of(const char *masking) {
    struct tx_mask *mask;
    int r = mask_new(masking_of(masking), mask_key_bytes, sizeof(mask_key_bytes), NULL, &mask);
    ck_assert_msg(r == 0, "%s: %s", masking, strerror(-r));
    return mask;
}

static inline struct tx_text text_of(const char *text) {
    return (struct tx_text){text, strlen(text)};
}

static inline struct tx_field field_of(const char *name, enum tx_value_type type,
                                       const char *value) {
    return (struct tx_field){.name = text_of(name), .type = type, .text = text_of(value)};
}

static inline void mask_fields(struct tx_mask *mask, const char *event, struct tx_field *fields,
                               size_t n) {
    struct tx_record record = {.event = text_of(event), .n_fields = n, .fields = fields};
    tx_mask_record(mask, &record);
}

static inline void check_field(const struct tx_field *field, const char *value, const char *mark) {
    ck_assert(!field->dropped);
    ck_assert_msg(field->text.n == strlen(value) &&
                      memcmp(field->text.p, value, field->text.n) == 0,
                  "%.*s is %.*s, not %s", (int)field->name.n, field->name.p, (int)field->text.n,
                  field->text.p, value);
    ck_assert_msg(!mark == !field->masked && (!mark || strcmp(mark, field->masked) == 0),
                  "%.*s: marked %s, not %s", (int)field->name.n, field->name.p,
                  field->masked ? field->masked : "(not)", mark ? mark : "(not)");
}

/* One string field under some rules. */
static inline void check_masked(struct tx_mask *mask, const char *name, const char *in,
                                const char *out, const char *mark) {
    struct tx_field field = field_of(name, TX_VALUE_STR, in);
    mask_fields(mask, "t.event", &field, 1);
    check_field(&field, out, mark);
    tx_mask_wipe(mask);
}

/* A tag, a key's epoch and 26 characters. */
#define PSEUDONYM_BYTES 128
static inline void check_pseudonym(struct tx_mask *mask, const char *name, const char *in,
                                   const char *mark, char ret[PSEUDONYM_BYTES]) {
    struct tx_field field = field_of(name, TX_VALUE_STR, in);
    mask_fields(mask, "t.event", &field, 1);
    ck_assert_msg(tx_action_is_output(field.text) && field.text.n < PSEUDONYM_BYTES, "%s: %.*s", in,
                  (int)field.text.n, field.text.p);
    ck_assert_str_eq(field.masked, mark);
    memcpy(ret, field.text.p, field.text.n);
    ret[field.text.n] = '\0';
    tx_mask_wipe(mask);
}

#endif
