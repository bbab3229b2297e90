/* SPDX-License-Identifier: MIT */
#include "libtx/record/json.h"

#include <stdbool.h>

#include "libtx/base/limits.h"
#include "libtx/record/repeated.h"

/* What may come next within the innermost array or object. */
enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* after [ */
    EXPECT_KEY,          /* after { and a comma */
    EXPECT_KEY_OR_END,   /* after { */
    EXPECT_COMMA_OR_END, /* after a value */
};

struct level {
    bool is_object;
    size_t first_key; /* of this object, in keys */
};

/* Keys are kept as they stand in the output: there, equal keys are equal bytes. An object's keys
 * are dropped when it ends, so those of open objects lie one upon the other. */
struct parser {
    struct tx_text in;
    size_t at;
    struct tx_buf *out;
    size_t depth;
    struct level levels[TX_LIMIT_JSON_DEPTH];
    size_t n_keys;
    size_t cap_keys;
    struct tx_text *keys;
    struct tx_text few_keys[32];
};

static int peek(const struct parser *p) {
    return p->at < p->in.n ? (unsigned char)p->in.p[p->at] : -1;
}

static bool take(struct parser *p, char c) {
    if (peek(p) != (unsigned char)c)
        return false;
    p->at++;
    return true;
}

static void skip_space(struct parser *p) {
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r')
        p->at++;
}

/* --- strings --- */

static int take_hex4(struct parser *p, uint32_t *ret) {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        int c = peek(p);
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return -EBADMSG;
    }
    *ret = v;
    return 0;
}

/* After \u: one character, of two escapes when it lies above U+FFFF. */
static int take_unicode_escape(struct parser *p, uint32_t *ret) {
    uint32_t high, low;
    int r = take_hex4(p, &high);
    if (r < 0)
        return r;
    if (high < 0xd800 || high > 0xdfff) {
        *ret = high;
        return 0;
    }
    if (high > 0xdbff || !take(p, '\\') || !take(p, 'u'))
        return -EILSEQ;
    r = take_hex4(p, &low);
    if (r < 0)
        return r;
    if (low < 0xdc00 || low > 0xdfff)
        return -EILSEQ;
    *ret = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return 0;
}

