/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

/* --- the built-in set --- */

START_TEST(without_rules_of_its_own_a_record_is_masked_by_the_built_in_set) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    check_masked(mask, "note", "card 4111 1111 1111 1111 ok", "card **** **** **** 1111 ok",
                 "mask:secure-default/card");
    check_masked(mask, "note", "378282246310005", "***********0005", "mask:secure-default/card");
    check_masked(mask, "note", "iban DE89 3704 0044 0532 0130 00", "iban [redacted]",
                 "redact:secure-default/iban");
    check_masked(mask, "note", "ssn 219-09-9871", "ssn [redacted]", "redact:secure-default/us-id");
    check_masked(mask, "query", "user=x&password=hunter2&y=z", "user=x&password=[redacted]&y=z",
                 "redact:secure-default/password");
    check_masked(mask, "header", "Authorization: Bearer abcdef0123456789",
                 "Authorization: Bearer [redacted]", "redact:secure-default/token");
    check_masked(mask, "note", "all is well at 12:30, order 17", "all is well at 12:30, order 17",
                 NULL);
    check_masked(mask, "empty", "", "", NULL);
}
END_TEST

START_TEST(fields_that_name_a_secret_are_redacted) {
    static const char *const secret[] = {"password",
                                         "user_password",
                                         "dbPasswd",
                                         "PWD",
                                         "clientSecret",
                                         "access-token",
                                         "API_KEY",
                                         "apikey",
                                         "authorization",
                                         "Cookie",
                                         "set-cookie",
                                         "setCookie",
                                         "http.request.authorization",
                                         "privateKey"};
    static const char *const dropped[] = {"cvv", "card.cvc", "pin", "payment.pin"};
    static const char *const harmless[] = {"pint", "shopping", "compass", "recover", "span"};
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    for (size_t i = 0; i < TX_COUNT_OF(secret); i++) {
        struct tx_field field = field_of(secret[i], TX_VALUE_STR, "x1");
        mask_fields(mask, "t", &field, 1);
        ck_assert_msg(tx_text_equal(field.text, TX_TEXT("[redacted]")), "%s", secret[i]);
        ck_assert(strncmp(field.masked, "redact:secure-default/", 22) == 0);
    }
    for (size_t i = 0; i < TX_COUNT_OF(dropped); i++) {
        struct tx_field field = field_of(dropped[i], TX_VALUE_STR, "x1");
        mask_fields(mask, "t", &field, 1);
        ck_assert(field.dropped && !field.text.p);
        ck_assert_str_eq(field.masked, "drop:secure-default/card-code-field");
    }
    for (size_t i = 0; i < TX_COUNT_OF(harmless); i++)
        check_masked(mask, harmless[i], "x1", "x1", NULL);
}
END_TEST

START_TEST(labels_are_obeyed) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    struct tx_field fields[] = {field_of("a", TX_VALUE_STR, "x"), field_of("b", TX_VALUE_STR, "x"),
                                field_of("c", TX_VALUE_STR, "x")};
    fields[0].label = TX_LABEL_SECRET;
    fields[1].label = TX_LABEL_PII;
    mask_fields(mask, "t", fields, 3);
    check_field(&fields[0], "[redacted]", "redact:secure-default/secret-label");
    ck_assert(tx_action_is_output(fields[1].text));
    ck_assert_str_eq(fields[1].masked, "pseudonym:secure-default/pii-label");
    check_field(&fields[2], "x", NULL);
}
END_TEST

START_TEST(preset_none_masks_nothing) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{preset: none, i_accept_unmasked: true}");
    check_masked(mask, "password", "4111 1111 1111 1111", "4111 1111 1111 1111", NULL);
}
END_TEST

/* --- pseudonyms --- */

