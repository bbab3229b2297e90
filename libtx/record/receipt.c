/* SPDX-License-Identifier: MIT */
#include "libtx/record/receipt.h"

static const struct tx_text begin = TX_TEXT("tracex-receipt/1 seq=");
static const struct tx_text before_leaf = TX_TEXT(" leaf=");
static const struct tx_text before_id = TX_TEXT(" id=");
static const struct tx_text before_sum = TX_TEXT(" crc=");

/* CRC-32 as zip and Ethernet have it. */
static uint32_t check_sum(const uint8_t *p, size_t n) {
    uint32_t sum = UINT32_MAX;

    for (size_t i = 0; i < n; i++) {
        sum ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~sum;
}

static void put_text(struct tx_buf *b, struct tx_text text) {
    tx_buf_put(b, text.p, text.n);
}

static void put_sum(struct tx_buf *b, uint32_t sum) {
    const uint8_t bytes[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                              (uint8_t)sum};
    tx_buf_hex(b, bytes, sizeof(bytes));
}

void tx_receipt_line_render(const struct tx_receipt_line *receipt, struct tx_buf *b) {
    size_t start = b->len;

    put_text(b, begin);
    tx_buf_dec(b, receipt->seq);
    put_text(b, before_leaf);
    tx_buf_hex(b, receipt->leaf, sizeof(receipt->leaf));
    put_text(b, before_id);
    tx_buf_uuid(b, receipt->id);
    uint32_t sum = b->full ? 0 : check_sum(b->data + start, b->len - start);
    put_text(b, before_sum);
    put_sum(b, sum);
}

/* --- reading --- */

struct reader {
    struct tx_text line;
    size_t at;
    const char *expected;
};

static struct tx_text rest(const struct reader *reader) {
    return (struct tx_text){.p = reader->line.p + reader->at, .n = reader->line.n - reader->at};
}

static int take_literal(struct reader *reader, struct tx_text literal, const char *expected) {
    struct tx_text left = rest(reader);
    size_t n = 0;

    while (n < literal.n && n < left.n && literal.p[n] == left.p[n])
        n++;
    reader->at += n;
    reader->expected = expected;
    return n == literal.n ? 0 : -EBADMSG;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

static int take_seq(struct reader *reader, uint64_t *ret) {
    struct tx_text left = rest(reader);
    size_t n = 0;

    while (n < left.n && is_digit(left.p[n]))
        n++;
    reader->expected = "a record's number, without a leading zero";
    if (tx_dec_decode((struct tx_text){.p = left.p, .n = n}, ret) < 0)
        return -EBADMSG;
    reader->at += n;
    return 0;
}

static int take_hex(struct reader *reader, uint8_t *ret, size_t n, const char *expected) {
    struct tx_text left = rest(reader);

    reader->expected = expected;
    for (size_t i = 0; i < 2 * n; i++, reader->at++)
        if (i == left.n || !is_hex(left.p[i]))
            return -EBADMSG;
    return tx_hex_decode((struct tx_text){.p = left.p, .n = 2 * n}, ret, n);
}

static int take_id(struct reader *reader, uint8_t ret[16]) {
    struct tx_text left = rest(reader);
    size_t n = left.n < 36 ? left.n : 36;

    reader->expected = "a record's id, such as 01931f6e-0000-7000-8000-000000000000";
    if (tx_uuid_decode((struct tx_text){.p = left.p, .n = n}, ret) < 0)
        return -EBADMSG;
    reader->at += n;
    return 0;
}

static int take_sum(struct reader *reader) {
    uint32_t sum = check_sum((const uint8_t *)reader->line.p, reader->at);
    uint8_t bytes[4];

    int r = take_literal(reader, before_sum, "\" crc=\"");
    if (r == 0)
        r = take_hex(reader, bytes, sizeof(bytes), "eight hexadecimal digits, the check sum");
    if (r < 0)
        return r;
    uint32_t said =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    if (said == sum)
        return 0;
    reader->at -= 8;
    reader->expected = "another check sum: some character of this line was changed";
    return -EBADMSG;
}

static int read_all(struct reader *reader, struct tx_receipt_line *ret) {
    int r = take_literal(reader, begin, "\"tracex-receipt/1 seq=\"");
    if (r == 0)
        r = take_seq(reader, &ret->seq);
    if (r == 0)
        r = take_literal(reader, before_leaf, "\" leaf=\"");
    if (r == 0)
        r = take_hex(reader, ret->leaf, sizeof(ret->leaf), "64 hexadecimal digits, the leaf hash");
    if (r == 0)
        r = take_literal(reader, before_id, "\" id=\"");
    if (r == 0)
        r = take_id(reader, ret->id);
    if (r == 0)
        r = take_sum(reader);
    if (r == 0 && reader->at != reader->line.n) {
        reader->expected = "the end of the line";
        r = -EBADMSG;
    }
    return r;
}

int tx_receipt_line_parse(struct tx_text line, struct tx_receipt_line *ret, size_t *ret_at,
                          const char **ret_expected) {
    struct reader reader = {.line = line};
    struct tx_receipt_line receipt;

    int r = read_all(&reader, &receipt);
    if (r < 0) {
        *ret_at = reader.at;
        *ret_expected = reader.expected;
        return r;
    }
    *ret = receipt;
    return 0;
}
