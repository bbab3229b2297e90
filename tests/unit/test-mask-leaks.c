/* SPDX-License-Identifier: MIT */
/*
 * Ways in which maskers leak, one test each, named by what leaks; the numbers are those of the list
 * that the engine was made against. Each has a control: what the same check sees when nothing is
 * masked.
 */
#include "leak-check.h"

/* 1 */
START_TEST(the_tail_of_the_match_that_lost) {
    /* A date of birth in a URL's password, a card in a key's value, one address in another. */
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: [{id: m, match: {detect: [email]}, action: {mask: {keep_last: 4}}},"
        "{id: k, match: {detect: [kv_secret, url_password]}, action: redact}]}");
    _cleanup_(tx_mask_freep) struct tx_mask *control = nothing_masked();
    static const char *const texts[] = {"password=alice@secret-host.example",
                                        "https://u:alice@secret-host.example/x",
                                        "token=\"alice@secret-host.example and more\""};
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        struct tx_field field = field_of("x", TX_VALUE_STR, texts[i]);
        ck_assert_msg(!shows(mask, field, "secret-host"), "%s", come_out(mask, field));
        ck_assert_msg(!shows(mask, field, "alice"), "%s", come_out(mask, field));
        ck_assert(shows(control, field, "secret-host"));
    }
}
END_TEST

/* 2 */
START_TEST(what_an_earlier_replacement_hides_or_makes) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(
        "{" NONE ", rules: [{id: a, match: {detect: [email]}, action: {replace: \"10.0.0.1\"}},"
        "{id: b, match: {detect: [ipv4]}, action: redact}]}");
    check_masked(mask, "x", "a@b.example 10.9.8.7", "10.0.0.1 [redacted]", "redact:b,replace:a");
    _cleanup_(tx_mask_freep) struct tx_mask *preset = mask_of("{}");
    static const char *const texts[] = {
        "a@b.example",      "password=hunter2hunter2", "token: 4111 1111 1111 1111",
        "198.51.100.77:80", "+49 30 901820",           "dob 1980-02-03",
        "50.1234,8.9876"};
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        char once[256];
        strcpy(once, come_out(preset, field_of("x", TX_VALUE_STR, texts[i])));
        ck_assert_str_ne(once, texts[i]);
        ck_assert_str_eq(come_out(preset, field_of("x", TX_VALUE_STR, once)), once);
    }
}
END_TEST

/* 3 */
START_TEST(a_word_of_one_field_does_not_reach_into_another) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    struct tx_field apart[] = {
        field_of("a", TX_VALUE_STR, "routing number"), field_of("b", TX_VALUE_STR, "021000021"),
        field_of("c", TX_VALUE_STR, "4111 1111"), field_of("d", TX_VALUE_STR, "1111 1111")};
    mask_fields(mask, "t", apart, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_ptr_null(apart[i].masked);
    tx_mask_wipe(mask);
    struct tx_field together[] = {field_of("a", TX_VALUE_STR, "routing number 021000021"),
                                  field_of("c", TX_VALUE_STR, "4111 1111 1111 1111")};
    mask_fields(mask, "t", together, 2);
    ck_assert(together[0].masked && together[1].masked);
}
END_TEST

