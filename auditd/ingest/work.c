/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/work.h"

#include "auditd/ingest/inbox.h"

/* What a byte pays for: a record of 500 bytes takes some four microseconds. */
#define NS_A_BYTE 8
/* Nobody pays more for time than twice what his bytes cost: the clock also runs while others have
 * the processor. */
#define TIME_OF_BYTES 2
/* Nobody owes more than so many turns. */
#define MOST_OWED (64 * TX_WORK_TURN)

static void pay(struct tx_user *user, int64_t n) {
    user->credit -= n;
    if (user->credit < -MOST_OWED)
        user->credit = -MOST_OWED;
}

void tx_work_charge(struct tx_user *user, size_t n_bytes, int64_t ns) {
    int64_t n = ns / NS_A_BYTE, most = (int64_t)n_bytes * TIME_OF_BYTES;
    pay(user, n < most ? n : most);
}

void tx_work_add(struct tx_users *users, struct tx_user *user, struct tx_inbox_entry *entry) {
    entry->next = NULL;
    if (user->work) {
        user->work_last->next = entry;
        user->work_last = entry;
        return;
    }
    user->work = user->work_last = entry;
    users->n_working++;
    if (user->credit > 0)
        TAILQ_INSERT_HEAD(&users->working, user, by_work);
    else
        TAILQ_INSERT_TAIL(&users->working, user, by_work);
}

void tx_work_give_back(struct tx_users *users, struct tx_user *user, struct tx_inbox_entry *entry,
                       struct tx_inbox_entry *after) {
    user->n_sent -= entry->size < user->n_sent ? entry->size : user->n_sent;
    if (!user->work) {
        tx_work_add(users, user, entry);
        return;
    }
    entry->next = after ? after->next : user->work;
    if (after)
        after->next = entry;
    else
        user->work = entry;
    if (user->work_last == after)
        user->work_last = entry;
}

static struct tx_inbox_entry *take(struct tx_users *users, struct tx_user *user) {
    struct tx_inbox_entry *entry = user->work;

    user->work = entry->next;
    entry->next = NULL;
    if (users->n_working > 1)
        pay(user, entry->size);
    if (user->work)
        return entry;
    TAILQ_REMOVE(&users->working, user, by_work);
    users->n_working--;
    return entry;
}

static void to_the_end(struct tx_users *users, struct tx_user *user) {
    TAILQ_REMOVE(&users->working, user, by_work);
    TAILQ_INSERT_TAIL(&users->working, user, by_work);
}

/* Each once around; *ret_again: somebody was given a turn who may go. */
static struct tx_user *look_around(struct tx_users *users, tx_work_may_go may_go, void *data,
                                   bool *ret_again) {
    *ret_again = false;
    for (size_t n = users->n_working; n > 0; n--) {
        struct tx_user *user = TAILQ_FIRST(&users->working);
        bool may = may_go(data, user);
        if (may && user->credit > 0)
            return user;
        if (may) {
            user->credit += TX_WORK_TURN;
            *ret_again = true;
        }
        to_the_end(users, user);
    }
    return NULL;
}

struct tx_inbox_entry *tx_work_next(struct tx_users *users, tx_work_may_go may_go, void *data,
                                    struct tx_user **ret) {
    struct tx_user *user;
    bool again = true;

    while (again) {
        user = look_around(users, may_go, data, &again);
        if (user) {
            *ret = user;
            return take(users, user);
        }
    }
    return NULL;
}

void tx_work_forget(struct tx_users *users) {
    for (struct tx_user *user = users->all; user; user = user->next) {
        user->work = user->work_last = NULL;
        user->n_sent = 0;
    }
    TAILQ_INIT(&users->working);
    users->n_working = 0;
}
