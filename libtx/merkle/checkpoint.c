/* SPDX-License-Identifier: MIT */
#include "libtx/merkle/checkpoint.h"

#include <string.h>

#include "libtx/crypto/vkey.h"

static bool take_line(struct tx_text *text, struct tx_text *ret) {
    const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
    if (!end)
        return false;
    *ret = (struct tx_text){.p = text->p, .n = (size_t)(end - text->p)};
    text->p = end + 1;
    text->n -= ret->n + 1;
    return true;
}

int tx_checkpoint_parse(struct tx_text text, struct tx_checkpoint *ret) {
    struct tx_text origin, size, root;
    struct tx_checkpoint checkpoint;
    size_t n;

    if (!take_line(&text, &origin) || !take_line(&text, &size) || !take_line(&text, &root) ||
        text.n != 0)
        return -EBADMSG;
    if (origin.n > TX_LIMIT_ORIGIN_BYTES || !tx_key_name_valid(origin))
        return -EBADMSG;
    if (tx_dec_decode(size, &checkpoint.size) < 0)
        return -EBADMSG;
    if (tx_base64_decode(root, checkpoint.root.bytes, TX_HASH_BYTES, &n) < 0 || n != TX_HASH_BYTES)
        return -EBADMSG;
    checkpoint.origin = origin;
    *ret = checkpoint;
    return 0;
}

void tx_checkpoint_render(const struct tx_checkpoint *checkpoint, struct tx_buf *b) {
    tx_buf_put(b, checkpoint->origin.p, checkpoint->origin.n);
    tx_buf_char(b, '\n');
    tx_buf_dec(b, checkpoint->size);
    tx_buf_char(b, '\n');
    tx_buf_base64(b, checkpoint->root.bytes, TX_HASH_BYTES);
    tx_buf_char(b, '\n');
}
