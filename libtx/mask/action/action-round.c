/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action-parts.h"
#include "libtx/mask/action/decimal.h"

/*
 * A number, or coordinates, with at most so many places. What stands between and behind coordinates
 * stays: spaces, a comma or a semicolon, degrees, a direction. A comma between two digits may be
 * one of thousands, or a decimal one: it is taken for what it is in coordinates only when both
 * numbers have a point, and has a space behind it afterwards.
 */

#define NUMBERS_MAX 3  /* latitude, longitude, altitude */
#define BETWEEN_MAX 10 /* bytes: "° N, " */

static size_t between_length(struct tx_text text) {
    size_t i = 0;
    while (i < text.n) {
        if (text.p[i] && strchr(" ,;NSEW", text.p[i]))
            i++;
        else if (text.n - i >= 2 && memcmp(text.p + i, "\xc2\xb0", 2) == 0)
            i += 2;
        else
            break;
    }
    return i;
}

static struct tx_text skip(struct tx_text text, size_t n) {
    return (struct tx_text){text.p + n, text.n - n};
}

static bool has_point(struct tx_text text) {
    return memchr(text.p, '.', text.n) != NULL;
}

static void wipe(struct tx_decimal *d) {
    tx_wipe(d, sizeof(*d));
}

int tx_action_round(struct tx_action_tools *tools, const struct tx_masking_action *action,
                    const struct tx_action_subject *subject, struct tx_buf *out) {
    struct tx_text rest = subject->text;
    bool tight = false, point = false;

    (void)tools;
    for (int i = 0; i < NUMBERS_MAX; i++) {
        _cleanup_(wipe) struct tx_decimal d = {.negative = false};
        struct tx_text number = {rest.p, tx_decimal_length(rest)};
        if (number.n == 0 || !tx_decimal_parse(number, &d))
            break;
        if (tight && !(point && has_point(number)))
            break;
        tx_decimal_put(tx_decimal_round(&d, action->round.digits), out);
        rest = skip(rest, number.n);
        size_t between = between_length(rest);
        tx_buf_put(out, rest.p, between);
        if (between == rest.n)
            return between > BETWEEN_MAX ? TX_ACTION_E_SHOWS : 0;
        if (between == 0 || between > BETWEEN_MAX || !strchr(" ,;", rest.p[between - 1]))
            break; /* 1E.5 would become 1E0.5 */
        point = has_point(number);
        tight = rest.p[between - 1] == ',';
        if (tight)
            tx_buf_char(out, ' ');
        rest = skip(rest, between);
    }
    return TX_ACTION_E_SHOWS;
}
