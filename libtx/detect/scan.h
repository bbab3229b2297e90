/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_SCAN_H
#define TX_DETECT_SCAN_H

/*
 * What the detectors share: the text, how far each has come, character classes. A detector is a
 * function from an anchor's place to claims; `done` marks keep its walks from covering the same
 * bytes again and again.
 */

#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/bits.h"
#include "libtx/detect/detect.h"

/* Where words of context stand; see context.c. */
#define TX_CONTEXT_MARKS 1024
struct tx_context_mark {
    uint32_t start, end;
    uint16_t phrase;
};

/* For large variables of which only what was written is read. */
#define TX_UNINITIALIZED __attribute__((uninitialized))

struct tx_classifier;

/* Where the text of a scan comes from, for whoever is told of candidates; what hashes, and tables.
 */
struct tx_scan_place {
    const struct tx_classifier *way; /* by which the text became bits */
    struct tx_hasher *hasher;
    const struct tx_id_tree *ids;
    const struct tx_vendor_words *vendor_words;
    const uint32_t *offsets;       /* of its bytes in what was folded; NULL: itself */
    uint32_t word_start, word_end; /* of what was decoded, when depth > 0 */
    uint16_t value;
    uint8_t depth;
};

struct tx_run {
    size_t start, end;
};

/* How often each byte stands in [start, end), and the sum of each times its logarithm: it moves
 * along with windows of which each goes on where the last one did. */
struct tx_histogram {
    size_t start, end;
    double sum;
    uint16_t counts[256];
};

struct tx_scan {
    const uint8_t *p;
    size_t n;
    const struct tx_bits *bits;
    size_t first; /* the text's first bit in them */
    const struct tx_detect_options *options;
    const struct tx_scan_place *place;
    struct tx_matches *matches;
    const struct tx_id_tree *ids;
    const struct tx_vendor_words *vendor_words;
    /* From here on zero at first. The last word that was looked at as a whole, for
     * tx_scan_in_hex_word. */
    _Alignas(64) size_t word_start;
    size_t word_end;
    bool word_is_hex;
    /* Up to where each of these has looked. */
    size_t phone_done, ipv6_done, mac_done, jwt_done, auth_done, private_key_done, kv_done, kv_next,
        kv_named, cookie_done, url_done, gps_done, mrz_done, card_done;
    struct tx_run iban;           /* the last one */
    struct tx_run vendor_runs[4]; /* by the characters; see detect-vendor.c */
    struct tx_run slack_run;
    bool has_histogram;
    /* What begins and ends within these has no word of any context near it. */
    size_t clear_from, clear_to;
    bool has_context;
    /* From here on set when the first candidate asks for it. */
    bool context_overflow;
    const struct tx_phrases *phrases;
    struct tx_detector_set named;           /* by the field's name */
    struct tx_detector_set marked;          /* by some word of the text */
    size_t n_marks, looked_from, looked_to; /* bits */
    size_t marks_end;                       /* in the text */
    uint32_t near_start, near_end; /* the word that tx_context_near found last; the same: a name */
    struct tx_context_mark marks[TX_CONTEXT_MARKS];
    struct tx_histogram slack_bytes; /* when there is one */
};

static inline bool tx_scan_wants(const struct tx_scan *s, enum tx_detector detector) {
    return tx_detectors_have(&s->options->wanted, detector);
}

/* The byte at i, or 0 outside the text (a byte that no detector takes for part of anything). */
static inline uint8_t tx_scan_at(const struct tx_scan *s, size_t i) {
    return i < s->n ? s->p[i] : 0;
}
/* The byte before i. */
static inline uint8_t tx_scan_before(const struct tx_scan *s, size_t i) {
    return i > 0 ? s->p[i - 1] : 0;
}

/* Whether [start, end) is a part of an IBAN that was claimed: no card's number. */
static inline bool tx_scan_in_iban(const struct tx_scan *s, size_t start, size_t end) {
    return start >= s->iban.start && end <= s->iban.end;
}

