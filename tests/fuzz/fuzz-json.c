/* SPDX-License-Identifier: MIT */
/* JSON fields: the canonical form is its own canonical form, and holds no byte below 0x20. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/record/json.h"

#define OUT_BYTES (2u * 1024u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static char first[OUT_BYTES], second[OUT_BYTES];
    struct tx_buf b = tx_buf_of(first, sizeof(first));
    struct tx_buf again = tx_buf_of(second, sizeof(second));

    if (tx_json_canonical((struct tx_text){(const char *)data, n}, &b) < 0 || b.full)
        return 0;
    assert(tx_utf8_valid(first, b.len));
    for (size_t i = 0; i < b.len; i++)
        assert((uint8_t)first[i] >= 0x20);
    int r = tx_json_canonical((struct tx_text){first, b.len}, &again);
    assert(r == 0 && again.len == b.len && memcmp(first, second, b.len) == 0);
    return 0;
}