/* 4 */
START_TEST(numbers_keys_bytes_and_json_in_strings) {
    static const char bytes[] = "\x01 4111111111111111 \xff";
    const struct tx_field fields[] = {
        {.name = TX_TEXT("x"), .type = TX_VALUE_I64, .i64 = 4111111111111111},
        {.name = TX_TEXT("x"), .type = TX_VALUE_BYTES, .text = {bytes, sizeof(bytes) - 1}},
        field_of("x", TX_VALUE_JSON, "{\"a\":[{\"4111111111111111\":1}]}"),
        field_of("x", TX_VALUE_JSON, "{\"a\":[4111111111111111,4.111111111111111e15]}"),
        field_of("x", TX_VALUE_JSON, "\"{\\\"a\\\":\\\"4111111111111111\\\"}\""),
        field_of("x", TX_VALUE_STR, "{\"a\":{\"card\":4111111111111111}}"),
    };
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    _cleanup_(tx_mask_freep) struct tx_mask *control = nothing_masked();
    for (size_t i = 0; i < TX_COUNT_OF(fields); i++) {
        ck_assert_msg(!shows(mask, fields[i], "411111111111"), "%zu", i);
        if (fields[i].type != TX_VALUE_I64 && fields[i].type != TX_VALUE_BYTES)
            ck_assert_msg(shows(control, fields[i], "411111111111"), "%zu", i);
    }
}
END_TEST

/* 5, 6, 7 */
/* The ends of an encoded word show ends of the value, or more of it. */
START_TEST(the_ends_of_an_encoded_word) {
    struct tx_mask *mask = mask_of("{preset: none, i_accept_unmasked: true, rules: [{id: c, match: "
                                   "{detect: [credit_card]}, action: {mask: {keep_last: 4}}}]}");
    check_masked(mask, "x", "NDExMTExMTExMTExMTExMQ==", "[redacted]", "redact:c");
    check_masked(mask, "x", "see 4111%3111111111111 ok", "see [redacted] ok", "redact:c");
    check_masked(mask, "x", "4111111111111111", "************1111", "mask:c");
    tx_mask_free(mask);
}
END_TEST

START_TEST(what_is_written_in_another_way) {
    static const char *const texts[] = {
        "%34111111111111111",               /* percent */
        "NDExMTExMTExMTExMTExMQ==",         /* base64 */
        "34313131313131313131313131313131", /* hex */
        "\\u0034111111111111111",           /* an escape */
        "４１１１１１１１１１１１１１１１", /* full-width digits */
        "٤١١١١١١١١١١١١١١١",                 /* Arabic digits */
        "4111\xe2\x80\x8b"
        "1111\xe2\x80\x8b"
        "11111111", /* zero-width spaces */
        "4111\xc2\xad"
        "111111111111", /* a soft hyphen */
        "4111\xc2\xa0"
        "1111\xc2\xa0"
        "1111\xc2\xa0"
        "1111",                      /* spaces that do not break */
        "\xff\xfe 4111111111111111", /* no UTF-8 */
    };
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    _cleanup_(tx_mask_freep) struct tx_mask *control = nothing_masked();
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        struct tx_field field = field_of("x", TX_VALUE_STR, texts[i]);
        mask_fields(mask, "t", &field, 1);
        ck_assert_msg(field.masked, "%s", texts[i]);
        tx_mask_wipe(mask);
        field = field_of("x", TX_VALUE_STR, texts[i]);
        mask_fields(control, "t", &field, 1);
        ck_assert_ptr_null(field.masked);
        tx_mask_wipe(control);
    }
    static const char nul[] = "a\0 4111111111111111";
    struct tx_field field = {
        .name = TX_TEXT("x"), .type = TX_VALUE_STR, .text = {nul, sizeof(nul) - 1}};
    mask_fields(mask, "t", &field, 1);
    ck_assert_ptr_null(memmem(field.text.p, field.text.n, "411111", 6));
}
END_TEST

