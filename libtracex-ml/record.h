/* SPDX-License-Identifier: MIT */
#ifndef TX_ML_RECORD_H
#define TX_ML_RECORD_H

/*
 * One record of `ml.*`: fields gathered one after the other, with the ids of the thread's run and
 * stage in front, and handed to tx_audit_emit(). It knows libtracex by its public headers alone.
 */

#include <stdbool.h>
#include <tracex/ml.h>

#include "libtx/base/buf.h"

#define TX_ML_FIELDS 96
#define TX_ML_MORE_FIELDS 64 /* of the caller's own */

/* The thread's; "" where there is none. */
struct tx_ml_current {
    char run_id[TX_ML_ID_SIZE];
    char stage_id[TX_ML_ID_SIZE];
};

extern _Thread_local struct tx_ml_current tx_ml_current_ __attribute__((tls_model("initial-exec")));

static inline struct tx_ml_current *tx_ml_current(void) {
    struct tx_ml_current *current = &tx_ml_current_;

    __asm__("" : "+r"(current)); /* as in libaudit-client/context/current.h */
    return current;
}

struct tx_ml_record {
    struct tx_event event;
    struct tx_kv fields[TX_ML_FIELDS];
    size_t n;
    char hex[4][65];
    size_t n_hex;
};

void tx_ml_record_begin(struct tx_ml_record *record, const char *event);
/* Fields that are not known are left out: NULL, and for tx_ml_record_count a negative number. */
void tx_ml_record_add(struct tx_ml_record *record, struct tx_kv field);
void tx_ml_record_text(struct tx_ml_record *record, const char *name, const char *text);
void tx_ml_record_count(struct tx_ml_record *record, const char *name, int64_t v);
/* 32 bytes, as hex. */
void tx_ml_record_digest(struct tx_ml_record *record, const char *name, const uint8_t *digest);
TX_MUST_USE int tx_ml_record_emit(struct tx_ml_record *record);

/* A random UUID. -EAGAIN early in the boot. */
TX_MUST_USE int tx_ml_id_make(char ret[TX_ML_ID_SIZE]);

#endif
