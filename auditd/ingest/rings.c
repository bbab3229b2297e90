/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/rings.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "auditd/ingest/ingest.h"
#include "auditd/ingest/process.h"
#include "auditd/ingest/settle.h"
#include "auditd/ingest/supervisor-link.h"
#include "auditd/ipc/control.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"
#include "libtx/ring/file.h"

/* So often active rings are looked at. */
#define LOOK_NS 2000000
/* After so many looks that found nothing, the producer is asked for word; after so many it is known
 * that it had seen that. */
#define QUIET_ASK 8
#define QUIET_REST 10

/* --- the table --- */

static int map_places(struct tx_rings *rings) {
    struct stat st;

    if (fstat(TX_FD_INGEST_RINGS, &st) < 0)
        return -errno;
    if (st.st_size != TX_INGEST_RINGS_BYTES)
        return -EINVAL;
    void *p = mmap(NULL, TX_INGEST_RINGS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                   TX_FD_INGEST_RINGS, 0);
    if (p == MAP_FAILED)
        return -errno;
    rings->places = p;
    return 0;
}

static int on_timer(void *data, uint32_t events);

int tx_rings_init(struct tx_ingest *ingest) {
    struct tx_rings *rings = &ingest->rings;

    TAILQ_INIT(&rings->active);
    rings->frame = malloc(TX_LIMIT_RING_FRAME);
    if (!rings->frame)
        return -ENOMEM;
    int r = map_places(rings);
    return r < 0 ? r : tx_loop_add_timer(ingest->loop, on_timer, ingest, &rings->timer);
}

static void ring_free(struct tx_ring *ring) {
    if (!ring)
        return;
    if (ring->header)
        tx_ring_file_unmap(ring->header, ring->capacity);
    free(ring->identity);
    free(ring);
}
TX_DEFINE_CLEANUP(struct tx_ring *, ring_free);

void tx_rings_deinit(struct tx_ingest *ingest) {
    struct tx_rings *rings = &ingest->rings;

    for (size_t i = 0; i < TX_RINGS_MAX; i++)
        ring_free(rings->all[i]);
    if (rings->places)
        munmap(rings->places, TX_INGEST_RINGS_BYTES);
    if (rings->frame)
        explicit_bzero(rings->frame, TX_LIMIT_RING_FRAME);
    free(rings->frame);
    free(rings->batches);
    tx_loop_remove(ingest->loop, rings->timer);
}

static struct tx_ring *find(const struct tx_rings *rings, uint64_t id) {
    struct tx_ring *ring = rings->all[id % TX_RINGS_MAX];
    return ring && ring->id == id ? ring : NULL;
}

/* --- activity --- */

static int arm(struct tx_rings *rings, int64_t after_ns) {
    if (TAILQ_EMPTY(&rings->active) || (rings->timer_is_armed && after_ns > 0))
        return 0;
    rings->timer_is_armed = true;
    return tx_loop_set_timer(rings->timer, tx_clock_boot() + after_ns, 0);
}

static void activate(struct tx_rings *rings, struct tx_ring *ring) {
    ring->n_quiet = 0;
    if (ring->is_active)
        return;
    ring->is_active = true;
    TAILQ_INSERT_TAIL(&rings->active, ring, by_turn);
}

static void rest(struct tx_rings *rings, struct tx_ring *ring) {
    if (!ring->is_active)
        return;
    ring->is_active = false;
    TAILQ_REMOVE(&rings->active, ring, by_turn);
}

static int activate_all_of(struct tx_ingest *ingest, uint64_t connection) {
    struct tx_rings *rings = &ingest->rings;

    for (size_t i = 0; i < TX_RINGS_MAX; i++)
        if (rings->all[i] && rings->all[i]->connection == connection)
            activate(rings, rings->all[i]);
    return arm(rings, 0);
}

int tx_rings_on_closed(struct tx_ingest *ingest, uint64_t connection) {
    return ingest->rings.n > 0 ? activate_all_of(ingest, connection) : 0;
}

/* --- from clients --- */

bool tx_rings_is_datagram(const uint8_t *datagram, size_t n) {
    return n >= TX_WIRE_HEADER_BYTES &&
           (datagram[3] == TX_WIRE_RING || datagram[3] == TX_WIRE_BELL);
}

