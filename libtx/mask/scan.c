/* SPDX-License-Identifier: MIT */
#include "libtx/mask/scan.h"

enum anchor { NONE, DIGIT, AT, COLON, EQUALS, J, B };

static const uint8_t anchors[256] = {
    ['0'] = DIGIT,  ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT, ['5'] = DIGIT,
    ['6'] = DIGIT,  ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT, ['@'] = AT,    [':'] = COLON,
    ['='] = EQUALS, ['J'] = J,     ['b'] = B,     ['B'] = B,
};

bool tx_scan_is_word(const struct tx_scan *s, size_t i, const char *word) {
    for (; *word; word++, i++)
        if (tx_lower(tx_scan_at(s, i)) != (uint8_t)*word)
            return false;
    return true;
}

/* Spans come nearly in order: only the last few can lie behind the new one's start. */
void tx_scan_claim(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end) {
    struct tx_spans *spans = s->spans;
    struct tx_span claim = {start, end, TX_DETECT_BIT(detector)};

    if (spans->overflow || start >= end || !tx_scan_wants(s, detector))
        return;
    size_t first = spans->n;
    while (first > 0 && spans->span[first - 1].end > start)
        first--;
    size_t last = first;
    for (; last < spans->n && spans->span[last].start < end; last++) {
        const struct tx_span *other = &spans->span[last];
        claim.start = other->start < claim.start ? other->start : claim.start;
        claim.end = other->end > claim.end ? other->end : claim.end;
        claim.detectors |= other->detectors;
    }
    if (spans->n - (last - first) == TX_DETECT_SPANS_MAX) {
        spans->overflow = true;
        return;
    }
    memmove(&spans->span[first + 1], &spans->span[last],
            (spans->n - last) * sizeof(spans->span[0]));
    spans->span[first] = claim;
    spans->n = spans->n - (last - first) + 1;
}

/* A word is walked over once, however many runs of digits it has. */
static void look_at_word(struct tx_scan *s, size_t at) {
    size_t start = at, end = at;
    bool is_hex = true, has_letter = false;

    while (start > 0 && tx_is_alnum(s->p[start - 1]))
        start--;
    while (end < s->n && tx_is_alnum(s->p[end]))
        end++;
    for (size_t i = start; i < end; i++) {
        is_hex = is_hex && tx_is_hex(s->p[i]);
        has_letter = has_letter || tx_is_letter(s->p[i]);
    }
    s->spans->work += end - start;
    s->word_start = start;
    s->word_end = end;
    s->word_is_hex = is_hex && has_letter;
}

bool tx_scan_in_hex_word(struct tx_scan *s, size_t start, size_t end) {
    if (!tx_is_alnum(tx_scan_before(s, start)) && !tx_is_alnum(tx_scan_at(s, end)))
        return false;
    if (start < s->word_start || start >= s->word_end)
        look_at_word(s, start);
    return s->word_is_hex;
}

static size_t take_digits(struct tx_scan *s, size_t at) {
    size_t end = at + 1;
    while (end < s->n && tx_is_digit(s->p[end]))
        end++;
    tx_detect_ipv4(s, at, end);
    tx_detect_iban(s, at, end);
    tx_detect_ssn(s, at, end);
    tx_detect_card(s, at, end);
    return end;
}

/* Gives the place where the search goes on. */
static size_t take_anchor(struct tx_scan *s, size_t at) {
    switch (anchors[s->p[at]]) {
    case DIGIT:
        return take_digits(s, at);
    case AT:
        tx_detect_email(s, at);
        break;
    case COLON:
        tx_detect_ipv6(s, at);
        tx_detect_password(s, at);
        break;
    case EQUALS:
        tx_detect_password(s, at);
        break;
    case J:
        tx_detect_jwt(s, at);
        break;
    case B:
        tx_detect_bearer(s, at);
        tx_detect_private_key(s, at);
        break;
    default:
        break;
    }
    return at + 1;
}

void tx_detect(struct tx_text text, unsigned wanted, struct tx_spans *ret) {
    struct tx_scan s = {.p = (const uint8_t *)text.p, .n = text.n, .wanted = wanted, .spans = ret};
    size_t i = 0;

    ret->n = 0;
    ret->overflow = false;
    ret->work = 0;
    while (wanted && i < s.n) {
        while (s.n - i >= 4 &&
               !(anchors[s.p[i]] | anchors[s.p[i + 1]] | anchors[s.p[i + 2]] | anchors[s.p[i + 3]]))
            i += 4;
        while (i < s.n && !anchors[s.p[i]])
            i++;
        if (i < s.n)
            i = take_anchor(&s, i);
    }
}
