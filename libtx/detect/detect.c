/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/crypto/secret.h"
#include "libtx/detect/decode.h"
#include "libtx/detect/fold.h"
#include "libtx/detect/scan.h"

/*
 * text → folded → scanned → what was found, at its place in the text; then each encoded word in it
 * → decoded → the same once more, as deep as is asked for.
 */

#define DEPTH TX_READING_DEPTH_MAX

const struct tx_reading tx_reading_default = {
    .decode = TX_READ_ALL, .depth = 2, .digits = true, .zero_width = true};

struct level {
    uint8_t *folded;
    uint32_t *offsets;
    uint8_t *decoded;
    struct tx_matches *matches;
};

struct tx_detect_memory {
    size_t cap;
    struct level level[DEPTH + 1];
    struct tx_matches inner[DEPTH];
    struct tx_matches one;
};

void tx_detect_memory_free(struct tx_detect_memory *memory) {
    if (!memory)
        return;
    for (size_t i = 0; i <= DEPTH; i++) {
        free(memory->level[i].folded);
        free(memory->level[i].offsets);
        free(memory->level[i].decoded);
    }
    free(memory);
}

int tx_detect_memory_new(size_t cap, struct tx_detect_memory **ret) {
    _cleanup_(tx_detect_memory_freep) struct tx_detect_memory *memory = calloc(1, sizeof(*memory));
    if (!memory)
        return -ENOMEM;
    memory->cap = cap;
    for (size_t i = 0; i <= DEPTH; i++) {
        struct level *level = &memory->level[i];
        level->folded = malloc(cap);
        level->offsets = malloc((cap + 1) * sizeof(*level->offsets));
        level->decoded = malloc(cap);
        if (!level->folded || !level->offsets || !level->decoded)
            return -ENOMEM;
        level->matches = i > 0 ? &memory->inner[i - 1] : NULL;
    }
    *ret = TX_STEAL(memory);
    return 0;
}

/* One call of tx_detect. */
struct detection {
    struct tx_detect_memory *memory;
    const struct tx_detect_options *options;
    const struct tx_reading *reading;
    struct tx_scan_place place;
};

static void scan_folded(struct detection *d, struct tx_text text, struct tx_matches *ret) {
    const struct level *level = &d->memory->level[d->place.depth];
    if (!tx_fold_needed(text)) {
        tx_scan(text, &d->place, d->options, ret);
        return;
    }
    struct tx_scan_place place = d->place;
    size_t n = tx_fold(text, d->reading, level->folded, level->offsets);
    place.offsets = level->offsets;
    tx_scan((struct tx_text){(const char *)level->folded, n}, &place, d->options, ret);
    for (size_t i = 0; i < ret->n && !ret->overflow; i++) {
        ret->match[i].start = level->offsets[ret->match[i].start];
        ret->match[i].end = level->offsets[ret->match[i].end];
    }
    tx_wipe(level->folded, n);
}

static void detect(struct detection *d, struct tx_text text, struct tx_matches *ret);

/* How many a detector found within [start, end). */
static size_t count_within(const struct tx_matches *matches, enum tx_detector detector,
                           size_t start, size_t end) {
    size_t n = 0;
    for (size_t i = matches->n; i > 0 && matches->match[i - 1].end > start; i--) {
        const struct tx_match *match = &matches->match[i - 1];
        n += match->detector == detector && match->start >= start && match->end <= end;
    }
    return n;
}

/* What stands in an encoded word claims all of it, when it was not found as it stands there. */
static void claim_word(const struct tx_matches *inner, const struct tx_encoded *word,
                       struct tx_matches *ret) {
    struct tx_detector_set done = {.word = {0}};
    for (size_t i = 0; i < inner->n; i++) {
        enum tx_detector d = inner->match[i].detector;
        if (tx_detectors_have(&done, d))
            continue;
        tx_detectors_add(&done, d);
        if (count_within(inner, d, 0, SIZE_MAX) > count_within(ret, d, word->start, word->end))
            tx_matches_add(ret, &(struct tx_match){.start = (uint32_t)word->start,
                                                   .end = (uint32_t)word->end,
                                                   .detector = d,
                                                   .confidence = inner->match[i].confidence});
    }
}

static void look_into(struct detection *d, struct tx_text text, struct tx_matches *ret) {
    const struct level *level = &d->memory->level[d->place.depth];
    struct tx_matches *inner = d->memory->level[d->place.depth + 1].matches;
    struct detection deeper = *d;
    struct tx_encoded word;

    deeper.place.depth++;
    for (size_t at = 0;
         !ret->overflow && tx_decode_next(text, d->reading->decode, &at, level->decoded, &word);) {
        if (d->place.depth == 0) {
            deeper.place.word_start = (uint32_t)word.start;
            deeper.place.word_end = (uint32_t)word.end;
        }
        detect(&deeper, (struct tx_text){(const char *)level->decoded, word.n}, inner);
        ret->overflow |= inner->overflow;
        ret->work += inner->work;
        if (!inner->overflow)
            claim_word(inner, &word, ret);
        tx_wipe(level->decoded, word.n);
    }
}

static void detect(struct detection *d, struct tx_text text, struct tx_matches *ret) {
    size_t depth = d->reading->depth < DEPTH ? d->reading->depth : DEPTH;
    scan_folded(d, text, ret);
    if (d->place.depth < depth && !ret->overflow)
        look_into(d, text, ret);
}

static void detect_value(struct tx_detect_memory *memory, size_t value, struct tx_text text,
                         const struct tx_detect_options *options, struct tx_matches *ret) {
    struct detection d = {.memory = memory,
                          .options = options,
                          .reading = options->reading ? options->reading : &tx_reading_default,
                          .place = {.value = (uint16_t)value}};
    ret->n = 0;
    ret->work = 0;
    ret->overflow = text.n > memory->cap;
    if (!ret->overflow && tx_detectors_any(&options->wanted))
        detect(&d, text, ret);
}

void tx_detect(struct tx_detect_memory *memory, struct tx_text text,
               const struct tx_detect_options *options, struct tx_matches *ret) {
    detect_value(memory, 0, text, options, ret);
}

static void append(struct tx_matches *to, const struct tx_matches *from, size_t value) {
    to->overflow |= from->overflow || to->n + from->n > TX_DETECT_MATCHES_MAX;
    to->work += from->work;
    for (size_t i = 0; i < from->n && !to->overflow; i++) {
        to->match[to->n] = from->match[i];
        to->match[to->n++].value = (uint16_t)value;
    }
}

void tx_detect_values(struct tx_detect_memory *memory, const struct tx_detect_value *values,
                      size_t n, const struct tx_detect_options *options, struct tx_matches *ret) {
    struct tx_detect_options each = *options;

    assert(n <= TX_DETECT_VALUES_MAX);
    ret->n = 0;
    ret->work = 0;
    ret->overflow = false;
    for (size_t i = 0; i < n && !ret->overflow; i++) {
        each.name = values[i].name;
        each.wanted = values[i].wanted;
        detect_value(memory, i, values[i].text, &each, &memory->one);
        append(ret, &memory->one, i);
    }
}
