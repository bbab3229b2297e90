/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_STAND_IN_H
#define TX_TEST_STAND_IN_H

/*
 * A thread that plays the daemon for the client's tests, on a socket in a directory of its own, to
 * which TRACEX_SOCKET is set. It keeps what it was sent, and behaves as it is told.
 */

#include <pthread.h>

#include "libtx/wire/wire.h"

struct seen {
    uint8_t secret[TX_WIRE_SECRET_BYTES];
    uint64_t n;
    uint8_t id[16];
    int64_t time;
    bool wants_receipt;
    size_t connection; /* 0, 1, 2 … in the order of connecting */
    size_t datagram;   /* 0, 1, 2 … in the order of coming */
    char event[TX_LIMIT_EVENT_BYTES + 1];
    uint8_t outcome, severity;
    bool has_trace, has_parent;
    uint8_t trace_id[16], span_id[8], parent_span_id[8];
    char correlation[TX_LIMIT_CORRELATION_BYTES + 1];
    char *message;
    char *fields; /* name NUL value NUL …, as text; seen_field */
    size_t n_fields_bytes;
};

struct manners {
    bool keeps_quiet; /* accepts no connection */
    bool reads_nothing;
    bool acknowledges_nothing;
    bool gives_no_receipt;
    int rejects_with;     /* a positive errno */
    bool answers_rubbish; /* to every datagram */
    const void *welcome;  /* NULL: as it should be */
    size_t n_welcome;
    const void *policy; /* NULL: it knows none, and hangs up behind WELCOME */
    size_t n_policy;
    int n_passed;    /* descriptors with WELCOME */
    int passes_this; /* -1: one end of a socket pair */
    int send_buffer; /* of the client's end; 0: as it comes */
    bool closes_at_once;
};

#define MANNERS_INIT ((struct manners){.n_passed = 1, .passes_this = -1})

struct stand_in;

struct stand_in *stand_in_start(void);
/* The socket vanishes. */
void stand_in_stop(struct stand_in *s);

void stand_in_behave(struct stand_in *s, struct manners manners);
/* Closes all connections: what it has not read is gone. */
void stand_in_hang_up(struct stand_in *s);
/* Sends to the connection that was made last. */
void stand_in_send(struct stand_in *s, const struct tx_wire_reply *reply);

/* Waits until so many datagrams' records were seen. They stay valid until stand_in_stop and are not
 * to be looked at while more come. */
const struct seen *stand_in_seen(struct stand_in *s, size_t at_least, size_t *ret_n);
/* A field's value as text, or NULL. */
const char *seen_field(const struct seen *seen, const char *name);
size_t stand_in_connections(struct stand_in *s);
const char *stand_in_path(struct stand_in *s);

#endif
