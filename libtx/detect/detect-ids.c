/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/secret.h"
#include "libtx/detect/classify.h"
#include "libtx/detect/ids.h"
#define TX_ANCHORS_FOR
#include "libtx/detect/look.h"
#include "libtx/detect/scan.h"

/*
 * Identifiers with a shape: words of letters and digits with single separators between them. From
 * each word on, the tree of shapes is gone down as far as the words' lengths fit; where a shape
 * ends and has its digits and letters where the words have theirs, its check decides.
 */

#define PREFIX_WORDS 3   /* without a digit, in front: "JG 10 37 59 A" */
#define PREFIX_LETTERS 4 /* of each */

struct id {
    size_t start, end;
    uint64_t digits; /* which of its characters are some */
    size_t n;        /* characters without separators */
    size_t n_text;   /* 0: not written yet */
    char text[TX_ID_CHARS_MAX + 1];
};

static enum tx_id_separator separator_at(const struct tx_scan *s, size_t at) {
    return (enum tx_id_separator)s->ids->separators[tx_scan_at(s, at)];
}

static inline bool fits(uint64_t digits, const struct tx_id_kinds *kinds) {
    return (digits & kinds->digits) == kinds->digits && !(digits & kinds->letters);
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
                    (row->single && is_hash(s, start, end)) || tx_scan_is_of_thing(s, start) ||
                    tx_scan_is_amount(s, start, end);
    if (doubtful && !tx_context_near(s, row->shape->detector, start, end))
        return TX_FATE_NO_CONTEXT;
    return TX_FATE_CLAIMED;
}

/* What its check reads; for all rows that it is tried for. */
static void write_text(const struct tx_scan *s, struct id *id) {
    size_t n = 0;
    for (size_t i = id->start; i < id->end; i++) {
        uint8_t c = s->p[i];
        id->text[n] = (char)(c - ((uint8_t)(c - 'a') < 26 ? 0x20 : 0));
        n += tx_is_alnum(c);
    }
    id->n_text = n;
    id->text[n] = '\0';
}
static void wipe_text(struct id *id) {
    if (id->n_text)
        tx_wipe(id->text, id->n_text);
    id->n_text = 0;
}

static void try_row(struct tx_scan *s, const struct tx_id_row *row, struct id *id) {
    const struct tx_id_shape *shape = row->shape;

    if (!tx_scan_wants(s, shape->detector))
        return;
    if (!id->n_text)
        write_text(s, id);
    s->matches->work += id->end - id->start;
    enum tx_fate fate =
        shape->check(id->text) ? fate_of(s, row, id->start, id->end) : TX_FATE_INVALID;
    size_t start = id->start, end = id->end;
    if (fate == TX_FATE_CLAIMED && shape->detector == TX_DETECT_PHONE_NATIONAL &&
        !tx_phone_is_whole(s, &start, &end))
        fate = TX_FATE_INVALID;
    if (fate == TX_FATE_CLAIMED)
        tx_scan_claim(s, shape->detector, start, end);
    else
        tx_scan_refuse(s, shape->detector, id->start, id->end, fate);
}

/* Those that stand there as they are, then those that want a word of their context. */
static void try_rows(struct tx_scan *s, const struct tx_id_node *node, struct id *id) {
    bool has_looked = false, never = false;
    for (uint16_t r = node->first_row; r;) {
        const struct tx_id_row *row = &s->ids->rows[r - 1];
        r = row->next;
        if (!fits(id->digits, &row->kinds)) {
            r = row->next_other;
            continue;
        }
        enum tx_id_context context = row->shape->context;
        if (context == TX_ID_CONTEXT || (context == TX_ID_APART && in_row(s, id->start, id->end))) {
            if (!has_looked)
                never = tx_context_never(s, &node->doubtful, id->start, id->end);
            has_looked = true;
            if (never && context == TX_ID_CONTEXT)
                break;
            if (never)
                continue;
        }
        try_row(s, row, id);
    }
    wipe_text(id);
}

/* Whether some id may go on from here, of those that begin with a digit or not. Without a word of
 * context only those that want none do. */
