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

/* What stands behind a key of full length, up to the next joint or letter of a pair. */
static void add_more(struct tx_phrase_entry *entry, const char *rest, const char *end) {
    for (unsigned i = 0; i < 32 && rest < end && *rest != ' ' && !is_pair((uint8_t)*rest); i += 8) {
        entry->more |= ((uint32_t)(uint8_t)*rest++ | 0x20) << i;
        entry->more_mask |= UINT32_C(0xff) << i;
    }
}

static void set(uint64_t *filter, uint32_t key) {
    uint32_t bit = tx_phrase_bit(key);
    filter[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* Of keys of two bytes, with all that can stand behind them but a capital. Those of one are of
 * letters past ASCII. */
static void add_filter(uint32_t key, unsigned n, bool is_whole) {
    assert(n > 1 || (key & 0x80));
    if (n == TX_PHRASE_KEY)
        set(all.four, key);
    if (n == SHORT_WORD)
        set(is_whole ? all.whole : all.three, tx_phrase_short(key, 3));
    for (uint32_t third = 0; n == 2 && third < 256; third++)
        if (!is_whole || !(tx_is_letter((uint8_t)third) || third >= 0x80))
            set(all.three, tx_phrase_short((key & 0xffff) | third << 16 | 0x202020, 3));
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
    add_filter(whole, n, rest == end && !all.phrase[phrase].is_prefix);
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
    assert(all.n < TX_PHRASES_MAX && n >= 2 && n < TX_PHRASE_BYTES_MAX);
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
        all.may_follow[c] = !is_part((uint8_t)c) || is_upper((uint8_t)c);
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
