/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_LOOK_H
#define TX_DETECT_LOOK_H

/*
 * From places to those that are worth more than a look: words by which an identifier may be
 * believed. Without branches, as nobody can tell before what stands there. Compiled once for each
 * way of classify.h, since such code is shorter with each processor's newer instructions. Whoever
 * includes this defines TX_ANCHORS_FOR; see lanes.h.
 */

#include "libtx/detect/ids.h"
#include "libtx/detect/phrases.h"
#include "libtx/detect/scan.h"

#define TX_LOOK static inline __attribute__((TX_ANCHORS_FOR always_inline))

/* Writes the places that are set in one word of the bits, of which `base` is the first; how many.
 * There is room for 64. */
#ifndef TX_PLACES
TX_LOOK size_t tx_places(uint64_t set, uint32_t base, uint32_t *ret) {
    size_t n = 0;
    for (; set; set &= set - 1)
        ret[n++] = base + (uint32_t)__builtin_ctzll(set);
    return n;
}
#endif

/* Where words begin in the b-th word of the bits, in [from, to). */
TX_LOOK uint64_t tx_begins_in(const struct tx_scan *s, size_t b, size_t from, size_t to) {
    return s->bits->begin[b] & tx_bits_within(b, from, to);
}

/* Of those, the ones of two or three letters that a capital ends: idNo, vatId. */
TX_LOOK uint64_t tx_humps(const struct tx_scan *s, size_t b, uint64_t begins) {
    const uint64_t *begin = s->bits->begin + b, *alnum = s->bits->alnum + b;
    uint64_t second = alnum[0] >> 1 | alnum[1] << 63, third = alnum[0] >> 2 | alnum[1] << 62;
    uint64_t at_third = begin[0] >> 2 | begin[1] << 62, at_fourth = begin[0] >> 3 | begin[1] << 61;
    return begins & ((at_third & second) | (at_fourth & third));
}

/* Where words begin in the bits [from, to), of which there are at most TX_PHRASE_PLACES, that may
 * be of a context. */
TX_LOOK size_t tx_look_at_begins(const struct tx_scan *s, size_t from, size_t to,
                                 uint32_t ret[TX_PHRASE_PLACES]) {
    const struct tx_phrases *phrases = s->phrases;
    const uint64_t *alnum = s->bits->alnum, *high = s->bits->high;
    const uint8_t *p = s->p;
    const size_t first = s->first, n_text = s->n;
    size_t n = 0;

    for (size_t b = from / 64; b * 64 < to; b++) {
        uint64_t begins = tx_begins_in(s, b, from, to), humps = tx_humps(s, b, begins);
        uint64_t third = (alnum[b] | high[b]) >> 2 | (alnum[b + 1] | high[b + 1]) << 62;
        for (; begins; begins &= begins - 1) {
            size_t i = (size_t)__builtin_ctzll(begins), at = b * 64 + i - first;
            uint32_t bytes = tx_phrase_bytes(p + at, n_text - at);
            ret[n] = (uint32_t)at;
            n += tx_phrase_may_begin(phrases, bytes, ~third >> i & 1) | (humps >> i & 1);
        }
    }
    return n;
}

/* --- words of letters and digits --- */

/* 64 places of a map, those before them and those behind. */
struct tx_near {
    uint64_t before, at, after;
};

TX_LOOK struct tx_near tx_near(const uint64_t *map, size_t i) {
    const uint64_t *at = map + i / 64;
    return (struct tx_near){at[-1], at[0], at[1]};
}
/* The 64 places in front of the i-th, of which the last is in the highest bit; and those behind it,
 * of which the first is in the lowest. */
TX_LOOK uint64_t tx_ending(const struct tx_near *map, size_t i) {
    return map->at << 1 << (~i & 63) | map->before >> (i & 63);
}
TX_LOOK uint64_t tx_beginning(const struct tx_near *map, size_t i) {
    return map->at >> 1 >> (i & 63) | map->after << (~i & 63);
}

/* The length of the word that begins in the lowest bit, where it is less than 31. */
TX_LOOK size_t tx_length(uint64_t alnum) {
    return (size_t)__builtin_ctzll(~alnum | UINT64_C(1) << 31);
}

/* Four digits with a sign behind them that is not looked at for cards otherwise. */
TX_LOOK bool tx_may_be_card(const struct tx_scan *s, size_t n, uint64_t digits, size_t end) {
    if (n != 4 || digits != 15)
        return false;
    uint8_t behind = tx_scan_at(s, end), next = tx_scan_at(s, end + 1);
    return behind == ' ' ? !tx_is_alnum(next)
                         : behind == '/' || behind == '_' || behind == '.' || behind == '+' ||
                               behind == '|' || behind == ':' || tx_is_space(behind);
}

TX_LOOK unsigned tx_fits(tx_id_mask must, tx_id_mask kinds) {
    return (must & ~kinds) == 0;
}

/* What looking at words takes, where writing a word cannot change it. */
struct tx_look_from {
    const uint8_t *p;
    size_t last, first; /* the last byte's place, and its first bit */
    const uint64_t *alnum, *digit, *joined;
    const struct tx_id_tree *tree;
    const struct tx_vendor_words *vendors;
};

