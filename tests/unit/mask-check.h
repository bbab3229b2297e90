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

static const uint8_t mask_key[32] = "a key of a test, thirty-two byte";

/* `masking` is what stands below `masking:`, e.g. "{preset: none}". */
static inline struct tx_mask *mask_of(const char *masking) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    char text[4096];
    int n = snprintf(text, sizeof(text), "version: 1\nmasking: %s\n", masking);
    ck_assert_int_lt(n, (int)sizeof(text));
    int r = tx_conf_parse("t.yaml", (struct tx_text){text, (size_t)n}, &errors, &conf);
    ck_assert_msg(r == 0, "%s: %.*s", masking, (int)errors.len, (char *)errors.data);
    struct tx_mask *mask;
    ck_assert_int_eq(tx_mask_new(&conf->masking, mask_key, sizeof(mask_key), &mask), 0);
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

static inline void check_hashed(struct tx_mask *mask, const char *name, const char *in,
                                const char *mark, char ret[38]) {
    struct tx_field field = field_of(name, TX_VALUE_STR, in);
    mask_fields(mask, "t.event", &field, 1);
    ck_assert_msg(field.text.n == 37 && memcmp(field.text.p, "hmac:", 5) == 0, "%s: %.*s", in,
                  (int)field.text.n, field.text.p);
    ck_assert_str_eq(field.masked, mark);
    memcpy(ret, field.text.p, 37);
    ret[37] = '\0';
    tx_mask_wipe(mask);
}

#endif
