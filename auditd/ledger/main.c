/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "auditd/ipc/child.h"
#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/compress.h"
#include "auditd/ledger/ledger.h"
#include "auditd/ledger/status.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/sandbox/syscalls.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

/*
 * tracex-ledger: options → descriptors → own state → sandbox → READY → loop. When the signer's pipe
 * is closed it ends with what is durable, and the supervisor starts both anew.
 */

static uint8_t control_memory[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];

static int say(enum tx_control_type type, uint64_t argument, struct tx_text payload) {
    struct tx_control message = {.type = type, .argument = argument, .payload = payload, .fd = -1};
    return tx_control_send(TX_FD_CONTROL, &message);
}

static int say_status(struct tx_ledger *ledger) {
    char memory[4096];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_ledger_status_render(ledger, &b);
    return say(TX_CONTROL_STATUS, 0, (struct tx_text){memory, b.full ? 0 : b.len});
}

/* The disk, the signer and a commit's timer make it wait; nothing else does. */
static int say_pong(struct tx_ledger *ledger, uint64_t argument) {
    uint8_t memory[TX_CONTROL_PROGRESS_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_control_progress progress = {
        .done = ledger->anchor.tree.end + ledger->durable + ledger->tickets_told,
        .has_work =
            ledger->durable < ledger->tail.len && ledger->trouble == 0 && !ledger->signer_waits,
    };
    tx_control_progress_render(&progress, &b);
    return say(TX_CONTROL_PONG, argument, (struct tx_text){(const char *)b.data, b.len});
}

static int take_end(struct tx_ledger *ledger, const struct tx_control *message) {
    struct tx_control_end end;
    if (tx_control_end_parse(message->payload, &end) < 0)
        return -EBADMSG;
    tx_ledger_note_end(ledger, end.process, end.how, message->argument);
    return 0; /* the next tick tells it */
}

static int on_message(struct tx_ledger *ledger, struct tx_control *message) {
    int r;
    switch (message->type) {
    case TX_CONTROL_PING:
        return say_pong(ledger, message->argument);
    case TX_CONTROL_STATUS_GET:
        return say_status(ledger);
    case TX_CONTROL_CHILD_ENDED:
        return take_end(ledger, message);
    case TX_CONTROL_INGEST:
        return message->fd < 0 ? 0 : tx_ledger_take_ingest(ledger, tx_fd_steal(&message->fd));
    case TX_CONTROL_STOP:
        r = tx_ledger_stop(ledger);
        return r < 0 ? r : say(TX_CONTROL_STOPPED, 0, TX_TEXT(""));
    default:
        return 0;
    }
}

/* The supervisor is gone: what ingest still has is taken, then it ends (auditd/ipc/control.h). */
static int on_orphaned(struct tx_ledger *ledger) {
    tx_loop_remove(ledger->loop, ledger->control_source);
    ledger->control_source = NULL;
    ledger->orphaned = true;
    return ledger->ingest_fd < 0 ? tx_ledger_stop(ledger) : 0;
}

static int on_control(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    struct tx_control message;
    (void)events;
    int r = tx_control_receive(TX_FD_CONTROL, control_memory, sizeof(control_memory), &message);
    if (r == -EAGAIN)
        return 0;
    if (r == TX_CONTROL_E_CLOSED || r == -EPIPE)
        return on_orphaned(ledger);
    if (r < 0)
        return r;
    r = on_message(ledger, &message);
    tx_fd_closep(&message.fd);
    return r == -EPIPE ? on_orphaned(ledger) : r;
}

/* The signer never speaks first: an event is its end. */
static int on_signer(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    (void)events;
    int r = tx_ledger_store(ledger);
    if (r == 0)
        r = tx_ledger_tell_durable(ledger);
    if (r < 0)
        tx_log(TX_LOG_WARNING, "the last records are not durable: %s", strerror(-r));
    return -EPIPE;
}

/* --- start --- */

static int choose_stream(struct tx_ledger *ledger, const char *name) {
    enum tx_stream_id id = TX_STREAM_AUDIT;
    int r = name ? tx_stream_named(name, &id) : 0;
    if (r < 0)
        return r;
    ledger->stream = &ledger->conf->streams[id];
    ledger->section = id == TX_STREAM_AUDIT ? "log" : "streams.trace";
    return 0;
}

static int read_config(struct tx_ledger *ledger, const char *name) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    int r = tx_file_read_fd(TX_FD_LEDGER_CONFIG, TX_LIMIT_CONFIG_BYTES, &text);
    if (r == 0)
        r = tx_conf_parse(name, (struct tx_text){(char *)text.data, text.len}, &errors,
                          &ledger->conf);
    if (r > 0)
        tx_log(TX_LOG_ERROR, "the configuration is not valid: %.*s", (int)errors.len,
               (char *)errors.data);
    return r > 0 ? -EINVAL : r;
}

