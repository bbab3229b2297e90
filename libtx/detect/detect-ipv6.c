/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * Groups of one to four hex digits with colons between them: eight or more, or some with a "::".
 * One or two more than an address has are taken whole (a port, or a prefix that would hide one),
 * and so is an IPv4 part at its end.
 */

#define ZONE_BYTES 16
#define GROUPS_MAX 10

struct segment {
    size_t start, end; /* end == start: nothing yet */
    size_t n_groups;
    bool compressed, twice; /* "::" */
    bool longer;            /* some group has not two digits */
};

static size_t zone_end(const struct tx_scan *s, size_t at) {
    size_t end = at + 1;
    if (tx_scan_at(s, at) != '%')
        return at;
    while (end - at <= ZONE_BYTES && (tx_is_alnum(tx_scan_at(s, end)) ||
                                      tx_scan_at(s, end) == '-' || tx_scan_at(s, end) == '_'))
        end++;
    return end > at + 1 ? end : at;
}

/* Behind the other three numbers of an IPv4 part whose first is the last group. */
static size_t ipv4_end(const struct tx_scan *s, size_t end) {
    size_t i = end;
    for (size_t k = 0; k < 3; k++) {
        size_t digits = i + 1;
        if (tx_scan_at(s, i) != '.')
            return end;
        for (i = digits; i - digits < 3 && tx_is_digit(tx_scan_at(s, i));)
            i++;
        if (i == digits)
            return end;
    }
    return tx_is_alnum(tx_scan_at(s, i)) ? end : i;
}

/* AWS::EC2::VPC, A::~A: names and their scopes. */
static bool is_scope(const struct tx_scan *s, const struct segment *segment) {
    size_t start = segment->start, end = segment->end;
    bool digit = false;
    for (size_t i = start; i < end && !digit; i++)
        digit = tx_is_digit(s->p[i]);
    bool before = start > 2 && s->p[start - 1] == ':' && s->p[start - 2] == ':' &&
                  tx_is_word(s->p[start - 3]);
    bool after = end > 0 && s->p[end - 1] == ':' && tx_is_word(tx_scan_at(s, end));
    return segment->n_groups < 3 && (before || after || (segment->n_groups == 1 && !digit));
}

static void finish(struct tx_scan *s, struct segment *segment) {
    /* More than eight pairs are the fingerprint of a key, or a longer identifier of hardware. */
    bool pairs = segment->n_groups > 8 && !segment->longer;
    size_t end = ipv4_end(s, segment->end);
    bool has_ipv4 = end > segment->end && segment->n_groups == 7;
    if ((segment->n_groups >= 8 && segment->n_groups <= GROUPS_MAX && !pairs) || has_ipv4 ||
        (segment->compressed && !segment->twice && segment->n_groups > 0 && !is_scope(s, segment)))
        tx_scan_claim(s, TX_DETECT_IPV6, segment->start, zone_end(s, end));
    else if (segment->n_groups > 1)
        tx_scan_refuse(s, TX_DETECT_IPV6, segment->start, segment->end, TX_FATE_INVALID);
    *segment = (struct segment){.n_groups = 0};
}

/* Groups of the word that the segment is in are digits; a longer word is none. */
static bool is_group(const struct tx_scan *s, size_t at, size_t end) {
    return end - at <= 4 && !tx_is_alnum(tx_scan_before(s, at)) && !tx_is_alnum(tx_scan_at(s, end));
}

static void take_group(struct tx_scan *s, struct segment *segment, size_t at, size_t end) {
    if (!is_group(s, at, end)) {
        finish(s, segment);
        return;
    }
    if (segment->end == 0)
        segment->start = at;
    segment->end = end;
    segment->longer |= end - at != 2;
    segment->n_groups++;
}

/* "a::" of a word that is no group is a name's scope (std::), not a part of an address. */
static void take_colons(struct tx_scan *s, struct segment *segment, size_t at, size_t end) {
    if (end - at > 2 || (segment->end == 0 && tx_is_alnum(tx_scan_before(s, at)))) {
        finish(s, segment);
        return;
    }
    if (end - at == 1)
        return;
    if (segment->end == 0)
        segment->start = at;
    segment->end = end;
    segment->twice = segment->compressed;
    segment->compressed = true;
}

void tx_detect_ipv6(struct tx_scan *s, size_t at) {
    struct segment segment = {.n_groups = 0};
    size_t start = at, i;

    if (at < s->ipv6_done || !tx_scan_wants(s, TX_DETECT_IPV6))
        return;
    while (start > s->ipv6_done && at - start < 5 && tx_is_hex(s->p[start - 1]))
        start--;
    for (i = start; i < s->n && (s->p[i] == ':' || tx_is_hex(s->p[i]));) {
        size_t end = i + 1;
        bool colons = s->p[i] == ':';
        while (end < s->n && (colons ? s->p[end] == ':' : tx_is_hex(s->p[end])))
            end++;
        if (colons)
            take_colons(s, &segment, i, end);
        else
            take_group(s, &segment, i, end);
        i = end;
    }
    finish(s, &segment);
    s->matches->work += i - start;
    s->ipv6_done = i;
}
