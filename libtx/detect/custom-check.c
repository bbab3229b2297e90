/* SPDX-License-Identifier: MIT */
#include "libtx/detect/custom-check.h"

#include "libtx/detect/checksum.h"

/* --- validators --- */

/* A number that is longer has no such check digit. */
#define ID_BYTES 256

/* The digits of [start, end), and its letters as capitals where they count. 0: too many, or a
 * letter where none counts. */
static size_t read_id(const struct tx_scan *s, size_t start, size_t end, bool letters, char *ret) {
    size_t n = 0;
    for (size_t i = start; i < end; i++) {
        if (!(letters ? tx_is_alnum(s->p[i]) : tx_is_digit(s->p[i])))
            continue;
        if (n == ID_BYTES)
            return 0;
        ret[n++] = (char)tx_upper(s->p[i]);
    }
    return n;
}

/* As it stands (LEI), or with the first four characters at the end (IBAN, RF). */
static bool is_mod_97(const char *id, size_t n) {
    char turned[ID_BYTES];
    if (n < 5)
        return false;
    memcpy(turned, id + 4, n - 4);
    memcpy(turned + n - 4, id, 4);
    return tx_mod_97(id, n) == 1 || tx_mod_97(turned, n) == 1;
}

static uint32_t crc32(const uint8_t *p, size_t n) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static bool has_crc(const struct tx_custom_spec *spec, const struct tx_scan *s, size_t start,
                    size_t end) {
    const uint8_t *p = s->p + start;
    uint64_t value = 0;
    if (spec->over_to > end - start || spec->check_to > end - start ||
        spec->over_from > spec->over_to || spec->check_from > spec->check_to)
        return false;
    for (size_t i = spec->check_from; i < spec->check_to && value <= UINT32_MAX; i++) {
        if (!tx_is_alnum(p[i]))
            return false;
        value = value * 62 + (tx_is_digit(p[i]) ? p[i] - '0'
                              : p[i] >= 'a'     ? p[i] - 'a' + 36
                                                : p[i] - 'A' + 10);
    }
    return value == crc32(p + spec->over_from, spec->over_to - spec->over_from);
}

static bool has_check_digits(const struct tx_custom_spec *spec, const struct tx_scan *s,
                             size_t start, size_t end) {
    char id[ID_BYTES];
    if (spec->validator == TX_CUSTOM_ANY)
        return true;
    if (spec->validator == TX_CUSTOM_CRC32_BASE62)
        return has_crc(spec, s, start, end);
    size_t n = read_id(s, start, end, spec->validator == TX_CUSTOM_MOD97, id);
    if (n < 2)
        return false;
    switch (spec->validator) {
    case TX_CUSTOM_LUHN:
        return tx_luhn(id, n);
    case TX_CUSTOM_VERHOEFF:
        return tx_verhoeff(id, n);
    case TX_CUSTOM_MOD11_10:
        return tx_mod_11_10(id, n);
    case TX_CUSTOM_MOD97:
        return is_mod_97(id, n);
    case TX_CUSTOM_ANY:
    case TX_CUSTOM_CRC32_BASE62:
    default:
        return true;
    }
}

bool tx_custom_is_valid(const struct tx_custom_spec *spec, const struct tx_scan *s, size_t start,
                        size_t end) {
    return has_check_digits(spec, s, start, end) &&
           (spec->entropy <= 0 || tx_scan_entropy(s, start, end) >= spec->entropy);
}

/* --- words near --- */

static bool is_part(uint8_t c) {
    return tx_is_alnum(c) || c >= 0x80;
}

/* cardNumber */
static bool is_hump(uint8_t before, uint8_t after) {
    return before >= 'a' && before <= 'z' && after >= 'A' && after <= 'Z';
}

/* Digits may follow a word: iban2. */
static bool is_whole(struct tx_text text, const struct tx_words_found *found) {
    const uint8_t *p = (const uint8_t *)text.p;
    size_t start = found->start, end = found->end;
    bool begins = start == 0 || !is_part(p[start - 1]) || !is_part(p[start]) ||
                  is_hump(p[start - 1], p[start]);
    bool ends = end == text.n || !is_part(p[end]) || !is_part(p[end - 1]) || tx_is_digit(p[end]) ||
                is_hump(p[end - 1], p[end]);
    return begins && ends;
}

void tx_near_init(struct tx_near *near, const struct tx_words *words, const struct tx_scan *s,
                  const struct tx_custom_spec *spec) {
    *near = (struct tx_near){
        .search = {.words = words, .text = {(const char *)s->p, s->n}},
        .before = spec->before,
        .after = spec->after,
    };
}

bool tx_near_has(struct tx_near *near, const struct tx_scan *s, size_t start, size_t end) {
    struct tx_words_found found;
    size_t until = s->n - end > near->after ? end + near->after : s->n, was_at = near->search.at;

    if (!near->search.words)
        return false;
    while (tx_words_next(&near->search, until, &found))
        if (is_whole(near->search.text, &found)) {
            near->any = true;
            near->start = found.start;
            near->end = found.end;
        }
    s->matches->work += near->search.at - was_at;
    return near->any && near->end + near->before >= start;
}

bool tx_near_in_name(const struct tx_words *words, struct tx_text name) {
    struct tx_words_search search = {.words = words, .text = name};
    struct tx_words_found found;
    while (words && tx_words_next(&search, name.n, &found))
        if (is_whole(name, &found))
            return true;
    return false;
}
