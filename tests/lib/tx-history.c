/* SPDX-License-Identifier: MIT */
/*
 * A client that keeps its own history: what it called, and what came of it, one line each, written
 * before and after the call, so that a kill at any moment leaves what it knew. tests/lib/history.py
 * reads it.
 *
 *   tx-history DIRECTORY [--threads T] [--count N] [--durable PERCENT] [--buffered PERCENT]
 *              [--pace US] [--forks N]
 *
 * DIRECTORY gets a file for each process: `client H`, then of each call `call T K LEVEL` and
 * `done T K RESULT [ID SEQ LEAF]`, and at the end `flush RESULT`. H, T (the thread) and K (its
 * count) stand in the record's fields, too. Each thread logs N records, or until SIGTERM; what is
 * neither durable nor buffered is queued. With --forks each thread has so many children now and
 * then, which log a few records and end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <tracex/audit.h>
#include <unistd.h>

#define THREADS_MAX 64
#define CHILD_RECORDS 5
#define FORK_EVERY 50
#define FILL_MAX 400
#define N_OPTIONS 6

struct job {
    const char *directory;
    unsigned long threads;
    unsigned long count;   /* 0: without end */
    unsigned long durable; /* percent */
    unsigned long buffered;
    unsigned long pace_us;
    unsigned long forks;
};

static struct job job = {.threads = 1};
static char name[40]; /* of this process: PID-RANDOM */
static int history = -1;
static atomic_bool is_told_to_end;

static void end(int signal_number) {
    (void)signal_number;
    atomic_store(&is_told_to_end, true);
}

/* One write for each line: whole in the file or not there, whatever kills us. */
static void say(const char *format, ...) {
    char line[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (write(history, line, (size_t)n) != n)
        _exit(3);
}

static void begin_history(void) {
    char path[4096];
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        _exit(3);
    snprintf(name, sizeof(name), "%d-%016llx", (int)getpid(), (unsigned long long)random);
    snprintf(path, sizeof(path), "%s/%s", job.directory, name);
    if (history >= 0)
        close(history);
    history = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (history < 0)
        _exit(3);
    say("client %s\n", name);
}

static void say_done(unsigned long t, unsigned long k, int result,
                     const struct tx_receipt *receipt) {
    char hex[65];
    if (result < 0) {
        const char *text = strerrorname_np(-result);
        say("done %lu %lu -%s\n", t, k, text ? text : "?");
    } else if (!receipt) {
        say("done %lu %lu 0\n", t, k);
    } else {
        for (size_t i = 0; i < sizeof(receipt->leaf); i++)
            snprintf(hex + 2 * i, 3, "%02x", receipt->leaf[i]);
        say("done %lu %lu 0 %s %llu %s\n", t, k, receipt->id, (unsigned long long)receipt->seq,
            hex);
    }
}

static enum tx_durability choose_level(unsigned *seed) {
    unsigned long chance = (unsigned long)(rand_r(seed) % 100);

    if (chance < job.durable)
        return TX_DURABLE;
    return chance < job.durable + job.buffered ? TX_BUFFERED : TX_QUEUED;
}

static const char *name_of(enum tx_durability level) {
    return level == TX_DURABLE ? "durable" : level == TX_BUFFERED ? "buffered" : "queued";
}

static int log_one(unsigned long t, unsigned long k, unsigned *seed) {
    static const char fill[FILL_MAX + 1] = {[0 ... FILL_MAX - 1] = 'x'};
    enum tx_durability level = choose_level(seed);
    bool durable = level == TX_DURABLE;
    struct tx_receipt receipt;
    struct tx_kv fields[] = {TX_STR("h", name), TX_I64("t", (int64_t)t), TX_I64("k", (int64_t)k),
                             TX_STRN("fill", fill, (size_t)rand_r(seed) % FILL_MAX)};
    struct tx_event event = TX_EVENT_INIT;

    event.name = "history.record";
    event.fields = fields;
    event.n_fields = sizeof(fields) / sizeof(fields[0]);
    event.durability = level;
    event.ret_receipt = &receipt;
    say("call %lu %lu %s\n", t, k, name_of(level));
    int r = tx_audit_emit(&event);
    say_done(t, k, r, durable && r == 0 ? &receipt : NULL);
    return r;
}

/* A child is a client of its own, with a history of its own. */
static void fork_one(unsigned seed) {
    pid_t pid = fork();
    if (pid == 0) {
        begin_history();
        for (unsigned long k = 0; k < CHILD_RECORDS; k++)
            if (log_one(0, k, &seed) < 0)
                usleep(10000);
        if (rand_r(&seed) % 2) /* the others leave what they queued with the kernel */
            say("flush %d\n", tx_flush(30000));
        _exit(0);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

static void *run(void *data) {
    unsigned long t = (unsigned long)(uintptr_t)data, forks = job.forks;
    unsigned seed = (unsigned)(getpid() * 31 + (int)t);

    for (unsigned long k = 0; !atomic_load(&is_told_to_end) && (job.count == 0 || k < job.count);
         k++) {
        if (log_one(t, k, &seed) < 0)
            usleep(5000);
        if (job.pace_us)
            usleep((useconds_t)((unsigned long)rand_r(&seed) % job.pace_us));
        if (forks > 0 && k % FORK_EVERY == FORK_EVERY - 1) {
            forks--;
            fork_one(seed);
        }
    }
    return NULL;
}

static unsigned long number_of(const char *text) {
    char *rest;
    unsigned long v = strtoul(text, &rest, 10);
    if (!*text || *rest)
        exit(2);
    return v;
}

static void parse(int argc, char **argv) {
    static const struct {
        const char *option;
        unsigned long *number;
    } options[N_OPTIONS] = {{"--threads", &job.threads}, {"--count", &job.count},
                            {"--durable", &job.durable}, {"--buffered", &job.buffered},
                            {"--pace", &job.pace_us},    {"--forks", &job.forks}};
    if (argc < 2 || argc % 2)
        exit(2);
    job.directory = argv[1];
    for (int i = 2; i < argc; i += 2) {
        size_t at = 0;
        while (at < N_OPTIONS && strcmp(options[at].option, argv[i]) != 0)
            at++;
        if (at == N_OPTIONS)
            exit(2);
        *options[at].number = number_of(argv[i + 1]);
    }
    if (job.threads < 1 || job.threads > THREADS_MAX)
        exit(2);
}

int main(int argc, char **argv) {
    struct sigaction action = {.sa_handler = end};
    pthread_t threads[THREADS_MAX];

    parse(argc, argv);
    if (sigaction(SIGTERM, &action, NULL) < 0)
        return 1;
    begin_history();
    for (unsigned long t = 0; t < job.threads; t++)
        if (pthread_create(&threads[t], NULL, run, (void *)(uintptr_t)t) != 0)
            return 1;
    for (unsigned long t = 0; t < job.threads; t++)
        pthread_join(threads[t], NULL);
    int r = tx_flush(60000);
    say("flush %d\n", r);
    return r == 0 ? 0 : 1;
}
