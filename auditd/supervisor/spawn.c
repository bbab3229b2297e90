/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/spawn.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libtx/base/fd.h"

/* Where descriptors wait while their targets are still taken by others: above every target, and low
 * enough for a limit of 64 descriptors. */
#define PARKED_FROM 24

static const char *const kept_variables[] = {"LANG", "JOURNAL_STREAM"};

static void keep_environment(char **ret, size_t n_ret) {
    size_t n = 0;
    for (size_t i = 0; i < TX_COUNT_OF(kept_variables); i++) {
        const char *value = getenv(kept_variables[i]);
        char *entry;
        assert(n + 1 < n_ret);
        if (value && asprintf(&entry, "%s=%s", kept_variables[i], value) >= 0)
            ret[n++] = entry;
    }
    ret[n] = NULL;
}

static int reset_signals(void) {
    sigset_t none;
    struct sigaction standard = {.sa_handler = SIG_DFL};

    for (int s = 1; s < NSIG; s++)
        if (s != SIGKILL && s != SIGSTOP)
            sigaction(s, &standard, NULL); /* refuses those of libc's own, which is right */
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int place_descriptors(const struct tx_spawn *spawn) {
    int parked[TX_SPAWN_FDS];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int last = STDERR_FILENO;

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return -errno;
    for (size_t i = 0; i < spawn->n_fds; i++) {
        parked[i] = fcntl(spawn->fds[i].fd, F_DUPFD_CLOEXEC, PARKED_FROM);
        if (parked[i] < 0)
            return -errno;
    }
    for (size_t i = 0; i < spawn->n_fds; i++) {
        int target = spawn->fds[i].target;
        assert(target > STDERR_FILENO && target < PARKED_FROM);
        if (dup2(parked[i], target) < 0)
            return -errno;
        if (target > last)
            last = target;
    }
    return syscall(SYS_close_range, (unsigned)last + 1, ~0u, 0) < 0 ? -errno : 0;
}

TX_NORETURN static void become(const struct tx_spawn *spawn, pid_t parent) {
    char *environment[TX_COUNT_OF(kept_variables) + 1];

    keep_environment(environment, TX_COUNT_OF(environment));
    int r = reset_signals();
    if (r >= 0)
        r = place_descriptors(spawn);
    /* Until the program itself says what its parent's death means. */
    if (r >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        r = -errno;
    if (getppid() != parent)
        _exit(0);
    if (r >= 0) {
        execve(spawn->program, spawn->argv, environment);
        r = -errno;
    }
    dprintf(STDERR_FILENO, "tracex-auditd: %s cannot be started: %s\n", spawn->program,
            strerror(-r));
    _exit(TX_SPAWN_EXIT_NO_PROGRAM);
}

int tx_spawn(const struct tx_spawn *spawn, pid_t *ret_pid, int *ret_pidfd) {
    pid_t parent = getpid();

    assert(spawn->n_fds <= TX_SPAWN_FDS);
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        become(spawn, parent);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        int r = -errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return r;
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return 0;
}

static int own_directory(char *ret, size_t n_ret) {
    ssize_t n = readlink("/proc/self/exe", ret, n_ret - 1);
    if (n < 0)
        return -errno;
    ret[n] = '\0';
    char *slash = strrchr(ret, '/');
    if (!slash)
        return -ENOENT;
    *slash = '\0';
    return 0;
}

int tx_spawn_find(const char *name, char ret[TX_SPAWN_PATH_BYTES]) {
    char here[TX_SPAWN_PATH_BYTES / 2], candidate[TX_SPAWN_PATH_BYTES];

    int r = own_directory(here, sizeof(here));
    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++) {
        if (i == 0)
            snprintf(candidate, sizeof(candidate), "%s/tracex-%s", here, name);
        else if (i == 1)
            snprintf(candidate, sizeof(candidate), "%s/../%s/tracex-%s", here, name, name);
        else
            snprintf(candidate, sizeof(candidate), "%s/tracex-%s", TX_LIBEXECDIR, name);
        if (access(candidate, X_OK) == 0) {
            strcpy(ret, candidate);
            return 0;
        }
    }
    return -ENOENT;
}
