/* SPDX-License-Identifier: MIT */
#include "libtx/segment/control.h"

#include <string.h>

/* Takes a line apart from left to right. The first error sticks, so a parser below reads as the
 * line's form does, and looks at the end. */
struct scan {
    struct tx_text rest;
    struct tx_buf *scratch;
    struct tx_hasher *hasher;
    int error;
};

static void fail(struct scan *s, int error) {
    if (s->error == 0)
        s->error = error;
}

static bool have(struct scan *s, const char *literal) {
    struct tx_text text = {.p = literal, .n = strlen(literal)};
    if (s->error < 0 || !tx_text_starts(s->rest, text))
        return false;
    s->rest.p += text.n;
    s->rest.n -= text.n;
    return true;
}

static void want(struct scan *s, const char *literal) {
    if (!have(s, literal))
        fail(s, -EBADMSG);
}

static uint64_t take_number(struct scan *s) {
    uint64_t v;
    struct tx_text digits = {.p = s->rest.p, .n = 0};
    if (s->error < 0)
        return 0;
    while (digits.n < s->rest.n && digits.p[digits.n] >= '0' && digits.p[digits.n] <= '9')
        digits.n++;
    if (tx_dec_decode(digits, &v) < 0) {
        fail(s, -EBADMSG);
        return 0;
    }
    s->rest.p += digits.n;
    s->rest.n -= digits.n;
    return v;
}

