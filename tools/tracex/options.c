/* SPDX-License-Identifier: MIT */
#include "tools/tracex/options.h"

#include <getopt.h>
#include <string.h>

#include "libtx/base/clock.h"
#include "tools/tracex/tracex.h"

#define ROWS_DEFAULT 20u
#define ROWS_MAX 1000000u
#define RECORDS_DEFAULT 10000000u
#define RECORDS_MAX 1000000000u

enum { OPTION_FORMAT = 256, OPTION_TRACE, OPTION_MAX };

static const struct option longs[] = {
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"output", required_argument, NULL, 'o'},
    {"since", required_argument, NULL, 'S'},
    {"until", required_argument, NULL, 'U'},
    {"where", required_argument, NULL, 'w'},
    {"rows", required_argument, NULL, 'n'},
    {"max-records", required_argument, NULL, OPTION_MAX},
    {NULL, 0, NULL, 0},
};

static char *default_paths[] = {"/var/log/tracex/trace", "/var/log/tracex/audit"};

static int take_number(const char *name, const char *text, uint64_t most, size_t *ret) {
    uint64_t number;
    if (tx_dec_decode((struct tx_text){text, strlen(text)}, &number) < 0 || number > most) {
        tx_tracex_say("%s wants a whole number of at most %llu, not '%s'", name,
                      (unsigned long long)most, text);
        return -EINVAL;
    }
    *ret = (size_t)number;
    return 0;
}

static int take_time(const char *text, int64_t *ret) {
    if (tx_select_time(text, tx_clock_wall(), ret) == 0)
        return 0;
    tx_tracex_say("'%s' is no time: 2026-11-23T17:00:00Z, -15min, -2h, -1d, today, now", text);
    return -EINVAL;
}

static int take_term(struct tx_options *o, const char *text) {
    int r = tx_select_add(&o->select, text);
    if (r == -E2BIG)
        tx_tracex_say("more than %d times -w", TX_SELECT_TERMS_MAX);
    else if (r < 0)
        tx_tracex_say("-w wants FIELD=VALUE, not '%s'", text);
    return r < 0 ? -EINVAL : 0;
}

static int take_output(struct tx_options *o, const char *text) {
    if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0) {
        tx_tracex_say("-o is text or json, not '%s'", text);
        return -EINVAL;
    }
    o->output = strcmp(text, "json") == 0 ? TX_OUTPUT_JSON : TX_OUTPUT_TEXT;
    return 0;
}

static int take_format(struct tx_options *o, const char *text) {
    static const char *const names[] = {
        [TX_FORMAT_CHROME] = "chrome", [TX_FORMAT_FOLDED] = "folded", [TX_FORMAT_OTLP] = "otlp"};
    for (size_t i = TX_FORMAT_CHROME; i < TX_COUNT_OF(names); i++)
        if (strcmp(text, names[i]) == 0) {
            o->format = (enum tx_format)i;
            return 0;
        }
    tx_tracex_say("--format is chrome, folded or otlp, not '%s'", text);
    return -EINVAL;
}

static int take(struct tx_options *o, int option, const char *value) {
    switch (option) {
    case OPTION_FORMAT:
        return take_format(o, value);
    case OPTION_MAX:
        return take_number("--max-records", value, RECORDS_MAX, &o->n_max);
    case 'o':
        return take_output(o, value);
    case 'S':
        return take_time(value, &o->select.since);
    case 'U':
        return take_time(value, &o->select.until);
    case 'w':
        return take_term(o, value);
    case 'n':
        return take_number("-n", value, ROWS_MAX, &o->n_rows);
    default:
        return -EINVAL;
    }
}

int tx_options_parse(int argc, char **argv, struct tx_options *ret) {
    struct tx_options o = {.n_rows = ROWS_DEFAULT, .n_max = RECORDS_DEFAULT};
    int option, r = 0;

    tx_select_init(&o.select);
    while (r == 0 && (option = getopt_long(argc, argv, "o:S:U:w:n:", longs, NULL)) != -1)
        r = take(&o, option, optarg);
    if (r < 0)
        return r;
    o.paths = argv + optind;
    o.n_paths = (size_t)(argc - optind);
    o.is_default = o.n_paths == 0;
    if (o.is_default) {
        o.paths = default_paths;
        o.n_paths = TX_COUNT_OF(default_paths);
    }
    *ret = o;
    return 0;
}
