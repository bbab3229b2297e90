/* SPDX-License-Identifier: MIT */
/* The messages between ledger and signer: what parses renders to the same bytes. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "auditd/ipc/notary.h"

static uint8_t memory[TX_NOTARY_MESSAGE_BYTES];

static void check_request(struct tx_text message) {
    static struct tx_notary_request request;
    if (tx_notary_request_parse(message, &request) < 0)
        return;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    int r = tx_notary_request_render(&request, &b);
    assert(r == 0 && b.len == message.n && memcmp(memory, message.p, b.len) == 0);
}

static void check_reply(struct tx_hasher *hasher, struct tx_text message) {
    static struct tx_notary_reply reply;
    if (tx_notary_reply_parse(hasher, message, &reply) < 0)
        return;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    int r = tx_notary_reply_render(&reply, &b);
    assert(r == 0 && b.len == message.n && memcmp(memory, message.p, b.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct tx_hasher *hasher;
    struct tx_text message = {.p = (const char *)data, .n = n};
    if (!hasher && tx_hasher_new(&hasher) < 0)
        return 0;
    check_request(message);
    check_reply(hasher, message);
    return 0;
}