/* After the backslash. */
static int put_escape(struct parser *p) {
    static const char plain[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    char text[4];
    uint32_t c;
    int next = peek(p);

    if (next < 0 || next > 127)
        return -EBADMSG;
    p->at++;
    if (next == 'u') {
        int r = take_unicode_escape(p, &c);
        if (r < 0)
            return r;
    } else if (plain[next]) {
        c = (uint32_t)plain[next];
    } else {
        return -EBADMSG;
    }
    tx_buf_json(p->out, text, tx_utf8_put(c, text));
    return 0;
}

/* What needs no look of its own: ASCII but quotes, backslashes and control characters. */
static size_t skip_plain(const struct parser *p, size_t at) {
    while (at < p->in.n && (uint8_t)p->in.p[at] >= 0x20 && (uint8_t)p->in.p[at] < 0x80 &&
           p->in.p[at] != '"' && p->in.p[at] != '\\')
        at++;
    return at;
}

static int put_string(struct parser *p) {
    if (!take(p, '"'))
        return -EBADMSG;
    tx_buf_char(p->out, '"');
    for (;;) {
        size_t start = p->at;
        p->at = skip_plain(p, start);
        while (peek(p) >= 0x80) {
            size_t n = tx_utf8_char(p->in.p + p->at, p->in.n - p->at);
            if (n == 0)
                return -EBADMSG;
            p->at = skip_plain(p, p->at + n);
        }
        tx_buf_put(p->out, p->in.p + start, p->at - start);
        if (take(p, '"'))
            break;
        if (!take(p, '\\'))
            return -EBADMSG; /* the end, or a control character */
        int r = put_escape(p);
        if (r < 0)
            return r;
    }
    tx_buf_char(p->out, '"');
    return 0;
}

/* --- numbers and words --- */

static size_t take_digits(struct parser *p) {
    size_t start = p->at;
    while (peek(p) >= '0' && peek(p) <= '9')
        p->at++;
    return p->at - start;
}

static int put_number(struct parser *p) {
    size_t start = p->at;

    take(p, '-');
    if (!take(p, '0') && take_digits(p) == 0)
        return -EBADMSG;
    if (take(p, '.') && take_digits(p) == 0)
        return -EBADMSG;
    if (take(p, 'e') || take(p, 'E')) {
        if (!take(p, '+'))
            take(p, '-');
        if (take_digits(p) == 0)
            return -EBADMSG;
    }
    tx_buf_put(p->out, p->in.p + start, p->at - start);
    return 0;
}

static int put_word(struct parser *p, struct tx_text word) {
    struct tx_text rest = {.p = p->in.p + p->at, .n = p->in.n - p->at};
    if (!tx_text_starts(rest, word))
        return -EBADMSG;
    p->at += word.n;
    tx_buf_put(p->out, word.p, word.n);
    return 0;
}

/* --- arrays and objects --- */

static int remember_key(struct parser *p, struct tx_text key) {
    if (p->n_keys == p->cap_keys) {
        /* Bounded by the text: a key takes at least four bytes of it. */
        struct tx_text *more =
            reallocarray(p->keys == p->few_keys ? NULL : p->keys, 2 * p->cap_keys, sizeof(*more));
        if (!more)
            return -ENOMEM;
        if (p->keys == p->few_keys)
            memcpy(more, p->few_keys, sizeof(p->few_keys));
        p->keys = more;
        p->cap_keys *= 2;
    }
    p->keys[p->n_keys++] = key;
    return 0;
}

static int put_key(struct parser *p) {
    size_t start = p->out->len;
    int r = put_string(p);
    if (r < 0)
        return r;
    if (p->out->full)
        return -ENOBUFS;
    r = remember_key(
        p, (struct tx_text){.p = (const char *)p->out->data + start, .n = p->out->len - start});
    if (r < 0)
        return r;
    skip_space(p);
    if (!take(p, ':'))
        return -EBADMSG;
    tx_buf_char(p->out, ':');
    return 0;
}

static int begin(struct parser *p, char c, enum expect *ret_next) {
    bool is_object = c == '{';

    if (p->depth == TX_LIMIT_JSON_DEPTH)
        return -E2BIG;
    p->levels[p->depth++] = (struct level){.is_object = is_object, .first_key = p->n_keys};
    p->at++;
    tx_buf_char(p->out, c);
    *ret_next = is_object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    return 0;
}

static int end(struct parser *p) {
    struct level *level = &p->levels[p->depth - 1];

    if (!take(p, level->is_object ? '}' : ']'))
        return -EBADMSG;
    tx_buf_char(p->out, level->is_object ? '}' : ']');
    if (tx_texts_repeated(p->keys + level->first_key, p->n_keys - level->first_key))
        return -EEXIST;
    p->n_keys = level->first_key;
    p->depth--;
    return 0;
}

static int put_value(struct parser *p, enum expect *ret_next) {
    *ret_next = EXPECT_COMMA_OR_END;
    switch (peek(p)) {
    case '{':
    case '[':
        return begin(p, (char)peek(p), ret_next);
    case '"':
        return put_string(p);
    case 't':
        return put_word(p, TX_TEXT("true"));
    case 'f':
        return put_word(p, TX_TEXT("false"));
    case 'n':
        return put_word(p, TX_TEXT("null"));
    default:
        return put_number(p);
    }
}

static int put_comma(struct parser *p, enum expect *ret_next) {
    p->at++;
    tx_buf_char(p->out, ',');
    *ret_next = p->levels[p->depth - 1].is_object ? EXPECT_KEY : EXPECT_VALUE;
    return 0;
}

/* Takes one token or key, and tells what may follow. */
static int put_next(struct parser *p, enum expect expect, enum expect *ret_next) {
    bool at_end = peek(p) == ']' || peek(p) == '}';

    *ret_next = EXPECT_COMMA_OR_END;
    switch (expect) {
    case EXPECT_KEY_OR_END:
        if (at_end)
            return end(p);
        /* fall through */
    case EXPECT_KEY:
        *ret_next = EXPECT_VALUE;
        return put_key(p);
    case EXPECT_VALUE_OR_END:
        if (at_end)
            return end(p);
        /* fall through */
    case EXPECT_VALUE:
        return put_value(p, ret_next);
    case EXPECT_COMMA_OR_END:
    default:
        return peek(p) == ',' ? put_comma(p, ret_next) : end(p);
    }
}

static int put_text(struct parser *p) {
    enum expect expect = EXPECT_VALUE;

    do {
        skip_space(p);
        int r = put_next(p, expect, &expect);
        if (r < 0)
            return r;
    } while (p->depth > 0);
    skip_space(p);
    return p->at == p->in.n ? 0 : -EBADMSG;
}

int tx_json_canonical(struct tx_text json, struct tx_buf *b) {
    struct parser p = {.in = json, .out = b, .cap_keys = TX_COUNT_OF(p.few_keys)};
    p.keys = p.few_keys;

    int r = put_text(&p);
    if (p.keys != p.few_keys)
        free(p.keys);
    if (r < 0)
        return r;
    return b->full ? -ENOBUFS : 0;
}
