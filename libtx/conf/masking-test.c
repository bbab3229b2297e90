/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/bytes.h"
#include "libtx/conf/masking-read.h"
#include "libtx/mask/policy/yaml.h"
#include "libtx/record/record.h"

#define PAIRS_MAX 200
#define VALUE_BYTES 16384

/* --- values --- */

static size_t digits(const char *p) {
    return strspn(p, "0123456789");
}

/* As JSON has numbers: 0, -12, 1.5, 2e10. */
static bool number_type(const char *text, enum tx_masking_type *ret) {
    const char *p = text + (text[0] == '-');
    size_t n = digits(p);

    if (n == 0 || (n > 1 && p[0] == '0'))
        return false;
    p += n;
    *ret = *p ? TX_TYPE_FLOAT : TX_TYPE_INT;
    if (*p == '.') {
        if ((n = digits(++p)) == 0)
            return false;
        p += n;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if ((n = digits(p)) == 0)
            return false;
        p += n;
    }
    return *p == '\0';
}

/* False: null. */
static bool scalar_type(const struct tx_conf_node *node, enum tx_masking_type *ret) {
    *ret = TX_TYPE_STRING;
    if (node->quoted)
        return true;
    if (!node->text[0] || strcmp(node->text, "null") == 0 || strcmp(node->text, "~") == 0)
        return false;
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        *ret = TX_TYPE_BOOL;
    else if (!number_type(node->text, ret))
        *ret = TX_TYPE_STRING;
    return true;
}

static void put(struct tx_masking_reader *r, struct tx_bytes *b, const char *text) {
    int result = tx_bytes_append(b, text, strlen(text));
    if (result < 0)
        r->errors->failed = result;
}

static void put_string(struct tx_masking_reader *r, struct tx_bytes *b, const char *text) {
    int result = tx_yaml_put_string(b, text);
    if (result < 0)
        r->errors->failed = result;
}

/* The tree's depth is bounded. */
static void put_json(struct tx_masking_reader *r, struct tx_bytes *b,
                     const struct tx_conf_node *node) {
    enum tx_masking_type type;

    if (node->kind == TX_CONF_SCALAR) {
        if (!scalar_type(node, &type))
            put(r, b, "null");
        else if (type == TX_TYPE_STRING)
            put_string(r, b, node->text);
        else
            put(r, b, node->text);
        return;
    }
    put(r, b, node->kind == TX_CONF_MAP ? "{" : "[");
    for (size_t i = 0; i < node->n; i++) {
        put(r, b, i ? ", " : "");
        if (node->kind == TX_CONF_MAP) {
            if (strlen(node->entries[i].key->text) > TX_LIMIT_NAME_BYTES)
                tx_masking_node_expected(r, node->entries[i].key, "a name of at most %u bytes",
                                         TX_LIMIT_NAME_BYTES);
            put_string(r, b, node->entries[i].key->text);
            put(r, b, ": ");
        }
        put_json(r, b, node->entries[i].value);
    }
    put(r, b, node->kind == TX_CONF_MAP ? "}" : "]");
}

static void read_value(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_pair *ret) {
    if (node->kind == TX_CONF_SCALAR) {
        ret->is_null = !scalar_type(node, &ret->type);
        ret->value = tx_masking_node_copy(r, node->text);
    } else {
        struct tx_bytes json = TX_BYTES_INIT;
        ret->type = TX_TYPE_MAP;
        put_json(r, &json, node);
        if (tx_bytes_append(&json, "", 1) < 0)
            r->errors->failed = -ENOMEM;
        ret->value = (char *)json.data;
    }
    if (ret->value && strlen(ret->value) > VALUE_BYTES)
        tx_masking_node_expected(r, node, "a value of at most %d bytes", VALUE_BYTES);
}

static void read_pairs(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_pair **ret, size_t *ret_n) {
    if (node->kind != TX_CONF_MAP || node->n == 0 || node->n > PAIRS_MAX) {
        tx_masking_node_expected(r, node,
                                 "fields with values, such as {card: \"4111 1111 1111 "
                                 "1111\"}");
        return;
    }
    *ret = tx_masking_node_alloc(r, node->n, sizeof(**ret));
    for (size_t i = 0; *ret && i < node->n; i++) {
        const struct tx_conf_node *key = node->entries[i].key;
        struct tx_masking_pair *pair = &(*ret)[(*ret_n)++];
        if (!tx_field_name_valid((struct tx_text){key->text, strlen(key->text)}))
            tx_masking_node_error(r, key,
                                  "'%s' is no field's name: it is 1 to 128 of a-z A-Z 0-9 "
                                  "_ . - and begins with a letter or _",
                                  key->text);
        pair->name = tx_masking_node_copy(r, key->text);
        read_value(r, node->entries[i].value, pair);
    }
}

/* --- a test --- */

static void check_is_in(struct tx_masking_reader *r, const struct tx_conf_node *out,
                        const struct tx_masking_test *test) {
    const char *names[PAIRS_MAX + 1] = {NULL};

    for (size_t i = 0; i < test->n_in; i++)
        names[i] = test->in[i].name ? test->in[i].name : "";
    for (size_t i = 0; i < out->n; i++) {
        const struct tx_conf_node *key = out->entries[i].key;
        size_t k = 0;
        while (k < test->n_in && strcmp(names[k], key->text) != 0)
            k++;
        if (k == test->n_in)
            tx_masking_node_error_meant(r, key, key->text, names, "'in' has no field '%s'",
                                        key->text);
    }
}

