/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/process.h"

#include <string.h>

#include "auditd/ingest/check-record.h"
#include "auditd/ingest/receive.h"
#include "auditd/ingest/settle.h"
#include "libtx/base/clock.h"
#include "libtx/crypto/secret.h"
#include "libtx/record/line.h"

/* A number that JSON readers with 63 bits can hold, and that one can be added to. */
#define N_MAX ((uint64_t)INT64_MAX - 1)

/* An entry in which this process died so often is given up: a mistake of ours must not keep
 * everybody out. */
#define ATTEMPTS_MAX 8

/* Own records that wait for the ledger; while there are so many, rejections are only counted. */
#define OWN_MAX 256

/* --- rejections --- */

int tx_process_say_rejections(struct tx_ingest *ingest, bool all) {
    char memory[TX_OWN_BODY_BYTES];
    int64_t now = tx_clock_boot();
    struct tx_rejection *rejection;

    while (ingest->own.n < OWN_MAX &&
           (rejection = tx_rejections_due(&ingest->rejections, now, all))) {
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        tx_own_render_rejected(&b, rejection->several ? NULL : &rejection->uid, rejection->count,
                               rejection->reason);
        int r = tx_own_add(&ingest->own, (struct tx_text){.p = memory, .n = b.len},
                           (struct tx_text){.p = NULL}, 0);
        if (r < 0)
            return r;
        tx_rejections_said(rejection, now);
    }
    return tx_loop_set_timer(ingest->rejections_timer, tx_rejections_next(&ingest->rejections), 0);
}

int tx_process_reject(struct tx_ingest *ingest, uint32_t uid, const char *reason) {
    ingest->counters.rejected++;
    tx_rejections_count(&ingest->rejections, uid, reason, tx_clock_boot());
    return tx_process_say_rejections(ingest, false);
}

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

/* --- one record --- */

static int emit_lost(struct tx_ingest *ingest, uint64_t first, uint64_t last, const char *why) {
    struct tx_client *client = ingest->job.client;
    struct tx_bodies_frame frame = {.flags = TX_BODIES_FLAG_CLIENT, .first = first, .last = last};
    struct tx_buf body;

    int r = tx_link_body_begin(&ingest->link, &body);
    if (r < 0)
        return r;
    tx_own_render_lost(&body, client->id, first, last, why);
    memcpy(frame.client, client->id, sizeof(frame.client));
    tx_link_body_end(&ingest->link, &frame, &body);
    client->expected = last + 1;
    return 0;
}

/* A number below the expected one was seen before: the ledger drops it, and answers for it. */
static int note_gap(struct tx_ingest *ingest, uint64_t n) {
    struct tx_client *client = ingest->job.client;
    uint64_t expected = client->expected;
    bool forgotten = client->forgotten;

    client->forgotten = false;
    if (n <= expected)
        return 0;
    if (forgotten) /* it begins in the middle: most likely the log has what was before */
        return emit_lost(ingest, expected, n - 1, "forgotten");
    ingest->counters.lost += n - expected;
    return emit_lost(ingest, expected, n - 1, "client");
}

static int reject_record(struct tx_ingest *ingest, uint64_t n,
                         const struct tx_record_fault *fault) {
    int r = reply_reject(ingest, n, fault);
    if (r == 0 && n >= ingest->job.client->expected) {
        ingest->counters.lost++;
        r = emit_lost(ingest, n, n, "rejected");
    }
    if (r < 0)
        return r;
    return tx_process_reject(ingest, ingest->job.source.uid, fault->reason);
}

static int await_receipt(struct tx_ingest *ingest, uint64_t n, uint64_t ticket) {
    struct tx_awaited_receipt receipt = {
        .ticket = ticket,
        .connection = ingest->job.entry->connection,
        .n = n,
    };
    struct tx_connection *connection =
        tx_connections_find(&ingest->connections, receipt.connection);
    if (connection)
        connection->awaits_receipt = true;
    return tx_link_await_receipt(&ingest->link, &receipt);
}

static int encode(struct tx_ingest *ingest, const struct tx_record *record) {
    struct tx_bodies_frame frame = {
        .flags = TX_BODIES_FLAG_CLIENT, .first = record->n, .last = record->n};
    struct tx_buf body;

    memcpy(frame.client, record->source.client, sizeof(frame.client));
    if (record->wants_receipt)
        frame.flags |= TX_BODIES_FLAG_RECEIPT;
    int r = tx_link_body_begin(&ingest->link, &body);
    if (r < 0)
        return r;
    r = tx_line_write_body(record, ingest->host, &body);
    if (r < 0)
        return r;
    /* The ledger ends the stream for a body that is none: a mistake of ours must not reach it. */
    if (!tx_bodies_body_valid((struct tx_text){.p = (char *)body.data, .n = body.len}))
        return -ENOSPC;
    uint64_t ticket = tx_link_body_end(&ingest->link, &frame, &body);
    return record->wants_receipt ? await_receipt(ingest, record->n, ticket) : 0;
}

