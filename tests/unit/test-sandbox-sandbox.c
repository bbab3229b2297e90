/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/sandbox/parts.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/sandbox/syscalls.h"

/* Only a kill by seccomp, or an error that means a wall, counts as refused. */
enum { DID = 0, REFUSED = 10, OTHER_ERROR = 11, NO_SANDBOX = 12 };

static const int calls_of_ingest[] = {TX_SYSCALLS_BASE, TX_SYSCALLS_EVENTS,
                                      TX_SYSCALLS_OPEN_SOCKETS};
static const int calls_of_ledger[] = {TX_SYSCALLS_BASE, TX_SYSCALLS_EVENTS,
                                      TX_SYSCALLS_OPEN_SOCKETS, TX_SYSCALLS_FILES_WRITE};
static const int calls_of_forward[] = {TX_SYSCALLS_BASE, TX_SYSCALLS_EVENTS, TX_SYSCALLS_CONNECT,
                                       TX_SYSCALLS_FILES_WRITE};

static char top[] = "/tmp/tx-sandbox-XXXXXX";
static int top_fd, log_fd;
static pid_t sleeper;

static void make_file(const char *path) {
    int fd = openat(top_fd, path, O_WRONLY | O_CREAT, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, "x", 1), 1);
    close(fd);
}

