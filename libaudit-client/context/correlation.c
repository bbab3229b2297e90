/* SPDX-License-Identifier: MIT */
#include "libaudit-client/context/current.h"

/* UTF-8 without control characters, of ASCII and beyond (U+0080 to U+009F). */
static bool is_clean(const char *id, size_t n) {
    for (size_t at = 0; at < n;) {
        size_t length = tx_utf8_char(id + at, n - at);
        if (length == 0)
            return false;
        uint32_t c = tx_utf8_code(id + at, length);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            return false;
        at += length;
    }
    return true;
}

int tx_correlation_set(const char *id) {
    struct tx_current *current = tx_current();
    struct tx_context_texts *texts = current->texts;
    size_t n = id ? strnlen(id, TX_CORRELATION_SIZE) : 0;

    if (n == TX_CORRELATION_SIZE || !is_clean(id, n))
        return -EINVAL;
    if (n == 0 && !texts)
        return 0;
    int r = tx_current_texts(current, &texts);
    if (r < 0)
        return r;
    if (n > 0)
        memmove(texts->correlation, id, n);
    texts->correlation[n] = '\0';
    texts->n_correlation = (uint16_t)n;
    tx_current_settle(current);
    return 0;
}

int tx_correlation_get(char *ret_id, size_t n_id) {
    const struct tx_context_texts *texts = tx_current()->texts;

    if (!ret_id)
        return -EINVAL;
    if (!texts || texts->n_correlation == 0)
        return -ENODATA;
    if (n_id <= texts->n_correlation)
        return -ENOSPC;
    memcpy(ret_id, texts->correlation, texts->n_correlation + 1u);
    return 0;
}
