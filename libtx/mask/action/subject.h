/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_SUBJECT_H
#define TX_MASK_SUBJECT_H

/*
 * Where keys of persons come from: the vault's side is behind this, so that the engine knows no
 * process.
 */

#include <stdint.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

#define TX_SUBJECT_REF_BYTES 16
#define TX_SUBJECT_KEY_BYTES 32

struct tx_subject_key {
    uint8_t ref[TX_SUBJECT_REF_BYTES]; /* random; says nothing of who it is */
    uint8_t key[TX_SUBJECT_KEY_BYTES];
};

struct tx_subject_keys {
    /* The key of that person, made and stored when there was none. < 0: not to be had now, within a
     * bounded time. The caller wipes *ret. */
    int (*get)(void *data, struct tx_text person, struct tx_subject_key *ret);
    void *data;
};

#endif