/* 8 */
START_TEST(what_lies_behind_a_limit) {
    static char text[120000];
    _cleanup_(tx_mask_freep) struct tx_mask *tail = mask_of("{limits: {max_field: 1KiB}}");
    _cleanup_(tx_mask_freep) struct tx_mask *all =
        mask_of("{limits: {max_field: 1KiB, oversize: redact_all}}");
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text + 100000, " CANARY 4111111111111111 ", 25);
    memcpy(text + 1024 - 8, " 4111111111111111 ", 18); /* over the cut */
    struct tx_field field = field_of("x", TX_VALUE_STR, text);
    const char *out = come_out(tail, field);
    ck_assert_str_eq(out + 1024 - 7, "************1111[redacted]");
    ck_assert_str_eq(come_out(all, field), "[redacted]");
    mask_fields(tail, "t", &field, 1);
    ck_assert_str_eq(field.masked, "error:limit,mask:secure-default/card");
    ck_assert_uint_ge(tx_mask_counters(tail)->errors[TX_MASK_ERROR_LIMIT], 2);
    tx_mask_wipe(tail);
    /* A character is not cut in two, and a second masking changes nothing. */
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(text + i, "é", 2);
    memcpy(text, "x", 1);
    memcpy(text + 1, "y", 1);
    text[2001] = '\0';
    text[2000] = 'z';
    char once[2048];
    strcpy(once, come_out(tail, field_of("x", TX_VALUE_STR, text)));
    ck_assert(tx_utf8_valid(once, strlen(once)));
    ck_assert_str_eq(come_out(tail, field_of("x", TX_VALUE_STR, once)), once);
    /* Control: within the limit all stays. */
    text[1024] = '\0';
    ck_assert_str_eq(come_out(tail, field_of("x", TX_VALUE_STR, text)), text);
}
END_TEST

/* 9 */
START_TEST(what_stands_beside_an_allowed_value) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{allow: [{name: a, detector: email, values: [ok@b.example], reason: r}]}");
    struct tx_field field =
        field_of("x", TX_VALUE_STR, "ok@b.example no@b.example 4111111111111111");
    ck_assert(shows(mask, field, "ok@b.example"));
    ck_assert(!shows(mask, field, "no@b.example"));
    ck_assert(!shows(mask, field, "41111111"));
    /* Encoded, it is not the allowed value but something that holds it. */
    ck_assert(!shows(mask, field_of("x", TX_VALUE_STR, "ok%40b.example"), "ok%40"));
}
END_TEST

/* 10 */
START_TEST(what_is_nobodys_stays) {
    static const char *const texts[] = {
        "2026-11-23T17:00:15.000000001Z",
        "6f03675a-1600-a35a-0999-409831722549",
        "1.2.3.4.5",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "1732381215123",
        "order 4711, shelf 12"};
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++)
        check_masked(mask, "x", texts[i], texts[i], NULL);
    ck_assert(!shows(mask, field_of("x", TX_VALUE_STR, "219-09-9871 ssn"), "219-09"));
}
END_TEST

/* 11 */
START_TEST(a_short_value_that_keeps_its_ends) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of(RULE("fields: [x]", "{mask: {keep_last: 4}}"));
    check_masked(mask, "x", "12345", "[redacted]", "redact:r");
    check_masked(mask, "x", "1234567890", "******7890", "mask:r");
}
END_TEST

/* 24, 25 */
START_TEST(a_record_is_masked_by_one_policy_whose_hash_it_has) {
    _cleanup_(tx_mask_freep) struct tx_mask *one = mask_of("{}"), *other = nothing_masked();
    struct tx_record record = {.event = TX_TEXT("t")};
    tx_mask_record(one, &record);
    ck_assert_mem_eq(record.policy, tx_mask_policy(one)->bytes, 8);
    tx_mask_record(other, &record);
    ck_assert_mem_eq(record.policy, tx_mask_policy(other)->bytes, 8);
    ck_assert(memcmp(tx_mask_policy(one), tx_mask_policy(other), sizeof(struct tx_digest)) != 0);
}
END_TEST

/* 27 */
START_TEST(names_that_dodge_rules) {
    static const char *const names[] = {"Card_Number", "cardNumber", "CARD-NUMBER", "card.number"};
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of(RULE("fields: [card_number]", "redact"));
    for (size_t i = 0; i < TX_COUNT_OF(names); i++)
        check_masked(mask, names[i], "x", "[redacted]", "redact:r");
    check_masked(mask, "card", "x", "x", NULL);
    /* Whatever is not named: an allow-list. */
    _cleanup_(tx_mask_freep) struct tx_mask *rest =
        mask_of("{" NONE ", rules: [{id: d, match: {fields: [\"**\"]}, action: redact, except: "
                "{fields: [level]}}]}");
    check_masked(rest, "c\xd0\xb0rd", "x", "[redacted]", "redact:d");
    check_masked(rest, "level", "x", "x", NULL);
}
END_TEST

