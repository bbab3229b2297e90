/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_NOTIFY_H
#define TX_SUPERVISOR_NOTIFY_H

/*
 * What the service manager is told (sd_notify(3)); nothing where there is none.
 */

#include <stdbool.h>

struct tx_notify {
    bool watchdog; /* the service manager waits for us */
};

void tx_notify_init(struct tx_notify *notify);
/* All is well: the watchdog. Its patience is given in the unit; it is fed each second, whatever
 * that is. */
void tx_notify_feed(struct tx_notify *notify);
void tx_notify_ready(struct tx_notify *notify);
void tx_notify_status(struct tx_notify *notify, const char *text);
void tx_notify_reloading(struct tx_notify *notify);
void tx_notify_stopping(struct tx_notify *notify);

#endif
