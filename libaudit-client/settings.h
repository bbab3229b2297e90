/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_SETTINGS_H
#define TX_CLIENT_SETTINGS_H

/*
 * Options, checked and with the defaults filled in; and how a struct that may grow is read and
 * written. The settings of the process outlive a fork.
 */

#include <sys/un.h>
#include <tracex/audit.h>

#include "libtx/base/error.h"

#define TX_SETTINGS_PATH "/run/tracex/audit.sock"

/* Memory for datagrams: at least one of the largest; a bound that no program reaches. */
#define TX_SETTINGS_RESEND_MIN (256u * 1024u)
#define TX_SETTINGS_RESEND_MAX (1024u * 1024u * 1024u)

/* Of a ring of trace events, unless the program or $TRACEX_TRACE_RING_BYTES says otherwise. */
#define TX_SETTINGS_RING_BYTES (1024u * 1024u)

/* Times in nanoseconds. */
struct tx_settings {
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    int64_t connect;
    int64_t block;
    int64_t durable;
    enum tx_when_full when_full;
    size_t resend_bytes;
    size_t ring_bytes; /* a power of two */
};

/* NULL: the defaults. -EINVAL, -E2BIG, -ENAMETOOLONG. */
TX_MUST_USE int tx_settings_read(const struct tx_options *options, struct tx_settings *ret);

/* What tx_open set for this process, or the defaults. */
void tx_settings_get(struct tx_settings *ret);
/* NULL: the defaults from now on. */
void tx_settings_set(const struct tx_settings *settings);

/* Copies a struct that begins with its size, which may be an older or a newer one. Missing members
 * become 0. -EINVAL when it is shorter than n_least; -E2BIG when it has members that are not known
 * here and not 0. */
TX_MUST_USE int tx_sized_read(const void *from, size_t n_least, void *ret, size_t n_ret);
/* The other way: writes as much as the caller's struct holds, and zeros behind that. -EINVAL. */
TX_MUST_USE int tx_sized_write(void *ret, const void *from, size_t n_from);

#endif
