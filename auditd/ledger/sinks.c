/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/sinks.h"

#include <string.h>

#include "auditd/ipc/fds.h"
#include "libtx/base/file.h"
#include "libtx/base/limits.h"

#define CURSOR_BYTES 4096
#define HEAD "{\"version\":1,\"log\":\""
#define BEHIND "\",\"next\":"

uint64_t tx_sinks_parse_cursor(struct tx_text line, const struct tx_digest *log) {
    const struct tx_text head = TX_TEXT(HEAD), behind = TX_TEXT(BEHIND);
    uint8_t named[TX_HASH_BYTES];
    uint64_t next;

    if (!tx_text_starts(line, head) || line.n < head.n + 2 * TX_HASH_BYTES ||
        tx_hex_decode((struct tx_text){line.p + head.n, 2 * TX_HASH_BYTES}, named, TX_HASH_BYTES) <
            0 ||
        memcmp(named, log->bytes, TX_HASH_BYTES) != 0)
        return 0;
    size_t at = head.n + 2 * TX_HASH_BYTES;
    struct tx_text rest = {line.p + at, line.n - at}, digits;
    if (!tx_text_starts(rest, behind))
        return 0;
    digits = (struct tx_text){rest.p + behind.n, 0};
    while (behind.n + digits.n < rest.n && digits.p[digits.n] >= '0' && digits.p[digits.n] <= '9')
        digits.n++;
    /* Cut off within the number, it would be a smaller one at most. */
    return tx_dec_decode(digits, &next) == 0 ? next : 0;
}

/* As forward tells one log from another: the hash of log.json's line. */
static int hash_log(struct tx_hasher *hasher, struct tx_digest *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes bytes = TX_BYTES_INIT;
    int r = tx_file_read_at(TX_FD_LEDGER_LOG, "log.json", TX_LIMIT_CONTROL_LINE_BYTES, &bytes);
    if (r < 0)
        return r;
    size_t n = bytes.len > 0 && bytes.data[bytes.len - 1] == '\n' ? bytes.len - 1 : bytes.len;
    tx_hash(hasher, bytes.data, n, NULL, 0, NULL, 0, ret);
    return 0;
}

static int read_cursor(int dirfd, const struct tx_digest *log, uint64_t *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes bytes = TX_BYTES_INIT;
    *ret = 0;
    int r = tx_file_read_at(dirfd, "cursor", CURSOR_BYTES, &bytes);
    if (r == 0)
        *ret = tx_sinks_parse_cursor((struct tx_text){(const char *)bytes.data, bytes.len}, log);
    return r == -ENOMEM ? r : 0;
}

int tx_sinks_passed(const struct tx_stream *stream, struct tx_hasher *hasher, uint64_t *ret_next,
                    const char **ret_name) {
    const struct {
        bool enabled;
        int dirfd;
        const char *name;
    } sinks[] = {{stream->journald_enabled, TX_FD_LEDGER_JOURNALD, "journald"}};
    struct tx_digest log;

    *ret_next = UINT64_MAX;
    *ret_name = NULL;
    for (size_t i = 0; i < TX_COUNT_OF(sinks); i++) {
        uint64_t next = 0;
        if (!sinks[i].enabled)
            continue;
        int r = hash_log(hasher, &log);
        if (r == 0)
            r = read_cursor(sinks[i].dirfd, &log, &next);
        if (r == -ENOMEM)
            return r;
        if (next < *ret_next) {
            *ret_next = next;
            *ret_name = sinks[i].name;
        }
    }
    return 0;
}
