/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "auditd/ingest/ingest.h"
#include "auditd/ingest/process.h"
#include "auditd/ingest/receive.h"
#include "auditd/ingest/settle.h"
#include "auditd/ingest/supervisor-link.h"
#include "auditd/ipc/child.h"
#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/sandbox/syscalls.h"
#include "libtx/base/fd.h"

/* No file can be opened, no socket made, no program run. pread64 reads a configuration that the
 * supervisor passes. */
static const int allowed_syscalls[] = {
    TX_SYSCALLS_BASE, TX_SYSCALLS_EVENTS, SCMP_SYS(sendmsg),  SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
    SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(shutdown), SCMP_SYS(pread64),
};

static void ingest_free(struct tx_ingest *ingest) {
    if (!ingest)
        return;
    tx_connections_deinit(&ingest->connections, ingest->loop);
    for (int i = 0; i < TX_STREAM_N; i++) {
        tx_outlet_deinit(&ingest->outlets[i]);
        tx_stream_deinit(&ingest->routes[i]);
    }
    tx_clients_deinit(&ingest->clients);
    tx_inbox_close(&ingest->inbox);
    tx_rings_deinit(ingest);
    tx_bytes_deinit(&ingest->answers);
    tx_bytes_deinit(&ingest->closed);
    tx_bytes_deinit(&ingest->ended);
    tx_policy_free(ingest->policy);
    tx_vault_link_deinit(&ingest->vault);
    tx_hasher_free(ingest->hasher);
    tx_loop_remove(ingest->loop, ingest->control);
    tx_loop_remove(ingest->loop, ingest->work_timer);
    tx_loop_remove(ingest->loop, ingest->drain_timer);
    tx_loop_remove(ingest->loop, ingest->rejections_timer);
    tx_loop_free(ingest->loop);
    free(ingest->control_memory);
    free(ingest);
}
TX_DEFINE_CLEANUP(struct tx_ingest *, ingest_free);

static int on_rejections_timer(void *data, uint32_t events) {
    struct tx_ingest *ingest = data;

    (void)events;
    int r = tx_process_say_rejections(ingest, false);
    return r < 0 ? r : tx_process_run(ingest);
}

static int open_inbox(struct tx_ingest *ingest) {
    bool sane;
    int r = tx_inbox_open(TX_FD_INGEST_INBOX, &ingest->inbox, &sane);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "the inbox cannot be used: %s", strerror(-r));
        return r;
    }
    ingest->n_inherited = ingest->inbox.n_received;
    if (!sane)
        tx_log(TX_LOG_WARNING, "the inbox was damaged; what could not be read was given up");
    return 0;
}

/* They stay what they are when masking is reloaded. */
static void take_routes(struct tx_ingest *ingest, struct tx_conf *conf) {
    for (int i = 0; i < TX_STREAM_N; i++)
        for (int lane = 0; lane < TX_LANE_N; lane++) {
            ingest->routes[i].from[lane] = conf->streams[i].from[lane];
            conf->streams[i].from[lane] = (struct tx_masking_list){.n = 0};
        }
}

static int load_policy(struct tx_ingest *ingest) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_policy *policy;

    int r = tx_policy_load(TX_FD_INGEST_POLICY, ingest->config_name, &ingest->vault.keys, &errors,
                           &policy);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "the masking policy cannot be used: %s\n%.*s", strerror(-r),
               (int)errors.len, errors.len ? (char *)errors.data : "");
        return r;
    }
    take_routes(ingest, policy->conf);
    const struct tx_ipc_policy_change change = {.why = TX_TEXT("start")};
    return tx_supervisor_set_policy(ingest, policy, &change, 0);
}

