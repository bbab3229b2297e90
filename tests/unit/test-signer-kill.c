/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/signer-model.h"
#include "tests/unit/trace-check.h"

/*
 * kill -9 at every system call of the signer's life, its first start and its rotations included:
 * what is left of it goes on, and the log's chain holds. A tracer counts the calls and kills at the
 * one that is wanted, so no case depends on timing.
 */

static char directory[64];
static int dirfd_keys;
static struct model model;

static void setup(void) {
    strcpy(directory, "/tmp/tx-kill-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_keys = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_files(void) {
    static const char *const names[] = {"identity.key", "identity.key.tmp", "signer.state",
                                        "signer.state.tmp"};
    for (size_t i = 0; i < TX_COUNT_OF(names); i++)
        unlinkat(dirfd_keys, names[i], 0);
    for (int epoch = 0; epoch < 8; epoch++) {
        char name[64];
        snprintf(name, sizeof(name), "epoch-%d.key", epoch);
        unlinkat(dirfd_keys, name, 0);
        snprintf(name, sizeof(name), "epoch-%d.key.tmp", epoch);
        unlinkat(dirfd_keys, name, 0);
    }
}

static void teardown(void) {
    remove_files();
    close(dirfd_keys);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* The signer's loop without its sandbox; ends when the ledger's end is closed. */
static _Noreturn void run_signer(int fd) {
    static uint8_t request[TX_NOTARY_MESSAGE_BYTES], reply[TX_NOTARY_MESSAGE_BYTES];
    static char why[TX_SIGNER_WHY_BYTES];
    const struct tx_signer_options options = {
        .dirfd = dirfd_keys,
        .origin = TX_TEXT(MODEL_ORIGIN),
        .directory = directory,
        .config_name = "tracex.yaml",
    };
    struct tx_signer *signer;
    if (tx_signer_start(&options, &signer, why) != 0) {
        fprintf(stderr, "%s\n", why);
        _exit(1);
    }
    for (;;) {
        struct tx_buf b = tx_buf_of(reply, sizeof(reply));
        ssize_t n = recv(fd, request, sizeof(request), 0);
        if (n <= 0)
            _exit(tx_signer_sync(signer) < 0 ? 1 : 0);
        tx_signer_serve(signer, (struct tx_text){(char *)request, (size_t)n}, &b);
        if (send(fd, b.data, b.len, MSG_NOSIGNAL) < 0)
            _exit(1);
    }
}

static _Noreturn void run_traced(int fd) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        _exit(2);
    raise(SIGSTOP);
    run_signer(fd);
}

/* Exits with EXIT_DONE when the signer came to its end before its `kill_at`th stop (a system call
 * has two: before and after it), else with 0 after having killed it there. */
static _Noreturn void run_tracer(int fd, long kill_at) {
    int status;
    pid_t pid = fork();
    if (pid == 0)
        run_traced(fd);
    close(fd);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        _exit(1);
    for (long stop = 1;; stop++) {
        if (stop == kill_at) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            _exit(0);
        }
        if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid)
            _exit(1);
        if (WIFEXITED(status))
            _exit(WEXITSTATUS(status) == 0 ? EXIT_DONE : 1);
        if (WIFSIGNALED(status))
            _exit(1);
    }
}

/* kill_at 0: it is not killed. */
static pid_t start(long kill_at) {
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(pair[0]);
        if (kill_at == 0)
            run_signer(pair[1]);
        run_tracer(pair[1], kill_at);
    }
    close(pair[1]);
    model.fd = pair[0];
    return pid;
}

static int finish(pid_t pid) {
    int status;
    close(model.fd);
    model.fd = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int take_keys(struct tx_vkey *identity, struct tx_vkey *epoch0) {
    static struct tx_notary_reply reply;
    const struct tx_notary_request hello = {.type = TX_NOTARY_HELLO};
    int r = model_ask(&model, &hello, &reply);
    if (r < 0)
        return r;
    ck_assert_int_eq(reply.type, TX_NOTARY_STATE);
    if (identity->n_name > 0) {
        ck_assert(tx_vkey_equal(identity, &reply.state.identity));
        ck_assert(tx_vkey_equal(epoch0, &reply.state.epoch0));
    }
    *identity = reply.state.identity;
    *epoch0 = reply.state.epoch0;
    return 0;
}

/* A life with everything in it; -EPIPE when the signer was killed on the way. */
static int live(void) {
    for (int round = 0; round < 2; round++) {
        model_write(&model, 3);
        if (model_grow(&model, false) < 0 || model_grow(&model, true) < 0)
            return -EPIPE;
        model_write(&model, 2);
        if (model_rotate(&model) < 0)
            return -EPIPE;
        model_write(&model, 1);
        if (model_grow(&model, false) < 0)
            return -EPIPE;
    }
    return 0;
}

/* Returns whether the signer's life had a `kill_at`th stop. */
static bool run_case(long kill_at) {
    struct tx_vkey identity = {.n_name = 0}, epoch0 = {.n_name = 0};
    model_init(&model);

    pid_t pid = start(kill_at);
    if (take_keys(&identity, &epoch0) == 0)
        (void)!live();
    int code = finish(pid);
    ck_assert_msg(code == 0 || code == EXIT_DONE, "stop %ld: exit %d", kill_at, code);

    pid = start(0);
    ck_assert_msg(take_keys(&identity, &epoch0) == 0, "stop %ld", kill_at);
    ck_assert_int_eq(model_recover(&model), 0);
    ck_assert_int_eq(live(), 0);
    ck_assert_int_eq(finish(pid), 0);

    uint64_t epoch = model_check(&model, &identity, &epoch0);
    ck_assert_uint_ge(epoch, 2);
    for (uint64_t i = 0; i <= epoch; i++) {
        char name[64];
        snprintf(name, sizeof(name), "epoch-%llu.key", (unsigned long long)i);
        int there = faccessat(dirfd_keys, name, F_OK, 0) == 0;
        ck_assert_msg(there == (i == epoch), "stop %ld: %s", kill_at, name);
    }
    model_deinit(&model);
    remove_files();
    return code != EXIT_DONE;
}

START_TEST(a_signer_that_is_killed_at_any_system_call_goes_on) {
    long kill_at = 1;
    while (run_case(kill_at))
        kill_at++;
    ck_assert_int_gt(kill_at, 200); /* it was really followed */
}
END_TEST

int main(void) {
    if (!can_trace()) {
        printf("1..0 # SKIP this machine allows no ptrace\n");
        return EXIT_SUCCESS;
    }
    Suite *suite = suite_create("signer-kill");
    TCase *tests = tcase_create("kill -9 of the signer");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 110);
    tcase_add_test(tests, a_signer_that_is_killed_at_any_system_call_goes_on);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
