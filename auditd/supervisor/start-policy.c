/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/start-policy.h"

#include <string.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/trial.h"
#include "libtx/base/fd.h"
#include "libtx/conf/masking.h"

int tx_start_policy_wrong(struct tx_start_policy *start, const struct tx_conf *conf,
                          const struct tx_bytes *errors) {
    const char *text = errors->len ? (const char *)errors->data : "";
    const char *end = memchr(text, '\n', errors->len);

    if (!start->may_lock_down)
        return -EINVAL;
    if (conf->masking.refuse_bad_config) {
        tx_log(TX_LOG_ERROR,
               "masking: cannot be used, and on_bad_config says refuse: mend it, then start again");
        return -EINVAL;
    }
    free(start->lockdown_why);
    start->lockdown_why = strndup(text, end ? (size_t)(end - text) : errors->len);
    if (!start->lockdown_why)
        return -ENOMEM;
    tx_log(TX_LOG_ERROR,
           "LOCKDOWN: masking: cannot be used, so every string but names of events and fields is "
           "masked until it is mended; then run: tracexctl reload");
    return 0;
}

static int try_policy(struct tx_start_policy *start, const struct tx_conf *conf, const char *name,
                      const struct tx_setup *setup, struct tx_bytes *errors, bool *ret_good) {
    const struct tx_trial_question question = {
        .masking = &conf->masking, .name = name, .setup = setup};
    struct tx_trial trial;

    int r = tx_trial_start(&question, &trial);
    if (r < 0)
        return r;
    r = tx_trial_wait(&trial);
    *ret_good = r == 0 && trial.verdict == TX_TRIAL_GOOD;
    if (r == 0 && trial.errors.len > 0)
        r = tx_bytes_append(errors, trial.errors.data, trial.errors.len);
    memcpy(start->sha256, trial.sha256, sizeof(start->sha256));
    start->has_sha256 = *ret_good;
    tx_trial_deinit(&trial);
    return r;
}

int tx_start_policy_try(struct tx_start_policy *start, struct tx_conf *conf, const char *name,
                        const struct tx_setup *setup) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    bool good = false;

    int r = tx_policy_keys_open(&conf->masking, setup, name, !start->may_lock_down, &errors,
                                &start->keys);
    if (r == 0)
        r = try_policy(start, conf, name, setup, &errors, &good);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "masking: cannot be tried: %s", strerror(-r));
        return r;
    }
    if (good)
        return 0;
    if (tx_fd_write_all(STDERR_FILENO, errors.data, errors.len) < 0)
        return -EIO;
    r = tx_start_policy_wrong(start, conf, &errors);
    tx_policy_keys_deinit(&start->keys);
    tx_conf_masking_lock_down(&conf->masking);
    return r;
}

void tx_start_policy_deinit(struct tx_start_policy *start) {
    free(start->lockdown_why);
    tx_policy_keys_deinit(&start->keys);
    *start = (struct tx_start_policy){.lockdown_why = NULL};
}
