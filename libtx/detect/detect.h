/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_DETECT_H
#define TX_DETECT_DETECT_H

/*
 * Finding personal data in a text. One pass over the bytes looks for anchors (a digit, '@', ':'
 * and so on); exact validators run only there. It knows no rule. Invariants: the work is linear in
 * the text, whatever stands in it, and no length hides a match.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"
#include "libtx/detect/detector.h"

/* Detectors of a configuration come after the built-in ones. */
#define TX_DETECT_CUSTOM_MAX 128
#define TX_DETECT_SET_WORDS 4
static_assert(TX_DETECT_N + TX_DETECT_CUSTOM_MAX <= 64 * TX_DETECT_SET_WORDS, "each has its bit");

struct tx_detector_set {
    uint64_t word[TX_DETECT_SET_WORDS];
};

static inline bool tx_detectors_have(const struct tx_detector_set *set, enum tx_detector d) {
    return set->word[d / 64] >> (d % 64) & 1;
}
static inline void tx_detectors_add(struct tx_detector_set *set, enum tx_detector d) {
    set->word[d / 64] |= UINT64_C(1) << (d % 64);
}
static inline bool tx_detectors_any(const struct tx_detector_set *set) {
    uint64_t any = 0;
    for (size_t i = 0; i < TX_DETECT_SET_WORDS; i++)
        any |= set->word[i];
    return any != 0;
}
static inline void tx_detectors_or(struct tx_detector_set *set,
                                   const struct tx_detector_set *other) {
    for (size_t i = 0; i < TX_DETECT_SET_WORDS; i++)
        set->word[i] |= other->word[i];
}
static inline void tx_detectors_and(struct tx_detector_set *set,
                                    const struct tx_detector_set *other) {
    for (size_t i = 0; i < TX_DETECT_SET_WORDS; i++)
        set->word[i] &= other->word[i];
}
static inline bool tx_detectors_share(const struct tx_detector_set *set,
                                      const struct tx_detector_set *other) {
    uint64_t any = 0;
    for (size_t i = 0; i < TX_DETECT_SET_WORDS; i++)
        any |= set->word[i] & other->word[i];
    return any != 0;
}
/* How many. */
static inline int tx_detectors_count(const struct tx_detector_set *set) {
    int n = 0;
    for (size_t i = 0; i < TX_DETECT_SET_WORDS; i++)
        n += __builtin_popcountll(set->word[i]);
    return n;
}

extern const struct tx_detector_set tx_detectors_all;
/* Those that an integer can match. */
extern const struct tx_detector_set tx_detectors_of_numbers;

/* How sure a match is, in percent. It is 100 less what the detector's check lets pass of random
 * characters in its shape, and less again where other things are written so too (versions like
 * IPv4, dates of anything). A word of its context, or the field's name, halves the doubt. */
uint8_t tx_detector_confidence(enum tx_detector d, bool has_context);

/* The one with that name, or TX_DETECT_N. */
enum tx_detector tx_detector_find(struct tx_text name);

/* Bytes [start, end) of the text. */
struct tx_match {
    uint32_t start, end;
    enum tx_detector detector;
    uint16_t value;     /* of tx_detect_values: which one */
    uint8_t confidence; /* see tx_detector_confidence */
    bool is_encoded;    /* the word says so when it is decoded; all of it is claimed */
};

/* A text with more than that in it is not worth more detail: it is redacted whole. */
#define TX_DETECT_MATCHES_MAX 2048

struct tx_matches {
    size_t n;
    bool unsorted; /* not to be seen outside */
    bool overflow; /* there were more; what is in `match` is not to be used */
    struct tx_match match[TX_DETECT_MATCHES_MAX]; /* by start; they may overlap */
    uint64_t work;                                /* bytes that were looked at again, for tests */
};

/* --- how a text is read --- */

/* Encodings that are looked into; the same bits as in a configuration. */
enum tx_reading_decode {
    TX_READ_ESCAPES = 1, /* of JSON, C and HTML: \u0040, \x40, &#64; */
    TX_READ_PERCENT = 2,
    TX_READ_BASE64 = 4,
    TX_READ_HEX = 8,
    TX_READ_ALL = 15,
};

#define TX_READING_DEPTH_MAX 4

struct tx_reading {
    unsigned decode; /* bits of tx_reading_decode */
    uint8_t depth; /* how often in each other encodings are undone; at most TX_READING_DEPTH_MAX */
    bool digits;   /* digits of all scripts, and full-width characters, are ASCII */
    bool zero_width;  /* what nobody sees is left out */
    bool confusables; /* letters of Cyrillic and Greek that look like Latin ones are those */
};

