/* SPDX-License-Identifier: MIT */
#include "libtx/conf/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 1024
#define SHOWN_BYTES 160 /* of a source line */
#define WORD_BYTES 64   /* longer words are no misspelt keys */

static void append(struct tx_conf_errors *errors, const char *text, size_t n) {
    int r = tx_bytes_append(errors->to, text, n);
    if (r < 0)
        errors->failed = r;
}

static struct tx_text line_of(struct tx_text text, size_t line) {
    const char *p = text.p, *end = text.p + text.n;
    for (; line > 1 && p < end; line--) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline ? newline + 1 : end;
    }
    const char *newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return (struct tx_text){.p = p, .n = (size_t)((newline ? newline : end) - p)};
}

/* Characters count for columns; bytes that are no character count one each. */
static void show_line(struct tx_conf_errors *errors, struct tx_text line, size_t column) {
    size_t at = 0, characters = 0, caret = 0;

    append(errors, "    ", 4);
    while (at < line.n && at < SHOWN_BYTES) {
        size_t n = tx_utf8_char(line.p + at, line.n - at);
        bool control = n == 1 && ((unsigned char)line.p[at] < 0x20 || line.p[at] == 0x7f);
        if (n == 0 || control) /* C1 controls are two bytes: U+0080 to U+009F */
            append(errors, line.p[at] == '\t' ? " " : "?", 1);
        else if (n == 2 && (unsigned char)line.p[at] == 0xc2 &&
                 (unsigned char)line.p[at + 1] < 0xa0)
            append(errors, "?", 1);
        else
            append(errors, line.p + at, n);
        at += n ? n : 1;
        if (++characters < column)
            caret = characters;
    }
    append(errors, "\n    ", 5);
    for (size_t i = 0; i < caret; i++)
        append(errors, " ", 1);
    append(errors, "^\n", 2);
}

void tx_conf_error(struct tx_conf_errors *errors, size_t line, size_t column, const char *format,
                   ...) {
    char message[MESSAGE_BYTES];
    va_list args;

    if (errors->n++ >= TX_CONF_ERRORS_MAX)
        return;
    errors->at[errors->n - 1] = (struct tx_conf_place){line, column};
    int n = line ? snprintf(message, sizeof(message), "%s:%zu:%zu: ", errors->name, line, column)
                 : snprintf(message, sizeof(message), "%s: ", errors->name);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof(message) ? (size_t)n : sizeof(message) - 1;
    va_start(args, format);
    n = vsnprintf(message + used, sizeof(message) - used, format, args);
    va_end(args);
    used += n < 0 ? 0 : (size_t)n;
    if (used >= sizeof(message))
        used = sizeof(message) - 1;
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)message[i] < 0x20 || message[i] == 0x7f)
            message[i] = '?';
    append(errors, message, used);
    append(errors, "\n", 1);
    if (line)
        show_line(errors, line_of(errors->text, line), column);
}

static bool is_before(struct tx_conf_place a, struct tx_conf_place b) {
    return a.line < b.line || (a.line == b.line && a.column < b.column);
}

bool tx_conf_errors_lie_within(const struct tx_conf_errors *errors, size_t n,
                               struct tx_conf_place from, struct tx_conf_place to) {
    for (size_t i = 0; i < n && i < TX_CONF_ERRORS_MAX; i++)
        if (is_before(errors->at[i], from) || !is_before(errors->at[i], to))
            return false;
    return n <= TX_CONF_ERRORS_MAX;
}

/* Levenshtein's distance, for words of at most WORD_BYTES. */
static size_t distance(const char *a, const char *b) {
    size_t row[WORD_BYTES + 1], n_a = strlen(a), n_b = strlen(b);

    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[n_b];
}

const char *tx_conf_did_you_mean(const char *word, const char *const *candidates) {
    const char *best = NULL;
    size_t n = strlen(word), best_distance = n / 3 + 2;

    if (n > WORD_BYTES)
        return NULL;
    if (best_distance > n) /* something of it has to be there */
        best_distance = n;
    for (; *candidates; candidates++) {
        size_t d = strlen(*candidates) > WORD_BYTES ? SIZE_MAX : distance(word, *candidates);
        if (d < best_distance) {
            best_distance = d;
            best = *candidates;
        }
    }
    return best;
}
