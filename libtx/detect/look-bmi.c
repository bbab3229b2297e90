/* SPDX-License-Identifier: MIT */
#include "libtx/detect/classify.h"

/*
 * A first look at words, for processors with vectors: those have all of BMI. The vectors themselves
 * are left out, since a compiler that may use them keeps numbers there, and moving them costs more
 * than the look.
 */

#define WAYS "bmi,bmi2,lzcnt,popcnt"
#define TX_ANCHORS_FOR target(WAYS),
#include "libtx/detect/look.h"

__attribute__((target(WAYS))) size_t tx_look_bmi_words(struct tx_scan *s, size_t *b,
                                                       struct tx_id_word *ret) {
    return tx_look_at_words(s, b, ret);
}

__attribute__((target(WAYS))) size_t tx_look_bmi_phrases(const struct tx_scan *s, size_t from,
                                                         size_t to, uint32_t *ret) {
    return tx_look_at_begins(s, from, to, ret);
}
