/* SPDX-License-Identifier: MIT */
#include "libaudit-client/combine.h"

#include "libaudit-client/batch.h"
#include "libaudit-client/buffer.h"
#include "libaudit-client/deliver.h"
#include "libaudit-client/job.h"

/* A send takes a microsecond or two; so long it is not worth to sleep. Each is two looks. */
#define SPINS 200

static uint64_t bit_of(size_t i) {
    return UINT64_C(1) << i;
}

/* --- who waits --- */

static size_t claim_slot(struct tx_combine *combine) {
    uint64_t used = __atomic_load_n(&combine->used, __ATOMIC_RELAXED);

    while (~used) {
        size_t i = (size_t)__builtin_ctzll(~used);
        if (__atomic_compare_exchange_n(&combine->used, &used, used | bit_of(i), 0,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return i;
    }
    return SIZE_MAX;
}

static bool is_settled(const struct tx_slot *slot) {
    return tx_word_state(&slot->word) != TX_WAITER_PENDING;
}

/* Sleeps, unless the job is settled or the lock has become free meanwhile. True: the lock is held.
 */
static bool sleep_in(struct tx_client *client, struct tx_slot *slot) {
    tx_word_announce_sleep(&slot->word, TX_WAITER_PENDING);
    if (tx_lock_try(&client->lock)) /* who gives it after this look nudges us */
        return true;
    tx_word_sleep(&slot->word, TX_WAITER_PENDING, NULL);
    return false;
}

/* Until the job is settled, or the lock is held: then true. */
static bool await(struct tx_client *client, struct tx_slot *slot) {
    for (unsigned spins = 0; !is_settled(slot); spins++) {
        if (tx_lock_is_free(&client->lock) && tx_lock_try(&client->lock))
            return true;
        if (spins >= SPINS && sleep_in(client, slot))
            return true;
    }
    return false;
}

static void publish(struct tx_combine *combine, size_t i, struct tx_job *job) {
    struct tx_slot *slot = &combine->slots[i];

    job->slot_and_one = (unsigned)i + 1;
    job->waiter.word = &slot->word;
    slot->job = job;
    __atomic_store_n(&slot->word, TX_WAITER_PENDING, __ATOMIC_RELAXED);
    __atomic_fetch_or(&combine->pending, bit_of(i), __ATOMIC_SEQ_CST);
}

/* The job is still its thread's own, which has the lock from here on. */
static void take_back(struct tx_client *client, size_t i, bool is_held) {
    if (!is_held)
        tx_lock_take(&client->lock);
    __atomic_fetch_and(&client->combine.pending, ~bit_of(i), __ATOMIC_RELAXED);
    /* By what the word says, it may still be asleep. */
    __atomic_store_n(&client->combine.slots[i].word, TX_WAITER_PENDING, __ATOMIC_RELAXED);
}

int tx_combine_lock(struct tx_client *client, struct tx_job *job) {
    if (tx_lock_try(&client->lock))
        return 0;
    size_t i = claim_slot(&client->combine);
    if (i == SIZE_MAX) {
        tx_lock_take(&client->lock);
        return 0;
    }
    publish(&client->combine, i, job);
    bool is_held = await(client, &client->combine.slots[i]);
    enum tx_waiter_state state = tx_word_state(job->waiter.word);
    if (state == TX_WAITER_PENDING || state == TX_WAITER_ALONE) {
        take_back(client, i, is_held);
        return 0;
    }
    if (is_held)
        tx_combine_unlock(client);
    return TX_COMBINE_E_DONE;
}

void tx_combine_leave(struct tx_client *client, const struct tx_job *job) {
    if (job->slot_and_one)
        __atomic_fetch_and(&client->combine.used, ~bit_of(job->slot_and_one - 1), __ATOMIC_RELEASE);
}

/* --- who has the lock --- */

void tx_combine_unlock(struct tx_client *client) {
    struct tx_combine *combine = &client->combine;

    if (client->waiters.first && !client->is_read)
        tx_word_nudge(client->waiters.first->word);
    tx_lock_give(&client->lock);
    uint64_t pending = __atomic_load_n(&combine->pending, __ATOMIC_SEQ_CST);
    for (; pending; pending &= pending - 1)
        if (tx_word_nudge(&combine->slots[__builtin_ctzll(pending)].word))
            return;
}

/* What one thread does for all: whose records stand in the open datagram. */
struct lead {
    struct tx_client *client;
    struct tx_job *own;
    uint64_t added; /* slots */
    bool own_is_added;
    bool own_is_done;
};

static void settle_slot(struct lead *lead, struct tx_slot *slot, bool is_sent, uint64_t n) {
    struct tx_job *job = slot->job;

    if (!is_sent || !job) {
        tx_word_set(&slot->word, TX_WAITER_ALONE);
        return;
    }
    tx_job_sent(lead->client, job, n);
    if (job->is_awaited)
        return; /* it sleeps on until the receipt comes */
    job->waiter.result = 0;
    tx_word_set(&slot->word, TX_WAITER_DONE);
}

/* It was sent, or it is everybody's own affair. */
static void settle_added(struct lead *lead, bool is_sent, uint64_t n) {
    struct tx_combine *combine = &lead->client->combine;

    if (is_sent && lead->own_is_added) /* its record is the first */
        tx_job_sent(lead->client, lead->own, n++);
    lead->own_is_done |= is_sent && lead->own_is_added;
    for (uint64_t left = lead->added; left; left &= left - 1)
        settle_slot(lead, &combine->slots[__builtin_ctzll(left)], is_sent, n++);
    lead->added = 0;
    lead->own_is_added = false;
}

static int send_added(struct lead *lead) {
    uint64_t first = lead->client->batch.first;
    int r = tx_batch_send(lead->client);

    settle_added(lead, r == 0, first);
    return r;
}

static int add_to_next(struct lead *lead, struct tx_record *record) {
    int r = send_added(lead);

    if (r == 0)
        r = tx_deliver_prepare(lead->client);
    record->n = lead->client->next_n;
    return r == 0 ? tx_batch_add(lead->client, record) : r;
}

/* 0: it stands in the open datagram. */
static int add(struct lead *lead, struct tx_job *job) {
    struct tx_client *client = lead->client;
    struct tx_record record;

    int r = tx_job_read(client, job, &record);
    if (r < 0)
        return r;
    r = tx_batch_add(client, &record);
    if (r == TX_BATCH_E_FULL)
        r = add_to_next(lead, &record);
    tx_job_wipe(client, &record);
    return r;
}

static void add_slot(struct lead *lead, size_t i) {
    struct tx_slot *slot = &lead->client->combine.slots[i];
    struct tx_job *job = slot->job;

    if (!job)
        return; /* a signal handler has forked, and all is wiped */
    int r = add(lead, job);
    if (r == 0) {
        lead->added |= bit_of(i);
        return;
    }
    if (tx_job_is_refused(r))
        job->waiter.result = tx_job_failed(lead->client, job, r);
    tx_word_set(&slot->word, tx_job_is_refused(r) ? TX_WAITER_DONE : TX_WAITER_ALONE);
}

/* Records that may be buffered need no datagram now. Takes them out of *taken. */
static void buffer_slots(struct lead *lead, uint64_t *taken) {
    for (uint64_t left = *taken; left; left &= left - 1) {
        size_t i = (size_t)__builtin_ctzll(left);
        struct tx_slot *slot = &lead->client->combine.slots[i];
        struct tx_job *job = slot->job;
        if (!job || job->event->durability != TX_BUFFERED)
            continue;
        int r = tx_buffer_add(lead->client, job, lead->own->time);
        if (r == TX_BUFFER_E_SEND)
            continue;
        *taken &= ~bit_of(i);
        job->waiter.result = r < 0 ? tx_job_failed(lead->client, job, r) : 0;
        tx_word_set(&slot->word, TX_WAITER_DONE);
    }
}

static void send_slots(struct lead *lead, uint64_t taken) {
    int r = tx_deliver_prepare(lead->client);

    if (r == 0 && !lead->own_is_done)
        lead->own_is_added = add(lead, lead->own) == 0;
    for (; taken; taken &= taken - 1) {
        size_t i = (size_t)__builtin_ctzll(taken);
        if (r == 0)
            add_slot(lead, i);
        else
            tx_word_set(&lead->client->combine.slots[i].word, TX_WAITER_ALONE);
    }
    if (lead->added || lead->own_is_added)
        (void)!send_added(lead);
}

int tx_combine_lead(struct tx_client *client, struct tx_job *job) {
    struct lead lead = {.client = client, .own = job};

    if (tx_deliver_connect(client) != 0)
        return 0; /* the others find that out in their turn */
    uint64_t taken = __atomic_exchange_n(&client->combine.pending, 0, __ATOMIC_ACQ_REL);
    if (job->event->durability == TX_BUFFERED)
        lead.own_is_done = tx_buffer_add(client, job, job->called) == 0;
    buffer_slots(&lead, &taken);
    if (taken || !lead.own_is_done)
        send_slots(&lead, taken);
    return lead.own_is_done ? TX_COMBINE_E_DONE : 0;
}
