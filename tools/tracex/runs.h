/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_RUNS_H
#define TX_TRACEX_RUNS_H

/*
 * Runs of ML pipelines: what each is called, how it ended, how many stages it had, and the last
 * value of each of its metrics.
 */

#include "tools/tracex/item.h"
#include "tools/tracex/names.h"

struct tx_run {
    uint32_t name;   /* in `texts` */
    uint32_t status; /* the same; "open" until it has ended */
    uint64_t duration;
    uint64_t n_stages;
    uint64_t n_datasets;
    uint64_t n_models;
};

struct tx_metric {
    uint32_t run;   /* its number */
    uint32_t name;  /* in `texts` */
    uint32_t value; /* the same: the last one */
    uint64_t step;
    uint64_t count;
};

struct tx_runs {
    struct tx_names texts;
    struct tx_names ids;  /* of runs */
    struct tx_run *items; /* owned; one for each id */
    size_t cap;
    struct tx_names series;    /* a run's metric */
    struct tx_metric *metrics; /* owned; one for each of them */
    size_t metrics_cap;
};

/* Takes records of `ml.*` that name their run, and passes by all others. -ENOMEM. */
TX_MUST_USE int tx_runs_add(struct tx_runs *runs, const struct tx_item *item);
void tx_runs_deinit(struct tx_runs *runs);

#endif
