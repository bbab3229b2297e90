/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/reload.h"

#include <string.h>
#include <sys/epoll.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/* --- the end --- */

static void drop(struct tx_supervisor *s) {
    struct tx_reload *reload = &s->reload;

    tx_loop_remove(s->loop, reload->source);
    tx_loop_remove(s->loop, reload->timer);
    reload->source = reload->timer = NULL;
    tx_trial_deinit(&reload->trial);
    tx_policy_keys_deinit(&reload->keys);
    tx_fd_closep(&reload->policy_fd);
    tx_conf_free(reload->new);
    reload->new = NULL;
    reload->allow_weaker = false;
    reload->state = TX_RELOAD_IDLE;
}

void tx_reload_deinit(struct tx_supervisor *s) {
    drop(s);
    tx_conf_free(s->reload.in_force);
    s->reload.in_force = NULL;
}

/* Before all are ready, READY=1 would say that they are. */
static bool is_told(const struct tx_supervisor *s) {
    return s->ready && !tx_stop_is_under_way(&s->stop);
}

/* `error` NULL: it is in force. `weakened` of what was allowed. */
static int finish(struct tx_supervisor *s, const char *error) {
    const struct tx_reload_outcome outcome = {.error = error,
                                              .needs_restart = s->reload.needs_restart,
                                              .n_weakened = s->reload.trial.n_weakened,
                                              .weakened = s->reload.trial.weakened};
    bool again = s->reload.again;

    s->reload.again = false;
    if (is_told(s))
        tx_notify_ready(&s->notify);
    int r = tx_control_server_reloaded(&s->control, &outcome);
    drop(s);
    if (r < 0 || !again)
        return r;
    r = tx_reload_begin(s, false);
    return r == -EBUSY ? 0 : r;
}

static void tell_errors(const char *text) {
    while (*text) {
        size_t n = strcspn(text, "\n");
        tx_log(TX_LOG_ERROR, "%.*s", (int)n, text);
        text += n + (text[n] == '\n');
    }
    tx_log(TX_LOG_ERROR, "the masking rules before stay in force");
}

/* FILE:LINE:COLUMN, when the first error begins with it. */
static struct tx_text place_of(const char *file, const char *errors) {
    size_t n = strlen(file);
    if (strncmp(errors, file, n) != 0 || errors[n] != ':')
        return (struct tx_text){.p = NULL};
    size_t digits = strspn(errors + n, ":0123456789");
    while (digits > 0 && errors[n + digits - 1] == ':')
        digits--;
    return (struct tx_text){.p = errors, .n = n + digits};
}

static void render_change(const struct tx_supervisor *s, struct tx_text rejected,
                          struct tx_text place, struct tx_buf *b) {
    const struct tx_trial *trial = &s->reload.trial;
    struct tx_ipc_policy_change change = {.why = TX_TEXT("reload"),
                                          .rejected = rejected,
                                          .place = place,
                                          .allowed = s->reload.allow_weaker && !rejected.n &&
                                                     trial->n_weakened > 0,
                                          .more = trial->more,
                                          .n_weakened = trial->n_weakened};
    memcpy(change.weakened, trial->weakened, sizeof(change.weakened));
    tx_ipc_policy_change_render(&change, b);
}

static int send_change(struct tx_supervisor *s, enum tx_control_type type, struct tx_text rejected,
                       struct tx_text place, int fd) {
    char memory[TX_IPC_POLICY_CHANGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    render_change(s, rejected, place, &b);
    return tx_child_send(tx_supervisor_child(s, TX_CHILD_INGEST), type,
                         type == TX_CONTROL_RELOAD ? s->reload.number : 0,
                         (struct tx_text){.p = memory, .n = b.len}, fd);
}

/* The policy in force stays; the log learns that another was refused, and by which word. */
static int reject(struct tx_supervisor *s, struct tx_text word, struct tx_bytes *errors) {
    int r = tx_bytes_append(errors, "", 1);
    const char *text = r < 0 ? "no memory" : (const char *)errors->data;

    tell_errors(text);
    r = send_change(s, TX_CONTROL_POLICY_REJECTED, word, place_of(s->options->config, text), -1);
    return r < 0 ? r : finish(s, text);
}

static int reject_saying(struct tx_supervisor *s, struct tx_text word, const char *text) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    int r = tx_bytes_append(&errors, text, strlen(text));
    return r < 0 ? r : reject(s, word, &errors);
}

