/* SPDX-License-Identifier: MIT */
#include "libaudit-client/trace/lane.h"

#include <sys/random.h>
#include <unistd.h>

#include "libaudit-client/dial.h"
#include "libaudit-client/fork.h"
#include "libaudit-client/trace/lane-connection.h"
#include "libtx/base/clock.h"
#include "libtx/ring/file.h"

/* A daemon that has not looked at a ring for so long has lost it on the way. */
#define UNTAKEN_NS (INT64_C(5) * 1000000000)
/* What was refused is not asked for again before. */
#define REFUSED_NS (INT64_C(2) * 1000000000)

static struct tx_lane *the_lane;

/* --- the process's --- */

struct tx_lane *tx_lane_if_any(void) {
    return __atomic_load_n(&the_lane, __ATOMIC_ACQUIRE);
}

struct tx_lane *tx_lane_get(void) {
    struct tx_lane *lane = tx_lane_if_any(), *other = NULL;
    void *p;

    if (lane)
        return lane;
    if (tx_fork_map(sizeof(*lane), &p) < 0)
        return NULL;
    if (__atomic_compare_exchange_n(&the_lane, &other, p, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return p;
    tx_fork_unmap(p, sizeof(*lane)); /* another thread was first */
    return other;
}

/* --- memory of a ring --- */

/* Fresh memory, whose descriptor waits to be handed over. */
static int make_memory(size_t capacity, struct tx_kept_fd *ret_file, struct tx_ring_header **ret) {
    struct tx_ring_header *header;
    int fd;

    int r = tx_ring_file_make(capacity, &fd);
    if (r < 0)
        return r;
    r = tx_ring_file_map_twice(fd, capacity, &header);
    if (r < 0) {
        close(fd);
        return r;
    }
    tx_kept_fd_set(ret_file, tx_dial_move_up(fd));
    *ret = header;
    return 0;
}

static void begin_memory(struct tx_lane *lane, struct tx_lane_ring *ring,
                         const struct tx_kept_fd *file) {
    ring->bell_seen = tx_ring_bell(&ring->producer);
    ring->rung_at = ring->producer.head;
    ring->generation = lane->generation;
    ring->handed = 0;
    ring->file = *file;
}

static int make_ring(struct tx_lane *lane, struct tx_lane_ring *ring) {
    size_t capacity = lane->settings.ring_bytes;
    struct tx_kept_fd file = {0};
    struct tx_ring_header *header;

    if (getrandom(ring->secret, sizeof(ring->secret), GRND_NONBLOCK) != sizeof(ring->secret))
        return -EAGAIN;
    int r = make_memory(capacity, &file, &header);
    if (r < 0)
        return r;
    tx_ring_producer_init(&ring->producer, header, capacity);
    begin_memory(lane, ring, &file);
    __atomic_store_n(&ring->is_live, 1, __ATOMIC_RELEASE);
    return 0;
}

/* So many whole frames stand in it that were not stored. */
static uint64_t count_frames(const struct tx_ring_producer *p) {
    uint64_t n = 0;

    for (uint64_t at = p->head - tx_ring_used(p); at < p->head; n++) {
        uint32_t length;
        memcpy(&length, p->data + (at & (p->capacity - 1)), sizeof(length));
        if (length == 0 || length > TX_LIMIT_RING_FRAME)
            break;
        at += tx_ring_frame_bytes(length);
    }
    return n;
}

static void give_up_frames(struct tx_lane_ring *ring) {
    tx_ring_look(&ring->producer);
    uint64_t n = count_frames(&ring->producer);

    ring->n_lost += n;
    ring->n_logged -= n < ring->n_logged ? n : ring->n_logged;
    __atomic_store_n(&ring->producer.header->stored, ring->producer.head, __ATOMIC_RELAXED);
}

/* In fresh memory, with what the daemon has not stored, unless it refused that. Whether the numbers
 * of what it has are sent again does no harm. With the lock held. */
static void refresh(struct tx_lane *lane, struct tx_lane_ring *ring, int64_t now) {
    struct tx_ring_header *before = ring->producer.header, *header;
    bool is_refused = tx_ring_fate(&ring->producer) == TX_RING_REFUSED;
    struct tx_kept_fd file = {0};

    if (make_memory(ring->producer.capacity, &file, &header) < 0)
        return; /* again at the next event that asks */
    if (is_refused)
        give_up_frames(ring);
    tx_kept_fd_close(&ring->file, false);
    tx_ring_move(&ring->producer, header);
    ring->due = is_refused ? now + REFUSED_NS : 0;
    begin_memory(lane, ring, &file);
    tx_ring_file_unmap_twice(before, ring->producer.capacity);
}

static bool needs_refresh(const struct tx_lane *lane, const struct tx_lane_ring *ring,
                          int64_t now) {
    const struct tx_ring_producer *p = &ring->producer;
    enum tx_ring_fate fate = tx_ring_fate(p);

    if (ring->generation != lane->generation || fate == TX_RING_CLOSED || fate == TX_RING_REFUSED)
        return true;
    if (ring->file.fd_and_one != 0)
        return !tx_kept_fd_is(&ring->file, ring->file.fd_and_one - 1);
    return fate == TX_RING_NEW && now - ring->handed > UNTAKEN_NS;
}

/* --- threads --- */

static int get_ready(struct tx_lane *lane) {
    if (__atomic_load_n(&lane->is_ready, __ATOMIC_ACQUIRE))
        return 0;
    tx_lock_take(&lane->lock); /* nobody waits while holding it before this is done */
    if (!lane->is_ready) {
        tx_lane_connection_forget();
        tx_settings_get(&lane->settings);
        lane->generation = 1;
        __atomic_store_n(&lane->is_ready, 1, __ATOMIC_RELEASE);
    }
    tx_lock_give(&lane->lock);
    return 0;
}

static struct tx_lane_ring *take(struct tx_lane *lane, enum tx_lane_owner from, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t expected = from;
        if (__atomic_compare_exchange_n(&lane->rings[i].owner, &expected, TX_LANE_OWNED, 0,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return &lane->rings[i];
    }
    return NULL;
}

static void note_used(struct tx_lane *lane, const struct tx_lane_ring *ring) {
    uint32_t n = (uint32_t)(ring - lane->rings) + 1;
    uint32_t seen = __atomic_load_n(&lane->n_rings, __ATOMIC_RELAXED);

    while (seen < n && !__atomic_compare_exchange_n(&lane->n_rings, &seen, n, 0, __ATOMIC_ACQ_REL,
                                                    __ATOMIC_RELAXED))
        ;
}

int tx_lane_join(struct tx_lane *lane, struct tx_lane_ring **ret) {
    int saved = errno;

    int r = get_ready(lane);
    struct tx_lane_ring *ring = take(lane, TX_LANE_LEFT, lane->n_rings);
    if (!ring)
        ring = take(lane, TX_LANE_FREE, TX_LANE_RINGS);
    if (!ring)
        r = -EAGAIN;
    if (r == 0 && !ring->is_live)
        r = make_ring(lane, ring);
    errno = saved;
    if (r < 0) {
        if (ring)
            __atomic_store_n(&ring->owner, TX_LANE_FREE, __ATOMIC_RELEASE);
        return r;
    }
    note_used(lane, ring);
    *ret = ring;
    return 0;
}

void tx_lane_leave(struct tx_lane_ring *ring) {
    __atomic_store_n(&ring->owner, TX_LANE_LEFT, __ATOMIC_RELEASE);
}

/* --- what is to be done --- */

static void hand_over_all(struct tx_lane *lane, int64_t now) {
    for (uint32_t i = 0; i < lane->n_rings && lane->is_open; i++) {
        struct tx_lane_ring *ring = &lane->rings[i];
        if (ring->file.fd_and_one == 0 || ring->due > now || ring->generation != lane->generation ||
            !tx_kept_fd_is(&ring->file, ring->file.fd_and_one - 1))
            continue;
        if (tx_lane_connection_hand(lane, ring->secret, ring->file.fd_and_one - 1) < 0)
            return;
        ring->handed = now;
        tx_kept_fd_close(&ring->file, false);
    }
}

/* Nobody else would see to those. */
static void refresh_left(struct tx_lane *lane, int64_t now) {
    for (uint32_t i = 0; i < lane->n_rings; i++) {
        struct tx_lane_ring *ring = &lane->rings[i];
        uint32_t expected = TX_LANE_LEFT;
        if (!ring->is_live || ring->generation == lane->generation ||
            !__atomic_compare_exchange_n(&ring->owner, &expected, TX_LANE_OWNED, 0,
                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            continue;
        refresh(lane, ring, now);
        tx_lane_leave(ring);
    }
}

static void work(struct tx_lane *lane, struct tx_lane_ring *ring) {
    int64_t now = tx_clock_boot();

    for (int turn = 0; turn < 2; turn++) { /* the second when the connection turns out to be gone */
        uint32_t generation = lane->generation;
        if (ring && needs_refresh(lane, ring, now))
            refresh(lane, ring, now);
        if (tx_lane_connection_ensure(lane, now) < 0)
            return;
        refresh_left(lane, now);
        hand_over_all(lane, now);
        if (__atomic_exchange_n(&lane->bell, 0, __ATOMIC_SEQ_CST))
            tx_lane_connection_ring(lane);
        if (generation == lane->generation)
            return;
        __atomic_store_n(&lane->bell, 1, __ATOMIC_SEQ_CST);
    }
}

void tx_lane_attend(struct tx_lane *lane, struct tx_lane_ring *ring) {
    if (ring) {
        const struct tx_ring_producer *p = &ring->producer;
        uint32_t bell = tx_ring_bell(p);
        if (bell != ring->bell_seen || p->head - ring->rung_at >= p->capacity / 2)
            __atomic_store_n(&lane->bell, 1, __ATOMIC_SEQ_CST);
        if (tx_ring_fate(p) < TX_RING_CLOSED) /* else it is asked for until it is done */
            ring->bell_seen = bell;
        ring->rung_at = p->head;
    }
    __atomic_store_n(&lane->pending, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&lane->pending, __ATOMIC_SEQ_CST) && tx_lock_try(&lane->lock)) {
        __atomic_store_n(&lane->pending, 0, __ATOMIC_SEQ_CST);
        work(lane, ring);
        tx_lock_give(&lane->lock);
    }
}

/* --- all of them --- */

bool tx_lane_is_drained(struct tx_lane *lane) {
    for (uint32_t i = 0; i < lane->n_rings; i++) {
        const struct tx_lane_ring *ring = &lane->rings[i];
        if (!__atomic_load_n(&ring->is_live, __ATOMIC_ACQUIRE))
            continue;
        const struct tx_ring_producer *p = &ring->producer;
        if (__atomic_load_n(&p->header->tail, __ATOMIC_ACQUIRE) !=
            __atomic_load_n(&p->head, __ATOMIC_ACQUIRE))
            return false;
    }
    return true;
}

/* The next event begins with the settings of the process. */
void tx_lane_close(struct tx_lane *lane) {
    if (lane->is_open)
        tx_lane_connection_drop(lane);
    lane->due = 0;
    tx_settings_get(&lane->settings);
}