static void set_up(void) {
    ck_assert_ptr_nonnull(mkdtemp(top));
    top_fd = open(top, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(chmod(top, 0777), 0);
    ck_assert_int_eq(mkdirat(top_fd, "log", 0777), 0);
    ck_assert_int_eq(fchmodat(top_fd, "log", 0777, 0), 0);
    ck_assert_int_eq(mkdirat(top_fd, "keys", 0777), 0);
    make_file("log/segment");
    make_file("keys/secret");
    log_fd = openat(top_fd, "log", O_RDONLY | O_DIRECTORY);
    sleeper = fork();
    if (sleeper == 0) {
        pause();
        _exit(0);
    }
}

static void tear_down(void) {
    char command[64];
    kill(sleeper, SIGKILL);
    waitpid(sleeper, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf %s", top);
    ck_assert_int_eq(system(command), 0);
}

/* --- what a process that was taken over would try --- */

static int result_of(long r) {
    if (r >= 0)
        return DID;
    return errno == EACCES || errno == EPERM || errno == ENOENT ? REFUSED : OTHER_ERROR;
}

static int try_nothing(void) {
    return DID;
}
static int try_open_system_file(void) {
    return result_of(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}
static int try_open_key(void) {
    char path[64];
    snprintf(path, sizeof(path), "%s/keys/secret", top);
    return result_of(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY));
}
static int try_open_key_from_log(void) {
    return result_of(syscall(SYS_openat, log_fd, "../keys/secret", O_RDONLY));
}
static int try_open_segment(void) {
    return result_of(syscall(SYS_openat, log_fd, "segment", O_RDONLY));
}
static int try_write_log(void) {
    int fd = openat(log_fd, "new", O_WRONLY | O_CREAT | O_TRUNC, 0640);
    if (fd < 0)
        return result_of(fd);
    if (write(fd, "line\n", 5) != 5 || ftruncate(fd, 2) < 0 || fdatasync(fd) < 0)
        return OTHER_ERROR;
    return result_of(renameat(log_fd, "new", log_fd, "newer"));
}
static int try_make_symlink(void) {
    return result_of(syscall(SYS_symlinkat, "/etc/passwd", log_fd, "link"));
}
static int try_socket(void) {
    return result_of(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}
static int try_execve(void) {
    char *argv[] = {(char *)(uintptr_t) "true", NULL};
    syscall(SYS_execve, "/bin/true", argv, NULL);
    return result_of(-1);
}
static int try_ptrace(void) {
    return result_of(syscall(SYS_ptrace, PTRACE_ATTACH, sleeper, NULL, NULL));
}
static int try_kill(void) {
    return result_of(syscall(SYS_kill, sleeper, 0));
}
static int try_fork(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return result_of(pid);
}
static int try_executable_memory(void) {
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return OTHER_ERROR;
    return result_of(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int try_map_executable(void) {
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? result_of(-1) : DID;
}
static int try_allocating_and_printing(void) {
    char text[64];
    for (size_t n = 1; n < 8u << 20; n *= 2) {
        _cleanup_(tx_freep) char *p = malloc(n);
        if (!p)
            return OTHER_ERROR;
        p[n - 1] = 'x';
    }
    return snprintf(text, sizeof(text), "%f", 0.1) > 0 && isatty(2) >= 0 ? DID : OTHER_ERROR;
}
static int try_abort(void) {
    abort();
}

/* --- the shapes --- */

enum shape { OPEN, INGEST, LEDGER, FORWARD };

static struct tx_sandbox_path log_path;

static struct tx_sandbox sandbox_of(enum shape shape) {
    struct tx_sandbox sandbox = {.chroot_fd = -1};
    if (shape == INGEST) {
        sandbox.syscalls = calls_of_ingest;
        sandbox.n_syscalls = TX_COUNT_OF(calls_of_ingest);
        return sandbox;
    }
    log_path = (struct tx_sandbox_path){
        .fd = log_fd, .access = TX_SANDBOX_READ | (shape == LEDGER ? TX_SANDBOX_WRITE : 0)};
    sandbox.paths = &log_path;
    sandbox.n_paths = 1;
    sandbox.chroot_fd = log_fd;
    sandbox.no_chroot = shape == FORWARD;
    sandbox.syscalls = shape == LEDGER ? calls_of_ledger : calls_of_forward;
    sandbox.n_syscalls =
        shape == LEDGER ? TX_COUNT_OF(calls_of_ledger) : TX_COUNT_OF(calls_of_forward);
    if (getuid() == 0) {
        sandbox.change_user = true;
        sandbox.uid = 65534;
        sandbox.gid = 65534;
    }
    return sandbox;
}

/* As on a kernel without Landlock. */
static void take_landlock_away(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    ck_assert_ptr_nonnull(filter);
    ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), 444, 0), 0);
    ck_assert_int_eq(seccomp_load(filter), 0);
    seccomp_release(filter);
}

static bool without_landlock;

/* The exit status of `attempt` in a process of that shape, or minus the signal that killed it. */
static int attempt_in(enum shape shape, int (*attempt)(void)) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct tx_sandbox sandbox = sandbox_of(shape);
        struct tx_sandbox_report report;
        if (without_landlock)
            take_landlock_away();
        if (shape != OPEN && tx_sandbox_enter(&sandbox, &report) < 0)
            _exit(NO_SANDBOX);
        _exit(attempt());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void assert_refused(enum shape shape, int (*attempt)(void), const char *what) {
    int r = attempt_in(shape, attempt);
    ck_assert_msg(r == REFUSED || r == -SIGSYS, "%s in shape %d gave %d", what, shape, r);
}

static const struct {
    const char *what;
    int (*attempt)(void);
} hostile[] = {
    {"a file of the system", try_open_system_file},
    {"a key", try_open_key},
    {"execve", try_execve},
    {"ptrace", try_ptrace},
    {"kill", try_kill},
    {"fork", try_fork},
    {"a link", try_make_symlink},
    {"memory that becomes executable", try_executable_memory},
    {"executable memory", try_map_executable},
};

START_TEST(without_a_sandbox_every_attempt_succeeds) {
    for (size_t i = 0; i < TX_COUNT_OF(hostile); i++)
        ck_assert_msg(attempt_in(OPEN, hostile[i].attempt) == DID, "%s", hostile[i].what);
    ck_assert_int_eq(attempt_in(OPEN, try_socket), DID);
    ck_assert_int_eq(attempt_in(OPEN, try_open_key_from_log), DID);
}
END_TEST

START_TEST(ingest_opens_nothing_and_reaches_nobody) {
    for (size_t i = 0; i < TX_COUNT_OF(hostile); i++)
        assert_refused(INGEST, hostile[i].attempt, hostile[i].what);
    ck_assert_int_eq(attempt_in(INGEST, try_socket), -SIGSYS);
    ck_assert_int_eq(attempt_in(INGEST, try_open_segment), -SIGSYS);
    ck_assert_int_eq(attempt_in(INGEST, try_nothing), DID);
    ck_assert_int_eq(attempt_in(INGEST, try_allocating_and_printing), DID);
}
END_TEST

START_TEST(the_ledger_writes_its_directory_and_nothing_else) {
    for (size_t i = 0; i < TX_COUNT_OF(hostile); i++)
        assert_refused(LEDGER, hostile[i].attempt, hostile[i].what);
    assert_refused(LEDGER, try_open_key_from_log, "a key by ..");
    ck_assert_int_eq(attempt_in(LEDGER, try_socket), -SIGSYS);
    ck_assert_int_eq(attempt_in(LEDGER, try_write_log), DID);
    ck_assert_int_eq(attempt_in(LEDGER, try_open_segment), DID);
}
END_TEST

START_TEST(forward_reads_its_directory_and_has_sockets) {
    for (size_t i = 0; i < TX_COUNT_OF(hostile); i++)
        assert_refused(FORWARD, hostile[i].attempt, hostile[i].what);
    assert_refused(FORWARD, try_write_log, "a new segment");
    ck_assert_int_eq(attempt_in(FORWARD, try_open_segment), DID);
    ck_assert_int_eq(attempt_in(FORWARD, try_socket), DID);
}
END_TEST

START_TEST(an_assertion_that_fails_ends_as_an_abort_and_not_as_a_bad_call) {
    ck_assert_int_eq(attempt_in(LEDGER, try_abort), -SIGABRT);
}
END_TEST

START_TEST(without_landlock_chroot_still_keeps_root_away_from_the_keys) {
    without_landlock = true;
    if (getuid() == 0) {
        assert_refused(LEDGER, try_open_key, "a key");
        assert_refused(LEDGER, try_open_key_from_log, "a key by ..");
        assert_refused(LEDGER, try_open_system_file, "a file of the system");
    }
    assert_refused(INGEST, try_open_system_file, "a file of the system");
    ck_assert_int_eq(attempt_in(LEDGER, try_write_log), DID);
    without_landlock = false;
}
END_TEST

/* --- the report --- */

static void enter_and_report(int to) {
    char memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory) - 1);
    struct tx_sandbox sandbox = sandbox_of(LEDGER);
    struct tx_sandbox_report report;
    if (without_landlock)
        take_landlock_away();
    if (tx_sandbox_enter(&sandbox, &report) < 0)
        _exit(NO_SANDBOX);
    tx_sandbox_report_render(&report, &b);
    if (b.full || write(to, memory, b.len) < 0)
        _exit(OTHER_ERROR);
    _exit(DID);
}

