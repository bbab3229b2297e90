/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_EVENT_H
#define TX_CLIENT_EVENT_H

/*
 * What an application said, checked, as a record. It knows no connection. Texts are not looked
 * into: the daemon takes any bytes.
 */

#include <tracex/audit.h>

#include "libtx/record/record.h"

/* `fields` and `names` have room for TX_LIMIT_FIELDS. The record borrows from the event and from
 * `fields`. Errors as tx_audit_emit has them. */
TX_MUST_USE int tx_event_read(const struct tx_event *event, struct tx_field *fields,
                              struct tx_text *names, struct tx_record *ret);

#endif
