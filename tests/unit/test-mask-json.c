/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

#include "libtx/record/json.h"

static const char *masked(struct tx_mask *mask, const char *name, const char *json,
                          struct tx_field *ret) {
    static char out[8192];
    *ret = field_of(name, TX_VALUE_JSON, json);
    mask_fields(mask, "t", ret, 1);
    ck_assert_uint_lt(ret->text.n, sizeof(out));
    memcpy(out, ret->text.p ? ret->text.p : "", ret->text.n);
    out[ret->text.n] = '\0';
    tx_mask_wipe(mask);
    return out;
}

static void check_json(struct tx_mask *mask, const char *name, const char *in, const char *out,
                       enum tx_value_type type) {
    struct tx_field field;
    ck_assert_str_eq(masked(mask, name, in, &field), out);
    ck_assert_int_eq(field.type, type);
    ck_assert_int_eq(field.masked == NULL, strcmp(in, out) == 0);
}

START_TEST(texts_numbers_and_keys_inside_are_masked) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: e, match: {detect: [email]}, action: redact}]}");
    static const char *const cases[][2] = {
        {"{\"a\":\"card 4111 1111 1111 1111\",\"b\":[1,true,null,-1.5e3]}",
         "{\"a\":\"card **** **** **** 1111\",\"b\":[1,true,null,-1.5e3]}"},
        {"[4111111111111111,{\"n\":4111111111111112}]",
         "[\"************1111\",{\"n\":4111111111111112}]"},
        {"{\"a@b.example\":1,\"c\":2}", "{\"[redacted]\":1,\"c\":2}"},
        {"\"a@b.example\"", "\"[redacted]\""},
        {"4111111111111111", "\"************1111\""},
        {"[\"\\\"\\\\\\n\\u0001 a@b.example\"]", "[\"\\\"\\\\\\n\\u0001 [redacted]\"]"},
        {"[[[[\"a@b.example\"]]],[],{}]", "[[[[\"[redacted]\"]]],[],{}]"},
        {"{\"q\":\"password=\\\"x\\\" y\"}", "{\"q\":\"password=\\\"[redacted]\\\" y\"}"},
        {"{\"s\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}",
         "{\"s\":\"{\\\"password\\\":\\\"[redacted]\\\"}\"}"},
        {"{}", "{}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"c\"}}"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        check_json(mask, "payload", cases[i][0], cases[i][1], TX_VALUE_JSON);
}
END_TEST

START_TEST(members_are_matched_by_their_names) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: d, match: {fields: [payload.user.note]}, action: drop_field},"
                "{id: m, match: {fields: [payload.code]}, action: {mask: {keep_last: 1, "
                "min_hidden: 1}}}]}");
    static const char *const cases[][2] = {
        {"{\"password\":\"x\",\"dbSecret\":{\"a\":[1,2]},\"n\":1}",
         "{\"password\":\"[redacted]\",\"dbSecret\":\"[redacted]\",\"n\":1}"},
        {"{\"list\":[{\"Cookie\":[\"a\",\"b\"]},{\"pin\":1234}]}",
         "{\"list\":[{\"Cookie\":\"[redacted]\"},{}]}"},
        {"{\"user\":{\"note\":\"x\",\"id\":1},\"note\":\"y\"}",
         "{\"user\":{\"id\":1},\"note\":\"y\"}"},
        {"{\"user\":{\"id\":1,\"note\":{\"x\":[1]}}}", "{\"user\":{\"id\":1}}"},
        {"{\"user\":{\"note\":1}}", "{\"user\":{}}"},
        {"{\"code\":\"abcd\"}", "{\"code\":\"***d\"}"},
        {"{\"password\":null}", "{\"password\":null}"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        check_json(mask, "payload", cases[i][0], cases[i][1], TX_VALUE_JSON);
}
END_TEST

/* What stands behind such a field in the record must not be taken for a part of it. */
static void check_next(struct tx_mask *mask, const char *json, bool dropped) {
    struct tx_field fields[] = {field_of("a", TX_VALUE_JSON, json),
                                field_of("b", TX_VALUE_STR, "card 4111111111111111."),
                                field_of("c", TX_VALUE_JSON, "[1,\"4111111111111111\"]"),
                                field_of("d", TX_VALUE_STR, "nothing")};
    mask_fields(mask, "t", fields, TX_COUNT_OF(fields));
    ck_assert_int_eq(fields[0].dropped, dropped);
    check_field(&fields[1], "card ************1111.", "mask:secure-default/card");
    check_field(&fields[2], "[1,\"************1111\"]", "mask:secure-default/card");
    check_field(&fields[3], "nothing", NULL);
    tx_mask_wipe(mask);
}

/* What lets something through is asked for by the name as it is written. */
START_TEST(members_are_masked_as_their_names_are_read) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: n, match: {fields: [\"номер\", /data/numéro]}, action: redact},"
                "{id: k, match: {keys: [nom]}, action: redact},"
                "{id: d, match: {fields: [\"debug.*\"]}, action: redact,"
                " except: {fields: [debug.level]}},"
                "{id: o, match: {fields: [headers]}, action: {keep_only: {keys: [host]}}}]}");
    static const char *const cases[][3] = {
        {"p", "{\"p\xd0\xb0ssword\":\"x\"}", "{\"p\xd0\xb0ssword\":\"[redacted]\"}"}, /* а */
        {"p", "{\"\xef\xbd\x90\xef\xbd\x89\xef\xbd\x8e\":\"1\",\"a\":1}", "{\"a\":1}"}, /* ｐｉｎ */
        {"p", "{\"c\xe2\x80\x8bv\xe2\x80\x8bv\":\"1\",\"a\":1}", "{\"a\":1}"},
        {"p",
         "{\"security\xe2\x80\x90"
         "code\":\"1\",\"a\":1}",
         "{\"a\":1}"},                                                        /* ‐ */
        {"p", "{\"c\xcc\xa7vc\":\"1\",\"a\":1}", "{\"a\":1}"},                /* a mark */
        {"p", "{\"\xf0\x9d\x92\x91\xf0\x9d\x92\x98\xf0\x9d\x92\x85\":\"x\"}", /* 𝒑𝒘𝒅 */
         "{\"\xf0\x9d\x92\x91\xf0\x9d\x92\x98\xf0\x9d\x92\x85\":\"[redacted]\"}"},
        {"p",
         "{\"contrase\xc3\xb1"
         "a\":{\"x\":[1]}}",
         "{\"contrase\xc3\xb1"
         "a\":\"[redacted]\"}"},
        {"p", "{\"\xd0\xbd\xd0\xbe\xd0\xbc\xd0\xb5\xd1\x80\":1}", /* номер */
         "{\"\xd0\xbd\xd0\xbe\xd0\xbc\xd0\xb5\xd1\x80\":\"[redacted]\"}"},
        {"data", "{\"num\xc3\xa9ro\":1,\"numero\":2}",
         "{\"num\xc3\xa9ro\":\"[redacted]\",\"numero\":\"[redacted]\"}"},
        {"p", "{\"\xd0\xbf\":{\"n\xd0\xbem\":1}}",
         "{\"\xd0\xbf\":{\"n\xd0\xbem\":\"[redacted]\"}}"},
        {"debug", "{\"level\":1,\"l\xd0\xb5vel\":2}",
         "{\"level\":1,\"l\xd0\xb5vel\":\"[redacted]\"}"},
        {"headers", "{\"Host\":\"x\",\"h\xd0\xbest\":\"y\"}", "{\"Host\":\"x\"}"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        check_json(mask, cases[i][0], cases[i][1], cases[i][2], TX_VALUE_JSON);
    check_json(mask, "p", "{\"p\xd1\x8dssword\":\"x\"}", "{\"p\xd1\x8dssword\":\"x\"}",
               TX_VALUE_JSON);
}
END_TEST

START_TEST(a_field_that_is_not_walked_to_its_end_takes_nothing_from_the_next) {
    static const char rules[] = "rules: [{id: e, match: {detect: [email]}, action: drop_field}]";
    char json[1024], policy[256];
    _cleanup_(tx_mask_freep) struct tx_mask *mask = NULL, *small = NULL;

    snprintf(policy, sizeof(policy), "{%s}", rules);
    mask = mask_of(policy);
    check_next(mask, "[\"x\"]", false);
    check_next(mask, "[\"a@b.example\",[1,\"x\",{\"y\":2}],3]", true);
    snprintf(policy, sizeof(policy), "{%s, limits: {max_field: 256B}}", rules);
    small = mask_of(policy);
    snprintf(json, sizeof(json), "[1,{\"x\":\"%0300d\"},\"y\",2]", 0);
    check_next(small, "[\"x\"]", false);
    check_next(small, json, false);
}
END_TEST

START_TEST(a_rule_for_the_field_takes_it_as_a_whole) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    check_json(mask, "token", "{\"a\":1}", "[redacted]", TX_VALUE_STR);
    check_json(mask, "token", "\"abc\"", "[redacted]", TX_VALUE_STR);
    check_json(mask, "token", "null", "null", TX_VALUE_JSON);
}
END_TEST

START_TEST(json_is_brought_into_the_logs_spelling) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    struct tx_field field;
    ck_assert_str_eq(masked(mask, "x", " { \"\\u0061\" : [ 1 , \"\\/\" ] } ", &field),
                     "{\"a\":[1,\"/\"]}");
    ck_assert_int_eq(field.type, TX_VALUE_JSON);
    ck_assert_ptr_null(field.masked);
}
END_TEST

START_TEST(what_is_no_json_is_redacted) {
    static const char *const bad[] = {"",    "{",   "nul",         "{\"a\":1,\"a\":2}", "[1,]",
                                      "'a'", "1 2", "\"\\ud800\"", "a@b.example"};
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++) {
        struct tx_field field = field_of("x", TX_VALUE_JSON, bad[i]);
        mask_fields(mask, "t", &field, 1);
        ck_assert_int_eq(field.type, TX_VALUE_STR);
        check_field(&field, "[redacted]", "error:json");
    }
}
END_TEST

