/* SPDX-License-Identifier: MIT */
/*
 * Trace events for tests:
 *
 *     tx-trace events N [BYTES]      N events one after the other, then flushes
 *     tx-trace threads T N           the same by T threads, then flushes
 *     tx-trace count FILE            without end, 32 at a time; in FILE 3 numbers of 8 bytes: how
 * many were taken, its own number, how many had no room tx-trace pace N MICROSECONDS   N events
 * with a pause after each, then flushes tx-trace burst N               N events as fast as can be,
 * then flushes tx-trace NAME                  what a program of that name does (scenes[])
 *
 * Each event has `run` (the process's number), `thread` and `i`, from 0 in each thread. At the end
 * it prints what tx_stats says.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <tracex/trace.h>
#include <unistd.h>

static int emit(long thread, long i, size_t n_bytes) {
    static char text[100000];
    struct tx_event event = TX_EVENT_INIT;

    if (text[0] == 0)
        memset(text, 'x', sizeof(text) - 1);
    const struct tx_kv fields[] = {TX_I64("run", getpid()), TX_I64("thread", thread),
                                   TX_I64("i", i), TX_STRN("text", text, n_bytes)};
    event.name = "test.trace";
    event.fields = fields;
    event.n_fields = sizeof(fields) / sizeof(fields[0]);
    return tx_trace_emit(&event);
}

static void say(void) {
    struct tx_stats stats = {.size = sizeof(stats)};

    if (tx_stats(&stats) < 0)
        exit(2);
    printf("pid=%d logged=%llu lost=%llu refused=%llu\n", getpid(),
           (unsigned long long)stats.trace_logged, (unsigned long long)stats.trace_lost,
           (unsigned long long)stats.trace_refused);
    fflush(stdout);
}

static int finish(int timeout_ms) {
    int r = tx_flush(timeout_ms);
    say();
    return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Waits where it is full, so that none is lost. */
static void emit_surely(long thread, long i, size_t n_bytes) {
    while (emit(thread, i, n_bytes) == -EAGAIN)
        usleep(1000);
}

static void *run_thread(void *data) {
    long *what = data; /* number, count */

    for (long i = 0; i < what[1]; i++)
        (void)emit(what[0], i, 100);
    return NULL;
}

static int threads(int n, long count) {
    pthread_t ids[256];
    long what[256][2];

    for (int i = 0; i < n; i++) {
        what[i][0] = i;
        what[i][1] = count;
        if (pthread_create(&ids[i], NULL, run_thread, what[i]) != 0)
            return EXIT_FAILURE;
    }
    for (int i = 0; i < n; i++)
        pthread_join(ids[i], NULL);
    return finish(60000);
}

static int count(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0 || ftruncate(fd, 4096) < 0)
        return EXIT_FAILURE;
    uint64_t *n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (n == MAP_FAILED)
        return EXIT_FAILURE;
    n[1] = (uint64_t)getpid();
    for (long i = 0;;) {
        int r = emit(0, i, 100);
        if (r == -EAGAIN) {
            __atomic_fetch_add(&n[2], 1, __ATOMIC_SEQ_CST);
            usleep(1000);
            continue;
        }
        __atomic_fetch_add(n, 1, __ATOMIC_SEQ_CST);
        if (i++ % 32 == 31)
            usleep(500);
    }
}

/* --- what programs do --- */

static int scene_secrets(void) {
    struct tx_event event = TX_EVENT_INIT;
    const struct tx_kv fields[] = {TX_STR("password", "correct horse"),
                                   TX_STR("card", "4111 1111 1111 1111"),
                                   TX_SECRET(TX_STR("other", "needle-in-the-ring"))};

    event.name = "test.secrets";
    event.fields = fields;
    event.n_fields = 3;
    event.message = "write to alice@example.org";
    return tx_trace_emit(&event) == 0 ? finish(60000) : EXIT_FAILURE;
}

static int scene_fork(void) {
    (void)emit(0, 0, 10);
    pid_t pid = fork();
    for (long i = 1; i < 100; i++)
        (void)emit(0, i, 10);
    if (pid == 0)
        exit(finish(60000));
    int status;
    waitpid(pid, &status, 0);
    int r = finish(60000);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? r : EXIT_FAILURE;
}

static int scene_exec(void) {
    for (long i = 0; i < 50; i++)
        (void)emit(0, i, 10);
    printf("pid=%d\n", getpid());
    fflush(stdout);
    execl("/bin/true", "true", (char *)NULL);
    return EXIT_FAILURE;
}

