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

#define AT_HAND 192
#define GROUPS 256 /* more than digits at hand; a group's number is its place modulo that */
#define ROOM (AT_HAND + 1 + 8) /* eight are written and read at once */

/* Groups of digits are numbered as they come. */
struct group {
    uint32_t number;
    uint32_t start, end; /* in the text */
    uint32_t first;      /* of the digits at hand, counted with those that were dropped */
    uint32_t other_gap;  /* the last one up to here before which another gap stands than before the
                            one in front of it */
    uint32_t not_four;   /* the last one before this that has not four digits, and one more */
    uint8_t gap;         /* before it */
    bool is_long;        /* no card by itself: every window in it is tried */
};

struct digits {
    const struct tx_card_table *issuers;
    size_t n_dropped;
    size_t next; /* the first that was not tried */
    size_t used; /* of the digits, at most */
    uint8_t value[ROOM];
    uint8_t group_of[ROOM];
    /* Sums of all before a place, every second one doubled and its own digits added, modulo 10: the
     * last one as it is, as a number that ends there wants it, and the last one doubled. With END
     * where a number can end: a group does, or a long one goes on. */
    uint8_t sum[ROOM], doubled[ROOM];
    struct group group[GROUPS];
};

_Static_assert(DIGITS_MAX - DIGITS_MIN == 7, "eight lengths, a byte each");

#define END 0x80
#define EACH UINT64_C(0x0101010101010101)
#define SECOND UINT64_C(0x00ff00ff00ff00ff)

/* Of all lengths at once those with which a number can end, bit 0 being the shortest. */
static inline uint32_t lengths_of(uint64_t ends) {
    return (uint32_t)((ends >> 7 & EACH) * UINT64_C(0x0102040810204080) >> 56);
}
static inline uint64_t sums_from(const struct digits *d, size_t start) {
    uint64_t sums;
    memcpy(&sums, d->sum + start + DIGITS_MIN, sizeof(sums));
    return le64toh(sums);
}

/* Those that pass Luhn's check, too: from the right, every second digit counts double. A number's
 * sum is 0 where that of all before its end is that of all before its start. */
static inline uint32_t luhn_from(const struct digits *d, size_t start) {
    uint64_t before =
        (EACH & SECOND) * (d->sum[start] & ~(unsigned)END) | (EACH & ~SECOND) * d->doubled[start];
    uint64_t differ = sums_from(d, start) ^ (before | END * EACH);
    return lengths_of(~((differ & ~(END * EACH)) + (END - 1) * EACH) & ~differ);
}

/* Numbers in a row are no card because their gaps happen to differ: 4012-11 23-59. Groups of four
 * are one however they are separated. */
static bool is_whole(const struct digits *d, size_t start, size_t end) {
    const struct group *first = &d->group[d->group_of[start]],
                       *last = &d->group[d->group_of[end - 1]];
    if (first->is_long || last->is_long)
        return first == last;
    bool mixed = last->other_gap >= first->number + 2, fours = last->not_four <= first->number;
    return !mixed || fours;
}

static size_t place_of(const struct digits *d, size_t i) {
    const struct group *group = &d->group[d->group_of[i]];
    return group->start + (d->n_dropped + i - group->first);
}

static void take(struct tx_scan *s, const struct digits *d, size_t start, size_t n, bool is_card) {
    size_t from = place_of(d, start), to = place_of(d, start + n - 1) + 1;
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
        size_t from = place_of(d, start);
        if (!tx_scan_in_iban(s, from, from + n))
            tx_scan_claim(s, TX_DETECT_CREDIT_CARD, from, from + n);
        return;
    }
}

static bool may_begin(const struct digits *d, size_t i, const struct group *group) {
    uint8_t first = d->value[i];
    size_t n = group->end - group->start;
    return first == 1 ? n == 4 || n == 15 : first != 0 && first != 7;
}

/* All cards that begin with one digit. A trace is told of what is none, too. */
static inline void try_from(struct tx_scan *s, const struct digits *d, size_t start,
                            const struct group *group) {
    if (!group->is_long && !may_begin(d, start, group))
        return;
    uint32_t lengths = luhn_from(d, start);
    lengths &= d->issuers->lengths[tx_card_row(d->issuers, &d->value[start])];
    if (group->is_long) {
        if (lengths && may_begin(d, start, group))
            try_inside(s, d, start, lengths << DIGITS_MIN);
        return;
    }
    uint32_t left = s->options->trace ? lengths_of(sums_from(d, start)) : lengths;
    for (; left; left &= left - 1) {
        size_t k = (size_t)__builtin_ctz(left), n = DIGITS_MIN + k;
        if (is_whole(d, start, start + n))
            take(s, d, start, n, lengths >> k & 1);
    }
}

