/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_PROCESS_CHECK_H
#define TX_TEST_PROCESS_CHECK_H

/* One child's real program with its sandbox, started as the supervisor starts it, and the
 * supervisor's side of its control socket. */

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ipc/control.h"

static pid_t pid;
static int control = -1;
static uint8_t control_memory[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];

/* Becomes the program. The descriptors are moved out of the way first, since they may have the
 * numbers that others are to have; `have` is changed. */
static inline _Noreturn void become(const char *program, const char *const *arguments, int *have,
                                    const int *wanted, size_t n) {
    for (size_t i = 0; i < n; i++)
        have[i] = fcntl(have[i], F_DUPFD, 20);
    for (size_t i = 0; i < n; i++)
        dup2(have[i], wanted[i]);
    for (size_t i = 0; i < n; i++)
        close(have[i]);
    /* The leak checker would start a process and trace it, which the sandbox forbids. */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    execv(program, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static inline struct tx_control hear(void) {
    struct tx_control message;
    ck_assert_int_eq(tx_control_receive(control, control_memory, sizeof(control_memory), &message),
                     0);
    return message;
}

static inline bool has(struct tx_text text, const char *part) {
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static inline int wait_status(void) {
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static inline void check_exit(int code) {
    int status = wait_status();
    ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
    ck_assert_int_eq(WEXITSTATUS(status), code);
}

#endif
