/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/ranges.h"

#include "libtx/pattern/grow.h"

void tx_ranges_deinit(struct tx_ranges *ranges) {
    free(ranges->range);
    *ranges = (struct tx_ranges){.range = NULL};
}

int tx_ranges_add(struct tx_ranges *ranges, uint32_t from, uint32_t to) {
    int r = tx_grow(&ranges->range, &ranges->cap, ranges->n + 1, sizeof(ranges->range[0]));
    if (r < 0)
        return r;
    ranges->range[ranges->n++] = (struct tx_range){from, to};
    return 0;
}

static int compare(const void *a, const void *b) {
    const struct tx_range *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

void tx_ranges_normalise(struct tx_ranges *ranges) {
    size_t n = 0;
    if (ranges->n == 0)
        return;
    qsort(ranges->range, ranges->n, sizeof(ranges->range[0]), compare);
    for (size_t i = 0; i < ranges->n; i++) {
        struct tx_range r = ranges->range[i];
        if (r.to == 0)
            continue;
        if (r.from == 0)
            r.from = 1;
        if (n > 0 && r.from <= ranges->range[n - 1].to + 1) {
            if (r.to > ranges->range[n - 1].to)
                ranges->range[n - 1].to = r.to;
        } else {
            ranges->range[n++] = r;
        }
    }
    ranges->n = n;
}

int tx_ranges_negate(struct tx_ranges *ranges) {
    struct tx_ranges other = {.range = NULL};
    uint32_t next = 1;
    int r = 0;
    for (size_t i = 0; i < ranges->n && r == 0; i++) {
        if (ranges->range[i].from > next)
            r = tx_ranges_add(&other, next, ranges->range[i].from - 1);
        next = ranges->range[i].to + 1;
    }
    if (r == 0 && next <= TX_CODE_POINT_MAX)
        r = tx_ranges_add(&other, next, TX_CODE_POINT_MAX);
    if (r < 0) {
        tx_ranges_deinit(&other);
        return r;
    }
    tx_ranges_deinit(ranges);
    *ranges = other;
    return 0;
}

const struct tx_range tx_word_ranges[] = {
    {'0', '9'},       {'A', 'Z'},       {'_', '_'},       {'a', 'z'},       {0xaa, 0xaa},
    {0xb5, 0xb5},     {0xba, 0xba},     {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2af},
    {0x300, 0x374},   {0x376, 0x37d},   {0x37f, 0x386},   {0x388, 0x3f5},   {0x3f7, 0x481},
    {0x483, 0x52f},   {0x1e00, 0x1fbc}, {0x1fbe, 0x1fbe}, {0x1fc2, 0x1fcc}, {0x1fd0, 0x1fdb},
    {0x1fe0, 0x1fec}, {0x1ff2, 0x1ffc},
};
const size_t tx_n_word_ranges = TX_COUNT_OF(tx_word_ranges);

/* Capital letters whose small ones stand `distance` behind. `step` 2: each other one. */
static const struct {
    uint32_t from, to;
    uint8_t step, distance;
} capitals[] = {
    {'A', 'Z', 1, 32},      {0xc0, 0xd6, 1, 32},   {0xd8, 0xde, 1, 32},   {0x100, 0x12e, 2, 1},
    {0x132, 0x136, 2, 1},   {0x139, 0x147, 2, 1},  {0x14a, 0x176, 2, 1},  {0x179, 0x17d, 2, 1},
    {0x386, 0x386, 1, 38},  {0x388, 0x38a, 1, 37}, {0x38c, 0x38c, 1, 64}, {0x38e, 0x38f, 1, 63},
    {0x391, 0x3a1, 1, 32},  {0x3a3, 0x3ab, 1, 32}, {0x400, 0x40f, 1, 80}, {0x410, 0x42f, 1, 32},
    {0x460, 0x480, 2, 1},   {0x48a, 0x4be, 2, 1},  {0x4d0, 0x52e, 2, 1},  {0x1e00, 0x1e94, 2, 1},
    {0x1ea0, 0x1efe, 2, 1},
};

uint32_t tx_other_case(uint32_t c) {
    for (size_t i = 0; i < TX_COUNT_OF(capitals); i++) {
        uint32_t from = capitals[i].from, to = capitals[i].to, distance = capitals[i].distance;
        if (c >= from && c <= to && (c - from) % capitals[i].step == 0)
            return c + distance;
        if (c >= from + distance && c <= to + distance &&
            (c - from - distance) % capitals[i].step == 0)
            return c - distance;
    }
    return c;
}

#define CASED_END 0x1f00u /* no letter from here on has another case */

int tx_ranges_fold(struct tx_ranges *ranges) {
    size_t n = ranges->n;
    for (size_t i = 0; i < n; i++) {
        struct tx_range range = ranges->range[i];
        for (uint32_t c = range.from; c <= range.to && c < CASED_END; c++) {
            uint32_t other = tx_other_case(c);
            int r = other != c && (other < range.from || other > range.to)
                        ? tx_ranges_add(ranges, other, other)
                        : 0;
            if (r < 0)
                return r;
        }
    }
    return 0;
}

bool tx_ranges_equal(const struct tx_ranges *a, const struct tx_ranges *b) {
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->range[i].from != b->range[i].from || a->range[i].to != b->range[i].to)
            return false;
    return true;
}

bool tx_ranges_have(const struct tx_ranges *ranges, uint32_t c) {
    size_t low = 0, high = ranges->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->range[middle].to < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ranges->n && ranges->range[low].from <= c;
}
