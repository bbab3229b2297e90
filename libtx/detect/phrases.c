/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <pthread.h>

#include "libtx/detect/phrases.h"
#include "libtx/detect/scan.h"

/* Three letters between digits are hex rather than a word. */
#define SHORT_WORD 3
/* Of a word that begins and ends within another: userIdNumber. */
#define INNER_BYTES_MIN 6

static struct tx_phrases all;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_part(uint8_t c) {
    return tx_is_alnum(c) || c >= 0x80;
}

static bool is_upper(uint8_t c) {
    return c >= 'A' && c <= 'Z';
}

/* The first byte of a letter of Latin Extended-A, of which one more or less is the other case. */
static bool is_pair(uint8_t c) {
    return c == 0xc4 || c == 0xc5;
}

static uint8_t fold(uint8_t c) {
    if (tx_is_letter(c))
        return (uint8_t)(TX_PHRASE_A + (c | 0x20) - 'a');
    return tx_is_digit(c) ? TX_PHRASE_DIGIT : c >= 0x80 ? TX_PHRASE_HIGH : TX_PHRASE_NO_PART;
}

/* What stands behind a key of full length, up to the next joint or letter of a pair. */
static void add_more(struct tx_phrase_entry *entry, const char *rest, const char *end) {
    for (unsigned i = 0; i < 32 && rest < end && *rest != ' ' && !is_pair((uint8_t)*rest); i += 8) {
        entry->more |= ((uint32_t)(uint8_t)*rest++ | 0x20) << i;
        entry->more_mask |= UINT32_C(0xff) << i;
    }
}

/* Which folded bytes can stand behind such three. */
static void add_after(uint8_t first, uint8_t second, uint8_t third, uint32_t after) {
    uint32_t bytes = first | (uint32_t)second << 8 | (uint32_t)third << 16;
    all.after_three[tx_phrase_slot(bytes, !is_part(third))] |= after;
}

/* Behind a whole word no letter nor digit stands, but perhaps a capital, which is seen without
 * this. A key of two bytes is a whole word, or its last is of a letter of a pair, of which `rest`
 * has the other; one of one byte is of a letter past ASCII. */
static void add_first_look(const uint8_t *key, unsigned n, const char *rest, bool is_whole) {
    uint32_t any = UINT32_MAX, none = 1u << TX_PHRASE_NO_PART;
    assert(n > 2 || key[0] >= 0x80 || is_whole || is_pair(key[1]));
    if (n == TX_PHRASE_KEY)
        add_after(key[0], key[1], key[2], 1u << all.fold[key[3]]);
    if (n == 3)
        add_after(key[0], key[1], key[2], is_whole ? none : any);
    if (n == 2 && !is_pair(key[1]))
        add_after(key[0], key[1], ' ', any);
    for (uint8_t less = 0; n == 2 && is_pair(key[1]) && less < 2; less++)
        add_after(key[0], key[1], (uint8_t)(*rest - less), any);
}

static void add_key(const uint8_t *bytes, unsigned n, size_t phrase, const char *rest,
                    const char *end) {
    uint32_t whole = tx_phrase_key(bytes, n), key = tx_phrase_short(whole, n);
    uint32_t bucket = tx_phrase_bucket(key);
    assert(n > 0 && all.n_entries < TX_COUNT_OF(all.entry));
    for (uint16_t i = all.first[bucket]; i; i = all.entry[i - 1].next)
        if (all.entry[i - 1].phrase == phrase && all.entry[i - 1].key == key)
            return;
    struct tx_phrase_entry *entry = &all.entry[all.n_entries++];
    *entry = (struct tx_phrase_entry){
        .key = key, .n_key = (uint8_t)n, .phrase = (uint16_t)phrase, .next = all.first[bucket]};
    all.first[bucket] = (uint16_t)all.n_entries;
    add_first_look(bytes, n, rest, rest == end && !all.phrase[phrase].is_prefix);
    if (n == TX_PHRASE_KEY)
        add_more(entry, rest, end);
}

/* The keys of a phrase, of which n bytes are there: a space is any joint or none, and what is
 * behind the first byte of a pair's letter may be another with the case. */