static void nest(char *text, const char *inner, size_t depth) {
    size_t n = strlen(inner);
    memset(text, '[', depth);
    memcpy(text + depth, inner, n);
    memset(text + depth + n, ']', depth);
    text[2 * depth + n] = '\0';
}

START_TEST(what_is_too_deep_is_a_limits_hit) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    static const size_t depths[] = {33, TX_LIMIT_JSON_DEPTH + 1, 500};
    char text[2000];
    for (size_t i = 0; i < TX_COUNT_OF(depths); i++) {
        nest(text, "1", depths[i]);
        struct tx_field field = field_of("x", TX_VALUE_JSON, text);
        mask_fields(mask, "t", &field, 1);
        check_field(&field, "[redacted]", "error:limit");
        check_masked(mask, "x", text, "[redacted]", "error:limit");
    }
    nest(text, "1", 32);
    check_json(mask, "x", text, text, TX_VALUE_JSON);
    check_masked(mask, "x", text, text, NULL);
}
END_TEST

/* Others would read the members of it. */
START_TEST(a_string_that_is_json_to_others_is_redacted) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    check_masked(mask, "s", "{\"pin\":\"1234\",\"pin\":\"1\"}", "[redacted]", "error:json");
    check_masked(mask, "s", "{\"pin\":\"1234\",\"x\":\"\\ud800\"}", "[redacted]", "error:json");
    check_masked(mask, "s", "{\"pin\":\"1234\",\"x\":\"\\udc00\"}", "[redacted]", "error:json");
    check_masked(mask, "s", "{'pin': 1234}", "{'pin': 1234}", NULL);
}
END_TEST

