/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/vault/vault.h"
#include "tests/unit/trace-check.h"

/*
 * kill -9 at every system call of the vault's life, its first start included, and every call that
 * has to do with its files failing once, before it did anything or after: what was answered holds,
 * what had begun is done or not done, and a key that was destroyed is in no file. A tracer counts
 * the calls, so no case depends on timing.
 */

enum fault { KILLED, FAILS_BEFORE, FAILS_AFTER, SHORT };
static int fault_error = EIO;

static char directory[64];
static int dirfd_vault;

static void setup(void) {
    strcpy(directory, "/tmp/tx-vault-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_vault = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_files(void) {
    static const char *const names[] = {TX_TABLE_FILE, TX_TABLE_FILE ".tmp", TX_KEK_FILE,
                                        TX_KEK_FILE ".tmp"};
    for (size_t i = 0; i < TX_COUNT_OF(names); i++)
        unlinkat(dirfd_vault, names[i], 0);
}

static void teardown(void) {
    remove_files();
    close(dirfd_vault);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* --- the vault's side: a loop without its sandbox --- */

struct question {
    char what; /* get, erase, recorded, state, unrecorded */
    char person[8];
    uint8_t id[16]; /* of a request, or a ref */
};

struct answer {
    int result;
    uint8_t ref[TX_VAULT_REF_BYTES];
    uint8_t key[TX_VAULT_KEY_BYTES];
};

static void do_get(struct tx_vault *vault, const struct question *q, struct answer *a) {
    uint8_t question[64], answer[TX_VAULT_MESSAGE_BYTES];
    struct tx_buf qb = tx_buf_of(question, sizeof(question)),
                  ab = tx_buf_of(answer, sizeof(answer));
    struct tx_vault_message message = {.type = TX_VAULT_GET, .person = {q->person, 2}};
    tx_vault_message_render(&message, &qb);
    if (tx_vault_serve(vault, (struct tx_text){(char *)question, qb.len}, &ab) < 0 ||
        tx_vault_message_parse((struct tx_text){(char *)answer, ab.len}, &message) < 0)
        _exit(3);
    a->result = message.type == TX_VAULT_KEY ? 0 : -1;
    memcpy(a->ref, message.ref, sizeof(a->ref));
    memcpy(a->key, message.key, sizeof(a->key));
}

static void do_erase(struct tx_vault *vault, const struct question *q, struct answer *a) {
    struct tx_vault_erasure erasure = {.uid = 1};
    enum tx_vault_erased how;
    memcpy(erasure.request, q->id, sizeof(q->id));
    if (tx_vault_erase(vault, (struct tx_text){q->person, 2}, &erasure, &how) < 0)
        _exit(4); /* as main.c does */
    a->result = (int)how;
    memcpy(a->ref, erasure.ref, sizeof(a->ref));
}

static int do_unrecorded(struct tx_vault *vault, const struct question *q) {
    for (size_t i = 0; i < TX_SLOT_N_INTENTS; i++) {
        const struct tx_vault_erasure *erasure = tx_table_unrecorded(vault->table, i);
        if (erasure && memcmp(erasure->request, q->id, sizeof(q->id)) == 0)
            return 1;
    }
    return 0;
}

static int do_state(struct tx_vault *vault, const struct question *q) {
    struct tx_slot slot;
    return tx_table_find_ref(vault->table, q->id, &slot) == 0 ? (int)slot.state : TX_SLOT_FREE;
}

static _Noreturn void run_vault(int fd) {
    static char why[TX_VAULT_WHY_BYTES];
    const struct tx_vault_options options = {
        .dirfd = dirfd_vault, .kek_fd = -1, .directory = directory};
    struct tx_vault *vault;
    struct question q;
    int r = tx_vault_start(&options, &vault, why);
    if (r != 0) {
        if (r > 0)
            fprintf(stderr, "%s\n", why);
        _exit(r > 0 ? 9 : 1); /* no fault may make it refuse */
    }
    while (recv(fd, &q, sizeof(q), 0) == sizeof(q)) {
        struct answer a = {.result = 0};
        if (q.what == 'g')
            do_get(vault, &q, &a);
        else if (q.what == 'e')
            do_erase(vault, &q, &a);
        else if (q.what == 'r')
            a.result = tx_table_recorded(vault->table, q.id);
        else if (q.what == 's')
            a.result = do_state(vault, &q);
        else
            a.result = do_unrecorded(vault, &q);
        if (send(fd, &a, sizeof(a), MSG_NOSIGNAL) != sizeof(a))
            _exit(5);
    }
    _exit(0);
}

/* --- the tracer --- */

static bool may_fail(enum fault fault, unsigned long call) {
    if (fault == SHORT)
        return call == SYS_pwrite64 || call == SYS_write || call == SYS_pread64;
    static const unsigned long calls[] = {SYS_pwrite64,  SYS_fdatasync, SYS_fsync, SYS_fallocate,
                                          SYS_openat,    SYS_renameat,  SYS_write, SYS_pread64,
                                          SYS_getrandom, SYS_flock,     SYS_fstat, SYS_newfstatat};
    for (size_t i = 0; i < TX_COUNT_OF(calls); i++)
        if (calls[i] == call)
            return true;
    return false;
}

static _Noreturn void run_traced(int fd) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        _exit(2);
    raise(SIGSTOP);
    run_vault(fd);
}

static void step(pid_t pid, int *status) {
    if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0 || waitpid(pid, status, 0) != pid)
        _exit(1);
    if (WIFEXITED(*status))
        _exit(WEXITSTATUS(*status) == 0 ? EXIT_DONE : WEXITSTATUS(*status));
    if (WIFSIGNALED(*status))
        _exit(1);
}

