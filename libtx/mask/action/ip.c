/* SPDX-License-Identifier: MIT */
#include "libtx/mask/action/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "libtx/crypto/secret.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_digits(struct tx_text text, size_t n_max) {
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return text.n >= 1 && text.n <= n_max;
}

/* Where c stands in the text, or its end. */
static size_t find(struct tx_text text, char c) {
    const char *at = text.n ? memchr(text.p, c, text.n) : NULL;
    return at ? (size_t)(at - text.p) : text.n;
}

/* Cuts what is behind c off *text; false when there is no c. */
static bool split(struct tx_text *text, char c, struct tx_text *ret_rest) {
    size_t at = find(*text, c);
    if (at == text->n)
        return false;
    *ret_rest = (struct tx_text){text->p + at + 1, text->n - at - 1};
    text->n = at;
    return true;
}

static bool is_zone(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
              c == '_' || c == '.'))
            return false;
    }
    return text.n > 0;
}

static bool read_address(const char *address, struct tx_ip *ip) {
    memcpy(ip->bytes, mapped, sizeof(mapped));
    ip->v4 = inet_pton(AF_INET, address, ip->bytes + 12) == 1;
    if (ip->v4)
        return true;
    if (inet_pton(AF_INET6, address, ip->bytes) != 1)
        return false;
    ip->v4 = memcmp(ip->bytes, mapped, sizeof(mapped)) == 0;
    return true;
}

static bool parse_address(struct tx_text text, struct tx_ip *ip) {
    char address[INET6_ADDRSTRLEN];

    if (text.n == 0 || text.n >= sizeof(address) || memchr(text.p, '\0', text.n))
        return false;
    memcpy(address, text.p, text.n);
    address[text.n] = '\0';
    bool ok = read_address(address, ip);
    tx_wipe(address, sizeof(address));
    return ok;
}

/* `as_v6`: a prefix length of an address that was written as ::ffff:… counts from its beginning. */
static bool parse_prefix(struct tx_text text, bool as_v6, struct tx_ip *ip) {
    unsigned v = 0;
    if (!is_digits(text, 3) || (text.n > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.n; i++)
        v = v * 10 + (unsigned)(text.p[i] - '0');
    if (v > (as_v6 ? 128 : 32))
        return false;
    if (ip->v4 && as_v6)
        v = v > 96 ? v - 96 : 0;
    ip->prefix = (uint8_t)v;
    ip->has_prefix = true;
    return true;
}

/* Address, zone and prefix length. */
static bool parse_network(struct tx_text text, struct tx_ip *ip) {
    struct tx_text zone = {NULL, 0}, prefix = {NULL, 0};
    bool has_prefix = split(&text, '/', &prefix);
    bool has_zone = split(&text, '%', &zone);
    bool as_v6 = find(text, ':') < text.n;

    if (!parse_address(text, ip) || (has_zone && (!as_v6 || !is_zone(zone))))
        return false;
    return !has_prefix || parse_prefix(prefix, as_v6, ip);
}

bool tx_ip_parse(struct tx_text text, struct tx_ip *ret) {
    struct tx_ip ip = {.v4 = false};
    struct tx_text port = {NULL, 0};

    if (text.n > 0 && text.p[0] == '[') {
        text = (struct tx_text){text.p + 1, text.n - 1};
        if (!split(&text, ']', &port))
            return false;
        if (port.n > 0 && port.p[0] != ':')
            return false;
        if (port.n > 0)
            port = (struct tx_text){port.p + 1, port.n - 1};
        else
            port.p = NULL;
    } else {
        struct tx_text rest = text;
        if (split(&rest, ':', &port) && find(port, ':') == port.n && find(rest, '.') < rest.n)
            text = rest;
        else
            port = (struct tx_text){NULL, 0};
    }
    if (!parse_network(text, &ip) || (port.p && !is_digits(port, 5)))
        return false;
    ip.port = port;
    *ret = ip;
    return true;
}

void tx_ip_cut(struct tx_ip *ip, unsigned prefix) {
    unsigned keep = prefix + (ip->v4 ? 96 : 0);
    for (unsigned i = 0; i < sizeof(ip->bytes); i++) {
        unsigned bits = keep > 8 * i ? keep - 8 * i : 0;
        if (bits < 8)
            ip->bytes[i] &= (uint8_t)(0xff00u >> bits);
    }
}

void tx_ip_put(const struct tx_ip *ip, struct tx_buf *b) {
    char text[INET6_ADDRSTRLEN];

    for (size_t i = 12; ip->v4 && i < sizeof(ip->bytes); i++) {
        if (i > 12)
            tx_buf_char(b, '.');
        tx_buf_dec(b, ip->bytes[i]);
    }
    if (!ip->v4 && inet_ntop(AF_INET6, ip->bytes, text, sizeof(text)))
        tx_buf_str(b, text);
}

void tx_ip_put_full(const struct tx_ip *ip, struct tx_buf *b) {
    for (size_t i = 0; i < sizeof(ip->bytes); i += 2) {
        if (i > 0)
            tx_buf_char(b, ':');
        tx_buf_hex(b, ip->bytes + i, 2);
    }
}