START_TEST(a_string_is_read_as_json_when_json_is_decoded) {
    static const char json[] = "{\"pin\":1234,\"to\":\"a@b.example\"}";
    _cleanup_(tx_mask_freep) struct tx_mask *none = mask_of("{decode: []}"),
                                            *some = mask_of("{decode: [json]}");
    struct tx_field field;
    check_masked(none, "s", "{\"pin\":1234}", "{\"pin\":1234}", NULL);
    check_masked(some, "s", "{\"pin\":1234}", "{}", "drop:secure-default/card-code-field");
    /* A field of JSON is JSON, whatever is decoded. */
    ck_assert_ptr_null(strstr(masked(none, "s", json, &field), "pin"));
}
END_TEST

#define ADDRESSES "\"a@b.example\",\"c@d.example\",\"e@f.example\""

START_TEST(what_is_counted_is_counted_in_json_in_strings_too) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{preset: none, i_accept_unmasked: true, rules: ["
                "{id: m, match: {keys: [to], detect: [email], min_count: 3}, action: redact},"
                "{id: f, match: {fields: [cc], detect: [email], min_count: 4}, action: redact}]}");
    struct tx_field fields[] = {
        field_of("s", TX_VALUE_STR, "{\"to\":[" ADDRESSES "],\"n\":1}"),
        field_of("t", TX_VALUE_STR, "{\"to\":[" ADDRESSES "],\"to\":1"),
    };
    mask_fields(mask, "t", fields, 2);
    check_field(&fields[0], "{\"to\":[\"[redacted]\",\"[redacted]\",\"[redacted]\"],\"n\":1}",
                "redact:m");
    ck_assert_ptr_null(fields[1].masked);
    tx_mask_wipe(mask);
    check_masked(mask, "s", "{\"to\":[\"a@b.example\",\"c@d.example\"]}",
                 "{\"to\":[\"a@b.example\",\"c@d.example\"]}", NULL);
    /* What is found both in the text and in the members of it is there once. */
    check_masked(mask, "cc", "{\"x\":[" ADDRESSES "]}", "{\"x\":[" ADDRESSES "]}", NULL);
    check_masked(mask, "cc", "{\"x\":[" ADDRESSES ",\"g@h.example\"]}",
                 "{\"x\":[\"[redacted]\",\"[redacted]\",\"[redacted]\",\"[redacted]\"]}",
                 "redact:f");
    struct tx_record record = {.event = TX_TEXT("t"),
                               .message = TX_TEXT("{\"to\":[" ADDRESSES "]}")};
    tx_mask_record(mask, &record);
    ck_assert_str_eq(record.masked.message, "redact:m");
}
END_TEST

