/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/check-record.h"

#include "libtx/base/error.h"
#include "libtx/record/repeated.h"

const struct tx_record_fault tx_fault_too_many_fields = {E2BIG, "too many fields"};

static const struct tx_record_fault event_name = {EINVAL, "event name is not allowed"};
static const struct tx_record_fault event_reserved = {EPERM, "event name is reserved"};
static const struct tx_record_fault correlation_id = {EINVAL, "correlation id is too long"};
static const struct tx_record_fault field_name = {EINVAL, "field name is not allowed"};
static const struct tx_record_fault field_repeated = {EINVAL, "field name is repeated"};

const struct tx_record_fault *tx_record_fault(const struct tx_record *record) {
    TX_UNINITIALIZED struct tx_text names[TX_LIMIT_FIELDS];

    if (!tx_event_name_valid(record->event))
        return &event_name;
    if (tx_event_name_reserved(record->event))
        return &event_reserved;
    if (record->correlation_id.n > TX_LIMIT_CORRELATION_BYTES)
        return &correlation_id;
    if (record->n_fields > TX_LIMIT_FIELDS)
        return &tx_fault_too_many_fields;
    for (size_t i = 0; i < record->n_fields; i++) {
        if (!tx_field_name_valid(record->fields[i].name))
            return &field_name;
        names[i] = record->fields[i].name;
    }
    return tx_texts_repeated(names, record->n_fields) ? &field_repeated : NULL;
}
