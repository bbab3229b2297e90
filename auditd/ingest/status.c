/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/status.h"

#include <stdio.h>
#include <string.h>

static void put_number(struct tx_buf *b, const char *name, uint64_t v) {
    if (b->len == 0)
        tx_buf_char(b, '{');
    else if (b->data[b->len - 1] != '{')
        tx_buf_char(b, ',');
    tx_buf_json_string(b, name, strlen(name));
    tx_buf_char(b, ':');
    tx_buf_dec(b, v);
}

/* What rules in the shadow would have changed, as far as there is room. */
static void put_shadow(struct tx_buf *b, const struct tx_mask *mask) {
    struct tx_mask_rule_count count;

    tx_buf_str(b, ",\"mask_shadow\":{");
    for (size_t i = 0; tx_mask_rule_counted(mask, i, &count); i++)
        if (count.shadow && count.n > 0 && b->len < TX_INGEST_STATUS_BYTES / 2)
            put_number(b, count.id, count.n);
    tx_buf_char(b, '}');
}

/* Of the policy in force, since it was put in force. */
static void put_masking(struct tx_buf *b, const struct tx_policy *policy) {
    const struct tx_mask_counters *counters = tx_mask_counters(policy->mask);
    char name[32];

    put_number(b, "mask_dropped", counters->dropped);
    for (size_t i = 0; i < TX_MASK_ERROR_N; i++) {
        snprintf(name, sizeof(name), "mask_error_%s", tx_mask_error_name((enum tx_mask_error)i));
        put_number(b, name, counters->errors[i]);
    }
    put_shadow(b, policy->mask);
    tx_buf_str(b, ",\"lockdown\":");
    tx_buf_str(b, policy->conf->masking.lockdown ? "true" : "false");
}

static const char *state_of(const struct tx_outlet *outlet) {
    if (outlet->is_dropping)
        return "dropping";
    if (outlet->link.fd < 0)
        return outlet->is_timed ? "waiting" : "off";
    return outlet->lost->n > 0 ? "declaring" : "on";
}

/* Logs other than the audit log. */
static void put_outlets(struct tx_buf *b, const struct tx_ingest *ingest) {
    for (int i = TX_STREAM_AUDIT + 1; i < TX_STREAM_N; i++) {
        const struct tx_outlet *outlet = &ingest->outlets[i];
        tx_buf_str(b, ",\"");
        tx_buf_str(b, tx_stream_name(outlet->id));
        tx_buf_str(b, "\":{\"state\":\"");
        tx_buf_str(b, state_of(outlet));
        tx_buf_char(b, '"');
        put_number(b, "records", outlet->n_records);
        put_number(b, "dropped", outlet->n_dropped);
        put_number(b, "undeclared", outlet->lost->n_untold);
        tx_buf_char(b, '}');
    }
}

void tx_ingest_status_render(const struct tx_ingest *ingest, struct tx_buf *b) {
    put_number(b, "connections", ingest->connections.n);
    put_number(b, "records", ingest->counters.records);
    put_number(b, "rejected", ingest->counters.rejected);
    put_number(b, "lost", ingest->counters.lost);
    put_number(b, "replies_dropped", ingest->counters.replies_dropped);
    put_number(b, "inbox_bytes", ingest->inbox.used);
    put_number(b, "parked", ingest->clients.n_parked);
    put_number(b, "rings", ingest->rings.n);
    put_number(b, "rings_refused", ingest->rings.n_refused);
    put_number(b, "trace_records", ingest->rings.n_records);
    put_number(b, "trace_lost", ingest->rings.n_lost);
    put_number(b, "vault_asked", ingest->vault.n_asked);
    put_number(b, "vault_failed", ingest->vault.n_failed);
    put_masking(b, ingest->policy);
    tx_buf_str(b, ",\"ledger\":");
    tx_buf_str(b, ingest->outlets[TX_STREAM_AUDIT].link.fd >= 0 ? "true" : "false");
    put_outlets(b, ingest);
    tx_buf_str(b, ",\"policy\":\"");
    tx_buf_str(b, ingest->policy->sha256);
    tx_buf_str(b, "\"}");
}