static inline bool goes_on(const struct tx_id_common *common, uint64_t digits, bool clear,
                           bool behind_number) {
    if (!clear)
        return fits(digits, &common->all);
    return fits(digits, &common->alone) || (!behind_number && fits(digits, &common->apart));
}
static inline bool leads_on(const struct tx_id_node *node, uint64_t digits, bool clear,
                            bool behind_number) {
    return goes_on(&node->common[!(digits & 1)], digits, clear, behind_number) ||
           ((digits & 1) && goes_on(&node->common[1], digits, clear, behind_number));
}

/* 64 places from the i-th on. */
static inline uint64_t places_from(const uint64_t *map, size_t i) {
    return map[i / 64] >> (i % 64) | map[i / 64 + 1] << 1 << (63 - i % 64);
}

/* No word alone is an id as a part of a name or of a number, whatever it is: most digits behind a
 * point are out here, before any word of a context is looked for. */
static bool is_part(const struct tx_scan *s, size_t start, size_t end) {
    return tx_scan_before(s, start) == '_' || tx_scan_at(s, end) == '_' ||
           in_decimal(s, start, end);
}

static void begin_id(struct id *id, const struct tx_id_word *word) {
    id->start = word->start;
    id->end = word->end;
    id->digits = word->digits;
    id->n = word->end - word->start;
    id->n_text = 0;
}

/* Another number in front, with the separator at `at`, a decimal point or a comma between them. */
static bool is_behind_number(const struct tx_scan *s, size_t start, size_t at) {
    uint8_t before = tx_scan_before(s, start);
    return start > 1 && tx_is_digit(s->p[start - 2]) &&
           (before == s->p[at] || before == '.' || before == ',');
}

/* A row of numbers of n digits each and one separator, as far as any id goes on from the word, in
 * which nothing stands that wants no word of its context. */
static bool is_row(const struct tx_scan *s, const struct tx_id_word *word, uint64_t alnum,
                   uint64_t digit, size_t n_second) {
    size_t n = word->end - word->start;
    enum tx_id_separator separator = separator_at(s, word->end);
    if (n != n_second || n > TX_ID_ROW_DIGITS_MAX || separator == TX_ID_NONE)
        return false;
    const struct tx_id_uniform *row = &s->ids->uniform[n][separator];
    if (((alnum ^ row->places) | (digit ^ row->places)) & row->whole)
        return false;
    for (size_t at = n + 1 + n; at < row->bytes; at += n + 1)
        if (tx_scan_at(s, word->start + at) != s->p[word->end])
            return false;
    if (!row->has_alone)
        return true;
    const uint8_t *p = s->p + word->start;
    for (size_t i = 1; i < n; i++)
        if (p[i] != p[0])
            return false;
    return memcmp(p, p + n + 1, row->bytes - n - 1) == 0 && !(row->passing >> (p[0] - '0') & 1);
}

/* From the word on that ends before the separator `at` bytes from id->start, to the node of the
 * next word; 0: none. */
static inline uint16_t next_node(const struct tx_scan *s,
                                 const uint16_t (*next)[TX_ID_WORD_MAX + 1], size_t end,
                                 uint64_t alnum, size_t at, size_t *ret_n) {
    enum tx_id_separator separator = separator_at(s, end);
    size_t n = (size_t)__builtin_ctzll(~(alnum >> at >> 1));
    *ret_n = n;
    return separator < TX_ID_SEPARATORS && n <= TX_ID_WORD_MAX ? next[separator][n] : 0;
}

/* Down the tree as far as the words' lengths fit: `node_at` is that of the first word and the next,
 * which has n_word characters. */
