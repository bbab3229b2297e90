/* SPDX-License-Identifier: MIT */
#include "libtx/base/buf.h"

static const char digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

void tx_buf_dec(struct tx_buf *b, uint64_t v) {
    char digits[20];
    size_t at = sizeof(digits);

    while (v >= 100) {
        at -= 2;
        memcpy(digits + at, digit_pairs + 2 * (v % 100), 2);
        v /= 100;
    }
    if (v >= 10) {
        at -= 2;
        memcpy(digits + at, digit_pairs + 2 * v, 2);
    } else {
        digits[--at] = (char)('0' + v);
    }
    tx_buf_put(b, digits + at, sizeof(digits) - at);
}

void tx_buf_dec_signed(struct tx_buf *b, int64_t v) {
    if (v < 0)
        tx_buf_char(b, '-');
    tx_buf_dec(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void tx_buf_hex(struct tx_buf *b, const void *p, size_t n) {
    static const char hex[] = "0123456789abcdef";
    const uint8_t *from = p;

    if (n > SIZE_MAX / 2) {
        b->full = true;
        return;
    }
    uint8_t *to = tx_buf_reserve(b, 2 * n);
    for (size_t i = 0; to && i < n; i++) {
        *to++ = (uint8_t)hex[from[i] >> 4];
        *to++ = (uint8_t)hex[from[i] & 15];
    }
}

void tx_buf_base64(struct tx_buf *b, const void *p, size_t n) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = p;

    if (n > SIZE_MAX / 2) {
        b->full = true;
        return;
    }
    uint8_t *to = tx_buf_reserve(b, (n + 2) / 3 * 4);
    if (!to)
        return;
    for (; n >= 3; n -= 3, from += 3) {
        uint32_t v = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *to++ = (uint8_t)alphabet[v >> shift & 63];
    }
    if (n > 0) {
        uint32_t v = (uint32_t)from[0] << 16 | (n == 2 ? (uint32_t)from[1] << 8 : 0);
        *to++ = (uint8_t)alphabet[v >> 18 & 63];
        *to++ = (uint8_t)alphabet[v >> 12 & 63];
        *to++ = n == 2 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
        *to++ = '=';
    }
}

void tx_buf_base64url(struct tx_buf *b, const void *p, size_t n) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *from = p;
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | from[i];
        for (n_bits += 8; n_bits >= 6; n_bits -= 6)
            tx_buf_char(b, alphabet[bits >> (n_bits - 6) & 63]);
    }
    if (n_bits > 0)
        tx_buf_char(b, alphabet[bits << (6 - n_bits) & 63]);
}

/* What follows the backslash, or 0 when a byte stands for itself. 'u' means \u00xx. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
    ['\r'] = 'r', [0x00] = 'u',  [0x01] = 'u', [0x02] = 'u', [0x03] = 'u', [0x04] = 'u',
    [0x05] = 'u', [0x06] = 'u',  [0x07] = 'u', [0x0b] = 'u', [0x0e] = 'u', [0x0f] = 'u',
    [0x10] = 'u', [0x11] = 'u',  [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',
    [0x16] = 'u', [0x17] = 'u',  [0x18] = 'u', [0x19] = 'u', [0x1a] = 'u', [0x1b] = 'u',
    [0x1c] = 'u', [0x1d] = 'u',  [0x1e] = 'u', [0x1f] = 'u',
};

void tx_buf_json(struct tx_buf *b, const char *text, size_t n) {
    const uint8_t *p = (const uint8_t *)text;
    size_t plain = 0;

    for (size_t i = 0; i < n; i++) {
        char escape = escapes[p[i]];
        if (!escape)
            continue;
        tx_buf_put(b, p + plain, i - plain);
        plain = i + 1;
        tx_buf_char(b, '\\');
        tx_buf_char(b, escape);
        if (escape == 'u') {
            tx_buf_str(b, "00");
            tx_buf_hex(b, p + i, 1);
        }
    }
    tx_buf_put(b, p + plain, n - plain);
}

void tx_buf_json_string(struct tx_buf *b, const char *text, size_t n) {
    tx_buf_char(b, '"');
    tx_buf_json(b, text, n);
    tx_buf_char(b, '"');
}

static void put_padded(struct tx_buf *b, uint64_t v, int width) {
    uint8_t *to = tx_buf_reserve(b, (size_t)width);
    for (int i = width - 1; to && i >= 0; i--, v /= 10)
        to[i] = (uint8_t)('0' + v % 10);
}

/* Days since 1970 to a civil date in the proleptic Gregorian calendar (Howard Hinnant,
 * chrono-Compatible Low-Level Date Algorithms, civil_from_days). */
static void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month,
                            unsigned *ret_day) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *ret_day = doy - (153 * mp + 2) / 5 + 1;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    *ret_year = (int64_t)yoe + era * 400 + (*ret_month <= 2);
}

void tx_buf_time(struct tx_buf *b, int64_t unix_ns) {
    int64_t seconds = unix_ns / 1000000000;
    int64_t ns = unix_ns % 1000000000;
    if (ns < 0) {
        ns += 1000000000;
        seconds--;
    }
    int64_t days = seconds / 86400;
    int64_t of_day = seconds % 86400;
    if (of_day < 0) {
        of_day += 86400;
        days--;
    }
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);

    put_padded(b, (uint64_t)year, 4);
    tx_buf_char(b, '-');
    put_padded(b, month, 2);
    tx_buf_char(b, '-');
    put_padded(b, day, 2);
    tx_buf_char(b, 'T');
    put_padded(b, (uint64_t)of_day / 3600, 2);
    tx_buf_char(b, ':');
    put_padded(b, (uint64_t)of_day / 60 % 60, 2);
    tx_buf_char(b, ':');
    put_padded(b, (uint64_t)of_day % 60, 2);
    tx_buf_char(b, '.');
    put_padded(b, (uint64_t)ns, 9);
    tx_buf_char(b, 'Z');
}

void tx_buf_uuid(struct tx_buf *b, const uint8_t id[16]) {
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            tx_buf_char(b, '-');
        tx_buf_hex(b, id + i, 1);
    }
}