static void read_sender(struct tx_masking_reader *r, const struct tx_conf_node *node,
                        struct tx_masking_test *ret) {
    static const char *const known[] = {"uid", "gid", "unit", "exe", NULL};
    const struct tx_conf_node *part;
    const char *text;

    if (!tx_masking_node_map(r, node, "who sends: {uid: …, unit: …, exe: …}", known))
        return;
    if ((part = tx_masking_node_get(node, "uid")))
        tx_masking_sender_id(r, part, false, &ret->uid);
    if ((part = tx_masking_node_get(node, "gid")))
        tx_masking_sender_id(r, part, true, &ret->gid);
    if ((part = tx_masking_node_get(node, "unit")) &&
        (text = tx_masking_node_text(r, part, "a unit's name", TX_LIMIT_UNIT_BYTES)))
        ret->unit = tx_masking_node_copy(r, text);
    if ((part = tx_masking_node_get(node, "exe")) &&
        (text = tx_masking_node_text(r, part, "a program's path", TX_LIMIT_EXE_BYTES)))
        ret->exe = tx_masking_node_copy(r, text);
}

static void read_event(struct tx_masking_reader *r, const struct tx_conf_node *node,
                       struct tx_masking_test *ret) {
    const struct tx_conf_node *event = tx_masking_node_get(node, "event");

    if (!event)
        tx_masking_node_error(r, node, "the test has no 'event'");
    else if (event->kind != TX_CONF_SCALAR ||
             !tx_event_name_valid((struct tx_text){event->text, strlen(event->text)}))
        tx_masking_node_expected(r, event, "an event's name: 1 to 128 of a-z 0-9 . _ -");
    else
        ret->event = tx_masking_node_copy(r, event->text);
}

/* Plain scalars of out_regex are patterns too, whatever they look like. */
static void regexes_are_strings(struct tx_masking_reader *r, const struct tx_conf_node *node,
                                const struct tx_masking_test *test) {
    for (size_t i = 0; i < test->n_out_regex; i++) {
        struct tx_masking_pair *pair = &test->out_regex[i];
        const struct tx_conf_node *value = node->entries[i].value;
        if (pair->type == TX_TYPE_MAP || pair->is_null || (pair->value && !pair->value[0]))
            tx_masking_node_expected(r, value, "a regular expression");
        else if (pair->value)
            tx_masking_regex_check(r, value, (struct tx_pattern_options){.whole_value = true});
        pair->type = TX_TYPE_STRING;
    }
}

static void read_out(struct tx_masking_reader *r, const struct tx_conf_node *node,
                     struct tx_masking_test *ret) {
    const struct tx_conf_node *out = tx_masking_node_get(node, "out");
    const struct tx_conf_node *regex = tx_masking_node_get(node, "out_regex");
    const struct tx_conf_node *dropped = tx_masking_node_get(node, "dropped");

    if (!out && !regex && !dropped)
        tx_masking_node_error(r, node, "the test has no 'out', 'out_regex' or 'dropped: true'");
    if (out) {
        read_pairs(r, out, &ret->out, &ret->n_out);
        check_is_in(r, out, ret);
    }
    if (regex) {
        read_pairs(r, regex, &ret->out_regex, &ret->n_out_regex);
        check_is_in(r, regex, ret);
        regexes_are_strings(r, regex, ret);
    }
    if (dropped)
        tx_masking_node_bool(r, dropped, &ret->dropped);
    if (ret->dropped && (out || regex))
        tx_masking_node_error(r, dropped, "of a record that is dropped, no field comes out");
}

static void read_test(struct tx_masking_reader *r, const struct tx_conf_node *node,
                      struct tx_masking_test *ret) {
    static const char *const known[] = {"event",     "sender",  "in", "out",
                                        "out_regex", "dropped", NULL};
    const struct tx_conf_node *part;

    ret->line = node->line;
    ret->column = node->column;
    if (!tx_masking_node_map(r, node, "a test: {event: …, in: {…}, out: {…}}", known))
        return;
    read_event(r, node, ret);
    if ((part = tx_masking_node_get(node, "sender")))
        read_sender(r, part, ret);
    if ((part = tx_masking_node_get(node, "in")))
        read_pairs(r, part, &ret->in, &ret->n_in);
    else
        tx_masking_node_error(r, node, "the test has no 'in'");
    read_out(r, node, ret);
}

void tx_masking_tests_read(struct tx_masking_reader *r, const struct tx_conf_node *node) {
    if (tx_masking_node_is_null(node))
        return;
    if (node->kind != TX_CONF_LIST || node->n > TX_MASKING_ITEMS_MAX) {
        tx_masking_node_expected(r, node, "a list of at most %d tests", TX_MASKING_ITEMS_MAX);
        return;
    }
    r->to->tests = tx_masking_node_alloc(r, node->n + 1, sizeof(*r->to->tests));
    for (size_t i = 0; r->to->tests && i < node->n; i++) {
        read_test(r, node->entries[i].value, &r->to->tests[i]);
        r->to->n_tests++;
    }
}
