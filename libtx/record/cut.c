/* SPDX-License-Identifier: MIT */
#include "libtx/record/cut.h"

#include "libtx/record/escape.h"
#include "libtx/record/number.h"

/* Upper bounds of what the parts around the texts take in a line. */
enum {
    FIELD_PUNCTUATION = sizeof("\"\":\"\",") - 1,
    MARK_PUNCTUATION = sizeof("\"\":\"\",") - 1,
    CUT_MARK = sizeof(",cut:18446744073709551615") - 1,
    CONTAINERS = sizeof("\"message\":\"\",\"data\":{},\"masked\":{},") - 1,
    LEFT_OUT_MARK = sizeof("\"*\":\"cut:18446744073709551615\",") - 1,
    NUMBER = TX_NUMBER_F64_BYTES,
};

/* One text in the line. Cut or not, it takes base + min(text, level + mark). */
struct part {
    size_t base; /* name, punctuation, a mark that masking made */
    size_t text;
    size_t mark; /* what being cut adds; SIZE_MAX / 2 when it cannot be cut */
};

#define NEVER (SIZE_MAX / 2)

static size_t cost(const struct part *part, size_t level) {
    return part->base + (part->text <= level + part->mark ? part->text : level + part->mark);
}

static struct part message_part(const struct tx_record *record) {
    return (struct part){
        .text = record->message.p ? tx_escape_size(record->message) : 0,
        .mark = sizeof("message") - 1 + MARK_PUNCTUATION + CUT_MARK,
    };
}

static size_t value_size(const struct tx_field *field) {
    switch (field->type) {
    case TX_VALUE_STR:
        return tx_escape_size(field->text);
    case TX_VALUE_BYTES:
        return (field->text.n + 2) / 3 * 4;
    case TX_VALUE_JSON:
        return field->text.n;
    default:
        return NUMBER;
    }
}

static bool can_be_cut(const struct tx_field *field) {
    return field->type == TX_VALUE_STR || field->type == TX_VALUE_BYTES ||
           field->type == TX_VALUE_JSON;
}

static struct part field_part(const struct tx_field *field) {
    size_t name = tx_escape_size(field->name);
    struct part part = {.mark = NEVER};

    if (field->masked && field->masked[0])
        part.base += name + MARK_PUNCTUATION +
                     tx_escape_size((struct tx_text){field->masked, strlen(field->masked)});
    if (field->dropped)
        return part;
    part.base += name + FIELD_PUNCTUATION;
    part.text = value_size(field);
    if (can_be_cut(field))
        part.mark = name + MARK_PUNCTUATION + CUT_MARK;
    return part;
}

static size_t total(const struct part *parts, size_t n_parts, size_t level) {
    size_t sum = 0;
    for (size_t i = 0; i < n_parts; i++)
        sum += cost(&parts[i], level);
    return sum;
}

/* The highest level at which the parts fit. They do at level 0. */
static size_t find_level(const struct part *parts, size_t n_parts, size_t room) {
    size_t low = 0, high = room;

    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (total(parts, n_parts, middle) <= room)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static bool is_cut(const struct part *part, size_t level) {
    return part->text > level + part->mark;
}

int tx_cut_plan(const struct tx_record *record, size_t fixed, size_t room, struct tx_cut *ret) {
    struct part parts[1 + TX_LIMIT_FIELDS]; /* the message, then the fields */
    size_t n_fields = record->n_fields < TX_LIMIT_FIELDS ? record->n_fields : TX_LIMIT_FIELDS;
    size_t n_parts = 1 + n_fields;

    parts[0] = message_part(record);
    fixed += CONTAINERS + LEFT_OUT_MARK + cost(&parts[0], 0);
    if (fixed > room)
        return -ENOSPC;
    room -= fixed - cost(&parts[0], 0);
    for (size_t i = 0; i < n_fields; i++)
        parts[1 + i] = field_part(&record->fields[i]);

    for (size_t sum = 0, i = 0; i < n_parts; i++) {
        sum += cost(&parts[i], 0);
        if (sum > room)
            n_parts = i;
    }
    ret->level = find_level(parts, n_parts, room);
    ret->n_fields = n_parts - 1;
    ret->left_out_bytes = 0;
    for (size_t i = n_parts; i < 1 + n_fields; i++)
        ret->left_out_bytes += parts[i].base + parts[i].text;
    ret->message = is_cut(&parts[0], ret->level);
    for (size_t i = 0; i < ret->n_fields; i++)
        ret->fields[i] = is_cut(&parts[1 + i], ret->level);
    return 0;
}

struct tx_text tx_cut_text(struct tx_text text, enum tx_value_type type, size_t level) {
    size_t n = type == TX_VALUE_BYTES ? level / 4 * 3 : tx_escape_fitting(text, level);
    return (struct tx_text){.p = text.p, .n = n < text.n ? n : text.n};
}
