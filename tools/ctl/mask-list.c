/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/detect/describe.h"
#include "tools/ctl/mask.h"
#include "tools/shared/terminal.h"

#define ROW_BYTES 65536

struct row {
    const char *name, *pack, *word, *what;
};

static const char *const needs[TX_NEEDS_N] = {
    [TX_NEEDS_NO_WORD] = "alone",
    [TX_NEEDS_A_WORD_OR_FORM] = "by form",
    [TX_NEEDS_A_WORD] = "word",
};

static struct row row_of(enum tx_detector d) {
    return (struct row){.name = tx_detector_infos[d].name,
                        .pack = tx_pack_names[tx_detector_infos[d].pack],
                        .word = needs[tx_detector_needs(d)],
                        .what = tx_detector_describe(d)->what};
}

static struct row row_of_own(const struct tx_masking_detector *detector) {
    return (struct row){.name = detector->id,
                        .pack = "own",
                        .word = needs[detector->context.n > 0 ? TX_NEEDS_A_WORD : TX_NEEDS_NO_WORD],
                        .what = detector->regex ? detector->regex : "words"};
}

static void put_pair(struct tx_buf *b, const char *key, const char *value) {
    tx_buf_str(b, key);
    tx_ctl_put_string(b, (struct tx_text){value, strlen(value)});
}

/* One line of JSON each, in an array. */
static void print_json(const struct row *row, bool first) {
    static char memory[ROW_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    put_pair(&b, "{\"name\":", row->name);
    put_pair(&b, ",\"pack\":", row->pack);
    put_pair(&b, ",\"context\":", row->word);
    put_pair(&b, ",\"finds\":", row->what);
    tx_buf_char(&b, '}');
    fputs(first ? "[" : ",\n", stdout);
    tx_terminal_put_json((struct tx_text){memory, b.len});
}

static void print(const struct row *row, bool json, bool first) {
    if (json) {
        print_json(row, first);
        return;
    }
    printf("%-20s %-16s %-8s ", row->name, row->pack, row->word);
    tx_terminal_put((struct tx_text){row->what, strlen(row->what)});
    putchar('\n');
}

static bool take_options(struct tx_ctl *ctl, int argc, char **argv, bool *ret_json) {
    static const struct option options[] = {{"format", required_argument, NULL, 'f'},
                                            {NULL, 0, NULL, 0}};
    int option;

    *ret_json = false;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            tx_ctl_take_config(ctl, optarg);
        else if (option != 'f' || !tx_ctl_take_word("format", optarg, "text", "json", ret_json))
            return false;
    }
    return optind == argc;
}

int tx_ctl_mask_list(struct tx_ctl *ctl, int argc, char **argv) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    bool json;

    if (!take_options(ctl, argc, argv, &json))
        return TX_CTL_USAGE;
    conf = ctl->config_given ? tx_ctl_load(ctl) : NULL;
    if (ctl->config_given && !conf)
        return TX_CTL_FAILED;
    for (size_t d = 0; d < TX_DETECT_N; d++) {
        struct row row = row_of((enum tx_detector)d);
        print(&row, json, d == 0);
    }
    for (size_t i = 0; conf && i < conf->masking.n_detectors; i++) {
        struct row row = row_of_own(&conf->masking.detectors[i]);
        print(&row, json, false);
    }
    if (json)
        puts("]");
    return TX_CTL_OK;
}
