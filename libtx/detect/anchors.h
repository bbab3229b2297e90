/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_ANCHORS_H
#define TX_DETECT_ANCHORS_H

/*
 * From classes to places: where something may begin. A bit here costs a look at the text there, so
 * each asks for as much as a few shifts can tell of what stands around it. As many words of 64
 * places at a time as tx_lanes has; compiled once for each way of classify.h. Whoever includes this
 * may have lanes of its own, instead of those of lanes.h.
 */

#include <string.h>

#include "libtx/detect/bits.h"
#ifndef TX_LANES
#include "libtx/detect/lanes.h"
#endif

#define TX_ANCHORS static inline __attribute__((TX_ANCHORS_FOR always_inline))

#define TX_CARD_BYTES 12    /* digits, with or without gaps */
#define TX_ADDRESS_BYTES 12 /* from the first colon on: 0:0:0:0:0:0:1.2.3.4 */
#define TX_CODED_BYTES 12   /* see decode.c */

/* Of places with a run of n set from there on, those with n + k; k <= n. */
#define TX_GROW(m, k)                                                                              \
    do {                                                                                           \
        (m).at &= TX_AHEAD(m, k);                                                                  \
        (m).after &= (m).after >> (k);                                                             \
    } while (0)

/* Of places with one set among the n from there on, those with one among n + k; k <= n. */
#define TX_SPREAD(m, k)                                                                            \
    do {                                                                                           \
        (m).at |= TX_AHEAD(m, k);                                                                  \
        (m).after |= (m).after >> (k);                                                             \
    } while (0)

TX_ANCHORS tx_lanes tx_begins(const struct tx_around *m) {
    return m->at & ~TX_BACK(*m, 1);
}
TX_ANCHORS struct tx_around tx_or(const struct tx_around *a, const struct tx_around *b) {
    return (struct tx_around){a->before | b->before, a->at | b->at, a->after | b->after};
}
TX_ANCHORS struct tx_around tx_without(const struct tx_around *a, const struct tx_around *b) {
    return (struct tx_around){a->before & ~b->before, a->at & ~b->at, a->after & ~b->after};
}

/* A dot between digits, before what can be the other octets of an IPv4 address or a coordinate's
 * decimals. */
TX_ANCHORS tx_lanes tx_dots(const struct tx_around *dot, const struct tx_around *digit) {
    tx_lanes found = dot->at & TX_BACK(*digit, 1) & TX_AHEAD(*digit, 1);
    if (!TX_ANY(found))
        return found;
    tx_lanes five = TX_AHEAD(*dot, 5), six = TX_AHEAD(*dot, 6), seven = TX_AHEAD(*dot, 7);
    tx_lanes four = TX_AHEAD(*dot, 4);
    tx_lanes octets = (TX_AHEAD(*dot, 2) & (four | five | six)) |
                      (TX_AHEAD(*dot, 3) & (five | six | seven)) |
                      (four & (six | seven | TX_AHEAD(*dot, 8)));
    tx_lanes decimals = TX_AHEAD(*digit, 2) & TX_AHEAD(*digit, 3) & TX_AHEAD(*digit, 4);
    return found & (octets | decimals);
}

/* Where a scheme's name begins, as far as its length goes: those have 5, 6 or 9 letters. */
TX_ANCHORS tx_lanes tx_schemes(const uint64_t *scheme, const struct tx_around *alnum) {
    tx_lanes found = tx_load(scheme) & tx_begins(alnum);
    if (!TX_ANY(found))
        return found;
    tx_lanes fifth = TX_AHEAD(*alnum, 5);
    return found & ((TX_AHEAD(*alnum, 4) & ~fifth) | (fifth & ~TX_AHEAD(*alnum, 6)) |
                    (TX_AHEAD(*alnum, 8) & ~TX_AHEAD(*alnum, 9)));
}