/* Its client is told that it may not have it, where that can be done. */
static void turn_away(int fd, enum tx_ring_fate fate) {
    struct tx_ring_consumer consumer;
    struct tx_ring_header *header;
    uint32_t bell;
    size_t capacity;

    if (tx_ring_file_check(fd, &capacity) < 0 || tx_ring_file_map(fd, capacity, &header) < 0)
        return;
    if (getrandom(&bell, sizeof(bell), 0) == sizeof(bell)) {
        tx_ring_consumer_init(&consumer, header, capacity, 0, bell);
        tx_ring_end(&consumer, fate);
    }
    tx_ring_file_unmap(header, capacity);
}

static int on_found(struct tx_ingest *ingest, const struct tx_connection *connection,
                    const uint8_t secret[TX_WIRE_SECRET_BYTES], int fd) {
    uint8_t client[8];
    size_t capacity;

    if (tx_ring_file_check(fd, &capacity) < 0)
        return -EBADMSG;
    tx_process_hash_client(ingest, secret, connection->user->uid, client);
    int r = tx_supervisor_say_ring_found(ingest, connection->id, client, fd);
    if (r == -EAGAIN) {
        turn_away(fd, TX_RING_CLOSED); /* it comes again */
        return 0;
    }
    return r;
}

int tx_rings_on_datagram(struct tx_ingest *ingest, struct tx_connection *connection,
                         const uint8_t *datagram, size_t n, uint32_t pid, uint32_t uid, int fd) {
    _cleanup_(tx_fd_closep) int owned = fd;
    uint8_t secret[TX_WIRE_SECRET_BYTES];
    struct tx_ipc_identity identity;

    if (datagram[3] == TX_WIRE_BELL) {
        if (tx_wire_bell_parse(datagram, n) < 0 || fd >= 0)
            return -EBADMSG;
        return activate_all_of(ingest, connection->id);
    }
    /* What the connection's process is said to have done, it must have said. */
    if (tx_wire_ring_parse(datagram, n, secret) < 0 || fd < 0 ||
        tx_ipc_identity_parse(connection->identity, &identity) < 0 || identity.pid != pid ||
        identity.uid != uid)
        return -EBADMSG;
    int r = on_found(ingest, connection, secret, fd);
    explicit_bzero(secret, sizeof(secret));
    return r;
}

/* --- from the supervisor --- */

static int take_identity(struct tx_ring *ring, const struct tx_ipc_ring *what) {
    struct tx_ipc_identity identity;

    ring->identity = malloc(what->identity.n + 1);
    if (!ring->identity)
        return -ENOMEM;
    memcpy(ring->identity, what->identity.p, what->identity.n);
    struct tx_text copy = {.p = ring->identity, .n = what->identity.n};
    if (tx_ipc_identity_parse(copy, &identity) < 0)
        return -EBADMSG;
    ring->source = (struct tx_source){.pid = identity.pid,
                                      .uid = identity.uid,
                                      .gid = identity.gid,
                                      .comm = identity.comm,
                                      .exe = identity.exe,
                                      .unit = identity.unit};
    memcpy(ring->source.client, what->client, sizeof(what->client));
    return 0;
}

/* The place of an earlier ring is taken over; of the same one, it says where to go on. */
static uint64_t take_place(struct tx_ring_place *place, uint64_t id) {
    if (place->id != id) {
        place->position = 0;
        __atomic_store_n(&place->id, id, __ATOMIC_RELEASE);
    }
    return place->position;
}

static int add(struct tx_ingest *ingest, uint64_t id, const struct tx_ipc_ring *what, int fd) {
    struct tx_rings *rings = &ingest->rings;
    _cleanup_(ring_freep) struct tx_ring *ring = calloc(1, sizeof(*ring));
    uint32_t bell;

    if (!ring)
        return -ENOMEM;
    ring->id = id;
    ring->connection = what->connection;
    ring->stop_at = UINT64_MAX;
    ring->log = tx_outlet_of(ingest, TX_LANE_TRACE, TX_TEXT(""))->id;
    int r = take_identity(ring, what);
    if (r == 0)
        r = tx_ring_file_check(fd, &ring->capacity);
    if (r == 0)
        r = tx_ring_file_map(fd, ring->capacity, &ring->header);
    if (r < 0)
        return r;
    if (getrandom(&bell, sizeof(bell), 0) != sizeof(bell))
        return -EIO;
    uint64_t position = take_place(&rings->places[id % TX_RINGS_MAX], id);
    tx_ring_consumer_init(&ring->consumer, ring->header, ring->capacity, position, bell);
    tx_ring_take(&ring->consumer);
    activate(rings, ring);
    rings->all[id % TX_RINGS_MAX] = TX_STEAL(ring);
    rings->n++;
    return 0;
}

