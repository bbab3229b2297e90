/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * International telephone numbers (ITU-T E.164: '+', a country code, 8 to 15 digits in all) and
 * others that begin with a parenthesis. The anchors are '+' and '('. Forms without either have a
 * shape (ids-people.c).
 */

#define DIGITS_MIN 8
#define DIGITS_MAX 15

/* Codes of the ITU's list (Operational Bulletin, annex): of one, two and three digits. */
static bool is_country(const char *d) {
    static const char two[] =
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 "
        "56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";
    static const char three[] =
        "21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99";
    static const char never[] =
        "210 214 215 217 219 259 292 293 294 295 296 384 386x 388 422 424 425 "
        "426 427 428 429 671x 684 693 694 695 696 697 698 699 801 802 803 804 "
        "805 806 807 809 851 854 857 858 859 871 872 873 874 875 876 877 879 "
        "884 885 887 889 969 978 990 991 997 999";
    char code[4] = {d[0], d[1], ' ', '\0'}, whole[5] = {d[0], d[1], d[2], ' ', '\0'};
    if (d[0] == '1' || d[0] == '7')
        return true;
    if (strstr(two, code) || strncmp(two + sizeof(two) - 3, code, 2) == 0)
        return true;
    if (!strstr(three, code) && strncmp(three + sizeof(three) - 3, code, 2) != 0)
        return false;
    return !strstr(never, whole) && strncmp(never + sizeof(never) - 4, whole, 3) != 0;
}

static bool is_joint(uint8_t c) {
    static const bool joints[256] = {
        [' '] = true, ['.'] = true, ['('] = true, [')'] = true, ['-'] = true, ['/'] = true};
    return joints[c];
}

/* Digits behind the code that a country has at least, where that is more than what makes a number
 * of DIGITS_MIN (libphonenumber's metadata, 2026). */
static size_t digits_min(const char *d) {
    static const struct {
        char code[3];
        uint8_t least;
    } countries[] = {{"20", 8}, {"30", 10}, {"32", 8}, {"33", 9}, {"34", 9},  {"36", 8}, {"41", 9},
                     {"45", 8}, {"47", 8},  {"48", 9}, {"51", 8}, {"52", 10}, {"54", 8}, {"55", 8},
                     {"56", 8}, {"58", 10}, {"60", 8}, {"65", 8}, {"66", 8},  {"81", 8}, {"86", 7},
                     {"90", 7}, {"91", 8},  {"92", 8}, {"93", 9}, {"94", 9}};
    for (size_t i = 0; i < TX_COUNT_OF(countries); i++)
        if (memcmp(countries[i].code, d, 2) == 0)
            return 2u + countries[i].least;
    return DIGITS_MIN;
}

/* North America, Russia and Kazakhstan: one digit and ten. */
static bool has_eleven(uint8_t first) {
    return first == '1' || first == '7';
}

/* Where the number that begins at `at` ends; its digits. Up to two signs between digits. A group
 * that would make it too long is not of it. */
static size_t take_digits(struct tx_scan *s, size_t at, char *digits, size_t *ret_n) {
    size_t most = has_eleven(s->p[at]) ? 11 : DIGITS_MAX, end = at, i = at, n = 0;

    for (;;) {
        size_t joints = 0, n_group = 0;
        while (joints < 3 && is_joint(tx_scan_at(s, i)))
            joints++, i++;
        while (n + n_group <= most && tx_is_digit(tx_scan_at(s, i))) {
            digits[n + n_group++] = (char)s->p[i];
            i++;
        }
        if (joints > 2 || n_group == 0 || n + n_group > most)
            break;
        n += n_group;
        end = i;
    }
    s->matches->work += i - at;
    *ret_n = n;
    return end;
}

/* Behind an extension at `at`: x123, with a space in front of it or without. */
static size_t extension_end(const struct tx_scan *s, size_t at) {
    size_t x = at + (tx_scan_at(s, at) == ' '), end = x + 1;
    if (tx_lower(tx_scan_at(s, x)) != 'x')
        return at;
    while (end - x <= 6 && tx_is_digit(tx_scan_at(s, end)))
        end++;
    return end > x + 1 && !tx_is_word(tx_scan_at(s, end)) ? end : at;
}

static void take_international(struct tx_scan *s, size_t at) {
    char digits[DIGITS_MAX + 2] = "";
    size_t n, first = at + 1 + (tx_scan_at(s, at + 1) == '(');
    if (!tx_is_digit(tx_scan_at(s, first)) || s->p[first] == '0' ||
        tx_is_word(tx_scan_before(s, at)))
        return;
    size_t end = extension_end(s, take_digits(s, first, digits, &n));
    s->phone_done = end;
    size_t least = has_eleven(s->p[first]) ? 11 : digits_min(digits);
    if (n < least || tx_is_word(tx_scan_at(s, end)) || !is_country(digits))
        tx_scan_refuse(s, TX_DETECT_PHONE_E164, at, end, TX_FATE_INVALID);
    else
        tx_scan_claim(s, TX_DETECT_PHONE_E164, at, end);
}

