/* SPDX-License-Identifier: MIT */
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

static bool is_key(uint8_t c) {
    return tx_is_base64url(c);
}
static bool is_alnum(uint8_t c) {
    return tx_is_alnum(c);
}
static bool is_dashed(uint8_t c) {
    return tx_is_alnum(c) || c == '-';
}

/* AIza and 35 more. */
void tx_detect_google_key(struct tx_scan *s, size_t at) {
    if (at < 2 || !tx_scan_is(s, at - 2, "AIza") || tx_is_word(tx_scan_before(s, at - 2)) ||
        !tx_scan_wants(s, TX_DETECT_GCP_API_KEY))
        return;
    size_t end = run_end(s, at + 2, is_key, 35);
    s->matches->work += end - at;
    if (end - at == 37 && tx_scan_entropy(s, at - 2, end) >= 3.5)
        tx_scan_claim(s, TX_DETECT_GCP_API_KEY, at - 2, end);
}

/* ghp_ and its like with 36 letters and digits; github_pat_ with 82. */
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
    if (end - body >= least)
        tx_scan_claim(s, TX_DETECT_GITHUB_TOKEN, start, end);
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
    if (tx_scan_wants(s, TX_DETECT_GITHUB_TOKEN))
        take_github(s, at);
    if (tx_scan_wants(s, TX_DETECT_STRIPE_KEY))
        take_stripe(s, at);
}

/* xoxb-123-abc: groups of digits, then at least ten letters and digits. */
static void take_slack_token(struct tx_scan *s, size_t at) {
    if (!tx_scan_is(s, at, "xox") || !tx_scan_at(s, at + 3) || !strchr("abeoprs", s->p[at + 3]) ||
        tx_scan_at(s, at + 4) != '-' || tx_is_word(tx_scan_before(s, at)))
        return;
    size_t end = run_end(s, at + 5, is_dashed, 255);
    s->matches->work += end - at;
    if (end - at >= 15 && tx_scan_entropy(s, at + 5, end) >= 2)
        tx_scan_claim(s, TX_DETECT_SLACK_TOKEN, at, end);
}

/* hooks.slack.com/services/ and what follows. */
static void take_slack_hook(struct tx_scan *s, size_t at) {
    static const char *const kinds[] = {"/services/", "/workflows/", "/triggers/"};
    static const char host[] = "hooks.slack.com";
    size_t n_host = sizeof(host) - 1;
    if (at < n_host || !tx_scan_is(s, at - n_host, host))
        return;
    for (size_t i = 0; i < TX_COUNT_OF(kinds); i++) {
        if (!tx_scan_is(s, at, kinds[i]))
            continue;
        size_t start = at + strlen(kinds[i]), end = start;
        while (end < s->n && end - start < 128 &&
               (tx_is_alnum(s->p[end]) || s->p[end] == '/' || s->p[end] == '+'))
            end++;
        if (end - start >= 40)
            tx_scan_claim(s, TX_DETECT_SLACK_TOKEN, at - n_host, end);
    }
}

void tx_detect_slack(struct tx_scan *s, size_t at) {
    if (!tx_scan_wants(s, TX_DETECT_SLACK_TOKEN))
        return;
    if (s->p[at] == '/')
        take_slack_hook(s, at);
    else
        take_slack_token(s, at);
}
