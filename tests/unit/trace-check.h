/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_TRACE_CHECK_H
#define TX_TEST_TRACE_CHECK_H

/* What tests that trace a process of theirs have in common. */

#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_DONE 7 /* the tracer's: the process ended before the wanted call */

static inline bool can_trace(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? 1 : 0);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
