/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/detect/fold.h"
#include "libtx/detect/memory.h"

/*
 * Many values at once: copied one behind the other, a zero byte between them, their classes and
 * anchors are found in one pass. What begins in a value is then looked at within its bounds alone.
 */

struct batch {
    struct tx_detect_memory *memory;
    const struct tx_detect_value *values;
    const struct tx_detect_options *options;
    struct tx_matches *ret;
    size_t first, n; /* the values at hand */
    size_t used;     /* bytes of the arena */
};

static void put(struct batch *b, struct tx_text text) {
    struct tx_level *level = &b->memory->level[0];
    struct tx_level_slot *slot = &b->memory->slot[b->n++];

    *slot = (struct tx_level_slot){.start = (uint32_t)b->used, .is_folded = tx_fold_needed(text)};
    if (slot->is_folded)
        slot->n = (uint32_t)tx_fold(text, tx_detect_reading(b->options), level->folded + b->used,
                                    level->offsets + b->used);
    else if (text.n)
        memcpy(level->folded + b->used, text.p, text.n);
    if (!slot->is_folded)
        slot->n = (uint32_t)text.n;
    b->used += slot->n;
    level->folded[b->used++] = '\0';
}

/* Whether anything at all may begin in the bits [first, first + n]. */
static bool has_places(const struct tx_bits *bits, size_t first, size_t n) {
    uint64_t any = 0;
    for (size_t b = first / 64; b <= (first + n) / 64; b++) {
        uint64_t places = bits->anchor[b] | bits->card[b] | bits->word[b] | bits->coded[b];
        if (b == first / 64)
            places &= UINT64_MAX << (first % 64);
        if (b == (first + n) / 64)
            places &= UINT64_MAX >> (63 - (first + n) % 64);
        any |= places;
    }
    return any != 0;
}

static void append(struct batch *b, const struct tx_matches *from, size_t value) {
    struct tx_matches *to = b->ret;
    to->overflow |= from->overflow || to->n + from->n > TX_DETECT_MATCHES_MAX;
    to->work += from->work;
    for (size_t i = 0; i < from->n && !to->overflow; i++) {
        to->match[to->n] = from->match[i];
        to->match[to->n++].value = (uint16_t)value;
    }
}

static void detect_one(struct batch *b, size_t i) {
    const struct tx_level *level = &b->memory->level[0];
    const struct tx_level_slot *slot = &b->memory->slot[i];
    const struct tx_detect_value *value = &b->values[b->first + i];
    struct tx_detect_options options = *b->options;
    struct tx_detection d = {.memory = b->memory,
                             .options = &options,
                             .reading = tx_detect_reading(b->options),
                             .place = tx_detect_place(b->memory, b->first + i)};

    options.name = value->name;
    options.wanted = value->wanted;
    if (slot->is_folded)
        d.place.offsets = level->offsets + slot->start;
    tx_matches_reset(level->matches);
    tx_detect_prepared(&d, (struct tx_text){(const char *)level->folded + slot->start, slot->n},
                       &level->bits, slot->start, level->matches);
    append(b, level->matches, b->first + i);
}

/* The values at hand, which are no more then. */
static void flush(struct batch *b) {
    const struct tx_level *level = &b->memory->level[0];

    b->memory->classifier->classify(level->folded, b->used, &level->bits);
    b->memory->classifier->anchors(&level->bits, b->used);
    for (size_t i = 0; i < b->n && !b->ret->overflow; i++) {
        const struct tx_level_slot *slot = &b->memory->slot[i];
        if (tx_detectors_any(&b->values[b->first + i].wanted) &&
            (b->options->custom || has_places(&level->bits, slot->start, slot->n)))
            detect_one(b, i);
    }
    tx_wipe(level->folded, b->used);
    b->first += b->n;
    b->n = 0;
    b->used = 1;
}

void tx_detect_values(struct tx_detect_memory *memory, const struct tx_detect_value *values,
                      size_t n, const struct tx_detect_options *options, struct tx_matches *ret) {
    struct batch b = {
        .memory = memory, .values = values, .options = options, .ret = ret, .used = 1};

    assert(n <= TX_DETECT_VALUES_MAX);
    tx_matches_reset(ret);
    memory->level[0].folded[0] = '\0';
    for (size_t i = 0; i < n && !ret->overflow; i++) {
        ret->overflow = values[i].text.n > memory->cap;
        if (b.n > 0 && b.used - 1 + values[i].text.n > memory->cap)
            flush(&b);
        if (!ret->overflow)
            put(&b, values[i].text);
    }
    if (!ret->overflow)
        flush(&b);
    else
        tx_wipe(memory->level[0].folded, b.used);
}
