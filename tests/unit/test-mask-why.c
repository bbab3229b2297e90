/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

#define NONE "preset: none, i_accept_unmasked: true"

/* --- what a trace is told, as a text --- */

struct heard {
    char rules[4096]; /* "id:standing:other:start-end\n" of each rule that holds */
    size_t n_spans;
};

static void hear(void *data, const struct tx_mask_event *event) {
    static const char *const standings[TX_STANDING_N] = {
        "claims", "exempts", "shadow", "unsure", "few", "allowed", "exempted", "replaced"};
    struct heard *heard = data;
    size_t n = strlen(heard->rules);

    heard->n_spans += event->step == TX_STEP_SPAN;
    if (event->step != TX_STEP_RULE)
        return;
    snprintf(heard->rules + n, sizeof(heard->rules) - n, "%s:%s:%s:%u-%u%s\n", event->by,
             standings[event->standing], event->other ? event->other : "", event->start, event->end,
             event->locked ? ":locked" : "");
}

static void check_heard(const char *masking, const char *name, const char *value,
                        const char *expected) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(masking);
    struct heard heard = {.n_spans = 0};
    const struct tx_mask_trace trace = {.tell = hear, .data = &heard};
    struct tx_field field = field_of(name, TX_VALUE_STR, value), again = field;

    tx_mask_set_trace(mask, &trace);
    mask_fields(mask, "t", &field, 1);
    tx_mask_set_trace(mask, NULL);
    ck_assert_str_eq(heard.rules, expected);
    /* Being told changes nothing. */
    char text[256];
    snprintf(text, sizeof(text), "%.*s|%s", (int)field.text.n, field.text.p,
             field.masked ? field.masked : "");
    mask_fields(mask, "t", &again, 1);
    char other[256];
    snprintf(other, sizeof(other), "%.*s|%s", (int)again.text.n, again.text.p,
             again.masked ? again.masked : "");
    ck_assert_str_eq(text, other);
}

START_TEST(each_rule_that_asks_for_what_was_found_is_told) {
    check_heard("{" NONE ", rules: ["
                "{id: a, match: {detect: [email]}, action: {mask: {keep_first: 1}}},"
                "{id: b, match: {detect: [email, ipv6]}, action: redact},"
                "{id: c, match: {detect: [ipv4]}, action: redact},"
                "{id: d, match: {fields: [x]}, action: redact}]}",
                "m", "to bob@example.org", "a:claims::3-18\nb:claims::3-18\n");
}
END_TEST

START_TEST(a_rule_that_claims_the_value_is_told_without_a_place) {
    check_heard("{" NONE ", rules: [{id: d, match: {fields: [x]}, action: redact, locked: true}]}",
                "x", "to bob@example.org", "d:claims::0-0:locked\n");
    check_heard("{" NONE ", rules: [{id: d, match: {fields: [x]}, action: redact}]}", "y", "v", "");
}
END_TEST

START_TEST(what_is_let_through_is_told_with_what_lets_it_through) {
    check_heard("{" NONE ", allow: [{name: ours, detector: email, domains: [example.org], "
                "reason: r}], rules: ["
                "{id: a, match: {detect: [email]}, action: redact},"
                "{id: l, match: {detect: [email]}, action: redact, locked: true}]}",
                "m", "bob@example.org", "a:allowed:ours:0-15\nl:claims:ours:0-15:locked\n");
    check_heard("{" NONE ", rules: ["
                "{id: e, match: {detect: [email]}, action: allow, reason: r},"
                "{id: a, match: {detect: [email]}, action: redact}]}",
                "m", "bob@example.org", "e:exempts::0-15\na:exempted:e:0-15\n");
    check_heard("{" NONE ", rules: ["
                "{id: e, match: {fields: [m]}, action: allow, reason: r},"
                "{id: w, match: {fields: [m]}, action: redact},"
                "{id: a, match: {detect: [email]}, action: redact}]}",
                "m", "bob@example.org", "e:exempts::0-0\nw:exempted:e:0-0\n");
}
END_TEST

START_TEST(what_is_set_aside_is_told_with_what_replaces_it) {
    check_heard("{rules: [{id: mine, match: {detect: [email]}, action: {mask: {keep_first: 2}}, "
                "replaces: secure-default/email}]}",
                "m", "bob@example.org",
                "mine:claims::0-15\nsecure-default/email:replaced:mine:0-15\n");
    check_heard("{rules: [{id: w, match: {fields: [ssn]}, action: {mask: {keep_last: 1}}, "
                "replaces: secure-default/ssn-field}]}",
                "ssn", "abcdefgh", "w:claims::0-0\nsecure-default/ssn-field:replaced:w:0-0\n");
}
END_TEST

