/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

#include <math.h>

enum anchor {
    NONE,
    DIGIT,
    AT,
    COLON,
    EQUALS,
    J,
    B,
    A,
    Z,
    X,
    UNDERSCORE,
    SLASH,
    PLUS,
    PAREN,
    LESS,
    SPACE,
    DASH,
    DOT,
};

static const uint8_t anchors[256] = {
    ['0'] = DIGIT,  ['1'] = DIGIT,      ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT, ['5'] = DIGIT,
    ['6'] = DIGIT,  ['7'] = DIGIT,      ['8'] = DIGIT, ['9'] = DIGIT, ['@'] = AT,    [':'] = COLON,
    ['='] = EQUALS, ['J'] = J,          ['B'] = B,     ['A'] = A,     ['z'] = Z,     ['x'] = X,
    ['X'] = X,      ['_'] = UNDERSCORE, ['/'] = SLASH, ['+'] = PLUS,  ['('] = PAREN, ['<'] = LESS,
    [' '] = SPACE,  ['-'] = DASH,       ['.'] = DOT,
};

bool tx_scan_is_word(const struct tx_scan *s, size_t i, const char *word) {
    for (; *word; word++, i++)
        if (tx_lower(tx_scan_at(s, i)) != (uint8_t)*word)
            return false;
    return true;
}

bool tx_scan_is(const struct tx_scan *s, size_t i, const char *literal) {
    for (; *literal; literal++, i++)
        if (tx_scan_at(s, i) != (uint8_t)*literal)
            return false;
    return true;
}

/* They come nearly in order. */
void tx_matches_add(struct tx_matches *matches, const struct tx_match *match) {
    if (matches->overflow)
        return;
    size_t at = matches->n;
    while (at > 0 && matches->match[at - 1].start > match->start)
        at--;
    for (size_t i = at; i > 0 && matches->match[i - 1].start == match->start; i--)
        if (matches->match[i - 1].end == match->end &&
            matches->match[i - 1].detector == match->detector)
            return;
    if (matches->n == TX_DETECT_MATCHES_MAX) {
        matches->overflow = true;
        return;
    }
    memmove(&matches->match[at + 1], &matches->match[at],
            (matches->n - at) * sizeof(matches->match[0]));
    matches->match[at] = *match;
    matches->n++;
}

void tx_scan_tell(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end,
                  enum tx_fate fate, bool has_context, uint8_t confidence) {
    const struct tx_scan_place *place = s->place;
    const uint32_t *offsets = place->offsets;
    struct tx_candidate c = {.value = place->value,
                             .depth = place->depth,
                             .confidence = confidence,
                             .detector = detector,
                             .fate = fate,
                             .start = place->word_start,
                             .end = place->word_end,
                             .has_context = has_context};
    if (place->depth == 0) {
        c.start = offsets ? offsets[start] : (uint32_t)start;
        c.end = offsets ? offsets[end] : (uint32_t)end;
    }
    if (place->depth == 0 && has_context) {
        c.word_start = offsets ? offsets[s->near_start] : s->near_start;
        c.word_end = offsets ? offsets[s->near_end] : s->near_end;
    }
    s->options->trace->tell(s->options->trace->data, &c);
}

static void claim(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end,
                  bool has_context, uint8_t confidence) {
    tx_matches_add(s->matches, &(struct tx_match){.start = (uint32_t)start,
                                                  .end = (uint32_t)end,
                                                  .detector = detector,
                                                  .confidence = confidence});
    if (s->options->trace)
        tx_scan_tell(s, detector, start, end, TX_FATE_CLAIMED, has_context, confidence);
}

void tx_scan_claim_sure(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end,
                        bool has_context, uint8_t confidence) {
    if (start < end && tx_scan_wants(s, detector))
        claim(s, detector, start, end, has_context, confidence);
}

void tx_scan_claim(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end) {
    if (start >= end || !tx_scan_wants(s, detector))
        return;
    bool has_context =
        tx_detector_infos[detector].context && tx_context_near(s, detector, start, end);
    claim(s, detector, start, end, has_context, tx_detector_confidence(detector, has_context));
}

/* One letter makes no digest, unless by the length: a magnetic stripe has a B before a card's
 * number or a D behind it. */
#define HEX_LETTERS_MIN 2

/* A word is walked over once, however many runs of digits it has. */
static void look_at_word(struct tx_scan *s, size_t at) {
    size_t start = at, end = at;
    bool is_hex = true, has_b_or_d = false;
    size_t n_letters = 0;

    while (start > 0 && tx_is_alnum(s->p[start - 1]))
        start--;
    while (end < s->n && tx_is_alnum(s->p[end]))
        end++;
    bool is_pointer = end - start > 2 && s->p[start] == '0' && s->p[start + 1] == 'x';
    for (size_t i = start + (is_pointer ? 2 : 0); i < end; i++) {
        is_hex = is_hex && tx_is_hex(s->p[i]);
        n_letters += tx_is_letter(s->p[i]);
        has_b_or_d |= tx_lower(s->p[i]) == 'b' || tx_lower(s->p[i]) == 'd';
    }
    s->matches->work += end - start;
    s->word_start = start;
    s->word_end = end;
    size_t n = end - start;
    bool is_digest = n_letters == 1 && !has_b_or_d && (n == 24 || n == 32 || n == 40 || n == 64);
    s->word_is_hex = is_hex && (n_letters >= HEX_LETTERS_MIN || is_digest || is_pointer);
}

