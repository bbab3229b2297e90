/* SPDX-License-Identifier: MIT */
#include "libtx/mask/action/decimal.h"

#include <assert.h>

#include "libtx/crypto/secret.h"

#define EXPONENT_MAX 9999

static bool is_digit(struct tx_text text, size_t at) {
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9';
}

static bool is_sign(struct tx_text text, size_t at) {
    return at < text.n && (text.p[at] == '-' || text.p[at] == '+');
}

static size_t skip_digits(struct tx_text text, size_t at) {
    while (is_digit(text, at))
        at++;
    return at;
}

/* Where its parts end: of [digits][.digits][e…], behind a sign. */
struct layout {
    size_t start, point, mantissa, end;
};

static struct layout layout_of(struct tx_text text) {
    struct layout l;
    l.start = is_sign(text, 0);
    l.point = skip_digits(text, l.start);
    l.mantissa = l.point;
    if (l.point < text.n && text.p[l.point] == '.')
        l.mantissa = skip_digits(text, l.point + 1);
    bool any = l.point > l.start || l.mantissa > l.point + 1;
    if (l.mantissa == l.point + 1)
        l.mantissa = l.point; /* "1." is 1 and a full stop */
    l.end = any ? l.mantissa : 0;
    if (any && l.end < text.n && (text.p[l.end] | 0x20) == 'e') {
        size_t digits = l.end + 1 + is_sign(text, l.end + 1);
        if (is_digit(text, digits))
            l.end = skip_digits(text, digits);
    }
    return l;
}

size_t tx_decimal_length(struct tx_text text) {
    return layout_of(text).end;
}

static int64_t exponent_of(struct tx_text text, const struct layout *l) {
    int64_t v = 0;
    if (l->end == l->mantissa)
        return 0;
    size_t at = l->mantissa + 1;
    bool negative = text.p[at] == '-';
    for (at += is_sign(text, at); at < l->end; at++)
        if (v <= EXPONENT_MAX)
            v = v * 10 + (text.p[at] - '0');
    return negative ? -v : v;
}

static tx_int128 power(unsigned n) {
    tx_int128 v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

/* Adds the digit that stands for units of 10^place. */
static bool add_digit(struct tx_decimal *d, int digit, int64_t place) {
    if (digit == 0)
        return true;
    if (place >= TX_DECIMAL_PLACES)
        return false;
    if (place < -TX_DECIMAL_PLACES)
        d->more = true;
    else
        d->v += digit * power((unsigned)(place + TX_DECIMAL_PLACES));
    return true;
}

/* In place, so that no copy stays behind. */
bool tx_decimal_parse(struct tx_text text, struct tx_decimal *ret) {
    struct layout l = layout_of(text);
    if (l.end == 0 || l.end != text.n)
        return false;
    *ret = (struct tx_decimal){.negative = text.p[0] == '-'};
    int64_t place = (int64_t)(l.point - l.start) + exponent_of(text, &l);
    for (size_t i = l.start; i < l.mantissa; i++)
        if (i != l.point && !add_digit(ret, text.p[i] - '0', --place))
            return false;
    if (ret->negative)
        ret->v = -ret->v;
    return true;
}

tx_int128 tx_decimal_floor(const struct tx_decimal *d) {
    return d->negative && d->more ? d->v - 1 : d->v;
}

tx_int128 tx_decimal_round(const struct tx_decimal *d, unsigned digits) {
    if (digits >= TX_DECIMAL_PLACES)
        return d->v;
    tx_int128 unit = power(TX_DECIMAL_PLACES - digits);
    tx_int128 half = d->negative ? -(unit / 2) : unit / 2;
    return (d->v + half) / unit * unit;
}

void tx_decimal_put(tx_int128 v, struct tx_buf *b) {
    char places[TX_DECIMAL_PLACES];
    size_t n = 0;

    if (v < 0) {
        tx_buf_char(b, '-');
        v = -v;
    }
    uint64_t rest = (uint64_t)(v % TX_DECIMAL_ONE);
    assert(v / TX_DECIMAL_ONE <= INT64_MAX);
    tx_buf_dec(b, (uint64_t)(v / TX_DECIMAL_ONE));
    for (size_t i = TX_DECIMAL_PLACES; i-- > 0; rest /= 10) {
        places[i] = (char)('0' + rest % 10);
        if (n == 0 && places[i] != '0')
            n = i + 1;
    }
    if (n > 0)
        tx_buf_char(b, '.');
    tx_buf_put(b, places, n);
    tx_wipe(places, sizeof(places));
}
