/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/glob.h"

#include <assert.h>
#include <string.h>

#include "libtx/base/limits.h"
#include "libtx/detect/fold-name.h"

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

void tx_glob_canonical_event(const char *pattern, char ret[TX_GLOB_CANONICAL_BYTES]) {
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

/* --- names of fields --- */

/* A separator of the pattern that a name may do without: one that has neither a star nor the
 * pattern's end beside it. */
#define JOINT '\0'

struct tx_glob {
    bool loose, numbered;
    size_t min_bytes; /* of all pieces, joints left out */
    size_t n_text;
    char *text; /* behind the pieces */
    size_t n;
    struct tx_text piece[]; /* the texts between the stars */
};

static void mark_joints(char *text, size_t n) {
    for (size_t i = 0, end; i < n; i = end + 1) {
        for (end = i; end < n && text[end] == '_';)
            end++;
        bool within = i > 0 && end < n && text[i - 1] != '*' && text[end] != '*';
        memset(text + i, within ? JOINT : '_', end - i);
    }
}

/* With joints; its length. */
static size_t fold_pattern(struct tx_text pattern, char ret[2 * TX_GLOB_PATTERN_BYTES]) {
    struct tx_name name;
    bool fits = tx_name_fold(pattern, &name);
    assert(fits && name.n_camel <= 2 * TX_GLOB_PATTERN_BYTES);
    memcpy(ret, tx_name_camel(&name), name.n_camel);
    mark_joints(ret, name.n_camel);
    return name.n_camel;
}

static void split(struct tx_glob *glob) {
    size_t start = 0;
    for (size_t i = 0; i <= glob->n_text; i++) {
        if (i < glob->n_text && glob->text[i] != '*') {
            glob->min_bytes += glob->text[i] != JOINT;
            continue;
        }
        glob->piece[glob->n++] = (struct tx_text){.p = glob->text + start, .n = i - start};
        start = i + 1;
    }
}

int tx_glob_new(const char *pattern, bool loose, struct tx_glob **ret) {
    char text[2 * TX_GLOB_PATTERN_BYTES], read[TX_GLOB_PATTERN_BYTES];
    size_t n = strlen(pattern), n_pieces = 1;

    if (n == 0 || n > TX_GLOB_PATTERN_BYTES)
        return -EINVAL;
    struct tx_text as_read = {pattern, n};
    if (loose)
        as_read = (struct tx_text){read, tx_fold_name(as_read, read)};
    if (as_read.n == 0)
        return -EINVAL;
    n = fold_pattern(as_read, text);
    for (size_t i = 0; i < n; i++)
        n_pieces += text[i] == '*';
    struct tx_glob *glob = calloc(1, sizeof(*glob) + n_pieces * sizeof(glob->piece[0]) + n);
    if (!glob)
        return -ENOMEM;
    glob->text = memcpy(&glob->piece[n_pieces], text, n);
    glob->n_text = n;
    glob->loose = loose;
    glob->numbered = loose && ((text[n - 1] >= 'a' && text[n - 1] <= 'z') || text[n - 1] & 0x80);
    split(glob);
    *ret = glob;
    return 0;
}

void tx_glob_free(struct tx_glob *glob) {
    free(glob);
}

/* How many bytes of the name's beginning the piece takes, or SIZE_MAX. */
static size_t take(struct tx_text piece, const char *p, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < piece.n; i++) {
        if (piece.p[i] == JOINT)
            k += k < n && p[k] == '_';
        else if (k < n && p[k] == piece.p[i])
            k++;
        else
            return SIZE_MAX;
    }
    return k;
}

/* The same of the name's end. */
static size_t take_last(struct tx_text piece, const char *p, size_t n) {
    size_t k = n;
    for (size_t i = piece.n; i > 0; i--) {
        if (piece.p[i - 1] == JOINT)
            k -= k > 0 && p[k - 1] == '_';
        else if (k > 0 && p[k - 1] == piece.p[i - 1])
            k--;
        else
            return SIZE_MAX;
    }
    return n - k;
}

/* Where the piece stands in the name first, and what comes behind it; NULL: nowhere. It begins with
 * no joint. */
static const char *find(struct tx_text piece, const char *p, const char *end) {
    if (piece.n == 0)
        return p;
    while ((p = memchr(p, piece.p[0], (size_t)(end - p)))) {
        size_t taken = take(piece, p, (size_t)(end - p));
        if (taken != SIZE_MAX)
            return p + taken;
        p++;
    }
    return NULL;
}

