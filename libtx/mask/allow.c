/* SPDX-License-Identifier: MIT */
#include "libtx/mask/allow.h"

#include <string.h>
#include <strings.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action.h"
#include "libtx/mask/action/ip.h"
#include "libtx/mask/named.h"
#include "libtx/pattern/pattern.h"

/* Longer texts have one spelling. */
#define CANONICAL_MAX 512

struct tx_allowed {
    const struct tx_masking_allow *from;
    bool any_detector;
    struct tx_detector_set detectors;
    struct tx_digest *sha256;
    struct tx_pattern *pattern;
};

/* Numbers that card networks and payment providers publish for tests (Stripe, Adyen, PayPal and
 * Braintree list them in their manuals); they are nobody's. */
static const char *const test_pans[] = {
    "4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556",
    "4222222222222",    "4012000033330026", "4000000000000002", "4000000000000077",
    "5555555555554444", "5105105105105100", "5454545454545454", "5200828282828210",
    "2223003122003222", "2223000048410010", "378282246310005",  "371449635398431",
    "378734493671000",  "6011111111111117", "6011000990139424", "6011000991300009",
    "30569309025904",   "38520000023237",   "3056930009020004", "36227206271667",
    "3530111333300000", "3566002020360505", "3566111111111113", "6200000000000005",
    "6759649826438453", "6304000000000000", "5019717010103742", "6331101999990016",
};

/* --- compiling --- */

static int take_digests(const struct tx_masking_allow *allow, struct tx_allowed *ret) {
    ret->sha256 = calloc(allow->sha256.n + 1, sizeof(*ret->sha256));
    if (!ret->sha256)
        return -ENOMEM;
    for (size_t i = 0; i < allow->sha256.n; i++) {
        const char *hex = allow->sha256.item[i];
        if (tx_hex_decode((struct tx_text){hex, strlen(hex)}, ret->sha256[i].bytes, TX_HASH_BYTES) <
            0)
            return -EINVAL;
    }
    return 0;
}

static int take_pattern(const struct tx_masking *masking, const struct tx_masking_allow *allow,
                        struct tx_allowed *ret) {
    const struct tx_pattern_options options = {.states = masking->limits.regex_states,
                                               .whole_value = true};
    struct tx_pattern_error error;

    if (!allow->regex)
        return 0;
    int r = tx_pattern_new((struct tx_text){allow->regex, strlen(allow->regex)}, &options, &error,
                           &ret->pattern);
    return r == TX_PATTERN_E_REFUSED ? -EINVAL : r;
}

static int compile(const struct tx_masking *masking, const struct tx_masking_allow *allow,
                   struct tx_allowed *ret) {
    ret->from = allow;
    ret->any_detector = allow->detectors.n == 0;
    for (size_t i = 0; i < allow->detectors.n; i++) {
        struct tx_detector_set found;
        if (!tx_mask_detectors_of(masking, allow->detectors.item[i], &found))
            return -EINVAL;
        tx_detectors_or(&ret->detectors, &found);
    }
    int r = take_digests(allow, ret);
    return r == 0 ? take_pattern(masking, allow, ret) : r;
}

int tx_allows_init(struct tx_allows *allows, const struct tx_masking *masking) {
    *allows = (struct tx_allows){.n = 0};
    allows->entry = calloc(masking->n_allows + 1, sizeof(*allows->entry));
    if (!allows->entry)
        return -ENOMEM;
    allows->n = masking->n_allows;
    int r = tx_hasher_new(&allows->hasher);
    for (size_t i = 0; r == 0 && i < allows->n; i++)
        r = compile(masking, &masking->allows[i], &allows->entry[i]);
    return r;
}

void tx_allows_deinit(struct tx_allows *allows) {
    for (size_t i = 0; allows->entry && i < allows->n; i++) {
        free(allows->entry[i].sha256);
        tx_pattern_free(allows->entry[i].pattern);
    }
    free(allows->entry);
    tx_hasher_free(allows->hasher);
    *allows = (struct tx_allows){.n = 0};
}

/* --- one spelling --- */

static struct tx_text canonical(enum tx_detector detector, struct tx_text text,
                                char memory[CANONICAL_MAX]) {
    struct tx_buf b = tx_buf_of(memory, CANONICAL_MAX);

    if (text.n > CANONICAL_MAX)
        return text;
    tx_action_canonical(detector < TX_DETECT_N ? detector : TX_DETECT_N, text, &b);
    return b.full ? text : (struct tx_text){.p = memory, .n = b.len};
}

