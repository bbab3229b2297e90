/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <pthread.h>

#include "libtx/detect/scan.h"

/*
 * Keys that their makers gave a beginning by which they are known: Google, GitHub, Stripe, Slack.
 * The anchor is a rare character of that beginning.
 */

static size_t run_end(const struct tx_scan *s, size_t at, bool (*is)(uint8_t), size_t most) {
    size_t end = at;
    while (end < s->n && end - at < most && is(s->p[end]))
        end++;
    return end;
}

static bool is_alnum(uint8_t c) {
    return tx_is_alnum(c);
}
/* Fewer characters that differ cannot have an entropy of 3.5 bits. */
#define GOOGLE_DISTINCT 12
#define GOOGLE_BODY 35

static bool has_distinct(const struct tx_scan *s, size_t start, size_t end, int least) {
    uint64_t low = 0, high = 0; /* of ASCII */
    for (size_t i = start; i < end; i++) {
        uint64_t bit = UINT64_C(1) << (s->p[i] % 64);
        low |= s->p[i] < 64 ? bit : 0;
        high |= s->p[i] < 64 ? 0 : bit;
    }
    return __builtin_popcountll(low) + __builtin_popcountll(high) >= least;
}

/* AIza and 35 more. */
void tx_detect_google_key(struct tx_scan *s, size_t at) {
    if (at < 2 || !tx_scan_is(s, at - 2, "AIza") || tx_is_word(tx_scan_before(s, at - 2)) ||
        !tx_scan_wants(s, TX_DETECT_GCP_API_KEY))
        return;
    size_t body = s->first + at + 2, start = at - 2, end = at + 2 + GOOGLE_BODY;
    uint64_t all = (UINT64_C(1) << GOOGLE_BODY) - 1;
    if ((tx_bits_of(s->bits->base64, body, GOOGLE_BODY) &
         ~tx_bits_of(s->bits->slashes, body, GOOGLE_BODY)) != all)
        return;
    s->matches->work += GOOGLE_BODY;
    if (!tx_is_alnum(tx_scan_at(s, end)) && has_distinct(s, start, end, GOOGLE_DISTINCT) &&
        tx_scan_entropy(s, start, end) >= 3.5)
        tx_scan_claim(s, TX_DETECT_GCP_API_KEY, start, end);
}

/* CRC-32 as in ISO/IEC 13239. */
static uint32_t crc_32(const uint8_t *p, size_t n) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* The last six of 36 are the checksum of what is before them, in base 62 (GitHub's blog,
 * 2021-04-05). */
static bool has_checksum(const uint8_t *body) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t check = 0;
    for (size_t i = 30; i < 36; i++) {
        const char *at = memchr(digits, body[i], sizeof(digits) - 1);
        if (!at)
            return false;
        check = check * 62 + (uint64_t)(at - digits);
    }
    return check == crc_32(body, 30);
}

/* ghp_ and its like with 36 letters and digits; github_pat_ with 82. Where the checksum is wrong it
 * is no token of GitHub's, but somebody took it for one; a row of x is none. */
static void take_github(struct tx_scan *s, size_t at) {
    bool classic = at >= 3 && tx_scan_is(s, at - 3, "gh") && strchr("pousr", s->p[at - 1]) &&
                   !tx_is_word(tx_scan_before(s, at - 3));
    bool fine =
        at >= 6 && tx_scan_is(s, at - 6, "github_pat_") && !tx_is_word(tx_scan_before(s, at - 6));
    if (!classic && !fine)
        return;
    size_t start = fine ? at - 6 : at - 3, body = fine ? at + 5 : at + 1, end = body;
    size_t least = fine ? 82 : 36;
    while (end < s->n && end - body < 255 && tx_is_word(s->p[end]))
        end++;
    s->matches->work += end - body;
    if (end - body < least)
        return;
    if (classic && end - body == least && !has_checksum(s->p + body)) {
        if (tx_scan_entropy(s, body, end) >= 3.0)
            tx_scan_claim(s, TX_DETECT_VENDOR_TOKEN, start, end);
    } else if (tx_scan_entropy(s, body, end) >= 2.0) {
        tx_scan_claim(s, TX_DETECT_GITHUB_TOKEN, start, end);
    }
}

/* sk_live_ and its like. */
static void take_stripe(struct tx_scan *s, size_t at) {
    static const char *const modes[] = {"live_", "test_", "prod_"};
    if (at < 2 || s->p[at - 1] != 'k' || !strchr("srpw", s->p[at - 2]) ||
        tx_is_word(tx_scan_before(s, at - 2)))
        return;
    for (size_t i = 0; i < TX_COUNT_OF(modes); i++) {
        if (!tx_scan_is(s, at + 1, modes[i]))
            continue;
        size_t end = run_end(s, at + 6, is_alnum, 255);
        s->matches->work += end - at;
        if (end - at - 6 >= 10)
            tx_scan_claim(s, TX_DETECT_STRIPE_KEY, at - 2, end);
    }
}

void tx_detect_underscore(struct tx_scan *s, size_t at) {
    if (tx_scan_wants(s, TX_DETECT_GITHUB_TOKEN) || tx_scan_wants(s, TX_DETECT_VENDOR_TOKEN))
        take_github(s, at);
    if (tx_scan_wants(s, TX_DETECT_STRIPE_KEY))
        take_stripe(s, at);
}