START_TEST(equal_values_have_equal_pseudonyms_however_they_are_written) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{preset: none, i_accept_unmasked: true, rules: ["
                "{id: d, match: {detect: [credit_card, iban, email, ipv4, ipv6]}, action: "
                "pseudonym},"
                "{id: w, match: {fields: [who]}, action: pseudonym}]}");
    static const char *const same[][2] = {
        {"alice@example.org", "Alice@Example.ORG"},
        {"4111 1111 1111 1111", "4111-1111-1111-1111"},
        {"DE89 3704 0044 0532 0130 00", "de89370400440532013000"},
    };
    char a[PSEUDONYM_BYTES], b[PSEUDONYM_BYTES];
    for (size_t i = 0; i < TX_COUNT_OF(same); i++) {
        check_pseudonym(mask, "x", same[i][0], "pseudonym:d", a);
        check_pseudonym(mask, "x", same[i][1], "pseudonym:d", b);
        ck_assert_str_eq(a, b);
        /* A value as a whole, when it is just what one detector finds. */
        check_pseudonym(mask, "who", same[i][1], "pseudonym:w", b);
        ck_assert_str_eq(strchr(a, ':'), strchr(b, ':'));
    }
    static const char *const fields[][2] = {{"x", "pseudonym:d"}, {"who", "pseudonym:w"}};
    for (size_t i = 0; i < TX_COUNT_OF(fields); i++) {
        check_pseudonym(mask, fields[i][0], "10.1.2.3", fields[i][1], a);
        check_pseudonym(mask, fields[i][0], "::ffff:10.1.2.3", fields[i][1], b);
        ck_assert_str_eq(strchr(a, ':'), strchr(b, ':'));
    }
    check_pseudonym(mask, "who", "Some Body", "pseudonym:w", a);
    check_pseudonym(mask, "who", "some body", "pseudonym:w", b);
    ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(a_pseudonym_depends_on_the_key_and_keys_are_asked_for) {
    static const uint8_t other_key[32] = {1};
    const struct tx_masking *masking = masking_of("{}");
    _cleanup_(tx_mask_freep) struct tx_mask *one = mask_of("{}"), *other = NULL;
    char a[PSEUDONYM_BYTES], b[PSEUDONYM_BYTES];
    ck_assert_int_eq(mask_new(masking, other_key, sizeof(other_key), NULL, &other), 0);
    check_pseudonym(one, "x", "a@b.example", "pseudonym:secure-default/email", a);
    check_pseudonym(other, "x", "a@b.example", "pseudonym:secure-default/email", b);
    ck_assert_str_ne(a, b);
    struct tx_mask *none = NULL;
    ck_assert_int_eq(mask_new(masking, other_key, 31, NULL, &none), -EINVAL);
    ck_assert_int_eq(tx_mask_new(masking, NULL, 0, NULL, &none), -ENOKEY);
    ck_assert_ptr_null(none);
}
END_TEST

/* --- rules of the file --- */

START_TEST(a_rule_matches_by_event_field_and_label_together) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: r, match: {events: [\"pay.*\"], fields: [\"*.pan\", note], labels: "
                "[pii]}, action: redact}]}");
    static const struct {
        const char *event, *name;
        enum tx_value_label label;
        bool redacted;
    } cases[] = {
        {"pay.done", "card.pan", TX_LABEL_PII, true}, {"pay.done", "Note", TX_LABEL_PII, true},
        {"pay.done", "x", TX_LABEL_PII, false},       {"pay.a.b", "note", TX_LABEL_PII, false},
        {"order.done", "note", TX_LABEL_PII, false},  {"pay.done", "note", TX_LABEL_NONE, false},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        for (int twice = 0; twice < 2; twice++) {
            struct tx_field field = field_of(cases[i].name, TX_VALUE_STR, "v");
            field.label = cases[i].label;
            mask_fields(mask, cases[i].event, &field, 1);
            ck_assert_msg((field.masked && strcmp(field.masked, "redact:r") == 0) ==
                              cases[i].redacted,
                          "%s %s", cases[i].event, cases[i].name);
        }
}
END_TEST

START_TEST(of_several_rules_the_strictest_wins_whatever_their_order) {
    static const char *const rules[] = {
        "{id: m, match: {fields: [\"a*\"]}, action: {mask: {keep_last: 2, min_hidden: 1}}}",
        "{id: h, match: {fields: [\"*b\"]}, action: pseudonym}",
        "{id: r, match: {fields: [\"*c*\"]}, action: redact}",
        "{id: d, match: {fields: [\"*d\"]}, action: drop_field}",
        "{id: f, match: {detect: [email]}, action: redact}"};
    char text[1024], pseudonym[PSEUDONYM_BYTES];
    for (size_t first = 0; first < TX_COUNT_OF(rules); first++) {
        int n = snprintf(text, sizeof(text), "{preset: none, i_accept_unmasked: true, rules: [");
        for (size_t i = 0; i < TX_COUNT_OF(rules); i++)
            n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%s", i ? ", " : "",
                          rules[(first + i) % TX_COUNT_OF(rules)]);
        snprintf(text + n, sizeof(text) - (size_t)n, "]}");
        _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(text);
        check_masked(mask, "a", "12345678", "******78", "mask:m");
        check_pseudonym(mask, "ab", "12345678", "pseudonym:h", pseudonym);
        check_masked(mask, "acb", "12345678", "[redacted]", "redact:r");
        check_masked(mask, "a", "x a@b.example", "[redacted]", "redact:f");
        check_masked(mask, "x", "x a@b.example", "x [redacted]", "redact:f");
        struct tx_field field = field_of("abcd", TX_VALUE_STR, "12345678");
        mask_fields(mask, "t", &field, 1);
        ck_assert(field.dropped);
        ck_assert_str_eq(field.masked, "drop:d");
        ck_assert_uint_eq(field.text.n, 0);
    }
}
END_TEST

START_TEST(of_equally_strict_rules_the_first_is_named_and_two_masks_show_what_both_do) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{preset: none, i_accept_unmasked: true, rules: ["
                "{id: one, match: {fields: [x, y]}, action: {mask: {keep_first: 1, keep_last: 3}}},"
                "{id: two, match: {fields: [x]}, action: {mask: {keep_first: 3, keep_last: 1}}},"
                "{id: r1, match: {fields: [z]}, action: redact},"
                "{id: r2, match: {fields: [z, w]}, action: redact}]}");
    check_masked(mask, "y", "0123456789", "0******789", "mask:one");
    check_masked(mask, "x", "0123456789", "0********9", "mask:one");
    check_masked(mask, "z", "0123456789", "[redacted]", "redact:r1");
}
END_TEST

START_TEST(marks_name_each_rule_that_changed_a_value) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    check_masked(mask, "x", "4111111111111111 password=x", "************1111 password=[redacted]",
                 "redact:secure-default/password,mask:secure-default/card");
}
END_TEST

