/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/pointer.h"

#include <string.h>

struct tx_pointer {
    bool loose;
    size_t n;
    struct tx_glob *part[TX_POINTER_PARTS_MAX]; /* NULL: `**` */
};

/* ~1 is '/', ~0 is '~'. */
static int unescape(const char *p, size_t n, char ret[TX_GLOB_PATTERN_BYTES + 1]) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (k == TX_GLOB_PATTERN_BYTES)
            return -EINVAL;
        ret[k] = p[i];
        if (p[i] == '~') {
            char c = i + 1 < n ? p[++i] : '\0';
            if (c != '0' && c != '1')
                return -EINVAL;
            ret[k] = c == '0' ? '~' : '/';
        }
        k++;
    }
    ret[k] = '\0';
    return 0;
}

static int add_part(struct tx_pointer *pointer, const char *p, size_t n, bool loose) {
    char text[TX_GLOB_PATTERN_BYTES + 1];

    if (pointer->n == TX_POINTER_PARTS_MAX)
        return -EINVAL;
    if (n == 2 && memcmp(p, "**", 2) == 0) {
        pointer->part[pointer->n++] = NULL;
        return 0;
    }
    int r = unescape(p, n, text);
    if (r == 0)
        r = tx_glob_new(text, loose, &pointer->part[pointer->n]);
    if (r == 0)
        pointer->n++;
    return r;
}

int tx_pointer_new(const char *pattern, bool loose, struct tx_pointer **ret) {
    if (pattern[0] != '/')
        return -EINVAL;
    _cleanup_(tx_pointer_freep) struct tx_pointer *pointer = calloc(1, sizeof(*pointer));
    if (!pointer)
        return -ENOMEM;
    pointer->loose = loose;
    for (const char *p = pattern; *p;) {
        size_t n = strcspn(++p, "/");
        int r = add_part(pointer, p, n, loose);
        if (r < 0)
            return r;
        p += n;
    }
    *ret = TX_STEAL(pointer);
    return 0;
}

void tx_pointer_free(struct tx_pointer *pointer) {
    if (!pointer)
        return;
    for (size_t i = 0; i < pointer->n; i++)
        tx_glob_free(pointer->part[i]);
    free(pointer);
}

bool tx_pointer_is_loose(const struct tx_pointer *pointer) {
    return pointer->loose;
}

/* `**` may stand for nothing, but at the end. */
static uint64_t pass_any(const struct tx_pointer *pointer, uint64_t places) {
    for (size_t i = 0; i + 1 < pointer->n; i++)
        if (!pointer->part[i] && places >> i & 1)
            places |= UINT64_C(1) << (i + 1);
    return places;
}

uint64_t tx_pointer_begin(const struct tx_pointer *pointer) {
    return pass_any(pointer, 1);
}

uint64_t tx_pointer_step(const struct tx_pointer *pointer, uint64_t places,
                         const struct tx_name *part) {
    uint64_t next = 0;
    for (size_t i = 0; i < pointer->n; i++) {
        if (!(places >> i & 1))
            continue;
        if (!pointer->part[i])
            next |= UINT64_C(1) << i | (i + 1 == pointer->n ? UINT64_C(2) << i : 0);
        else if (tx_glob_match(pointer->part[i], part))
            next |= UINT64_C(1) << (i + 1);
    }
    return pass_any(pointer, next);
}

bool tx_pointer_fits(const struct tx_pointer *pointer, uint64_t places) {
    return places >> pointer->n & 1;
}
