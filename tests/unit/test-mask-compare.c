/* SPDX-License-Identifier: MIT */
#include "libtx/mask/compare/compare.h"

#include "libtx/mask/compare/compare-parts.h"
#include "mask-check.h"

static char *told_of(const char *before, const char *now) {
    static char told[65536];
    struct tx_weakenings weaker;
    size_t n = 0;

    int r = tx_masking_compare(masking_of(before), masking_of(now), &weaker);
    ck_assert_msg(r == 0, "%s → %s: %s", before, now, strerror(-r));
    told[0] = '\0';
    for (size_t i = 0; i < weaker.n; i++)
        n += (size_t)snprintf(told + n, sizeof(told) - n, "%s: %s -> %s\n", weaker.item[i].what,
                              weaker.item[i].before, weaker.item[i].now);
    tx_weakenings_deinit(&weaker);
    ck_assert_uint_lt(n, sizeof(told));
    return told;
}

#define RULE(match, action) "{rules: [{id: r, match: " match ", action: " action "}]}"

START_TEST(equal_policies_and_stricter_ones_pass) {
    static const char *const pairs[][2] = {
        {"{}", "{}"},
        {"{}", "{packs: [pci@1, secrets@1]}"},
        {"{}", "{limits: {max_field: 1KiB, decode_depth: 4, max_spans: 10}}"},
        {"{}", "{on_error: reject_record}"},
        {"{}", "{mode: lockdown}"},
        {"{mode: shadow, i_accept_unmasked: true}", "{}"},
        {"{preset: none, i_accept_unmasked: true}", "{}"},
        {"{}", RULE("{fields: [x]}", "redact")},
        {"{}", "{keys: {default: {source: installation, epoch: 30d}}}"},
        /* another rule that is as strict and matches more */
        {RULE("{fields: [card]}", "{mask: {keep_last: 4}}"),
         RULE("{fields: [\"card*\"]}", "redact")},
        {RULE("{fields: [a, b]}", "redact"),
         "{rules: [{id: p, match: {fields: [a]}, action: redact}, {id: q, match: {fields: [b, c]}, "
         "action: drop_field}]}"},
        /* one that stays what it is, beside others that change */
        {"{rules: [{id: r, match: {any: [{fields: [a]}, {events: [b]}], not: {fields: [c]}}, "
         "action: redact}]}",
         "{on_error: drop_field, rules: [{id: r, match: {any: [{events: [b]}, {fields: [a]}], not: "
         "{fields: [c]}}, action: redact}]}"},
        /* exemptions that end, or end sooner */
        {"{allow: [{name: n, detector: ipv4, cidr: [10.0.0.0/8], reason: r}]}", "{}"},
        {"{allow: [{name: n, detector: ipv4, cidr: [10.0.0.0/8], reason: r}]}",
         "{allow: [{name: m, detector: ipv4, cidr: [10.1.0.0/16], reason: r, expires: "
         "2099-01-01}]}"},
        {"{rules: [{id: a, match: {fields: [x]}, action: allow, reason: r}]}",
         "{rules: [{id: a, match: {fields: [x]}, action: allow, reason: r, expires: 2099-01-01}]}"},
        /* what is tried in the shadow */
        {"{}", "{rules: [{id: s, match: {fields: [x]}, action: redact, mode: shadow}]}"},
        /* a preset's rule set aside by one that is as strict */
        {"{}", "{rules: [{id: e, match: {detect: [email]}, action: redact, replaces: "
               "secure-default/email}]}"},
        {"{detectors: {d: {regex: 'E[0-9]{6}', confidence: 0.6}}, rules: [{id: r, match: {detect: "
         "[d]}, action: redact}]}",
         "{detectors: {d: {regex: 'E[0-9]{6}', confidence: 0.7}}, rules: [{id: r, match: {detect: "
         "[d]}, action: redact}]}"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(pairs); i++) {
        const char *told = told_of(pairs[i][0], pairs[i][1]);
        ck_assert_msg(!told[0], "%s → %s\n%s", pairs[i][0], pairs[i][1], told);
    }
}
END_TEST

START_TEST(what_is_loosened_is_told) {
    static const char *const pairs[][3] = {
        /* settings */
        {"{}", "{mode: shadow, i_accept_unmasked: true}", "mode: enforce -> shadow"},
        {"{mode: lockdown}", "{}", "mode: lockdown -> enforce"},
        {"{}", "{limits: {max_field: 128KiB}}", "limits.max_field: 65536 -> 131072"},
        {"{}", "{limits: {max_spans: 2000}}", "limits.max_spans"},
        {"{}", "{limits: {max_json_depth: 33}}", "limits.max_json_depth"},
        {"{}", "{limits: {decode_depth: 1}}", "limits.decode_depth: 2 -> 1"},
        {"{limits: {oversize: redact_all}}", "{}", "limits.oversize"},
        {"{on_error: reject_record}", "{on_error: drop_field}", "on_error"},
        {"{}", "{normalise: {nfkc_digits: false}}", "nfkc_digits"},
        {"{}", "{normalise: {strip_zero_width: false}}", "strip_zero_width"},
        {"{normalise: {confusables: true}}", "{}", "confusables"},
        {"{}", "{decode: [json, percent, hex]}", "decode: base64"},
        {"{keys: {default: {source: installation, epoch: 30d}}}", "{}", "keys.default: epoch"},
        /* rules that are gone, narrower or laxer */
        {"{}", "{preset: none, i_accept_unmasked: true}", "rule 'secure-default/card'"},
        {"{packs: [pci@1]}", "{}", "rule 'pci/"},
        {RULE("{fields: [x]}", "redact"), "{}", "rule 'r': redact -> no rule"},
        {RULE("{fields: [x, y]}", "redact"), RULE("{fields: [x]}", "redact"), "matches less"},
        {RULE("{fields: [x]}", "redact"), RULE("{fields: [x], events: [\"a.*\"]}", "redact"),
         "matches less"},
        {RULE("{fields: [x]}", "redact"), RULE("{fields: [x], sender: {uid: [7]}}", "redact"),
         "matches less"},
        {RULE("{fields: [x]}", "redact"), RULE("{fields: [x], not: {events: [a]}}", "redact"),
         "matches less"},
        {RULE("{fields: [x]}", "redact"), RULE("{fields: [x], types: [string]}", "redact"),
         "matches less"},
        {RULE("{fields: [\"/x/y\"]}", "redact"), RULE("{fields: [\"/x/z\"]}", "redact"),
         "matches less"},
        {RULE("{keys: [x]}", "redact"), RULE("{keys: [y]}", "redact"), "matches less"},
        {RULE("{labels: [secret]}", "drop_field"), RULE("{labels: [pii]}", "drop_field"),
         "matches less"},
        {RULE("{detect: [ipv4], min_confidence: 0.5}", "redact"),
         RULE("{detect: [ipv4], min_confidence: 0.6}", "redact"), "matches less"},
        {RULE("{detect: [ipv4]}", "redact"), RULE("{detect: [ipv4], min_count: 2}", "redact"),
         "matches less"},
        {"{rules: [{id: r, match: {fields: [x]}, action: redact, locked: true}]}",
         RULE("{fields: [x]}", "redact"), "rule 'r': locked -> not locked"},
        {RULE("{fields: [x]}", "redact"),
         "{rules: [{id: r, match: {fields: [x]}, action: redact, mode: shadow}]}",
         "rule 'r': redact -> nothing"},
        {RULE("{fields: [x]}", "drop_field"), RULE("{fields: [x]}", "redact"),
         "rule 'r': drop_field -> redact"},
        {RULE("{fields: [x]}", "redact"), RULE("{fields: [x]}", "{pseudonym: {domain: d}}"),
         "rule 'r': redact -> {pseudonym"},
        /* the same action, which shows more */
        {RULE("{fields: [x]}", "{mask: {keep_last: 2}}"),
         RULE("{fields: [x]}", "{mask: {keep_last: 4}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{mask: {keep_last: 2, fixed_length: 8}}"),
         RULE("{fields: [x]}", "{mask: {keep_last: 2}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{ip: {v4_prefix: 16}}"),
         RULE("{fields: [x]}", "{ip: {v4_prefix: 24}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{date: {to: year}}"), RULE("{fields: [x]}", "{date: {to: month}}"),
         "rule 'r'"},
        {RULE("{fields: [x]}", "{bucket: {width: 10}}"),
         RULE("{fields: [x]}", "{bucket: {width: 5}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{bucket: {edges: [1, 5]}}"),
         RULE("{fields: [x]}", "{bucket: {edges: [1, 3, 5]}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{round: {digits: 1}}"),
         RULE("{fields: [x]}", "{round: {digits: 2}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{url: {path_ids: template}}"), RULE("{fields: [x]}", "{url: {}}"),
         "rule 'r'"},
        {RULE("{fields: [x]}", "{keep_only: {keys: [a]}}"),
         RULE("{fields: [x]}", "{keep_only: {keys: [a, b]}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{pseudonym: {domain: d}}"),
         RULE("{fields: [x]}", "{pseudonym: {domain: e}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{pseudonym: {domain: d}}"),
         RULE("{fields: [x]}", "{pseudonym: {domain: d, keep_domain: true}}"), "rule 'r'"},
        {RULE("{fields: [x]}", "{encrypt: {subject: u}}"),
         RULE("{fields: [x]}", "{encrypt: {subject: v}}"), "rule 'r'"},
        /* exemptions */
        {"{}", "{rules: [{id: a, match: {fields: [x]}, action: allow, reason: r}]}",
         "rule 'a': no exemption"},
        {"{rules: [{id: a, match: {fields: [x]}, action: allow, reason: r, expires: 2098-01-01}]}",
         "{rules: [{id: a, match: {fields: [x]}, action: allow, reason: r, expires: 2099-01-01}]}",
         "lasts longer"},
        {"{}", "{allow: [{name: n, detector: ipv4, cidr: [10.0.0.0/8], reason: r}]}", "allow 'n'"},
        {"{allow: [{name: n, detector: ipv4, cidr: [10.1.0.0/16], reason: r}]}",
         "{allow: [{name: n, detector: ipv4, cidr: [10.0.0.0/8], reason: r}]}", "allow 'n'"},
        {"{allow: [{name: n, detector: email, domains: [a.example], reason: r}]}",
         "{allow: [{name: n, detector: email, domains: [ba.example], reason: r}]}", "allow 'n'"},
        {"{allow: [{name: n, detector: email, domains: [a.example], events: [e], reason: r}]}",
         "{allow: [{name: n, detector: email, domains: [a.example], reason: r}]}", "allow 'n'"},
        {"{allow: [{name: n, detector: ipv4, cidr: [10.1.0.0/16], reason: r, expires: "
         "2098-01-01}]}",
         "{allow: [{name: n, detector: ipv4, cidr: [10.1.0.0/16], reason: r}]}", "allow 'n'"},
        {"{}",
         "{rules: [{id: e, match: {detect: [email]}, action: {mask: {keep_first: 1}}, "
         "replaces: secure-default/email}]}",
         "rule 'e' sets 'secure-default/email' aside"},
        {"{}",
         "{rules: [{id: e, match: {fields: [x], detect: [ipv4]}, action: redact, replaces: "
         "secure-default/email}]}",
         "rule 'e' sets 'secure-default/email' aside"},
        /* detectors of the file */
        {"{detectors: {d: {regex: 'E[0-9]{6}'}}, rules: [{id: r, match: {detect: [d]}, action: "
         "redact}]}",
         "{detectors: {d: {regex: 'E[0-9]{7}'}}, rules: [{id: r, match: {detect: [d]}, action: "
         "redact}]}",
         "detector 'd'"},
        {"{detectors: {d: {literal: [ann, bob]}}, rules: [{id: r, match: {detect: [d]}, action: "
         "redact}]}",
         "{detectors: {d: {literal: [ann]}}, rules: [{id: r, match: {detect: [d]}, action: "
         "redact}]}",
         "detector 'd'"},
        {"{detectors: {d: {regex: 'E[0-9]{6}'}}, rules: [{id: r, match: {detect: [d]}, action: "
         "redact}]}",
         "{detectors: {d: {regex: 'E[0-9]{6}', context: {words: [staff]}}}, rules: [{id: r, match: "
         "{detect: [d]}, action: redact}]}",
         "detector 'd'"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(pairs); i++) {
        const char *told = told_of(pairs[i][0], pairs[i][1]);
        ck_assert_msg(strstr(told, pairs[i][2]), "%s → %s: not told: %s\n%s", pairs[i][0],
                      pairs[i][1], pairs[i][2], told);
    }
}
END_TEST

/* What is written alone would not tell: the file's rule ties with the preset's, and goes first. */
START_TEST(examples_show_what_rules_that_tie_let_through) {
    const char *told = told_of("{}", RULE("{fields: [addr]}", "{ip: {v4_prefix: 32}}"));
    ck_assert_msg(strstr(told, "ipv4 in a field such as 'addr'"), "%s", told);
    told = told_of("{}", RULE("{fields: [addr]}", "{ip: {v4_prefix: 16, v6_prefix: 32}}"));
    ck_assert_msg(!told[0], "%s", told);
}
END_TEST

START_TEST(no_more_is_told_than_there_is_room_for) {
    struct tx_weakenings weaker;
    char text[8192];
    size_t n = (size_t)snprintf(text, sizeof(text), "{rules: [");
    for (int i = 0; i < 2 * TX_WEAKENINGS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "{id: r%d, match: {fields: [f%d]}, action: redact}, ", i, i);
    snprintf(text + n - 2, sizeof(text) - n + 2, "]}");
    int r = tx_masking_compare(masking_of(text), masking_of("{}"), &weaker);
    ck_assert_int_eq(r, 0);
    ck_assert_uint_eq(weaker.n, TX_WEAKENINGS_MAX);
    ck_assert(weaker.more);
    tx_weakenings_deinit(&weaker);
    ck_assert_uint_eq(weaker.n, 0);
}
END_TEST

/* --- the examples --- */

static void on_step(void *data, const struct tx_mask_event *event) {
    bool *found = data;
    if (event->step == TX_STEP_CLAIM)
        found[event->detector] = true;
}

/* A rule about every detector that is built in. */
static struct tx_mask *mask_all(void) {
    static const char *const packs[] = {"pci",           "secrets",   "eu-national-ids",
                                        "us-ids",        "latam-ids", "apac-ids",
                                        "crypto-assets", "network",   "location"};
    char text[4096];
    size_t n = (size_t)snprintf(text, sizeof(text),
                                "{preset: none, i_accept_unmasked: true, rules: [{id: all, match: "
                                "{detect: [");
    for (size_t i = 0; i < TX_COUNT_OF(packs); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "\"pack:%s\", ", packs[i]);
    for (size_t d = 0; d < TX_DETECT_N; d++)
        if (tx_detector_infos[d].pack == TX_PACK_BASE)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s, ", tx_detector_infos[d].name);
    snprintf(text + n - 2, sizeof(text) - n + 2, "]}, action: redact}]}");
    return mask_of(text);
}

START_TEST(each_detector_has_an_example_that_it_finds) {
    struct tx_mask *mask = mask_all();
    bool has[TX_DETECT_N] = {false};
    bool found[TX_DETECT_N + TX_DETECT_CUSTOM_MAX];
    const struct tx_mask_trace trace = {.tell = on_step, .data = found};

    tx_mask_set_trace(mask, &trace);
    for (size_t i = 0; tx_comparison_corpus[i].detector; i++) {
        enum tx_detector d = tx_detector_find(text_of(tx_comparison_corpus[i].detector));
        ck_assert_msg(d < TX_DETECT_N, "%s", tx_comparison_corpus[i].detector);
        struct tx_field field = field_of("x", TX_VALUE_STR, tx_comparison_corpus[i].text);
        memset(found, 0, sizeof(found));
        mask_fields(mask, "x", &field, 1);
        ck_assert_msg(found[d], "%s is not found in %s", tx_comparison_corpus[i].detector,
                      tx_comparison_corpus[i].text);
        tx_mask_wipe(mask);
        has[d] = true;
    }
    for (size_t d = 0; d < TX_DETECT_N; d++)
        ck_assert_msg(has[d], "%s has no example", tx_detector_infos[d].name);
    tx_mask_free(mask);
}
END_TEST

int main(void) {
    TCase *tcase = tcase_create("compare");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, equal_policies_and_stricter_ones_pass);
    tcase_add_test(tcase, what_is_loosened_is_told);
    tcase_add_test(tcase, examples_show_what_rules_that_tie_let_through);
    tcase_add_test(tcase, no_more_is_told_than_there_is_room_for);
    tcase_add_test(tcase, each_detector_has_an_example_that_it_finds);
    Suite *suite = suite_create("mask: which policy is weaker");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
