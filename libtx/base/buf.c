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

/* The eight hex digits of four bytes: each half byte in a byte of its own, all at once. */
static inline void hex_of_four(const uint8_t p[4], uint8_t ret[8]) {
    uint32_t bytes;

    memcpy(&bytes, p, sizeof(bytes));
    uint64_t v = le32toh(bytes);
    v = (v | v << 16) & UINT64_C(0x0000ffff0000ffff);
    v = (v | v << 8) & UINT64_C(0x00ff00ff00ff00ff);
    v = (v >> 4 & UINT64_C(0x000f000f000f000f)) | (v & UINT64_C(0x000f000f000f000f)) << 8;
    /* 1 in each byte that is a letter, which lies 39 behind where the digits would go on. */
    uint64_t letters = (v + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    v = htole64(v + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10));
    memcpy(ret, &v, sizeof(v));
}

void tx_buf_hex(struct tx_buf *b, const void *p, size_t n) {
    static const char hex[] = "0123456789abcdef";
    const uint8_t *from = p;

    if (n > SIZE_MAX / 2) {
        b->full = true;
        return;
    }
    uint8_t *to = tx_buf_reserve(b, 2 * n);
    if (!to)
        return;
    for (; n >= 4; n -= 4, from += 4, to += 8)
        hex_of_four(from, to);
    for (; n > 0; n--, from++) {
        *to++ = (uint8_t)hex[*from >> 4];
        *to++ = (uint8_t)hex[*from & 15];
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

/* Two digits of v < 100. */
static inline uint8_t *put_pair(uint8_t *to, unsigned v) {
    memcpy(to, digit_pairs + 2 * v, 2);
    return to + 2;
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

    uint8_t *to = tx_buf_reserve(b, sizeof("1970-01-01T00:00:00.000000000Z") - 1);
    if (!to)
        return;
    to = put_pair(put_pair(to, (unsigned)year / 100), (unsigned)year % 100);
    *to++ = '-';
    to = put_pair(to, month);
    *to++ = '-';
    to = put_pair(to, day);
    *to++ = 'T';
    to = put_pair(to, (unsigned)of_day / 3600);
    *to++ = ':';
    to = put_pair(to, (unsigned)of_day / 60 % 60);
    *to++ = ':';
    to = put_pair(to, (unsigned)of_day % 60);
    *to++ = '.';
    *to++ = (uint8_t)('0' + ns / 100000000);
    uint32_t rest = (uint32_t)(ns % 100000000);
    to = put_pair(put_pair(to, rest / 1000000), rest / 10000 % 100);
    to = put_pair(put_pair(to, rest / 100 % 100), rest % 100);
    *to = 'Z';
}

void tx_buf_uuid(struct tx_buf *b, const uint8_t id[16]) {
    static const struct { size_t from, n; } parts[] = {{0, 8}, {8, 4}, {12, 4}, {16, 4}, {20, 12}};
    uint8_t hex[32];
    uint8_t *to = tx_buf_reserve(b, 36);

    if (!to)
        return;
    for (size_t i = 0; i < 4; i++)
        hex_of_four(id + 4 * i, hex + 8 * i);
    for (size_t i = 0; i < TX_COUNT_OF(parts); i++) {
        if (i > 0)
            *to++ = '-';
        memcpy(to, hex + parts[i].from, parts[i].n);
        to += parts[i].n;
    }
}
