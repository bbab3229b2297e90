/* SPDX-License-Identifier: MIT */
/*
 * Fits a line to the rows of a CSV file, `x,y` each: `train DATA.csv MODEL`. What it did is on
 * record: the data and the model by the digests of their whole content, the rows that were dropped,
 * and the error after each step. Build it with cc train.c $(pkg-config --cflags --libs tracex-ml)
 * -o train
 */
#include <stdio.h>
#include <string.h>
#include <tracex/ml.h>

#define ROWS_MAX 10000
#define STEPS 5

struct line {
    double slope, offset;
};

static double x[ROWS_MAX], y[ROWS_MAX];

/* Returns how many rows are whole; *ret_all: how many there are. */
static int load(FILE *file, int *ret_all) {
    char row[200];
    int n = 0, all = 0;

    while (n < ROWS_MAX && fgets(row, sizeof(row), file)) {
        all++;
        n += sscanf(row, "%lf,%lf", &x[n], &y[n]) == 2;
    }
    *ret_all = all;
    return n;
}

/* One step down the gradient; returns the mean squared error before it. */
static double step(struct line *line, int n) {
    double by_slope = 0, by_offset = 0, error = 0;

    for (int i = 0; i < n; i++) {
        double e = line->slope * x[i] + line->offset - y[i];
        error += e * e / n;
        by_slope += 2 * e * x[i] / n;
        by_offset += 2 * e / n;
    }
    line->slope -= 0.05 * by_slope;
    line->offset -= 0.05 * by_offset;
    return error;
}

static int clean(const char *path) {
    struct tx_stage stage = TX_STAGE_INIT;
    int n = 0, all = 0;
    FILE *file = fopen(path, "r");

    tx_stage_begin(&stage, "clean", -1, 2);
    if (file) {
        n = load(file, &all);
        fclose(file);
    }
    tx_metric("rows.dropped", all - n, 0);
    tx_stage_end(&stage, n, 2);
    return n;
}

static struct line fit(int n) {
    struct tx_stage stage = TX_STAGE_INIT;
    struct line line = {0, 0};

    tx_stage_begin(&stage, "fit", n, 2);
    for (int i = 0; i < STEPS; i++)
        tx_metric("error", step(&line, n), i);
    tx_stage_end(&stage, 1, 2);
    return line;
}

static bool save(const char *path, struct line line) {
    FILE *file = fopen(path, "w");

    if (!file)
        return false;
    fprintf(file, "%.17g %.17g\n", line.slope, line.offset);
    return fclose(file) == 0;
}

static bool train(const char *data, const char *model) {
    tx_param(TX_KV("rate", 0.05));
    tx_param(TX_KV("steps", STEPS));
    int n = clean(data);
    if (tx_dataset("points", TX_DATASET_TRAIN, data, n, 2) < 0 || n == 0)
        return false;
    return save(model, fit(n)) && tx_model("line", "1", model, NULL) == 0;
}

int main(int argc, char **argv) {
    struct tx_run run = TX_RUN_INIT;

    if (argc != 3)
        return 2;
    tx_run_begin(&run, "fit-line");
    bool done = train(argv[1], argv[2]);
    int r = tx_run_end(&run, done ? TX_RUN_FINISHED : TX_RUN_FAILED);
    if (r < 0)
        fprintf(stderr, "train: not all is on record: %s\n", strerror(-r));
    return done && r == 0 ? 0 : 1;
}
