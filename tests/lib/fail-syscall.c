/* SPDX-License-Identifier: MIT */
/*
 * Lets system calls of a running process fail, also of one under seccomp (whose filter would see
 * the number -1 that strace's injection leaves): the call is made, and its result is replaced when
 * it returns.
 *
 *   fail-syscall PID NAME ERRNO FIRST COUNT     e.g. fail-syscall 4711 fdatasync 5 2 1
 *
 * The FIRST-th call of that name from now on and the COUNT - 1 after it fail. Prints "attached",
 * and "done" when the last has failed; then it lets the process go. x86-64 only.
 */
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

/* To the next stop at a call; a signal on the way is handed on. False when the process has ended.
 */
static int next_call(pid_t pid) {
    int status, deliver = 0;
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)deliver) < 0)
            return 0;
        if (waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
            return 0;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            return 1;
        deliver = WSTOPSIG(status);
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
    int status, at_entry = 1;

    if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD) < 0 ||
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) < 0)
        fail("attach");
    say("attached");
    while (seen < first + count - 1 && next_call(pid)) {
        struct __ptrace_syscall_info info;
        struct user_regs_struct regs;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0)
            fail("syscall info");
        at_entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
        if (at_entry || ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0 || regs.orig_rax != wanted)
            continue;
        if (++seen < first)
            continue;
        regs.rax = (unsigned long)-error;
        if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0)
            fail("setregs");
    }
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    say("done");
    return 0;
}
