/* SPDX-License-Identifier: MIT */
#include "libtx/conf/schema.h"

#include <string.h>

static const char *const compress_words[] = {
    [TX_COMPRESS_NONE] = "none", [TX_COMPRESS_ZSTD] = "zstd", NULL};

static const char *const space_words[] = {[TX_SPACE_LOG] = "log",
                                          [TX_SPACE_RECORD] = "record",
                                          [TX_SPACE_PRUNE] = "prune",
                                          [TX_SPACE_HALT] = "halt",
                                          NULL};
static const char *const trace_space_words[] = {
    [TX_SPACE_LOG] = "log", [TX_SPACE_RECORD] = "record", [TX_SPACE_PRUNE] = "prune", NULL};
static const char *const full_words[] = {
    [TX_DISK_BLOCK] = "block", [TX_DISK_HALT] = "halt", [TX_DISK_PRUNE] = "prune", NULL};
static const char *const error_words[] = {[TX_DISK_BLOCK] = "block", [TX_DISK_HALT] = "halt", NULL};

static const char *const severity_words[] = {[TX_SEVERITY_EMERGENCY] = "emergency",
                                             [TX_SEVERITY_ALERT] = "alert",
                                             [TX_SEVERITY_CRITICAL] = "critical",
                                             [TX_SEVERITY_ERROR] = "error",
                                             [TX_SEVERITY_WARNING] = "warning",
                                             [TX_SEVERITY_NOTICE] = "notice",
                                             [TX_SEVERITY_INFO] = "info",
                                             [TX_SEVERITY_DEBUG] = "debug",
                                             [TX_SEVERITY_N] = NULL};

#define KIB UINT64_C(1024)
#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define DAY (86400 * SECOND)
#define AT(member) offsetof(struct tx_conf, member)
#define AUDIT(member) AT(streams[TX_STREAM_AUDIT].member)
#define TRACE(member) AT(streams[TX_STREAM_TRACE].member)

