/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ipc/child.h"
#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ipc/loop.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/sandbox/syscalls.h"
#include "auditd/vault/callers.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"

/*
 * tracex-vault: options → descriptors → own state → sandbox → READY → loop. It reads the
 * supervisor's pipe, ingest's, which the supervisor hands over, and those of callers to whom
 * something is revealed. What it writes is synced before it is answered, so it may end at any time.
 */

struct process {
    struct tx_loop *loop;
    struct tx_vault *vault;
    struct tx_callers callers;
    struct tx_source_handle *control_source;
    struct tx_source_handle *ingest_source;
    int ingest_fd;
    struct tx_buf report; /* what of the sandbox is enforced */
    uint8_t report_memory[1024];
    uint8_t control[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];
};

static int say(enum tx_control_type type, uint64_t argument, struct tx_text payload) {
    struct tx_control message = {.type = type, .argument = argument, .payload = payload, .fd = -1};
    return tx_control_send(TX_FD_CONTROL, &message);
}

static int say_status(struct process *process) {
    char memory[2048];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vault_render_status(process->vault, &b);
    return say(TX_CONTROL_STATUS, 0, (struct tx_text){memory, b.full ? 0 : b.len});
}

static int say_erased(enum tx_vault_erased how, const struct tx_vault_erasure *erasure) {
    char memory[TX_VAULT_ERASURE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vault_erasure_render(erasure, &b);
    return say(TX_CONTROL_ERASED, how, (struct tx_text){memory, b.len});
}

/* --- ingest --- */

static void drop_ingest(struct process *process) {
    tx_loop_remove(process->loop, process->ingest_source);
    process->ingest_source = NULL;
    tx_fd_closep(&process->ingest_fd);
    if (!process->control_source) /* nobody is left */
        tx_loop_stop(process->loop);
}

/* A message that is none ends the stream, and with it ingest's trust in us. */
static int on_ingest(void *data, uint32_t events) {
    struct process *process = data;
    uint8_t question[TX_VAULT_MESSAGE_BYTES + 1], answer[TX_VAULT_MESSAGE_BYTES];
    struct tx_buf b = tx_buf_of(answer, sizeof(answer));

    (void)events;
    ssize_t n = recv(process->ingest_fd, question, sizeof(question), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0 ||
        tx_vault_serve(process->vault, (struct tx_text){(char *)question, (size_t)n}, &b) < 0 ||
        send(process->ingest_fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        drop_ingest(process);
    tx_wipe(question, sizeof(question)); /* a person's name, and a key */
    tx_wipe(answer, sizeof(answer));
    return 0;
}

/* --- the supervisor --- */

static int on_new_ingest(struct process *process, struct tx_control *message) {
    if (message->fd < 0)
        return -EBADMSG;
    tx_loop_remove(process->loop, process->ingest_source);
    process->ingest_source = NULL;
    tx_fd_closep(&process->ingest_fd);
    process->ingest_fd = tx_fd_steal(&message->fd);
    return tx_loop_add(process->loop, process->ingest_fd, EPOLLIN, on_ingest, process,
                       &process->ingest_source);
}

/* After a failure only a new start knows what has begun. */
static int on_erase(struct process *process, struct tx_control *message) {
    struct tx_cursor c = tx_cursor_of(message->payload.p, message->payload.n);
    struct tx_vault_erasure erasure;
    enum tx_vault_erased how;

    if (tx_vault_erasure_parse(&c, &erasure) < 0)
        return -EBADMSG;
    int r =
        tx_vault_erase(process->vault, (struct tx_text){(const char *)c.p, c.n}, &erasure, &how);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "an erasure failed: %s", strerror(-r));
        how = TX_VAULT_ERASED_FAILED;
    }
    int said = say_erased(how, &erasure);
    tx_wipe(process->control, sizeof(process->control));
    return r < 0 ? r : said;
}

static int on_recorded(struct process *process, struct tx_control *message) {
    if (message->payload.n != TX_VAULT_ID_BYTES)
        return -EBADMSG;
    int r = tx_table_recorded(process->vault->table, (const uint8_t *)message->payload.p);
    if (r < 0)
        tx_log(TX_LOG_WARNING, "an erasure is in the log, and may be recorded there again: %s",
               strerror(-r));
    return 0;
}

static int on_reveal(struct process *process, struct tx_control *message) {
    struct tx_cursor c = tx_cursor_of(message->payload.p, message->payload.n);
    struct tx_vault_reveal reveal;

    if (message->fd < 0 || tx_vault_reveal_parse(&c, &reveal) < 0 || c.n > 0)
        return -EBADMSG;
    return tx_callers_add(&process->callers, tx_fd_steal(&message->fd), &reveal);
}

static int on_ping(struct process *process, struct tx_control *message) {
    (void)process;
    return say(TX_CONTROL_PONG, message->argument, TX_TEXT(""));
}

static int on_status_get(struct process *process, struct tx_control *message) {
    (void)message;
    return say_status(process);
}

static int on_stop(struct process *process, struct tx_control *message) {
    (void)message;
    tx_loop_stop(process->loop);
    return say(TX_CONTROL_STOPPED, 0, TX_TEXT(""));
}

static const struct {
    enum tx_control_type type;
    int (*handler)(struct process *process, struct tx_control *message);
} handlers[] = {
    {TX_CONTROL_PING, on_ping},     {TX_CONTROL_STATUS_GET, on_status_get},
    {TX_CONTROL_STOP, on_stop},     {TX_CONTROL_INGEST, on_new_ingest},
    {TX_CONTROL_ERASE, on_erase},   {TX_CONTROL_ERASE_RECORDED, on_recorded},
    {TX_CONTROL_REVEAL, on_reveal},
};

static int dispatch(struct process *process, struct tx_control *message) {
    for (size_t i = 0; i < TX_COUNT_OF(handlers); i++)
        if (handlers[i].type == message->type)
            return handlers[i].handler(process, message);
    return -EBADMSG;
}

/* The supervisor is gone: ingest still asks for what its inbox holds, and closes its end after
 * that. */
static int on_orphaned(struct process *process) {
    tx_loop_remove(process->loop, process->control_source);
    process->control_source = NULL;
    if (process->ingest_fd < 0)
        tx_loop_stop(process->loop);
    return 0;
}

static int on_control(void *data, uint32_t events) {
    struct process *process = data;
    struct tx_control message = {.fd = -1};

    (void)events;
    int r = tx_control_receive(TX_FD_CONTROL, process->control, sizeof(process->control), &message);
    if (r == -EAGAIN)
        return 0;
    if (r == TX_CONTROL_E_CLOSED)
        return on_orphaned(process);
    if (r == 0)
        r = dispatch(process, &message);
    tx_fd_closep(&message.fd);
    return r == -EPIPE ? 0 : r; /* its end is met when the pipe is read */
}

/* --- life --- */

/* Files are made as the user who will need them. */
static int start_as(const struct tx_child_options *child, const struct tx_vault_options *options,
                    struct tx_vault **ret, char *ret_why) {
    int r = tx_child_user_enter(child);
    if (r < 0)
        return r;
    int started = tx_vault_start(options, ret, ret_why);
    r = tx_child_user_leave(child);
    return r < 0 ? r : started;
}

static int start(const struct tx_child_options *child, struct tx_vault **ret) {
    char directory[1024] = "the vault's directory", why[TX_VAULT_WHY_BYTES], path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", TX_FD_VAULT_DIR);
    ssize_t n = readlink(path, directory, sizeof(directory) - 1);
    if (n > 0)
        directory[n] = '\0';
    struct tx_vault_options options = {.dirfd = TX_FD_VAULT_DIR,
                                       .kek_fd = child->kek_given ? TX_FD_VAULT_KEK : -1,
                                       .directory = directory};
    int r = start_as(child, &options, ret, why);
    if (r == TX_VAULT_E_REFUSED) {
        if (say(TX_CONTROL_FATAL, 0, (struct tx_text){why, strlen(why)}) < 0)
            tx_log(TX_LOG_ERROR, "%s", why);
        return -EKEYREJECTED;
    }
    if (r == -EBUSY)
        tx_log(TX_LOG_ERROR, "another daemon uses %s; give each a vault.dir of its own", directory);
    else if (r < 0)
        tx_log(TX_LOG_ERROR, "cannot read or make its keys in %s: %s", directory, strerror(-r));
    else if (tx_table_counts((*ret)->table).damaged > 0)
        tx_log(TX_LOG_ERROR,
               "%s/" TX_TABLE_FILE ": %llu keys are damaged; what was encrypted with "
               "them cannot be read",
               directory, (unsigned long long)tx_table_counts((*ret)->table).damaged);
    return r;
}

/* All that it needs is open: no file can be opened, no socket made, no program run. */
static int enter_sandbox(const struct tx_child_options *child, struct process *process) {
    static const int syscalls[] = {
        TX_SYSCALLS_BASE,    TX_SYSCALLS_EVENTS,  SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
        SCMP_SYS(sendto),    SCMP_SYS(recvfrom),  SCMP_SYS(pread64), SCMP_SYS(pwrite64),
        SCMP_SYS(fdatasync), SCMP_SYS(fallocate),
    };
    struct tx_sandbox sandbox = {
        .change_user = child->change_user,
        .uid = child->uid,
        .gid = child->gid,
        .chroot_fd = -1,
        .n_syscalls = TX_COUNT_OF(syscalls),
        .syscalls = syscalls,
    };
    struct tx_sandbox_report report;
    int r = tx_sandbox_enter(&sandbox, &report);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "cannot enter its sandbox: %s", strerror(-r));
        return r;
    }
    process->report = tx_buf_of(process->report_memory, sizeof(process->report_memory));
    tx_sandbox_report_render(&report, &process->report);
    return process->report.full ? -ENOBUFS : 0;
}

