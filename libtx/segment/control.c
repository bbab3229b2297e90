/* SPDX-License-Identifier: MIT */
#include "libtx/segment/control.h"

#include <string.h>

enum tx_line_kind tx_line_kind(struct tx_text line) {
    if (!tx_text_starts(line, TX_TEXT("{\"tracex\":")))
        return TX_LINE_RECORD;
    if (tx_text_starts(line, TX_TEXT("{\"tracex\":\"checkpoint\",")))
        return TX_LINE_CHECKPOINT;
    if (tx_text_starts(line, TX_TEXT("{\"tracex\":\"seal\",")))
        return TX_LINE_SEAL;
    if (tx_text_starts(line, TX_TEXT("{\"tracex\":\"segment\",")))
        return TX_LINE_HEADER;
    return TX_LINE_UNKNOWN_CONTROL;
}

bool tx_line_is_epoch(struct tx_text line) {
    static const struct tx_text before = {"{\"seq\":", 7};
    size_t at = before.n;
    if (!tx_text_starts(line, before))
        return false;
    while (at < line.n && line.p[at] >= '0' && line.p[at] <= '9')
        at++;
    return tx_text_starts((struct tx_text){line.p + at, line.n - at},
                          TX_TEXT(",\"by\":\"ledger\",\"event\":\"tracex.epoch\""));
}

int tx_segment_name_parse(const char *name, uint64_t *ret_first, bool *ret_compressed) {
    enum { N_DIGITS = 20 };
    uint64_t first = 0;
    if (strlen(name) < N_DIGITS)
        return -EBADMSG;
    for (size_t i = 0; i < N_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -EBADMSG;
        unsigned digit = (unsigned)(name[i] - '0');
        if (first > (UINT64_MAX - digit) / 10)
            return -EBADMSG;
        first = first * 10 + digit;
    }
    bool compressed = strcmp(name + N_DIGITS, ".jsonl.zst") == 0;
    if (!compressed && strcmp(name + N_DIGITS, ".jsonl") != 0)
        return -EBADMSG;
    *ret_first = first;
    *ret_compressed = compressed;
    return 0;
}

void tx_control_digest_note(struct tx_hasher *hasher, struct tx_digest *digest,
                            struct tx_text note) {
    tx_hash(hasher, digest->bytes, TX_HASH_BYTES, note.p, note.n, NULL, 0, digest);
}

void tx_segment_name(uint64_t first, const char *suffix, char ret[TX_SEGMENT_NAME_BYTES]) {
    char digits[20];
    struct tx_buf b = tx_buf_of(ret, TX_SEGMENT_NAME_BYTES);
    for (size_t i = sizeof(digits); i > 0; i--, first /= 10)
        digits[i - 1] = (char)('0' + first % 10);
    tx_buf_put(&b, digits, sizeof(digits));
    tx_buf_put(&b, suffix, strlen(suffix) + 1);
}
