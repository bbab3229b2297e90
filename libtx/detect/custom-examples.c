/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "libtx/detect/custom-check.h"
#include "libtx/detect/custom.h"
#include "libtx/detect/scan.h"

/* The examples of a detector, run as a value of a record would be. */

struct checker {
    const struct tx_custom *custom;
    struct tx_detect_memory *memory;
    struct tx_matches *matches;
    struct tx_custom_error *error;
    bool was_invalid, had_no_context; /* what became of the candidates of an example */
};

static void checker_deinit(struct checker *c) {
    tx_detect_memory_free(c->memory);
    free(c->matches);
}

static void note(void *data, const struct tx_candidate *candidate) {
    struct checker *c = data;
    c->was_invalid |= candidate->fate == TX_FATE_INVALID;
    c->had_no_context |= candidate->fate == TX_FATE_NO_CONTEXT;
}

static bool is_found(struct checker *c, size_t index, const char *example, bool assume_context) {
    struct tx_detect_trace trace = {.tell = note, .data = c};
    struct tx_detect_options options = {
        .assume_context = assume_context, .custom = tx_custom_hook(c->custom), .trace = &trace};
    enum tx_detector number = (enum tx_detector)(TX_DETECT_N + index);

    c->was_invalid = c->had_no_context = false;
    tx_detectors_add(&options.wanted, number);
    tx_detect(c->memory, (struct tx_text){example, strlen(example)}, &options, c->matches);
    return c->matches->n > 0 || c->matches->overflow;
}

static int refuse(struct checker *c, const char *where, size_t at, const char *reason) {
    c->error->where = where;
    c->error->at = at;
    snprintf(c->error->reason, sizeof(c->error->reason), "%s", reason);
    return TX_CUSTOM_E_REFUSED;
}

static int check(struct checker *c, const struct tx_custom_spec *spec, size_t index) {
    for (size_t i = 0; i < spec->examples_true.n; i++)
        if (!is_found(c, index, spec->examples_true.item[i], true))
            return refuse(c, "examples: true", i,
                          c->was_invalid
                              ? "it has the shape, but not the check digits or the entropy"
                          : c->had_no_context ? "a word of `exclude` stands near it"
                                              : "it is not found; it has not the shape");
    for (size_t i = 0; i < spec->examples_false.n; i++)
        if (is_found(c, index, spec->examples_false.item[i], false))
            return refuse(c, "examples: false", i, "it is found");
    return 0;
}

static size_t longest(const struct tx_custom_list *list, size_t at_least) {
    for (size_t i = 0; i < list->n; i++)
        if (strlen(list->item[i]) > at_least)
            at_least = strlen(list->item[i]);
    return at_least;
}

int tx_custom_check_examples(const struct tx_custom *custom, const struct tx_custom_spec *specs,
                             size_t n, struct tx_custom_error *ret_error) {
    _cleanup_(checker_deinit) struct checker c = {.custom = custom, .error = ret_error};
    size_t cap = 1;

    for (size_t i = 0; i < n; i++)
        cap = longest(&specs[i].examples_false, longest(&specs[i].examples_true, cap));
    c.matches = malloc(sizeof(*c.matches));
    if (!c.matches)
        return -ENOMEM;
    int r = tx_detect_memory_new(cap, &c.memory);
    for (size_t i = 0; i < n && r == 0; i++) {
        ret_error->detector = i;
        r = check(&c, &specs[i], i);
    }
    return r;
}
