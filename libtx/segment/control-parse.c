/* SPDX-License-Identifier: MIT */
/*
 * Each parser takes the line's tokens in their order, then writes the line anew and compares: so
 * whatever a token's reader lets pass, only the one valid spelling is accepted.
 */
#include <string.h>

#include "libtx/segment/control.h"

/* What is left of a line, and where unescaped texts go. */
struct reader {
    struct tx_text line;
    struct tx_buf *scratch;
    int error; /* the first one; sticks */
};

static void fail(struct reader *r, int error) {
    if (r->error == 0)
        r->error = error;
}

static bool next_is(const struct reader *r, struct tx_text literal) {
    return r->error == 0 && tx_text_starts(r->line, literal);
}

static bool take_if(struct reader *r, struct tx_text literal) {
    if (!next_is(r, literal))
        return false;
    r->line.p += literal.n;
    r->line.n -= literal.n;
    return true;
}

static void take(struct reader *r, struct tx_text literal) {
    if (!take_if(r, literal))
        fail(r, -EBADMSG);
}

static uint64_t take_number(struct reader *r) {
    uint64_t v = 0;
    size_t n = 0;

    if (r->error)
        return 0;
    while (n < r->line.n && r->line.p[n] >= '0' && r->line.p[n] <= '9')
        n++;
    int e = tx_dec_decode((struct tx_text){r->line.p, n}, &v);
    if (e < 0)
        fail(r, -EBADMSG);
    r->line.p += n;
    r->line.n -= n;
    return v;
}

/* The escapes that the log's spelling has; others are refused. Returns the bytes taken, or 0. */
static size_t unescape_one(struct tx_text rest, char *ret) {
    static const char from[] = "\"\\btnfr";
    static const char to[] = "\"\\\b\t\n\f\r";
    uint8_t byte;

    if (rest.n < 2)
        return 0;
    const char *found = rest.p[1] ? strchr(from, rest.p[1]) : NULL;
    if (found) {
        *ret = to[found - from];
        return 2;
    }
    if (rest.n < 6 || memcmp(rest.p, "\\u00", 4) != 0 ||
        tx_hex_decode((struct tx_text){rest.p + 4, 2}, &byte, 1) < 0)
        return 0;
    *ret = (char)byte;
    return 6;
}

/* A JSON string, unescaped into the scratch. */
static struct tx_text take_string(struct reader *r) {
    struct tx_text none = {.p = "", .n = 0};

    take(r, TX_TEXT("\""));
    if (r->error)
        return none;
    char *start = (char *)r->scratch->data + r->scratch->len;
    size_t before = r->scratch->len;
    while (r->line.n > 0 && r->line.p[0] != '"') {
        char c = r->line.p[0];
        size_t n = c == '\\' ? unescape_one(r->line, &c) : 1;
        if (n == 0) {
            fail(r, -EBADMSG);
            return none;
        }
        tx_buf_char(r->scratch, c);
        r->line.p += n;
        r->line.n -= n;
    }
    take(r, TX_TEXT("\""));
    if (r->scratch->full)
        fail(r, -ENOBUFS);
    if (r->error == 0 && !tx_utf8_valid(start, r->scratch->len - before))
        fail(r, -EBADMSG);
    return r->error ? none : (struct tx_text){.p = start, .n = r->scratch->len - before};
}

static void take_digest(struct reader *r, struct tx_digest *ret) {
    size_t n = 0;
    struct tx_text text = take_string(r);
    if (r->error == 0 &&
        (tx_base64_decode(text, ret->bytes, sizeof(ret->bytes), &n) < 0 || n != TX_HASH_BYTES))
        fail(r, -EBADMSG);
}

static void take_vkey(struct reader *r, struct tx_hasher *hasher, struct tx_vkey *ret) {
    struct tx_text text = take_string(r);
    if (r->error == 0 && tx_vkey_parse(hasher, text, ret) < 0)
        fail(r, -EBADMSG);
}

static void take_range(struct reader *r, uint64_t end, struct tx_range *ret) {
    struct tx_digest nodes[TX_RANGE_MAX_NODES];
    size_t n = 0;

    take(r, TX_TEXT("["));
    while (r->error == 0 && next_is(r, TX_TEXT("\""))) {
        if (n == TX_RANGE_MAX_NODES) {
            fail(r, -EBADMSG);
            return;
        }
        take_digest(r, &nodes[n++]);
        if (!take_if(r, TX_TEXT(",")))
            break;
    }
    take(r, TX_TEXT("]"));
    if (r->error == 0 && tx_range_set(ret, 0, end, nodes, n) < 0)
        fail(r, -EBADMSG);
}

