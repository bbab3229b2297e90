/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * `password=value` in a text, and its relatives: the word before '=' or ':' says that what follows
 * is a secret. Only the value is claimed.
 */

#define NAME_BYTES 64     /* of the word before the sign, from its end */
#define AHEAD_BYTES 32    /* how far a sign is looked for that begins the next pair */
#define BACKSLASHES_MAX 3 /* in front of a quote: JSON within JSON */

static bool is_name(uint8_t c) {
    return tx_is_alnum(c) || c == '_' || c == '-' || c >= 0x80;
}

static bool is_quote(uint8_t c) {
    return c == '"' || c == '\'' || c == '`';
}

static bool ends_with(const char *name, size_t n, const char *word) {
    size_t n_word = strlen(word);
    return n >= n_word && memcmp(name + n - n_word, word, n_word) == 0;
}

/* `name` is in lower case, without '_' and '-'. */
static bool names_secret(const char *name, size_t n) {
    static const char *const anywhere[] = {
        "password",   "passwd",     "passphrase", "passwort",   "kennwort",
        "wachtwoord", "contraseña", "contraseÑa", "contrasena", "motdepasse",
    };
    static const char *const at_end[] = {"secret",     "token",      "apikey",  "accesskey",
                                         "secretkey",  "privatekey", "authkey", "passcode",
                                         "accountkey", "sharedkey",  "pwd",     "senha",
                                         "hasło",      "hasŁo",      "haslo"};
    if (n >= 3 && memcmp(name, "pwd", 3) == 0)
        return true;
    for (size_t i = 0; i < TX_COUNT_OF(anywhere); i++)
        if (memmem(name, n, anywhere[i], strlen(anywhere[i])))
            return true;
    for (size_t i = 0; i < TX_COUNT_OF(at_end); i++)
        if (ends_with(name, n, at_end[i]))
            return true;
    return false;
}

static bool is_mot_de_passe(const struct tx_scan *s, size_t end) {
    size_t n = strlen("mot de passe");
    return end >= n && tx_scan_is_word(s, end - n, "mot de passe") &&
           !tx_is_word(tx_scan_before(s, end - n));
}

/* Whether the word that ends at `end` names a secret. */
static bool is_secret_name(struct tx_scan *s, size_t end) {
    char name[NAME_BYTES];
    size_t start = end, n = 0;
    uint32_t letters = 0;

    while (start > 0 && end - start < NAME_BYTES && is_name(s->p[start - 1])) {
        start--;
        letters |= 1u << (s->p[start] & 31);
    }
    s->matches->work += end - start;
    if (is_mot_de_passe(s, end))
        return true;
    /* Most words are out by their letters: each name above has a k, a w, an h or a c. */
    if (end - start < 3 ||
        !(letters & (1u << ('k' & 31) | 1u << ('w' & 31) | 1u << ('h' & 31) | 1u << ('c' & 31))))
        return false;
    for (size_t i = start; i < end; i++)
        if (s->p[i] != '_' && s->p[i] != '-')
            name[n++] = (char)tx_lower(s->p[i]);
    return names_secret(name, n);
}

static size_t before_quote(const struct tx_scan *s, size_t at) {
    if (at == 0 || !is_quote(s->p[at - 1]))
        return at;
    at--;
    while (at > 0 && s->p[at - 1] == '\\')
        at--;
    return at;
}

/* From the sign back over spaces and a quote, which may be escaped, to the end of the word; also
 * out of user[password] and of ['password']. */
static size_t name_end(const struct tx_scan *s, size_t at) {
    while (at > 0 && (s->p[at - 1] == ' ' || s->p[at - 1] == '\t'))
        at--;
    if (at > 0 && s->p[at - 1] == ']')
        at--;
    return before_quote(s, at);
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
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
    while (i - at < AHEAD_BYTES && is_name(tx_scan_at(s, i)))
        i++;
    s->matches->work += i - at;
    return tx_scan_at(s, i) == '=' || tx_scan_at(s, i) == ':';
}

static size_t plain_end(struct tx_scan *s, size_t at) {
    size_t end = at;
    for (; end < s->n && !tx_is_space(s->p[end]); end++) {
        uint8_t c = s->p[end];
        if ((c == ',' || c == ';' || c == '&' || is_quote(c)) && ends_value(s, end))
            break;
    }
    s->matches->work += end - at;
    return end;
}

/* Nothing, and what stands in place of a value: also what masking itself wrote. */
static bool is_no_secret(const struct tx_scan *s, size_t start, size_t end) {
    static const char *const words[] = {"null", "nil", "none", "true", "false", "[redacted]"};
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (end - start == strlen(words[i]) && tx_scan_is_word(s, start, words[i]))
            return true;
    while (start < end && s->p[start] == '*')
        start++;
    return start == end;
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

static void take_value(struct tx_scan *s, size_t at) {
    size_t start = skip_spaces(s, at), n_backslashes = 0, end;

    while (tx_scan_at(s, start + n_backslashes) == '\\' && n_backslashes < BACKSLASHES_MAX)
        n_backslashes++;
    uint8_t quote = tx_scan_at(s, start + n_backslashes);
    bool in_brackets = quote == '{' || (quote == '[' && !tx_scan_is_word(s, start, "[redacted]"));
    if (is_quote(quote)) {
        start += n_backslashes + 1;
        end = after_quote(s, quoted_end(s, start, quote, n_backslashes), quote, n_backslashes);
    } else {
        end = in_brackets ? bracket_end(s, start) : plain_end(s, start);
    }
    s->kv_done = end;
    if (is_no_secret(s, start, end))
        tx_scan_refuse(s, TX_DETECT_KV_SECRET, start, end, TX_FATE_INVALID);
    else
        tx_scan_claim(s, TX_DETECT_KV_SECRET, start, end);
}

void tx_detect_kv(struct tx_scan *s, size_t at) {
    if (at < s->kv_done || !tx_scan_wants(s, TX_DETECT_KV_SECRET))
        return;
    bool colon = s->p[at] == ':';
    uint8_t next = tx_scan_at(s, at + 1);
    if (colon && next == '/' && tx_scan_at(s, at + 2) == '/')
        return;
    if (is_secret_name(s, name_end(s, at)))
        take_value(s, at + 1 + (next == '=' || (!colon && next == '>')));
}