/* At the entry of a call: it does nothing, or everything, and fails; or half of what it should. */
static void make_it_fail(pid_t pid, enum fault fault, int *status) {
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
        _exit(1);
    if (fault == FAILS_BEFORE) {
        regs.orig_rax = (unsigned long long)-1;
        if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0)
            _exit(1);
    }
    if (fault == SHORT) {
        regs.rdx = regs.rdx > 1 ? regs.rdx / 2 : regs.rdx;
        if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0)
            _exit(1);
        step(pid, status);
        return;
    }
    step(pid, status);
    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
        _exit(1);
    regs.rax = (unsigned long long)-fault_error;
    if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0)
        _exit(1);
}

static _Noreturn void follow_to_the_end(pid_t pid) {
    int status;
    if (ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid)
        _exit(1);
    _exit(WIFEXITED(status) && WEXITSTATUS(status) != 9 ? 0 : 9);
}

/* The `at`th stop (a call has two) when it is to be killed, else the `at`th call that may fail. */
static _Noreturn void run_tracer(int fd, enum fault fault, long at) {
    int status;
    bool entry = true;
    pid_t pid = fork();
    if (pid == 0)
        run_traced(fd);
    close(fd);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        _exit(1);
    for (long seen = 0;; entry = !entry) {
        struct user_regs_struct regs;
        step(pid, &status);
        if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
            _exit(1);
        seen += fault == KILLED || (entry && may_fail(fault, regs.orig_rax));
        if (seen < at)
            continue;
        if (fault != KILLED) {
            make_it_fail(pid, fault, &status);
            follow_to_the_end(pid);
        }
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        _exit(0);
    }
}

/* --- our side: what we were told --- */

struct known {
    char person[8];
    uint8_t ref[TX_VAULT_REF_BYTES];
    uint8_t key[TX_VAULT_KEY_BYTES];
    uint8_t sealed[TX_SLOT_SEALED_BYTES]; /* as it stood in the file */
    bool erasing, erased;                 /* asked; answered */
    bool recording, recorded;
    uint8_t request[16];
};

static struct known known[16];
static size_t n_known;
static int vault_fd;
static bool gone;

static pid_t start(enum fault fault, long at) {
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(pair[0]);
        if (at == 0)
            run_vault(pair[1]);
        run_tracer(pair[1], fault, at);
    }
    close(pair[1]);
    vault_fd = pair[0];
    gone = false;
    return pid;
}

