/* SPDX-License-Identifier: MIT */
#include "action-check.h"

static struct tx_masking_action prefix(uint8_t v4, uint8_t v6) {
    return (struct tx_masking_action){.kind = TX_ACTION_IP,
                                      .ip = {.v4_prefix = v4, .v6_prefix = v6}};
}

START_TEST(the_network_stays_and_says_so) {
    struct tx_masking_action action = prefix(24, 48), odd = prefix(19, 45), none = prefix(0, 0),
                             whole = prefix(32, 128);
    check_action(&action, "192.0.2.17", "192.0.2.0/24");
    check_action(&action, "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48");
    check_action(&action, "2001:DB8:1::6", "2001:db8:1::/48");
    check_action(&action, "::1", "::/48");
    check_action(&odd, "203.0.113.255", "203.0.96.0/19");
    check_action(&odd, "2001:db8:ffff::", "2001:db8:fff8::/45");
    check_action(&none, "192.0.2.17", "0.0.0.0/0");
    check_action(&none, "2001:db8::1", "::/0");
    check_action(&whole, "192.0.2.17", "192.0.2.17/32");
    check_action(&whole, "2001:db8::1", "2001:db8::1/128");
}
END_TEST

START_TEST(an_ipv4_address_within_an_ipv6_address_is_one) {
    struct tx_masking_action action = prefix(24, 48);
    check_action(&action, "::ffff:192.0.2.17", "192.0.2.0/24");
    check_action(&action, "::ffff:c000:211", "192.0.2.0/24");
    check_action(&action, "::ffff:192.0.2.17/120", "192.0.2.0/24");
    check_action(&action, "2002:c000:0211::1", "2002:c000:200::/40"); /* 6to4 of 192.0.2.17 */
}
END_TEST

START_TEST(a_zone_goes_and_a_port_stays) {
    struct tx_masking_action action = prefix(24, 48);
    check_action(&action, "fe80:1:2:3::17%eth0", "fe80:1:2::/48");
    check_action(&action, "192.0.2.17:443", "192.0.2.0/24:443");
    check_action(&action, "[2001:db8:1:2::17]:443", "[2001:db8:1::/48]:443");
    check_action(&action, "[fe80:1:2:3::17%eth0.1]:443", "[fe80:1:2::/48]:443");
    check_action(&action, "[2001:db8:1:2::17]", "2001:db8:1::/48");
}
END_TEST

START_TEST(a_network_is_never_made_smaller) {
    struct tx_masking_action action = prefix(24, 48);
    check_action(&action, "192.0.2.17/16", "192.0.0.0/16");
    check_action(&action, "192.0.2.17/24", "192.0.2.0/24");
    check_action(&action, "192.0.2.17/32", "192.0.2.0/24");
    check_action(&action, "2001:db8:1:2::/64", "2001:db8:1::/48");
}
END_TEST

START_TEST(what_is_no_address_shows) {
    static const char *const texts[] = {
        "",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.017",
        "192.0.2.1.5",
        "x",
        "192.0.2.1 ",
        "192.0.2.1, 10.0.0.1",
        "192.0.2.1:",
        "192.0.2.1:x",
        "[::1]x",
        "[::1]:",
        "[::1",
        "::1]",
        "192.0.2.1/33",
        "::1/129",
        "192.0.2.1/024",
        "192.0.2.1/",
        "192.0.2.1%eth0",
        "::1%",
        "::1%a b",
        "192.0.2.1:1234567",
        "1:2:3:4:5:6:7:8:9",
        "::ffff:1.2.3.4x",
        "[]",
        "[]:1",
        "/24",
    };
    struct tx_masking_action action = prefix(24, 48);
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++)
        check_shows(&action, texts[i]);
}
END_TEST

START_TEST(the_end_of_a_span_takes_the_prefix_in) {
    struct tx_text text = TX_TEXT("of 192.0.2.0/24, 192.0.2.1/x and 192.0.2.2/1234");
    ck_assert_uint_eq(tx_action_ip_end(text, 12), 15);
    ck_assert_uint_eq(tx_action_ip_end(text, 26), 26);
    ck_assert_uint_eq(tx_action_ip_end(text, 42), 42);
    ck_assert_uint_eq(tx_action_ip_end(text, text.n), text.n);
    text.n = 13;
    ck_assert_uint_eq(tx_action_ip_end(text, 12), 12);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        the_network_stays_and_says_so, an_ipv4_address_within_an_ipv6_address_is_one,
        a_zone_goes_and_a_port_stays,  a_network_is_never_made_smaller,
        what_is_no_address_shows,      the_end_of_a_span_takes_the_prefix_in,
    };
    return run_suite("mask-action-ip", tests, TX_COUNT_OF(tests));
}
