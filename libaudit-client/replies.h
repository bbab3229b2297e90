/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_REPLIES_H
#define TX_CLIENT_REPLIES_H

/* Reading what the daemon says, without waiting. With the lock held, and while no other thread
 * reads (client->is_read). */

#include "libaudit-client/client.h"

/* Takes what has come, and wakes whose receipt it was. The connection may be lost after it. */
void tx_replies_drain(struct tx_client *client);

#endif
