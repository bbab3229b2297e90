/* SPDX-License-Identifier: MIT */
#include "libtx/context/baggage.h"

#include "libtx/context/traceparent.h"

/* Takes what stands before the next separator, without blanks, and the separator. */
static struct tx_text take_part(struct tx_text *rest, char separator) {
    const char *end = memchr(rest->p, separator, rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    struct tx_text part = {.p = rest->p, .n = n};

    n += end ? 1 : 0;
    rest->p += n;
    rest->n -= n;
    return tx_text_trimmed(part);
}

/* key, or key=value; false when it is neither. */
static bool split(struct tx_text part, struct tx_text *ret_key, struct tx_text *ret_value,
                  bool *ret_has_value) {
    struct tx_text value = part;

    *ret_has_value = part.n > 0 && memchr(part.p, '=', part.n);
    *ret_key = take_part(&value, '=');
    *ret_value = tx_text_trimmed(value);
    return tx_baggage_is_key(*ret_key) && tx_baggage_is_value(*ret_value);
}

static bool are_properties(struct tx_text properties) {
    struct tx_text key, value;
    bool has_value;

    if (properties.n > 0 && properties.p[properties.n - 1] == ';')
        return false;
    while (properties.n > 0)
        if (!split(take_part(&properties, ';'), &key, &value, &has_value))
            return false;
    return true;
}

static bool read_member(struct tx_text text, struct tx_baggage_member *ret) {
    bool has_value, has_properties = memchr(text.p, ';', text.n);
    struct tx_text own = take_part(&text, ';');

    ret->properties = text;
    return split(own, &ret->key, &ret->value, &has_value) && has_value &&
           (text.n > 0 || !has_properties) && are_properties(text);
}

/* --- rendering --- */

static void render_member(const struct tx_baggage_member *member, struct tx_buf *b) {
    struct tx_text properties = member->properties, key, value;
    bool has_value;

    tx_buf_put(b, member->key.p, member->key.n);
    tx_buf_char(b, '=');
    tx_buf_put(b, member->value.p, member->value.n);
    while (properties.n > 0) {
        (void)split(take_part(&properties, ';'), &key, &value, &has_value);
        tx_buf_char(b, ';');
        tx_buf_put(b, key.p, key.n);
        if (has_value)
            tx_buf_char(b, '=');
        tx_buf_put(b, value.p, value.n);
    }
}

void tx_baggage_render(const struct tx_baggage *baggage, struct tx_buf *b) {
    for (size_t i = 0; i < baggage->n; i++) {
        if (i > 0)
            tx_buf_char(b, ',');
        render_member(&baggage->members[i], b);
    }
}

/* --- the list --- */

/* With the comma before it; more than there can be when it is too long. */
static size_t bytes_of(const struct tx_baggage_member *member) {
    char memory[TX_BAGGAGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    render_member(member, &b);
    return (b.full ? sizeof(memory) + 1 : b.len) + 1;
}

static int append(struct tx_baggage *baggage, const struct tx_baggage_member *member) {
    if (baggage->n == TX_BAGGAGE_MEMBERS)
        return -ENOSPC;
    size_t n = bytes_of(member);
    if (baggage->n_bytes + n > TX_BAGGAGE_BYTES + 1)
        return -ENOSPC;
    baggage->n_bytes += n;
    baggage->members[baggage->n++] = *member;
    return 0;
}

void tx_baggage_read(struct tx_baggage *baggage, struct tx_text header) {
    while (header.n > 0) {
        struct tx_text text = take_part(&header, ',');
        struct tx_baggage_member member;
        if (text.n > 0 && (!read_member(text, &member) || append(baggage, &member) < 0))
            baggage->n_dropped++;
    }
}

const struct tx_baggage_member *tx_baggage_find(const struct tx_baggage *baggage,
                                                struct tx_text key) {
    for (size_t i = 0; i < baggage->n; i++)
        if (tx_text_equal(baggage->members[i].key, key))
            return &baggage->members[i];
    return NULL;
}

void tx_baggage_remove(struct tx_baggage *baggage, struct tx_text key) {
    size_t n = 0;

    for (size_t i = 0; i < baggage->n; i++) {
        struct tx_baggage_member member = baggage->members[i];
        if (tx_text_equal(member.key, key))
            baggage->n_bytes -= bytes_of(&member);
        else
            baggage->members[n++] = member;
    }
    baggage->n = n;
}

int tx_baggage_add(struct tx_baggage *baggage, struct tx_text key, struct tx_text value) {
    struct tx_baggage_member member = {.key = key, .value = value};

    if (!tx_baggage_is_key(key) || !tx_baggage_is_value(value))
        return -EINVAL;
    return append(baggage, &member);
}
