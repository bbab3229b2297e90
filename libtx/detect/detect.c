/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/crypto/hash.h"
#include "libtx/crypto/secret.h"
#include "libtx/detect/decode.h"
#include "libtx/detect/fold.h"
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
        free(memory->level[i].words);
    }
    free(memory);
}

int tx_detect_memory_new(size_t cap, struct tx_detect_memory **ret) {
    _cleanup_(tx_detect_memory_freep) struct tx_detect_memory *memory = calloc(1, sizeof(*memory));
    if (!memory)
        return -ENOMEM;
    int r = tx_hasher_new(&memory->hasher);
    if (r < 0)
        return r;
    memory->cap = cap;
    memory->classifier = tx_classify_fast();
    if (!memory->classifier)
        memory->classifier = &tx_classify_portable;
    for (size_t i = 0; i < TX_COUNT_OF(memory->level); i++) {
        struct tx_level *level = &memory->level[i];
        level->folded = malloc(cap + SEPARATOR_BYTES);
        level->offsets = malloc((cap + SEPARATOR_BYTES) * sizeof(*level->offsets));
        level->decoded = malloc(cap);
        level->words = malloc(tx_bits_words(cap + SEPARATOR_BYTES) * sizeof(*level->words));
        if (!level->folded || !level->offsets || !level->decoded || !level->words)
            return -ENOMEM;
        tx_bits_init(&level->bits, level->words, cap + SEPARATOR_BYTES);
        level->matches = &memory->matches[i];
    }
    *ret = TX_STEAL(memory);
    return 0;
}

void tx_detect_use_portable(struct tx_detect_memory *memory) {
    memory->classifier = &tx_classify_portable;
}

const struct tx_reading *tx_detect_reading(const struct tx_detect_options *options) {
    return options->reading ? options->reading : &tx_reading_default;
}

static void detect(struct tx_detection *d, struct tx_text text, struct tx_matches *ret) {
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

static bool is_within(const struct tx_match *match, enum tx_detector detector, size_t start,
                      size_t end) {
    return match->detector == detector && match->start >= start && match->end <= end;
}

/* How many a detector found within a word: among the n_plain sorted matches, and among those behind
 * them, of words in it that were decoded before. */
static size_t count_within(const struct tx_matches *matches, size_t n_plain,
                           enum tx_detector detector, size_t start, size_t end) {
    size_t count = 0;
    for (size_t i = first_from(matches, n_plain, start);
         i < n_plain && matches->match[i].start < end; i++)
        count += is_within(&matches->match[i], detector, start, end);
    for (size_t i = matches->n; i > n_plain && matches->match[i - 1].end > start; i--)
        count += is_within(&matches->match[i - 1], detector, start, end);
    return count;
}

/* What stands in an encoded word claims all of it, when it was not found as it stands there. */
static void claim_word(const struct tx_matches *inner, const struct tx_encoded *word,
                       struct tx_matches *ret, size_t n_plain) {
    struct tx_detector_set done = {.word = {0}};
    for (size_t i = 0; i < inner->n; i++) {
        enum tx_detector d = inner->match[i].detector;
        if (tx_detectors_have(&done, d))
            continue;
        tx_detectors_add(&done, d);
        size_t n = 0;
        for (size_t k = i; k < inner->n; k++)
            n += inner->match[k].detector == d;
        if (n > count_within(ret, n_plain, d, word->start, word->end))
            tx_matches_add(ret, &(struct tx_match){.start = (uint32_t)word->start,
                                                   .end = (uint32_t)word->end,
                                                   .detector = d,
                                                   .confidence = inner->match[i].confidence});
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

static void look_into(const struct tx_detection *d, struct tx_text text, const struct tx_bits *bits,
                      size_t first, struct tx_matches *ret) {
    const struct tx_level *level = &d->memory->level[d->place.depth];
    struct tx_matches *inner = d->memory->level[d->place.depth + 1].matches;
    struct tx_coded coded = {.text = text, .bits = bits, .first = first};
    size_t n_plain = ret->n;
    struct tx_encoded word;

    while (!ret->overflow && tx_decode_next(&coded, d->reading->decode, level->decoded, &word)) {
        struct tx_detection deeper = *d;
        place_word(d, &word, &deeper.place);
        tx_matches_reset(inner);
        detect(&deeper, (struct tx_text){(const char *)level->decoded, word.n}, inner);
        ret->overflow |= inner->overflow;
        ret->work += inner->work;
        if (!inner->overflow)
            claim_word(inner, &word, ret, n_plain);
        tx_wipe(level->decoded, word.n);
    }
}

void tx_detect_prepared(struct tx_detection *d, struct tx_text text, const struct tx_bits *bits,
                        size_t first, struct tx_matches *ret) {
    const uint32_t *offsets = d->place.offsets;
    size_t depth =
        d->reading->depth < TX_READING_DEPTH_MAX ? d->reading->depth : TX_READING_DEPTH_MAX;

    tx_scan(text, bits, first, &d->place, d->options, ret);
    tx_matches_sort(ret);
    if (d->place.depth < depth && !ret->overflow) {
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
                             .place = {.hasher = memory->hasher}};

    tx_matches_reset(ret);
    ret->overflow = text.n > memory->cap;
    if (!ret->overflow && tx_detectors_any(&options->wanted))
        detect(&d, text, ret);
}
