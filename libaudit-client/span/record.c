/* SPDX-License-Identifier: MIT */
/* A span as an event, with the names and fields of docs/events.md. */
#include <tracex/trace.h>

#include "libaudit-client/span/span.h"

static const char *const kinds[] = {"internal", "server", "client", "producer", "consumer"};
static const char *const statuses[] = {"unset", "ok", "error"};

#define LINK_BYTES 80 /* a link as JSON has 75 */

static void render_links(const struct tx_span_head *head, struct tx_buf *b) {
    for (size_t i = 0; i < head->n_links; i++) {
        struct tx_span_link_ids ids = tx_span_link_at(head, i);
        tx_buf_str(b, i ? ",{\"trace_id\":\"" : "[{\"trace_id\":\"");
        tx_buf_hex(b, ids.trace_id, sizeof(ids.trace_id));
        tx_buf_str(b, "\",\"span_id\":\"");
        tx_buf_hex(b, ids.span_id, sizeof(ids.span_id));
        tx_buf_str(b, "\"}");
    }
    tx_buf_str(b, "]");
}

static size_t fill(const struct tx_span_head *head, int64_t duration, const struct tx_buf *links,
                   struct tx_kv *fields) {
    size_t n = 0;

    fields[n++] = TX_STRN("span.name", head->name, head->n_name);
    fields[n++] = TX_STR("span.kind", kinds[head->kind]);
    fields[n++] = TX_STR("span.status", statuses[head->status]);
    fields[n++] = TX_I64("duration_ns", duration);
    fields[n++] = TX_I64("thread.id", head->thread_id);
    n += tx_span_read_attributes(head, fields + n);
    if (head->n_links > 0)
        fields[n++] = tx_kv_sized_("span.links", TX_KV_JSON, links->data, links->len);
    if (head->attributes_dropped > 0)
        fields[n++] = TX_U64("span.attributes.dropped", head->attributes_dropped);
    if (head->links_dropped > 0)
        fields[n++] = TX_U64("span.links.dropped", head->links_dropped);
    return n;
}

int tx_span_record(const struct tx_span_head *head, int64_t duration) {
    char json[TX_SPAN_LINKS * LINK_BYTES];
    struct tx_buf links = tx_buf_of(json, sizeof(json));
    struct tx_kv fields[TX_SPAN_ATTRIBUTES + 8];
    struct tx_event event = TX_EVENT_INIT;

    render_links(head, &links);
    event.name = "span";
    event.outcome = head->status == TX_SPAN_ERROR ? TX_FAILURE : TX_SUCCESS;
    event.message = head->n_message > 0 ? head->message : NULL;
    event.correlation_id = head->first > 0 ? (const char *)head->bytes : NULL;
    event.trace_id = head->trace_id;
    event.span_id = head->span_id;
    event.parent_span_id = head->has_parent ? head->parent_id : NULL;
    event.fields = fields;
    event.n_fields = fill(head, duration, &links, fields);
    event.time_ns = head->time;
    return tx_trace_emit(&event);
}
