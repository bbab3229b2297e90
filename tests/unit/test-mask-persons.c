/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

/* Whose key was asked for last; nobody else is known. */
static char asked[64];

static int get(void *data, struct tx_text person, struct tx_subject_key *ret) {
    ck_assert_ptr_eq(data, asked);
    ck_assert_uint_lt(person.n, sizeof(asked));
    memcpy(asked, person.p, person.n);
    asked[person.n] = '\0';
    *ret = (struct tx_subject_key){.ref = {0}};
    return 0;
}

static const struct tx_subject_keys subjects = {.get = get, .data = asked};

static struct tx_mask *mask_with(const char *subject) {
    char text[512];
    struct tx_mask *mask;
    snprintf(
        text, sizeof(text),
        "{preset: none, i_accept_unmasked: true, rules: [{id: e, match: {fields: [x]}, action: "
        "{encrypt: {subject: \"%s\"}}}, {id: r, match: {fields: [\"c*\"]}, action: redact}]}",
        subject);
    int r = mask_new(masking_of(text), mask_key_bytes, sizeof(mask_key_bytes), &subjects, &mask);
    ck_assert_msg(r == 0, "%s: %s", text, strerror(-r));
    return mask;
}

START_TEST(a_person_is_found_as_the_record_says_it_before_it_is_masked) {
    static const struct {
        const char *subject;
        struct tx_field field;
        const char *person; /* NULL: not known */
    } cases[] = {
        {"customer", {TX_TEXT("customer"), TX_VALUE_STR, .text = TX_TEXT("u-17")}, "u-17"},
        {"customer_id", {TX_TEXT("customerId"), TX_VALUE_STR, .text = TX_TEXT("u-17")}, "u-17"},
        {"/customer", {TX_TEXT("customer"), TX_VALUE_STR, .text = TX_TEXT("u-17")}, "u-17"},
        {"customer", {TX_TEXT("customer"), TX_VALUE_I64, .i64 = -17}, "-17"},
        {"customer", {TX_TEXT("customer"), TX_VALUE_U64, .u64 = 17}, "17"},
        {"customer",
         {TX_TEXT("customer"), TX_VALUE_JSON, .text = TX_TEXT(" \"u\\n17\" ")},
         "u\n17"},
        {"/customer/id",
         {TX_TEXT("customer"), TX_VALUE_JSON,
          .text = TX_TEXT("{\"a\":[{\"id\":1}],\"id\":\"u-17\"}")},
         "u-17"},
        {"/customer/a/1/b~1c",
         {TX_TEXT("customer"), TX_VALUE_JSON,
          .text = TX_TEXT("{\"a\":[{\"b/c\":1},{\"b\":3,\"b/c\":2}]}")},
         "2"},
        {"/customer/id", {TX_TEXT("customer"), TX_VALUE_JSON, .text = TX_TEXT("{\"ID\":1}")}, NULL},
        {"/customer/id",
         {TX_TEXT("customer"), TX_VALUE_JSON, .text = TX_TEXT("{\"id\":{}}")},
         NULL},
        {"/customer/9", {TX_TEXT("customer"), TX_VALUE_JSON, .text = TX_TEXT("[1,2]")}, NULL},
        {"/customer/id", {TX_TEXT("customer"), TX_VALUE_JSON, .text = TX_TEXT("{\"id\":")}, NULL},
        {"/customer/id", {TX_TEXT("customer"), TX_VALUE_STR, .text = TX_TEXT("u-17")}, NULL},
        {"customer", {TX_TEXT("customer"), TX_VALUE_STR, .text = TX_TEXT("")}, NULL},
        {"customer", {TX_TEXT("customer"), TX_VALUE_BOOL, .boolean = true}, NULL},
        {"customer", {TX_TEXT("other"), TX_VALUE_STR, .text = TX_TEXT("u-17")}, NULL},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        for (int behind = 0; behind < 2; behind++) {
            _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_with(cases[i].subject);
            struct tx_field fields[2];
            fields[behind] = cases[i].field;
            fields[!behind] = field_of("x", TX_VALUE_STR, "a secret");
            strcpy(asked, "nobody");
            mask_fields(mask, "t", fields, 2);
            ck_assert_msg(strcmp(asked, cases[i].person ? cases[i].person : "nobody") == 0,
                          "%s of %.*s: %s", cases[i].subject, (int)cases[i].field.text.n,
                          cases[i].field.text.p, asked);
            ck_assert_str_eq(fields[!behind].masked, cases[i].person ? "encrypt:e" : "error:vault");
            ck_assert(tx_text_equal(fields[!behind].text, TX_TEXT("[redacted]")) ==
                      !cases[i].person);
        }
}
END_TEST

START_TEST(a_person_of_one_record_is_nobody_in_the_next) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_with("customer");
    struct tx_field fields[] = {field_of("customer", TX_VALUE_STR, "u-17"),
                                field_of("x", TX_VALUE_STR, "v")};
    mask_fields(mask, "t", fields, 2);
    ck_assert_str_eq(fields[1].masked, "encrypt:e");
    tx_mask_wipe(mask);
    fields[1] = field_of("x", TX_VALUE_STR, "v");
    mask_fields(mask, "t", fields + 1, 1);
    ck_assert_str_eq(fields[1].masked, "error:vault");
}
END_TEST

/* When a person's key is not to be had, `on_error` says what becomes of the record. */
START_TEST(an_error_is_answered_as_the_file_says) {
    static const char *const on_error[] = {"mask_field", "drop_field", "reject_record"};
    for (size_t i = 0; i < 3; i++) {
        _cleanup_(tx_mask_freep) struct tx_mask *mask = NULL;
        char text[512];
        snprintf(text, sizeof(text),
                 "{preset: none, i_accept_unmasked: true, on_error: %s, rules: [{id: e, match: "
                 "{keys: [k]}, action: {encrypt: {subject: who}}}]}",
                 on_error[i]);
        ck_assert_int_eq(
            mask_new(masking_of(text), mask_key_bytes, sizeof(mask_key_bytes), &subjects, &mask),
            0);
        struct tx_field fields[] = {field_of("j", TX_VALUE_JSON, "{\"k\":\"v\",\"l\":1}"),
                                    field_of("y", TX_VALUE_STR, "stays")};
        struct tx_record record = {.event = TX_TEXT("t"), .n_fields = 2, .fields = fields};
        tx_mask_record(mask, &record);
        if (i == 0)
            check_field(&fields[0], "{\"k\":\"[redacted]\",\"l\":1}", "error:vault");
        else
            ck_assert(fields[0].dropped);
        if (i < 2)
            check_field(&fields[1], "stays", NULL);
        else
            ck_assert_str_eq(record.dropped_by, "error:vault");
        ck_assert_int_eq(record.dropped_by != NULL, i == 2);
        ck_assert_uint_eq(tx_mask_counters(mask)->errors[TX_MASK_ERROR_VAULT], 1);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: whom a record is about");
    TCase *tests = tcase_create("persons");
    tcase_add_test(tests, a_person_is_found_as_the_record_says_it_before_it_is_masked);
    tcase_add_test(tests, a_person_of_one_record_is_nobody_in_the_next);
    tcase_add_test(tests, an_error_is_answered_as_the_file_says);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
