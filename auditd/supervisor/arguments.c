/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/arguments.h"

#include <assert.h>
#include <stdio.h>

#include "auditd/ipc/fds.h"

static void add(struct tx_spawn *spawn, int target, int fd) {
    assert(spawn->n_fds < TX_SPAWN_FDS && fd >= 0);
    spawn->fds[spawn->n_fds++] = (struct tx_spawn_fd){.fd = fd, .target = target};
}

static void add_ledger(struct tx_spawn *spawn, const struct tx_setup *setup,
                       const struct tx_setup_stream *stream, const struct tx_links *links) {
    add(spawn, TX_FD_LEDGER_INGEST, links->bodies.ends[TX_LINK_LEDGER]);
    add(spawn, TX_FD_LEDGER_SIGNER, links->notary.ends[TX_LINK_LEDGER]);
    add(spawn, TX_FD_LEDGER_CONFIG, setup->config_fd);
    add(spawn, TX_FD_LEDGER_LOG, stream->log_fd);
    add(spawn, TX_FD_LEDGER_STATE, stream->ledger_state_fd);
    if (stream->forward_state_fd >= 0)
        add(spawn, TX_FD_LEDGER_JOURNALD, stream->forward_state_fd);
}

void tx_arguments_descriptors(const struct tx_setup *setup, const struct tx_links *links,
                              const struct tx_child *child, struct tx_spawn *spawn) {
    const struct tx_setup_stream *stream = &setup->streams[child->stream];

    switch (child->role) {
    case TX_ROLE_SIGNER:
        add(spawn, TX_FD_SIGNER_LEDGER, links[child->stream].notary.ends[TX_LINK_SIGNER]);
        add(spawn, TX_FD_SIGNER_KEYS, stream->keys_fd);
        break;
    case TX_ROLE_LEDGER:
        add_ledger(spawn, setup, stream, &links[child->stream]);
        break;
    case TX_ROLE_INGEST:
        add(spawn, TX_FD_INGEST_INBOX, setup->inbox_fd);
        add(spawn, TX_FD_INGEST_LEDGER, links[TX_STREAM_AUDIT].bodies.ends[TX_LINK_INGEST]);
        add(spawn, TX_FD_INGEST_POLICY, setup->policy_fd);
        add(spawn, TX_FD_INGEST_RINGS, setup->rings_fd);
        break;
    case TX_ROLE_VAULT:
        add(spawn, TX_FD_VAULT_DIR, setup->vault_fd);
        if (setup->kek_fd >= 0)
            add(spawn, TX_FD_VAULT_KEK, setup->kek_fd);
        break;
    case TX_ROLE_FORWARD:
        add(spawn, TX_FD_FORWARD_CONFIG, setup->config_fd);
        add(spawn, TX_FD_FORWARD_LOG, stream->forward_log_fd);
        add(spawn, TX_FD_FORWARD_STATE, stream->forward_state_fd);
        break;
    case TX_ROLE_N:
        break;
    }
}

struct writer {
    char **argv;
    size_t n, cap;
};

static void put(struct writer *w, const char *name, const char *value) {
    assert(w->n + 2 < w->cap);
    w->argv[w->n++] = (char *)(uintptr_t)name;
    w->argv[w->n++] = (char *)(uintptr_t)value;
    w->argv[w->n] = NULL;
}

int tx_arguments_options(const struct tx_conf *conf, const struct tx_setup *setup,
                         const char *config_name, const struct tx_child *child, char **argv,
                         size_t n_argv) {
    static char uid[16], gid[16], epoch_ns[24], epoch_records[24];
    struct writer w = {.argv = argv, .n = 0, .cap = n_argv};

    put(&w, "--config-name", config_name);
    if (setup->change_user) {
        snprintf(uid, sizeof(uid), "%u", (unsigned)setup->uid);
        snprintf(gid, sizeof(gid), "%u", (unsigned)setup->gid);
        put(&w, "--uid", uid);
        put(&w, "--gid", gid);
    }
    if (child->stream != TX_STREAM_AUDIT &&
        (child->role == TX_ROLE_LEDGER || child->role == TX_ROLE_SIGNER))
        put(&w, "--stream", tx_stream_name(child->stream));
    if (child->role == TX_ROLE_SIGNER) {
        snprintf(epoch_ns, sizeof(epoch_ns), "%lld", (long long)conf->epoch_ns);
        snprintf(epoch_records, sizeof(epoch_records), "%llu",
                 (unsigned long long)conf->epoch_records);
        put(&w, "--origin", setup->streams[child->stream].origin);
        put(&w, "--epoch-ns", epoch_ns);
        put(&w, "--epoch-records", epoch_records);
    }
    if (child->role == TX_ROLE_INGEST && setup->kept)
        put(&w, "--kept", "1");
    if (child->role == TX_ROLE_VAULT && setup->kek_fd >= 0)
        put(&w, "--kek-given", "1");
    return 0;
}