static void add_keys(size_t phrase, const char *rest, const char *end, uint8_t *key, unsigned n) {
    static const char joints[] = " _-./";
    if (n == TX_PHRASE_KEY || rest == end || (n > 0 && is_pair(key[n - 1]))) {
        add_key(key, n, phrase, rest, end);
        return;
    }
    if (*rest == ' ')
        add_keys(phrase, rest + 1, end, key, n);
    for (const char *joint = joints; *rest == ' ' && *joint; joint++) {
        key[n] = (uint8_t)*joint;
        add_keys(phrase, rest + 1, end, key, n + 1);
    }
    if (*rest != ' ') {
        key[n] = (uint8_t)*rest;
        add_keys(phrase, rest + 1, end, key, n + 1);
    }
}

/* The index of a phrase, or one that is free. */
static size_t find(const char *p, size_t n, bool is_prefix) {
    size_t i = 0;
    while (i < all.n && !(all.phrase[i].n == n && all.phrase[i].is_prefix == is_prefix &&
                          memcmp(all.phrase[i].p, p, n) == 0))
        i++;
    return i;
}

static void add(const char *p, size_t n, enum tx_detector detector) {
    uint8_t key[TX_PHRASE_KEY];
    assert(all.n < TX_PHRASES_MAX && n >= 2 && n <= TX_PHRASE_LONGEST);
    bool is_prefix = p[n - 1] == '*';
    n -= is_prefix;

    size_t i = find(p, n, is_prefix);
    if (i == all.n) {
        all.phrase[all.n++] = (struct tx_phrase){.p = p, .n = (uint8_t)n, .is_prefix = is_prefix};
        add_keys(i, p, p + n, key, 0);
    }
    tx_detectors_add(&all.phrase[i].detectors, detector);
}

static void build(void) {
    for (unsigned c = 0; c < 256; c++)
        all.fold[c] = fold((uint8_t)c);
    for (size_t d = 0; d < TX_DETECT_N; d++)
        for (const char *p = tx_detector_infos[d].context; p && *p;) {
            size_t n = strcspn(p, "|");
            add(p, n, (enum tx_detector)d);
            p += n + (p[n] == '|');
        }
}

const struct tx_phrases *tx_phrases(void) {
    pthread_once(&once, build);
    return &all;
}

/* Also the lower case of a letter of two bytes of Latin-1 or Latin Extended-A, whose first byte is
 * `lead`. */
static bool same_byte(uint8_t text, uint8_t phrase, uint8_t lead) {
    if (text == phrase || tx_lower(text) == phrase)
        return true;
    if (lead == 0xc3)
        return text >= 0x80 && text <= 0x9e && text + 0x20 == phrase;
    return is_pair(lead) && text + 1 == phrase;
}

static bool is_joint(uint8_t c) {
    return c == ' ' || c == '_' || c == '-' || c == '.' || c == '/';
}

static bool is_hump(const uint8_t *p, size_t at) {
    return is_upper(p[at]) && p[at - 1] >= 'a' && p[at - 1] <= 'z';
}

/* nip, Nip and NIP, but not nIp, which base64 has. */
static bool has_one_case(const uint8_t *word, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (is_upper(word[i]) != is_upper(word[n - 1]) || (is_upper(word[i]) && !is_upper(word[0])))
            return false;
    return true;
}

/* Base64 has short words within by chance: OyxSTNrBz. */
static bool is_chance(const struct tx_phrase *phrase, const uint8_t *p, size_t n, size_t start,
                      size_t end) {
    bool inside = start > 0 && is_part(p[start - 1]) && end < n && is_part(p[end]);
    return (inside && phrase->n < INNER_BYTES_MIN) ||
           (phrase->n <= SHORT_WORD && !has_one_case(p + start, end - start));
}

size_t tx_phrase_end(const struct tx_phrase *phrase, const uint8_t *p, size_t n, size_t at) {
    size_t start = at;
    for (size_t k = 0; k < phrase->n; k++) {
        uint8_t c = (uint8_t)phrase->p[k];
        if (c == ' ') {
            at += at < n && is_joint(p[at]);
            continue;
        }
        if (at >= n || !same_byte(p[at], c, k > 0 ? (uint8_t)phrase->p[k - 1] : 0))
            return 0;
        at++;
    }
    bool ends = phrase->is_prefix || at >= n || !is_part(p[at]) || is_hump(p, at) ||
                (tx_is_digit(p[at]) && phrase->n > SHORT_WORD);
    return ends && !is_chance(phrase, p, n, start, at) ? at : 0;
}

bool tx_phrase_begins(const uint8_t *p, size_t at) {
    return is_part(p[at]) && !tx_is_digit(p[at]) &&
           (at == 0 || !is_part(p[at - 1]) || is_hump(p, at));
}
