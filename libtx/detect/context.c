/* SPDX-License-Identifier: MIT */
#include "libtx/detect/classify.h"
#include "libtx/detect/phrases.h"
#include "libtx/detect/scan.h"

/*
 * Words that make a number believable. They are looked for when a candidate asks, around it, and in
 * no part of the text twice; each candidate then looks at the marks near it.
 */

#define BEFORE_BYTES 64
#define AFTER_BYTES 32

typedef void (*on_phrase)(struct tx_scan *s, size_t start, size_t end, uint16_t phrase);

/* A word of the text, where phrases may begin. */
struct word {
    struct tx_text text;
    size_t at;
    uint32_t key, more;
    bool has_more;
};

static void find_key(struct tx_scan *s, const struct word *word, unsigned n_key, on_phrase found) {
    const struct tx_phrases *phrases = s->phrases;
    uint32_t key = tx_phrase_short(word->key, n_key);
    for (uint16_t i = phrases->first[tx_phrase_bucket(key)]; i; i = phrases->entry[i - 1].next) {
        const struct tx_phrase_entry *entry = &phrases->entry[i - 1];
        if (entry->key != key || entry->n_key != n_key ||
            (word->has_more && ((entry->more ^ word->more) & entry->more_mask)))
            continue;
        const uint8_t *p = (const uint8_t *)word->text.p;
        size_t end = tx_phrase_end(&phrases->phrase[entry->phrase], p, word->text.n, word->at);
        if (end)
            found(s, word->at, end, entry->phrase);
    }
}

/* All phrases that begin at `at`, where a word begins. */
static void find_at(struct tx_scan *s, struct tx_text text, size_t at, on_phrase found) {
    const uint8_t *p = (const uint8_t *)text.p + at;
    size_t n = text.n - at;
    struct word word = {
        .text = text, .at = at, .key = tx_phrase_key(p, n), .has_more = n >= 2 * TX_PHRASE_KEY};
    if (word.has_more)
        word.more = tx_phrase_key(p + TX_PHRASE_KEY, n - TX_PHRASE_KEY);
    for (unsigned n_key = 1; n_key <= TX_PHRASE_KEY; n_key++)
        find_key(s, &word, n_key, found);
}

static void mark(struct tx_scan *s, size_t start, size_t end, uint16_t phrase) {
    if (s->n_marks == TX_CONTEXT_MARKS) {
        s->context_overflow = true;
        return;
    }
    s->marks[s->n_marks++] = (struct tx_context_mark){(uint32_t)start, (uint32_t)end, phrase};
    s->marks_end = end > s->marks_end ? end : s->marks_end;
    tx_detectors_or(&s->marked, &s->phrases->phrase[phrase].detectors);
}

static void mark_name(struct tx_scan *s, size_t start, size_t end, uint16_t phrase) {
    (void)start;
    (void)end;
    tx_detectors_or(&s->named, &s->phrases->phrase[phrase].detectors);
}

/* The words that begin in the bits [from, to). Their marks are put at the end. */
static void look_at_text(struct tx_scan *s, size_t from, size_t to) {
    const struct tx_text text = {(const char *)s->p, s->n};
    TX_UNINITIALIZED uint32_t places[TX_PHRASE_PLACES];

    s->matches->work += to - from;
    for (size_t end; from < to && !s->context_overflow; from = end) {
        end = to - from < TX_PHRASE_PLACES ? to : from + TX_PHRASE_PLACES;
        size_t n = s->place->way->phrases(s, from, end, places);
        for (size_t i = 0; i < n && !s->context_overflow; i++)
            find_at(s, text, places[i], mark);
    }
}

static void look_at_name(struct tx_scan *s) {
    struct tx_text name = s->options->name;
    for (size_t at = 0; at < name.n; at++)
        if (tx_phrase_begins((const uint8_t *)name.p, at))
            find_at(s, name, at, mark_name);
    s->matches->work += name.n;
}

/* In front of a candidate, where a phrase that is near can begin. */
#define REACH_BYTES (BEFORE_BYTES + TX_PHRASE_LONGEST)

/* So far ahead it is looked too, in proportion to what was looked at before: short texts are looked
 * at no further than need be, and long ones not at each word anew. */
#define AHEAD_PART 8
#define AHEAD_BYTES 512

static size_t ahead(const struct tx_scan *s) {
    size_t part = (s->looked_to - s->looked_from) / AHEAD_PART;
    if (s->n_marks > TX_CONTEXT_MARKS / 2)
        return 0;
    return part < AHEAD_BYTES ? part : AHEAD_BYTES;
}

/* Behind the last word of all, up to what was not looked at. */
static void note_clear(struct tx_scan *s) {
    size_t from = s->looked_from - s->first, to = s->looked_to - s->first;
    s->clear_from = s->clear_to = 0;
    if (s->context_overflow || s->options->trace || tx_detectors_any(&s->named))
        return;
    if (from > 0)
        s->clear_from = from + REACH_BYTES;
    if (s->n_marks > 0 && s->marks_end + BEFORE_BYTES >= s->clear_from)
        s->clear_from = s->marks_end + BEFORE_BYTES + 1;
    s->clear_to = to == s->n ? SIZE_MAX : to > AFTER_BYTES ? to - AFTER_BYTES : 0;
}

