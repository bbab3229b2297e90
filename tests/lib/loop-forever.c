/* SPDX-License-Identifier: MIT */
/*
 *   loop-forever PID
 *
 * Makes a process go round in circles: it jumps to itself from where it is. x86-64 only.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static void fail(const char *what) {
    perror(what);
    exit(2);
}

int main(int argc, char **argv) {
    struct user_regs_struct regs;
    int status;

    if (argc != 2)
        return 2;
    pid_t pid = (pid_t)atoi(argv[1]);
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0)
        fail("attach");
    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
        fail("getregs");
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, pid, (void *)regs.rip, NULL);
    if (errno)
        fail("peek");
    word = (word & ~0xffffl) | 0xfeeb; /* jmp to itself */
    regs.orig_rax = (unsigned long long)-1;
    if (ptrace(PTRACE_POKETEXT, pid, (void *)regs.rip, (void *)word) < 0 ||
        ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0 || ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0)
        fail("loop");
    return 0;
}
