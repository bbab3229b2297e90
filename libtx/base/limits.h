/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_LIMITS_H
#define TX_BASE_LIMITS_H

/*
 * Every size that somebody else controls, each with its reason. A length is checked against these
 * before it is rounded or added to.
 */

/* One datagram of the audit lane: 128 KiB of fields and room for what surrounds them. */
#define TX_LIMIT_FIELDS_BYTES (128u * 1024u)
#define TX_LIMIT_DATAGRAM_BYTES (TX_LIMIT_FIELDS_BYTES + 4096u)

/* One record line without its newline: a tlog-tiles entry bundle has 16-bit lengths. */
#define TX_LIMIT_LINE_BYTES 65535u
/* The same without the `{"seq":<20 digits>,` that the ledger puts in front. */
#define TX_LIMIT_BODY_BYTES (TX_LIMIT_LINE_BYTES - 28u)

/* Fields of one record: a few hundred is already unreadable; more is an attack on memory. */
#define TX_LIMIT_FIELDS 1024u

/* docs/format.md section 4: event names, and names of fields. */
#define TX_LIMIT_EVENT_BYTES 128u
#define TX_LIMIT_NAME_BYTES 128u

/* A correlation id is an identifier, not a text. */
#define TX_LIMIT_CORRELATION_BYTES 256u

/* Trace headers of one kind, of one request: each of the specifications' own limits is far below.
 */
#define TX_LIMIT_HEADER_BYTES (64u * 1024u)

/* Nesting of a JSON value: deeper is masked whole. */
#define TX_LIMIT_JSON_DEPTH 64u

/* Records of one datagram. */
#define TX_LIMIT_BATCH_RECORDS 1024u

/* What the kernel says of a sender: comm is 16 bytes; a path is cut here; a unit name is 255. */
#define TX_LIMIT_COMM_BYTES 16u
#define TX_LIMIT_EXE_BYTES 1024u
#define TX_LIMIT_UNIT_BYTES 256u

/* The log's name: it stands in every checkpoint, key name and header. */
#define TX_LIMIT_ORIGIN_BYTES 255u

/* A signed note: C2SP signed-note allows 100 signature lines; a checkpoint's text is short. */
#define TX_LIMIT_NOTE_BYTES (64u * 1024u)
#define TX_LIMIT_NOTE_SIGNATURES 100u

/* A control line holds a note and a compact range: 64 nodes of 44 bytes and escapes. */
#define TX_LIMIT_CONTROL_LINE_BYTES (256u * 1024u)

/* What the daemon tells a client of durability: classes of events, their patterns in all, and the
 * bytes of those. A client keeps it and looks through it at each call. */
#define TX_LIMIT_POLICY_CLASSES 32u
#define TX_LIMIT_POLICY_EVENTS 128u
#define TX_LIMIT_POLICY_TEXT_BYTES 8192u

/* A ring of trace events, without its header: the least holds the largest frame; the most is what a
 * thread that traces without pause needs for a moment in which the daemon does not run. */
#define TX_LIMIT_RING_LEAST (256u * 1024u)
#define TX_LIMIT_RING_MOST (64u * 1024u * 1024u)
/* One frame of it: a record as it may be in a datagram. */
#define TX_LIMIT_RING_FRAME TX_LIMIT_DATAGRAM_BYTES

/* A configuration file, and a masking policy. */
#define TX_LIMIT_CONFIG_BYTES (1024u * 1024u)

#endif
