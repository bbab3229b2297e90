/* SPDX-License-Identifier: MIT */
#ifndef TX_SANDBOX_SYSCALLS_H
#define TX_SANDBOX_SYSCALLS_H

/*
 * System calls by what they are for, as lists for the `syscalls` of struct tx_sandbox:
 *
 *     static const int allowed[] = {TX_SYSCALLS_BASE, TX_SYSCALLS_EVENTS, SCMP_SYS(fallocate)};
 *
 * Some are allowed only with certain arguments (seccomp.c, `conditions`): mmap and mprotect never
 * with PROT_EXEC, clone only for a thread, tgkill only of oneself, prctl only to name things. Calls
 * that another machine type does not have count for nothing there.
 */

#include <seccomp.h>

/* What libc, libcrypto, malloc and an assertion that fails need of an ordinary process. */
#define TX_SYSCALLS_BASE                                                                           \
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close),           \
        SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek),    \
        SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall), SCMP_SYS(brk),            \
        SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), \
        SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(futex),                     \
        SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),                          \
        SCMP_SYS(sched_getaffinity), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction),               \
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack), SCMP_SYS(alarm), SCMP_SYS(setitimer),     \
        SCMP_SYS(tgkill), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), \
        SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrandom),               \
        SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),                \
        SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrlimit),          \
        SCMP_SYS(prlimit64), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getrusage),              \
        SCMP_SYS(prctl), SCMP_SYS(ioctl)

/* auditd/ipc/loop.h */
#define TX_SYSCALLS_EVENTS                                                                         \
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),     \
        SCMP_SYS(epoll_pwait2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),               \
        SCMP_SYS(timerfd_gettime), SCMP_SYS(poll), SCMP_SYS(ppoll)

/* Sockets that are open already: no new one comes to be. */
#define TX_SYSCALLS_OPEN_SOCKETS                                                                   \
    SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg),                  \
        SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(shutdown), SCMP_SYS(getsockopt),            \
        SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername)

/* Reading files and directories, as far as Landlock and chroot leave any. */
#define TX_SYSCALLS_FILES_READ                                                                     \
    SCMP_SYS(openat), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(getdents64), SCMP_SYS(statx),  \
        SCMP_SYS(fstatfs), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlinkat),        \
        SCMP_SYS(fadvise64), SCMP_SYS(flock)

/* And writing, making, renaming and removing them. */
#define TX_SYSCALLS_FILES_WRITE                                                                    \
    TX_SYSCALLS_FILES_READ, SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(ftruncate),            \
        SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range),      \
        SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink),               \
        SCMP_SYS(unlinkat), SCMP_SYS(linkat), SCMP_SYS(mkdirat), SCMP_SYS(fchmod),                 \
        SCMP_SYS(fchmodat)

/* Sockets of one's own, to reach a service by its path. */
#define TX_SYSCALLS_CONNECT                                                                        \
    TX_SYSCALLS_OPEN_SOCKETS, SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(memfd_create)

/* More threads, and how they say that they are done. */
#define TX_SYSCALLS_THREADS SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(eventfd2)

#endif