int tx_rings_on_given(struct tx_ingest *ingest, uint64_t id, struct tx_text payload, int fd) {
    struct tx_ipc_ring what;

    if (fd < 0)
        return -EBADMSG;
    if (id == 0) {
        ingest->rings.n_refused++;
        turn_away(fd, TX_RING_REFUSED);
        return 0;
    }
    if (tx_ipc_ring_parse(payload, &what) < 0 || ingest->rings.all[id % TX_RINGS_MAX])
        return -EBADMSG;
    int r = add(ingest, id, &what, fd);
    if (r < 0) /* what cannot be mapped, seals that forbid writing: its client's affair */
        return r == -ENOMEM ? r : tx_supervisor_say_ring_ended(ingest, id);
    return arm(&ingest->rings, 0);
}

/* --- what is stored --- */

static int grow_batches(struct tx_rings *rings) {
    size_t cap = rings->cap_batches ? 2 * rings->cap_batches : 64;
    struct tx_ring_batch *more = calloc(cap, sizeof(*more));
    if (!more)
        return -ENOMEM;
    for (size_t i = 0; i < rings->n_batches; i++)
        more[i] = rings->batches[(rings->batches_first + i) % rings->cap_batches];
    free(rings->batches);
    rings->batches = more;
    rings->batches_first = 0;
    rings->cap_batches = cap;
    return 0;
}

int tx_rings_add_batch(struct tx_ingest *ingest, struct tx_ring *ring) {
    struct tx_rings *rings = &ingest->rings;

    if (rings->n_batches == rings->cap_batches) {
        int r = grow_batches(rings);
        if (r < 0)
            return r;
    }
    struct tx_ring_batch *batch =
        &rings->batches[(rings->batches_first + rings->n_batches++) % rings->cap_batches];
    *batch = (struct tx_ring_batch){.id = ring->id, .position = ring->consumer.at};
    for (int i = 0; i < TX_STREAM_N; i++)
        batch->ticket_end[i] = ingest->outlets[i].link.next_ticket;
    ring->n_in_flight++;
    return 0;
}

static bool is_stored(const struct tx_ingest *ingest, const struct tx_ring_batch *batch) {
    for (int i = 0; i < TX_STREAM_N; i++)
        if (batch->ticket_end[i] > ingest->outlets[i].link.durable)
            return false;
    return true;
}

int tx_rings_settle(struct tx_ingest *ingest) {
    struct tx_rings *rings = &ingest->rings;

    while (rings->n_batches > 0) {
        const struct tx_ring_batch *batch = &rings->batches[rings->batches_first];
        if (!is_stored(ingest, batch))
            return 0;
        struct tx_ring *ring = find(rings, batch->id);
        if (ring) {
            __atomic_store_n(&rings->places[ring->id % TX_RINGS_MAX].position, batch->position,
                             __ATOMIC_RELEASE);
            tx_ring_publish(&ring->consumer, batch->position);
            ring->n_in_flight--;
        }
        rings->batches_first = (rings->batches_first + 1) % rings->cap_batches;
        rings->n_batches--;
    }
    return 0;
}

void tx_rings_restart(struct tx_ingest *ingest) {
    struct tx_rings *rings = &ingest->rings;

    rings->n_batches = rings->batches_first = 0;
    for (size_t i = 0; i < TX_RINGS_MAX; i++) {
        struct tx_ring *ring = rings->all[i];
        if (!ring)
            continue;
        ring->n_in_flight = 0;
        tx_ring_rewind(&ring->consumer, rings->places[i].position);
        activate(rings, ring);
    }
}

/* --- the end of a ring --- */

/* Nothing more of it is read. A client that is there brings what is left in another one. */
static int end(struct tx_ingest *ingest, struct tx_ring *ring) {
    uint64_t id = ring->id;

    rest(&ingest->rings, ring);
    ingest->rings.all[id % TX_RINGS_MAX] = NULL;
    ingest->rings.n--;
    ring_free(ring);
    return tx_supervisor_say_ring_ended(ingest, id);
}

static int end_malformed(struct tx_ingest *ingest, struct tx_ring *ring) {
    ring->is_done = true;
    tx_ring_end(&ring->consumer, TX_RING_REFUSED);
    return tx_process_reject(ingest, ring->source.uid, "malformed trace event");
}

