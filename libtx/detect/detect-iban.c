/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "libtx/detect/scan.h"

/*
 * An IBAN: a country, the characters that it has there, and ISO 7064's mod
 * 97-10 (ISO 13616). Spaces, dashes or dots may stand anywhere between them, one at a time: people
 * group the parts as their bank does.
 */

#define GROUP 4

/* Release 101, and 22 countries of Africa and Asia whose banks use it without being in it. Numbers
 * of characters behind the check digits: `n` digits, `a` letters, `c` both. */
static const struct {
    char country[2];
    char structure[14];
} registry[] = {
    {"AD", "8n12c"},    {"AE", "19n"},      {"AL", "8n16c"}, {"AO", "21n"},      {"AT", "16n"},
    {"AZ", "4a20c"},    {"BA", "16n"},      {"BE", "12n"},   {"BF", "2c22n"},    {"BG", "4a6n8c"},
    {"BH", "4a14c"},    {"BI", "23n"},      {"BJ", "2c22n"}, {"BR", "23n1a1c"},  {"BY", "4c4n16c"},
    {"CF", "23n"},      {"CG", "23n"},      {"CH", "5n12c"}, {"CI", "2c22n"},    {"CM", "23n"},
    {"CR", "18n"},      {"CV", "21n"},      {"CY", "8n16c"}, {"CZ", "20n"},      {"DE", "18n"},
    {"DJ", "23n"},      {"DK", "14n"},      {"DO", "4c20n"}, {"DZ", "22n"},      {"EE", "16n"},
    {"EG", "25n"},      {"ES", "20n"},      {"FI", "14n"},   {"FK", "2a12n"},    {"FO", "14n"},
    {"FR", "10n11c2n"}, {"GA", "23n"},      {"GB", "4a14n"}, {"GE", "2a16n"},    {"GI", "4a15c"},
    {"GL", "14n"},      {"GQ", "23n"},      {"GR", "7n16c"}, {"GT", "24c"},      {"GW", "2c19n"},
    {"HN", "4a20n"},    {"HR", "17n"},      {"HU", "24n"},   {"IE", "4a14n"},    {"IL", "19n"},
    {"IQ", "4a15n"},    {"IR", "22n"},      {"IS", "22n"},   {"IT", "1a10n12c"}, {"JO", "4a4n18c"},
    {"KM", "23n"},      {"KW", "4a22c"},    {"KZ", "3n13c"}, {"LB", "4n20c"},    {"LC", "4a24c"},
    {"LI", "5n12c"},    {"LT", "16n"},      {"LU", "3n13c"}, {"LV", "4a13c"},    {"LY", "21n"},
    {"MA", "24n"},      {"MC", "10n11c2n"}, {"MD", "20c"},   {"ME", "18n"},      {"MG", "23n"},
    {"MK", "3n10c2n"},  {"ML", "2c22n"},    {"MN", "16n"},   {"MR", "23n"},      {"MT", "4a5n18c"},
    {"MU", "4a19n3a"},  {"MZ", "21n"},      {"NE", "2c22n"}, {"NI", "4a20n"},    {"NL", "4a10n"},
    {"NO", "11n"},      {"OM", "3n16c"},    {"PK", "4a16c"}, {"PL", "24n"},      {"PS", "4a21c"},
    {"PT", "21n"},      {"QA", "4a21c"},    {"RO", "4a16c"}, {"RS", "18n"},      {"RU", "14n15c"},
    {"SA", "2n18c"},    {"SC", "4a20n3a"},  {"SD", "14n"},   {"SE", "20n"},      {"SI", "15n"},
    {"SK", "20n"},      {"SM", "1a10n12c"}, {"SN", "2c22n"}, {"SO", "19n"},      {"ST", "21n"},
    {"SV", "4a20n"},    {"TD", "23n"},      {"TG", "2c22n"}, {"TL", "19n"},      {"TN", "20n"},
    {"TR", "6n16c"},    {"UA", "6n19c"},    {"VA", "18n"},   {"VG", "4a16n"},    {"XK", "16n"},
    {"YE", "4a4n18c"},
};

/* The second letters of those with each first one, A lowest: most pairs of letters are out by them.
 */