static bool is_value(const struct tx_allowed *entry, enum tx_detector detector,
                     struct tx_text found) {
    char memory[CANONICAL_MAX];
    for (size_t i = 0; i < entry->from->values.n; i++) {
        const char *value = entry->from->values.item[i];
        struct tx_text other = canonical(detector, (struct tx_text){value, strlen(value)}, memory);
        if (tx_text_equal(found, other))
            return true;
    }
    return false;
}

static bool is_digest(struct tx_allows *allows, const struct tx_allowed *entry,
                      struct tx_text found) {
    struct tx_digest digest;

    if (entry->from->sha256.n == 0)
        return false;
    tx_hash(allows->hasher, found.p, found.n, NULL, 0, NULL, 0, &digest);
    for (size_t i = 0; i < entry->from->sha256.n; i++)
        if (memcmp(digest.bytes, entry->sha256[i].bytes, TX_HASH_BYTES) == 0)
            return true;
    return false;
}

static bool is_test_pan(const struct tx_allowed *entry, enum tx_detector detector,
                        struct tx_text found) {
    bool asked = entry->from->public_test_pans && detector == TX_DETECT_CREDIT_CARD;
    for (size_t i = 0; asked && i < TX_COUNT_OF(test_pans); i++)
        if (tx_text_equal(found, (struct tx_text){test_pans[i], strlen(test_pans[i])}))
            return true;
    return false;
}

/* --- addresses and names --- */

static bool in_cidr(const struct tx_masking_cidr *cidr, const uint8_t address[16]) {
    for (unsigned bit = 0; bit < cidr->bits; bit += 8) {
        unsigned left = cidr->bits - bit;
        uint8_t mask = left >= 8 ? 0xff : (uint8_t)(0xff << (8 - left));
        if ((address[bit / 8] ^ cidr->address[bit / 8]) & mask)
            return false;
    }
    return true;
}

/* A whole network that was found must lie in one that is let through. */
static bool is_in_network(const struct tx_allowed *entry, struct tx_text found) {
    struct tx_ip ip;

    if (entry->from->n_cidrs == 0 || !tx_ip_parse(found, &ip))
        return false;
    unsigned bits = !ip.has_prefix ? 128 : ip.v4 ? 96u + ip.prefix : ip.prefix;
    for (size_t i = 0; i < entry->from->n_cidrs; i++)
        if (entry->from->cidrs[i].bits <= bits && in_cidr(&entry->from->cidrs[i], ip.bytes))
            return true;
    return false;
}

/* Of user@host what is behind the last '@'; of scheme://user@host:port/… the host. */
static struct tx_text host_of(struct tx_text found) {
    const char *end = found.p + found.n, *scheme = memmem(found.p, found.n, "://", 3);
    const char *start = scheme ? scheme + 3 : found.p;

    if (scheme)
        for (const char *p = start; p < end; p++)
            if (memchr("/?#\\", *p, 4))
                end = p;
    const char *at = end > start ? memrchr(start, '@', (size_t)(end - start)) : NULL;
    if ((!scheme && !at) || end < start)
        return (struct tx_text){.p = NULL};
    start = at ? at + 1 : start;
    const char *port = scheme ? memchr(start, ':', (size_t)(end - start)) : NULL;
    return (struct tx_text){.p = start, .n = (size_t)((port ? port : end) - start)};
}

static bool is_below(struct tx_text host, const char *domain) {
    size_t n = strlen(domain);
    if (n == 0 || host.n < n || strncasecmp(host.p + host.n - n, domain, n) != 0)
        return false;
    return host.n == n || host.p[host.n - n - 1] == '.';
}

static bool is_in_domain(const struct tx_allowed *entry, struct tx_text found) {
    struct tx_text host;

    if (entry->from->domains.n == 0 || !(host = host_of(found)).p)
        return false;
    for (size_t i = 0; i < entry->from->domains.n; i++)
        if (is_below(host, entry->from->domains.item[i]))
            return true;
    return false;
}

/* --- */

bool tx_allows_have(struct tx_allows *allows, size_t i, enum tx_detector detector,
                    struct tx_text found) {
    const struct tx_allowed *entry = &allows->entry[i];
    char memory[CANONICAL_MAX];

    if (!entry->any_detector && !tx_detectors_have(&entry->detectors, detector))
        return false;
    if (is_in_network(entry, found) || is_in_domain(entry, found) ||
        (entry->pattern && tx_pattern_is_whole(entry->pattern, found)))
        return true;
    struct tx_text one = canonical(detector, found, memory);
    /* A digest may be of the one spelling, or of the text as somebody saw it. */
    bool has = is_value(entry, detector, one) || is_digest(allows, entry, one) ||
               is_digest(allows, entry, found) || is_test_pan(entry, detector, one);
    tx_wipe(memory, one.p == memory ? one.n : 0);
    return has;
}
