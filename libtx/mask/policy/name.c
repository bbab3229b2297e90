/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/name.h"

#include <string.h>

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
/* Before a capital after a small letter or digit, and before the last of several: userID → user_id,
 * APIKey → api_key. */
static bool is_hump(const char *p, size_t n, size_t i) {
    if (i == 0 || !is_upper(p[i]))
        return false;
    if (is_lower(p[i - 1]) || (p[i - 1] >= '0' && p[i - 1] <= '9'))
        return true;
    return is_upper(p[i - 1]) && i + 1 < n && is_lower(p[i + 1]);
}

static size_t put_humps(struct tx_text text, const char *folded, char *ret) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (is_hump(text.p, text.n, i))
            ret[n++] = '_';
        ret[n++] = folded[i];
    }
    return n;
}

#define EACH(byte) ((byte)*UINT64_C(0x0101010101010101))

/* The highest bit of each byte that is `c`, of a word that has none of those bits but in `high`. */
static uint64_t bytes_that_are(uint64_t low, uint64_t high, uint8_t c) {
    return ~(((low ^ EACH(c)) + EACH(0x7fu)) | high) & EACH(0x80u);
}

/* Of each of eight bytes: small letters, and `_` for `-`, `.` and a space (which can stand in the
 * name of a member of JSON only). *upper gets bits where there are capitals. */
static uint64_t fold_word(uint64_t word, uint64_t *upper) {
    uint64_t low = word & EACH(0x7fu), high = word & EACH(0x80u);
    uint64_t capitals = (low + EACH(0x80u - 'A')) & ~(low + EACH(0x7fu - 'Z')) & ~high;
    uint64_t hyphens = bytes_that_are(low, high, '-'), dots = bytes_that_are(low, high, '.');
    uint64_t spaces = bytes_that_are(low, high, ' ');

    capitals &= EACH(0x80u);
    *upper |= capitals;
    return (word | capitals >> 2) ^ ((hyphens >> 7) * ('-' ^ '_')) ^ ((dots >> 7) * ('.' ^ '_')) ^
           ((spaces >> 7) * (' ' ^ '_'));
}

bool tx_name_fold(struct tx_text text, struct tx_name *ret) {
    uint64_t upper = 0, word = 0;

    if (text.n > TX_GLOB_NAME_BYTES)
        return false;
    memcpy(ret->plain, text.p, text.n);
    memcpy(ret->plain + text.n, &word, sizeof(word));
    for (size_t i = 0; i < text.n; i += sizeof(word)) {
        memcpy(&word, ret->plain + i, sizeof(word));
        word = fold_word(word, &upper);
        memcpy(ret->plain + i, &word, sizeof(word));
    }
    ret->n_plain = text.n;
    ret->n_camel = upper ? put_humps(text, ret->plain, ret->camel) : text.n;
    ret->same = ret->n_camel == text.n;
    return true;
}

struct tx_name_place tx_name_place_of(const struct tx_name *name, size_t plain) {
    size_t at = 0;
    for (size_t i = 0; !name->same && i < plain; i++)
        at += name->camel[at] == name->plain[i] ? 1 : 2;
    return (struct tx_name_place){.plain = plain, .camel = name->same ? plain : at};
}