/* 28 */
START_TEST(what_looks_like_a_mask_and_is_none) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    check_masked(mask, "x", "[redacted]", "[redacted]", NULL);
    check_masked(mask, "x", "************1111", "************1111", NULL);
    check_masked(mask, "x", "4111111111111111", "************1111", "mask:secure-default/card");
}
END_TEST

START_TEST(what_hides_in_the_form_of_a_replacement) {
    static const char *const values[] = {
        "email:k0:4111111111111111",
        "k0:alicejohnsonx",
        "commit:alice-johnson-4111111111111111-0123456789ab",
        "txe1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAA:alice-johnson-4111111111111111",
        "x:k0:alicejohnsonx;txe1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAA:alice-johnson-411111111",
    };
    static const char *const actions[] = {"pseudonym", "{commit: {}}", "{mask: {keep_last: 2}}"};
    for (size_t i = 0; i < TX_COUNT_OF(actions); i++) {
        char rules[256];
        snprintf(rules, sizeof(rules), RULE("fields: [x, j.x]", "%s"), actions[i]);
        _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(rules);
        for (size_t k = 0; k < TX_COUNT_OF(values); k++) {
            char json[256];
            ck_assert(tx_action_is_output(text_of(values[k])));
            struct tx_field field = field_of("x", TX_VALUE_STR, values[k]);
            ck_assert_msg(!shows(mask, field, values[k] + strlen(values[k]) - 12), "%s",
                          come_out(mask, field));
            ck_assert(shows(mask, field_of("y", TX_VALUE_STR, values[k]), values[k]));
            snprintf(json, sizeof(json), "{\"x\":\"%s\"}", values[k]);
            for (enum tx_value_type type = TX_VALUE_STR; type <= TX_VALUE_JSON; type++) {
                field = field_of("j", type, json);
                if (type == TX_VALUE_STR || type == TX_VALUE_JSON)
                    ck_assert_msg(!shows(mask, field, values[k] + strlen(values[k]) - 12), "%s",
                                  come_out(mask, field));
            }
        }
    }
    /* Found: a card in what the detector of secrets takes for its own. */
    _cleanup_(tx_mask_freep) struct tx_mask *found =
        mask_of(RULE("detect: [kv_secret, credit_card]", "pseudonym"));
    ck_assert(!shows(found, field_of("x", TX_VALUE_STR, "password=k0:4111111111111111"), "41111"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: ways in which maskers leak");
    TCase *tests = tcase_create("leaks");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_tail_of_the_match_that_lost);
    tcase_add_test(tests, what_an_earlier_replacement_hides_or_makes);
    tcase_add_test(tests, a_word_of_one_field_does_not_reach_into_another);
    tcase_add_test(tests, numbers_keys_bytes_and_json_in_strings);
    tcase_add_test(tests, the_ends_of_an_encoded_word);
    tcase_add_test(tests, what_is_written_in_another_way);
    tcase_add_test(tests, what_lies_behind_a_limit);
    tcase_add_test(tests, what_stands_beside_an_allowed_value);
    tcase_add_test(tests, what_is_nobodys_stays);
    tcase_add_test(tests, a_short_value_that_keeps_its_ends);
    tcase_add_test(tests, a_record_is_masked_by_one_policy_whose_hash_it_has);
    tcase_add_test(tests, names_that_dodge_rules);
    tcase_add_test(tests, what_looks_like_a_mask_and_is_none);
    tcase_add_test(tests, what_hides_in_the_form_of_a_replacement);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
