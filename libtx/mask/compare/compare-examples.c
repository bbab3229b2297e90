/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/mask/compare/compare-parts.h"
#include "libtx/mask/mask.h"

/*
 * Examples are masked by both policies with the same keys, and what is done to each byte is
 * compared: what hides it, not what stands in its place.
 */

#define EXAMPLE_BYTES 512 /* longer ones are not tried */
#define OUTPUT_BYTES (4 * EXAMPLE_BYTES)

/* One of the two policies at work on one value. */
struct side {
    const struct tx_masking *masking;
    struct tx_mask *mask;
    struct tx_mask_trace trace;
    struct tx_text field;
    size_t n;
    const struct tx_masking_action *done[EXAMPLE_BYTES]; /* to each byte; NULL: it shows */
    size_t n_out;                                        /* 0: no text came out, or a long one */
    char out[OUTPUT_BYTES];
};

struct trial {
    struct tx_comparison *c;
    struct side before, now;
    /* What one rule did that another does not do is told by one example. */
    size_t n_told;
    struct {
        const struct tx_masking_action *before, *now;
    } told[TX_WEAKENINGS_MAX];
};

static const struct tx_masking_action redacted = {.kind = TX_ACTION_REDACT};
static const struct tx_masking_action dropped = {.kind = TX_ACTION_DROP_FIELD};
static const struct tx_masking_action record_dropped = {.kind = TX_ACTION_DROP_RECORD};
static const struct tx_masking_action shown = {.kind = TX_ACTION_ALLOW};

/* --- one policy --- */

static const struct tx_masking_action *action_of(const struct side *side,
                                                 const struct tx_mask_event *event) {
    if (event->failed || !event->by)
        return &redacted;
    for (size_t i = 0; i < side->masking->n_rules; i++)
        if (strcmp(side->masking->rules[i].id, event->by) == 0)
            return &side->masking->rules[i].action;
    return &redacted;
}

static void fill(struct side *side, size_t start, size_t end,
                 const struct tx_masking_action *action) {
    for (size_t i = start; i < end && i < side->n; i++)
        side->done[i] = action;
}

static void on_step(void *data, const struct tx_mask_event *event) {
    struct side *side = data;

    if (event->step != TX_STEP_SPAN || !tx_text_equal(event->field, side->field))
        return;
    bool whole = event->start == event->end;
    fill(side, whole ? 0 : event->start, whole ? side->n : event->end, action_of(side, event));
}

static int zero_key(void *data, struct tx_text person, struct tx_subject_key *ret) {
    (void)data, (void)person;
    *ret = (struct tx_subject_key){.ref = {0}};
    return 0;
}

static int begin(const struct tx_masking *masking, struct side *side) {
    static const uint8_t bytes[TX_MASK_KEY_BYTES_MIN];
    static const struct tx_subject_keys subjects = {.get = zero_key};
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];

    side->masking = masking;
    for (size_t i = 0; i < masking->n_keys; i++)
        keys[i] = (struct tx_mask_key){masking->keys[i].id, bytes, sizeof(bytes)};
    int r = tx_mask_new(masking, keys, masking->n_keys, &subjects, &side->mask);
    if (r < 0)
        return r;
    side->trace = (struct tx_mask_trace){.tell = on_step, .data = side};
    tx_mask_set_trace(side->mask, &side->trace);
    return 0;
}

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = text ? strlen(text) : 0};
}

static void keep_output(struct side *side, const struct tx_record *record,
                        const struct tx_field *field) {
    bool is_text = !record->dropped_by && !field->dropped && field->type == TX_VALUE_STR &&
                   field->text.n <= OUTPUT_BYTES;
    side->n_out = is_text ? field->text.n : 0;
    if (side->n_out > 0)
        memcpy(side->out, field->text.p, side->n_out);
}

static void mask(struct side *side, const struct tx_comparison_context *context,
                 const char *example, bool is_number) {
    struct tx_field field = {.name = text_of(context->field),
                             .type = TX_VALUE_STR,
                             .label = context->label,
                             .text = text_of(example)};
    struct tx_record record = {.event = text_of(context->event),
                               .source = {.uid = context->uid,
                                          .gid = context->gid,
                                          .unit = text_of(context->unit),
                                          .exe = text_of(context->exe)},
                               .n_fields = 1,
                               .fields = &field};

    side->field = field.name;
    side->n = strlen(example);
    fill(side, 0, side->n, NULL);
    if (is_number) {
        field.type = TX_VALUE_I64;
        field.i64 = strtoll(example, NULL, 10);
    }
    tx_mask_record(side->mask, &record);
    if (record.dropped_by)
        fill(side, 0, side->n, &record_dropped);
    else if (field.dropped)
        fill(side, 0, side->n, &dropped);
    else if (field.type == TX_VALUE_NULL)
        fill(side, 0, side->n, &redacted);
    keep_output(side, &record, &field);
    tx_mask_wipe(side->mask);
}

