/* SPDX-License-Identifier: MIT */
#include "libaudit-client/flusher.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include "libaudit-client/buffer.h"
#include "libaudit-client/connection.h"

/* Enough for what it does; a program with much thread-local data needs more, and gets the default.
 */
#define STACK_BYTES (128u * 1024u)

/* While there is no connection, or the socket is full. */
#define LATER_NS INT64_C(10000000)

/* How long to sleep until the next look; 0: until it is woken. */
static int64_t look(struct tx_client *client, bool *was_busy) {
    bool is_busy = client->batch.count > 0;
    int64_t sleep = is_busy || *was_busy ? TX_BUFFER_NS : 0;

    tx_buffer_send(client);
    if (client->resend.n_unsent > 0) {
        (void)!tx_connection_ensure(client);
        sleep = LATER_NS;
    }
    *was_busy = is_busy;
    client->flusher.is_asleep = sleep == 0;
    return sleep;
}

static void *run(void *data) {
    struct tx_client *client = data;
    bool was_busy = true;

    prctl(PR_SET_NAME, "tracex-flush");
    for (;;) {
        tx_lock_take(&client->lock);
        uint32_t seen = __atomic_load_n(&client->flusher.wakes, __ATOMIC_ACQUIRE);
        int64_t sleep = look(client, &was_busy);
        tx_combine_unlock(client);
        const struct timespec timeout = {.tv_nsec = sleep};
        tx_futex_wait(&client->flusher.wakes, seen, sleep ? &timeout : NULL);
    }
    return NULL;
}

static int create(struct tx_client *client, size_t n_stack) {
    pthread_attr_t attributes;
    pthread_t thread;

    int r = pthread_attr_init(&attributes);
    if (r != 0)
        return r;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (n_stack)
        pthread_attr_setstacksize(&attributes, n_stack);
    r = pthread_create(&thread, &attributes, run, client);
    pthread_attr_destroy(&attributes);
    return r;
}

int tx_flusher_start(struct tx_client *client) {
    sigset_t all, before;

    if (client->flusher.is_started)
        return 0;
    if (client->flusher.is_impossible)
        return -EAGAIN;
    sigfillset(&all);
    int r = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r != 0)
        return -r;
    r = create(client, STACK_BYTES);
    if (r == EINVAL)
        r = create(client, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    client->flusher.is_started = r == 0;
    client->flusher.is_impossible = r != 0;
    return -r;
}

void tx_flusher_wake(struct tx_client *client) {
    struct tx_flusher *flusher = &client->flusher;

    if (!flusher->is_asleep)
        return;
    flusher->is_asleep = false;
    __atomic_add_fetch(&flusher->wakes, 1, __ATOMIC_RELEASE);
    tx_futex_wake(&flusher->wakes, 1);
}
