/* SPDX-License-Identifier: MIT */
#ifndef TX_WIRE_WIRE_H
#define TX_WIRE_WIRE_H

/*
 * The datagrams of the audit lane (docs/wire.md): one SOCK_SEQPACKET message each, little-endian.
 *
 * A client connects to the listening socket and receives one WELCOME with a descriptor: its end of
 * a socket pair that the supervisor made and sized; then one POLICY. On that end it sends RECORDS
 * and receives ACK, RECEIPT and REJECT; the listening connection is closed. Each RECORDS datagram
 * carries the client's secret, so it can be understood without anything that came before.
 *
 * Header of every datagram, 8 bytes: "TX", u8 version, u8 type, u32 length of the whole datagram.
 */

#include "libtx/base/buf.h"
#include "libtx/base/cursor.h"
#include "libtx/base/limits.h"
#include "libtx/record/record.h"

#define TX_WIRE_VERSION 1
#define TX_WIRE_HEADER_BYTES 8
#define TX_WIRE_SECRET_BYTES 16

enum tx_wire_type {
    TX_WIRE_RECORDS = 1,  /* client → daemon: secret[16], u16 count, count records */
    TX_WIRE_RING = 2,     /* secret[16], with one descriptor: a ring (libtx/ring) */
    TX_WIRE_BELL = 3,     /* nothing: look into the rings of this connection */
    TX_WIRE_WELCOME = 65, /* supervisor → client, with one descriptor: u32 max datagram bytes */
    TX_WIRE_ACK,          /* u64 next: every n below it is durable or accounted for */
    TX_WIRE_RECEIPT,      /* u64 n, u64 seq, leaf[32]: it is durable */
    TX_WIRE_REJECT,       /* u64 n, u32 errno, u16 length and a reason: it will not be in the log */
    TX_WIRE_POLICY,       /* supervisor → client, after WELCOME: libtx/wire/policy.h */
};

/* --- client → daemon --- */

/* Starts a RECORDS datagram in *b; tx_wire_records_end puts length and count in place. */
void tx_wire_records_begin(struct tx_buf *b, const uint8_t secret[TX_WIRE_SECRET_BYTES]);
/* Appends one record: n, id, time, outcome, severity, event, message, correlation_id, trace, fields
 * and wants_receipt are sent; nothing else is. */
void tx_wire_records_add(struct tx_buf *b, const struct tx_record *record);
/* What tx_wire_records_add appends, in bytes. Each text must be at most TX_LIMIT_DATAGRAM_BYTES. */
size_t tx_wire_record_bytes(const struct tx_record *record);
/* Of these, the fields. */
size_t tx_wire_fields_bytes(const struct tx_record *record);
/* What surrounds the records of a datagram. */
#define TX_WIRE_RECORDS_BYTES (TX_WIRE_HEADER_BYTES + TX_WIRE_SECRET_BYTES + 2)
/* -EMSGSIZE when b is full. */
TX_MUST_USE int tx_wire_records_end(struct tx_buf *b, uint16_t count);

/* The reader's side: hostile bytes. */
struct tx_wire_records {
    uint8_t secret[TX_WIRE_SECRET_BYTES];
    uint16_t n_left; /* records that are not yet read */
    struct tx_cursor cursor;
};

/* -EBADMSG for anything that is not a whole RECORDS datagram of our version (-EPROTONOSUPPORT for
 * another version). */
TX_MUST_USE int tx_wire_records_open(const void *datagram, size_t n, struct tx_wire_records *ret);

/* Reads the next record. Texts borrow from the datagram; `fields` has room for TX_LIMIT_FIELDS.
 * Lengths, types, labels, outcome and severity are checked; names, UTF-8 and JSON are not (ingest
 * does). TX_WIRE_E_END after the last; -EBADMSG when malformed: then nothing more can be read.
 * -E2BIG: the record has too many fields; ret->n is set, and the next one can be read. */
enum { TX_WIRE_E_END = 1 };
TX_MUST_USE int tx_wire_records_next(struct tx_wire_records *records, struct tx_field *fields,
                                     struct tx_record *ret);

/* --- the trace lane --- */

/* A frame of a ring: a record as in a datagram, without its length and its id. As
 * tx_wire_records_next: -EBADMSG, -E2BIG. */
TX_MUST_USE int tx_wire_frame_take(const void *frame, size_t n, struct tx_field *fields,
                                   struct tx_record *ret);

/* Whole datagrams. */
#define TX_WIRE_RING_BYTES (TX_WIRE_HEADER_BYTES + TX_WIRE_SECRET_BYTES)
void tx_wire_ring_render(struct tx_buf *b, const uint8_t secret[TX_WIRE_SECRET_BYTES]);
TX_MUST_USE int tx_wire_ring_parse(const void *datagram, size_t n,
                                   uint8_t ret_secret[TX_WIRE_SECRET_BYTES]);
void tx_wire_bell_render(struct tx_buf *b);
TX_MUST_USE int tx_wire_bell_parse(const void *datagram, size_t n);

/* --- daemon → client --- */

struct tx_wire_reply {
    enum tx_wire_type type;
    uint64_t n;   /* ACK: next; RECEIPT, REJECT: which */
    uint64_t seq; /* RECEIPT */
    uint8_t leaf[32];
    uint32_t error;        /* REJECT: a positive errno */
    struct tx_text reason; /* REJECT; borrowed */
    uint32_t max_bytes;    /* WELCOME */
};

/* All but POLICY. */
#define TX_WIRE_REPLY_BYTES 512

/* The header of a whole datagram of n bytes, whose type is *ret_type. -EBADMSG; -EPROTONOSUPPORT
 * for another version. */
TX_MUST_USE int tx_wire_header_take(struct tx_cursor *c, size_t n, uint8_t *ret_type);

/* A whole datagram. */
void tx_wire_reply_render(const struct tx_wire_reply *reply, struct tx_buf *b);
/* -EBADMSG. */
TX_MUST_USE int tx_wire_reply_parse(const void *datagram, size_t n, struct tx_wire_reply *ret);

#endif