/* An index: sums of two do not overflow. */
static uint64_t take_index(struct scan *s) {
    uint64_t v = take_number(s);
    if (v > TX_CONTROL_INDEX_MAX)
        fail(s, -EBADMSG);
    return v;
}

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands for after a backslash; *n is how many bytes it takes. -1 when it is no escape. */
static int unescape(struct tx_text after, size_t *n) {
    static const char names[] = "\"\\btnfr";
    static const char values[] = "\"\\\b\t\n\f\r";
    const char *name = after.n > 0 && after.p[0] ? strchr(names, after.p[0]) : NULL;
    *n = 1;
    if (name)
        return values[name - names];
    *n = 5;
    if (after.n < 5 || memcmp(after.p, "u00", 3) != 0)
        return -1;
    int high = hex_value(after.p[3]), low = hex_value(after.p[4]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* A JSON string, unescaped into scratch. That the escapes are the shortest is seen when the line is
 * rendered anew. */
static struct tx_text take_string(struct scan *s) {
    size_t at = 0, begin = s->scratch->len;
    want(s, "\"");
    while (s->error == 0) {
        struct tx_text rest = {.p = s->rest.p + at, .n = s->rest.n - at};
        size_t plain = 0, n_escape;
        while (plain < rest.n && rest.p[plain] != '"' && rest.p[plain] != '\\')
            plain++;
        tx_buf_put(s->scratch, rest.p, plain);
        if (plain == rest.n) {
            fail(s, -EBADMSG);
            break;
        }
        at += plain + 1;
        if (rest.p[plain] == '"')
            break;
        int c = unescape((struct tx_text){rest.p + plain + 1, rest.n - plain - 1}, &n_escape);
        if (c < 0)
            fail(s, -EBADMSG);
        tx_buf_char(s->scratch, (char)c);
        at += n_escape;
    }
    if (s->scratch->full)
        fail(s, -ENOBUFS);
    if (s->error < 0)
        return (struct tx_text){.p = NULL, .n = 0};
    s->rest.p += at;
    s->rest.n -= at;
    struct tx_text text = {.p = (char *)s->scratch->data + begin, .n = s->scratch->len - begin};
    if (!tx_utf8_valid(text.p, text.n))
        fail(s, -EBADMSG);
    return text;
}

static struct tx_text take_origin(struct scan *s) {
    struct tx_text origin = take_string(s);
    if (s->error == 0 && (origin.n > TX_LIMIT_ORIGIN_BYTES || !tx_key_name_valid(origin)))
        fail(s, -EBADMSG);
    return origin;
}

static void take_hash_name(struct scan *s) {
    struct tx_text name = take_string(s);
    if (s->error == 0 && !tx_text_equal(name, TX_TEXT("sha256")))
        fail(s, -ENOTSUP);
}

static void take_version(struct scan *s) {
    if (take_number(s) != 1)
        fail(s, -ENOTSUP);
}

static void take_digest(struct scan *s, struct tx_digest *ret) {
    enum { N_BASE64 = 44 };
    size_t n;
    want(s, "\"");
    if (s->error < 0)
        return;
    if (s->rest.n < N_BASE64 ||
        tx_base64_decode((struct tx_text){s->rest.p, N_BASE64}, ret->bytes, TX_HASH_BYTES, &n) <
            0 ||
        n != TX_HASH_BYTES) {
        fail(s, -EBADMSG);
        return;
    }
    s->rest.p += N_BASE64;
    s->rest.n -= N_BASE64;
    want(s, "\"");
}

static void take_vkey(struct scan *s, struct tx_vkey *ret) {
    struct tx_text text = take_string(s);
    if (s->error < 0)
        return;
    int r = tx_vkey_parse(s->hasher, text, ret);
    if (r < 0)
        fail(s, r);
}

/* The compact range [0, first). */
static void take_range(struct scan *s, uint64_t first, struct tx_range *ret) {
    struct tx_digest nodes[TX_RANGE_MAX_NODES];
    size_t n = 0;
    want(s, "[");
    if (!have(s, "]")) {
        do {
            if (n == TX_RANGE_MAX_NODES)
                fail(s, -EBADMSG);
            else
                take_digest(s, &nodes[n++]);
        } while (have(s, ","));
        want(s, "]");
    }
    if (s->error == 0 && tx_range_set(ret, 0, first, nodes, n) < 0)
        fail(s, -EBADMSG);
}

/* The renderers have no common argument; each parser wraps its own. */
#define COMPARE(s, line, render, object)                                                           \
    do {                                                                                           \
        _cleanup_(tx_freep) uint8_t *memory_ = NULL;                                               \
        if ((s)->error == 0 && (s)->rest.n != 0)                                                   \
            fail(s, -EBADMSG);                                                                     \
        if ((s)->error == 0 && !(memory_ = malloc((line).n + 1)))                                  \
            fail(s, -ENOMEM);                                                                      \
        if ((s)->error == 0) {                                                                     \
            struct tx_buf anew_ = tx_buf_of(memory_, (line).n);                                    \
            render(object, &anew_);                                                                \
            if (anew_.full || anew_.len != (line).n || memcmp(memory_, (line).p, (line).n) != 0)   \
                fail(s, -EBADMSG);                                                                 \
        }                                                                                          \
    } while (0)

static struct scan begin(struct tx_hasher *hasher, struct tx_text line, struct tx_buf *scratch) {
    struct scan s = {.rest = line, .scratch = scratch, .hasher = hasher, .error = 0};
    if (line.n > TX_LIMIT_CONTROL_LINE_BYTES)
        s.error = -EBADMSG;
    return s;
}

int tx_control_parse_header(struct tx_hasher *hasher, struct tx_text line, struct tx_buf *scratch,
                            struct tx_control_header *ret) {
    struct tx_control_header header = {.first = 0};
    struct scan s = begin(hasher, line, scratch);
    want(&s, "{\"tracex\":\"segment\",\"version\":");
    take_version(&s);
    want(&s, ",\"origin\":");
    header.origin = take_origin(&s);
    want(&s, ",\"hash\":");
    take_hash_name(&s);
    want(&s, ",\"first\":");
    header.first = take_index(&s);
    want(&s, ",\"range\":");
    take_range(&s, header.first, &header.range);
    want(&s, ",\"epoch\":");
    header.epoch = take_index(&s);
    want(&s, ",\"epoch_vkey\":");
    take_vkey(&s, &header.epoch_vkey);
    want(&s, ",\"checkpoints\":");
    header.n_checkpoints = take_index(&s);
    want(&s, ",\"digest\":");
    take_digest(&s, &header.digest);
    want(&s, ",\"previous\":");
    if (!have(&s, "null"))
        header.previous = take_string(&s);
    want(&s, "}");
    COMPARE(&s, line, tx_control_render_header, &header);
    if (s.error == 0)
        *ret = header;
    return s.error;
}

int tx_control_parse_checkpoint(struct tx_text line, struct tx_buf *scratch,
                                struct tx_control_checkpoint *ret) {
    struct tx_control_checkpoint checkpoint;
    struct scan s = begin(NULL, line, scratch);
    want(&s, "{\"tracex\":\"checkpoint\",\"note\":");
    checkpoint.note = take_string(&s);
    want(&s, "}");
    COMPARE(&s, line, tx_control_render_checkpoint, &checkpoint);
    if (s.error == 0)
        *ret = checkpoint;
    return s.error;
}

int tx_control_parse_seal(struct tx_text line, struct tx_buf *scratch,
                          struct tx_control_seal *ret) {
    struct tx_control_seal seal;
    struct scan s = begin(NULL, line, scratch);
    want(&s, "{\"tracex\":\"seal\",\"first\":");
    seal.first = take_index(&s);
    want(&s, ",\"size\":");
    seal.size = take_index(&s);
    want(&s, ",\"note\":");
    seal.note = take_string(&s);
    want(&s, "}");
    COMPARE(&s, line, tx_control_render_seal, &seal);
    if (s.error == 0)
        *ret = seal;
    return s.error;
}

int tx_control_parse_epoch(struct tx_hasher *hasher, struct tx_text line, struct tx_buf *scratch,
                           struct tx_control_epoch *ret) {
    struct tx_control_epoch epoch = {.seq = 0};
    struct scan s = begin(hasher, line, scratch);
    want(&s, "{\"seq\":");
    epoch.seq = take_index(&s);
    want(&s, ",\"by\":\"ledger\",\"event\":\"tracex.epoch\",\"data\":{\"epoch\":");
    epoch.epoch = take_index(&s);
    want(&s, ",\"vkey\":");
    take_vkey(&s, &epoch.vkey);
    want(&s, ",\"checkpoints\":");
    epoch.n_checkpoints = take_index(&s);
    want(&s, ",\"digest\":");
    take_digest(&s, &epoch.digest);
    if (have(&s, ",\"broken\":"))
        epoch.broken = take_string(&s);
    want(&s, "}}");
    COMPARE(&s, line, tx_control_render_epoch, &epoch);
    if (s.error == 0)
        *ret = epoch;
    return s.error;
}

int tx_control_parse_log(struct tx_hasher *hasher, struct tx_text line, struct tx_buf *scratch,
                         struct tx_control_log *ret) {
    struct tx_control_log log = {.origin = {NULL, 0}};
    struct scan s = begin(hasher, line, scratch);
    want(&s, "{\"tracex\":\"log\",\"version\":");
    take_version(&s);
    want(&s, ",\"origin\":");
    log.origin = take_origin(&s);
    want(&s, ",\"hash\":");
    take_hash_name(&s);
    want(&s, ",\"identity\":");
    take_vkey(&s, &log.identity);
    want(&s, ",\"epoch0\":");
    take_vkey(&s, &log.epoch0);
    if (have(&s, ",\"continues\":{\"origin\":")) {
        log.continues_origin = take_origin(&s);
        want(&s, ",\"checkpoint\":");
        log.continues_checkpoint = take_string(&s);
        want(&s, "}");
    }
    want(&s, "}");
    COMPARE(&s, line, tx_control_render_log, &log);
    if (s.error == 0)
        *ret = log;
    return s.error;
}
