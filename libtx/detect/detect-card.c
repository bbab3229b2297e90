/* SPDX-License-Identifier: MIT */
#include <endian.h>

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
#define GROUPS 256 /* more than digits at hand; a group's number is its place modulo that */

/* Groups of digits are numbered as they come. */
struct group {
    uint32_t number;
    uint32_t start, end; /* in the text */
    uint32_t other_gap;  /* the last one up to here before which another gap stands than before the
                            one in front of it */
    uint32_t not_four;   /* the last one before this that has not four digits, and one more */
    uint8_t gap;         /* before it */
    bool is_long;        /* no card by itself: every window in it is tried */
};

struct digits {
    size_t n, n_dropped;
    uint8_t value[AT_HAND];
    uint8_t group_of[AT_HAND];
    uint32_t place[AT_HAND];
    /* Sums of all before, every second one doubled and its own digits added, modulo 10: of those at
     * even and at odd places doubled; and of the two the one that a number which ends there wants.
     */
    uint8_t sum[2][AT_HAND + 1], wanted[AT_HAND + 1 + 8];
    struct group group[GROUPS];
};

_Static_assert(DIGITS_MAX - DIGITS_MIN == 7, "eight lengths, a byte each");

/* Luhn's check for all lengths at once, as bits: from the right, every second digit counts double.
 * A number's sum is 0 where that of all before its end is that of all before its start. */
static uint32_t luhn(const struct digits *d, size_t start) {
    const uint64_t ones = UINT64_C(0x0001000100010001), high = UINT64_C(0x8080808080808080);
    size_t end = start + DIGITS_MIN, parity = (d->n_dropped + end - 1) % 2;
    uint64_t sums, before;
    memcpy(&sums, d->wanted + end, sizeof(sums));
    before = ones * d->sum[parity][start] | (ones * d->sum[!parity][start]) << 8;
    uint64_t equal = (high - (le64toh(sums) ^ before)) & high; /* each is less than 16 */
    return (uint32_t)((equal >> 7) * UINT64_C(0x0102040810204080) >> 56) << DIGITS_MIN;
}

/* Numbers in a row are no card because their gaps happen to differ: 4012-11 23-59. Groups of four
 * are one however they are separated. */
static bool is_whole(const struct digits *d, size_t start, size_t end) {
    const struct group *first = &d->group[d->group_of[start]],
                       *last = &d->group[d->group_of[end - 1]];
    if (first->is_long || last->is_long)
        return first == last;
    bool mixed = last->other_gap >= first->number + 2, fours = last->not_four <= first->number;
    return d->place[start] == first->start && d->place[end - 1] + 1 == last->end &&
           (!mixed || fours);
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
static void try_inside(struct tx_scan *s, const struct digits *d, size_t start, uint32_t lengths) {
    while (lengths) {
        size_t n = 31u - (size_t)__builtin_clz(lengths);
        lengths &= ~(1u << n);
        if (!is_whole(d, start, start + n) || tx_card_kind(&d->value[start], n) != TX_CARD_SURE)
            continue;
        tx_scan_claim(s, TX_DETECT_CREDIT_CARD, d->place[start], d->place[start + n - 1] + 1u);
        return;
    }
}

/* All cards that begin with one digit. A trace is told of what is none, too. */
static void try_from(struct tx_scan *s, const struct digits *d, size_t start) {
    size_t most = d->n - start < DIGITS_MAX ? d->n - start : DIGITS_MAX;
    const struct group *group = &d->group[d->group_of[start]];
    uint32_t possible = (UINT32_C(2) << most) - (UINT32_C(1) << DIGITS_MIN);

    if (most < DIGITS_MIN || !(group->is_long || d->place[start] == group->start))
        return;
    uint32_t lengths = luhn(d, start) & possible;
    if (lengths)
        lengths &= tx_card_lengths(&d->value[start]);
    if (group->is_long) {
        try_inside(s, d, start, lengths);
        return;
    }
    for (uint32_t left = s->options->trace ? possible : lengths; left; left &= left - 1) {
        size_t n = (size_t)__builtin_ctz(left);
        if (is_whole(d, start, start + n))
            take(s, d, start, n, lengths >> n & 1);
    }
}

static bool may_begin(const struct digits *d, size_t i) {
    const struct group *group = &d->group[d->group_of[i]];
    uint8_t first = d->value[i];
    size_t n = group->end - group->start;
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
    memmove(d->group_of, d->group_of + n, left * sizeof(d->group_of[0]));
    memmove(d->place, d->place + n, left * sizeof(d->place[0]));
    for (size_t k = 0; k < 2; k++)
        memmove(d->sum[k], d->sum[k] + n, left + 1);
    memmove(d->wanted, d->wanted + n, left + 1);
    d->n = left;
    d->n_dropped += n;
}

static void add_digits(struct tx_scan *s, struct digits *d, const struct group *group) {
    static const uint8_t doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    static const uint8_t modulo[19] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t number = (uint8_t)(group->number % GROUPS);

    d->group[number] = *group;
    for (uint32_t at = group->start; at < group->end; at++) {
        if (d->n == AT_HAND)
            try_all(s, d, false);
        uint8_t value = (uint8_t)(s->p[at] - '0');
        size_t i = d->n++, plain = (d->n_dropped + i) % 2;
        d->value[i] = value;
        d->place[i] = at;
        d->group_of[i] = number;
        d->sum[plain][i + 1] = modulo[d->sum[plain][i] + value];
        d->sum[!plain][i + 1] = modulo[d->sum[!plain][i] + doubled[value]];
        d->wanted[i + 1] = d->sum[plain][i + 1];
    }
}

/* The group behind `last`, whose digits are [at, end). */
static struct group next_group(struct tx_scan *s, const struct group *last, size_t at, size_t end) {
    uint8_t gap = tx_scan_before(s, at);
    bool decimals = at > 1 && gap == '.' && tx_is_digit(s->p[at - 2]);
    bool is_long = end - at > DIGITS_MAX && !decimals && !tx_scan_in_hex_word(s, at, end);
    return (struct group){.number = last->number + 1,
                          .start = (uint32_t)at,
                          .end = (uint32_t)end,
                          .gap = gap,
                          .other_gap = gap == last->gap ? last->other_gap : last->number + 1,
                          .not_four =
                              last->end - last->start == 4 ? last->not_four : last->number + 1,
                          .is_long = is_long};
}

static size_t digits_end(const struct tx_scan *s, size_t at) {
    return tx_run_end(s->bits->digit, s->first + at) - s->first;
}

void tx_detect_card(struct tx_scan *s, size_t at) {
    TX_UNINITIALIZED struct digits d;
    struct group group = {.number = 0};
    size_t end;

    if (at < s->card_done || !tx_scan_wants(s, TX_DETECT_CREDIT_CARD))
        return;
    d.n = d.n_dropped = 0;
    d.sum[0][0] = d.sum[1][0] = 0;
    memset(d.wanted, 0, sizeof(d.wanted)); /* eight are read at once */
    for (;; at = end + 1) {
        end = digits_end(s, at);
        group = next_group(s, &group, at, end);
        add_digits(s, &d, &group);
        uint8_t gap = tx_scan_at(s, end);
        if ((gap != ' ' && gap != '-') || !tx_is_digit(tx_scan_at(s, end + 1)))
            break;
    }
    try_all(s, &d, true);
    s->card_done = end;
    tx_wipe(d.value, sizeof(d.value));
}