static uint32_t seconds[26];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void build(void) {
    for (size_t i = 0; i < TX_COUNT_OF(registry); i++)
        seconds[registry[i].country[0] - 'A'] |= 1u << (registry[i].country[1] - 'A');
}

static const char *structure_of(uint8_t first, uint8_t second) {
    size_t low = 0, high = TX_COUNT_OF(registry);
    int a = tx_upper(first), b = tx_upper(second);

    pthread_once(&once, build);
    if (!(seconds[a - 'A'] >> (b - 'A') & 1))
        return NULL;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = a != registry[middle].country[0] ? a - registry[middle].country[0]
                                                     : b - registry[middle].country[1];
        if (order == 0)
            return registry[middle].structure;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool is_kind(uint8_t c, char kind) {
    return kind == 'n' ? tx_is_digit(c) : kind == 'a' ? tx_is_letter(c) : tx_is_alnum(c);
}

/* A letter counts as two digits, A = 10. */
static unsigned add(unsigned remainder, uint8_t c) {
    return tx_is_digit(c) ? (remainder * 10 + (unsigned)(c - '0')) % 97
                          : (remainder * 100 + (unsigned)(tx_lower(c) - 'a') + 10) % 97;
}

struct reading {
    size_t at;
    size_t n; /* characters, without separators */
    unsigned remainder;
    bool irregular; /* separators elsewhere than after every fourth */
};

/* One more character, perhaps behind a separator. */
static bool read_one(const struct tx_scan *s, struct reading *r, char kind) {
    uint8_t c = tx_scan_at(s, r->at);
    if (c == ' ' || c == '-' || c == '.') {
        r->irregular = r->irregular || r->n % GROUP != 0;
        c = tx_scan_at(s, ++r->at);
    }
    if (!is_kind(c, kind))
        return false;
    r->remainder = add(r->remainder, c);
    r->at++;
    r->n++;
    return true;
}

/* The end of an IBAN whose check digits stand at `digits`, or 0. */
static size_t iban_end(struct tx_scan *s, const uint8_t country[2], size_t digits) {
    struct reading r = {.at = digits + 2, .n = GROUP};

    for (const char *part = structure_of(country[0], country[1]); part && *part; part++) {
        unsigned n = 0;
        for (; tx_is_digit((uint8_t)*part); part++)
            n = n * 10 + (unsigned)(*part - '0');
        for (; n > 0; n--)
            if (!read_one(s, &r, *part))
                return 0;
    }
    s->matches->work += r.at - digits;
    if (r.n == GROUP || (r.irregular && tx_is_alnum(tx_scan_at(s, r.at))))
        return 0;
    /* The first four count last. */
    unsigned remainder = add(add(r.remainder, country[0]), country[1]);
    remainder = add(add(remainder, s->p[digits]), s->p[digits + 1]);
    return remainder == 1 ? r.at : 0;
}

void tx_detect_iban(struct tx_scan *s, size_t at, size_t end) {
    size_t gap = at > 2 && (s->p[at - 1] == ' ' || s->p[at - 1] == '-') ? 1 : 0;

    if (at < 2 + gap || end - at < 2 || !tx_scan_wants(s, TX_DETECT_IBAN))
        return;
    size_t start = at - gap - 2;
    if (!tx_is_letter(s->p[start]) || !tx_is_letter(s->p[start + 1]) ||
        tx_is_alnum(tx_scan_before(s, start)))
        return;
    if (!structure_of(s->p[start], s->p[start + 1]))
        return;
    size_t iban = iban_end(s, s->p + start, at);
    if (!iban)
        tx_scan_refuse(s, TX_DETECT_IBAN, start, end, TX_FATE_INVALID);
    else if (tx_scan_in_hex_word(s, start, iban))
        tx_scan_refuse(s, TX_DETECT_IBAN, start, iban, TX_FATE_IN_HEX);
    else if (tx_scan_in_uuid(s, start, iban))
        tx_scan_refuse(s, TX_DETECT_IBAN, start, iban, TX_FATE_IN_UUID);
    else {
        tx_scan_claim(s, TX_DETECT_IBAN, start, iban);
        s->iban = (struct tx_run){start, iban};
    }
}
