/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/scan.h"

/*
 * "order no. 96741077836", "ticket=287-859-2671": a word in front of a number, or a field's name,
 * says that it is the number of a thing. Only the last word counts, and the one before it where
 * that is "number" or the like. And a currency beside it, or cents, say that it is an amount.
 */

#define JOINT_BYTES 4 /* ": " */
#define WORD_BYTES 24

static bool is_part(uint8_t c) {
    return tx_is_word(c) || c >= 0x80;
}

/* `word` in any case of letters; with a '*' behind it, what begins so. */
static bool is_word(const uint8_t *p, size_t n, const char *word) {
    for (size_t i = 0; word[i] != '*'; i++)
        if (!word[i] || i == n || tx_lower(p[i]) != (uint8_t)word[i])
            return !word[i] && i == n;
    return true;
}

static bool is_one_of(const uint8_t *p, size_t n, const char *const *words, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if ((p[0] | 0x20) == words[i][0] && is_word(p, n, words[i]))
            return true;
    return false;
}

static bool is_thing(const uint8_t *p, size_t n) {
    static const char *const things[] = {
        "order*",   "ticket*",   "invoice*", "tracking*",  "shipment*",
        "parcel*",  "batch*",    "sku",      "serial*",    "lot",
        "part",     "part_no",   "article*", "item",       "item_no",
        "build",    "revision",  "commit",   "ean",        "gtin",
        "isbn",     "isin",      "bestell*", "auftrag*",   "rechnung*",
        "sendung*", "commande*", "facture*", "colis",      "pedido*",
        "factura*", "ordine",    "fattura",  "spedizione", "encomenda",
        "fatura",   "faktur*",   "factuur*", "zending",    "zam\xc3\xb3wien*"};
    return is_one_of(p, n, things, TX_COUNT_OF(things));
}

static bool is_number(const uint8_t *p, size_t n) {
    static const char *const words[] = {"no", "nr", "id", "num", "number", "nummer", "ref"};
    return is_one_of(p, n, words, TX_COUNT_OF(words));
}

/* The word in front of `at` with a few other signs between; false when there is none. */
static bool word_before(const uint8_t *p, size_t at, size_t *ret_start, size_t *ret_end) {
    size_t end = at;
    while (end > 0 && at - end < JOINT_BYTES && !is_part(p[end - 1]))
        end--;
    size_t start = end;
    while (start > 0 && end - start < WORD_BYTES && is_part(p[start - 1]))
        start--;
    *ret_start = start;
    *ret_end = end;
    return start < end && !tx_is_digit(p[start]);
}

static bool names_thing(const uint8_t *p, size_t at) {
    size_t start, end;
    if (!word_before(p, at, &start, &end))
        return false;
    if (is_number(p + start, end - start) && !word_before(p, start, &start, &end))
        return false;
    return is_thing(p + start, end - start);
}

bool tx_scan_is_of_thing(const struct tx_scan *s, size_t start) {
    const struct tx_text *name = &s->options->name;
    return names_thing(s->p, start) || names_thing((const uint8_t *)name->p, name->n);
}

/* --- amounts --- */

#define CODE_BYTES 3 /* of a currency */

static bool is_code(const uint8_t *p) {
    static const char codes[][CODE_BYTES + 1] = {"eur", "usd", "gbp", "cad", "chf", "pln", "sek",
                                                 "nok", "dkk", "czk", "huf", "ron", "brl", "mxn",
                                                 "inr", "jpy", "cny", "aud", "nzd", "zar", "try"};
    for (size_t i = 0; i < TX_COUNT_OF(codes); i++)
        if (is_word(p, CODE_BYTES, codes[i]))
            return true;
    return false;
}

/* The signs of currencies, of which the first byte stands at `at` or the last one before it. */
static bool is_sign(const struct tx_scan *s, size_t at, bool behind) {
    static const char *const signs[] = {"$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5"};
    for (size_t i = 0; i < TX_COUNT_OF(signs); i++) {
        size_t n = strlen(signs[i]);
        if ((behind || at >= n) && tx_scan_is(s, behind ? at : at - n, signs[i]))
            return true;
    }
    return false;
}

static bool has_cents(const struct tx_scan *s, size_t end) {
    uint8_t point = tx_scan_at(s, end);
    return (point == ',' || point == '.') && tx_is_digit(tx_scan_at(s, end + 1)) &&
           tx_is_digit(tx_scan_at(s, end + 2)) && !tx_is_alnum(tx_scan_at(s, end + 3));
}

/* 12 345 678 */
static bool is_in_thousands(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((n - i) % 4 == 0 ? p[i] != ' ' : !tx_is_digit(p[i]))
            return false;
    return n > 4;
}

bool tx_scan_is_amount(const struct tx_scan *s, size_t start, size_t end) {
    if (!is_in_thousands(s->p + start, end - start))
        return false;
    size_t before = start - (tx_scan_before(s, start) == ' ');
    size_t behind = end + (tx_scan_at(s, end) == ' ');
    if (has_cents(s, end) || is_sign(s, behind, true) || is_sign(s, before, false))
        return true;
    if (s->n - behind >= CODE_BYTES && is_code(s->p + behind) &&
        !is_part(tx_scan_at(s, behind + CODE_BYTES)))
        return true;
    return before >= CODE_BYTES && is_code(s->p + before - CODE_BYTES) &&
           !is_part(tx_scan_before(s, before - CODE_BYTES));
}
