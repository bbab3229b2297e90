/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/detect/describe.h"
#include "tools/ctl/explain.h"
#include "tools/shared/terminal.h"

#define WORDS_BYTES 2048
#define TEXT_BYTES 2000u /* of a result */

static void put_buf(const struct tx_buf *b) {
    tx_terminal_put((struct tx_text){(const char *)b->data, b->len});
}

/* "part 3, 5..24", for columns of its width. */
static void print_place(uint32_t part, uint32_t start, uint32_t end) {
    char text[64] = "";
    int n = part > 0 ? snprintf(text, sizeof(text), "part %u ", part) : 0;
    if (start == end)
        snprintf(text + n, sizeof(text) - (size_t)n, "whole");
    else
        snprintf(text + n, sizeof(text) - (size_t)n, "%u..%u", start, end);
    printf("  %-10s ", text);
}

static const char *name_of(const struct tx_explained *e, enum tx_detector d) {
    return tx_mask_detector_name(&e->policy->conf->masking, d);
}

/* --- candidates --- */

static bool is_found(const struct tx_explained_candidate *c) {
    return c->candidate.fate == TX_FATE_CLAIMED;
}

/* What was replaced there anyway: how else it could be read does not matter any more. */
static const struct tx_mask_event *span_over(const struct tx_explained *e,
                                             const struct tx_explained_candidate *c) {
    for (size_t i = 0; i < e->n_events; i++) {
        const struct tx_mask_event *span = &e->events[i];
        if (span->step == TX_STEP_SPAN && span->part == c->part &&
            span->start <= c->candidate.start && c->candidate.end <= span->end)
            return span;
    }
    return NULL;
}

static bool is_alike(const struct tx_explained_candidate *a,
                     const struct tx_explained_candidate *b) {
    return a->part == b->part && a->candidate.start == b->candidate.start &&
           a->candidate.end == b->candidate.end && a->candidate.fate == b->candidate.fate &&
           a->candidate.depth == b->candidate.depth && a->candidate.detector < TX_DETECT_N &&
           b->candidate.detector < TX_DETECT_N;
}

static void print_clear(const struct tx_explained *e, const struct tx_explained_candidate *c) {
    if (!e->show || c->part > 0 || c->candidate.end > e->value.n)
        return;
    fputs(": ", stdout);
    tx_terminal_put(
        (struct tx_text){e->value.p + c->candidate.start, c->candidate.end - c->candidate.start});
}

/* One line for all that are alike; those that were printed are found no more. */
static void print_alike(const struct tx_explained *e, size_t i, bool *done) {
    const struct tx_explained_candidate *c = &e->candidates[i];
    bool with_check = c->candidate.fate == TX_FATE_INVALID && c->candidate.detector < TX_DETECT_N;
    char memory[WORDS_BYTES];
    struct tx_buf words = tx_buf_of(memory, sizeof(memory));
    size_t n = 0;

    print_place(c->part, c->candidate.start, c->candidate.end);
    for (size_t k = i; k < e->n_candidates; k++) {
        const struct tx_explained_candidate *other = &e->candidates[k];
        bool mine = k == i || (!is_found(c) && is_alike(c, other));
        if (done[k] || !mine)
            continue;
        done[k] = true;
        printf("%s%s", n++ > 0 ? ", " : "", name_of(e, other->candidate.detector));
        if (with_check)
            printf(" (%s)", tx_detector_describe(other->candidate.detector)->check);
    }
    fputs(": ", stdout);
    tx_explain_fate(e, c, n > 1, &words);
    put_buf(&words);
    print_clear(e, c);
    putchar('\n');
}

/* A line for each stretch that was replaced: what else was looked for in it. */
static void print_within(const struct tx_explained *e, const struct tx_mask_event *span) {
    struct tx_detector_set told = {.word = {0}};
    bool any = false;

    for (size_t i = 0; i < e->n_candidates; i++) {
        const struct tx_explained_candidate *c = &e->candidates[i];
        enum tx_detector d = c->candidate.detector;
        if (is_found(c) || span_over(e, c) != span || tx_detectors_have(&told, d))
            continue;
        tx_detectors_add(&told, d);
        if (!any)
            print_place(span->part, span->start, span->end);
        printf("%s%s", any ? ", " : "replaced anyway, and not taken for: ", name_of(e, d));
        any = true;
    }
    if (any)
        putchar('\n');
}

