/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/engine.h"

#define REDACTED TX_TEXT("[redacted]")
#define HASH_DIGITS 16 /* bytes of the HMAC that are written */

/* More entries than that help nobody, and a line has an end. */
#define MARKS_MAX 16

/* --- marks --- */

void tx_marks_reset(struct tx_marks *marks) {
    marks->error_limit = marks->error_json = false;
    memset(marks->any, 0, sizeof(marks->any));
}

static void mark(struct tx_mask *mask, enum tx_mask_action_kind kind, const struct tx_set *rules) {
    struct tx_marks *marks = &mask->marks;
    if (!marks->any[kind])
        marks->rules[kind] = (struct tx_set){.word = {0}};
    marks->any[kind] = true;
    tx_set_or(&marks->rules[kind], rules, mask->rules.n_words);
}

void tx_value_mark(struct tx_mask *mask, const struct tx_claim *claim) {
    mark(mask, claim->action.kind, &claim->rules);
}

static void put_mark(struct tx_buf *b, const char *action, const char *rule) {
    if (b->len > 0)
        tx_buf_char(b, ',');
    tx_buf_str(b, action);
    tx_buf_char(b, ':');
    tx_buf_str(b, rule);
}

static void put_rules(const struct tx_mask *mask, enum tx_mask_action_kind kind, const char *action,
                      size_t *n, struct tx_buf *b) {
    if (!mask->marks.any[kind])
        return;
    for (size_t i = 0; i < mask->rules.n_rules && *n < MARKS_MAX; i++)
        if (tx_set_has(&mask->marks.rules[kind], i)) {
            put_mark(b, action, tx_ruleset_id(&mask->rules, i));
            ++*n;
        }
}

const char *tx_marks_render(struct tx_mask *mask) {
    static const struct {
        enum tx_mask_action_kind kind;
        const char *action;
    } order[] = {{TX_MASK_DROP_RECORD, "drop"},
                 {TX_MASK_DROP, "drop"},
                 {TX_MASK_REDACT, "redact"},
                 {TX_MASK_HASH, "hash"},
                 {TX_MASK_KEEP, "mask"}};
    struct tx_buf b = tx_arena_open(&mask->values);
    size_t n = 0;

    if (mask->marks.error_limit)
        put_mark(&b, "error", "limit");
    if (mask->marks.error_json)
        put_mark(&b, "error", "json");
    for (size_t i = 0; i < TX_COUNT_OF(order); i++)
        put_rules(mask, order[i].kind, order[i].action, &n, &b);
    if (b.len == 0 && !b.full)
        return NULL;
    tx_buf_char(&b, '\0');
    struct tx_text text = tx_arena_close(&mask->values, &b);
    return b.full ? "error:limit" : text.p;
}

struct tx_text tx_value_limit(struct tx_mask *mask) {
    mask->marks.error_limit = true;
    return REDACTED;
}

/* --- actions --- */

static size_t char_bytes(struct tx_text text, size_t at) {
    size_t n = tx_utf8_char(text.p + at, text.n - at);
    return n ? n : 1;
}

static bool is_separator(char c) {
    return c == ' ' || c == '-';
}

/* Numbers in groups keep their spaces and dashes, which say nothing. So do those that were masked
 * before. */
static bool is_grouped_number(struct tx_text text) {
    bool separators = false;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_separator(text.p[i]) && !(text.p[i] >= '0' && text.p[i] <= '9') && text.p[i] != '*')
            return false;
        separators = separators || is_separator(text.p[i]);
    }
    return separators;
}

static size_t count_chars(struct tx_text text, bool grouped) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i += char_bytes(text, i))
        n += !(grouped && is_separator(text.p[i]));
    return n;
}

/* False when it would show more than half. */
static bool put_kept(struct tx_buf *b, const struct tx_mask_action *action, struct tx_text text) {
    bool grouped = is_grouped_number(text);
    size_t n = count_chars(text, grouped), k = 0;

    if ((uint64_t)action->keep_first + action->keep_last > n / 2)
        return false;
    for (size_t i = 0, bytes; i < text.n; i += bytes) {
        bytes = char_bytes(text, i);
        bool separator = grouped && is_separator(text.p[i]);
        if (separator || k < action->keep_first || k >= n - action->keep_last)
            tx_buf_put(b, text.p + i, bytes);
        else
            tx_buf_char(b, '*');
        k += !separator;
    }
    return true;
}

/* What is one thing however it is spelt: in small letters; and what is grouped, without spaces,
 * dashes, dots and slashes. */
