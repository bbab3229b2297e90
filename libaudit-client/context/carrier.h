/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_CARRIER_H
#define TX_CLIENT_CARRIER_H

/*
 * Contexts from and to other processes: headers and environment variables. What is malformed is
 * counted, and fails nobody.
 */

#include "libaudit-client/context/current.h"

/* What the environment says now. Without TRACEPARENT there is no trace; with a malformed one a new
 * one begins. Nothing is believed of it in a set-user-id program. */
void tx_environment_read(struct tx_context_parts *ret);

#endif
