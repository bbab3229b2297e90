/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/last-policy.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

/* Above those of tasks. */
#define NUMBERS (UINT64_C(1) << 63)

/* --- at the start --- */

/* -EPERM: somebody else than the daemon made it. */
static int read_copy(const char *path, const struct tx_setup *setup, struct tx_bytes *ret) {
    struct stat st;
    _cleanup_(tx_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_mode & (S_IWGRP | S_IWOTH) ||
        (st.st_uid != geteuid() && st.st_uid != setup->uid))
        return -EPERM;
    return tx_file_read_fd(fd, TX_LIMIT_CONFIG_BYTES, ret);
}

static int parse_copy(const char *path, const struct tx_setup *setup, struct tx_conf **ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;

    int r = read_copy(path, setup, &text);
    if (r == 0)
        r = tx_conf_parse(path, (struct tx_text){(const char *)text.data, text.len}, &errors, ret);
    if (r > 0) {
        tx_conf_free(*ret); /* of a section that is wrong it has one that masks everything */
        *ret = NULL;
    }
    return r > 0 ? -EBADMSG : r;
}

static bool has_log(const struct tx_conf *conf) {
    _cleanup_(tx_freep) char *path = NULL;
    return asprintf(&path, "%s/log.json", conf->streams[TX_STREAM_AUDIT].log_dir) >= 0 &&
           access(path, F_OK) == 0;
}

int tx_last_policy_load(const struct tx_conf *conf, const struct tx_setup *setup,
                        struct tx_last_policy *ret) {
    _cleanup_(tx_freep) char *path = NULL;

    if (asprintf(&path, "%s/" TX_LAST_POLICY_FILE, conf->state_dir) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    int r = parse_copy(path, setup, &ret->before);
    if (r == 0 || r == -ENOMEM)
        return r;
    ret->is_lost = has_log(conf);
    if (ret->is_lost)
        tx_log(TX_LOG_WARNING,
               "%s: %s; so it cannot be told whether the rules mask less than those before", path,
               strerror(-r));
    return 0;
}

void tx_last_policy_deinit(struct tx_last_policy *last) {
    tx_conf_free(last->before);
    tx_bytes_deinit(&last->change);
    *last = (struct tx_last_policy){.change = TX_BYTES_INIT};
}

/* --- keeping --- */

static int write_copy(const struct tx_supervisor *s) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    const struct tx_conf *conf = s->reload.in_force ? s->reload.in_force : s->conf;

    int r = tx_conf_render_to_hand_on(conf, &text);
    return r < 0 ? r
                 : tx_file_replace_at(s->setup.state_fd, TX_LAST_POLICY_FILE, text.data, text.len,
                                      0600);
}

/* The older copy stays where it cannot be replaced: more is told then, never less. */
static void keep(struct tx_supervisor *s) {
    int r = write_copy(s);
    s->last.is_kept = r == 0;
    if (r < 0)
        tx_log(TX_LOG_WARNING, "%s/" TX_LAST_POLICY_FILE ": %s", s->conf->state_dir, strerror(-r));
}

uint64_t tx_last_policy_next(struct tx_last_policy *last) {
    return NUMBERS + ++last->n_given;
}

int tx_last_policy_started(struct tx_supervisor *s) {
    char memory[TX_IPC_POLICY_CHANGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    if (s->last.number > 0 || s->policy.lockdown_why)
        return 0;
    tx_start_policy_render_change(&s->policy, &b);
    return tx_last_policy_changed(s, tx_last_policy_next(&s->last),
                                  (struct tx_text){memory, b.len});
}

int tx_last_policy_changed(struct tx_supervisor *s, uint64_t number, struct tx_text change) {
    struct tx_last_policy *last = &s->last;

    /* What is not recorded yet may be after this: ingest may have been given a reload before it had
     * started. */
    if (last->change.len == 0 || number > last->number)
        last->number = number;
    last->is_kept = false;
    if (change.n > 0) {
        tx_bytes_deinit(&last->change);
        return tx_bytes_append(&last->change, change.p, change.n);
    }
    if (last->change.len == 0) /* else what was loosened before is not durable yet */
        keep(s);
    return 0;
}

int tx_last_policy_tell_ingest(struct tx_supervisor *s) {
    struct tx_last_policy *last = &s->last;
    if (last->change.len == 0)
        return 0;
    return tx_child_send(tx_supervisor_child(s, TX_CHILD_INGEST), TX_CONTROL_POLICY_LOOSENED,
                         last->number,
                         (struct tx_text){(const char *)last->change.data, last->change.len}, -1);
}

void tx_last_policy_recorded(struct tx_supervisor *s, uint64_t number) {
    if (number != s->last.number || s->last.is_kept)
        return;
    tx_bytes_deinit(&s->last.change);
    keep(s);
}