static bool is_spelt(enum tx_detector d) {
    return d == TX_DETECT_EMAIL || d == TX_DETECT_IPV6;
}
static bool is_grouped(enum tx_detector d) {
    return d == TX_DETECT_CREDIT_CARD || d == TX_DETECT_IBAN || d >= TX_DETECT_UK_NINO;
}
#define SPELT_BYTES 256 /* longer values are as they are */

/* TX_DETECT_N when it is none or several. */
static enum tx_detector only_one(const struct tx_detector_set *set) {
    if (tx_detectors_count(set) != 1)
        return TX_DETECT_N;
    size_t i = 0;
    while (!set->word[i])
        i++;
    return (enum tx_detector)(64 * i + (size_t)__builtin_ctzll(set->word[i]));
}

/* One spelling of what a single detector found, so that equal values have equal hashes: small
 * letters; no spaces and dashes where they only group. */
static bool put_canonical(struct tx_buf *b, struct tx_text text,
                          const struct tx_detector_set *detectors) {
    enum tx_detector detector = only_one(detectors);
    bool grouped = is_grouped(detector);

    if (detector == TX_DETECT_N || !(grouped || is_spelt(detector)) || text.n > SPELT_BYTES)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!grouped || !(is_separator(c) || c == '.' || c == '/'))
            tx_buf_char(b, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
    }
    return true;
}

static void put_hash(const struct tx_mask *mask, struct tx_buf *b, struct tx_text text,
                     const struct tx_detector_set *detectors) {
    char memory[SPELT_BYTES];
    struct tx_buf canonical = tx_buf_of(memory, sizeof(memory));
    struct tx_digest digest;

    if (put_canonical(&canonical, text, detectors)) {
        tx_hmac(mask->hmac, memory, canonical.len, &digest);
        tx_wipe(memory, canonical.len);
    } else {
        tx_hmac(mask->hmac, text.p, text.n, &digest);
    }
    tx_buf_str(b, "hmac:");
    tx_buf_hex(b, digest.bytes, HASH_DIGITS);
}

/* What stands in place of `text`, in which `detectors` found something; the claim drops nothing. */
static void put_replacement(struct tx_mask *mask, const struct tx_claim *claim, struct tx_text text,
                            const struct tx_detector_set *detectors, struct tx_buf *b) {
    enum tx_mask_action_kind kind = claim->action.kind;

    if (kind == TX_MASK_KEEP && !put_kept(b, &claim->action, text))
        kind = TX_MASK_REDACT;
    if (kind == TX_MASK_HASH)
        put_hash(mask, b, text, detectors);
    if (kind == TX_MASK_REDACT)
        tx_buf_put(b, REDACTED.p, REDACTED.n);
    mark(mask, kind, &claim->rules);
}

static bool drops(const struct tx_claim *claim) {
    return claim->any &&
           (claim->action.kind == TX_MASK_DROP || claim->action.kind == TX_MASK_DROP_RECORD);
}

enum tx_outcome tx_value_drop(struct tx_mask *mask, const struct tx_claim *claim) {
    tx_marks_reset(&mask->marks);
    mark(mask, claim->action.kind, &claim->rules);
    for (size_t i = 0;
         i < mask->rules.n_rules && claim->action.kind == TX_MASK_DROP_RECORD && !mask->dropped_by;
         i++)
        if (tx_set_has(&claim->rules, i))
            mask->dropped_by = tx_ruleset_id(&mask->rules, i);
    return TX_DROPPED;
}

/* --- what was found --- */

static struct tx_claim claim_span(const struct tx_mask *mask, const struct tx_verdict *verdict,
                                  const struct tx_span *span) {
    struct tx_claim claim = {.any = false};
    for (size_t w = 0; w < TX_COUNT_OF(span->detectors.word); w++)
        for (uint64_t bits = span->detectors.word[w]; bits; bits &= bits - 1)
            tx_claim_add(&mask->rules, &claim,
                         &verdict->found[w * 64 + (size_t)__builtin_ctzll(bits)]);
    return claim;
}

/* The strictest of all that was found. */
static struct tx_claim claim_spans(const struct tx_mask *mask, const struct tx_verdict *verdict) {
    struct tx_span all = {.start = 0};
    for (size_t i = 0; i < mask->n_spans; i++)
        tx_detectors_or(&all.detectors, &mask->spans[i].detectors);
    return claim_span(mask, verdict, &all);
}

static enum tx_outcome finish(struct tx_mask *mask, struct tx_buf *b, struct tx_arena *to,
                              struct tx_text *ret) {
    *ret = tx_arena_close(to, b);
    if (b->full)
        *ret = tx_value_limit(mask);
    return TX_CHANGED;
}