static int take_record(struct tx_ingest *ingest, struct tx_record *record) {
    struct tx_client *client = ingest->job.client;

    record->received = ingest->job.entry->received;
    record->source = ingest->job.source;
    tx_mask_record(ingest->policy->mask, record);
    int r = encode(ingest, record);
    tx_mask_wipe(ingest->policy->mask);
    if (r < 0)
        return r;
    ingest->counters.records++;
    if (record->n >= client->expected)
        client->expected = record->n + 1;
    return 0;
}

static void wipe_fields(struct tx_ingest *ingest, const struct tx_record *record) {
    size_t n = record->n_fields < TX_LIMIT_FIELDS ? record->n_fields : TX_LIMIT_FIELDS;
    explicit_bzero(ingest->fields, n * sizeof(ingest->fields[0]));
}

/* --- one datagram --- */

/* It holds the client's secret. */
static void clear_job(struct tx_job *job) {
    explicit_bzero(job->records.secret, sizeof(job->records.secret));
    *job = (struct tx_job){.entry = NULL};
}

static const struct tx_record_fault malformed = {EBADMSG, "malformed datagram"};
static const struct tx_record_fault unwritable = {EMSGSIZE, "record cannot be written"};

/* Its tickets, if it has any, are out. */
static void finish_job(struct tx_ingest *ingest) {
    struct tx_inbox_entry *entry = ingest->job.entry;
    struct tx_client *client = ingest->job.client;

    if (client)
        memcpy(entry->client, client->id, sizeof(entry->client));
    entry->ack = client ? client->expected : 0;
    entry->ticket_end = ingest->link.next_ticket;
    entry->next = NULL;
    if (ingest->sent)
        ingest->sent_last->next = entry;
    else
        ingest->sent = entry;
    ingest->sent_last = entry;
    clear_job(&ingest->job);
}

/* A client that sends rubbish harms only itself. */
static int end_malformed(struct tx_ingest *ingest) {
    uint64_t id = ingest->job.entry->connection;
    uint32_t uid = ingest->job.source.uid;

    finish_job(ingest);
    int r = tx_process_reject(ingest, uid, malformed.reason);
    if (r < 0)
        return r;
    struct tx_connection *connection = tx_connections_find(&ingest->connections, id);
    return connection ? tx_receive_close(ingest, connection) : 0;
}

static int take_or_reject(struct tx_ingest *ingest, struct tx_record *record,
                          const struct tx_record_fault *fault) {
    int r = note_gap(ingest, record->n);
    if (r < 0)
        return r;
    if (!fault) {
        r = take_record(ingest, record);
        if (r != -ENOSPC)
            return r;
        fault = &unwritable;
    }
    return reject_record(ingest, record->n, fault);
}

static int process_record(struct tx_ingest *ingest) {
    struct tx_record record = {.n_fields = 0};

    int r = tx_wire_records_next(&ingest->job.records, ingest->fields, &record);
    if (r == TX_WIRE_E_END) {
        finish_job(ingest);
        return 0;
    }
    if ((r < 0 && r != -E2BIG) || record.n > N_MAX) {
        explicit_bzero(ingest->fields, sizeof(ingest->fields));
        return end_malformed(ingest);
    }
    r = take_or_reject(ingest, &record,
                       r == -E2BIG ? &tx_fault_too_many_fields : tx_record_fault(&record));
    wipe_fields(ingest, &record);
    return r;
}

/* --- who sent it --- */

/* What the kernel says of the message itself; name, path and unit only when it is from the process
 * that connected. */
static int stamp(struct tx_job *job) {
    struct tx_ipc_identity identity;
    struct ucred sender;

    if (!tx_inbox_credentials(job->entry, &sender))
        return -EBADMSG;
    job->source = (struct tx_source){
        .pid = (uint32_t)sender.pid,
        .uid = sender.uid,
        .gid = sender.gid,
    };
    if (tx_ipc_identity_parse(tx_inbox_identity(job->entry), &identity) < 0 ||
        identity.pid != job->source.pid || identity.uid != job->source.uid)
        return 0;
    job->source.comm = identity.comm;
    job->source.exe = identity.exe;
    job->source.unit = identity.unit;
    return 0;
}

/* docs/format.md section 4: the first 8 bytes of H(secret ‖ uid). */
static void hash_client(struct tx_ingest *ingest, const uint8_t *secret, uint32_t uid,
                        uint8_t ret[8]) {
    const uint8_t uid_bytes[4] = {(uint8_t)(uid >> 24), (uint8_t)(uid >> 16), (uint8_t)(uid >> 8),
                                  (uint8_t)uid};
    struct tx_digest digest;

    tx_hash(ingest->hasher, secret, TX_WIRE_SECRET_BYTES, uid_bytes, sizeof(uid_bytes), NULL, 0,
            &digest);
    memcpy(ret, digest.bytes, 8);
}

