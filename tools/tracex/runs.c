/* SPDX-License-Identifier: MIT */
#include "tools/tracex/runs.h"

#include "libtx/base/buf.h"

/* A field's text under its number; without such a field it stays as it is. */
static int set_text(struct tx_runs *runs, const struct tx_item *item, const char *field,
                    uint32_t *ret) {
    struct tx_text text = tx_item_text(item, field);
    return text.p ? tx_names_add(&runs->texts, text, ret) : 0;
}

static int begin_run(struct tx_runs *runs, struct tx_text id, struct tx_run *run) {
    int r = tx_names_add(&runs->texts, id, &run->name);
    return r < 0 ? r : tx_names_add(&runs->texts, TX_TEXT("open"), &run->status);
}

static int find_run(struct tx_runs *runs, struct tx_text id, uint32_t *ret) {
    uint32_t n = runs->ids.n;

    int r = tx_names_add(&runs->ids, id, ret);
    if (r == 0)
        r = tx_names_make_room(&runs->items, &runs->cap, sizeof(*runs->items), *ret);
    if (r == 0 && *ret == n)
        r = begin_run(runs, id, &runs->items[n]);
    return r;
}

/* A metric is told apart by the run's number and its own name's. */
static int add_metric(struct tx_runs *runs, uint32_t run, const struct tx_item *item) {
    uint32_t key[2] = {run, 0}, number;

    int r = set_text(runs, item, "ml.name", &key[1]);
    if (r == 0)
        r = tx_names_add(&runs->series, (struct tx_text){(const char *)key, sizeof(key)}, &number);
    if (r == 0)
        r = tx_names_make_room(&runs->metrics, &runs->metrics_cap, sizeof(*runs->metrics), number);
    if (r < 0)
        return r;
    struct tx_metric *metric = &runs->metrics[number];
    metric->run = run;
    metric->name = key[1];
    metric->count++;
    metric->step = tx_item_number(item, "ml.step");
    return set_text(runs, item, "ml.value", &metric->value);
}

int tx_runs_add(struct tx_runs *runs, const struct tx_item *item) {
    struct tx_text id = tx_item_text(item, "ml.run.id");
    uint32_t number;

    if (item->kind != TX_ITEM_ML || !id.p)
        return 0;
    int r = find_run(runs, id, &number);
    if (r < 0)
        return r;
    struct tx_run *run = &runs->items[number];
    run->n_stages += tx_item_is(item, "ml.stage");
    run->n_datasets += tx_item_is(item, "ml.dataset");
    run->n_models += tx_item_is(item, "ml.model");
    r = set_text(runs, item, "ml.run.name", &run->name);
    if (r == 0 && tx_item_is(item, "ml.run")) {
        run->duration = item->duration;
        r = set_text(runs, item, "ml.status", &run->status);
    }
    if (r == 0 && tx_item_is(item, "ml.metric"))
        r = add_metric(runs, number, item);
    return r;
}

void tx_runs_deinit(struct tx_runs *runs) {
    tx_names_deinit(&runs->texts);
    tx_names_deinit(&runs->ids);
    tx_names_deinit(&runs->series);
    free(runs->items);
    free(runs->metrics);
}
