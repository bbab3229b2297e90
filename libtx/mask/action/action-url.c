/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/detect/fold.h"
#include "libtx/mask/action/action-parts.h"
#include "libtx/mask/action/url.h"

/*
 * A URL, or a reference that begins with a slash, keeps scheme, host, port and path, and of the
 * rest what the action names. "[redacted]" stands for what is hidden and "{id}" for a segment of
 * the path that looks like one, so a second masking changes nothing. A password is never kept, and
 * what cannot be told apart as RFC 3986 has it is not shown at all.
 */

#define ID TX_TEXT("{id}")
#define DECODED_MAX 256 /* a longer segment, or name of a parameter, is hidden */

static void put(struct tx_text text, struct tx_buf *out) {
    tx_buf_put(out, text.p, text.n);
}

static void put_redacted(struct tx_buf *out) {
    put(TX_ACTION_REDACTED, out);
}

/* --- what looks like an id --- */

struct looks {
    size_t digits, letters, capitals, hex, longest; /* longest: run of letters and digits */
    bool at;
};

static struct looks look(struct tx_text text) {
    struct looks l = {.digits = 0};
    size_t run = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i], small = (char)(c | 0x20);
        bool digit = c >= '0' && c <= '9', letter = small >= 'a' && small <= 'z';
        l.digits += digit;
        l.letters += letter;
        l.capitals += letter && c < 'a';
        l.hex += digit || (letter && small <= 'f');
        l.at = l.at || c == '@';
        run = digit || letter ? run + 1 : 0;
        l.longest = run > l.longest ? run : l.longest;
    }
    return l;
}

/* v1, v12 */
static bool is_version(struct tx_text text, const struct looks *l) {
    return text.n >= 2 && text.p[0] == 'v' && text.n == l->digits + 1 && l->digits <= 2;
}

/* Small and capital letters and digits, or many capitals within a word. */
static bool is_base64_like(struct tx_text text, const struct looks *l) {
    bool mixed = l->capitals > 0 && l->capitals < l->letters;
    return mixed && ((text.n >= 16 && l->digits > 0) || (l->longest >= 16 && l->capitals >= 3));
}

/* Addresses; numbers; anything with four digits or more; hex; long words of letters and digits. */
static bool is_id(struct tx_text text) {
    struct looks l = look(text);
    bool hex = l.hex == l.digits + l.letters;
    return l.at || l.digits >= 4 || (l.digits > l.letters && !is_version(text, &l)) ||
           (hex && (l.hex >= 16 || (l.hex >= 8 && l.digits > 0))) || l.longest >= 22 ||
           (l.longest >= 12 && l.digits >= 2) || is_base64_like(text, &l);
}

/* What is encoded twice is no less clear, and digits of other scripts are digits. */
static bool decodes_to_id(struct tx_text text) {
    char decoded[DECODED_MAX], folded[DECODED_MAX];
    uint32_t offsets[DECODED_MAX + 1];
    struct tx_text read = tx_url_decode(text, decoded, sizeof(decoded));
    if (read.p && tx_fold_needed(read)) {
        read.n = tx_fold(read, &tx_reading_default, (uint8_t *)folded, offsets);
        read.p = folded;
    }
    bool id = !read.p || is_id(read);
    tx_wipe(decoded, sizeof(decoded));
    tx_wipe(folded, sizeof(folded));
    return id;
}

static bool reads_as_id(struct tx_text text) {
    bool plain = !memchr(text.p, '%', text.n) && !tx_fold_needed(text);
    return plain ? is_id(text) : decodes_to_id(text);
}

/* --- parts --- */

/* The user's name may stay; a password does not, nor what may have one behind percent signs. */
static void put_userinfo(enum tx_masking_url how, struct tx_text userinfo, struct tx_buf *out) {
    const char *colon = memchr(userinfo.p, ':', userinfo.n);
    if (how == TX_URL_DROP)
        return;
    if (how == TX_URL_REDACT || tx_text_equal(userinfo, TX_ACTION_REDACTED) ||
        memchr(userinfo.p, '%', userinfo.n)) {
        put_redacted(out);
    } else {
        tx_buf_put(out, userinfo.p, colon ? (size_t)(colon - userinfo.p) : userinfo.n);
        if (colon)
            tx_buf_char(out, ':');
        if (colon)
            put_redacted(out);
    }
    tx_buf_char(out, '@');
}

