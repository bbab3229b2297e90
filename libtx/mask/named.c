/* SPDX-License-Identifier: MIT */
#include "libtx/mask/named.h"

#include <assert.h>
#include <string.h>

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

bool tx_mask_detectors_of(const struct tx_masking *masking, const char *name,
                          struct tx_detector_set *ret) {
    if (tx_mask_detectors_named(name, ret))
        return true;
    assert(masking->n_detectors <= TX_DETECT_CUSTOM_MAX);
    for (size_t i = 0; i < masking->n_detectors; i++)
        if (strcmp(masking->detectors[i].id, name) == 0) {
            tx_detectors_add(ret, (enum tx_detector)(TX_DETECT_N + i));
            return true;
        }
    return false;
}

const char *tx_mask_detector_name(const struct tx_masking *masking, enum tx_detector detector) {
    if (detector < TX_DETECT_N)
        return tx_detector_infos[detector].name;
    assert(detector - TX_DETECT_N < masking->n_detectors);
    return masking->detectors[detector - TX_DETECT_N].id;
}
