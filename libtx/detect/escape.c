/* SPDX-License-Identifier: MIT */
#include "libtx/detect/escape.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/detect.h"

#define CODE_POINT_MAX 0x10ffffu
#define NUMBER_DIGITS_MAX 10 /* of a code point, zeros in front among them */

const uint8_t tx_hex_values[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23,
    ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
    ['A'] = 26, ['B'] = 27, ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

/* Digits of one base from p on, `min` to `max` of them: how many there are, and the number. 0:
 * there are not, or it is no character. */
static size_t read_number(struct tx_text text, unsigned base, size_t min, size_t max,
                          uint32_t *ret) {
    uint32_t value = 0;
    size_t n = 0;
    for (; n < text.n && n < max; n++) {
        int digit = tx_hex_value(text.p[n]);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        value = value > CODE_POINT_MAX ? value : value * base + (unsigned)digit;
    }
    if (n < min || value == 0 || value > CODE_POINT_MAX)
        return 0;
    *ret = value;
    return n;
}

static struct tx_text behind(const char *p, size_t n, size_t k) {
    return k < n ? (struct tx_text){p + k, n - k} : (struct tx_text){.p = NULL};
}

static size_t read_percent(const char *p, size_t n, uint8_t ret[4], size_t *ret_n) {
    uint32_t c;
    int high = n > 2 ? tx_hex_value(p[1]) : -1, low = n > 2 ? tx_hex_value(p[2]) : -1;
    if ((high | low) > 0) {
        ret[0] = (uint8_t)(high << 4 | low);
        *ret_n = 1;
        return 3;
    }
    if (n < 2 || p[1] != 'u' || !read_number(behind(p, n, 2), 16, 4, 4, &c))
        return 0;
    *ret_n = tx_utf8_put(c, (char *)ret);
    return 6;
}

/* \u, which for a character past the first 65536 is written twice. */
static size_t read_utf16(const char *p, size_t n, uint8_t ret[4], size_t *ret_n) {
    uint32_t high, low;
    if (!read_number(behind(p, n, 2), 16, 4, 4, &high))
        return 0;
    bool pair = high >= 0xd800 && high < 0xdc00 && n >= 12 && p[6] == '\\' && p[7] == 'u' &&
                read_number(behind(p, n, 8), 16, 4, 4, &low) && low >= 0xdc00 && low < 0xe000;
    *ret_n =
        tx_utf8_put(pair ? 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00)) : high, (char *)ret);
    return pair ? 12 : 6;
}

static size_t read_in_braces(const char *p, size_t n, uint8_t ret[4], size_t *ret_n) {
    uint32_t c;
    size_t digits = read_number(behind(p, n, 3), 16, 1, NUMBER_DIGITS_MAX, &c);
    if (digits == 0 || 3 + digits >= n || p[3 + digits] != '}')
        return 0;
    *ret_n = tx_utf8_put(c, (char *)ret);
    return 4 + digits;
}

static size_t read_backslash(const char *p, size_t n, uint8_t ret[4], size_t *ret_n) {
    uint32_t c;
    if (n < 2)
        return 0;
    *ret_n = 1;
    switch (p[1]) {
    case 'u':
    case 'x':
        if (n > 2 && p[2] == '{')
            return read_in_braces(p, n, ret, ret_n);
        if (p[1] == 'u')
            return read_utf16(p, n, ret, ret_n);
        if (!read_number(behind(p, n, 2), 16, 2, 2, &c))
            return 0;
        ret[0] = (uint8_t)c;
        return 4;
    case 'U':
        if (!read_number(behind(p, n, 2), 16, 8, 8, &c))
            return 0;
        *ret_n = tx_utf8_put(c, (char *)ret);
        return 10;
    case '/':
    case '"':
        ret[0] = (uint8_t)p[1];
        return 2;
    default:
        return 0;
    }
}

/* The HTML standard's names for what stands in values that are looked for, or between their parts.
 */