/* NXX: 2 to 9, and not N11. */
static bool is_code(const struct tx_scan *s, size_t at) {
    for (size_t i = 0; i < 3; i++)
        if (!tx_is_digit(tx_scan_at(s, at + i)))
            return false;
    return s->p[at] >= '2' && !(s->p[at + 1] == '1' && s->p[at + 2] == '1');
}

/* False when it is none. */
static bool take_american(struct tx_scan *s, size_t at) {
    size_t i = at + 5;
    if (!is_code(s, at + 1) || tx_scan_at(s, at + 4) != ')')
        return false;
    i += tx_scan_at(s, i) == ' ' || tx_scan_at(s, i) == '-';
    if (!is_code(s, i) || !is_joint(tx_scan_at(s, i + 3)))
        return false;
    for (size_t k = 4; k < 8; k++)
        if (!tx_is_digit(tx_scan_at(s, i + k)))
            return false;
    size_t end = extension_end(s, i + 8);
    if (tx_is_word(tx_scan_at(s, end)))
        return false;
    bool one = at >= 2 && s->p[at - 2] == '1' && is_joint(s->p[at - 1]) &&
               !tx_is_word(tx_scan_before(s, at - 2));
    tx_scan_claim(s, TX_DETECT_PHONE_NANP, one ? at - 2 : at, end);
    return true;
}

/* (030) 1234567: two to five digits, then the others, seven to twelve in all; with a word near. */
static void take_national(struct tx_scan *s, size_t at) {
    char digits[DIGITS_MAX + 2] = "";
    size_t n, i = at + 1;
    while (i - at <= 5 && tx_is_digit(tx_scan_at(s, i)))
        i++;
    if (i - at < 3 || tx_scan_at(s, i) != ')' || tx_is_word(tx_scan_before(s, at)))
        return;
    size_t end = extension_end(s, take_digits(s, at + 1, digits, &n));
    if (n < 7 || n > 12 || end <= i + 1 || tx_is_word(tx_scan_at(s, end)))
        return;
    if (tx_context_near(s, TX_DETECT_PHONE_NATIONAL, at, end))
        tx_scan_claim(s, TX_DETECT_PHONE_NATIONAL, at, end);
    else
        tx_scan_refuse(s, TX_DETECT_PHONE_NATIONAL, at, end, TX_FATE_NO_CONTEXT);
}

/* --- groups of digits that a shape has only some of --- */

/* No further than what makes it too long. */
static size_t group_start(const struct tx_scan *s, size_t at) {
    size_t start = at;
    while (start > 0 && at - start <= DIGITS_MAX && tx_is_digit(s->p[start - 1]))
        start--;
    return start;
}
static size_t group_end(const struct tx_scan *s, size_t at) {
    size_t end = at;
    while (end - at <= DIGITS_MAX && tx_is_digit(tx_scan_at(s, end)))
        end++;
    return end;
}

/* What stands between the groups of [start, end); of a single one, in front of it or behind it. */
static uint8_t separator_of(const struct tx_scan *s, size_t start, size_t end) {
    size_t first = group_end(s, start);
    uint8_t before = tx_scan_before(s, start);
    if (first < end)
        return s->p[first];
    return before && strchr(" -./", before) ? before : tx_scan_at(s, end);
}

/* Four numbers up to 255 with dots between them. */
static bool is_address(const struct tx_scan *s, size_t start, size_t end) {
    size_t n = 0;
    for (size_t i = start; i < end; i++, n++) {
        unsigned v = 0;
        size_t stop = group_end(s, i);
        for (; i < stop; i++)
            v = v * 10 + (unsigned)(s->p[i] - '0');
        if (v > 255 || (i < end && s->p[i] != '.'))
            return false;
    }
    return n == 4;
}

bool tx_phone_is_whole(struct tx_scan *s, size_t *start, size_t *end) {
    uint8_t separator = separator_of(s, *start, *end);
    size_t from = *start, to = *end, n = 0;
    while (from > 1 && to - from < 2 * DIGITS_MAX && s->p[from - 1] == separator &&
           tx_is_digit(s->p[from - 2]))
        from = group_start(s, from - 1);
    while (to - from < 2 * DIGITS_MAX && tx_scan_at(s, to) == separator &&
           tx_is_digit(tx_scan_at(s, to + 1)))
        to = group_end(s, to + 1);
    for (size_t i = from; i < to; i++)
        n += tx_is_digit(s->p[i]);
    s->matches->work += to - from;
    if (n > DIGITS_MAX || tx_is_word(tx_scan_before(s, from)) || is_address(s, from, to))
        return false;
    *start = from;
    *end = extension_end(s, to);
    return true;
}

void tx_detect_phone(struct tx_scan *s, size_t at) {
    if (s->p[at] == '+')
        tx_detect_plus(s, at);
    if (at < s->phone_done)
        return;
    if (s->p[at] == '+' && tx_scan_wants(s, TX_DETECT_PHONE_E164))
        take_international(s, at);
    if (s->p[at] != '(')
        return;
    bool found = tx_scan_wants(s, TX_DETECT_PHONE_NANP) && take_american(s, at);
    if (!found && tx_scan_wants(s, TX_DETECT_PHONE_NATIONAL))
        take_national(s, at);
}