static __attribute__((noinline)) void try_words(struct tx_scan *s, const struct tx_id_word *word,
                                                uint64_t alnum, uint16_t node_at, size_t n_word) {
    const struct tx_id_tree *tree = s->ids;
    uint64_t digit = places_from(s->bits->digit, s->first + word->start);
    size_t at = word->end - word->start; /* the separator's place, from the start on */
    bool behind_number = is_behind_number(s, word->start, word->end);
    bool row = behind_number && is_row(s, word, alnum, digit, n_word);
    if (row)
        (void)tx_context_never(s, &tx_detectors_all, word->start,
                               word->start + TX_ID_SPAN_MAX < s->n ? word->start + TX_ID_SPAN_MAX
                                                                   : s->n);
    bool clear = tx_context_is_clear(s, word->start, word->start + TX_ID_SPAN_MAX);
    struct id id;

    if (clear && row)
        return;
    begin_id(&id, word);
    while (node_at) {
        const struct tx_id_node *node = &tree->nodes[node_at];
        id.digits |= (digit >> (at + 1) & ((UINT64_C(1) << n_word) - 1)) << id.n;
        id.n += n_word;
        at += 1 + n_word;
        id.end = word->start + at;
        s->matches->work++;
        if (!leads_on(node, id.digits, clear, behind_number))
            return;
        if (clear ? node->has_sure : node->first_row != 0)
            try_rows(s, node, &id);
        if (at >= TX_ID_SPAN_MAX - TX_ID_WORD_MAX - 1)
            return;
        node_at = next_node(s, tree->next[node_at], id.end, alnum, at, &n_word);
    }
}

static inline void try_more(struct tx_scan *s, const struct tx_id_word *word) {
    size_t i = s->first + word->start, n = word->end - word->start;
    uint64_t alnum = places_from(s->bits->alnum, i);
    size_t n_second = tx_length(alnum >> n >> 1);
    uint16_t node = s->ids->pairs[tx_id_start(n, separator_at(s, word->end))][n_second];
    if (node)
        try_words(s, word, alnum, node, n_second);
    else if (n_second == 0)
        tx_detect_ssn(s, word->start);
}

static void try_single(struct tx_scan *s, const struct tx_id_word *word) {
    struct id id;
    if (!s->options->trace && is_part(s, word->start, word->end))
        return;
    begin_id(&id, word);
    try_rows(s, &s->ids->nodes[s->ids->roots[id.n]], &id);
}

/* Short words of letters in front of the one at `start`, each with one separator behind it. */
static void try_prefixes(struct tx_scan *s, size_t start) {
    const struct tx_look_from from = tx_look_from(s);
    for (size_t i = 0; i < PREFIX_WORDS && start >= 2; i++) {
        struct tx_id_word word = {.end = (uint32_t)start - 1, .start = (uint32_t)start - 1};
        enum tx_id_separator behind = separator_at(s, word.end);
        while (word.start > 0 && word.end - word.start < PREFIX_LETTERS &&
               tx_is_letter(s->p[word.start - 1]))
            word.start--;
        if (behind == TX_ID_NONE || word.start == word.end ||
            tx_is_word(tx_scan_before(s, word.start)))
            return;
        if (tx_leads_to_more(&from, s->first + word.end, word.end - word.start, 0))
            try_more(s, &word);
        start = word.start;
    }
}

static void take_word(struct tx_scan *s, const struct tx_id_word *word) {
    if (word->what & TX_ID_PREFIX)
        try_prefixes(s, word->start);
    if (word->what & TX_ID_SINGLE)
        try_single(s, word);
    if (word->what & TX_ID_MORE)
        try_more(s, word);
    if (word->what & TX_ID_CARD)
        tx_detect_card_groups(s, word->start);
    if (word->what & TX_ID_OTHER)
        tx_detect_vendor_word(s, word->start, word->end);
    if ((word->what & TX_ID_OTHER) && word->end - word->start >= TX_BTC_BYTES_MIN)
        tx_detect_btc(s, word->start, word->end);
}

void tx_detect_words(struct tx_scan *s) {
    TX_UNINITIALIZED struct tx_id_word words[TX_ID_WORDS];
    size_t b = s->first / 64, last = (s->first + s->n) / 64;

    while (b <= last && !s->matches->overflow) {
        size_t n = s->place->way->words(s, &b, words);
        for (size_t k = 0; k < n; k++)
            take_word(s, &words[k]);
    }
}
