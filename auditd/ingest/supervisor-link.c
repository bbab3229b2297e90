/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/supervisor-link.h"

#include <string.h>
#include <sys/epoll.h>

#include "auditd/ingest/process.h"
#include "auditd/ingest/receive.h"
#include "auditd/ingest/settle.h"
#include "auditd/ingest/status.h"
#include "auditd/ipc/log.h"
#include "libtx/base/fd.h"

#define ANSWERS_BYTES (2 * (TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES))

/* --- to the supervisor --- */

/* A supervisor that is gone has nothing to be told: its end is met when the pipe is read. */
static int say(struct tx_ingest *ingest, enum tx_control_type type, uint64_t argument,
               struct tx_text payload) {
    struct tx_control message = {.type = type, .argument = argument, .payload = payload, .fd = -1};
    int r = ingest->orphaned ? 0 : tx_control_send(ingest->control_fd, &message);
    return r == -EPIPE ? 0 : r;
}

struct answer {
    enum tx_control_type type;
    uint64_t argument;
    size_t n; /* bytes that follow */
};

static int say_all_answers(struct tx_ingest *ingest) {
    struct tx_bytes *answers = &ingest->answers;
    size_t at = 0;
    int r = 0;

    while (at < answers->len && r == 0) {
        struct answer head;
        memcpy(&head, answers->data + at, sizeof(head));
        const char *payload = (const char *)answers->data + at + sizeof(head);
        r = say(ingest, head.type, head.argument, (struct tx_text){payload, head.n});
        if (r == 0)
            at += sizeof(head) + head.n;
    }
    if (at > 0)
        memmove(answers->data, answers->data + at, answers->len - at);
    answers->len -= at;
    return r;
}

static int say_all_ids(struct tx_ingest *ingest, enum tx_control_type type, struct tx_bytes *ids) {
    int r = 0;

    while (ids->len > 0 && r == 0) {
        uint64_t id;
        memcpy(&id, ids->data + ids->len - sizeof(id), sizeof(id));
        r = say(ingest, type, id, (struct tx_text){.p = NULL});
        if (r == 0)
            ids->len -= sizeof(id);
    }
    return r;
}

static int say_all_recorded(struct tx_ingest *ingest) {
    uint64_t number;
    int r = 0;

    while (r == 0 && (number = tx_own_done(&ingest->outlets[TX_STREAM_AUDIT].own)) > 0) {
        r = say(ingest, TX_CONTROL_RECORDED, number, (struct tx_text){.p = NULL});
        if (r == 0)
            tx_own_drop_done(&ingest->outlets[TX_STREAM_AUDIT].own);
    }
    return r;
}

/* These must arrive: a descriptor hangs on each, or somebody waits. A policy's RELOADED comes
 * before its RECORDED. */
