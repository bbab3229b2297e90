/* SPDX-License-Identifier: MIT */
#ifndef TX_WIRE_POLICY_H
#define TX_WIRE_POLICY_H

/*
 * POLICY: what the daemon's configuration says of classes of events, that a client is told when it
 * connects: how durable their records are at least, and what happens when that cannot be had. Plain
 * data of a bounded size. The daemon's side renders it in auditd/supervisor/welcome.c.
 *
 * After the header: u16 count, so many classes, each u8 level, u8 what happens, u8 flags (1: a time
 * is given; others 0), u8 0, u32 time in ms, u16 count (1 at least), so many patterns as text16.
 */

#include "libtx/wire/wire.h"

enum tx_wire_level { TX_WIRE_QUEUED, TX_WIRE_DURABLE, TX_WIRE_LEVELS };

/* The later, the stricter. */
enum tx_wire_unavailable {
    TX_WIRE_DROP,  /* the program is told that all is well; the loss is counted and recorded */
    TX_WIRE_FAIL,  /* the program gets an error */
    TX_WIRE_BLOCK, /* the program waits until it can be had */
    TX_WIRE_UNAVAILABLES,
};

/* What holds for a class, or for an event by all classes that it is in. */
struct tx_wire_demand {
    enum tx_wire_level level;
    enum tx_wire_unavailable unavailable;
    bool has_timeout;
    uint32_t timeout_ms; /* DROP and FAIL wait so long before */
};

struct tx_wire_class {
    struct tx_wire_demand demand;
    uint16_t first; /* of `events` */
    uint16_t n;
};

struct tx_wire_policy {
    uint16_t n_classes;
    uint16_t n_events;
    uint16_t n_text;
    struct tx_wire_class classes[TX_LIMIT_POLICY_CLASSES];
    struct {
        uint16_t at; /* in `text` */
        uint8_t n;
        uint8_t n_literal; /* bytes before its first star; n: it has none */
    } events[TX_LIMIT_POLICY_EVENTS];
    char text[TX_LIMIT_POLICY_TEXT_BYTES];
};

/* The largest datagram. */
#define TX_WIRE_POLICY_BYTES                                                                       \
    (TX_WIRE_HEADER_BYTES + 2 + TX_LIMIT_POLICY_CLASSES * 10 + TX_LIMIT_POLICY_EVENTS * 2 +        \
     TX_LIMIT_POLICY_TEXT_BYTES)

/* -EBADMSG for anything that is not a whole POLICY datagram within the limits. *ret is large, and
 * of no use on failure. */
TX_MUST_USE int tx_wire_policy_parse(const void *datagram, size_t n, struct tx_wire_policy *ret);

/* Of all classes that the event is in, the strictest of each; of the times, the longest of those
 * whose class decides. False when it is in none. */
bool tx_wire_policy_find(const struct tx_wire_policy *policy, struct tx_text event,
                         struct tx_wire_demand *ret);

/* Patterns of event names, as in masking rules: `*` stays within a dotted part, `**` does not, a
 * lone `*` is any name. */
bool tx_wire_policy_matches(struct tx_text pattern, struct tx_text event);

#endif
