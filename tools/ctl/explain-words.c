/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/detect/describe.h"
#include "tools/ctl/explain.h"

static const struct tx_masking *masking_of(const struct tx_explained *e) {
    return &e->policy->conf->masking;
}

/* --- candidates --- */

const char *tx_explain_fate_name(const struct tx_explained_candidate *c) {
    static const char *const names[TX_FATE_N] = {
        [TX_FATE_CLAIMED] = "found",
        [TX_FATE_INVALID] = "check_fails",
        [TX_FATE_NO_CONTEXT] = "no_context",
        [TX_FATE_IN_UUID] = "in_uuid",
        [TX_FATE_IN_HEX] = "in_hex",
        [TX_FATE_IN_DECIMAL] = "in_decimal",
        [TX_FATE_IN_NAME] = "joined_by_underscore",
    };
    return c->unasked ? "not_asked_for" : names[c->candidate.fate];
}

static void put_check(const struct tx_explained *e, enum tx_detector d, bool many,
                      struct tx_buf *b) {
    const struct tx_masking *masking = masking_of(e);

    tx_buf_str(b, "it looks so, but the check does not fit");
    if (d >= TX_DETECT_N)
        tx_buf_str(b, masking->detectors[d - TX_DETECT_N].validator != TX_VALID_NONE
                          ? ": the detector's `validator`, or its `entropy`"
                          : ": the detector's `entropy`");
    else if (!many) {
        tx_buf_str(b, ": ");
        tx_buf_str(b, tx_detector_describe(d)->check);
    }
}

static void put_no_context(const struct tx_explained *e, enum tx_detector d, bool many,
                           struct tx_buf *b) {
    const struct tx_masking *masking = masking_of(e);
    bool own = d >= TX_DETECT_N;
    const struct tx_masking_detector *detector = own ? &masking->detectors[d - TX_DETECT_N] : NULL;

    tx_buf_str(b, "it is valid, but many such are something else, and no word of ");
    tx_buf_str(b, many ? "theirs" : tx_mask_detector_name(masking, d));
    tx_buf_str(b, " stands near (");
    tx_buf_dec(b, own ? detector->before : 64);
    tx_buf_str(b, " bytes before, ");
    tx_buf_dec(b, own ? detector->after : 32);
    tx_buf_str(b, !own || detector->field_names ? " after) or in the field's name" : " after)");
    if (own && detector->exclude.n > 0)
        tx_buf_str(b, ", or one of `exclude` does");
}

static void put_found(const struct tx_candidate *c, struct tx_buf *b) {
    tx_buf_str(b, "found, ");
    tx_buf_dec(b, c->confidence);
    tx_buf_str(b, " % sure");
    if (!c->has_context)
        return;
    tx_buf_str(b, "; a word that goes with it ");
    if (c->word_start == c->word_end) {
        tx_buf_str(b, "stands in the field's name or in what was decoded");
        return;
    }
    tx_buf_str(b, "stands at ");
    tx_buf_dec(b, c->word_start);
    tx_buf_str(b, "..");
    tx_buf_dec(b, c->word_end);
}

void tx_explain_fate(const struct tx_explained *e, const struct tx_explained_candidate *c,
                     bool many, struct tx_buf *b) {
    static const char *const words[TX_FATE_N] = {
        [TX_FATE_IN_UUID] = "it lies inside a UUID: random digits",
        [TX_FATE_IN_HEX] = "it lies inside a word of hex digits: a digest or an identifier",
        [TX_FATE_IN_DECIMAL] = "it stands beside a decimal point: part of a number",
        [TX_FATE_IN_NAME] = "an underscore joins it with what stands beside it: part of a name",
    };
    const struct tx_candidate *candidate = &c->candidate;

    if (candidate->fate == TX_FATE_CLAIMED)
        put_found(candidate, b);
    else
        tx_buf_str(b, "not taken: ");
    if (candidate->fate == TX_FATE_INVALID)
        put_check(e, candidate->detector, many, b);
    else if (candidate->fate == TX_FATE_NO_CONTEXT)
        put_no_context(e, candidate->detector, many, b);
    else if (candidate->fate != TX_FATE_CLAIMED)
        tx_buf_str(b, words[candidate->fate]);
    if (candidate->depth > 0) {
        tx_buf_str(b, "; in an encoded word, decoded ");
        tx_buf_str(b, candidate->depth == 1 ? "once" : "more than once");
    }
    if (c->unasked)
        tx_buf_str(b, "; but no rule that holds here asks for it");
}

