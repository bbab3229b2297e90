/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/start-policy.h"

#include <string.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
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

static int try_policy(struct tx_start_policy *start, const struct tx_trial_question *question,
                      struct tx_bytes *errors, bool *ret_good) {
    struct tx_trial *trial = &start->trial;

    int r = tx_trial_start(question, trial);
    if (r < 0)
        return r;
    r = tx_trial_wait(trial);
    *ret_good = r == 0 && trial->verdict == TX_TRIAL_GOOD;
    if (r == 0 && trial->errors.len > 0)
        r = tx_bytes_append(errors, trial->errors.data, trial->errors.len);
    memcpy(start->sha256, trial->sha256, sizeof(start->sha256));
    start->has_sha256 = *ret_good;
    return r;
}

/* What cannot be compared may be less. */
static void tell_weaker(struct tx_start_policy *start, const char *name,
                        const struct tx_last_policy *last) {
    struct tx_trial *trial = &start->trial;

    if (last->is_lost)
        trial->weakened[trial->n_weakened++] =
            TX_TEXT("all: what was masked by before is not known");
    if (trial->n_weakened == 0)
        return;
    tx_log(TX_LOG_WARNING,
           "WEAKER: the rules of %s mask less than those that were in force when the daemon ran "
           "last; the log will say so:",
           name);
    for (size_t i = 0; i < trial->n_weakened; i++)
        tx_log(TX_LOG_WARNING, "  %.*s", (int)trial->weakened[i].n, trial->weakened[i].p);
}

int tx_start_policy_try(struct tx_start_policy *start, struct tx_conf *conf, const char *name,
                        const struct tx_setup *setup, const struct tx_last_policy *last) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    const struct tx_trial_question question = {.masking = &conf->masking,
                                               .before =
                                                   last->before ? &last->before->masking : NULL,
                                               .name = name,
                                               .setup = setup};
    bool good = false;

    int r = tx_policy_keys_open(&conf->masking, setup, name, !start->may_lock_down, &errors,
                                &start->keys);
    if (r == 0)
        r = try_policy(start, &question, &errors, &good);
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "masking: cannot be tried: %s", strerror(-r));
        return r;
    }
    if (good) {
        tell_weaker(start, name, last);
        return 0;
    }
    if (tx_fd_write_all(STDERR_FILENO, errors.data, errors.len) < 0)
        return -EIO;
    r = tx_start_policy_wrong(start, conf, &errors);
    tx_policy_keys_deinit(&start->keys);
    tx_trial_deinit(&start->trial);
    tx_conf_masking_lock_down(&conf->masking);
    return r;
}

void tx_start_policy_render_change(const struct tx_start_policy *start, struct tx_buf *b) {
    struct tx_ipc_policy_change change = {
        .why = TX_TEXT("start"), .more = start->trial.more, .n_weakened = start->trial.n_weakened};
    memcpy(change.weakened, start->trial.weakened, sizeof(change.weakened));
    if (change.n_weakened > 0)
        tx_ipc_policy_change_render(&change, b);
}

void tx_start_policy_deinit(struct tx_start_policy *start) {
    free(start->lockdown_why);
    tx_policy_keys_deinit(&start->keys);
    tx_trial_deinit(&start->trial);
    *start = TX_START_POLICY_INIT;
}
