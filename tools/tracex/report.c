/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "tools/tracex/files.h"
#include "tools/tracex/groups.h"
#include "tools/tracex/runs.h"
#include "tools/tracex/table.h"
#include "tools/tracex/tracex.h"

struct report {
    struct tx_model model;
    struct tx_files files;
    struct tx_runs runs;
    uint64_t n_lost; /* records that are named as lost */
};

static int take(void *data, const struct tx_read *record, struct tx_text line) {
    struct report *report = data;
    struct tx_item item;

    (void)line;
    if (tx_item_read(record, &item) != 0)
        return 0;
    if (item.kind == TX_ITEM_LOSS)
        report->n_lost += tx_item_number(&item, "last") - tx_item_number(&item, "first") + 1;
    int r = tx_model_add(&report->model, &item);
    if (r == 0)
        r = tx_files_add(&report->files, &item);
    return r < 0 ? r : tx_runs_add(&report->runs, &item);
}

/* --- tables --- */

static struct tx_cell text_cell(struct tx_text text) {
    return (struct tx_cell){.text = text};
}

static struct tx_cell number_cell(uint64_t number) {
    return (struct tx_cell){.number = number};
}

/* The next row, unless there are enough. NULL; what is left out is counted. */
static struct tx_cell *next_row(struct tx_table *table, size_t n_rows, int *ret) {
    if (n_rows > 0 && table->n_rows == n_rows) {
        table->n_left_out++;
        return NULL;
    }
    struct tx_cell *row = tx_table_row(table);
    if (!row)
        *ret = -ENOMEM;
    return row;
}

static const struct tx_column timed_columns[] = {
    {"self", TX_CELL_NS},      {"total", TX_CELL_NS}, {"calls", TX_CELL_COUNT},
    {"failed", TX_CELL_COUNT}, {"p50", TX_CELL_NS},   {"p99", TX_CELL_NS},
    {"max", TX_CELL_NS},       {"name", TX_CELL_TEXT}};

static int fill_timed(struct tx_table *table, const struct tx_model *model,
                      const struct tx_groups *groups, enum tx_item_kind kind, size_t n_rows) {
    int r = 0;
    for (size_t i = 0; i < groups->n && r == 0; i++) {
        const struct tx_group *group = &groups->items[i];
        if (group->kind != kind)
            continue;
        struct tx_cell *row = next_row(table, n_rows, &r);
        if (!row)
            continue;
        const uint64_t numbers[] = {group->self, group->total, group->count, group->failed,
                                    group->p50,  group->p99,   group->max};
        for (size_t k = 0; k < TX_COUNT_OF(numbers); k++)
            row[k] = number_cell(numbers[k]);
        row[TX_COUNT_OF(numbers)] = text_cell(tx_names_text(&model->names, group->name));
    }
    return r;
}

static const struct tx_column event_columns[] = {
    {"count", TX_CELL_COUNT}, {"failed", TX_CELL_COUNT}, {"event", TX_CELL_TEXT}};

static int fill_events(struct tx_table *table, const struct tx_model *model,
                       const struct tx_groups *groups, size_t n_rows) {
    int r = 0;
    for (size_t i = 0; i < groups->n && r == 0; i++) {
        const struct tx_group *group = &groups->items[i];
        if (group->kind == TX_ITEM_FUNCTION || group->kind == TX_ITEM_SPAN)
            continue;
        struct tx_cell *row = next_row(table, n_rows, &r);
        if (!row)
            continue;
        row[0] = number_cell(group->count);
        row[1] = number_cell(group->failed);
        row[2] = text_cell(tx_names_text(&model->names, group->name));
    }
    return r;
}

static const struct tx_column file_columns[] = {
    {"opens", TX_CELL_COUNT},  {"reads", TX_CELL_COUNT},   {"read", TX_CELL_BYTES},
    {"writes", TX_CELL_COUNT}, {"written", TX_CELL_BYTES}, {"time", TX_CELL_NS},
    {"failed", TX_CELL_COUNT}, {"path", TX_CELL_TEXT},     {"sha256", TX_CELL_TEXT}};

