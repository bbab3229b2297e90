/* SPDX-License-Identifier: MIT */
#include "libtx/mask/selftest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libtx/mask/own-detectors.h"
#include "libtx/pattern/pattern.h"
#include "libtx/record/json.h"
#include "libtx/record/number.h"

/* A field's text, as it would stand in a line: longer ones are told cut. */
#define TEXT_BYTES 4096

struct run {
    const struct tx_masking *masking;
    const struct tx_masking_test *test;
    struct tx_mask *mask;
    const char *name;
    struct tx_bytes *errors;
    size_t n_failed;
    struct tx_field *fields; /* TX_LIMIT_FIELDS */
    struct tx_record record;
};

static TX_PRINTF(2, 3) int fail(struct run *run, const char *format, ...) {
    _cleanup_(tx_freep) char *text = NULL, *line = NULL;
    va_list args;

    run->n_failed++;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return -ENOMEM;
    n = asprintf(&line, "%s:%zu:%zu: a test does not hold: %s\n", run->name, run->test->line,
                 run->test->column, text);
    return n < 0 ? -ENOMEM : tx_bytes_append(run->errors, line, (size_t)n);
}

/* --- the record --- */

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = text ? strlen(text) : 0};
}

static void make_number(const struct tx_masking_pair *pair, struct tx_field *ret) {
    char *end;
    errno = 0;
    long long i = strtoll(pair->value, &end, 10);
    if (!errno && !*end) {
        ret->type = TX_VALUE_I64;
        ret->i64 = i;
        return;
    }
    errno = 0;
    unsigned long long u = strtoull(pair->value, &end, 10);
    if (!errno && !*end) {
        ret->type = TX_VALUE_U64;
        ret->u64 = u;
        return;
    }
    ret->type = TX_VALUE_F64;
    ret->f64 = strtod(pair->value, NULL);
}

static void make_field(const struct tx_masking_pair *pair, struct tx_field *ret) {
    *ret = (struct tx_field){.name = text_of(pair->name), .type = TX_VALUE_NULL};
    if (pair->is_null)
        return;
    switch (pair->type) {
    case TX_TYPE_INT:
    case TX_TYPE_FLOAT:
        make_number(pair, ret);
        break;
    case TX_TYPE_BOOL:
        ret->type = TX_VALUE_BOOL;
        ret->boolean = strcmp(pair->value, "true") == 0;
        break;
    case TX_TYPE_MAP:
        ret->type = TX_VALUE_JSON;
        ret->text = text_of(pair->value);
        break;
    case TX_TYPE_STRING:
    case TX_TYPE_BYTES:
        ret->type = TX_VALUE_STR;
        ret->text = text_of(pair->value);
        break;
    }
}

static void make_record(struct run *run) {
    const struct tx_masking_test *test = run->test;
    run->record = (struct tx_record){
        .event = text_of(test->event),
        .source = {.uid = test->uid,
                   .gid = test->gid,
                   .unit = text_of(test->unit),
                   .exe = text_of(test->exe)},
        .n_fields = test->n_in,
        .fields = run->fields,
    };
    for (size_t i = 0; i < test->n_in; i++)
        make_field(&test->in[i], &run->fields[i]);
}

/* --- what came out --- */

static const struct tx_field *find(const struct run *run, const char *name) {
    for (size_t i = 0; i < run->record.n_fields; i++)
        if (tx_text_equal(run->fields[i].name, text_of(name)))
            return &run->fields[i];
    return NULL;
}

static struct tx_text show(const struct tx_field *field, char memory[TEXT_BYTES]) {
    struct tx_buf b = tx_buf_of(memory, TEXT_BYTES);
    switch (field->type) {
    case TX_VALUE_STR:
    case TX_VALUE_BYTES:
    case TX_VALUE_JSON:
        return field->text;
    case TX_VALUE_I64:
        tx_buf_dec_signed(&b, field->i64);
        break;
    case TX_VALUE_U64:
        tx_buf_dec(&b, field->u64);
        break;
    case TX_VALUE_F64:
        tx_buf_f64(&b, field->f64);
        break;
    case TX_VALUE_BOOL:
        tx_buf_str(&b, field->boolean ? "true" : "false");
        break;
    case TX_VALUE_NULL:
    case TX_VALUE_N:
        tx_buf_str(&b, "null");
        break;
    }
    return (struct tx_text){.p = memory, .n = b.len};
}

static int fail_field(struct run *run, const char *name, const char *expected,
                      struct tx_text came_out) {
    int n = came_out.n < TEXT_BYTES ? (int)came_out.n : TEXT_BYTES;
    return fail(run, "of the event '%s', the field '%s' was to be %s, and is '%.*s'",
                run->test->event, name, expected, n, came_out.p);
}

static int fail_dropped(struct run *run, const char *name, const char *expected) {
    return fail(run, "of the event '%s', the field '%s' was to be %s, and is left out",
                run->test->event, name, expected);
}

/* --- what is expected --- */