/* Candidates come nearly in the text's order, so each looks on from where the last one stopped. One
 * that goes back to before the first makes all be looked at once more, from the beginning. */
static void look(struct tx_scan *s, size_t start, size_t end) {
    size_t from = s->first + (start > REACH_BYTES ? start - REACH_BYTES : 0);
    size_t to = s->first + (s->n - end > AFTER_BYTES ? end + AFTER_BYTES : s->n);

    if (!s->has_context) {
        s->has_context = true;
        s->context_overflow = false;
        s->phrases = tx_phrases();
        s->named = s->marked = (struct tx_detector_set){.word = {0}};
        s->n_marks = 0;
        s->marks_end = 0;
        look_at_name(s);
        s->looked_from = s->looked_to = from;
    }
    if (from < s->looked_from) {
        s->n_marks = s->marks_end = 0;
        to = to > s->looked_to ? to : s->looked_to;
        s->looked_from = s->looked_to = s->first;
    }
    if (to > s->looked_to) {
        size_t left = s->first + s->n - to, more = ahead(s);
        to += more < left ? more : left;
        look_at_text(s, s->looked_to, to);
        s->looked_to = to;
        note_clear(s);
    }
}

/* Whether one of `words` stands in [from, to) of p. */
static bool has_word(const char *words, const uint8_t *p, size_t from, size_t to, size_t *ret_start,
                     size_t *ret_end) {
    for (const char *word = words; *word;) {
        size_t n = strcspn(word, "|");
        bool is_prefix = n > 0 && word[n - 1] == '*';
        struct tx_phrase phrase = {
            .p = word, .n = (uint8_t)(n - is_prefix), .is_prefix = is_prefix};
        for (size_t at = from; n >= 2 && n < TX_PHRASE_BYTES_MAX && at + 1 < to; at++) {
            size_t end = tx_phrase_begins(p, at) ? tx_phrase_end(&phrase, p, to, at) : 0;
            if (end) {
                *ret_start = at;
                *ret_end = end;
                return true;
            }
        }
        word += n + (word[n] == '|');
    }
    return false;
}

bool tx_context_has(struct tx_scan *s, const char *words, size_t start, size_t end, size_t before,
                    size_t after) {
    size_t from = start > before ? start - before : 0, at, to;
    s->matches->work += before + after;
    if (!has_word(words, s->p, from, start, &at, &to) &&
        !has_word(words, s->p, end, s->n - end > after ? end + after : s->n, &at, &to))
        return false;
    s->near_start = (uint32_t)at;
    s->near_end = (uint32_t)to;
    return true;
}

bool tx_context_names(struct tx_scan *s, const char *words) {
    const struct tx_text *name = &s->options->name;
    size_t at, to;
    s->near_start = s->near_end = 0;
    return has_word(words, (const uint8_t *)name->p, 0, name->n, &at, &to);
}

/* The first mark from `start` on. */
static size_t first_mark(const struct tx_scan *s, size_t start) {
    size_t low = 0, high = s->n_marks;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->marks[middle].start < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool tx_context_lacks(struct tx_scan *s, const struct tx_detector_set *detectors, size_t start,
                      size_t end) {
    if (s->options->assume_context || s->options->trace)
        return false;
    look(s, start, end);
    if (s->context_overflow || tx_detectors_share(detectors, &s->named))
        return false;
    if (!tx_detectors_share(detectors, &s->marked))
        return true;
    for (size_t i = first_mark(s, start > REACH_BYTES ? start - REACH_BYTES : 0);
         i < s->n_marks && s->marks[i].start < end + AFTER_BYTES; i++) {
        const struct tx_context_mark *m = &s->marks[i];
        s->matches->work++;
        if (m->end + BEFORE_BYTES >= start &&
            tx_detectors_share(detectors, &s->phrases->phrase[m->phrase].detectors))
            return false;
    }
    return true;
}

bool tx_context_near(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end) {
    s->near_start = s->near_end = 0;
    if (s->options->assume_context)
        return true;
    look(s, start, end);
    /* Where there are too many words, there is one near enough: rather too much than too little. */
    if (s->context_overflow || tx_detectors_have(&s->named, detector))
        return true;
    if (!tx_detectors_have(&s->marked, detector))
        return false;
    for (size_t i = first_mark(s, start > REACH_BYTES ? start - REACH_BYTES : 0);
         i < s->n_marks && s->marks[i].start < end + AFTER_BYTES; i++) {
        const struct tx_context_mark *m = &s->marks[i];
        s->matches->work++;
        if (m->end + BEFORE_BYTES >= start &&
            tx_detectors_have(&s->phrases->phrase[m->phrase].detectors, detector)) {
            s->near_start = m->start;
            s->near_end = m->end;
            return true;
        }
    }
    return false;
}
