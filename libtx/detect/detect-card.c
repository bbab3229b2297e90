/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/secret.h"
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

/* --- the digits at hand --- */

#define AT_HAND 128

/* Groups of digits are numbered as they come. */
struct group {
    uint32_t number;
    uint32_t other_gap; /* the last one up to here before which another gap stands than before the
                           one in front of it */
    uint32_t not_four;  /* the last one before this that has not four digits, and one more */
    bool is_long;       /* no card by itself: every window in it is tried */
    uint8_t gap;        /* before it */
    uint8_t n;          /* digits, if they are not more than a card has */
};

struct digits {
    size_t n, n_dropped;
    uint8_t value[AT_HAND];
    bool starts[AT_HAND], ends[AT_HAND]; /* its group */
    uint32_t place[AT_HAND];
    struct group group[AT_HAND];
    /* Sums of all before, every second one doubled and its own digits added: those at odd places,
     * or those at even ones. */
    uint32_t sum[2][AT_HAND + 1];
};

/* From the right, every second digit counts double. */
static bool luhn(const struct digits *d, size_t start, size_t end) {
    const uint32_t *sum = d->sum[(d->n_dropped + end - 1) % 2];
    return (sum[end] - sum[start]) % 10 == 0;
}

/* Numbers in a row are no card because their gaps happen to differ: 4012-11 23-59. Groups of four
 * are one however they are separated. */
static bool is_whole(const struct digits *d, size_t start, size_t end) {
    const struct group *first = &d->group[start], *last = &d->group[end - 1];
    if (first->is_long || last->is_long)
        return first->number == last->number;
    bool mixed = last->other_gap >= first->number + 2, fours = last->not_four <= first->number;
    return d->starts[start] && d->ends[end - 1] && (!mixed || fours);
}

static void take(struct tx_scan *s, const struct digits *d, size_t start, size_t n, bool is_card) {
    size_t from = d->place[start], to = d->place[start + n - 1] + 1u;
    enum tx_card kind = is_card ? tx_card_kind(&d->value[start], n) : TX_CARD_NONE;
    enum tx_fate fate = kind ? tx_card_fate(s, kind, from, to) : TX_FATE_INVALID;
    if (fate == TX_FATE_CLAIMED)
        tx_scan_claim(s, TX_DETECT_CREDIT_CARD, from, to);
    else if (n > DIGITS_MIN)
        tx_scan_refuse(s, TX_DETECT_CREDIT_CARD, from, to, fate);
}

/* In a long run, the longest that begins with a digit. */
static void try_inside(struct tx_scan *s, const struct digits *d, size_t start, size_t most,
                       uint32_t lengths) {
    for (size_t n = most; n >= DIGITS_MIN; n--) {
        if (!(lengths >> n & 1) || !is_whole(d, start, start + n) || !luhn(d, start, start + n) ||
            tx_card_kind(&d->value[start], n) != TX_CARD_SURE)
            continue;
        tx_scan_claim(s, TX_DETECT_CREDIT_CARD, d->place[start], d->place[start + n - 1] + 1u);
        return;
    }
}

/* All cards that begin with one digit. */
static void try_from(struct tx_scan *s, const struct digits *d, size_t start) {
    size_t most = d->n - start < DIGITS_MAX ? d->n - start : DIGITS_MAX;
    bool is_long = d->group[start].is_long;

    if (most < DIGITS_MIN || !(d->starts[start] || is_long))
        return;
    uint32_t lengths = tx_card_lengths(&d->value[start]);
    if (is_long) {
        try_inside(s, d, start, most, lengths);
        return;
    }
    for (size_t n = DIGITS_MIN; n <= most; n++) {
        bool is_card = (lengths >> n & 1) && luhn(d, start, start + n);
        if ((is_card || s->options->trace) && is_whole(d, start, start + n))
            take(s, d, start, n, is_card);
    }
}