static int say_what_must_arrive(struct tx_ingest *ingest) {
    int r = say_all_answers(ingest);
    if (r == 0)
        r = say_all_ids(ingest, TX_CONTROL_CLOSED, &ingest->closed);
    if (r == 0)
        r = say_all_ids(ingest, TX_CONTROL_RING_ENDED, &ingest->ended);
    if (r == 0)
        r = say_all_recorded(ingest);
    if (r < 0 && r != -EAGAIN)
        return r;
    if (ingest->orphaned)
        return 0;
    return tx_loop_modify(ingest->loop, ingest->control,
                          r == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* The supervisor asks for nothing again before it has been answered; what is more is dropped. */
static int answer(struct tx_ingest *ingest, enum tx_control_type type, uint64_t argument,
                  struct tx_text payload) {
    struct tx_bytes *answers = &ingest->answers;
    const struct answer head = {.type = type, .argument = argument, .n = payload.n};

    int r = answers->len > 0 ? -EAGAIN : say(ingest, type, argument, payload);
    if (r != -EAGAIN)
        return r;
    if (answers->len + sizeof(head) + payload.n > ANSWERS_BYTES)
        return 0;
    r = tx_bytes_append(answers, &head, sizeof(head));
    if (r == 0 && payload.n > 0)
        r = tx_bytes_append(answers, payload.p, payload.n);
    return r < 0 ? r : say_what_must_arrive(ingest);
}

int tx_supervisor_say_closed(struct tx_ingest *ingest, uint64_t connection) {
    int r = tx_bytes_append(&ingest->closed, &connection, sizeof(connection));
    return r < 0 ? r : say_what_must_arrive(ingest);
}

int tx_supervisor_say_ring_ended(struct tx_ingest *ingest, uint64_t ring) {
    int r = tx_bytes_append(&ingest->ended, &ring, sizeof(ring));
    return r < 0 ? r : say_what_must_arrive(ingest);
}

int tx_supervisor_say_ring_found(struct tx_ingest *ingest, uint64_t connection,
                                 const uint8_t client[8], int fd) {
    struct tx_control message = {.type = TX_CONTROL_RING_FOUND,
                                 .argument = connection,
                                 .payload = {.p = (const char *)client, .n = 8},
                                 .fd = fd};
    int r = ingest->orphaned ? 0 : tx_control_send(ingest->control_fd, &message);
    return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

int tx_supervisor_say_recorded(struct tx_ingest *ingest) {
    return tx_own_done(&ingest->outlets[TX_STREAM_AUDIT].own) > 0 ? say_what_must_arrive(ingest)
                                                                  : 0;
}

/* One that does not arrive is said again by whoever waits. */
int tx_supervisor_say_wanted(struct tx_ingest *ingest, enum tx_stream_id stream) {
    int r = say(ingest, TX_CONTROL_STREAM_WANTED, (uint64_t)stream, (struct tx_text){.p = NULL});
    return r == -EAGAIN ? 0 : r;
}

int tx_supervisor_say_stopped(struct tx_ingest *ingest) {
    tx_loop_stop(ingest->loop);
    int r = say(ingest, TX_CONTROL_STOPPED, 0, (struct tx_text){.p = NULL});
    return r == -EAGAIN ? 0 : r; /* who does not listen just now sees us end */
}

/* --- policy --- */

/* Says which policy is in force, or what was not put in force; `text` is the policy's, when it is
 * new. */
static int record_policy(struct tx_ingest *ingest, const char *before, struct tx_text text,
                         const struct tx_ipc_policy_change *change, uint64_t number) {
    _cleanup_(tx_freep) uint8_t *memory = malloc(TX_OWN_POLICY_BODY_BYTES);
    struct tx_buf b = tx_buf_of(memory, TX_OWN_POLICY_BODY_BYTES);
    const struct tx_own_policy policy = {.sha256 = ingest->policy->sha256,
                                         .before = before,
                                         .lockdown = ingest->policy->conf->masking.lockdown,
                                         .change = change};
    if (!memory)
        return -ENOMEM;
    tx_own_render_policy(&b, &policy);
    if (b.full)
        return -EINVAL;
    return tx_own_add(&ingest->outlets[TX_STREAM_AUDIT].own,
                      (struct tx_text){.p = (char *)memory, .n = b.len}, text, number);
}

int tx_supervisor_set_policy(struct tx_ingest *ingest, struct tx_policy *policy,
                             const struct tx_ipc_policy_change *change, uint64_t number) {
    char before[sizeof(policy->sha256)];
    bool had_one = ingest->policy != NULL;

    if (had_one)
        memcpy(before, ingest->policy->sha256, sizeof(before));
    tx_policy_free(ingest->policy);
    ingest->policy = policy;
    for (int i = TX_STREAM_AUDIT + 1; i < TX_STREAM_N; i++) {
        int r = tx_outlet_tell_policy(&ingest->outlets[i]);
        if (r < 0)
            return r;
    }
    return record_policy(ingest, had_one ? before : NULL,
                         (struct tx_text){.p = (char *)policy->text.data, .n = policy->text.len},
                         change, number);
}

static struct tx_text first_part(const struct tx_bytes *text) {
    return (struct tx_text){.p = (char *)text->data,
                            .n = text->len < TX_CONTROL_PAYLOAD_BYTES ? text->len
                                                                      : TX_CONTROL_PAYLOAD_BYTES};
}

static int on_reload(struct tx_ingest *ingest, struct tx_control *message) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_ipc_policy_change change;
    struct tx_policy *policy;

    if (tx_ipc_policy_change_parse(message->payload, &change) < 0)
        return -EBADMSG;
    int r = tx_policy_load(message->fd, ingest->config_name, &ingest->vault.keys, &errors, &policy);
    if (r < 0) {
        struct tx_text reason = errors.len ? first_part(&errors) : TX_TEXT("not enough memory");
        return answer(ingest, TX_CONTROL_RELOADED, 0, reason);
    }
    r = tx_supervisor_set_policy(ingest, policy, &change, message->argument);
    if (r == 0)
        r = tx_process_run(ingest);
    return r < 0 ? r : answer(ingest, TX_CONTROL_RELOADED, 0, (struct tx_text){.p = NULL});
}

static int on_policy_rejected(struct tx_ingest *ingest, struct tx_control *message) {
    struct tx_ipc_policy_change change;

    if (tx_ipc_policy_change_parse(message->payload, &change) < 0 || change.rejected.n == 0)
        return -EBADMSG;
    int r = record_policy(ingest, NULL, (struct tx_text){.p = NULL}, &change, 0);
    return r < 0 ? r : tx_process_run(ingest);
}

/* What is in force masks less than what was when the daemon ran last, or when ingest did. */
static int on_policy_loosened(struct tx_ingest *ingest, struct tx_control *message) {
    struct tx_ipc_policy_change change;

    if (tx_ipc_policy_change_parse(message->payload, &change) < 0 || change.n_weakened == 0 ||
        message->argument == 0)
        return -EBADMSG;
    int r = record_policy(ingest, NULL, (struct tx_text){.p = NULL}, &change, message->argument);
    return r < 0 ? r : tx_process_run(ingest);
}

/* --- from the supervisor --- */

static bool has_work(const struct tx_ingest *ingest) {
    return ingest->inbox.n_untaken > 0 ||
           (ingest->connections.users.n_working > 0 &&
            !tx_link_is_ahead(&ingest->outlets[TX_STREAM_AUDIT].link));
}

/* The ledger that takes nothing makes it wait; nothing else does. */
static int on_ping(struct tx_ingest *ingest, struct tx_control *message) {
    uint8_t memory[TX_CONTROL_PROGRESS_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_control_progress progress = {
        .done = ingest->counters.decoded,
        .has_work = (ingest->job.entry || has_work(ingest)) && !ingest->held &&
                    tx_link_has_room(&ingest->outlets[TX_STREAM_AUDIT].link),
    };

    tx_control_progress_render(&progress, &b);
    return answer(ingest, TX_CONTROL_PONG, message->argument,
                  (struct tx_text){.p = (const char *)b.data, .n = b.len});
}

static int on_status_get(struct tx_ingest *ingest, struct tx_control *message) {
    char memory[TX_INGEST_STATUS_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_ingest_status_render(ingest, &b);
    return answer(ingest, TX_CONTROL_STATUS, message->argument,
                  (struct tx_text){.p = memory, .n = b.len});
}

/* Clients that the supervisor gives us again come first, so that what is in the inbox of them can
 * be acknowledged. */
static int begin_links(struct tx_ingest *ingest) {
    int r = 0;

    if (ingest->has_connections)
        return 0;
    ingest->has_connections = true;
    tx_receive_inherit(ingest);
    for (int i = TX_STREAM_N - 1; r == 0 && i >= 0; i--) {
        struct tx_outlet *outlet = &ingest->outlets[i];
        if (outlet->next_fd >= 0 || outlet->id == TX_STREAM_AUDIT)
            r = tx_settle_connect(outlet, tx_fd_steal(&outlet->next_fd));
    }
    return r;
}

static int on_connections_given(struct tx_ingest *ingest, struct tx_control *message) {
    (void)message;
    return begin_links(ingest);
}

static int on_stop(struct tx_ingest *ingest, struct tx_control *message) {
    (void)message;
    int r = begin_links(ingest);
    return r < 0 ? r : tx_receive_stop(ingest);
}

/* The supervisor is gone. Where the next one is given sockets and inbox, it goes on with them, and
 * no client notices; else what they hold is brought to the ledger, as at STOP. */
static int on_orphaned(struct tx_ingest *ingest) {
    tx_loop_remove(ingest->loop, ingest->control);
    ingest->control = NULL;
    ingest->orphaned = true;
    if (ingest->kept) {
        tx_loop_stop(ingest->loop);
        return 0;
    }
    int r = begin_links(ingest);
    return r < 0 ? r : tx_receive_stop(ingest);
}

static int on_connection(struct tx_ingest *ingest, struct tx_control *message) {
    if (message->fd < 0)
        return -EBADMSG;
    int r = tx_receive_add(ingest, message->argument, message->fd, message->payload);
    if (r == 0)
        tx_fd_steal(&message->fd);
    return r;
}

static int on_ring(struct tx_ingest *ingest, struct tx_control *message) {
    return tx_rings_on_given(ingest, message->argument, message->payload, message->fd);
}

static int on_ledger(struct tx_ingest *ingest, struct tx_control *message) {
    if (message->fd < 0 || message->argument >= TX_STREAM_N)
        return -EBADMSG;
    struct tx_outlet *outlet = &ingest->outlets[message->argument];
    if (ingest->has_connections)
        return tx_settle_connect(outlet, tx_fd_steal(&message->fd));
    tx_fd_closep(&outlet->next_fd);
    outlet->next_fd = tx_fd_steal(&message->fd);
    return 0;
}

/* --- the vault --- */

static int on_vault(struct tx_ingest *ingest, struct tx_control *message) {
    if (message->fd < 0)
        return -EBADMSG;
    tx_vault_link_connect(&ingest->vault, tx_fd_steal(&message->fd));
    return 0;
}

/* The record goes to the ledger; RECORDED follows when it is durable. */
static int write_awaited(struct tx_ingest *ingest, const struct tx_buf *body, uint64_t number) {
    if (body->full || number == 0)
        return -EBADMSG;
    int r = tx_own_add(&ingest->outlets[TX_STREAM_AUDIT].own,
                       (struct tx_text){.p = (const char *)body->data, .n = body->len},
                       (struct tx_text){.p = NULL}, number);
    return r < 0 ? r : tx_process_run(ingest);
}

/* From here on no value is encrypted under that key any more. */
static int on_write_erased(struct tx_ingest *ingest, struct tx_control *message) {
    char memory[TX_OWN_LONG_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_cursor c = tx_cursor_of(message->payload.p, message->payload.n);
    struct tx_vault_erasure erasure;

    if (tx_vault_erasure_parse(&c, &erasure) < 0 || c.n > 0 ||
        !tx_utf8_valid(erasure.reference.p, erasure.reference.n))
        return -EBADMSG;
    tx_key_cache_forget(ingest->vault.cache, erasure.ref);
    tx_mask_forget(ingest->policy->mask);
    tx_own_render_erased(&b, &erasure);
    return write_awaited(ingest, &b, message->argument);
}

static int on_write_revealed(struct tx_ingest *ingest, struct tx_control *message) {
    char memory[TX_OWN_LONG_BODY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_cursor c = tx_cursor_of(message->payload.p, message->payload.n);
    struct tx_vault_reveal reveal;

    if (tx_vault_reveal_parse(&c, &reveal) < 0 || c.n > 0 ||
        !tx_utf8_valid(reveal.field.p, reveal.field.n) ||
        !tx_utf8_valid(reveal.reason.p, reveal.reason.n))
        return -EBADMSG;
    tx_own_render_revealed(&b, &reveal);
    return write_awaited(ingest, &b, message->argument);
}

static const struct {
    enum tx_control_type type;
    int (*handler)(struct tx_ingest *ingest, struct tx_control *message);
} handlers[] = {
    {TX_CONTROL_PING, on_ping},
    {TX_CONTROL_STATUS_GET, on_status_get},
    {TX_CONTROL_STOP, on_stop},
    {TX_CONTROL_CONNECTION, on_connection},
    {TX_CONTROL_CONNECTIONS_GIVEN, on_connections_given},
    {TX_CONTROL_RING, on_ring},
    {TX_CONTROL_LEDGER, on_ledger},
    {TX_CONTROL_RELOAD, on_reload},
    {TX_CONTROL_POLICY_REJECTED, on_policy_rejected},
    {TX_CONTROL_POLICY_LOOSENED, on_policy_loosened},
    {TX_CONTROL_VAULT, on_vault},
    {TX_CONTROL_WRITE_ERASED, on_write_erased},
    {TX_CONTROL_WRITE_REVEALED, on_write_revealed},
};

static int dispatch(struct tx_ingest *ingest, struct tx_control *message) {
    for (size_t i = 0; i < TX_COUNT_OF(handlers); i++)
        if (handlers[i].type == message->type)
            return handlers[i].handler(ingest, message);
    return -EBADMSG;
}

int tx_supervisor_on_control(void *data, uint32_t events) {
    struct tx_ingest *ingest = data;

    if (events & EPOLLOUT) {
        int r = say_what_must_arrive(ingest);
        if (r < 0)
            return r;
    }
    for (;;) {
        struct tx_control message = {.fd = -1};
        int r = tx_control_receive(ingest->control_fd, ingest->control_memory,
                                   TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES, &message);
        if (r == -EAGAIN)
            return 0;
        if (r == TX_CONTROL_E_CLOSED)
            return on_orphaned(ingest);
        if (r == 0)
            r = dispatch(ingest, &message);
        tx_fd_closep(&message.fd);
        if (r < 0) {
            tx_log(TX_LOG_ERROR, "a message of the supervisor cannot be handled: %s", strerror(-r));
            return r;
        }
    }
}
