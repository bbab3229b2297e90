/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/tasks.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/fd.h"

static struct tx_child *vault_of(struct tx_supervisor *s) {
    return tx_supervisor_child(s, TX_CHILD_VAULT);
}

static struct tx_child *ingest_of(struct tx_supervisor *s) {
    return tx_supervisor_child(s, TX_CHILD_INGEST);
}

/* --- tasks --- */

static struct tx_task *find_task(struct tx_tasks *tasks, enum tx_task_state state) {
    for (size_t i = 0; i < TX_TASKS_MAX; i++)
        if (tasks->all[i].state == state)
            return &tasks->all[i];
    return NULL;
}

static struct tx_task *new_task(struct tx_tasks *tasks, enum tx_task_state state,
                                struct tx_caller *caller) {
    struct tx_task *task = find_task(tasks, TX_TASK_FREE);
    if (task)
        *task = (struct tx_task){.state = state, .caller = caller, .number = ++tasks->n_ever};
    return task;
}

static void free_task(struct tx_task *task) {
    explicit_bzero(task, sizeof(*task));
}

void tx_tasks_deinit(struct tx_tasks *tasks) {
    for (size_t i = 0; i < TX_TASKS_MAX; i++)
        free_task(&tasks->all[i]);
}

static void keep_erasure(struct tx_task *task, const struct tx_vault_erasure *erasure) {
    task->erasure = *erasure;
    memcpy(task->texts, erasure->reference.p, erasure->reference.n);
    task->erasure.reference.p = task->texts;
}

static void keep_reveal(struct tx_task *task, const struct tx_vault_reveal *reveal) {
    task->reveal = *reveal;
    memcpy(task->texts, reveal->field.p, reveal->field.n);
    memcpy(task->texts + reveal->field.n, reveal->reason.p, reveal->reason.n);
    task->reveal.field.p = task->texts;
    task->reveal.reason.p = task->texts + reveal->field.n;
}

/* --- what ingest is to record --- */

static int send_to_ingest(struct tx_supervisor *s, const struct tx_task *task) {
    char memory[TX_VAULT_ERASURE_BYTES + TX_VAULT_REVEAL_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    bool erased = task->state == TX_TASK_ERASED;

    if (erased)
        tx_vault_erasure_render(&task->erasure, &b);
    else
        tx_vault_reveal_render(&task->reveal, &b);
    return tx_child_send(ingest_of(s), erased ? TX_CONTROL_WRITE_ERASED : TX_CONTROL_WRITE_REVEALED,
                         task->number, (struct tx_text){memory, b.len}, -1);
}

/* A new ingest knows nothing of what the one before was to write. What that one had written stands
 * in the log twice, with the same request id. */
static int send_all_to_ingest(struct tx_supervisor *s) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < TX_TASKS_MAX; i++)
        if (s->tasks.all[i].state >= TX_TASK_ERASED)
            r = send_to_ingest(s, &s->tasks.all[i]);
    return r;
}

/* --- the stream between vault and ingest --- */

static int make_stream(struct tx_supervisor *s) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    _cleanup_(tx_fd_closep) int ingests = ends[0];
    _cleanup_(tx_fd_closep) int vaults = ends[1];
    int r = tx_child_send(vault_of(s), TX_CONTROL_INGEST, 0, TX_TEXT(""), vaults);
    return r < 0 ? r : tx_child_send(ingest_of(s), TX_CONTROL_VAULT, 0, TX_TEXT(""), ingests);
}

int tx_tasks_link(struct tx_supervisor *s, enum tx_child_id started) {
    int r = 0;
    if (tx_child_runs(vault_of(s)) && tx_child_runs(ingest_of(s)))
        r = make_stream(s);
    if (r >= 0 && started == TX_CHILD_INGEST)
        r = send_all_to_ingest(s);
    return r;
}

/* --- erasure --- */

static void say_id(const uint8_t id[16], char ret[37]) {
    struct tx_buf b = tx_buf_of(ret, 37);
    tx_buf_uuid(&b, id);
    tx_buf_char(&b, '\0');
}

/* Those who wait for a vault that is gone: its next start knows whether it had begun. */
static void answer_unknown(struct tx_task *task) {
    char id[37], text[256];
    say_id(task->erasure.request, id);
    snprintf(text, sizeof(text),
             "the vault failed; when the erasure had begun, it is finished and recorded as request "
             "%s: ask again, to be sure",
             id);
    if (task->caller)
        tx_control_server_answer_error(task->caller, text);
    free_task(task);
}

void tx_tasks_vault_ended(struct tx_supervisor *s) {
    struct tx_task *task;
    while ((task = find_task(&s->tasks, TX_TASK_ERASING)))
        answer_unknown(task);
}

static void answer_not_erased(struct tx_task *task, enum tx_vault_erased how) {
    const char *why =
        how == TX_VAULT_ERASED_NOTHING
            ? "there is nothing to erase: no value was encrypted for that subject, or "
              "its key is destroyed already"
            : "too many erasures wait for their records: the log does not take any "
              "(tracexctl status)";
    if (task->caller)
        tx_control_server_answer_error(task->caller, why);
    free_task(task);
}

