/* SPDX-License-Identifier: MIT */

/*
 * One turn of a ring: frame → copied out → decoded → checked → masked → encoded → link. Its client
 * is one that the ledger knows or is asked for, as with datagrams; a number that is left out is an
 * event that its producer dropped.
 */

#include <string.h>
#include <sys/random.h>

#include "auditd/ingest/check-record.h"
#include "auditd/ingest/ingest.h"
#include "auditd/ingest/outlet-write.h"
#include "auditd/ingest/process.h"
#include "auditd/ingest/rings.h"
#include "libtx/base/clock.h"

/* As docs/wire.md has it. */
#define N_MAX ((uint64_t)INT64_MAX - 1)
/* Of a ring's bytes in one turn. */
#define BYTES_IN_A_TURN (64u * 1024u)

struct turn {
    struct tx_ingest *ingest;
    struct tx_ring *ring;
    struct tx_client *client;
    int64_t received;
    struct tx_outlet *outlet; /* of the event in work */
};

/* --- what goes to the ledger --- */

static int put_lost(struct turn *turn, uint64_t first, uint64_t last, const char *why) {
    struct tx_client *client = turn->client;
    int r = tx_outlet_write_lost(turn->outlet, client->id, first, last, why);

    if (r == 0)
        client->expected = last + 1;
    return r;
}

/* Numbers below n that were not seen will not come. */
static int put_gap(struct turn *turn, uint64_t n) {
    struct tx_client *client = turn->client;
    bool forgotten = client->forgotten;

    client->forgotten = false;
    if (n <= client->expected)
        return 0;
    if (forgotten)
        return put_lost(turn, client->expected, n - 1, "forgotten");
    turn->ingest->rings.n_lost += n - client->expected;
    turn->ingest->counters.lost += n - client->expected;
    return put_lost(turn, client->expected, n - 1, "client");
}

static int make_id(struct tx_rings *rings, int64_t time, uint8_t ret[16]) {
    if (rings->n_random < 10) {
        if (getrandom(rings->random, sizeof(rings->random), 0) != sizeof(rings->random))
            return -EIO;
        rings->n_random = sizeof(rings->random);
    }
    rings->n_random -= 10;
    tx_uuid7_make(time, rings->random + rings->n_random, ret);
    return 0;
}

/* --- one frame --- */

static int take_record(struct turn *turn, struct tx_record *record) {
    struct tx_ingest *ingest = turn->ingest;
    uint64_t ticket; /* a batch counts with the last one (rings.h) */

    record->received = turn->received;
    record->source = turn->ring->source;
    int r = make_id(&ingest->rings, record->time, record->id);
    if (r < 0)
        return r;
    tx_mask_record(ingest->policy->mask, record);
    r = tx_outlet_write_record(turn->outlet, record, ingest->host, &ticket);
    tx_mask_wipe(ingest->policy->mask);
    if (r < 0)
        return r;
    ingest->counters.records++;
    turn->outlet->n_records++;
    if (record->n >= turn->client->expected)
        turn->client->expected = record->n + 1;
    return 0;
}

static int take_or_reject(struct turn *turn, struct tx_record *record,
                          const struct tx_record_fault *fault) {
    static const struct tx_record_fault unwritable = {EMSGSIZE, "record cannot be written"};

    int r = put_gap(turn, record->n);
    if (r < 0)
        return r;
    if (!fault) {
        r = take_record(turn, record);
        if (r != -ENOSPC)
            return r;
        fault = &unwritable;
    }
    if (record->n >= turn->client->expected) {
        turn->ingest->counters.lost++;
        r = put_lost(turn, record->n, record->n, "rejected");
    }
    return r < 0 ? r : tx_process_reject(turn->ingest, turn->ring->source.uid, fault->reason);
}

/* Its log; -EAGAIN: that takes nothing now. */
static int choose_outlet(struct turn *turn, struct tx_text event) {
    turn->outlet = tx_outlet_of(turn->ingest, TX_LANE_TRACE, event);
    turn->ring->log = turn->outlet->id;
    if (tx_outlet_takes(turn->outlet))
        return 0;
    turn->ring->is_blocked = true;
    int r = tx_outlet_may_drop(turn->outlet) ? tx_outlet_wait(turn->outlet) : 0;
    return r < 0 ? r : -EAGAIN;
}

/* A number that its log has already, of a ring that was drained before, is not written again there.
 */
static int take_frame(struct turn *turn, size_t n) {
    struct tx_ingest *ingest = turn->ingest;
    struct tx_record record = {.n_fields = 0};

    int r = tx_wire_frame_take(ingest->rings.frame, n, ingest->fields, &record);
    if ((r < 0 && r != -E2BIG) || record.n > N_MAX)
        return -EBADMSG;
    const struct tx_record_fault *fault =
        r == -E2BIG ? &tx_fault_too_many_fields : tx_record_fault(&record);
    r = choose_outlet(turn, record.event);
    if (r < 0)
        return r;
    ingest->counters.decoded++;
    ingest->rings.n_records++;
    return take_or_reject(turn, &record, fault);
}

