/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "libtx/segment/control.h"

#define LITERAL(b, text) tx_buf_put((b), (text), sizeof(text) - 1)

static void put_text(struct tx_buf *b, struct tx_text text) {
    tx_buf_json_string(b, text.p, text.n);
}

static void put_digest(struct tx_buf *b, const struct tx_digest *digest) {
    LITERAL(b, "\"");
    tx_buf_base64(b, digest->bytes, sizeof(digest->bytes));
    LITERAL(b, "\"");
}

/* A key's name is UTF-8 without control characters, but may hold a quote or a backslash. */
static void put_vkey(struct tx_buf *b, const struct tx_vkey *vkey) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf text = tx_buf_of(memory, sizeof(memory));

    tx_vkey_render(vkey, &text);
    if (text.full)
        b->full = true;
    else
        tx_buf_json_string(b, memory, text.len);
}

static void put_range(struct tx_buf *b, const struct tx_range *range) {
    LITERAL(b, "[");
    for (size_t i = 0; i < range->n_nodes; i++) {
        if (i)
            LITERAL(b, ",");
        put_digest(b, &range->nodes[i]);
    }
    LITERAL(b, "]");
}

void tx_control_render_header(const struct tx_control_header *header, struct tx_buf *b) {
    LITERAL(b, "{\"tracex\":\"segment\",\"version\":1,\"origin\":");
    put_text(b, header->origin);
    LITERAL(b, ",\"hash\":\"sha256\",\"first\":");
    tx_buf_dec(b, header->first);
    LITERAL(b, ",\"range\":");
    put_range(b, &header->range);
    LITERAL(b, ",\"epoch\":");
    tx_buf_dec(b, header->epoch);
    LITERAL(b, ",\"epoch_vkey\":");
    put_vkey(b, &header->epoch_vkey);
    LITERAL(b, ",\"checkpoints\":");
    tx_buf_dec(b, header->n_checkpoints);
    LITERAL(b, ",\"digest\":");
    put_digest(b, &header->digest);
    LITERAL(b, ",\"previous\":");
    if (header->previous.p)
        put_text(b, header->previous);
    else
        LITERAL(b, "null");
    LITERAL(b, "}");
}

void tx_control_render_checkpoint(const struct tx_control_checkpoint *checkpoint,
                                  struct tx_buf *b) {
    LITERAL(b, "{\"tracex\":\"checkpoint\",\"note\":");
    put_text(b, checkpoint->note);
    LITERAL(b, "}");
}

void tx_control_render_seal(const struct tx_control_seal *seal, struct tx_buf *b) {
    LITERAL(b, "{\"tracex\":\"seal\",\"first\":");
    tx_buf_dec(b, seal->first);
    LITERAL(b, ",\"size\":");
    tx_buf_dec(b, seal->size);
    LITERAL(b, ",\"note\":");
    put_text(b, seal->note);
    LITERAL(b, "}");
}

void tx_control_render_epoch(const struct tx_control_epoch *epoch, struct tx_buf *b) {
    LITERAL(b, "{\"seq\":");
    tx_buf_dec(b, epoch->seq);
    LITERAL(b, ",\"by\":\"ledger\",\"event\":\"tracex.epoch\",\"data\":{\"epoch\":");
    tx_buf_dec(b, epoch->epoch);
    LITERAL(b, ",\"vkey\":");
    put_vkey(b, &epoch->vkey);
    LITERAL(b, ",\"checkpoints\":");
    tx_buf_dec(b, epoch->n_checkpoints);
    LITERAL(b, ",\"digest\":");
    put_digest(b, &epoch->digest);
    if (epoch->broken.p) {
        LITERAL(b, ",\"broken\":");
        put_text(b, epoch->broken);
    }
    LITERAL(b, "}}");
}

void tx_control_render_log(const struct tx_control_log *log, struct tx_buf *b) {
    LITERAL(b, "{\"tracex\":\"log\",\"version\":1,\"origin\":");
    put_text(b, log->origin);
    LITERAL(b, ",\"hash\":\"sha256\",\"identity\":");
    put_vkey(b, &log->identity);
    LITERAL(b, ",\"epoch0\":");
    put_vkey(b, &log->epoch0);
    if (log->continues_origin.p) {
        LITERAL(b, ",\"continues\":{\"origin\":");
        put_text(b, log->continues_origin);
        LITERAL(b, ",\"checkpoint\":");
        put_text(b, log->continues_checkpoint);
        LITERAL(b, "}");
    }
    LITERAL(b, "}");
}

void tx_segment_name(uint64_t first, const char *suffix, char ret[TX_SEGMENT_NAME_BYTES]) {
    snprintf(ret, TX_SEGMENT_NAME_BYTES, "%020llu%s", (unsigned long long)first, suffix);
}
