/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_CONTROL_SOCKET_H
#define TX_IPC_CONTROL_SOCKET_H

/*
 * The control socket (`control: {path, mode}`): SEQPACKET, one request in one message, one answer
 * in one message, then the daemon closes. Only root and the daemon's own user are answered,
 * whatever the socket's mode. A request is a word and its arguments, each after a NUL; an answer is
 * one JSON object.
 *
 *   ping    {"ok":true}
 *   status  {"ok":true,"supervisor":{…},"ingest":{…},"ledger":{…},"signer":{…},"forward":{…}}
 *           A child: {"state":"ready|starting|waiting|failed","pid":N,"restarts":N,
 *           "sandbox":{…},"status":{…}}; `status` is what the child says of itself and is left out
 *           when it does not answer within a second. `forward` is left out when no sink is enabled.
 *   reload  nothing, or `allow-weaker`
 *           {"ok":true,"needs_restart":["log.dir",…],"weakened":["…"]} once the new masking rules
 *           are in force; `weakened` (what masks less than before, and was allowed) when there is
 * any erase   PERSON, REFERENCE (may be empty)
 *           {"ok":true,"request":"<uuid>","ref":"<base64url>","erased":"<time>"} once the person's
 *           key is destroyed and a tracex.erased record of it is durable
 *   reveal  SEQ, RECORD-ID, POLICY (16 hex digits), FIELD, REASON (may be empty)
 *           once a tracex.revealed record is durable, the vault goes on with the connection
 *           (auditd/ipc/vault.h) in place of an answer
 *
 * Whatever fails: {"ok":false,"error":"<text for people>"}. docs/operations.md names the fields.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

#define TX_CONTROL_SOCKET_REQUEST_BYTES 2048
#define TX_CONTROL_SOCKET_ANSWER_BYTES (128u * 1024u)

/* The client's side: connects to the socket at `path`, asks, and waits at most timeout_ms for the
 * answer, which is put into *b. -ENOENT or -ECONNREFUSED: no daemon; -EACCES: the socket's mode;
 * -ETIMEDOUT; -EPIPE: closed without an answer; -ENAMETOOLONG; -EMSGSIZE: b is too small. */
TX_MUST_USE int tx_control_socket_ask(const char *path, struct tx_text request, int timeout_ms,
                                      struct tx_buf *b);

/* The same in steps, for more than one message: a connection, whose waits are bounded by the
 * time-out; and one message there and one back. */
TX_MUST_USE int tx_control_socket_open(const char *path, int timeout_ms, int *ret_fd);
TX_MUST_USE int tx_control_socket_exchange(int fd, struct tx_text request, struct tx_buf *b);

#endif
