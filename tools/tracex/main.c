/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/tracex/tracex.h"

static const char usage[] =
    "usage: tracex COMMAND [OPTIONS] [LOG|FILE|-]...\n"
    "\n"
    "  report    how often and how long functions and spans ran, files were read and written, ML\n"
    "            runs, events\n"
    "  tree      the last traces, each as the tree of what ran within what\n"
    "  flame     a flame graph of functions and spans, as an SVG image on standard output\n"
    "  export --format chrome|folded|otlp\n"
    "            for Perfetto; for flamegraph.pl and the like; for OpenTelemetry\n"
    "\n"
    "  -S, --since TIME      2026-11-23T17:00:00Z, -15min, -2h, -1d, today or now\n"
    "  -U, --until TIME\n"
    "  -w, --where FIELD=VALUE\n"
    "                        event, trace_id, pid, … or a name within data; repeatable: values\n"
    "                        of one field are alternatives, different fields must all fit\n"
    "  -n, --rows N          of each table, or so many traces (20); 0: all\n"
    "  -o, --output FORMAT   text or json; of report\n"
    "      --max-records N   kept in memory at most, 100 bytes each (10 million)\n"
    "\n"
    "LOG is a log directory; FILE a segment (N.jsonl, N.jsonl.zst) or records, one a line. "
    "Several\n"
    "are taken together, also of several machines. Default: /var/log/tracex/trace and\n"
    "/var/log/tracex/audit. What is shown is not proven by this: tracex-auditverify does that.\n"
    "\n"
    "Exit status: 0 done; 1 it could not be done, or not wholly, and standard error says why; 2 "
    "usage.\n";

static const struct {
    const char *name;
    int (*run)(const struct tx_options *options);
} commands[] = {
    {"report", tx_tracex_report},
    {"tree", tx_tracex_tree},
    {"flame", tx_tracex_flame},
    {"export", tx_tracex_export},
};

void tx_tracex_say(const char *format, ...) {
    va_list args;
    fputs("tracex: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* --- reading --- */

static void say_failed(const struct tx_options *o, const char *path, int error) {
    const char *why = strerror(-error);
    if (error == -E2BIG) {
        tx_tracex_say("%s: there are more than %zu records: choose with -S, -U or -w, or give "
                      "--max-records",
                      path, o->n_max);
        return;
    }
    if (error == -EBADMSG)
        why = "neither a log directory, nor a segment, nor records one a line";
    tx_tracex_say("%s: %s%s", path, why,
                  error == -EACCES ? " (run it as root or as the daemon's user)" : "");
}

/* A machine may have only one of the logs that are read when none is named. */
static bool may_be_missing(const struct tx_options *o, int error, size_t n_read, size_t i) {
    return o->is_default && error == -ENOENT && (n_read > 0 || i + 1 < o->n_paths);
}

int tx_tracex_read(const struct tx_options *o, tx_source_record *record, void *data,
                   struct tx_source_counts *ret) {
    struct tx_source_counts counts = {.n_records = 0};
    int status = TX_TRACEX_OK;
    size_t n_read = 0;

    for (size_t i = 0; i < o->n_paths; i++) {
        int r = tx_source_read(o->paths[i], &o->select, record, data, &counts);
        n_read += r == 0;
        if (r == 0 || may_be_missing(o, r, n_read, i))
            continue;
        say_failed(o, o->paths[i], r);
        status = TX_TRACEX_FAILED;
        if (r == -E2BIG || r == -ENOMEM)
            break;
    }
    if (counts.n_missing > 0 || counts.n_unreadable > 0) {
        tx_tracex_say("%llu records stand in no file and %llu lines could not be read: "
                      "tracex-auditverify says more",
                      (unsigned long long)counts.n_missing,
                      (unsigned long long)counts.n_unreadable);
        status = TX_TRACEX_FAILED;
    }
    *ret = counts;
    return status;
}

int main(int argc, char **argv) {
    struct tx_options options;

    setlocale(LC_CTYPE, ""); /* strtod keeps to the point */
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return TX_TRACEX_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("tracex " TX_VERSION);
        return TX_TRACEX_OK;
    }
    for (size_t i = 0; argc > 1 && i < TX_COUNT_OF(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (tx_options_parse(argc - 1, argv + 1, &options) < 0)
            return TX_TRACEX_USAGE;
        int status = commands[i].run(&options);
        if (fflush(stdout) != 0 || ferror(stdout)) {
            tx_tracex_say("standard output: %s", strerror(errno));
            return TX_TRACEX_FAILED;
        }
        return status;
    }
    if (argc > 1)
        tx_tracex_say("there is no command '%s'", argv[1]);
    fputs(usage, stderr);
    return TX_TRACEX_USAGE;
}