static void wipe(struct tx_ingest *ingest, size_t n) {
    explicit_bzero(ingest->rings.frame, n);
    explicit_bzero(ingest->fields, 16 * sizeof(ingest->fields[0]));
}

/* --- the turn --- */

/* Numbers that were dropped at the end, behind which no frame shows it. */
static int account(struct turn *turn) {
    uint64_t n;

    if (!tx_ring_accounted(&turn->ring->consumer, &n) || n > N_MAX || n <= turn->client->expected)
        return 0;
    turn->outlet = &turn->ingest->outlets[turn->ring->log];
    return tx_outlet_takes(turn->outlet) ? put_gap(turn, n) : 0;
}

static int run(struct turn *turn) {
    struct tx_ring *ring = turn->ring;
    uint64_t end = ring->consumer.at + BYTES_IN_A_TURN;

    end = end < ring->stop_at ? end : ring->stop_at;
    while (ring->consumer.at < end) {
        uint64_t at = ring->consumer.at;
        size_t n;
        int r = tx_ring_next(&ring->consumer, turn->ingest->rings.frame, TX_LIMIT_RING_FRAME, &n);
        if (r == TX_RING_E_EMPTY)
            return account(turn);
        if (r < 0)
            return r;
        r = take_frame(turn, n);
        wipe(turn->ingest, n);
        if (r == -EAGAIN) {
            tx_ring_rewind(&ring->consumer, at);
            return 0;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* Every log that may have numbers of it is asked. False: not all can be. */
static bool can_ask_all(struct tx_ingest *ingest, unsigned *ret_asked) {
    *ret_asked = 1u << TX_STREAM_AUDIT;
    for (int i = TX_STREAM_AUDIT + 1; i < TX_STREAM_N; i++)
        if (ingest->routes[i].from[TX_LANE_TRACE].n > 0)
            *ret_asked |= 1u << i;
    for (int i = 0; i < TX_STREAM_N; i++)
        if ((*ret_asked & 1u << i) && ingest->outlets[i].link.fd < 0)
            return false;
    return true;
}

static int want_all(struct tx_ingest *ingest, unsigned asked) {
    int r = 0;
    for (int i = TX_STREAM_AUDIT + 1; r == 0 && i < TX_STREAM_N; i++)
        if (asked & 1u << i)
            r = tx_outlet_wait(&ingest->outlets[i]);
    return r;
}

static int ask_all(struct tx_ingest *ingest, struct tx_client *client, unsigned asked) {
    int r = 0;

    client->asked = (uint8_t)asked;
    client->is_sure = true;
    for (int i = 0; r == 0 && i < TX_STREAM_N; i++)
        if (asked & 1u << i)
            r = tx_outlet_ask(&ingest->outlets[i], client->id);
    return r < 0 ? r : want_all(ingest, asked);
}

/* *ret NULL: not now; the ledgers are asked when it is a new one. */
static int find_client(struct tx_ingest *ingest, struct tx_ring *ring, struct tx_client **ret) {
    unsigned asked;
    bool is_new;

    *ret = NULL;
    if (!can_ask_all(ingest, &asked)) {
        ring->is_blocked = true;
        return want_all(ingest, asked);
    }
    struct tx_client *client =
        tx_clients_get(&ingest->clients, ring->source.client, ring->source.uid, &is_new);
    if (client)
        client->connection = ring->connection;
    if (client && client->known)
        *ret = client;
    return client && is_new ? ask_all(ingest, client, asked) : 0;
}

static bool has_tickets(const struct tx_ingest *ingest, const uint64_t before[TX_STREAM_N]) {
    for (int i = 0; i < TX_STREAM_N; i++)
        if (ingest->outlets[i].link.next_ticket != before[i])
            return true;
    return false;
}

int tx_rings_drain(struct tx_ingest *ingest, struct tx_ring *ring, bool *ret_any) {
    struct turn turn = {.ingest = ingest, .ring = ring, .received = tx_clock_wall()};
    uint64_t at = ring->consumer.at, tickets[TX_STREAM_N];

    ring->is_blocked = false;
    *ret_any = true; /* until it is known that it is quiet */
    int r = find_client(ingest, ring, &turn.client);
    if (r < 0 || !turn.client)
        return r;
    for (int i = 0; i < TX_STREAM_N; i++)
        tickets[i] = ingest->outlets[i].link.next_ticket;
    r = run(&turn);
    *ret_any = ring->consumer.at != at || ring->is_blocked;
    if ((ring->consumer.at == at && !has_tickets(ingest, tickets)) || (r < 0 && r != -EBADMSG))
        return r;
    int r2 = tx_rings_add_batch(ingest, ring);
    return r2 < 0 ? r2 : r;
}