bool tx_scan_in_hex_word(struct tx_scan *s, size_t start, size_t end) {
    if (!tx_is_alnum(tx_scan_before(s, start)) && !tx_is_alnum(tx_scan_at(s, end)))
        return false;
    if (start < s->word_start || start >= s->word_end)
        look_at_word(s, start);
    return s->word_is_hex;
}

#define UUID_BYTES 36

static bool is_uuid_at(const struct tx_scan *s, size_t start) {
    bool has_letter = false;
    if (start > s->n || s->n - start < UUID_BYTES)
        return false;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        uint8_t c = s->p[start + i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !tx_is_hex(c))
            return false;
        has_letter = has_letter || tx_is_letter(c);
    }
    return has_letter;
}

bool tx_scan_in_uuid(const struct tx_scan *s, size_t start, size_t end) {
    size_t most = start < UUID_BYTES ? start : UUID_BYTES - 1;
    for (size_t i = 0; i <= most; i++)
        if (end <= start - i + UUID_BYTES && is_uuid_at(s, start - i))
            return true;
    return false;
}

double tx_scan_entropy(const struct tx_scan *s, size_t start, size_t end) {
    uint32_t counts[256] = {0};
    double bits = 0, n = (double)(end - start);
    for (size_t i = start; i < end; i++)
        counts[s->p[i]]++;
    for (size_t i = 0; i < 256; i++)
        if (counts[i])
            bits -= counts[i] / n * log2(counts[i] / n);
    return bits;
}

static size_t take_digits(struct tx_scan *s, size_t at) {
    size_t end = at + 1;
    while (end < s->n && tx_is_digit(s->p[end]))
        end++;
    tx_detect_ipv4(s, at, end);
    tx_detect_iban(s, at, end);
    tx_detect_card(s, at, end);
    tx_detect_gps(s, at, end);
    tx_detect_ids(s, at, end);
    return end;
}

/* The last letters of bearer, basic, digest, negotiate, apikey and token. */
static const bool ends_scheme[256] = {
    ['r'] = true, ['c'] = true, ['t'] = true, ['e'] = true, ['y'] = true, ['n'] = true,
    ['R'] = true, ['C'] = true, ['T'] = true, ['E'] = true, ['Y'] = true, ['N'] = true,
};

/* Gives the place where the search goes on. */
static size_t take_anchor(struct tx_scan *s, size_t at) {
    switch ((enum anchor)anchors[s->p[at]]) {
    case DIGIT:
        return take_digits(s, at);
    case AT:
        tx_detect_email(s, at);
        break;
    case COLON:
        tx_detect_url(s, at);
        tx_detect_ipv6(s, at);
        tx_detect_mac(s, at);
        tx_detect_auth(s, at);
        tx_detect_kv(s, at);
        break;
    case EQUALS:
        tx_detect_auth(s, at);
        tx_detect_kv(s, at);
        break;
    case J:
        tx_detect_jwt(s, at);
        break;
    case B:
        tx_detect_private_key(s, at);
        break;
    case A:
        tx_detect_aws_key(s, at);
        break;
    case Z:
        tx_detect_google_key(s, at);
        break;
    case X:
        tx_detect_slack(s, at);
        tx_detect_eth(s, at);
        break;
    case SLASH:
        tx_detect_slack(s, at);
        break;
    case UNDERSCORE:
        tx_detect_underscore(s, at);
        tx_detect_vendor(s, at);
        break;
    case DASH:
    case DOT:
        tx_detect_vendor(s, at);
        break;
    case PLUS:
    case PAREN:
        tx_detect_phone(s, at);
        break;
    case LESS:
        tx_detect_mrz(s, at);
        break;
    case SPACE: /* behind the last letter of a scheme's name */
        if (ends_scheme[tx_scan_before(s, at)])
            tx_detect_auth(s, at);
        break;
    case NONE:
        break;
    }
    return at + 1;
}

static void scan(struct tx_scan *s) {
    size_t i = 0;
    const struct tx_custom_detectors *custom = s->options->custom;
    while (i < s->n && !s->matches->overflow) {
        while (s->n - i >= 4 && !(anchors[s->p[i]] | anchors[s->p[i + 1]] | anchors[s->p[i + 2]] |
                                  anchors[s->p[i + 3]]))
            i += 4;
        while (i < s->n && !anchors[s->p[i]])
            i++;
        if (i < s->n)
            i = take_anchor(s, i);
    }
    if (custom && !s->matches->overflow)
        custom->find(custom->data, s);
}

void tx_scan(struct tx_text text, const struct tx_scan_place *place,
             const struct tx_detect_options *options, struct tx_matches *ret) {
    TX_UNINITIALIZED struct tx_scan s;

    ret->n = 0;
    ret->work = 0;
    ret->overflow = text.n >= UINT32_MAX;
    if (ret->overflow)
        return;
    memset(&s, 0, offsetof(struct tx_scan, marks));
    s.p = (const uint8_t *)text.p;
    s.n = text.n;
    s.options = options;
    s.place = place;
    s.matches = ret;
    scan(&s);
}

size_t tx_matches_unite(const struct tx_matches *matches, struct tx_span *ret) {
    size_t n = 0;
    for (size_t i = 0; i < matches->n; i++) {
        const struct tx_match *match = &matches->match[i];
        if (n == 0 || match->start >= ret[n - 1].end)
            ret[n++] = (struct tx_span){.start = match->start, .end = match->end};
        else if (match->end > ret[n - 1].end)
            ret[n - 1].end = match->end;
        tx_detectors_add(&ret[n - 1].detectors, match->detector);
    }
    return n;
}
