/* SPDX-License-Identifier: MIT */
#include "libtx/conf/masking-lint.h"
#include "tests/unit/masking-check.h"

#define NOW INT64_C(1790000000000000000) /* 2026-09-21 */

static char *lint(const char *text, size_t *ret_n) {
    struct tx_masking masking = masking_ok(text);
    struct tx_bytes b = TX_BYTES_INIT;
    ck_assert_int_eq(tx_conf_masking_lint(&masking, "t.yaml", NOW, &b, ret_n), 0);
    ck_assert_int_eq(tx_bytes_append(&b, "", 1), 0);
    tx_masking_deinit(&masking);
    return (char *)b.data;
}

static void check_clean(const char *text) {
    size_t n;
    _cleanup_(tx_freep) char *told = lint(text, &n);
    ck_assert_msg(n == 0 && told[0] == '\0', "%s\n%s", text, told);
}

static void check_warns(const char *text, const char *warning) {
    size_t n;
    _cleanup_(tx_freep) char *told = lint(text, &n);
    ck_assert_msg(n > 0 && strstr(told, warning), "%s\nexpected: %s\ngot: %s", text, warning, told);
}

START_TEST(what_is_in_order_gives_no_warning) {
    check_clean("version: 1\n");
    check_clean("masking: {packs: [pci, secrets, eu-national-ids]}\n");
    check_clean("masking:\n"
                "  keys: {pn: {source: credential, name: k, epoch: 90d}}\n"
                "  rules:\n"
                "    - {id: a, match: {fields: [card]}, action: mask}\n"
                "    - {id: b, match: {fields: [\"card*\"]}, action: redact, mode: shadow}\n"
                "    - {id: c, match: {fields: [\"c*\"]}, action: {replace: x}}\n"
                "    - {id: d, match: {detect: [email], fields: [x]}, action: {pseudonym: {key: "
                "pn}}, replaces: "
                "secure-default/email}\n"
                "    - {id: e, match: {fields: [card], events: [x.y]}, action: redact}\n"
                "  allow:\n"
                "    - {name: a, detector: ipv4, cidr: [10.0.0.0/8], reason: r}\n"
                "    - {name: b, detector: ipv4, cidr: [11.0.0.0/8], reason: r, expires: "
                "2027-01-01}\n"
                "    - {name: c, detector: ipv6, cidr: [10.0.0.0/8], reason: r, events: [x]}\n");
}
END_TEST

#define RULES "masking:\n  rules:\n"

START_TEST(a_rule_that_never_wins_is_told) {
    check_warns(RULES "    - {id: a, match: {fields: [\"card*\"]}, action: redact}\n"
                      "    - {id: b, match: {fields: [card_number]}, action: mask}\n",
                "t.yaml:4: warning: rule 'b' never wins: 'a' claims all that it would");
    check_warns(RULES
                "    - {id: a, match: {fields: [card_no], events: [a.b]}, action: mask}\n"
                "    - {id: b, match: {fields: [card-No], events: [\"a.*\"]}, action: drop}\n",
                "t.yaml:3: warning: rule 'a' never wins: 'b'");
    check_warns(RULES "    - {id: a, match: {detect: [github_token]}, action: mask}\n",
                "rule 'a' never wins: 'secure-default/api-key'");
    check_warns(RULES "    - {id: a, match: {detect: [de_kvnr], fields: [x]}, action: mask}\n",
                "rule 'a' never wins: 'secure-default/eu-national-id'");
    check_clean(RULES "    - {id: a, match: {detect: [de_kvnr], fields: [x]}, action: mask,\n"
                      "       replaces: secure-default/eu-national-id}\n");
    check_clean(RULES "    - {id: a, match: {fields: [\"card*\"]}, except: {fields: [card_b]}, "
                      "action: redact}\n"
                      "    - {id: b, match: {fields: [\"card_*\"]}, action: mask}\n");
}
END_TEST

