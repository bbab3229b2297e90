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
#include "auditd/signer/signer.h"

/*
 * tracex-signer: options → descriptors → own state → sandbox → READY → loop. It reads two pipes,
 * the supervisor's and the ledger's; when the ledger's is closed it makes its state durable and
 * ends.
 */

struct process {
    struct tx_loop *loop;
    struct tx_signer *signer;
    struct tx_source_handle *control_source;
    struct tx_buf report; /* what of the sandbox is enforced */
    uint8_t report_memory[1024];
    uint8_t control[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];
    uint8_t request[TX_NOTARY_MESSAGE_BYTES + 1];
    uint8_t reply[TX_NOTARY_MESSAGE_BYTES];
};

static int say(enum tx_control_type type, uint64_t argument, struct tx_text payload) {
    struct tx_control message = {.type = type, .argument = argument, .payload = payload, .fd = -1};
    return tx_control_send(TX_FD_CONTROL, &message);
}

static int say_status(struct process *process) {
    char memory[2048];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_str(&b, "{\"signer\":");
    tx_signer_render_status(process->signer, &b);
    tx_buf_str(&b, ",\"sandbox\":");
    tx_buf_put(&b, process->report.data, process->report.len);
    tx_buf_char(&b, '}');
    return say(TX_CONTROL_STATUS, 0, (struct tx_text){memory, b.full ? 0 : b.len});
}

static int stop(struct process *process) {
    int r = tx_signer_sync(process->signer);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "its state could not be made durable: %s", strerror(-r));
        return r;
    }
    tx_loop_stop(process->loop);
    return 0;
}

static int on_stop(struct process *process) {
    int r = stop(process);
    return r < 0 ? r : say(TX_CONTROL_STOPPED, 0, TX_TEXT(""));
}

/* The supervisor is gone: the ledger still takes what ingest has, and closes its pipe after that.
 */
static int on_orphaned(struct process *process) {
    tx_loop_remove(process->loop, process->control_source);
    process->control_source = NULL;
    return 0;
}

static int on_control(void *data, uint32_t events) {
    struct process *process = data;
    struct tx_control message;
    (void)events;
    int r = tx_control_receive(TX_FD_CONTROL, process->control, sizeof(process->control), &message);
    if (r == -EAGAIN)
        return 0;
    if (r == TX_CONTROL_E_CLOSED)
        return on_orphaned(process);
    if (r < 0)
        return r;
    if (message.fd >= 0)
        close(message.fd);
    switch (message.type) {
    case TX_CONTROL_PING:
        r = say(TX_CONTROL_PONG, message.argument, TX_TEXT(""));
        break;
    case TX_CONTROL_STATUS_GET:
        r = say_status(process);
        break;
    case TX_CONTROL_STOP:
        r = on_stop(process);
        break;
    default:
        break;
    }
    return r == -EPIPE ? 0 : r; /* its end is met when the pipe is read */
}

