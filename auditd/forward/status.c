/* SPDX-License-Identifier: MIT */
#include "auditd/forward/status.h"

#include <string.h>

#include "libtx/base/file.h"
#include "libtx/merkle/checkpoint.h"

static const char *const state_names[] = {
    [TX_DELIVERY_STARTING] = "starting", [TX_DELIVERY_IDLE] = "idle",
    [TX_DELIVERY_SENDING] = "sending",   [TX_DELIVERY_NO_JOURNALD] = "journald is away",
    [TX_DELIVERY_DROPPED] = "dropped",   [TX_DELIVERY_ENDED] = "ended",
};

static const char *const access_names[] = {
    [TX_CONFIRM_READABLE] = "readable",
    [TX_CONFIRM_PERHAPS] = "own user's only",
    [TX_CONFIRM_DENIED] = "not readable",
    [TX_CONFIRM_ABSENT] = "absent",
};

static void put_number(struct tx_buf *b, const char *name, uint64_t value) {
    tx_buf_str(b, ",\"");
    tx_buf_str(b, name);
    tx_buf_str(b, "\":");
    tx_buf_dec(b, value);
}

static void put_string(struct tx_buf *b, const char *name, const char *value) {
    tx_buf_str(b, ",\"");
    tx_buf_str(b, name);
    tx_buf_str(b, "\":");
    tx_buf_json_string(b, value, strlen(value));
}

void tx_forward_status_render(const struct tx_delivery_status *status, uint64_t log_size,
                              struct tx_buf *b) {
    uint64_t confirmed = status->confirmed;

    tx_buf_str(b, "{\"sink\":\"journald\"");
    put_string(b, "state", state_names[status->state]);
    put_string(b, "journal", access_names[status->access]);
    put_number(b, "records_sent", status->sent);
    put_number(b, "records_confirmed", confirmed);
    put_number(b, "lag", log_size > confirmed ? log_size - confirmed : 0);
    put_number(b, "checkpoint", status->checkpoint);
    put_number(b, "resent", status->n_resent);
    put_number(b, "missing_in_log", status->counts.missing);
    put_number(b, "unreadable_in_log", status->counts.unreadable);
    if (status->error[0])
        put_string(b, "error", status->error);
    tx_buf_char(b, '}');
}

uint64_t tx_forward_log_size(int log_fd) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes note = TX_BYTES_INIT;
    struct tx_checkpoint checkpoint;

    if (tx_file_read_at(log_fd, "checkpoint", TX_LIMIT_NOTE_BYTES, &note) < 0)
        return 0;
    const char *end = memmem(note.data, note.len, "\n\n", 2);
    if (!end)
        return 0;
    struct tx_text text = {(const char *)note.data, (size_t)(end - (const char *)note.data) + 1};
    return tx_checkpoint_parse(text, &checkpoint) < 0 ? 0 : checkpoint.size;
}
