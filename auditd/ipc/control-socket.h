/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_CONTROL_SOCKET_H
#define TX_IPC_CONTROL_SOCKET_H

/*
 * The control socket (`control: {path, mode}`): SEQPACKET, one request in one message, one answer
 * in one message, then the daemon closes. Only root and the daemon's own user are answered,
 * whatever the socket's mode. A request is one word; an answer is one JSON object.
 *
 *   ping    {"ok":true}
 *   status  {"ok":true,"supervisor":{…},"ingest":{…},"ledger":{…},"signer":{…},"forward":{…}}
 *           A child: {"state":"ready|starting|waiting|failed","pid":N,"restarts":N,
 *           "sandbox":{…},"status":{…}}; `status` is what the child says of itself and is left out
 *           when it does not answer within a second. `forward` is left out when no sink is enabled.
 *   reload  {"ok":true,"needs_restart":["log.dir",…]} once the new masking rules are in force
 *
 * Whatever fails: {"ok":false,"error":"<text for people>"}. docs/operations.md names the fields.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

#define TX_CONTROL_SOCKET_REQUEST_BYTES 64
#define TX_CONTROL_SOCKET_ANSWER_BYTES (128u * 1024u)

/* The client's side: connects to the socket at `path`, asks, and waits at most timeout_ms for the
 * answer, which is put into *b. -ENOENT or -ECONNREFUSED: no daemon; -EACCES: the socket's mode;
 * -ETIMEDOUT; -EPIPE: closed without an answer; -ENAMETOOLONG; -EMSGSIZE: b is too small. */
TX_MUST_USE int tx_control_socket_ask(const char *path, const char *request, int timeout_ms,
                                      struct tx_buf *b);

#endif
