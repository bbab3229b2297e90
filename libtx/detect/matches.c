/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/* Detectors claim as they come, so nearly by their places; once, at the end, the list is sorted. */

/* Several shapes of one detector can fit the same bytes. */
#define LOOK_BACK 4

void tx_matches_reset(struct tx_matches *matches) {
    matches->n = 0;
    matches->work = 0;
    matches->overflow = false;
    matches->unsorted = false;
}

static int compare(const struct tx_match *a, const struct tx_match *b) {
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return (a->detector > b->detector) - (a->detector < b->detector);
}

void tx_matches_add(struct tx_matches *matches, const struct tx_match *match) {
    size_t n = matches->n;
    if (matches->overflow)
        return;
    for (size_t i = n; i > 0 && n - i < LOOK_BACK; i--)
        if (compare(&matches->match[i - 1], match) == 0)
            return;
    if (n == TX_DETECT_MATCHES_MAX) {
        matches->overflow = true;
        return;
    }
    matches->unsorted |= n > 0 && compare(&matches->match[n - 1], match) > 0;
    matches->match[n] = *match;
    matches->n++;
}

/* Shell's, with Ciura's steps: nothing to allocate, and nearly linear for what is nearly sorted. */
static void sort(struct tx_match *match, size_t n) {
    static const size_t steps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t k = 0; k < TX_COUNT_OF(steps); k++)
        for (size_t i = steps[k]; i < n; i++) {
            struct tx_match moved = match[i];
            size_t at = i;
            for (; at >= steps[k] && compare(&match[at - steps[k]], &moved) > 0; at -= steps[k])
                match[at] = match[at - steps[k]];
            match[at] = moved;
        }
}

void tx_matches_sort(struct tx_matches *matches) {
    size_t n = 0;
    if (!matches->unsorted)
        return;
    sort(matches->match, matches->n);
    for (size_t i = 0; i < matches->n; i++)
        if (n == 0 || compare(&matches->match[n - 1], &matches->match[i]) != 0)
            matches->match[n++] = matches->match[i];
    matches->n = n;
    matches->unsorted = false;
}

size_t tx_matches_unite(const struct tx_matches *matches, struct tx_span *ret) {
    size_t n = 0;
    for (size_t i = 0; i < matches->n; i++) {
        const struct tx_match *match = &matches->match[i];
        if (n == 0 || match->start >= ret[n - 1].end)
            ret[n++] = (struct tx_span){.start = match->start, .end = match->end};
        else if (match->end > ret[n - 1].end)
            ret[n - 1].end = match->end;
        tx_detectors_add(&ret[n - 1].detectors, match->detector);
    }
    return n;
}
