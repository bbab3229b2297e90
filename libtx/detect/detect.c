/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/crypto/hash.h"
#include "libtx/crypto/secret.h"
#include "libtx/detect/decode.h"
#include "libtx/detect/fold.h"
#include "libtx/detect/ids.h"
#include "libtx/detect/memory.h"

/*
 * text → folded → classes → anchors → scanned → what was found, at its place in the text; then each
 * encoded word in it → decoded → the same once more, as deep as is asked for.
 */

/* In front of each of many values, and behind the last. */
#define SEPARATOR_BYTES 2

const struct tx_reading tx_reading_default = {
    .decode = TX_READ_ALL, .depth = 2, .digits = true, .zero_width = true};

void tx_detect_memory_free(struct tx_detect_memory *memory) {
    if (!memory)
        return;
    tx_hasher_free(memory->hasher);
    for (size_t i = 0; i < TX_COUNT_OF(memory->level); i++) {
        free(memory->level[i].folded);
        free(memory->level[i].offsets);
        free(memory->level[i].decoded);
        free(memory->level[i].origins);
        free(memory->level[i].words);
    }
    free(memory);
}

static const struct tx_classifier *best_classifier(void) {
    const struct tx_classifier *best = tx_classify_avx512();
    if (!best)
        best = tx_classify_avx2();
    return best ? best : &tx_classify_portable;
}

int tx_detect_memory_new(size_t cap, struct tx_detect_memory **ret) {
    _cleanup_(tx_detect_memory_freep) struct tx_detect_memory *memory = calloc(1, sizeof(*memory));
    if (!memory)
        return -ENOMEM;
    int r = tx_hasher_new(&memory->hasher);
    if (r < 0)
        return r;
    memory->cap = cap;
    memory->ids = tx_id_tree();
    memory->vendor_words = tx_vendor_words();
    memory->classifier = best_classifier();
    for (size_t i = 0; i < TX_COUNT_OF(memory->level); i++) {
        struct tx_level *level = &memory->level[i];
        level->folded = malloc(cap + SEPARATOR_BYTES);
        level->offsets = malloc((cap + SEPARATOR_BYTES) * sizeof(*level->offsets));
        level->decoded = malloc(cap);
        level->origins = malloc((cap + 1) * sizeof(*level->origins));
        level->words = malloc(tx_bits_words(cap + SEPARATOR_BYTES) * sizeof(*level->words));
        if (!level->folded || !level->offsets || !level->decoded || !level->origins ||
            !level->words)
            return -ENOMEM;
        tx_bits_init(&level->bits, level->words, cap + SEPARATOR_BYTES);
        tx_bits_init(&level->short_bits, level->short_words, TX_SHORT_BYTES);
        level->matches = &memory->matches[i];
    }
    *ret = TX_STEAL(memory);
    return 0;
}

void tx_detect_use_portable(struct tx_detect_memory *memory) {
    memory->classifier = &tx_classify_portable;
}

bool tx_detect_use_avx2(struct tx_detect_memory *memory) {
    const struct tx_classifier *avx2 = tx_classify_avx2();
    if (avx2)
        memory->classifier = avx2;
    return avx2 != NULL;
}

const struct tx_reading *tx_detect_reading(const struct tx_detect_options *options) {
    return options->reading ? options->reading : &tx_reading_default;
}

static void detect_long(struct tx_detection *d, struct tx_text text, struct tx_matches *ret) {
    const struct tx_level *level = &d->memory->level[d->place.depth];
    size_t n_folded = 0;

    const struct tx_classifier *classifier = d->memory->classifier;
    if (classifier->classify((const uint8_t *)text.p, text.n, &level->bits)) {
        n_folded = tx_fold(text, d->reading, level->folded, level->offsets);
        text = (struct tx_text){(const char *)level->folded, n_folded};
        d->place.offsets = level->offsets;
        classifier->classify(level->folded, n_folded, &level->bits);
    }
    if (classifier->anchors(&level->bits, text.n) || d->options->custom)
        tx_detect_prepared(d, text, &level->bits, 0, ret);
    tx_wipe(level->folded, n_folded);
}

/* Most values are short, and in most of those nothing begins. One that must be folded takes the
 * other way. */
static void detect(struct tx_detection *d, struct tx_text text, struct tx_matches *ret) {
    const struct tx_bits *bits = &d->memory->level[d->place.depth].short_bits;

    if (text.n == 0 || text.n > TX_SHORT_BYTES ||
        d->memory->classifier->classify_short((const uint8_t *)text.p, text.n, bits))
        detect_long(d, text, ret);
    else if (tx_classify_short_anchors(bits, text.n) || d->options->custom)
        tx_detect_prepared(d, text, bits, 0, ret);
}

