/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_STREAMS_H
#define TX_CONF_STREAMS_H

/*
 * What the keys of `streams:` are when nobody says them, as far as that depends on those of the
 * audit log, and that the two do not meet in one place.
 */

#include "libtx/conf/errors.h"
#include "libtx/conf/stream.h"

/* Before the file is read: the audit log's name. */
void tx_conf_streams_begin(struct tx_stream streams[TX_STREAM_N], struct tx_conf_errors *errors);

/* The file says whose `origin` (its member) this is. */
void tx_conf_streams_named(struct tx_stream streams[TX_STREAM_N], const void *origin);

/* After it: all that is not said. `at`: where a place or a name of another log was said, for the
 * message. */
void tx_conf_streams_complete(struct tx_stream streams[TX_STREAM_N], struct tx_conf_place at,
                              struct tx_conf_errors *errors);

#endif
