/* SPDX-License-Identifier: MIT */
/* Runs and stages: each is a span that is current from its beginning to its end, an id that the
 * records within it carry, and a record of its own. What was there before comes back at the end. */
#include "libtracex-ml/record.h"
#include "libtx/base/clock.h"

#define NAME_BYTES 256
#define OPEN UINT64_C(0x6d6c2d6f70656e21)
#define ENDED UINT64_C(0x6d6c2d656e646564)

/* What struct tx_run and struct tx_stage hold. */
struct work {
    size_t size;
    uint64_t state;
    char id[TX_ML_ID_SIZE];
    char run_id[TX_ML_ID_SIZE]; /* of a stage: whose part it is */
    char before[TX_ML_ID_SIZE]; /* the run, or the stage, that it is within */
    char name[NAME_BYTES];
    int64_t time, begun;
    int64_t rows_in, columns_in;
    struct {
        size_t size;
        uint64_t opaque[127];
    } span;
};

_Static_assert(sizeof(struct work) <= sizeof(struct tx_run), "it has to fit");
_Static_assert(sizeof(struct tx_run) == sizeof(struct tx_stage), "both hold the same");

static struct tx_span *span_of(struct work *work) {
    return (struct tx_span *)&work->span;
}

static void copy_id(char to[TX_ML_ID_SIZE], const char from[TX_ML_ID_SIZE]) {
    memcpy(to, from, TX_ML_ID_SIZE);
}

static int begin(struct work *work, const char *name) {
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;

    if (!work || work->size < sizeof(*work) || !name)
        return -EINVAL;
    work->state = 0;
    int r = tx_ml_id_make(work->id);
    if (r < 0)
        return r;
    size_t n = strnlen(name, NAME_BYTES - 1);
    memcpy(work->name, name, n);
    work->name[n] = '\0';
    work->time = tx_clock_wall();
    work->begun = tx_clock_get(CLOCK_MONOTONIC);
    options.is_current = 1;
    work->span.size = sizeof(work->span);
    return tx_span_begin(span_of(work), work->name, &options);
}

static int64_t end(struct work *work) {
    work->state = ENDED;
    return tx_clock_get(CLOCK_MONOTONIC) - work->begun;
}

static bool is_open(const struct work *work) {
    return work && work->size >= sizeof(*work) && work->state == OPEN;
}

/* The record, and then the span, so that the record is within it. */
static int finish(struct work *work, struct tx_ml_record *record, bool is_failure) {
    record->event.time_ns = work->time;
    record->event.outcome = is_failure ? TX_FAILURE : TX_SUCCESS;
    int r = tx_ml_record_emit(record);
    if (is_failure)
        (void)tx_span_status(span_of(work), TX_SPAN_ERROR, NULL);
    int s = tx_span_end(span_of(work));
    return r < 0 ? r : s;
}

/* --- runs --- */

int tx_run_begin(struct tx_run *run, const char *name) {
    struct work *work = (struct work *)run;
    struct tx_ml_record record;

    int r = begin(work, name);
    if (r < 0)
        return r;
    copy_id(work->run_id, work->id);
    copy_id(work->before, tx_ml_current()->run_id);
    copy_id(tx_ml_current()->run_id, work->id);
    work->state = OPEN;
    tx_ml_record_begin(&record, "ml.run.begin");
    tx_ml_record_text(&record, "ml.run.name", work->name);
    return tx_ml_record_emit(&record);
}

int tx_run_end(struct tx_run *run, enum tx_run_status status) {
    static const char *const names[] = {"finished", "failed", "killed"};
    struct work *work = (struct work *)run;
    struct tx_ml_record record;

    if ((unsigned)status > TX_RUN_KILLED)
        return -EINVAL;
    if (!is_open(work))
        return -EALREADY;
    char before[TX_ML_ID_SIZE];
    copy_id(before, tx_ml_current()->run_id);
    copy_id(tx_ml_current()->run_id, work->id); /* also from another thread */
    tx_ml_record_begin(&record, "ml.run");
    tx_ml_record_text(&record, "ml.run.name", work->name);
    tx_ml_record_count(&record, "duration_ns", end(work));
    tx_ml_record_text(&record, "ml.status", names[status]);
    int r = finish(work, &record, status != TX_RUN_FINISHED);
    copy_id(tx_ml_current()->run_id, strcmp(before, work->id) == 0 ? work->before : before);
    return r;
}

int tx_run_attach(struct tx_run *run) {
    struct work *work = (struct work *)run;
    struct tx_context context;

    memset(tx_ml_current(), 0, sizeof(struct tx_ml_current));
    if (!run)
        return 0;
    if (!is_open(work))
        return -EALREADY;
    int r = tx_span_context(span_of(work), &context);
    if (r == 0)
        r = tx_context_set(&context);
    if (r == 0)
        copy_id(tx_ml_current()->run_id, work->id);
    return r;
}

int tx_run_id(const struct tx_run *run, char ret_id[TX_ML_ID_SIZE]) {
    const struct work *work = (const struct work *)run;

    if (!is_open(work))
        return -EALREADY;
    copy_id(ret_id, work->id);
    return 0;
}

/* --- stages --- */

int tx_stage_begin(struct tx_stage *stage, const char *name, int64_t rows_in, int64_t columns_in) {
    struct work *work = (struct work *)stage;
    int r = begin(work, name);

    if (r < 0)
        return r;
    work->rows_in = rows_in;
    work->columns_in = columns_in;
    copy_id(work->run_id, tx_ml_current()->run_id);
    copy_id(work->before, tx_ml_current()->stage_id);
    copy_id(tx_ml_current()->stage_id, work->id);
    work->state = OPEN;
    return 0;
}

int tx_stage_end(struct tx_stage *stage, int64_t rows_out, int64_t columns_out) {
    struct work *work = (struct work *)stage;
    struct tx_ml_current before = *tx_ml_current();
    struct tx_ml_record record;

    if (!is_open(work))
        return -EALREADY;
    copy_id(tx_ml_current()->run_id, work->run_id);
    copy_id(tx_ml_current()->stage_id, work->id);
    tx_ml_record_begin(&record, "ml.stage");
    tx_ml_record_text(&record, "ml.stage.name", work->name);
    tx_ml_record_count(&record, "duration_ns", end(work));
    tx_ml_record_count(&record, "ml.rows_in", work->rows_in);
    tx_ml_record_count(&record, "ml.columns_in", work->columns_in);
    tx_ml_record_count(&record, "ml.rows_out", rows_out);
    tx_ml_record_count(&record, "ml.columns_out", columns_out);
    int r = finish(work, &record, false);
    *tx_ml_current() = before;
    if (strcmp(before.stage_id, work->id) == 0)
        copy_id(tx_ml_current()->stage_id, work->before);
    return r;
}
