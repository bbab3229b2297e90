/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

#define NONE "preset: none, i_accept_unmasked: true"

/* --- what a rule matches --- */

START_TEST(a_sender_is_matched_as_the_kernel_names_it) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: ["
        "{id: u, match: {sender: {uid: [1000, 1001]}, fields: [a]}, action: redact},"
        "{id: s, match: {sender: {unit: [\"pay-*.service\"]}, fields: [b]}, action: redact},"
        "{id: e, match: {sender: {exe: [\"/opt/*/bin/x\"], uid: [7]}, fields: [c]}, "
        "action: redact}]}");
    static const struct {
        const char *field;
        struct tx_source source;
        bool redacted;
    } cases[] = {
        {"a", {.uid = 1001}, true},
        {"a", {.uid = 1002}, false},
        {"b", {.unit = TX_TEXT("pay-1.service")}, true},
        {"b", {.unit = TX_TEXT("web.service")}, false},
        {"b", {.uid = 0}, false}, /* what is not known matches nothing */
        {"c", {.uid = 7, .exe = TX_TEXT("/opt/shop/bin/x")}, true},
        {"c", {.uid = 8, .exe = TX_TEXT("/opt/shop/bin/x")}, false},
        {"c", {.uid = 7, .exe = TX_TEXT("/opt/shop/more/bin/x")}, false},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        struct tx_field field = field_of(cases[i].field, TX_VALUE_STR, "v");
        struct tx_record record = {
            .event = TX_TEXT("t"), .source = cases[i].source, .n_fields = 1, .fields = &field};
        tx_mask_record(mask, &record);
        ck_assert_msg(tx_text_equal(field.text, TX_TEXT("[redacted]")) == cases[i].redacted, "%zu",
                      i);
        tx_mask_wipe(mask);
    }
}
END_TEST

START_TEST(a_numbered_name_is_masked_like_the_name_and_let_through_by_its_own_name_alone) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: ["
        "{id: a, match: {fields: [plate, /car/tag]}, action: redact},"
        "{id: d, match: {events: [t.event], fields: [\"c*\"]}, action: redact,"
        " except: {fields: [code]}},"
        "{id: n, match: {fields: [\"n*\"], not: {not: {fields: [note]}}}, action: redact},"
        "{id: f, match: {fields: [\"e*\"]}, action: redact},"
        "{id: l, match: {fields: [eta]}, action: allow, reason: x, except: {fields: [eta_x]}}]}");
    check_masked(mask, "plate", "v", "[redacted]", "redact:a");
    check_masked(mask, "PLATE_2", "v", "[redacted]", "redact:a");
    check_masked(mask, "code", "v", "v", NULL);
    check_masked(mask, "code2", "v", "[redacted]", "redact:d");
    check_masked(mask, "note2", "v", "[redacted]", "redact:n");
    check_masked(mask, "eta", "v", "v", NULL);
    check_masked(mask, "eta3", "v", "[redacted]", "redact:f");
    struct tx_field field = field_of("car2", TX_VALUE_JSON, "{\"tag_1\":1,\"tags\":2}");
    mask_fields(mask, "t", &field, 1);
    check_field(&field, "{\"tag_1\":\"[redacted]\",\"tags\":2}", "redact:a");
}
END_TEST