static int say_ready(struct process *process) {
    int r = say(TX_CONTROL_READY, 0,
                (struct tx_text){(const char *)process->report.data, process->report.len});
    for (size_t i = 0; r == 0 && i < TX_SLOT_N_INTENTS; i++) {
        const struct tx_vault_erasure *erasure = tx_table_unrecorded(process->vault->table, i);
        if (erasure)
            r = say_erased(TX_VAULT_ERASED_DONE, erasure);
    }
    return r;
}

static int run(struct process *process) {
    int r = tx_loop_add(process->loop, TX_FD_CONTROL, EPOLLIN, on_control, process,
                        &process->control_source);
    if (r == 0)
        r = say_ready(process);
    if (r == 0)
        r = tx_loop_run(process->loop);
    tx_loop_remove(process->loop, process->control_source);
    tx_loop_remove(process->loop, process->ingest_source);
    tx_fd_closep(&process->ingest_fd);
    return r;
}

int main(int argc, char **argv) {
    static struct process process = {.ingest_fd = -1};
    struct tx_child_options child;

    if (tx_child_start("tracex-vault", argc, argv, &child) < 0)
        return EXIT_FAILURE;
    int r = tx_loop_new(&process.loop);
    if (r == 0)
        r = start(&child, &process.vault);
    if (r == 0)
        r = tx_callers_init(&process.callers, process.loop, process.vault);
    if (r == 0)
        r = enter_sandbox(&child, &process);
    if (r == 0) {
        r = run(&process);
        if (r < 0)
            tx_log(TX_LOG_ERROR, "%s", strerror(-r));
    }
    tx_callers_deinit(&process.callers);
    tx_vault_free(process.vault);
    tx_loop_free(process.loop);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
