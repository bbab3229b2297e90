/* SPDX-License-Identifier: MIT */
#include "libtx/mask/own-detectors.h"

#include <stdio.h>
#include <string.h>

/* Examples are lines of a configuration. */
#define EXAMPLE_BYTES (64u * 1024u)

struct tx_reading tx_own_detectors_reading(const struct tx_masking *masking) {
    _Static_assert((int)TX_DECODE_JSON == (int)TX_READ_ESCAPES &&
                       (int)TX_DECODE_PERCENT == (int)TX_READ_PERCENT &&
                       (int)TX_DECODE_BASE64 == (int)TX_READ_BASE64 &&
                       (int)TX_DECODE_HEX == (int)TX_READ_HEX,
                   "the same bits");
    return (struct tx_reading){
        .decode = masking->decode,
        .depth = (uint8_t)masking->limits.decode_depth,
        .digits = masking->normalise.digits,
        .zero_width = masking->normalise.zero_width,
        .confusables = masking->normalise.confusables,
    };
}

static struct tx_custom_list list_of(const struct tx_masking_list *list) {
    return (struct tx_custom_list){.n = list->n, .item = list->item};
}

static enum tx_custom_validator validator_of(enum tx_masking_validator validator) {
    static const enum tx_custom_validator validators[] = {
        [TX_VALID_NONE] = TX_CUSTOM_ANY,          [TX_VALID_LUHN] = TX_CUSTOM_LUHN,
        [TX_VALID_VERHOEFF] = TX_CUSTOM_VERHOEFF, [TX_VALID_MOD97] = TX_CUSTOM_MOD97,
        [TX_VALID_MOD11_10] = TX_CUSTOM_MOD11_10, [TX_VALID_CRC32_BASE62] = TX_CUSTOM_CRC32_BASE62,
    };
    return validators[validator];
}

static struct tx_custom_spec spec_of(const struct tx_masking_detector *detector) {
    return (struct tx_custom_spec){
        .regex = detector->regex,
        .literals = list_of(&detector->literals),
        .required_literal = detector->required_literal,
        .ignore_case = detector->ignore_case,
        .whole_words = detector->whole_words,
        .capture = detector->capture != 0,
        .validator = validator_of(detector->validator),
        .over_from = detector->over_from,
        .over_to = detector->over_to,
        .check_from = detector->check_from,
        .check_to = detector->check_to,
        .entropy = detector->entropy,
        .context = list_of(&detector->context),
        .exclude = list_of(&detector->exclude),
        .before = detector->before,
        .after = detector->after,
        .field_names = detector->field_names,
        .confidence = detector->confidence,
        .examples_true = list_of(&detector->examples_true),
        .examples_false = list_of(&detector->examples_false),
    };
}

static int make_specs(const struct tx_masking *masking, struct tx_custom_spec **ret) {
    *ret = calloc(masking->n_detectors + 1, sizeof(**ret));
    if (!*ret)
        return -ENOMEM;
    for (size_t i = 0; i < masking->n_detectors; i++)
        (*ret)[i] = spec_of(&masking->detectors[i]);
    return 0;
}

static int make(const struct tx_masking *masking, const struct tx_custom_spec *specs, size_t cap,
                struct tx_custom_error *ret_error, struct tx_custom **ret) {
    const struct tx_reading reading = tx_own_detectors_reading(masking);
    const struct tx_custom_options options = {
        .regex_states = masking->limits.regex_states, .cap = cap, .reading = &reading};
    return tx_custom_new(specs, masking->n_detectors, &options, ret_error, ret);
}

int tx_own_detectors_new(const struct tx_masking *masking, size_t cap, struct tx_custom **ret) {
    _cleanup_(tx_freep) struct tx_custom_spec *specs = NULL;
    struct tx_custom_error error;

    *ret = NULL;
    if (masking->n_detectors == 0)
        return 0;
    int r = make_specs(masking, &specs);
    if (r == 0)
        r = make(masking, specs, cap, &error, ret);
    return r == TX_CUSTOM_E_REFUSED ? -EINVAL : r;
}

static int tell(const struct tx_masking *masking, const char *name,
                const struct tx_custom_error *error, struct tx_bytes *errors) {
    const struct tx_masking_detector *detector = &masking->detectors[error->detector];
    _cleanup_(tx_freep) char *text = NULL;
    int n = asprintf(&text, "%s:%zu:%zu: the detector '%s' cannot be used: %s (%zu): %s\n", name,
                     detector->line, detector->column, detector->id, error->where, error->at,
                     error->reason);
    return n < 0 ? -ENOMEM : tx_bytes_append(errors, text, (size_t)n);
}

int tx_own_detectors_try(const struct tx_masking *masking, const char *name,
                         struct tx_bytes *errors, bool *ret_holds) {
    _cleanup_(tx_freep) struct tx_custom_spec *specs = NULL;
    _cleanup_(tx_custom_freep) struct tx_custom *custom = NULL;
    struct tx_custom_error error;

    *ret_holds = true;
    if (masking->n_detectors == 0)
        return 0;
    int r = make_specs(masking, &specs);
    if (r == 0)
        r = make(masking, specs, EXAMPLE_BYTES, &error, &custom);
    if (r == 0)
        r = tx_custom_check_examples(custom, specs, masking->n_detectors, &error);
    if (r != TX_CUSTOM_E_REFUSED)
        return r;
    *ret_holds = false;
    return tell(masking, name, &error, errors);
}