static bool may_begin(const struct digits *d, size_t i) {
    uint8_t first = d->value[i], n = d->group[i].n;
    return first == 1 ? n == 4 || n == 15 : first != 0 && first != 7;
}

/* Those digits that have all that a card needs behind them, or all. */
static void try_all(struct tx_scan *s, struct digits *d, bool is_end) {
    size_t n = is_end || d->n < DIGITS_MAX ? d->n : d->n - DIGITS_MAX + 1, left = d->n - n;

    for (size_t i = 0; i < n; i++)
        if (may_begin(d, i))
            try_from(s, d, i);
    s->matches->work += d->n;
    memmove(d->value, d->value + n, left * sizeof(d->value[0]));
    memmove(d->starts, d->starts + n, left * sizeof(d->starts[0]));
    memmove(d->ends, d->ends + n, left * sizeof(d->ends[0]));
    memmove(d->place, d->place + n, left * sizeof(d->place[0]));
    memmove(d->group, d->group + n, left * sizeof(d->group[0]));
    for (size_t k = 0; k < 2; k++)
        memmove(d->sum[k], d->sum[k] + n, (left + 1) * sizeof(d->sum[k][0]));
    d->n = left;
    d->n_dropped += n;
}

static void add_digit(struct tx_scan *s, struct digits *d, const struct group *group, size_t at) {
    static const uint8_t doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    if (d->n == AT_HAND)
        try_all(s, d, false);
    uint8_t value = (uint8_t)(s->p[at] - '0');
    size_t i = d->n++, plain = (d->n_dropped + i) % 2;
    d->value[i] = value;
    d->place[i] = (uint32_t)at;
    d->starts[i] = !tx_is_digit(tx_scan_before(s, at));
    d->ends[i] = !tx_is_digit(tx_scan_at(s, at + 1));
    d->group[i] = *group;
    d->sum[plain][i + 1] = d->sum[plain][i] + value;
    d->sum[!plain][i + 1] = d->sum[!plain][i] + doubled[value];
}

/* The group behind `last`, whose digits are [at, end). */
static struct group next_group(struct tx_scan *s, const struct group *last, size_t n_last,
                               size_t at, size_t end) {
    uint8_t gap = tx_scan_before(s, at);
    bool is_long = end - at > DIGITS_MAX;
    bool decimals = at > 1 && gap == '.' && tx_is_digit(s->p[at - 2]);
    return (struct group){.number = last->number + 1,
                          .gap = gap,
                          .n = is_long ? 0 : (uint8_t)(end - at),
                          .other_gap = gap == last->gap ? last->other_gap : last->number + 1,
                          .not_four = n_last == 4 ? last->not_four : last->number + 1,
                          .is_long = is_long && !decimals && !tx_scan_in_hex_word(s, at, end)};
}

static size_t digits_end(const struct tx_scan *s, size_t at) {
    while (at < s->n && tx_is_digit(s->p[at]))
        at++;
    return at;
}

void tx_detect_card(struct tx_scan *s, size_t at) {
    TX_UNINITIALIZED struct digits d;
    struct group group = {.number = 0};
    size_t end = digits_end(s, at), n_last = 0;

    if (at < s->card_done || !tx_scan_wants(s, TX_DETECT_CREDIT_CARD))
        return;
    d.n = d.n_dropped = 0;
    d.sum[0][0] = d.sum[1][0] = 0;
    for (;; at = end + 1, end = digits_end(s, at)) {
        group = next_group(s, &group, n_last, at, end);
        n_last = end - at;
        for (; at < end; at++)
            add_digit(s, &d, &group, at);
        uint8_t gap = tx_scan_at(s, end);
        if ((gap != ' ' && gap != '-') || !tx_is_digit(tx_scan_at(s, end + 1)))
            break;
    }
    try_all(s, &d, true);
    s->card_done = end;
    tx_wipe(d.value, sizeof(d.value));
}