/* Of n digits those up to `end`. */
static void try_all(struct tx_scan *s, struct digits *d, size_t n, size_t end) {
    size_t i = d->next;

    memset(d->sum + n + 1, 0, 8);
    end = n < DIGITS_MIN ? 0 : end <= n - DIGITS_MIN ? end : n - DIGITS_MIN + 1;
    while (i < end && !s->matches->overflow) {
        const struct group *group = &d->group[d->group_of[i]];
        size_t behind = group->first - d->n_dropped + group->end - group->start;
        size_t stop = group->is_long && behind > end ? end : behind;
        try_from(s, d, i, group);
        for (i++; group->is_long && i < stop; i++)
            try_from(s, d, i, group);
        i = stop;
    }
    s->matches->work += n;
    d->next = i;
}

/* Makes room: of n digits all but the last are tried. How many there are then. */
static __attribute__((noinline)) size_t drop(struct tx_scan *s, struct digits *d, size_t n) {
    size_t most = DIGITS_MAX, gone = n - most;
    try_all(s, d, n, n - most + 1);
    memmove(d->value, d->value + gone, most);
    memmove(d->group_of, d->group_of + gone, most);
    memmove(d->sum, d->sum + gone, most + 1);
    memmove(d->doubled, d->doubled + gone, most + 1);
    d->next -= gone;
    d->n_dropped += gone;
    return most;
}

/* Of numbers up to 81. */
static inline uint64_t modulo_10(uint64_t each) {
    uint64_t even = each & SECOND, odd = each >> 8 & SECOND, bits = UINT64_C(0x003f003f003f003f);
    even -= (even * 103 >> 10 & bits) * 10;
    odd -= (odd * 103 >> 10 & bits) * 10;
    return even | odd << 8;
}

static inline void store(uint8_t *p, uint64_t each) {
    each = htole64(each);
    memcpy(p, &each, sizeof(each));
}

/* The digits that are added, and the sums of all before. */
struct end {
    size_t n;
    unsigned sum, doubled;
};

static inline void add_eight(struct digits *d, struct end *end, const uint8_t *p, unsigned flag) {
    uint64_t value;
    memcpy(&value, p, sizeof(value));
    value = le64toh(value) - '0' * EACH;
    uint64_t from_five = (value + (END - 5) * EACH) >> 7 & EACH;
    uint64_t twice = 2 * value - 9 * from_five;
    uint64_t first = ((value & SECOND) | (twice & ~SECOND)) * EACH + end->doubled * EACH;
    uint64_t second = ((twice & SECOND) | (value & ~SECOND)) * EACH + end->sum * EACH;
    first = modulo_10(first);
    second = modulo_10(second);
    store(d->value + end->n, value);
    store(d->sum + end->n + 1, (first & SECOND) | (second & ~SECOND) | flag * EACH);
    store(d->doubled + end->n + 1, (second & SECOND) | (first & ~SECOND));
    end->n += 8;
    end->sum = (unsigned)(second >> 56);
    end->doubled = (unsigned)(first >> 56);
}

static inline unsigned modulo(unsigned sum) {
    return sum < 10 ? sum : sum - 10;
}

