/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/status.h"

#include <errno.h>
#include <string.h>

#include "auditd/ledger/compress.h"

static void put_number(struct tx_buf *b, const char *key, uint64_t v) {
    tx_buf_str(b, ",\"");
    tx_buf_str(b, key);
    tx_buf_str(b, "\":");
    tx_buf_dec(b, v);
}

/* Nothing of it is known before log.retain, or want of room, made anybody look. */
static void put_retain(struct tx_buf *b, const struct tx_retain *retain) {
    if (retain->n_segments == 0)
        return;
    put_number(b, "first_record", retain->first);
    put_number(b, "log_bytes", retain->n_bytes);
    put_number(b, "segments_removed", retain->n_removed);
    if (!retain->held_by)
        return;
    tx_buf_str(b, ",\"removal_waits_for\":\"");
    tx_buf_str(b, retain->held_by);
    tx_buf_str(b, "\"");
    put_number(b, "waiting_segments", retain->n_held);
    put_number(b, "waiting_bytes", retain->n_held_bytes);
    put_number(b, "confirmed_by_it", retain->held_at);
}

static const char *disk(int trouble) {
    return trouble == 0 ? "ok" : trouble == ENOSPC || trouble == EDQUOT ? "full" : "failing";
}

void tx_ledger_status_render(struct tx_ledger *ledger, struct tx_buf *b) {
    tx_buf_str(b, "{\"ledger\":{\"disk\":\"");
    tx_buf_str(b, disk(ledger->trouble));
    tx_buf_str(b, "\",\"signer\":\"");
    tx_buf_str(b, ledger->signer_waits ? "failing" : "ok");
    tx_buf_str(b, "\",\"origin\":");
    tx_buf_json_string(b, (char *)ledger->origin.data, ledger->origin.len);
    put_number(b, "records", tx_ledger_size(ledger));
    put_number(b, "segment", ledger->segment_first);
    put_number(b, "segment_bytes", ledger->segment_bytes);
    put_number(b, "epoch", ledger->now.epoch);
    put_number(b, "checkpoint", ledger->anchor.checkpoint_size);
    if (ledger->status.checkpoint_wall) {
        tx_buf_str(b, ",\"checkpoint_time\":\"");
        tx_buf_time(b, ledger->status.checkpoint_wall);
        tx_buf_str(b, "\"");
    }
    put_number(b, "unsynced_bytes", ledger->tail.len - ledger->durable);
    put_number(b, "clients", tx_clients_count(ledger->clients));
    put_number(b, "clients_runs", tx_clients_n_runs(ledger->clients));
    put_number(b, "duplicates", ledger->status.n_duplicates);
    put_number(b, "refused_streams", ledger->status.n_refused);
    put_number(b, "segments_given_up", ledger->status.n_given_up);
    put_number(b, "free_bytes", ledger->space.free_bytes);
    tx_buf_str(b, ",\"space\":\"");
    tx_buf_str(b, tx_space_level_name(ledger->space.level));
    tx_buf_str(b, "\",\"reserve\":\"");
    tx_buf_str(b, tx_reserve_state(ledger));
    tx_buf_str(b, "\"");
    put_retain(b, &ledger->retain);
    put_number(b, "compress_backlog", tx_compress_backlog(ledger->compress));
    tx_buf_str(b, "},\"sandbox\":");
    tx_buf_str(b, ledger->sandbox[0] ? ledger->sandbox : "{}");
    tx_buf_str(b, "}");
}