/* Where a word begins: two letters and two digits, with a gap between them or without. */
TX_ANCHORS tx_lanes tx_ibans(const struct tx_around *alnum, const struct tx_around *digit,
                             const struct tx_around *gap) {
    struct tx_around letter = tx_without(alnum, digit);
    tx_lanes letters = tx_begins(alnum) & letter.at & TX_AHEAD(letter, 1);
    return letters & TX_AHEAD(*digit, 3) &
           (TX_AHEAD(*digit, 2) | (TX_AHEAD(*gap, 2) & TX_AHEAD(*digit, 4)));
}

/* "::", and a colon from which on there are colons and hex digits enough. */
TX_ANCHORS tx_lanes tx_colons(const struct tx_around *colon, const struct tx_around *hex) {
    struct tx_around address = tx_or(colon, hex);
    if (!TX_ANY(colon->at))
        return colon->at;
    tx_lanes two = tx_begins(colon) & TX_AHEAD(*colon, 1);
    tx_lanes within =
        colon->at & TX_BACK(address, 1) & TX_AHEAD(address, 6) & TX_AHEAD(address, 11);
    if (!TX_ANY(within))
        return two;
    TX_GROW(address, 1);
    TX_GROW(address, 2);
    TX_GROW(address, 4);
    TX_GROW(address, TX_ADDRESS_BYTES - 8);
    return two | (within & address.at);
}

/* Where digits begin of which there are enough, with single gaps between some of them. */
TX_ANCHORS tx_lanes tx_cards(const struct tx_around *digit, const struct tx_around *gap) {
    struct tx_around card = {
        .at = digit->at | (gap->at & TX_BACK(*digit, 1) & TX_AHEAD(*digit, 1)),
        .after = digit->after |
                 (gap->after & (digit->after << 1 | digit->at >> 63) & digit->after >> 1)};
    tx_lanes found = tx_begins(digit) & TX_AHEAD(card, 4) & TX_AHEAD(card, 10) & TX_AHEAD(card, 11);
    if (!TX_ANY(found))
        return found;
    TX_GROW(card, 1);
    TX_GROW(card, 2);
    TX_GROW(card, 4);
    TX_GROW(card, TX_CARD_BYTES - 8);
    return card.at & found;
}

TX_ANCHORS tx_lanes tx_coded_run(struct tx_around m) {
    TX_GROW(m, 1);
    TX_GROW(m, 2);
    TX_GROW(m, 4);
    TX_GROW(m, TX_CODED_BYTES - 8);
    return m.at;
}

/* '_', '-' and '.' end the beginnings of makers' tokens, of which the shortest has as many
 * characters behind it and two in front; none has four hex digits there, as years and UUIDs have.
 */
TX_ANCHORS tx_lanes tx_vendors(const struct tx_around *base64, const struct tx_around *alnum,
                               const struct tx_around *slashes, const struct tx_around *dot,
                               const struct tx_around *hex) {
    struct tx_around body = tx_or(base64, dot);
    struct tx_around behind = {.at = TX_AHEAD(body, 1), .after = body.after >> 1};
    tx_lanes ends = dot->at | (base64->at & ~alnum->at & ~slashes->at);
    if (!TX_ANY(ends))
        return ends;
    tx_lanes four = TX_BACK(*hex, 1) & TX_BACK(*hex, 2) & TX_BACK(*hex, 3) & TX_BACK(*hex, 4);
    ends &=
        ~four & TX_BACK(*alnum, 1) & TX_BACK(*alnum, 2) & TX_AHEAD(body, 6) & TX_AHEAD(body, 12);
    return TX_ANY(ends) ? ends & tx_coded_run(behind) : ends;
}

/* Where a run begins that may be base64; where one without dashes begins behind a dash, and one
 * without slashes behind a slash. */
TX_ANCHORS tx_lanes tx_coded(const struct tx_around *base64, const struct tx_around *alnum,
                             const struct tx_around *slashes) {
    struct tx_around joints = tx_without(base64, alnum), dashes = tx_without(&joints, slashes);
    struct tx_around no_dashes = tx_or(alnum, slashes), no_slashes = tx_or(alnum, &dashes);
    tx_lanes found = tx_coded_run(*base64);
    if (!TX_ANY(found))
        return found;
    found &= tx_begins(base64);
    if (TX_ANY(dashes.at | dashes.before >> 63))
        found |= TX_BACK(dashes, 1) & tx_coded_run(no_dashes);
    if (TX_ANY(slashes->at | slashes->before >> 63))
        found |= TX_BACK(*slashes, 1) & tx_coded_run(no_slashes);
    return found;
}

