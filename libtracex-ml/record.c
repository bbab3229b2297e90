/* SPDX-License-Identifier: MIT */
#include "libtracex-ml/record.h"

#include <sys/random.h>

_Thread_local struct tx_ml_current tx_ml_current_ __attribute__((tls_model("initial-exec")));

/* RFC 9562 version 4. */
int tx_ml_id_make(char ret[TX_ML_ID_SIZE]) {
    struct tx_buf b = tx_buf_of(ret, TX_ML_ID_SIZE - 1);
    int saved_errno = errno;
    uint8_t id[16];

    ssize_t n = getrandom(id, sizeof(id), GRND_NONBLOCK);
    errno = saved_errno;
    if (n != (ssize_t)sizeof(id))
        return -EAGAIN;
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    tx_buf_uuid(&b, id);
    ret[b.len] = '\0';
    return 0;
}

void tx_ml_record_add(struct tx_ml_record *record, struct tx_kv field) {
    if (record->n < TX_ML_FIELDS)
        record->fields[record->n++] = field;
}

void tx_ml_record_begin(struct tx_ml_record *record, const char *event) {
    static const struct tx_event empty = TX_EVENT_INIT;
    const struct tx_ml_current *current = tx_ml_current();

    record->event = empty;
    record->event.name = event;
    record->n = record->n_hex = 0;
    if (*current->run_id)
        tx_ml_record_add(record, TX_STR("ml.run.id", current->run_id));
    if (*current->stage_id)
        tx_ml_record_add(record, TX_STR("ml.stage.id", current->stage_id));
}

void tx_ml_record_text(struct tx_ml_record *record, const char *name, const char *text) {
    if (text)
        tx_ml_record_add(record, TX_STR(name, text));
}

void tx_ml_record_count(struct tx_ml_record *record, const char *name, int64_t v) {
    if (v >= 0)
        tx_ml_record_add(record, TX_I64(name, v));
}

void tx_ml_record_digest(struct tx_ml_record *record, const char *name, const uint8_t *digest) {
    if (!digest || record->n_hex == sizeof(record->hex) / sizeof(record->hex[0]))
        return;
    char *text = record->hex[record->n_hex++];
    struct tx_buf b = tx_buf_of(text, sizeof(record->hex[0]) - 1);
    tx_buf_hex(&b, digest, 32);
    text[b.len] = '\0';
    tx_ml_record_add(record, TX_STR(name, text));
}

int tx_ml_record_emit(struct tx_ml_record *record) {
    record->event.fields = record->fields;
    record->event.n_fields = record->n;
    return tx_audit_emit(&record->event);
}
