/* SPDX-License-Identifier: MIT */
/*
 * The way of records through the engine, by itself, while allocations fail.
 *
 *   mask-driver print CONFIG DATAGRAMS
 *       masks what the datagrams hold (each behind its length as u32) and prints the lines; a
 *       record that ingest would reject prints `rejected: REASON`.
 *   mask-driver sweep CONFIG DATAGRAMS CANARIES FIRST STEP MANY
 *       does the same again and again, each time in a process of its own, in which the n-th
 *       allocation and the MANY - 1 after it fail, for n = FIRST, FIRST + STEP … until none is left
 *       to fail. Each time it looks for canaries (in hex, one a line) in the lines, in what was
 *       written to standard error, and, once the datagrams are wiped, in the process's memory; and
 *       for leaks, when it is built to. Prints what it found, then `N failed: E errors, O went on`.
 *
 * Exit status 0: nothing was found; 1: something was; 2: it could not be looked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ingest/check-record.h"
#include "auditd/ingest/policy.h"
#include "auditd/ipc/policy.h"
#include "libtx/base/cursor.h"
#include "libtx/crypto/begin.h"
#include "libtx/crypto/secret.h"
#include "libtx/record/line.h"
#include "libtx/wire/wire.h"
#include "tests/lib/alloc-faults.h"
#include "tests/lib/canary-search.h"

#define FILE_MAX (4u << 20)

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct driver {
    const char *config_name;
    int policy_fd;
    struct tx_buf datagrams;
    struct tx_buf lines;
    struct tx_canary_search *search;
    struct tx_field fields[TX_LIMIT_FIELDS];
};

static void fail(const char *what) {
    fprintf(stderr, "mask-driver: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* --- the engine --- */

/* Plays the vault: somebody whose name ends in '!' has no key now. */
static int get_key(void *data, struct tx_text person, struct tx_subject_key *ret) {
    (void)data;
    if (person.n == 0 || person.p[person.n - 1] == '!')
        return -ETIMEDOUT;
    memset(ret, 7, sizeof(*ret));
    return 0;
}

/* All that depends on how an engine is made. */
static int make_policy(const struct driver *d, struct tx_policy **ret) {
    static const struct tx_subject_keys persons = {.get = get_key};
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;

    int r = tx_policy_load(d->policy_fd, d->config_name, &persons, &errors, ret);
    if (r < 0 && errors.len)
        fprintf(stderr, "%.*s\n", (int)errors.len, (const char *)errors.data);
    return r;
}

static int mask_record(struct driver *d, struct tx_mask *mask, struct tx_record *record, int r) {
    const struct tx_record_fault *fault =
        r == -E2BIG ? &tx_fault_too_many_fields : tx_record_fault(record);
    if (!fault) {
        tx_mask_record(mask, record);
        r = tx_line_write_body(record, TX_TEXT("host"), &d->lines);
        tx_mask_wipe(mask);
        if (r < 0 && r != -ENOSPC)
            return r;
        tx_buf_str(&d->lines, r < 0 ? "rejected: too large" : "");
    } else {
        tx_buf_str(&d->lines, "rejected: ");
        tx_buf_str(&d->lines, fault->reason);
    }
    tx_buf_char(&d->lines, '\n');
    return 0;
}

static int mask_datagram(struct driver *d, struct tx_mask *mask, const uint8_t *p, size_t n) {
    struct tx_wire_records records;
    struct tx_record record;
    int r = tx_wire_records_open(p, n, &records);

    while (r == 0) {
        record = (struct tx_record){.n_fields = 0};
        r = tx_wire_records_next(&records, d->fields, &record);
        if (r != 0 && r != -E2BIG)
            break;
        r = mask_record(d, mask, &record, r);
    }
    return r == TX_WIRE_E_END ? 0 : r;
}

static int mask_all(struct driver *d, struct tx_mask *mask) {
    struct tx_cursor c = tx_cursor_of(d->datagrams.data, d->datagrams.len);
    uint32_t n;
    const uint8_t *p;

    d->lines.len = 0;
    while (c.n > 0) {
        int r = tx_cursor_u32(&c, &n);
        if (r == 0)
            r = tx_cursor_bytes(&c, n, &p);
        if (r == 0)
            r = mask_datagram(d, mask, p, n);
        if (r < 0)
            return r;
    }
    return d->lines.full ? -ENOSPC : 0;
}

