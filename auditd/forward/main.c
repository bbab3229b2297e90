/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/forward/delivery.h"
#include "auditd/forward/status.h"
#include "auditd/ipc/child.h"
#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ipc/loop.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/sandbox/syscalls.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/conf/conf.h"
#include "libtx/record/read.h"

/*
 * tracex-forward: options → descriptors → own state → sandbox → READY → loop. The loop answers the
 * supervisor and watches the log directory; delivery has a thread of its own, so that neither a
 * slow nor a hanging journald keeps anybody waiting.
 */

/* The last pass of a stop; what it does not reach comes after the next start. */
#define STOP_NS INT64_C(2000000000)

struct process {
    struct tx_loop *loop;
    struct tx_delivery *delivery;
    struct tx_source_handle *stop_timer;
    int inotify_fd;
    bool stopping;
    bool ended;
    struct tx_buf report;
    uint8_t report_memory[1024];
    uint8_t control[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];
};

static int say(enum tx_control_type type, uint64_t argument, struct tx_text payload) {
    struct tx_control message = {.type = type, .argument = argument, .payload = payload, .fd = -1};
    int r = tx_control_send(TX_FD_CONTROL, &message);
    return r == -EAGAIN ? 0 : r; /* a supervisor that does not listen just now asks again */
}

static int say_status(struct process *process) {
    char memory[2048];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_delivery_status status = tx_delivery_status(process->delivery);
    tx_forward_status_render(&status, tx_forward_log_size(TX_FD_FORWARD_LOG), &b);
    return say(TX_CONTROL_STATUS, 0, (struct tx_text){memory, b.full ? 0 : b.len});
}

static int stop(struct process *process) {
    int64_t deadline = tx_clock_boot() + STOP_NS;
    if (process->stopping)
        return 0;
    process->stopping = true;
    tx_delivery_stop(process->delivery, deadline);
    return tx_loop_set_timer(process->stop_timer, deadline, 0);
}

/* The thread hangs in journald's queue; the cursor is safe on disk. */
static int on_stop_timer(void *data, uint32_t events) {
    struct process *process = data;
    (void)events;
    tx_loop_stop(process->loop);
    return 0;
}

static int on_ended(void *data, uint32_t events) {
    struct process *process = data;
    (void)events;
    process->ended = true;
    tx_loop_stop(process->loop);
    return 0;
}

static int on_control(void *data, uint32_t events) {
    struct process *process = data;
    struct tx_control message;
    (void)events;
    int r = tx_control_receive(TX_FD_CONTROL, process->control, sizeof(process->control), &message);
    if (r == -EAGAIN)
        return 0;
    if (r == TX_CONTROL_E_CLOSED || r == -EPIPE) { /* nobody to answer */
        tx_loop_stop(process->loop);
        return 0;
    }
    if (r < 0)
        return r;
    if (message.fd >= 0)
        close(message.fd);
    switch (message.type) {
    case TX_CONTROL_PING:
        return say(TX_CONTROL_PONG, message.argument, TX_TEXT(""));
    case TX_CONTROL_STATUS_GET:
        return say_status(process);
    case TX_CONTROL_STOP:
        return stop(process);
    default:
        return 0;
    }
}

/* Each checkpoint replaces the file `checkpoint`; what else happens in the directory counts less.
 */
static int on_change(void *data, uint32_t events) {
    struct process *process = data;
    _Alignas(struct inotify_event) char memory[4096];
    bool any = false;
    (void)events;

    for (;;) {
        ssize_t n = read(process->inotify_fd, memory, sizeof(memory));
        if (n <= 0)
            break;
        any = true;
    }
    if (any)
        tx_delivery_wake(process->delivery);
    return 0;
}

static int read_config(const struct tx_child_options *child, enum tx_record_severity *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;

    int r = tx_file_read_fd(TX_FD_FORWARD_CONFIG, TX_LIMIT_CONFIG_BYTES, &text);
    if (r < 0)
        return r;
    r = tx_conf_parse(child->config_name ? child->config_name : "tracex.yaml",
                      (struct tx_text){(const char *)text.data, text.len}, &errors, &conf);
    if (r != 0)
        return r < 0 ? r : -EINVAL;
    *ret = conf->journald_min_severity;
    return 0;
}

