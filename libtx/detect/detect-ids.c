/* SPDX-License-Identifier: MIT */
#include "libtx/detect/ids.h"
#include "libtx/detect/scan.h"

/*
 * Identifiers with a shape: words of letters and digits with single separators between them. From
 * each word on, the tree of shapes is gone down as far as the words fit; where a shape ends, its
 * check decides. A word that none can begin or go on with ends it at once.
 */

#define WORDS 64      /* that are looked at together */
#define WORDS_KEPT 12 /* of them, for shapes that reach into the next */
#define PREFIX_WORDS 3
#define PREFIX_LETTERS 4 /* in front of the first digit: "JG 10 37 59 A" */

#define BTC_BYTES_MIN 14
#define SECRET_WORD_MIN 5

struct word {
    size_t start, end;
    uint8_t separator; /* before it; enum tx_id_separator */
    bool has_digit;
};

struct words {
    struct tx_scan *s;
    const struct tx_id_tree *tree;
    size_t n;
    struct word word[WORDS];
};

static enum tx_id_separator separator_at(const struct tx_scan *s, size_t at) {
    return tx_id_separator_of((char)tx_scan_at(s, at));
}

static bool fits(const char *pattern, const char *id, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (pattern[i] == '9' ? !tx_is_digit((uint8_t)id[i])
                              : pattern[i] == 'A' && tx_is_digit((uint8_t)id[i]))
            return false;
    return true;
}

/* Digits without separators beside a decimal point are a part of a number. */
static bool in_decimal(const struct tx_scan *s, size_t start, size_t end) {
    return (tx_scan_at(s, end) == '.' && tx_is_digit(tx_scan_at(s, end + 1))) ||
           (start > 1 && s->p[start - 1] == '.' && tx_is_digit(s->p[start - 2]));
}

/* Whether another number stands beside it, with the separator that its own words have or with a
 * decimal point. */
static bool in_row(const struct tx_scan *s, size_t start, size_t end) {
    size_t i = start;
    while (i < end && tx_is_alnum(s->p[i]))
        i++;
    uint8_t separator = i < end ? s->p[i] : 0;
    uint8_t before = tx_scan_before(s, start), after = tx_scan_at(s, end);
    bool digit_before = start > 1 && tx_is_digit(s->p[start - 2]);
    bool digit_after = tx_is_digit(tx_scan_at(s, end + 1));
    return (digit_before && (before == separator || before == '.' || before == ',')) ||
           (digit_after && (after == separator || after == '.' || after == ','));
}

/* A short hash, rather than an id with letters, is of hex digits in lower case only. */
static bool is_hash(const struct tx_scan *s, size_t start, size_t end) {
    bool has_letter = false;
    for (size_t i = start; i < end; i++) {
        if (!tx_is_hex(s->p[i]) || (s->p[i] >= 'A' && s->p[i] <= 'F'))
            return false;
        has_letter |= tx_is_letter(s->p[i]);
    }
    return has_letter;
}

/* What a valid id at this place is for all that not. */
static enum tx_fate fate_of(struct tx_scan *s, const struct tx_id_row *row, size_t start,
                            size_t end) {
    if (tx_scan_before(s, start) == '_' || tx_scan_at(s, end) == '_')
        return TX_FATE_IN_NAME;
    if (row->single && in_decimal(s, start, end))
        return TX_FATE_IN_DECIMAL;
    if (tx_scan_in_uuid(s, start, end))
        return TX_FATE_IN_UUID;
    bool doubtful = row->shape->context == TX_ID_CONTEXT ||
                    (row->shape->context == TX_ID_APART && in_row(s, start, end)) ||
                    (row->single && is_hash(s, start, end));
    if (doubtful && !tx_context_near(s, row->shape->detector, start, end))
        return TX_FATE_NO_CONTEXT;
    return TX_FATE_CLAIMED;
}

static void try_row(struct tx_scan *s, const struct tx_id_row *row, const char *id, size_t start,
                    size_t end) {
    const struct tx_id_shape *shape = row->shape;
    if (!tx_scan_wants(s, shape->detector) || !fits(row->pattern, id, row->n))
        return;
    enum tx_fate fate = shape->check(id) ? fate_of(s, row, start, end) : TX_FATE_INVALID;
    if (fate == TX_FATE_CLAIMED)
        tx_scan_claim(s, shape->detector, start, end);
    else
        tx_scan_refuse(s, shape->detector, start, end, fate);
}

