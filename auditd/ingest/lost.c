/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/lost.h"

#include <string.h>

static bool is_of(const struct tx_lost_range *range, const uint8_t client[8]) {
    return memcmp(range->client, client, sizeof(range->client)) == 0;
}

/* False when they do not stand next to the range's; else it has them all now. */
static bool extend(struct tx_lost_range *range, uint64_t first, uint64_t last, uint64_t *ret_new) {
    if (first < range->first || first > range->last + 1)
        return false;
    *ret_new = last > range->last ? last - range->last : 0;
    range->last += *ret_new;
    return true;
}

static bool extend_any(struct tx_lost *lost, const uint8_t client[8], uint64_t first, uint64_t last,
                       uint64_t *ret_new) {
    if (lost->latest < lost->n && is_of(&lost->ranges[lost->latest], client) &&
        extend(&lost->ranges[lost->latest], first, last, ret_new))
        return true;
    for (size_t i = lost->n; i-- > 0;)
        if (is_of(&lost->ranges[i], client) && extend(&lost->ranges[i], first, last, ret_new)) {
            lost->latest = i;
            return true;
        }
    return false;
}

static void stretch(struct tx_lost *lost, const uint8_t client[8], uint64_t first, uint64_t last) {
    for (size_t i = lost->n; i-- > 0;) {
        struct tx_lost_range *range = &lost->ranges[i];
        if (!is_of(range, client))
            continue;
        range->first = first < range->first ? first : range->first;
        range->last = last > range->last ? last : range->last;
        range->is_stretched = true;
        lost->latest = i;
        return;
    }
    lost->n_untold += last - first + 1;
}

uint64_t tx_lost_add(struct tx_lost *lost, const uint8_t client[8], uint64_t first, uint64_t last) {
    uint64_t n_new;

    if (extend_any(lost, client, first, last, &n_new))
        return n_new;
    if (lost->n == TX_LOST_MAX) {
        stretch(lost, client, first, last);
        return last - first + 1;
    }
    struct tx_lost_range *range = &lost->ranges[lost->n];
    *range = (struct tx_lost_range){.first = first, .last = last};
    memcpy(range->client, client, sizeof(range->client));
    lost->latest = lost->n++;
    return last - first + 1;
}

bool tx_lost_take(struct tx_lost *lost, const uint8_t client[8], uint64_t from,
                  struct tx_lost_range *ret) {
    for (size_t i = 0; i < lost->n;) {
        if (!is_of(&lost->ranges[i], client)) {
            i++;
            continue;
        }
        *ret = lost->ranges[i];
        lost->n--;
        memmove(&lost->ranges[i], &lost->ranges[i + 1], (lost->n - i) * sizeof(lost->ranges[0]));
        if (ret->last < from)
            continue;
        ret->first = ret->first < from ? from : ret->first;
        return true;
    }
    return false;
}
