/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * An address, local@domain: at least two labels, the last one letters or xn--. Bytes past ASCII
 * count as letters (RFC 6531). Longer parts than the RFCs allow are taken too: a long beginning
 * must not hide an address.
 */

static bool is_local(uint8_t c) {
    return tx_is_alnum(c) || c >= 0x80 || c == '.' || c == '_' || c == '%' || c == '+' ||
           c == '-' || c == '\'';
}

static bool is_label(uint8_t c) {
    return tx_is_alnum(c) || c >= 0x80 || c == '-';
}

/* Names of files and systemd units look like addresses: icon@2x.png, getty@tty1.service. None of
 * these is a top-level domain. */
static bool is_file_ending(const struct tx_scan *s, size_t start, size_t end) {
    static const char *const endings[] = {
        "png", "jpg", "jpeg", "gif", "svg",  "webp",    "js",     "css",   "json",
        "xml", "yml", "yaml", "tgz", "html", "service", "socket", "timer", "mount",
    };
    for (size_t i = 0; i < TX_COUNT_OF(endings); i++)
        if (end - start == strlen(endings[i]) && tx_scan_is_word(s, start, endings[i]))
            return true;
    return false;
}

/* The end of a top-level domain that begins the label [start, end), or start. Text of another
 * script may follow it without a space. */
static size_t top_level_end(const struct tx_scan *s, size_t start, size_t end) {
    size_t ascii = start, i = start;

    if (end - start > 4 && tx_scan_is_word(s, start, "xn--"))
        return end;
    while (ascii < end && tx_is_letter(s->p[ascii]))
        ascii++;
    for (i = ascii; i < end && (tx_is_letter(s->p[i]) || s->p[i] >= 0x80);)
        i++;
    if (i < end && (ascii == end || s->p[ascii] < 0x80))
        return start;
    if (i < end)
        end = ascii;
    return end - start < 2 || is_file_ending(s, start, end) ? start : end;
}

/* The end of the longest domain at `start`, or start. */
static size_t domain_end(struct tx_scan *s, size_t start) {
    size_t end = start, label = start, i = start;

    for (size_t n_labels = 0;; n_labels++, label = ++i) {
        while (i < s->n && is_label(s->p[i]))
            i++;
        if (i == label)
            break;
        size_t last = i;
        while (last > label && s->p[last - 1] == '-')
            last--;
        size_t top_level = n_labels > 0 ? top_level_end(s, label, last) : label;
        if (top_level > label)
            end = top_level;
        if (tx_scan_at(s, i) != '.')
            break;
    }
    s->matches->work += i - start;
    return end;
}

void tx_detect_email(struct tx_scan *s, size_t at) {
    size_t start = at;

    while (start > 0 && is_local(s->p[start - 1]))
        start--;
    s->matches->work += at - start;
    while (start < at && (s->p[start] == '.' || s->p[start] == '\''))
        start++;
    if (start == at)
        return;
    size_t end = domain_end(s, at + 1);
    if (end > at + 1)
        tx_scan_claim(s, TX_DETECT_EMAIL, start, end);
    else
        tx_scan_refuse(s, TX_DETECT_EMAIL, start, at + 1, TX_FATE_INVALID);
}
