/* SPDX-License-Identifier: MIT */
/*
 * Lets system calls of a running process fail, in all its threads, also of one under seccomp (whose
 * filter would see the number -1 that strace's injection leaves).
 *
 *   fail-syscall PID NAME WHAT FIRST COUNT [STRIDE]     e.g. fail-syscall 4711 fdatasync 5 2 1
 *   fail-syscall exec NAME WHAT FIRST COUNT STRIDE PROGRAM [ARGUMENT...]
 *
 * The FIRST-th call of that name from now on fails, and then each STRIDE-th, COUNT in all (STRIDE
 * is 1 when it is not given). WHAT is
 *
 *   ERRNO    the call is made, and its result is replaced when it returns
 *   !ERRNO   another call that does nothing is made in its place, and its result replaced
 *   short    it is made with half as many bytes (of write, pwrite64 and send)
 *
 * Prints "attached", and "done" when the last has failed, or "failed N" after SIGTERM; then it lets
 * the process go. With exec it runs a program so from its beginning, prints nothing, and ends as
 * that does. x86-64 only.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned long number;
} calls[] = {
    {"fdatasync", SYS_fdatasync},   {"fsync", SYS_fsync},         {"write", SYS_write},
    {"pwrite64", SYS_pwrite64},     {"read", SYS_read},           {"pread64", SYS_pread64},
    {"openat", SYS_openat},         {"renameat", SYS_renameat},   {"linkat", SYS_linkat},
    {"unlinkat", SYS_unlinkat},     {"mkdirat", SYS_mkdirat},     {"fchmod", SYS_fchmod},
    {"ftruncate", SYS_ftruncate},   {"fallocate", SYS_fallocate}, {"getdents64", SYS_getdents64},
    {"newfstatat", SYS_newfstatat}, {"sendto", SYS_sendto},       {"recvfrom", SYS_recvfrom},
    {"sendmsg", SYS_sendmsg},       {"recvmsg", SYS_recvmsg},     {"recvmmsg", SYS_recvmmsg}};

#define THREADS_MAX 64

static struct {
    unsigned long number;
    long error;
    bool instead;
    bool half;
    long first, count, stride;
    long seen, failed;
    pid_t failing[THREADS_MAX]; /* threads within a call that is to fail */
    size_t n_failing;
    volatile sig_atomic_t stop;
    int status; /* of the process, when it has ended */
    bool ended;
    bool program; /* that we run: it ends with us */
} f = {.stride = 1};

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

static unsigned long number_of(const char *name) {
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    fprintf(stderr, "fail-syscall: unknown call %s\n", name);
    exit(2);
}

static void take_what(const char *what) {
    f.half = strcmp(what, "short") == 0;
    f.instead = what[0] == '!';
    f.error = f.half ? 0 : atol(what + f.instead);
}

/* --- threads --- */

static void seize(pid_t thread) {
    const long options =
        PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | (f.program ? PTRACE_O_EXITKILL : 0);
    int status;
    if (ptrace(PTRACE_SEIZE, thread, NULL, (void *)options) < 0)
        return; /* it has ended, or came to be seized as a clone */
    if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) < 0 || waitpid(thread, &status, __WALL) < 0)
        fail("attach");
}

static void each_thread(pid_t pid, void (*what)(pid_t)) {
    char path[64];
    struct dirent *entry;
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *directory = opendir(path);
    while (directory && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            what((pid_t)atoi(entry->d_name));
    if (directory)
        closedir(directory);
}

static void run(pid_t thread) {
    ptrace(PTRACE_SYSCALL, thread, NULL, NULL);
}

/* A thread that runs has to stop before it can be let go. */
static void let_go(pid_t thread) {
    int status;
    if (ptrace(PTRACE_DETACH, thread, NULL, NULL) == 0)
        return;
    if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0 && waitpid(thread, &status, __WALL) > 0)
        ptrace(PTRACE_DETACH, thread, NULL, NULL);
}

/* --- calls --- */

static bool is_due(void) {
    f.seen++;
    return f.failed + (long)f.n_failing < f.count && f.seen >= f.first &&
           (f.seen - f.first) % f.stride == 0;
}

