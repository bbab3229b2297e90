/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "auditd/supervisor/reload.h"

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void name_it(struct tx_buf *names, bool same, const char *name) {
    if (same)
        return;
    if (names->len > 1)
        tx_buf_char(names, ',');
    tx_buf_json_string(names, name, strlen(name));
}

void tx_reload_compare(const struct tx_conf *a, const struct tx_conf *b, struct tx_buf *names) {
    tx_buf_char(names, '[');
#define TEXT(field, name) name_it(names, same_text(a->field, b->field), name)
#define NUMBER(field, name) name_it(names, a->field == b->field, name)
    TEXT(user, "user");
    TEXT(socket_path, "socket.path");
    NUMBER(socket_mode, "socket.mode");
    TEXT(control_path, "control.path");
    NUMBER(control_mode, "control.mode");
    TEXT(state_dir, "state_dir");
    TEXT(streams[TX_STREAM_AUDIT].log_dir, "log.dir");
    TEXT(streams[TX_STREAM_AUDIT].origin, "log.origin");
    NUMBER(streams[TX_STREAM_AUDIT].segment_max_bytes, "log.segment.max_bytes");
    NUMBER(streams[TX_STREAM_AUDIT].segment_max_age_ns, "log.segment.max_age");
    NUMBER(streams[TX_STREAM_AUDIT].segment_compress, "log.segment.compress");
    NUMBER(streams[TX_STREAM_AUDIT].commit_interval_ns, "log.commit_interval");
    NUMBER(streams[TX_STREAM_AUDIT].checkpoint_interval_ns, "log.checkpoint_interval");
    NUMBER(streams[TX_STREAM_AUDIT].heartbeat_interval_ns, "log.heartbeat");
    TEXT(streams[TX_STREAM_AUDIT].keys_dir, "keys.dir");
    NUMBER(epoch_ns, "keys.epoch");
    NUMBER(epoch_records, "keys.epoch_records");
    TEXT(vault_dir, "vault.dir");
    name_it(names, tx_durability_equal(&a->durability, &b->durability), "durability");
    NUMBER(streams[TX_STREAM_AUDIT].journald_enabled, "forward.journald.enabled");
    NUMBER(journald_min_severity, "forward.journald.min_severity");
#undef TEXT
#undef NUMBER
    tx_buf_char(names, ']');
}
