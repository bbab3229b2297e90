/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/ctl/explain.h"

static void put_key(struct tx_buf *b, const char *key) {
    tx_buf_char(b, ',');
    tx_buf_char(b, '"');
    tx_buf_str(b, key);
    tx_buf_str(b, "\":");
}

static void put_text(struct tx_buf *b, const char *key, struct tx_text text) {
    put_key(b, key);
    tx_ctl_put_string(b, text);
}

static void put_string(struct tx_buf *b, const char *key, const char *text) {
    put_text(b, key, (struct tx_text){text, strlen(text)});
}

static void put_number(struct tx_buf *b, const char *key, uint64_t n) {
    put_key(b, key);
    tx_buf_dec(b, n);
}

static void put_bool(struct tx_buf *b, const char *key, bool value) {
    put_key(b, key);
    tx_buf_str(b, value ? "true" : "false");
}

/* Begins an object, of which the place is the first member. */
static void put_place(struct tx_buf *b, bool first, uint32_t part, uint32_t start, uint32_t end) {
    tx_buf_str(b, first ? "{\"part\":" : ",{\"part\":");
    tx_buf_dec(b, part);
    if (start == end)
        return;
    put_number(b, "start", start);
    put_number(b, "end", end);
}

static void put_words(const struct tx_explained *e, const struct tx_explained_candidate *c,
                      const struct tx_mask_event *rule, struct tx_buf *b) {
    char memory[1024];
    struct tx_buf words = tx_buf_of(memory, sizeof(memory));

    if (c)
        tx_explain_fate(e, c, false, &words);
    else
        tx_explain_standing(e, rule, &words);
    put_text(b, "why", (struct tx_text){memory, words.len});
}

static void put_candidates(const struct tx_explained *e, struct tx_buf *b) {
    const struct tx_masking *masking = &e->policy->conf->masking;

    put_key(b, "candidates");
    tx_buf_char(b, '[');
    for (size_t i = 0; i < e->n_candidates; i++) {
        const struct tx_explained_candidate *c = &e->candidates[i];
        const struct tx_candidate *candidate = &c->candidate;
        put_place(b, i == 0, c->part, candidate->start, candidate->end);
        put_string(b, "detector", tx_mask_detector_name(masking, candidate->detector));
        put_string(b, "fate", tx_explain_fate_name(c));
        put_words(e, c, NULL, b);
        if (candidate->fate == TX_FATE_CLAIMED)
            put_number(b, "confidence", candidate->confidence);
        put_number(b, "decoded", candidate->depth);
        if (e->show && c->part == 0 && candidate->end <= e->value.n)
            put_text(
                b, "text",
                (struct tx_text){e->value.p + candidate->start, candidate->end - candidate->start});
        tx_buf_char(b, '}');
    }
    tx_buf_char(b, ']');
    put_number(b, "more_candidates", e->n_more_candidates);
}

static void put_uuids(const struct tx_explained *e, struct tx_buf *b) {
    put_key(b, "uuids");
    tx_buf_char(b, '[');
    for (size_t i = 0; i < e->n_uuids; i++) {
        put_place(b, i == 0, 0, e->uuids[i], e->uuids[i] + TX_EXPLAIN_UUID_BYTES);
        tx_buf_char(b, '}');
    }
    tx_buf_char(b, ']');
}

static void put_rule(const struct tx_explained *e, const struct tx_mask_event *event,
                     struct tx_buf *b) {
    const struct tx_mask_event *winner = tx_explain_winner(e, event);
    bool wins = event->standing == TX_STANDING_CLAIMS && winner && winner->by &&
                strcmp(winner->by, event->by) == 0;

    put_string(b, "rule", event->by);
    put_string(b, "action", tx_masking_action_name(event->action));
    put_string(b, "standing", tx_explain_standing_name(event->standing));
    put_bool(b, "wins", wins);
    put_bool(b, "locked", event->locked);
    if (event->other)
        put_string(b, "other", event->other);
    put_words(e, NULL, event, b);
}

static void put_events(const struct tx_explained *e, enum tx_mask_step step, const char *key,
                       struct tx_buf *b) {
    const struct tx_masking *masking = &e->policy->conf->masking;
    bool first = true;

    put_key(b, key);
    tx_buf_char(b, '[');
    for (size_t i = 0; i < e->n_events; i++) {
        const struct tx_mask_event *event = &e->events[i];
        if (event->step != step)
            continue;
        put_place(b, first, event->part, event->start, event->end);
        first = false;
        if (event->detector != TX_NO_DETECTOR)
            put_string(b, "detector", tx_mask_detector_name(masking, event->detector));
        if (step == TX_STEP_RULE)
            put_rule(e, event, b);
        else if (event->by)
            put_string(b, step == TX_STEP_ALLOWED ? "entry" : "rule", event->by);
        if (step == TX_STEP_SPAN)
            put_string(b, "action", tx_masking_action_name(event->action));
        tx_buf_char(b, '}');
    }
    tx_buf_char(b, ']');
}

static void put_result(const struct tx_explained *e, struct tx_buf *b) {
    put_string(b, "outcome", tx_explain_outcome(e));
    if (e->masked || e->dropped_by)
        put_string(b, "masked", e->dropped_by ? e->dropped_by : e->masked);
    uint8_t *memory = malloc(b->cap / 2);
    struct tx_buf out = tx_buf_of(memory, memory ? b->cap / 2 : 0);
    if (tx_explain_put_out(e, &out))
        put_text(b, "out", (struct tx_text){(const char *)memory, out.len});
    if (memory)
        explicit_bzero(memory, b->cap / 2);
    free(memory);
}

void tx_explain_put_json(const struct tx_explained *e, struct tx_buf *b) {
    char hex[65];
    struct tx_buf policy = tx_buf_of(hex, sizeof(hex));

    tx_buf_str(b, "{\"event\":");
    tx_ctl_put_string(b, e->of_value.event);
    put_text(b, "field", e->of_value.field);
    put_string(b, "type", tx_ctl_case_type(&e->of_value));
    put_number(b, "bytes", e->value.n);
    if (e->show)
        put_text(b, "value", e->value);
    put_candidates(e, b);
    put_uuids(e, b);
    put_events(e, TX_STEP_ALLOWED, "allowed", b);
    put_events(e, TX_STEP_RULE, "rules", b);
    put_events(e, TX_STEP_SPAN, "replaced", b);
    put_number(b, "more_rules", e->n_more_events);
    put_result(e, b);
    put_number(b, "ns", e->ns);
    tx_buf_hex(&policy, tx_mask_policy(e->policy->mask)->bytes, TX_HASH_BYTES);
    put_text(b, "policy", (struct tx_text){hex, policy.len});
    tx_buf_char(b, '}');
}