static int on_ledger(void *data, uint32_t events) {
    struct process *process = data;
    struct tx_buf reply = tx_buf_of(process->reply, sizeof(process->reply));
    (void)events;
    ssize_t n = recv(TX_FD_SIGNER_LEDGER, process->request, sizeof(process->request), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return stop(process);
    tx_signer_serve(process->signer, (struct tx_text){(const char *)process->request, (size_t)n},
                    &reply);
    /* One request, one reply: there is room, unless the ledger does not read what it asked for. */
    if (send(TX_FD_SIGNER_LEDGER, reply.data, reply.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return stop(process);
    return 0;
}

/* Files are made as the user who will need them. */
static int start_as(const struct tx_child_options *child, const struct tx_signer_options *options,
                    struct tx_signer **ret, char *ret_why) {
    int r = tx_child_user_enter(child);
    if (r < 0)
        return r;
    int started = tx_signer_start(options, ret, ret_why);
    r = tx_child_user_leave(child);
    return r < 0 ? r : started;
}

static int start(const struct tx_child_options *child, struct tx_signer **ret) {
    char directory[1024] = "the key directory", why[TX_SIGNER_WHY_BYTES];
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", TX_FD_SIGNER_KEYS);
    ssize_t n = readlink(path, directory, sizeof(directory) - 1);
    if (n > 0)
        directory[n] = '\0';
    struct tx_signer_options options = {
        .dirfd = TX_FD_SIGNER_KEYS,
        .origin = {.p = child->origin, .n = strlen(child->origin)},
        .limits = {.ns = child->epoch_ns, .records = child->epoch_records},
        .directory = directory,
        .config_name = child->config_name ? child->config_name : "/etc/tracex.yaml",
        .new_log = child->new_log,
    };
    int r = start_as(child, &options, ret, why);
    if (r == TX_SIGNER_E_REFUSED) {
        if (say(TX_CONTROL_FATAL, 0, (struct tx_text){why, strlen(why)}) < 0)
            tx_log(TX_LOG_ERROR, "%s", why);
        return -EKEYREJECTED;
    }
    if (r < 0)
        tx_log(TX_LOG_ERROR, "cannot read or make its keys in %s: %s", directory, strerror(-r));
    else if (!(*ret)->keys.active)
        tx_log(TX_LOG_ERROR,
               "%s/epoch-%llu.key is missing or damaged: the chain of keys breaks here, and the "
               "next tracex.epoch record says so",
               directory, (unsigned long long)(*ret)->state.epoch);
    return r;
}

static int enter_sandbox(const struct tx_child_options *child, struct process *process) {
    static const int syscalls[] = {
        TX_SYSCALLS_BASE,   SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
        SCMP_SYS(sendmsg),  SCMP_SYS(recvmsg),   SCMP_SYS(sendto),     SCMP_SYS(recvfrom),
        SCMP_SYS(openat),   SCMP_SYS(pwrite64),  SCMP_SYS(fsync),      SCMP_SYS(fdatasync),
        SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlinkat),
    };
    static const struct tx_sandbox_path paths[] = {
        {.fd = TX_FD_SIGNER_KEYS, .access = TX_SANDBOX_READ | TX_SANDBOX_WRITE}};
    struct tx_sandbox sandbox = {
        .change_user = child->change_user,
        .uid = child->uid,
        .gid = child->gid,
        .chroot_fd = TX_FD_SIGNER_KEYS,
        .n_paths = TX_COUNT_OF(paths),
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
    process->report = tx_buf_of(process->report_memory, sizeof(process->report_memory));
    tx_sandbox_report_render(&report, &process->report);
    return process->report.full ? -ENOBUFS : 0;
}

static int run(struct process *process) {
    struct tx_source_handle *ledger;
    int r = tx_loop_add(process->loop, TX_FD_CONTROL, EPOLLIN, on_control, process,
                        &process->control_source);
    if (r < 0)
        return r;
    r = tx_loop_add(process->loop, TX_FD_SIGNER_LEDGER, EPOLLIN, on_ledger, process, &ledger);
    if (r < 0)
        return r;
    r = say(TX_CONTROL_READY, 0,
            (struct tx_text){(const char *)process->report.data, process->report.len});
    if (r == 0)
        r = tx_loop_run(process->loop);
    tx_loop_remove(process->loop, process->control_source);
    tx_loop_remove(process->loop, ledger);
    return r;
}

int main(int argc, char **argv) {
    static struct process process;
    struct tx_child_options child;

    if (tx_child_start("tracex-signer", argc, argv, &child) < 0)
        return EXIT_FAILURE;
    if (!child.origin) {
        tx_log(TX_LOG_ERROR, "--origin is missing");
        return EXIT_FAILURE;
    }
    int r = tx_loop_new(&process.loop);
    if (r == 0)
        r = start(&child, &process.signer);
    if (r == 0)
        r = enter_sandbox(&child, &process);
    if (r == 0) {
        r = run(&process);
        if (r < 0)
            tx_log(TX_LOG_ERROR, "%s", strerror(-r));
    }
    tx_signer_free(process.signer);
    tx_loop_free(process.loop);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
