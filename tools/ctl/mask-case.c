/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/ctl/mask.h"

/* Longer digits are no number that a record could hold. */
#define NUMBER_BYTES 400

static const struct {
    const char *name;
    enum tx_value_type type;
} types[] = {
    {"string", TX_VALUE_STR}, {"int", TX_VALUE_I64},     {"float", TX_VALUE_F64},
    {"bool", TX_VALUE_BOOL},  {"bytes", TX_VALUE_BYTES}, {"json", TX_VALUE_JSON},
};

void tx_ctl_case_init(struct tx_ctl_case *c) {
    *c = (struct tx_ctl_case){
        .event = TX_TEXT("mask.test"), .field = TX_TEXT("text"), .type = TX_VALUE_STR};
}

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

/* --- options --- */

static bool take_event(struct tx_ctl_case *c, const char *value) {
    c->event = text_of(value);
    if (tx_event_name_valid(c->event))
        return true;
    tx_ctl_say("--event: an event's name has 1 to %u characters of a-z 0-9 . _ -",
               TX_LIMIT_EVENT_BYTES);
    return false;
}

static bool take_field(struct tx_ctl_case *c, const char *value) {
    c->field = text_of(value);
    if (tx_field_name_valid(c->field))
        return true;
    tx_ctl_say("--field: a field's name has 1 to %u characters of A-Z a-z 0-9 _ . - and begins "
               "with a letter or _",
               TX_LIMIT_NAME_BYTES);
    return false;
}

static bool take_type(struct tx_ctl_case *c, const char *value) {
    for (size_t i = 0; i < TX_COUNT_OF(types); i++)
        if (strcmp(types[i].name, value) == 0) {
            c->type = types[i].type;
            return true;
        }
    tx_ctl_say("--type is string, int, float, bool, bytes or json");
    return false;
}

static bool take_label(struct tx_ctl_case *c, const char *value) {
    bool is_secret;
    if (!tx_ctl_take_word("label", value, "pii", "secret", &is_secret))
        return false;
    c->label = is_secret ? TX_LABEL_SECRET : TX_LABEL_PII;
    return true;
}

static bool take_id(struct tx_text value, uint32_t *ret) {
    uint64_t id;
    if (tx_dec_decode(value, &id) < 0 || id > UINT32_MAX)
        return false;
    *ret = (uint32_t)id;
    return true;
}

static bool take_of_sender(struct tx_source *source, struct tx_text key, struct tx_text value) {
    const struct {
        const char *key;
        struct tx_text *text;
        size_t max;
    } texts[] = {{"comm", &source->comm, TX_LIMIT_COMM_BYTES},
                 {"exe", &source->exe, TX_LIMIT_EXE_BYTES},
                 {"unit", &source->unit, TX_LIMIT_UNIT_BYTES}};
    if (tx_text_equal(key, TX_TEXT("uid")))
        return take_id(value, &source->uid);
    if (tx_text_equal(key, TX_TEXT("gid")))
        return take_id(value, &source->gid);
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++)
        if (tx_text_equal(key, text_of(texts[i].key)) && value.n > 0 && value.n <= texts[i].max) {
            *texts[i].text = value;
            return true;
        }
    return false;
}

static bool take_sender(struct tx_ctl_case *c, const char *value) {
    for (const char *p = value;;) {
        size_t n = strcspn(p, ","), n_key = strcspn(p, "=");
        if (n_key >= n || !take_of_sender(&c->source, (struct tx_text){p, n_key},
                                          (struct tx_text){p + n_key + 1, n - n_key - 1})) {
            tx_ctl_say("--sender is uid=N,gid=N,unit=NAME,exe=PATH,comm=NAME, any of them");
            return false;
        }
        if (p[n] == '\0')
            return true;
        p += n + 1;
    }
}

bool tx_ctl_case_take(struct tx_ctl_case *c, int option, const char *value) {
    switch (option) {
    case 'E':
        return take_event(c, value);
    case 'F':
        return take_field(c, value);
    case 'T':
        return take_type(c, value);
    case 'L':
        return take_label(c, value);
    case 'S':
        return take_sender(c, value);
    default:
        return false;
    }
}

const char *tx_ctl_case_type(const struct tx_ctl_case *c) {
    size_t i = 0;
    while (types[i].type != c->type)
        i++;
    return types[i].name;
}

/* --- the record --- */

static bool is_number(const char *text, const char *characters) {
    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static bool make_int(const char *text, struct tx_field *ret) {
    char *end;

    if (!is_number(text, "-0123456789"))
        return false;
    errno = 0;
    ret->i64 = strtoll(text, &end, 10);
    if (!errno && !*end)
        return true;
    errno = 0;
    ret->type = TX_VALUE_U64;
    ret->u64 = text[0] == '-' ? 0 : strtoull(text, &end, 10);
    return text[0] != '-' && !errno && !*end;
}

static bool make_number(struct tx_text value, struct tx_field *ret) {
    char text[NUMBER_BYTES + 1], *end;

    if (value.n > NUMBER_BYTES || memchr(value.p, '\0', value.n))
        return false;
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    if (ret->type == TX_VALUE_BOOL) {
        ret->boolean = strcmp(text, "true") == 0;
        return ret->boolean || strcmp(text, "false") == 0;
    }
    if (ret->type == TX_VALUE_I64)
        return make_int(text, ret);
    ret->f64 = strtod(text, &end);
    return is_number(text, "+-.0123456789eE") && !*end;
}

bool tx_ctl_case_record(struct tx_ctl_case *c, struct tx_text value, struct tx_record *ret) {
    struct timespec now;
    struct tx_field *field = &c->of_value;

    *field = (struct tx_field){.name = c->field, .type = c->type, .label = c->label};
    if (c->type == TX_VALUE_STR || c->type == TX_VALUE_BYTES || c->type == TX_VALUE_JSON)
        field->text = value;
    else if (!make_number(value, field))
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct tx_record){.event = c->event,
                              .source = c->source,
                              .n_fields = 1,
                              .fields = field,
                              .received = now.tv_sec * INT64_C(1000000000) + (int64_t)now.tv_nsec};
    return true;
}

struct tx_text tx_ctl_case_out(const struct tx_ctl_case *c, struct tx_text value) {
    const struct tx_field *field = &c->of_value;

    if (field->dropped)
        return TX_TEXT("");
    if (field->type == TX_VALUE_NULL)
        return TX_TEXT("null");
    bool is_text = field->type == TX_VALUE_STR || field->type == TX_VALUE_BYTES ||
                   field->type == TX_VALUE_JSON;
    return is_text ? field->text : value;
}
