/* SPDX-License-Identifier: MIT */
/* Logs records as a test asks for it. See usage() for what it says and prints. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tracex/audit.h>
#include <unistd.h>

#define FIELDS_MAX 64

/* How long a test's machine may be busy; only what is not there at all is told sooner. */
#define PATIENCE_MS 30000

struct job {
    unsigned long count;
    unsigned long threads;
    unsigned long pace_us;
    int timeout_ms;
    bool durable;
    bool buffered;
    bool print_receipts;
    const char *receipts_path; /* where they are kept */
    const char *event;
    struct tx_kv fields[FIELDS_MAX];
    size_t n_fields;
};

static void usage(void) {
    fputs(
        "usage: tx-emit [--count N] [--threads T] [--event E] [--pace US]\n"
        "               [--field NAME=VALUE | --json NAME=JSON]...\n"
        "               [--durable | --buffered] [--timeout MS] [--print-receipts] "
        "[--keep-receipts FILE]\n"
        "Each thread logs N records. With --durable and --print-receipts each that was "
        "acknowledged\n"
        "prints `<id> <seq> <leaf hex>`; each that failed prints `error <number> -<errno name>`.\n"
        "--keep-receipts appends each to FILE, as tracex-auditverify --receipt reads them.\n"
        "Exit status 0 when all were accepted, 1 when not, 2 for a wrong command line.\n",
        stderr);
    exit(2);
}

/* One write per line, so that lines of several threads stay whole and a kill loses none. */
static void print_line(const char *line, int n) {
    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        exit(1);
}

static void print_receipt(const struct tx_receipt *receipt) {
    char line[160], hex[65];
    for (size_t i = 0; i < sizeof(receipt->leaf); i++)
        snprintf(hex + 2 * i, 3, "%02x", receipt->leaf[i]);
    print_line(line, snprintf(line, sizeof(line), "%s %llu %s\n", receipt->id,
                              (unsigned long long)receipt->seq, hex));
}

/* One write for each, behind what other threads and programs keep there. */
static void keep_receipt(const struct job *job, const struct tx_receipt *receipt) {
    char text[TX_RECEIPT_TEXT_SIZE];
    int fd = open(job->receipts_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0 || tx_receipt_render(receipt, text, sizeof(text)) < 0 ||
        write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        exit(1);
    close(fd);
}

static void print_error(unsigned long number, int error) {
    char line[80];
    const char *name = strerrorname_np(error);
    print_line(line, snprintf(line, sizeof(line), "error %lu -%s\n", number, name ? name : "?"));
}

static int log_one(const struct job *job, struct tx_receipt *ret_receipt) {
    struct tx_event event = TX_EVENT_INIT;
    event.name = job->event;
    event.fields = job->fields;
    event.n_fields = job->n_fields;
    event.durability = job->durable ? TX_DURABLE : job->buffered ? TX_BUFFERED : TX_QUEUED;
    event.ret_receipt = ret_receipt;
    return tx_audit_emit(&event);
}

/* Returns NULL when all were accepted. */
static void *run(void *data) {
    const struct job *job = data;
    struct tx_receipt receipt;
    void *result = NULL;

    for (unsigned long i = 0; i < job->count; i++) {
        int r = log_one(job, &receipt);
        if (r == 0 && job->durable && job->print_receipts)
            print_receipt(&receipt);
        if (r == 0 && job->durable && job->receipts_path)
            keep_receipt(job, &receipt);
        if (r < 0) {
            print_error(i, -r);
            result = data;
            usleep(10000); /* while the daemon is away a loop would fail a million times a second */
        }
        if (job->pace_us)
            usleep((useconds_t)job->pace_us);
    }
    return result;
}

static unsigned long number_of(const char *text) {
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (!*text || *end)
        usage();
    return v;
}

static void add_field(struct job *job, char *text, bool json) {
    char *value = strchr(text, '=');
    if (!value || job->n_fields == FIELDS_MAX)
        usage();
    *value++ = '\0';
    job->fields[job->n_fields++] = json ? TX_JSON(text, value) : TX_STR(text, value);
}

static void parse(int argc, char **argv, struct job *job) {
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        if (strcmp(option, "--durable") == 0) {
            job->durable = true;
            continue;
        }
        if (strcmp(option, "--buffered") == 0) {
            job->buffered = true;
            continue;
        }
        if (strcmp(option, "--print-receipts") == 0) {
            job->print_receipts = true;
            continue;
        }
        if (++i == argc)
            usage();
        if (strcmp(option, "--count") == 0)
            job->count = number_of(argv[i]);
        else if (strcmp(option, "--threads") == 0)
            job->threads = number_of(argv[i]);
        else if (strcmp(option, "--pace") == 0)
            job->pace_us = number_of(argv[i]);
        else if (strcmp(option, "--timeout") == 0)
            job->timeout_ms = (int)number_of(argv[i]);
        else if (strcmp(option, "--keep-receipts") == 0)
            job->receipts_path = argv[i];
        else if (strcmp(option, "--event") == 0)
            job->event = argv[i];
        else if (strcmp(option, "--field") == 0 || strcmp(option, "--json") == 0)
            add_field(job, argv[i], strcmp(option, "--json") == 0);
        else
            usage();
    }
    if (job->threads < 1 || job->threads > 256)
        usage();
}

int main(int argc, char **argv) {
    struct job job = {.count = 1, .threads = 1, .event = "test.emit"};
    struct tx_options options = TX_OPTIONS_INIT;
    pthread_t threads[256];
    int status = 0;

    parse(argc, argv, &job);
    options.connect_ms = options.block_ms = PATIENCE_MS;
    options.durable_ms = job.timeout_ms ? job.timeout_ms : PATIENCE_MS;
    int r = tx_open(&options);
    if (r < 0 && r != -ENOTCONN) {
        print_error(0, -r);
        return 1;
    }
    for (unsigned long i = 0; i < job.threads; i++)
        if (pthread_create(&threads[i], NULL, run, &job) != 0)
            return 1;
    for (unsigned long i = 0; i < job.threads; i++) {
        void *result;
        pthread_join(threads[i], &result);
        if (result)
            status = 1;
    }
    return status;
}
