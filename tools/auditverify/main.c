/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/record/json.h"
#include "libtx/segment/chain.h"
#include "tools/auditverify/numbers-log.h"
#include "tools/auditverify/options.h"
#include "tools/auditverify/progress.h"
#include "tools/auditverify/receipts.h"
#include "tools/auditverify/report.h"
#include "tools/auditverify/state-file.h"

/* About a second of looking for a changed byte. */
#define REPAIR_ATTEMPTS 300000u

enum { EXIT_USAGE = 2, EXIT_UNDECIDED = 4 };

static int fail(const char *what, int error) {
    fprintf(stderr, "tracex-auditverify: %s: %s\n", what, strerror(-error));
    return EXIT_UNDECIDED;
}

/* The log's spelling of a JSON text is the only one that a record can have. */
static bool is_broken(struct tx_text line) {
    _cleanup_(tx_freep) uint8_t *memory = malloc(line.n + 1);
    if (!memory)
        return false;
    struct tx_buf b = tx_buf_of(memory, line.n);
    return tx_json_canonical(line, &b) < 0 || b.len != line.n || memcmp(memory, line.p, b.len) != 0;
}

static int verify(const struct tx_options *o, const char *path, const struct tx_state_file *state,
                  struct tx_receipts *receipts, struct tx_chain_verdict *verdict) {
    struct tx_progress progress = {.running = false};
    const struct tx_chain_options options = {.path = path,
                                             .identity = o->has_identity ? &o->identity : NULL,
                                             .epoch0 = o->has_epoch0 ? &o->epoch0 : NULL,
                                             .n_threads = o->n_threads,
                                             .upto_checkpoint = o->upto_checkpoint,
                                             .whole = o->whole,
                                             .until_tampered = o->quiet,
                                             .repair_attempts = o->quiet ? 0 : REPAIR_ATTEMPTS,
                                             .accepted_breaks = o->accepted_breaks,
                                             .n_accepted_breaks = o->n_accepted_breaks,
                                             .has_memory = state->any,
                                             .memory_size = state->size,
                                             .memory_root = state->root,
                                             .wanted = receipts->wanted,
                                             .n_wanted = receipts->n,
                                             .is_broken = is_broken,
                                             .progress = &progress.done,
                                             .progress_total = &progress.total};
    tx_progress_begin(&progress, o->quiet ? TX_PROGRESS_NEVER : o->progress);
    int r = tx_chain_verify(&options, verdict);
    tx_progress_end(&progress);
    if (r == 0)
        tx_receipts_judge(receipts, verdict);
    return r;
}

static int report(const struct tx_options *o, const char *path, const struct tx_receipts *receipts,
                  const struct tx_numbers_totals *numbers, const struct tx_chain_verdict *verdict) {
    const struct tx_report report = {.path = path,
                                     .verdict = verdict,
                                     .receipts = o->n_receipts > 0 ? receipts : NULL,
                                     .numbers = numbers,
                                     .identity_given = o->has_identity,
                                     .epoch0_given = o->has_epoch0};
    if (o->quiet)
        return 0;
    return o->output == TX_OUTPUT_JSON ? tx_report_json(&report) : tx_report_text(&report);
}

/* With the clients' numbers, if they are asked for and something is proven. */
static int report_all(const struct tx_options *o, const char *path,
                      const struct tx_receipts *receipts, const struct tx_chain_verdict *verdict) {
    _cleanup_(tx_numbers_freep) struct tx_numbers *numbers = NULL;
    struct tx_numbers_totals totals;

    if (!o->clients || o->quiet || verdict->is_file || !verdict->has_end)
        return report(o, path, receipts, NULL, verdict);
    int r = tx_numbers_read_log(path, verdict->end_size, &numbers);
    if (r < 0)
        return r;
    tx_numbers_total(numbers, &totals);
    return report(o, path, receipts, &totals, verdict);
}

static int run_path(const struct tx_options *o, const char *path, struct tx_receipts *receipts,
                    enum tx_finding_class *gravest) {
    struct tx_state_file state = {.any = false};
    struct tx_chain_verdict verdict = {.class = TX_CLASS_NOTE};
    int r = o->state ? tx_state_file_read(o->state, &state) : 0;
    if (r < 0) {
        fprintf(stderr, "tracex-auditverify: %s: %s\n", o->state,
                r == -EBADMSG ? "it is no checkpoint, so it remembers nothing" : strerror(-r));
        tx_state_file_deinit(&state);
        return EXIT_USAGE;
    }
    r = verify(o, path, &state, receipts, &verdict);
    if (r == 0)
        r = tx_state_file_compare(&state, &verdict);
    int status = r < 0 ? fail(path, r) : 0;
    if (r == 0 && (r = report_all(o, path, receipts, &verdict)) < 0)
        status = fail("the report", r);
    if (r == 0 && o->state && (r = tx_state_file_write(o->state, &state, &verdict)) < 0)
        status = fail(o->state, r);
    if (verdict.class > *gravest)
        *gravest = verdict.class;
    tx_chain_verdict_deinit(&verdict);
    tx_state_file_deinit(&state);
    return status;
}

static int read_receipts(const struct tx_options *o, struct tx_receipts *receipts) {
    int r = 0;

    for (size_t i = 0; r == 0 && i < o->n_receipts; i++) {
        r = tx_receipts_read(receipts, o->receipts[i]);
        if (r < 0 && r != -EBADMSG)
            fprintf(stderr, "tracex-auditverify: %s: %s\n", o->receipts[i],
                    r == -E2BIG ? "more than a million receipts" : strerror(-r));
    }
    return r == 0 ? tx_receipts_sort(receipts) : r;
}

int main(int argc, char **argv) {
    _cleanup_(tx_receipts_deinit) struct tx_receipts receipts = {.items = NULL};
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    enum tx_finding_class gravest = TX_CLASS_NOTE;
    struct tx_options options;

    int r = tx_hasher_new(&hasher);
    if (r < 0)
        return fail("SHA-256", r);
    r = tx_options_parse(argc, argv, hasher, &options);
    if (r != 0)
        return r == TX_OPTIONS_E_DONE ? EXIT_SUCCESS : EXIT_USAGE;
    if (read_receipts(&options, &receipts) < 0)
        return EXIT_USAGE;
    for (size_t i = 0; i < options.n_paths; i++) {
        int status = run_path(&options, options.paths[i], &receipts, &gravest);
        if (status == EXIT_USAGE)
            return status;
        if (status == EXIT_UNDECIDED && gravest < TX_CLASS_UNDECIDED)
            gravest = TX_CLASS_UNDECIDED;
    }
    return tx_finding_exit_code(gravest);
}
