/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

#include <math.h>

#include "libtx/detect/ids.h"
#include "libtx/detect/kv.h"

/*
 * Goes from place to place, block by block, and asks the detectors of what stands there. What each
 * has found is added as it comes.
 */

bool tx_scan_goes_on(const struct tx_scan *s, size_t i, const char *word) {
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

/* Of the 64 bytes from bit i on, which are dashes. */
static uint64_t dashes_from(const struct tx_bits *bits, size_t i) {
    size_t b = i / 64;
    uint64_t at = bits->gap[b] & bits->base64[b], after = bits->gap[b + 1] & bits->base64[b + 1];
    return at >> (i % 64) | after << 1 << (63 - i % 64);
}

bool tx_scan_in_uuid(const struct tx_scan *s, size_t start, size_t end) {
    size_t from = start < UUID_BYTES ? 0 : start - UUID_BYTES + 1;
    uint64_t dashes = dashes_from(s->bits, s->first + from);
    uint64_t places = dashes >> 8 & dashes >> 13 & dashes >> 18 & dashes >> 23;
    for (; places; places &= places - 1) {
        size_t at = from + (size_t)__builtin_ctzll(places);
        if (at <= start && end <= at + UUID_BYTES && is_uuid_at(s, at))
            return true;
    }
    return false;
}

double tx_scan_entropy(const struct tx_scan *s, size_t start, size_t end) {
    uint32_t counts[256] = {0};
    uint64_t seen[4] = {0};
    double bits = 0, n = (double)(end - start);
    for (size_t i = start; i < end; i++) {
        counts[s->p[i]]++;
        seen[s->p[i] / 64] |= UINT64_C(1) << (s->p[i] % 64);
    }
    for (size_t k = 0; k < 4; k++)
        for (; seen[k]; seen[k] &= seen[k] - 1) {
            double share = counts[64 * k + (size_t)__builtin_ctzll(seen[k])] / n;
            bits -= share * log2(share);
        }
    return bits;
}

/* --- anchors --- */

/* Of three letters that a dash takes apart UUIDs are full: four hex digits in front of it and
 * behind, as no name has them. */
static bool is_between_hex(const struct tx_scan *s, size_t at) {
    if (s->p[at + 1] != '-' || at < 3)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (!tx_is_hex(tx_scan_at(s, at + 2 + i)) || !tx_is_hex(s->p[at - i]))
            return false;
    return true;
}

/* A name that may be a secret's; the sign behind it tells. */
static void take_name(struct tx_scan *s, size_t at) {
    if (is_between_hex(s, at))
        return;
    tx_detect_kv_name(s, at);
    if (at < s->kv_next)
        return;
    size_t sign = at;
    while (sign < s->n && s->p[sign] != ':' && s->p[sign] != '=')
        sign++;
    s->matches->work += sign - at;
    s->kv_next = sign;
    if (sign < s->n)
        tx_detect_kv(s, sign);
}

static void take_scheme(struct tx_scan *s, size_t at) {
    const char *scheme;
    switch (tx_lower(s->p[at])) {
    case 'c':
        if (tx_lower(tx_scan_at(s, at + 2)) == 'o')
            tx_detect_cookie(s, at);
        return;
    case 'a':
        scheme = "apikey";
        break;
    case 'b':
        scheme = tx_lower(tx_scan_at(s, at + 1)) == 'e' ? "bearer" : "basic";
        break;
    case 'd':
        scheme = "digest";
        break;
    case 'n':
        scheme = "negotiate";
        break;
    case 't':
        scheme = "token";
        break;
    default:
        return;
    }
    if (tx_is_alnum(tx_scan_before(s, at)) || !tx_scan_is_word(s, at, scheme))
        return;
    size_t end = at + strlen(scheme);
    uint8_t next = tx_scan_at(s, end);
    if (next == ' ' || next == '\t' || next == ':' || next == '=')
        tx_detect_auth(s, end);
}

/* Two letters and two digits begin an IBAN, with a gap between them or without. */
static void take_iban(struct tx_scan *s, size_t at) {
    uint8_t third = tx_scan_at(s, at + 2);
    size_t digits = at + (third == ' ' || third == '-' ? 3 : 2);
    if (tx_is_letter(tx_scan_at(s, at + 1)) && tx_is_digit(tx_scan_at(s, digits)) &&
        tx_is_digit(tx_scan_at(s, digits + 1)) && !tx_is_alnum(tx_scan_before(s, at)))
        tx_detect_iban(s, digits, digits + 2);
}

/* hasło, contraseña, wachtwoord: by the letter behind those three. */
static bool is_name_abroad(uint8_t first, uint8_t third, uint8_t fourth) {
    return (first == 'h' && third == 's' && (fourth == 'l' || fourth == 0xc5)) ||
           (first == 'r' && third == 's' && fourth == 'e') ||
           (first == 'w' && third == 'c' && fourth == 'h');
}

/* The middle one of three characters says most. */
static void take_letter(struct tx_scan *s, size_t at) {
    uint8_t first = tx_lower(s->p[at]), second = tx_lower(tx_scan_at(s, at + 1)),
            third = tx_lower(tx_scan_at(s, at + 2));

    if (third == '_')
        tx_detect_underscore(s, at + 2);
    if (tx_is_digit(third) || third == ' ' || third == '-')
        take_iban(s, at);
    switch (second) {
    case '_':
    case '-':
        take_name(s, at);
        break;
    case 'a':
        if ((first == 'p' && third == 's') ||
            is_name_abroad(first, third, tx_lower(tx_scan_at(s, at + 3))))
            take_name(s, at);
        break;
    case 'w':
        if (first == 'p' && third == 'd')
            take_name(s, at);
        break;
    case 'e':
        if ((first == 'r' && third == 't') || (first == 'k' && (third == 'n' || third == 'y')) ||
            (first == 's' && third == 'n' && tx_lower(tx_scan_at(s, at + 3)) == 'h'))
            take_name(s, at);
        break;
    case 'y':
        if (first == 'e' && tx_scan_at(s, at + 2) == 'J')
            tx_detect_jwt(s, at + 2);
        break;
    case 'm':
        if (first == 'o' && third == '/')
            tx_detect_slack(s, at + 2);
        break;
    case 'o':
        if (first == 'x' && third == 'x')
            tx_detect_slack(s, at);
        break;
    default:
        break;
    }
    if (s->p[at] == 'A') {
        tx_detect_aws_key(s, second == '3' ? at : at + 3);
        if (third == 'z')
            tx_detect_google_key(s, at + 2);
    }
    take_scheme(s, at);
}

/* Behind the digits that follow: the next octet, or what is behind a coordinate. */
static void take_dot(struct tx_scan *s, size_t at) {
    size_t start = at, end = at + 1;
    tx_detect_vendor(s, at);
    while (start > 0 && at - start < 4 && tx_is_digit(s->p[start - 1]))
        start--;
    while (tx_is_digit(tx_scan_at(s, end)))
        end++;
    s->matches->work += end - at;
    uint8_t next = tx_scan_at(s, end);
    if (start == at)
        return;
    if (next == '.')
        tx_detect_ipv4(s, start, at);
    else if (next == ',' || next == ' ' || next == 'N' || next == 'S' || next == 0xc2)
        tx_detect_gps(s, start, at);
}

static bool is_address(uint8_t c) {
    return c == ':' || tx_is_hex(c);
}

/* A colon that may stand anywhere in an address, which is looked at from its beginning on. */
static void take_address(struct tx_scan *s, size_t at) {
    size_t start = at, colon;
    if (at < s->ipv6_done)
        return;
    while (start > s->ipv6_done && is_address(s->p[start - 1]))
        start--;
    for (colon = start; s->p[colon] != ':';)
        colon++;
    s->matches->work += at - start;
    if (colon - start == 2)
        tx_detect_mac(s, colon);
    tx_detect_ipv6(s, colon);
    s->ipv6_done = at < s->ipv6_done ? s->ipv6_done : at + 1;
}

static void take_colon(struct tx_scan *s, size_t at) {
    if (tx_scan_at(s, at + 1) == '/')
        tx_detect_url(s, at);
    else
        take_address(s, at);
}

static void take_anchor(struct tx_scan *s, size_t at) {
    switch (s->p[at]) {
    case '@':
        tx_detect_email(s, at);
        break;
    case '<':
        tx_detect_mrz(s, at);
        break;
    case '+':
    case '(':
        tx_detect_phone(s, at);
        break;
    case '.':
        take_dot(s, at);
        break;
    case ':':
        take_colon(s, at);
        break;
    case '-':
        tx_detect_private_key(s, at + 1);
        tx_detect_mac(s, at);
        tx_detect_vendor(s, at);
        break;
    case '_':
        tx_detect_vendor(s, at);
        break;
    case '0':
        if (tx_lower(tx_scan_at(s, at + 1)) == 'x')
            tx_detect_eth(s, at + 1);
        break;
    default:
        if (tx_is_letter(s->p[at]))
            take_letter(s, at);
    }
}

#define SECRET_BYTES TX_SCAN_CODED_MIN /* see detect-aws.c */

static bool is_secret(uint8_t c) {
    return tx_is_alnum(c) || c == '/' || c == '+';
}

static void take_run(struct tx_scan *s, size_t at) {
    if (s->n - at >= SECRET_BYTES && is_secret(s->p[at + SECRET_BYTES - 1]) &&
        !is_secret(tx_scan_at(s, at + SECRET_BYTES)) && !is_secret(tx_scan_before(s, at)))
        tx_detect_aws_secret(s, at, at + SECRET_BYTES);
}

/* --- all of them --- */

typedef void (*take)(struct tx_scan *s, size_t at);

static inline void take_all(struct tx_scan *s, uint64_t places, size_t base, take take_one) {
    for (; places; places &= places - 1)
        take_one(s, base + (size_t)__builtin_ctzll(places));
}

/* One look takes many of them. */
static inline void take_cards(struct tx_scan *s, uint64_t places, size_t base) {
    for (; places; places &= places - 1) {
        size_t at = base + (size_t)__builtin_ctzll(places);
        if (at >= s->card_done)
            tx_detect_card(s, at);
    }
}

static void scan_block(struct tx_scan *s, size_t b, uint64_t within) {
    const struct tx_bits *bits = s->bits;
    size_t base = b * 64 - s->first;
    take_all(s, bits->anchor[b] & within, base, take_anchor);
    take_cards(s, bits->card[b] & within, base);
    take_all(s, bits->coded[b] & within, base, take_run);
}

static void scan(struct tx_scan *s) {
    const uint64_t *anchor = s->bits->anchor, *card = s->bits->card, *coded = s->bits->coded;
    size_t first = s->first, end = first + s->n, last = end / 64;
    uint64_t words = 0;

    for (size_t b = first / 64; b <= last && !s->matches->overflow; b++) {
        uint64_t within = b * 64 < first || b == last ? tx_bits_within(b, first, end) : UINT64_MAX;
        if (within & (anchor[b] | card[b] | coded[b]))
            scan_block(s, b, within);
        words |= s->bits->word[b];
    }
    if (words)
        tx_detect_words(s);
}

/* In pieces, of which each is a few wide stores: what is longer is a slow instruction. */
#define CLEARED offsetof(struct tx_scan, word_start)
#define CLEARED_END offsetof(struct tx_scan, context_overflow)
#define PIECE 64

void tx_scan(struct tx_text text, const struct tx_bits *bits, size_t first,
             const struct tx_scan_place *place, const struct tx_detect_options *options,
             struct tx_matches *ret) {
    const struct tx_custom_detectors *custom = options->custom;
    TX_UNINITIALIZED struct tx_scan s;

    if (text.n >= UINT32_MAX) {
        ret->overflow = true;
        return;
    }
#pragma GCC unroll 4
    for (size_t i = CLEARED; i < CLEARED_END; i += PIECE)
        memset((char *)&s + i, 0, CLEARED_END - i < PIECE ? CLEARED_END - i : PIECE);
    s.p = (const uint8_t *)text.p;
    s.n = text.n;
    s.bits = bits;
    s.first = first;
    s.options = options;
    s.place = place;
    s.ids = place->ids;
    s.vendor_words = place->vendor_words;
    s.matches = ret;
    scan(&s);
    if (custom && !ret->overflow)
        custom->find(custom->data, &s);
}
