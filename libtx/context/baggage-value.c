/* SPDX-License-Identifier: MIT */
#include "libtx/context/baggage.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static bool is_token_char(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c);
}

static bool is_value_char(char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool tx_baggage_is_key(struct tx_text key) {
    for (size_t i = 0; i < key.n; i++)
        if (!is_token_char(key.p[i]))
            return false;
    return key.n > 0;
}

bool tx_baggage_is_value(struct tx_text value) {
    for (size_t i = 0; i < value.n; i++)
        if (!is_value_char(value.p[i]))
            return false;
    return true;
}

void tx_baggage_encode(struct tx_text text, struct tx_buf *b) {
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = (uint8_t)text.p[i];
        if (is_value_char(text.p[i]) && c != '%') {
            tx_buf_char(b, text.p[i]);
        } else {
            tx_buf_char(b, '%');
            tx_buf_char(b, digits[c >> 4]);
            tx_buf_char(b, digits[c & 15]);
        }
    }
}

/* --- decoding --- */

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The next byte that the value stands for. */
static char take_byte(struct tx_text *value) {
    char c = value->p[0];
    size_t n = 1;

    if (c == '%' && value->n >= 3) {
        int high = digit_of(value->p[1]), low = digit_of(value->p[2]);
        if (high >= 0 && low >= 0) {
            c = (char)(high << 4 | low);
            n = 3;
        }
    }
    value->p += n;
    value->n -= n;
    return c;
}

void tx_baggage_decode(struct tx_text value, struct tx_buf *b) {
    while (value.n > 0) {
        char bytes[4];
        struct tx_text rest = value, after_first = value;
        size_t n = 0, valid = 0;

        /* At most four bytes make a character; the first that does not is replaced alone. */
        while (valid == 0 && n < sizeof(bytes) && rest.n > 0) {
            bytes[n++] = take_byte(&rest);
            if (n == 1)
                after_first = rest;
            valid = tx_utf8_char(bytes, n);
        }
        if (valid > 0)
            tx_buf_put(b, bytes, valid);
        else
            tx_buf_put(b, replacement, sizeof(replacement) - 1);
        value = valid > 0 ? rest : after_first;
    }
}
