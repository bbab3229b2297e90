/* SPDX-License-Identifier: MIT */
#include "tools/ctl/member.h"

#include <stdlib.h>

#include "libtx/base/limits.h"
#include "libtx/mask/json-text.h"

#define POINTER_BYTES 4096

struct level {
    bool is_object;
    uint64_t n;       /* values so far */
    size_t n_pointer; /* bytes of the pointer to the container */
};

struct walk {
    struct tx_json_text j;
    struct tx_buf pointer;
    size_t depth;
    struct level level[TX_LIMIT_JSON_DEPTH];
    uint8_t memory[POINTER_BYTES];
};

/* ~1 is '/', ~0 is '~'. */
static void put_key(struct walk *w) {
    bool escaped;
    struct tx_text raw = tx_json_take_string(&w->j, &escaped);
    uint8_t key[POINTER_BYTES];
    struct tx_buf b = tx_buf_of(key, sizeof(key));

    tx_json_unescape(raw, &b);
    w->pointer.full |= b.full;
    for (size_t i = 0; i < b.len; i++)
        if (key[i] == '~' || key[i] == '/')
            tx_buf_str(&w->pointer, key[i] == '~' ? "~0" : "~1");
        else
            tx_buf_char(&w->pointer, (char)key[i]);
    w->j.at++; /* ':' */
}

/* Goes to the next value; false at the end. */
static bool next_value(struct walk *w) {
    while (w->depth > 0) {
        struct level *level = &w->level[w->depth - 1];
        char c = tx_json_peek(&w->j);
        w->pointer.len = level->n_pointer;
        if (c == '}' || c == ']' || c == '\0') {
            w->j.at++;
            w->depth--;
            continue;
        }
        w->j.at += c == ',';
        tx_buf_char(&w->pointer, '/');
        if (level->is_object)
            put_key(w);
        else
            tx_buf_dec(&w->pointer, level->n);
        level->n++;
        return true;
    }
    return false;
}

int tx_members_each(struct tx_text json, tx_member_found *found, void *data) {
    struct walk w = {.j = {.in = json}};

    w.pointer = tx_buf_of(w.memory, sizeof(w.memory));
    do {
        struct tx_json_text here = w.j;
        struct tx_text raw = tx_json_take_value(&here);
        const struct tx_text pointer = {(const char *)w.memory, w.pointer.len};
        bool is_container = raw.n > 0 && (raw.p[0] == '{' || raw.p[0] == '[');
        if (w.pointer.full || (is_container && w.depth == TX_LIMIT_JSON_DEPTH))
            return -E2BIG;
        if (!found(data, pointer, raw))
            return 0;
        if (is_container) {
            w.level[w.depth++] =
                (struct level){.is_object = raw.p[0] == '{', .n_pointer = w.pointer.len};
            w.j.at++;
        } else {
            w.j = here;
        }
    } while (next_value(&w));
    return 0;
}

int tx_member_say(struct tx_text raw, struct tx_bytes *b) {
    if (raw.n == 0 || raw.p[0] != '"')
        return tx_bytes_append(b, raw.p, raw.n);
    _cleanup_(tx_freep) char *memory = malloc(raw.n);
    if (!memory)
        return -ENOMEM;
    struct tx_buf said = tx_buf_of(memory, raw.n);
    tx_json_unescape((struct tx_text){raw.p + 1, raw.n - 2}, &said);
    return tx_bytes_append(b, memory, said.len);
}
