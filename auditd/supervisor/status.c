/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/status.h"

#include <string.h>
#include <unistd.h>

#include "auditd/supervisor/streams.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/clock.h"

#define DEPTH_MAX 32

bool tx_status_is_object(struct tx_text text) {
    char expected[DEPTH_MAX];
    size_t depth = 0;
    bool in_string = false;

    if (text.n < 2 || text.p[0] != '{' || !tx_utf8_valid(text.p, text.n))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((unsigned char)c < 0x20)
            return false;
        if (in_string) {
            in_string = c != '"';
            i += c == '\\';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (depth == DEPTH_MAX)
                return false;
            expected[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (depth == 0 || expected[--depth] != c)
                return false;
            if (depth == 0)
                return i + 1 == text.n;
        }
    }
    return false;
}

/* --- pieces --- */

#define WEAKENED_MAX 8

static void key(struct tx_buf *b, const char *name) {
    if (b->len > 0 && b->data[b->len - 1] != '{')
        tx_buf_char(b, ',');
    tx_buf_json_string(b, name, strlen(name));
    tx_buf_char(b, ':');
}

static void number(struct tx_buf *b, const char *name, uint64_t v) {
    key(b, name);
    tx_buf_dec(b, v);
}

static void flag(struct tx_buf *b, const char *name, bool v) {
    key(b, name);
    tx_buf_str(b, v ? "true" : "false");
}

/* Paths may hold any bytes; JSON may not. */
static void text(struct tx_buf *b, const char *name, const char *v) {
    size_t n = strlen(v);
    key(b, name);
    if (tx_utf8_valid(v, n))
        tx_buf_json_string(b, v, n);
    else
        tx_buf_str(b, "null");
}

static void object(struct tx_buf *b, const char *name, const struct tx_bytes *said) {
    struct tx_text t = {.p = (const char *)said->data, .n = said->len};
    if (said->len == 0 || !tx_status_is_object(t))
        return;
    key(b, name);
    tx_buf_put(b, t.p, t.n);
}

/* --- parts --- */

static void render_connections(const struct tx_accept *accept, struct tx_buf *b) {
    key(b, "connections");
    tx_buf_char(b, '{');
    number(b, "open", accept->connections.n_open);
    number(b, "accepted", accept->n_accepted);
    number(b, "refused_total", accept->n_refused_total);
    number(b, "refused_uid", accept->n_refused_uid);
    number(b, "refused_other", accept->n_refused_other);
    number(b, "limit_total", accept->limit_total);
    number(b, "limit_per_uid", accept->limit_per_uid);
    number(b, "send_buffer", (uint64_t)accept->send_buffer);
    flag(b, "kept", accept->keep && tx_keep_is_used(accept->keep));
    if (accept->keep)
        number(b, "not_kept", accept->keep->n_refused);
    tx_buf_char(b, '}');
}

/* Of a start that masks less than before; as text for people. The log has more. */
static void render_weakened(const struct tx_trial *trial, struct tx_buf *b) {
    if (trial->n_weakened == 0)
        return;
    key(b, "weakened");
    for (size_t i = 0; i < trial->n_weakened && i < WEAKENED_MAX; i++) {
        tx_buf_char(b, i > 0 ? ',' : '[');
        if (tx_utf8_valid(trial->weakened[i].p, trial->weakened[i].n))
            tx_buf_json_string(b, trial->weakened[i].p, trial->weakened[i].n);
        else
            tx_buf_str(b, "null");
    }
    tx_buf_char(b, ']');
}

static void render_supervisor(const struct tx_supervisor *s, struct tx_buf *b) {
    key(b, "supervisor");
    tx_buf_char(b, '{');
    text(b, "version", TX_VERSION);
    number(b, "pid", (uint64_t)getpid());
    number(b, "uptime_seconds", (uint64_t)((tx_clock_boot() - s->started_ns) / 1000000000));
    flag(b, "ready", s->ready);
    flag(b, "stopping", tx_stop_is_under_way(&s->stop));
    text(b, "config", s->options->config);
    text(b, "log_dir", s->conf->streams[TX_STREAM_AUDIT].log_dir);
    text(b, "origin", s->setup.streams[TX_STREAM_AUDIT].origin);
    if (s->setup.streams[TX_STREAM_TRACE].is_open)
        text(b, "trace_log_dir", s->conf->streams[TX_STREAM_TRACE].log_dir);
    text(b, "socket", s->conf->socket_path);
    flag(b, "socket_activated", s->listener.activated);
    flag(b, "socket_lost", s->listener.is_lost);
    number(b, "children_uid", s->setup.uid);
    flag(b, "children_change_user", s->setup.change_user);
    key(b, "masking");
    tx_buf_char(b, '{');
    flag(b, "lockdown", s->policy.lockdown_why != NULL);
    if (s->policy.lockdown_why)
        text(b, "why", s->policy.lockdown_why);
    render_weakened(&s->policy.trial, b);
    tx_buf_char(b, '}');
    render_connections(&s->accept, b);
    key(b, "sandbox");
    tx_buf_char(b, '{');
    flag(b, "seccomp", s->report.seccomp);
    flag(b, "no_new_privileges", s->report.no_new_privileges);
    flag(b, "core_dumps_off", s->report.core_dumps_off);
    flag(b, "memory_locked", s->report.memory_locked);
    tx_buf_str(b, "}}");
}

static void render_child(const struct tx_supervisor *s, const struct tx_child *child,
                         struct tx_buf *b) {
    key(b, child->name);
    tx_buf_char(b, '{');
    text(b, "state", tx_child_state_name(child->state));
    number(b, "pid", (uint64_t)child->pid);
    number(b, "restarts", child->restarts);
    number(b, "crashes", child->crashes);
    flag(b, "answers", tx_health_is_well(s, child->id, tx_clock_boot()));
    object(b, "sandbox", &child->report);
    if (!child->status_pending)
        object(b, "status", &child->status);
    tx_buf_char(b, '}');
}

static bool is_told(const struct tx_supervisor *s, const struct tx_child *child) {
    if (tx_streams_is_other(child))
        return child->state != TX_CHILD_OFF;
    if (child->role == TX_ROLE_FORWARD)
        return s->conf->streams[child->stream].journald_enabled;
    return child->role != TX_ROLE_VAULT || child->state != TX_CHILD_OFF;
}

void tx_status_render(const struct tx_supervisor *s, struct tx_buf *b) {
    tx_buf_str(b, "{\"ok\":true");
    render_supervisor(s, b);
    for (int i = 0; i < TX_CHILD_N; i++)
        if (is_told(s, &s->children.all[i]))
            render_child(s, &s->children.all[i], b);
    tx_buf_char(b, '}');
}
