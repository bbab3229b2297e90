/* SPDX-License-Identifier: MIT */
#include "libtx/base/text.h"

#include <string.h>

bool tx_text_equal(struct tx_text a, struct tx_text b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool tx_text_starts(struct tx_text text, struct tx_text prefix) {
    return text.n >= prefix.n && (prefix.n == 0 || memcmp(text.p, prefix.p, prefix.n) == 0);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int tx_hex_decode(struct tx_text text, uint8_t *ret_bytes, size_t n) {
    if (text.n / 2 != n || text.n % 2 != 0)
        return -EBADMSG;
    for (size_t i = 0; i < text.n; i++)
        if (hex_digit(text.p[i]) < 0)
            return -EBADMSG;
    for (size_t i = 0; i < n; i++)
        ret_bytes[i] = (uint8_t)(hex_digit(text.p[2 * i]) << 4 | hex_digit(text.p[2 * i + 1]));
    return 0;
}

int tx_uuid_decode(struct tx_text text, uint8_t ret_id[16]) {
    static const size_t parts[] = {8, 4, 4, 4, 12};
    char hex[32];
    size_t at = 0, n = 0;

    if (text.n != 36)
        return -EBADMSG;
    for (size_t i = 0; i < TX_COUNT_OF(parts); i++) {
        if (i > 0 && text.p[at++] != '-')
            return -EBADMSG;
        memcpy(hex + n, text.p + at, parts[i]);
        at += parts[i];
        n += parts[i];
    }
    return tx_hex_decode((struct tx_text){hex, sizeof(hex)}, ret_id, 16);
}

static int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int tx_base64url_digit(char c) {
    return c == '-' ? 62 : c == '_' ? 63 : c == '+' || c == '/' ? -1 : base64_digit(c);
}

/* Without padding; the bits that are left over are zero. */
static int decode(struct tx_text text, int (*digit_of)(char), uint8_t *ret_bytes, size_t *ret_n) {
    uint32_t bits = 0;
    unsigned n_bits = 0;
    size_t out = 0;

    for (size_t i = 0; i < text.n; i++) {
        int digit = digit_of(text.p[i]);
        if (digit < 0)
            return -EBADMSG;
        bits = bits << 6 | (uint32_t)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            ret_bytes[out++] = (uint8_t)(bits >> n_bits);
            bits &= (1u << n_bits) - 1;
        }
    }
    if (n_bits >= 6 || bits != 0)
        return -EBADMSG;
    *ret_n = out;
    return 0;
}

int tx_base64_decode(struct tx_text text, uint8_t *ret_bytes, size_t cap, size_t *ret_n) {
    size_t pad = 0;

    if (text.n % 4 != 0)
        return -EBADMSG;
    while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=')
        pad++;
    if (text.n / 4 * 3 - pad > cap)
        return -ENOBUFS;
    return decode((struct tx_text){text.p, text.n - pad}, base64_digit, ret_bytes, ret_n);
}

int tx_base64url_decode(struct tx_text text, uint8_t *ret_bytes, size_t cap, size_t *ret_n) {
    if (text.n / 4 * 3 + text.n % 4 * 3 / 4 > cap)
        return -ENOBUFS;
    return decode(text, tx_base64url_digit, ret_bytes, ret_n);
}

int tx_dec_decode(struct tx_text text, uint64_t *ret) {
    uint64_t v = 0;

    if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
        return -EBADMSG;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -EBADMSG;
        unsigned digit = (unsigned)(text.p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return -ERANGE;
        v = v * 10 + digit;
    }
    *ret = v;
    return 0;
}

/* Exactly `width` digits at *at. */
static bool take_digits(struct tx_text text, size_t *at, size_t width, unsigned *ret) {
    unsigned v = 0;
    if (text.n - *at < width)
        return false;
    for (size_t i = 0; i < width; i++) {
        char c = text.p[*at + i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (unsigned)(c - '0');
    }
    *at += width;
    *ret = v;
    return true;
}

static bool take_char(struct tx_text text, size_t *at, char c) {
    if (*at >= text.n || text.p[*at] != c)
        return false;
    (*at)++;
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, days_from_civil. */
static int64_t days_from_civil(unsigned year, unsigned month, unsigned day) {
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static bool take_fraction(struct tx_text text, size_t *at, unsigned *ret_ns) {
    unsigned ns = 0;
    size_t n = 0;
    if (!take_char(text, at, '.')) {
        *ret_ns = 0;
        return true;
    }
    for (; *at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9'; (*at)++, n++)
        if (n < 9)
            ns = ns * 10 + (unsigned)(text.p[*at] - '0');
    if (n == 0 || n > 9)
        return false;
    for (; n < 9; n++)
        ns *= 10;
    *ret_ns = ns;
    return true;
}

static bool take_offset(struct tx_text text, size_t *at, int *ret_seconds) {
    unsigned hours, minutes;
    if (take_char(text, at, 'Z')) {
        *ret_seconds = 0;
        return true;
    }
    int sign = *at < text.n && text.p[*at] == '-' ? -1 : 1;
    if (!take_char(text, at, '+') && !take_char(text, at, '-'))
        return false;
    if (!take_digits(text, at, 2, &hours) || !take_char(text, at, ':') ||
        !take_digits(text, at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_seconds = sign * (int)(hours * 3600 + minutes * 60);
    return true;
}

int tx_time_decode(struct tx_text text, int64_t *ret_unix_ns) {
    size_t at = 0;
    unsigned year, month, day, hour, minute, second, ns;
    int offset;

    if (!take_digits(text, &at, 4, &year) || !take_char(text, &at, '-') ||
        !take_digits(text, &at, 2, &month) || !take_char(text, &at, '-') ||
        !take_digits(text, &at, 2, &day) || !take_char(text, &at, 'T') ||
        !take_digits(text, &at, 2, &hour) || !take_char(text, &at, ':') ||
        !take_digits(text, &at, 2, &minute) || !take_char(text, &at, ':') ||
        !take_digits(text, &at, 2, &second) || !take_fraction(text, &at, &ns) ||
        !take_offset(text, &at, &offset) || at != text.n)
        return -EBADMSG;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 59)
        return -EBADMSG;
    int64_t seconds =
        days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    int64_t v;
    if (__builtin_mul_overflow(seconds, (int64_t)1000000000, &v) ||
        __builtin_add_overflow(v, (int64_t)ns, &v))
        return -ERANGE;
    *ret_unix_ns = v;
    return 0;
}

static bool is_tail(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t tx_utf8_char(const char *p, size_t n) {
    unsigned char a = (unsigned char)p[0];
    unsigned char b = n > 1 ? (unsigned char)p[1] : 0;

    if (a < 0x80)
        return 1;
    if (a >= 0xc2 && a <= 0xdf)
        return n >= 2 && is_tail(p[1]) ? 2 : 0;
    if (a >= 0xe0 && a <= 0xef) {
        unsigned char low = a == 0xe0 ? 0xa0 : 0x80;
        unsigned char high = a == 0xed ? 0x9f : 0xbf;
        return n >= 3 && b >= low && b <= high && is_tail(p[2]) ? 3 : 0;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        unsigned char low = a == 0xf0 ? 0x90 : 0x80;
        unsigned char high = a == 0xf4 ? 0x8f : 0xbf;
        return n >= 4 && b >= low && b <= high && is_tail(p[2]) && is_tail(p[3]) ? 4 : 0;
    }
    return 0;
}

size_t tx_utf8_put(uint32_t c, char ret[4]) {
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        ret[i] = (char)(0x80 | (c & 0x3f));
    ret[0] = (char)(lead[n] | c);
    return n;
}

#define NOT_ASCII UINT64_C(0x8080808080808080)

/* Sixteen bytes at once. */
typedef int8_t block __attribute__((vector_size(16)));

/* The usual case: told without a branch for each byte, the last block overlapping. False also for
 * what is shorter. */
static bool is_ascii(const char *p, size_t n) {
    block any, next;
    uint64_t words[2];

    if (n < sizeof(block))
        return false;
    memcpy(&any, p + n - sizeof(any), sizeof(any));
    for (size_t i = 0; i + sizeof(next) < n; i += sizeof(next)) {
        memcpy(&next, p + i, sizeof(next));
        any |= next;
    }
    memcpy(words, &any, sizeof(words));
    return !((words[0] | words[1]) & NOT_ASCII);
}

/* Eight bytes, read from both ends of a text of four to eight, or its last eight. */
static bool ends_in_ascii(const char *p, size_t n) {
    uint32_t first, last;
    uint64_t word = 0;
    if (n >= sizeof(word)) {
        memcpy(&word, p + n - sizeof(word), sizeof(word));
    } else if (n >= sizeof(first)) {
        memcpy(&first, p, sizeof(first));
        memcpy(&last, p + n - sizeof(last), sizeof(last));
        word = first | last;
    } else {
        for (size_t i = 0; i < n; i++)
            word |= (unsigned char)p[i];
    }
    return !(word & NOT_ASCII);
}

bool tx_utf8_valid(const char *p, size_t n) {
    size_t i = 0;

    if (is_ascii(p, n))
        return true;
    while (i < n) {
        uint64_t word;
        /* Eight ASCII bytes at a time: the usual case. */
        if (n - i >= sizeof(word)) {
            memcpy(&word, p + i, sizeof(word));
            if (!(word & NOT_ASCII)) {
                i += sizeof(word);
                continue;
            }
        } else if (ends_in_ascii(p, n)) {
            return true;
        }
        size_t length = tx_utf8_char(p + i, n - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}
