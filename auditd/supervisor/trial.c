/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/trial.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/sandbox/sandbox.h"
#include "auditd/sandbox/syscalls.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/begin.h"
#include "libtx/mask/compare/compare.h"
#include "libtx/mask/mask.h"
#include "libtx/mask/selftest.h"

#define CPU_SECONDS 20
#define ANSWER_BYTES (512u * 1024u)
#define ERRORS_BYTES (64u * 1024u)
#define WEAKENED_BYTES 512u /* of one */

/* --- the answer: u8 good, 32 bytes sha256, u32 length, errors; u8 more, u8 count, of each u16
 * length, text --- */

static int write_answer(int fd, const struct tx_trial *trial, const struct tx_weakenings *weaker) {
    _cleanup_(tx_freep) uint8_t *memory = malloc(ANSWER_BYTES);
    struct tx_buf b = tx_buf_of(memory, ANSWER_BYTES);
    size_t n = trial->errors.len < ERRORS_BYTES ? trial->errors.len : ERRORS_BYTES;

    if (!memory)
        return -ENOMEM;
    tx_buf_u8(&b, trial->verdict == TX_TRIAL_GOOD);
    tx_buf_put(&b, trial->sha256, sizeof(trial->sha256));
    tx_buf_u32(&b, (uint32_t)n);
    if (n > 0)
        tx_buf_put(&b, trial->errors.data, n);
    tx_buf_u8(&b, weaker->more);
    tx_buf_u8(&b, (uint8_t)weaker->n);
    for (size_t i = 0; i < weaker->n; i++) {
        char text[WEAKENED_BYTES];
        int len = snprintf(text, sizeof(text), "%s: %s -> %s", weaker->item[i].what,
                           weaker->item[i].before, weaker->item[i].now);
        len = len < (int)sizeof(text) ? len : (int)sizeof(text) - 1;
        while (len > 0 && !tx_utf8_valid(text, (size_t)len))
            len--; /* it was cut within a character */
        tx_buf_u16(&b, (uint16_t)len);
        tx_buf_put(&b, text, (size_t)len);
    }
    return b.full ? -EFBIG : tx_fd_write_all(fd, b.data, b.len);
}

static int take_weakened(struct tx_cursor *c, struct tx_trial *trial) {
    uint8_t more = 0, n = 0;
    int r = tx_cursor_u8(c, &more);
    if (r == 0)
        r = tx_cursor_u8(c, &n);
    if (r == 0 && n > TX_IPC_POLICY_WEAKENED_MAX)
        r = -EBADMSG;
    for (size_t i = 0; r == 0 && i < n; i++) {
        const uint8_t *p;
        uint16_t len;
        r = tx_cursor_u16(c, &len);
        if (r == 0)
            r = tx_cursor_bytes(c, len, &p);
        if (r == 0)
            trial->weakened[trial->n_weakened++] = (struct tx_text){.p = (const char *)p, .n = len};
    }
    trial->more = more;
    return r;
}

static int take_answer(struct tx_trial *trial) {
    struct tx_cursor c = tx_cursor_of(trial->answer.data, trial->answer.len);
    const uint8_t *sha256, *errors;
    uint32_t n;
    uint8_t good;

    int r = tx_cursor_u8(&c, &good);
    if (r == 0)
        r = tx_cursor_bytes(&c, sizeof(trial->sha256), &sha256);
    if (r == 0)
        r = tx_cursor_u32(&c, &n);
    if (r == 0)
        r = tx_cursor_bytes(&c, n, &errors);
    if (r == 0)
        r = take_weakened(&c, trial);
    if (r < 0 || c.n > 0)
        return -EBADMSG;
    memcpy(trial->sha256, sha256, sizeof(trial->sha256));
    trial->verdict = good ? TX_TRIAL_GOOD : TX_TRIAL_BAD;
    return n > 0 ? tx_bytes_append(&trial->errors, errors, n) : 0;
}

/* --- the process --- */

