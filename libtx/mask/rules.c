/* SPDX-License-Identifier: MIT */
#include "libtx/mask/detect.h"
#include "libtx/mask/mask.h"

const char *const tx_mask_detector_names[] = {
    [TX_DETECT_EMAIL] = "email",
    [TX_DETECT_CARD] = "card",
    [TX_DETECT_IBAN] = "iban",
    [TX_DETECT_SSN] = "ssn",
    [TX_DETECT_IPV4] = "ipv4",
    [TX_DETECT_IPV6] = "ipv6",
    [TX_DETECT_JWT] = "jwt",
    [TX_DETECT_BEARER] = "bearer",
    [TX_DETECT_PRIVATE_KEY] = "private_key",
    [TX_DETECT_PASSWORD] = "password",
    [TX_DETECT_N] = NULL,
};

static void free_list(char **list, size_t n) {
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

void tx_mask_rules_deinit(struct tx_mask_rules *rules) {
    for (size_t i = 0; i < rules->n_rules; i++) {
        struct tx_mask_rule *rule = &rules->rules[i];
        free(rule->id);
        free_list(rule->events, rule->n_events);
        free_list(rule->fields, rule->n_fields);
        free_list(rule->detectors, rule->n_detectors);
    }
    free(rules->rules);
    *rules = (struct tx_mask_rules){.rules = NULL};
}
