/* SPDX-License-Identifier: MIT */
#include "libtx/record/repeated.h"

#include <string.h>

/* Any total order will do; lengths first, since they usually differ. */
static int compare(struct tx_text a, struct tx_text b) {
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n ? memcmp(a.p, b.p, a.n) : 0;
}

static void sift_down(struct tx_text *heap, size_t root, size_t n) {
    struct tx_text moved = heap[root];

    for (size_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
        if (child + 1 < n && compare(heap[child], heap[child + 1]) < 0)
            child++;
        if (compare(moved, heap[child]) >= 0)
            break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = moved;
}

/* Heap sort: no recursion, no memory, no bad case. */
static void sort(struct tx_text *texts, size_t n) {
    for (size_t i = n / 2; i > 0; i--)
        sift_down(texts, i - 1, n);
    for (size_t end = n; end > 1; end--) {
        struct tx_text largest = texts[0];
        texts[0] = texts[end - 1];
        texts[end - 1] = largest;
        sift_down(texts, 0, end - 1);
    }
}

static bool repeated_among_few(const struct tx_text *texts, size_t n) {
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (compare(texts[i], texts[j]) == 0)
                return true;
    return false;
}

bool tx_texts_repeated(struct tx_text *texts, size_t n_texts) {
    if (n_texts <= 8)
        return repeated_among_few(texts, n_texts);
    sort(texts, n_texts);
    for (size_t i = 1; i < n_texts; i++)
        if (compare(texts[i - 1], texts[i]) == 0)
            return true;
    return false;
}