static int make_loop(struct tx_ingest *ingest) {
    int r = tx_loop_new(&ingest->loop);
    if (r == 0)
        r = tx_loop_add(ingest->loop, TX_FD_CONTROL, EPOLLIN, tx_supervisor_on_control, ingest,
                        &ingest->control);
    if (r == 0)
        r = tx_loop_add_timer(ingest->loop, tx_process_on_timer, ingest, &ingest->work_timer);
    if (r == 0)
        r = tx_loop_add_timer(ingest->loop, tx_receive_on_timer, ingest, &ingest->drain_timer);
    if (r == 0)
        r = tx_loop_add_timer(ingest->loop, on_rejections_timer, ingest, &ingest->rejections_timer);
    return r;
}

static int read_host(struct tx_ingest *ingest) {
    if (gethostname(ingest->host_memory, sizeof(ingest->host_memory) - 1) < 0)
        return -errno;
    ingest->host = (struct tx_text){.p = ingest->host_memory, .n = strlen(ingest->host_memory)};
    return 0;
}

static int make_state(struct tx_ingest *ingest) {
    uint64_t seed;

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        return -EIO;
    ingest->control_memory = malloc(TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES);
    if (!ingest->control_memory)
        return -ENOMEM;
    int r = tx_clients_init(&ingest->clients, seed, tx_process_is_open, ingest);
    if (r == 0)
        r = tx_vault_link_init(&ingest->vault);
    if (r == 0)
        r = tx_hasher_new(&ingest->hasher);
    if (r == 0)
        r = make_loop(ingest);
    for (int i = 0; r == 0 && i < TX_STREAM_N; i++)
        r = tx_outlet_init(&ingest->outlets[i], ingest, (enum tx_stream_id)i);
    if (r == 0)
        ingest->outlets[TX_STREAM_AUDIT].next_fd = TX_FD_INGEST_LEDGER;
    return r;
}

static int make_ingest(const struct tx_child_options *options, struct tx_ingest **ret) {
    _cleanup_(ingest_freep) struct tx_ingest *ingest = calloc(1, sizeof(*ingest));
    if (!ingest)
        return -ENOMEM;
    ingest->config_name = options->config_name ? options->config_name : "tracex.yaml";
    ingest->kept = options->kept;
    ingest->control_fd = TX_FD_CONTROL;
    tx_connections_init(&ingest->connections);

    int r = tx_fd_set_nonblocking(TX_FD_CONTROL, 1);
    if (r == 0)
        r = read_host(ingest);
    if (r == 0)
        r = make_state(ingest);
    if (r == 0)
        r = open_inbox(ingest);
    if (r == 0)
        r = tx_rings_init(ingest);
    if (r == 0)
        r = load_policy(ingest);
    if (r < 0)
        return r;
    *ret = TX_STEAL(ingest);
    return 0;
}

static int enter_sandbox(const struct tx_child_options *options) {
    char memory[TX_CONTROL_PAYLOAD_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_sandbox_report report;
    struct tx_sandbox sandbox = {
        .change_user = options->change_user,
        .uid = options->uid,
        .gid = options->gid,
        .chroot_fd = -1,
        .syscalls = allowed_syscalls,
        .n_syscalls = TX_COUNT_OF(allowed_syscalls),
    };

    int r = tx_sandbox_enter(&sandbox, &report);
    if (r < 0)
        return r;
    tx_sandbox_report_render(&report, &b);
    struct tx_control ready = {
        .type = TX_CONTROL_READY, .payload = {.p = memory, .n = b.len}, .fd = -1};
    return tx_control_send(TX_FD_CONTROL, &ready);
}

int main(int argc, char **argv) {
    _cleanup_(ingest_freep) struct tx_ingest *ingest = NULL;
    struct tx_child_options options;

    if (tx_child_start("tracex-ingest", argc, argv, &options) < 0)
        return EXIT_FAILURE;
    int r = make_ingest(&options, &ingest);
    if (r == 0)
        r = enter_sandbox(&options);
    if (r == 0)
        r = tx_loop_run(ingest->loop);
    if (r < 0)
        tx_log(TX_LOG_ERROR, "ends: %s", strerror(-r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
