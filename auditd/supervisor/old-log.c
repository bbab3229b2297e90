/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/old-log.h"

#include <string.h>

#include "libtx/base/file.h"
#include "libtx/base/limits.h"

static const char prefix[] = "{\"tracex\":\"log\",\"version\":1,\"origin\":\"";

/* An origin has no white space or control characters, so of JSON's escapes only two can occur. */
static int unescape_until_quote(struct tx_text text, char *to, size_t room) {
    size_t n = 0;

    for (size_t i = 0; i < text.n && n + 1 < room; i++) {
        char c = text.p[i];
        if (c == '"') {
            to[n] = '\0';
            return n > 0 && tx_utf8_valid(to, n) ? 0 : -EBADMSG;
        }
        if (c == '\\') {
            if (++i == text.n || (text.p[i] != '"' && text.p[i] != '\\'))
                return -EBADMSG;
            c = text.p[i];
        }
        if ((unsigned char)c <= ' ')
            return -EBADMSG;
        to[n++] = c;
    }
    return -EBADMSG;
}

int tx_old_log_origin(int log_fd, char **ret) {
    struct tx_bytes content = TX_BYTES_INIT;
    char origin[TX_LIMIT_ORIGIN_BYTES + 1];

    int r = tx_file_read_at(log_fd, "log.json", TX_LIMIT_CONTROL_LINE_BYTES, &content);
    struct tx_text text = {.p = (const char *)content.data, .n = content.len};
    if (r >= 0 && !tx_text_starts(text, TX_TEXT(prefix)))
        r = -EBADMSG;
    if (r >= 0) {
        size_t skip = sizeof(prefix) - 1;
        r = unescape_until_quote((struct tx_text){.p = text.p + skip, .n = text.n - skip}, origin,
                                 sizeof(origin));
    }
    tx_bytes_deinit(&content);
    if (r == -EFBIG || r == -EINVAL)
        return -EBADMSG;
    if (r < 0)
        return r;
    char *copy = strdup(origin);
    if (!copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

int tx_old_log_checkpoint(int log_fd, const char *origin, struct tx_bytes *b) {
    size_t start = b->len;

    int r = tx_file_read_at(log_fd, "checkpoint", TX_LIMIT_NOTE_BYTES, b);
    if (r < 0)
        return r == -EFBIG || r == -EINVAL ? -EBADMSG : r;
    struct tx_text note = {.p = (const char *)b->data + start, .n = b->len - start};
    struct tx_text name = {.p = origin, .n = strlen(origin)};
    if (!tx_text_starts(note, name) || note.n <= name.n || note.p[name.n] != '\n')
        return -EBADMSG;
    return 0;
}
