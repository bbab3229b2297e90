/* SPDX-License-Identifier: MIT */
#include "libtx/segment/found.h"

#include <string.h>

void tx_found_deinit(struct tx_found *found) {
    free(found->items);
    *found = (struct tx_found){.items = NULL};
}

bool tx_found_is_wanted(const uint64_t *wanted, size_t n_wanted, uint64_t seq) {
    size_t begin = 0, end = n_wanted;

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (wanted[middle] == seq)
            return true;
        if (wanted[middle] < seq)
            begin = middle + 1;
        else
            end = middle;
    }
    return false;
}

static int make_room(struct tx_found *found, size_t n_more) {
    size_t cap = found->cap ? found->cap : 16;

    while (cap < found->n + n_more)
        cap *= 2;
    if (cap == found->cap)
        return 0;
    struct tx_found_leaf *items = realloc(found->items, cap * sizeof(*items));
    if (!items)
        return -ENOMEM;
    found->items = items;
    found->cap = cap;
    return 0;
}

/* {"seq":N,"id":"<36 characters>" */
static bool take_id(struct tx_text line, uint8_t ret[16]) {
    static const char before[] = "\"id\":\"";
    const size_t n_before = sizeof(before) - 1, n_id = 36;
    const char *comma = line.n ? memchr(line.p, ',', line.n) : NULL;

    if (!comma || line.n - (size_t)(comma + 1 - line.p) < n_before + n_id ||
        memcmp(comma + 1, before, n_before) != 0)
        return false;
    return tx_uuid_decode((struct tx_text){.p = comma + 1 + n_before, .n = n_id}, ret) == 0;
}

int tx_found_add(struct tx_found *found, struct tx_hasher *hasher, uint64_t seq,
                 struct tx_text line) {
    int r = make_room(found, 1);

    if (r < 0)
        return r;
    struct tx_found_leaf *leaf = &found->items[found->n++];
    *leaf = (struct tx_found_leaf){.seq = seq};
    tx_hash_leaf(hasher, line.p, line.n, &leaf->leaf);
    leaf->has_id = take_id(line, leaf->id);
    return 0;
}

int tx_found_move(struct tx_found *to, struct tx_found *from) {
    if (from->n == 0)
        return 0;
    int r = make_room(to, from->n);
    if (r < 0)
        return r;
    memcpy(to->items + to->n, from->items, from->n * sizeof(*from->items));
    to->n += from->n;
    tx_found_deinit(from);
    return 0;
}

void tx_found_drop_from(struct tx_found *found, uint64_t seq) {
    size_t kept = 0;

    for (size_t i = 0; i < found->n; i++)
        if (found->items[i].seq < seq)
            found->items[kept++] = found->items[i];
    found->n = kept;
}

static int by_seq(const void *a, const void *b) {
    const struct tx_found_leaf *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void tx_found_sort(struct tx_found *found) {
    if (found->n > 0)
        qsort(found->items, found->n, sizeof(*found->items), by_seq);
}

size_t tx_found_first(const struct tx_found *found, uint64_t seq) {
    size_t begin = 0, end = found->n;

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (found->items[middle].seq < seq)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < found->n && found->items[begin].seq == seq ? begin : found->n;
}
