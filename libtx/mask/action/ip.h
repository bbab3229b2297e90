/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_IP_H
#define TX_MASK_IP_H

/*
 * An IP address as somebody writes it: IPv4, IPv6, the one within the other, with a zone, a prefix
 * length and a port. It knows no rule.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

struct tx_ip {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    bool v4;
    bool has_prefix;
    uint8_t prefix;      /* of 32 or of 128 */
    struct tx_text port; /* digits, borrowed from the text; n == 0: none */
};

/* `192.0.2.1`, `::1`, `::ffff:192.0.2.1`; a zone (%eth0) is passed by; then `/24`; a port as in
 * `192.0.2.1:80` or `[::1]:80`. False when it is something else. */
bool tx_ip_parse(struct tx_text text, struct tx_ip *ret);

/* Clears the bits from `prefix` on. */
void tx_ip_cut(struct tx_ip *ip, unsigned prefix);

/* The address alone: dotted, or as RFC 5952 has it. */
void tx_ip_put(const struct tx_ip *ip, struct tx_buf *b);

/* All of 16 bytes, as eight groups of four small hex digits. */
void tx_ip_put_full(const struct tx_ip *ip, struct tx_buf *b);

#endif