static int watch_log(int *ret_fd) {
    char path[32];
    _cleanup_(tx_fd_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0)
        return -errno;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", TX_FD_FORWARD_LOG);
    if (inotify_add_watch(fd, path, IN_MOVED_TO | IN_CREATE | IN_ONLYDIR) < 0)
        return -errno;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

/* The group that may read journals; it stays when the user changes. */
static size_t journal_groups(gid_t ret[TX_JOURNAL_DIRECTORIES]) {
    struct stat st;
    size_t n = 0;
    for (size_t i = 0; i < TX_JOURNAL_DIRECTORIES; i++)
        if (stat(tx_journal_directories[i], &st) == 0 && st.st_gid != 0 &&
            (n == 0 || ret[0] != st.st_gid))
            ret[n++] = st.st_gid;
    return n;
}

/* Descriptors of what may be opened later by name; what is not there is left out. They are closed
 * again by whoever opened them here. */
#define N_READABLE (TX_JOURNAL_DIRECTORIES + 2)

static size_t open_readable(struct tx_sandbox_path *paths) {
    const char *const names[N_READABLE] = {tx_journal_directories[0], tx_journal_directories[1],
                                           "/etc/machine-id", "/proc/sys/kernel/random/boot_id"};
    size_t n = 0;
    for (size_t i = 0; i < N_READABLE; i++) {
        int fd = open(names[i], O_PATH | O_CLOEXEC);
        if (fd >= 0)
            paths[n++] = (struct tx_sandbox_path){.fd = fd, .access = TX_SANDBOX_READ};
    }
    return n;
}

static int enter_sandbox(const struct tx_child_options *child, struct process *process) {
    static const int syscalls[] = {TX_SYSCALLS_BASE,
                                   TX_SYSCALLS_EVENTS,
                                   TX_SYSCALLS_FILES_WRITE,
                                   TX_SYSCALLS_CONNECT,
                                   TX_SYSCALLS_THREADS,
                                   SCMP_SYS(inotify_init1),
                                   SCMP_SYS(inotify_add_watch),
                                   SCMP_SYS(inotify_rm_watch),
                                   SCMP_SYS(stat),
                                   SCMP_SYS(lstat),
                                   SCMP_SYS(open),
                                   SCMP_SYS(access)};
    struct tx_sandbox_path paths[N_READABLE + 2];
    gid_t groups[TX_JOURNAL_DIRECTORIES];
    struct tx_sandbox_report report;

    size_t n = open_readable(paths);
    paths[n] = (struct tx_sandbox_path){.fd = TX_FD_FORWARD_LOG, .access = TX_SANDBOX_READ};
    paths[n + 1] = (struct tx_sandbox_path){.fd = TX_FD_FORWARD_STATE,
                                            .access = TX_SANDBOX_READ | TX_SANDBOX_WRITE};
    struct tx_sandbox sandbox = {
        .change_user = child->change_user,
        .uid = child->uid,
        .gid = child->gid,
        .n_groups = journal_groups(groups),
        .groups = groups,
        .no_chroot = true,
        .n_paths = n + 2,
        .paths = paths,
        .n_syscalls = TX_COUNT_OF(syscalls),
        .syscalls = syscalls,
    };
    int r = tx_sandbox_enter(&sandbox, &report);
    for (size_t i = 0; i < n; i++)
        close(paths[i].fd);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "cannot enter its sandbox: %s", strerror(-r));
        return r;
    }
    process->report = tx_buf_of(process->report_memory, sizeof(process->report_memory));
    tx_sandbox_report_render(&report, &process->report);
    return process->report.full ? -ENOBUFS : 0;
}

static int start(const struct tx_child_options *child, struct process *process) {
    struct tx_delivery_options options = {.log_fd = TX_FD_FORWARD_LOG,
                                          .state_fd = TX_FD_FORWARD_STATE};
    struct tx_confirm *confirm;

    int r = read_config(child, &options.min_severity);
    if (r == 0)
        r = tx_child_user_enter(child); /* its directories belong to that user */
    if (r == 0)
        r = tx_confirm_new(&confirm);
    if (r == 0)
        r = tx_delivery_new(&options, confirm, &process->delivery);
    if (r == 0)
        r = tx_loop_new(&process->loop);
    if (r == 0)
        r = watch_log(&process->inotify_fd);
    if (r == 0)
        r = tx_child_user_leave(child);
    if (r < 0)
        tx_log(TX_LOG_ERROR, "cannot start: %s", strerror(-r));
    tx_read_prepare();
    return r;
}

static int add_sources(struct process *process) {
    struct tx_source_handle *handle;
    int r = tx_loop_add(process->loop, TX_FD_CONTROL, EPOLLIN, on_control, process, &handle);
    if (r == 0)
        r = tx_loop_add(process->loop, process->inotify_fd, EPOLLIN, on_change, process, &handle);
    if (r == 0)
        r = tx_loop_add(process->loop, process->delivery->ended_fd, EPOLLIN, on_ended, process,
                        &handle);
    if (r == 0)
        r = tx_loop_add_timer(process->loop, on_stop_timer, process, &process->stop_timer);
    return r;
}

static int run(struct process *process) {
    int r = add_sources(process);
    if (r == 0)
        r = tx_delivery_start(process->delivery);
    if (r == 0)
        r = say(TX_CONTROL_READY, 0,
                (struct tx_text){(const char *)process->report.data, process->report.len});
    if (r == 0)
        r = tx_loop_run(process->loop);
    if (r == 0 && process->ended)
        r = process->delivery->result;
    if (r == 0 && process->stopping)
        r = say(TX_CONTROL_STOPPED, 0, TX_TEXT(""));
    return r;
}

int main(int argc, char **argv) {
    static struct process process = {.inotify_fd = -1};
    struct tx_child_options child;

    if (tx_child_start("tracex-forward", argc, argv, &child) < 0)
        return EXIT_FAILURE;
    int r = start(&child, &process);
    if (r == 0)
        r = enter_sandbox(&child, &process);
    if (r == 0)
        r = run(&process);
    if (r == -ESTALE)
        tx_log(TX_LOG_NOTICE, "a journal directory appeared; starting anew to be let into it");
    else if (r < 0 && r != -EPIPE)
        tx_log(TX_LOG_ERROR, "%s", strerror(-r));
    /* The thread may hang in journald's queue, so nothing is taken down under it. */
    _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