static void enter(pid_t thread, struct user_regs_struct *regs) {
    if (regs->orig_rax != f.number || !is_due())
        return;
    if (f.half) {
        f.failed++;
        regs->rdx = regs->rdx > 1 ? regs->rdx / 2 : regs->rdx;
    } else {
        if (f.n_failing == THREADS_MAX)
            fail("too many threads");
        f.failing[f.n_failing++] = thread;
        if (f.instead)
            regs->orig_rax = SYS_getpid;
    }
    if ((f.half || f.instead) && ptrace(PTRACE_SETREGS, thread, NULL, regs) < 0)
        fail("setregs");
}

static void leave(pid_t thread, struct user_regs_struct *regs) {
    for (size_t i = 0; i < f.n_failing; i++) {
        if (f.failing[i] != thread)
            continue;
        f.failing[i] = f.failing[--f.n_failing];
        f.failed++;
        regs->rax = (unsigned long)-f.error;
        if (ptrace(PTRACE_SETREGS, thread, NULL, regs) < 0)
            fail("setregs");
        return;
    }
}

static void on_call(pid_t thread) {
    struct __ptrace_syscall_info info;
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof(info), &info) < 0 ||
        ptrace(PTRACE_GETREGS, thread, NULL, &regs) < 0)
        return; /* it was killed */
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        enter(thread, &regs);
    else
        leave(thread, &regs);
}

static void next_stop(pid_t pid) {
    int status;
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0) {
        f.ended = errno == ECHILD;
        return;
    }
    if (!WIFSTOPPED(status)) {
        if (thread == pid) {
            f.ended = true;
            f.status = status;
        }
        return;
    }
    int deliver = 0;
    if (WSTOPSIG(status) == (SIGTRAP | 0x80))
        on_call(thread);
    else if (status >> 16 == 0) /* a signal, not a stop of ptrace's own */
        deliver = WSTOPSIG(status);
    if (f.failed < f.count || f.n_failing > 0) /* else it stays stopped, to be let go */
        ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)deliver);
}

/* A call in whose place another was made must not come back with that one's result. */
static void fail_calls(pid_t pid) {
    while (!f.ended && f.failed < f.count && !(f.stop && (f.n_failing == 0 || !f.instead)))
        next_stop(pid);
}

static void on_term(int number) {
    (void)number;
    f.stop = 1;
}

static void take_options(char **argv, const char *stride) {
    f.number = number_of(argv[2]);
    take_what(argv[3]);
    f.first = atol(argv[4]);
    f.count = atol(argv[5]);
    f.stride = stride ? atol(stride) : 1;
}

static int run_program(char **argv) {
    pid_t pid = fork();
    int status;
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        raise(SIGSTOP);
        execvp(argv[0], argv);
        fail(argv[0]);
    }
    if (waitpid(pid, &status, WUNTRACED) < 0)
        fail("wait");
    f.program = true;
    seize(pid);
    kill(pid, SIGCONT);
    run(pid);
    fail_calls(pid);
    if (!f.ended) {
        each_thread(pid, let_go);
        if (waitpid(pid, &f.status, 0) < 0)
            fail("wait");
    }
    return WIFEXITED(f.status) ? WEXITSTATUS(f.status) : 128 + WTERMSIG(f.status);
}

int main(int argc, char **argv) {
    const struct sigaction action = {.sa_handler = on_term};
    bool exec = argc > 7 && strcmp(argv[1], "exec") == 0;
    if (argc != 6 && argc != 7 && !exec) {
        fprintf(stderr, "usage: fail-syscall PID NAME ERRNO|!ERRNO|short FIRST COUNT [STRIDE]\n");
        return 2;
    }
    take_options(argv, argc > 6 ? argv[6] : NULL);
    if (exec)
        return run_program(argv + 7);
    pid_t pid = (pid_t)atoi(argv[1]);
    sigaction(SIGTERM, &action, NULL);
    each_thread(pid, seize);
    say("attached");
    each_thread(pid, run);
    fail_calls(pid);
    each_thread(pid, let_go);
    if (f.stop)
        printf("failed %ld\n", f.failed);
    else
        say("done");
    return 0;
}
