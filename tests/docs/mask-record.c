/* SPDX-License-Identifier: MIT */
/*
 * Records as examples tell them, through the engine: `mask-record CONFIG` reads objects of JSON,
 * one a line, and writes for each the record's line as the log would have it, when the tests in the
 * file hold. Members of an object: `event`, `data` (fields), `labels` (of fields), `sender` (uid,
 * gid, unit, exe), `message`.
 *
 * Keys are zeros, as `tracexctl mask test` has them; so are the record's id and the keys of
 * persons. It is always 2026-11-23T17:00:15Z.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/conf/conf.h"
#include "libtx/mask/mask.h"
#include "libtx/mask/selftest.h"
#include "libtx/record/line.h"
#include "libtx/record/read.h"

#define RECEIVED (INT64_C(1795453215) * 1000000000)

struct driver {
    struct tx_conf *conf;
    struct tx_mask *mask;
    struct tx_field fields[TX_LIMIT_FIELDS];
    uint8_t body[TX_LIMIT_BODY_BYTES];
};

static void fail(const char *what, const char *why) {
    fprintf(stderr, "mask-record: %s: %s\n", what, why);
    exit(1);
}

static void refuse(const struct tx_bytes *errors) {
    fprintf(stderr, "%.*s", (int)errors->len, (const char *)errors->data);
    exit(1);
}

static int zero_key(void *data, struct tx_text person, struct tx_subject_key *ret) {
    (void)data, (void)person;
    *ret = (struct tx_subject_key){.ref = {0}};
    return 0;
}

static void make_mask(struct driver *d, const char *path) {
    static const struct tx_subject_keys persons = {.get = zero_key};
    static const uint8_t bytes[TX_MASK_KEY_BYTES_MIN];
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;

    if (tx_conf_load(path, &errors, NULL, &d->conf) != 0)
        refuse(&errors);
    const struct tx_masking *masking = &d->conf->masking;
    for (size_t i = 0; i < masking->n_keys; i++)
        keys[i] = (struct tx_mask_key){masking->keys[i].id, bytes, sizeof(bytes)};
    int r = tx_mask_run_tests(masking, keys, masking->n_keys, path, &errors);
    if (r > 0)
        refuse(&errors);
    if (r == 0)
        r = tx_mask_new(masking, keys, masking->n_keys, &persons, &d->mask);
    if (r < 0)
        fail(path, strerror(-r));
}

/* --- a record --- */

static void make_number(struct tx_text raw, struct tx_field *ret) {
    char text[64], *end;

    if (raw.n >= sizeof(text))
        fail("a number", "is too long");
    memcpy(text, raw.p, raw.n);
    text[raw.n] = '\0';
    errno = 0;
    ret->type = TX_VALUE_I64;
    ret->i64 = strtoll(text, &end, 10);
    if (!errno && !*end)
        return;
    errno = 0;
    ret->type = TX_VALUE_U64;
    ret->u64 = strtoull(text, &end, 10);
    if (!errno && !*end)
        return;
    ret->type = TX_VALUE_F64;
    ret->f64 = strtod(text, NULL);
}

static enum tx_value_label label_of(const struct tx_read *read, struct tx_text name) {
    const struct tx_read_value *value = tx_read_find(tx_read_object(read, "labels"), name);
    if (!value)
        return TX_LABEL_NONE;
    return tx_text_equal(value->text, TX_TEXT("pii")) ? TX_LABEL_PII : TX_LABEL_SECRET;
}

static void make_field(const struct tx_read *read, const struct tx_read_member *member,
                       struct tx_field *ret) {
    const struct tx_read_value *value = &member->value;

    *ret = (struct tx_field){.name = member->name, .label = label_of(read, member->name)};
    switch (value->type) {
    case TX_READ_STRING:
        ret->type = TX_VALUE_STR;
        ret->text = value->text;
        break;
    case TX_READ_NUMBER:
        make_number(value->raw, ret);
        break;
    case TX_READ_BOOL:
        ret->type = TX_VALUE_BOOL;
        ret->boolean = tx_text_equal(value->raw, TX_TEXT("true"));
        break;
    case TX_READ_NULL:
        ret->type = TX_VALUE_NULL;
        break;
    case TX_READ_NESTED:
    case TX_READ_OBJECT:
        ret->type = TX_VALUE_JSON;
        ret->text = value->raw;
        break;
    }
}

static uint32_t id_of(struct tx_read_object sender, const char *name) {
    uint64_t id = 0;
    return tx_read_u64(sender, name, &id) == 0 ? (uint32_t)id : 0;
}

static struct tx_record make_record(struct driver *d, const struct tx_read *read) {
    struct tx_read_object data = tx_read_object(read, "data");
    struct tx_read_object sender = tx_read_object(read, "sender");
    struct tx_record record = {
        .received = RECEIVED,
        .time = RECEIVED,
        .severity = TX_SEVERITY_INFO,
        .event = tx_read_string(tx_read_top(read), "event"),
        .message = tx_read_string(tx_read_top(read), "message"),
        .source = {.uid = id_of(sender, "uid"),
                   .gid = id_of(sender, "gid"),
                   .unit = tx_read_string(sender, "unit"),
                   .exe = tx_read_string(sender, "exe")},
        .n_fields = data.n_members,
        .fields = d->fields,
    };
    if (!record.event.p || data.n_members > TX_LIMIT_FIELDS)
        fail("a line", "has no event, or too many fields");
    for (size_t i = 0; i < data.n_members; i++)
        make_field(read, &data.members[i], &d->fields[i]);
    return record;
}

static void mask_line(struct driver *d, struct tx_text line) {
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;
    struct tx_buf b = tx_buf_of(d->body, sizeof(d->body));

    int r = tx_read_new(line, &read);
    if (r < 0)
        fail("a line is no object of JSON", strerror(-r));
    struct tx_record record = make_record(d, read);
    tx_mask_record(d->mask, &record);
    r = tx_line_write_body(&record, TX_TEXT("host"), &b);
    if (r < 0)
        fail("a record cannot be written", strerror(-r));
    printf("{%.*s\n", (int)b.len, (const char *)b.data);
    tx_mask_wipe(d->mask);
}

int main(int argc, char **argv) {
    static struct driver d;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    if (argc != 2)
        fail("usage", "mask-record CONFIG");
    make_mask(&d, argv[1]);
    while ((n = getline(&line, &cap, stdin)) > 0)
        mask_line(&d, (struct tx_text){.p = line, .n = (size_t)n - (line[n - 1] == '\n')});
    free(line);
    tx_mask_free(d.mask);
    tx_conf_free(d.conf);
    return 0;
}