START_TEST(a_mask_shows_no_more_than_half) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{preset: none, i_accept_unmasked: true, rules: [{id: m, match: {fields: [x]}, "
                "action: {mask: {keep_first: "
                "1, keep_last: 2, min_hidden: 1}}}]}");
    check_masked(mask, "x", "abcdef", "a***ef", "mask:m");
    check_masked(mask, "x", "abcde", "[redacted]", "redact:m");
    check_masked(mask, "x", "", "[redacted]", "redact:m");
    check_masked(mask, "x", "äöüßéè", "ä***éè", "mask:m"); /* characters, not bytes */
    check_masked(mask, "x", "12-34 56", "1*-** 56", "mask:m");
    check_masked(mask, "x", "12-34", "[redacted]", "redact:m");
}
END_TEST

/* --- other types --- */

START_TEST(numbers_are_looked_at_as_their_digits) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: r, match: {fields: [age]}, action: redact}]}");
    struct tx_field fields[] = {
        {.name = TX_TEXT("a"), .type = TX_VALUE_I64, .i64 = 4111111111111111},
        {.name = TX_TEXT("b"), .type = TX_VALUE_U64, .u64 = 4111111111111111},
        {.name = TX_TEXT("c"), .type = TX_VALUE_I64, .i64 = -4111111111111111},
        {.name = TX_TEXT("d"), .type = TX_VALUE_F64, .f64 = 4111111111111111.0},
        {.name = TX_TEXT("e"), .type = TX_VALUE_I64, .i64 = 4111111111111112},
        {.name = TX_TEXT("age"), .type = TX_VALUE_I64, .i64 = 41},
        {.name = TX_TEXT("age"), .type = TX_VALUE_BOOL, .boolean = true},
        {.name = TX_TEXT("age"), .type = TX_VALUE_F64, .f64 = 1.5},
        {.name = TX_TEXT("age"), .type = TX_VALUE_NULL},
        {.name = TX_TEXT("f"), .type = TX_VALUE_F64, .f64 = 0.0 / 0.0},
    };
    mask_fields(mask, "t", fields, TX_COUNT_OF(fields));
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(fields[i].type, TX_VALUE_STR);
        ck_assert_str_eq(fields[i].masked, "mask:secure-default/card");
        ck_assert(memcmp(fields[i].text.p + fields[i].text.n - 8, "****1111", 8) == 0);
    }
    ck_assert_int_eq(fields[4].type, TX_VALUE_I64);
    ck_assert_int_eq(fields[4].i64, 4111111111111112);
    for (size_t i = 5; i < 8; i++) {
        ck_assert_int_eq(fields[i].type, TX_VALUE_STR);
        check_field(&fields[i], "[redacted]", "redact:r");
    }
    ck_assert_int_eq(fields[8].type, TX_VALUE_NULL);
    ck_assert_int_eq(fields[9].type, TX_VALUE_F64);
}
END_TEST

