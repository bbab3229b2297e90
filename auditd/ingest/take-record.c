/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/take-record.h"

#include <string.h>

#include "auditd/ingest/outlet-write.h"
#include "auditd/ingest/process.h"
#include "auditd/ingest/settle.h"

static const struct tx_record_fault unwritable = {EMSGSIZE, "record cannot be written"};
static const struct tx_record_fault dropped = {ENOSPC, "its log takes no records"};

static int reply_reject(struct tx_ingest *ingest, uint64_t n, const struct tx_record_fault *fault) {
    struct tx_connection *connection =
        tx_connections_find(&ingest->connections, ingest->job.entry->connection);
    struct tx_wire_reply reply = {
        .type = TX_WIRE_REJECT,
        .n = n,
        .error = (uint32_t)fault->error,
        .reason = {.p = fault->reason, .n = strlen(fault->reason)},
    };
    return connection ? tx_settle_reply(ingest, connection, &reply) : 0;
}

/* --- numbers --- */

/* Its last record that goes to that log, so far: what an acknowledgement waits for. */
static void note_ticket(struct tx_client *client, const struct tx_outlet *outlet) {
    client->ticket_end[outlet->id] = outlet->link.next_ticket;
}

static int emit_lost(struct tx_ingest *ingest, struct tx_outlet *outlet, uint64_t first,
                     uint64_t last, const char *why) {
    struct tx_client *client = ingest->job.client;

    if (outlet->is_dropping) {
        tx_outlet_drop(outlet, client->id, first, last);
        client->expected = last + 1;
        return 0;
    }
    int r = tx_outlet_write_lost(outlet, client->id, first, last, why);
    if (r < 0)
        return r;
    note_ticket(client, outlet);
    client->expected = last + 1;
    return 0;
}

/* A number below the expected one was seen before: the ledger drops it, and answers for it. */
static int note_gap(struct tx_ingest *ingest, struct tx_outlet *outlet, uint64_t n) {
    struct tx_client *client = ingest->job.client;
    uint64_t expected = client->expected;
    bool forgotten = client->forgotten;

    client->forgotten = false;
    if (n <= expected)
        return 0;
    if (forgotten && outlet->is_dropping) /* nobody can tell; what was dropped is known */
        return 0;
    if (forgotten) /* it begins in the middle: most likely the log has what was before */
        return emit_lost(ingest, outlet, expected, n - 1, "forgotten");
    ingest->counters.lost += n - expected;
    return emit_lost(ingest, outlet, expected, n - 1, "client");
}

static int reject_record(struct tx_ingest *ingest, struct tx_outlet *outlet, uint64_t n,
                         const struct tx_record_fault *fault) {
    int r = reply_reject(ingest, n, fault);
    if (r == 0 && n >= ingest->job.client->expected) {
        ingest->counters.lost++;
        r = emit_lost(ingest, outlet, n, n, "rejected");
    }
    if (r < 0)
        return r;
    return tx_process_reject(ingest, ingest->job.source.uid, fault->reason);
}

static int await_receipt(struct tx_ingest *ingest, struct tx_outlet *outlet, uint64_t n,
                         uint64_t ticket) {
    struct tx_awaited_receipt receipt = {
        .ticket = ticket,
        .connection = ingest->job.entry->connection,
        .n = n,
    };
    struct tx_connection *connection =
        tx_connections_find(&ingest->connections, receipt.connection);
    if (connection)
        connection->awaits_receipt = true;
    return tx_link_await_receipt(&outlet->link, &receipt);
}

static int encode(struct tx_ingest *ingest, struct tx_outlet *outlet,
                  const struct tx_record *record) {
    uint64_t ticket;
    int r = tx_outlet_write_record(outlet, record, ingest->host, &ticket);
    if (r < 0)
        return r;
    note_ticket(ingest->job.client, outlet);
    return record->wants_receipt ? await_receipt(ingest, outlet, record->n, ticket) : 0;
}

