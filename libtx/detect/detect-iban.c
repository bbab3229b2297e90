/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * An IBAN: a country of the SWIFT registry, as many characters as that country has, single spaces
 * or dashes after every fourth, and ISO 7064's mod 97-10 (ISO 13616).
 */

static const struct {
    char country[2];
    uint8_t length;
} registry[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30},
};

static size_t country_length(const struct tx_scan *s, size_t at) {
    size_t low = 0, high = TX_COUNT_OF(registry);
    int a = tx_lower(s->p[at]) & ~0x20, b = tx_lower(s->p[at + 1]) & ~0x20;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = a != registry[middle].country[0] ? a - registry[middle].country[0]
                                                     : b - registry[middle].country[1];
        if (order == 0)
            return registry[middle].length;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

/* A letter counts as two digits, A = 10. */
static unsigned add(unsigned remainder, uint8_t c) {
    return tx_is_digit(c) ? (remainder * 10 + (unsigned)(c - '0')) % 97
                          : (remainder * 100 + (unsigned)(tx_lower(c) - 'a') + 10) % 97;
}

/* The end of an IBAN of `length` characters at `at`, or at. */
static size_t iban_end(struct tx_scan *s, size_t at, size_t length) {
    size_t i = at;
    unsigned remainder = 0;

    for (size_t n = 0; n < length; n++, i++) {
        uint8_t c = tx_scan_at(s, i);
        if (n > 0 && n % 4 == 0 && (c == ' ' || c == '-'))
            c = tx_scan_at(s, ++i);
        if (!tx_is_alnum(c))
            return at;
        if (n >= 4) /* the first four count last */
            remainder = add(remainder, c);
    }
    for (size_t k = 0; k < 4; k++)
        remainder = add(remainder, s->p[at + k]);
    s->matches->work += i - at;
    return remainder == 1 ? i : at;
}

void tx_detect_iban(struct tx_scan *s, size_t at, size_t end) {
    if (at < 2 || end - at < 2 || !tx_is_letter(s->p[at - 1]) || !tx_is_letter(s->p[at - 2]) ||
        tx_is_alnum(tx_scan_before(s, at - 2)) || !tx_scan_wants(s, TX_DETECT_IBAN))
        return;
    size_t length = country_length(s, at - 2);
    if (length == 0)
        return;
    size_t start = at - 2, iban = iban_end(s, start, length);
    if (iban <= at)
        tx_scan_refuse(s, TX_DETECT_IBAN, start, end, TX_FATE_INVALID);
    else if (tx_scan_in_hex_word(s, start, iban))
        tx_scan_refuse(s, TX_DETECT_IBAN, start, iban, TX_FATE_IN_HEX);
    else if (tx_scan_in_uuid(s, start, iban))
        tx_scan_refuse(s, TX_DETECT_IBAN, start, iban, TX_FATE_IN_UUID);
    else
        tx_scan_claim(s, TX_DETECT_IBAN, start, iban);
}