/* --- what must not be there --- */

static bool holds_canary(const struct driver *d, const char *what, const void *p, size_t n) {
    size_t at = 0;
    int canary = tx_canary_find(d->search, p, n, &at);
    if (canary >= 0)
        dprintf(STDOUT_FILENO, "canary %d at byte %zu of %s\n", canary, at, what);
    return canary >= 0;
}

static void tell(void *data, const char *mapping, uint64_t address, int canary) {
    bool *found = data;
    *found = true;
    dprintf(STDOUT_FILENO, "canary %d at %lx in %s\n", canary, (unsigned long)address, mapping);
}

/* Not beside a sanitizer, which keeps what was freed and has more memory than can be looked at. */
static bool memory_holds_canary(const struct driver *d) {
    bool found = false;
    if (__lsan_do_recoverable_leak_check)
        return false;
    int r = tx_canary_find_in_process(d->search, getpid(), tell, &found);
    if (r < 0)
        dprintf(STDOUT_FILENO, "its memory cannot be read: %s\n", strerror(-r));
    return found || r < 0;
}

/* --- one run in a process of its own --- */

enum { WENT_ON, ENDED, FOUND, NOT_REACHED, N_OUTCOMES };

static int run(struct driver *d, uint64_t n, uint64_t many) {
    _cleanup_(tx_policy_freep) struct tx_policy *policy = NULL;
    struct tx_alloc_faults *alloc = tx_alloc_faults();

    *alloc = (struct tx_alloc_faults){.first = n, .many = many};
    int r = make_policy(d, &policy);
    uint64_t before = alloc->count;
    if (r == 0)
        r = mask_all(d, policy->mask);
    alloc->first = 0;
    if (alloc->failed == 0)
        dprintf(STDOUT_FILENO, "without failures: %d, and masking allocates %lu times\n", r,
                (unsigned long)(alloc->count - before));
    tx_wipe(d->datagrams.data, d->datagrams.cap);
    tx_wipe(d->fields, sizeof(d->fields));
    tx_wipe_traces(); /* as ingest does */
    bool found = holds_canary(d, "the lines", d->lines.data, d->lines.len);
    tx_wipe(d->lines.data, d->lines.cap);
    found = memory_holds_canary(d) || found;
    tx_policy_free(TX_STEAL(policy));
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check()) {
        dprintf(STDOUT_FILENO, "it leaks\n");
        found = true;
    }
    if (found)
        return FOUND;
    if (alloc->failed == 0)
        return NOT_REACHED;
    return r < 0 ? ENDED : WENT_ON;
}

static int run_apart(struct driver *d, uint64_t n, uint64_t many) {
    int said = memfd_create("stderr", MFD_CLOEXEC);
    int status;
    static char text[65536];

    fflush(NULL);
    pid_t pid = fork();
    if (said < 0 || pid < 0)
        fail("a process");
    if (pid == 0) {
        dup2(said, STDERR_FILENO);
        _exit(run(d, n, many));
    }
    if (waitpid(pid, &status, 0) < 0)
        fail("wait");
    ssize_t n_text = pread(said, text, sizeof(text), 0);
    close(said);
    bool found = n_text < 0 || holds_canary(d, "standard error", text, (size_t)n_text);
    if (WIFEXITED(status) && WEXITSTATUS(status) < N_OUTCOMES && WEXITSTATUS(status) != FOUND)
        return found ? FOUND : WEXITSTATUS(status);
    printf("when allocation %lu fails: %s %d\n%.*s", (unsigned long)n,
           WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
           n_text > 0 ? (int)n_text : 0, text);
    return FOUND;
}

