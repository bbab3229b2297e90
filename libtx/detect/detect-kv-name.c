/* SPDX-License-Identifier: MIT */
#include "libtx/detect/kv.h"
#include "libtx/detect/scan.h"

/*
 * Secrets behind their name without a sign between: <password>value</password>, --password value,
 * name="password" value="value", putenv("API_TOKEN", "value"), PASSWORD 'value', password is value.
 * In prose a name is followed by other words, so what is not quoted must look random, but for an
 * option's. Each looks at the text behind the name up to where another name could be.
 */

#define PREFIX_BYTES 32 /* of an XML name, ns: */
#define QUOTED_BYTES 128
#define RANDOM_BYTES 16
#define WORD_BYTES 64

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static size_t skip_blanks(struct tx_scan *s, size_t at) {
    size_t end = at;
    while (is_blank(tx_scan_at(s, end)))
        end++;
    s->matches->work += end - at;
    return end;
}

static size_t skip_white(struct tx_scan *s, size_t at) {
    size_t end = at;
    while (tx_is_space(tx_scan_at(s, end)))
        end++;
    s->matches->work += end - at;
    return end;
}

/* Behind a quote at `at` with the backslashes in front of it; `at` where there is none. */
static size_t after_quote(const struct tx_scan *s, size_t at) {
    size_t end = at;
    while (end - at < 3 && tx_scan_at(s, end) == '\\')
        end++;
    return tx_kv_is_quote(tx_scan_at(s, end)) ? end + 1 : at;
}

/* --- <password>value</password> --- */

static bool begins_element(const struct tx_scan *s, size_t start) {
    size_t at = start;
    if (tx_scan_before(s, at) == ':')
        for (at--; at > 0 && start - at < PREFIX_BYTES && tx_kv_is_name(s->p[at - 1]);)
            at--;
    return tx_scan_before(s, at) == '<';
}

static void take_element(struct tx_scan *s, size_t end) {
    size_t start;
    enum tx_kv_kind kind = tx_kv_kind_before(s, end, &start);
    if (!kind || !begins_element(s, start))
        return;
    size_t value = skip_white(s, end + 1), stop;
    bool is_cdata = tx_scan_is(s, value, "<![CDATA[");
    value += is_cdata ? 9 : 0;
    for (stop = value; stop < s->n && s->p[stop] != (is_cdata ? ']' : '<');)
        stop++;
    s->matches->work += stop - value;
    s->kv_done = stop;
    while (stop > value && tx_is_space(s->p[stop - 1]))
        stop--;
    tx_kv_claim(s, kind, value, stop);
}

/* --- "password" value="value", ("API_TOKEN", "value") --- */

/* Behind `value` and its sign, at `at` or behind a comma; 0: they are not there. */
static size_t value_of_name(struct tx_scan *s, size_t at) {
    at = skip_white(s, at);
    if (tx_scan_at(s, at) == ',')
        at = skip_white(s, at + 1);
    at = after_quote(s, at);
    if (!tx_scan_is_word(s, at, "value"))
        return 0;
    at = skip_blanks(s, after_quote(s, at + 5));
    return tx_scan_at(s, at) == ':' || tx_scan_at(s, at) == '=' ? at + 1 : 0;
}

/* What opens at `at` with a quote, and where it ends; false when it is long or does not end. */
static bool quoted(struct tx_scan *s, size_t at, size_t *ret_start, size_t *ret_end) {
    size_t start = at + 1, end = start;
    if (!tx_kv_is_quote(tx_scan_at(s, at)))
        return false;
    while (end < s->n && end - start < QUOTED_BYTES && s->p[end] != s->p[at] && s->p[end] != '\n')
        end++;
    s->matches->work += end - start;
    *ret_start = start;
    *ret_end = end;
    return end > start && tx_scan_at(s, end) == s->p[at];
}

/* Printable, with no space, and two digits among eight characters or more. */
static bool is_argument(const uint8_t *p, size_t n) {
    size_t n_digits = 0;
    for (size_t i = 0; i < n; i++) {
        if (tx_is_space(p[i]))
            return false;
        n_digits += tx_is_digit(p[i]);
    }
    return n >= 8 && n_digits >= 2;
}

/* The second argument, the last one, of a call whose first is the name. */
static void take_argument(struct tx_scan *s, size_t name_end, size_t at) {
    size_t start, end, name;
    if (!quoted(s, skip_blanks(s, at), &start, &end) || tx_scan_at(s, end + 1) != ')' ||
        !is_argument(s->p + start, end - start))
        return;
    enum tx_kv_kind kind = tx_kv_kind_before(s, name_end, &name);
    if (kind && name >= 2 && s->p[name - 2] == '(')
        tx_kv_claim(s, kind, start, end);
}

static void take_behind_quote(struct tx_scan *s, size_t end, size_t after) {
    size_t start, value = value_of_name(s, after);
    enum tx_kv_kind kind = value ? tx_kv_kind_before(s, end, &start) : TX_KV_NONE;
    if (kind)
        tx_kv_take_value(s, kind, value);
    else if (!value && tx_scan_at(s, after) == ',')
        take_argument(s, end, after + 1);
}

/* --- a space behind the name --- */

static size_t word_end(struct tx_scan *s, size_t at) {
    static const bool ends[256] = {
        ['\0'] = true, [' '] = true, ['\t'] = true, ['\n'] = true, ['\v'] = true, ['\f'] = true,
        ['\r'] = true, ['"'] = true, ['\''] = true, ['`'] = true,  [','] = true,  [';'] = true,
        [')'] = true,  ['<'] = true, ['>'] = true,  ['&'] = true};
    size_t end = at;
    while (end < s->n && !ends[s->p[end]])
        end++;
    s->matches->work += end - at;
    while (end > at && (s->p[end - 1] == '.' || s->p[end - 1] == ':'))
        end--;
    return end;
}