/* The first match of the sorted ones that begins at `start` or behind it. */
static size_t first_from(const struct tx_matches *matches, size_t n, size_t start) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (matches->match[middle].start < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What each detector found that begins at a place or before it goes so far. */
struct cover {
    uint32_t end[64 * TX_DETECT_SET_WORDS];
};

static void add_cover(struct cover *cover, const struct tx_match *match) {
    uint32_t *end = &cover->end[match->detector];
    *end = match->end > *end ? match->end : *end;
}

/* What stands in an encoded word claims all of it, but for what was found as it stands there: among
 * the n_plain sorted matches, and among those behind them, of words that were decoded before. */
static void claim_word(const struct tx_matches *inner, const struct tx_encoded *word,
                       const uint32_t *origins, struct tx_matches *ret, size_t n_plain) {
    struct tx_detector_set done = {.word = {0}};
    struct cover cover = {.end = {0}};
    size_t next = first_from(ret, n_plain, word->start);

    for (size_t i = 0, n = ret->n; i < inner->n; i++) {
        const struct tx_match *match = &inner->match[i];
        bool is_plain = false;
        if (tx_detectors_have(&done, match->detector))
            continue;
        if (word->is_mixed) {
            uint32_t start = origins[match->start], end = origins[match->end];
            for (; next < n_plain && ret->match[next].start <= start; next++)
                add_cover(&cover, &ret->match[next]);
            is_plain = cover.end[match->detector] >= end;
            for (size_t k = n; k > n_plain && ret->match[k - 1].end > word->start; k--)
                is_plain |= ret->match[k - 1].detector == match->detector &&
                            ret->match[k - 1].start <= start && ret->match[k - 1].end >= end;
        }
        if (is_plain)
            continue;
        tx_detectors_add(&done, match->detector);
        tx_matches_add(ret, &(struct tx_match){.start = (uint32_t)word->start,
                                               .end = (uint32_t)word->end,
                                               .detector = match->detector,
                                               .confidence = match->confidence,
                                               .is_encoded = true});
    }
}

static void place_word(const struct tx_detection *d, const struct tx_encoded *word,
                       struct tx_scan_place *ret) {
    const uint32_t *offsets = d->place.offsets;
    *ret = d->place;
    ret->offsets = NULL;
    ret->depth++;
    if (d->place.depth > 0)
        return;
    ret->word_start = offsets ? offsets[word->start] : (uint32_t)word->start;
    ret->word_end = offsets ? offsets[word->end] : (uint32_t)word->end;
}

/* No detector of ours finds anything in fewer bytes, but for an address with a colon, and none are
 * made of them by decoding once more (test-detect-scan tries). */
#define DECODED_BYTES_MIN 5

static bool is_too_short(const struct tx_detect_options *options, const uint8_t *p, size_t n) {
    return n < DECODED_BYTES_MIN && !options->custom && !options->trace &&
           (n == 0 || !memchr(p, ':', n));
}

static void look_into(const struct tx_detection *d, struct tx_text text, const struct tx_bits *bits,
                      size_t first, struct tx_matches *ret) {
    const struct tx_level *level = &d->memory->level[d->place.depth];
    struct tx_matches *inner = d->memory->level[d->place.depth + 1].matches;
    struct tx_coded coded = {.text = text, .bits = bits, .first = first, .origins = level->origins};
    size_t n_plain = ret->n;
    struct tx_encoded word;

    while (!ret->overflow && tx_decode_next(&coded, d->reading->decode, level->decoded, &word)) {
        if (is_too_short(d->options, level->decoded, word.n)) {
            tx_wipe(level->decoded, word.n);
            continue;
        }
        struct tx_detection deeper = *d;
        place_word(d, &word, &deeper.place);
        tx_matches_reset(inner);
        detect(&deeper, (struct tx_text){(const char *)level->decoded, word.n}, inner);
        ret->overflow |= inner->overflow;
        ret->work += inner->work;
        if (inner->n > 0 && !inner->overflow)
            claim_word(inner, &word, level->origins, ret, n_plain);
        tx_wipe(level->decoded, word.n);
    }
}

static bool has_coded(const struct tx_bits *bits, size_t first, size_t n) {
    size_t b = first / 64;
    while (b < (first + n) / 64 && !bits->coded[b])
        b++;
    return bits->coded[b] != 0;
}

/* Whether a short text has places where more may begin than something encoded. */
static bool has_places(const struct tx_detection *d, struct tx_text text,
                       const struct tx_bits *bits, size_t first) {
    uint64_t any = bits->anchor[0] | bits->card[0] | bits->word[0];
    return first > 0 || text.n > TX_SCAN_CODED_MIN - 1 || any != 0 || d->options->custom;
}

void tx_detect_prepared(struct tx_detection *d, struct tx_text text, const struct tx_bits *bits,
                        size_t first, struct tx_matches *ret) {
    const uint32_t *offsets = d->place.offsets;
    size_t depth =
        d->reading->depth < TX_READING_DEPTH_MAX ? d->reading->depth : TX_READING_DEPTH_MAX;

    if (has_places(d, text, bits, first)) {
        tx_scan(text, bits, first, &d->place, d->options, ret);
        tx_matches_sort(ret);
    }
    if (d->place.depth < depth && !ret->overflow && has_coded(bits, first, text.n)) {
        look_into(d, text, bits, first, ret);
        tx_matches_sort(ret);
    }
    for (size_t i = 0; offsets && i < ret->n && !ret->overflow; i++) {
        ret->match[i].start = offsets[ret->match[i].start];
        ret->match[i].end = offsets[ret->match[i].end];
    }
}

void tx_detect(struct tx_detect_memory *memory, struct tx_text text,
               const struct tx_detect_options *options, struct tx_matches *ret) {
    struct tx_detection d = {.memory = memory,
                             .options = options,
                             .reading = tx_detect_reading(options),
                             .place = tx_detect_place(memory, 0)};

    tx_matches_reset(ret);
    ret->overflow = text.n > memory->cap;
    if (!ret->overflow && tx_detectors_any(&options->wanted))
        detect(&d, text, ret);
}
