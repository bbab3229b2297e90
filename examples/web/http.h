/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_HTTP_H
#define EXAMPLE_HTTP_H

/* As much of HTTP as the example needs: a request and its answer on one connection, on this machine
 * alone. Not for the world outside. */

#include <stdbool.h>
#include <stdint.h>
#include <tracex/context.h>

#define HTTP_BYTES 32768
#define HTTP_HEADERS 64

/* Texts lie in `memory`. */
struct http_message {
    char *first_line;
    struct tx_header headers[HTTP_HEADERS];
    size_t n_headers;
    char *body;
    char memory[HTTP_BYTES];
};

/* A port that the system chooses. Returns a descriptor, or -1. */
int http_listen(uint16_t *ret_port);
/* Hands each request to `handle`, which answers, until SIGTERM. */
void http_serve(int listener, void (*handle)(int fd, struct http_message *request));

/* A whole message; false when it is none. */
bool http_read(int fd, struct http_message *ret);
void http_answer(int fd, int status, const char *body);
/* POST with the headers of the thread's context. Returns the status, or -1. */
int http_post(uint16_t port, const char *path, const char *body);

#endif
