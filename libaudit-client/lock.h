/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_LOCK_H
#define TX_CLIENT_LOCK_H

/*
 * A mutex whose free state is zero by our own definition, so that memory that a fork has wiped
 * holds a free one; and a bell: who waits sleeps until it was rung after the look he took. No call
 * here is a cancellation point.
 */

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct tx_lock {
    uint32_t state; /* 0 free, 1 held, 2 held and somebody may wait */
};

struct tx_bell {
    uint32_t rings;
};

static inline void tx_futex_wait(uint32_t *word, uint32_t seen, const struct timespec *timeout) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, timeout, NULL, 0);
}

static inline void tx_futex_wake(uint32_t *word, int n) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

static inline void tx_lock_take(struct tx_lock *lock) {
    uint32_t free_state = 0;
    if (__atomic_compare_exchange_n(&lock->state, &free_state, 1, 0, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&lock->state, 2, __ATOMIC_ACQUIRE) != 0)
        tx_futex_wait(&lock->state, 2, NULL);
}

/* Taking a look and giving are in one order for all threads: who announces himself, and then finds
 * the lock held, is seen by who looks for him after giving it (combine.c). */
static inline void tx_lock_give(struct tx_lock *lock) {
    if (__atomic_exchange_n(&lock->state, 0, __ATOMIC_SEQ_CST) == 2)
        tx_futex_wake(&lock->state, 1);
}

static inline int tx_lock_is_free(struct tx_lock *lock) {
    return __atomic_load_n(&lock->state, __ATOMIC_SEQ_CST) == 0;
}

/* 1 when it is taken now. */
static inline int tx_lock_try(struct tx_lock *lock) {
    uint32_t free_state = 0;
    return __atomic_compare_exchange_n(&lock->state, &free_state, 1, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

static inline uint32_t tx_bell_look(struct tx_bell *bell) {
    return __atomic_load_n(&bell->rings, __ATOMIC_ACQUIRE);
}

static inline void tx_bell_ring(struct tx_bell *bell) {
    __atomic_add_fetch(&bell->rings, 1, __ATOMIC_RELEASE);
    tx_futex_wake(&bell->rings, INT32_MAX);
}

/* Returns when it was rung since `seen`, after the time, or for no reason. */
static inline void tx_bell_wait(struct tx_bell *bell, uint32_t seen,
                                const struct timespec *timeout) {
    tx_futex_wait(&bell->rings, seen, timeout);
}

#endif