static void report_of_ledger(char *ret, size_t n_ret) {
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0)
        enter_and_report(ends[1]);
    close(ends[1]);
    ssize_t n = read(ends[0], ret, n_ret - 1);
    ck_assert_int_gt((int)n, 0);
    ret[n] = '\0';
    close(ends[0]);
    waitpid(pid, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == DID);
}

START_TEST(the_report_says_what_is_in_force_and_what_the_kernel_lacks) {
    char text[512];
    report_of_ledger(text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "\"seccomp\":true"));
    ck_assert_ptr_nonnull(strstr(text, "\"no_new_privileges\":true"));
    ck_assert_ptr_nonnull(strstr(text, "\"no_capabilities\":true"));
    ck_assert_ptr_nonnull(strstr(text, getuid() == 0 ? "\"chroot\":true" : "\"chroot\":false"));
    if (tx_sandbox_landlock_version() > 0)
        ck_assert_ptr_nonnull(strstr(text, "\"landlock\":true"));
    without_landlock = true;
    report_of_ledger(text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "\"landlock_version\":0,\"landlock\":false"));
}
END_TEST

START_TEST(every_version_of_landlock_that_is_no_newer_than_the_kernels_can_be_asked_for) {
    for (int version = 1; version <= tx_sandbox_landlock_version(); version++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            struct tx_sandbox_path path = {.fd = log_fd,
                                           .access = TX_SANDBOX_READ | TX_SANDBOX_WRITE};
            bool enforced = false;
            if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                tx_landlock_restrict(version, &path, 1, &enforced) < 0 || !enforced)
                _exit(NO_SANDBOX);
            int key = try_open_key_from_log();
            int log = try_write_log();
            _exit(key == REFUSED ? log : OTHER_ERROR);
        }
        waitpid(pid, &status, 0);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == DID, "version %d: %x", version,
                      status);
    }
}
END_TEST