static int take_record(struct tx_ingest *ingest, struct tx_outlet *outlet,
                       struct tx_record *record) {
    struct tx_client *client = ingest->job.client;

    record->received = ingest->job.entry->received;
    record->source = ingest->job.source;
    tx_mask_record(ingest->policy->mask, record);
    int r = encode(ingest, outlet, record);
    tx_mask_wipe(ingest->policy->mask);
    if (r < 0)
        return r;
    ingest->counters.records++;
    outlet->n_records++;
    if (record->n >= client->expected)
        client->expected = record->n + 1;
    return 0;
}

/* Nobody who wants to be sure of it is told that all is well. */
static int drop_record(struct tx_ingest *ingest, struct tx_outlet *outlet,
                       const struct tx_record *record) {
    struct tx_client *client = ingest->job.client;

    tx_outlet_drop(outlet, client->id, record->n, record->n);
    if (record->n >= client->expected)
        client->expected = record->n + 1;
    return record->wants_receipt ? reply_reject(ingest, record->n, &dropped) : 0;
}

static int take_or_reject(struct tx_ingest *ingest, struct tx_outlet *outlet,
                          struct tx_record *record, const struct tx_record_fault *fault) {
    int r = note_gap(ingest, outlet, record->n);
    if (r < 0)
        return r;
    if (!fault && outlet->is_dropping)
        return drop_record(ingest, outlet, record);
    if (!fault) {
        r = take_record(ingest, outlet, record);
        if (r != -ENOSPC)
            return r;
        fault = &unwritable;
    }
    return reject_record(ingest, outlet, record->n, fault);
}

/* Whether the record has to wait for its log. The datagram is begun anew then: what went out of it
 * already is taken for what it is. */
static bool has_to_wait(struct tx_ingest *ingest, struct tx_outlet *outlet) {
    if (!tx_outlet_may_drop(outlet) || outlet->is_dropping || ingest->job.is_let_in[outlet->id])
        return false;
    if (!tx_outlet_takes(outlet))
        return true;
    ingest->job.is_let_in[outlet->id] = true;
    return false;
}

/* A number that is missing may stand in another log: its ledger is asked, once. One that cannot be
 * asked may know it. *ret_asked: the record waits for the answer. */
static int ask_others(struct tx_ingest *ingest, struct tx_client *client, bool *ret_asked) {
    int r = 0;

    client->is_sure = true;
    for (int i = TX_STREAM_AUDIT + 1; r == 0 && i < TX_STREAM_N; i++) {
        struct tx_outlet *outlet = &ingest->outlets[i];
        if (ingest->routes[i].from[TX_LANE_AUDIT].n == 0)
            continue;
        if (outlet->link.fd < 0 || outlet->is_dropping) {
            client->forgotten = true;
            continue;
        }
        client->asked |= (uint8_t)(1u << i);
        client->known = false;
        *ret_asked = true;
        r = tx_outlet_ask(outlet, client->id);
        if (r == 0)
            r = tx_outlet_wait(outlet);
    }
    return r;
}

static int look_for_gap(struct tx_ingest *ingest, uint64_t n, bool *ret_asked) {
    struct tx_client *client = ingest->job.client;

    *ret_asked = false;
    if (n <= client->expected || client->is_sure)
        return 0;
    int r = ask_others(ingest, client, ret_asked);
    if (r == 0 && *ret_asked)
        tx_clients_put_back(&ingest->clients, client, ingest->job.entry);
    return r;
}

static int suspend_job(struct tx_ingest *ingest, struct tx_outlet *outlet) {
    tx_clients_suspend(&ingest->clients, ingest->job.client, ingest->job.entry);
    int r = tx_outlet_wait(outlet);
    return r < 0 ? r : TX_TAKE_E_WAITS;
}

int tx_take_record(struct tx_ingest *ingest, struct tx_record *record,
                   const struct tx_record_fault *fault) {
    struct tx_outlet *outlet = tx_outlet_of(ingest, TX_LANE_AUDIT, record->event);
    bool asked;

    int r = look_for_gap(ingest, record->n, &asked);
    if (r < 0 || asked)
        return r < 0 ? r : TX_TAKE_E_WAITS;
    if (has_to_wait(ingest, outlet))
        return suspend_job(ingest, outlet);
    return take_or_reject(ingest, outlet, record, fault);
}