/* In the log's spelling, as what comes out is; a JSON text that is none is taken as it stands. */
static bool is_same_json(const char *expected, struct tx_text text) {
    size_t n = strlen(expected);
    _cleanup_(tx_freep) char *memory = malloc(n + 1);
    struct tx_buf b = tx_buf_of(memory, n + 1);
    return memory && tx_json_canonical(text_of(expected), &b) == 0 &&
           tx_text_equal((struct tx_text){.p = memory, .n = b.len}, text);
}

/* A quoted value is a string; any other is none. */
static bool is_same(const struct tx_masking_pair *pair, const struct tx_field *field,
                    struct tx_text text) {
    if (pair->type == TX_TYPE_MAP)
        return field->type == TX_VALUE_JSON && is_same_json(pair->value, text);
    if ((pair->type == TX_TYPE_STRING) != (field->type == TX_VALUE_STR))
        return false;
    return tx_text_equal(text, text_of(pair->value));
}

static int check_out(struct run *run, const struct tx_masking_pair *pair) {
    const struct tx_field *field = find(run, pair->name);
    _cleanup_(tx_freep) char *expected = NULL;
    char memory[TEXT_BYTES];

    if (!field)
        return fail(run, "there is no field '%s' in `in`, but in `out`", pair->name);
    if (pair->is_null)
        return field->dropped || field->type == TX_VALUE_NULL
                   ? 0
                   : fail_field(run, pair->name, "left out", show(field, memory));
    if (asprintf(&expected, "'%s'", pair->value) < 0)
        return -ENOMEM;
    if (field->dropped)
        return fail_dropped(run, pair->name, expected);
    struct tx_text text = show(field, memory);
    return is_same(pair, field, text) ? 0 : fail_field(run, pair->name, expected, text);
}

static int check_regex(struct run *run, const struct tx_masking_pair *pair) {
    const struct tx_pattern_options options = {.states = run->masking->limits.regex_states,
                                               .whole_value = true};
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern = NULL;
    _cleanup_(tx_freep) char *expected = NULL;
    const struct tx_field *field = find(run, pair->name);
    struct tx_pattern_error error;
    char memory[TEXT_BYTES];

    if (!field)
        return fail(run, "there is no field '%s' in `in`, but in `out_regex`", pair->name);
    int r = tx_pattern_new(text_of(pair->value), &options, &error, &pattern);
    if (r == TX_PATTERN_E_REFUSED)
        return fail(run, "the pattern of the field '%s' is refused at byte %zu: %s", pair->name,
                    error.at, error.reason);
    if (r < 0)
        return r;
    if (asprintf(&expected, "as /%s/ has it", pair->value) < 0)
        return -ENOMEM;
    if (field->dropped)
        return fail_dropped(run, pair->name, expected);
    struct tx_text text = show(field, memory);
    return tx_pattern_is_whole(pattern, text) ? 0 : fail_field(run, pair->name, expected, text);
}

static int check_dropped(struct run *run) {
    bool dropped = run->record.dropped_by != NULL;
    if (run->test->dropped == dropped)
        return 0;
    return dropped ? fail(run, "the event '%s' was not to be dropped, and is by '%s'",
                          run->test->event, run->record.dropped_by)
                   : fail(run, "the event '%s' was to be dropped, and is not", run->test->event);
}

static int run_test(struct run *run) {
    make_record(run);
    tx_mask_record(run->mask, &run->record);
    int r = check_dropped(run);
    bool fields = !run->test->dropped && !run->record.dropped_by;
    for (size_t i = 0; r == 0 && fields && i < run->test->n_out; i++)
        r = check_out(run, &run->test->out[i]);
    for (size_t i = 0; r == 0 && fields && i < run->test->n_out_regex; i++)
        r = check_regex(run, &run->test->out_regex[i]);
    tx_mask_wipe(run->mask);
    return r;
}

static int zero_key(void *data, struct tx_text person, struct tx_subject_key *ret) {
    (void)data, (void)person;
    *ret = (struct tx_subject_key){.ref = {0}};
    return 0;
}

int tx_mask_run_tests(const struct tx_masking *masking, const struct tx_mask_key *keys,
                      size_t n_keys, const char *name, struct tx_bytes *errors) {
    static const struct tx_subject_keys subjects = {.get = zero_key};
    _cleanup_(tx_mask_freep) struct tx_mask *mask = NULL;
    _cleanup_(tx_freep) struct tx_field *fields = NULL;
    struct run run = {.masking = masking, .name = name, .errors = errors};
    bool holds;

    int r = tx_own_detectors_try(masking, name, errors, &holds);
    if (r < 0 || !holds)
        return r < 0 ? r : TX_MASK_E_TESTS;
    if (masking->n_tests == 0)
        return 0;
    r = tx_mask_new(masking, keys, n_keys, &subjects, &mask);
    if (r < 0)
        return r;
    run.mask = mask;
    run.fields = fields = calloc(TX_LIMIT_FIELDS, sizeof(*fields));
    if (!fields)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < masking->n_tests; i++) {
        run.test = &masking->tests[i];
        if (run.test->n_in > TX_LIMIT_FIELDS)
            return -EINVAL;
        r = run_test(&run);
    }
    return r < 0 ? r : run.n_failed > 0 ? TX_MASK_E_TESTS : 0;
}
