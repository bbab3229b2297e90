/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/glob.h"

#include <assert.h>
#include <string.h>

#include "libtx/base/limits.h"

/* --- names of events, paths --- */

/* One step for each byte of the name over all places in the pattern at once: no backtracking. */
static void step(const char *pattern, size_t n, char c, char separator, const bool *here,
                 bool *next) {
    for (size_t i = 0; i < n; i++) {
        if (!here[i])
            continue;
        if (pattern[i] != '*')
            next[i + 1] |= pattern[i] == c;
        else
            next[i] |= c != separator || pattern[i + 1] == '*' || (i > 0 && pattern[i - 1] == '*');
    }
}

/* A star may stand for nothing. */
static void skip_stars(const char *pattern, size_t n, bool *here) {
    for (size_t i = 0; i < n; i++)
        if (here[i] && pattern[i] == '*')
            here[i + 1] = true;
}

static bool match_parts(const char *pattern, char separator, struct tx_text name) {
    bool memory[2][TX_GLOB_PATTERN_BYTES + 1] = {{true}};
    bool *here = memory[0], *next = memory[1];
    size_t n = strlen(pattern);

    if (n > TX_GLOB_PATTERN_BYTES)
        return false;
    skip_stars(pattern, n, here);
    for (size_t k = 0; k < name.n; k++) {
        memset(next, 0, n + 1);
        step(pattern, n, name.p[k], separator, here, next);
        skip_stars(pattern, n, next);
        bool *swap = here;
        here = next;
        next = swap;
    }
    return here[n];
}

bool tx_glob_match_event(const char *pattern, struct tx_text name) {
    return strcmp(pattern, "*") == 0 || match_parts(pattern, '.', name);
}

bool tx_glob_match_path(const char *pattern, struct tx_text path) {
    return match_parts(pattern, '/', path);
}

void tx_glob_canonical_event(const char *pattern, char *ret) {
    size_t stars = 0;
    if (strcmp(pattern, "*") == 0)
        pattern = "**";
    for (; *pattern; pattern++) {
        stars = *pattern == '*' ? stars + 1 : 0;
        if (stars <= 2)
            *ret++ = *pattern;
    }
    *ret = '\0';
}

/* --- field names --- */

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
/* A space can be in the name of a JSON member only. */
static char fold(char c) {
    bool separates = c == '-' || c == '.' || c == ' ';
    return separates ? '_' : is_upper(c) ? (char)(c | 0x20) : c;
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

/* As fold() of each of eight bytes; *upper gets bits where there are capitals. */
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

/* The texts between the stars. */
struct pieces {
    size_t n;
    size_t min_bytes; /* all of them */
    struct tx_text *piece;
};

struct tx_glob {
    struct pieces plain, camel;
    struct tx_name name;
};

static int split(const char *p, size_t n, struct pieces *ret) {
    ret->n = 1;
    for (size_t i = 0; i < n; i++)
        ret->n += p[i] == '*';
    ret->piece = calloc(ret->n, sizeof(ret->piece[0]));
    if (!ret->piece)
        return -ENOMEM;
    ret->min_bytes = n - (ret->n - 1);
    for (size_t k = 0, start = 0; k < ret->n; k++) {
        size_t end = start;
        while (end < n && p[end] != '*')
            end++;
        ret->piece[k] = (struct tx_text){.p = p + start, .n = end - start};
        start = end + 1;
    }
    return 0;
}

int tx_glob_new(const char *pattern, struct tx_glob **ret) {
    size_t n = strlen(pattern);
    if (n == 0 || n > TX_GLOB_PATTERN_BYTES)
        return -EINVAL;
    _cleanup_(tx_glob_freep) struct tx_glob *glob = calloc(1, sizeof(*glob));
    if (!glob)
        return -ENOMEM;
    bool fits = tx_name_fold((struct tx_text){.p = pattern, .n = n}, &glob->name);
    assert(fits);
    int r = split(glob->name.plain, glob->name.n_plain, &glob->plain);
    if (r == 0)
        r = split(tx_name_camel(&glob->name), glob->name.n_camel, &glob->camel);
    if (r < 0)
        return r;
    *ret = TX_STEAL(glob);
    return 0;
}

void tx_glob_free(struct tx_glob *glob) {
    if (!glob)
        return;
    free(glob->plain.piece);
    free(glob->camel.piece);
    free(glob);
}

/* The first piece at the beginning, the last at the end, each other one where it first fits. */
static bool match_pieces(const struct pieces *pieces, const char *p, size_t n) {
    const struct tx_text *first = &pieces->piece[0], *last = &pieces->piece[pieces->n - 1];

    if (n < pieces->min_bytes || memcmp(p, first->p, first->n) != 0)
        return false;
    if (pieces->n == 1)
        return n == first->n;
    if (memcmp(p + n - last->n, last->p, last->n) != 0)
        return false;
    const char *at = p + first->n, *end = p + n - last->n;
    for (const struct tx_text *piece = first + 1; piece < last; piece++) {
        const char *found = memmem(at, (size_t)(end - at), piece->p, piece->n);
        if (!found)
            return false;
        at = found + piece->n;
    }
    return true;
}

bool tx_glob_match_from(const struct tx_glob *glob, const struct tx_name *name,
                        struct tx_name_place from) {
    return match_pieces(&glob->plain, name->plain + from.plain, name->n_plain - from.plain) ||
           (!(name->same && glob->name.same) &&
            match_pieces(&glob->camel, tx_name_camel(name) + from.camel,
                         name->n_camel - from.camel));
}

bool tx_glob_match(const struct tx_glob *glob, const struct tx_name *name) {
    return tx_glob_match_from(glob, name, (struct tx_name_place){.plain = 0});
}

bool tx_glob_piece(const struct tx_glob *glob, bool camel, size_t k, struct tx_text *ret) {
    const struct pieces *pieces = camel ? &glob->camel : &glob->plain;
    if (k >= pieces->n || (camel && glob->name.same))
        return false;
    *ret = pieces->piece[k];
    return true;
}

void tx_glob_canonical_field(const char *pattern, char *ret) {
    size_t n = strlen(pattern);
    for (size_t i = 0; i < n; i++) {
        if (pattern[i] == '*' && i > 0 && pattern[i - 1] == '*')
            continue;
        *ret++ = is_hump(pattern, n, i) ? pattern[i] : fold(pattern[i]);
    }
    *ret = '\0';
}