/* A version or a hash of another kind is told apart from a broken line. */
static void take_known(struct reader *r, struct tx_text literal) {
    if (r->error == 0 && !next_is(r, literal))
        fail(r, -ENOTSUP);
    take(r, literal);
}

/* The end of the line, and the line written anew in *b is the line that was given. */
static int finish(const struct reader *r, struct tx_text line, const struct tx_buf *b) {
    if (r->error)
        return r->error;
    if (r->line.n != 0 || b->full || b->len != line.n || memcmp(b->data, line.p, line.n) != 0)
        return -EBADMSG;
    return 0;
}

/* Room to write the line anew: as large as the line may be. */
static int rendering(struct tx_text line, struct tx_buf *ret, void **memory) {
    if (line.n == 0 || line.n > TX_LIMIT_CONTROL_LINE_BYTES)
        return -EBADMSG;
    *memory = malloc(line.n);
    if (!*memory)
        return -ENOMEM;
    *ret = tx_buf_of(*memory, line.n);
    return 0;
}

int tx_control_parse_header(struct tx_hasher *hasher, struct tx_text line, struct tx_buf *scratch,
                            struct tx_control_header *ret) {
    struct reader r = {.line = line, .scratch = scratch};
    struct tx_control_header h = {.first = 0};
    _cleanup_(tx_freep) void *memory = NULL;
    struct tx_buf b;
    int e = rendering(line, &b, &memory);
    if (e < 0)
        return e;

    take(&r, TX_TEXT("{\"tracex\":\"segment\",\"version\":"));
    take_known(&r, TX_TEXT("1,"));
    take(&r, TX_TEXT("\"origin\":"));
    h.origin = take_string(&r);
    take(&r, TX_TEXT(",\"hash\":"));
    take_known(&r, TX_TEXT("\"sha256\""));
    take(&r, TX_TEXT(",\"first\":"));
    h.first = take_number(&r);
    take(&r, TX_TEXT(",\"range\":"));
    take_range(&r, h.first, &h.range);
    take(&r, TX_TEXT(",\"epoch\":"));
    h.epoch = take_number(&r);
    take(&r, TX_TEXT(",\"epoch_vkey\":"));
    take_vkey(&r, hasher, &h.epoch_vkey);
    take(&r, TX_TEXT(",\"checkpoints\":"));
    h.n_checkpoints = take_number(&r);
    take(&r, TX_TEXT(",\"digest\":"));
    take_digest(&r, &h.digest);
    take(&r, TX_TEXT(",\"previous\":"));
    if (!take_if(&r, TX_TEXT("null")))
        h.previous = take_string(&r);
    take(&r, TX_TEXT("}"));
    if (r.error == 0)
        tx_control_render_header(&h, &b);
    e = finish(&r, line, &b);
    if (e == 0)
        *ret = h;
    return e;
}

int tx_control_parse_checkpoint(struct tx_text line, struct tx_buf *scratch,
                                struct tx_control_checkpoint *ret) {
    struct reader r = {.line = line, .scratch = scratch};
    struct tx_control_checkpoint c = {.note = {.p = NULL}};
    _cleanup_(tx_freep) void *memory = NULL;
    struct tx_buf b;
    int e = rendering(line, &b, &memory);
    if (e < 0)
        return e;

    take(&r, TX_TEXT("{\"tracex\":\"checkpoint\",\"note\":"));
    c.note = take_string(&r);
    take(&r, TX_TEXT("}"));
    if (r.error == 0)
        tx_control_render_checkpoint(&c, &b);
    e = finish(&r, line, &b);
    if (e == 0)
        *ret = c;
    return e;
}

int tx_control_parse_seal(struct tx_text line, struct tx_buf *scratch,
                          struct tx_control_seal *ret) {
    struct reader r = {.line = line, .scratch = scratch};
    struct tx_control_seal s = {.first = 0};
    _cleanup_(tx_freep) void *memory = NULL;
    struct tx_buf b;
    int e = rendering(line, &b, &memory);
    if (e < 0)
        return e;

    take(&r, TX_TEXT("{\"tracex\":\"seal\",\"first\":"));
    s.first = take_number(&r);
    take(&r, TX_TEXT(",\"size\":"));
    s.size = take_number(&r);
    take(&r, TX_TEXT(",\"note\":"));
    s.note = take_string(&r);
    take(&r, TX_TEXT("}"));
    if (r.error == 0)
        tx_control_render_seal(&s, &b);
    e = finish(&r, line, &b);
    if (e == 0)
        *ret = s;
    return e;
}