static int prepare(struct tx_ledger *ledger, const struct tx_child_options *child) {
    int r = read_config(ledger, child->config_name ? child->config_name : "/etc/tracex.yaml");
    if (r == 0)
        r = choose_stream(ledger, child->stream);
    if (r == 0)
        r = tx_hasher_new(&ledger->hasher);
    if (r == 0)
        r = tx_loop_new(&ledger->loop);
    if (r == 0)
        r = tx_clients_new(&ledger->clients);
    if (r == 0)
        r = tx_recent_new(&ledger->recent);
    if (r == 0)
        r = tx_bytes_reserve(&ledger->memory, TX_NOTARY_MESSAGE_BYTES);
    ledger->segment_fd = ledger->layer_fd = ledger->ingest_fd = -1;
    return r;
}

static int enter_sandbox(struct tx_ledger *ledger, const struct tx_child_options *child) {
    static const int syscalls[] = {TX_SYSCALLS_BASE, TX_SYSCALLS_EVENTS, TX_SYSCALLS_OPEN_SOCKETS,
                                   TX_SYSCALLS_FILES_WRITE, TX_SYSCALLS_THREADS};
    static const struct tx_sandbox_path paths[] = {
        {.fd = TX_FD_LEDGER_LOG, .access = TX_SANDBOX_READ | TX_SANDBOX_WRITE},
        {.fd = TX_FD_LEDGER_STATE, .access = TX_SANDBOX_READ | TX_SANDBOX_WRITE},
        {.fd = TX_FD_LEDGER_JOURNALD, .access = TX_SANDBOX_READ}};
    struct tx_sandbox sandbox = {
        .change_user = child->change_user,
        .uid = child->uid,
        .gid = child->gid,
        .chroot_fd = TX_FD_LEDGER_LOG,
        .n_paths = TX_COUNT_OF(paths) - (ledger->stream->journald_enabled ? 0 : 1),
        .paths = paths,
        .n_syscalls = TX_COUNT_OF(syscalls),
        .syscalls = syscalls,
    };
    struct tx_sandbox_report report;
    int r = tx_sandbox_enter(&sandbox, &report);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "cannot enter its sandbox: %s", strerror(-r));
        return r;
    }
    struct tx_buf b = tx_buf_of(ledger->sandbox, sizeof(ledger->sandbox) - 1);
    tx_sandbox_report_render(&report, &b);
    ledger->sandbox[b.full ? 0 : b.len] = '\0';
    return 0;
}

/* Opened within the sandbox: what is in the files is not to be trusted either. */
static int open_log(struct tx_ledger *ledger, const struct tx_child_options *child) {
    static char why[TX_LEDGER_WHY_BYTES], new_log[TX_LEDGER_WHY_BYTES / 2];
    snprintf(new_log, sizeof(new_log), "%s -c %s", child->new_log,
             child->config_name ? child->config_name : "/etc/tracex.yaml");
    int r = tx_ledger_recover(ledger, new_log, why);
    if (r == TX_LEDGER_E_REFUSED) {
        if (say(TX_CONTROL_FATAL, 0, (struct tx_text){why, strlen(why)}) < 0)
            tx_log(TX_LOG_ERROR, "%s", why);
        return -EKEYREJECTED;
    }
    if (r < 0)
        tx_log(TX_LOG_ERROR, "cannot open the log: %s", strerror(-r));
    return r;
}

