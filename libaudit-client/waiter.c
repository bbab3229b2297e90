/* SPDX-License-Identifier: MIT */
#include "libaudit-client/waiter.h"

void tx_waiters_add(struct tx_waiters *waiters, struct tx_waiter *waiter) {
    waiter->next = NULL;
    waiter->previous = waiters->last;
    if (waiters->last)
        waiters->last->next = waiter;
    else
        waiters->first = waiter;
    waiters->last = waiter;
}

struct tx_waiter *tx_waiters_find(struct tx_waiters *waiters, uint64_t n) {
    struct tx_waiter *waiter = waiters->first;
    while (waiter && waiter->n != n)
        waiter = waiter->next;
    return waiter;
}

void tx_waiters_remove(struct tx_waiters *waiters, struct tx_waiter *waiter) {
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        waiters->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        waiters->last = waiter->previous;
}

void tx_waiters_end(struct tx_waiters *waiters, struct tx_waiter *waiter, int result) {
    tx_waiters_remove(waiters, waiter);
    waiter->result = result;
    tx_word_set(waiter->word, TX_WAITER_DONE);
}
