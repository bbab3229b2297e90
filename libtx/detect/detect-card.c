/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * A payment card's number: 13 to 19 digits, single spaces or dashes between them, Luhn's check, and
 * a first part that some network issues with that length (which takes clocks and counters out:
 * milliseconds since 1970 begin with 1). What as often is something else (an article's number, an
 * airline's card) wants a word near it. Every window of whole groups is tried, so that no number
 * in front hides one; in a run of more than 19 digits, which is no card by itself, every window.
 */

#define DIGITS_MIN 13
#define DIGITS_MAX 19

#define N(n) (1u << (n))
#define N16_19 (N(16) | N(17) | N(18) | N(19))

/* By the first four digits; ISO/IEC 7812 ranges as the networks publish them. */
static const struct {
    uint16_t first, last;
    uint32_t lengths;
} issuers[] = {
    {2200, 2204, N16_19},                         /* Mir */
    {2221, 2720, N(16)},                          /* Mastercard */
    {3000, 3059, N(14) | N16_19},                 /* Diners */
    {3095, 3095, N(14) | N16_19},                 /* Diners */
    {3400, 3499, N(15)},                          /* American Express */
    {3528, 3589, N16_19},                         /* JCB */
    {3600, 3699, N(14) | N(15) | N16_19},         /* Diners */
    {3700, 3799, N(15)},                          /* American Express */
    {3800, 3999, N(14) | N16_19},                 /* Diners */
    {4000, 4999, N(13) | N(16) | N(18) | N(19)},  /* Visa */
    {5000, 5099, N(13) | N(14) | N(15) | N16_19}, /* Maestro, Elo, Verve */
    {5100, 5599, N(16)},                          /* Mastercard */
    {5600, 5899, N(13) | N(14) | N(15) | N16_19}, /* Maestro */
    {6000, 6999, N(13) | N(14) | N(15) | N16_19}, /* Maestro, Discover, UnionPay, RuPay */
    {8100, 8299, N16_19},                         /* UnionPay, RuPay */
    {8600, 8600, N(16)},                          /* Uzcard */
    {9792, 9792, N(16)},                          /* Troy */
    {9860, 9860, N(16)},                          /* Humo */
};

/* UATP, the airlines' cards: 15 digits, of which the first is 1. */
static bool is_airline(const uint8_t *digits, size_t n) {
    return n == 15 && digits[0] == 1;
}

/* EAN-13 (ISO/IEC 15420), as articles of shops have, and ISBNs. */
static bool is_article(const uint8_t *digits, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += digits[i] * (i % 2 ? 3u : 1u);
    return n == 13 && sum % 10 == 0;
}

static uint32_t issued_lengths(const uint8_t digits[4]) {
    unsigned first = digits[0] * 1000u + digits[1] * 100u + digits[2] * 10u + digits[3];
    for (size_t i = 0; i < TX_COUNT_OF(issuers); i++)
        if (first >= issuers[i].first && first <= issuers[i].last)
            return issuers[i].lengths;
    return 0;
}

/* From the right, every second digit counts double, its own digits added. */
static bool luhn(const uint8_t *digits, size_t n) {
    static const uint8_t doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (n - i) % 2 ? digits[i] : doubled[digits[i]];
    return sum % 10 == 0;
}

struct window {
    uint8_t digits[DIGITS_MAX];
    size_t n;
    size_t n_groups;
    uint8_t separator;
    bool mixed; /* both sorts of separators */
    bool fours; /* all groups but the last have four digits */
};

/* Numbers in a row are no card because their separators happen to differ: 4012-11 23-59. Groups of
 * four are one however they are separated. */
static bool is_card(const struct window *w) {
    return w->n >= DIGITS_MIN && (!w->mixed || w->fours) &&
           ((issued_lengths(w->digits) & N(w->n)) || is_airline(w->digits, w->n)) &&
           luhn(w->digits, w->n);
}

/* What is around a card's number makes of it. */
static enum tx_fate fate_of(struct tx_scan *s, const struct window *w, size_t start, size_t end) {
    bool whole_run = w->n_groups == 1;
    bool doubtful = is_airline(w->digits, w->n) || is_article(w->digits, w->n);
    if (whole_run && start > 1 && s->p[start - 1] == '.' && tx_is_digit(s->p[start - 2]))
        return TX_FATE_IN_DECIMAL;
    if (whole_run && tx_scan_in_hex_word(s, start, end))
        return TX_FATE_IN_HEX;
    if (tx_scan_in_uuid(s, start, end))
        return TX_FATE_IN_UUID;
    return doubtful && !tx_context_near(s, TX_DETECT_CREDIT_CARD, start, end) ? TX_FATE_NO_CONTEXT
                                                                              : TX_FATE_CLAIMED;
}

/* Adds the digits [at, end); false when there are too many. */
static bool add_group(const struct tx_scan *s, struct window *w, size_t at, size_t end) {
    if (end - at > DIGITS_MAX - w->n)
        return false;
    for (size_t i = at; i < end; i++)
        w->digits[w->n++] = (uint8_t)(s->p[i] - '0');
    w->n_groups++;
    return true;
}

static void try_windows(struct tx_scan *s, size_t at, size_t end) {
    struct window w = {.fours = true};
    size_t start = at;

    while (add_group(s, &w, at, end)) {
        enum tx_fate fate = is_card(&w) ? fate_of(s, &w, start, end) : TX_FATE_INVALID;
        if (fate == TX_FATE_CLAIMED)
            tx_scan_claim(s, TX_DETECT_CREDIT_CARD, start, end);
        else if (w.n >= DIGITS_MIN)
            tx_scan_refuse(s, TX_DETECT_CREDIT_CARD, start, end, fate);
        uint8_t separator = tx_scan_at(s, end);
        if ((separator != ' ' && separator != '-') || !tx_is_digit(tx_scan_at(s, end + 1)))
            break;
        w.mixed = w.mixed || (w.separator && w.separator != separator);
        w.separator = separator;
        w.fours = w.fours && end - at == 4;
        at = ++end;
        while (end < s->n && end - at <= DIGITS_MAX && tx_is_digit(s->p[end]))
            end++;
    }
    s->matches->work += end - start;
}

static void try_long_run(struct tx_scan *s, size_t at, size_t end) {
    uint8_t digits[DIGITS_MAX];

    for (size_t start = at; start + DIGITS_MIN <= end; start++) {
        size_t n = end - start < DIGITS_MAX ? end - start : DIGITS_MAX;
        for (size_t i = 0; i < n; i++)
            digits[i] = (uint8_t)(s->p[start + i] - '0');
        uint32_t lengths = issued_lengths(digits);
        for (size_t k = n; lengths && k >= DIGITS_MIN; k--)
            if ((lengths & N(k)) && luhn(digits, k)) {
                tx_scan_claim(s, TX_DETECT_CREDIT_CARD, start, start + k);
                break;
            }
        s->matches->work += n;
    }
}

void tx_detect_card(struct tx_scan *s, size_t at, size_t end) {
    uint8_t first = s->p[at], next = tx_scan_at(s, end);

    if (!tx_scan_wants(s, TX_DETECT_CREDIT_CARD))
        return;
    if (end - at > DIGITS_MAX) {
        if (!tx_scan_in_hex_word(s, at, end))
            try_long_run(s, at, end);
        return;
    }
        bool airline = first == '1' && (end - at == 4 || end - at == 15);
    bool issued = airline || (first != '0' && first != '1' && first != '7');
    if (issued && (end - at >= DIGITS_MIN || next == ' ' || next == '-'))
        try_windows(s, at, end);
}
