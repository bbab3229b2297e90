/* SPDX-License-Identifier: MIT */
/*
 * Lets system calls of a running process fail, also of one under seccomp (whose filter would see
 * the number -1 that strace's injection leaves): the call is made, and its result is replaced when
 * it returns. All threads that it has then are watched, as one.
 *
 *   fail-syscall PID NAME ERRNO FIRST COUNT     e.g. fail-syscall 4711 fdatasync 5 2 1
 *
 * The FIRST-th call of that name from now on and the COUNT - 1 after it fail. Prints "attached",
 * and "done" when the last has failed; then it lets the process go. x86-64 only.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

static const struct {
    const char *name;
    unsigned long number;
} calls[] = {{"fdatasync", SYS_fdatasync}, {"fsync", SYS_fsync},       {"write", SYS_write},
             {"pwrite64", SYS_pwrite64},   {"openat", SYS_openat},     {"renameat", SYS_renameat},
             {"linkat", SYS_linkat},       {"unlinkat", SYS_unlinkat}, {"mkdirat", SYS_mkdirat},
             {"fchmod", SYS_fchmod}};

static unsigned long number_of(const char *name) {
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    fprintf(stderr, "fail-syscall: unknown call %s\n", name);
    exit(2);
}

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

enum { THREADS_MAX = 64 };
static pid_t threads[THREADS_MAX];
static size_t n_threads;

static void attach(pid_t pid) {
    char path[64];
    int status;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        fail(path);
    for (struct dirent *entry; (entry = readdir(dir)) && n_threads < THREADS_MAX;) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread <= 0)
            continue;
        if (ptrace(PTRACE_SEIZE, thread, NULL, (void *)PTRACE_O_TRACESYSGOOD) < 0 ||
            ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) < 0 ||
            waitpid(thread, &status, __WALL) < 0)
            fail("attach");
        threads[n_threads++] = thread;
    }
    closedir(dir);
}

static void let_go(void) {
    int status;
    for (size_t i = 0; i < n_threads; i++)
        if (ptrace(PTRACE_DETACH, threads[i], NULL, NULL) < 0 &&
            ptrace(PTRACE_INTERRUPT, threads[i], NULL, NULL) == 0 &&
            waitpid(threads[i], &status, __WALL) == threads[i])
            ptrace(PTRACE_DETACH, threads[i], NULL, NULL);
}

/* The next thread that stops at a call, while all others run; a signal on the way is handed on. -1
 * when the process has ended. */
static pid_t next_call(void) {
    int status;
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0)
            return -1;
        if (!WIFSTOPPED(status))
            continue;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            return thread;
        ptrace(PTRACE_SYSCALL, thread, NULL,
               (void *)(intptr_t)(status >> 16 ? 0 : WSTOPSIG(status)));
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: fail-syscall PID NAME ERRNO FIRST COUNT\n");
        return 2;
    }
    pid_t pid = (pid_t)atoi(argv[1]);
    unsigned long wanted = number_of(argv[2]);
    long error = atol(argv[3]), first = atol(argv[4]), count = atol(argv[5]), seen = 0;
    pid_t thread;

    attach(pid);
    for (size_t i = 0; i < n_threads; i++)
        ptrace(PTRACE_SYSCALL, threads[i], NULL, NULL);
    say("attached");
    while (seen < first + count - 1 && (thread = next_call()) > 0) {
        struct __ptrace_syscall_info info;
        struct user_regs_struct regs;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof(info), &info) < 0)
            continue; /* it was killed */
        int at_exit = info.op == PTRACE_SYSCALL_INFO_EXIT;
        if (at_exit && ptrace(PTRACE_GETREGS, thread, NULL, &regs) == 0 &&
            regs.orig_rax == wanted && ++seen >= first) {
            regs.rax = (unsigned long)-error;
            if (ptrace(PTRACE_SETREGS, thread, NULL, &regs) < 0)
                fail("setregs");
        }
        ptrace(PTRACE_SYSCALL, thread, NULL, NULL);
    }
    let_go();
    say("done");
    return 0;
}
