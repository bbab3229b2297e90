/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "libtx/base/text.h"
#include "libtx/crypto/begin.h"

/* Our parent died: what is left may be finished, but not for long. */
static void parent_died(int signal_number) {
    (void)signal_number;
    alarm(TX_CHILD_GRACE_SECONDS);
}

static int prepare_signals(void) {
    static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction grace = {.sa_handler = parent_died, .sa_flags = SA_RESTART};

    for (size_t i = 0; i < TX_COUNT_OF(ignored); i++)
        if (sigaction(ignored[i], &ignore, NULL) < 0)
            return -errno;
    if (sigaction(SIGUSR1, &grace, NULL) < 0)
        return -errno;
    return prctl(PR_SET_PDEATHSIG, SIGUSR1) < 0 ? -errno : 0;
}

static int read_number(const char *text, uint64_t max, uint64_t *ret) {
    uint64_t v;
    int r = tx_dec_decode((struct tx_text){.p = text, .n = strlen(text)}, &v);
    if (r < 0 || v > max)
        return -EINVAL;
    *ret = v;
    return 0;
}

/* One option with its value. */
static int read_option(const char *name, const char *value, struct tx_child_options *options,
                       bool *ret_uid, bool *ret_gid) {
    uint64_t v = 0;
    int r = 0;

    if (strcmp(name, "--config-name") == 0) {
        options->config_name = value;
    } else if (strcmp(name, "--origin") == 0) {
        options->origin = value;
    } else if (strcmp(name, "--stream") == 0) {
        options->stream = value;
    } else if (strcmp(name, "--uid") == 0) {
        r = read_number(value, UINT32_MAX - 1, &v);
        options->uid = (uid_t)v;
        *ret_uid = true;
    } else if (strcmp(name, "--gid") == 0) {
        r = read_number(value, UINT32_MAX - 1, &v);
        options->gid = (gid_t)v;
        *ret_gid = true;
    } else if (strcmp(name, "--epoch-ns") == 0) {
        r = read_number(value, INT64_MAX, &v);
        options->epoch_ns = (int64_t)v;
    } else if (strcmp(name, "--epoch-records") == 0) {
        r = read_number(value, UINT64_MAX, &options->epoch_records);
    } else if (strcmp(name, "--kept") == 0) {
        r = read_number(value, 1, &v);
        options->kept = v == 1;
    } else if (strcmp(name, "--kek-given") == 0) {
        r = read_number(value, 1, &v);
        options->kek_given = v == 1;
    } else {
        r = -EINVAL;
    }
    return r;
}

static bool started_by_supervisor(void) {
    int type = 0;
    socklen_t n = sizeof(type);
    return getsockopt(TX_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET;
}

int tx_child_start(const char *process, int argc, char **argv, struct tx_child_options *ret) {
    struct tx_child_options options = {0};
    bool has_uid = false, has_gid = false;

    tx_log_open(process);
    if (!started_by_supervisor()) {
        tx_log(TX_LOG_ERROR, "this is a part of tracex-auditd, which starts it; run tracex-auditd");
        return -EINVAL;
    }
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!value || read_option(argv[i], value, &options, &has_uid, &has_gid) < 0) {
            tx_log(TX_LOG_ERROR,
                   "option %s is unknown or its value is wrong: tracex-auditd and %s "
                   "are not of one version",
                   argv[i], process);
            return -EINVAL;
        }
    }
    if (has_uid != has_gid) {
        tx_log(TX_LOG_ERROR, "--uid and --gid come together");
        return -EINVAL;
    }
    options.change_user = has_uid;
    snprintf(options.new_log, sizeof(options.new_log), "--new-log%s%s", options.stream ? "=" : "",
             options.stream ? options.stream : "");
    int r = tx_crypto_begin();
    if (r < 0) {
        tx_log(TX_LOG_ERROR, "OpenSSL has no SHA-256 or AES-256-GCM; see its configuration");
        return r;
    }
    r = prepare_signals();
    if (r < 0)
        return r;
    *ret = options;
    return 0;
}

static bool has_other_user(const struct tx_child_options *child) {
    uid_t real, effective, saved;
    return child->change_user && getresuid(&real, &effective, &saved) == 0 && real == 0;
}

/* Capabilities come back with the user id; a change of it makes the kernel forget the signal that
 * tells of a parent's death. */
static int set_effective(uid_t uid, gid_t gid, bool gid_first) {
    int parent_death_signal = 0;
    if (prctl(PR_GET_PDEATHSIG, &parent_death_signal) < 0)
        return -errno;
    if (gid_first && setegid(gid) < 0)
        return -errno;
    if (seteuid(uid) < 0)
        return -errno;
    if (!gid_first && setegid(gid) < 0)
        return -errno;
    return prctl(PR_SET_PDEATHSIG, parent_death_signal) < 0 ? -errno : 0;
}

int tx_child_user_enter(const struct tx_child_options *child) {
    return has_other_user(child) ? set_effective(child->uid, child->gid, true) : 0;
}

int tx_child_user_leave(const struct tx_child_options *child) {
    return has_other_user(child) ? set_effective(0, 0, false) : 0;
}