/* The first piece at the beginning, the last at the end, each other one where it first fits. */
static bool match_pieces(const struct tx_glob *glob, const char *p, size_t n) {
    if (n < glob->min_bytes)
        return false;
    size_t first = take(glob->piece[0], p, n);
    if (first == SIZE_MAX || glob->n == 1)
        return first == n;
    size_t last = take_last(glob->piece[glob->n - 1], p, n);
    if (last == SIZE_MAX || first + last > n)
        return false;
    const char *at = p + first, *end = p + n - last;
    for (size_t i = 1; at && i + 1 < glob->n; i++)
        at = find(glob->piece[i], at, end);
    return at != NULL;
}

/* Without a number at its end, and what separates it. */
static size_t without_number(const char *p, size_t n) {
    size_t k = n;
    while (k > 0 && p[k - 1] >= '0' && p[k - 1] <= '9')
        k--;
    return k < n && k > 0 && p[k - 1] == '_' ? k - 1 : k;
}

static bool match_form(const struct tx_glob *glob, const char *p, size_t n) {
    if (match_pieces(glob, p, n))
        return true;
    size_t less = glob->numbered ? without_number(p, n) : n;
    return less < n && match_pieces(glob, p, less);
}

bool tx_glob_is_loose(const struct tx_glob *glob) {
    return glob->loose;
}

bool tx_glob_match_from(const struct tx_glob *glob, const struct tx_name *name,
                        struct tx_name_place from) {
    return match_form(glob, name->plain + from.plain, name->n_plain - from.plain) ||
           (!name->same &&
            match_form(glob, tx_name_camel(name) + from.camel, name->n_camel - from.camel));
}

bool tx_glob_match(const struct tx_glob *glob, const struct tx_name *name) {
    return tx_glob_match_from(glob, name, (struct tx_name_place){.plain = 0});
}

/* What stands between stars and joints. */
bool tx_glob_part(const struct tx_glob *glob, size_t k, struct tx_text *ret) {
    const char *p = glob->text;
    for (size_t i = 0; i < glob->n_text; k--) {
        size_t start = i;
        while (i < glob->n_text && p[i] != '*' && p[i] != JOINT)
            i++;
        if (k == 0) {
            *ret = (struct tx_text){.p = p + start, .n = i - start};
            return true;
        }
        i++;
    }
    return false;
}

/* A star of `big` takes any text, a star of `small` too. */
static bool star_match(const char *big, size_t n_big, const char *small, size_t n_small) {
    size_t star = SIZE_MAX, taken = 0, i = 0, k = 0;

    while (k < n_small) {
        if (i < n_big && big[i] == '*') {
            star = i++;
            taken = k;
        } else if (i < n_big && big[i] == small[k]) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            k = ++taken;
        } else {
            return false;
        }
    }
    while (i < n_big && big[i] == '*')
        i++;
    return i == n_big;
}

bool tx_glob_covers(const char *big, const char *small) {
    char b[2 * TX_GLOB_PATTERN_BYTES], s[2 * TX_GLOB_PATTERN_BYTES];

    if (strlen(big) > TX_GLOB_PATTERN_BYTES || strlen(small) > TX_GLOB_PATTERN_BYTES)
        return false;
    size_t n_big = fold_pattern((struct tx_text){big, strlen(big)}, b);
    size_t n_small = fold_pattern((struct tx_text){small, strlen(small)}, s);
    return star_match(b, n_big, s, n_small);
}

/* One of which the other form would be too long to be read again stays as it is. */
void tx_glob_canonical_field(const char *pattern, char ret[TX_GLOB_CANONICAL_BYTES]) {
    struct tx_name name;
    size_t n = strlen(pattern);
    bool fits = tx_name_fold((struct tx_text){.p = pattern, .n = n}, &name);
    assert(fits);
    const char *p = pattern;
    if (name.n_camel <= TX_GLOB_PATTERN_BYTES) {
        p = tx_name_camel(&name);
        n = name.n_camel;
    }
    for (size_t i = 0; i < n; i++)
        if (p[i] != '*' || i == 0 || p[i - 1] != '*')
            *ret++ = p[i];
    *ret = '\0';
}
