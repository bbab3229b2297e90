/* SPDX-License-Identifier: MIT */
#include "libtx/segment/control.h"

static void put_string(struct tx_buf *b, struct tx_text text) {
    tx_buf_json_string(b, text.p, text.n);
}

static void put_digest(struct tx_buf *b, const struct tx_digest *digest) {
    tx_buf_char(b, '"');
    tx_buf_base64(b, digest->bytes, TX_HASH_BYTES);
    tx_buf_char(b, '"');
}

static void put_vkey(struct tx_buf *b, const struct tx_vkey *vkey) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf text = tx_buf_of(memory, sizeof(memory));
    tx_vkey_render(vkey, &text);
    tx_buf_json_string(b, memory, text.len);
}

static void put_range(struct tx_buf *b, const struct tx_range *range) {
    tx_buf_char(b, '[');
    for (size_t i = 0; i < range->n_nodes; i++) {
        if (i > 0)
            tx_buf_char(b, ',');
        put_digest(b, &range->nodes[i]);
    }
    tx_buf_char(b, ']');
}

void tx_control_render_header(const struct tx_control_header *header, struct tx_buf *b) {
    tx_buf_str(b, "{\"tracex\":\"segment\",\"version\":1,\"origin\":");
    put_string(b, header->origin);
    tx_buf_str(b, ",\"hash\":\"sha256\",\"first\":");
    tx_buf_dec(b, header->first);
    tx_buf_str(b, ",\"range\":");
    put_range(b, &header->range);
    tx_buf_str(b, ",\"epoch\":");
    tx_buf_dec(b, header->epoch);
    tx_buf_str(b, ",\"epoch_vkey\":");
    put_vkey(b, &header->epoch_vkey);
    tx_buf_str(b, ",\"checkpoints\":");
    tx_buf_dec(b, header->n_checkpoints);
    tx_buf_str(b, ",\"digest\":");
    put_digest(b, &header->digest);
    tx_buf_str(b, ",\"previous\":");
    if (header->previous.p)
        put_string(b, header->previous);
    else
        tx_buf_str(b, "null");
    tx_buf_char(b, '}');
}

void tx_control_render_checkpoint(const struct tx_control_checkpoint *checkpoint,
                                  struct tx_buf *b) {
    tx_buf_str(b, "{\"tracex\":\"checkpoint\",\"note\":");
    put_string(b, checkpoint->note);
    tx_buf_char(b, '}');
}

void tx_control_render_seal(const struct tx_control_seal *seal, struct tx_buf *b) {
    tx_buf_str(b, "{\"tracex\":\"seal\",\"first\":");
    tx_buf_dec(b, seal->first);
    tx_buf_str(b, ",\"size\":");
    tx_buf_dec(b, seal->size);
    tx_buf_str(b, ",\"note\":");
    put_string(b, seal->note);
    tx_buf_char(b, '}');
}

void tx_control_render_epoch(const struct tx_control_epoch *epoch, struct tx_buf *b) {
    tx_buf_str(b, "{\"seq\":");
    tx_buf_dec(b, epoch->seq);
    tx_buf_str(b, ",\"by\":\"ledger\",\"event\":\"tracex.epoch\",\"data\":{\"epoch\":");
    tx_buf_dec(b, epoch->epoch);
    tx_buf_str(b, ",\"vkey\":");
    put_vkey(b, &epoch->vkey);
    tx_buf_str(b, ",\"checkpoints\":");
    tx_buf_dec(b, epoch->n_checkpoints);
    tx_buf_str(b, ",\"digest\":");
    put_digest(b, &epoch->digest);
    if (epoch->broken.p) {
        tx_buf_str(b, ",\"broken\":");
        put_string(b, epoch->broken);
    }
    tx_buf_str(b, "}}");
}

void tx_control_render_log(const struct tx_control_log *log, struct tx_buf *b) {
    tx_buf_str(b, "{\"tracex\":\"log\",\"version\":1,\"origin\":");
    put_string(b, log->origin);
    tx_buf_str(b, ",\"hash\":\"sha256\",\"identity\":");
    put_vkey(b, &log->identity);
    tx_buf_str(b, ",\"epoch0\":");
    put_vkey(b, &log->epoch0);
    if (log->continues_origin.p) {
        tx_buf_str(b, ",\"continues\":{\"origin\":");
        put_string(b, log->continues_origin);
        tx_buf_str(b, ",\"checkpoint\":");
        put_string(b, log->continues_checkpoint);
        tx_buf_char(b, '}');
    }
    tx_buf_char(b, '}');
}
