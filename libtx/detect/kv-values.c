/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/kv.h"
#include "libtx/detect/scan.h"

/*
 * What stands where a secret could be and is none: variables, templates, words for nothing, the
 * first word of a sentence. Each is a form that no password has by chance: rather one found too
 * many than one left.
 */

#define X_ROW 8 /* in a row: a place to be filled in */

static bool is_word(const uint8_t *p, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++)
        if (tx_lower(p[i]) != (uint8_t)word[i] || !word[i])
            return false;
    return word[n] == '\0';
}

static bool is_identifier(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!tx_is_word(p[i]))
            return false;
    return n > 0 && !tx_is_digit(p[0]);
}

static bool is_nothing(enum tx_kv_kind kind, const uint8_t *p, size_t n) {
    static const char *const words[] = {
        "null",       "nil",    "none",     "true",     "false",      "undefined",
        "[redacted]", "(null)", "required", "optional", "(optional)", "[filtered]",
        "%s",         "%d",     "%v",       "%q",       "%@",         "{}",
        "string",     "str",    "an",       "the"};
    while (n > 1 && (p[n - 1] == ')' || p[n - 1] == ',' || p[n - 1] == ';') && p[0] != '(')
        n--;
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (is_word(p, n, words[i]))
            return true;
    if (kind != TX_KV_TOKEN)
        return false;
    /* A count of them, or the number of one in a grammar. */
    for (size_t i = 0; i < n; i++)
        if (!tx_is_digit(p[i]))
            return false;
    return n <= 5;
}

/* Asterisks alone, or one x after another. */
static bool is_row(const uint8_t *p, size_t n) {
    static const char signs[] = "*xX.#_-";
    size_t row = 0;
    for (size_t i = 0; i < n; i++) {
        row = p[i] == 'x' || p[i] == 'X' ? row + 1 : 0;
        if (row == X_ROW)
            return true;
    }
    for (size_t i = 1; i < n; i++)
        if (p[i] != p[0])
            return false;
    return p[0] == '*' || (n >= 3 && strchr(signs, p[0]));
}

/* ${NAME}, {{ name }}, $(command, <your password>, #{name}, {name}, %(name)s, $DB_PASSWORD */
static bool is_template(const uint8_t *p, size_t n) {
    bool in_braces = n > 2 && p[n - 1] == '}';
    if (n > 3 && p[0] == '$' && p[1] == '{' && (tx_is_letter(p[2]) || p[2] == '_'))
        return in_braces;
    if (n > 1 && p[0] == '$' && p[1] == '(')
        return true;
    if (in_braces && ((p[0] == '{' && p[1] == '{') ||
                      (p[0] == '#' && p[1] == '{' && is_identifier(p + 2, n - 3)) ||
                      (p[0] == '{' && is_identifier(p + 1, n - 2))))
        return true;
    if (n > 4 && p[0] == '%' && p[1] == '(' && p[n - 1] == 's')
        return p[n - 2] == ')';
    if (n > 3 && p[0] == '$' && is_identifier(p + 1, n - 1)) {
        bool joint = false;
        for (size_t i = 1; i < n; i++) {
            joint |= p[i] == '_';
            if (tx_is_letter(p[i]) && p[i] != tx_upper(p[i]))
                return false;
        }
        return joint;
    }
    return false;
}

/* <YOUR_ACCOUNT_KEY>: words in angle brackets. */
static bool is_in_angles(const uint8_t *p, size_t n) {
    if (n < 3 || p[0] != '<' || p[n - 1] != '>')
        return false;
    for (size_t i = 1; i < n - 1; i++)
        if (!tx_is_letter(p[i]) && p[i] != ' ' && p[i] != '_' && p[i] != '-')
            return false;
    return true;
}

/* A program's: os.getenv(, self.token(), process.env.NAME */
static bool is_code(const uint8_t *p, size_t n) {
    size_t i = 0;
    bool dot = false;
    if (n > 12 && memcmp(p, "process.env.", 12) == 0)
        return true;
    for (; i < n && (tx_is_word(p[i]) || p[i] == '.'); i++)
        dot |= p[i] == '.' && i > 0;
    return dot && i < n && p[i] == '(' && tx_is_letter(p[0]);
}

static bool is_directory(const uint8_t *p, size_t n) {
    return p[0] == '/' || p[0] == '~' || (n > 2 && p[1] == ':' && (p[2] == '\\' || p[2] == '/'));
}

bool tx_kv_is_placeholder(enum tx_kv_kind kind, const uint8_t *p, size_t n) {
    return (kind == TX_KV_DIRECTORY && is_directory(p, n)) || is_nothing(kind, p, n) ||
           is_row(p, n) || is_template(p, n) || is_in_angles(p, n) || is_code(p, n) ||
           (kind == TX_KV_KEY && !tx_kv_is_random(p, n, 20));
}

static bool is_uuid(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(i == 8 || i == 13 || i == 18 || i == 23 ? p[i] == '-' : tx_is_hex(p[i])))
            return false;
    return n == 36;
}

bool tx_kv_is_random(const uint8_t *p, size_t n, size_t least) {
    uint64_t seen[2] = {0};
    size_t n_digits = 0, n_letters = 0;
    if (n < least || is_uuid(p, n))
        return false;
    while (n > least && p[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        if (!tx_is_base64url(p[i]) && p[i] != '+' && p[i] != '/')
            return false;
        n_digits += tx_is_digit(p[i]);
        n_letters += tx_is_letter(p[i]);
        seen[p[i] / 64] |= UINT64_C(1) << (p[i] % 64);
    }
    int distinct = __builtin_popcountll(seen[0]) + __builtin_popcountll(seen[1]);
    return n_digits >= 2 && n_letters >= 2 && distinct >= (n < 16 ? 5 : 8);
}
