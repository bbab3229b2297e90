/* SPDX-License-Identifier: MIT */
#include "auditd/forward/sink-cursor.h"

#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/base/bytes.h"
#include "libtx/base/file.h"
#include "libtx/record/read.h"

#define NAME "cursor"
#define CURSOR_BYTES 2048

static int parse_place(struct tx_text text, struct tx_journal_place *ret) {
    if (!text.p || text.n >= sizeof(ret->name) || memchr(text.p, '\0', text.n))
        return -EBADMSG;
    memcpy(ret->name, text.p, text.n);
    ret->name[text.n] = '\0';
    return 0;
}

static int parse(struct tx_text line, struct tx_sink_cursor *ret) {
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;
    struct tx_sink_cursor cursor;
    uint64_t version;

    int r = tx_read_new(line, &read);
    if (r < 0)
        return r;
    struct tx_read_object top = tx_read_top(read);
    struct tx_text log = tx_read_string(top, "log");
    if (tx_read_u64(top, "version", &version) < 0 || version != 1 || !log.p ||
        tx_hex_decode(log, cursor.log.bytes, TX_HASH_BYTES) < 0 ||
        tx_read_u64(top, "next", &cursor.next) < 0 ||
        tx_read_u64(top, "checkpoint", &cursor.checkpoint) < 0 ||
        parse_place(tx_read_string(top, "seen"), &cursor.seen) < 0)
        return -EBADMSG;
    *ret = cursor;
    return 0;
}

int tx_sink_cursor_load(int dirfd, const struct tx_digest *log, struct tx_sink_cursor *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes bytes = TX_BYTES_INIT;
    struct tx_sink_cursor cursor;

    int r = tx_file_read_at(dirfd, NAME, CURSOR_BYTES, &bytes);
    if (r == -ENOENT || r == -EFBIG || r == -EINVAL)
        return TX_SINK_CURSOR_E_NONE;
    if (r < 0)
        return r;
    r = parse((struct tx_text){(const char *)bytes.data, bytes.len}, &cursor);
    if (r == -ENOMEM)
        return r;
    if (r < 0 || memcmp(cursor.log.bytes, log->bytes, TX_HASH_BYTES) != 0)
        return TX_SINK_CURSOR_E_NONE;
    *ret = cursor;
    return 0;
}

static void put_number(struct tx_buf *b, const char *name, uint64_t value) {
    tx_buf_str(b, ",\"");
    tx_buf_str(b, name);
    tx_buf_str(b, "\":");
    tx_buf_dec(b, value);
}

int tx_sink_cursor_save(int dirfd, const struct tx_sink_cursor *cursor) {
    char memory[CURSOR_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_buf_str(&b, "{\"version\":1,\"log\":\"");
    tx_buf_hex(&b, cursor->log.bytes, TX_HASH_BYTES);
    tx_buf_char(&b, '"');
    put_number(&b, "next", cursor->next);
    put_number(&b, "checkpoint", cursor->checkpoint);
    tx_buf_str(&b, ",\"seen\":");
    tx_buf_json_string(&b, cursor->seen.name, strlen(cursor->seen.name));
    tx_buf_str(&b, "}\n");
    if (b.full)
        return -ENOBUFS;
    return tx_file_replace_at(dirfd, NAME, b.data, b.len, 0600);
}
