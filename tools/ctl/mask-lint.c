/* SPDX-License-Identifier: MIT */
/*
 * What is valid in the configuration's masking and still looks wrong. A warning has the file's name
 * and a line in it; what would keep the file from being used is an error.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libtx/conf/masking-lint.h"
#include "libtx/mask/own-detectors.h"
#include "tools/ctl/mask.h"

/* Only costs are asked for, no text is looked into. */
#define CAP 64
/* What a pattern reads of each byte when it is run as it should be. */
#define STEPS_USUAL 2

struct lint {
    const struct tx_masking *masking;
    const char *name;
    size_t n;
};

static int warn_rules(struct lint *lint) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    size_t n;

    int r = tx_conf_masking_lint(lint->masking, lint->name,
                                 (int64_t)time(NULL) * INT64_C(1000000000), &text, &n);
    if (r < 0)
        return r;
    tx_ctl_put_lines((struct tx_text){(const char *)text.data, text.len});
    lint->n += n;
    return 0;
}

/* A rule that asks for more than any of its detectors can be. */
static void warn_sureness(struct lint *lint, const struct tx_masking_rule *rule) {
    unsigned best = 0;

    for (size_t k = 0; k < rule->match.detectors.n; k++) {
        struct tx_detector_set found;
        if (!tx_mask_detectors_of(lint->masking, rule->match.detectors.item[k], &found))
            continue;
        for (size_t d = 0; d < TX_DETECT_N + lint->masking->n_detectors; d++) {
            if (!tx_detectors_have(&found, (enum tx_detector)d))
                continue;
            unsigned sure = d < TX_DETECT_N ? tx_detector_confidence((enum tx_detector)d, true)
                                            : lint->masking->detectors[d - TX_DETECT_N].confidence;
            best = sure > best ? sure : best;
        }
    }
    if (rule->match.detectors.n == 0 || rule->match.min_confidence <= best)
        return;
    printf("%s:%zu: warning: rule '%s' never does anything: its min_confidence is %u %%, and its "
           "detectors are at most %u %% sure\n",
           lint->name, rule->line, rule->id, rule->match.min_confidence, best);
    lint->n++;
}

static void warn_cost(struct lint *lint, const struct tx_custom *custom, size_t i) {
    const struct tx_masking_detector *detector = &lint->masking->detectors[i];
    struct tx_custom_cost cost = tx_custom_cost_of(custom, i);

    if (cost.steps_max > STEPS_USUAL) {
        printf("%s:%zu: warning: the detector '%s' reads up to %u characters for each byte of a "
               "text that is made for it: its regex has too many states to be run in one pass; a "
               "smaller upper limit of its repeats helps\n",
               lint->name, detector->line, detector->id, cost.steps_max);
        lint->n++;
    }
    if (!cost.has_literal)
        printf("%s:%zu: note: the detector '%s' is run over every text, since no text stands in "
               "all that it finds\n",
               lint->name, detector->line, detector->id);
}

static int warn_costs(struct lint *lint) {
    _cleanup_(tx_custom_freep) struct tx_custom *custom = NULL;

    int r = tx_own_detectors_new(lint->masking, CAP, &custom);
    for (size_t i = 0; r == 0 && i < lint->masking->n_detectors; i++)
        warn_cost(lint, custom, i);
    return r;
}

static int warn_all(struct lint *lint) {
    int r = warn_rules(lint);
    for (size_t i = 0; r == 0 && i < lint->masking->n_rules; i++)
        if (lint->masking->rules[i].source == TX_FROM_FILE)
            warn_sureness(lint, &lint->masking->rules[i]);
    return r == 0 ? warn_costs(lint) : r;
}

static int lint_conf(const struct tx_ctl *ctl, const struct tx_masking *masking, bool strict) {
    struct lint lint = {.masking = masking, .name = ctl->config_path};

    int r = warn_all(&lint);
    if (r < 0) {
        tx_ctl_say("cannot look at the rules: %s", strerror(-r));
        return TX_CTL_FAILED;
    }
    printf("%s: %zu warning%s\n", ctl->config_path, lint.n, lint.n == 1 ? "" : "s");
    return strict && lint.n > 0 ? TX_CTL_FAILED : TX_CTL_OK;
}

int tx_ctl_mask_lint(struct tx_ctl *ctl, int argc, char **argv) {
    static const struct option options[] = {{"strict", no_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    struct tx_ctl_policy policy;
    bool strict = false;
    int option;

    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            tx_ctl_take_config(ctl, optarg);
        else if (option == 's')
            strict = true;
        else
            return TX_CTL_USAGE;
    }
    if (optind != argc)
        return TX_CTL_USAGE;
    ctl->config_given = true; /* the built-in rules have nothing to be told */
    if (tx_ctl_policy_init(ctl, &policy) != TX_CTL_OK)
        return TX_CTL_FAILED;
    int status = tx_ctl_policy_try(ctl, &policy);
    if (status == TX_CTL_OK)
        status = lint_conf(ctl, &policy.conf->masking, strict);
    tx_ctl_policy_deinit(&policy);
    return status;
}
