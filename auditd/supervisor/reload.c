/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/reload.h"

#include <string.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/memfd.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/fd.h"

/* --- what needs a restart --- */

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void name_it(struct tx_buf *names, bool same, const char *name) {
    if (same)
        return;
    if (names->len > 1)
        tx_buf_char(names, ',');
    tx_buf_json_string(names, name, strlen(name));
}

void tx_reload_compare(const struct tx_conf *a, const struct tx_conf *b, struct tx_buf *names) {
    tx_buf_char(names, '[');
#define TEXT(field, name) name_it(names, same_text(a->field, b->field), name)
#define NUMBER(field, name) name_it(names, a->field == b->field, name)
    TEXT(user, "user");
    TEXT(socket_path, "socket.path");
    NUMBER(socket_mode, "socket.mode");
    TEXT(control_path, "control.path");
    NUMBER(control_mode, "control.mode");
    TEXT(state_dir, "state_dir");
    TEXT(log_dir, "log.dir");
    TEXT(origin, "log.origin");
    NUMBER(segment_max_bytes, "log.segment.max_bytes");
    NUMBER(segment_max_age_ns, "log.segment.max_age");
    NUMBER(segment_compress, "log.segment.compress");
    NUMBER(commit_interval_ns, "log.commit_interval");
    NUMBER(checkpoint_interval_ns, "log.checkpoint_interval");
    NUMBER(heartbeat_interval_ns, "log.heartbeat");
    TEXT(keys_dir, "keys.dir");
    NUMBER(epoch_ns, "keys.epoch");
    NUMBER(epoch_records, "keys.epoch_records");
    TEXT(vault_dir, "vault.dir");
    NUMBER(journald_enabled, "forward.journald.enabled");
    NUMBER(journald_min_severity, "forward.journald.min_severity");
#undef TEXT
#undef NUMBER
    tx_buf_char(names, ']');
}

/* --- the reload --- */

static void tell_errors(const struct tx_bytes *errors) {
    const char *p = (const char *)errors->data;
    size_t left = errors->len;

    while (left > 0) {
        const char *end = memchr(p, '\n', left);
        size_t n = end ? (size_t)(end - p) : left;
        tx_log(TX_LOG_ERROR, "%.*s", (int)n, p);
        p += end ? n + 1 : n;
        left -= end ? n + 1 : n;
    }
    tx_log(TX_LOG_ERROR, "the masking rules before stay in force");
}

static int load(struct tx_supervisor *s, struct tx_bytes *errors, struct tx_conf **ret) {
    int r = tx_conf_load(s->options->config, errors, NULL, ret);
    if (r < 0)
        return r;
    if (r > 0) {
        tell_errors(errors);
        return -EINVAL;
    }
    return 0;
}

static int finish(struct tx_supervisor *s, const char *error) {
    bool again = s->reload.again;

    tx_fd_closep(&s->reload.config_fd);
    s->reload.again = false;
    tx_notify_ready(&s->notify);
    int r = tx_control_server_reloaded(&s->control, error, s->reload.needs_restart);
    if (r < 0 || !again)
        return r;
    struct tx_bytes errors = TX_BYTES_INIT;
    r = tx_reload_begin(s, &errors);
    tx_bytes_deinit(&errors);
    return r == -EINVAL ? 0 : r;
}

/* What ingest has now, or starts with next. */
static void keep_config(struct tx_supervisor *s) {
    tx_fd_closep(&s->setup.ingest_config_fd);
    s->setup.ingest_config_fd = tx_fd_steal(&s->reload.config_fd);
}

static int send_to_ingest(struct tx_supervisor *s, struct tx_text text) {
    struct tx_child *ingest = tx_supervisor_child(s, TX_CHILD_INGEST);

    int r = tx_memfd_sealed("tracex-config", text.p, text.n, &s->reload.config_fd);
    if (r < 0)
        return r;
    tx_notify_reloading(&s->notify);
    if (!tx_child_runs(ingest)) { /* it starts with them */
        keep_config(s);
        return finish(s, NULL);
    }
    return tx_child_send(ingest, TX_CONTROL_RELOAD, 0, TX_TEXT("reload"), s->reload.config_fd);
}

/* The first rule that encrypts needs the vault; nothing else is started by a reload. */
static int start_vault(struct tx_supervisor *s, const struct tx_conf *conf,
                       struct tx_bytes *errors) {
    static const char error[] = "vault.dir cannot be used, and a rule encrypts: see to the "
                                "directory, then restart the daemon";
    struct tx_child *vault = tx_supervisor_child(s, TX_CHILD_VAULT);

    if (vault->state != TX_CHILD_OFF || !tx_setup_wants_vault(conf, &s->setup))
        return 0;
    if (s->setup.vault_fd >= 0 && vault->program[0])
        return tx_child_start_process(vault);
    tx_log(TX_LOG_ERROR, "%s", error);
    int r = tx_bytes_append(errors, error, sizeof(error) - 1);
    return r < 0 ? r : -EINVAL;
}

int tx_reload_begin(struct tx_supervisor *s, struct tx_bytes *errors) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    struct tx_bytes text = TX_BYTES_INIT; /* what ingest gets: it can look up no user */

    if (s->reload.config_fd >= 0) {
        s->reload.again = true;
        return -EBUSY;
    }
    int r = load(s, errors, &conf);
    if (r >= 0)
        r = tx_conf_render_to_hand_on(conf, &text);
    if (r >= 0) {
        struct tx_buf names =
            tx_buf_of(s->reload.needs_restart, sizeof(s->reload.needs_restart) - 1);
        tx_reload_compare(s->conf, conf, &names);
        s->reload.needs_restart[names.full ? 0 : names.len] = '\0';
        if (!names.full && names.len > 2)
            tx_log(TX_LOG_NOTICE, "only masking is reloaded; these need a restart: %s",
                   s->reload.needs_restart);
        r = start_vault(s, conf, errors);
    }
    if (r >= 0)
        r = send_to_ingest(s, (struct tx_text){.p = (const char *)text.data, .n = text.len});
    tx_bytes_deinit(&text);
    return r;
}

int tx_reload_answered(struct tx_supervisor *s, struct tx_text why_not) {
    char reason[512];

    if (s->reload.config_fd < 0)
        return 0;
    if (why_not.n > 0) {
        size_t n = why_not.n < sizeof(reason) - 1 ? why_not.n : sizeof(reason) - 1;
        memcpy(reason, why_not.p, n);
        reason[n] = '\0';
        tx_log(TX_LOG_ERROR, "the masking rules before stay in force: %s", reason);
        return finish(s, reason);
    }
    keep_config(s);
    tx_log(TX_LOG_NOTICE, "the masking rules of %s are in force", s->options->config);
    return finish(s, NULL);
}

int tx_reload_ingest_ended(struct tx_supervisor *s) {
    static const char reason[] = "ingest ended while it took the new rules";
    if (s->reload.config_fd < 0)
        return 0;
    tx_log(TX_LOG_ERROR, "%s; those before stay in force", reason);
    return finish(s, reason);
}