static int has_no_capability_and_another_user(void) {
    for (int c = 0; c <= CAP_LAST_CAP; c++)
        if (tx_capability_effective(c))
            return OTHER_ERROR;
    if (getuid() == 0)
        return OTHER_ERROR;
    return DID;
}

/* As the supervisor starts a child: root, with few capabilities, and a directory of the user's. */
START_TEST(root_without_capabilities_enters_a_directory_that_only_the_user_may) {
    const uint64_t few =
        UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_SYS_CHROOT;
    int status;
    if (getuid() != 0)
        return;
    ck_assert_int_eq(fchown(log_fd, 65534, 65534), 0);
    ck_assert_int_eq(fchmod(log_fd, 0700), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct tx_sandbox sandbox = sandbox_of(LEDGER);
        struct tx_sandbox_report report;
        sandbox.syscalls = (const int[]){TX_SYSCALLS_BASE, TX_SYSCALLS_FILES_WRITE};
        sandbox.n_syscalls =
            TX_COUNT_OF(((const int[]){TX_SYSCALLS_BASE, TX_SYSCALLS_FILES_WRITE}));
        if (tx_capabilities_keep(few) < 0 || faccessat(log_fd, "segment", F_OK, 0) == 0)
            _exit(OTHER_ERROR); /* the control: root may not enter it */
        if (tx_sandbox_enter(&sandbox, &report) < 0 || !report.chroot)
            _exit(NO_SANDBOX);
        _exit(try_write_log());
    }
    waitpid(pid, &status, 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == DID, "%x", status);
}
END_TEST

START_TEST(the_user_is_changed_and_no_capability_is_left) {
    static const int with_capget[] = {TX_SYSCALLS_BASE, SCMP_SYS(capget)};
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct tx_sandbox sandbox = sandbox_of(LEDGER);
        struct tx_sandbox_report report;
        sandbox.syscalls = with_capget;
        sandbox.n_syscalls = TX_COUNT_OF(with_capget);
        if (tx_sandbox_enter(&sandbox, &report) < 0)
            _exit(NO_SANDBOX);
        _exit(has_no_capability_and_another_user());
    }
    waitpid(pid, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == DID);
    if (getuid() == 0)
        ck_assert_int_eq(has_no_capability_and_another_user(), OTHER_ERROR);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sandbox-sandbox");
    TCase *tests = tcase_create("sandbox");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, without_a_sandbox_every_attempt_succeeds);
    tcase_add_test(tests, ingest_opens_nothing_and_reaches_nobody);
    tcase_add_test(tests, the_ledger_writes_its_directory_and_nothing_else);
    tcase_add_test(tests, forward_reads_its_directory_and_has_sockets);
    tcase_add_test(tests, an_assertion_that_fails_ends_as_an_abort_and_not_as_a_bad_call);
    tcase_add_test(tests, without_landlock_chroot_still_keeps_root_away_from_the_keys);
    tcase_add_test(tests, the_report_says_what_is_in_force_and_what_the_kernel_lacks);
    tcase_add_test(tests,
                   every_version_of_landlock_that_is_no_newer_than_the_kernels_can_be_asked_for);
    tcase_add_test(tests, root_without_capabilities_enters_a_directory_that_only_the_user_may);
    tcase_add_test(tests, the_user_is_changed_and_no_capability_is_left);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