static int finish(pid_t pid) {
    int status;
    close(vault_fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool ask(char what, const char *person, const uint8_t *id, struct answer *a) {
    struct question q = {.what = what};
    if (person)
        strcpy(q.person, person);
    if (id)
        memcpy(q.id, id, sizeof(q.id));
    gone = gone || send(vault_fd, &q, sizeof(q), MSG_NOSIGNAL) != sizeof(q) ||
           recv(vault_fd, a, sizeof(*a), 0) != sizeof(*a);
    return !gone;
}

static size_t read_table(uint8_t **ret) {
    struct stat st;
    int fd = openat(dirfd_vault, TX_TABLE_FILE, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &st), 0);
    *ret = malloc((size_t)st.st_size);
    ck_assert_int_eq(read(fd, *ret, (size_t)st.st_size), st.st_size);
    close(fd);
    return (size_t)st.st_size;
}

/* The slot on disk: after ref and index comes the wrapped key. */
static void note_sealed(struct known *k) {
    uint8_t *bytes, *slots;
    size_t n = read_table(&bytes);
    slots = memmem(bytes + TX_SLOTS_AT, n - TX_SLOTS_AT, k->ref, sizeof(k->ref));
    ck_assert_ptr_nonnull(slots);
    memcpy(k->sealed, slots + sizeof(k->ref) + TX_SLOT_INDEX_BYTES, sizeof(k->sealed));
    free(bytes);
}

static struct known *live_of(const char *person) {
    for (size_t i = n_known; i > 0; i--)
        if (strcmp(known[i - 1].person, person) == 0 && !known[i - 1].erased)
            return &known[i - 1];
    return NULL;
}

static void get(const char *person) {
    struct known *k = live_of(person);
    struct answer a;
    if (!ask('g', person, NULL, &a) || a.result != 0)
        return;
    if (k) { /* what was answered once is answered again */
        ck_assert_mem_eq(k->key, a.key, sizeof(a.key));
        ck_assert_mem_eq(k->ref, a.ref, sizeof(a.ref));
        return;
    }
    k = &known[n_known++];
    *k = (struct known){.erased = false};
    strcpy(k->person, person);
    memcpy(k->ref, a.ref, sizeof(a.ref));
    memcpy(k->key, a.key, sizeof(a.key));
    note_sealed(k);
}

static void erase(const char *person, uint8_t request) {
    struct known *k = live_of(person);
    struct answer a;
    if (!k)
        return;
    memset(k->request, request, sizeof(k->request));
    k->erasing = true;
    if (ask('e', person, k->request, &a) && a.result == TX_VAULT_ERASED_DONE)
        k->erased = true;
}

static void record(uint8_t request) {
    struct answer a;
    for (size_t i = 0; i < n_known; i++) {
        if (!known[i].erased || known[i].request[0] != request)
            continue;
        known[i].recording = true;
        if (ask('r', NULL, known[i].request, &a) && a.result == 0)
            known[i].recorded = true;
    }
}

static void live(void) {
    get("p0");
    get("p1");
    erase("p0", 1);
    get("p0");
    record(1);
    get("p2");
    erase("p1", 2);
    get("p2");
    erase("p2", 3);
    record(3);
    get("p2");
}

static void check_one(struct known *k) {
    struct answer state, unrecorded;
    ck_assert(ask('s', NULL, k->ref, &state));
    ck_assert(ask('u', NULL, k->request, &unrecorded));
    if (!k->erasing)
        ck_assert_int_eq(state.result, TX_SLOT_LIVE);
    if (k->erased)
        ck_assert_int_eq(state.result, TX_SLOT_ERASED);
    if (state.result == TX_SLOT_LIVE) {
        ck_assert(!unrecorded.result);
        get(k->person);
        return;
    }
    ck_assert_int_eq(state.result, TX_SLOT_ERASED);
    if (!k->recording)
        ck_assert_int_eq(unrecorded.result, 1);
    if (k->recorded)
        ck_assert_int_eq(unrecorded.result, 0);
    k->erased = true;
    uint8_t *bytes;
    size_t n = read_table(&bytes);
    for (size_t i = 0; i + 12 <= sizeof(k->sealed); i += 12)
        ck_assert_ptr_null(memmem(bytes, n, k->sealed + i, 12));
    free(bytes);
}

/* Returns whether the vault's life had an `at`th call. */
static bool run_case(enum fault fault, long at) {
    n_known = 0;
    pid_t pid = start(fault, at);
    live();
    int code = finish(pid);
    ck_assert_msg(code == 0 || code == EXIT_DONE, "call %ld: exit %d", at, code);

    pid = start(fault, 0);
    for (size_t i = 0; i < n_known; i++)
        check_one(&known[i]);
    live(); /* it goes on */
    ck_assert(!gone);
    for (size_t i = 0; i < n_known; i++)
        check_one(&known[i]);
    ck_assert_int_eq(finish(pid), 0);
    remove_files();
    return code != EXIT_DONE;
}

START_TEST(a_vault_that_is_killed_at_any_system_call_keeps_its_word) {
    long at = 1;
    while (run_case(KILLED, at))
        at++;
    ck_assert_int_gt(at, 120); /* it was really followed */
}
END_TEST

#define N_CASES 6

START_TEST(a_vault_whose_calls_fail_keeps_its_word) {
    static const struct {
        enum fault fault;
        int error;
        int at_least; /* so many calls */
    } cases[N_CASES] = {{FAILS_BEFORE, EIO, 50},    {FAILS_AFTER, EIO, 50},
                        {FAILS_BEFORE, ENOSPC, 50}, {FAILS_BEFORE, EINTR, 50},
                        {FAILS_BEFORE, EMFILE, 50}, {SHORT, 0, 15}};
    const char *all = getenv("TX_IO_FAULTS");
    long at = 1, step = _i < 2 || (all && strcmp(all, "all") == 0) ? 1 : 5;
    fault_error = cases[_i].error;
    while (run_case(cases[_i].fault, at))
        at += step;
    ck_assert_int_gt(at, cases[_i].at_least);
}
END_TEST

int main(void) {
    if (!can_trace()) {
        printf("1..0 # SKIP this machine allows no ptrace\n");
        return EXIT_SUCCESS;
    }
    Suite *suite = suite_create("vault-faults");
    TCase *tests = tcase_create("faults of the vault");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 110);
    tcase_add_test(tests, a_vault_that_is_killed_at_any_system_call_keeps_its_word);
    tcase_add_loop_test(tests, a_vault_whose_calls_fail_keeps_its_word, 0, N_CASES);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