/* Those that want a digit. */
TX_ANCHORS tx_lanes tx_with_digits(const struct tx_bits *bits, size_t b,
                                   const struct tx_around *digit, const struct tx_around *alnum,
                                   const struct tx_around *dot) {
    struct tx_around gap = tx_around(bits->gap + b), opener = tx_around(bits->opener + b);
    struct tx_around behind = tx_or(digit, &opener);
    tx_lanes card = {0}, anchor = opener.at & TX_AHEAD(behind, 1);
    if (TX_ANY(digit->at | digit->after)) {
        card = tx_cards(digit, &gap);
        anchor |= tx_dots(dot, digit) | tx_ibans(alnum, digit, &gap);
    }
    tx_store(bits->card + b, card);
    return anchor;
}

/* 8-4-4-4-12 hex digits. */
TX_ANCHORS tx_lanes tx_uuids(const struct tx_around *hex, const struct tx_around *dash) {
    tx_lanes found = TX_AHEAD(*dash, 8) & TX_AHEAD(*dash, 13);
    struct tx_around hex_4 = *hex, hex_8;
    if (!TX_ANY(found))
        return found;
    TX_GROW(hex_4, 1);
    TX_GROW(hex_4, 2);
    hex_8 = hex_4;
    TX_GROW(hex_8, 4);
    return found & TX_AHEAD(*dash, 18) & TX_AHEAD(*dash, 23) & hex_8.at & TX_AHEAD(hex_4, 9) &
           TX_AHEAD(hex_4, 14) & TX_AHEAD(hex_4, 19) & TX_AHEAD(hex_8, 24) & TX_AHEAD(hex_4, 32);
}

/* RFC 3339, up to the minutes and the colon behind them. */
TX_ANCHORS tx_lanes tx_times(const struct tx_around *digit, const struct tx_around *alnum,
                             const struct tx_around *dash, const struct tx_around *colon) {
    tx_lanes found = TX_AHEAD(*dash, 4) & TX_AHEAD(*dash, 7);
    struct tx_around two = *digit;
    if (!TX_ANY(found))
        return found;
    TX_GROW(two, 1);
    return found & TX_AHEAD(*colon, 13) & TX_AHEAD(*colon, 16) & two.at & TX_AHEAD(two, 2) &
           TX_AHEAD(two, 5) & TX_AHEAD(two, 8) & TX_AHEAD(*alnum, 10) & ~TX_AHEAD(*digit, 10) &
           TX_AHEAD(two, 11) & TX_AHEAD(two, 14);
}

/* What the words in front leave: whether a word of the text goes on from them with a digit, or with
 * what joins it; and the last places of UUIDs and times. */
struct tx_carried {
    uint64_t digits, joined, uuid, time;
};

/* Random digits and clocks are everywhere, and no identifiers: no word of a UUID, nor of a time,
 * begins one. Of a UUID the last may, if more stands behind it. Of a time the fraction of a second
 * goes to its end. */
TX_ANCHORS tx_lanes tx_clock_words(const struct tx_around *uuid, const struct tx_around *time,
                                   tx_lanes separator, tx_lanes seven) {
    return TX_BACK(*uuid, 8) | TX_BACK(*uuid, 13) | TX_BACK(*uuid, 18) | TX_BACK(*uuid, 23) |
           (TX_BACK(*uuid, 36) & ~separator) | TX_BACK(*time, 4) | TX_BACK(*time, 7) |
           TX_BACK(*time, 13) | TX_BACK(*time, 16) | TX_BACK(*time, 19) |
           (TX_BACK(*time, 27) & seven);
}

/* Of the places behind words, those in front of which n characters of some class stand. */
#define TX_GROW_BACK(m, k)                                                                         \
    do {                                                                                           \
        (m).at &= TX_BACK(m, k);                                                                   \
        (m).before &= (m).before << (k);                                                           \
    } while (0)