START_TEST(a_rule_for_dropped_records_is_told) {
    check_warns(RULES "    - {id: a, match: {events: [\"debug.**\"]}, action: drop_record}\n"
                      "    - {id: b, match: {events: [debug.x], fields: [y]}, action: redact}\n",
                "t.yaml:4: warning: rule 'b' is for records that 'a' drops anyway");
    check_clean(RULES "    - {id: a, match: {events: [\"debug.**\"]}, action: drop_record}\n"
                      "    - {id: b, match: {events: [debug], fields: [y]}, action: redact}\n");
}
END_TEST

START_TEST(a_preset_rule_of_which_nothing_is_left_is_told) {
    check_warns(RULES "    - {id: a, match: {detect: [iban, email]}, action: mask, replaces: "
                      "secure-default/iban}\n",
                "t.yaml:3: warning: rule 'a' replaces 'secure-default/iban' everywhere");
    check_clean(RULES "    - {id: a, match: {detect: [iban], fields: [x]}, action: mask, replaces: "
                      "secure-default/iban}\n");
    /* What is as strict takes nothing away. */
    check_clean(RULES "    - {id: a, match: {detect: [phone_e164, phone_nanp, phone_national]}, "
                      "action: {pseudonym: {scope: event}}, replaces: secure-default/phone}\n");
}
END_TEST

START_TEST(pseudonyms_that_join_for_ever_are_told) {
    check_warns(RULES "    - {id: a, match: {fields: [x]}, action: hash}\n",
                "t.yaml:3: warning: rule 'a' makes pseudonyms that can be joined for ever");
    check_clean(RULES "    - {id: a, match: {fields: [x]}, action: {pseudonym: {scope: event}}}\n");
}
END_TEST

START_TEST(dates_that_are_near_or_over_are_told) {
    check_warns("masking:\n  allow:\n"
                "    - {name: a, detector: any, values: [x], reason: r, expires: 2026-09-20}\n",
                "t.yaml:3: warning: allow 'a' has expired on 2026-09-20");
    check_warns("masking:\n  allow:\n"
                "    - {name: a, detector: any, values: [x], reason: r, expires: 2026-10-20}\n",
                "t.yaml:3: warning: allow 'a' expires on 2026-10-20, within 30 days");
    check_warns(RULES "    - {id: a, match: {fields: [x]}, action: redact, mode: shadow, until: "
                      "2026-01-31}\n",
                "t.yaml:3: warning: rule 'a' has expired on 2026-01-31");
}
END_TEST

START_TEST(allows_that_overlap_or_do_nothing_are_told) {
    check_warns("masking:\n  allow:\n"
                "    - {name: a, detector: ipv4, cidr: [10.0.0.0/8], reason: r}\n"
                "    - {name: b, detector: any, cidr: [10.1.0.0/16], reason: r}\n",
                "t.yaml:4: warning: allow 'b' and 'a' in line 3 let the same values through");
    check_warns("masking:\n  allow:\n"
                "    - {name: a, detector: jwt, values: [x], reason: r}\n",
                "t.yaml:3: warning: allow 'a' does nothing: a locked rule claims");
}
END_TEST

START_TEST(what_nobody_uses_is_told) {
    check_warns("masking: {keys: {pn: {source: file, path: /x}}}\n",
                "t.yaml: warning: no rule uses the key 'pn': presets use 'default'");
    check_warns("masking: {detectors: {d: {literal: x}}}\n",
                "t.yaml:1: warning: no rule uses the detector 'd'");
    check_warns("masking: {detectors: {d: {literal: x}}}\n",
                "the detector 'd' has no examples of what it finds");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: what looks wrong in masking");
    TCase *tests = tcase_create("lint");
    tcase_add_test(tests, what_is_in_order_gives_no_warning);
    tcase_add_test(tests, a_rule_that_never_wins_is_told);
    tcase_add_test(tests, a_rule_for_dropped_records_is_told);
    tcase_add_test(tests, a_preset_rule_of_which_nothing_is_left_is_told);
    tcase_add_test(tests, pseudonyms_that_join_for_ever_are_told);
    tcase_add_test(tests, dates_that_are_near_or_over_are_told);
    tcase_add_test(tests, allows_that_overlap_or_do_nothing_are_told);
    tcase_add_test(tests, what_nobody_uses_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