const struct tx_conf_key tx_conf_keys[] = {
    {"version", TX_CONF_TYPE_FIXED, 0, "1", 0, 0, NULL},
    {"user", TX_CONF_TYPE_NAME, AT(user), NULL, 0, 0, NULL},
    {"socket.path", TX_CONF_TYPE_PATH, AT(socket_path), "/run/tracex/audit.sock", 0, 0, NULL},
    {"socket.mode", TX_CONF_TYPE_MODE, AT(socket_mode), "0666", 0, 0, NULL},
    {"control.path", TX_CONF_TYPE_PATH, AT(control_path), "/run/tracex/control.sock", 0, 0, NULL},
    {"control.mode", TX_CONF_TYPE_MODE, AT(control_mode), "0600", 0, 0, NULL},
    {"state_dir", TX_CONF_TYPE_PATH, AT(state_dir), "/var/lib/tracex/state", 0, 0, NULL},
    {"log.dir", TX_CONF_TYPE_PATH, AUDIT(log_dir), "/var/log/tracex/audit", 0, 0, NULL},
    {"log.origin", TX_CONF_TYPE_ORIGIN, AUDIT(origin), NULL, 0, 0, NULL},
    {"log.hash", TX_CONF_TYPE_FIXED, 0, "sha256", 0, 0, NULL},
    {"log.segment.max_bytes", TX_CONF_TYPE_SIZE, AUDIT(segment_max_bytes), "64MiB", 64 * KIB,
     KIB *KIB *KIB * 16, NULL},
    {"log.segment.max_age", TX_CONF_TYPE_TIME, AUDIT(segment_max_age_ns), "1d", SECOND, 3660 * DAY,
     NULL},
    {"log.segment.compress", TX_CONF_TYPE_WORD, AUDIT(segment_compress), "zstd", 0, 0,
     compress_words},
    {"log.commit_interval", TX_CONF_TYPE_TIME, AUDIT(commit_interval_ns), "5ms", 0, 60 * SECOND,
     NULL},
    {"log.checkpoint_interval", TX_CONF_TYPE_TIME, AUDIT(checkpoint_interval_ns), "100ms", MS,
     3600 * SECOND, NULL},
    {"log.heartbeat", TX_CONF_TYPE_TIME_OR_OFF, AUDIT(heartbeat_interval_ns), "5min", SECOND,
     366 * DAY, NULL},
    {"log.retain.max_age", TX_CONF_TYPE_TIME_OR_OFF, AUDIT(retain_max_age_ns), "off", SECOND,
     36600 * DAY, NULL},
    {"log.retain.max_bytes", TX_CONF_TYPE_SIZE_OR_OFF, AUDIT(retain_max_bytes), "off", 64 * KIB,
     KIB *KIB *KIB *KIB *KIB, NULL},
    {"log.space.warn", TX_CONF_TYPE_SPACE_OR_OFF, AUDIT(space_warn), "5%", KIB,
     KIB *KIB *KIB *KIB *KIB, NULL},
    {"log.space.warn_action", TX_CONF_TYPE_WORD, AUDIT(space_warn_action), "record", 0, 0,
     space_words},
    {"log.space.low", TX_CONF_TYPE_SPACE_OR_OFF, AUDIT(space_low), "1%", KIB,
     KIB *KIB *KIB *KIB *KIB, NULL},
    {"log.space.low_action", TX_CONF_TYPE_WORD, AUDIT(space_low_action), "record", 0, 0,
     space_words},
    {"log.space.reserve", TX_CONF_TYPE_SIZE_OR_OFF, AUDIT(space_reserve), "8MiB", 64 * KIB,
     KIB *KIB *KIB, NULL},
    {"log.on_disk_full", TX_CONF_TYPE_WORD, AUDIT(on_disk_full), "block", 0, 0, full_words},
    {"log.on_disk_error", TX_CONF_TYPE_WORD, AUDIT(on_disk_error), "block", 0, 0, error_words},
    {"keys.dir", TX_CONF_TYPE_PATH, AUDIT(keys_dir), "/var/lib/tracex/keys", 0, 0, NULL},
    {"keys.epoch", TX_CONF_TYPE_TIME, AT(epoch_ns), "15min", SECOND, 366 * DAY, NULL},
    {"keys.epoch_records", TX_CONF_TYPE_COUNT, AT(epoch_records), "1000000", 1,
     UINT64_C(1000000000000), NULL},
    {"vault.dir", TX_CONF_TYPE_PATH, AT(vault_dir), NULL, 0, 0, NULL},
    {"streams.trace.from.trace_lane", TX_CONF_TYPE_EVENTS, TRACE(from[TX_LANE_TRACE]), "**", 0, 0,
     NULL},
    {"streams.trace.from.audit_lane", TX_CONF_TYPE_EVENTS, TRACE(from[TX_LANE_AUDIT]), NULL, 0, 0,
     NULL},
    {"streams.trace.dir", TX_CONF_TYPE_PATH, TRACE(log_dir), NULL, 0, 0, NULL},
    {"streams.trace.keys_dir", TX_CONF_TYPE_PATH, TRACE(keys_dir), NULL, 0, 0, NULL},
    {"streams.trace.origin", TX_CONF_TYPE_ORIGIN, TRACE(origin), NULL, 0, 0, NULL},
    {"streams.trace.segment.max_bytes", TX_CONF_TYPE_SIZE, TRACE(segment_max_bytes), "64MiB",
     64 * KIB, KIB *KIB *KIB * 16, NULL},
    {"streams.trace.segment.max_age", TX_CONF_TYPE_TIME, TRACE(segment_max_age_ns), "1d", SECOND,
     3660 * DAY, NULL},
    {"streams.trace.segment.compress", TX_CONF_TYPE_WORD, TRACE(segment_compress), "zstd", 0, 0,
     compress_words},
    {"streams.trace.commit_interval", TX_CONF_TYPE_TIME, TRACE(commit_interval_ns), "20ms", 0,
     SECOND, NULL},
    {"streams.trace.checkpoint_interval", TX_CONF_TYPE_TIME, TRACE(checkpoint_interval_ns), "1s",
     MS, 3600 * SECOND, NULL},
    {"streams.trace.heartbeat", TX_CONF_TYPE_TIME_OR_OFF, TRACE(heartbeat_interval_ns), "off",
     SECOND, 366 * DAY, NULL},
    {"streams.trace.retain.max_age", TX_CONF_TYPE_TIME_OR_OFF, TRACE(retain_max_age_ns), "14d",
     SECOND, 36600 * DAY, NULL},
    {"streams.trace.retain.max_bytes", TX_CONF_TYPE_SIZE_OR_OFF, TRACE(retain_max_bytes), "1GiB",
     64 * KIB, KIB *KIB *KIB *KIB *KIB, NULL},
    {"streams.trace.space.low", TX_CONF_TYPE_SPACE_OR_OFF, TRACE(space_low), "10%", KIB,
     KIB *KIB *KIB *KIB *KIB, NULL},
    {"streams.trace.space.low_action", TX_CONF_TYPE_WORD, TRACE(space_low_action), "prune", 0, 0,
     trace_space_words},
    {"streams.trace.journald", TX_CONF_TYPE_BOOL, TRACE(journald_enabled), "false", 0, 0, NULL},
    {"forward.journald.enabled", TX_CONF_TYPE_BOOL, AUDIT(journald_enabled), "true", 0, 0, NULL},
    {"forward.journald.min_severity", TX_CONF_TYPE_WORD, AT(journald_min_severity), "debug", 0, 0,
     severity_words},
    {NULL, TX_CONF_TYPE_FIXED, 0, NULL, 0, 0, NULL},
};

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_list(const struct tx_masking_list *a, const struct tx_masking_list *b) {
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = strcmp(a->item[i], b->item[i]) == 0;
    return same;
}

bool tx_conf_key_same(const struct tx_conf_key *key, const struct tx_conf *a,
                      const struct tx_conf *b) {
    const void *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;

    switch (key->type) {
    case TX_CONF_TYPE_PATH:
    case TX_CONF_TYPE_NAME:
    case TX_CONF_TYPE_ORIGIN:
        return same_text(*(char *const *)x, *(char *const *)y);
    case TX_CONF_TYPE_SIZE:
    case TX_CONF_TYPE_SIZE_OR_OFF:
    case TX_CONF_TYPE_SPACE_OR_OFF:
    case TX_CONF_TYPE_COUNT:
        return *(const uint64_t *)x == *(const uint64_t *)y;
    case TX_CONF_TYPE_TIME:
    case TX_CONF_TYPE_TIME_OR_OFF:
        return *(const int64_t *)x == *(const int64_t *)y;
    case TX_CONF_TYPE_BOOL:
        return *(const bool *)x == *(const bool *)y;
    case TX_CONF_TYPE_MODE:
        return *(const mode_t *)x == *(const mode_t *)y;
    case TX_CONF_TYPE_EVENTS:
        return same_list(x, y);
    case TX_CONF_TYPE_WORD:
        return *(const int *)x == *(const int *)y;
    case TX_CONF_TYPE_FIXED:
        return true;
    }
    return false;
}