/* What was begun before the start is ended first; then the records that tell of it, which are
 * durable before READY unless the disk or the signer make it wait. */
static int first_records(struct tx_ledger *ledger) {
    ledger->greeting_due = true;
    int r = tx_space_tick(ledger);
    if (r == 0)
        r = tx_ledger_pump(ledger);
    return r < 0 ? r : tx_ledger_pump(ledger);
}

/* A full disk may become emptier; a directory that is not ours to write will not by itself. */
static int refuse_hopeless(struct tx_ledger *ledger) {
    const char *why = tx_space_hopeless(ledger);
    if (!why)
        return 0;
    int r = say(TX_CONTROL_FATAL, TX_FATAL_DIRECTORY, (struct tx_text){why, strlen(why)});
    return r < 0 ? r : -ledger->trouble;
}

static int run(struct tx_ledger *ledger) {
    struct tx_source_handle *signer;
    tx_ledger_watch_clock(ledger);
    int r = tx_ledger_add_timers(ledger);
    if (r == 0)
        r = tx_ledger_start_writer(ledger);
    if (r == 0)
        r = tx_compress_new(TX_FD_LEDGER_LOG, ledger->stream->segment_compress == TX_COMPRESS_ZSTD,
                            &ledger->compress);
    if (r == 0)
        r = tx_compress_add_sealed(ledger->compress, tx_ledger_size(ledger));
    if (r == 0)
        r = tx_retain_start(ledger);
    if (r == 0)
        r = first_records(ledger);
    if (r == 0)
        r = refuse_hopeless(ledger);
    if (r == 0)
        r = tx_loop_add(ledger->loop, TX_FD_CONTROL, EPOLLIN, on_control, ledger,
                        &ledger->control_source);
    if (r == 0)
        r = tx_loop_add(ledger->loop, TX_FD_LEDGER_SIGNER, EPOLLIN | EPOLLRDHUP, on_signer, ledger,
                        &signer);
    if (r == 0)
        r = tx_ledger_take_ingest(ledger, TX_FD_LEDGER_INGEST);
    if (r == 0)
        r = say(TX_CONTROL_READY, tx_ledger_size(ledger),
                (struct tx_text){ledger->sandbox, strlen(ledger->sandbox)});
    return r < 0 ? r : tx_loop_run(ledger->loop);
}

static void deinit(struct tx_ledger *ledger) {
    tx_compress_free(ledger->compress);
    tx_ledger_close_segment(ledger, false);
    tx_writer_free(ledger->writer);
    tx_tip_deinit(&ledger->now);
    tx_tip_deinit(&ledger->anchor);
    tx_bytes_deinit(&ledger->origin);
    tx_bytes_deinit(&ledger->memory);
    tx_bytes_deinit(&ledger->tail);
    tx_bytes_deinit(&ledger->last);
    tx_bytes_deinit(&ledger->proof);
    tx_bytes_deinit(&ledger->policy);
    tx_bytes_deinit(&ledger->pending);
    tx_bytes_deinit(&ledger->in);
    tx_bytes_deinit(&ledger->out);
    tx_bytes_deinit(&ledger->receipts);
    tx_clients_free(ledger->clients);
    tx_recent_free(ledger->recent);
    tx_loop_free(ledger->loop);
    tx_hasher_free(ledger->hasher);
    tx_conf_free(ledger->conf);
}

int main(int argc, char **argv) {
    static struct tx_ledger ledger;
    struct tx_child_options child;

    if (tx_child_start("tracex-ledger", argc, argv, &child) < 0)
        return EXIT_FAILURE;
    int r = prepare(&ledger, &child);
    if (r == 0)
        r = enter_sandbox(&ledger, &child);
    if (r == 0)
        r = open_log(&ledger, &child);
    if (r == 0) {
        r = run(&ledger);
        if (r < 0)
            tx_log(TX_LOG_ERROR, "it ends: %s", r == -EPIPE ? "the signer is gone" : strerror(-r));
    }
    deinit(&ledger);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