static int tell_failure(const struct tx_trial_question *question, int r, struct tx_bytes *errors) {
    char text[512];
    const char *why = r == -EINVAL ? "its rules cannot be compiled" : strerror(-r);
    int n = snprintf(text, sizeof(text), "%s: masking: %s\n", question->name, why);
    return tx_bytes_append(errors, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* As ingest will, but with keys of zeros. */
static int compile(const struct tx_trial_question *question, const struct tx_mask_key *keys,
                   struct tx_trial *trial) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = NULL;
    int r = tx_mask_new(question->masking, keys, question->masking->n_keys, NULL, &mask);
    if (r == 0)
        memcpy(trial->sha256, tx_mask_policy(mask)->bytes, sizeof(trial->sha256));
    return r;
}

static int try_policy(const struct tx_trial_question *question, struct tx_trial *trial,
                      struct tx_weakenings *weaker) {
    static const uint8_t zeros[TX_MASK_KEY_BYTES_MIN];
    struct tx_mask_key keys[TX_MASKING_KEYS_MAX];
    const struct tx_masking *masking = question->masking;

    for (size_t i = 0; i < masking->n_keys; i++)
        keys[i] = (struct tx_mask_key){masking->keys[i].id, zeros, sizeof(zeros)};
    int r = tx_mask_run_tests(masking, keys, masking->n_keys, question->name, &trial->errors);
    if (r == 0)
        r = compile(question, keys, trial);
    if (r == 0 && question->before)
        r = tx_masking_compare(question->before, masking, weaker);
    trial->verdict = r == 0 ? TX_TRIAL_GOOD : TX_TRIAL_BAD;
    if (r < 0)
        r = tell_failure(question, r, &trial->errors);
    return r < 0 ? r : 0;
}

static void limit(int resource, rlim_t value) {
    const struct rlimit both = {value, value};
    (void)setrlimit((__rlimit_resource_t)resource, &both);
}

static int enter_sandbox(const struct tx_setup *setup) {
    static const int allowed[] = {TX_SYSCALLS_BASE};
    struct tx_sandbox_report report;
    const struct tx_sandbox sandbox = {.change_user = setup->change_user,
                                       .uid = setup->uid,
                                       .gid = setup->gid,
                                       .chroot_fd = -1,
                                       .syscalls = allowed,
                                       .n_syscalls = TX_COUNT_OF(allowed)};

    int r = tx_crypto_begin();
    return r < 0 ? r : tx_sandbox_enter(&sandbox, &report);
}

/* Descriptors of ours are not for it. */
static int keep_only(int fd) {
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (moved < 0 || dup2(moved, 3) < 0)
        return -errno;
    return close_range(4, ~0u, 0) < 0 ? -errno : 3;
}

static int work(const struct tx_trial_question *question, int fd) {
    struct tx_trial trial = TX_TRIAL_INIT;
    static struct tx_weakenings weaker;
    sigset_t none;

    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return -errno;
    fd = keep_only(fd);
    limit(RLIMIT_CPU, CPU_SECONDS);
    int r = fd < 0 ? fd : enter_sandbox(question->setup);
    if (r == 0)
        r = try_policy(question, &trial, &weaker);
    return r < 0 ? r : write_answer(fd, &trial, &weaker);
}

/* --- its parent --- */

int tx_trial_start(const struct tx_trial_question *question, struct tx_trial *ret) {
    struct tx_trial trial = TX_TRIAL_INIT;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    trial.fd = ends[0];
    trial.pid = fork();
    if (trial.pid == 0)
        _exit(work(question, ends[1]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
    int r = trial.pid < 0 ? -errno : tx_fd_set_nonblocking(trial.fd, true);
    tx_fd_closep(&ends[1]);
    if (r < 0) {
        trial.pid = trial.pid < 0 ? 0 : trial.pid;
        tx_trial_deinit(&trial);
        return r;
    }
    *ret = trial;
    return 0;
}

static int reap(struct tx_trial *trial) {
    int status = 0;
    pid_t r;
    do
        r = waitpid(trial->pid, &status, 0);
    while (r < 0 && errno == EINTR);
    trial->pid = 0;
    return status;
}

static int fail(struct tx_trial *trial, const char *how) {
    trial->verdict = TX_TRIAL_FAILED;
    trial->n_weakened = 0;
    tx_bytes_deinit(&trial->errors);
    return tx_bytes_append(&trial->errors, how, strlen(how));
}

static int finish(struct tx_trial *trial) {
    char how[128];
    int status = reap(trial);

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && take_answer(trial) == 0)
        return 0;
    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "masking: its trial was ended by signal %d\n", WTERMSIG(status));
    else
        snprintf(how, sizeof(how), "masking: its trial failed\n");
    return fail(trial, how);
}

int tx_trial_read(struct tx_trial *trial) {
    for (;;) {
        uint8_t memory[4096];
        ssize_t n = read(trial->fd, memory, sizeof(memory));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return finish(trial);
        if (trial->answer.len + (size_t)n > ANSWER_BYTES)
            return tx_trial_give_up(trial);
        int r = tx_bytes_append(&trial->answer, memory, (size_t)n);
        if (r < 0)
            return r;
    }
}

int tx_trial_give_up(struct tx_trial *trial) {
    kill(trial->pid, SIGKILL);
    (void)reap(trial);
    return fail(trial, "masking: its tests and examples take too long\n");
}

int tx_trial_wait(struct tx_trial *trial) {
    int64_t end = tx_clock_boot() + TX_TRIAL_NS;
    for (;;) {
        int r = tx_trial_read(trial);
        if (r != -EAGAIN)
            return r;
        int64_t left = end - tx_clock_boot();
        struct pollfd poll_fd = {.fd = trial->fd, .events = POLLIN};
        if (left <= 0)
            return tx_trial_give_up(trial);
        if (poll(&poll_fd, 1, (int)(left / 1000000) + 1) < 0 && errno != EINTR)
            return -errno;
    }
}

void tx_trial_deinit(struct tx_trial *trial) {
    if (trial->pid > 0) {
        kill(trial->pid, SIGKILL);
        (void)reap(trial);
    }
    tx_fd_closep(&trial->fd);
    tx_bytes_deinit(&trial->answer);
    tx_bytes_deinit(&trial->errors);
    *trial = TX_TRIAL_INIT;
}