START_TEST(matches_are_joined_by_any_and_not_and_except) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{" NONE ", classes: {person: {fields: [name, \"*_name\"]}}, rules: ["
                "{id: a, match: {any: [{fields: [x]}, {labels: [pii]}]}, action: redact},"
                "{id: n, match: {fields: [\"k*\"], not: {fields: [\"*ok\"]}}, action: redact},"
                "{id: c, match: {class: person}, action: redact, except: {events: [public]}}]}");
    check_masked(mask, "x", "v", "[redacted]", "redact:a");
    check_masked(mask, "y", "v", "v", NULL);
    struct tx_field field = field_of("y", TX_VALUE_STR, "v");
    field.label = TX_LABEL_PII;
    mask_fields(mask, "t", &field, 1);
    check_field(&field, "[redacted]", "redact:a");
    check_masked(mask, "k1", "v", "[redacted]", "redact:n");
    check_masked(mask, "k_ok", "v", "v", NULL);
    check_masked(mask, "first_name", "v", "[redacted]", "redact:c");
    field = field_of("first_name", TX_VALUE_STR, "v");
    mask_fields(mask, "public", &field, 1);
    check_field(&field, "v", NULL);
}
END_TEST

START_TEST(types_tell_strings_numbers_and_objects_apart) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: [{id: i, match: {fields: [\"*\"], types: [int, bool]}, action: redact},"
        "{id: n, match: {fields: [f], types: [float]}, action: redact, on_type_change: 'null'}]}");
    struct tx_field fields[] = {
        field_of("s", TX_VALUE_STR, "1"),
        {.name = TX_TEXT("i"), .type = TX_VALUE_I64, .i64 = 1},
        {.name = TX_TEXT("b"), .type = TX_VALUE_BOOL, .boolean = true},
        {.name = TX_TEXT("f"), .type = TX_VALUE_F64, .f64 = 1.5},
        field_of("j", TX_VALUE_JSON, "{\"i\":1,\"s\":\"x\",\"b\":true,\"f\":1.5}"),
    };
    mask_fields(mask, "t", fields, TX_COUNT_OF(fields));
    check_field(&fields[0], "1", NULL);
    check_field(&fields[1], "[redacted]", "redact:i");
    check_field(&fields[2], "[redacted]", "redact:i");
    ck_assert_int_eq(fields[3].type, TX_VALUE_NULL);
    ck_assert_str_eq(fields[3].masked, "redact:n");
    check_field(&fields[4], "{\"i\":\"[redacted]\",\"s\":\"x\",\"b\":\"[redacted]\",\"f\":null}",
                "redact:i,redact:n");
}
END_TEST

START_TEST(numbers_and_booleans_become_null_on_request) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{" NONE ", rules: [{id: n, match: {fields: [\"x*\"]}, action: redact, "
                "on_type_change: 'null'}]}");
    struct tx_field fields[] = {
        {.name = TX_TEXT("x_i"), .type = TX_VALUE_I64, .i64 = 1},
        {.name = TX_TEXT("x_b"), .type = TX_VALUE_BOOL, .boolean = true},
        field_of("x_s", TX_VALUE_STR, "1"),
        field_of("j", TX_VALUE_JSON, "{\"xa\":1.5,\"xb\":true,\"xc\":\"1\",\"xd\":[1]}"),
    };
    mask_fields(mask, "t", fields, TX_COUNT_OF(fields));
    ck_assert_int_eq(fields[0].type, TX_VALUE_NULL);
    ck_assert_int_eq(fields[1].type, TX_VALUE_NULL);
    check_field(&fields[2], "[redacted]", "redact:n");
    check_field(&fields[3], "{\"xa\":null,\"xb\":null,\"xc\":\"[redacted]\",\"xd\":\"[redacted]\"}",
                "redact:n");
}
END_TEST

/* --- setting aside --- */

START_TEST(replaces_sets_an_unlocked_rule_of_the_preset_aside_for_what_it_matches) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{rules: [{id: d, match: {detect: [ipv4]}, action: {ip: {v4_prefix: 16}}, replaces: "
        "secure-default/ip},"
        "{id: s, match: {fields: [ssn_check]}, action: {mask: {keep_last: 1, min_hidden: 1}}, "
        "replaces: [secure-default/ssn-field]},"
        "{id: k, match: {fields: [card], detect: [credit_card]}, action: {mask: {keep_first: 6}},"
        "replaces: secure-default/card}]}");
    check_masked(mask, "x", "from 198.51.100.77!", "from 198.51.0.0/16!", "ip:d");
    check_masked(mask, "x", "from 2001:db8::1!", "from 2001:db8::/48!", "ip:secure-default/ip");
    check_masked(mask, "ssn_check", "abcd", "***d", "mask:s");
    check_masked(mask, "ssn_other", "abcd", "[redacted]", "redact:secure-default/ssn-field");
    check_masked(mask, "card", "4111111111111111", "411111**********", "mask:k");
    check_masked(mask, "x", "4111111111111111", "************1111", "mask:secure-default/card");
    /* Without it the stricter rule stays, whatever its order. */
    _cleanup_(tx_mask_freep) struct tx_mask *without = mask_of(
        "{rules: [{id: f, match: {fields: [token_name]}, action: {mask: {keep_first: 2}}}]}");
    check_masked(without, "token_name", "abcdefgh", "[redacted]",
                 "redact:secure-default/secret-field");
}
END_TEST

START_TEST(a_rule_that_allows_takes_claims_of_unlocked_rules_away) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{rules: [{id: mails, match: {fields: [staff], detect: [email]}, action: allow, reason: r},"
        "{id: whole, match: {fields: [free]}, action: allow, reason: r},"
        "{id: old, match: {fields: [old]}, action: allow, reason: r, expires: 2020-01-01}]}");
    check_masked(mask, "staff", "a@b.example 4111111111111111", "a@b.example ************1111",
                 "mask:secure-default/card");
    check_masked(mask, "free", "a@b.example 4111111111111111", "a@b.example 4111111111111111",
                 NULL);
    check_masked(mask, "free", "password=hunter2hunter2", "password=[redacted]",
                 "redact:secure-default/password"); /* it is locked */
    check_masked(mask, "other", "4111111111111111", "************1111", "mask:secure-default/card");
    struct tx_field field = field_of("old", TX_VALUE_STR, "4111111111111111");
    struct tx_record record = {.event = TX_TEXT("t"),
                               .received = INT64_C(1600000000) * 1000000000,
                               .n_fields = 1,
                               .fields = &field};
    tx_mask_record(mask, &record);
    check_field(&field, "************1111", "mask:secure-default/card");
    field = field_of("old", TX_VALUE_STR, "4111111111111111");
    record.received = INT64_C(1500000000) * 1000000000;
    tx_mask_record(mask, &record);
    check_field(&field, "4111111111111111", NULL);
}
END_TEST

START_TEST(an_allowed_value_is_let_through_and_nothing_beside_it) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{allow: [{name: lan, detector: ipv4, cidr: [10.0.0.0/8], reason: r},"
        "{name: tests, detector: credit_card, preset: public-test-pans, events: [\"t.*\"], reason: "
        "r},"
        "{name: us, detector: email, domains: [corp.example], reason: r},"
        "{name: one, detector: email, values: [Help@Other.example], reason: r},"
        "{name: digest, detector: ipv4, sha256: "
        "[\"440a628a0c975ea32d4db42ca94acebc975ab378b3ee2a692ccf2ecae6038bbd\"], reason: r},"
        "{name: old, detector: ipv4, values: [198.51.100.77], reason: r, expires: 2020-01-01}]}");
    check_masked(mask, "x", "10.1.2.3 to 198.51.100.78", "10.1.2.3 to 198.51.100.0/24",
                 "ip:secure-default/ip");
    check_masked(mask, "x", "4111 1111 1111 1111 and 4000 0000 0000 0416",
                 "4111 1111 1111 1111 and **** **** **** 0416", "mask:secure-default/card");
    check_masked(mask, "x", "a@corp.example", "a@corp.example", NULL);
    check_masked(mask, "x", "a@mail.corp.example", "a@mail.corp.example", NULL);
    check_masked(mask, "x", "help@other.example", "help@other.example", NULL);
    check_masked(mask, "x", "203.0.113.5", "203.0.113.5", NULL);
    check_masked(mask, "x", "198.51.100.77", "198.51.100.77", NULL);
    struct tx_field fields[] = {field_of("x", TX_VALUE_STR, "a@evilcorp.example"),
                                field_of("x", TX_VALUE_STR, "a@corp.example.evil.example"),
                                field_of("x", TX_VALUE_STR, "4111 1111 1111 1111"),
                                field_of("x", TX_VALUE_STR, "198.51.100.77")};
    struct tx_record record = {.event = TX_TEXT("other"),
                               .received = INT64_C(1600000000) * 1000000000,
                               .n_fields = 4,
                               .fields = fields};
    tx_mask_record(mask, &record);
    for (size_t i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(fields[i].masked);
}
END_TEST

/* --- counting --- */

START_TEST(a_rule_with_a_count_asks_for_so_many_in_one_record) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{" NONE ", rules: [{id: bulk, match: {detect: [email], min_count: 3}, action: "
                "drop_record}]}");
    for (size_t n = 1; n <= 4; n++) {
        struct tx_field fields[4];
        for (size_t i = 0; i < n; i++)
            fields[i] = field_of("x", i % 2 ? TX_VALUE_STR : TX_VALUE_JSON,
                                 i % 2 ? "a@b.example" : "[\"a@b.example\"]");
        struct tx_record record = {.event = TX_TEXT("t"), .n_fields = n, .fields = fields};
        tx_mask_record(mask, &record);
        ck_assert_int_eq(record.dropped_by != NULL, n >= 3);
        ck_assert(n >= 3 || !fields[0].masked);
        tx_mask_wipe(mask);
    }
}
END_TEST

START_TEST(what_a_detector_is_not_sure_of_enough_is_not_claimed) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{" NONE ", rules: [{id: a, match: {fields: [a], detect: [ipv4], min_confidence: "
                "0.1}, action: redact},"
                "{id: b, match: {fields: [b], detect: [ipv4], min_confidence: 1}, action: "
                "redact}]}");
    check_masked(mask, "a", "198.51.100.77", "[redacted]", "redact:a");
    check_masked(mask, "b", "198.51.100.77", "198.51.100.77", NULL);
}
END_TEST

START_TEST(a_shadow_rule_is_counted_and_changes_nothing) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: [{id: w, match: {fields: [x]}, action: drop_record, mode: shadow},"
        "{id: d, match: {detect: [email]}, action: redact, mode: shadow},"
        "{id: r, match: {fields: [y]}, action: redact}]}");
    struct tx_mask_rule_count count;
    check_masked(mask, "x", "a@b.example", "a@b.example", NULL);
    check_masked(mask, "y", "a@b.example", "[redacted]", "redact:r");
    static const uint64_t counts[] = {1, 2, 1};
    for (size_t i = 0; i < 3; i++) {
        ck_assert(tx_mask_rule_counted(mask, i, &count));
        ck_assert_uint_eq(count.n, counts[i]);
        ck_assert(count.shadow == (i < 2));
    }
    ck_assert(!tx_mask_rule_counted(mask, 3, &count));
}
END_TEST

/* --- JSON --- */

static void check_json(struct tx_mask *mask, const char *in, const char *out, const char *mark) {
    struct tx_field field = field_of("p", TX_VALUE_JSON, in);
    mask_fields(mask, "t", &field, 1);
    ck_assert_int_eq(field.type, TX_VALUE_JSON);
    check_field(&field, out, mark);
    tx_mask_wipe(mask);
}

START_TEST(pointers_and_keys_reach_into_json) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{" NONE ", rules: [{id: p, match: {fields: [\"/p/*/Number\"]}, action: redact},"
                "{id: a, match: {fields: [\"/p/**/deep\"]}, action: redact},"
                "{id: b, match: {fields: [\"/p/all/**\"]}, action: redact},"
                "{id: i, match: {fields: [\"/p/list/1\"]}, action: redact},"
                "{id: k, match: {keys: [\"*_mail\"]}, action: redact},"
                "{id: t, match: {fields: [\"/top\"]}, action: redact}]}");
    check_json(mask, "{\"x\":{\"number\":1,\"n\":2},\"number\":3}",
               "{\"x\":{\"number\":\"[redacted]\",\"n\":2},\"number\":3}", "redact:p");
    check_json(mask, "{\"deep\":1,\"a\":{\"b\":{\"deep\":[2]}}}",
               "{\"deep\":\"[redacted]\",\"a\":{\"b\":{\"deep\":\"[redacted]\"}}}", "redact:a");
    check_json(mask, "{\"all\":{\"a\":1,\"b\":{\"c\":2}},\"al\":1}",
               "{\"all\":{\"a\":\"[redacted]\",\"b\":\"[redacted]\"},\"al\":1}", "redact:b");
    check_json(mask, "{\"list\":[1,2,3]}", "{\"list\":[1,\"[redacted]\",3]}", "redact:i");
    check_json(mask, "[{\"workMail\":\"x\",\"mail\":\"y\"}]",
               "[{\"workMail\":\"[redacted]\",\"mail\":\"y\"}]", "redact:k");
    check_masked(mask, "top", "v", "[redacted]", "redact:t");
    check_masked(mask, "work_mail", "v", "v", NULL); /* it is no key of JSON */
}
END_TEST

START_TEST(keep_only_leaves_the_members_that_are_named) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{rules: [{id: h, match: {fields: [\"/p/headers\"]}, action: {keep_only: {keys: [host, "
        "user-agent]}}}]}");
    struct tx_field field =
        field_of("p", TX_VALUE_JSON,
                 "{\"headers\":{\"Host\":\"h\",\"userAgent\":\"u 4111111111111111\",\"X-Auth\":{"
                 "\"a\":[1]},\"Via\":\"v\"},\"Via\":1}");
    mask_fields(mask, "t", &field, 1);
    check_field(&field,
                "{\"headers\":{\"Host\":\"h\",\"userAgent\":\"u ************1111\"},\"Via\":1}",
                "keep_only:h,mask:secure-default/card");
    field = field_of("p", TX_VALUE_JSON, "{\"headers\":[{\"Host\":\"h\",\"Via\":1},\"Via\"]}");
    mask_fields(mask, "t", &field, 1);
    check_field(&field, "{\"headers\":[{\"Host\":\"h\"},\"[redacted]\"]}", "redact:h,keep_only:h");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: rules together");
    TCase *tests = tcase_create("rules");
    tcase_add_test(tests, a_sender_is_matched_as_the_kernel_names_it);
    tcase_add_test(tests,
                   a_numbered_name_is_masked_like_the_name_and_let_through_by_its_own_name_alone);
    tcase_add_test(tests, matches_are_joined_by_any_and_not_and_except);
    tcase_add_test(tests, numbers_and_booleans_become_null_on_request);
    tcase_add_test(tests, types_tell_strings_numbers_and_objects_apart);
    tcase_add_test(tests, replaces_sets_an_unlocked_rule_of_the_preset_aside_for_what_it_matches);
    tcase_add_test(tests, a_rule_that_allows_takes_claims_of_unlocked_rules_away);
    tcase_add_test(tests, an_allowed_value_is_let_through_and_nothing_beside_it);
    tcase_add_test(tests, a_rule_with_a_count_asks_for_so_many_in_one_record);
    tcase_add_test(tests, what_a_detector_is_not_sure_of_enough_is_not_claimed);
    tcase_add_test(tests, a_shadow_rule_is_counted_and_changes_nothing);
    tcase_add_test(tests, pointers_and_keys_reach_into_json);
    tcase_add_test(tests, keep_only_leaves_the_members_that_are_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
