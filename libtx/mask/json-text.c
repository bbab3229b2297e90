/* SPDX-License-Identifier: MIT */
#include "libtx/mask/json-text.h"

#include <stdlib.h>
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/conditions.h"

struct tx_text tx_json_take_string(struct tx_json_text *j, bool *ret_escaped) {
    size_t start = ++j->at;
    *ret_escaped = false;
    for (; j->at < j->in.n && j->in.p[j->at] != '"'; j->at++)
        if (j->in.p[j->at] == '\\') {
            *ret_escaped = true;
            j->at++;
        }
    return (struct tx_text){.p = j->in.p + start, .n = j->at++ - start};
}

struct tx_text tx_json_take_plain(struct tx_json_text *j) {
    size_t start = j->at;
    while (j->at < j->in.n && !memchr(",]}", j->in.p[j->at], 3))
        j->at++;
    return (struct tx_text){.p = j->in.p + start, .n = j->at - start};
}

static struct tx_text take_container(struct tx_json_text *j) {
    size_t start = j->at, depth = 0;
    bool escaped;
    do {
        char c = tx_json_peek(j);
        if (c == '"') {
            tx_json_take_string(j, &escaped);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        j->at++;
    } while (depth > 0 && j->at < j->in.n);
    return (struct tx_text){.p = j->in.p + start, .n = j->at - start};
}

struct tx_text tx_json_take_value(struct tx_json_text *j) {
    char c = tx_json_peek(j);
    bool escaped;

    if (c == '{' || c == '[')
        return take_container(j);
    if (c != '"')
        return tx_json_take_plain(j);
    struct tx_text raw = tx_json_take_string(j, &escaped);
    return (struct tx_text){.p = raw.p - 1, .n = raw.n + 2};
}

static unsigned hex_value(char c) {
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* The log's spelling has these escapes only, and \u00xx for other control characters. */
void tx_json_unescape(struct tx_text raw, struct tx_buf *b) {
    static const char plain[128] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
                                    ['t'] = '\t', ['"'] = '"',  ['\\'] = '\\'};

    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] != '\\') {
            tx_buf_char(b, raw.p[i]);
        } else if (raw.p[++i] == 'u') {
            tx_buf_char(b, (char)(hex_value(raw.p[i + 3]) << 4 | hex_value(raw.p[i + 4])));
            i += 4;
        } else {
            tx_buf_char(b, plain[(unsigned char)raw.p[i] & 127]);
        }
    }
}

unsigned tx_json_type_of(struct tx_text raw) {
    switch (raw.p[0]) {
    case '"':
        return 0; /* TX_TYPE_STRING */
    case '{':
    case '[':
        return 5; /* TX_TYPE_MAP */
    case 't':
    case 'f':
        return 4; /* TX_TYPE_BOOL */
    case 'n':
        return TX_CONDITION_NULL;
    default:
        break;
    }
    for (size_t i = 0; i < raw.n && !memchr(",]}", raw.p[i], 3); i++)
        if (memchr(".eE", raw.p[i], 3))
            return 2; /* TX_TYPE_FLOAT */
    return 1;         /* TX_TYPE_INT */
}

struct tx_text tx_json_as_digits(struct tx_text raw, struct tx_arena *arena) {
    char number[64], *end;

    if (raw.n >= sizeof(number) ||
        !(memchr(raw.p, 'e', raw.n) || memchr(raw.p, 'E', raw.n) || memchr(raw.p, '.', raw.n)))
        return raw;
    memcpy(number, raw.p, raw.n);
    number[raw.n] = '\0';
    double v = strtod(number, &end), magnitude = v < 0 ? -v : v;
    tx_wipe(number, sizeof(number));
    if (end != number + raw.n || !(magnitude >= 1e8 && magnitude < 1e19))
        return raw;
    struct tx_buf b = tx_arena_open(arena);
    tx_buf_dec(&b, (uint64_t)magnitude);
    struct tx_text digits = tx_arena_close(arena, &b);
    return b.full ? raw : digits;
}