START_TEST(bytes_with_a_hit_are_redacted_as_a_whole) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    static const char hit[] = "\x00\xff a@b.example \x80", clean[] = "\x00\xff\x80";
    struct tx_field fields[] = {
        {.name = TX_TEXT("a"), .type = TX_VALUE_BYTES, .text = {hit, sizeof(hit)}},
        {.name = TX_TEXT("b"), .type = TX_VALUE_BYTES, .text = {clean, sizeof(clean)}}};
    mask_fields(mask, "t", fields, 2);
    ck_assert_int_eq(fields[0].type, TX_VALUE_STR);
    check_field(&fields[0], "[redacted]", "redact:secure-default/email");
    ck_assert_int_eq(fields[1].type, TX_VALUE_BYTES);
    ck_assert_ptr_eq(fields[1].text.p, clean);
    ck_assert_ptr_null(fields[1].masked);
}
END_TEST

START_TEST(what_is_not_utf8_is_replaced_before_masking) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    check_masked(mask, "x", "a\xff\xc3z\xed\xa0\x80",
                 "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", NULL);
    check_masked(mask, "x", "\xff 4111111111111111", "\xef\xbf\xbd ************1111",
                 "mask:secure-default/card");
}
END_TEST

/* --- the record --- */

START_TEST(what_stands_beside_the_fields_is_masked_too) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: c, match: {fields: [comm]}, action: drop_field},"
                "{id: x, match: {fields: [exe]}, action: redact}]}");
    struct tx_record record = {.event = TX_TEXT("t"),
                               .message = TX_TEXT("ssn 219-09-9871"),
                               .correlation_id = TX_TEXT("password=x"),
                               .source = {.comm = TX_TEXT("sh"),
                                          .exe = TX_TEXT("/bin/sh"),
                                          .unit = TX_TEXT("ssn u@219-09-9871.service")}};
    tx_mask_record(mask, &record);
    ck_assert(tx_text_equal(record.message, TX_TEXT("ssn [redacted]")));
    ck_assert_str_eq(record.masked.message, "redact:secure-default/us-id");
    ck_assert(tx_text_equal(record.correlation_id, TX_TEXT("password=[redacted]")));
    ck_assert_str_eq(record.masked.correlation_id, "redact:secure-default/password");
    ck_assert_uint_eq(record.source.comm.n, 0);
    ck_assert_str_eq(record.masked.comm, "drop:c");
    ck_assert(tx_text_equal(record.source.exe, TX_TEXT("[redacted]")));
    ck_assert_str_eq(record.masked.exe, "redact:x");
    ck_assert(tx_text_equal(record.source.unit, TX_TEXT("ssn u@[redacted].service")));
    ck_assert_str_eq(record.masked.unit, "redact:secure-default/us-id");
    ck_assert(memcmp(record.policy, tx_mask_policy(mask)->bytes, 8) == 0);
    struct tx_record empty = {.event = TX_TEXT("t")};
    tx_mask_record(mask, &empty);
    ck_assert_ptr_null(empty.message.p);
    ck_assert_ptr_null(empty.masked.message);
}
END_TEST

