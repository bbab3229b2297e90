/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

/*
 * A policy that could not be read lets nothing through: every string is redacted, whatever it is
 * called. Names of events and fields, numbers, booleans and times stay, so that auditing goes on.
 */

#define LOCKDOWN_MARK "redact:lockdown"

static bool is_string(enum tx_value_type type) {
    return type == TX_VALUE_STR || type == TX_VALUE_BYTES || type == TX_VALUE_JSON;
}

static void lock_field(struct tx_field *field) {
    field->dropped = false;
    field->masked = NULL;
    if (!is_string(field->type))
        return;
    field->type = TX_VALUE_STR;
    field->text = TX_REDACTED;
    field->masked = LOCKDOWN_MARK;
}

static const char *lock_text(struct tx_text *text) {
    if (!text->p)
        return NULL;
    *text = TX_REDACTED;
    return LOCKDOWN_MARK;
}

void tx_lockdown_record(struct tx_record *record) {
    for (size_t i = 0; i < record->n_fields; i++)
        lock_field(&record->fields[i]);
    record->masked.message = lock_text(&record->message);
    record->masked.correlation_id = lock_text(&record->correlation_id);
    record->masked.comm = lock_text(&record->source.comm);
    record->masked.exe = lock_text(&record->source.exe);
    record->masked.unit = lock_text(&record->source.unit);
}