static struct tx_task *task_of(struct tx_tasks *tasks, const uint8_t request[16]) {
    for (size_t i = 0; i < TX_TASKS_MAX; i++) {
        struct tx_task *task = &tasks->all[i];
        if ((task->state == TX_TASK_ERASING || task->state == TX_TASK_ERASED) &&
            memcmp(task->erasure.request, request, 16) == 0)
            return task;
    }
    return NULL;
}

int tx_tasks_on_erased(struct tx_supervisor *s, const struct tx_control *message) {
    struct tx_cursor c = tx_cursor_of(message->payload.p, message->payload.n);
    struct tx_vault_erasure erasure;

    if (tx_vault_erasure_parse(&c, &erasure) < 0)
        return 0;
    struct tx_task *task = task_of(&s->tasks, erasure.request);
    if (message->argument == TX_VAULT_ERASED_DONE) {
        if (task && task->state == TX_TASK_ERASED)
            return 0; /* it is on its way */
        if (!task)    /* an earlier vault's; what has no room now is told by the next vault again */
            task = new_task(&s->tasks, TX_TASK_ERASED, NULL);
        if (!task)
            return 0;
        task->state = TX_TASK_ERASED;
        keep_erasure(task, &erasure);
        return send_to_ingest(s, task);
    }
    if (task && message->argument == TX_VAULT_ERASED_FAILED)
        answer_unknown(task);
    else if (task)
        answer_not_erased(task, (enum tx_vault_erased)message->argument);
    return 0;
}

static void answer_erased(struct tx_task *task) {
    char memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_buf_str(&b, "{\"ok\":true,\"request\":\"");
    tx_buf_uuid(&b, task->erasure.request);
    tx_buf_str(&b, "\",\"ref\":\"");
    tx_buf_base64url(&b, task->erasure.ref, sizeof(task->erasure.ref));
    tx_buf_str(&b, "\",\"erased\":\"");
    tx_buf_time(&b, task->erasure.time);
    tx_buf_str(&b, "\"}");
    tx_control_server_answer(task->caller, (struct tx_text){memory, b.len});
}

static int on_erasure_recorded(struct tx_supervisor *s, struct tx_task *task) {
    struct tx_text request = {.p = (const char *)task->erasure.request,
                              .n = sizeof(task->erasure.request)};
    char id[37];

    say_id(task->erasure.request, id);
    tx_log(TX_LOG_NOTICE,
           "a subject's key is destroyed, and the log has a record of it: request %s", id);
    int r = tx_child_send(vault_of(s), TX_CONTROL_ERASE_RECORDED, 0, request, -1);
    if (task->caller)
        answer_erased(task);
    free_task(task);
    return r;
}

/* --- revelation --- */

