/* SPDX-License-Identifier: MIT */
#include "libtx/mask/persons.h"

#include <string.h>

#include "libtx/mask/json-text.h"
#include "libtx/mask/policy/glob.h"
#include "libtx/mask/set.h"

#define PARTS_MAX 32

struct tx_person {
    const char *subject;
    struct tx_glob *field;
    size_t n_parts;
    char *part[PARTS_MAX]; /* of the pointer within the field: quoted and escaped as in JSON */
    struct tx_text text;
};

/* --- compiling --- */

/* RFC 6901 section 4: ~1 is '/', then ~0 is '~'. Every other text is itself, so that a part is
 * never malformed. */
static size_t unescape_part(const char *p, size_t n, char *ret) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool escape = p[i] == '~' && i + 1 < n && (p[i + 1] == '0' || p[i + 1] == '1');
        ret[k++] = escape ? (p[++i] == '0' ? '~' : '/') : p[i];
    }
    return k;
}

static int add_part(struct tx_person *person, const char *p, size_t n) {
    if (person->n_parts == PARTS_MAX || n > TX_GLOB_PATTERN_BYTES)
        return -EINVAL;
    char plain[TX_GLOB_PATTERN_BYTES], quoted[6 * TX_GLOB_PATTERN_BYTES + 3];
    struct tx_buf b = tx_buf_of(quoted, sizeof(quoted));
    size_t n_plain = unescape_part(p, n, plain);
    tx_buf_json_string(&b, plain, n_plain);
    tx_buf_char(&b, '\0');
    person->part[person->n_parts] = strdup(quoted);
    if (!person->part[person->n_parts])
        return -ENOMEM;
    person->n_parts++;
    return 0;
}

static int compile(const char *subject, struct tx_person *ret) {
    char field[TX_GLOB_PATTERN_BYTES + 1];
    const char *p = subject + (subject[0] == '/');
    size_t n = subject[0] == '/' ? strcspn(p, "/") : strlen(p);

    ret->subject = subject;
    if (n >= sizeof(field))
        return -EINVAL;
    field[unescape_part(p, n, field)] = '\0';
    if (strchr(field, '*'))
        return -EINVAL;
    int r = tx_glob_new(field, false, &ret->field);
    for (p += n; r == 0 && *p; p += n) {
        n = strcspn(++p, "/");
        r = add_part(ret, p, n);
    }
    return r;
}

/* The one with that subject, compiled when there is none. */
static int take(struct tx_persons *persons, const char *subject, uint16_t *ret) {
    for (size_t i = 0; i < persons->n; i++)
        if (strcmp(persons->person[i].subject, subject) == 0) {
            *ret = (uint16_t)i;
            return 0;
        }
    *ret = (uint16_t)persons->n;
    return compile(subject, &persons->person[persons->n++]);
}