/* All encodings, two deep; digits and what nobody sees, but no confusables. */
extern const struct tx_reading tx_reading_default;

/* --- what became of a candidate, for whoever explains --- */

enum tx_fate {
    TX_FATE_CLAIMED,
    TX_FATE_INVALID,    /* its shape fits, its check digits or its other rules say no */
    TX_FATE_NO_CONTEXT, /* it is valid, but no word near it makes it believable */
    TX_FATE_IN_UUID,    /* the digits lie in an UUID */
    TX_FATE_IN_HEX,     /* in a word of hex digits, a digest or an identifier */
    TX_FATE_IN_DECIMAL, /* before or behind a decimal point */
    TX_FATE_IN_NAME,    /* '_' joins it with what stands beside it */
    TX_FATE_N,
};

struct tx_candidate {
    uint16_t value;     /* of tx_detect_values: which one */
    uint8_t depth;      /* how many encodings were undone */
    uint8_t confidence; /* percent, when it was claimed */
    enum tx_detector detector;
    enum tx_fate fate;
    uint32_t start, end; /* in the text; of an encoded one, the whole of what was decoded first */
    bool has_context;    /* a word made it believable (for what was claimed or had a need of one) */
    uint32_t word_start, word_end; /* that word in the text; the same: it stands in the field's
                                      name, or in what was decoded, or was only assumed */
};

/* Is told of every candidate that got as far as a validator. Costs nothing when it is not there. */
struct tx_detect_trace {
    void (*tell)(void *data, const struct tx_candidate *candidate);
    void *data;
};

/* --- detectors of a configuration --- */

struct tx_scan;

/* `find` looks for all of them in the text of the scan, which is folded, or decoded and folded; it
 * claims with tx_scan_claim_sure (libtx/detect/scan.h), by numbers from TX_DETECT_N on. */
struct tx_custom_detectors {
    void (*find)(void *data, struct tx_scan *s);
    void *data;
};

struct tx_detect_options {
    struct tx_detector_set wanted;
    struct tx_text name; /* of the field that the text stands in: it counts as context */
    bool assume_context; /* as if every detector's context words were there */
    const struct tx_reading *reading;         /* NULL: the default */
    const struct tx_custom_detectors *custom; /* NULL: none */
    const struct tx_detect_trace *trace;      /* NULL: nobody asks */
};

/* What is needed in between; for texts of at most `cap` bytes. Wiped after each use. */
struct tx_detect_memory;
TX_MUST_USE int tx_detect_memory_new(size_t cap, struct tx_detect_memory **ret);
void tx_detect_memory_free(struct tx_detect_memory *memory);
TX_DEFINE_CLEANUP(struct tx_detect_memory *, tx_detect_memory_free);

/* For tests and benchmarks: from now on as on a processor without vectors, or as on one with AVX2
 * and no more. The matches are the same. False: this one has no AVX2, and nothing changes. */
void tx_detect_use_portable(struct tx_detect_memory *memory);
bool tx_detect_use_avx2(struct tx_detect_memory *memory);

/* *ret is set anew. A text that is longer than the memory is for is an overflow. */
void tx_detect(struct tx_detect_memory *memory, struct tx_text text,
               const struct tx_detect_options *options, struct tx_matches *ret);

/* Many values at once, all in one pass. */
struct tx_detect_value {
    struct tx_text text;
    struct tx_text name;           /* as in the options, whose own is not looked at */
    struct tx_detector_set wanted; /* so is this */
};

/* The same matches, by value and then by start, as tx_detect finds in each value alone: none
 * reaches over two values, nor does a word of one make something in another believable. An overflow
 * says so of all of them; the caller takes them one by one then. */
#define TX_DETECT_VALUES_MAX 4096
void tx_detect_values(struct tx_detect_memory *memory, const struct tx_detect_value *values,
                      size_t n, const struct tx_detect_options *options, struct tx_matches *ret);

/* What is united: no two touch into each other. */
struct tx_span {
    uint32_t start, end;
    struct tx_detector_set detectors;
};

/* Of matches that did not overflow; returns how many. `ret` has room for TX_DETECT_MATCHES_MAX. */
size_t tx_matches_unite(const struct tx_matches *matches, struct tx_span *ret);

#endif
