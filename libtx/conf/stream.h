/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_STREAM_H
#define TX_CONF_STREAM_H

/*
 * A stream of records: a log of its own, with its ledger and its signer, what goes there, and how
 * it is kept. Plain data. Everything that works on a log gets one of these and knows not which it
 * is.
 */

#include <stdbool.h>

#include "libtx/base/text.h"
#include "libtx/mask/policy/masking.h"

/* Those that there are; what has one of each is an array of TX_STREAM_N. */
enum tx_stream_id {
    TX_STREAM_AUDIT, /* whatever goes nowhere else; it has what the daemon itself has to say */
    TX_STREAM_TRACE, /* may lose records rather than hold up the others */
    TX_STREAM_N,
};

/* How a record came to us. */
enum tx_lane {
    TX_LANE_AUDIT, /* a client's socket */
    TX_LANE_TRACE, /* its rings */
    TX_LANE_N,
};

enum tx_conf_compress { TX_COMPRESS_NONE, TX_COMPRESS_ZSTD };

/* What happens when there is little room left, when there is none, and when the disk fails. */
enum tx_conf_space_action { TX_SPACE_LOG, TX_SPACE_RECORD, TX_SPACE_PRUNE, TX_SPACE_HALT };
/* DROP: the ledger waits as for BLOCK, and ingest does not wait for it. */
enum tx_conf_disk_action { TX_DISK_BLOCK, TX_DISK_HALT, TX_DISK_PRUNE, TX_DISK_DROP };

struct tx_stream {
    char *log_dir; /* paths are absolute */
    char *keys_dir;
    char *origin;           /* default <hostname>/audit, …/trace */
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

    struct tx_masking_list from[TX_LANE_N]; /* globs: the events of each lane that go here */
};

/* "trace": as people call it. */
const char *tx_stream_name(enum tx_stream_id id);
/* -EINVAL: there is none of that name. */
TX_MUST_USE int tx_stream_named(const char *name, enum tx_stream_id *ret);

/* Where a record goes: to the first stream whose globs match its event, else to the audit log. */
enum tx_stream_id tx_stream_of(const struct tx_stream streams[TX_STREAM_N], enum tx_lane lane,
                               struct tx_text event);

/* The name of a log that stands beside that of another: `<host>/audit` → `<host>/trace`,
 * `<any>` → `<any>/trace`. Owned by the caller; NULL: no memory. */
char *tx_stream_origin_beside(const char *audit, enum tx_stream_id id);

void tx_stream_deinit_list(struct tx_masking_list *list);
void tx_stream_deinit(struct tx_stream *stream);

#endif