/* --password value, but no sentence about the option. */
static void take_option(struct tx_scan *s, enum tx_kv_kind kind, size_t at) {
    static const char *const words[] = {"and",  "are", "argument", "can", "flag",      "for",
                                        "from", "has", "if",       "in",  "is",        "may",
                                        "must", "on",  "option",   "or",  "parameter", "should",
                                        "to",   "was", "with"};
    size_t start, end = word_end(s, at);
    if (quoted(s, at, &start, &end)) {
        tx_kv_claim(s, kind, start, end);
        return;
    }
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (tx_scan_is_word(s, at, words[i]) && end - at == strlen(words[i]))
            return;
    if (tx_scan_at(s, at) != '-' && tx_scan_at(s, at) != '[')
        tx_kv_claim(s, kind, at, end);
}

/* "password is value": behind the verb; `at` where there is none. */
static size_t after_verb(struct tx_scan *s, size_t at) {
    static const char *const verbs[] = {"is ", "was ", "ist ", "est ", "es "};
    for (size_t i = 0; i < TX_COUNT_OF(verbs); i++)
        if (tx_scan_is_word(s, at, verbs[i]))
            return skip_blanks(s, at + strlen(verbs[i]));
    return at;
}

/* machine host login name password value */
static bool is_netrc(const struct tx_scan *s, size_t start) {
    size_t at = start;
    while (at > 0 && is_blank(s->p[at - 1]))
        at--;
    size_t name = at;
    while (name > 0 && at - name < WORD_BYTES && !tx_is_space(s->p[name - 1]))
        name--;
    return name >= 6 && name < at && is_blank(s->p[name - 1]) &&
           tx_scan_is_word(s, name - 6, "login");
}

static void take_behind_space(struct tx_scan *s, size_t end, size_t at) {
    size_t start, value, stop;
    enum tx_kv_kind kind = tx_kv_kind_before(s, end, &start);
    if (!kind)
        return;
    if (s->p[start] == '-' && !tx_is_word(tx_scan_before(s, start))) {
        take_option(s, kind, at);
        return;
    }
    bool is_password = kind == TX_KV_PASSWORD;
    size_t behind = is_password ? after_verb(s, at) : at;
    if (is_password && quoted(s, behind, &value, &stop)) {
        tx_kv_claim(s, kind, value, stop);
        return;
    }
    stop = word_end(s, behind);
    size_t least = behind > at ? 6 : RANDOM_BYTES;
    if ((is_password && is_netrc(s, start)) ||
        (kind != TX_KV_KEY && tx_kv_is_random(s->p + behind, stop - behind, least) &&
         s->p[behind] != '/' && !memchr(s->p + behind, '-', stop - behind) &&
         !memchr(s->p + behind, '_', stop - behind)))
        tx_kv_claim(s, kind, behind, stop);
}

/* To the end of the line, or of the quotes that it or its name stands in. A count or a word is no
 * cookie: it has a '='. */
void tx_detect_cookie(struct tx_scan *s, size_t at) {
    size_t start = at + strlen("cookie"), quote;
    if (at < s->cookie_done || !tx_scan_is_word(s, at, "cookie") ||
        tx_is_alnum(tx_scan_before(s, at)) || !tx_scan_wants(s, TX_DETECT_KV_SECRET))
        return;
    quote = after_quote(s, start);
    bool in_quotes = quote > start;
    start = skip_blanks(s, quote);
    if (tx_scan_at(s, start) != ':' && (!in_quotes || tx_scan_at(s, start) != ','))
        return;
    start = after_quote(s, skip_blanks(s, start + 1));
    size_t end = start;
    while (end < s->n && s->p[end] != '\n' && !tx_kv_is_quote(s->p[end]))
        end++;
    s->matches->work += end - start;
    s->cookie_done = end;
    while (end > start && (tx_is_space(s->p[end - 1]) || s->p[end - 1] == '\\'))
        end--;
    if (!memchr(s->p + start, '=', end - start))
        return;
    s->kv_done = end > s->kv_done ? end : s->kv_done;
    tx_kv_claim(s, TX_KV_SECRET, start, end);
}

static void take_behind(struct tx_scan *s, size_t end) {
    uint8_t next = tx_scan_at(s, end);
    size_t at, start, stop;
    if (next == '>') {
        take_element(s, end);
    } else if (is_blank(next)) {
        at = skip_blanks(s, end);
        if (at < s->n && !strchr("=:.?+|!<>,;)&*/\n\r", s->p[at]))
            take_behind_space(s, end, at);
    } else if (next == '(' && quoted(s, end + 1, &start, &stop)) {
        if (tx_scan_at(s, stop + 1) == ')' && tx_kv_kind_before(s, end, &at) == TX_KV_PASSWORD)
            tx_kv_claim(s, TX_KV_PASSWORD, start, stop);
    } else if (after_quote(s, end) > end || next == '\n' || next == '\r') {
        take_behind_quote(s, end, after_quote(s, end));
    }
}

void tx_detect_kv_name(struct tx_scan *s, size_t at) {
    if (at < s->kv_named)
        return;
    /* With '+' and '/', behind which no value is looked for. */
    size_t end = tx_run_end(s->bits->base64, s->first + at) - s->first;
    while (end < s->n && s->p[end] >= 0x80)
        end = tx_run_end(s->bits->base64, s->first + end + 1) - s->first;
    s->kv_named = end + 1;
    if (end > s->kv_done && tx_scan_wants(s, TX_DETECT_KV_SECRET))
        take_behind(s, end);
}