static void print_candidates(const struct tx_explained *e) {
    bool done[TX_EXPLAIN_CANDIDATES] = {false};

    puts(e->n_candidates + e->n_uuids > 0 ? "looks like"
                                          : "looks like nothing that is looked for here");
    for (size_t i = 0; i < e->n_candidates; i++)
        if (is_found(&e->candidates[i]))
            print_alike(e, i, done);
        else
            done[i] = span_over(e, &e->candidates[i]) != NULL;
    for (size_t i = 0; i < e->n_candidates; i++)
        if (!done[i])
            print_alike(e, i, done);
    for (size_t i = 0; i < e->n_events; i++)
        if (e->events[i].step == TX_STEP_SPAN)
            print_within(e, &e->events[i]);
    for (size_t i = 0; i < e->n_uuids; i++) {
        print_place(0, e->uuids[i], e->uuids[i] + TX_EXPLAIN_UUID_BYTES);
        puts("a UUID: random digits, so no number is looked for in it");
    }
    if (e->n_more_candidates > 0)
        printf("  and %zu more\n", e->n_more_candidates);
}

/* --- rules --- */

static size_t count_rules(const struct tx_explained *e) {
    size_t n = 0;
    for (size_t i = 0; i < e->n_events; i++)
        n += e->events[i].step == TX_STEP_RULE;
    return n;
}

static void print_rules(const struct tx_explained *e) {
    char memory[WORDS_BYTES];

    puts(count_rules(e) > 0 ? "rules" : "rules that hold for it: none");
    for (size_t i = 0; i < e->n_events; i++) {
        const struct tx_mask_event *event = &e->events[i];
        struct tx_buf words = tx_buf_of(memory, sizeof(memory));
        if (event->step != TX_STEP_RULE)
            continue;
        tx_explain_standing(e, event, &words);
        print_place(event->part, event->start, event->end);
        printf("%s (%s): ", event->by, tx_masking_action_name(event->action));
        put_buf(&words);
        putchar('\n');
    }
    if (e->n_more_events > 0)
        printf("  and %zu more\n", e->n_more_events);
}

/* The middle of a long text helps nobody. */
static void print_text(struct tx_text text) {
    size_t n = text.n;
    if (n > TEXT_BYTES)
        for (n = TEXT_BYTES; n > 0 && ((uint8_t)text.p[n] & 0xc0) == 0x80;)
            n--; /* no character is cut in two */
    tx_terminal_put((struct tx_text){text.p, n});
    if (n < text.n)
        printf("… and %zu bytes more; --format json has them", text.n - n);
}

static void print_result(const struct tx_explained *e, struct tx_buf *b) {
    fputs("result   ", stdout);
    if (e->dropped_by)
        fputs("the record is dropped; a line without data stays", stdout);
    else if (e->field_dropped)
        fputs("the field is left out", stdout);
    else if (tx_explain_put_out(e, b))
        print_text((struct tx_text){(const char *)b->data, b->len});
    else if (e->unchanged)
        fputs("unchanged; --show prints it", stdout);
    else
        fputs("changed; --show prints it", stdout);
    putchar('\n');
    if (e->masked || e->dropped_by)
        printf("masked   %s\n", e->dropped_by ? e->dropped_by : e->masked);
}

void tx_explain_print(const struct tx_explained *e, struct tx_buf *b) {
    const struct tx_digest *policy = tx_mask_policy(e->policy->mask);
    char memory[WORDS_BYTES];
    struct tx_buf advice = tx_buf_of(memory, sizeof(memory));

    printf("event    %.*s\nfield    %.*s, %s, %zu bytes\n", (int)e->of_value.event.n,
           e->of_value.event.p, (int)e->of_value.field.n, e->of_value.field.p,
           tx_ctl_case_type(&e->of_value), e->value.n);
    if (e->show) {
        fputs("value    ", stdout);
        print_text(e->value);
        putchar('\n');
    }
    print_candidates(e);
    print_rules(e);
    print_result(e, b);
    tx_explain_failures(e, &advice);
    tx_explain_advice(e, &advice);
    fwrite(advice.data, 1, advice.len, stdout);
    printf("took     %llu ns, without the trace\npolicy   sha256:", (unsigned long long)e->ns);
    for (size_t i = 0; i < sizeof(policy->bytes); i++)
        printf("%02x", policy->bytes[i]);
    putchar('\n');
}