static int reject_as_it_ends(struct tx_supervisor *s) {
    return finish(s, "the daemon is ending");
}

/* --- it is taken --- */

/* What ingest has now, or starts with next. */
static int keep(struct tx_supervisor *s) {
    char memory[TX_IPC_POLICY_CHANGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_fd_closep(&s->setup.policy_fd);
    s->setup.policy_fd = tx_fd_steal(&s->reload.policy_fd);
    tx_conf_free(s->reload.in_force);
    s->reload.in_force = TX_STEAL(s->reload.new);
    free(s->policy.lockdown_why);
    s->policy.lockdown_why = NULL;
    tx_trial_deinit(&s->policy.trial);
    tx_log(TX_LOG_NOTICE, "the masking rules of %s are in force", s->options->config);
    if (s->reload.trial.n_weakened > 0)
        render_change(s, TX_TEXT(""), TX_TEXT(""), &b);
    return tx_last_policy_changed(s, s->reload.number, (struct tx_text){memory, b.len});
}

/* The first rule that encrypts needs the vault; nothing else is started by a reload. 1: it cannot
 * be had. */
static int start_vault(struct tx_supervisor *s) {
    struct tx_child *vault = tx_supervisor_child(s, TX_CHILD_VAULT);

    if (vault->state != TX_CHILD_OFF || !tx_setup_wants_vault(s->reload.new, &s->setup))
        return 0;
    if (s->setup.vault_fd >= 0 && vault->program[0])
        return tx_child_start_process(vault);
    return 1;
}

static int give_to_ingest(struct tx_supervisor *s) {
    struct tx_reload *reload = &s->reload;

    int r = start_vault(s);
    if (r > 0)
        return reject_saying(s, TX_TEXT("vault"),
                             "vault.dir cannot be used, and a rule encrypts: see to the directory, "
                             "then restart the daemon");
    if (r >= 0)
        r = tx_policy_keys_seal(reload->new, &reload->keys, &s->setup, reload->trial.sha256,
                                &reload->policy_fd);
    if (r < 0)
        return reject_saying(s, TX_TEXT("failed"), strerror(-r));
    reload->number = tx_last_policy_next(&s->last);
    if (tx_child_runs(tx_supervisor_child(s, TX_CHILD_INGEST))) {
        reload->state = TX_RELOAD_TAKING;
        return send_change(s, TX_CONTROL_RELOAD, TX_TEXT(""), TX_TEXT(""), reload->policy_fd);
    }
    if (reload->trial.n_weakened > 0)
        return reject_saying(s, TX_TEXT("failed"),
                             "ingest, which records what is loosened, does not run: try again");
    r = tx_last_policy_started(s); /* what those before had loosened is told all the same */
    if (r >= 0)
        r = keep(s); /* it starts with them */
    return r < 0 ? r : finish(s, NULL);
}

int tx_reload_answered(struct tx_supervisor *s, struct tx_text why_not) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;

    if (s->reload.state != TX_RELOAD_TAKING)
        return 0;
    if (why_not.n > 0) {
        int r = tx_bytes_append(&errors, why_not.p, why_not.n);
        return r < 0 ? r : reject(s, TX_TEXT("failed"), &errors);
    }
    int r = keep(s);
    return r < 0 ? r : finish(s, NULL);
}

int tx_reload_ingest_ended(struct tx_supervisor *s) {
    static const char reason[] = "ingest ended while it took the new rules";
    if (s->reload.state != TX_RELOAD_TAKING)
        return 0;
    tx_log(TX_LOG_ERROR, "%s; those before stay in force", reason);
    return finish(s, reason);
}

/* --- it is tried --- */

static int reject_weaker(struct tx_supervisor *s) {
    static const char head[] = "it masks less than what is in force:\n";
    static const char tail[] =
        "if that is meant: tracexctl reload --allow-weaker, which is recorded";
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    const struct tx_trial *trial = &s->reload.trial;

    int r = tx_bytes_append(&errors, head, sizeof(head) - 1);
    for (size_t i = 0; r == 0 && i < trial->n_weakened; i++) {
        r = tx_bytes_append(&errors, "  ", 2);
        if (r == 0)
            r = tx_bytes_append(&errors, trial->weakened[i].p, trial->weakened[i].n);
        if (r == 0)
            r = tx_bytes_append(&errors, "\n", 1);
    }
    if (r == 0 && trial->more)
        r = tx_bytes_append(&errors, "  and more\n", 11);
    if (r == 0)
        r = tx_bytes_append(&errors, tail, sizeof(tail) - 1);
    return r < 0 ? r : reject(s, TX_TEXT("weaker"), &errors);
}