/* --- both --- */

static bool same_output(const struct trial *trial) {
    return trial->before.n_out > 0 && trial->before.n_out == trial->now.n_out &&
           memcmp(trial->before.out, trial->now.out, trial->now.n_out) == 0;
}

/* Several rules that mask are one that shows what all of them show, so none of them tells: what
 * came out does, where each character has its place. */
static bool shows_more(const struct trial *trial, const char *example, size_t i) {
    const struct side *before = &trial->before, *now = &trial->now;
    const struct tx_masking_action *old = before->done[i], *new = now->done[i];

    if (!old)
        return false;
    if (!new)
        return true;
    if (old->kind == TX_ACTION_MASK && new->kind == TX_ACTION_MASK && before->n_out == before->n &&
        now->n_out == now->n)
        return now->out[i] == example[i] && before->out[i] != example[i];
    return tx_comparison_action_weaker(trial->c, old, new);
}

static char *place_of(struct tx_comparison *c, const struct tx_comparison_context *context,
                      const char *detector, bool is_number) {
    const char *label = context->label == TX_LABEL_PII      ? ", labelled pii"
                        : context->label == TX_LABEL_SECRET ? ", labelled secret"
                                                            : "";
    return tx_comparison_name(c, "%s%s in a field such as '%s', in an event such as '%s'%s%s",
                              detector, is_number ? " as a number" : "", context->field,
                              context->event, label, context->has_sender ? ", from a sender" : "");
}

static bool is_told(struct trial *trial, const struct tx_masking_action *before,
                    const struct tx_masking_action *now) {
    for (size_t i = 0; i < trial->n_told; i++)
        if (trial->told[i].before == before && trial->told[i].now == now)
            return true;
    if (trial->n_told < TX_WEAKENINGS_MAX) {
        trial->told[trial->n_told].before = before;
        trial->told[trial->n_told++].now = now;
    }
    return false;
}

static void try_one(struct trial *trial, const struct tx_comparison_context *context,
                    const char *detector, const char *example, bool is_number) {
    mask(&trial->before, context, example, is_number);
    mask(&trial->now, context, example, is_number);
    if (same_output(trial))
        return;
    for (size_t i = 0; i < trial->before.n; i++) {
        if (!shows_more(trial, example, i))
            continue;
        const struct tx_masking_action *now = trial->now.done[i];
        if (is_told(trial, trial->before.done[i], now))
            return;
        _cleanup_(tx_freep) char *what = place_of(trial->c, context, detector, is_number);
        tx_comparison_tell_actions(trial->c, what, trial->before.done[i], now ? now : &shown);
        return;
    }
}

static bool is_integer(const char *example) {
    size_t n = strspn(example, "0123456789");
    return n > 0 && n <= 18 && !example[n] && example[0] != '0';
}

static void try_example(struct trial *trial, const struct tx_comparison_contexts *contexts,
                        const char *detector, const char *example) {
    size_t told = trial->c->to->n;

    if (strlen(example) > EXAMPLE_BYTES)
        return;
    /* Where it is weaker once, it is told once: the rest is most likely the same. */
    for (size_t i = 0; i < contexts->n && trial->c->to->n == told && !trial->c->failed; i++) {
        try_one(trial, &contexts->item[i], detector, example, false);
        if (is_integer(example))
            try_one(trial, &contexts->item[i], detector, example, true);
    }
}

static void try_all(struct trial *trial, const struct tx_comparison_contexts *contexts) {
    const struct tx_masking *before = trial->c->before;

    for (size_t i = 0; tx_comparison_corpus[i].detector; i++)
        try_example(trial, contexts, tx_comparison_corpus[i].detector,
                    tx_comparison_corpus[i].text);
    for (size_t i = 0; i < before->n_detectors; i++)
        for (size_t k = 0; k < before->detectors[i].examples_true.n; k++)
            try_example(trial, contexts, before->detectors[i].id,
                        before->detectors[i].examples_true.item[k]);
}

void tx_comparison_examples(struct tx_comparison *c) {
    struct tx_comparison_contexts contexts = {.n = 0};
    _cleanup_(tx_freep) struct trial *trial = calloc(1, sizeof(*trial));

    if (!trial) {
        c->failed = -ENOMEM;
        return;
    }
    trial->c = c;
    int r = tx_comparison_contexts_of(c, &contexts);
    if (r == 0)
        r = begin(c->before, &trial->before);
    if (r == 0)
        r = begin(c->now, &trial->now);
    if (r == 0)
        try_all(trial, &contexts);
    tx_mask_free(trial->before.mask);
    tx_mask_free(trial->now.mask);
    tx_comparison_contexts_deinit(&contexts);
    if (r < 0)
        c->failed = r;
}
