/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_STREAM_H
#define TX_CONF_STREAM_H

/*
 * A stream of records: a log of its own, with its ledger and its signer, and how it is kept. Plain
 * data. Everything that works on a log gets one of these and knows not which it is.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

/* Those that there are; what has one of each is an array of TX_STREAM_N. */
enum tx_stream_id {
    TX_STREAM_AUDIT,
    TX_STREAM_N,
};

enum tx_conf_compress { TX_COMPRESS_NONE, TX_COMPRESS_ZSTD };

/* What happens when there is little room left, when there is none, and when the disk fails. */
enum tx_conf_space_action { TX_SPACE_LOG, TX_SPACE_RECORD, TX_SPACE_PRUNE, TX_SPACE_HALT };
enum tx_conf_disk_action { TX_DISK_BLOCK, TX_DISK_HALT, TX_DISK_PRUNE };

struct tx_stream {
    char *log_dir; /* paths are absolute */
    char *keys_dir;
    char *origin;           /* default <hostname>/audit */
    bool origin_is_default; /* the file does not say it: an existing log keeps its own */

    uint64_t segment_max_bytes;
    int64_t segment_max_age_ns;
    enum tx_conf_compress segment_compress;
    int64_t commit_interval_ns;
    int64_t checkpoint_interval_ns;
    int64_t heartbeat_interval_ns; /* default 5min; 0 (`off`): none */
    int64_t retain_max_age_ns;     /* 0 (`off`, the default): kept for ever */
    uint64_t retain_max_bytes;     /* 0: however much it is */
    uint64_t space_warn;           /* bytes, or TX_CONF_SHARE | percent; 0: no such level */
    enum tx_conf_space_action space_warn_action;
    uint64_t space_low;
    enum tx_conf_space_action space_low_action;
    uint64_t space_reserve; /* 0: none */
    enum tx_conf_disk_action on_disk_full;
    enum tx_conf_disk_action on_disk_error;

    bool journald_enabled; /* copied to the journal */
};

void tx_stream_deinit(struct tx_stream *stream);

#endif
