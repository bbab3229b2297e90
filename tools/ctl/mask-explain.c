/* SPDX-License-Identifier: MIT */
/*
 * Why a value was masked, or was not: it is masked once with a trace, and what the engine told is
 * written down. No message of this command has anything of the value in it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/ctl/explain.h"
#include "tools/shared/terminal.h"

#define ANSWER_BYTES (32u * TX_LIMIT_FIELDS_BYTES)
#define ROUNDS 200
#define ROUNDS_NS INT64_C(50000000)

struct explain {
    struct tx_ctl_policy policy;
    struct tx_explained explained;
    const char *given; /* --value */
    bool json;
    char *from_stdin; /* wiped */
    char *repaired;   /* wiped; NULL: the value was UTF-8 */
    size_t n_repaired;
    uint8_t *answer; /* wiped */
};

/* --- options --- */

static int take_options(struct tx_ctl *ctl, struct explain *explain, int argc, char **argv) {
    static const struct option options[] = {TX_CTL_CASE_OPTIONS,
                                            {"format", required_argument, NULL, 'f'},
                                            {"value", required_argument, NULL, 'v'},
                                            {"show", no_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    int option;
    bool good = true;

    /* What getopt says of a word that it does not know has that word in it. */
    opterr = 0;
    while (good && (option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            tx_ctl_take_config(ctl, optarg);
        else if (option == 'f')
            good = tx_ctl_take_word("format", optarg, "text", "json", &explain->json);
        else if (option == 'v')
            explain->given = optarg;
        else if (option == 's')
            explain->explained.show = true;
        else
            good = tx_ctl_case_take(&explain->explained.of_value, option, optarg);
    }
    if (good && optind != argc)
        tx_ctl_say("there is a word too many: a value with spaces stands in quotes");
    else if (good && !explain->given)
        tx_ctl_say("--value is needed; --value - reads it from standard input");
    return good && explain->given && optind == argc ? TX_CTL_OK : TX_CTL_USAGE;
}

/* All of standard input, but for one newline at its end. */
static int read_value(struct explain *explain) {
    size_t n = 0;
    ssize_t got = 1;

    explain->from_stdin = malloc(TX_CTL_LINE_BYTES + 2);
    while (explain->from_stdin && n < TX_CTL_LINE_BYTES + 2 && got > 0) {
        got = read(STDIN_FILENO, explain->from_stdin + n, TX_CTL_LINE_BYTES + 2 - n);
        n += got > 0 ? (size_t)got : 0;
        if (got < 0 && errno == EINTR)
            got = 1;
    }
    if (!explain->from_stdin || got < 0) {
        tx_ctl_say("cannot read the value: %s", strerror(errno));
        return TX_CTL_FAILED;
    }
    n -= n > 0 && explain->from_stdin[n - 1] == '\n';
    explain->explained.value = (struct tx_text){explain->from_stdin, n};
    return TX_CTL_OK;
}

static int take_value(struct explain *explain) {
    struct tx_text *value = &explain->explained.value;

    *value = (struct tx_text){explain->given, strlen(explain->given)};
    if (strcmp(explain->given, "-") == 0 && read_value(explain) != TX_CTL_OK)
        return TX_CTL_FAILED;
    if (value->n <= TX_CTL_LINE_BYTES)
        return TX_CTL_OK;
    tx_ctl_say("the value is longer than %u bytes, and than a record's fields can be",
               TX_CTL_LINE_BYTES);
    return TX_CTL_FAILED;
}

/* As the engine does before anything is looked for, so that places are those in what is shown. */
static int repair_value(struct explain *explain) {
    struct tx_explained *e = &explain->explained;

    if (e->of_value.type != TX_VALUE_STR || tx_utf8_valid(e->value.p, e->value.n))
        return TX_CTL_OK;
    explain->repaired = malloc(3 * e->value.n);
    if (!explain->repaired)
        return TX_CTL_FAILED;
    struct tx_buf b = tx_buf_of(explain->repaired, 3 * e->value.n);
    for (size_t at = 0; at < e->value.n;) {
        size_t n = tx_utf8_char(e->value.p + at, e->value.n - at);
        tx_buf_put(&b, n ? e->value.p + at : "\xef\xbf\xbd", n ? n : 3);
        at += n ? n : 1;
    }
    explain->n_repaired = b.len;
    e->value = (struct tx_text){explain->repaired, b.len};
    return TX_CTL_OK;
}

/* --- what is told --- */

static void keep_candidate(struct tx_explained *e, const struct tx_candidate *candidate,
                           uint32_t part, bool unasked) {
    if (e->n_candidates == TX_EXPLAIN_CANDIDATES) {
        e->n_more_candidates++;
        return;
    }
    e->candidates[e->n_candidates++] =
        (struct tx_explained_candidate){.part = part, .candidate = *candidate, .unasked = unasked};
}

/* A stretch that grew is told anew. */
static bool is_told_anew(struct tx_explained *e, const struct tx_mask_event *event) {
    for (size_t i = 0; i < e->n_events && event->step == TX_STEP_SPAN; i++) {
        struct tx_mask_event *old = &e->events[i];
        if (old->step == TX_STEP_SPAN && old->part == event->part &&
            (old->start == event->start || (old->start < event->end && event->start < old->end))) {
            *old = *event;
            return true;
        }
    }
    return false;
}

static void hear(void *data, const struct tx_mask_event *event) {
    struct tx_explained *e = data;

    if (event->field.p != e->of_value.field.p || event->step == TX_STEP_SHADOW ||
        event->step == TX_STEP_CLAIM)
        return;
    if (event->step == TX_STEP_CANDIDATE) {
        keep_candidate(e, event->candidate, event->part, false);
        return;
    }
    if (is_told_anew(e, event))
        return;
    if (e->n_events == TX_EXPLAIN_EVENTS) {
        e->n_more_events++;
        return;
    }
    e->events[e->n_events] = *event;
    e->events[e->n_events++].candidate = NULL;
}

static bool was_told(const struct tx_explained *e, enum tx_detector detector) {
    for (size_t i = 0; i < e->n_candidates; i++)
        if (e->candidates[i].candidate.detector == detector)
            return true;
    return e->n_more_candidates > 0;
}

/* A detector of ours that no rule asked for here would have found something. */
static void hear_unasked(void *data, const struct tx_candidate *candidate) {
    struct tx_explained *e = data;
    if (candidate->fate == TX_FATE_CLAIMED && !was_told(e, candidate->detector))
        keep_candidate(e, candidate, 0, true);
}

static bool is_claimed_whole(const struct tx_explained *e) {
    for (size_t i = 0; i < e->n_events; i++)
        if (e->events[i].step == TX_STEP_RULE && e->events[i].start == e->events[i].end &&
            e->events[i].standing == TX_STANDING_CLAIMS)
            return true;
    return false;
}

static void look_for_unasked(struct tx_explained *e) {
    static struct tx_matches matches;
    const struct tx_detect_trace trace = {.tell = hear_unasked, .data = e};
    const struct tx_detect_options options = {
        .wanted = tx_detectors_all, .name = e->of_value.field, .trace = &trace};
    _cleanup_(tx_detect_memory_freep) struct tx_detect_memory *memory = NULL;

    if (e->of_value.type == TX_VALUE_STR && !is_claimed_whole(e) &&
        tx_detect_memory_new(TX_CTL_LINE_BYTES, &memory) == 0)
        tx_detect(memory, e->value, &options, &matches);
}

/* --- masking --- */

static int64_t now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + (int64_t)ts.tv_nsec;
}

/* The fastest of some rounds: what it costs when nothing disturbs it. */
static uint64_t measure(struct explain *explain) {
    struct tx_ctl_case c = explain->explained.of_value;
    struct tx_record record;
    int64_t best = INT64_MAX, begun = now();

    for (int i = 0; i < ROUNDS && now() - begun < ROUNDS_NS; i++) {
        if (!tx_ctl_case_record(&c, explain->explained.value, &record))
            break;
        tx_mask_wipe(explain->policy.mask);
        int64_t start = now();
        tx_mask_record(explain->policy.mask, &record);
        int64_t took = now() - start;
        best = took < best ? took : best;
    }
    return (uint64_t)best;
}

static bool stayed(const struct tx_explained *e, const struct tx_record *record) {
    bool is_kept = !e->masked && !record->dropped_by && !e->of_value.of_value.dropped;
    return is_kept || tx_text_equal(e->out, e->value);
}

static int run(struct explain *explain) {
    struct tx_explained *e = &explain->explained;
    const struct tx_mask_trace trace = {.tell = hear, .data = e};
    struct tx_record record;

    if (!tx_ctl_case_record(&e->of_value, e->value, &record)) {
        tx_ctl_say("the value is not of the type '%s'", tx_ctl_case_type(&e->of_value));
        return TX_CTL_FAILED;
    }
    e->policy = &explain->policy;
    e->ns = measure(explain);
    tx_mask_wipe(explain->policy.mask);
    tx_mask_set_trace(explain->policy.mask, &trace);
    tx_mask_record(explain->policy.mask, &record);
    tx_mask_set_trace(explain->policy.mask, NULL);
    e->out = tx_ctl_case_out(&e->of_value, e->value);
    e->masked = e->of_value.of_value.masked;
    e->dropped_by = record.dropped_by;
    e->field_dropped = e->of_value.of_value.dropped;
    e->unchanged = stayed(e, &record);
    look_for_unasked(e);
    if (e->of_value.type == TX_VALUE_STR)
        tx_explain_find_uuids(e);
    return TX_CTL_OK;
}

static void print(struct explain *explain) {
    struct tx_buf b = tx_buf_of(explain->answer, ANSWER_BYTES);
    if (explain->json) {
        tx_explain_put_json(&explain->explained, &b);
        tx_buf_char(&b, '\n');
        tx_terminal_put_json((struct tx_text){(const char *)b.data, b.len - 1});
        putchar('\n');
        return;
    }
    tx_explain_print(&explain->explained, &b);
}

static void clean(struct explain *explain) {
    if (explain->answer)
        explicit_bzero(explain->answer, ANSWER_BYTES);
    if (explain->from_stdin)
        explicit_bzero(explain->from_stdin, TX_CTL_LINE_BYTES + 2);
    free(explain->answer);
    if (explain->repaired)
        explicit_bzero(explain->repaired, explain->n_repaired);
    free(explain->repaired);
    free(explain->from_stdin);
    tx_ctl_policy_deinit(&explain->policy);
}

int tx_ctl_mask_explain(struct tx_ctl *ctl, int argc, char **argv) {
    static struct explain explain;

    tx_ctl_case_init(&explain.explained.of_value);
    if (take_options(ctl, &explain, argc, argv) != TX_CTL_OK)
        return TX_CTL_USAGE;
    explain.answer = malloc(ANSWER_BYTES);
    int status = explain.answer ? take_value(&explain) : TX_CTL_FAILED;
    if (status == TX_CTL_OK)
        status = repair_value(&explain);
    if (status == TX_CTL_OK)
        status = tx_ctl_policy_init(ctl, &explain.policy);
    if (status == TX_CTL_OK)
        status = run(&explain);
    if (status == TX_CTL_OK)
        print(&explain);
    clean(&explain);
    return status;
}