static uint16_t step(const struct tx_id_tree *tree, uint16_t from, const struct word *word,
                     bool is_first) {
    size_t n = word->end - word->start;
    if (n > TX_ID_CHARS_MAX)
        return 0;
    if (is_first)
        return tree->roots[n];
    uint16_t node = tree->nodes[from].child;
    while (node && !(tree->nodes[node].separator == word->separator && tree->nodes[node].n == n))
        node = tree->nodes[node].sibling;
    return node;
}

static void try_from(const struct words *words, size_t first) {
    struct tx_scan *s = words->s;
    char id[TX_ID_CHARS_MAX + 1];
    size_t n = 0;
    uint16_t node = 0;

    for (size_t i = first; i < words->n; i++) {
        const struct word *word = &words->word[i];
        node = step(words->tree, node, word, i == first);
        if (!node || n + (word->end - word->start) > TX_ID_CHARS_MAX)
            break;
        for (size_t k = word->start; k < word->end; k++)
            id[n++] = (char)tx_upper(s->p[k]);
        id[n] = '\0';
        s->matches->work += word->end - word->start;
        for (uint16_t row = words->tree->nodes[node].first_row; row;
             row = words->tree->rows[row - 1].next)
            try_row(s, &words->tree->rows[row - 1], id, words->word[first].start, word->end);
    }
}

/* All but the last few words begin something now; those stay for what comes. */
static void flush(struct words *words, bool all) {
    size_t n = all || words->n < WORDS_KEPT ? words->n : words->n - WORDS_KEPT;
    for (size_t i = 0; i < n; i++)
        try_from(words, i);
    memmove(words->word, words->word + n, (words->n - n) * sizeof(words->word[0]));
    words->n -= n;
}

static void add(struct words *words, const struct word *word) {
    if (words->n == WORDS)
        flush(words, false);
    words->word[words->n++] = *word;
    size_t n = word->end - word->start;
    if (word->has_digit && n >= BTC_BYTES_MIN)
        tx_detect_btc(words->s, word->start, word->end);
    if (word->has_digit && n >= SECRET_WORD_MIN)
        tx_detect_aws_secret(words->s, word->start, word->end);
    if (word->has_digit)
        tx_detect_vendor_word(words->s, word->start, word->end);
}

static struct word word_at(const struct tx_scan *s, size_t at) {
    struct word word = {.start = at, .end = at};
    while (word.end < s->n && tx_is_alnum(s->p[word.end]))
        word.has_digit |= tx_is_digit(s->p[word.end++]);
    return word;
}

/* The beginning of the short word of letters in front of `start`, or start. */
static size_t word_before(const struct tx_scan *s, size_t start) {
    if (start <= s->ids_done + 1 || separator_at(s, start - 1) == TX_ID_NONE)
        return start;
    size_t before = start - 1;
    while (before > s->ids_done && start - before <= PREFIX_LETTERS &&
           tx_is_letter(s->p[before - 1]))
        before--;
    bool whole = before < start - 1 && !(before > 0 && tx_is_word(s->p[before - 1]));
    return whole ? before : start;
}

/* Where the words begin to which the digit at `at` belongs: with the letters before it, and a few
 * short words of letters before those. */
static size_t find_start(const struct tx_scan *s, size_t at) {
    size_t start = at;
    while (start > s->ids_done && tx_is_alnum(s->p[start - 1]))
        start--;
    for (size_t i = 0; i < PREFIX_WORDS; i++)
        start = word_before(s, start);
    return start;
}

void tx_detect_ids(struct tx_scan *s, size_t at, size_t end) {
    TX_UNINITIALIZED struct words words;
    (void)end;

    if (at < s->ids_done)
        return;
    words.s = s;
    words.tree = tx_id_tree();
    words.n = 0;
    size_t i = find_start(s, at);
    enum tx_id_separator separator = TX_ID_FIRST;
    for (;;) {
        struct word word = word_at(s, i);
        if (!word.has_digit && word.end - word.start > PREFIX_LETTERS)
            break; /* an ordinary word */
        word.separator = (uint8_t)separator;
        add(&words, &word);
        i = word.end;
        separator = separator_at(s, i);
        if (separator == TX_ID_NONE || !tx_is_alnum(tx_scan_at(s, i + 1)))
            break;
        i++;
    }
    s->ids_done = i;
    flush(&words, true);
}
