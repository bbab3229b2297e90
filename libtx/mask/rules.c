/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/detect/detect.h"
#include "libtx/mask/mask.h"

/* "pack:NAME": all of that pack. */
static bool pack_named(const char *name, struct tx_detector_set *ret) {
    size_t n_prefix = strlen("pack:");
    if (strncmp(name, "pack:", n_prefix) != 0)
        return false;
    for (size_t d = 0; d < TX_DETECT_N; d++)
        if (strcmp(tx_pack_names[tx_detector_infos[d].pack], name + n_prefix) == 0)
            tx_detectors_add(ret, (enum tx_detector)d);
    return tx_detectors_any(ret);
}

bool tx_mask_detectors_named(const char *name, struct tx_detector_set *ret) {
    *ret = (struct tx_detector_set){.word = {0}};
    enum tx_detector d = tx_detector_find((struct tx_text){name, strlen(name)});
    if (d == TX_DETECT_N)
        return pack_named(name, ret);
    tx_detectors_add(ret, d);
    return true;
}

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