#define NAME_BYTES 8
static const struct {
    char name[NAME_BYTES]; /* zeros behind it */
    uint16_t c;
} names[] = {
    {"amp", '&'},    {"apos", '\''},   {"colon", ':'}, {"comma", ','},    {"commat", '@'},
    {"dash", '-'},   {"emsp", ' '},    {"ensp", ' '},  {"equals", '='},   {"gt", '>'},
    {"hyphen", '-'}, {"lowbar", '_'},  {"lpar", '('},  {"lt", '<'},       {"mdash", '-'},
    {"minus", '-'},  {"nbsp", ' '},    {"ndash", '-'}, {"NewLine", '\n'}, {"num", '#'},
    {"percnt", '%'}, {"period", '.'},  {"plus", '+'},  {"quot", '"'},     {"rpar", ')'},
    {"semi", ';'},   {"shy", 0xad},    {"sol", '/'},   {"Tab", '\t'},     {"thinsp", ' '},
    {"zwj", 0x200d}, {"zwnj", 0x200c},
};

static bool begins_name[256]; /* its first letter */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void build(void) {
    for (size_t i = 0; i < TX_COUNT_OF(names); i++)
        begins_name[(uint8_t)names[i].name[0]] = true;
}

/* Of the n bytes behind '&', those in front of the ';', or 0: there is none within a name's length.
 */
static size_t copy_name(const char *p, size_t n, char ret[NAME_BYTES]) {
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t bytes, differ;

    memset(ret, 0, NAME_BYTES);
    memcpy(ret, p, n < NAME_BYTES ? n : NAME_BYTES);
    memcpy(&bytes, ret, sizeof(bytes));
    bytes = le64toh(bytes);
    differ = bytes ^ ';' * each;
    uint64_t found =
        (differ - each) & ~differ & 0x80 * each; /* of those set, the lowest is right */
    size_t n_name = found ? (size_t)__builtin_ctzll(found) / 8 : 0;
    bytes = htole64(bytes & ((UINT64_C(1) << (8 * n_name)) - 1));
    memcpy(ret, &bytes, sizeof(bytes));
    return n_name;
}

static size_t read_name(const char *p, size_t n, uint8_t ret[4], size_t *ret_n) {
    char name[NAME_BYTES];
    pthread_once(&once, build);
    size_t n_name = begins_name[(uint8_t)p[1]] ? copy_name(p + 1, n - 1, name) : 0;
    if (n_name == 0 || name[n_name - 1] == '\0')
        return 0;
    for (size_t i = 0; i < TX_COUNT_OF(names); i++)
        if (memcmp(names[i].name, name, NAME_BYTES) == 0) {
            *ret_n = tx_utf8_put(names[i].c, (char *)ret);
            return n_name + 2;
        }
    return 0;
}

/* As browsers read it, the semicolon may be missing behind a number. */
static size_t read_entity(const char *p, size_t n, uint8_t ret[4], size_t *ret_n) {
    if (n < 3)
        return 0;
    if (p[1] != '#')
        return read_name(p, n, ret, ret_n);
    bool hex = (p[2] | 0x20) == 'x';
    size_t start = hex ? 3 : 2;
    uint32_t c;
    size_t digits = read_number(behind(p, n, start), hex ? 16 : 10, 1, NUMBER_DIGITS_MAX, &c);
    if (digits == 0)
        return 0;
    *ret_n = tx_utf8_put(c, (char *)ret);
    size_t end = start + digits;
    return end + (end < n && p[end] == ';');
}

size_t tx_escape_read(const char *p, size_t n, unsigned decode, uint8_t ret[4], size_t *ret_n) {
    if (p[0] == '%')
        return decode & TX_READ_PERCENT ? read_percent(p, n, ret, ret_n) : 0;
    if (!(decode & TX_READ_ESCAPES))
        return 0;
    if (p[0] == '\\')
        return read_backslash(p, n, ret, ret_n);
    return p[0] == '&' ? read_entity(p, n, ret, ret_n) : 0;
}
