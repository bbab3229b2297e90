/* SPDX-License-Identifier: MIT */
#include "tools/ctl/reveal-place.h"

#include <stdlib.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/record/json.h"
#include "tools/ctl/member.h"
#include "tools/ctl/token.h"

static const char *const beside[] = {"message", "correlation_id"};

void tx_reveal_place_deinit(struct tx_reveal_place *place) {
    tx_bytes_deinit(&place->text);
}

static struct tx_text text_of(const struct tx_bytes *b) {
    return (struct tx_text){(const char *)b->data, b->len};
}

/* --- fields --- */

/* One of data, or what stands beside it. */
static const struct tx_read_value *find_field(const struct tx_read *record, struct tx_text name) {
    const struct tx_read_value *value = tx_read_find(tx_read_object(record, "data"), name);
    for (size_t i = 0; !value && i < TX_COUNT_OF(beside); i++)
        if (tx_text_equal(name, (struct tx_text){beside[i], strlen(beside[i])}))
            value = tx_read_find(tx_read_top(record), name);
    return value;
}

/* In the log's spelling, of a field of JSON or a string that holds some. -EBADMSG: it is none. */
static int json_of(const struct tx_read_value *value, struct tx_bytes *ret) {
    struct tx_text text = value->type == TX_READ_STRING ? value->text : value->raw;
    _cleanup_(tx_freep) char *memory = malloc(text.n + 1);
    if (!memory)
        return -ENOMEM;
    struct tx_buf b = tx_buf_of(memory, text.n + 1);
    int r = text.n ? tx_json_canonical(text, &b) : -EBADMSG;
    return r < 0 ? r : tx_bytes_append(ret, memory, b.len);
}

/* --- members --- */

struct search {
    struct tx_text pointer;
    struct tx_text found; /* p == NULL: not yet */
};

static bool is_it(void *data, struct tx_text pointer, struct tx_text raw) {
    struct search *search = data;
    if (!tx_text_equal(pointer, search->pointer))
        return true;
    search->found = raw;
    return false;
}

/* A string is read as what it says, anything else as it stands. */
static int take_member(struct tx_text json, struct tx_text member, struct tx_reveal_place *ret) {
    struct tx_text before = {json.p, (size_t)(member.p - json.p)};
    ret->n_tokens = tx_token_count(json);
    ret->first = 1 + tx_token_count(before);
    ret->is_json = member.p[0] != '"';
    return tx_member_say(member, &ret->text);
}

static int find_member(const struct tx_read_value *value, struct tx_text pointer,
                       struct tx_reveal_place *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes json = TX_BYTES_INIT;
    struct search search = {.pointer = pointer};

    int r = json_of(value, &json);
    if (r == 0)
        r = tx_members_each(text_of(&json), is_it, &search);
    if (r < 0)
        return r == -ENOMEM ? r : -ENOENT;
    return search.found.p ? take_member(text_of(&json), search.found, ret) : -ENOENT;
}

/* --- what is wanted --- */

static int take_field(const struct tx_read_value *value, struct tx_reveal_place *ret) {
    struct tx_text text = value->type == TX_READ_STRING ? value->text : value->raw;
    ret->is_json = value->type != TX_READ_STRING;
    ret->n_tokens = tx_token_count(text);
    ret->first = 1;
    return tx_bytes_append(&ret->text, text.p, text.n);
}

/* The field is what stands before the `at`-th byte, a '/' or '.'; the rest is the member's path. */
static int find_path(const struct tx_read *record, const char *wanted, size_t at,
                     struct tx_reveal_place *ret) {
    struct tx_text name = {wanted, at};
    const struct tx_read_value *value = find_field(record, name);
    char *pointer = value ? strdup(wanted + at) : NULL;

    if (!pointer)
        return value ? -ENOMEM : -ENOENT;
    for (char *p = pointer; *p && wanted[at] == '.'; p++)
        *p = *p == '.' ? '/' : *p;
    ret->field = name;
    int r = find_member(value, (struct tx_text){pointer, strlen(pointer)}, ret);
    free(pointer);
    return r;
}

int tx_reveal_place_find(const struct tx_read *record, const char *wanted,
                         struct tx_reveal_place *ret) {
    *ret = (struct tx_reveal_place){.text = TX_BYTES_INIT};
    wanted += wanted[0] == '/';
    ret->field = (struct tx_text){wanted, strlen(wanted)};
    const struct tx_read_value *value = find_field(record, ret->field);
    if (value)
        return take_field(value, ret);
    if (strchr(wanted, '/'))
        return find_path(record, wanted, strcspn(wanted, "/"), ret);
    int r = -ENOENT;
    for (size_t at = ret->field.n; r == -ENOENT && at > 0; at--)
        if (wanted[at] == '.')
            r = find_path(record, wanted, at, ret);
    return r;
}

/* --- where values stand --- */

struct listing {
    struct tx_bytes *b;
    struct tx_text field;
    int failed;
};

static void list(struct listing *l, struct tx_text pointer) {
    int r = l->b->len ? tx_bytes_append(l->b, ", ", 2) : 0;
    if (r == 0)
        r = tx_bytes_append(l->b, l->field.p, l->field.n);
    if (r == 0)
        r = tx_bytes_append(l->b, pointer.p, pointer.n);
    l->failed = l->failed ? l->failed : r;
}

static bool list_member(void *data, struct tx_text pointer, struct tx_text raw) {
    struct listing *l = data;
    if (raw.n && raw.p[0] == '"' && tx_token_count(raw) > 0)
        list(l, pointer);
    return l->failed == 0;
}

static int list_value(struct listing *l, const struct tx_read_value *value) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes json = TX_BYTES_INIT;

    if (!value || tx_token_count(value->raw) == 0)
        return 0;
    int r = json_of(value, &json);
    if (r == 0)
        r = tx_members_each(text_of(&json), list_member, l);
    if (r < 0 && r != -ENOMEM)
        list(l, (struct tx_text){"", 0});
    return r == -ENOMEM ? r : l->failed;
}

int tx_reveal_place_list(const struct tx_read *record, struct tx_bytes *b) {
    struct tx_read_object data = tx_read_object(record, "data");
    struct listing l = {.b = b};
    int r = 0;

    for (size_t i = 0; r == 0 && i < data.n_members; i++) {
        l.field = data.members[i].name;
        r = list_value(&l, &data.members[i].value);
    }
    for (size_t i = 0; r == 0 && i < TX_COUNT_OF(beside); i++) {
        l.field = (struct tx_text){beside[i], strlen(beside[i])};
        r = list_value(&l, tx_read_find(tx_read_top(record), l.field));
    }
    return r;
}