START_TEST(what_keeps_a_rule_from_claiming_is_told) {
    check_heard("{" NONE ", rules: ["
                "{id: u, match: {detect: [ipv4], min_confidence: 0.99}, action: redact},"
                "{id: n, match: {detect: [ipv4], min_count: 2}, action: redact},"
                "{id: s, match: {detect: [ipv4]}, action: redact, mode: shadow}]}",
                "m", "192.0.2.17", "u:unsure::0-10\nn:few::0-10\ns:shadow::0-10\n");
    check_heard("{" NONE ", rules: [{id: n, match: {detect: [ipv4], min_count: 2}, action: "
                "redact}]}",
                "m", "192.0.2.17 192.0.2.18", "n:claims::0-10\nn:claims::11-21\n");
}
END_TEST

/* --- and it is what is done --- */

static const char *const policies[] = {
    "{rules: []}",
    "{rules: [{id: a, match: {detect: [email, credit_card]}, action: allow, reason: r}]}",
    "{rules: [{id: b, match: {fields: [m]}, action: allow, reason: r},"
    "{id: c, match: {detect: [ipv4]}, action: redact, locked: true}]}",
    "{rules: [{id: d, match: {detect: [email]}, action: redact, replaces: secure-default/email},"
    "{id: e, match: {detect: [email], min_count: 3}, action: allow, reason: r}]}",
    "{rules: [{id: f, match: {fields: [m]}, action: {mask: {keep_last: 2}}}]}",
};

struct outcome {
    bool claims;
    size_t n_spans;
};

static void hear_outcome(void *data, const struct tx_mask_event *event) {
    struct outcome *outcome = data;
    outcome->claims =
        outcome->claims || (event->step == TX_STEP_RULE && event->standing == TX_STANDING_CLAIMS);
    outcome->n_spans += event->step == TX_STEP_SPAN;
}

/* A value is replaced where some rule is told to claim, and only there. */
START_TEST(a_value_is_changed_just_where_a_rule_is_told_to_claim) {
    static const char *const values[] = {"bob@example.org", "4111 1111 1111 1111", "192.0.2.17",
                                         "nothing", "password=hunter2 192.0.2.1 bob@example.org"};
    static const char *const names[] = {"m", "other", "password"};

    for (size_t p = 0; p < TX_COUNT_OF(policies); p++) {
        _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(policies[p]);
        for (size_t v = 0; v < TX_COUNT_OF(values) * TX_COUNT_OF(names); v++) {
            struct outcome outcome = {.claims = false};
            const struct tx_mask_trace trace = {.tell = hear_outcome, .data = &outcome};
            struct tx_field field = field_of(names[v % TX_COUNT_OF(names)], TX_VALUE_STR,
                                             values[v / TX_COUNT_OF(names)]);
            tx_mask_set_trace(mask, &trace);
            mask_fields(mask, "t", &field, 1);
            tx_mask_set_trace(mask, NULL);
            ck_assert_msg(outcome.claims == (outcome.n_spans > 0), "policy %zu, value %zu", p, v);
            ck_assert_msg(outcome.claims == (field.masked != NULL), "policy %zu, value %zu", p, v);
            tx_mask_wipe(mask);
        }
    }
}
END_TEST

/* --- only some detectors --- */

START_TEST(a_mask_of_only_some_detectors_finds_nothing_else) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{rules: []}");
    struct tx_detector_set only = {.word = {0}};

    tx_detectors_add(&only, TX_DETECT_CREDIT_CARD);
    check_masked(mask, "m", "192.0.2.17", "192.0.2.0/24", "ip:secure-default/ip");
    tx_mask_only(mask, &only);
    check_masked(mask, "m", "192.0.2.17", "192.0.2.17", NULL);
    check_masked(mask, "m", "4111111111111111", "************1111", "mask:secure-default/card");
    check_masked(mask, "password", "x", "[redacted]", "redact:secure-default/secret-field");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: why");
    TCase *tests = tcase_create("why");
    tcase_add_test(tests, each_rule_that_asks_for_what_was_found_is_told);
    tcase_add_test(tests, a_rule_that_claims_the_value_is_told_without_a_place);
    tcase_add_test(tests, what_is_let_through_is_told_with_what_lets_it_through);
    tcase_add_test(tests, what_is_set_aside_is_told_with_what_replaces_it);
    tcase_add_test(tests, what_keeps_a_rule_from_claiming_is_told);
    tcase_add_test(tests, a_value_is_changed_just_where_a_rule_is_told_to_claim);
    tcase_add_test(tests, a_mask_of_only_some_detectors_finds_nothing_else);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
