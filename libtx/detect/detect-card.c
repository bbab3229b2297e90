/* SPDX-License-Identifier: MIT */
#include "libtx/detect/card.h"

/*
 * A payment card's number: 12 to 19 digits, single spaces or dashes between them, Luhn's check, and
 * a first part that some network issues with that length (which takes clocks and counters out:
 * milliseconds since 1970 begin with 1). What as often is something else (an article's number, an
 * airline's card) wants a word near it. Every window of whole groups is tried, so that no number
 * in front hides one; in a run of more than 19 digits, which is no card by itself, every window.
 */

#define DIGITS_MIN TX_CARD_DIGITS_MIN
#define DIGITS_MAX TX_CARD_DIGITS_MAX

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
static enum tx_card kind_of(const struct window *w) {
    bool fits = w->n >= DIGITS_MIN && (!w->mixed || w->fours);
    return fits && luhn(w->digits, w->n) ? tx_card_kind(w->digits, w->n) : TX_CARD_NONE;
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
        enum tx_card kind = kind_of(&w);
        enum tx_fate fate = kind ? tx_card_fate(s, kind, start, end) : TX_FATE_INVALID;
        if (fate == TX_FATE_CLAIMED)
            tx_scan_claim(s, TX_DETECT_CREDIT_CARD, start, end);
        else if (w.n > DIGITS_MIN)
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
        for (size_t k = n; k >= DIGITS_MIN; k--)
            if (tx_card_kind(digits, k) == TX_CARD_SURE && luhn(digits, k)) {
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
        bool decimals = at > 1 && s->p[at - 1] == '.' && tx_is_digit(s->p[at - 2]);
        if (!decimals && !tx_scan_in_hex_word(s, at, end))
            try_long_run(s, at, end);
        return;
    }
    bool airline = first == '1' && (end - at == 4 || end - at == 15);
    bool issued = airline || (first != '0' && first != '1' && first != '7');
    if (issued && (end - at >= DIGITS_MIN || next == ' ' || next == '-'))
        try_windows(s, at, end);
}