static bool is_orphan(struct tx_ingest *ingest, const struct tx_ring *ring) {
    return !tx_connections_find(&ingest->connections, ring->connection);
}

/* It is quiet. Its process may live on without the connection: it is told, and what it writes up to
 * then is still read. */
static int consider_end(struct tx_ingest *ingest, struct tx_ring *ring) {
    if (!ring->is_last_turn) {
        ring->is_last_turn = true;
        ring->n_quiet = QUIET_ASK;
        tx_ring_end(&ring->consumer, TX_RING_CLOSED);
        return 0;
    }
    if (ring->n_in_flight > 0)
        return 0;
    return end(ingest, ring);
}

static int after_quiet(struct tx_ingest *ingest, struct tx_ring *ring) {
    ring->n_quiet++;
    if (ring->n_quiet == QUIET_ASK && !ring->is_last_turn)
        tx_ring_ask_bell(&ring->consumer);
    if (ring->n_quiet < QUIET_REST)
        return 0;
    if (is_orphan(ingest, ring))
        return consider_end(ingest, ring);
    rest(&ingest->rings, ring);
    return 0;
}

/* --- looking --- */

static int look_at(struct tx_ingest *ingest, struct tx_ring *ring) {
    bool any = false;

    if (ring->is_done)
        return ring->n_in_flight > 0 ? 0 : end(ingest, ring);
    int r = tx_rings_drain(ingest, ring, &any);
    if (r == -EBADMSG)
        return end_malformed(ingest, ring);
    if (r < 0)
        return r;
    if (!any)
        return after_quiet(ingest, ring);
    ring->n_quiet = 0;
    return 0;
}

static bool may_go_on(struct tx_ingest *ingest) {
    return tx_link_has_room(&ingest->outlets[TX_STREAM_AUDIT].link) && !ingest->job.entry &&
           ingest->inbox.n_untaken == 0;
}

/* Each active ring has one turn, as long as the audit lane is idle and the ledger takes more. */
static int look_at_all(struct tx_ingest *ingest) {
    struct tx_rings *rings = &ingest->rings;
    struct tx_ring *last = TAILQ_LAST(&rings->active, tx_ring_list), *ring;
    int r = 0;

    while (r == 0 && may_go_on(ingest) && (ring = TAILQ_FIRST(&rings->active))) {
        bool is_last = ring == last;
        TAILQ_REMOVE(&rings->active, ring, by_turn);
        TAILQ_INSERT_TAIL(&rings->active, ring, by_turn);
        r = look_at(ingest, ring);
        if (is_last)
            break;
    }
    return r;
}

static int on_timer(void *data, uint32_t events) {
    struct tx_ingest *ingest = data;
    uint64_t before = ingest->rings.n_records;

    (void)events;
    ingest->rings.timer_is_armed = false;
    int r = tx_process_run(ingest);
    if (r == 0 && ingest->has_connections)
        r = look_at_all(ingest);
    if (r == 0) /* of what was passed over nothing is heard from the ledger */
        r = tx_rings_settle(ingest);
    if (r == 0)
        r = tx_process_run(ingest); /* which flushes */
    if (r < 0)
        return r;
    bool more = ingest->rings.n_records != before;
    if (more)
        tx_wipe_traces();
    r = arm(&ingest->rings, more && may_go_on(ingest) ? 0 : LOOK_NS);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

/* --- stopping --- */

int tx_rings_stop(struct tx_ingest *ingest) {
    struct tx_rings *rings = &ingest->rings;

    for (size_t i = 0; i < TX_RINGS_MAX; i++) {
        struct tx_ring *ring = rings->all[i];
        if (!ring)
            continue;
        ring->stop_at = ring->consumer.at + ring->capacity;
        activate(rings, ring);
    }
    return arm(rings, 0);
}

/* Each was found empty, or has given as much as it holds. */
bool tx_rings_are_drained(const struct tx_ingest *ingest) {
    const struct tx_rings *rings = &ingest->rings;

    for (size_t i = 0; i < TX_RINGS_MAX; i++) {
        const struct tx_ring *ring = rings->all[i];
        if (ring && !ring->is_done && ring->n_quiet == 0 && ring->consumer.at < ring->stop_at &&
            !(ring->is_blocked && ingest->outlets[TX_STREAM_TRACE].is_dropping))
            return false;
    }
    return rings->n_batches == 0 || ingest->outlets[TX_STREAM_TRACE].is_dropping;
}
