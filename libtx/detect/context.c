/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <pthread.h>

#include "libtx/detect/scan.h"

/*
 * Words that make a number believable. They are looked for in the whole text at once, when the
 * first candidate asks; each candidate then looks only at the marks near it.
 */

/* Three letters between digits are hex rather than a word. */
#define SHORT_WORD 3
/* Of a word that begins and ends within another: userIdNumber. */
#define INNER_BYTES_MIN 6
#define BEFORE_BYTES 64
#define AFTER_BYTES 32
#define PHRASES_MAX 4096
#define BUCKETS 2048

struct phrase {
    const char *p;
    uint8_t n;
    bool is_prefix; /* `*` at its end */
    uint8_t detector;
    uint16_t next; /* 1 + index */
};

static struct phrase phrases[PHRASES_MAX];
static size_t n_phrases;
static uint16_t buckets[BUCKETS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static size_t bucket_of(uint8_t a, uint8_t b) {
    return (a * 37u + b) % BUCKETS;
}

static void add_phrase(const char *p, size_t n, size_t detector) {
    assert(n_phrases < PHRASES_MAX && n >= 2 && n < 200);
    bool is_prefix = p[n - 1] == '*';
    uint16_t *bucket = &buckets[bucket_of((uint8_t)p[0], (uint8_t)p[1])];
    phrases[n_phrases++] = (struct phrase){.p = p,
                                           .n = (uint8_t)(n - is_prefix),
                                           .is_prefix = is_prefix,
                                           .detector = (uint8_t)detector,
                                           .next = *bucket};
    *bucket = (uint16_t)n_phrases;
}

static void build(void) {
    for (size_t d = 0; d < TX_DETECT_N; d++)
        for (const char *p = tx_detector_infos[d].context; p && *p;) {
            size_t n = strcspn(p, "|");
            add_phrase(p, n, d);
            p += n + (p[n] == '|');
        }
}

static bool is_part(uint8_t c) {
    return tx_is_alnum(c) || c >= 0x80;
}

/* The lower case of a letter of two bytes of Latin-1 or Latin Extended-A, whose first byte is
 * `lead`. */
static bool same_byte(uint8_t text, uint8_t phrase, uint8_t lead) {
    if (text == phrase || tx_lower(text) == phrase)
        return true;
    if (lead == 0xc3)
        return text >= 0x80 && text <= 0x9e && text + 0x20 == phrase;
    return (lead == 0xc4 || lead == 0xc5) && text + 1 == phrase;
}

static bool is_joint(uint8_t c) {
    return c == ' ' || c == '_' || c == '-' || c == '.' || c == '/';
}

static bool is_upper(uint8_t c) {
    return c >= 'A' && c <= 'Z';
}

/* nip, Nip and NIP, but not nIp, which base64 has. */
static bool has_one_case(const uint8_t *word, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (is_upper(word[i]) != is_upper(word[n - 1]) || (is_upper(word[i]) && !is_upper(word[0])))
            return false;
    return true;
}

/* The end of the phrase at `at`, or 0. A space in it is any joint, or none: taxId. */
static size_t phrase_end(const struct phrase *phrase, const uint8_t *p, size_t n, size_t at) {
    bool inside = at > 0 && is_part(p[at - 1]);
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
    bool ends = at >= n || !is_part(p[at]) || (tx_is_digit(p[at]) && phrase->n > SHORT_WORD) ||
                (p[at] >= 'A' && p[at] <= 'Z' && p[at - 1] >= 'a' && p[at - 1] <= 'z');
    /* Base64 has short words within by chance: OyxSTNrBz. */
    if ((inside && phrase->n < INNER_BYTES_MIN && at < n && is_part(p[at])) ||
        (phrase->n <= SHORT_WORD && !has_one_case(p + start, at - start)))
        return 0;
    return phrase->is_prefix || ends ? at : 0;
}

static bool begins_word(const uint8_t *p, size_t at) {
    if (at == 0 || !is_part(p[at - 1]))
        return true;
    return p[at] >= 'A' && p[at] <= 'Z' && p[at - 1] >= 'a' && p[at - 1] <= 'z';
}

typedef bool (*on_phrase)(struct tx_scan *s, size_t start, size_t end, enum tx_detector detector);

static void find_phrases(struct tx_scan *s, const uint8_t *p, size_t n, on_phrase found) {
    for (size_t at = 0; at + 1 < n; at++) {
        if (!is_part(p[at]) || tx_is_digit(p[at]) || !begins_word(p, at))
            continue;
        uint8_t a = tx_lower(p[at]), b = tx_lower(p[at + 1]);
        if (a == 0xc3 && b >= 0x80 && b <= 0x9e)
            b = (uint8_t)(b + 0x20);
        for (uint16_t i = buckets[bucket_of(a, b)]; i; i = phrases[i - 1].next) {
            size_t end = phrase_end(&phrases[i - 1], p, n, at);
            if (end && !found(s, at, end, phrases[i - 1].detector))
                return;
        }
    }
}

static bool mark(struct tx_scan *s, size_t start, size_t end, enum tx_detector detector) {
    if (s->n_marks == TX_CONTEXT_MARKS) {
        s->context_overflow = true;
        return false;
    }
    s->marks[s->n_marks++] = (struct tx_context_mark){(uint32_t)start, (uint32_t)end, detector};
    return true;
}

static bool mark_name(struct tx_scan *s, size_t start, size_t end, enum tx_detector detector) {
    (void)start;
    (void)end;
    tx_detectors_add(&s->named, detector);
    return true;
}

static void look(struct tx_scan *s) {
    const struct tx_text *name = &s->options->name;
    pthread_once(&once, build);
    find_phrases(s, s->p, s->n, mark);
    find_phrases(s, (const uint8_t *)name->p, name->n, mark_name);
    s->matches->work += s->n;
    s->has_context = true;
}

/* Whether one of `words` stands in [from, to) of p. */
static bool has_word(const char *words, const uint8_t *p, size_t from, size_t to, size_t *ret_start,
                     size_t *ret_end) {
    for (const char *word = words; *word;) {
        size_t n = strcspn(word, "|");
        bool is_prefix = n > 0 && word[n - 1] == '*';
        struct phrase phrase = {.p = word, .n = (uint8_t)(n - is_prefix), .is_prefix = is_prefix};
        for (size_t at = from; n >= 2 && n < 200 && at + 1 < to; at++) {
            size_t end = is_part(p[at]) && begins_word(p, at) ? phrase_end(&phrase, p, to, at) : 0;
            if (end) {
                *ret_start = at;
                *ret_end = end;
                return true;
            }
        }
        word += n + (word[n] == '|');
    }
    return false;
}

bool tx_context_has(struct tx_scan *s, const char *words, size_t start, size_t end, size_t before,
                    size_t after) {
    size_t from = start > before ? start - before : 0, at, to;
    s->matches->work += before + after;
    if (!has_word(words, s->p, from, start, &at, &to) &&
        !has_word(words, s->p, end, s->n - end > after ? end + after : s->n, &at, &to))
        return false;
    s->near_start = (uint32_t)at;
    s->near_end = (uint32_t)to;
    return true;
}

bool tx_context_names(struct tx_scan *s, const char *words) {
    const struct tx_text *name = &s->options->name;
    size_t at, to;
    s->near_start = s->near_end = 0;
    return has_word(words, (const uint8_t *)name->p, 0, name->n, &at, &to);
}

bool tx_context_near(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end) {
    s->near_start = s->near_end = 0;
    if (s->options->assume_context)
        return true;
    if (!s->has_context)
        look(s);
    /* Where there are too many words, there is one near enough: rather too much than too little. */
    if (s->context_overflow || tx_detectors_have(&s->named, detector))
        return true;
    /* Candidates can go back by the length of one id. */
    while (s->first_mark < s->n_marks && s->marks[s->first_mark].end + 512u < start)
        s->first_mark++;
    for (size_t i = s->first_mark; i < s->n_marks && s->marks[i].start < end + AFTER_BYTES; i++) {
        const struct tx_context_mark *m = &s->marks[i];
        if (m->detector == detector && m->end + BEFORE_BYTES >= start) {
            s->near_start = m->start;
            s->near_end = m->end;
            return true;
        }
    }
    return false;
}
