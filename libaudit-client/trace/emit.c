/* SPDX-License-Identifier: MIT */

/*
 * The way of a trace event: event → checked and encoded into the thread's ring → committed by one
 * store. Nothing else happens, but now and then, when the daemon wants to be told (lane.h). What
 * does not fit is dropped and counted.
 *
 * A signal handler that interrupts it drops its own event, and counts it; the thread that was
 * interrupted then leaves the number out.
 */

#include <pthread.h>
#include <sys/mman.h>
#include <tracex/trace.h>

#include "libaudit-client/context/current.h"
#include "libaudit-client/fork.h"
#include "libaudit-client/trace/frame.h"
#include "libaudit-client/trace/lane.h"
#include "libtx/base/clock.h"
#include "libtx/ring/file.h"

/* Of a thread. */
static _Thread_local struct {
    struct tx_lane_ring *ring; /* NULL: none yet */
    uint32_t is_inside;
    uint32_t n_nested; /* events of signal handlers that came meanwhile */
} own __attribute__((tls_model("initial-exec")));

static void fence(void) {
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* --- the thread's ring --- */

static pthread_key_t key;
static uint32_t key_state; /* 0: none yet; 1: it is being made; 2: there; 3: there is none */

static void on_thread_exit(void *data) {
    struct tx_lane_ring *ring = data;

    /* Not what a fork has wiped, nor one that is somebody else's by now. */
    if (own.ring == ring && ring->is_live)
        tx_lane_leave(ring);
    own.ring = NULL;
    own.is_inside = own.n_nested = 0;
}

static void watch_exit(struct tx_lane_ring *ring) {
    uint32_t none = 0;

    if (__atomic_compare_exchange_n(&key_state, &none, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        uint32_t state = pthread_key_create(&key, on_thread_exit) == 0 ? 2 : 3;
        __atomic_store_n(&key_state, state, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&key_state, __ATOMIC_ACQUIRE) == 1)
        sched_yield();
    if (__atomic_load_n(&key_state, __ATOMIC_ACQUIRE) == 2)
        (void)pthread_setspecific(key, ring); /* else its ring is used no more when it has ended */
}

/* Calls that may not be cut short by a cancellation, nor change errno. */
struct guard {
    int cancel_state;
    int saved_errno;
};

static struct guard begin_slow(void) {
    struct guard guard = {.saved_errno = errno};
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &guard.cancel_state);
    return guard;
}

static void end_slow(const struct guard *guard) {
    pthread_setcancelstate(guard->cancel_state, NULL);
    errno = guard->saved_errno;
}

static __attribute__((noinline)) int join(void) {
    struct guard guard = begin_slow();
    struct tx_lane *lane = tx_lane_get();
    struct tx_lane_ring *ring = NULL;

    int r = lane ? tx_lane_join(lane, &ring) : -ENOMEM;
    if (r == 0) {
        own.ring = ring;
        watch_exit(ring);
    } else if (lane) {
        __atomic_add_fetch(&lane->n_lost, 1, __ATOMIC_RELAXED);
    }
    end_slow(&guard);
    return r;
}

static __attribute__((noinline)) void attend(struct tx_lane_ring *ring) {
    struct guard guard = begin_slow();

    tx_lane_attend(tx_lane_if_any(), ring);
    end_slow(&guard);
}

/* --- one event --- */

static void count_refused(void) {
    struct tx_lane *lane = tx_lane_get();
    if (lane)
        __atomic_add_fetch(&lane->n_refused, 1, __ATOMIC_RELAXED);
}

/* The oldest thing that is lost is not known to be: nobody waits for room. */
static __attribute__((noinline)) int drop(struct tx_lane_ring *ring, uint64_t n) {
    tx_ring_drop(&ring->producer, n, 0);
    __atomic_store_n(&ring->n_lost, ring->n_lost + n, __ATOMIC_RELAXED);
    return -EAGAIN;
}

static int write_frame(struct tx_lane_ring *ring, const struct tx_event *event) {
    int64_t time = event->time_ns ? event->time_ns : tx_clock_wall();
    size_t room, n = 0;

    uint8_t *to = tx_ring_begin(&ring->producer, &room);
    int r = tx_frame_write(event, ring->producer.next_n, time, to, room, &n);
    if (r < 0)
        return r;
    if (r == TX_FRAME_E_ROOM)
        return room == TX_LIMIT_RING_FRAME ? -EMSGSIZE : drop(ring, 1);
    fence();
    /* A signal handler that interrupted this may have forked, and this be the child. */
    if (!__atomic_load_n(&ring->is_live, __ATOMIC_RELAXED))
        return -EAGAIN;
    tx_ring_commit(&ring->producer, n);
    __atomic_store_n(&ring->n_logged, ring->n_logged + 1, __ATOMIC_RELAXED);
    return 0;
}

static bool is_callers_fault(int r) {
    return r < 0 && r != -EAGAIN;
}

static int emit(const struct tx_event *event) {
    if (!own.ring || !__atomic_load_n(&own.ring->is_live, __ATOMIC_RELAXED)) {
        int r = join();
        if (r < 0)
            return r;
    }
    struct tx_lane_ring *ring = own.ring;
    int r = write_frame(ring, event);
    if (is_callers_fault(r))
        count_refused();
    if (own.n_nested) {
        drop(ring, own.n_nested);
        own.n_nested = 0;
    }
    if (ring->is_live && (tx_lane_is_attention_due(ring) || r == -EAGAIN))
        attend(ring);
    return r;
}

static int emit_known(const struct tx_event *event) {
    struct tx_event known;

    if (own.is_inside) {
        own.n_nested++;
        return -EDEADLK;
    }
    own.is_inside = 1;
    fence();
    const struct tx_current *current = tx_current();
    if (current->state == TX_CURRENT_SET) {
        known = *event;
        tx_current_fill(current, &known);
        event = &known;
    }
    int r = emit(event);
    fence();
    own.is_inside = 0;
    return r;
}

int tx_trace_emit(const struct tx_event *event) {
    struct tx_event known;

    if (!event)
        return -EINVAL;
    if (event->size == sizeof(*event))
        return emit_known(event);
    int r = tx_sized_read(event, offsetof(struct tx_event, outcome), &known, sizeof(known));
    return r < 0 ? r : emit_known(&known);
}

/* --- with the rest of the library --- */

static struct tx_lane_ring *own_ring(void) {
    return own.ring && own.ring->is_live ? own.ring : NULL;
}

int tx_trace_flush(int64_t until) {
    static const struct timespec moment = {.tv_nsec = 1000000};
    struct tx_lane *lane = tx_lane_if_any();

    if (!lane || !lane->is_ready || own.is_inside)
        return 0;
    own.is_inside = 1;
    bool is_drained = false;
    for (int turn = 0;; turn++) {
        tx_lock_take(&lane->lock);
        is_drained = tx_lane_is_drained(lane);
        tx_lock_give(&lane->lock);
        if (is_drained || tx_clock_boot() >= until)
            break;
        if (turn % 64 == 0)
            __atomic_store_n(&lane->bell, 1, __ATOMIC_SEQ_CST);
        tx_lane_attend(lane, own_ring());
        nanosleep(&moment, NULL);
    }
    own.is_inside = 0;
    return is_drained ? 0 : -ETIMEDOUT;
}

void tx_trace_count(struct tx_stats *stats) {
    struct tx_lane *lane = tx_lane_if_any();

    if (!lane)
        return;
    stats->trace_refused = __atomic_load_n(&lane->n_refused, __ATOMIC_RELAXED);
    stats->trace_lost = __atomic_load_n(&lane->n_lost, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < lane->n_rings; i++) {
        stats->trace_logged += __atomic_load_n(&lane->rings[i].n_logged, __ATOMIC_RELAXED);
        stats->trace_lost += __atomic_load_n(&lane->rings[i].n_lost, __ATOMIC_RELAXED);
    }
}

void tx_trace_close(void) {
    struct tx_lane *lane = tx_lane_if_any();

    if (!lane || !lane->is_ready)
        return;
    tx_lock_take(&lane->lock);
    tx_lane_close(lane);
    tx_lock_give(&lane->lock);
}

/* The process ends. What was handed over is the daemon's; it is seen to that all is. */
__attribute__((destructor)) static void hand_over_at_exit(void) {
    struct tx_lane *lane = tx_lane_if_any();

    if (!lane || !lane->is_ready || own.is_inside || !tx_lock_try(&lane->lock))
        return;
    bool is_drained = tx_lane_is_drained(lane);
    tx_lock_give(&lane->lock);
    if (is_drained)
        return;
    own.is_inside = 1;
    struct guard guard = begin_slow();
    __atomic_store_n(&lane->bell, 1, __ATOMIC_SEQ_CST);
    tx_lane_attend(lane, own_ring());
    end_slow(&guard);
    own.is_inside = 0;
}
