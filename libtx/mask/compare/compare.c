/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libtx/mask/compare/compare-parts.h"
#include "libtx/mask/policy/masking-write.h"

/* --- telling --- */

char *tx_comparison_name(struct tx_comparison *c, const char *format, ...) {
    va_list args;
    char *text;

    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n >= 0)
        return text;
    c->failed = -ENOMEM;
    return NULL;
}

static bool was_told(const struct tx_weakenings *told, const char *what, const char *before,
                     const char *now) {
    for (size_t i = 0; i < told->n; i++)
        if (strcmp(told->item[i].what, what) == 0 && strcmp(told->item[i].before, before) == 0 &&
            strcmp(told->item[i].now, now) == 0)
            return true;
    return false;
}

void tx_comparison_tell(struct tx_comparison *c, const char *what, const char *before,
                        const char *now) {
    struct tx_weakenings *to = c->to;

    if (!what || !before || !now) {
        c->failed = -ENOMEM;
        return;
    }
    if (was_told(to, what, before, now))
        return;
    if (to->n == TX_WEAKENINGS_MAX) {
        to->more = true;
        return;
    }
    struct tx_weakening *item = &to->item[to->n++];
    *item = (struct tx_weakening){strdup(what), strdup(before), strdup(now)};
    if (!item->what || !item->before || !item->now)
        c->failed = -ENOMEM;
}

static char *text_of_action(struct tx_comparison *c, const struct tx_masking_action *action) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    struct tx_masking_writer w = {.b = &text, .masking = c->now, .is_policy = true};

    if (!action)
        return strdup("nothing");
    tx_masking_write_action(&w, action);
    return w.failed ? NULL : strndup((const char *)text.data, text.len);
}

void tx_comparison_tell_actions(struct tx_comparison *c, const char *what,
                                const struct tx_masking_action *before,
                                const struct tx_masking_action *now) {
    _cleanup_(tx_freep) char *old = text_of_action(c, before);
    _cleanup_(tx_freep) char *new = text_of_action(c, now);
    tx_comparison_tell(c, what, old, new);
}

/* --- settings --- */

static void more(struct tx_comparison *c, const char *what, uint64_t before, uint64_t now) {
    char old[24], new[24];

    if (now <= before)
        return;
    snprintf(old, sizeof(old), "%llu", (unsigned long long)before);
    snprintf(new, sizeof(new), "%llu", (unsigned long long)now);
    tx_comparison_tell(c, what, old, new);
}

static void less(struct tx_comparison *c, const char *what, uint64_t before, uint64_t now) {
    char old[24], new[24];

    if (now >= before)
        return;
    snprintf(old, sizeof(old), "%llu", (unsigned long long)before);
    snprintf(new, sizeof(new), "%llu", (unsigned long long)now);
    tx_comparison_tell(c, what, old, new);
}

static void gone(struct tx_comparison *c, const char *what, bool before, bool now) {
    if (before && !now)
        tx_comparison_tell(c, what, "true", "false");
}

static void compare_limits(struct tx_comparison *c) {
    const struct tx_masking *before = c->before, *now = c->now;

    /* What is longer, deeper or more is redacted. */
    more(c, "limits.max_field", before->limits.field_bytes, now->limits.field_bytes);
    more(c, "limits.max_json_depth", before->limits.json_depth, now->limits.json_depth);
    more(c, "limits.max_spans", before->limits.spans, now->limits.spans);
    less(c, "limits.decode_depth", before->limits.decode_depth, now->limits.decode_depth);
    if (before->limits.redact_all && !now->limits.redact_all)
        tx_comparison_tell(c, "limits.oversize", "redact_all", "redact_tail");
}

static void compare_reading(struct tx_comparison *c) {
    static const char *const encodings[] = {"decode: json", "decode: percent", "decode: base64",
                                            "decode: hex"};
    const struct tx_masking *before = c->before, *now = c->now;

    gone(c, "normalise.nfkc_digits", before->normalise.digits, now->normalise.digits);
    gone(c, "normalise.strip_zero_width", before->normalise.zero_width, now->normalise.zero_width);
    gone(c, "normalise.confusables", before->normalise.confusables, now->normalise.confusables);
    for (size_t i = 0; i < TX_COUNT_OF(encodings); i++)
        gone(c, encodings[i], before->decode >> i & 1, now->decode >> i & 1);
}

static void compare_on_error(struct tx_comparison *c) {
    static const char *const words[] = {[TX_ON_ERROR_MASK_FIELD] = "mask_field",
                                        [TX_ON_ERROR_DROP_FIELD] = "drop_field",
                                        [TX_ON_ERROR_REJECT_RECORD] = "reject_record"};
    if (c->now->on_error < c->before->on_error)
        tx_comparison_tell(c, "on_error", words[c->before->on_error], words[c->now->on_error]);
}

/* Another key is not weaker; one whose pseudonyms can be joined for longer is. */
static void compare_keys(struct tx_comparison *c) {
    for (size_t i = 0; i < c->before->n_keys; i++) {
        const struct tx_masking_key *before = &c->before->keys[i];
        for (size_t k = 0; k < c->now->n_keys; k++) {
            const struct tx_masking_key *now = &c->now->keys[k];
            if (strcmp(before->id, now->id) != 0 || before->epoch_ns == 0 ||
                (now->epoch_ns != 0 && now->epoch_ns <= before->epoch_ns))
                continue;
            _cleanup_(tx_freep) char *what = tx_comparison_name(c, "keys.%s: epoch", now->id);
            tx_comparison_tell(c, what, "shorter", now->epoch_ns ? "longer" : "none");
        }
    }
}

/* --- the whole --- */

static int is_same(const struct tx_masking *a, const struct tx_masking *b, bool *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text_a = TX_BYTES_INIT, text_b = TX_BYTES_INIT;

    int r = tx_masking_render(a, &text_a);
    if (r == 0)
        r = tx_masking_render(b, &text_b);
    *ret = r == 0 && text_a.len == text_b.len && memcmp(text_a.data, text_b.data, text_a.len) == 0;
    return r;
}

static const char *mode_of(const struct tx_masking *masking) {
    return masking->lockdown ? "lockdown" : masking->shadow ? "shadow" : "enforce";
}

static void compare(struct tx_comparison *c) {
    if (c->before->lockdown || (c->now->shadow && !c->before->shadow)) {
        tx_comparison_tell(c, "mode", mode_of(c->before), mode_of(c->now));
        return; /* there is no more to say */
    }
    if (c->before->shadow)
        return; /* nothing was masked */
    compare_limits(c);
    compare_reading(c);
    compare_on_error(c);
    compare_keys(c);
    tx_comparison_detectors(c);
    tx_comparison_rules(c);
    tx_comparison_allows(c);
    tx_comparison_examples(c);
}

int tx_masking_compare(const struct tx_masking *before, const struct tx_masking *now,
                       struct tx_weakenings *ret) {
    struct tx_comparison c = {.before = before, .now = now, .to = ret};
    bool same;

    *ret = (struct tx_weakenings){.n = 0};
    int r = is_same(before, now, &same);
    if (r < 0 || same || now->lockdown)
        return r;
    compare(&c);
    if (c.failed)
        tx_weakenings_deinit(ret);
    return c.failed;
}

void tx_weakenings_deinit(struct tx_weakenings *weakenings) {
    for (size_t i = 0; i < weakenings->n; i++) {
        free(weakenings->item[i].what);
        free(weakenings->item[i].before);
        free(weakenings->item[i].now);
    }
    *weakenings = (struct tx_weakenings){.n = 0};
}
