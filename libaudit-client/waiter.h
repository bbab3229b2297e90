/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_WAITER_H
#define TX_CLIENT_WAITER_H

/*
 * A thread that waits for another one: to send its record, and then to read its receipt. It sleeps
 * on a word of its own, so that nobody is woken for nothing. What is written before the word is
 * set to TX_WAITER_DONE is what the thread reads after it.
 *
 * Nobody touches a word that may be gone: it is in the client's memory, or its waiter is in the
 * client's list and the lock is held. Only a wake may come too late; it finds nobody there.
 */

#include <stdbool.h>

#include "libaudit-client/lock.h"
#include "libtx/base/error.h"

enum tx_waiter_state {
    TX_WAITER_PENDING,    /* nobody has begun; also what a fork leaves */
    TX_WAITER_ALONE,      /* its thread is to do it itself, and may have to wait for the daemon */
    TX_WAITER_SENT,       /* the kernel has it, the receipt is to come */
    TX_WAITER_DONE,       /* `result` holds */
    TX_WAITER_ASLEEP = 8, /* a bit beside those */
};

struct tx_waiter {
    uint32_t *word; /* of a slot, or `own` */
    uint32_t own;
    int result; /* when done: 0 or -errno */
    uint64_t n;
    uint64_t seq;
    uint8_t leaf[32];
    struct tx_waiter *next, *previous; /* in the client's list */
};

/* In the order of their numbers. All zero: empty. */
struct tx_waiters {
    struct tx_waiter *first, *last;
};

static inline enum tx_waiter_state tx_word_state(const uint32_t *word) {
    return (enum tx_waiter_state)(__atomic_load_n(word, __ATOMIC_ACQUIRE) & ~TX_WAITER_ASLEEP);
}

/* Wakes its thread. */
static inline void tx_word_set(uint32_t *word, enum tx_waiter_state state) {
    if (__atomic_exchange_n(word, state, __ATOMIC_SEQ_CST) & TX_WAITER_ASLEEP)
        tx_futex_wake(word, 1);
}

/* Sets it without waking: the thread sleeps on until it is done. */
static inline void tx_word_set_sent(uint32_t *word) {
    __atomic_fetch_or(word, TX_WAITER_SENT, __ATOMIC_SEQ_CST); /* pending is 0 */
}

/* Makes its thread look around once more. True: it was asleep. */
static inline bool tx_word_nudge(uint32_t *word) {
    bool was_asleep =
        __atomic_fetch_and(word, ~(uint32_t)TX_WAITER_ASLEEP, __ATOMIC_SEQ_CST) & TX_WAITER_ASLEEP;
    if (was_asleep)
        tx_futex_wake(word, 1);
    return was_asleep;
}

/* Two steps, between which the thread looks whether what it would be nudged for has happened. */
static inline void tx_word_announce_sleep(uint32_t *word, enum tx_waiter_state state) {
    uint32_t seen = state;
    __atomic_compare_exchange_n(word, &seen, state | TX_WAITER_ASLEEP, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
}

static inline void tx_word_sleep(uint32_t *word, enum tx_waiter_state state,
                                 const struct timespec *timeout) {
    tx_futex_wait(word, state | TX_WAITER_ASLEEP, timeout);
}

/* With the lock held. */
void tx_waiters_add(struct tx_waiters *waiters, struct tx_waiter *waiter);
/* The one with that number, or NULL. */
struct tx_waiter *tx_waiters_find(struct tx_waiters *waiters, uint64_t n);
void tx_waiters_remove(struct tx_waiters *waiters, struct tx_waiter *waiter);
/* Removes it and wakes its thread, which may be gone when this returns. */
void tx_waiters_end(struct tx_waiters *waiters, struct tx_waiter *waiter, int result);

#endif