START_TEST(a_dropped_record_leaves_nothing_of_what_it_said) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: whole, match: {events: [\"debug.**\"]}, action: drop_record},"
                "{id: found, match: {fields: [x], detect: [credit_card]}, action: drop_record}]}");
    static const char *const events[] = {"debug.a.b", "t", "t"};
    static const char *const values[] = {"v", "4111111111111111", "v"};
    static const char *const ids[] = {"drop:whole", "drop:found", NULL};
    for (size_t i = 0; i < 3; i++) {
        struct tx_field fields[] = {field_of("y", TX_VALUE_STR, "v"),
                                    field_of("x", TX_VALUE_STR, values[i])};
        struct tx_record record = {
            .event = text_of(events[i]),
            .message = TX_TEXT("m"),
            .correlation_id = TX_TEXT("c"),
            .source = {.comm = TX_TEXT("sh"), .exe = TX_TEXT("ssn 219-09-9871")},
            .n_fields = 2,
            .fields = fields};
        tx_mask_record(mask, &record);
        ck_assert(tx_text_equal(record.source.comm, TX_TEXT("sh")));
        ck_assert(tx_text_equal(record.source.exe, TX_TEXT("ssn [redacted]")));
        if (!ids[i]) {
            ck_assert_ptr_null(record.dropped_by);
            ck_assert_uint_eq(record.n_fields, 2);
            continue;
        }
        ck_assert_str_eq(record.dropped_by, ids[i]);
        ck_assert_ptr_null(record.message.p);
        ck_assert_ptr_null(record.correlation_id.p);
        for (size_t k = 0; k < record.n_fields; k++)
            ck_assert(record.fields[k].dropped && !record.fields[k].text.p);
        tx_mask_wipe(mask);
    }
}
END_TEST

START_TEST(what_does_not_fit_is_redacted_and_says_so) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    /* Each address becomes four times as long, and there are too many of them. */
    size_t n = TX_LIMIT_FIELDS_BYTES / 10 * 10;
    _cleanup_(tx_freep) char *text = malloc(n);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < n; i += 10)
        memcpy(text + i, "a@bb.cc   ", 10);
    struct tx_field fields[] = {{.name = TX_TEXT("a"), .type = TX_VALUE_STR, .text = {text, n}},
                                field_of("b", TX_VALUE_STR, "password=x")};
    mask_fields(mask, "t", fields, 2);
    check_field(&fields[0], "[redacted]", "error:limit");
    check_field(&fields[1], "password=[redacted]", "redact:secure-default/password");
}
END_TEST

START_TEST(wiping_leaves_nothing_of_a_record) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    struct tx_field field = field_of("x", TX_VALUE_STR, "a\xff CANARY-STAYS-NOT ssn 219-09-9871");
    mask_fields(mask, "t", &field, 1);
    struct tx_text text = field.text;
    ck_assert_ptr_nonnull(memmem(text.p, text.n, "CANARY", 6));
    tx_mask_wipe(mask);
    for (size_t i = 0; i < text.n; i++)
        ck_assert_int_eq(text.p[i], 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: the engine");
    TCase *tests = tcase_create("engine");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, without_rules_of_its_own_a_record_is_masked_by_the_built_in_set);
    tcase_add_test(tests, fields_that_name_a_secret_are_redacted);
    tcase_add_test(tests, labels_are_obeyed);
    tcase_add_test(tests, preset_none_masks_nothing);
    tcase_add_test(tests, equal_values_have_equal_pseudonyms_however_they_are_written);
    tcase_add_test(tests, a_pseudonym_depends_on_the_key_and_keys_are_asked_for);
    tcase_add_test(tests, a_rule_matches_by_event_field_and_label_together);
    tcase_add_test(tests, of_several_rules_the_strictest_wins_whatever_their_order);
    tcase_add_test(tests,
                   of_equally_strict_rules_the_first_is_named_and_two_masks_show_what_both_do);
    tcase_add_test(tests, marks_name_each_rule_that_changed_a_value);
    tcase_add_test(tests, a_mask_shows_no_more_than_half);
    tcase_add_test(tests, numbers_are_looked_at_as_their_digits);
    tcase_add_test(tests, bytes_with_a_hit_are_redacted_as_a_whole);
    tcase_add_test(tests, what_is_not_utf8_is_replaced_before_masking);
    tcase_add_test(tests, what_stands_beside_the_fields_is_masked_too);
    tcase_add_test(tests, a_dropped_record_leaves_nothing_of_what_it_said);
    tcase_add_test(tests, what_does_not_fit_is_redacted_and_says_so);
    tcase_add_test(tests, wiping_leaves_nothing_of_a_record);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