/* --- Slack --- */

#define SLACK_BYTES 255 /* behind "xoxb-" */

static double weights[SLACK_BYTES + 2]; /* of a byte that stands there so often */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void build(void) {
    for (size_t i = 1; i < TX_COUNT_OF(weights); i++)
        weights[i] = (double)i * log2((double)i);
}

static void count(struct tx_histogram *h, uint8_t c, int more) {
    int n = h->counts[c] + more;
    h->sum += weights[n] - weights[h->counts[c]];
    h->counts[c] = (uint16_t)n;
}

/* Tokens may begin in each other, so that each byte is counted once for all of them. */
static bool has_entropy(struct tx_scan *s, size_t start, size_t end, double least) {
    struct tx_histogram *h = &s->slack_bytes;

    pthread_once(&once, build);
    if (!s->has_histogram || start < h->start || start >= h->end || end < h->end) {
        *h = (struct tx_histogram){.start = start, .end = start};
        s->has_histogram = true;
    }
    s->matches->work += end - h->end + start - h->start;
    for (; h->end < end && h->end - h->start < SLACK_BYTES; h->end++)
        count(h, s->p[h->end], 1);
    for (; h->start < start; h->start++) {
        count(h, s->p[h->start], -1);
        if (h->end < end)
            count(h, s->p[h->end++], 1);
    }
    double n = (double)(end - start), bits = log2(n) - h->sum / n;
    /* Where it is a near thing, in the way that all others are judged. */
    return fabs(bits - least) < 1e-6 ? tx_scan_entropy(s, start, end) >= least : bits >= least;
}

static size_t slack_end(struct tx_scan *s, size_t at) {
    struct tx_run *run = &s->slack_run;
    if (at < run->start || at >= run->end) {
        size_t end = at;
        while (end < s->n && (tx_is_alnum(s->p[end]) || s->p[end] == '-'))
            end++;
        s->matches->work += end - at;
        *run = (struct tx_run){at, end};
    }
    return run->end - at < SLACK_BYTES ? run->end : at + SLACK_BYTES;
}

/* xoxb-123-abc: groups of digits, then at least ten letters and digits. Names (xoxo-indieweb-1)
 * have hardly a digit. */
static void take_slack_token(struct tx_scan *s, size_t at) {
    if (!tx_scan_is(s, at, "xox") || !tx_scan_at(s, at + 3) || !strchr("abeoprs", s->p[at + 3]) ||
        tx_scan_at(s, at + 4) != '-' || tx_is_word(tx_scan_before(s, at)))
        return;
    size_t start = at + 5, end = slack_end(s, start);
    if (end - at < 15)
        return;
    size_t n_digits = tx_bits_count(s->bits->digit, s->first + start, s->first + end);
    bool random = n_digits >= 3 || (n_digits > 0 && tx_bits_count(s->bits->upper, s->first + start,
                                                                  s->first + end) > 1);
    if (random && has_entropy(s, start, end, 2))
        tx_scan_claim(s, TX_DETECT_SLACK_TOKEN, at, end);
}

static bool is_hook(uint8_t c) {
    return tx_is_base64url(c) || c == '/' || c == '+' || c == '@';
}

/* Whoever knows such an address may send: the host up to '/' at `at`, a path and what follows. */
static void take_hook(struct tx_scan *s, size_t at) {
    static const struct {
        const char *host, *path;
        uint8_t least;
        uint8_t detector;
    } hooks[] = {{"hooks.slack.com", "/services/", 40, TX_DETECT_SLACK_TOKEN},
                 {"hooks.slack.com", "/workflows/", 40, TX_DETECT_SLACK_TOKEN},
                 {"hooks.slack.com", "/triggers/", 40, TX_DETECT_SLACK_TOKEN},
                 {"discord.com", "/api/webhooks/", 80, TX_DETECT_VENDOR_TOKEN},
                 {"discordapp.com", "/api/webhooks/", 80, TX_DETECT_VENDOR_TOKEN},
                 {"webhook.office.com", "/webhookb2/", 80, TX_DETECT_VENDOR_TOKEN},
                 {"outlook.office.com", "/webhook/", 80, TX_DETECT_VENDOR_TOKEN},
                 {"hooks.zapier.com", "/hooks/catch/", 12, TX_DETECT_VENDOR_TOKEN}};
    for (size_t i = 0; i < TX_COUNT_OF(hooks); i++) {
        size_t n_host = strlen(hooks[i].host);
        if (at < n_host || !tx_scan_is(s, at - n_host, hooks[i].host) ||
            !tx_scan_is(s, at, hooks[i].path))
            continue;
        size_t start = at + strlen(hooks[i].path), end = run_end(s, start, is_hook, 255);
        s->matches->work += end - start;
        if (end - start >= hooks[i].least)
            tx_scan_claim(s, (enum tx_detector)hooks[i].detector, at - n_host, end);
    }
}

void tx_detect_slack(struct tx_scan *s, size_t at) {
    if (s->p[at] == '/')
        take_hook(s, at);
    else if (tx_scan_wants(s, TX_DETECT_SLACK_TOKEN))
        take_slack_token(s, at);
}