static int fill_files(struct tx_table *table, const struct tx_files *files, size_t n_rows) {
    int r = 0;
    for (uint32_t i = 0; i < files->paths.n && r == 0; i++) {
        const struct tx_file *file = &files->items[i];
        const struct tx_file_sum *sum = tx_file_sum_of(file);
        struct tx_cell *row = next_row(table, n_rows, &r);
        if (!row)
            continue;
        const uint64_t numbers[] = {sum->opens,         sum->reads, sum->read_bytes, sum->writes,
                                    sum->written_bytes, sum->ns,    sum->failed};
        for (size_t k = 0; k < TX_COUNT_OF(numbers); k++)
            row[k] = number_cell(numbers[k]);
        row[7] = text_cell(tx_names_text(&files->paths, i));
        if (file->has_digest)
            row[8] = text_cell(tx_names_text(&files->digests, file->digest));
    }
    return r;
}

static const struct tx_column run_columns[] = {
    {"time", TX_CELL_NS},      {"stages", TX_CELL_COUNT}, {"datasets", TX_CELL_COUNT},
    {"models", TX_CELL_COUNT}, {"status", TX_CELL_TEXT},  {"id", TX_CELL_TEXT},
    {"name", TX_CELL_TEXT}};

static int fill_runs(struct tx_table *table, const struct tx_runs *runs, size_t n_rows) {
    int r = 0;
    for (uint32_t i = 0; i < runs->ids.n && r == 0; i++) {
        const struct tx_run *run = &runs->items[i];
        struct tx_cell *row = next_row(table, n_rows, &r);
        if (!row)
            continue;
        row[0] = number_cell(run->duration);
        row[1] = number_cell(run->n_stages);
        row[2] = number_cell(run->n_datasets);
        row[3] = number_cell(run->n_models);
        row[4] = text_cell(tx_names_text(&runs->texts, run->status));
        row[5] = text_cell(tx_names_text(&runs->ids, i));
        row[6] = text_cell(tx_names_text(&runs->texts, run->name));
    }
    return r;
}

static const struct tx_column metric_columns[] = {{"values", TX_CELL_COUNT},
                                                  {"step", TX_CELL_COUNT},
                                                  {"last", TX_CELL_TEXT},
                                                  {"metric", TX_CELL_TEXT},
                                                  {"run", TX_CELL_TEXT}};

static int fill_metrics(struct tx_table *table, const struct tx_runs *runs, size_t n_rows) {
    int r = 0;
    for (uint32_t i = 0; i < runs->series.n && r == 0; i++) {
        const struct tx_metric *metric = &runs->metrics[i];
        struct tx_cell *row = next_row(table, n_rows, &r);
        if (!row)
            continue;
        row[0] = number_cell(metric->count);
        row[1] = number_cell(metric->step);
        row[2] = text_cell(tx_names_text(&runs->texts, metric->value));
        row[3] = text_cell(tx_names_text(&runs->texts, metric->name));
        row[4] = text_cell(tx_names_text(&runs->ids, metric->run));
    }
    return r;
}

/* --- printing --- */

enum { FUNCTIONS, SPANS, FILES, RUNS, METRICS, EVENTS, N_TABLES };

static int fill_all(struct tx_table tables[N_TABLES], const struct report *report, size_t n_rows) {
    struct tx_groups groups = {.items = NULL};

    int r = tx_groups_make(&report->model, &groups);
    if (r == 0)
        r = fill_timed(&tables[FUNCTIONS], &report->model, &groups, TX_ITEM_FUNCTION, n_rows);
    if (r == 0)
        r = fill_timed(&tables[SPANS], &report->model, &groups, TX_ITEM_SPAN, n_rows);
    if (r == 0)
        r = fill_events(&tables[EVENTS], &report->model, &groups, n_rows);
    if (r == 0)
        r = fill_files(&tables[FILES], &report->files, n_rows);
    if (r == 0)
        r = fill_runs(&tables[RUNS], &report->runs, n_rows);
    if (r == 0)
        r = fill_metrics(&tables[METRICS], &report->runs, n_rows);
    tx_groups_deinit(&groups);
    return r;
}

static int compare_traces(const void *a, const void *b) {
    return memcmp(a, b, 16);
}