static void put_path(bool ids, struct tx_text path, struct tx_buf *out) {
    for (size_t at = 0, end; at <= path.n; at = end + 1) {
        const char *slash = at < path.n ? memchr(path.p + at, '/', path.n - at) : NULL;
        end = slash ? (size_t)(slash - path.p) : path.n;
        struct tx_text segment = {path.p + at, end - at};
        put(ids && segment.n > 0 && reads_as_id(segment) ? ID : segment, out);
        if (slash)
            tx_buf_char(out, '/');
    }
}

static bool is_named(const struct tx_masking_list *names, struct tx_text name) {
    for (size_t i = 0; i < names->n; i++)
        if (tx_text_equal(name, (struct tx_text){names->item[i], strlen(names->item[i])}))
            return true;
    return false;
}

static bool is_kept(const struct tx_masking_action *action, struct tx_text name) {
    char memory[DECODED_MAX];
    if (action->url.query == TX_URL_KEEP)
        return true;
    if (action->url.query_keep.n == 0 || !memchr(name.p, '%', name.n))
        return is_named(&action->url.query_keep, name);
    struct tx_text decoded = tx_url_decode_once(name, memory, sizeof(memory));
    bool kept = decoded.p && is_named(&action->url.query_keep, decoded);
    tx_wipe(memory, sizeof(memory));
    return kept;
}

/* A name is shown when it is one: letters, a few digits and signs. */
static bool is_name(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
              c == '-' || c == '.'))
            return false;
    }
    return text.n > 0 && !is_id(text);
}

/* One parameter; false when it leaves nothing. */
static bool put_parameter(const struct tx_masking_action *action, struct tx_text parameter,
                          struct tx_buf *out) {
    const char *equals = memchr(parameter.p, '=', parameter.n);
    struct tx_text name = {parameter.p, equals ? (size_t)(equals - parameter.p) : parameter.n};

    if (parameter.n == 0)
        return false;
    if (is_kept(action, name)) {
        put(parameter, out);
        return true;
    }
    if (action->url.query == TX_URL_DROP)
        return false;
    if (equals && is_name(name)) {
        put(name, out);
        tx_buf_char(out, '=');
    }
    put_redacted(out);
    return true;
}

/* '&', and ';' as it was of old: a value that is kept ends at either. */
static void put_query(const struct tx_masking_action *action, struct tx_text query,
                      struct tx_buf *out) {
    char before = '?';
    for (size_t at = 0, end; at <= query.n; at = end + 1) {
        size_t length = out->len;
        end = at;
        while (end < query.n && query.p[end] != '&' && query.p[end] != ';')
            end++;
        tx_buf_char(out, before);
        if (put_parameter(action, (struct tx_text){query.p + at, end - at}, out))
            before = end < query.n ? query.p[end] : '&';
        else if (!out->full)
            out->len = length;
    }
}

static void put_fragment(enum tx_masking_url how, struct tx_text fragment, struct tx_buf *out) {
    if (how == TX_URL_DROP)
        return;
    tx_buf_char(out, '#');
    if (how == TX_URL_KEEP)
        put(fragment, out);
    else
        put_redacted(out);
}

int tx_action_url(struct tx_action_tools *tools, const struct tx_masking_action *action,
                  const struct tx_action_subject *subject, struct tx_buf *out) {
    struct tx_url url;

    (void)tools;
    if (!tx_url_parse(subject->text, &url))
        return TX_ACTION_E_SHOWS;
    put(url.scheme, out);
    if (url.scheme.n > 0)
        tx_buf_char(out, ':');
    if (url.host.p)
        tx_buf_str(out, "//");
    if (url.userinfo.p)
        put_userinfo(action->url.userinfo, url.userinfo, out);
    put(url.host, out); /* with its port */
    put_path(action->url.path_ids, url.path, out);
    if (url.query.p)
        put_query(action, url.query, out);
    if (url.fragment.p)
        put_fragment(action->url.fragment, url.fragment, out);
    return 0;
}
