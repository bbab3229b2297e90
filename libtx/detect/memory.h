/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_MEMORY_H
#define TX_DETECT_MEMORY_H

/*
 * Inside tx_detect: its memory, and the steps that one text and many share.
 */

#include "libtx/detect/classify.h"
#include "libtx/detect/scan.h"

#define TX_SHORT_WORDS (TX_BITS_MAPS * (2 + TX_BITS_BEHIND)) /* of TX_SHORT_BYTES */

/* What a text needs that was decoded so often. */
struct tx_level {
    uint8_t *folded; /* of level 0 also: many values, a zero byte in front of each and at the end */
    uint32_t *offsets;
    uint8_t *decoded;
    uint32_t *origins; /* of what was decoded, when the word is mixed */
    uint64_t *words;   /* of the bits */
    struct tx_bits bits;
    uint64_t short_words[TX_SHORT_WORDS]; /* the same for a short one; zero but for the first */
    struct tx_bits short_bits;
    struct tx_matches *matches; /* of what was decoded; level 0: of one of many values */
};

struct tx_level_slot {
    uint32_t start, n;
    bool is_folded;
};

struct tx_detect_memory {
    size_t cap;
    const struct tx_classifier *classifier;
    struct tx_hasher *hasher;
    const struct tx_id_tree *ids;
    const struct tx_vendor_words *vendor_words;
    struct tx_level level[TX_READING_DEPTH_MAX + 1];
    struct tx_matches matches[TX_READING_DEPTH_MAX + 1];
    struct tx_level_slot slot[TX_DETECT_VALUES_MAX];
};

/* One text on its way through the levels. */
struct tx_detection {
    struct tx_detect_memory *memory;
    const struct tx_detect_options *options;
    const struct tx_reading *reading;
    struct tx_scan_place place;
};

const struct tx_reading *tx_detect_reading(const struct tx_detect_options *options);

static inline struct tx_scan_place tx_detect_place(const struct tx_detect_memory *memory,
                                                   size_t value) {
    return (struct tx_scan_place){.way = memory->classifier,
                                  .hasher = memory->hasher,
                                  .ids = memory->ids,
                                  .vendor_words = memory->vendor_words,
                                  .value = (uint16_t)value};
}

/* Scans a text whose bits are there from `first` on, then what is encoded in it. Places in *ret are
 * those before it was folded (d->place.offsets). */
void tx_detect_prepared(struct tx_detection *d, struct tx_text text, const struct tx_bits *bits,
                        size_t first, struct tx_matches *ret);

#endif