/* The separator at a place, or none. At the end stands a character of the word in front. */
TX_LOOK size_t tx_separator_at(const struct tx_look_from *from, size_t at) {
    return from->tree->separators[from->p[at < from->last ? at : from->last]];
}

/* Whether an id of more words may begin with the one of n characters in front of the place i: by
 * the second one's characters, and by what stands behind that. */
TX_LOOK unsigned tx_leads_to_more(const struct tx_look_from *from, size_t i, size_t n,
                                  uint64_t digits) {
    size_t separator = tx_separator_at(from, i - from->first);
    if (separator == TX_ID_NONE)
        return 0;
    const struct tx_id_tree *tree = from->tree;
    const struct tx_near alnum = tx_near(from->alnum, i), digit = tx_near(from->digit, i);
    size_t end = i - from->first;
    uint64_t next = tx_beginning(&alnum, i);
    size_t n_second = tx_length(next), n_third = tx_length(next >> n_second >> 1);
    size_t start = tx_id_start(n, separator);
    const struct tx_id_start *first = &tree->starts[start];
    unsigned leads = (first->seconds >> n_second & 1) & tx_fits(first->must, tx_id_kinds(digits));
    size_t pair = tree->pairs[start][n_second] & -(size_t)leads;
    const struct tx_id_further *further = &tree->further[pair];
    uint64_t second = tx_beginning(&digit, i) & ((UINT64_C(1) << n_second) - 1);
    uint64_t kinds = tx_id_kinds((uint32_t)(digits | second << (n & 63)));
    size_t behind = tx_separator_at(from, end + 1 + n_second);
    return leads & (tx_fits(further->must[0], kinds) | tx_fits(further->must[1], kinds)) &
           (further->thirds[behind] >> n_third & 1);
}

/* What can begin with the word that ends at the place i. */
TX_LOOK unsigned tx_look_at_word(const struct tx_scan *s, const struct tx_look_from *from, size_t i,
                                 struct tx_id_word *ret) {
    const struct tx_near alnum = tx_near(from->alnum, i), digit = tx_near(from->digit, i);
    const struct tx_vendor_words *vendors = from->vendors;
    size_t n = (size_t)__builtin_clzll(~tx_ending(&alnum, i) | 1);
    uint64_t digits = tx_ending(&digit, i) >> (-n & 63);
    if (__builtin_expect(n > 62, 0)) {
        n = i - tx_run_start(from->alnum, i);
        digits = 0;
    }
    size_t end = i - from->first, start = end - n;
    size_t row = n <= TX_ID_WORD_MAX ? n : TX_ID_WORD_MAX + 1;
    unsigned others = vendors->first[from->p[start]] & vendors->second[from->p[start + (n > 1)]] &
                      vendors->by_length[row];
    unsigned single =
        tx_fits(from->tree->starts[tx_id_start(row, TX_ID_NONE)].must, tx_id_kinds(digits));

    ret->digits = digits;
    ret->start = (uint32_t)start;
    ret->end = (uint32_t)end;
    return TX_ID_SINGLE * single | TX_ID_MORE * tx_leads_to_more(from, i, row, digits) |
           TX_ID_PREFIX * (unsigned)(from->joined[i / 64] >> (i & 63) & 1) |
           TX_ID_OTHER * ((others != 0) | (from->p[end < from->last ? end : from->last] == '~')) |
           TX_ID_CARD * tx_may_be_card(s, n, digits, end);
}

TX_LOOK struct tx_look_from tx_look_from(const struct tx_scan *s) {
    return (struct tx_look_from){.p = s->p,
                                 .last = s->n - 1,
                                 .first = s->first,
                                 .alnum = s->bits->alnum,
                                 .digit = s->bits->digit,
                                 .joined = s->bits->joined,
                                 .tree = s->ids,
                                 .vendors = s->vendor_words};
}

/* Of the words that have a digit and end in the bits from the *b-th word on, those that are worth
 * it; how many. Without branches: what a word is nobody can tell before. */
TX_LOOK size_t tx_look_at_words(struct tx_scan *s, size_t *b, struct tx_id_word ret[TX_ID_WORDS]) {
    TX_UNINITIALIZED uint32_t ends[TX_ID_WORDS + 64];
    const struct tx_look_from from = tx_look_from(s);
    size_t first = s->first, last = (first + s->n) / 64, n_ends = 0, n = 0, at = *b;

    for (; at <= last && n_ends <= TX_ID_WORDS - 32; at++) {
        uint64_t within = at == first / 64 || at == last
                              ? tx_bits_within(at, first + 1, first + s->n + 1)
                              : UINT64_MAX;
        size_t more = tx_places(s->bits->word[at] & within, (uint32_t)(at * 64), ends + n_ends);
        n_ends += more;
        if (__builtin_expect(more >= TX_ID_ROW_WORDS_MIN, 0) && at * 64 >= first + 64 &&
            (at + 2) * 64 <= first + s->n && tx_id_is_row(s, at))
            n_ends -= more;
    }
    *b = at;
    for (size_t k = 0; k < n_ends; k++) {
        unsigned what = tx_look_at_word(s, &from, ends[k], &ret[n]);
        ret[n].what = (uint8_t)what;
        n += what != 0;
    }
    return n;
}

#endif