int tx_control_parse_epoch(struct tx_hasher *hasher, struct tx_text line, struct tx_buf *scratch,
                           struct tx_control_epoch *ret) {
    struct reader r = {.line = line, .scratch = scratch};
    struct tx_control_epoch p = {.seq = 0};
    _cleanup_(tx_freep) void *memory = NULL;
    struct tx_buf b;
    int e = rendering(line, &b, &memory);
    if (e < 0)
        return e;

    take(&r, TX_TEXT("{\"seq\":"));
    p.seq = take_number(&r);
    take(&r, TX_TEXT(",\"by\":\"ledger\",\"event\":\"tracex.epoch\",\"data\":{\"epoch\":"));
    p.epoch = take_number(&r);
    take(&r, TX_TEXT(",\"vkey\":"));
    take_vkey(&r, hasher, &p.vkey);
    take(&r, TX_TEXT(",\"checkpoints\":"));
    p.n_checkpoints = take_number(&r);
    take(&r, TX_TEXT(",\"digest\":"));
    take_digest(&r, &p.digest);
    if (take_if(&r, TX_TEXT(",\"broken\":")))
        p.broken = take_string(&r);
    take(&r, TX_TEXT("}}"));
    if (r.error == 0)
        tx_control_render_epoch(&p, &b);
    e = finish(&r, line, &b);
    if (e == 0)
        *ret = p;
    return e;
}

int tx_control_parse_log(struct tx_hasher *hasher, struct tx_text line, struct tx_buf *scratch,
                         struct tx_control_log *ret) {
    struct reader r = {.line = line, .scratch = scratch};
    struct tx_control_log l = {.origin = {.p = NULL}};
    _cleanup_(tx_freep) void *memory = NULL;
    struct tx_buf b;
    int e = rendering(line, &b, &memory);
    if (e < 0)
        return e;

    take(&r, TX_TEXT("{\"tracex\":\"log\",\"version\":"));
    take_known(&r, TX_TEXT("1,"));
    take(&r, TX_TEXT("\"origin\":"));
    l.origin = take_string(&r);
    take(&r, TX_TEXT(",\"hash\":"));
    take_known(&r, TX_TEXT("\"sha256\""));
    take(&r, TX_TEXT(",\"identity\":"));
    take_vkey(&r, hasher, &l.identity);
    take(&r, TX_TEXT(",\"epoch0\":"));
    take_vkey(&r, hasher, &l.epoch0);
    if (take_if(&r, TX_TEXT(",\"continues\":{\"origin\":"))) {
        l.continues_origin = take_string(&r);
        take(&r, TX_TEXT(",\"checkpoint\":"));
        l.continues_checkpoint = take_string(&r);
        take(&r, TX_TEXT("}"));
    }
    take(&r, TX_TEXT("}"));
    if (r.error == 0)
        tx_control_render_log(&l, &b);
    e = finish(&r, line, &b);
    if (e == 0)
        *ret = l;
    return e;
}

enum tx_line_kind tx_line_kind(struct tx_text line) {
    if (!tx_text_starts(line, TX_TEXT("{\"tracex\":")))
        return TX_LINE_RECORD;
    if (tx_text_starts(line, TX_TEXT("{\"tracex\":\"checkpoint\"")))
        return TX_LINE_CHECKPOINT;
    if (tx_text_starts(line, TX_TEXT("{\"tracex\":\"segment\"")))
        return TX_LINE_HEADER;
    if (tx_text_starts(line, TX_TEXT("{\"tracex\":\"seal\"")))
        return TX_LINE_SEAL;
    return TX_LINE_UNKNOWN_CONTROL;
}

bool tx_line_is_epoch(struct tx_text line) {
    struct reader r = {.line = line};
    take(&r, TX_TEXT("{\"seq\":"));
    take_number(&r);
    take(&r, TX_TEXT(",\"by\":\"ledger\",\"event\":\"tracex.epoch\""));
    return r.error == 0;
}

void tx_control_digest_note(struct tx_hasher *hasher, struct tx_digest *digest,
                            struct tx_text note) {
    struct tx_digest before = *digest;
    tx_hash(hasher, before.bytes, sizeof(before.bytes), note.p, note.n, NULL, 0, digest);
}

int tx_segment_name_parse(const char *name, uint64_t *ret_first, bool *ret_compressed) {
    static const char digits[] = "0123456789";
    uint64_t first = 0;

    if (strspn(name, digits) != 20)
        return -EINVAL;
    for (size_t i = 0; i < 20; i++) {
        unsigned digit = (unsigned)(name[i] - '0');
        if (first > (UINT64_MAX - digit) / 10)
            return -EINVAL;
        first = first * 10 + digit;
    }
    bool compressed = strcmp(name + 20, ".jsonl.zst") == 0;
    if (!compressed && strcmp(name + 20, ".jsonl") != 0)
        return -EINVAL;
    *ret_first = first;
    *ret_compressed = compressed;
    return 0;
}