static int sweep(struct driver *d, uint64_t first, uint64_t step, uint64_t many) {
    uint64_t counts[N_OUTCOMES] = {0};
    int outcome;

    for (uint64_t n = first; (outcome = run_apart(d, n, many)) != NOT_REACHED; n += step) {
        counts[outcome]++;
        if (counts[FOUND] == 10) /* more of it says nothing new */
            break;
    }
    printf("%lu failed: %lu errors, %lu went on\n",
           (unsigned long)(counts[WENT_ON] + counts[ENDED] + counts[FOUND]),
           (unsigned long)counts[ENDED], (unsigned long)counts[WENT_ON]);
    return counts[FOUND] > 0;
}

/* --- */

/* Into memory that no allocator has had before. */
static struct tx_buf read_file(const char *path) {
    struct tx_buf b = tx_buf_of(
        mmap(NULL, FILE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), FILE_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    if (b.data == MAP_FAILED || fd < 0)
        fail(path);
    while (n > 0 && b.len < b.cap) {
        n = read(fd, b.data + b.len, b.cap - b.len);
        if (n < 0)
            fail(path);
        b.len += (size_t)n;
    }
    close(fd);
    return b;
}

/* Plays the supervisor. */
static int hand_on(struct tx_buf config) {
    static uint8_t memory[TX_IPC_POLICY_OVERHEAD_BYTES + FILE_MAX];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    const struct tx_ipc_policy policy = {
        .n_keys = 1,
        .keys = {{.id = TX_TEXT("default"),
                  .bytes = (const uint8_t *)"a key of a test, thirty-two byte",
                  .n = 32}},
        .text = {.p = (const char *)config.data, .n = config.len}};

    tx_ipc_policy_render(&policy, &b);
    int fd = memfd_create("policy", MFD_CLOEXEC);
    if (b.full || fd < 0 || write(fd, b.data, b.len) != (ssize_t)b.len)
        fail("policy");
    return fd;
}

static void read_canaries(struct driver *d, const char *path) {
    struct tx_buf b = read_file(path);
    uint8_t canary[4096];
    size_t n = 0;
    unsigned byte;

    d->search = calloc(1, sizeof(*d->search));
    if (!d->search)
        fail("canaries");
    for (size_t at = 0; at < b.len;) {
        if (b.data[at] != '\n' && n < sizeof(canary) &&
            sscanf((const char *)b.data + at, "%2x", &byte) == 1) {
            canary[n++] = (uint8_t)byte;
            at += 2;
            continue;
        }
        if (!tx_canary_add(d->search, canary, n))
            fail(path);
        n = 0;
        at++;
    }
    tx_wipe(canary, sizeof(canary));
    tx_wipe(b.data, b.cap);
    munmap(b.data, b.cap);
}

static int print(struct driver *d) {
    _cleanup_(tx_policy_freep) struct tx_policy *policy = NULL;
    int r = make_policy(d, &policy);
    if (r == 0)
        r = mask_all(d, policy->mask);
    fwrite(d->lines.data, 1, d->lines.len, stdout);
    if (r < 0)
        fprintf(stderr, "mask-driver: %s\n", strerror(-r));
    return r < 0;
}

int main(int argc, char **argv) {
    static struct driver d;
    static uint8_t lines[FILE_MAX];
    bool is_sweep = argc == 8 && strcmp(argv[1], "sweep") == 0;

    if (!is_sweep && !(argc == 4 && strcmp(argv[1], "print") == 0)) {
        fprintf(stderr, "usage: mask-driver print CONFIG DATAGRAMS\n"
                        "       mask-driver sweep CONFIG DATAGRAMS CANARIES FIRST STEP MANY\n");
        return 2;
    }
    d.config_name = argv[2];
    d.policy_fd = hand_on(read_file(argv[2]));
    d.datagrams = read_file(argv[3]);
    d.lines = tx_buf_of(lines, sizeof(lines));
    if (!is_sweep)
        return print(&d);
    read_canaries(&d, argv[4]);
    if (tx_crypto_begin() < 0) /* as ingest does, before it opens the inbox */
        fail("OpenSSL");
    return sweep(&d, strtoul(argv[5], NULL, 10), strtoul(argv[6], NULL, 10),
                 strtoul(argv[7], NULL, 10));
}
