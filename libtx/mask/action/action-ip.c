/* SPDX-License-Identifier: MIT */
#include "libtx/mask/action/action-parts.h"
#include "libtx/mask/action/ip.h"

/*
 * The network that an address is in, and how long its prefix is: 192.0.2.0/24, 2001:db8:1::/48. A
 * port stays, behind it; a zone does not. A network that is given stays when it is no smaller, so a
 * second masking changes nothing.
 */

/* An address of 6to4 (RFC 3056) has an IPv4 address behind its first 16 bits. */
static unsigned prefix_of(const struct tx_ip *ip, const struct tx_masking_action *action) {
    unsigned prefix = ip->v4 ? action->ip.v4_prefix : action->ip.v6_prefix;
    bool is_6to4 = !ip->v4 && ip->bytes[0] == 0x20 && ip->bytes[1] == 0x02;

    if (is_6to4 && prefix > 16u + action->ip.v4_prefix)
        prefix = 16u + action->ip.v4_prefix;
    return ip->has_prefix && ip->prefix < prefix ? ip->prefix : prefix;
}

int tx_action_ip(struct tx_action_tools *tools, const struct tx_masking_action *action,
                 const struct tx_action_subject *subject, struct tx_buf *out) {
    struct tx_ip ip;

    (void)tools;
    if (!tx_ip_parse(subject->text, &ip))
        return TX_ACTION_E_SHOWS;
    unsigned prefix = prefix_of(&ip, action);
    bool bracket = ip.port.n > 0 && !ip.v4;
    tx_ip_cut(&ip, prefix);
    if (bracket)
        tx_buf_char(out, '[');
    tx_ip_put(&ip, out);
    tx_buf_char(out, '/');
    tx_buf_dec(out, prefix);
    if (bracket)
        tx_buf_char(out, ']');
    if (ip.port.n > 0)
        tx_buf_char(out, ':');
    tx_buf_put(out, ip.port.p, ip.port.n);
    return 0;
}

size_t tx_action_ip_end(struct tx_text text, size_t end) {
    size_t i = end + 1;
    if (end >= text.n || text.p[end] != '/')
        return end;
    while (i < text.n && i - end <= 4 && text.p[i] >= '0' && text.p[i] <= '9')
        i++;
    return i - end >= 2 && i - end <= 4 ? i : end;
}