static int scene_quick_exit(void) {
    for (long i = 0; i < 50; i++)
        (void)emit(0, i, 10);
    printf("pid=%d\n", getpid());
    fflush(stdout);
    _exit(0);
}

static int scene_ends(void) {
    for (long i = 0; i < 50; i++)
        (void)emit(0, i, 10);
    printf("pid=%d\n", getpid());
    return EXIT_SUCCESS;
}

/* Threads that come and go share few rings. */
static int scene_thread_exit(void) {
    for (int i = 0; i < 200; i++) {
        long what[2] = {i, 3};
        pthread_t id;
        if (pthread_create(&id, NULL, run_thread, what) != 0)
            return EXIT_FAILURE;
        pthread_join(id, NULL);
    }
    return finish(60000);
}

static void *run_until_cancelled(void *data) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (long i = 0;; i++)
        (void)emit((long)(intptr_t)data, i, 100);
    return NULL;
}

static int scene_cancel(void) {
    for (long t = 0; t < 30; t++) {
        pthread_t id;
        if (pthread_create(&id, NULL, run_until_cancelled, (void *)(intptr_t)t) != 0)
            return EXIT_FAILURE;
        usleep(500);
        pthread_cancel(id);
        pthread_join(id, NULL);
    }
    for (long i = 0; i < 100; i++)
        emit_surely(1000, i, 10);
    return finish(60000);
}

/* As daemons do, and then opens descriptors of its own with the same numbers. */
static int scene_close_all(void) {
    for (long i = 0; i < 50; i++)
        emit_surely(0, i, 10);
    for (int fd = 3; fd < 4096; fd++)
        close(fd);
    for (int i = 0; i < 900; i++)
        (void)!open("/dev/null", O_RDWR);
    usleep(100000);
    for (long i = 50; i < 100; i++) {
        emit_surely(0, i, 10);
        usleep(1000);
    }
    return finish(60000);
}

static int scene_vfork(void) {
    for (long i = 0; i < 50; i++)
        emit_surely(0, i, 10);
    pid_t pid = vfork();
    if (pid == 0) {
        for (long i = 50; i < 60; i++)
            (void)emit(0, i, 10);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    for (long i = 60; i < 100; i++)
        emit_surely(0, i, 10);
    return finish(60000);
}

static volatile long n_in_handler;

static void on_signal(int number) {
    (void)number;
    (void)emit(1, n_in_handler++, 10);
}

static int scene_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    struct timeval often = {.tv_usec = 50};
    struct itimerval timer = {.it_interval = often, .it_value = often};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    for (long i = 0; i < 100000; i++)
        (void)emit(0, i, 300);
    signal(SIGALRM, SIG_IGN);
    printf("in_handler=%ld\n", n_in_handler);
    return finish(60000);
}

static int scene_close(void) {
    for (long i = 0; i < 100; i++) {
        emit_surely(0, i, 10);
        if (i % 10 == 9)
            tx_close();
    }
    return finish(60000);
}

static const struct {
    const char *name;
    int (*run)(void);
} scenes[] = {
    {"fork", scene_fork},
    {"exec", scene_exec},
    {"quick-exit", scene_quick_exit},
    {"ends", scene_ends},
    {"thread-exit", scene_thread_exit},
    {"cancel", scene_cancel},
    {"close-all", scene_close_all},
    {"vfork", scene_vfork},
    {"signals", scene_signals},
    {"close", scene_close},
    {"secrets", scene_secrets},
};

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    long n = argc > 2 ? atol(argv[2]) : 0;

    if (strcmp(what, "events") == 0) {
        for (long i = 0; i < n; i++)
            emit_surely(0, i, argc > 3 ? (size_t)atol(argv[3]) : 100);
        return finish(60000);
    }
    if (strcmp(what, "burst") == 0) {
        for (long i = 0; i < n; i++)
            (void)emit(0, i, 100);
        return finish(60000);
    }
    if (strcmp(what, "pace") == 0 && argc == 4) {
        for (long i = 0; i < n; i++) {
            emit_surely(0, i, 100);
            usleep((useconds_t)atol(argv[3]));
        }
        return finish(60000);
    }
    if (strcmp(what, "threads") == 0 && argc == 4)
        return threads((int)n, atol(argv[3]));
    if (strcmp(what, "count") == 0 && argc == 3)
        return count(argv[2]);
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
        if (strcmp(what, scenes[i].name) == 0)
            return scenes[i].run();
    fprintf(stderr, "tx-trace: see the head of its source\n");
    return 2;
}
