/* SPDX-License-Identifier: MIT */
#include "libtx/detect/kv.h"
#include "libtx/detect/scan.h"

/*
 * `password=value` in a text, and its relatives: the word before '=' or ':' says that what follows
 * is a secret. Only the value is claimed.
 */

#define AHEAD_BYTES 32    /* how far a sign is looked for that begins the next pair */
#define BACKSLASHES_MAX 3 /* in front of a quote: JSON within JSON */
#define SIGNS_MAX 3       /* ::= and the like */

static size_t before_quote(const struct tx_scan *s, size_t at) {
    if (at == 0 || !tx_kv_is_quote(s->p[at - 1]))
        return at;
    at--;
    while (at > 0 && s->p[at - 1] == '\\')
        at--;
    return at;
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static size_t before_blanks(const struct tx_scan *s, size_t at) {
    while (at > 0 && is_blank(s->p[at - 1]))
        at--;
    return at;
}

/* name .= value, ?=, +=, ||= */
static size_t before_signs(const struct tx_scan *s, size_t at) {
    if (tx_scan_at(s, at) != '=')
        return at;
    for (size_t i = 0; i < SIGNS_MAX && at > 0 && strchr(".?+|", s->p[at - 1]) && s->p[at - 1]; i++)
        at--;
    return at;
}

static const char *const types[] = {"string",    "str",  "securestring",
                                    "secretstr", "text", "nsstring"};

/* name string = value: the end of the name. */
static size_t before_type(const struct tx_scan *s, size_t at) {
    uint8_t last = tx_lower(tx_scan_before(s, at));
    if (last != 'g' && last != 'r' && last != 't')
        return at;
    for (size_t i = 0; i < TX_COUNT_OF(types); i++) {
        size_t n = strlen(types[i]);
        if (at > n + 1 && is_blank(s->p[at - n - 1]) && tx_scan_is_word(s, at - n, types[i]))
            return before_blanks(s, at - n);
    }
    return at;
}

/* name: string = value: behind the sign, if there is a type before it. */
static size_t after_type(const struct tx_scan *s, size_t at) {
    uint8_t first = tx_lower(tx_scan_at(s, at));
    if (first != 's' && first != 't' && first != 'n')
        return at;
    for (size_t i = 0; i < TX_COUNT_OF(types); i++) {
        size_t end = at + strlen(types[i]);
        while (is_blank(tx_scan_at(s, end)))
            end++;
        if (tx_scan_at(s, end) == '=' && tx_scan_is_word(s, at, types[i]))
            return end + 1;
    }
    return at;
}

/* From the sign back over spaces and a quote, which may be escaped, to the end of the word; also
 * out of user[password] and of ['password']. */
static size_t name_end(const struct tx_scan *s, size_t at) {
    at = before_type(s, before_blanks(s, before_signs(s, at)));
    if (at > 0 && s->p[at - 1] == ']')
        at--;
    return before_quote(s, at);
}

/* Where nothing else follows the sign, the value may stand in the next line. */
static size_t skip_spaces(const struct tx_scan *s, size_t at) {
    while (is_blank(tx_scan_at(s, at)))
        at++;
    if (tx_scan_at(s, at) == '\r')
        at++;
    if (tx_scan_at(s, at) == '\n')
        at++;
    while (is_blank(tx_scan_at(s, at)))
        at++;
    return at;
}

/* A quoted value that opens at `at` (behind the quote) ends at the same quote with as many
 * backslashes; without one, with the line. */
static size_t quoted_end(struct tx_scan *s, size_t at, uint8_t quote, size_t n_backslashes) {
    size_t backslashes = 0, i = at;

    for (; i < s->n; i++) {
        if (s->p[i] == quote && backslashes == n_backslashes)
            break;
        backslashes = s->p[i] == '\\' ? backslashes + 1 : 0;
        /* An escaped quote or backslash within a value whose own quotes are plain. */
        if (n_backslashes == 0 && backslashes == 1 && i + 1 < s->n) {
            backslashes = 0;
            i++;
        }
    }
    s->matches->work += i - at;
    if (i < s->n)
        return i - n_backslashes;
    const uint8_t *newline = memchr(s->p + at, '\n', s->n - at);
    return newline ? (size_t)(newline - s->p) : s->n;
}

/* Whether a comma or the like within a value ends it: a space, a quote, a bracket or the next pair
 * follows. A secret may hold any of them. */
static bool ends_value(struct tx_scan *s, size_t at) {
    size_t i = at + 1;
    uint8_t next = tx_scan_at(s, i);

    if (i >= s->n || tx_is_space(next) || (next && strchr("\"'`,;)]}>", next)))
        return true;
    while (i - at < AHEAD_BYTES && tx_kv_is_name(tx_scan_at(s, i)))
        i++;
    s->matches->work += i - at;
    return tx_scan_at(s, i) == '=' || tx_scan_at(s, i) == ':';
}

static size_t plain_end(struct tx_scan *s, size_t at) {
    size_t end = at;
    for (; end < s->n && !tx_is_space(s->p[end]); end++) {
        uint8_t c = s->p[end];
        if ((c == ',' || c == ';' || c == '&' || tx_kv_is_quote(c)) && ends_value(s, end))
            break;
    }
    s->matches->work += end - at;
    return end;
}

/* A value in brackets ends with the one that closes it: a secret with parts. */
static size_t bracket_end(struct tx_scan *s, size_t at) {
    size_t depth = 0, i = at;
    bool quoted = false;
    for (; i < s->n; i++) {
        uint8_t c = s->p[i];
        if (c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && --depth == 0)
            break;
    }
    s->matches->work += i - at;
    return i < s->n ? i + 1 : s->n;
}

/* What is glued to a closing quote belongs to the value: 'it''s', "one"two. */
static size_t after_quote(struct tx_scan *s, size_t end, uint8_t quote, size_t n_backslashes) {
    size_t next = end + n_backslashes + 1;
    uint8_t c = tx_scan_at(s, next);
    if (n_backslashes > 0 || next >= s->n || !(c == quote || tx_is_alnum(c)))
        return end;
    size_t plain = plain_end(s, next + (c == quote));
    return plain > next && s->p[plain - 1] == quote ? plain - 1 : plain;
}

void tx_kv_claim(struct tx_scan *s, enum tx_kv_kind kind, size_t start, size_t end) {
    if (start < end && !tx_kv_is_placeholder(kind, s->p + start, end - start))
        tx_scan_claim(s, TX_DETECT_KV_SECRET, start, end);
    else
        tx_scan_refuse(s, TX_DETECT_KV_SECRET, start, end, TX_FATE_INVALID);
}

void tx_kv_take_value(struct tx_scan *s, enum tx_kv_kind kind, size_t at) {
    size_t start = skip_spaces(s, at), n_backslashes = 0, end;

    start = skip_spaces(s, after_type(s, start));
    while (tx_scan_at(s, start + n_backslashes) == '\\' && n_backslashes < BACKSLASHES_MAX)
        n_backslashes++;
    uint8_t quote = tx_scan_at(s, start + n_backslashes);
    bool in_brackets = quote == '{' || (quote == '[' && !tx_scan_is_word(s, start, "[redacted]"));
    if (tx_kv_is_quote(quote)) {
        start += n_backslashes + 1;
        end = after_quote(s, quoted_end(s, start, quote, n_backslashes), quote, n_backslashes);
    } else {
        end = in_brackets ? bracket_end(s, start) : plain_end(s, start);
    }
    s->kv_done = end;
    tx_kv_claim(s, kind, start, end);
}

/* Behind the sign: ':' '=' and their like with more signs. 0: none that gives a value. */
static size_t sign_end(const struct tx_scan *s, size_t at, enum tx_kv_kind kind) {
    size_t end = at + 1;
    uint8_t next = tx_scan_at(s, end);
    if (s->p[at] != ':' || next != ':')
        return end + (next == '=' || (s->p[at] == '=' && next == '>'));
    while (end - at < SIGNS_MAX && tx_scan_at(s, end) == ':')
        end++;
    if (tx_scan_at(s, end) == '=')
        return end + 1;
    return kind == TX_KV_PASSWORD ? end : 0; /* Token::new is a name's scope */
}

void tx_detect_kv(struct tx_scan *s, size_t at) {
    size_t start;
    if (at < s->kv_done || !tx_scan_wants(s, TX_DETECT_KV_SECRET))
        return;
    if (s->p[at] == ':' && tx_scan_at(s, at + 1) == '/' && tx_scan_at(s, at + 2) == '/')
        return;
    enum tx_kv_kind kind = tx_kv_kind_before(s, name_end(s, at), &start);
    size_t value = kind ? sign_end(s, at, kind) : 0;
    if (value)
        tx_kv_take_value(s, kind, value);
}
