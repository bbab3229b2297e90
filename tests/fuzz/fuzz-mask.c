/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a value of each type, under the preset and under rules of all kinds: what comes out
 * is UTF-8 and JSON in the log's spelling, and the preset finds nothing more in what it has masked.
 */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/conf/conf.h"
#include "libtx/mask/mask.h"
#include "libtx/record/json.h"

#define INPUT_MAX 4096

static const char *const files[] = {
    "version: 1\n",
    "version: 1\n"
    "masking:\n"
    "  limits: {max_field: 256B, max_spans: 4, max_json_depth: 4}\n"
    "  detectors: {own: {regex: \"[a-c]+[0-9]{2,4}\", context: {words: [shoe]}}}\n"
    "  allow: [{name: a, detector: any, domains: [b.example], cidr: [10.0.0.0/8], reason: r}]\n"
    "  rules:\n"
    "    - {id: a, match: {detect: [own, email]}, action: {replace: 'gone\"\\'}}\n"
    "    - {id: b, match: {fields: [\"/j/**/a\", \"/s/*\"]}, action: {mask: {keep_last: 2, "
    "min_hidden: 1}}}\n"
    "    - {id: c, match: {keys: [b], types: [string, int]}, action: pseudonym}\n"
    "    - {id: d, match: {fields: [c]}, action: drop_field}\n"
    "    - {id: e, match: {fields: [\"j.d\"]}, action: {keep_only: {keys: [a, e]}}}\n"
    "    - {id: f, match: {fields: [e], any: [{types: [int]}, {types: [float]}]}, action: {round: "
    "{digits: 1}}, on_type_change: 'null'}\n"
    "    - {id: g, match: {detect: [ipv4], min_count: 3}, action: drop_record}\n",
};
#define N_FILES TX_COUNT_OF(files)

static struct tx_mask *masks[N_FILES];
static struct tx_conf *confs[N_FILES]; /* masks borrow from them */

static void free_masks(void) {
    for (size_t i = 0; i < N_FILES; i++) {
        tx_mask_free(masks[i]);
        tx_conf_free(confs[i]);
    }
}

static void make_masks(void) {
    static const char bytes[32] = "0123456789abcdef0123456789abcde";
    static const struct tx_mask_key key = {TX_MASKING_DEFAULT_KEY, bytes, sizeof(bytes)};
    if (!masks[0])
        atexit(free_masks); /* what they own lies in pages where nobody looks for pointers */
    for (size_t i = 0; i < N_FILES && !masks[i]; i++) {
        struct tx_bytes errors = TX_BYTES_INIT;
        int r = tx_conf_parse("t.yaml", (struct tx_text){files[i], strlen(files[i])}, &errors,
                              &confs[i]);
        assert(r == 0);
        r = tx_mask_new(&confs[i]->masking, &key, 1, NULL, &masks[i]);
        assert(r == 0);
        tx_bytes_deinit(&errors);
    }
}

static void check(const struct tx_field *field) {
    static char canonical[TX_LIMIT_FIELDS_BYTES];
    struct tx_buf b = tx_buf_of(canonical, sizeof(canonical));

    if (field->type == TX_VALUE_STR || field->type == TX_VALUE_JSON)
        assert(tx_utf8_valid(field->text.p, field->text.n));
    if (field->type != TX_VALUE_JSON)
        return;
    int r = tx_json_canonical(field->text, &b);
    assert(r == 0 && tx_text_equal((struct tx_text){canonical, b.len}, field->text));
}

/* What the first masking gave lies in the arena: it is copied to be masked again. */
static void check_again(struct tx_mask *mask, const struct tx_field *field) {
    static char once[TX_LIMIT_FIELDS_BYTES];
    /* A value that a rule names as a whole is replaced, whatever it looks like. */
    bool is_whole = field->masked && strstr(field->masked, "pseudonym:c");
    if ((field->type != TX_VALUE_STR && field->type != TX_VALUE_JSON) || is_whole)
        return;
    size_t n = field->text.n;
    memcpy(once, field->text.p, n);
    struct tx_field again = *field;
    again.text = (struct tx_text){once, n};
    again.masked = NULL;
    struct tx_record record = {.event = TX_TEXT("t"), .n_fields = 1, .fields = &again};
    tx_mask_record(mask, &record);
    assert(again.type == field->type && again.text.n == n && memcmp(again.text.p, once, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const struct {
        const char *name;
        enum tx_value_type type;
    } values[] = {{"s", TX_VALUE_STR}, {"j", TX_VALUE_JSON}, {"b", TX_VALUE_BYTES}};

    make_masks();
    if (n > INPUT_MAX)
        return 0;
    for (size_t i = 0; i < N_FILES; i++) {
        struct tx_field fields[TX_COUNT_OF(values)];
        for (size_t k = 0; k < TX_COUNT_OF(values); k++)
            fields[k] = (struct tx_field){.name = {values[k].name, 1},
                                          .type = values[k].type,
                                          .text = {(const char *)data, n}};
        struct tx_record record = {.event = TX_TEXT("t"),
                                   .message = {(const char *)data, n},
                                   .n_fields = TX_COUNT_OF(values),
                                   .fields = fields};
        tx_mask_record(masks[i], &record);
        for (size_t k = 0; k < TX_COUNT_OF(values); k++)
            check(&fields[k]);
        for (size_t k = 0; k < TX_COUNT_OF(values) && i == 0; k++)
            check_again(masks[i], &fields[k]);
        tx_mask_wipe(masks[i]);
    }
    return 0;
}
