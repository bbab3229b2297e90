/* SPDX-License-Identifier: MIT */
#include "libtx/record/read.h"

#include <jansson.h>
#include <string.h>

#include "libtx/record/read-blank.h"

/* Members of the line and of its objects stand in one array: first the line's own, then those of
 * each object in the line's order. */
struct tx_read {
    json_t *root;
    char *blanked; /* as long as the line; offsets are the same */
    size_t n_top;
    size_t n_members;
    struct tx_read_member *members;
    struct tx_read_object *objects; /* one for each of the line's own members; most are empty */
};

/* A position in the blanked text, which jansson has found to be valid. */
struct walk {
    const char *blanked;
    const char *line;
    size_t at;
    size_t n;
};

void tx_read_prepare(void) {
    json_object_seed(0);
}

void tx_read_free(struct tx_read *read) {
    if (!read)
        return;
    json_decref(read->root);
    free(read->blanked);
    free(read->members);
    free(read->objects);
    free(read);
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Moves past white space and one byte of punctuation. */
static void skip_punctuation(struct walk *w) {
    while (w->at < w->n && is_space(w->blanked[w->at]))
        w->at++;
    w->at++;
    while (w->at < w->n && is_space(w->blanked[w->at]))
        w->at++;
}

static void skip_string(struct walk *w) {
    for (w->at++; w->at < w->n && w->blanked[w->at] != '"'; w->at++)
        if (w->blanked[w->at] == '\\')
            w->at++;
    w->at++;
}

/* A number, a word, or what was blanked; without the white space that may follow it. */
static void skip_scalar(struct walk *w) {
    while (w->at < w->n && !strchr(",}", w->blanked[w->at]))
        w->at++;
}

static void skip_object(struct walk *w) {
    for (w->at++; w->at < w->n && w->blanked[w->at] != '}'; w->at++)
        if (w->blanked[w->at] == '"') {
            skip_string(w);
            w->at--;
        }
    w->at++;
}

static struct tx_text raw_since(const struct walk *w, size_t begin) {
    size_t end = w->at;
    while (end > begin && is_space(w->line[end - 1]))
        end--;
    return (struct tx_text){.p = w->line + begin, .n = end - begin};
}

static enum tx_read_type type_of(struct tx_text raw, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_STRING:
        return TX_READ_STRING;
    case JSON_OBJECT:
        return TX_READ_OBJECT;
    case JSON_TRUE:
    case JSON_FALSE:
        return TX_READ_BOOL;
    case JSON_NULL:
        return TX_READ_NULL;
    default: /* what was blanked became a number */
        return raw.p[0] == '{' || raw.p[0] == '[' ? TX_READ_NESTED : TX_READ_NUMBER;
    }
}

static void take_value(struct walk *w, const json_t *value, struct tx_read_value *ret) {
    size_t begin = w->at;

    if (w->blanked[w->at] == '"')
        skip_string(w);
    else if (w->blanked[w->at] == '{')
        skip_object(w);
    else
        skip_scalar(w);
    ret->raw = raw_since(w, begin);
    ret->type = type_of(ret->raw, value);
    ret->text = ret->raw;
    if (ret->type == TX_READ_STRING)
        ret->text = (struct tx_text){json_string_value(value), json_string_length(value)};
}

/* Takes the members of the object that begins at the walk's place. jansson keeps their order. */
static void take_members(struct tx_read *read, struct walk *w, json_t *object) {
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value) {
        struct tx_read_member *member = &read->members[read->n_members++];
        skip_punctuation(w); /* { or , */
        skip_string(w);
        skip_punctuation(w); /* : */
        member->name = (struct tx_text){name, strlen(name)};
        take_value(w, value, &member->value);
    }
}

static int take_all(struct tx_read *read, struct tx_text line, size_t n_members) {
    struct walk w = {.blanked = read->blanked, .line = line.p, .n = line.n};

    read->members = calloc(n_members + 1, sizeof(*read->members));
    read->objects = calloc(json_object_size(read->root) + 1, sizeof(*read->objects));
    if (!read->members || !read->objects)
        return -ENOMEM;
    take_members(read, &w, read->root);
    read->n_top = read->n_members;
    for (size_t i = 0; i < read->n_top; i++) {
        const struct tx_read_value *value = &read->members[i].value;
        if (value->type != TX_READ_OBJECT)
            continue;
        size_t first = read->n_members;
        w.at = (size_t)(value->raw.p - line.p);
        take_members(read, &w,
                     json_object_get(read->root, read->members[i].name.p)); /* NUL-terminated */
        read->objects[i] = (struct tx_read_object){.n_members = read->n_members - first,
                                                   .members = read->members + first};
    }
    return 0;
}

int tx_read_new(struct tx_text line, struct tx_read **ret) {
    _cleanup_(tx_read_freep) struct tx_read *read = calloc(1, sizeof(*read));
    json_error_t error;
    size_t n_members;

    if (line.n > TX_LIMIT_LINE_BYTES)
        return -EMSGSIZE;
    if (line.n == 0 || !tx_utf8_valid(line.p, line.n))
        return -EBADMSG;
    if (!read || !(read->blanked = malloc(line.n)))
        return -ENOMEM;
    int r = tx_read_blank(line, read->blanked, &n_members);
    if (r < 0)
        return r;
    read->root = json_loadb(read->blanked, line.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!read->root)
        return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
    if (!json_is_object(read->root))
        return -EBADMSG;
    r = take_all(read, line, n_members);
    if (r < 0)
        return r;
    *ret = TX_STEAL(read);
    return 0;
}

struct tx_read_object tx_read_top(const struct tx_read *read) {
    return (struct tx_read_object){.n_members = read->n_top, .members = read->members};
}

struct tx_read_object tx_read_object(const struct tx_read *read, const char *name) {
    for (size_t i = 0; i < read->n_top; i++)
        if (tx_text_equal(read->members[i].name, (struct tx_text){name, strlen(name)}))
            return read->objects[i];
    return (struct tx_read_object){.n_members = 0, .members = NULL};
}

const struct tx_read_value *tx_read_find(struct tx_read_object object, struct tx_text name) {
    for (size_t i = 0; i < object.n_members; i++)
        if (tx_text_equal(object.members[i].name, name))
            return &object.members[i].value;
    return NULL;
}

struct tx_text tx_read_string(struct tx_read_object object, const char *name) {
    const struct tx_read_value *value = tx_read_find(object, (struct tx_text){name, strlen(name)});
    if (!value || value->type != TX_READ_STRING)
        return (struct tx_text){.p = NULL, .n = 0};
    return value->text;
}

int tx_read_u64(struct tx_read_object object, const char *name, uint64_t *ret) {
    const struct tx_read_value *value = tx_read_find(object, (struct tx_text){name, strlen(name)});
    if (!value)
        return -ENOENT;
    if (value->type != TX_READ_NUMBER || tx_dec_decode(value->text, ret) < 0)
        return -EBADMSG;
    return 0;
}