int tx_persons_init(struct tx_persons *persons, const struct tx_masking *masking) {
    *persons = (struct tx_persons){.n = 0};
    persons->person = calloc(masking->n_rules + 1, sizeof(*persons->person));
    persons->of_rule = calloc(masking->n_rules + 1, sizeof(*persons->of_rule));
    if (!persons->person || !persons->of_rule)
        return -ENOMEM;
    for (size_t i = 0; i < masking->n_rules; i++) {
        const struct tx_masking_action *action = &masking->rules[i].action;
        persons->of_rule[i] = UINT16_MAX;
        if (action->kind != TX_ACTION_ENCRYPT)
            continue;
        int r = take(persons, action->encrypt.subject, &persons->of_rule[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

void tx_persons_deinit(struct tx_persons *persons) {
    for (size_t i = 0; i < persons->n; i++) {
        tx_glob_free(persons->person[i].field);
        for (size_t k = 0; k < persons->person[i].n_parts; k++)
            free(persons->person[i].part[k]);
    }
    free(persons->person);
    free(persons->of_rule);
    *persons = (struct tx_persons){.n = 0};
}

/* --- finding --- */

void tx_persons_begin(struct tx_persons *persons) {
    for (size_t i = 0; i < persons->n; i++)
        persons->person[i].text = (struct tx_text){.p = NULL};
}

/* Moves to the member with that key. */
static bool enter_object(struct tx_json_text *j, const char *key) {
    for (j->at++; tx_json_peek(j) == '"';) {
        struct tx_text here = tx_json_take_value(j);
        j->at++; /* ':' */
        if (here.n == strlen(key) && memcmp(here.p, key, here.n) == 0)
            return true;
        tx_json_take_value(j);
        j->at += tx_json_peek(j) == ',';
    }
    return false;
}

/* `part` is quoted. */
static bool enter_array(struct tx_json_text *j, const char *part) {
    uint64_t index;
    struct tx_text digits = {.p = part + 1, .n = strlen(part) - 2};

    if (tx_dec_decode(digits, &index) < 0)
        return false;
    for (j->at++; tx_json_peek(j) && tx_json_peek(j) != ']'; index--) {
        if (index == 0)
            return true;
        tx_json_take_value(j);
        j->at += tx_json_peek(j) == ',';
    }
    return false;
}

static bool enter(struct tx_json_text *j, const char *part) {
    char c = tx_json_peek(j);
    return c == '{' ? enter_object(j, part) : c == '[' && enter_array(j, part);
}

static struct tx_text take_scalar(struct tx_json_text *j, struct tx_arena *arena) {
    char c = tx_json_peek(j);
    bool escaped;

    if (c == '-' || (c >= '0' && c <= '9'))
        return tx_json_take_plain(j);
    if (c != '"')
        return (struct tx_text){.p = NULL};
    struct tx_text raw = tx_json_take_string(j, &escaped);
    if (!escaped)
        return raw;
    struct tx_buf b = tx_arena_open(arena);
    tx_json_unescape(raw, &b);
    struct tx_text text = tx_arena_close(arena, &b);
    return b.full ? (struct tx_text){.p = NULL} : text;
}

static struct tx_text in_json(const struct tx_person *person, struct tx_text json,
                              struct tx_arena *arena) {
    struct tx_json_text j = {.in = json};
    for (size_t i = 0; i < person->n_parts; i++)
        if (!enter(&j, person->part[i]))
            return (struct tx_text){.p = NULL};
    return take_scalar(&j, arena);
}

static struct tx_text number_of(const struct tx_field *field, struct tx_arena *arena) {
    struct tx_buf b = tx_arena_open(arena);
    if (field->type == TX_VALUE_I64)
        tx_buf_dec_signed(&b, field->i64);
    else
        tx_buf_dec(&b, field->u64);
    struct tx_text text = tx_arena_close(arena, &b);
    return b.full ? (struct tx_text){.p = NULL} : text;
}

static struct tx_text said_by(const struct tx_person *person, const struct tx_field *field,
                              struct tx_text text, struct tx_arena *arena) {
    if (field->type == TX_VALUE_JSON)
        return in_json(person, text, arena);
    if (person->n_parts > 0)
        return (struct tx_text){.p = NULL};
    if (field->type == TX_VALUE_I64 || field->type == TX_VALUE_U64)
        return number_of(field, arena);
    return field->type == TX_VALUE_STR ? text : (struct tx_text){.p = NULL};
}

void tx_persons_see(struct tx_persons *persons, const struct tx_field *field, struct tx_text text,
                    struct tx_arena *arena) {
    TX_UNINITIALIZED struct tx_name name;

    if (persons->n == 0 || !tx_name_fold(field->name, &name))
        return;
    for (size_t i = 0; i < persons->n; i++) {
        struct tx_person *person = &persons->person[i];
        if (person->text.n == 0 && tx_glob_match(person->field, &name))
            person->text = said_by(person, field, text, arena);
    }
}

struct tx_text tx_persons_of(const struct tx_persons *persons, size_t rule) {
    uint16_t i = persons->of_rule[rule];
    return i == UINT16_MAX ? (struct tx_text){.p = NULL} : persons->person[i].text;
}