/* 8-4-4-4-12 hex digits of which some are letters. */
static bool is_uuid(const char *p) {
    bool has_letter = false;
    for (size_t i = 0; i < TX_EXPLAIN_UUID_BYTES; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool letter = (p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f';
        if (dash ? p[i] != '-' : !letter && !(p[i] >= '0' && p[i] <= '9'))
            return false;
        has_letter = has_letter || letter;
    }
    return has_letter;
}

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

void tx_explain_find_uuids(struct tx_explained *e) {
    for (size_t at = 0; at + TX_EXPLAIN_UUID_BYTES <= e->value.n; at++)
        if ((at == 0 || !is_alnum(e->value.p[at - 1])) && is_uuid(e->value.p + at) &&
            e->n_uuids < TX_EXPLAIN_UUIDS)
            e->uuids[e->n_uuids++] = (uint32_t)at;
}

/* --- rules --- */

const struct tx_mask_event *tx_explain_winner(const struct tx_explained *e,
                                              const struct tx_mask_event *rule) {
    for (size_t i = 0; i < e->n_events; i++) {
        const struct tx_mask_event *span = &e->events[i];
        bool is_whole = span->start == span->end || rule->start == rule->end;
        if (span->step == TX_STEP_SPAN && span->part == rule->part &&
            (is_whole || (span->start < rule->end && rule->start < span->end)))
            return span;
    }
    return NULL;
}

const char *tx_explain_standing_name(enum tx_mask_standing standing) {
    static const char *const names[TX_STANDING_N] = {
        [TX_STANDING_CLAIMS] = "claims",     [TX_STANDING_EXEMPTS] = "exempts",
        [TX_STANDING_SHADOW] = "shadow",     [TX_STANDING_UNSURE] = "too_unsure",
        [TX_STANDING_FEW] = "too_few",       [TX_STANDING_ALLOWED] = "allowed",
        [TX_STANDING_EXEMPTED] = "exempted", [TX_STANDING_REPLACED] = "replaced",
    };
    return names[standing];
}

static bool is_rule_at(const struct tx_mask_event *event, const struct tx_mask_event *span) {
    bool is_whole = span->start == span->end || event->start == event->end;
    return event->step == TX_STEP_RULE && event->standing == TX_STANDING_CLAIMS &&
           event->part == span->part &&
           (is_whole || (event->start < span->end && span->start < event->end));
}

/* Another rule claims the same, and as strictly, or less so. */
static void put_why_it_wins(const struct tx_explained *e, const struct tx_mask_event *winner,
                            struct tx_buf *b) {
    bool laxer = false, equal = false;

    for (size_t i = 0; i < e->n_events; i++) {
        const struct tx_mask_event *event = &e->events[i];
        if (!is_rule_at(event, winner) || strcmp(event->by, winner->by) == 0)
            continue;
        laxer = laxer || event->action < winner->action;
        equal = equal || event->action == winner->action;
    }
    tx_buf_str(b, !laxer && !equal ? "wins: no other rule claims it"
                  : laxer && equal ? "wins: strictest, and the first of equally strict ones"
                  : laxer          ? "wins: strictest"
                                   : "wins: first of equally strict ones");
}

static void put_claim(const struct tx_explained *e, const struct tx_mask_event *rule,
                      struct tx_buf *b) {
    const struct tx_mask_event *winner = tx_explain_winner(e, rule);

    if (!winner || !winner->by) {
        tx_buf_str(b, "claims it");
    } else if (strcmp(winner->by, rule->by) == 0) {
        put_why_it_wins(e, winner, b);
    } else {
        tx_buf_str(b, "claims it, but ");
        tx_buf_str(b, winner->by);
        tx_buf_str(b, winner->action > rule->action ? " wins: stricter" : " wins: it stands first");
    }
    if (rule->locked)
        tx_buf_str(b, "; locked: no exemption reaches it");
}

void tx_explain_standing(const struct tx_explained *e, const struct tx_mask_event *rule,
                         struct tx_buf *b) {
    static const char *const words[TX_STANDING_N] = {
        [TX_STANDING_EXEMPTS] = "lets it through: only locked rules claim it now",
        [TX_STANDING_SHADOW] = "would claim it, but is in shadow mode: it only counts",
        [TX_STANDING_UNSURE] = "does nothing: the detector is less sure than its min_confidence",
        [TX_STANDING_FEW] = "does nothing: there is less of it in the record than its min_count",
        [TX_STANDING_ALLOWED] = "does nothing: let through by the entry of `allow:` ",
        [TX_STANDING_EXEMPTED] = "does nothing: let through by the rule ",
        [TX_STANDING_REPLACED] = "does nothing: set aside, by `replaces` of the rule ",
    };

    if (rule->standing == TX_STANDING_CLAIMS) {
        put_claim(e, rule, b);
        return;
    }
    tx_buf_str(b, words[rule->standing]);
    if (rule->other && rule->standing >= TX_STANDING_ALLOWED)
        tx_buf_str(b, rule->other);
}

/* --- what came out --- */

const char *tx_explain_outcome(const struct tx_explained *e) {
    return e->dropped_by      ? "record_dropped"
           : e->field_dropped ? "field_dropped"
           : e->unchanged     ? "unchanged"
                              : "changed";
}

static bool stands_at(struct tx_text in, size_t at, struct tx_text what) {
    return what.n > 0 && what.n <= in.n - at && memcmp(in.p + at, what.p, what.n) == 0;
}

/* The clear text of what was not taken, at that place of the result; 0: none. */
static size_t left_at(const struct tx_explained *e, size_t at) {
    size_t longest = 0;
    for (size_t i = 0; i < e->n_candidates; i++) {
        const struct tx_candidate *c = &e->candidates[i].candidate;
        if (e->candidates[i].part > 0 || c->end > e->value.n)
            continue;
        struct tx_text what = {e->value.p + c->start, c->end - c->start};
        if (what.n > longest && stands_at(e->out, at, what))
            longest = what.n;
    }
    return longest;
}

/* What looks like something stays in a part of a JSON field: its text is not at hand to be left
 * out. */
static bool stays_in_part(const struct tx_explained *e) {
    for (size_t i = 0; i < e->n_candidates; i++) {
        const struct tx_explained_candidate *c = &e->candidates[i];
        const struct tx_mask_event at = {
            .part = c->part, .start = c->candidate.start, .end = c->candidate.end};
        if (c->part > 0 && !tx_explain_winner(e, &at))
            return true;
    }
    return false;
}

bool tx_explain_put_out(const struct tx_explained *e, struct tx_buf *b) {
    bool is_hidden = e->unchanged || e->n_more_candidates > 0 || stays_in_part(e);

    if (e->field_dropped || e->dropped_by || (is_hidden && !e->show))
        return false;
    for (size_t at = 0; at < e->out.n;) {
        size_t n = e->show ? 0 : left_at(e, at);
        if (n > 0)
            tx_buf_str(b, "[not shown]");
        else
            tx_buf_put(b, e->out.p + at, 1);
        at += n > 0 ? n : 1;
    }
    return true;
}

/* --- what went wrong --- */

static const struct {
    const char *mark, *words;
} failures[] = {
    {"error:limit", "too much was found in it, it is too long or too deep, or what it became does "
                    "not fit: what a limit hides is masked"},
    {"error:json", "it is not valid JSON, so it is masked as a whole"},
    {"error:key", "a key was not to be had, so it is masked as a whole"},
    {"error:vault", "the record has no field that says whose it is, so there is no key to encrypt "
                    "it with: it is redacted"},
};

void tx_explain_failures(const struct tx_explained *e, struct tx_buf *b) {
    for (size_t i = 0; i < TX_COUNT_OF(failures); i++) {
        if (!e->masked || !strstr(e->masked, failures[i].mark))
            continue;
        tx_buf_str(b, failures[i].mark);
        tx_buf_str(b, ": ");
        tx_buf_str(b, failures[i].words);
        tx_buf_char(b, '\n');
    }
}

/* --- advice --- */

static bool is_claimed(const struct tx_explained *e) {
    for (size_t i = 0; i < e->n_events; i++)
        if (e->events[i].step == TX_STEP_RULE && e->events[i].standing != TX_STANDING_SHADOW)
            return true;
    return false;
}

static bool lacks_context(const struct tx_explained *e) {
    for (size_t i = 0; i < e->n_candidates; i++)
        if (e->candidates[i].candidate.fate == TX_FATE_NO_CONTEXT)
            return true;
    return false;
}

static size_t count_asked(const struct tx_masking *masking) {
    struct tx_detector_set all = {.word = {0}}, found;
    for (size_t i = 0; i < masking->n_rules; i++)
        for (size_t k = 0; k < masking->rules[i].match.detectors.n; k++)
            if (tx_mask_detectors_of(masking, masking->rules[i].match.detectors.item[k], &found))
                tx_detectors_or(&all, &found);
    return (size_t)tx_detectors_count(&all);
}

static void put_name(struct tx_buf *b, const char *before, struct tx_text name) {
    tx_buf_str(b, before);
    tx_buf_put(b, name.p, name.n);
}

void tx_explain_advice(const struct tx_explained *e, struct tx_buf *b) {
    const struct tx_masking *masking = masking_of(e);

    if (!e->unchanged || is_claimed(e))
        return;
    tx_buf_str(b, "nothing claims it: no rule names the field '");
    put_name(b, "", e->of_value.field);
    tx_buf_str(b, "' of the event '");
    put_name(b, "", e->of_value.event);
    tx_buf_str(b, "', and none of the ");
    tx_buf_dec(b, count_asked(masking));
    tx_buf_str(b, " detectors that the rules ask for took anything in it\n"
                  "to have it masked:\n"
                  "  in the application, give the field the label TX_PII or TX_SECRET; or\n");
    put_name(b, "  under masking: rules: add {id: my-", e->of_value.field);
    put_name(b, ", match: {fields: [\"", e->of_value.field);
    tx_buf_str(b, "\"]}, action: redact}\n");
    if (lacks_context(e))
        tx_buf_str(b, "  or say what it is in the field's name: that counts as a word near\n");
}
