/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_RESEND_H
#define TX_CLIENT_RESEND_H

/*
 * A bounded ring of whole datagrams that the daemon has not acknowledged, in the order of their
 * numbers; one holds the records of several consecutive numbers. It knows no socket. Its memory is
 * somebody else's. Invariant: what belongs to no datagram has been wiped.
 *
 * Life of a datagram: reserved → committed (the kernel has it, or is to get it) → acknowledged and
 * wiped. After a
 * lost connection tx_resend_rewind makes all of them unsent; an unsent one is kept, even when it is
 * acknowledged, until it has been sent, since its receipt comes back for it alone.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

struct tx_resend {
    uint8_t *memory; /* borrowed */
    size_t capacity; /* a multiple of 16 */
    size_t head;     /* of the oldest */
    size_t tail;     /* behind the newest */
    size_t used;     /* from head to tail, around the end */
    size_t unsent;   /* offset of the oldest that is to be sent; n_unsent == 0: none */
    size_t n_unsent;
    size_t n;
    size_t reserved_and_one; /* offset of what is reserved; 0: nothing is */
    uint64_t n_records;
    uint64_t n_unsent_records;
    uint64_t acknowledged; /* numbers below it are */
};

struct tx_resend_datagram {
    uint64_t number; /* of its first record */
    uint32_t count;  /* of its records */
    const uint8_t *p;
    size_t n;
};

void tx_resend_init(struct tx_resend *resend, void *memory, size_t n_memory);

/* The largest datagram that there is room for now. */
size_t tx_resend_room(const struct tx_resend *resend);
/* Room for a datagram of n bytes at the end, in one piece; NULL when there is none now. It must be
 * committed or abandoned before another is reserved. */
uint8_t *tx_resend_reserve(struct tx_resend *resend, size_t n);
/* It has been sent: n bytes, or fewer than reserved when the rest was not written to, with `count`
 * records from `number` on. Numbers rise; nothing is unsent. */
void tx_resend_commit(struct tx_resend *resend, size_t n, uint64_t number, uint32_t count);
/* The same, but it is to be sent yet, behind all others that are. */
void tx_resend_commit_unsent(struct tx_resend *resend, size_t n, uint64_t number, uint32_t count);
void tx_resend_abandon(struct tx_resend *resend, size_t n);

/* Every number below `next` is durable. */
void tx_resend_acknowledge(struct tx_resend *resend, uint64_t next);

/* The oldest that was sent and is not acknowledged; false when there is none. */
bool tx_resend_unacknowledged(const struct tx_resend *resend, struct tx_resend_datagram *ret);
/* All are to be sent again. */
void tx_resend_rewind(struct tx_resend *resend);
/* The next to be sent; false when there is none. */
bool tx_resend_next(const struct tx_resend *resend, struct tx_resend_datagram *ret);
/* That one has been sent. */
void tx_resend_sent(struct tx_resend *resend);

/* The first number of the oldest; resend->n > 0. */
uint64_t tx_resend_oldest(const struct tx_resend *resend);

/* Wipes all. */
void tx_resend_clear(struct tx_resend *resend);

#endif
