/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- messages --- */

/* Cuts a line off *rest; NULL when there is no whole one. */
static char *take_line(char **rest) {
    char *line = *rest, *end = strstr(line, "\r\n");

    if (!end)
        return NULL;
    *end = '\0';
    *rest = end + 2;
    return line;
}

static bool parse(struct http_message *message, size_t *ret_n_body) {
    char *rest = message->memory, *line;

    *ret_n_body = 0;
    message->n_headers = 0;
    message->first_line = take_line(&rest);
    while ((line = take_line(&rest)) && *line) {
        char *value = strchr(line, ':');
        if (!value || message->n_headers == HTTP_HEADERS)
            return false;
        *value++ = '\0';
        if (strcmp(line, "Content-Length") == 0)
            *ret_n_body = strtoul(value, NULL, 10);
        message->headers[message->n_headers++] =
            (struct tx_header){.name = line, .value = value + strspn(value, " \t")};
    }
    message->body = rest;
    return line && message->first_line;
}

/* Reads until `n` bytes are there, or, for 0, the end of the headers. */
static size_t read_until(int fd, char *memory, size_t have, size_t n) {
    while (n ? have < n : !strstr(memory, "\r\n\r\n")) {
        if (have + 1 >= HTTP_BYTES)
            return 0;
        ssize_t got = read(fd, memory + have, HTTP_BYTES - 1 - have);
        if (got <= 0)
            return 0;
        have += (size_t)got;
        memory[have] = '\0';
    }
    return have;
}

bool http_read(int fd, struct http_message *ret) {
    size_t n_body;

    ret->memory[0] = '\0';
    size_t have = read_until(fd, ret->memory, 0, 0);
    if (have == 0 || !parse(ret, &n_body) || n_body >= HTTP_BYTES)
        return false;
    size_t n_head = (size_t)(ret->body - ret->memory);
    if (n_body > 0 && read_until(fd, ret->memory, have, n_head + n_body) == 0)
        return false;
    ret->body[n_body] = '\0';
    return true;
}

static bool write_all(int fd, const char *text, size_t n) {
    while (n > 0) {
        ssize_t done = send(fd, text, n, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        text += done;
        n -= (size_t)done;
    }
    return true;
}

void http_answer(int fd, int status, const char *body) {
    char text[1024];
    int n = snprintf(text, sizeof(text), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", status,
                     strlen(body), body);

    if (n > 0 && (size_t)n < sizeof(text))
        write_all(fd, text, (size_t)n);
}

/* --- the other service --- */

static int connect_to(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* This is all that tracing asks of a client: three headers of the thread's context, if it has them.
 */
static size_t add_context(char *text, size_t at, size_t n) {
    static int (*const give[])(const struct tx_context *, char *, size_t) = {
        tx_context_traceparent, tx_context_tracestate, tx_context_baggage};
    static const char *const names[] = {"traceparent", "tracestate", "baggage"};
    char value[TX_BAGGAGE_SIZE];

    for (size_t i = 0; i < 3; i++)
        if (give[i](NULL, value, sizeof(value)) == 0 && at < n)
            at += (size_t)snprintf(text + at, n - at, "%s: %s\r\n", names[i], value);
    return at;
}

static bool send_request(int fd, const char *path, const char *body) {
    char text[HTTP_BYTES];
    size_t n = (size_t)snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\nContent-Length: %zu\r\n",
                                path, strlen(body));

    n = add_context(text, n, sizeof(text));
    if (n < sizeof(text))
        n += (size_t)snprintf(text + n, sizeof(text) - n, "\r\n%s", body);
    return n < sizeof(text) && write_all(fd, text, n);
}

int http_post(uint16_t port, const char *path, const char *body) {
    struct http_message answer;
    int fd = connect_to(port), status = -1;

    if (fd < 0)
        return -1;
    if (send_request(fd, path, body) && http_read(fd, &answer))
        sscanf(answer.first_line, "HTTP/1.1 %d", &status);
    close(fd);
    return status;
}

/* --- serving --- */

int http_listen(uint16_t *ret_port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &n) < 0)
        return -1;
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static volatile sig_atomic_t stops;

static void stop(int signal) {
    (void)signal;
    stops = 1;
}

void http_serve(int listener, void (*handle)(int fd, struct http_message *request)) {
    static struct http_message request;
    struct sigaction action = {.sa_handler = stop}; /* accept() then returns */

    sigaction(SIGTERM, &action, NULL);
    while (!stops) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        if (http_read(fd, &request))
            handle(fd, &request);
        close(fd);
    }
}