static void find_client_id(struct tx_ingest *ingest, uint8_t ret[8]) {
    const uint8_t *secret = ingest->job.records.secret;
    uint32_t uid = ingest->job.source.uid;
    struct tx_connection *connection =
        tx_connections_find(&ingest->connections, ingest->job.entry->connection);

    if (!connection) {
        hash_client(ingest, secret, uid, ret);
        return;
    }
    if (!connection->has_client || connection->client_uid != uid ||
        memcmp(connection->secret, secret, TX_WIRE_SECRET_BYTES) != 0) {
        hash_client(ingest, secret, uid, connection->client);
        memcpy(connection->secret, secret, TX_WIRE_SECRET_BYTES);
        connection->client_uid = uid;
        connection->has_client = true;
    }
    memcpy(ret, connection->client, 8);
}

bool tx_process_is_open(void *data, const struct tx_client *client) {
    struct tx_ingest *ingest = data;
    struct tx_connection *connection =
        tx_connections_find(&ingest->connections, client->connection);

    return connection && connection->has_client &&
           memcmp(connection->client, client->id, sizeof(client->id)) == 0;
}

/* --- which datagram is next --- */

static int ask_ledger(struct tx_ingest *ingest, const struct tx_client *client) {
    struct tx_bodies_frame query = {.type = TX_BODIES_QUERY};
    memcpy(query.client, client->id, sizeof(query.client));
    return tx_link_send(&ingest->link, &query);
}

/* Makes the job of a known client, parks it, or holds it. */
static int find_client(struct tx_ingest *ingest, bool *ret_idle) {
    struct tx_job *job = &ingest->job;
    bool is_new;
    uint8_t id[8];

    find_client_id(ingest, id);
    struct tx_client *client = tx_clients_get(&ingest->clients, id, job->source.uid, &is_new);
    if (client)
        client->connection = job->entry->connection;
    if (client && client->known) {
        memcpy(job->source.client, id, sizeof(id));
        job->client = client;
        return 0;
    }
    if (client)
        tx_clients_park(&ingest->clients, client, job->entry);
    else
        ingest->held = job->entry;
    *ret_idle = !client;
    clear_job(job);
    return client && is_new ? ask_ledger(ingest, client) : 0;
}

static int open_job(struct tx_ingest *ingest, struct tx_inbox_entry *entry) {
    ingest->job = (struct tx_job){.entry = entry};
    int r = stamp(&ingest->job);
    if (r == 0 && entry->attempts > ATTEMPTS_MAX)
        r = -EBADMSG;
    if (r == 0)
        r = tx_wire_records_open(tx_inbox_datagram(entry), entry->n_datagram, &ingest->job.records);
    return r;
}

static int resume_parked(struct tx_ingest *ingest, struct tx_inbox_entry *entry,
                         struct tx_client *client) {
    int r = open_job(ingest, entry);
    if (r < 0)
        return end_malformed(ingest);
    memcpy(ingest->job.source.client, client->id, sizeof(client->id));
    ingest->job.client = client;
    return 0;
}

static struct tx_inbox_entry *next_entry(struct tx_ingest *ingest) {
    struct tx_inbox_entry *entry = ingest->held;
    ingest->held = NULL;
    return entry ? entry : tx_inbox_take(&ingest->inbox);
}

/* *ret_idle: there is none that can be processed now. */
static int begin_job(struct tx_ingest *ingest, bool *ret_idle) {
    struct tx_client *client;
    struct tx_inbox_entry *entry = tx_clients_unpark(&ingest->clients, &client);

    if (entry)
        return resume_parked(ingest, entry, client);
    entry = next_entry(ingest);
    if (!entry) {
        *ret_idle = true;
        return 0;
    }
    if (open_job(ingest, entry) < 0)
        return end_malformed(ingest);
    return find_client(ingest, ret_idle);
}

/* Should this process die within, the next one knows of which entry. */
static int process_next(struct tx_ingest *ingest, bool *ret_idle) {
    struct tx_inbox_entry *entry = ingest->job.entry;

    if (!entry)
        return begin_job(ingest, ret_idle);
    entry->attempts++;
    ingest->counters.decoded++;
    int r = process_record(ingest);
    entry->attempts--;
    return r;
}

static int run(struct tx_ingest *ingest) {
    bool idle = false;

    for (;;) {
        int r = tx_own_send(&ingest->own, &ingest->link);
        while (r == 0 && !idle && tx_link_has_room(&ingest->link))
            r = process_next(ingest, &idle);
        if (r == 0)
            r = tx_own_send(&ingest->own, &ingest->link);
        if (r < 0)
            return r;
        r = tx_settle_flush(ingest);
        if (r < 0)
            return r;
        if (r == TX_LINK_E_FULL || idle || ingest->link.fd < 0)
            return tx_settle_entries(ingest);
    }
}

/* What was decoded and masked must not outlive it where nobody looks. */
int tx_process_run(struct tx_ingest *ingest) {
    uint64_t before = ingest->counters.decoded;
    int r = run(ingest);

    if (ingest->counters.decoded != before)
        tx_wipe_traces();
    return r;
}

void tx_process_abort(struct tx_ingest *ingest) {
    clear_job(&ingest->job);
    ingest->held = NULL;
}