static inline void add_one(struct digits *d, struct end *end, uint8_t c, unsigned flag) {
    static const uint8_t twice[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    unsigned value = c - (unsigned)'0', sum = modulo(end->doubled + value);
    end->doubled = modulo(end->sum + twice[value]);
    end->sum = sum;
    d->value[end->n++] = (uint8_t)value;
    d->sum[end->n] = (uint8_t)(sum | flag);
    d->doubled[end->n] = (uint8_t)end->doubled;
}

static inline void add_digits(struct tx_scan *s, struct digits *d, struct end *end,
                              const struct group *group) {
    const uint8_t *p = s->p + group->start, *stop = s->p + group->end;
    uint8_t number = (uint8_t)(group->number % GROUPS);
    unsigned flag = group->is_long ? END : 0;

    while (p < stop) {
        if (__builtin_expect(end->n + 8 > AT_HAND, 0)) {
            end->n = drop(s, d, end->n);
            if (s->matches->overflow)
                return;
        }
        memset(d->group_of + end->n, number, 8);
        if (stop - p >= 8) {
            add_eight(d, end, p, flag);
            p += 8;
            continue;
        }
        for (; p < stop; p++)
            add_one(d, end, *p, flag);
    }
    d->sum[end->n] = (uint8_t)(end->sum | END);
}

/* The group behind `last`, whose digits are [at, end). */
static inline struct group *next_group(struct tx_scan *s, struct digits *d, size_t n,
                                       const struct group *last, size_t at, size_t end) {
    uint8_t gap = tx_scan_before(s, at);
    bool is_long = end - at > DIGITS_MAX && !(at > 1 && gap == '.' && tx_is_digit(s->p[at - 2])) &&
                   !tx_scan_in_hex_word(s, at, end);
    uint32_t number = last->number + 1;
    struct group *group = &d->group[number % GROUPS];
    group->number = number;
    group->start = (uint32_t)at;
    group->end = (uint32_t)end;
    group->first = (uint32_t)(d->n_dropped + n);
    group->other_gap = gap == last->gap ? last->other_gap : number;
    group->not_four = last->end - last->start == 4 ? last->not_four : number;
    group->gap = gap;
    group->is_long = is_long;
    return group;
}

static size_t digits_end(const struct tx_scan *s, size_t at) {
    return tx_run_end(s->bits->digit, s->first + at) - s->first;
}

/* --- rows of short numbers --- */

#define SPAN (2 * DIGITS_MAX) /* of a card's digits with single gaps */
#define ASK_BYTES 64

/* A card in groups is printed with four digits first. Others are believed only where a word of
 * their context stands, so that in rows of short numbers without one no digit need be added up. */
struct row {
    size_t wanted;   /* digits that a card may have which began in front */
    size_t next_ask; /* before here it is not asked whether there is such a word */
};

static bool may_be_first(size_t n) {
    return n == 4 || n >= DIGITS_MIN;
}

/* Whether no card goes on in the group of n digits at `at`, nor begins there. */
static inline bool is_passed_by(struct tx_scan *s, struct row *row, size_t at, size_t n) {
    static const struct tx_detector_set card = {.word[TX_DETECT_CREDIT_CARD / 64] =
                                                    UINT64_C(1) << TX_DETECT_CREDIT_CARD % 64};
    if (may_be_first(n))
        row->wanted = DIGITS_MAX;
    bool is_wanted = row->wanted > 0;
    row->wanted -= n < row->wanted ? n : row->wanted;
    if (is_wanted)
        return false;
    if (tx_context_is_clear(s, at, at + SPAN))
        return true;
    if (at < row->next_ask)
        return false;
    row->next_ask = at + ASK_BYTES;
    return tx_context_never(s, &card, at, at + SPAN < s->n ? at + SPAN : s->n);
}

/* No digit in front is of any number to come. */
static void begin(struct digits *d, struct end *digits) {
    d->used = d->n_dropped ? AT_HAND : digits->n > d->used ? digits->n : d->used;
    *digits = (struct end){.n = 0};
    d->n_dropped = d->next = 0;
    d->sum[0] = d->doubled[0] = 0;
}

void tx_detect_card(struct tx_scan *s, size_t at) {
    TX_UNINITIALIZED struct digits d;
    const struct group *group = &(struct group){.number = 0};
    struct row row = {.wanted = 0, .next_ask = at + ASK_BYTES};
    struct end digits = {.n = 0};
    size_t end;

    if (at < s->card_done || !tx_scan_wants(s, TX_DETECT_CREDIT_CARD))
        return;
    d.issuers = tx_card_table();
    d.used = d.n_dropped = 0;
    begin(&d, &digits);
    for (;; at = end + 1) {
        end = digits_end(s, at);
        if (!is_passed_by(s, &row, at, end - at)) {
            group = next_group(s, &d, digits.n, group, at, end);
            add_digits(s, &d, &digits, group);
        } else if (digits.n > 0) {
            try_all(s, &d, digits.n, digits.n);
            begin(&d, &digits);
        }
        uint8_t gap = tx_scan_at(s, end);
        if ((gap != ' ' && gap != '-') || !tx_is_digit(tx_scan_at(s, end + 1)) ||
            s->matches->overflow)
            break;
    }
    try_all(s, &d, digits.n, digits.n);
    s->card_done = end;
    begin(&d, &digits);
    tx_wipe(d.value, d.used);
}
