/* SPDX-License-Identifier: MIT */
/* The stock of the web shop (front.c): has everything but unicorns. Prints the port that it listens
 * on. */
#include <stdio.h>
#include <string.h>
#include <tracex/trace.h>

#include "http.h"

static bool take_from_shelf(const char *item) {
    TX_SPAN_SCOPE(span, "shelf.take");
    bool has_it = strcmp(item, "unicorn") != 0;

    tx_span_set(&span, TX_STR("item", item));
    tx_audit_log("stock.reserved", has_it ? TX_SUCCESS : TX_DENIED, TX_STR("item", item));
    return has_it;
}

static void handle(int fd, struct http_message *request) {
    struct tx_span span = TX_SPAN_INIT;
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;
    struct tx_context context;

    tx_context_from_headers(request->headers, request->n_headers, &context);
    TX_CONTEXT_SCOPE(&context);
    options.kind = TX_SPAN_SERVER;
    options.is_current = 1;
    tx_span_begin(&span, "POST /reserve", &options);
    bool has_it = take_from_shelf(request->body);
    http_answer(fd, has_it ? 200 : 404, "");
    tx_span_end(&span);
}

int main(void) {
    uint16_t port;
    int listener = http_listen(&port);

    if (listener < 0)
        return 1;
    printf("%d\n", port);
    fflush(stdout);
    http_serve(listener, handle);
    return 0;
}
