/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/supervisor/activated.h"
#include "auditd/supervisor/new-log.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/fd.h"

/*
 * tracex-auditd: options → configuration → directories and what lies in them → sockets, sandbox,
 * children → loop.
 */

/* Errors of a configuration go to standard error as they are: they have their own form. */
static int load(struct tx_supervisor *supervisor, struct tx_bytes *text) {
    const char *path = supervisor->options->config;
    struct tx_bytes errors = TX_BYTES_INIT;

    int r = tx_conf_load(path, &errors, text, &supervisor->conf);
    if (errors.len > 0 && tx_fd_write_all(STDERR_FILENO, errors.data, errors.len) < 0)
        r = r ? r : -EIO;
    if (r < 0)
        tx_log(TX_LOG_ERROR, "%s: %s", path, strerror(-r));
    else if (r == TX_CONF_E_MASKING)
        r = tx_start_policy_wrong(&supervisor->policy, supervisor->conf, &errors);
    else if (r > 0)
        r = -EINVAL;
    tx_bytes_deinit(&errors);
    return r;
}

/* That the file's policy can be used, unless it was found already that it cannot. */
static int try_policy(struct tx_supervisor *supervisor) {
    const struct tx_options *options = supervisor->options;
    int r = 0;

    if (options->task == TX_TASK_RUN)
        r = tx_last_policy_load(supervisor->conf, &supervisor->setup, &supervisor->last);
    if (r < 0 || supervisor->policy.lockdown_why || options->task == TX_TASK_SHOW)
        return r;
    return tx_start_policy_try(&supervisor->policy, supervisor->conf, options->config,
                               &supervisor->setup, &supervisor->last);
}

static int show(const struct tx_conf *conf) {
    struct tx_bytes text = TX_BYTES_INIT;

    int r = tx_conf_render(conf, &text);
    if (r >= 0)
        r = tx_fd_write_all(STDOUT_FILENO, text.data, text.len);
    tx_bytes_deinit(&text);
    return r;
}

/* The parts read what is in force, not the file: they can look up no user and open no file. */
static int hand_on(struct tx_supervisor *supervisor) {
    const struct tx_conf *conf = supervisor->conf;
    struct tx_start_policy *policy = &supervisor->policy;
    struct tx_setup *setup = &supervisor->setup;
    struct tx_bytes text = TX_BYTES_INIT;

    int r = tx_conf_render_to_hand_on(conf, &text);
    if (r >= 0)
        r = tx_setup_content(conf, (struct tx_text){(const char *)text.data, text.len}, setup);
    if (r >= 0)
        r = tx_policy_keys_seal(conf, &policy->keys, setup,
                                policy->has_sha256 ? policy->sha256 : NULL, &setup->policy_fd);
    tx_policy_keys_deinit(&policy->keys);
    tx_bytes_deinit(&text);
    return r;
}

static int renew_logs(struct tx_supervisor *supervisor) {
    const struct tx_conf *conf = supervisor->conf;
    const struct tx_options *options = supervisor->options;
    struct tx_setup *setup = &supervisor->setup;
    int r = 0;

    for (int i = 0; r >= 0 && i < TX_STREAM_N; i++)
        if (setup->streams[i].is_open)
            r = tx_new_log_recover(conf, (enum tx_stream_id)i);
    if (r < 0 || !options->new_log)
        return r;
    return setup->streams[options->new_log_of].is_open
               ? tx_new_log_begin(conf, options->new_log_of, setup)
               : -EINVAL;
}

static int run(struct tx_supervisor *supervisor) {
    struct tx_conf *conf = supervisor->conf;
    struct tx_setup *setup = &supervisor->setup;

    umask(0027);
    tx_activated_init();
    int r = tx_keep_init(&supervisor->keep);
    if (r < 0)
        return r;
    tx_keep_end_children(&supervisor->keep);
    setup->kept = tx_keep_is_used(&supervisor->keep);
    setup->inbox_fd = tx_keep_take_memory(&supervisor->keep, TX_KEEP_INBOX, TX_INGEST_INBOX_BYTES);
    setup->rings_fd =
        tx_keep_take_memory(&supervisor->keep, TX_KEEP_POSITIONS, TX_INGEST_RINGS_BYTES);
    r = tx_setup_directories(conf, setup);
    if (r >= 0)
        r = renew_logs(supervisor);
    if (r >= 0)
        r = hand_on(supervisor);
    if (r < 0)
        return r;
    tx_keep_memory(&supervisor->keep, TX_KEEP_INBOX, setup->inbox_fd);
    tx_keep_memory(&supervisor->keep, TX_KEEP_POSITIONS, setup->rings_fd);
    r = tx_supervisor_start(supervisor);
    if (r >= 0)
        r = tx_loop_run(supervisor->loop);
    if (r < 0)
        tx_log(TX_LOG_ERROR, "it ends: %s", strerror(-r));
    tx_supervisor_deinit(supervisor);
    return r;
}

static enum tx_exit act(const struct tx_options *options) {
    struct tx_supervisor supervisor = {
        .options = options,
        .setup = TX_SETUP_INIT,
        .keep = TX_KEEP_INIT,
        .listener = TX_LISTENER_INIT,
        .control = {.listener = TX_LISTENER_INIT},
        .reload = TX_RELOAD_INIT,
        .accept = {.spare_fd = -1},
        .policy = {.may_lock_down = options->task == TX_TASK_RUN, .trial = {.fd = -1}},
        .last = {.change = TX_BYTES_INIT},
        .signal_fd = -1};
    struct tx_bytes text = TX_BYTES_INIT;

    int r = load(&supervisor, &text);
    struct tx_text config_text = {.p = (const char *)text.data, .n = text.len};
    if (r >= 0)
        r = tx_setup_user(supervisor.conf, options->config, config_text, &supervisor.setup);
    if (r >= 0)
        r = try_policy(&supervisor);
    if (r >= 0 && options->task == TX_TASK_SHOW)
        r = show(supervisor.conf);
    else if (r >= 0 && options->task == TX_TASK_RUN)
        r = run(&supervisor);
    tx_setup_deinit(&supervisor.setup);
    tx_start_policy_deinit(&supervisor.policy);
    tx_last_policy_deinit(&supervisor.last);
    tx_conf_free(supervisor.conf);
    tx_bytes_deinit(&text);
    return r < 0 && supervisor.exit_code == TX_EXIT_OK ? TX_EXIT_FAILURE : supervisor.exit_code;
}

int main(int argc, char **argv) {
    struct tx_options options;

    tx_log_open("tracex-auditd");
    if (tx_options_read(argc, argv, &options) < 0)
        return TX_EXIT_USAGE;
    if (options.task == TX_TASK_HELP) {
        tx_options_print_help();
        return TX_EXIT_OK;
    }
    if (options.task == TX_TASK_VERSION) {
        puts("tracex-auditd " TX_VERSION);
        return TX_EXIT_OK;
    }
    return (int)act(&options);
}