/* Of the places behind words of up to six characters those at which something begins with them. A
 * separator and another word is wanted, which begins with a digit unless the shape is one with
 * letters anywhere (XX-XX-XX, XXXX.XXXX.XXXX, 9999-X); behind three characters and less it has four
 * or a third word with a digit behind it. Or it is another space, behind which a social security
 * number goes on; or four digits of a card; or they end what is known by its last characters (us12,
 * 1Q~). A test tries all shapes. */
TX_ANCHORS tx_lanes tx_short_words(const struct tx_around *alnum, const struct tx_around *digit,
                                   const struct tx_around *letter,
                                   const struct tx_around *separator, const struct tx_around *gap,
                                   const struct tx_around *dash, tx_lanes dot) {
    struct tx_around four = *digit;
    tx_lanes has_three = TX_BACK(*alnum, 3);
    tx_lanes has_four = has_three & TX_BACK(*alnum, 2) & TX_BACK(*alnum, 4);
    tx_lanes next_four = TX_AHEAD(*alnum, 2) & TX_AHEAD(*alnum, 3) & TX_AHEAD(*alnum, 4);
    tx_lanes third_word = (TX_AHEAD(*separator, 2) & TX_AHEAD(*digit, 3)) |
                          (TX_AHEAD(*separator, 3) & TX_AHEAD(*digit, 4)) |
                          (TX_AHEAD(*separator, 4) & TX_AHEAD(*digit, 5));
    tx_lanes numbers = TX_AHEAD(*digit, 1) & (has_four | next_four | third_word);
    tx_lanes anywhere = (has_four & (dash->at | dot | TX_AHEAD(*separator, 4))) |
                        (~has_three & ((dash->at & TX_AHEAD(*dash, 3)) | TX_AHEAD(*separator, 4)));
    tx_lanes known = (TX_BACK(*letter, 1) & TX_BACK(*digit, 2)) |
                     (TX_BACK(*letter, 3) & ((TX_BACK(*dash, 4) & TX_BACK(*letter, 2)) |
                                             (TX_BACK(*dash, 5) & TX_BACK(*letter, 4))));
    TX_GROW_BACK(four, 1);
    TX_GROW_BACK(four, 2);
    tx_lanes card =
        TX_BACK(four, 1) & ~TX_BACK(*alnum, 5) & ~dash->at & ~(gap->at & TX_AHEAD(*alnum, 1));
    return (separator->at & TX_AHEAD(*alnum, 1) & (numbers | anywhere)) |
           (gap->at & TX_AHEAD(*gap, 1)) | card | known;
}

/* Of 36 characters of a UUID one is a letter: digits alone are taken for what they seem to be. */
TX_ANCHORS tx_lanes tx_has_letter(struct tx_around letter) {
    TX_SPREAD(letter, 1);
    TX_SPREAD(letter, 2);
    TX_SPREAD(letter, 4);
    TX_SPREAD(letter, 8);
    TX_SPREAD(letter, 16);
    TX_SPREAD(letter, 4);
    return letter.at;
}

/* What tx_phrase_begins says of each byte. */
TX_ANCHORS tx_lanes tx_phrases_begin(const struct tx_bits *bits, size_t b,
                                     const struct tx_around *alnum,
                                     const struct tx_around *letter) {
    struct tx_around high = tx_around(bits->high + b), upper = tx_around(bits->upper + b);
    struct tx_around part = tx_or(alnum, &high), small = tx_without(letter, &upper);
    return ((letter->at | high.at) & ~TX_BACK(part, 1)) | (upper.at & TX_BACK(small, 1));
}

/* Behind words with a digit: those that may begin something; those with a short word of letters in
 * front; and those of seven characters. */
struct tx_words {
    tx_lanes word, joined, seven;
};