static int count_traces(const struct tx_model *model, size_t *ret) {
    _cleanup_(tx_freep) uint8_t(*ids)[16] = calloc(model->n + 1, sizeof(*ids));
    size_t n = 0, n_traces = 0;

    if (!ids)
        return -ENOMEM;
    for (size_t i = 0; i < model->n; i++)
        if (model->nodes[i].has_trace)
            memcpy(ids[n++], model->nodes[i].trace_id, sizeof(*ids));
    qsort(ids, n, sizeof(*ids), compare_traces);
    for (size_t i = 0; i < n; i++)
        n_traces += i == 0 || memcmp(ids[i], ids[i - 1], sizeof(*ids)) != 0;
    *ret = n_traces;
    return 0;
}

static void put_time(int64_t time) {
    char memory[40];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_time(&b, time);
    fwrite(memory, 1, b.len, stdout);
}

static void put_span_of_time(const struct tx_model *model, const char *from, const char *to) {
    if (model->n == 0)
        return;
    fputs(from, stdout);
    put_time(model->nodes[model->order[0]].time);
    fputs(to, stdout);
    put_time(model->nodes[model->order[model->n - 1]].time);
}

static void print_text(const struct report *report, const struct tx_source_counts *counts,
                       size_t n_traces, struct tx_table tables[N_TABLES]) {
    printf("%llu records, %zu traces", (unsigned long long)counts->n_records, n_traces);
    put_span_of_time(&report->model, ", from ", " to ");
    printf("\n%llu records are named as lost\n\n", (unsigned long long)report->n_lost);
    for (size_t i = 0; i < N_TABLES; i++)
        tx_table_print(&tables[i]);
}

static void print_json(const struct report *report, const struct tx_source_counts *counts,
                       size_t n_traces, struct tx_table tables[N_TABLES]) {
    printf("{\"records\":%llu,\"traces\":%zu,\"lost\":%llu,\"missing\":%llu,\"unreadable\":%llu",
           (unsigned long long)counts->n_records, n_traces, (unsigned long long)report->n_lost,
           (unsigned long long)counts->n_missing, (unsigned long long)counts->n_unreadable);
    put_span_of_time(&report->model, ",\"from\":\"", "\",\"to\":\"");
    fputs(report->model.n > 0 ? "\"" : "", stdout);
    for (size_t i = 0; i < N_TABLES; i++) {
        putchar(',');
        tx_table_print_json(&tables[i]);
    }
    fputs("}\n", stdout);
}

static int print(const struct tx_options *options, struct report *report,
                 const struct tx_source_counts *counts) {
    struct tx_table tables[N_TABLES];
    size_t n_traces = 0;

    tx_table_init(&tables[FUNCTIONS], "Functions", "functions", timed_columns,
                  TX_COUNT_OF(timed_columns));
    tx_table_init(&tables[SPANS], "Spans", "spans", timed_columns, TX_COUNT_OF(timed_columns));
    tx_table_init(&tables[FILES], "Files", "files", file_columns, TX_COUNT_OF(file_columns));
    tx_table_init(&tables[RUNS], "ML runs", "runs", run_columns, TX_COUNT_OF(run_columns));
    tx_table_init(&tables[METRICS], "Metrics", "metrics", metric_columns,
                  TX_COUNT_OF(metric_columns));
    tx_table_init(&tables[EVENTS], "Events", "events", event_columns, TX_COUNT_OF(event_columns));
    int r = tx_model_link(&report->model);
    if (r == 0)
        r = fill_all(tables, report, options->n_rows);
    if (r == 0)
        r = count_traces(&report->model, &n_traces);
    if (r == 0 && options->output == TX_OUTPUT_JSON)
        print_json(report, counts, n_traces, tables);
    else if (r == 0)
        print_text(report, counts, n_traces, tables);
    for (size_t i = 0; i < N_TABLES; i++)
        tx_table_deinit(&tables[i]);
    return r;
}

int tx_tracex_report(const struct tx_options *options) {
    struct tx_source_counts counts;
    struct report report = {.n_lost = 0};

    tx_model_init(&report.model, options->n_max, false);
    int status = tx_tracex_read(options, take, &report, &counts);
    if (counts.n_records > 0 && print(options, &report, &counts) < 0) {
        tx_tracex_say("no memory is left");
        status = TX_TRACEX_FAILED;
    }
    tx_model_deinit(&report.model);
    tx_files_deinit(&report.files);
    tx_runs_deinit(&report.runs);
    return status;
}
