/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_WORK_H
#define TX_INGEST_WORK_H

/*
 * Whose datagram is processed next. Each user has a line of what was received of him and waits;
 * users take turns (deficit round robin), and each turn is paid for in bytes and in the time that
 * processing took. Within one user the order is that of receipt. Who had nothing waiting and has
 * not overdrawn comes first, so that one who seldom says something waits for a turn of others at
 * most. It knows neither what is in a datagram nor what becomes of it.
 */

#include "auditd/ingest/users.h"

struct tx_inbox_entry;

/* Gets in his line. It is in no other list by `next`. */
void tx_work_add(struct tx_users *users, struct tx_user *user, struct tx_inbox_entry *entry);

/* The next one, taken out, of a user for whom may_go() is true; NULL: there is none. */
typedef bool (*tx_work_may_go)(void *data, const struct tx_user *user);
struct tx_inbox_entry *tx_work_next(struct tx_users *users, tx_work_may_go may_go, void *data,
                                    struct tx_user **ret);

/* Those of one client that had to wait for the ledger's word come first again, in their order, and
 * are not with the ledger. `after`: the one before it that was given back so; NULL: it is the
 * first. */
void tx_work_give_back(struct tx_users *users, struct tx_user *user, struct tx_inbox_entry *entry,
                       struct tx_inbox_entry *after);

/* He pays for work on so many bytes that took so long. */
void tx_work_charge(struct tx_user *user, size_t n_bytes, int64_t ns);

/* All lines are empty from now on; the entries stay in the inbox. */
void tx_work_forget(struct tx_users *users);

#endif