TX_ANCHORS void tx_words_at(const struct tx_around *alnum, const struct tx_around *digit,
                            const struct tx_around *letter, const struct tx_around *separator,
                            const struct tx_around *gap, const struct tx_around *dash, tx_lanes dot,
                            struct tx_carried *carried, struct tx_words *ret) {
    tx_lanes many = TX_BACK(*alnum, 3) & TX_BACK(*alnum, 4) & TX_BACK(*alnum, 5);
    tx_lanes joins = tx_begins(alnum) & TX_BACK(*separator, 1) & TX_BACK(*letter, 2) &
                     ~(many & TX_BACK(*alnum, 6));
    struct tx_around seven = *alnum;
    TX_GROW_BACK(seven, 1);
    TX_GROW_BACK(seven, 2);
    TX_GROW_BACK(seven, 3);
    tx_lanes least = TX_BACK(seven, 1);
    ret->joined = tx_carry(alnum->at, joins, &carried->joined);
    ret->seven = least & ~TX_BACK(*alnum, 8);
    ret->word =
        tx_carry(alnum->at, digit->at, &carried->digits) &
        (ret->joined | least | tx_short_words(alnum, digit, letter, separator, gap, dash, dot));
}

/* Gives all places. */
TX_ANCHORS tx_lanes tx_anchors_at(const struct tx_bits *bits, size_t b,
                                  struct tx_carried *carried) {
    struct tx_around digit = tx_around(bits->digit + b), alnum = tx_around(bits->alnum + b);
    struct tx_around dot = tx_around(bits->dot + b), colon = tx_around(bits->colon + b);
    struct tx_around hex = tx_around(bits->hex + b), base64 = tx_around(bits->base64 + b);
    struct tx_around slashes = tx_around(bits->slashes + b), gap = tx_around(bits->gap + b);
    struct tx_around dash = {gap.before & base64.before, gap.at & base64.at,
                             gap.after & base64.after};
    tx_lanes anchor = tx_with_digits(bits, b, &digit, &alnum, &dot) | tx_load(bits->literal + b) |
                      tx_load(bits->rare + b) | tx_schemes(bits->scheme + b, &alnum) |
                      tx_colons(&colon, &hex) | tx_vendors(&base64, &alnum, &slashes, &dot, &hex);
    tx_lanes coded = tx_load(bits->escape + b) | tx_coded(&base64, &alnum, &slashes);
    struct tx_around letter = tx_without(&alnum, &digit), separator = tx_or(&gap, &dot);
    separator = tx_or(&separator, &slashes);
    tx_lanes begins = tx_begins(&alnum);
    struct tx_around uuid = {.at = begins & tx_uuids(&hex, &dash)},
                     time = {.at = begins & tx_times(&digit, &alnum, &dash, &colon)};
    struct tx_words words = {0};
    if (TX_LANES > 1 || TX_ANY(digit.at))
        tx_words_at(&alnum, &digit, &letter, &separator, &gap, &dash, dot.at, carried, &words);
    if (TX_ANY(uuid.at))
        uuid.at &= tx_has_letter(letter);
    uuid.before = tx_before(uuid.at, &carried->uuid);
    time.before = tx_before(time.at, &carried->time);
    if (TX_ANY(uuid.at | uuid.before | time.at | time.before)) {
        words.word &= ~tx_clock_words(&uuid, &time, separator.at, words.seven);
        anchor &= ~(TX_BACK(uuid, 7) | TX_BACK(uuid, 12) | TX_BACK(uuid, 17) | TX_BACK(uuid, 22) |
                    TX_BACK(time, 19));
        coded &= ~(uuid.at | TX_BACK(uuid, 24) | time.at); /* no text in base64 */
    }
    tx_store(bits->anchor + b, anchor);
    tx_store(bits->coded + b, coded);
    tx_store(bits->word + b, words.word);
    tx_store(bits->begin + b, tx_phrases_begin(bits, b, &alnum, &letter));
    tx_store(bits->joined + b, words.joined & words.word);
    return anchor | coded | digit.at;
}

/* False when there is no place at all. */
TX_ANCHORS bool tx_anchors(const struct tx_bits *bits, size_t n) {
    struct tx_carried carried = {.digits = 0};
    tx_lanes any = {0};
    for (size_t b = 0; b * 64 <= n; b += TX_LANES)
        any |= tx_anchors_at(bits, b, &carried);
    return TX_ANY(any);
}

#endif