static inline bool tx_is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}
static inline bool tx_is_letter(uint8_t c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
static inline bool tx_is_alnum(uint8_t c) {
    return tx_is_digit(c) || tx_is_letter(c);
}
static inline bool tx_is_word(uint8_t c) {
    return tx_is_alnum(c) || c == '_';
}
static inline bool tx_is_hex(uint8_t c) {
    return tx_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
static inline bool tx_is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline uint8_t tx_lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
static inline uint8_t tx_upper(uint8_t c) {
    return c >= 'a' && c <= 'z' ? (uint8_t)(c & ~0x20) : c;
}
/* base64url, as JWTs use it */
static inline bool tx_is_base64url(uint8_t c) {
    return tx_is_alnum(c) || c == '-' || c == '_';
}

/* In fewer bytes no run of what may be encoded is anything as it stands there. */
#define TX_SCAN_CODED_MIN 40

/* Scans a text as it is; what is found is added to *ret. `bits` has its classes and places, from
 * `first` on; in front of it and behind it none is set. */
void tx_scan(struct tx_text text, const struct tx_bits *bits, size_t first,
             const struct tx_scan_place *place, const struct tx_detect_options *options,
             struct tx_matches *ret);

void tx_matches_reset(struct tx_matches *matches);
/* At the end, in any order. */
void tx_matches_add(struct tx_matches *matches, const struct tx_match *match);
/* By start, end and detector; each once. */
void tx_matches_sort(struct tx_matches *matches);

/* Whether `word` (lower case) stands at i, in any case of letters; most are out by their first
 * character. */
bool tx_scan_goes_on(const struct tx_scan *s, size_t i, const char *word);
static inline bool tx_scan_is_word(const struct tx_scan *s, size_t i, const char *word) {
    return tx_lower(tx_scan_at(s, i)) == (uint8_t)word[0] && tx_scan_goes_on(s, i, word);
}

/* Whether `literal` stands at i as it is. */
bool tx_scan_is(const struct tx_scan *s, size_t i, const char *literal);

/* [start, end) is what the detector looks for. Nothing happens when it is not wanted. */
void tx_scan_claim(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end);
/* The same, for detectors of a configuration, which know how sure they are, and whether a word of
 * their context made it believable (s->near_start and near_end are its place then). */
void tx_scan_claim_sure(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end,
                        bool has_context, uint8_t confidence);

/* It is not, though it looks so. Only a trace hears of that. */
void tx_scan_tell(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end,
                  enum tx_fate fate, bool has_context, uint8_t confidence);
static inline void tx_scan_refuse(struct tx_scan *s, enum tx_detector detector, size_t start,
                                  size_t end, enum tx_fate fate) {
    if (s->options->trace)
        tx_scan_tell(s, detector, start, end, fate, false, 0);
}

/* Whether [start, end), digits only, is a part of a longer word of nothing but hex digits: an
 * identifier or a digest. */
bool tx_scan_in_hex_word(struct tx_scan *s, size_t start, size_t end);

/* Whether [start, end) lies in an UUID (8-4-4-4-12 hex digits of which some are letters): random
 * digits. */
bool tx_scan_in_uuid(const struct tx_scan *s, size_t start, size_t end);

/* Whether the number that begins at `start` is said to be a thing's: an order's, a ticket's. */
bool tx_scan_is_of_thing(const struct tx_scan *s, size_t start);
/* Whether the number [start, end) is an amount of money: in groups of three with spaces, and a
 * currency beside it or cents behind. */
bool tx_scan_is_amount(const struct tx_scan *s, size_t start, size_t end);

/* Bits of entropy for each character of [start, end), as its own characters are distributed. */
double tx_scan_entropy(const struct tx_scan *s, size_t start, size_t end);

/* Whether a word of the detector's context stands near [start, end), or in the field's name.
 * Amortised over the text; candidates come nearly in the text's order. */
bool tx_context_near(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end);
/* Whether it is certain that no word of any of these does. Never so when there is a trace, which is
 * told of all. */
bool tx_context_lacks(struct tx_scan *s, const struct tx_detector_set *detectors, size_t start,
                      size_t end);
/* Whether that is known already, of all detectors. */
static inline bool tx_context_is_clear(const struct tx_scan *s, size_t start, size_t end) {
    return start >= s->clear_from && end <= s->clear_to;
}
static inline bool tx_context_never(struct tx_scan *s, const struct tx_detector_set *detectors,
                                    size_t start, size_t end) {
    return tx_context_is_clear(s, start, end) || tx_context_lacks(s, detectors, start, end);
}

/* Whether one of `words` (written as in tx_detector_info.context) stands in the `before` bytes in
 * front of [start, end) or the `after` bytes behind it; in the name, for words that count there.
 * The work is of the order of before + after for each word. */
bool tx_context_has(struct tx_scan *s, const char *words, size_t start, size_t end, size_t before,
                    size_t after);
bool tx_context_names(struct tx_scan *s, const char *words);

/* One for each anchor. `at` is the anchor's place. */
void tx_detect_email(struct tx_scan *s, size_t at);       /* '@' */
void tx_detect_url(struct tx_scan *s, size_t at);         /* the ':' of "://" */
void tx_detect_ipv6(struct tx_scan *s, size_t at);        /* the first ':' */
void tx_detect_mac(struct tx_scan *s, size_t at);         /* the first ':' or '-' */
void tx_detect_kv(struct tx_scan *s, size_t at);          /* ':' or '=' */
void tx_detect_jwt(struct tx_scan *s, size_t at);         /* the 'J' of "eyJ" */
void tx_detect_auth(struct tx_scan *s, size_t at);        /* ' ', ':' or '=' behind a scheme */
void tx_detect_private_key(struct tx_scan *s, size_t at); /* the 'B' of "-BEGIN" */
void tx_detect_aws_key(struct tx_scan *s, size_t at);     /* the last letter of the beginning */
void tx_detect_google_key(struct tx_scan *s, size_t at);  /* the 'z' of "AIza" */
void tx_detect_underscore(struct tx_scan *s, size_t at);  /* '_': GitHub, Stripe */
void tx_detect_slack(struct tx_scan *s, size_t at);       /* 'x' and '/' */
void tx_detect_vendor(struct tx_scan *s, size_t at);      /* '_', '-' and '.' */
void tx_detect_eth(struct tx_scan *s, size_t at);         /* the 'x' of "0x" */
void tx_detect_phone(struct tx_scan *s, size_t at);       /* '+' and '(' */
void tx_detect_plus(struct tx_scan *s, size_t at);        /* '+', from the telephone's */
/* [*start, *end) has the shape of a telephone number. False when it is a part of a longer number;
 * otherwise with the groups of digits beside it, and an extension. */
bool tx_phone_is_whole(struct tx_scan *s, size_t *start, size_t *end);
void tx_detect_mrz(struct tx_scan *s, size_t at); /* '<' */
/* Digits with gaps, from their first on. */
void tx_detect_card(struct tx_scan *s, size_t at);
/* From a word of four digits on. */
void tx_detect_card_groups(struct tx_scan *s, size_t start);
/* From a word of three digits on that has two gaps behind it. */
void tx_detect_ssn(struct tx_scan *s, size_t start);
/* A run of digits [at, end). */
void tx_detect_iban(struct tx_scan *s, size_t at, size_t end);
void tx_detect_ipv4(struct tx_scan *s, size_t at, size_t end);
void tx_detect_gps(struct tx_scan *s, size_t at, size_t end);
/* All words of letters and digits with at least one digit. */
void tx_detect_words(struct tx_scan *s);
/* One of them, [start, end). */
void tx_detect_btc(struct tx_scan *s, size_t start, size_t end);
void tx_detect_vendor_word(struct tx_scan *s, size_t start, size_t end);
#define TX_BTC_BYTES_MIN 14
/* Groups of beginnings of makers' tokens and of addresses: by a word's first character, by its
 * second, and which of them a word of so many characters can have. It is none where no group is in
 * all three. */
#define TX_VENDOR_LENGTHS 32
struct tx_vendor_words {
    uint8_t first[256], second[256], by_length[TX_VENDOR_LENGTHS];
};
#define TX_VENDOR_BYTES_MIN 5
const struct tx_vendor_words *tx_vendor_words(void);
/* 40 letters, digits, '+' and '/' and no more. */
void tx_detect_aws_secret(struct tx_scan *s, size_t start, size_t end);

#endif