/* Into mask->spans. */
static void detect(struct tx_mask *mask, const struct tx_detector_set *wanted,
                   struct tx_text text) {
    const struct tx_detect_options options = {
        .wanted = *wanted, .name = mask->name, .assume_context = mask->assume_context};
    tx_detect(mask->detect_memory, text, &options, &mask->matches);
    mask->n_spans = mask->matches.overflow ? 0 : tx_matches_unite(&mask->matches, mask->spans);
}

/* The detectors that would find just this text in a longer one. */
static struct tx_detector_set what_is(struct tx_mask *mask, struct tx_text text) {
    const struct tx_span *span = &mask->spans[0];
    if (text.n > SPELT_BYTES)
        return (struct tx_detector_set){.word = {0}};
    detect(mask, &tx_detectors_all, text);
    return mask->n_spans == 1 && span->start == 0 && span->end == text.n
               ? span->detectors
               : (struct tx_detector_set){.word = {0}};
}

static enum tx_outcome replace_whole(struct tx_mask *mask, const struct tx_claim *claim,
                                     struct tx_text text, struct tx_arena *to,
                                     struct tx_text *ret) {
    if (drops(claim))
        return tx_value_drop(mask, claim);
    struct tx_buf b = tx_arena_open(to);
    struct tx_detector_set detectors = {.word = {0}};
    if (claim->action.kind == TX_MASK_HASH)
        detectors = what_is(mask, text);
    put_replacement(mask, claim, text, &detectors, &b);
    return finish(mask, &b, to, ret);
}

static enum tx_outcome replace_spans(struct tx_mask *mask, const struct tx_verdict *verdict,
                                     struct tx_text text, struct tx_arena *to,
                                     struct tx_text *ret) {
    struct tx_claim strictest = claim_spans(mask, verdict);
    if (drops(&strictest))
        return tx_value_drop(mask, &strictest);
    struct tx_buf b = tx_arena_open(to);
    size_t at = 0;
    for (size_t i = 0; i < mask->n_spans; i++) {
        const struct tx_span *span = &mask->spans[i];
        struct tx_claim claim = claim_span(mask, verdict, span);
        tx_buf_put(&b, text.p + at, span->start - at);
        put_replacement(mask, &claim,
                        (struct tx_text){.p = text.p + span->start, .n = span->end - span->start},
                        &span->detectors, &b);
        at = span->end;
    }
    tx_buf_put(&b, text.p + at, text.n - at);
    return finish(mask, &b, to, ret);
}

enum tx_outcome tx_value_mask(struct tx_mask *mask, const struct tx_verdict *verdict,
                              const struct tx_detector_set *detectors, struct tx_text text,
                              struct tx_arena *to, struct tx_text *ret) {
    int whole = verdict->whole.any ? tx_mask_strictness(verdict->whole.action.kind) : -1;
    struct tx_detector_set wanted = verdict->wanted;

    mask->n_spans = 0;
    mask->matches.overflow = false;
    tx_detectors_and(&wanted, detectors);
    if (verdict->strictest > whole)
        detect(mask, &wanted, text);
    if (mask->matches.overflow && whole < tx_mask_strictness(TX_MASK_REDACT)) {
        *ret = tx_value_limit(mask);
        return TX_CHANGED;
    }
    if (mask->n_spans == 0)
        return verdict->whole.any ? replace_whole(mask, &verdict->whole, text, to, ret) : TX_KEPT;
    if (!verdict->whole.any)
        return replace_spans(mask, verdict, text, to, ret);
    struct tx_claim claim = verdict->whole, found = claim_spans(mask, verdict);
    tx_claim_add(&mask->rules, &claim, &found);
    return replace_whole(mask, &claim, text, to, ret);
}

enum tx_outcome tx_value_mask_opaque(struct tx_mask *mask, const struct tx_verdict *verdict,
                                     struct tx_text text, struct tx_arena *to,
                                     struct tx_text *ret) {
    struct tx_claim claim = verdict->whole;

    detect(mask, &verdict->wanted, text);
    if (mask->matches.overflow) {
        *ret = tx_value_limit(mask);
        return TX_CHANGED;
    }
    if (mask->n_spans == 0 && !claim.any)
        return TX_KEPT;
    if (mask->n_spans > 0) {
        struct tx_claim found = claim_spans(mask, verdict);
        if (!drops(&found))
            found.action.kind = TX_MASK_REDACT;
        tx_claim_add(&mask->rules, &claim, &found);
    }
    if (claim.action.kind == TX_MASK_KEEP)
        claim.action.kind = TX_MASK_REDACT;
    return replace_whole(mask, &claim, text, to, ret);
}