START_TEST(keys_that_become_the_same_redact_the_whole) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: e, match: {detect: [email]}, action: redact}]}");
    struct tx_field field;
    ck_assert_str_eq(masked(mask, "x", "{\"a@b.example\":1,\"c@d.example\":2}", &field),
                     "[redacted]");
    ck_assert_int_eq(field.type, TX_VALUE_STR);
}
END_TEST

START_TEST(json_in_a_string_is_masked_by_its_names_too) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask =
        mask_of("{rules: [{id: p, match: {fields: [\"/s/a/b\"]}, action: redact},"
                "{id: k, match: {keys: [shoe]}, action: {mask: {keep_last: 1, min_hidden: 1}}},"
                "{id: d, match: {fields: [hat]}, action: drop_field}]}");
    static const char *const cases[][3] = {
        {"{\"cvv\":\"123\",\"secret_x\":[1,2],\"n\":1}", "{\"secret_x\":\"[redacted]\",\"n\":1}",
         "drop:secure-default/card-code-field,redact:secure-default/secret-field"},
        {" { \"a\" : {\"b\" : 1 } , \"shoe\":\"abcd\" } ",
         "{\"a\":{\"b\":\"[redacted]\"},\"shoe\":\"***d\"}", "redact:p,mask:k"},
        {"[{\"hat\":{}},{\"m\":\"4111111111111111\"},\"Authorization: Bearer abcdef0123456789\"]",
         "[{},{\"m\":\"************1111\"},\"Authorization: Bearer [redacted]\"]",
         "drop:d,redact:secure-default/token,mask:secure-default/card"},
        /* Nothing in it has a name that matters: it stays as it was written. */
        {" { \"x\" : [ 1 ] } ", " { \"x\" : [ 1 ] } ", NULL},
        {"{ \"x\" : \"4111111111111111\" }", "{\"x\":\"************1111\"}",
         "mask:secure-default/card"},
        /* What is no JSON is a text. */
        {"{\"cvv\":\"123\"", "{\"cvv\":\"123\"", NULL},
        {"{cvv 4111111111111111}", "{cvv ************1111}", "mask:secure-default/card"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        check_masked(mask, "s", cases[i][0], cases[i][1], cases[i][2]);
    check_masked(mask, "password", "{\"cvv\":1}", "[redacted]",
                 "redact:secure-default/secret-field");
    struct tx_record record = {.event = TX_TEXT("t"), .message = TX_TEXT("{\"cookie\":\"x\"}")};
    tx_mask_record(mask, &record);
    ck_assert(tx_text_equal(record.message, TX_TEXT("{\"cookie\":\"[redacted]\"}")));
    ck_assert_str_eq(record.masked.message, "redact:secure-default/secret-field");
}
END_TEST

/* Any JSON of these pieces stays JSON, shows no card, and masking it again changes nothing. */
static size_t put_random(char *to, size_t cap, unsigned *seed, int depth) {
    static const char *const leaves[] = {"4111111111111111",
                                         "\"4111 1111 1111 1111\"",
                                         "null",
                                         "-1",
                                         "\"a\\\"4111111111111111\\u0000\"",
                                         "\"password=4111111111111111\"",
                                         "true",
                                         "\"x 4111-1111-1111-1111\\n\"",
                                         "\"\""};
    static const char *const keys[] = {
        "\"4111111111111111\":", "\"password\":", "\"a b\":", "\"k\\n\":"};
    size_t n = 0;
    int kind = depth > 4 || cap < 400 ? 0 : rand_r(seed) % 3;
    if (kind == 0)
        return (size_t)sprintf(to, "%s", leaves[(size_t)rand_r(seed) % TX_COUNT_OF(leaves)]);
    to[n++] = kind == 1 ? '[' : '{';
    size_t members = (size_t)rand_r(seed) % 4;
    for (size_t i = 0; i < members && cap - n > 400; i++) {
        if (i)
            to[n++] = ',';
        if (kind == 2)
            n += (size_t)sprintf(to + n, "%s", keys[(i + (size_t)depth) % TX_COUNT_OF(keys)]);
        n += put_random(to + n, (cap - n) / 2, seed, depth + 1);
    }
    to[n++] = kind == 1 ? ']' : '}';
    return n;
}

START_TEST(masked_json_is_json_without_what_was_masked) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    static char json[16384], canonical[16384], once[8192];
    unsigned seed = 3;
    for (int round = 0; round < 5000; round++) {
        struct tx_field field;
        size_t n = put_random(json, 8000, &seed, 0);
        json[n] = '\0';
        const char *out = masked(mask, "x", json, &field);
        for (const char *p = out; *p; p++)
            ck_assert_msg(strncmp(p, "411111", 6) != 0 && strncmp(p, "1111 1", 6) != 0, "%s", out);
        struct tx_buf b = tx_buf_of(canonical, sizeof(canonical));
        if (field.type == TX_VALUE_STR)
            continue;
        ck_assert_int_eq(tx_json_canonical(text_of(out), &b), 0);
        ck_assert(b.len == strlen(out) && memcmp(canonical, out, b.len) == 0);
        strcpy(once, out);
        ck_assert_str_eq(masked(mask, "x", once, &field), once);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: JSON fields");
    TCase *tests = tcase_create("json");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, texts_numbers_and_keys_inside_are_masked);
    tcase_add_test(tests, members_are_matched_by_their_names);
    tcase_add_test(tests, members_are_masked_as_their_names_are_read);
    tcase_add_test(tests, a_field_that_is_not_walked_to_its_end_takes_nothing_from_the_next);
    tcase_add_test(tests, a_rule_for_the_field_takes_it_as_a_whole);
    tcase_add_test(tests, json_is_brought_into_the_logs_spelling);
    tcase_add_test(tests, what_is_no_json_is_redacted);
    tcase_add_test(tests, what_is_too_deep_is_a_limits_hit);
    tcase_add_test(tests, a_string_that_is_json_to_others_is_redacted);
    tcase_add_test(tests, a_string_is_read_as_json_when_json_is_decoded);
    tcase_add_test(tests, what_is_counted_is_counted_in_json_in_strings_too);
    tcase_add_test(tests, keys_that_become_the_same_redact_the_whole);
    tcase_add_test(tests, json_in_a_string_is_masked_by_its_names_too);
    tcase_add_test(tests, masked_json_is_json_without_what_was_masked);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
