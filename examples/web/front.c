/* SPDX-License-Identifier: MIT */
/*
 * The front of a web shop: takes orders, asks the stock service for the goods, and has an invoice
 * written by a program. `front STOCK-PORT INVOICE-PROGRAM` prints the port that it listens on.
 *
 * What is logged in the three processes has the trace of the request that began it: headers carry
 * it to the stock service, the environment to the program.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tracex/trace.h>

#include "http.h"

static uint16_t stock_port;
static char *invoice_program;

/* A span of the kind "client" around the call, so that the stock service's spans are within it. */
static bool reserve(const char *item) {
    struct tx_span span = TX_SPAN_INIT;
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;

    options.kind = TX_SPAN_CLIENT;
    options.is_current = 1;
    tx_span_begin(&span, "stock.reserve", &options);
    int status = http_post(stock_port, "/reserve", item);
    tx_span_set(&span, TX_STR("item", item), TX_I64("http.response.status_code", status));
    if (status != 200)
        tx_span_status(&span, TX_SPAN_ERROR, "the stock service has it not");
    tx_span_end(&span);
    return status == 200;
}

/* The program looks into its environment by itself. */
static bool write_invoice(char *item) {
    static struct tx_environment mine;
    char *arguments[] = {invoice_program, item, NULL};
    char socket_path[200], *environment[5] = {NULL};
    const char *daemon = getenv("TRACEX_SOCKET");
    size_t n = 0;
    int status;
    pid_t pid;

    tx_context_to_environment(NULL, &mine);
    environment[n++] = mine.traceparent;
    environment[n++] = mine.tracestate;
    environment[n++] = mine.baggage;
    if (daemon) {
        snprintf(socket_path, sizeof(socket_path), "TRACEX_SOCKET=%s", daemon);
        environment[n++] = socket_path;
    }
    return posix_spawn(&pid, invoice_program, NULL, NULL, arguments, environment) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

static void place_order(int fd, char *item) {
    struct tx_span span = TX_SPAN_INIT;
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;

    options.kind = TX_SPAN_SERVER;
    options.is_current = 1;
    tx_span_begin(&span, "POST /order", &options);
    bool done = reserve(item) && write_invoice(item);
    tx_audit_log("order.placed", done ? TX_SUCCESS : TX_FAILURE, TX_STR("item", item));
    tx_span_status(&span, done ? TX_SPAN_OK : TX_SPAN_ERROR, NULL);
    http_answer(fd, done ? 200 : 409, done ? "thank you\n" : "sold out\n");
    tx_span_end(&span);
}

static const char *find(const struct http_message *message, const char *name) {
    for (size_t i = 0; i < message->n_headers; i++)
        if (strcmp(message->headers[i].name, name) == 0)
            return message->headers[i].value;
    return NULL;
}

static void handle(int fd, struct http_message *request) {
    struct tx_context context;

    tx_context_from_headers(request->headers, request->n_headers, &context);
    TX_CONTEXT_SCOPE(&context);
    TX_CORRELATION_SCOPE(find(request, "X-Request-Id"));
    place_order(fd, request->body);
}

int main(int argc, char **argv) {
    uint16_t port;
    int listener = argc == 3 ? http_listen(&port) : -1;

    if (listener < 0) {
        fprintf(stderr, "usage: front STOCK-PORT INVOICE-PROGRAM\n");
        return 2;
    }
    stock_port = (uint16_t)atoi(argv[1]);
    invoice_program = argv[2];
    printf("%d\n", port);
    fflush(stdout);
    http_serve(listener, handle);
    return 0;
}