static int on_revelation_recorded(struct tx_supervisor *s, struct tx_task *task) {
    char memory[TX_VAULT_REVEAL_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_caller *caller = task->caller;
    int r = 0;

    tx_vault_reveal_render(&task->reveal, &b);
    if (caller && tx_child_runs(vault_of(s))) {
        r = tx_child_send(vault_of(s), TX_CONTROL_REVEAL, 0, (struct tx_text){memory, b.len},
                          caller->fd);
        tx_control_server_hang_up(caller); /* the vault has the connection */
    } else if (caller) {
        tx_control_server_answer_error(caller, "the vault ended; ask again");
    }
    free_task(task);
    return r;
}

int tx_tasks_on_recorded(struct tx_supervisor *s, uint64_t number) {
    for (size_t i = 0; i < TX_TASKS_MAX; i++) {
        struct tx_task *task = &s->tasks.all[i];
        if (task->number != number)
            continue;
        if (task->state == TX_TASK_ERASED)
            return on_erasure_recorded(s, task);
        if (task->state == TX_TASK_REVEALING)
            return on_revelation_recorded(s, task);
    }
    return 0;
}

/* --- requests --- */

/* Text that goes into the log as a person typed it. */
static bool is_plain(struct tx_text text, size_t limit) {
    if (text.n > limit || !tx_utf8_valid(text.p, text.n))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
            return false;
    return true;
}

static const char *why_no_vault(struct tx_supervisor *s) {
    if (tx_stop_is_under_way(&s->stop))
        return "the daemon is ending";
    switch (vault_of(s)->state) {
    case TX_CHILD_READY:
    case TX_CHILD_STARTING:
        return NULL;
    case TX_CHILD_OFF:
        return "there is no vault: no rule of the configuration encrypts, and none did";
    case TX_CHILD_FAILED:
        return "the vault cannot start; the daemon's messages say why";
    default:
        return "the vault is being started again; try again";
    }
}

static const char *read_erasure(struct tx_text person, struct tx_text reference) {
    if (person.n == 0 || person.n > TX_VAULT_PERSON_BYTES)
        return "a subject's id has 1 to 1024 bytes";
    if (!is_plain(reference, TX_VAULT_REFERENCE_BYTES))
        return "the reference is a text of at most 64 bytes without control characters";
    if (memmem(reference.p, reference.n, person.p, person.n))
        return "the reference names the subject, and would stand in the log; give a ticket's "
               "number";
    return NULL;
}

static int draw_id(uint8_t ret[16]) {
    if (getrandom(ret, 16, 0) != 16)
        return -EIO;
    ret[6] = (uint8_t)((ret[6] & 0x0f) | 0x40); /* RFC 9562, version 4 */
    ret[8] = (uint8_t)((ret[8] & 0x3f) | 0x80);
    return 0;
}

static int send_erasure(struct tx_supervisor *s, const struct tx_vault_erasure *erasure,
                        struct tx_text person) {
    char memory[TX_VAULT_ERASURE_BYTES + TX_VAULT_PERSON_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_vault_erasure_render(erasure, &b);
    tx_buf_put(&b, person.p, person.n);
    int r = tx_child_send(vault_of(s), TX_CONTROL_ERASE, 0, (struct tx_text){memory, b.len}, -1);
    explicit_bzero(memory, sizeof(memory));
    return r;
}

/* NULL after it has refused. */
static struct tx_task *accept_request(struct tx_caller *caller, const char *why_not,
                                      enum tx_task_state state) {
    struct tx_supervisor *s = caller->supervisor;
    if (!why_not)
        why_not = why_no_vault(s);
    struct tx_task *task = why_not ? NULL : new_task(&s->tasks, state, caller);
    if (!task)
        tx_control_server_answer_error(caller, why_not ? why_not : "too many wait for the log");
    return task;
}

int tx_tasks_erase(struct tx_caller *caller, const struct tx_text *arguments) {
    struct tx_vault_erasure erasure = {
        .uid = caller->uid, .pid = caller->pid, .reference = arguments[1]};

    int r = draw_id(erasure.request);
    if (r < 0)
        return r;
    struct tx_task *task =
        accept_request(caller, read_erasure(arguments[0], arguments[1]), TX_TASK_ERASING);
    if (!task)
        return 0;
    keep_erasure(task, &erasure);
    r = tx_control_server_wait(caller, TX_CALLER_WAITS_VAULT, TX_TASKS_SECONDS);
    return r < 0 ? r : send_erasure(caller->supervisor, &erasure, arguments[0]);
}

static const char *read_reveal(const struct tx_text *arguments, struct tx_vault_reveal *ret) {
    if (tx_dec_decode(arguments[0], &ret->seq) < 0)
        return "a record's seq is a number";
    if (tx_uuid_decode(arguments[1], ret->record) < 0)
        return "a record's id is an UUID";
    if (tx_hex_decode(arguments[2], ret->policy, sizeof(ret->policy)) < 0)
        return "a record's policy has 16 hex digits";
    if (arguments[3].n == 0 || !is_plain(arguments[3], TX_LIMIT_NAME_BYTES))
        return "a field's name has 1 to 128 bytes";
    if (!is_plain(arguments[4], TX_VAULT_REASON_BYTES))
        return "the reason is a text of at most 256 bytes without control characters";
    ret->field = arguments[3];
    ret->reason = arguments[4];
    return NULL;
}

int tx_tasks_reveal(struct tx_caller *caller, const struct tx_text *arguments) {
    struct tx_vault_reveal reveal = {.uid = caller->uid, .pid = caller->pid};

    int r = draw_id(reveal.request);
    if (r < 0)
        return r;
    struct tx_task *task =
        accept_request(caller, read_reveal(arguments, &reveal), TX_TASK_REVEALING);
    if (!task)
        return 0;
    keep_reveal(task, &reveal);
    r = tx_control_server_wait(caller, TX_CALLER_WAITS_VAULT, TX_TASKS_SECONDS);
    return r < 0 ? r : send_to_ingest(caller->supervisor, task);
}

/* --- callers that go --- */

void tx_tasks_late(struct tx_tasks *tasks, struct tx_caller *caller) {
    char id[37], text[256] = "the log has not taken the record; nothing is revealed";

    for (size_t i = 0; i < TX_TASKS_MAX; i++) {
        const struct tx_task *task = &tasks->all[i];
        if (task->caller != caller || task->state == TX_TASK_REVEALING)
            continue;
        say_id(task->erasure.request, id);
        snprintf(
            text, sizeof(text),
            task->state == TX_TASK_ERASED
                ? "the key is destroyed, but the log has not taken the record yet; it will be "
                  "written when the log takes records again: request %s"
                : "the vault does not answer; when it has erased, the log will say so: request "
                  "%s",
            id);
    }
    tx_control_server_answer_error(caller, text);
}

void tx_tasks_forget_caller(struct tx_tasks *tasks, const struct tx_caller *caller) {
    for (size_t i = 0; i < TX_TASKS_MAX; i++) {
        struct tx_task *task = &tasks->all[i];
        if (task->caller != caller)
            continue;
        task->caller = NULL;
        if (task->state == TX_TASK_REVEALING)
            free_task(task); /* for nobody */
    }
}
