/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/process.h"

#include <assert.h>
#include <string.h>

#include "auditd/ingest/check-record.h"
#include "auditd/ingest/receive.h"
#include "auditd/ingest/settle.h"
#include "auditd/ingest/take-record.h"
#include "auditd/ingest/work.h"
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

/* While somebody waits for the disk, other events are looked at after so many bytes of bodies; and
 * of the window, a user who has less than this part of it on its way is not held up by others. */
#define BYTES_IN_A_RUN (16u * 1024u)
#define PART_OF_ONE 8

/* --- rejections --- */

int tx_process_say_rejections(struct tx_ingest *ingest, bool all) {
    char memory[TX_OWN_BODY_BYTES];
    int64_t now = tx_clock_boot();
    struct tx_own_records *own = &ingest->outlets[TX_STREAM_AUDIT].own;
    struct tx_rejection *rejection;

    while (own->n < OWN_MAX && (rejection = tx_rejections_due(&ingest->rejections, now, all))) {
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        tx_own_render_rejected(&b, rejection->several ? NULL : &rejection->uid, rejection->count,
                               rejection->reason);
        int r = tx_own_add(own, (struct tx_text){.p = memory, .n = b.len},
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

/* Whether the client has a record on its way to that log. */
static bool has_ticket(const struct tx_client *client, const struct tx_outlet *outlet) {
    return client && client->ticket_end[outlet->id] > outlet->link.durable;
}

/* What waits for another log waits in its own line, with all that its client sends after it. */
static struct tx_outlet *line_of(struct tx_ingest *ingest, struct tx_inbox_entry *entry,
                                 const struct tx_client *client) {
    struct tx_outlet *line = &ingest->outlets[TX_STREAM_AUDIT];

    entry->ticket_end[TX_STREAM_AUDIT] = (uint32_t)line->link.next_ticket;
    for (int i = TX_STREAM_AUDIT + 1; i < TX_STREAM_N; i++) {
        struct tx_outlet *outlet = &ingest->outlets[i];
        if (!has_ticket(client, outlet))
            continue;
        entry->ticket_end[i] = (uint32_t)client->ticket_end[i];
        line = outlet;
    }
    return line;
}

/* Its tickets, if it has any, are out. */
static int finish_job(struct tx_ingest *ingest) {
    struct tx_inbox_entry *entry = ingest->job.entry;
    struct tx_client *client = ingest->job.client;
    struct tx_outlet *line = line_of(ingest, entry, client);

    if (ingest->job.user)
        tx_work_charge(ingest->job.user, entry->size, tx_clock_boot() - ingest->job.began);
    if (client)
        memcpy(entry->client, client->id, sizeof(entry->client));
    entry->ack = client ? client->expected : 0;
    entry->next = NULL;
    if (line->sent)
        line->sent_last->next = entry;
    else
        line->sent = entry;
    line->sent_last = entry;
    clear_job(&ingest->job);
    return tx_outlet_may_drop(line) ? tx_outlet_wait(line) : 0;
}

/* A client that sends rubbish harms only itself. */
static int end_malformed(struct tx_ingest *ingest) {
    uint64_t id = ingest->job.entry->connection;
    uint32_t uid = ingest->job.source.uid;

    int r = finish_job(ingest);
    if (r == 0)
        r = tx_process_reject(ingest, uid, malformed.reason);
    if (r < 0)
        return r;
    struct tx_connection *connection = tx_connections_find(&ingest->connections, id);
    return connection ? tx_receive_close(ingest, connection) : 0;
}

static int process_record(struct tx_ingest *ingest) {
    struct tx_record record = {.n_fields = 0};

    int r = tx_wire_records_next(&ingest->job.records, ingest->fields, &record);
    if (r == TX_WIRE_E_END)
        return finish_job(ingest);
    if ((r < 0 && r != -E2BIG) || record.n > N_MAX) {
        explicit_bzero(ingest->fields, sizeof(ingest->fields));
        return end_malformed(ingest);
    }
    r = tx_take_record(ingest, &record,
                       r == -E2BIG ? &tx_fault_too_many_fields : tx_record_fault(&record));
    wipe_fields(ingest, &record);
    if (r != TX_TAKE_E_WAITS)
        return r;
    clear_job(&ingest->job);
    return 0;
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
void tx_process_hash_client(struct tx_ingest *ingest, const uint8_t *secret, uint32_t uid,
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
        tx_process_hash_client(ingest, secret, uid, ret);
        return;
    }
    if (!connection->has_client || connection->client_uid != uid ||
        memcmp(connection->secret, secret, TX_WIRE_SECRET_BYTES) != 0) {
        tx_process_hash_client(ingest, secret, uid, connection->client);
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

static int ask_ledger(struct tx_ingest *ingest, struct tx_client *client) {
    client->asked = 1u << TX_STREAM_AUDIT;
    return tx_outlet_ask(&ingest->outlets[TX_STREAM_AUDIT], client->id);
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
    if (client && client->known && !client->waits) {
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

/* What waited for a ledger's word gets in line again, as the first. */
static void resume_parked(struct tx_ingest *ingest) {
    struct tx_inbox_entry *entry, *before = NULL;
    struct tx_user *user, *user_before = NULL;
    struct tx_client *client;

    while ((entry = tx_clients_unpark(&ingest->clients, &client))) {
        user = tx_receive_user_of(ingest, entry,
                                  tx_connections_find(&ingest->connections, entry->connection));
        assert(user); /* of whom something is being processed */
        tx_work_give_back(&ingest->connections.users, user, entry,
                          user == user_before ? before : NULL);
        before = entry;
        user_before = user;
    }
}

/* What was received gets into the lines of those who sent it. */
static int sort_received(struct tx_ingest *ingest) {
    struct tx_inbox_entry *entry;

    while ((entry = tx_inbox_take(&ingest->inbox))) {
        struct tx_connection *connection =
            tx_connections_find(&ingest->connections, entry->connection);
        struct tx_ipc_identity identity;
        struct tx_user *user = connection ? connection->user : NULL;
        if (!user) {
            if (tx_ipc_identity_parse(tx_inbox_identity(entry), &identity) < 0)
                identity.uid = UINT32_MAX;
            user = tx_users_get(&ingest->connections.users, identity.uid);
        }
        if (!user)
            return -ENOMEM;
        tx_work_add(&ingest->connections.users, user, entry);
    }
    return 0;
}

static bool may_go(void *data, const struct tx_user *user) {
    const struct tx_link *link = data;
    return !tx_link_is_ahead(link) || user->n_sent < link->window / PART_OF_ONE;
}

/* *ret_user pays for it; NULL: he is alone. */
static int next_entry(struct tx_ingest *ingest, struct tx_inbox_entry **ret,
                      struct tx_user **ret_user) {
    struct tx_users *users = &ingest->connections.users;
    int r = sort_received(ingest);

    *ret_user = NULL;
    *ret = ingest->held;
    ingest->held = NULL;
    if (r < 0 || *ret)
        return r;
    bool alone = users->n_working < 2;
    *ret = tx_work_next(users, may_go, &ingest->outlets[TX_STREAM_AUDIT].link, ret_user);
    if (*ret)
        (*ret_user)->n_sent += (*ret)->size;
    if (alone)
        *ret_user = NULL;
    return 0;
}

/* *ret_idle: there is none that can be processed now. */
static int begin_job(struct tx_ingest *ingest, bool *ret_idle) {
    struct tx_inbox_entry *entry;
    struct tx_user *user;

    resume_parked(ingest);
    int r = next_entry(ingest, &entry, &user);
    if (r < 0)
        return r;
    if (!entry) {
        *ret_idle = true;
        return 0;
    }
    r = open_job(ingest, entry);
    ingest->job.user = user;
    ingest->job.began = user ? tx_clock_boot() : 0;
    if (r < 0)
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

static int send_own(struct tx_ingest *ingest) {
    int r = 0;
    for (int i = 0; r == 0 && i < TX_STREAM_N; i++)
        r = tx_own_send(&ingest->outlets[i].own, &ingest->outlets[i].link);
    return r;
}

/* Who waits for a log that takes records again goes on. */
static bool resume(struct tx_ingest *ingest) {
    bool takes = false;

    if (TAILQ_EMPTY(&ingest->clients.waiting))
        return false;
    for (int i = TX_STREAM_AUDIT + 1; i < TX_STREAM_N; i++)
        takes |= ingest->outlets[i].is_dropping || tx_outlet_takes(&ingest->outlets[i]);
    if (takes)
        tx_clients_resume(&ingest->clients);
    return takes;
}

/* Somebody waits, and may come with the next event. */
static bool has_run_long(const struct tx_link *link, uint64_t since) {
    return link->window > 0 && link->bytes - since >= BYTES_IN_A_RUN;
}

static int run(struct tx_ingest *ingest) {
    struct tx_link *link = &ingest->outlets[TX_STREAM_AUDIT].link;
    uint64_t bytes = link->bytes;

    for (;;) {
        bool idle = false;
        int r = send_own(ingest);
        (void)resume(ingest);
        while (r == 0 && !idle && tx_link_has_room(link) && !has_run_long(link, bytes))
            r = process_next(ingest, &idle);
        if (r == 0)
            r = send_own(ingest);
        if (r < 0)
            return r;
        r = tx_settle_flush(ingest);
        if (r < 0)
            return r;
        if (r == TX_LINK_E_FULL || (idle && !resume(ingest)) || link->fd < 0)
            return tx_settle_entries(ingest);
        if (has_run_long(link, bytes)) {
            r = tx_loop_set_timer(ingest->work_timer, tx_clock_boot(), 0);
            return r < 0 ? r : tx_settle_entries(ingest);
        }
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

int tx_process_on_timer(void *data, uint32_t events) {
    (void)events;
    return tx_process_run(data);
}

void tx_process_abort(struct tx_ingest *ingest) {
    tx_work_forget(&ingest->connections.users);
    clear_job(&ingest->job);
    ingest->held = NULL;
}
