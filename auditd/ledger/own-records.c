/* SPDX-License-Identifier: MIT */
/* The ledger's own records, from fixed templates (docs/format.md section 4). */
#include <stdlib.h>
#include <string.h>

#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"

#define LINE_BYTES 512

static void begin(struct tx_ledger *ledger, struct tx_buf *b, const char *event) {
    tx_buf_str(b, "{\"seq\":");
    tx_buf_dec(b, tx_ledger_size(ledger));
    tx_buf_str(b, ",\"by\":\"ledger\",\"time\":\"");
    tx_buf_time(b, tx_clock_wall());
    tx_buf_str(b, "\",\"event\":\"");
    tx_buf_str(b, event);
    tx_buf_str(b, "\",\"data\":{");
}

static int end(struct tx_ledger *ledger, struct tx_buf *b) {
    struct tx_digest leaf;
    tx_buf_str(b, "}}");
    if (b->full)
        return -ENOBUFS;
    return tx_ledger_append_line(ledger, (struct tx_text){(const char *)b->data, b->len}, &leaf);
}

static void put_error(struct tx_buf *b, int error) {
    const char *text = strerrorname_np(error);
    tx_buf_json_string(b, text ? text : "EIO", strlen(text ? text : "EIO"));
}

int tx_ledger_record_start(struct tx_ledger *ledger) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.start");
    tx_buf_str(&b, "\"version\":\"" TX_VERSION "\"");
    return end(ledger, &b);
}

int tx_ledger_record_stop(struct tx_ledger *ledger) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.stop");
    return end(ledger, &b);
}

int tx_ledger_record_heartbeat(struct tx_ledger *ledger) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.heartbeat");
    tx_buf_str(&b, "\"interval_s\":");
    tx_buf_dec(&b, (uint64_t)ledger->stream->heartbeat_interval_ns / 1000000000);
    return end(ledger, &b);
}

int tx_ledger_record_recovered(struct tx_ledger *ledger, uint64_t bytes) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.recovered");
    tx_buf_str(&b, "\"bytes\":");
    tx_buf_dec(&b, bytes);
    return end(ledger, &b);
}

int tx_ledger_record_full(struct tx_ledger *ledger, int error, const char *action) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.disk");
    tx_buf_str(&b, "\"error\":");
    put_error(&b, error);
    tx_buf_str(&b, ",\"action\":\"");
    tx_buf_str(&b, action);
    tx_buf_str(&b, "\"");
    return end(ledger, &b);
}

int tx_ledger_record_space(struct tx_ledger *ledger, const char *level, uint64_t free_bytes,
                           uint64_t level_bytes) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.disk");
    tx_buf_str(&b, "\"space\":\"");
    tx_buf_str(&b, level);
    tx_buf_str(&b, "\",\"free_bytes\":");
    tx_buf_dec(&b, free_bytes);
    if (level_bytes > 0) {
        tx_buf_str(&b, ",\"level_bytes\":");
        tx_buf_dec(&b, level_bytes);
    }
    return end(ledger, &b);
}

int tx_ledger_record_pruned(struct tx_ledger *ledger, const struct tx_pruned *pruned) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.pruned");
    tx_pruned_render(pruned, &b);
    return end(ledger, &b);
}

int tx_ledger_record_disk(struct tx_ledger *ledger, int error, int64_t ns) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.disk");
    tx_buf_str(&b, "\"error\":");
    put_error(&b, error);
    tx_buf_str(&b, ",\"waited_ms\":");
    tx_buf_dec(&b, (uint64_t)(ns / 1000000));
    return end(ledger, &b);
}

int tx_ledger_record_clock(struct tx_ledger *ledger, int64_t from, int64_t jump_ns) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.clock");
    tx_buf_str(&b, "\"from\":\"");
    tx_buf_time(&b, from);
    tx_buf_str(&b, jump_ns < 0 ? "\",\"jump_ms\":-" : "\",\"jump_ms\":");
    tx_buf_dec(&b, (uint64_t)llabs(jump_ns / 1000000));
    return end(ledger, &b);
}

int tx_ledger_record_restart(struct tx_ledger *ledger, const struct tx_ledger_end *ended) {
    char line[LINE_BYTES];
    struct tx_buf b = tx_buf_of(line, sizeof(line));
    begin(ledger, &b, "tracex.restart");
    tx_buf_str(&b, "\"process\":");
    tx_buf_json_string(&b, ended->process, strlen(ended->process));
    tx_buf_str(&b, ",\"count\":");
    tx_buf_dec(&b, ended->n);
    tx_buf_str(&b, ",\"how\":");
    tx_buf_json_string(&b, ended->how, strlen(ended->how));
    return end(ledger, &b);
}
