/* SPDX-License-Identifier: MIT */
/*
 * The record of the figures, sent N times to what others log with.
 *     bench-peer journal N
 *     bench-peer syslog SOCKET N
 * journal: sd_journal_sendv. syslog: what syslog(3) sends, to a socket of one's own instead of
 * /dev/log; a full socket is waited for. Prints one JSON object: seconds, bytes of a record's text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "tests/bench/peer-record.h"

_Noreturn static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void print(unsigned long n, double seconds) {
    printf("{\"records\":%lu,\"seconds\":%.6f}\n", n, seconds);
}

static void send_to_journal(unsigned long n) {
    double start = now();
    for (unsigned long i = 0; i < n; i++)
        if (peer_log_to_journal() < 0)
            fail("sd_journal_sendv");
    print(n, now() - start);
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(path);
    return fd;
}

static void send_to_syslog(const char *path, unsigned long n) {
    int fd = connect_to(path);
    double start = now();
    for (unsigned long i = 0; i < n; i++) {
        char text[1024], when[32];
        time_t t = time(NULL);
        struct tm tm;
        localtime_r(&t, &tm);
        strftime(when, sizeof(when), "%b %e %T", &tm);
        int length = snprintf(text, sizeof(text), "<14>%s bench[%d]: " PEER_FORMAT, when, getpid(),
                              PEER_ARGS);
        if (send(fd, text, (size_t)length, 0) != length)
            fail("send");
    }
    print(n, now() - start);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "journal") == 0)
        send_to_journal(strtoul(argv[2], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "syslog") == 0)
        send_to_syslog(argv[2], strtoul(argv[3], NULL, 10));
    else {
        fprintf(stderr, "usage: bench-peer journal N | syslog SOCKET N\n");
        return 2;
    }
    return 0;
}