static int judge(struct tx_supervisor *s) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_trial *trial = &s->reload.trial;

    tx_loop_remove(s->loop, s->reload.source);
    s->reload.source = NULL;
    if (tx_stop_is_under_way(&s->stop)) /* no part is started or changed any more */
        return reject_as_it_ends(s);
    if (trial->verdict == TX_TRIAL_GOOD)
        return trial->n_weakened > 0 && !s->reload.allow_weaker ? reject_weaker(s)
                                                                : give_to_ingest(s);
    errors = trial->errors;
    trial->errors = TX_BYTES_INIT;
    return reject(s, trial->verdict == TX_TRIAL_BAD ? TX_TEXT("tests") : TX_TEXT("failed"),
                  &errors);
}

static int on_trial(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    (void)events;
    int r = tx_trial_read(&s->reload.trial);
    return r == -EAGAIN ? 0 : r < 0 ? r : judge(s);
}

static int on_late(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    (void)events;
    if (s->reload.state != TX_RELOAD_TRYING)
        return 0;
    int r = tx_trial_give_up(&s->reload.trial);
    return r < 0 ? r : judge(s);
}

static int begin_trial(struct tx_supervisor *s) {
    struct tx_reload *reload = &s->reload;
    const struct tx_conf *before = reload->in_force ? reload->in_force : s->conf;
    if (s->policy.lockdown_why) /* nobody chose that */
        before = s->last.before;
    const struct tx_trial_question question = {.masking = &reload->new->masking,
                                               .before = before ? &before->masking : NULL,
                                               .name = s->options->config,
                                               .setup = &s->setup};

    reload->state = TX_RELOAD_TRYING;
    int r = tx_trial_start(&question, &reload->trial);
    if (r >= 0)
        r = tx_loop_add(s->loop, reload->trial.fd, EPOLLIN, on_trial, s, &reload->source);
    if (r >= 0)
        r = tx_loop_add_timer(s->loop, on_late, s, &reload->timer);
    return r < 0 ? r : tx_loop_set_timer(reload->timer, tx_clock_boot() + TX_TRIAL_NS, 0);
}

/* --- it is read --- */

static void name_what_needs_a_restart(struct tx_supervisor *s) {
    struct tx_reload *reload = &s->reload;
    struct tx_buf names = tx_buf_of(reload->needs_restart, sizeof(reload->needs_restart) - 1);

    tx_reload_compare(s->conf, reload->new, &names);
    reload->needs_restart[names.full ? 0 : names.len] = '\0';
    if (!names.full && names.len > 2)
        tx_log(TX_LOG_NOTICE, "only masking is reloaded; these need a restart: %s",
               reload->needs_restart);
}

int tx_reload_begin(struct tx_supervisor *s, bool allow_weaker) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_reload *reload = &s->reload;

    if (reload->state != TX_RELOAD_IDLE)
        return -EBUSY;
    if (tx_stop_is_under_way(&s->stop))
        return reject_as_it_ends(s);
    reload->allow_weaker = allow_weaker;
    reload->needs_restart[0] = '\0';
    if (is_told(s))
        tx_notify_reloading(&s->notify);
    int r = tx_conf_load(s->options->config, &errors, NULL, &reload->new);
    if (r > 0)
        return reject(s, TX_TEXT("invalid"), &errors);
    if (r < 0)
        return reject_saying(s, TX_TEXT("failed"), strerror(-r));
    name_what_needs_a_restart(s);
    r = tx_policy_keys_open(&reload->new->masking, &s->setup, s->options->config, false, &errors,
                            &reload->keys);
    if (r > 0)
        return reject(s, TX_TEXT("keys"), &errors);
    if (r == 0)
        r = begin_trial(s);
    return r < 0 ? reject_saying(s, TX_TEXT("failed"), strerror(-r)) : 0;
}

int tx_reload_by_signal(struct tx_supervisor *s) {
    int r = tx_reload_begin(s, false);
    if (r == -EBUSY)
        s->reload.again = true;
    return r == -EBUSY ? 0 : r;
}
