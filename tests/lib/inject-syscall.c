/* SPDX-License-Identifier: MIT */
/*
 * Plays a process that was taken over: attaches to PID, makes it execute one system call, and
 * prints what came of it: "= <result>" (a negative errno as the kernel gives it) or "killed by
 * <signal>". The call's string argument is written below the stack pointer. x86-64 only.
 *
 *   inject-syscall PID openat PATH | socket | execve PATH | getpid
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(2);
}

/* Writes a text into the stopped process, below its red zone. */
static unsigned long put_text(pid_t pid, unsigned long stack, const char *text) {
    unsigned long at = (stack - 8192) & ~15ul;
    struct iovec local = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) + 1};
    struct iovec remote = {.iov_base = (void *)at, .iov_len = local.iov_len};
    if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != (ssize_t)local.iov_len)
        fail("process_vm_writev");
    return at;
}

static void set_call(struct user_regs_struct *regs, pid_t pid, const char *name, const char *path) {
    unsigned long text = path ? put_text(pid, regs->rsp, path) : 0;

    if (strcmp(name, "openat") == 0) {
        regs->rax = SYS_openat;
        regs->rdi = (unsigned long)AT_FDCWD;
        regs->rsi = text;
        regs->rdx = O_RDONLY;
    } else if (strcmp(name, "socket") == 0) {
        regs->rax = SYS_socket;
        regs->rdi = AF_INET;
        regs->rsi = SOCK_STREAM;
        regs->rdx = 0;
    } else if (strcmp(name, "execve") == 0) {
        regs->rax = SYS_execve;
        regs->rdi = text;
        regs->rsi = 0;
        regs->rdx = 0;
    } else if (strcmp(name, "getpid") == 0) {
        regs->rax = SYS_getpid;
    } else {
        fprintf(stderr, "inject-syscall: unknown call %s\n", name);
        exit(2);
    }
    regs->orig_rax = (unsigned long long)-1; /* nothing is to be restarted */
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: inject-syscall PID openat PATH | socket | execve PATH | getpid\n");
        return 2;
    }
    pid_t pid = (pid_t)atoi(argv[1]);
    int status;
    struct user_regs_struct saved, regs;

    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0)
        fail("attach");
    if (ptrace(PTRACE_GETREGS, pid, NULL, &saved) < 0)
        fail("getregs");
    regs = saved;
    set_call(&regs, pid, argv[2], argc > 3 ? argv[3] : NULL);

    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, pid, (void *)saved.rip, NULL);
    if (errno)
        fail("peek");
    long patched = (word & ~0xffffl) | 0x050f; /* syscall */
    if (ptrace(PTRACE_POKETEXT, pid, (void *)saved.rip, (void *)patched) < 0 ||
        ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0 ||
        ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) < 0)
        fail("step");
    /* seccomp's SIGSYS kills at once, or is reported here first. */
    for (int i = 0; i < 4 && WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP; i++) {
        int sig = WSTOPSIG(status);
        if (ptrace(PTRACE_CONT, pid, NULL, (void *)(long)(sig == SIGSTOP ? 0 : sig)) < 0)
            break;
        if (waitpid(pid, &status, __WALL) < 0)
            fail("wait");
    }
    if (WIFSIGNALED(status)) {
        printf("killed by %d\n", WTERMSIG(status));
        return 0;
    }
    if (WIFEXITED(status)) {
        printf("exited %d\n", WEXITSTATUS(status));
        return 0;
    }
    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
        fail("getregs");
    printf("= %lld\n", (long long)regs.rax);
    ptrace(PTRACE_POKETEXT, pid, (void *)saved.rip, (void *)word);
    ptrace(PTRACE_SETREGS, pid, NULL, &saved);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return 0;
}
